"""Our functions on PyTorch tensors and on NumPy arrays, and a copy: the speed of memory."""

from __future__ import annotations

import numpy as np
import torch

from rheobase.activation import of
from rheobase.bench import tensors
from rheobase.bench.plan import FORWARD, IN_PLACE
from rheobase.bench.work import Entries, Work, again, room
from rheobase.definition import Definition

Tensor = torch.Tensor


def on_torch(definition: Definition) -> Entries:
    """On tensors."""
    function = of(definition)

    def over(x: Tensor, **weights: Tensor) -> Tensor:
        result: Tensor = function(x, out=x, **weights)
        return result

    return tensors.entries(definition, function, over)


def on_numpy(definition: Definition) -> Entries:
    """On arrays, into another array and in place; there is no backward pass."""
    function = of(definition)

    def forward(x: Tensor) -> Work:
        out = np.empty_like(function(x.numpy()))
        return Work(lambda array: function(array, out=out), again(x.numpy()))

    def in_place(x: Tensor) -> Work:
        bank = np.empty((room(x), *x.shape), np.float32)

        def inputs(count: int) -> list[np.ndarray]:
            bank[:count] = x.numpy()
            return list(bank[:count])

        return Work(lambda array: function(array, out=array), inputs, most=len(bank))

    return {FORWARD: forward, IN_PLACE: in_place}


def copy(_: Definition) -> Entries:
    """PyTorch's copy into new memory, and into memory that is there."""

    def into(x: Tensor) -> Work:
        target = torch.empty_like(x)
        return Work(target.copy_, again(x))

    return {FORWARD: lambda x: Work(torch.clone, again(x)), IN_PLACE: into}
