"""Where f(x) = x: told from rounding by the exact reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mpmath as mp
import numpy as np
import sympy as sp
from numpy.typing import NDArray

from rheobase.algebra import reference
from rheobase.facts.curve import Curve, Points, X
from rheobase.facts.ends import holes
from rheobase.facts.joints import NEAR, bisect
from rheobase.facts.shape import Interval

#: Differences f(x) - x up to here, relative to max(1, |x|), may be rounding.
_NOISE = 1e-13
#: Four of Newton's steps from a place known to float64 come closer than this to a multiple zero, and to no other.
_ZERO = mp.mpf(10) ** -60


def fixed_points(curve: Curve) -> tuple[float | Interval, ...]:
    """Where f(x) = x: single points and whole intervals, for |x| ≤ 30."""
    gaps = [_Gap(curve, *section) for section in curve.sections]
    whole = _joined(curve, [(gap.low, gap.high) for gap in gaps if gap.is_identity])
    found = [x for gap in gaps if not gap.is_identity for x in gap.zeros()]
    ends = [*curve.breakpoints, *(hole.at for hole in holes(curve))]
    found += [x for x in ends if abs(x) <= NEAR and _is_fixed(curve, x)]
    single = np.unique(np.round(found, 13) + 0.0)
    free = [float(x) for x in single if not any(i.low - 1e-9 <= x <= i.high + 1e-9 for i in whole)]
    return (*whole, *free)


def _is_fixed(curve: Curve, x: float) -> bool:
    return bool(np.isfinite(x) and abs(float(curve(x)[0]) - x) <= 1e-12)


def _joined(curve: Curve, spans: list[tuple[float, float]]) -> list[Interval]:
    """The spans as intervals; two that touch in a fixed point are one."""
    joined: list[tuple[float, float]] = []
    for low, high in spans:
        touches = joined and joined[-1][1] == low and _is_fixed(curve, low)
        joined[-1:] = [(joined[-1][0], high)] if touches else [*joined[-1:], (low, high)]
    return [Interval(low, high, _is_fixed(curve, low), _is_fixed(curve, high)) for low, high in joined]


@dataclass(frozen=True)
class _Gap:
    """f(x) - x on one piece of f."""

    curve: Curve
    low: float
    high: float
    piece: sp.Expr

    def __call__(self, x: Points) -> Points:
        return self.curve(x) - x

    def slope(self, x: Points) -> Points:
        return self.curve(x, 1) - 1

    def exact(self, x: Any, order: int = 0) -> Any:
        return reference.evaluate(self.piece - X, (X,), {X.name: x}, order)

    @cached_property
    def grid(self) -> Points:
        """The points of the open interval (low, high) at which f is finite."""
        grid = self.curve.grid
        grid = grid[(grid > self.low) & (grid < self.high) & (np.abs(grid) <= NEAR)]
        return grid[np.isfinite(self(grid))]

    @cached_property
    def is_clear(self) -> NDArray[np.bool_]:
        """Whether the difference is more than rounding, by point of the grid."""
        return np.abs(self(self.grid)) > _NOISE * np.maximum(1, np.abs(self.grid))

    @cached_property
    def is_identity(self) -> bool:
        """Whether the difference is 0 on the whole piece."""
        if self.is_clear.any():
            return False
        # to hundreds of digits at a few points that no formula singles out
        low, high = max(self.low, min(self.high, 0) - NEAR), min(self.high, max(self.low, 0) + NEAR)
        points = np.interp([0.137, 0.471, 0.893], [0, 1], [low, high])
        return all(abs(self.exact(x)) < mp.mpf(10) ** (100 - reference.DIGITS) for x in points)

    def zeros(self) -> list[float]:
        """The single zeros in the open interval (low, high)."""
        if not self.grid.size:
            return []
        sign = np.where(self.is_clear, np.sign(self(self.grid)), 0.0)
        # beyond the last clear point a curve may approach the diagonal, or meet it
        sign[[0, -1]] = [float(mp.sign(self.exact(end))) for end in self.grid[[0, -1]]]
        places = np.flatnonzero(sign)
        x, sign, doubtful = self.grid[places], sign[places], np.diff(places) > 1
        return [*self.crossed(x, sign, doubtful), *self.touched(x, sign, doubtful)]

    def crossed(self, x: Points, sign: Points, doubtful: NDArray[np.bool_]) -> Iterator[float]:
        """Where the sign changes between neighbours of `x`, and not at a pole or jump."""
        at = np.flatnonzero(sign[:-1] * sign[1:] < 0)
        found = bisect(self, x[at], x[at + 1], sign[at])
        sizes = np.maximum(*np.abs([self(x[at]), self(x[at + 1])])) if at.size else found
        # where the curves cross at a flat angle, rounding moves the place
        flat = doubtful[at] | (np.abs(self.slope(found)) < 1e-3)
        for i, place, size, exactly in zip(at, found, sizes, flat, strict=True):
            if exactly:
                yield float(self.turn(x[i], x[i + 1], 0))
            elif abs(float(self(place)[0])) < size / 2:
                yield float(place)

    def touched(self, x: Points, sign: Points, doubtful: NDArray[np.bool_]) -> Iterator[float]:
        """Where the difference comes down to 0 between neighbours of `x` of one sign, and turns back."""
        slope = np.where(sign > 0, 1, -1) * self.slope(x)
        at = np.flatnonzero((sign[:-1] * sign[1:] > 0) & (((slope[:-1] < 0) & (slope[1:] > 0)) | doubtful))
        near = bisect(self.slope, x[at], x[at + 1], -sign[at])
        for i, place in zip(at, near, strict=True):
            if not abs(float(self(place)[0])) <= 1e-9 * max(1, abs(place)) or not self.dips(x[i], x[i + 1], sign[i]):
                continue
            zero = self.polished(self.turn(x[i], x[i + 1], 1) if doubtful[i] else mp.mpf(place))
            if abs(self.exact(zero)) < _ZERO and x[i] <= zero <= x[i + 1]:
                yield float(zero)

    def dips(self, low: float, high: float, sign: float) -> bool:
        """Whether |f(x) - x| falls at `low` and rises at `high`."""
        return bool(sign * self.exact(low, 1) < 0 < sign * self.exact(high, 1))

    def turn(self, low: float, high: float, order: int) -> Any:
        """Where the difference (or its slope) changes sign, to 30 digits more than float64."""
        left = mp.sign(self.exact(low, order))
        a, b = mp.mpf(low), mp.mpf(high)
        with mp.workdps(60):
            for _ in range(150):
                # not the centre: formulas divide by 0 there
                middle = a + (b - a) * mp.mpf(0.497)
                here = mp.sign(self.exact(middle, order))
                if here == 0:
                    return middle
                a, b = (middle, b) if here == left else (a, middle)
        return b

    def polished(self, x: Any) -> Any:
        """The multiple zero next to `x`: Newton's steps for g/g', which has a single one there."""
        with mp.workdps(reference.DIGITS):
            for _ in range(4):
                value = self.exact(x)
                if abs(value) < _ZERO:
                    break
                slope, bend = self.exact(x, 1), self.exact(x, 2)
                below = slope**2 - value * bend
                # a minimum above 0 sends the step away, a flat one nowhere
                if below == 0 or abs(value * slope) > abs(below):
                    break
                x = x - value * slope / below
        return x
