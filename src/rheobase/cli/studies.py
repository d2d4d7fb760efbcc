"""The commands that compare functions on the user's data."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rheobase.cli.stop import INTERRUPTED, stop
from rheobase.errors import RheobaseError, StudyError, extra
from rheobase.study import Plan
from rheobase.study.folder import FILES, RECORD, REPORT
from rheobase.study.metrics import METRICS
from rheobase.study.plan import DEFAULT, SIZES, Optimizer
from rheobase.study.reading import SOURCES

if TYPE_CHECKING:
    from rheobase.study import Dataset, Results
    from rheobase.study.conduct import Keeper, Progress
    from rheobase.study.own import Own

    Work = Callable[[Progress], Results]

ACTIVATIONS = f"Functions to compare, separated by commas; default: {','.join(DEFAULT)}."
QUICK, USUAL, THOROUGH = (SIZES[name].seeds for name in ("quick", "standard", "thorough"))
SEEDS = f"Paired seeds that are scored, a whole number from 2; default: {USUAL}."
HIDDEN = "Widths of the hidden layers: 128x3, or 64,32."
ANEW = "Forget the trainings in the folder and begin anew."
STORAGE = "URL of a PostgreSQL database, postgresql+pg8000://…: many machines share the study."
METRIC = f"What is scored: {', '.join(m.option for m in METRICS)}; default: what suits the data."
EQUIVALENCE = "Difference that does not matter, in the table's unit (0.5: half a point); default: ½ the seeds' spread."
REPAIR = "First bring the ledger and the files of the trainings to the same state, each from the other."


def study(
    data: Annotated[str, typer.Argument(help=f"{SOURCES}; or package.module:train, a function of your own.")],
    target: Annotated[str | None, typer.Option(help="Column to predict; default: the last.")] = None,
    activations: Annotated[str | None, typer.Option(help=ACTIVATIONS)] = None,
    baseline: Annotated[str, typer.Option(help="What the others are compared with.")] = Plan.baseline,
    quick: Annotated[bool, typer.Option("--quick", help=f"A screening: {QUICK} seeds.")] = False,
    thorough: Annotated[bool, typer.Option("--thorough", help=f"{THOROUGH} seeds.")] = False,
    seeds: Annotated[int | None, typer.Option(help=SEEDS)] = None,
    steps: Annotated[int, typer.Option(help="Training steps per run, a whole number from 1.")] = Plan.steps,
    hidden: Annotated[str, typer.Option(help=HIDDEN)] = ",".join(map(str, Plan.hidden)),
    optimizer: Annotated[Optimizer, typer.Option(help="What takes the steps.")] = Plan.optimizer,
    dropout: Annotated[float, typer.Option(help="Share of hidden outputs that each step silences.")] = Plan.dropout,
    batch_norm: Annotated[bool, typer.Option("--batch-norm", help="Normalise before each function.")] = False,
    residual: Annotated[bool, typer.Option("--residual", help="Add each hidden layer's input to its output.")] = False,
    metric: Annotated[str | None, typer.Option(help=METRIC)] = None,
    equivalence: Annotated[float | None, typer.Option(help=EQUIVALENCE)] = None,
    out: Annotated[Path, typer.Option(help=f"Folder for {', '.join(FILES)} and the ledger.")] = Path("rheobase-study"),
    anew: Annotated[bool, typer.Option("--anew", help=ANEW)] = False,
    repair: Annotated[bool, typer.Option("--repair", help=REPAIR)] = False,
    storage: Annotated[str | None, typer.Option(help=STORAGE)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Train the same network with each function and say which one to use.

    Ctrl-C, or a crash, loses the trainings in flight; the same command goes on from there.
    """
    with extra("study"):
        from rheobase import study as studies
        from rheobase.study.folder import prepared
        from rheobase.study.kept import CHECKPOINTS, only_writer
        from rheobase.study.own import is_own, own
        from rheobase.study.report import render
        from rheobase.study.results import as_json as record
        from rheobase.study.results import write
        from rheobase.study.worker import order

    network = {"hidden": _widths(hidden), "optimizer": optimizer, "dropout": dropout, "batch_norm": batch_norm,
               "residual": residual, "metric": metric, "equivalence": equivalence}  # fmt: skip
    plan = studies.make(_names(activations), baseline, seeds, steps, _size(quick, thorough), **network)
    table = own(data, out / CHECKPOINTS) if is_own(data) else studies.load(data, target, plan.metric)
    with prepared(out), only_writer(out):
        if storage is None:
            keeper, work = _alone(table, plan, out, anew, repair)
        else:
            if anew:
                raise StudyError("--anew forgets what is in the folder; what is in a database stays, so leave it out")
            keeper, work = _with_others(table, plan, out, repair, storage, order(data, target, plan))
        _announce(table, plan, keeper)
        results = _with_progress(plan, work, out)
        write(results, out, render(results, _command(storage)))
    if as_json:
        print(record(results), end="")
    else:
        _print_study(results, out)


