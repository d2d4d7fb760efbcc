"""Weights for the activation function that a network actually uses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from rheobase.activation import get
from rheobase.errors import DefinitionError

_UPWARDS = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, *_UPWARDS)


@torch.no_grad()
def init_(model: nn.Module, name: str, generator: torch.Generator | None = None, first: str | None = None) -> list[str]:
    """Draw the weights of linear and convolutional layers for the activation called `name`, in place.

    w ~ N(0, gain²/fan_in) with gain = 1/√E[f(z)²], z ~ N(0, 1), so that the second moment of the
    signal is kept from layer to layer; the first layer, which sees the input and not f, has gain 1.
    It is the one registered first, or the one called `first` where the model uses them in another
    order. Biases become 0. Inputs are taken to be standardised. Returns the names of the layers set.

    Raises DefinitionError if the model has no such layer, or a lazy one that has not run yet.

    >>> import torch, rheobase.torch as rt
    >>> rt.init_(torch.nn.Sequential(torch.nn.Linear(4, 8), rt.SiLU(), torch.nn.Linear(8, 2)), "silu")
    ['0', '2']
    """
    gain = get(name).gain()
    layers = {path: layer for path, layer in model.named_modules() if isinstance(layer, _WEIGHTED)}
    _check(layers, first)
    first = first if first is not None else next(iter(layers))
    for path, layer in layers.items():
        deviation = (1.0 if path == first else gain) / math.sqrt(fan_in(layer))
        _set(layer, torch.empty_like(layer.weight).normal_(0.0, deviation, generator=generator))
    return list(layers)


def fan_in(layer: Any) -> float:
    """How many inputs an output of the layer adds up; the mean over places for a transposed convolution."""
    if isinstance(layer, _UPWARDS):
        taps = math.prod(layer.kernel_size) / math.prod(layer.stride)
        return float(layer.in_channels // layer.groups * taps)
    return float(layer.weight[0].numel())


def _check(layers: Mapping[str, Any], first: str | None) -> None:
    if not layers:
        raise DefinitionError("the model has no linear or convolutional layer to initialise")
    if first is not None and first not in layers:
        raise DefinitionError(f"no linear or convolutional layer is called {first!r}; there are: {', '.join(layers)}")
    for path, layer in layers.items():
        if isinstance(layer.weight, nn.UninitializedParameter):
            raise DefinitionError(f"layer {path!r} does not know its shape yet: run the model once before init_")


def _set(layer: Any, weight: torch.Tensor) -> None:
    if is_parametrized(layer, "weight"):
        layer.weight = weight  # goes through the parametrisation to the tensors behind it
    else:
        layer.weight.copy_(weight)
    if layer.bias is not None:
        layer.bias.zero_()
