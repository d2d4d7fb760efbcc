"""A study carried out: the costs, the learning rates, then the scores; what is in the ledger already is not redone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from typing import Any, Protocol

from rheobase.errors import WorkerKilled
from rheobase.study.data.tables import Dataset
from rheobase.study.forecast import DECIDED, Budget, around, foretold
from rheobase.study.ledger.kept import Files
from rheobase.study.ledger.ledger import History, in_memory
from rheobase.study.ledger.record import cell_of
from rheobase.study.ledger.shared import Shared, State, rest
from rheobase.study.ledger.terms import terms
from rheobase.study.plan import Plan
from rheobase.study.results import Results, summarise
from rheobase.study.training.cells import Cell, Job, Runs, done, in_all, in_words, wanted
from rheobase.study.training.cost import Cost, step_costs
from rheobase.study.training.own import Own
from rheobase.study.training.own_cost import own_costs
from rheobase.study.training.population import group, pace, train_in_turn, train_together
from rheobase.study.training.train import Member, Run, Splits
from rheobase.workers import Each, cores, crew

#: By function: costs, as `rheobase.study.training.cost.Cost` has them; whether many trainings are one program; the
#: paces of steps. And what `rheobase.study.forecast` must know besides.
Measured = dict[str, Any]
#: Told of trainings done, and of all there are as far as is known.
Progress = Callable[[int, int], None]


class Keeper(Protocol):
    """What a study keeps its trainings in: `rheobase.study.ledger.ledger.Ledger`, or a folder with one."""

    def runs(self) -> dict[Cell, Run]:
        """All that is finished."""

    def add(self, runs: Sequence[Run]) -> None:
        """Note finished trainings."""

    def measured(self) -> Measured | None:
        """What was measured before the trainings, if it was."""

    def set_measured(self, found: Measured) -> None:
        """Note it."""

    def begin(self) -> None:
        """Note that the study is begun, or taken up again."""

    def history(self) -> History:
        """How often it was."""


def run(
    data: Dataset | Own,
    plan: Plan,
    progress: Progress = lambda done, total: None,
    workers: int | None = None,
    keeper: Keeper | None = None,
    budget: Budget | None = None,
) -> Results:
    """Carry out `plan` on `data`.

    Jobs run in `workers` processes of one thread each (default: one per core; 0: in this process). Each is noted by
    `keeper` as soon as it is done (default: in memory); what that holds from before is not trained again. Where a
    `budget` is going to be missed when the learning rates are chosen, there are fewer scored seeds.
    """
    keeper = keeper or in_memory(terms(data, plan))
    workers = cores() if workers is None else workers
    found, runs = measured(data, plan, keeper, workers), keeper.runs()
    plan = (budget and budget.decided(plan, found)) or plan
    progress(done(plan, runs), in_all(plan, runs))

    def carry_out(part: Plan, each: Each) -> list[list[Run]]:
        outcomes = []
        while jobs := jobs_for(data, part, runs):
            for outcome in each(trained, [(job,) for job in jobs]):
                outcomes.append(outcome)
                keeper.add(outcome)
                runs.update({cell_of(r): r for r in outcome})
                progress(done(plan, runs), in_all(plan, runs))
        return outcomes

    if jobs_for(data, plan, runs):
        keeper.begin()
        common = table(data), plan, found["together"]
        with _told(lambda: _under_way(jobs_for(data, plan, runs)[:workers])), crew(workers, *common) as each:
            if budget and not budget.decided(plan, found):
                start = time.monotonic()
                outcomes = carry_out(replace(plan, seeds=()), each)
                slower = _slower(plan, found, outcomes, workers, time.monotonic() - start)
                plan, seeds = budget.decide(plan, found, max(workers, 1), slower)
                keeper.set_measured({**found, DECIDED: seeds})
            carry_out(plan, each)
    return _summarised(data, plan, runs, found, keeper.history())


def _slower(plan: Plan, held: Measured, outcomes: Sequence[Sequence[Run]], workers: int, took: float) -> float:
    """How many times the time foretold these trainings took, without the start of processes; 1 if there were none."""
    expected = sum(foretold(plan, held, outcome) for outcome in outcomes) / max(workers, 1)
    return max(took - held["starting"], 0.0) / expected if expected else 1.0


@contextmanager
def _told(what: Callable[[], str]) -> Iterator[None]:
    """Whoever is killed in the block, the complaint says at what."""
    try:
        yield
    except WorkerKilled as error:
        raise WorkerKilled(f"{error}; {what()}") from None


def _under_way(jobs: Sequence[Job]) -> str:
    # jobs are begun in their order: of those that are not done, the first are being done
    return f"under way: {' and '.join(map(in_words, jobs))}"


def share(
    data: Dataset | Own,
    plan: Plan,
    shared: Shared,
    files: Files,
    order: Mapping[str, Any],
    progress: Progress = lambda done, total: None,
) -> Results:
    """Carry out `plan` with all who work for the ledger `shared`; this process does so, too, and keeps `files`.

    `order` is what workers must know. They learn it when all is measured: they must train as it was decided here.
    """
    written: set[Cell] = set()
    source = table(data)

    def note(complete: bool = False) -> None:
        runs = shared.runs()
        for cell in runs.keys() - written:
            files.write(runs[cell])
        written.update(runs)
        state = State(done(plan, runs), in_all(plan, runs), complete)
        shared.tell(state)
        progress(state.done, state.in_all)

    with shared.only_coordinator():
        found = measured(data, plan, shared)
        shared.begin()
        note()
        shared.set_order(order)
        while shared.offer(lambda runs: jobs_for(data, plan, runs)):
            if not shared.work(partial(trained, source, plan, found["together"])):
                rest()
            note()
        note(complete=True)
    return _summarised(data, plan, shared.runs(), found, shared.history())


def jobs_for(data: Dataset | Own, plan: Plan, runs: Runs) -> list[Job]:
    """What can be done now; trainings of the user's own may take hours, and are jobs by themselves."""
    jobs = wanted(plan, runs)
    return [(cell,) for job in jobs for cell in job if cell not in runs] if isinstance(data, Own) else jobs


