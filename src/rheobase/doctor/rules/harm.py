"""Whether training is harmed: by its loss, against what it was and against what a constant answer reaches."""

from __future__ import annotations

import numpy as np
from scipy.stats import entropy

from rheobase.doctor.records import Case, LossCall

#: ‖Δw‖/‖w‖ per step below which weights stand still (about 10⁻³ is usual).
STILL = 1e-6
#: A loss that was ever this many times the first one was thrown off.
THROWN = 3.0
#: A batch of so many samples is no outlier.
_LARGE = 16


def moved(case: Case) -> bool:
    """Whether training has moved weights: a loss that nothing was done about is no sign of harm."""
    updates = [p.updates for p in case.parameters if p.trained and p.optimised]
    return case.trained and (not case.optimised or any((u > STILL).any() for u in updates))


def stuck(case: Case) -> bool:
    """Whether the loss is still more than two thirds of what it was at first, or rests at a constant answer's."""
    values = list(_by_step(case).values())
    if len(values) < 4 or not np.isfinite(values).all():
        return case.trained and len(values) >= 4
    return min(values[-len(values) // 4 :]) > abs(values[0]) * 2 / 3 or (case.trained and _says_one_thing(case))


def _says_one_thing(case: Case) -> bool:
    """Whether the loss of the last quarter is that of the best constant answer, up to a tenth."""
    late = case.losses[-max(len(case.losses) // 4, 4) :]
    known = [c.value / floor for c in late if (floor := of_constant(c)) > 0]
    return len(known) == len(late) and abs(float(np.median(known)) - 1) < 0.1


def of_constant(call: LossCall) -> float:
    """The loss of the best answer that is the same for all samples; 0 where the targets' mean does not tell it."""
    if call.kind == "mse_loss":
        return call.target_deviation**2
    two = call.classes and call.kind == "cross_entropy" and call.shape[1:2] == (2,)
    if (two or call.kind.startswith("binary_cross_entropy")) and 0 < call.target_mean < 1:
        return float(entropy([call.target_mean, 1 - call.target_mean]))
    return 0.0


def thrown_off(case: Case) -> bool:
    """Whether the loss rose far above its first value and a constant answer's: twice, or once in a large batch."""
    values = _by_step(case)
    if not case.trained or len(values) < 2:
        return False
    first = abs(values[case.losses[0].step])
    high = [c for c in case.losses if values[c.step] > THROWN * first and c.value > THROWN * of_constant(c)]
    return len({c.step for c in high}) > 1 or any(c.kind and c.shape[0] >= _LARGE for c in high)


def _by_step(case: Case) -> dict[int, float]:
    """The mean of the losses heard at each observed step: several are parts of one, or of one batch."""
    heard: dict[int, list[float]] = {}
    for call in case.losses:
        heard.setdefault(call.step, []).append(call.value)
    return {step: float(np.mean(values)) for step, values in heard.items()}
