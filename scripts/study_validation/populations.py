"""Where simulated scores come from: several kinds of chance, and in none of them is a function better than another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rheobase.study.data.splits import FOLDS, OVERLAP
from rheobase.study.plan import SPLIT, TRAIN

Array = NDArray[np.float64]
Random = np.random.Generator

LEVEL, SPREAD = 0.8, 0.01
#: Test rows of a small set: a fifth of iris.
FEW_ROWS = 30
#: Rows of the tables that regressions are fitted to, and how far apart their two classes lie along each feature.
TABLE, APART = 200, 0.3


@dataclass(frozen=True)
class Population:
    """A kind of scores. draw: those of one study, by function and seed; rows: test rows, where scores count them."""

    name: str
    draw: Callable[[Random, int, int], Array]
    rows: int | None = None

    @property
    def row(self) -> float:
        """What a test row is worth."""
        return 1 / self.rows if self.rows else 0.0


def _paired(noise: Callable[[Random, tuple[int, int]], Array]) -> Callable[[Random, int, int], Array]:
    """Each seed has a luck that all functions share; the rest is their own."""

    def draw(random: Random, functions: int, seeds: int) -> Array:
        shared = random.normal(size=seeds)
        return LEVEL + SPREAD * (shared + noise(random, (functions, seeds)))

    return draw


def _overlapping(random: Random, shape: tuple[int, int]) -> Array:
    """What the scores of one function have in common over seeds is just what the corrected variance assumes."""
    return random.normal(size=shape) + random.normal(0, OVERLAP**0.5, (shape[0], 1))


def _diverging(random: Random, shape: tuple[int, int]) -> Array:
    """One run in twenty is thirty spreads worse."""
    return random.normal(size=shape) - 30 * (random.random(shape) < 1 / 20)


def _counted(random: Random, functions: int, seeds: int) -> Array:
    """Shares of a few test rows: many ties."""
    chance = np.clip(LEVEL + 0.05 * random.normal(size=seeds), 0, 1)
    return random.binomial(FEW_ROWS, chance, (functions, seeds)) / FEW_ROWS


def _drawn(random: Random, seeds: int) -> NDArray[np.int64]:
    """Rows in an order of each seed's own, of which the last are its test rows."""
    return np.argsort(random.random((seeds, TABLE)), 1)


def _folded(random: Random, seeds: int) -> NDArray[np.int64]:
    """The same where seeds take turns as folds of one order, and then of the next."""
    turns, size = np.arange(seeds) % FOLDS, TABLE // FOLDS
    orders = _drawn(random, -(-seeds // FOLDS)).repeat(FOLDS, 0)[:seeds]
    return np.array([np.roll(order, turn * size) for order, turn in zip(orders, turns, strict=True)])


def regressions(
    random: Random, functions: int, seeds: int, columns: int, split: Callable[[Random, int], NDArray[np.int64]]
) -> Array:
    """Accuracy of least-squares classifiers fitted to resampled splits of one table, drawn anew for each study.

    Every function sees `columns` columns of its own, all alike in distribution: over tables none is better, but on
    one table one is, by luck, and as the splits of all seeds share its rows, no number of seeds would show that it
    is luck.
    """
    y = random.choice([-1.0, 1.0], TABLE)
    x = APART * y[:, None] + random.normal(size=(functions, TABLE, columns))
    x = np.concatenate([x, np.ones((functions, TABLE, 1))], 2)
    order = split(random, seeds)
    train, test = order[:, : TABLE * TRAIN // sum(SPLIT)], order[:, -(TABLE // FOLDS) :]
    a, b = x[:, train], y[train]
    weights = np.linalg.solve(a.mT @ a, a.mT @ b[..., None])
    return np.asarray((np.sign(x[:, test] @ weights)[..., 0] == y[test]).mean(2))


_REGRESSIONS = [
    Population(
        f"regressions on {columns} columns, {name}", partial(regressions, columns=columns, split=split), TABLE // FOLDS
    )
    for name, split in (("splits drawn anew", _drawn), ("repeated folds", _folded))
    for columns in (4, 40)
]

POPULATIONS = (
    Population("normal, seeds independent", _paired(lambda random, shape: random.normal(size=shape))),
    Population("heavy tails (Student's t, 3 degrees)", _paired(lambda random, shape: random.standard_t(3, shape))),
    Population("one run in twenty diverges", _paired(_diverging)),
    Population(f"accuracy on {FEW_ROWS} test rows", _counted, FEW_ROWS),
    Population("normal, splits overlap", _paired(_overlapping)),
    *_REGRESSIONS,
)
