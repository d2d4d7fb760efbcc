"""Other tools' rules for sick trainings, written anew from what is published of them, with their thresholds.

A rule reads a `Course` and gives alarms. Rules that hold at one observed step suffice, as in the tools that stop or
report then. All see modules only, as the tools that hook modules do; three (AUTOTRAINER, DeepDiagnosis, TheDeepChecker)
are at home in Keras and TensorFlow, where every activation can be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from course import Course, Layer, Moment, Weight

from rheobase.doctor.rules import pairs

Tensor = torch.Tensor


@dataclass(frozen=True)
class Alarm:
    """fault: one of `MEANS`; site: a module, a weight, or "" where the tool names none."""

    fault: str
    site: str = ""

    def __str__(self) -> str:
        return f"{self.fault}@{self.site}"


#: By fault, the rules of ours that mean the same. A tool that says no more than that training fails names none.
MEANS: dict[str, frozenset[str]] = {
    "dead": frozenset({"dead-units", "dormant-units"}),
    "saturated": frozenset({"saturated-units", "constant-units"}),
    "vanishing": frozenset({"vanishing-gradient"}),
    "exploding": frozenset({"exploding-gradient"}),
    "non-finite": frozenset({"non-finite"}),
    "weights": frozenset({"bad-initialisation", "symmetric-units"}),
    "spread": frozenset({"bad-initialisation"}),
    "fast": frozenset({"wild-updates"}),
    "slow": frozenset({"starved-updates", "detached-parameters"}),
    "scale": frozenset({"unscaled-input", "unscaled-target"}),
    "output": frozenset(rule.name for rule in pairs.RULES),
    "stuck": frozenset(),
}

RECTIFIERS = ("ReLU", "ReLU6")
#: The ranges of bounded functions.
BOUNDED = {"Tanh": (-1, 1), "Softsign": (-1, 1), "Hardtanh": (-1, 1), "Sigmoid": (0, 1), "Hardsigmoid": (0, 1)}
ACTIVATIONS = (*RECTIFIERS, *BOUNDED, "GELU", "SiLU", "ELU", "SELU", "Softplus", "Hardswish", "PReLU", "Mish")

Rule = Callable[[Course], Iterator[Alarm]]


def by_unit(values: Tensor) -> Tensor:
    """(places, units): a unit is a channel of a picture, else a feature."""
    last = values.movedim(1, -1) if values.dim() == 4 else values
    return last.reshape(-1, last.shape[-1])


def share(true: Tensor) -> float:
    return int(true.sum()) / true.numel()


def layers(course: Course, *kinds: str) -> Iterator[Layer]:
    """Of all moments; of all kinds, if none is named."""
    return (x for m in course.moments for x in m.layers if not kinds or x.kind in kinds)


def weights(course: Course) -> Iterator[Weight]:
    return (w for m in course.moments for w in m.weights)


def bad(values: Tensor) -> bool:
    return not bool(torch.isfinite(values).all())


# --- AUTOTRAINER (ICSE 2021) ----------------------------------------------------------------------------------------
#: Accuracy that is good enough for nothing to be looked for; the smallest rise between two looks that is progress.
ENOUGH, PROGRESS = 0.6, 0.01
#: Looks begin after this share of the training.
BEGIN = 0.3
OUTPUTS_FOR_CLASSES = ("Softmax", "LogSoftmax", "Sigmoid")


def autotrainer(course: Course) -> Iterator[Alarm]:
    """Gradient and ReLU rules are asked only where accuracy is low or stands still; the first that holds is named.

    Quantities have no accuracy: their variance explained stands in. The check of the output's activation by its name
    is kept for classes, where outputs without one are logits; the check of the loss by its name has no like in
    PyTorch, where losses take logits.
    """
    first, seen = course.moments[0], range(int(BEGIN * len(course.moments)), len(course.moments))
    if course.classes and course.last in ACTIVATIONS and course.last not in OUTPUTS_FOR_CLASSES:
        yield Alarm("output", "output")
    if any(float(x.outputs.abs().mean()) >= 10 for x in first.layers):
        yield Alarm("scale")
    if any(not np.isfinite(m.loss) or m.loss >= 1e5 or any(bad(w.gradient) for w in m.weights) for m in course.moments):
        yield Alarm("exploding")
        return
    for k in seen:
        fault = _low(course, k) or _oscillating(course, k)
        if fault:
            yield Alarm(fault)
            return


def _low(course: Course, k: int) -> str:
    """What is wrong at look k, if training goes badly."""
    past = course.moments[: k + 1]
    both = [[m.score for m in past], [m.unseen_score for m in past]]
    slow = all(max((b - a for a, b in pairwise(s)), default=0) < PROGRESS for s in both)
    if not slow and all(max(s) >= ENOUGH for s in both):
        return ""
    return next((f for f, holds in _gradients(past).items() if holds), "stuck" if slow else "")


def _gradients(past: tuple[Moment, ...]) -> dict[str, bool]:
    found: dict[str, bool] = {"dead": False, "exploding": False, "vanishing": False}
    for m in past:
        norms = [float(w.gradient.norm()) for w in m.weights]
        ratio = norms[0] / norms[-1] if norms[-1] else 0.0
        found["dead"] |= share(torch.cat([w.gradient.flatten() == 0 for w in m.weights])) >= 0.7
        found["exploding"] |= ratio > 70
        found["vanishing"] |= ratio < 1e-3 and norms[0] < 1e-4
    return found


def _oscillating(course: Course, k: int) -> str:
    """Maxima and minima of the accuracy, in turn, 0.03 apart, in a fifth of the looks."""
    s = [m.score for m in course.moments[: k + 1]]
    high = [b for a, b, c in zip(s, s[1:], s[2:], strict=False) if b >= a and b >= c]
    low = [b for a, b, c in zip(s, s[1:], s[2:], strict=False) if b <= a and b <= c]
    swings = sum(h - w >= 0.03 for h, w in zip(high, low, strict=False))
    return "fast" if swings >= 0.2 * len(s) else ""


# --- DeepDiagnosis (ICSE 2022) --------------------------------------------------------------------------------------
def deep_diagnosis(course: Course) -> Iterator[Alarm]:
    """lr ‖∇w‖/‖w‖ is a step's size for plain gradient descent, and is asked there only."""
    for x in course.moments[-1].layers:
        if x.kind in RECTIFIERS and share(x.outputs <= 0) >= 0.7:
            yield Alarm("dead", x.path)
    for x in layers(course, *BOUNDED):
        if share(x.inputs.abs() >= 5) > 0.5:
            yield Alarm("saturated", x.path)
    for m in course.moments:
        for w in m.weights:
            yield from _of_weight(w, m.rate if course.plain else None)
        if not np.isfinite(m.loss) or any(bad(x.outputs) for x in m.layers):
            yield Alarm("non-finite")
    if not course.classes and course.last in BOUNDED and _outside(course):
        yield Alarm("output", "output")
    if any(len({m.loss for m in course.moments[k : k + 5]}) == 1 for k in range(len(course.moments) - 4)):
        yield Alarm("stuck")


