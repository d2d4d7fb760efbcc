"""How sure it is that a unit is dead: bounds on a probability from events that never came."""

from __future__ import annotations

import math

from scipy.stats import beta

CONFIDENCE = 0.99
#: A unit that fires for less than this share of the samples is as good as dead.
RARE = 0.01
#: With fewer samples nothing is said.
FEWEST = 32


def upper_bound(samples: int, units: int) -> float:
    """The probability below which a unit fires that has not fired on `samples`, for all `units` at once.

    Clopper and Pearson's interval for 0 events of N at confidence 99 %, shared out over the units (Bonferroni);
    for one unit and many samples it is the rule of three's ln(100)/N.

    >>> round(upper_bound(12_000, 1), 6), round(upper_bound(12_000, 256), 6)
    (0.000384, 0.000846)
    """
    if samples == 0:
        return 1.0
    return float(beta.ppf(1 - (1 - CONFIDENCE) / max(units, 1), 1, samples))


def samples_needed(probability: float, units: int) -> int:
    """How many samples without firing bound the probability of all `units` by `probability`.

    >>> samples_needed(0.01, 1024)
    1148
    """
    return math.ceil(math.log((1 - CONFIDENCE) / units) / math.log1p(-probability))


def required(samples: int, units: int) -> int:
    """Samples a unit must have been silent for to be called dead, when `samples` were seen in all.

    The last quarter, so that what died late is found; more if that bounds the probability of firing by more than 1 %
    (up to half of them), fewer if by less than 0.1 %.
    """
    least = max(samples // 4, min(samples // 2, samples_needed(RARE, units)), FEWEST)
    return min(least, samples_needed(RARE / 10, units))
