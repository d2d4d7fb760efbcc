"""What `show` prints about a function: as text, and as plain data."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rheobase import catalogue
from rheobase.facts.words import Lines, fact_lines, listed

if TYPE_CHECKING:
    from rheobase.activation import Activation
    from rheobase.definition import Definition, Elsewhere
    from rheobase.facts import Facts


def print_card(function: Activation, picture: str | None) -> None:
    """Print everything about `function`; `picture` names the file it was drawn to."""
    from rich.console import Console

    from rheobase.cli.terminal_plot import REACH, drawn
    from rheobase.plot import curves

    definition = function.definition
    also = f" (also {', '.join(definition.aliases)})" if definition.aliases else ""
    console = Console(highlight=False)
    console.print(f"\n[bold]{definition.title}[/]: {definition.name}{also}\n")
    console.print(_columns(_formulas(function)))
    print(f"\n{drawn(curves(function, reach=REACH))}\n")
    console.print(_columns(_rest(function, picture)))


def _columns(lines: Lines) -> Any:
    """Labels to the left, texts beside them, wrapped within their own column."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", style="bold", no_wrap=True, min_width=14)
    grid.add_column()
    for label, text in lines:
        grid.add_row(label, Text(text))
    return grid


def _formulas(function: Activation) -> Lines:
    from rheobase.algebra.typeset import readable

    definition, computed = function.definition, function.computed
    slope = [("f′", slope_text(function))] if definition.kind == "elementwise" else []
    form = [("computed as", f"{readable(computed.expression)} ({computed.reason})")] if computed.reason else []
    parameters = [
        (p.name, f"{p.default:g}, in {p.domain}" + (", learnt by default" if p.learnable else ""))
        for p in definition.parameters
    ]
    return [("f", definition.formula), *slope, *form, *parameters, *_noise(definition)]


def _noise(definition: Definition) -> Lines:
    noise = definition.noise
    if noise is None:
        return []
    rest = f"; outside training it is {noise.at_rest}" if noise.at_rest else ""
    return [(noise.name, f"drawn anew for every element: {noise.quantile}, x uniform on (0, 1){rest}")]


def slope_text(function: Activation) -> str:
    """The derivative, in the notation of formulas."""
    from rheobase.algebra.typeset import readable

    return readable(function.facts.derivative(1))


def _rest(function: Activation, picture: str | None) -> Lines:
    definition = function.definition
    return [
        *(fact_lines(function.facts) if definition.kind == "elementwise" else []),
        *listed("others", definition.differs),
        ("source", definition.reference),
        *([("picture", picture)] if picture is not None else []),
    ]


def described(function: Activation) -> dict[str, Any]:
    """Everything `show` knows, as plain data; infinities and NaN become text or null."""
    d = function.definition
    data = {
        "name": d.name, "title": d.title, "kind": d.kind, "family": catalogue.family(d.name),
        "aliases": d.aliases, "formula": d.formula, "latex": function.latex(),
        "derivative": slope_text(function) if d.kind == "elementwise" else None,
        "computed": str(function.computed.expression), "reason": function.computed.reason,
        "parameters": [{"name": p.name, "default": p.default, "domain": str(p.domain)} for p in d.parameters],
        "torch": _called(d.torch), "jax": _called(d.jax), "keras": _called(d.keras), "onnx": _called(d.onnx),
        "reference": d.reference, "differs": d.differs,
        "facts": _fields(function.facts) if d.kind == "elementwise" else None,
    }  # fmt: skip
    result: dict[str, Any] = _plain(data)
    return result


def _fields(facts: Facts) -> dict[str, Any]:
    fields = asdict(facts)
    # the definition is told around the facts; they name it
    del fields["definition"]
    return {"name": facts.name, "smooth": facts.continuity is None, **fields}


def _called(library: Elsewhere) -> dict[str, str | None]:
    return {"module": library.module or None, "function": library.function or None}


def _plain(value: Any) -> Any:
    """JSON has no infinity and no NaN: "inf", "-inf" and null stand for them."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
