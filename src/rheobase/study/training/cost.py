"""What a training step with rheobase's modules costs: time and peak memory, against a reference, interleaved."""

from __future__ import annotations

import math
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, islice

import torch

from rheobase.study.data.tables import Dataset
from rheobase.study.plan import COST_REFERENCE, Plan
from rheobase.study.training.train import Member, Split, loss_of, network, split, steps
from rheobase.torch.allocations import Allocations

ROUNDS, STEPS = 15, 8
#: Rounds before those that are measured.
WARM_UP = 2
#: Steps until there are gradients, the optimizer's state and a whole batch: the second may be the rest of a table.
FIRST = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """A training step against the reference's.

    time: the median over the rounds of the ratio to the reference in the same round. noise: the interquartile range
    of those ratios. memory: the ratio of the most bytes that tensors take in a step: weights, gradients, the
    optimizer's state, what forward keeps for backward, and what operations need for a moment. (The memory of a whole
    process, PyTorch's half a gigabyte included, differs by more from start to start than from function to function.)
    """

    time: float
    noise: float
    memory: float


#: Of what was not measured.
UNKNOWN = Cost(math.nan, math.nan, math.nan)


def step_costs(data: Dataset, plan: Plan) -> dict[str, Cost]:
    """What a step of the plan's network costs with each function: best called in a process that does nothing else."""
    torch.set_num_threads(1)
    parts, names = split(data, 0), dict.fromkeys([COST_REFERENCE, *plan.activations])
    begin = {name: partial(_training, data, plan, name, parts) for name in names}
    visits = {name: partial(_seconds, begun()) for name, begun in begin.items()}
    rounds = list(islice(in_turns(visits), WARM_UP + ROUNDS))[WARM_UP:]
    peak, reference = {name: _peak(begun) for name, begun in begin.items()}, [took[COST_REFERENCE] for took in rounds]
    return {
        name: Cost(*compared([took[name] for took in rounds], reference), peak[name] / peak[COST_REFERENCE])
        for name in plan.activations
    }


def compared(times: Sequence[float], reference: Sequence[float]) -> tuple[float, float]:
    """Median and interquartile range of the ratios, round by round."""
    low, middle, high = statistics.quantiles([own / its for own, its in zip(times, reference, strict=True)], n=4)
    return middle, high - low


def in_turns(visits: Mapping[str, Callable[[], float]]) -> Iterator[dict[str, float]]:
    """What each visit gives, round by round without end; each round begins with another."""
    names = list(visits)
    for turn in count():
        first = turn % len(names)
        yield {name: visits[name]() for name in names[first:] + names[:first]}


def _training(data: Dataset, plan: Plan, name: str, parts: Split) -> Iterator[None]:
    """Steps at a rate at which nothing diverges: numbers that are none, or tiny ones, have a speed of their own."""
    model = network(plan, name, parts.train[0].shape[1], data.outputs, 0)
    return steps(model, loss_of(data), plan, Member(min(plan.learning_rates), 0, False), parts.train)


def _seconds(training: Iterator[None]) -> float:
    start = time.perf_counter()
    _take(training, STEPS)
    return time.perf_counter() - start


def _take(training: Iterator[None], steps: int) -> None:
    deque(islice(training, steps), maxlen=0)


def _peak(begin: Callable[[], Iterator[None]]) -> int:
    """The most bytes that tensors take from the building of the network on; the table of the data is left out."""
    taken = Allocations()
    with taken.recorded():
        _take(begin(), FIRST)
    return taken.highest()