def _of_weight(w: Weight, rate: float | None) -> Iterator[Alarm]:
    if float(w.gradient.abs().mean()) < 1e-7:
        yield Alarm("vanishing", w.name)
    if not 1e-5 <= float(w.value.var()) <= 10:
        yield Alarm("weights", w.name)
    if rate is not None:
        size = rate * float(w.gradient.norm() / w.value.norm())
        if not 1e-5 <= size <= 0.1:
            yield Alarm("slow" if size < 1e-5 else "fast", w.name)


def _outside(course: Course) -> bool:
    (low, high), (least, most) = BOUNDED[course.last], course.targets
    return least < low or most > high


# --- SageMaker Debugger, built-in rules -----------------------------------------------------------------------------
#: Outside of these inputs the slope is below 1e-7.
SLOPES = {"Tanh": (-9.4999, 9.4999), "Sigmoid": (-23.0, 16.99999)}


def sagemaker(course: Course) -> Iterator[Alarm]:
    for x in layers(course, "ReLU"):
        if share((by_unit(x.outputs) > 0).float().mean(dim=0) < 0.01) > 0.5:
            yield Alarm("dead", x.path)
    for x in layers(course, *SLOPES):
        low, high = SLOPES[x.kind]
        if share((x.inputs < low) | (x.inputs > high)) > 0.5:
            yield Alarm("saturated", x.path)
    yield from _poor_weights(course.moments[0])
    for w in weights(course):
        if float(w.gradient.abs().mean()) < 1e-7:
            yield Alarm("vanishing", w.name)
        if not 1e-8 <= w.ratio <= 10:
            yield Alarm("slow" if w.ratio < 1e-8 else "fast", w.name)
    if any(bad(x.outputs) for x in layers(course)) or any(bad(w.gradient) for w in weights(course)):
        yield Alarm("non-finite")


def _poor_weights(first: Moment) -> Iterator[Alarm]:
    """The tool looks at its first saved steps; here at the first."""
    spreads = [float(x.inputs.var()) for x in first.layers if x.kind in RECTIFIERS]
    if spreads and max(spreads) > 10 * min(spreads):
        yield Alarm("weights")
    for w in first.weights:
        low, high = np.percentile(w.gradient.numpy(), (5, 95))
        if high - low < 1e-3:
            yield Alarm("weights", w.name)


