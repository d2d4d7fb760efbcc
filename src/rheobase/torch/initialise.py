"""Weights for the activation function that a network actually uses."""

from __future__ import annotations

import math

import torch
from torch import nn

from rheobase.activation import get

_WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


@torch.no_grad()
def init_(model: nn.Module, name: str, generator: torch.Generator | None = None) -> list[str]:
    """Draw the weights of linear and convolutional layers for the activation called `name`, in place.

    w ~ N(0, gain²/fan_in) with gain = 1/√E[f(z)²], z ~ N(0, 1), so that the second moment of the
    signal is kept from layer to layer; the first layer, which sees the input and not f, has gain 1.
    Biases become 0. Inputs are taken to be standardised. Returns the names of the layers set.

    >>> import torch, rheobase.torch as rt
    >>> rt.init_(torch.nn.Sequential(torch.nn.Linear(4, 8), rt.SiLU(), torch.nn.Linear(8, 2)), "silu")
    ['0', '2']
    """
    gain = get(name).gain()
    done: list[str] = []
    for path, layer in model.named_modules():
        if not isinstance(layer, _WEIGHTED):
            continue
        fan_in = layer.weight[0].numel()
        layer.weight.normal_(0.0, (gain if done else 1.0) / math.sqrt(fan_in), generator=generator)
        if layer.bias is not None:
            layer.bias.zero_()
        done.append(path)
    return done
