"""Pictures of functions: compute the curves, then draw them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rheobase.errors import DefinitionError
from rheobase.facts.saturation import SHARE
from rheobase.folder import put

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rheobase.activation import Activation

Points = NDArray[np.float64]

SUFFIXES = (".png", ".svg", ".pdf")
#: Okabe and Ito's colours, which colour-blind readers can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
#: Text stays text: small, searchable, read aloud. The salt makes the same study the same page.
LOOK = {"svg.fonttype": "none", "svg.hashsalt": "rheobase", "font.family": "sans-serif", "font.size": 9.5}
_PRIMES = ("f(x)", "f′(x)", "f″(x)", "f‴(x)")


@dataclass(frozen=True, slots=True)
class Curves:
    """What a picture shows: curves over x, and the intervals in which f is saturated or dead."""

    title: str
    x_label: str
    x: Points
    lines: tuple[tuple[str, Points], ...]
    saturated: tuple[tuple[float, float], ...] = ()
    dead: tuple[tuple[float, float], ...] = ()


def curves(activation: Activation, order: int = 1, reach: float = 6.0, **parameters: float) -> Curves:
    """The curves of f and its derivatives up to `order` on [-reach, reach].

    Functions of a row show their three outputs while the first of three inputs moves and the others
    stay at 0 and -1; gated units show value 1 while the gate moves.
    """
    x = np.linspace(-reach, reach, 1201)
    kind = activation.definition.kind
    if kind == "row":
        return _of_row(activation, x, parameters)
    if kind == "gated":
        pair = np.stack([np.ones_like(x), x], axis=-1)
        return Curves(activation.name, "gate (value = 1)", x, (("output", activation(pair)[:, 0]),))
    lines = tuple((prime(n), _broken(activation, x, n, parameters)) for n in range(order + 1))
    facts = activation.facts_at(**parameters)
    return Curves(activation.name, "x", x, lines, _sides(facts.saturation), facts.dead_zone)


def prime(order: int) -> str:
    """What the derivative of that order is called: f(x), f′(x) …"""
    return _PRIMES[order] if order < len(_PRIMES) else f"f⁽{order}⁾(x)"


def _broken(activation: Activation, x: Points, order: int, parameters: dict[str, float]) -> Points:
    """The values, with a gap where f or its derivative jumps, so that no line is drawn across."""
    y: Points = np.array(activation.derivative(x, order, **parameters))
    for kink in activation.facts_at(**parameters).kinks:
        if kink.jump or order:
            y[np.argmin(np.abs(x - kink.at))] = np.nan
    return y


def _of_row(activation: Activation, x: Points, parameters: dict[str, float]) -> Curves:
    others = [np.full_like(x, -k) for k in range(3 if activation.definition.groups else 2)]
    rows = np.stack([x, *others], axis=-1)
    if activation.definition.noise:
        # the same draw for every row: what is shown is what the input does
        values = np.stack([activation(row, rng=np.random.default_rng(0), **parameters) for row in rows])
    else:
        values = activation(rows, **parameters)
    lines = tuple((f"output {k + 1}", values[:, k]) for k in range(values.shape[-1]))
    return Curves(activation.name, "first input (the others are 0, -1, …)", x, lines)


def _sides(saturation: Any) -> tuple[tuple[float, float], ...]:
    left = ((-np.inf, saturation.left),) if saturation.left is not None else ()
    right = ((saturation.right, np.inf),) if saturation.right is not None else ()
    return left + right


def draw(picture: Curves, axes: Any) -> None:
    """Draw `picture` into matplotlib axes."""
    low, high = float(picture.x[0]), float(picture.x[-1])
    _shade(
        axes,
        picture.saturated,
        (low, high),
        label=f"|f′| below {SHARE:.0%} of its maximum",
        color="#999999",
        alpha=0.16,
    )
    _shade(axes, picture.dead, (low, high), label="f′ = 0", facecolor="none", edgecolor="#bbbbbb", hatch="//")
    for depth, ((name, values), colour) in enumerate(zip(picture.lines, COLOURS, strict=False)):
        # f lies on top: where f and f′ are both 0 it is f that one looks for
        axes.plot(picture.x, values, label=name, color=colour, linewidth=2, zorder=9 - depth)
    axes.axhline(0, color="#444444", linewidth=0.6)
    axes.axvline(0, color="#444444", linewidth=0.6)
    axes.set(title=picture.title, xlabel=picture.x_label, xlim=(low, high), ylim=_window(picture))
    axes.grid(alpha=0.25, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize="small")


def _shade(axes: Any, zones: tuple[tuple[float, float], ...], window: tuple[float, float], **look: Any) -> None:
    for number, (start, end) in enumerate(zones):
        label = look["label"] if number == 0 else "_again"
        axes.axvspan(max(start, window[0]), min(end, window[1]), **{**look, "label": label})


def _window(picture: Curves) -> tuple[float, float]:
    finite = np.concatenate([values[np.isfinite(values)] for _, values in picture.lines])
    low, high = max(float(finite.min()), -6.0), min(float(finite.max()), 6.0)
    margin = 0.08 * max(high - low, 0.5)
    return low - margin, high + margin


def plot(activation: Activation, path: str | None, order: int = 1, **parameters: float) -> Any:
    """Draw f and its derivatives up to `order`; save to `path` if given; return the figure."""
    if path is not None and Path(path).suffix not in SUFFIXES:
        raise DefinitionError(f"cannot draw to {str(path)!r}: the name must end in one of {', '.join(SUFFIXES)}")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    draw(curves(activation, order, **parameters), figure.add_subplot())
    if path is not None:
        drawn = io.BytesIO()
        figure.savefig(drawn, format=Path(path).suffix[1:], dpi=160)
        put(Path(path), drawn.getvalue())
    return figure


def over_density() -> tuple[Figure, Any, Any]:
    """A small figure, the axes for curves in it, and behind those the axes for densities over the same x."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.9, 2.7), layout="constrained")
    axes = figure.add_subplot()
    shade = axes.twinx()
    axes.set_zorder(shade.get_zorder() + 1)
    axes.patch.set_visible(False)
    return figure, axes, shade


def svg(draw: Callable[[], Figure]) -> str:
    """The figure that `draw` makes, as an SVG element to put into a page."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context(LOOK):
        draw().savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
