"""Which activation function for this data? A fair comparison, told honestly."""

from __future__ import annotations

import math
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed

import numpy as np

from rheobase.study.cost import step_costs
from rheobase.study.data import Dataset, StudyError, load
from rheobase.study.plan import Plan, make
from rheobase.study.results import Results, summarise
from rheobase.study.train import Run, train

__all__ = ["Dataset", "Plan", "Results", "Run", "StudyError", "load", "make", "run"]

Cell = tuple[str, float, int, bool]


def run(data: Dataset, plan: Plan, done: Callable[[], None] = lambda: None, workers: int | None = None) -> Results:
    """Carry out `plan` on `data`; `done` is called after each training.

    Trainings run in `workers` processes of one thread each (default: one per core; 0: in this process).
    """
    costs = step_costs(data, plan)
    count = len(os.sched_getaffinity(0)) if workers is None else workers
    tuning_cells = [
        (a, lr, s, False) for a in plan.activations for lr in plan.learning_rates for s in plan.tuning_seeds
    ]
    tuning = list(_train(data, plan, tuning_cells, done, count))
    best = {name: best_rate(tuning, name, plan) for name in plan.activations}
    final = list(_train(data, plan, [(a, best[a], s, True) for a in plan.activations for s in plan.seeds], done, count))
    return summarise(data, plan, tuning, final, costs)


def best_rate(runs: Iterable[Run], name: str, plan: Plan) -> float:
    """The learning rate with the best mean validation score; the smallest of equals."""
    own = [r for r in runs if r.activation == name]

    def mean(rate: float) -> float:
        return float(np.mean([r.validation for r in own if math.isclose(r.learning_rate, rate)]))

    return max(plan.learning_rates, key=mean)


def _train(data: Dataset, plan: Plan, cells: list[Cell], done: Callable[[], None], workers: int) -> Iterator[Run]:
    if workers == 0:
        for cell in cells:
            yield train(data, plan, *cell)
            done()
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        for future in as_completed([pool.submit(train, data, plan, *cell) for cell in cells]):
            yield future.result()
            done()
