"""Small pictures of curves: all of one scale, so that they can be compared at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rheobase.activation import Activation
from rheobase.plot import Points, curves

#: What is shown: x in ±REACH, y from LOW to HIGH; a unit is as long upwards as sideways.
REACH, LOW, HIGH = 4.0, -2.0, 4.0
#: Pixels of a unit, and points of a curve.
UNIT, POINTS = 15, 161


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """Paths of an SVG picture, in the order of importance."""

    width: int
    height: int
    zero_x: float
    zero_y: float
    paths: tuple[str, ...]


def thumbnail(function: Activation) -> Thumbnail:
    """f and f′; for a function of a row all outputs."""
    picture = curves(function, reach=REACH)
    step = (len(picture.x) - 1) // (POINTS - 1)
    paths = tuple(_path(picture.x[::step], _gaps(values, step)) for _, values in picture.lines)
    width, height = int(2 * REACH * UNIT), int((HIGH - LOW) * UNIT)
    return Thumbnail(width, height, REACH * UNIT, HIGH * UNIT, paths)


def _gaps(values: Points, step: int) -> Points:
    """Every `step`-th value; one that stands next to a gap is a gap, too."""
    kept = values[::step].copy()
    for gap in np.flatnonzero(np.isnan(values)):
        kept[round(gap / step)] = np.nan
    return kept


def _path(x: Points, y: Points) -> str:
    return "".join(f"M{' L'.join(run)}" for run in _runs(x, y) if len(run) > 1)


def _runs(x: Points, y: Points) -> Iterator[list[str]]:
    """Unbroken stretches of a curve, as far as they can be seen."""
    # a curve that leaves the picture is followed a little beyond its edge
    seen = np.isfinite(y) & (y > LOW - 1) & (y < HIGH + 1)
    run: list[str] = []
    for k in range(len(x)):
        if seen[k]:
            run.append(f"{(x[k] + REACH) * UNIT:.1f} {(HIGH - y[k]) * UNIT:.1f}")
        elif run:
            yield run
            run = []
    yield run
