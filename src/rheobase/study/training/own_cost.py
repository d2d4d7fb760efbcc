"""What the user's own training function costs with each activation: the time between its reports, in turns."""

from __future__ import annotations

import math
import time
from concurrent.futures import TimeoutError
from contextlib import suppress
from functools import partial
from itertools import pairwise
from statistics import median

import torch

from rheobase.named import function_named
from rheobase.study.plan import COST_REFERENCE, Plan
from rheobase.study.training.architecture import hidden_unit
from rheobase.study.training.cost import UNKNOWN, Cost, compared, in_turns
from rheobase.study.training.own import Context, Own
from rheobase.workers import crew

#: Reports of a visit, and seconds after which it need not have so many.
REPORTS, VISIT = 12, 2.0
#: Rounds at most and at least, and seconds after which the least will do.
ROUNDS, FEWEST, ENOUGH = 11, 3, 30.0
#: Seconds after which it is given up.
PATIENCE = 240.0
#: Reports before those that count: first steps take longer.
WARM_UP = 2


class ShownEnough(BaseException):
    """Ends a training in its middle. It is no Exception: a training function that catches those must not go on."""


class Stopwatch(Context):
    """What a training function is given while it is timed; it ends the training."""

    def __init__(self) -> None:
        super().__init__(None)
        self.moments = [time.perf_counter()]

    def report(self, step: float, value: float) -> None:
        """Note when."""
        self.moments.append(time.perf_counter())
        seen = len(self.moments) - 1
        if seen >= REPORTS or (seen > WARM_UP and self.moments[-1] - self.moments[0] > VISIT):
            raise ShownEnough

    @property
    def seconds(self) -> float:
        """Between two reports; of the whole training, now at its end, if it gave too few."""
        counted = self.moments[WARM_UP:]
        if len(counted) < 2:
            return time.perf_counter() - self.moments[0]
        return median(b - a for a, b in pairwise(counted))


def own_costs(own: Own, plan: Plan, workers: int) -> dict[str, Cost]:
    """By function, from short runs in a process that does nothing else; NaN where it was too slow to be measured."""
    try:
        with crew(min(workers, 1), own, plan, patience=PATIENCE) as each:
            [rounds] = each(visits, [()])
    except TimeoutError:
        return dict.fromkeys(plan.activations, UNKNOWN)
    reference = [took[COST_REFERENCE] for took in rounds]
    return {n: Cost(*compared([took[n] for took in rounds], reference), math.nan) for n in plan.activations}


def visits(own: Own, plan: Plan) -> list[dict[str, float]]:
    """Seconds between reports in short runs of the training function, by round and activation function."""
    torch.set_num_threads(1)
    names = dict.fromkeys([COST_REFERENCE, *plan.activations])
    rounds, start = [], time.monotonic()
    for took in in_turns({name: partial(_visit, own, plan, name) for name in names}):
        rounds.append(took)
        if len(rounds) == ROUNDS or (len(rounds) >= FEWEST and time.monotonic() - start > ENOUGH):
            break
    return rounds


def _visit(own: Own, plan: Plan, name: str) -> float:
    watch, seed = Stopwatch(), plan.tuning_seeds[0]
    torch.manual_seed(seed)
    with suppress(ShownEnough):
        function_named(own.name)(partial(hidden_unit, name), min(plan.learning_rates), seed, watch)
    return watch.seconds
