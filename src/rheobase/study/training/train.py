"""One training: a function, a learning rate and a seed in, a plain record out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

import rheobase.torch as rt
from rheobase.doctor.health import Health, health
from rheobase.study.data.columns import width
from rheobase.study.data.encoding import encoded
from rheobase.study.data.metrics import Numbers, of_output
from rheobase.study.data.splits import parts as rows_of
from rheobase.study.data.splits import smallest_test
from rheobase.study.data.tables import Dataset
from rheobase.study.plan import Optimizer, Plan
from rheobase.study.training.architecture import Draw, layers, one

Tensor = torch.Tensor

#: Points of a learning curve.
CURVE = 20
#: Training rows on which a trained network's health is taken, at most.
EXAMINED = 4096
#: Validation rows on which a learning curve is drawn, at most.
CURVE_ROWS = 10_000
#: Bytes that the parts of all seeds in use may take, and again the networks with what they compute on validation data;
#: one seed and one network are trained whatever they take.
MEMORY = 2**30
#: Rows that a trained network is given at once.
BLOCK = 65_536

OPTIMIZERS: Mapping[Optimizer, type[Any]] = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}


@dataclass(frozen=True)
class Run:
    """The outcome of one training.

    A diverged run has the worst score and counts. chance: what guessing scores. second: what is shown beside the test
    score, in the target's units for quantities. at: the steps that points of the curve were reported at, by a training
    function of the user's own; None: they are evenly spaced.
    """

    activation: str
    learning_rate: float
    seed: int
    validation: float
    test: float
    failed: bool
    chance: float
    curve: NDArray[np.float64]
    health: Health | None
    second: float = math.nan
    at: NDArray[np.float64] | None = None


class Member(NamedTuple):
    """What tells one training of a function from another. final: it gives scores, and chooses no learning rate."""

    learning_rate: float
    seed: int
    final: bool


@dataclass(frozen=True)
class Split:
    """Standardised tensors of one seed: features and target of train, validation and test.

    scale: how many of the target's own units a unit of a standardised quantity is.
    """

    train: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    scale: float = 1.0


def split(data: Dataset, seed: int) -> Split:
    """The parts of a seed, stratified for classes; what is learnt from features is learnt from the training part."""
    where = rows_of(len(data.target), None if data.task == "regression" else data.target, seed)
    features = encoded(data.features, where)
    middle, scale = 0.0, 1.0
    if data.task == "regression":
        middle, scale = data.target[where.train].mean(), data.target[where.train].std() or 1.0
    kind = torch.int64 if data.task == "classes" else torch.get_default_dtype()
    targets = [torch.tensor((data.target[rows] - middle) / scale, dtype=kind) for rows in where]
    train, validation, test = zip(features, targets, strict=True)
    return Split(train, validation, test, float(scale))


class Splits:
    """The parts of a table's seeds. As many as fit into memory are kept, since other functions are trained on them."""

    def __init__(self, data: Dataset) -> None:
        self.data = data
        self.most = fitting(len(data.target) * (width(data.features) + 1) * torch.get_default_dtype().itemsize)
        self.held: dict[int, Split] = {}

    def __reduce__(self) -> tuple[type[Splits], tuple[Dataset]]:
        """Another process makes its own."""
        return Splits, (self.data,)

    def of(self, seeds: Iterable[int]) -> dict[int, Split]:
        """The parts of each seed."""
        wanted = dict.fromkeys(seeds)
        others = [seed for seed in self.held if seed not in wanted]
        # those that were not asked for longest go, before more come
        for seed in others[: max(len(others) + len(wanted) - self.most, 0)]:
            del self.held[seed]
        for seed in wanted:
            self.held[seed] = self.held.pop(seed) if seed in self.held else split(self.data, seed)
        return {seed: self.held[seed] for seed in wanted}


