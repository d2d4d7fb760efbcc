"""Outputs that do not fit the loss: told by the exact range and sums of what reaches it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rheobase import catalogue
from rheobase.doctor.nature import nature
from rheobase.doctor.records import Case, LossCall, Remedy
from rheobase.doctor.rules.rule import Rule, Sign
from rheobase.facts.shape import Interval, image

#: Sums of probabilities are 1 up to rounding, which half precision makes coarse.
_SUM = 0.01
#: So few numbers may lie between 0 and 1 by chance.
_FEW = 16
#: So many batches without a negative prediction are no chance, where many targets are negative.
_SEEN = 8

_SQUARES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
_LOGITS = ("cross_entropy", "binary_cross_entropy_with_logits")
#: Functions of a row that make probabilities.
_SHARES = ("softmax", "softmin", "sparsemax", "gumbel_softmax")
#: Functions that give numbers from 0 to 1.
_UNIT = ("sigmoid", "hard_sigmoid", *_SHARES)


def _kinds(case: Case, *kinds: str) -> tuple[LossCall, ...]:
    return tuple(call for call in case.losses if call.kind in kinds)


def _by_chance(case: Case, calls: tuple[LossCall, ...]) -> bool:
    """Whether what reaches the loss comes straight from a layer: then its range is no function's."""
    return all(c.direct for c in calls) and case.output_kind in ("linear", "conv", "sum", "recurrent", "norm")


def _within(calls: tuple[LossCall, ...]) -> bool:
    """Whether all predictions are numbers from 0 to 1."""
    return bool(calls) and all(c.low >= -1e-6 and c.high <= 1 + 1e-6 for c in calls)


def _shares(calls: tuple[LossCall, ...]) -> bool:
    """Whether all predictions are probabilities over classes."""
    return _within(calls) and all(c.rows < _SUM and c.shape[1] > 1 for c in calls)


def _classes(calls: tuple[LossCall, ...]) -> int:
    return calls[-1].shape[1] if len(calls[-1].shape) > 1 else 1


def _softmax_into_cross_entropy(case: Case) -> Iterator[Sign]:
    calls = _kinds(case, "cross_entropy")
    if _shares(calls):
        floor = math.log1p((_classes(calls) - 1) / math.e)
        yield Sign("critical", "output", {"classes": _classes(calls), "floor": floor, "loss": calls[-1].value})


def _single(case: Case) -> Iterator[Sign]:
    calls = case.losses
    one = bool(calls) and all(c.shape[-1:] == (1,) and c.low > 1 - 1e-6 and c.high < 1 + 1e-6 for c in calls)
    if one and case.output in (*_SHARES, ""):
        yield Sign("critical", "output", {"output": 1.0})


def _over_batch(case: Case) -> Iterator[Sign]:
    calls = [c for c in case.losses if len(c.shape) > 1 and c.shape[0] > 1]
    if calls and all(c.columns < _SUM < c.rows and (c.low >= 0 or c.high <= 0) for c in calls):
        yield Sign("critical", "output", {"column_sum_off": calls[-1].columns, "row_sum_off": calls[-1].rows})


def _sigmoid_into_logits(case: Case) -> Iterator[Sign]:
    calls = _kinds(case, "binary_cross_entropy_with_logits")
    if _by_chance(case, calls):
        return
    unknown = not case.output and sum(math.prod(c.shape) for c in calls) >= _FEW
    if _within(calls) and (unknown or case.output in _UNIT):
        yield Sign("critical", "output", {"low": calls[-1].low, "high": calls[-1].high, "floor": math.log1p(1 / math.e),
                                          "ceiling": math.log(2), "loss": calls[-1].value})  # fmt: skip


def _into_nll(case: Case) -> Iterator[Sign]:
    calls = _kinds(case, "nll_loss")
    if calls and all(c.rows > _SUM and not c.columns < _SUM for c in calls):
        yield Sign("critical", "output", {"low": calls[-1].low, "high": calls[-1].high, "loss": calls[-1].value})


def _range(name: str) -> Interval:
    return image(nature(catalogue.lookup(name), {}).curve)


def _elementwise(case: Case) -> bool:
    return bool(case.output) and catalogue.lookup(case.output).kind == "elementwise"


def _on_logits(case: Case) -> Iterator[Sign]:
    calls = _kinds(case, *_LOGITS)
    if _cross_entropy_of_shares(calls) and not _by_chance(case, calls):
        words = {"function": case.output or "sigmoid", "range": "(0, 1)"}
        yield Sign("critical", "output", {"low": calls[-1].low, "high": calls[-1].high}, facts=words)
    elif calls and calls[-1].direct and _elementwise(case) and case.output not in _UNIT:
        found = _range(case.output)
        bounded = math.isfinite(found.low) and math.isfinite(found.high)
        if math.isfinite(found.low) or math.isfinite(found.high):
            words = {"function": case.output, "range": str(found)}
            yield Sign("critical" if bounded else "warning", "output", {"low": calls[-1].low, "high": calls[-1].high},
                       facts=words)  # fmt: skip
    yield from _below_the_last(case)


def _cross_entropy_of_shares(calls: tuple[LossCall, ...]) -> bool:
    """Numbers from 0 to 1 that are no probabilities over classes: independent sigmoids."""
    cross = tuple(c for c in calls if c.kind == "cross_entropy" and c.shape[-1] > 1)
    many = sum(math.prod(c.shape) for c in cross) >= _FEW
    return many and _within(cross) and not _shares(cross) and all(c.columns > _SUM for c in cross)


def _below_the_last(case: Case) -> Iterator[Sign]:
    """An activation just before the softmax or sigmoid that makes the output."""
    for _, inner, outer in case.doubled:
        last = outer == case.output and outer in (*_SHARES, "log_softmax", "sigmoid")
        if last and catalogue.lookup(inner).kind == "elementwise" and math.isfinite(_range(inner).low):
            yield Sign("warning", "output", facts={"function": inner, "range": str(_range(inner))})


