"""The commands that compare functions on the user's data."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rheobase.cli.asked import again, data_of, names, ratio, size, widths, with_steps
from rheobase.cli.stop import INTERRUPTED, stop
from rheobase.errors import StudyError, WorkerKilled, extra
from rheobase.study import Plan
from rheobase.study.data.metrics import METRICS
from rheobase.study.data.reading import SOURCES
from rheobase.study.files import FILES, RECORD, REPORT
from rheobase.study.plan import DEFAULT, EPOCHS, FEWEST_STEPS, MOST_STEPS, SIZES, Optimizer

if TYPE_CHECKING:
    from rheobase.study import Dataset, Results
    from rheobase.study.conduct import Keeper, Progress
    from rheobase.study.forecast import Budget
    from rheobase.study.ledger.kept import Kept
    from rheobase.study.training.own import Own

    Work = Callable[[Progress], Results]

DATA = f"{SOURCES}; or package.module:train, a function of your own."
ACTIVATIONS = f"Functions to compare, separated by commas; default: {','.join(DEFAULT)}."
QUICK, USUAL, THOROUGH = (SIZES[name].seeds for name in ("quick", "standard", "thorough"))
SEEDS = f"Paired seeds that are scored, a whole number from 2; default: {USUAL}."
STEPS = f"Training steps per run; default: {EPOCHS} epochs, but {FEWEST_STEPS} at least and {MOST_STEPS} at most."
HIDDEN = "Widths of the hidden layers: 128x3, or 64,32."
ANEW = "Forget the trainings in the folder and begin anew."
STORAGE = "URL of a PostgreSQL database, postgresql+pg8000://…: many machines share the study."
METRIC = f"What is scored: {', '.join(m.option for m in METRICS)}; default: what suits the data."
EQUIVALENCE = "Difference that does not matter, in the table's unit (0.5: half a point); default: ½ the seeds' spread."
TEST_RATIO = "Of a function of your own: test rows per training row, or fixed if every seed tests the same; default: ⅓."
BUDGET = "Time to end within, as 90s, 10min or 2h: by a forecast, seeds and learning rates are left out until it fits."
PLAN_FILE = "plan.json of an earlier study, which is carried out again; DATA only if that lies elsewhere now."
REPAIR = "First bring the ledger and the files of the trainings to the same state, each from the other."


def study(
    context: typer.Context,
    data: Annotated[str | None, typer.Argument(help=DATA, show_default=False)] = None,
    target: Annotated[str | None, typer.Option(help="Column to predict; default: the last.")] = None,
    activations: Annotated[str | None, typer.Option(help=ACTIVATIONS)] = None,
    baseline: Annotated[str, typer.Option(help="What the others are compared with.")] = Plan.baseline,
    quick: Annotated[bool, typer.Option("--quick", help=f"A screening: {QUICK} seeds.")] = False,
    thorough: Annotated[bool, typer.Option("--thorough", help=f"{THOROUGH} seeds.")] = False,
    seeds: Annotated[int | None, typer.Option(help=SEEDS)] = None,
    steps: Annotated[int | None, typer.Option(help=STEPS)] = None,
    hidden: Annotated[str, typer.Option(help=HIDDEN)] = ",".join(map(str, Plan.hidden)),
    optimizer: Annotated[Optimizer, typer.Option(help="What takes the steps.")] = Plan.optimizer,
    dropout: Annotated[float, typer.Option(help="Share of hidden outputs that each step silences.")] = Plan.dropout,
    batch_norm: Annotated[bool, typer.Option("--batch-norm", help="Normalise before each function.")] = False,
    residual: Annotated[bool, typer.Option("--residual", help="Add each hidden layer's input to its output.")] = False,
    metric: Annotated[str | None, typer.Option(help=METRIC)] = None,
    equivalence: Annotated[float | None, typer.Option(help=EQUIVALENCE)] = None,
    test_ratio: Annotated[str | None, typer.Option(help=TEST_RATIO)] = None,
    budget: Annotated[str | None, typer.Option(help=BUDGET)] = None,
    plan: Annotated[Path | None, typer.Option(help=PLAN_FILE)] = None,
    out: Annotated[Path, typer.Option(help=f"Folder for {', '.join(FILES)} and the ledger.")] = Path("rheobase-study"),
    anew: Annotated[bool, typer.Option("--anew", help=ANEW)] = False,
    repair: Annotated[bool, typer.Option("--repair", help=REPAIR)] = False,
    storage: Annotated[str | None, typer.Option(help=STORAGE)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Train the same network with each function and say which one to use.

    Ctrl-C, or a crash, loses the trainings in flight; the same command goes on from there.
    """
    begun = time.monotonic()
    with extra("study"):
        from rheobase import study as studies
        from rheobase.folder import prepared
        from rheobase.study.ledger.kept import CHECKPOINTS, only_writer
        from rheobase.study.report.page import render
        from rheobase.study.results import as_json as record
        from rheobase.study.results import write

    if plan is None:
        network = {"hidden": widths(hidden), "optimizer": optimizer, "dropout": dropout, "batch_norm": batch_norm,
                   "residual": residual, "metric": metric, "equivalence": equivalence,
                   "test_ratio": ratio(test_ratio, data)}  # fmt: skip
        at_first = Plan.steps if steps is None else steps
        todo = studies.make(names(activations), baseline, seeds, at_first, size(quick, thorough), **network)
        table = data_of(data, target, todo, out / CHECKPOINTS)
        todo = with_steps(todo, table) if steps is None else todo
    else:
        todo, table = again(context, plan, data, out / CHECKPOINTS)
    limit = None if budget is None else _budget(budget, begun, table, storage)
    with prepared(out, FILES), only_writer(out):
        if storage is None:
            results = _alone(table, todo, out, anew, repair, limit)
        else:
            results = _with_others(table, todo, out, anew, repair, storage)
        write(results, out, render(results, _command(storage)))
    if limit is not None and limit.left < 0:
        print(limit.missed, file=sys.stderr)
    if as_json:
        print(record(results), end="")
    else:
        _print_study(results, out)


