"""A study carried out: the costs, the learning rates, then the scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from rheobase.study.cost import step_costs
from rheobase.study.data import Dataset
from rheobase.study.plan import Plan
from rheobase.study.results import Results, summarise
from rheobase.study.train import Run, train
from rheobase.study.workers import cores, crew

Cell = tuple[str, float, int, bool]


def run(data: Dataset, plan: Plan, done: Callable[[], None] = lambda: None, workers: int | None = None) -> Results:
    """Carry out `plan` on `data`; `done` is called after each training.

    Trainings run in `workers` processes of one thread each (default: one per core; 0: in this process).
    """
    costs = step_costs(data, plan)
    with crew(cores() if workers is None else workers) as each:

        def trained(cells: list[Cell]) -> list[Run]:
            runs = []
            for outcome in each(train, [(data, plan, *cell) for cell in cells]):
                runs.append(outcome)
                done()
            return runs

        tuning = trained(
            [(a, lr, s, False) for a in plan.activations for lr in plan.learning_rates for s in plan.tuning_seeds]
        )
        best = {name: best_rate(tuning, name, plan) for name in plan.activations}
        final = trained([(a, best[a], s, True) for a in plan.activations for s in plan.seeds])
    return summarise(data, plan, final, costs)


def best_rate(runs: Iterable[Run], name: str, plan: Plan) -> float:
    """The learning rate with the best mean validation score; the smallest of equals."""
    own = [r for r in runs if r.activation == name]

    def mean(rate: float) -> float:
        return float(np.mean([r.validation for r in own if r.learning_rate == rate]))

    return max(plan.learning_rates, key=mean)
