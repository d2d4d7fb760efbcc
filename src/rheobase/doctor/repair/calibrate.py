"""Layers whose outputs are divided by what they were at first (as LSUV does to weights: Mishkin & Matas 2016).

Dividing the outputs, not the weights, also takes back a factor that the model's own code multiplies them with: steps of
the optimizer are then as large, in what reaches the function, as they would be without the factor.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from rheobase.doctor.observe.case import sites
from rheobase.doctor.observe.kept import left_as_it_was
from rheobase.doctor.observe.listener import Listener
from rheobase.doctor.records import SiteStatistics

Tensor = torch.Tensor


@torch.no_grad()
def calibrate(model: nn.Module, inputs: tuple[Any, ...]) -> None:
    """Divide layer after layer, until its function is reached by deviation 1 on `inputs`; their biases become 0."""
    for path in dict.fromkeys(site.layer for site in _seen(model, inputs) if site.role == "hidden" and site.layer):
        layer = model.get_submodule(path)
        if isinstance(bias := getattr(layer, "bias", None), Tensor):
            bias.zero_()
        met = next(site for site in _seen(model, inputs) if site.layer == path)
        if 0 < met.z_deviation < math.inf:
            layer.register_forward_hook(_divided(met.z_deviation))


def _divided(by: float) -> Callable[[nn.Module, Any, Tensor], Tensor]:
    return lambda layer, given, output: output / by


def _seen(model: nn.Module, inputs: tuple[Any, ...]) -> tuple[SiteStatistics, ...]:
    listener = Listener(model, lambda *_: None)
    with left_as_it_was(model), listener.attached(), listener.begin(inputs):
        listener.end(model.forward(*inputs))
    return sites(listener)
