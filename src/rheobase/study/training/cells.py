"""What a study still has to train, given what it has: cells, and the jobs that train them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rheobase.study.plan import Plan

if TYPE_CHECKING:
    from rheobase.study.training.train import Run

#: Learning rates that are added to all functions' at a time, and how often.
WIDER, EXTENSIONS = 2, 2
#: Seeds whose trainings are one job. It does not depend on how many seeds there are: a study that is given more
#: seeds later must train them as it would have.
BLOCK = 10


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One training. Those that are final are scored on the test part, the others choose the learning rate."""

    activation: str
    learning_rate: float
    seed: int
    final: bool

    @property
    def label(self) -> str:
        """What its files are called."""
        part = "final" if self.final else "tuning"
        return f"{self.activation}.{part}.seed{self.seed}.lr{self.learning_rate!r}"


#: Cells of one function that are trained together.
Job = tuple[Cell, ...]
Runs = Mapping[Cell, "Run"]


def in_words(job: Job) -> str:
    """Which trainings a job is.

    >>> in_words((Cell("tanh", 0.1, 3, True),))
    'tanh, learning rate 0.1, seed 3'
    >>> in_words(tuple(Cell("tanh", rate, seed, False) for rate in (1e-4, 1e-3) for seed in (1000, 1001)))
    'tanh, learning rates 0.0001 to 0.001, seeds 1000 to 1001'
    """
    rates, seeds = ([getattr(cell, name) for cell in job] for name in ("learning_rate", "seed"))
    return f"{job[0].activation}, {_span('learning rate', rates)}, {_span('seed', seeds)}"


def _span(noun: str, values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    return f"{noun} {low:.4g}" if low == high else f"{noun}s {low:.4g} to {high:.4g}"


def wanted(plan: Plan, runs: Runs) -> list[Job]:
    """The jobs that can be done now; none: the study is complete.

    First all learning rates of the plan; then, while some function's best lies at an end of them, two rates more at
    that end for every function; then the final seeds at each function's best rate.
    """
    tuning = _missing(_tuning(plan, tried(plan, runs)), runs)
    return tuning or _missing(_final(plan, best_rates(plan, runs)), runs)


def tried(plan: Plan, runs: Runs) -> tuple[float, ...]:
    """The learning rates that are tried, as far as can be told now."""
    rates = plan.learning_rates
    for _ in range(EXTENSIONS):
        if _missing(_tuning(plan, rates), runs):
            break
        rates = _wider(rates, _best(plan, runs, rates).values())
    return rates


def best_rates(plan: Plan, runs: Runs) -> dict[str, float]:
    """The learning rate with the best mean validation score, by function; the smallest of equals."""
    return _best(plan, runs, tried(plan, runs))


def in_all(plan: Plan, runs: Runs) -> int:
    """Trainings of the study, as far as can be told now."""
    return len(plan.activations) * (len(tried(plan, runs)) * len(plan.tuning_seeds) + len(plan.seeds))


def done(plan: Plan, runs: Runs) -> int:
    """Those of them that are done."""
    rates, seeds = tried(plan, runs), {True: set(plan.seeds), False: set(plan.tuning_seeds)}
    return sum(
        c.activation in plan.activations and c.seed in seeds[c.final] and (c.final or c.learning_rate in rates)
        for c in runs
    )


def _best(plan: Plan, runs: Runs, rates: Sequence[float]) -> dict[str, float]:
    def mean(name: str, rate: float) -> float:
        return float(np.mean([runs[Cell(name, rate, s, False)].validation for s in plan.tuning_seeds]))

    return {name: max(rates, key=lambda rate: mean(name, rate)) for name in plan.activations}


def _wider(rates: tuple[float, ...], best: Iterable[float]) -> tuple[float, ...]:
    found, ratio = set(best), rates[1] / rates[0] if len(rates) > 1 else 10**0.5
    low = [rates[0] / ratio**k for k in range(WIDER, 0, -1)] if rates[0] in found else []
    high = [rates[-1] * ratio**k for k in range(1, WIDER + 1)] if rates[-1] in found else []
    return (*low, *rates, *high)


def _tuning(plan: Plan, rates: Sequence[float]) -> list[Job]:
    """One job per function for the rates of the plan, one for the two that are added at a time."""
    added = [rate for rate in rates if rate not in plan.learning_rates]
    return [
        tuple(Cell(name, rate, seed, False) for rate in some for seed in plan.tuning_seeds)
        for some in (plan.learning_rates, *_in_blocks(added, WIDER))
        for name in plan.activations
    ]


def _final(plan: Plan, best: Mapping[str, float]) -> list[Job]:
    return [
        tuple(Cell(name, best[name], seed, True) for seed in seeds)
        for seeds in _in_blocks(plan.seeds, BLOCK)
        for name in plan.activations
    ]


def _in_blocks(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[k : k + size] for k in range(0, len(items), size)]


def _missing(jobs: Iterable[Job], runs: Runs) -> list[Job]:
    return [job for job in jobs if not all(cell in runs for cell in job)]
