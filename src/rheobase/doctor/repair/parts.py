"""Modules that a repair puts into a model."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from rheobase.errors import UnsupportedInput

Tensor = torch.Tensor


class Standardised(nn.Module):
    """A model whose first input is standardised by the features of the first batch it sees."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.statistics: tuple[Tensor, Tensor] | None = None

    def forward(self, x: Tensor, *others: Any) -> Any:
        """The model at (x - mean)/deviation."""
        if self.statistics is None:
            places = [0, *range(2, x.dim())]
            deviation = x.std(dim=places, keepdim=True, correction=0)
            self.statistics = x.mean(dim=places, keepdim=True), torch.where(deviation > 0, deviation, 1)
        mean, deviation = self.statistics
        return self.model((x - mean) / deviation, *others)


def normalised(model: nn.Module) -> nn.Module:
    """The model with a normalisation after each linear and convolutional layer but the last."""
    paths = [path for path, layer in model.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    if len(paths) < 2:
        raise UnsupportedInput("the model has no hidden linear or convolutional layer to normalise")
    for path in paths[:-1]:
        prefix, _, name = path.rpartition(".")
        layer = model.get_submodule(path)
        setattr(model.get_submodule(prefix), name, nn.Sequential(layer, _norm(layer)))
    return model


def _norm(layer: nn.Module) -> nn.Module:
    return nn.BatchNorm2d(layer.out_channels) if isinstance(layer, nn.Conv2d) else nn.LayerNorm(_width(layer))


def _width(layer: Any) -> int:
    return int(layer.out_features)
