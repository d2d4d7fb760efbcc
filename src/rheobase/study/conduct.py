"""A study carried out: the costs, the learning rates, then the scores; what is in the ledger already is not redone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any, Protocol

from rheobase.study.data.tables import Dataset
from rheobase.study.forecast import around
from rheobase.study.ledger.kept import Files
from rheobase.study.ledger.ledger import History, in_memory
from rheobase.study.ledger.record import cell_of
from rheobase.study.ledger.shared import Shared, State, rest
from rheobase.study.ledger.terms import terms
from rheobase.study.plan import Plan
from rheobase.study.results import Results, summarise
from rheobase.study.training.cells import Cell, Job, Runs, done, in_all, wanted
from rheobase.study.training.cost import Cost, step_costs
from rheobase.study.training.own import Own
from rheobase.study.training.own_cost import own_costs
from rheobase.study.training.population import group, pace, train_in_turn, train_together
from rheobase.study.training.train import Member, Run, Splits
from rheobase.workers import cores, crew

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
) -> Results:
    """Carry out `plan` on `data`.

    Jobs run in `workers` processes of one thread each (default: one per core; 0: in this process). Each is noted by
    `keeper` as soon as it is done (default: in memory); what that holds from before is not trained again.
    """
    keeper = keeper or in_memory(terms(data, plan))
    workers = cores() if workers is None else workers
    found, runs = measured(data, plan, keeper, workers), keeper.runs()
    progress(done(plan, runs), in_all(plan, runs))
    if jobs_for(data, plan, runs):
        keeper.begin()
        with crew(workers, table(data), plan, found["together"]) as each:
            while jobs := jobs_for(data, plan, runs):
                for outcome in each(trained, [(job,) for job in jobs]):
                    keeper.add(outcome)
                    runs.update({cell_of(r): r for r in outcome})
                    progress(done(plan, runs), in_all(plan, runs))
    return _summarised(data, plan, runs, found, keeper.history())


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
    if not held or not set(plan.activations) <= held["costs"].keys():
        found = _of_own(data, plan, workers) if isinstance(data, Own) else _of_the_network(data, plan, workers)
        held = {**found, "together": found["together"] | (held["together"] if held else {})}
        keeper.set_measured(held)
    return held


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
