"""The commands that compare functions on the user's data."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rheobase.cli.stop import INTERRUPTED, stop
from rheobase.errors import RheobaseError, StudyError, extra
from rheobase.study import Plan
from rheobase.study.folder import FILES, RECORD, REPORT
from rheobase.study.plan import DEFAULT, SIZES
from rheobase.study.reading import SOURCES

if TYPE_CHECKING:
    from rheobase.study import Dataset, Results
    from rheobase.study.conduct import Keeper

ACTIVATIONS = f"Functions to compare, separated by commas; default: {','.join(DEFAULT)}."
QUICK, USUAL, THOROUGH = (SIZES[name].seeds for name in ("quick", "standard", "thorough"))
SEEDS = f"Paired seeds that are scored, a whole number from 2; default: {USUAL}."
ANEW = "Forget the trainings in the folder and begin anew."
REPAIR = "First bring the ledger and the files of the trainings to the same state, each from the other."


def study(
    data: Annotated[str, typer.Argument(help=f"{SOURCES}.")],
    target: Annotated[str | None, typer.Option(help="Column to predict; default: the last.")] = None,
    activations: Annotated[str | None, typer.Option(help=ACTIVATIONS)] = None,
    baseline: Annotated[str, typer.Option(help="What the others are compared with.")] = Plan.baseline,
    quick: Annotated[bool, typer.Option("--quick", help=f"A screening: {QUICK} seeds.")] = False,
    thorough: Annotated[bool, typer.Option("--thorough", help=f"{THOROUGH} seeds.")] = False,
    seeds: Annotated[int | None, typer.Option(help=SEEDS)] = None,
    steps: Annotated[int, typer.Option(help="Training steps per run, a whole number from 1.")] = Plan.steps,
    out: Annotated[Path, typer.Option(help=f"Folder for {', '.join(FILES)} and the ledger.")] = Path("rheobase-study"),
    anew: Annotated[bool, typer.Option("--anew", help=ANEW)] = False,
    repair: Annotated[bool, typer.Option("--repair", help=REPAIR)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Train the same network with each function and say which one to use.

    Ctrl-C, or a crash, loses the trainings in flight; the same command goes on from there.
    """
    with extra("study"):
        from rheobase import study as studies
        from rheobase.study.folder import prepared
        from rheobase.study.kept import only_writer
        from rheobase.study.report import render
        from rheobase.study.results import as_json as record
        from rheobase.study.results import write

    plan = studies.make(_names(activations), baseline, seeds, steps, _size(quick, thorough))
    table = studies.load(data, target)
    with prepared(out), only_writer(out):
        keeper = _keeper(table, plan, out, anew, repair)
        results = _with_progress(table, plan, keeper, out)
        write(results, out, render(results, f"rheobase {' '.join(sys.argv[1:])}"))
    if as_json:
        print(record(results), end="")
    else:
        _print_study(results, out)


def _size(quick: bool, thorough: bool) -> str:
    if quick and thorough:
        raise StudyError("a study is --quick or --thorough, not both")
    return "quick" if quick else "thorough" if thorough else "standard"


def _names(text: str | None) -> list[str] | None:
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise RheobaseError(f"--activations {text!r} lacks a name; give names separated by commas, as in relu,gelu")
    return names


def _keeper(table: Dataset, plan: Plan, out: Path, anew: bool, repair: bool) -> Keeper:
    from rheobase.study.kept import Kept, forget, repaired
    from rheobase.study.terms import terms

    if anew:
        forget(out)
    if not repair:
        return Kept(out, terms(table, plan))
    kept, done = repaired(out, terms(table, plan))
    print(done.summary, file=sys.stderr)
    return kept


def _with_progress(table: Dataset, plan: Plan, keeper: Keeper, out: Path) -> Results:
    """Carry out the plan with its aim, its size and a progress bar on a terminal; silent off one."""
    from rich.console import Console

    from rheobase import study as studies
    from rheobase.cli.progress import reported

    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        console.print(table.aim, markup=False, soft_wrap=True)
        console.print(plan.summary, soft_wrap=True)
    count = [0, plan.runs]

    def note(progress: Callable[[int, int], None], done: int, total: int) -> None:
        count[:] = done, total
        progress(done, total)

    bar: AbstractContextManager[Callable[[int, int], None]] = reported("training")
    try:
        with bar as progress:
            return studies.run(table, plan, lambda done, total: note(progress, done, total), keeper=keeper)
    except KeyboardInterrupt:
        stop(f"interrupted; {count[0]} of {count[1]} trainings are kept in {str(out)!r}, and the same command goes on "
             "from there", INTERRUPTED)  # fmt: skip


def _print_study(results: Results, out: Path) -> None:
    from rich.console import Console

    from rheobase.study.table import show as show_table

    console = Console(highlight=False)
    show_table(results, console)
    console.print(f"Report: {out / REPORT}  Numbers: {out / RECORD}", markup=False, soft_wrap=True)
