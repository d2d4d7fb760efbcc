"""The network of a study: its layers as data, from which one network or many side by side are built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

import rheobase.torch as rt
from rheobase.catalogue import lookup
from rheobase.study.plan import Plan

Tensor = torch.Tensor


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights, and biases where nothing takes them out again, as batch normalisation does."""

    inputs: int
    outputs: int
    bias: bool = True


@dataclass(frozen=True, slots=True)
class Norm:
    """Batch normalisation of so many units."""

    width: int


@dataclass(frozen=True, slots=True)
class Unit:
    """The activation function that is studied."""

    name: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Dropout of a share of the units."""

    share: float


@dataclass(frozen=True, slots=True)
class Skip:
    """Layers whose input is added to their output."""

    inner: tuple[Layer, ...]


Layer = Linear | Norm | Unit | Drop | Skip

#: Gives uniform numbers of a shape.
Draw = Callable[[tuple[int, ...]], Tensor]


def layers(plan: Plan, name: str, inputs: int, outputs: int) -> tuple[Layer, ...]:
    """The plan's network with the function called `name` between its linear layers.

    >>> layers(Plan(("relu",), hidden=(8,)), "relu", 4, 3)
    (Linear(inputs=4, outputs=8, bias=True), Unit(name='relu'), Linear(inputs=8, outputs=3, bias=True))
    """
    found: list[Layer] = []
    for before, width in zip((None, *plan.hidden), plan.hidden, strict=False):
        hidden = _hidden(plan, name, before or inputs, width)
        # features are no hidden layer, be there by chance as many
        found += [Skip(hidden)] if plan.residual and before == width else hidden
    return (*found, Linear(plan.hidden[-1] if plan.hidden else inputs, outputs))


def _hidden(plan: Plan, name: str, inputs: int, width: int) -> tuple[Layer, ...]:
    norm = (Norm(width),) if plan.batch_norm else ()
    drop = (Drop(plan.dropout),) if plan.dropout else ()
    return (Linear(inputs, width, bias=not norm), *norm, Unit(name), *drop)


def one(layer: Layer, draw: Draw) -> nn.Module:
    """A layer of one network; `draw` is where dropout takes its numbers from."""
    match layer:
        case Linear(inputs, outputs, bias):
            return nn.Linear(inputs, outputs, bias)
        case Norm(width):
            return BatchNorm((width,), rows=0)
        case Unit(name):
            return hidden_unit(name)
        case Drop(share):
            return Dropout(share, draw)
        case Skip(inner):
            return Residual(nn.Sequential(*[one(layer, draw) for layer in inner]))


def hidden_unit(name: str, **settings: int) -> rt.Activation:
    """The module of the function as a study trains it: straight-through where it has no slope of its own."""
    return rt.module(name, **settings, **({"straight_through": True} if lookup(name).straight_through else {}))


class Residual(nn.Module):
    """x + inner(x)."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        """The output with the input added."""
        return x + self.inner(x)


class BatchNorm(nn.Module):
    """Batch normalisation by the statistics of the rows at hand, in training and after it.

    Unlike nn.BatchNorm1d it takes a last batch of a single row, whose output is the bias.
    """

    eps = nn.BatchNorm1d(1).eps

    def __init__(self, shape: tuple[int, ...], rows: int) -> None:
        super().__init__()
        self.rows = rows
        self.weight, self.bias = nn.Parameter(torch.ones(shape)), nn.Parameter(torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        """The normalised units, scaled and shifted."""
        variance, mean = torch.var_mean(x, self.rows, correction=0, keepdim=True)
        return (x - mean) * (variance + self.eps).rsqrt() * self.weight + self.bias


class Dropout(nn.Module):
    """nn.Dropout with a stream of numbers of its own: a seed silences the same units whatever the function."""

    def __init__(self, share: float, draw: Draw) -> None:
        super().__init__()
        self.share, self.draw = share, draw

    def forward(self, x: Tensor) -> Tensor:
        """`x`; in training with a share of it silent and the rest raised to make up for it."""
        if not self.training:
            return x
        return x * (self.draw(x.shape) >= self.share) / (1 - self.share)
