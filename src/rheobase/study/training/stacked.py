"""Layers of many networks side by side, forward and backward.

A layer keeps of its forward pass what its backward pass needs. `backward` takes the gradient of the output, leaves the
parameters' in their `grad` and gives the input's. Autograd spends more on each operation than these small ones take:
it is left the layers that are rare.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

import rheobase.torch as rt
from rheobase.kernels.cpu.request import Wanted
from rheobase.study.training.architecture import (
    BatchNorm,
    Draw,
    Drop,
    Dropout,
    Layer,
    Linear,
    Norm,
    Residual,
    Skip,
    Unit,
    hidden_unit,
)
from rheobase.study.training.products import product, row_sums
from rheobase.torch.operations import DTYPES
from rheobase.torch.plan import Prepared, filled, prepared

Tensor = torch.Tensor


def many(layer: Layer, members: int, draw: Draw) -> nn.Module:
    """A layer of `members` networks, for inputs of shape (members, units, rows)."""
    match layer:
        case Linear(inputs, outputs, bias):
            return Linears(members, inputs, outputs, bias)
        case Norm(width):
            return ByAutograd(BatchNorm((members, width, 1), rows=-1))
        case Unit(name):
            return _units(name, members)
        case Drop(share):
            return ByAutograd(Dropout(share, draw))
        case Skip(inner):
            return Residuals(Chain(*[many(layer, members, draw) for layer in inner]))


def _units(name: str, members: int) -> nn.Module:
    unit = hidden_unit(name)
    if any(True for _ in unit.parameters()):
        return ByAutograd(OneEach(hidden_unit(name, num_parameters=members)))
    kernels = None if unit.options or unit.straight_through else _kernels(unit)
    return ByAutograd(unit) if kernels is None else Units(*kernels)


def _kernels(unit: rt.Activation) -> tuple[Prepared, Prepared] | None:
    """Of the value, and of gradient × slope; None if the function has none."""
    wanted, numbers = Wanted(unit.function.key), tuple(unit.values(0).values())
    dtype = DTYPES[torch.get_default_dtype()]
    value = prepared(wanted, (None, *numbers), dtype)
    pull = prepared(wanted._replace(pull=0), (None, *numbers, None), dtype)
    return None if value is None or pull is None else (value, pull)


class Chain(nn.Sequential):
    """Layers one after another."""

    def backward(self, above: Tensor) -> Tensor:
        """The gradient of the input, from that of the output."""
        layers: list[Any] = list(self)
        for layer in reversed(layers):
            above = layer.backward(above)
        return above


class Residuals(Residual):
    """x + inner(x)."""

    inner: Chain

    def backward(self, above: Tensor) -> Tensor:
        """The gradient of the input, from that of the output."""
        return above + self.inner.backward(above)


class Linears(nn.Module):
    """A linear layer of each member: the weights and biases of nn.Linear, stacked."""

    def __init__(self, members: int, inputs: int, outputs: int, bias: bool) -> None:
        super().__init__()
        self.weight = _parameter(members, outputs, inputs)
        self.bias = _parameter(members, outputs) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """(members, inputs, rows) → (members, outputs, rows).

        Rows come last so that weights and their gradients lie as they are used, and a few outputs fill whole vectors.
        """
        self.x = x
        out = product(self.weight, x)
        return out if self.bias is None else out.add_(self.bias.unsqueeze(2))

    def backward(self, above: Tensor) -> Tensor:
        """The gradient of the input, from that of the output."""
        self.learn(above)
        return product(self.weight.mT, above)

    def learn(self, above: Tensor) -> None:
        """The gradients of the parameters alone, which is all that a first layer needs."""
        product(above, self.x.mT, self.weight.grad)
        if self.bias is not None:
            assert self.bias.grad is not None
            row_sums(above, self.bias.grad)


def _parameter(*shape: int) -> nn.Parameter:
    found = nn.Parameter(torch.zeros(shape), requires_grad=False)
    found.grad = torch.zeros(shape)
    return found


class Units(nn.Module):
    """A function without parameters to learn, by its own kernels."""

    def __init__(self, value: Prepared, pull: Prepared) -> None:
        super().__init__()
        self.value, self.pull = value, pull

    def forward(self, x: Tensor) -> Tensor:
        """The function at `x`."""
        self.x = x.contiguous()
        return filled(self.value, torch.empty_like(self.x), self.x)

    def backward(self, above: Tensor) -> Tensor:
        """The gradient of the input, from that of the output."""
        above = above.contiguous()
        return filled(self.pull, torch.empty_like(above), self.x, above)


class ByAutograd(nn.Module):
    """Any other module."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        for parameter in module.parameters():
            parameter.grad = torch.zeros_like(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """The module at `x`."""
        with torch.set_grad_enabled(self.training):
            self.x = x.detach().requires_grad_()
            self.out: Tensor = self.module(self.x)
        return self.out.detach()

    def backward(self, above: Tensor) -> Tensor:
        """The gradient of the input, from that of the output."""
        parameters = list(self.module.parameters())
        below, *found = torch.autograd.grad(self.out, [self.x, *parameters], above)
        for parameter, gradient in zip(parameters, found, strict=True):
            assert parameter.grad is not None
            parameter.grad.copy_(gradient)
        return below


class OneEach(nn.Module):
    """A function with learnable parameters: members take the place of channels, and each has its own."""

    def __init__(self, unit: rt.Activation) -> None:
        super().__init__()
        self.unit = unit

    def forward(self, x: Tensor) -> Tensor:
        """The function at `x`."""
        out: Tensor = self.unit(x.unsqueeze(0))
        return out.squeeze(0)
