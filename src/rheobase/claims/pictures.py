"""The pictures of the page: a function's curve, and what an experiment drew."""

from __future__ import annotations

from matplotlib.figure import Figure

from rheobase.activation import get
from rheobase.claims.record import Picture
from rheobase.plot import COLOURS, curves, draw


def curve(name: str) -> Figure:
    """The function and its slope."""
    figure = Figure(figsize=(4.4, 2.9), layout="constrained")
    draw(curves(get(name), reach=5.0), figure.add_subplot())
    return figure


def drawn(picture: Picture) -> Figure:
    """The lines of a picture."""
    figure = Figure(figsize=(4.4, 2.9), layout="constrained")
    axes = figure.add_subplot()
    for (label, (x, y)), colour in zip(picture.lines.items(), COLOURS, strict=False):
        style = {"marker": "o", "markersize": 4, "linestyle": "none"} if picture.marks else {"linewidth": 2}
        axes.plot(x, y, label=label, color=colour, alpha=0.85, **style)
    axes.set(xlabel=picture.x_label, ylabel=picture.y_label)
    axes.set_xscale("log" if "x" in picture.log else "linear")
    axes.set_yscale("log" if "y" in picture.log else "linear")
    axes.grid(alpha=0.25, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize="small")
    return figure
