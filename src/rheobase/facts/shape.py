"""Range, monotonicity, convexity, parity, Lipschitz bound, fixed points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rheobase.facts.curve import Curve, X, crossings, inside
from rheobase.facts.kinks import kinks

#: Relative size below which a derivative's sign is rounding noise.
_NOISE = 1e-12


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of numbers; `low_in` and `high_in` say whether its ends belong to it."""

    low: float
    high: float
    low_in: bool = False
    high_in: bool = False

    def __str__(self) -> str:
        return f"{'[' if self.low_in else '('}{self.low:.6g}, {self.high:.6g}{']' if self.high_in else ')'}"


def image(curve: Curve) -> Interval:
    """The range of f: infimum and supremum, and whether f attains them."""
    points = [*curve.roots(1), *curve.breakpoints]
    points += [inside(low, high) for low, high, piece in curve.sections if X not in piece.free_symbols]
    reached = list(curve(np.array(points))) if points else []
    ends = [curve.limit(sign) for sign in (-1, 1)]
    sides = [float(curve(np.nextafter(b, s))[0]) for b in curve.breakpoints for s in (-np.inf, np.inf)]
    candidates = np.array([v for v in (*reached, *ends, *sides) if not np.isnan(v)])
    low, high = float(candidates.min()), float(candidates.max())
    return Interval(low, high, _attains(reached, low), _attains(reached, high))


def _attains(reached: list[float], value: float) -> bool:
    return bool(np.isfinite(value) and any(abs(v - value) <= 1e-15 * max(1, abs(value)) for v in reached))


def monotonic(curve: Curve) -> Literal["increasing", "decreasing", "constant"] | None:
    """The direction in which f never turns back; None if it turns."""
    rises, falls = _signs(curve, 1, [_step(curve, k.at) for k in kinks(curve) if k.jump])
    if rises and falls:
        return None
    if not rises and not falls:
        return "constant"
    return "increasing" if rises else "decreasing"


def convex(curve: Curve) -> Literal["convex", "concave", "linear"] | None:
    """Which way f bends throughout; None if it bends both ways or jumps."""
    if any(k.jump for k in kinks(curve)):
        return None
    up, down = _signs(curve, 2, [k.right - k.left for k in kinks(curve)])
    if up and down:
        return None
    if not up and not down:
        return "linear"
    return "convex" if up else "concave"


def _signs(curve: Curve, order: int, extra: list[float]) -> tuple[bool, bool]:
    slopes = curve(curve.grid, order)
    slopes = np.concatenate([slopes[np.isfinite(slopes)], extra])
    noise = _NOISE * np.abs(slopes).max(initial=0)
    return bool((slopes > noise).any()), bool((slopes < -noise).any())


def _step(curve: Curve, at: float) -> float:
    right, left = (float(curve(np.nextafter(at, side))[0]) for side in (np.inf, -np.inf))
    return right - left


def parity(curve: Curve) -> Literal["odd", "even"] | None:
    """ "odd" if f(-x) = -f(x), "even" if f(-x) = f(x) everywhere, else None."""
    x = curve.grid[curve.grid > 0]
    right, left = curve(x), curve(-x)
    scale = 1e-13 * np.maximum(1e-300, np.abs(right))
    with np.errstate(invalid="ignore"):
        if np.all((np.abs(left + right) <= scale) | (left == -right)):
            return "odd"
        return "even" if np.all((np.abs(left - right) <= scale) | (left == right)) else None


def lipschitz(curve: Curve) -> float:
    """The largest |f'|, the smallest L with |f(a) - f(b)| ≤ L·|a - b|; ∞ if f jumps or steepens for ever."""
    corners = kinks(curve)
    if any(k.jump for k in corners):
        return float("inf")
    peaks = curve(np.array([*curve.roots(2), *curve.grid]), 1)
    slopes = [*peaks, *(s for k in corners for s in (k.left, k.right)), *(curve.limit(s, 1) for s in (-1, 1))]
    return float(np.nanmax(np.abs(slopes)))


def fixed_points(curve: Curve) -> tuple[float | Interval, ...]:
    """Where f(x) = x: single points and whole intervals, for |x| ≤ 30."""
    whole: list[float | Interval] = [
        Interval(low, high, _is_fixed(curve, low), _is_fixed(curve, high))
        for low, high, piece in curve.sections
        if (piece - X).equals(0)
    ]
    grid = curve.grid[np.abs(curve.grid) <= 30]
    # a curve that only touches the diagonal has slope 1 there
    touching = crossings(lambda x: curve(x, 1) - 1, grid)
    single = np.unique(np.round(np.concatenate([crossings(lambda x: curve(x) - x, grid), touching]), 13)) + 0.0
    covered = [i for i in whole if isinstance(i, Interval)]
    holds = [r for r in single if abs(float(curve(r)[0]) - r) <= 1e-9]
    free = [float(r) for r in holds if not any(i.low - 1e-9 <= r <= i.high + 1e-9 for i in covered)]
    return (*whole, *free)


def _is_fixed(curve: Curve, x: float) -> bool:
    return bool(np.isfinite(x) and abs(float(curve(x)[0]) - x) <= 1e-12)
