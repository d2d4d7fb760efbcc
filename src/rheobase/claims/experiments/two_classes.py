"""Hidden tanh and an output sigmoid for two classes, and what else one may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from rheobase.claims.experiments.calibration import Parts, tables
from rheobase.claims.experiments.networks import network, train
from rheobase.claims.record import Measured, Picture
from rheobase.study.decision.statistics import estimate, holm, p_value

Tensor = torch.Tensor

WIDTHS, STEPS = (32, 32), 150
RATES, TUNING = (0.001, 0.003, 0.01, 0.03, 0.1), 3
SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Output:
    """The end of a network for two classes: how many numbers, the loss, and which of them mean class 1."""

    size: int
    loss: Callable[[Tensor, Tensor], Tensor]
    says_one: Callable[[Tensor], Tensor]


OUTPUTS = {
    "sigmoid": Output(
        1, lambda z, y: nn.functional.binary_cross_entropy_with_logits(z[:, 0], y), lambda z: z[:, 0] > 0
    ),
    "softmax": Output(2, lambda z, y: nn.functional.cross_entropy(z, y.long()), lambda z: z[:, 1] > z[:, 0]),
    "tanh": Output(1, lambda z, y: nn.functional.mse_loss(z.tanh()[:, 0], 2 * y - 1), lambda z: z[:, 0] > 0),
}


def compared(hidden: str, output: str, others: tuple[tuple[str, str], ...], seed: int = 0, seeds: int = 10) -> Measured:
    """Accuracy on three sets against the commonest class, and against other hidden and output functions.

    Each at the best of five learning rates on three other seeds; differences paired by seed, p-values by Holm.
    """
    scores = {pair: _scores(*pair, seed, seeds) for pair in ((hidden, output), *others)}
    mine, majority, rows = scores[hidden, output], _majority(seed, seeds), [1 / len(p[3]) for p in tables(seed)]
    gains = [estimate(gain, row) for gain, row in zip((mine - majority).T, rows, strict=True)]
    names = {f"{h} + {o}": scores[h, o] for h, o in others}
    apart = {f"{n}, set {k}": (s - mine)[:, k] for n, s in names.items() for k in range(len(rows))}
    p = holm({case: p_value(gap, rows[int(case[-1])]) for case, gap in apart.items()})
    clear = [float(gap.mean()) for case, gap in apart.items() if p[case] < SIGNIFICANT]
    gaps = {n: estimate((s - mine).mean(1)) for n, s in names.items()}
    ends = {n: ([100 * gap.ci[0], 100 * gap.mean, 100 * gap.ci[1]], ()) for n, gap in gaps.items()}
    picture = Picture(f"difference to {hidden} + {output}, in hundredths", "", ends, kind="intervals")
    return Measured({
        "accuracy": float(mine.mean()),
        "accuracy of the commonest class": float(majority.mean()),
        "least gain over it, at least": min(g.ci[0] for g in gains),
        "comparisons": float(len(p)),
        "clearly better": float(sum(d > 0 for d in clear)),
        "clearly worse": float(sum(d < 0 for d in clear)),
        "another is ahead by at most": max((gap.ci[1] for gap in gaps.values()), default=0.0),
        **{f"accuracy of {n}": float(s.mean()) for n, s in names.items()},
    }, picture if others else None)  # fmt: skip


def _majority(seed: int, seeds: int) -> np.ndarray:
    """What always guessing the commoner class scores, by seed and data set."""
    return np.array([[max(p[3].mean(), 1 - p[3].mean()) for p in tables(s)] for s in range(seed, seed + seeds)])


def _scores(hidden: str, output: str, seed: int, seeds: int) -> np.ndarray:
    """Test accuracy by seed and data set."""
    rates = _best_rates(hidden, output, seed + 1000)
    return np.array([
        [_accuracy(hidden, output, p, rate, s) for p, rate in zip(tables(s), rates, strict=True)]
        for s in range(seed, seed + seeds)
    ])  # fmt: skip


def _best_rates(hidden: str, output: str, seed: int) -> list[float]:
    """The learning rate with the best mean accuracy, by data set."""
    found = [
        [[_accuracy(hidden, output, parts, rate, s) for rate in RATES] for parts in tables(s)]
        for s in range(seed, seed + TUNING)
    ]
    return [RATES[k] for k in np.mean(found, 0).argmax(1)]


def _accuracy(hidden: str, output: str, parts: Parts, rate: float, seed: int) -> float:
    x, y, test, truth = (torch.tensor(part, dtype=torch.float32) for part in parts)
    end = OUTPUTS[output]
    model = network(hidden, WIDTHS, seed, x.shape[1], end.size)
    train(model, torch.optim.Adam(model.parameters(), lr=rate), STEPS, seed, (x, y), end.loss)
    with torch.no_grad():
        return float((end.says_one(model(test)) == (truth > 0.5)).float().mean())
