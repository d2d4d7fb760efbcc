"""Data that scikit-learn ships or makes: standardised unless a fault asks otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from sklearn import datasets


@dataclass(frozen=True)
class Data:
    """x of shape (N, features); y class numbers, or quantities of shape (N, 1). raw: x before it was scaled."""

    name: str
    x: torch.Tensor
    y: torch.Tensor
    raw: torch.Tensor
    classes: int

    @property
    def features(self) -> int:
        return self.x.shape[1]

    @property
    def outputs(self) -> int:
        return self.classes or 1


SOURCES: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
    "digits": lambda: datasets.load_digits(return_X_y=True),
    "breast_cancer": lambda: datasets.load_breast_cancer(return_X_y=True),
    "wine": lambda: datasets.load_wine(return_X_y=True),
    "diabetes": lambda: datasets.load_diabetes(return_X_y=True, scaled=False),
    "moons": lambda: datasets.make_moons(1200, noise=0.2, random_state=0),
    "blobs": lambda: datasets.make_blobs(1000, centers=4, n_features=8, cluster_std=4.0, random_state=1),
    "classification": lambda: datasets.make_classification(1500, 20, n_informative=10, n_classes=3, random_state=2),
    "circles": lambda: datasets.make_circles(1200, noise=0.1, factor=0.5, random_state=3),
    "friedman": lambda: datasets.make_friedman1(1200, noise=0.5, random_state=4),
    "regression": lambda: datasets.make_regression(1000, 12, n_informative=8, noise=5.0, random_state=5),
}
REGRESSION = ("diabetes", "friedman", "regression")


@cache
def load(name: str) -> Data:
    raw, y = SOURCES[name]()
    x = (raw - raw.mean(axis=0)) / np.where(raw.std(axis=0) > 0, raw.std(axis=0), 1)
    if name in REGRESSION:
        y = ((y - y.mean()) / y.std())[:, None]
    target = torch.tensor(y, dtype=torch.float32 if name in REGRESSION else torch.long)
    classes = 0 if name in REGRESSION else int(y.max()) + 1
    return Data(name, *(torch.tensor(v, dtype=torch.float32) if v is not y else target for v in (x, y, raw)), classes)
