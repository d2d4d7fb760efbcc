"""Curves drawn with characters, with axes that are marked at round numbers."""

from __future__ import annotations

import math

import numpy as np

from rheobase.plot import Curves, Points

#: Six tick distances of ten columns span an x axis from -6 to 6; one column more holds the 6 itself.
COLUMNS, REACH = 60, 6.0
#: What is drawn of functions that grow without bound.
TALLEST = 4.0
_ROWS = 8
#: What a quotient of steps may be off.
ROUNDING = 1e-9


def drawn(picture: Curves) -> str:
    """Every line of `picture`, one below the other."""
    curves = "\n".join(_one(picture, label, values) for label, values in picture.lines)
    # beside the axis there is no room for more than a letter
    return curves if picture.x_label == "x" else f"{curves}\n{' ' * 11}x: {picture.x_label}"


def _one(picture: Curves, label: str, y: Points) -> str:
    import plotille

    x = picture.x
    left, column = float(x[0]), float(x[-1] - x[0]) / COLUMNS
    keep = np.abs(y) <= TALLEST
    low, step, rows = y_axis(float(y[keep].min()), float(y[keep].max()))
    figure = plotille.Figure()
    figure.width, figure.height, figure.with_colors = COLUMNS + 1, rows, False
    figure.x_label, figure.y_label = "x", label
    figure.set_x_limits(left, left + (COLUMNS + 1) * column)
    figure.set_y_limits(low, low + rows * step)
    figure.x_ticks_fkt = figure.y_ticks_fkt = _tick
    figure.scatter(x[keep], y[keep])
    text: str = figure.show()
    return text


def y_axis(low: float, high: float) -> tuple[float, float, int]:
    """Start, round distance of ticks, and rows of a y axis that holds [low, high] and its margin."""
    wanted = max(high - low, 0.4) / (_ROWS - 1)
    decade = 10.0 ** math.floor(math.log10(wanted))
    step = next(decade * nice for nice in (1, 2, 2.5, 5, 10) if decade * nice >= wanted)
    start = (math.ceil(low / step - ROUNDING) - 1) * step
    # a row is four dots high, and the uppermost must still be one of them
    return start, step, math.ceil((high - start) / step + 1 / 4 - ROUNDING)


def _tick(value: float, _next: float) -> str:
    return f"{value + 0.0:.3g}" if abs(value) > 1e-9 else "0"