# --- TheDeepChecker (TOSEM 2022) ------------------------------------------------------------------------------------
def deep_checker(course: Course) -> Iterator[Alarm]:
    """Left out: the test that ten rows can be learnt by heart, which trains a model of its own, and the tests of the
    initial loss and weights, whose bounds we have not got.
    """
    yield from deep_checker_without_spread(course)
    for x in layers(course, *ACTIVATIONS):
        if not 0.5 <= float(x.outputs.std()) <= 2:
            yield Alarm("spread", x.path)


def deep_checker_without_spread(course: Course) -> Iterator[Alarm]:
    """As above, without the rule that the outputs of activations spread by 0.5 to 2, which few networks obey."""
    for x in layers(course, *RECTIFIERS):
        if share(by_unit(x.outputs).abs().quantile(0.95, dim=0) < 1e-5) > 0.5:
            yield Alarm("dead", x.path)
    for x in layers(course, *BOUNDED):
        if share(_saturation(x) > 0.85) > 0.5:
            yield Alarm("saturated", x.path)
    started = {w.name: float(w.gradient.abs().mean()) for w in course.moments[0].weights}
    for w in weights(course):
        size = float(w.gradient.abs().mean())
        if size < 1e-6 and size < started[w.name]:
            yield Alarm("vanishing", w.name)
        if size > 1e6:
            yield Alarm("exploding", w.name)
        if not 1e-4 <= w.ratio <= 1e-1:
            yield Alarm("slow" if w.ratio < 1e-4 else "fast", w.name)


def _saturation(x: Layer) -> Tensor:
    """By unit, the mean distance from the middle of the range, 0 to 1: what ρ of 50 bins (Rakitianskaia) comes to."""
    low, high = BOUNDED[x.kind]
    return (by_unit(x.outputs) - (low + high) / 2).abs().mean(dim=0) / ((high - low) / 2)


# --- torch-audit, torchmortem, fastai -------------------------------------------------------------------------------
def torch_audit(course: Course) -> Iterator[Alarm]:
    """Its rule about activations only (TA105)."""
    for x in layers(course, *RECTIFIERS):
        if share(x.outputs == 0) > 0.9:
            yield Alarm("dead", x.path)


def torchmortem(course: Course) -> Iterator[Alarm]:
    """Means over the later half; half of the elements beyond 0.95 count as saturated, in any layer."""
    late = course.moments[len(course.moments) // 2 :]
    for path in (x.path for x in late[-1].layers):
        outputs = [x.outputs for m in late for x in m.layers if x.path == path]
        if np.mean([share(o.abs() < 1e-6) for o in outputs]) > 0.5:
            yield Alarm("dead", path)
        if np.mean([share(o.abs() > 0.95) for o in outputs]) > 0.5:
            yield Alarm("saturated", path)
    norms = np.mean([[float(w.gradient.norm()) for w in m.weights] for m in late], axis=0)
    if norms[-1] > 100 * norms[0]:
        yield Alarm("vanishing")
    if norms.max() > 1000:
        yield Alarm("exploding")
    for name, ratio in zip((w.name for w in late[0].weights), _ratios(late), strict=True):
        if not 1e-5 <= ratio <= 1e-1:
            yield Alarm("slow" if ratio < 1e-5 else "fast", name)


def _ratios(late: tuple[Moment, ...]) -> np.ndarray:
    return np.mean([[w.ratio for w in m.weights] for m in late], axis=0)


def fastai(course: Course) -> Iterator[Alarm]:
    """`near_zero` of ActivationStats, of layers with parameters. It is drawn, and has no threshold: we take 90 %."""
    for x in course.moments[-1].layers:
        if x.kind in ("Linear", "Conv2d") and share(x.outputs <= 0.05) > 0.9:
            yield Alarm("dead", x.path)


RIVALS: dict[str, Rule] = {
    "DeepDiagnosis": deep_diagnosis,
    "AUTOTRAINER": autotrainer,
    "SageMaker Debugger": sagemaker,
    "TheDeepChecker": deep_checker,
    "TheDeepChecker, spread aside": deep_checker_without_spread,
    "torch-audit, dead rule": torch_audit,
    "torchmortem": torchmortem,
    "fastai, near zero": fastai,
}


def alarms(course: Course) -> dict[str, tuple[Alarm, ...]]:
    """By rival, each alarm once."""
    return {name: tuple(dict.fromkeys(rule(course))) for name, rule in RIVALS.items()}
