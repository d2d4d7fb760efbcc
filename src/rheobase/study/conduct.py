"""A study carried out: the costs, the learning rates, then the scores; what is in the ledger already is not redone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Protocol

from rheobase.study.cells import Cell, Job, done, in_all, wanted
from rheobase.study.cost import Cost, step_costs
from rheobase.study.data import Dataset
from rheobase.study.kept import Files
from rheobase.study.ledger import in_memory
from rheobase.study.plan import Plan
from rheobase.study.record import cell_of
from rheobase.study.results import Results, summarise
from rheobase.study.shared import Shared, rest
from rheobase.study.terms import terms
from rheobase.study.train import Run, train
from rheobase.study.workers import cores, crew

#: Told of trainings done, and of all there are as far as is known.
Progress = Callable[[int, int], None]


class Keeper(Protocol):
    """What a study keeps its trainings in: `rheobase.study.ledger.Ledger`, or a folder with one."""

    def runs(self) -> dict[Cell, Run]:
        """All that is finished."""

    def add(self, runs: Sequence[Run]) -> None:
        """Note finished trainings."""

    def costs(self) -> dict[str, Any]:
        """What was measured of costs."""

    def set_costs(self, costs: dict[str, Any]) -> None:
        """Note it."""


def run(
    data: Dataset,
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
    costs = _costs(data, plan, keeper)
    runs = keeper.runs()
    progress(done(plan, runs), in_all(plan, runs))
    if wanted(plan, runs):
        with crew(cores() if workers is None else workers) as each:
            while jobs := wanted(plan, runs):
                for outcome in each(trained, [(data, plan, job) for job in jobs]):
                    keeper.add(outcome)
                    runs.update({cell_of(r): r for r in outcome})
                    progress(done(plan, runs), in_all(plan, runs))
    return summarise(data, plan, runs, costs)


def share(
    data: Dataset, plan: Plan, shared: Shared, files: Files, progress: Progress = lambda done, total: None
) -> Results:
    """Carry out `plan` with all who work for the ledger `shared`; this process does so, too, and keeps `files`."""
    written: set[Cell] = set()
    with shared.only_coordinator():
        costs = _costs(data, plan, shared)
        while shared.offer(lambda runs: wanted(plan, runs)):
            if not shared.work(partial(trained, data, plan)):
                rest()
            runs = shared.runs()
            for cell in runs.keys() - written:
                files.write(runs[cell])
            written |= runs.keys()
            progress(done(plan, runs), in_all(plan, runs))
    return summarise(data, plan, shared.runs(), costs)


def trained(data: Dataset, plan: Plan, job: Job) -> list[Run]:
    """The outcomes of a job's trainings, in their order."""
    return [train(data, plan, c.activation, c.learning_rate, c.seed, c.final) for c in job]


def _costs(data: Dataset, plan: Plan, keeper: Keeper) -> dict[str, Cost]:
    held = keeper.costs()
    if not set(plan.activations) <= set(held):
        held = {name: asdict(cost) for name, cost in step_costs(data, plan).items()}
        keeper.set_costs(held)
    return {name: Cost(**cost) for name, cost in held.items()}
