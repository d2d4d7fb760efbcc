"""Is an output near 0 or 1 a probability? How sure networks are, and how often they are right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from scipy.special import expit
from scipy.stats import bootstrap
from sklearn import datasets
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn

from rheobase.claims.experiments.networks import network, train
from rheobase.claims.record import Measured, Picture

WIDTHS, STEPS = (64, 64), 300
#: An output is near an end where it is this close to 0 or 1.
NEAR = 0.05
BINS = 10
#: The share of the rows that are tested: a third of those that train, as `rheobase.study` has it.
TEST = 0.25

#: Features and labels of train, then of test.
Parts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def overconfident(hidden: str, seed: int = 0, seeds: int = 20) -> Measured:
    """Errors among outputs within 0.05 of 0 or 1: stated and made, on the test parts of three sets with two classes.

    A network with a sigmoid output, trained to the end, and logistic regression, which is one sigmoid.
    """
    parts_of = [list(tables(s)) for s in range(seed, seed + seeds)]
    found = {
        "network": [[_by_network(hidden, parts, s) for parts in each] for s, each in enumerate(parts_of, seed)],
        "logistic regression": [[_by_regression(parts) for parts in each] for each in parts_of],
    }
    numbers: dict[str, float] = {}
    lines = {}
    for who, by_seed in found.items():
        joined = [tuple(map(np.concatenate, zip(*pairs, strict=True))) for pairs in by_seed]
        stated, made = np.array([_near(p, y) for p, y in joined]).T
        numbers |= {f"stated error, {who}": float(stated.mean()), f"error made, {who}": float(made.mean())}
        times = bootstrap((made, stated), _ratio, paired=True, vectorized=True, rng=np.random.default_rng(seed))
        numbers[f"times the stated error, {who}"] = float(_ratio(made, stated))
        numbers |= {f"at least, {who}": float(times.confidence_interval.low)}
        numbers |= {f"at most, {who}": float(times.confidence_interval.high)}
        p, y = map(np.concatenate, zip(*joined, strict=True))
        numbers[f"calibration error, {who}"], lines[who] = calibration_error(p, y), reliability(p, y)
    lines["perfect"] = ([0.0, 1.0], [0.0, 1.0])
    return Measured(numbers, Picture("output", "share of class 1", lines))


def _ratio(made: np.ndarray, stated: np.ndarray, axis: int = -1) -> np.ndarray:
    return made.mean(axis) / stated.mean(axis)


def tables(seed: int) -> Iterator[Parts]:
    """Two classes from scikit-learn's sets: tumours, odd digits, and diabetes that goes on above the median."""
    cancer, digits, diabetes = datasets.load_breast_cancer(), datasets.load_digits(), datasets.load_diabetes()
    for x, y in ((cancer.data, cancer.target), (digits.data, digits.target % 2),
                 (diabetes.data, diabetes.target > np.median(diabetes.target))):  # fmt: skip
        a, b, ya, yb = train_test_split(x, y.astype(float), test_size=TEST, random_state=seed, stratify=y)
        scaler = StandardScaler().fit(a)
        yield scaler.transform(a), ya, scaler.transform(b), yb


def _by_network(hidden: str, parts: Parts, seed: int) -> tuple[np.ndarray, np.ndarray]:
    x, y, test, truth = (torch.tensor(part, dtype=torch.float32) for part in parts)
    model = network(hidden, WIDTHS, seed, x.shape[1], 1)
    loss = nn.functional.binary_cross_entropy_with_logits
    train(model, torch.optim.Adam(model.parameters(), lr=0.003), STEPS, seed, (x, y[:, None]), loss)
    return torch.sigmoid(model(test)).detach().numpy().ravel(), truth.numpy()


def _by_regression(parts: Parts) -> tuple[np.ndarray, np.ndarray]:
    x, y, test, truth = parts
    return expit(LogisticRegression(max_iter=1000).fit(x, y).decision_function(test)), truth


def _near(p: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Among outputs near an end: the error they state, and the share that is on the wrong side."""
    near = np.minimum(p, 1 - p) < NEAR
    return float(np.minimum(p, 1 - p)[near].mean()), float(((p > 0.5) != (y > 0.5))[near].mean())


def calibration_error(p: np.ndarray, y: np.ndarray) -> float:
    """The expected calibration error: |mean output - share of class 1| over ten bins, weighted by their rows."""
    bins = np.minimum((p * BINS).astype(int), BINS - 1)
    return float(sum(abs((p - y)[bins == b].sum()) for b in range(BINS)) / len(p))


def reliability(p: np.ndarray, y: np.ndarray) -> tuple[list[float], list[float]]:
    """The mean output and the share of class 1 in each bin."""
    bins = np.minimum((p * BINS).astype(int), BINS - 1)
    full = [b for b in range(BINS) if (bins == b).any()]
    return [float(p[bins == b].mean()) for b in full], [float(y[bins == b].mean()) for b in full]
