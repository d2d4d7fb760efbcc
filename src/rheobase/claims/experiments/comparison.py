"""Is one function better than another? Studies on scikit-learn's sets, as `rheobase study` makes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rheobase import study
from rheobase.claims.record import Measured, Picture
from rheobase.study.conduct import jobs_for, trained
from rheobase.study.decision.statistics import estimate
from rheobase.study.ledger.record import cell_of
from rheobase.study.training.cells import Cell, best_rates
from rheobase.study.training.train import Run, Splits, one_row

DATA = ("digits", "breast_cancer", "wine", "diabetes")
#: Small networks, and five learning rates, to which the study adds where the best lies at an end.
RATES, HIDDEN = tuple(10 ** (k / 2) for k in range(-7, -2)), (32, 32)


def better(name: str, baseline: str, data: Sequence[str] = DATA, seed: int = 0, seeds: int = 10) -> Measured:
    """On how many sets does `name` score better than the baseline, and on how many worse, beyond chance?

    Paired differences of accuracy (R² for quantities) in hundredths, each function at its own best learning rate.
    """
    numbers: dict[str, float] = {}
    found = {table: _difference(name, baseline, table, seed, seeds) for table in data}
    for table, (mean, low, high) in found.items():
        numbers |= {f"{table}": mean, f"{table}, at least": low, f"{table}, at most": high}
    numbers["sets"] = float(len(data))
    numbers["better on"] = float(sum(low > 0 for _, low, _ in found.values()))
    numbers["worse on"] = float(sum(high < 0 for _, _, high in found.values()))
    numbers["not better on"] = numbers["sets"] - numbers["better on"]
    numbers["undecided on"] = numbers["sets"] - numbers["better on"] - numbers["worse on"]
    numbers["gain at most, where it gains least"] = min(high for _, _, high in found.values())
    ends = {table: ([low, mean, high], ()) for table, (mean, low, high) in found.items()}
    return Measured(numbers, Picture(f"score: difference to {baseline}, in hundredths", "", ends, kind="intervals"))


def _difference(name: str, baseline: str, table: str, seed: int, seeds: int) -> tuple[float, float, float]:
    """The mean paired difference and its interval, in hundredths."""
    data, plan = study.load(table), study.make([name], baseline, seeds, hidden=HIDDEN)
    plan = replace(plan, learning_rates=RATES, tuning_seeds=tuple(s + seed for s in plan.tuning_seeds),
                   seeds=tuple(s + seed for s in plan.seeds))  # fmt: skip
    # one program for all: which way is faster depends on the machine, and the two round differently
    runs: dict[Cell, Run] = {}
    source = Splits(data)
    together = dict.fromkeys(plan.activations, True)
    while jobs := jobs_for(data, plan, runs):
        runs |= {cell_of(run): run for job in jobs for run in trained(source, plan, together, job)}
    rates = best_rates(plan, runs)
    mine, theirs = (np.array([runs[Cell(n, rates[n], s, True)].test for s in plan.seeds]) for n in (name, baseline))
    found = estimate(mine - theirs, one_row(data))
    return 100 * found.mean, 100 * found.ci[0], 100 * found.ci[1]
