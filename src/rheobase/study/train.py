"""One training: a function, a learning rate and a seed in, a plain record out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

import rheobase.torch as rt
from rheobase.catalogue import lookup
from rheobase.doctor.health import Health, health
from rheobase.study.data import Dataset, numeric
from rheobase.study.plan import TEST, TRAIN, VALIDATION, Plan

Tensor = torch.Tensor

#: Points of a learning curve.
CURVE = 20
#: Training rows on which a trained network's health is taken, at most.
EXAMINED = 4096


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
        x = torch.tensor(np.asarray(encoder.transform(data.features.iloc[where])), dtype=torch.float32)
        y = (data.target[where] - middle) / scale
        return x, torch.tensor(y, dtype=torch.int64 if data.task == "classes" else torch.float32)

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


def hidden_unit(name: str) -> rt.Activation:
    """The module of the function as a study trains it: straight-through where it has no slope of its own."""
    return rt.module(name, **({"straight_through": True} if lookup(name).straight_through else {}))


def network(plan: Plan, name: str, inputs: int, outputs: int, seed: int) -> nn.Sequential:
    """Linear layers with the function between them; the raw weights depend on the seed alone."""
    layers: list[nn.Module] = []
    for width in plan.hidden:
        layers += [nn.Linear(inputs, width), hidden_unit(name)]
        inputs = width
    model = nn.Sequential(*layers, nn.Linear(inputs, outputs))
    rt.init_(model, name, generator=torch.Generator().manual_seed(seed))
    return model


def loss_of(data: Dataset) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss that contains the output's activation: softmax, sigmoid or identity."""
    if data.task == "classes":
        return nn.functional.cross_entropy
    plain = nn.functional.mse_loss if data.task == "regression" else nn.functional.binary_cross_entropy_with_logits
    return lambda out, y: plain(out.squeeze(1), y)


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
    share = TEST / (TRAIN + VALIDATION + TEST)
    return 0.0 if data.task == "regression" else 1 / math.ceil(share * len(data.target))


def worst(data: Dataset) -> float:
    """The score of a diverged run."""
    return -1.0 if data.task == "regression" else 0.0


def train(data: Dataset, plan: Plan, name: str, learning_rate: float, seed: int, final: bool) -> Run:
    """Train once; test score and health (on training data) are taken from final runs only."""
    torch.set_num_threads(1)
    parts = split(data, seed)
    model = network(plan, name, parts.train[0].shape[1], data.outputs, seed)
    loss = loss_of(data)
    curve = _fit(model, loss, parts, plan, learning_rate, seed)
    validation, test = score(data, model, parts.validation), score(data, model, parts.test)
    diverged = math.isnan(validation) or math.isnan(test)
    validation, test = (worst(data) if diverged else max(found, worst(data)) for found in (validation, test))
    guessing = chance(data, parts.test[1])
    x, y = (part[:EXAMINED] for part in parts.train)
    return Run(
        name,
        learning_rate,
        seed,
        validation,
        test if final else math.nan,
        diverged or test <= guessing + 1e-6,
        guessing,
        curve,
        health(model, x, y, loss) if final and not diverged else None,
    )


def _fit(
    model: nn.Module,
    loss: Callable[[Tensor, Tensor], Tensor],
    parts: Split,
    plan: Plan,
    learning_rate: float,
    seed: int,
) -> NDArray[np.float64]:
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    order = torch.Generator().manual_seed(seed + 1)
    (x, y), curve = parts.train, []
    rows = torch.empty(0, dtype=torch.int64)
    for step in range(plan.steps):
        if len(rows) == 0:
            rows = torch.randperm(len(x), generator=order)
        batch, rows = rows[: plan.batch], rows[plan.batch :]
        optimizer.zero_grad()
        torch.autograd.backward(loss(model(x[batch]), y[batch]))
        optimizer.step()
        if (step + 1) % max(plan.steps // CURVE, 1) == 0:
            with torch.no_grad():
                curve.append(float(loss(model(parts.validation[0]), parts.validation[1])))
    return np.array(curve)
