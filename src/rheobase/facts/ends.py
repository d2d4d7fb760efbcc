"""What a function does where it stops being a finite number, and far out where it has no limit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import sympy as sp

from rheobase.facts.curve import Curve, Points
from rheobase.facts.joints import NEAR, crossings, short

#: No function of use is this large within ±NEAR, unless next to a pole.
_HUGE = 1e6


@dataclass(frozen=True, slots=True)
class Hole:
    """A point where f is not finite or stops being so, and its limits from both sides; NaN where it has none."""

    at: float
    left: float
    right: float

    @property
    def is_pole(self) -> bool:
        """Whether f grows without bound towards the point."""
        return bool(np.isinf(self.left) or np.isinf(self.right))

    @property
    def is_inner(self) -> bool:
        """Whether f is a number on both sides of the pole."""
        return self.is_pole and not np.isnan([self.left, self.right]).any()


@lru_cache(maxsize=256)
def holes(curve: Curve) -> tuple[Hole, ...]:
    """The poles and the ends of the domain within ±30, in ascending order."""
    grid = curve.grid[np.abs(curve.grid) <= NEAR]
    ends = crossings(lambda x: np.where(np.isfinite(curve(x)), 1.0, -1.0), grid)
    sides = [np.nextafter(joint, side) for joint in curve.breakpoints for side in (-np.inf, np.inf)]
    turns = np.array([*curve.roots(0), *curve.roots(1), *sides])
    large = turns[(np.abs(turns) <= NEAR) & ~(np.abs(curve(turns)) <= _HUGE)]
    certain = {short(end) for end in ends}
    places = {round(float(at), 12): at for at in (*(short(at) for at in large), *certain)}
    found = [(at, _hole(curve, at)) for _, at in sorted(places.items())]
    return tuple(hole for at, hole in found if hole.is_pole or at in certain)


def _hole(curve: Curve, at: sp.Rational) -> Hole:
    left, right = (curve.beside(at, side) for side in (-1, 1))
    if np.isinf(left) or np.isinf(right) or not _rises_towards(curve, float(at)):
        return Hole(float(at), left, right)
    # a pole at a number of more digits
    left, right = (float(curve(float(at) + side * 1e-7)[0]) for side in (-1, 1))
    return Hole(float(at), *(v * np.inf if v else v for v in (left, right)))


def _rises_towards(curve: Curve, at: float) -> bool:
    """Whether |f| goes on growing by a power law as the distance to `at` shrinks to 10⁻⁹."""
    steps = np.array([2e-4, 1e-4, 2e-6, 1e-6, 2e-9, 1e-9]) * max(1.0, abs(at))
    sizes = np.abs([curve(at + side * steps) for side in (-1, 1)])
    return bool((sizes[:, 1::2] / 1.3 > sizes[:, ::2]).all(axis=1).any())


def unbounded(curve: Curve, order: int = 0) -> list[float]:
    """-∞ and ∞, as far as f (or a derivative) swings ever wider towards an end where it has no limit."""
    sides = [sign for sign in (-1, 1) if np.isnan(curve.limit(sign, order))]
    windows = [[curve(s * np.linspace(10.0**k, 10.0 ** (k + 1), 4001), order) for k in (3, 4, 5)] for s in sides]
    return [way * np.inf for window in windows for way in (-1, 1) if _widens([way * values for values in window])]


def _widens(windows: list[Points]) -> bool:
    """Whether the maxima go on rising from window to window."""
    first, second, third = (float(values[~np.isnan(values)].max(initial=-np.inf)) for values in windows)
    if np.isinf(third):
        return third > 0
    return second - first > 0.01 * abs(first) and third - second > 0.9 * (second - first)