def _command(storage: str | None) -> str:
    """What was typed, for the report; a password is nothing for it."""
    from rheobase.study.shared import shown

    typed = " ".join(sys.argv[1:])
    return f"rheobase {typed if storage is None else typed.replace(storage, shown(storage))}"


def _size(quick: bool, thorough: bool) -> str:
    if quick and thorough:
        raise StudyError("a study is --quick or --thorough, not both")
    return "quick" if quick else "thorough" if thorough else "standard"


def _widths(text: str) -> tuple[int, ...]:
    """128x3 is 128,128,128."""
    parts = [part.split("x") for part in text.split(",")]
    if not all(len(part) <= 2 and all(word.strip().isdigit() for word in part) for part in parts):
        raise StudyError(f"--hidden {text!r} names no widths; write 128x3, or 64,32")
    return tuple(int(part[0]) for part in parts for _ in range(int(part[1]) if len(part) == 2 else 1))


def _names(text: str | None) -> list[str] | None:
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise RheobaseError(f"--activations {text!r} lacks a name; give names separated by commas, as in relu,gelu")
    return names


def _alone(table: Dataset | Own, plan: Plan, out: Path, anew: bool, repair: bool) -> tuple[Keeper, Work]:
    from rheobase import study as studies
    from rheobase.study.kept import Kept, forget, repaired
    from rheobase.study.terms import terms

    if anew:
        forget(out)
    if repair:
        keeper, done = repaired(out, terms(table, plan))
        print(done.summary, file=sys.stderr)
    else:
        keeper = Kept(out, terms(table, plan))
    return keeper, lambda progress: studies.run(table, plan, progress, keeper=keeper)


def _with_others(
    table: Dataset | Own, plan: Plan, out: Path, repair: bool, url: str, order: dict[str, Any]
) -> tuple[Keeper, Work]:
    from rheobase.study.conduct import share
    from rheobase.study.kept import Files
    from rheobase.study.kept import repair as mend
    from rheobase.study.shared import Shared, name_of
    from rheobase.study.terms import terms

    on = terms(table, plan)
    shared, files = Shared(url, name_of(table.name, on), on), Files(out, on)
    if repair:
        print(mend(shared, files).summary, file=sys.stderr)

    def work(progress: Progress) -> Results:
        with closing(shared):
            return share(table, plan, shared, files, order, progress)

    return shared, work


def _announce(table: Dataset | Own, plan: Plan, keeper: Keeper) -> None:
    """On a terminal: what is predicted, what will be trained, and how long it will take."""
    from rich.console import Console

    from rheobase.study.conduct import estimate, measured
    from rheobase.study.own import Own
    from rheobase.study.workers import cores

    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        console.print(table.aim, markup=False, soft_wrap=True)
        if isinstance(table, Own):
            console.print(plan.counts, soft_wrap=True)
            return
        console.print(plan.summary, soft_wrap=True)
        took = _words(estimate(plan, measured(table, plan, keeper), cores()))
        console.print(f"training takes about {took} on {cores()} cores; Ctrl-C is safe, the same command goes on")


def _words(seconds: float) -> str:
    """A time as a person would say it."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds > 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 1):.0f} s"


def _with_progress(plan: Plan, work: Work, out: Path) -> Results:
    """Carry out the plan with a progress bar on a terminal; silent off one."""
    from rheobase.cli.progress import reported

    count = [0, plan.runs]
    try:
        with reported("training") as progress:

            def note(done: int, total: int) -> None:
                count[:] = done, total
                progress(done, total)

            return work(note)
    except KeyboardInterrupt:
        stop(f"interrupted; {count[0]} of {count[1]} trainings are kept in {str(out)!r}, and the same command goes on "
             "from there", INTERRUPTED)  # fmt: skip


def worker(
    storage: Annotated[str, typer.Option(help=STORAGE)],
    data: Annotated[str | None, typer.Option(help="Where the data lies here, if elsewhere than there.")] = None,
) -> None:
    """Lend this machine's core to the studies in a database until they are complete; start one per core."""
    with extra("study"):
        from rheobase.study.worker import serve
    from rheobase.cli.progress import reported

    with reported("trainings of all workers") as progress:
        names = serve(storage, data, progress)
    print(f"complete: {', '.join(names)}")


def _print_study(results: Results, out: Path) -> None:
    from rich.console import Console

    from rheobase.study.table import show as show_table

    console = Console(highlight=False)
    show_table(results, console)
    console.print(f"Report: {out / REPORT}  Numbers: {out / RECORD}", markup=False, soft_wrap=True)
