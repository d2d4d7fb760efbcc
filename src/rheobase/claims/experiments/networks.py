"""The network and the data that experiments share: scikit-learn's digits, and linear layers with a function between."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from scipy import stats
from torch import nn

import rheobase.torch as rt

Tensor = torch.Tensor

CLASSES = 10
CONFIDENCE = 0.95


@cache
def digits() -> tuple[Tensor, Tensor]:
    """All 1797 pictures of 8 × 8 pixels, each pixel standardised, and what they show."""
    from sklearn.datasets import load_digits
    from sklearn.preprocessing import StandardScaler

    bunch = load_digits()
    x = StandardScaler().fit_transform(bunch.data)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(bunch.target)


def mlp(make: Callable[[], nn.Module], widths: tuple[int, ...], inputs: int, outputs: int) -> nn.Sequential:
    """Linear layers of these widths with a module from `make` after each, and a linear output."""
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Linear(inputs, width), make()]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


def network(name: str, widths: tuple[int, ...], seed: int, inputs: int = 64, outputs: int = CLASSES) -> nn.Sequential:
    """Such a network with the function called `name`, and weights drawn for it."""
    model = mlp(lambda: rt.module(name), widths, inputs, outputs)
    rt.init_(model, name, generator=torch.Generator().manual_seed(seed))
    return model


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    steps: int,
    seed: int,
    data: tuple[Tensor, Tensor] | None = None,
    loss: Callable[[Tensor, Tensor], Tensor] = nn.functional.cross_entropy,
    batch: int = 64,
) -> None:
    """Steps on batches drawn from `data` (default: the digits)."""
    x, y = digits() if data is None else data
    drawn = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        rows = torch.randint(len(x), (batch,), generator=drawn)
        optimizer.zero_grad()
        torch.autograd.backward(loss(model(x[rows]), y[rows]))
        optimizer.step()


def interval(values: np.ndarray | list[float]) -> tuple[float, float, float]:
    """The mean over seeds, and its 95 % interval (Student's t)."""
    found = np.asarray(values, dtype=np.float64)
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(found) - 1) * stats.sem(found))
    return float(found.mean()), float(found.mean()) - half, float(found.mean()) + half
