"""Many trainings of one function as one program: the members' weights are stacked, and a step is taken by all."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, pairwise
from statistics import median
from typing import Any

import torch
from torch import nn

from rheobase.catalogue import lookup
from rheobase.study.architecture import built, layers, many
from rheobase.study.columns import width
from rheobase.study.data import Dataset
from rheobase.study.plan import SPLIT, VALIDATION, Plan
from rheobase.study.train import (
    CURVE_ROWS,
    OPTIMIZERS,
    Member,
    Run,
    Split,
    batches,
    dropout_stream,
    evaluated,
    is_marked,
    loss_of,
    network,
    outcome,
    split,
    steps,
)

Tensor = torch.Tensor

#: Members trained at once, at most; with more, their weights and gradients leave the processor's caches.
MOST = 32
#: Bytes that the tables of a group's seeds may take, and again its members with what they compute on validation data;
#: one seed and one member are trained whatever they take.
MEMORY = 2**30
#: Steps timed of either way, after as many that warm up.
TIMED = 5


def train_together(data: Dataset, plan: Plan, name: str, members: Sequence[Member]) -> list[Run]:
    """One run per member, as `train` gives them but for rounding.

    Members are taken in groups that fit into memory; those of a seed share its table. The same members give the same
    runs to the bit, in any order and whatever becomes of one of them; among others they are rounded differently, for
    the matrix products of MKL depend on where a matrix lies.
    """
    torch.set_num_threads(1)
    runs: dict[Member, Run] = {}
    for group in groups(members, *limits(data, plan)):
        parts = {seed: split(data, seed) for seed in dict.fromkeys(m.seed for m in group)}
        population = Population(data, plan, name, group, parts)
        curves = population.fit()
        for member, model, curve in zip(population.members, population.networks(), curves, strict=True):
            runs[member] = outcome(data, name, member, parts[member.seed], model, curve)
    return [runs[member] for member in members]


def limits(data: Dataset, plan: Plan) -> tuple[int, int]:
    """How many members, and how many seeds, may be trained at once."""
    rows, item = len(data.target), torch.get_default_dtype().itemsize
    widths = [width(data.features), *plan.hidden, data.outputs]
    # weights, gradients, both moments of Adam and the new network; inputs, a layer, its function and one in the making
    weights = 5 * sum(a * b for a, b in pairwise(widths))
    validation = min(rows * VALIDATION // sum(SPLIT), CURVE_ROWS) * (widths[0] + 3 * max(widths[1:]))
    table = rows * (widths[0] + 1)
    return min(MOST, _fitting((weights + validation) * item)), _fitting(table * item)


def _fitting(size: int) -> int:
    return max(MEMORY // size, 1)


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


def pace(data: Dataset, plan: Plan, name: str, members: Sequence[Member]) -> Pace:
    """How fast `train` and `train_together` are, by timing some steps of either.

    Functions with noise, which is drawn for one network, are never trained together. The answer depends on the machine
    and its load; the two ways round differently, so that a study must not mix them.
    """
    torch.set_num_threads(1)
    some = group(data, plan, members)
    parts = {seed: split(data, seed) for seed in dict.fromkeys(m.seed for m in some)}
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
        # neighbours of one learning rate make one group of the optimizer
        self.members = sorted(members)
        self.data, self.plan, self.name, self.parts = data, plan, name, parts
        self.inputs = max(part.train[0].shape[1] for part in parts.values())
        self.loss = loss_of(data, reduction="none")
        architecture = layers(plan, name, self.inputs, data.outputs)
        streams = {seed: dropout_stream(seed) for seed in parts}

        def draw(shape: tuple[int, ...]) -> Tensor:
            _, units, rows = shape
            return self._by_member({seed: stream((rows, units)) for seed, stream in streams.items()}).mT

        self.network = built(architecture, lambda layer: many(layer, len(members), draw))
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
        curves = []
        for done, _ in enumerate(islice(self.steps(), self.plan.steps), 1):
            if is_marked(self.plan, done):
                with evaluated(self.network):
                    curves.append(self._losses(x, y))
        return torch.stack(curves, 1).tolist()

    def steps(self) -> Iterator[None]:
        """Steps of training, without end."""
        optimizer, parameters = self._optimizer(), list(self.network.parameters())
        for batch in self._batches():
            found = torch.autograd.grad(self._losses(*batch).sum(), parameters)
            # the fused optimizers take it for granted that gradients lie as parameters do
            gradients = [gradient.contiguous() for gradient in found]
            for group in optimizer.param_groups:
                for own, gradient in zip(group["params"], gradients, strict=True):
                    own.grad = gradient[group["members"]]
            optimizer.step()
            yield

    def _batches(self) -> Iterator[tuple[dict[int, Tensor], dict[int, Tensor]]]:
        orders = [batches(len(part.train[0]), self.plan.batch, seed) for seed, part in self.parts.items()]
        for rows in zip(*orders, strict=True):
            chosen = list(zip(self.parts.items(), rows, strict=True))
            x, y = ({seed: part.train[k].index_select(0, batch) for (seed, part), batch in chosen} for k in (0, 1))
            yield x, y

    def _losses(self, x: Mapping[int, Tensor], y: Mapping[int, Tensor]) -> Tensor:
        """The mean loss of each member on rows of its seed."""
        inputs = self._by_member({seed: self._filled(own) for seed, own in x.items()})
        target = self._by_member(y)
        return self.loss(self.network(inputs.mT), target).mean(1)

    def _filled(self, x: Tensor) -> Tensor:
        missing = self.inputs - x.shape[1]
        return nn.functional.pad(x, (0, missing)) if missing else x

    def _optimizer(self) -> Any:
        """PyTorch's own, on shares of the stacked parameters: a learning rate per group of members."""
        spans, begin = [], 0
        for rate, same in groupby(self.members, key=lambda m: m.learning_rate):
            end = begin + len(list(same))
            own = [p.detach()[begin:end] for p in self.network.parameters()]
            spans.append({"params": own, "lr": rate, "members": slice(begin, end)})
            begin = end
        return OPTIMIZERS[self.plan.optimizer](spans, lr=0.0, fused=True)


def _share(whole: Tensor, index: int, like: Tensor) -> Tensor:
    """A member's share of a stacked parameter, shaped like its own; features of other seeds are cut off."""
    return whole[index].reshape(*like.shape[:-1], -1)[..., : like.shape[-1]]
