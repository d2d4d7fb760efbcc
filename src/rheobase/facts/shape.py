"""Range, monotonicity, convexity, parity, Lipschitz bound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from rheobase.facts.curve import Curve, X, inside, outward
from rheobase.facts.ends import holes, unbounded
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
    """The range of f over the numbers where it is one: infimum and supremum, and whether f attains them."""
    reached = _reached(curve)
    low, high = _span([*reached, *_approached(curve)])
    least, most = _span(list(curve(curve.grid)))
    # a limit is known better than the values that round to it
    low = low if low - least <= 1e-9 * max(1, abs(least)) else least
    high = high if most - high <= 1e-9 * max(1, abs(most)) else most
    return Interval(low, high, _attains(reached, low), _attains(reached, high))


def _span(values: list[float]) -> tuple[float, float]:
    """The least and the greatest of the values that are numbers; -0 is 0."""
    known = [float(v) + 0.0 for v in values if not np.isnan(v)]
    return min(known, default=math.nan), max(known, default=math.nan)


def _reached(curve: Curve) -> list[float]:
    """Values of f, the extreme ones among them."""
    points = [*curve.roots(1), *curve.breakpoints, *(hole.at for hole in holes(curve))]
    points += [inside(low, high) for low, high, piece in curve.sections if X not in piece.free_symbols]
    return [float(v) for v in curve(np.array(points))] if points else []


def _approached(curve: Curve) -> list[float]:
    """Values that f takes or comes near to at its ends, joints and poles."""
    ends = [curve.limit(sign) for sign in (-1, 1)]
    poles = [hole.at for hole in holes(curve) if hole.is_pole]
    joints = [joint for joint in curve.joints.at if not any(abs(float(joint) - pole) < 1e-9 for pole in poles)]
    sides = [curve.beside(joint, side) for joint in joints for side in (-1, 1)]
    beside = [value for hole in holes(curve) for value in (hole.left, hole.right)]
    return [*ends, *sides, *beside, *unbounded(curve)]


def _attains(reached: list[float], value: float) -> bool:
    return bool(np.isfinite(value) and any(abs(v - value) <= 1e-15 * max(1, abs(value)) for v in reached))


def monotonic(curve: Curve) -> Literal["increasing", "decreasing", "constant"] | None:
    """The direction in which f never turns back; None if it turns."""
    steps = [_step(curve, k.at) for k in kinks(curve) if k.jump]
    rises, falls = _signs(curve, 1, steps + [hole.right - hole.left for hole in holes(curve)])
    if rises and falls:
        return None
    if not rises and not falls:
        return "constant"
    return "increasing" if rises else "decreasing"


def convex(curve: Curve) -> Literal["convex", "concave", "linear"] | None:
    """Which way f bends throughout; None if it bends both ways, jumps, or has a pole or gap."""
    if any(k.jump for k in kinks(curve)) or any(hole.is_inner for hole in holes(curve)) or not _is_in_one(curve):
        return None
    up, down = _signs(curve, 2, [k.right - k.left for k in kinks(curve)])
    if up and down:
        return None
    if not up and not down:
        return "linear"
    return "convex" if up else "concave"


def _is_in_one(curve: Curve) -> bool:
    """Whether the numbers at which f is one are an interval."""
    defined = ~np.isnan(curve(curve.grid))
    return int(defined[0]) + int((defined[1:] & ~defined[:-1]).sum()) <= 1


def _signs(curve: Curve, order: int, extra: list[float]) -> tuple[bool, bool]:
    slopes = curve.defined(curve.grid, order)
    # a slope is rounded as what lies further in, not as an exponential's far out
    noise = _NOISE * outward(curve.grid, slopes)
    up, down = (any(sign * step > _NOISE for step in extra) for sign in (1, -1))
    return up or bool((slopes > noise).any()), down or bool((slopes < -noise).any())


def _step(curve: Curve, at: float) -> float:
    right, left = (float(curve(np.nextafter(at, side))[0]) for side in (np.inf, -np.inf))
    return right - left


def parity(curve: Curve) -> Literal["odd", "even"] | None:
    """ "odd" if f(-x) = -f(x), "even" if f(-x) = f(x) everywhere, else None."""
    x = curve.grid[curve.grid > 0]
    right, left = curve(x), curve(-x)
    scale = 1e-13 * np.maximum(1e-300, np.abs(right))
    with np.errstate(invalid="ignore", over="ignore"):
        if np.all((np.abs(left + right) <= scale) | (left == -right)):
            return "odd"
        return "even" if np.all((np.abs(left - right) <= scale) | (left == right)) else None


def lipschitz(curve: Curve) -> float:
    """The largest |f'|, the smallest L with |f(a) - f(b)| ≤ L·|a - b|; ∞ if f jumps or steepens for ever."""
    return float("inf") if any(k.jump for k in kinks(curve)) else steepest(curve)


@lru_cache(maxsize=256)
def steepest(curve: Curve) -> float:
    """The supremum of |f'| where f does not jump."""
    if any(hole.is_pole for hole in holes(curve)):
        return float("inf")
    peaks = curve.defined(np.array([*curve.roots(2), *curve.grid]), 1)
    ends = [*(curve.limit(sign, 1) for sign in (-1, 1)), *unbounded(curve, 1)]
    slopes = [*peaks, *(s for k in kinks(curve) for s in (k.left, k.right)), *ends]
    return float(np.nanmax(np.abs(slopes)))
