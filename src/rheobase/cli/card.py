"""What `show` prints about a function: as text, and as plain data."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rheobase import catalogue

if TYPE_CHECKING:
    from rheobase.activation import Activation
    from rheobase.facts import Facts


def print_card(function: Activation, picture: str | None) -> None:
    """Print everything about `function`; `picture` names the file it was drawn to."""
    from rich.console import Console

    console = Console(highlight=False)
    for line in _head(function):
        console.print(line, markup=False)
    if function.definition.kind == "elementwise":
        print(curves_in_terminal(function, min(console.width, 90)))
    for label, text in _lines(function, picture):
        console.print(f"[bold]{label:>15}[/]  ", end="")
        console.print(text, markup=False)


def _lines(function: Activation, picture: str | None) -> list[tuple[str, str]]:
    definition = function.definition
    return [
        *(fact_lines(function.facts) if definition.kind == "elementwise" else []),
        *(("others", note) for note in definition.differs),
        ("source", definition.reference),
        *([("picture", picture)] if picture is not None else []),
    ]


def described(function: Activation) -> dict[str, Any]:
    """Everything `show` knows, as plain data; infinities and NaN become text or null."""
    d = function.definition
    facts = asdict(function.facts) if d.kind == "elementwise" else None
    data = {
        "name": d.name, "title": d.title, "kind": d.kind, "family": catalogue.family(d.name),
        "aliases": d.aliases, "formula": d.formula, "latex": function.latex(), "stable": d.stable or None,
        "parameters": [{"name": p.name, "default": p.default, "domain": str(p.domain)} for p in d.parameters],
        "reference": d.reference, "differs": d.differs, "facts": facts,
    }  # fmt: skip
    result: dict[str, Any] = _plain(data)
    return result


def _plain(value: Any) -> Any:
    """JSON has no infinity and no NaN: "inf", "-inf" and null stand for them."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def _head(function: Activation) -> list[str]:
    d = function.definition
    also = f"  (also {', '.join(d.aliases)})" if d.aliases else ""
    lines = ["", f"{d.title}: {d.name}{also}", "", f"    f = {d.formula}"]
    if d.kind == "elementwise":
        lines.append(f"    f′ = {slope_text(function)}")
    lines += [
        f"    {p.name} = {p.default:g}, in {p.domain}" + (", learnable" if p.learnable else "") for p in d.parameters
    ]
    return [*lines, *([f"    computed as {d.stable}: {d.reason}"] if d.stable else []), ""]


def slope_text(function: Activation) -> str:
    """The derivative of the form computed with, in the notation of formulas."""
    from rheobase.algebra.formula import derived
    from rheobase.algebra.typeset import readable

    at_rest = function.definition.noise is not None
    return readable(derived(function.key, (0,), at_rest).expression)


def curves_in_terminal(function: Activation, width: int) -> str:
    """f and f' drawn with characters, one below the other."""
    from rheobase.plot import curves

    picture = curves(function, reach=5.0)
    return "\n".join(_braille(label, picture.x, values, width) for label, values in picture.lines)


def _braille(label: str, x: Any, y: Any, width: int) -> str:
    import plotille

    keep = abs(y) <= 5
    figure = plotille.Figure()
    figure.width, figure.height, figure.with_colors = width - 24, 9, False
    figure.x_label, figure.y_label = "x", label
    low, high = float(y[keep].min()), float(y[keep].max())
    figure.set_x_limits(float(x[0]), float(x[-1]))
    figure.set_y_limits(low - 0.05 * (high - low + 0.1), high + 0.05 * (high - low + 0.1))
    figure.scatter(x[keep], y[keep])
    text: str = figure.show()
    return text


def fact_lines(facts: Facts) -> list[tuple[str, str]]:
    """The facts in words."""
    smooth = {None: "smooth", -1: "it jumps"}.get(facts.continuity, f"C{facts.continuity}")
    kinks = "; ".join(f"at {k.at:g} ({k.left:.4g} | {k.right:.4g}, f′ is {k.chosen:.4g})" for k in facts.kinks)
    g, s = facts.gaussian, facts.saturation
    edge = "none" if g.edge_of_chaos is None else "σ_w = {:.4f}, σ_b = {:.4f}".format(*g.edge_of_chaos)
    words = [str(w) for w in (facts.monotonic, facts.convex, facts.parity) if w]
    return [
        ("range", str(facts.range)),
        ("limits", f"{facts.limits[0]:.6g} at -∞, {facts.limits[1]:.6g} at +∞"),
        ("shape", ", ".join([*words, smooth]) + ("" if words else ", neither monotonic nor convex")),
        ("kinks", kinks or "none"),
        ("largest slope", f"{facts.lipschitz:.6g}"),
        ("saturates", _beyond(s.left, s.right)),
        ("f′ exactly 0", ", ".join(f"({a:g}, {b:g})" for a, b in facts.dead_zone) or "nowhere"),
        ("fixed points", ", ".join(_point(p) for p in facts.fixed_points[:5]) or "none"),
        ("for z ~ N(0,1)", f"mean {g.mean:.4f}, gain {g.gain:.4f}, χ₁ {g.chi1:.4f}, "
                           f"variance slope {g.variance_slope:.4f}"),
        ("edge of chaos", edge),
        *((("" if i else "relatives"), f"{r.left} = {r.right}  ({r.proof} proof)")
          for i, r in enumerate(facts.relatives)),
    ]  # fmt: skip


def _point(point: Any) -> str:
    return f"{point:.6g}" if isinstance(point, float) else str(point)


def _beyond(left: float | None, right: float | None) -> str:
    sides = [f"x < {left:.4g}"] if left is not None else []
    sides += [f"x > {right:.4g}"] if right is not None else []
    return " and ".join(sides) + " (|f′| below 5 % of its maximum)" if sides else "nowhere"