def _command(storage: str | None) -> str:
    """What was typed, for the report; a password is nothing for it."""
    from rheobase.study.ledger.shared import shown

    typed = " ".join(sys.argv[1:])
    return f"rheobase {typed if storage is None else typed.replace(storage, shown(storage))}"


def _budget(budget: str, begun: float, table: Dataset | Own, storage: str | None) -> Budget:
    from rheobase.study.forecast import Budget, in_seconds
    from rheobase.study.training.own import Own

    if isinstance(table, Own):
        raise StudyError(f"--budget cannot know how long a training of {table.name} takes; leave it out")
    if storage is not None:
        raise StudyError("--budget cannot know how many machines will help; leave it out with --storage")
    return Budget(in_seconds(budget), begun)


def _alone(table: Dataset | Own, plan: Plan, out: Path, anew: bool, repair: bool, budget: Budget | None) -> Results:
    from rheobase.study.conduct import run

    todo, keeper = _fitted(table, plan, out, anew, repair, budget)
    _announced(table, todo, keeper)
    return _with_progress(todo, lambda note: run(table, todo, note, keeper=keeper, budget=budget), out)


def _fitted(
    table: Dataset | Own, plan: Plan, out: Path, anew: bool, repair: bool, budget: Budget | None
) -> tuple[Plan, Kept]:
    """The plan, cut down to a budget, and what keeps its trainings."""
    from rheobase.study.conduct import with_all
    from rheobase.study.forecast import within
    from rheobase.study.ledger.kept import DATABASE, forget
    from rheobase.workers import cores

    there = None if anew or not (out / DATABASE).exists() else _kept(table, plan, out, repair)
    if budget is not None:
        # a budget that is too small is refused before anything is written
        measured = with_all(table, plan, there.measured() if there else None)
        plan = within(plan, measured, cores(), budget.seconds)
    if anew:
        forget(out)
    keeper = there or _kept(table, plan, out, repair)
    if budget is not None:
        keeper.set_measured(measured)
    return plan, keeper


def _kept(table: Dataset | Own, plan: Plan, out: Path, repair: bool) -> Kept:
    from rheobase.study.ledger.kept import Kept, repaired
    from rheobase.study.ledger.terms import terms

    if not repair:
        return Kept(out, terms(table, plan))
    keeper, done = repaired(out, terms(table, plan))
    print(done.summary, file=sys.stderr)
    return keeper


def _with_others(table: Dataset | Own, plan: Plan, out: Path, anew: bool, repair: bool, url: str) -> Results:
    from rheobase.study.conduct import share
    from rheobase.study.ledger.kept import Files
    from rheobase.study.ledger.kept import repair as mend
    from rheobase.study.ledger.shared import Shared, name_of
    from rheobase.study.ledger.terms import terms
    from rheobase.study.order import order

    if anew:
        raise StudyError("--anew forgets what is in the folder; what is in a database stays, so leave it out")
    on, told = terms(table, plan), order(table.source, table.predicts, plan)
    with closing(Shared(url, name_of(table.name, on), on)) as shared:
        files = Files(out, on)
        if repair:
            print(mend(shared, files).summary, file=sys.stderr)
        _announced(table, plan, shared)
        return _with_progress(plan, lambda note: share(table, plan, shared, files, told, note), out)


def _announced(table: Dataset | Own, plan: Plan, keeper: Keeper) -> None:
    """On a terminal, what will be trained and how long it will take is told."""
    from rich.console import Console

    from rheobase.study.conduct import measured
    from rheobase.study.forecast import CUT, estimate, in_words
    from rheobase.study.training.own import Own
    from rheobase.workers import cores

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        return
    console.print(table.aim, markup=False, soft_wrap=True)
    if isinstance(table, Own):
        console.print(plan.counts, soft_wrap=True)
        return
    console.print(plan.summary, soft_wrap=True)
    for note in plan.notes:
        if note.startswith(CUT):
            console.print(note, soft_wrap=True)
    took = in_words(estimate(plan, measured(table, plan, keeper), cores()))
    console.print(f"training takes about {took} on {cores()} cores; Ctrl-C is safe, the same command goes on")


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
    except (KeyboardInterrupt, WorkerKilled) as error:
        cause, status = (str(error), 2) if isinstance(error, WorkerKilled) else ("interrupted", INTERRUPTED)
        stop(f"{cause}; {count[0]} of {count[1]} trainings are kept in {str(out)!r}, and the same command goes on "
             "from there", status)  # fmt: skip


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

    from rheobase.study.report.table import show as show_table

    console = Console(highlight=False)
    show_table(results, console)
    console.print(f"Report: {out / REPORT}  Numbers: {out / RECORD}", markup=False, soft_wrap=True)