def fitting(size: int) -> int:
    """How many things of so many bytes fit into the memory for them: at least one."""
    return max(MEMORY // size, 1)


def network(plan: Plan, name: str, inputs: int, outputs: int, seed: int) -> nn.Sequential:
    """The plan's network with the function between its layers; the raw weights depend on the seed alone."""
    stream = dropout_stream(seed)
    model = nn.Sequential(*[one(layer, stream) for layer in layers(plan, name, inputs, outputs)])
    rt.init_(model, name, generator=torch.Generator().manual_seed(seed))
    return model


def dropout_stream(seed: int) -> Draw:
    """Where dropout takes its numbers from."""
    generator = torch.Generator().manual_seed(seed + 2)
    return lambda shape: torch.rand(shape, generator=generator)


def batches(rows: int, size: int, seed: int) -> Iterator[Tensor]:
    """Which of `rows` rows make each batch, without end: every row once, in a new order, and again."""
    order = torch.Generator().manual_seed(seed + 1)
    while True:
        chosen = torch.randperm(rows, generator=order)
        yield from (chosen[first : first + size] for first in range(0, rows, size))


def loss_of(data: Dataset, reduction: str = "mean") -> Callable[[Tensor, Tensor], Tensor]:
    """The loss that contains the output's activation: softmax, sigmoid or identity."""
    if data.task == "classes":
        return partial(nn.functional.cross_entropy, reduction=reduction)
    plain = nn.functional.mse_loss if data.task == "regression" else nn.functional.binary_cross_entropy_with_logits
    return lambda out, y: plain(out.squeeze(1), y, reduction=reduction)


def slope_of_loss(data: Dataset) -> Callable[[Tensor, Tensor], Tensor]:
    """The gradient of a row's loss by its output: the output's activation, less the target."""
    if data.task == "classes":
        return lambda out, y: torch.softmax(out, 1).scatter_(1, y.unsqueeze(1), -1.0, reduce="add")
    if data.task == "regression":
        return lambda out, y: 2 * (out - y.unsqueeze(1))
    return lambda out, y: torch.sigmoid(out) - y.unsqueeze(1)


@torch.no_grad()
def scores(data: Dataset, model: nn.Module, part: tuple[Tensor, Tensor]) -> tuple[float, float]:
    """The study's metric, and what is shown beside it; NaN if the network's output is."""
    x, y = part
    # a layer's output for a million rows at once would be many times the table
    output = torch.cat([model(block) for block in torch.split(x, BLOCK)])
    if not output.isfinite().all():
        return math.nan, math.nan
    answer, truth = oriented(data, output.double().numpy(), y.numpy())
    metric, second = data.scored, data.second
    return of_output(metric, answer, truth), of_output(second, answer, truth) if second else math.nan


def oriented(data: Dataset, output: Numbers, truth: Numbers) -> tuple[Numbers, Numbers]:
    """Of two classes, the rarer one is what is looked for."""
    return (-output, 1 - truth) if data.task == "two classes" and data.rarer == 0 else (output, truth)


def one_row(data: Dataset) -> float:
    """What one test row is worth in the score; 0 where rows are not counted."""
    return 1 / smallest_test(len(data.target)) if data.scored.counts_rows else 0.0


def train(data: Dataset, plan: Plan, name: str, learning_rate: float, seed: int, final: bool) -> Run:
    """Train once; test score and health (on training data) are taken from final runs only."""
    torch.set_num_threads(1)
    member, parts = Member(learning_rate, seed, final), split(data, seed)
    return outcome(data, name, member, parts, *fitted(data, plan, name, member, parts))


def fitted(data: Dataset, plan: Plan, name: str, member: Member, parts: Split) -> tuple[nn.Sequential, list[float]]:
    """A network trained by the plan, and its learning curve."""
    model = network(plan, name, parts.train[0].shape[1], data.outputs, member.seed)
    loss, curve = loss_of(data), []
    x, y = (part[:CURVE_ROWS] for part in parts.validation)
    # functions with noise take it from the numbers of the process
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(member.seed)
        for done, _ in enumerate(islice(steps(model, loss, plan, member, parts.train), plan.steps), 1):
            if is_marked(plan, done):
                with evaluated(model):
                    curve.append(float(loss(model(x), y)))
    return model, curve


def steps(
    model: nn.Module,
    loss: Callable[[Tensor, Tensor], Tensor],
    plan: Plan,
    member: Member,
    rows: tuple[Tensor, Tensor],
) -> Iterator[None]:
    """Steps of training, without end."""
    x, y = rows
    optimizer = OPTIMIZERS[plan.optimizer](model.parameters(), lr=member.learning_rate, fused=True)
    for batch in batches(len(x), plan.batch, member.seed):
        optimizer.zero_grad()
        torch.autograd.backward(loss(model(x[batch]), y[batch]))
        optimizer.step()
        yield


def is_marked(plan: Plan, done: int) -> bool:
    """Whether the learning curve has a point after so many steps."""
    return done % max(plan.steps // CURVE, 1) == 0


@contextmanager
def evaluated(model: nn.Module) -> Iterator[None]:
    """In the block, dropout and noise are at rest and no gradients are prepared."""
    model.eval()
    with torch.no_grad():
        yield
    model.train()


def outcome(
    data: Dataset, name: str, member: Member, parts: Split, model: nn.Sequential, curve: Sequence[float]
) -> Run:
    """What a trained network is worth."""
    model.eval()
    (validation, _), (test, second) = scores(data, model, parts.validation), scores(data, model, parts.test)
    diverged = math.isnan(validation) or math.isnan(test)
    if diverged:
        validation, test, second = _worst(data, parts)
    _, truth = oriented(data, np.empty(0), parts.test[1].numpy())
    guessing = data.scored.chance(truth)
    x, y = (part[:EXAMINED] for part in parts.train)
    return Run(
        name,
        member.learning_rate,
        member.seed,
        validation,
        test if member.final else math.nan,
        diverged or test <= guessing + 1e-6,
        guessing,
        np.array(curve),
        health(model, x, y, loss_of(data)) if member.final and not diverged else None,
        second * (parts.scale if data.task == "regression" else 1.0),
    )


def _worst(data: Dataset, parts: Split) -> tuple[float, float, float]:
    """Validation and test score of a diverged run, and what stands beside the test score."""
    (_, validation), (_, test), second = parts.validation, parts.test, data.second
    worst = data.scored.worst
    return worst(validation.numpy()), worst(test.numpy()), second.worst(test.numpy()) if second else math.nan
