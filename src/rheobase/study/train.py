"""One training: a function, a learning rate and a seed in, a plain record out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from rheobase.study.architecture import Draw, layers, one
from rheobase.study.data import Dataset, numeric
from rheobase.study.plan import SPLIT, TEST, TRAIN, VALIDATION, Optimizer, Plan

Tensor = torch.Tensor

#: Points of a learning curve.
CURVE = 20
#: Training rows on which a trained network's health is taken, at most.
EXAMINED = 4096

OPTIMIZERS: Mapping[Optimizer, type[Any]] = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}


@dataclass(frozen=True)
class Run:
    """The outcome of one training. A diverged run has the worst score and counts; `chance` is what guessing scores."""

    activation: str
    learning_rate: float
    seed: int
    validation: float
    test: float
    failed: bool
    chance: float
    curve: NDArray[np.float64]
    health: Health | None


class Member(NamedTuple):
    """What tells one training of a function from another. final: it gives scores, and chooses no learning rate."""

    learning_rate: float
    seed: int
    final: bool


@dataclass(frozen=True)
class Split:
    """Standardised tensors of one seed: features and target of train, validation and test."""

    train: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


def split(data: Dataset, seed: int) -> Split:
    """The parts of a seed, stratified for classes; what is learnt from features is learnt from the training part."""
    from sklearn.model_selection import train_test_split

    strata = None if data.task == "regression" else data.target
    rows = np.arange(len(data.target))
    rest, test = train_test_split(
        rows, test_size=TEST / (TRAIN + VALIDATION + TEST), random_state=seed, stratify=strata
    )
    inner = None if strata is None else strata[rest]
    train, validation = train_test_split(
        rest, test_size=VALIDATION / (TRAIN + VALIDATION), random_state=seed, stratify=inner
    )
    encoder = _encoder(data).fit(data.features.iloc[train])
    middle, scale = (data.target[train].mean(), data.target[train].std() or 1.0) if strata is None else (0, 1)

    def part(where: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        x = torch.tensor(np.asarray(encoder.transform(data.features.iloc[where])), dtype=torch.get_default_dtype())
        y = (data.target[where] - middle) / scale
        return x, torch.tensor(y, dtype=torch.int64 if data.task == "classes" else x.dtype)

    return Split(part(train), part(validation), part(test))


def _encoder(data: Dataset):  # type: ignore[no-untyped-def]
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = numeric(data.features)
    other = [c for c in data.features.columns if c not in numbers]
    for_numbers = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    for_words = make_pipeline(
        SimpleImputer(strategy="most_frequent", keep_empty_features=True),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    return ColumnTransformer([("numbers", for_numbers, numbers), ("words", for_words, other)])


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
def score(data: Dataset, model: nn.Module, part: tuple[Tensor, Tensor]) -> float:
    """Accuracy, or R² for quantities; NaN if the network's output is."""
    x, y = part
    out = model(x)
    if not out.isfinite().all():
        return math.nan
    if data.task == "regression":
        return float(1 - (out.squeeze(1) - y).pow(2).sum() / (y - y.mean()).pow(2).sum())
    guess = out.argmax(1) if data.task == "classes" else (out.squeeze(1) > 0).float()
    return float((guess == y).float().mean())


def chance(data: Dataset, y: Tensor) -> float:
    """The best that one answer for all rows scores on the targets `y`: the commonest class, or the mean."""
    return 0.0 if data.task == "regression" else float(y.long().bincount().max() / len(y))


def one_row(data: Dataset) -> float:
    """What one test row is worth in the score; 0 for R², which does not count rows."""
    return 0.0 if data.task == "regression" else 1 / math.ceil(TEST / sum(SPLIT) * len(data.target))


def worst(data: Dataset) -> float:
    """The score of a diverged run."""
    return -1.0 if data.task == "regression" else 0.0


def train(data: Dataset, plan: Plan, name: str, learning_rate: float, seed: int, final: bool) -> Run:
    """Train once; test score and health (on training data) are taken from final runs only."""
    torch.set_num_threads(1)
    member, parts = Member(learning_rate, seed, final), split(data, seed)
    return outcome(data, name, member, parts, *fitted(data, plan, name, member, parts))


def fitted(data: Dataset, plan: Plan, name: str, member: Member, parts: Split) -> tuple[nn.Sequential, list[float]]:
    """A network trained by the plan, and its learning curve."""
    model = network(plan, name, parts.train[0].shape[1], data.outputs, member.seed)
    loss, curve = loss_of(data), []
    # functions with noise take it from the numbers of the process
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(member.seed)
        for done, _ in enumerate(islice(steps(model, loss, plan, member, parts.train), plan.steps), 1):
            if is_marked(plan, done):
                with evaluated(model):
                    curve.append(float(loss(model(parts.validation[0]), parts.validation[1])))
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
    validation, test = score(data, model, parts.validation), score(data, model, parts.test)
    diverged = math.isnan(validation) or math.isnan(test)
    validation, test = (worst(data) if diverged else max(found, worst(data)) for found in (validation, test))
    guessing = chance(data, parts.test[1])
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
    )
