"""Where a function stops passing gradients on: saturated sides and dead zones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rheobase.facts.curve import Curve, Points, X
from rheobase.facts.shape import steepest

#: A unit counts as saturated where |f'| is below this share of its maximum.
SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Saturation:
    """Where |f'| stays below 5 % of its maximum: for x < `left` and for x > `right`; None: nowhere."""

    left: float | None
    right: float | None

    @property
    def sides(self) -> str:
        """ "both", "left", "right" or "none"."""
        found = [side for side, at in (("left", self.left), ("right", self.right)) if at is not None]
        return "both" if len(found) == 2 else (found or ["none"])[0]


def saturation(curve: Curve) -> Saturation:
    """The saturated sides of f; none where |f'| has no maximum."""
    bound = SHARE * steepest(curve)
    if not np.isfinite(bound):
        return Saturation(None, None)
    slope = np.abs(curve.defined(curve.grid, 1))
    return Saturation(_edge(curve, curve.grid, slope, bound), _edge(curve, curve.grid[::-1], slope[::-1], bound))


def _edge(curve: Curve, grid: Points, slope: Points, bound: float) -> float | None:
    """The end of the run of small slopes that starts at grid[0]."""
    steep = np.flatnonzero(slope >= bound)
    if not steep.size or steep[0] == 0 or abs(grid[steep[0]]) > 1e5 or bound == 0:
        return None
    flat, active = float(grid[steep[0] - 1]), float(grid[steep[0]])
    for _ in range(80):
        middle = (flat + active) / 2
        small = abs(float(curve(middle, 1)[0])) < bound
        flat, active = (middle, active) if small else (flat, middle)
    return flat


def dead_zone(curve: Curve) -> tuple[tuple[float, float], ...]:
    """The intervals on which f' is exactly 0, read off the pieces of the formula; joined where they touch."""
    zones: list[tuple[float, float]] = []
    for low, high, piece in curve.sections:
        # the piece that is listed last is not the last one where the pieces never end
        if X in piece.free_symbols or (curve.joints.endless and np.isinf([low, high]).any()):
            continue
        if zones and zones[-1][1] == low:
            zones[-1] = (zones[-1][0], high)
        else:
            zones.append((low, high))
    return tuple(zones)
