"""Inputs and targets on a scale that networks are not made for, and numbers that are none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rheobase.doctor.records import Case, LossCall, Remedy
from rheobase.doctor.rules.harm import of_constant
from rheobase.doctor.rules.rule import Rule, Sign

#: Root mean square of inputs from which default weights drive tanh beyond its flat side (2.18) for most samples.
LARGE = 10.0
#: How far the widest feature may exceed the typical one.
UNEVEN = 100.0
#: Targets that differ by less than SMALL while a fresh network's outputs differ WIDER times as much.
SMALL, WIDER = 0.01, 3.0


def _input(case: Case) -> Iterator[Sign]:
    x = case.inputs
    met = [layer for layer in case.layers if layer.source_kind == "input" and not layer.normed]
    if x is None or not met or not x.finite:
        return
    uneven = x.widest > UNEVEN * x.median > 0 and x.widest > LARGE
    if x.size > LARGE or uneven:
        yield Sign("warning", "input", {"size": x.size, "widest": x.widest, "median": x.median, "largest": x.largest})


def _target(case: Case) -> Iterator[Sign]:
    calls = [c for c in case.losses if not c.classes and c.kind in ("mse_loss", "l1_loss", "smooth_l1_loss",
                                                                    "huber_loss", "")]  # fmt: skip
    if not calls:
        return
    mean = float(np.mean([c.target_mean for c in calls]))
    deviation = float(np.mean([c.target_deviation for c in calls]))
    evidence = {"mean": mean, "deviation": deviation, "loss": calls[0].value}
    if (mean**2 + deviation**2) ** 0.5 > LARGE:
        yield Sign("warning", "target", evidence)
    elif 0 < deviation < SMALL and calls[0].high - calls[0].low > WIDER * deviation and _worse_than_constant(calls):
        yield Sign("warning", "target", evidence, explanation=_BURIED)


def _worse_than_constant(calls: list[LossCall]) -> bool:
    """Whether the latest squares are larger than the targets' variance, which a constant answer reaches."""
    late = [c.value / floor for c in calls[-max(len(calls) // 4, 1) :] if (floor := of_constant(c)) > 0]
    return bool(late) and float(np.median(late)) > 1


_BURIED = (
    "Targets have mean {mean:.4g} and deviation {deviation:.3g}; a fresh network says about 0 ± 1, and the loss is "
    "still above what one constant answer reaches: the steps of the optimizer are larger than what is to be learned."
)

RULES = (
    Rule(
        "unscaled-input",
        _input,
        "The inputs have a root mean square of {size:.3g} (the widest feature {widest:.3g}, the median one "
        "{median:.3g}): the first layer's outputs are as large, so its units saturate, die or all say the same, and "
        "one learning rate does not suit all weights.",
        "The first layer was trained on such inputs, or its weights were scaled for them.",
        "inputs of root mean square above 10 put default weights' pre-activations beyond tanh's flat side",
        (Remedy("scale_input", "Subtract the mean and divide by the deviation of each feature (of the training part)."),
         Remedy("", "Or begin the network with BatchNorm1d or BatchNorm2d(affine=False).")),
        causes=("saturated-units", "dead-units", "bad-initialisation", "exploding-gradient", "vanishing-gradient",
                "constant-units", "non-finite", "wild-updates", "linear-units", "starved-updates"),
    ),
    Rule(
        "unscaled-target",
        _target,
        "Targets have mean {mean:.4g} and deviation {deviation:.3g}; a fresh network says about 0 ± 1. Training "
        "starts with errors and gradients of that size and spends itself on finding the offset.",
        "The loss divides by the scale, or the output layer's bias and weights start there.",
        "the size of a fresh network's outputs",
        (Remedy("", "Standardise the targets (subtract the mean, divide by the deviation), and undo it in "
                    "predictions."),),
        causes=("exploding-gradient", "wild-updates", "non-finite", "dead-units", "saturated-units", "constant-units",
                "linear-units"),
    ),
)  # fmt: skip