def table(data: Dataset | Own) -> Splits | Own:
    """What the trainings of one process take their data from."""
    return data if isinstance(data, Own) else Splits(data)


def trained(source: Splits | Own, plan: Plan, together: Mapping[str, bool], job: Job) -> list[Run]:
    """The outcomes of a job's trainings, in their order; `together`: of which functions they are one program."""
    if isinstance(source, Own):
        return [source.train(cell) for cell in job]
    name, members = job[0].activation, [Member(c.learning_rate, c.seed, c.final) for c in job]
    return (train_together if together[name] else train_in_turn)(source.data, plan, name, members, source)


def measured(data: Dataset | Own, plan: Plan, keeper: Keeper, workers: int = 1) -> Measured:
    """What a step costs, and of which functions many trainings are faster as one program.

    It is measured in a fresh process, before there are others (`workers` 0: in this one), and kept: a study that goes
    on must train as it did.
    """
    held = keeper.measured()
    found = with_all(data, plan, held, workers)
    if found is not held:
        keeper.set_measured(found)
    return found


def with_all(data: Dataset | Own, plan: Plan, held: Measured | None, workers: int = 1) -> Measured:
    """`held` itself, or if a function of the plan's is not in it, all of them measured."""
    if held and set(plan.activations) <= held["costs"].keys():
        return held
    found = _of_own(data, plan, workers) if isinstance(data, Own) else _of_the_network(data, plan, workers)
    return {**found, "together": found["together"] | (held["together"] if held else {})}


def _together(plan: Plan, paces: Mapping[str, Mapping[str, float]]) -> dict[str, bool]:
    faster = {name: p["together"] < p["alone"] for name, p in paces.items()}
    return faster if plan.together is None else {name: name in plan.together for name in faster}


def _of_own(own: Own, plan: Plan, workers: int) -> Measured:
    return {
        "costs": {name: asdict(cost) for name, cost in own_costs(own, plan, workers).items()},
        "together": dict.fromkeys(plan.activations, False),
    }


def _of_the_network(data: Dataset, plan: Plan, workers: int) -> Measured:
    start = time.monotonic()
    with crew(min(workers, 1), data, plan) as each:
        # calling a function of this module waits until a new process has loaded what it needs
        list(each(_nothing, [()]))
        starting = time.monotonic() - start
        [costs], [speeds], [besides] = (each(work, [()]) for work in (step_costs, paces, around))
    return {
        "costs": {name: asdict(cost) for name, cost in costs.items()},
        "together": _together(plan, speeds),
        "paces": speeds,
        "around": besides,
        "measuring": time.monotonic() - start,
        "starting": starting,
    }


def _nothing(data: Dataset, plan: Plan) -> None:
    pass


def paces(data: Dataset, plan: Plan) -> dict[str, dict[str, float]]:
    """How fast the first trainings of each function are: the fields of Pace, and how many are one group."""
    first = {job[0].activation: [Member(c.learning_rate, c.seed, c.final) for c in job] for job in wanted(plan, {})}
    splits = Splits(data)
    return {
        name: {**asdict(pace(data, plan, name, members, splits)), "group": len(group(data, plan, members))}
        for name, members in first.items()
    }


def _summarised(data: Dataset | Own, plan: Plan, runs: Runs, held: Measured, history: History) -> Results:
    together = tuple(name for name in plan.activations if held["together"][name])
    return summarise(data, replace(plan, together=together), runs, _costs(held), history)


def _costs(held: Measured) -> dict[str, Cost]:
    return {name: Cost(**cost) for name, cost in held["costs"].items()}
