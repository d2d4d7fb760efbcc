"""Many trainings of one function as one program: the members' weights are stacked, and a step is taken by all."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from statistics import median

import torch
from threadpoolctl import threadpool_limits
from torch import nn

from rheobase.catalogue import lookup
from rheobase.study.data.columns import width
from rheobase.study.data.tables import Dataset
from rheobase.study.plan import SPLIT, VALIDATION, Plan
from rheobase.study.training.architecture import layers
from rheobase.study.training.descent import OPTIMIZERS
from rheobase.study.training.stacked import Chain, Linears, many
from rheobase.study.training.train import (
    CURVE_ROWS,
    Member,
    Run,
    Split,
    Splits,
    batches,
    dropout_stream,
    evaluated,
    fitted,
    fitting,
    is_marked,
    loss_of,
    network,
    outcome,
    slope_of_loss,
    steps,
)

Tensor = torch.Tensor

#: Members trained at once, at most; what a step spends on calls hardly counts by then.
MOST = 32
#: Bytes that a step of all members of a group may touch: beyond a core's share of the caches it waits for memory.
CACHE = 12 * 2**20
#: Batches gathered at a time.
AHEAD = 16
#: Steps timed of either way, after as many that warm up.
TIMED = 5


@threadpool_limits.wrap(limits=1, user_api="blas")
def train_together(
    data: Dataset, plan: Plan, name: str, members: Sequence[Member], splits: Splits | None = None
) -> list[Run]:
    """One run per member, as `train` gives them but for rounding.

    Members are taken in groups that fit into memory; those of a seed share its table. The same members give the same
    runs to the bit, in any order and whatever becomes of one of them; among others they may be rounded differently,
    as PyTorch computes what does not fill a vector differently.
    """
    return _in_groups(_together, data, plan, name, members, splits)


def train_in_turn(
    data: Dataset, plan: Plan, name: str, members: Sequence[Member], splits: Splits | None = None
) -> list[Run]:
    """One run per member, by `train`."""
    return _in_groups(_in_turn, data, plan, name, members, splits)


#: Gives the runs of some members, with the parts of their seeds.
Way = Callable[[Dataset, Plan, str, Sequence[Member], Mapping[int, Split]], dict[Member, Run]]


def _in_groups(
    way: Way, data: Dataset, plan: Plan, name: str, members: Sequence[Member], splits: Splits | None
) -> list[Run]:
    torch.set_num_threads(1)
    runs, splits = {}, splits or Splits(data)
    for group in groups(members, *limits(data, plan)):
        runs.update(way(data, plan, name, group, splits.of(member.seed for member in group)))
    return [runs[member] for member in members]


def _together(
    data: Dataset, plan: Plan, name: str, group: Sequence[Member], parts: Mapping[int, Split]
) -> dict[Member, Run]:
    population = Population(data, plan, name, group, parts)
    curves = population.fit()
    return {
        member: outcome(data, name, member, parts[member.seed], model, curve)
        for member, model, curve in zip(population.members, population.networks(), curves, strict=True)
    }


def _in_turn(
    data: Dataset, plan: Plan, name: str, group: Sequence[Member], parts: Mapping[int, Split]
) -> dict[Member, Run]:
    found = {}
    for member in group:
        own = parts[member.seed]
        found[member] = outcome(data, name, member, own, *fitted(data, plan, name, member, own))
    return found


def limits(data: Dataset, plan: Plan) -> tuple[int, int]:
    """How many members, and how many seeds, may be trained at once."""
    rows, item = len(data.target), torch.get_default_dtype().itemsize
    widths = [width(data.features), *plan.hidden, data.outputs]
    weights = sum(a * b for a, b in pairwise(widths))
    # with gradients and both moments of Adam; of each layer what goes in and out of its function, and their gradients
    step = 4 * weights + plan.batch * (widths[0] + 4 * sum(widths[1:]))
    # the new network as well; inputs, a layer, its function and one in the making
    weights *= 5
    validation = min(rows * VALIDATION // sum(SPLIT), CURVE_ROWS) * (widths[0] + 3 * max(widths[1:]))
    most = min(MOST, max(CACHE // (step * item), 1), fitting((weights + validation) * item))
    return most, Splits(data).most


def groups(members: Sequence[Member], most: int, most_seeds: int) -> list[list[Member]]:
    """The members, seed by seed, in groups of about one size and at most so many members and seeds."""
    members = sorted(set(members), key=lambda m: m.seed)
    size = math.ceil(len(members) / math.ceil(len(members) / most))
    found: list[list[Member]] = [[]]
    for member in members:
        seeds = {m.seed for m in found[-1]} | {member.seed}
        if len(found[-1]) == size or len(seeds) > most_seeds:
            found.append([])
        found[-1].append(member)
    return found


def group(data: Dataset, plan: Plan, members: Sequence[Member]) -> list[Member]:
    """Those of the members that are trained at once, first."""
    return groups(members, *limits(data, plan))[0]


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds that a step of one network takes: trained alone, and among others."""

    alone: float
    together: float


