"""Recycling: dead units are given new incoming weights while the network trains (ReDo, Sokar et al. 2023)."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from rheobase.activation import get
from rheobase.doctor.observe.case import sites
from rheobase.doctor.records import Counts, SiteStatistics
from rheobase.doctor.rules.units import dead
from rheobase.doctor.watch import watch
from rheobase.torch.initialise import fan_in

Tensor = torch.Tensor
#: Layers whose units are rows of the weight.
_ROWS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


class Recycling:
    """Called after each step of an optimizer: looks for dead units every so many steps, and draws them anew."""

    def __init__(self, model: nn.Module, every: int, seen: watch) -> None:
        self.model, self.every, self.seen, self.steps = model, every, seen, 0

    def __call__(self, optimizer: torch.optim.Optimizer) -> None:
        """One step more."""
        self.steps += 1
        if self.steps % self.every == 0:
            for site in sites(self.seen.listener):
                if site.nature.rectifies:
                    self._renew(site, dead(site), optimizer)

    def _renew(self, site: SiteStatistics, units: Counts, optimizer: torch.optim.Optimizer) -> None:
        layer = dict(self.model.named_modules()).get(site.layer)
        if not len(units) or not isinstance(layer, _ROWS):
            return
        rows = torch.as_tensor(units, device=layer.weight.device)
        draw_anew(layer, rows, get(site.function).gain())
        for parameter in layer.parameters():
            forget(optimizer, parameter, rows)
        # they are young again, and have to be silent for as long as before to be called dead
        self.seen.listener.tallies[site.path, site.function, site.call].since[rows] = 0


@torch.no_grad()
def draw_anew(layer: Any, rows: Tensor, gain: float) -> None:
    """Weights of units from N(0, gain²/fan_in), biases 0."""
    fresh = torch.randn(len(rows), *layer.weight.shape[1:], dtype=layer.weight.dtype, device=layer.weight.device)
    layer.weight[rows] = fresh * (gain / math.sqrt(fan_in(layer)))
    if layer.bias is not None:
        layer.bias[rows] = 0.0


def forget(optimizer: torch.optim.Optimizer, parameter: nn.Parameter, rows: Tensor) -> None:
    """Set the optimizer's running averages of these rows to 0."""
    for value in optimizer.state.get(parameter, {}).values():
        if isinstance(value, Tensor) and value.shape == parameter.shape:
            value[rows] = 0.0
