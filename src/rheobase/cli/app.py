"""The commands."""

from __future__ import annotations

import gc
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version as installed
from pathlib import Path
from typing import Annotated, Any

import typer

from rheobase import catalogue
from rheobase.activation import get
from rheobase.cli.benchmarks import bench
from rheobase.cli.certificates import certify
from rheobase.cli.claims import claims
from rheobase.cli.complaints import UsageError, explain
from rheobase.cli.doctor import check
from rheobase.cli.pages import atlas
from rheobase.cli.stop import INTERRUPTED, stop
from rheobase.cli.studies import study, worker
from rheobase.errors import RheobaseError

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
        stop(explain(error), 2)
    except RheobaseError as error:
        stop(str(error), 2)
    except typer.Abort:
        status = INTERRUPTED
    if status == INTERRUPTED:
        stop("interrupted; nothing was written", INTERRUPTED)
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
    with _uncollected():
        from rheobase.cli.card import described, print_card

        function = get(name)
        if plot is not None:
            _check_folder(plot)
            function.plot(plot)
        if as_json:
            print(json.dumps(described(function), indent=1, default=str))
        else:
            print_card(function, plot)


@contextmanager
def _uncollected() -> Iterator[None]:
    """For a second that is mostly spent on loading SymPy: to look for garbage in it takes a tenth of that."""
    gc.disable()
    try:
        yield
    finally:
        # else all of it would be searched now
        gc.freeze()
        gc.enable()


def _check_folder(path: str) -> None:
    folder = Path(path).parent
    if not folder.is_dir():
        raise RheobaseError(f"cannot write {path!r}: there is no folder {str(folder)!r}")


app.command()(study)
app.command()(worker)
app.command()(bench)
app.command()(certify)
app.command()(check)
app.command()(claims)
app.command()(atlas)
