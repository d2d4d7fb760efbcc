"""The pictures of the page: a function's curve, and what an experiment drew."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from rheobase.activation import get
from rheobase.claims.record import Picture
from rheobase.plot import COLOURS, curves, draw

#: Inches.
SIZE = (4.4, 2.9)


def curve(name: str) -> Figure:
    """The function and its slope."""
    figure = Figure(figsize=SIZE, layout="constrained")
    draw(curves(get(name), reach=5.0), figure.add_subplot())
    return figure


def drawn(picture: Picture) -> Figure:
    """What a picture holds."""
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.add_subplot()
    {"lines": _lines, "points": _points, "intervals": _intervals}[picture.kind](picture, axes)
    axes.set(xlabel=picture.x_label, ylabel=picture.y_label)
    axes.grid(alpha=0.25, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _lines(picture: Picture, axes: Any) -> None:
    for (label, (x, y)), colour in zip(picture.lines.items(), COLOURS, strict=False):
        axes.plot(x, y, label=label, color=colour, linewidth=2)
    _scaled(picture, axes)


def _points(picture: Picture, axes: Any) -> None:
    # where points of several labels meet, the later ones are smaller: all are seen
    for depth, ((label, (x, y)), colour) in enumerate(zip(picture.lines.items(), COLOURS, strict=False)):
        axes.plot(x, y, "o", label=label, color=colour, markersize=8 - 2 * depth, linestyle="none")
    _scaled(picture, axes)


def _scaled(picture: Picture, axes: Any) -> None:
    axes.set_xscale("log" if "x" in picture.log else "linear")
    axes.set_yscale("log" if "y" in picture.log else "linear")
    axes.legend(frameon=False, fontsize="small")


def _intervals(picture: Picture, axes: Any) -> None:
    for row, (low, mean, high) in enumerate(x for x, _ in picture.lines.values()):
        axes.errorbar(mean, -row, xerr=[[mean - low], [high - mean]], fmt="o", color=COLOURS[0], capsize=3)
    axes.axvline(0, color="#444444", linewidth=0.8)
    axes.set_yticks([-row for row in range(len(picture.lines))], list(picture.lines))
    axes.margins(y=0.2)