@threadpool_limits.wrap(limits=1, user_api="blas")
def pace(data: Dataset, plan: Plan, name: str, members: Sequence[Member], splits: Splits | None = None) -> Pace:
    """How fast `train` and `train_together` are, by timing some steps of either.

    Functions with noise, which is drawn for one network, are never trained together. The answer depends on the machine
    and its load; the two ways round differently, so that a study must not mix them.
    """
    torch.set_num_threads(1)
    some = group(data, plan, members)
    parts = (splits or Splits(data)).of(member.seed for member in some)
    first = some[0]
    rows = parts[first.seed].train
    model = network(plan, name, rows[0].shape[1], data.outputs, first.seed)
    alone = _seconds(steps(model, loss_of(data), plan, first, rows))
    if lookup(name).noise is not None or len(some) == 1:
        return Pace(alone, math.inf)
    return Pace(alone, _seconds(Population(data, plan, name, some, parts).steps()) / len(some))


def _seconds(steps: Iterator[None]) -> float:
    """The median time of a step."""
    took = []
    for _ in range(2 * TIMED):
        start = time.perf_counter()
        next(steps)
        took.append(time.perf_counter() - start)
    return median(took[TIMED:])


class Population:
    """Networks side by side, each with its own learning rate and the data of its own seed.

    A seed may know fewer words of a column than another, and so have fewer features: its tables are filled up with
    zeros, and so are its weights, which stay there.
    """

    def __init__(
        self, data: Dataset, plan: Plan, name: str, members: Sequence[Member], parts: Mapping[int, Split]
    ) -> None:
        self.members = sorted(members)
        self.data, self.plan, self.name, self.parts = data, plan, name, parts
        self.inputs = max(part.train[0].shape[1] for part in parts.values())
        self.loss = loss_of(data, reduction="none")
        architecture = layers(plan, name, self.inputs, data.outputs)
        streams = {seed: dropout_stream(seed) for seed in parts}

        def draw(shape: tuple[int, ...]) -> Tensor:
            _, units, rows = shape
            return self._by_member({seed: stream((rows, units)) for seed, stream in streams.items()}).mT

        self.network = Chain(*[many(layer, len(members), draw) for layer in architecture])
        self._begin()

    def _by_member(self, by_seed: Mapping[int, Tensor]) -> Tensor:
        return torch.stack([by_seed[member.seed] for member in self.members])

    def _new(self) -> dict[int, nn.Sequential]:
        return {
            seed: network(self.plan, self.name, part.train[0].shape[1], self.data.outputs, seed)
            for seed, part in self.parts.items()
        }

    @torch.no_grad()
    def _begin(self) -> None:
        new = self._new()
        for index, member in enumerate(self.members):
            for whole, own in zip(self.network.parameters(), new[member.seed].parameters(), strict=True):
                _share(whole, index, own).copy_(own)

    @torch.no_grad()
    def networks(self) -> Iterator[nn.Sequential]:
        """An ordinary network of each member; it holds until the next is asked for."""
        models = self._new()
        for index, member in enumerate(self.members):
            for whole, own in zip(self.network.parameters(), models[member.seed].parameters(), strict=True):
                own.copy_(_share(whole, index, own))
            yield models[member.seed]

    def fit(self) -> list[list[float]]:
        """Train by the plan; gives the learning curve of each member."""
        x, y = ({seed: part.validation[k][:CURVE_ROWS] for seed, part in self.parts.items()} for k in (0, 1))
        inputs, target, curves = self._inputs(x), self._by_member(y), []
        for done, _ in enumerate(islice(self.steps(), self.plan.steps), 1):
            if is_marked(self.plan, done):
                with evaluated(self.network):
                    curves.append(self.loss(self.network(inputs), target).mean(1))
        return torch.stack(curves, 1).tolist()

    def steps(self) -> Iterator[None]:
        """Steps of training, without end."""
        rates = torch.tensor([member.learning_rate for member in self.members])
        optimizer = OPTIMIZERS[self.plan.optimizer](list(self.network.parameters()), rates)
        first, *others = self.network
        assert isinstance(first, Linears)
        rest, slope = Chain(*others), slope_of_loss(self.data)
        for x, y in self._batches():
            # a member's loss is the mean of its rows'
            first.learn(rest.backward(slope(self.network(x), y).div_(y.shape[1])))
            optimizer.step()
            yield

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        each = [_gathered(part.train, self.plan.batch, seed) for seed, part in self.parts.items()]
        for rows in zip(*each, strict=True):
            x, y = (dict(zip(self.parts, kind, strict=True)) for kind in zip(*rows, strict=True))
            yield self._inputs(x), self._by_member(y)

    def _inputs(self, x: Mapping[int, Tensor]) -> Tensor:
        """Rows of each seed, for the members of it; rows come last."""
        return self._by_member({seed: self._filled(own) for seed, own in x.items()}).mT

    def _filled(self, x: Tensor) -> Tensor:
        missing = self.inputs - x.shape[1]
        return nn.functional.pad(x, (0, missing)) if missing else x


def _gathered(rows: tuple[Tensor, Tensor], size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of a seed, taken from its table some at a time: a call takes longer than what it copies."""
    order = batches(len(rows[0]), size, seed)
    while chosen := list(islice(order, AHEAD)):
        lengths, where = [len(batch) for batch in chosen], torch.cat(chosen)
        yield from zip(*[torch.split(part.index_select(0, where), lengths) for part in rows], strict=True)


def _share(whole: Tensor, index: int, like: Tensor) -> Tensor:
    """A member's share of a stacked parameter, shaped like its own; features of other seeds are cut off."""
    return whole[index].reshape(*like.shape[:-1], -1)[..., : like.shape[-1]]
