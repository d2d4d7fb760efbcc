"""The commands."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rheobase import catalogue
from rheobase.activation import get
from rheobase.cli.benchmarks import bench
from rheobase.cli.certificates import certify
from rheobase.cli.complaints import UsageError, explain
from rheobase.cli.doctor import check
from rheobase.errors import RheobaseError, extra
from rheobase.study import Plan
from rheobase.study.folder import FILES, RECORD, REPORT
from rheobase.study.plan import DEFAULT
from rheobase.study.reading import SOURCES

if TYPE_CHECKING:
    from rheobase.study import Results

INTERRUPTED = 130

ACTIVATIONS = f"Functions to compare, separated by commas; default: {','.join(DEFAULT)}."

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def main() -> None:
    """Run the command line; what a user got wrong is one line on stderr and exit status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a terminal that knows no Greek shows ? for it
            stream.reconfigure(errors="replace")
    try:
        status = app(standalone_mode=False, prog_name="rheobase")
    except UsageError as error:
        _stop(explain(error), 2)
    except RheobaseError as error:
        _stop(str(error), 2)
    except typer.Abort:
        status = INTERRUPTED
    if status == INTERRUPTED:
        _stop("interrupted; nothing was written", INTERRUPTED)
    sys.exit(status)


def _stop(complaint: str, status: int) -> None:
    print(f"rheobase: {complaint}", file=sys.stderr)
    sys.exit(status)


@app.callback(invoke_without_command=True)
def bare(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """Activation functions: show them, list them, compare them on your data, see what they do in a model."""
    if version:
        print(f"rheobase {installed('rheobase')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


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
    from rheobase.cli.card import described, print_card

    function = get(name)
    if plot is not None:
        _check_folder(plot)
        function.plot(plot)
    if as_json:
        print(json.dumps(described(function), indent=1, default=str))
    else:
        print_card(function, plot)


def _check_folder(path: str) -> None:
    folder = Path(path).parent
    if not folder.is_dir():
        raise RheobaseError(f"cannot write {path!r}: there is no folder {str(folder)!r}")


@app.command()
def study(
    data: Annotated[str, typer.Argument(help=f"{SOURCES}.")],
    target: Annotated[str | None, typer.Option(help="Column to predict; default: the last.")] = None,
    activations: Annotated[str | None, typer.Option(help=ACTIVATIONS)] = None,
    baseline: Annotated[str, typer.Option(help="What the others are compared with.")] = Plan.baseline,
    seeds: Annotated[int, typer.Option(help="Paired seeds that are scored, a whole number from 2.")] = len(Plan.seeds),
    steps: Annotated[int, typer.Option(help="Training steps per run, a whole number from 1.")] = Plan.steps,
    out: Annotated[Path, typer.Option(help=f"Folder for {', '.join(FILES)}.")] = Path("rheobase-study"),
    as_json: Json = False,
) -> None:
    """Train the same network with each function and say which one to use."""
    with extra("study"):
        from rheobase import study as studies
        from rheobase.study.folder import prepared
        from rheobase.study.report import render
        from rheobase.study.results import as_json as record
        from rheobase.study.results import write

    names = _names(activations) if activations is not None else None
    plan = studies.make(names, baseline, seeds, steps)
    table = studies.load(data, target)
    with prepared(out):
        results = _with_progress(lambda done: studies.run(table, plan, done), plan, table.aim)
        write(results, out, render(results, f"rheobase {' '.join(sys.argv[1:])}"))
    if as_json:
        print(record(results), end="")
    else:
        _print_study(results, out)


app.command()(bench)
app.command()(certify)
app.command()(check)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise RheobaseError(f"--activations {text!r} lacks a name; give names separated by commas, as in relu,gelu")
    return names


def _print_study(results: Results, out: Path) -> None:
    from rich.console import Console

    from rheobase.study.table import show as show_table

    console = Console(highlight=False)
    show_table(results, console)
    console.print(f"Report: {out / REPORT}  Numbers: {out / RECORD}", markup=False, soft_wrap=True)


def _with_progress(work: Callable[[Callable[[], None]], Results], plan: Plan, aim: str) -> Results:
    """Run `work` with the aim, the plan and a progress bar on a terminal; silent off one."""
    from rich.console import Console

    from rheobase.cli.progress import counted

    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        console.print(aim, markup=False, soft_wrap=True)
        console.print(plan.summary, soft_wrap=True)
    with counted("training", plan.runs) as done:
        return work(done)