def _beyond(case: Case) -> Iterator[Sign]:
    for call in _kinds(case, "binary_cross_entropy_with_logits")[-1:]:
        if call.target_low < -1e-6 or call.target_high > 1 + 1e-6:
            yield Sign("critical", "target", {"target_low": call.target_low, "target_high": call.target_high},
                       facts={"function": "sigmoid", "range": "(0, 1)"})  # fmt: skip
    squares = [c for c in case.losses if c.kind in (*_SQUARES, "") and not c.classes]
    if squares and squares[-1].direct and _elementwise(case):
        found, call = _range(case.output), squares[-1]
        low, high = min(c.target_low for c in squares), max(c.target_high for c in squares)
        excess = max(found.low - low, high - found.high, 0.0)
        if excess > 0.05 * max(call.target_deviation, 1e-12):
            severe = excess > call.target_deviation
            evidence = {"target_low": low, "target_high": high, "excess": excess}
            yield Sign("critical" if severe else "warning", "output", evidence,
                       facts={"function": case.output, "range": str(found)})  # fmt: skip
    elif _never_below(case, squares):
        low, high = min(c.target_low for c in squares), max(c.target_high for c in squares)
        yield Sign("warning", "output", {"target_low": low, "target_high": high},
                   facts={"function": "the output", "range": "numbers from 0"})  # fmt: skip


def _never_below(case: Case, squares: list[LossCall]) -> bool:
    """Whether no prediction was ever negative, while they differ widely and many targets are: a range by formula."""
    if not case.trained or len(squares) < _SEEN or not squares[-1].direct or _elementwise(case):
        return False
    low, last = min(c.low for c in squares), squares[-1]
    wide = last.high - last.low > last.target_deviation / 2 > 0
    return wide and low >= 0 and last.target_low < 0 and last.target_mean < last.target_deviation


_LOGITS_REMEDY = Remedy("drop_output", "Leave the last activation out: the loss applies it itself, and more exactly.")

RULES = (
    Rule(
        "single-unit-softmax",
        _single,
        "The output has one unit and is 1 whatever the input: softmax over one number is always 1, its gradient 0.",
        "Never.",
        "softmax(x) = 1 for a row of one number",
        (
            Remedy("end_in", "Use sigmoid in its place (or neither, and BCEWithLogitsLoss).", {"to": "sigmoid"}),
            Remedy("", "Use two units, and CrossEntropyLoss on the plain logits."),
        ),
    ),
    Rule(
        "softmax-over-batch",
        _over_batch,
        "What reaches the loss sums to 1 along the batch, not along the classes (a row is off by up to "
        "{row_sum_off:.2g}): samples compete with each other, and outputs depend on the batch.",
        "The first dimension of the output is not the batch.",
        "the sums themselves",
        (Remedy("", "Write softmax(dim=-1), or log_softmax(dim=-1) for NLLLoss; leave it out for CrossEntropyLoss."),),
    ),
    Rule(
        "softmax-into-cross-entropy",
        _softmax_into_cross_entropy,
        "CrossEntropyLoss applies log-softmax itself, and gets probabilities: every row lies in [0, 1] and sums to 1. "
        "With {classes:.0f} classes the loss cannot fall below {floor:.4f} (it is {loss:.4f}), and gradients shrink.",
        "Distillation targets are probabilities, predictions never are; log_softmax would be harmless.",
        "ln(1 + (K - 1)/e), the loss of a perfect one-hot row",
        (_LOGITS_REMEDY, Remedy("", "Or take the logarithm (log_softmax) and use NLLLoss.")),
    ),
    Rule(
        "sigmoid-into-bce-with-logits",
        _sigmoid_into_logits,
        "BCEWithLogitsLoss applies the sigmoid itself, and gets numbers from {low:.3f} to {high:.3f}: every predicted "
        "probability is at least 1/2, and the loss of a negative at least {ceiling:.4f}, of a positive {floor:.4f}.",
        "All true logits lie in [0, 1] by design.",
        "sigmoid([0, 1]) = [0.5, 0.731]",
        (_LOGITS_REMEDY, Remedy("", "Or keep the sigmoid and use BCELoss.")),
    ),
    Rule(
        "probabilities-into-nll",
        _into_nll,
        "NLLLoss averages -x[class] and takes x to be log-probabilities, but the exponentials of a row do not sum to "
        "1 (numbers from {low:.3f} to {high:.3f}): the loss ({loss:.4f}) is no likelihood.",
        "Never for classification.",
        "Σ exp(log p) = 1",
        (Remedy("end_in", "End the network in log_softmax(dim=-1).", {"to": "log_softmax"}),
         Remedy("", "Or give plain logits to CrossEntropyLoss.")),
    ),
    Rule(
        "activation-on-logits",
        _on_logits,
        "The logits pass through {function}, whose range is {range}: what the loss needs outside of it cannot be said.",
        "Logits are bounded on purpose, and scaled afterwards.",
        "the range of the function, from its facts",
        (_LOGITS_REMEDY,),
    ),
    Rule(
        "output-range",
        _beyond,
        "Targets run from {target_low:.4g} to {target_high:.4g}, but {function} only gives {range}: what lies beyond "
        "is never reached, and its error stays.",
        "Targets beyond the range are outliers that are to be clipped.",
        "the range of the function, from its facts",
        (Remedy("drop_output", "Leave the last activation out: regression ends in a linear layer."),
         Remedy("", "Or scale the targets into the range.")),
        causes=("dead-units", "saturated-units", "unscaled-target"),
    ),
)  # fmt: skip
