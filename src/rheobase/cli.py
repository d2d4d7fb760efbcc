"""The command line: parses and prints, nothing else."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rheobase import catalogue
from rheobase.activation import get
from rheobase.errors import RheobaseError

if TYPE_CHECKING:
    from rheobase.activation import Activation
    from rheobase.facts import Facts

app = typer.Typer(
    help="Activation functions: show them, list them, compare them on your data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def main() -> None:
    """Run the command line; what a user got wrong is one line on stderr and exit status 2."""
    try:
        app()
    except RheobaseError as error:
        print(f"rheobase: {error}", file=sys.stderr)
        sys.exit(2)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List every function, family by family."""
    rows: list[dict[str, Any]] = [
        {"name": d.name, "title": d.title, "family": family, "aliases": list(d.aliases)}
        for family, members in catalogue.FAMILIES.items()
        for d in members
    ]
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "title", "family", "also called", box=None, header_style="bold")
    for row in rows:
        table.add_row(row["name"], row["title"], row["family"], ", ".join(row["aliases"]))
    Console().print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A function's name or alias.")],
    plot: Annotated[str | None, typer.Option(help="Draw f and f' to this .png, .svg or .pdf file.")] = None,
    as_json: Json = False,
) -> None:
    """Show a function: formula, curves, facts, source, and how other libraries differ."""
    function = get(name)
    if plot is not None:
        _writable(plot)
        function.plot(plot)
    if as_json:
        print(json.dumps(described(function), indent=1, default=str))
        return
    from rich.console import Console

    console = Console(highlight=False)
    for line in _head(function):
        console.print(line, markup=False)
    if function.definition.kind == "elementwise":
        print(curves_in_terminal(function, min(console.width, 90)))
        for label, text in fact_lines(function.facts):
            console.print(f"[bold]{label:>15}[/]  {text}")
    for note in function.definition.differs:
        console.print(f"[bold]{'others':>15}[/]  {note}")
    console.print(f"[bold]{'source':>15}[/]  {function.definition.reference}")
    if plot is not None:
        console.print(f"[bold]{'picture':>15}[/]  {plot}")


@app.command()
def study(
    data: Annotated[str, typer.Argument(help="digits, breast_cancer, wine, iris, diabetes, or a .csv/.tsv(.gz) file.")],
    target: Annotated[str | None, typer.Option(help="Column to predict; default: the last.")] = None,
    activations: Annotated[str | None, typer.Option(help="Functions to compare, separated by commas.")] = None,
    baseline: Annotated[str, typer.Option(help="What the others are compared with.")] = "relu",
    seeds: Annotated[int, typer.Option(help="Paired seeds that are scored.")] = 5,
    steps: Annotated[int, typer.Option(help="Training steps per run.")] = 500,
    out: Annotated[Path, typer.Option(help="Folder for report.html, results.json, results.csv, plan.json.")] = Path(
        "rheobase-study"
    ),
    as_json: Json = False,
) -> None:
    """Train the same network with each function and say which one to use."""
    from rheobase.errors import extra

    with extra("study"):
        from rheobase import study as studies
        from rheobase.study.plan import check_writable
        from rheobase.study.report import render
        from rheobase.study.results import as_dict, write
        from rheobase.study.table import show as show_table

    names = [name.strip() for name in activations.split(",")] if activations is not None else None
    plan = studies.make(names, baseline, seeds, steps)
    table = studies.load(data, target)
    check_writable(out)
    results = _with_progress(lambda done: studies.run(table, plan, done), plan.runs)
    write(results, out, render(results, f"rheobase {' '.join(sys.argv[1:])}"))
    if as_json:
        print(json.dumps(as_dict(results), indent=1))
        return
    from rich.console import Console

    console = Console(highlight=False)
    show_table(results, console)
    console.print(f"Report: {out / 'report.html'}  Numbers: {out / 'results.json'}", markup=False)


def _with_progress(work: Callable[[Callable[[], None]], Any], total: int) -> Any:
    """Run `work` with a progress bar on a terminal; silent off one."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("training", total=total)
        return work(lambda: progress.advance(task))


def _writable(path: str) -> None:
    folder = Path(path).parent
    if not folder.is_dir():
        raise RheobaseError(f"cannot write {path!r}: there is no folder {str(folder)!r}")


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


if __name__ == "__main__":
    main()
