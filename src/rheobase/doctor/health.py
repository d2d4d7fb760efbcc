"""A network's health in four numbers, from the same measurements and definitions as the findings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from rheobase.doctor.check import check
from rheobase.doctor.records import Counts, SiteStatistics
from rheobase.doctor.rules.beginning import decades_lost
from rheobase.doctor.rules.units import dead, shift


@dataclass(frozen=True, slots=True)
class Health:
    """What the activations of a network did on a batch; shares are means over the sites, 0 without any.

    dead: share of units of rectifiers that never left the flat side. saturated: share of places on the flat sides, for
    functions that are not meant to be silent. mean_shift: (E f)²/E f², the share of the signal that is offset.
    gradient_decades: log₁₀ of the gradient at the last hidden site over that at the first. histograms: counts of the
    pre-activations at each site, in `rheobase.doctor.records.EDGES`.
    """

    dead: float
    saturated: float
    mean_shift: float
    gradient_decades: float
    histograms: tuple[Counts, ...]


def health(model: nn.Module, x: torch.Tensor, y: Any, loss: Callable[..., Any]) -> Health:
    """The health of `model` on x, with the gradient of loss(model(x), y); the model is left as it was.

    >>> import torch
    >>> torch.manual_seed(0); net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    <torch._C.Generator object at ...>
    >>> health(net, torch.randn(64, 4), torch.zeros(64, 1), torch.nn.functional.mse_loss).dead
    0.0
    """
    return of(check(model, (x, y), loss).sites)


def of(sites: Sequence[SiteStatistics]) -> Health:
    """The health that these sites show."""
    return Health(
        dead=_mean([len(dead(s)) / s.units if s.nature.rectifies else 0.0 for s in sites]),
        saturated=_mean([0.0 if s.nature.rectifies else float(s.flat.mean()) for s in sites]),
        mean_shift=_mean([shift(s) for s in sites]),
        gradient_decades=decades_lost(sites),
        histograms=tuple(s.histogram for s in sites),
    )


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else 0.0
