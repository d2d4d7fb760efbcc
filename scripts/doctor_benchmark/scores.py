"""How good a trained network is: shares, 1 at best, that can be compared with and without a fault."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from sklearn.metrics import roc_auc_score
from torch import nn

Tensor = torch.Tensor
Metric = Callable[[nn.Module, Tensor, Tensor], float]

#: Shares explained that are far below 0 count as this.
WORST = -1.0


@torch.no_grad()
def _output(model: nn.Module, x: Tensor) -> Tensor:
    model.eval()
    output = model(x)
    model.train()
    return output


def score(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Accuracy, area under the curve for one output, or share of variance explained; 0 where outputs are not finite."""
    return _scored(_output(model, x), y)


def alone(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """The same, of rows that come one at a time, as they do in use: for faults that read other rows of the batch."""
    return _scored(torch.cat([_output(model, row[None]) for row in x]), y)


def likelihood(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """1 - cross-entropy over that of a guess, the outputs read as the loss reads them (logits, log-probabilities).

    For faults that leave the order of the classes as it is, and spoil what is said of their probabilities.
    """
    output = _output(model, x)
    if output.shape[1] == 1:
        loss, rate = F.binary_cross_entropy_with_logits(output[:, 0], y.float()), y.float().mean()
        guess = F.binary_cross_entropy(rate.expand(len(y)), y.float())
    else:
        rates = torch.bincount(y, minlength=output.shape[1]) / len(y)
        loss, guess = F.cross_entropy(output, y), torch.special.entr(rates).sum()
    return max(float(1 - loss / guess), WORST) if torch.isfinite(loss) else 0.0


def _scored(output: Tensor, y: Tensor) -> float:
    if not torch.isfinite(output).all():
        return 0.0
    if y.is_floating_point():
        return max(float(1 - (output - y).pow(2).mean() / y.var()), WORST)
    if output.shape[1] == 1:
        return float(roc_auc_score(y, output[:, 0]))
    return float((output.argmax(dim=1) == y).float().mean())
