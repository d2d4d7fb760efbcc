"""What a function's facts say about the inputs its units may see: flat sides, gain, Gaussian values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from scipy.stats import norm

from rheobase.definition import Definition
from rheobase.facts.curve import Curve, curve
from rheobase.facts.gaussian import average
from rheobase.facts.saturation import dead_zone, saturation

#: A function that is flat for this share of z ~ N(0, 1) is meant to be silent: a rectifier, not a sigmoid.
SILENT = 1 / 3


@dataclass(frozen=True, slots=True)
class Nature:
    """The facts a diagnosis rests on, for an elementwise function at given parameter values.

    flat: intervals where f' is exactly 0, or below 5 % of its maximum while f tends to a number: a unit
    that never leaves them passes (almost) no gradient. at_rest: their share of z ~ N(0, 1).
    """

    definition: Definition
    values: tuple[tuple[str, float], ...]
    flat: tuple[tuple[float, float], ...]
    at_rest: float

    @property
    def rectifies(self) -> bool:
        """Whether a silent unit is a normal one; if not, a unit on a flat side is saturated."""
        both = len(self.flat) > 1 and math.isinf(self.flat[0][0]) and math.isinf(self.flat[-1][1])
        return not both or self.at_rest >= SILENT

    @property
    def curve(self) -> Curve:
        """The function at its parameter values."""
        return curve(self.definition, dict(self.values))

    @property
    def gain(self) -> float:
        """1/√E f(z)², z ~ N(0, 1)."""
        second = average(self.curve, "ff")
        return second**-0.5 if second > 0 else math.inf

    @property
    def chi1(self) -> float:
        """gain²·E f'², z ~ N(0, 1): what the gradient's variance is multiplied by per layer; NaN without a gain."""
        return self.gain**2 * average(self.curve, "dd") if math.isfinite(self.gain) else math.nan

    @property
    def mean_shift(self) -> float:
        """(E f)²/E f² for z ~ N(0, 1): the share of the signal that is offset."""
        second = average(self.curve, "ff")
        return average(self.curve, "f") ** 2 / second if second > 0 else 0.0


def nature(definition: Definition, values: Mapping[str, float]) -> Nature:
    """The nature of an elementwise function at these parameter values.

    >>> from rheobase import catalogue
    >>> nature(catalogue.lookup("relu"), {}).flat, nature(catalogue.lookup("leaky_relu"), {}).flat
    (((-inf, 0.0),), ())
    """
    return _nature(definition, tuple(sorted(values.items())))


@lru_cache(maxsize=512)
def _nature(definition: Definition, values: tuple[tuple[str, float], ...]) -> Nature:
    flat = _joined([*dead_zone(curve(definition, dict(values))), *_tails(curve(definition, dict(values)))])
    return Nature(definition, values, flat, sum(norm.cdf(b) - norm.cdf(a) for a, b in flat))


def _tails(at: Curve) -> list[tuple[float, float]]:
    """The saturated sides on which f tends to a number: leaky ReLU's left side is small in slope, but no end."""
    sides = saturation(at)
    found = []
    if sides.left is not None and math.isfinite(at.limit(-1)):
        found.append((-math.inf, sides.left))
    if sides.right is not None and math.isfinite(at.limit(1)):
        found.append((sides.right, math.inf))
    return found


def _joined(zones: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """The intervals in ascending order, overlapping ones as one."""
    joined: list[tuple[float, float]] = []
    for low, high in sorted(zones):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)
