"""What a study trains next: tuning, wider where the best lies at an end, then final seeds; nothing twice."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from rheobase.study.plan import Plan
from rheobase.study.training.cells import EXTENSIONS, WIDER, Cell, best_rates, done, in_all, tried, wanted
from rheobase.study.training.train import Run

PLAN = Plan(("relu", "tanh"), learning_rates=(1e-3, 1e-2, 1e-1), tuning_seeds=(1000, 1001), seeds=tuple(range(12)))


def outcome(cell: Cell, score: float) -> Run:
    test = score if cell.final else math.nan
    return Run(cell.activation, cell.learning_rate, cell.seed, score, test, False, 0.1, np.ones(3), None)


def carried_out(plan: Plan, score: Callable[[Cell], float]) -> tuple[dict[Cell, Run], list[Cell]]:
    """All runs of a plan, and the cells in the order in which they were asked for."""
    runs: dict[Cell, Run] = {}
    order: list[Cell] = []
    while jobs := wanted(plan, runs):
        for job in jobs:
            assert len({(c.activation, c.final) for c in job}) == 1
            order += job
            runs |= {cell: outcome(cell, score(cell)) for cell in job}
        assert done(plan, runs) <= in_all(plan, runs)
    return runs, order


def peak(at: float) -> Callable[[Cell], float]:
    return lambda cell: -abs(math.log10(cell.learning_rate) - at)


def test_a_best_rate_inside_needs_no_more_rates() -> None:
    runs, order = carried_out(PLAN, peak(-2))
    assert tried(PLAN, runs) == PLAN.learning_rates
    assert best_rates(PLAN, runs) == {"relu": 1e-2, "tanh": 1e-2}
    assert len(order) == len(set(order)) == in_all(PLAN, runs) == done(PLAN, runs) == 2 * (3 * 2 + 12)
    tuning = [cell.final for cell in order]
    assert tuning == sorted(tuning), "final seeds come last"
    assert not {c.seed for c in order if c.final} & {c.seed for c in order if not c.final}


@pytest.mark.parametrize(("at", "low"), [(-4, True), (0, False)])
def test_a_best_rate_at_an_end_widens_the_grid_of_every_function(at: float, low: bool) -> None:
    runs, order = carried_out(PLAN, lambda c: peak(at if c.activation == "tanh" else -2)(c))
    rates = tried(PLAN, runs)
    assert len(rates) == 3 + WIDER
    assert (rates[0] < 1e-3) == low
    assert {c.learning_rate for c in order if c.activation == "relu" and not c.final} == set(rates)
    best = best_rates(PLAN, runs)
    assert best["relu"] == 1e-2
    assert math.log10(best["tanh"]) == pytest.approx(at)


def test_the_grid_is_not_widened_for_ever() -> None:
    runs, _ = carried_out(PLAN, lambda c: -c.learning_rate)
    assert len(tried(PLAN, runs)) == 3 + WIDER * EXTENSIONS
    assert best_rates(PLAN, runs)["relu"] == tried(PLAN, runs)[0]


def test_more_seeds_add_jobs_and_change_none() -> None:
    few, many = PLAN, replace(PLAN, seeds=tuple(range(30)))
    runs, _ = carried_out(few, peak(-2))
    first = [job for job in wanted(many, {c: r for c, r in runs.items() if not c.final}) if job[0].activation == "relu"]
    assert [len(job) for job in first] == [10, 10, 10]
    left = {c for job in wanted(many, runs) for c in job}
    assert {c.seed for c in left} == set(range(10, 30)), "the block that was cut short is trained as a whole"
    assert wanted(few, carried_out(many, peak(-2))[0]) == []
