"""Functions of PyTorch tensors, whoever wrote them: their work in each pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch

from rheobase.bench.plan import BOTH, FORWARD, IN_PLACE, Pass
from rheobase.bench.work import Entries, Entry, Work, again, room, upstream_of
from rheobase.definition import Definition

Tensor = torch.Tensor
Function = Callable[..., Tensor]
Weights = Mapping[str, Tensor]


def weights_of(definition: Definition) -> dict[str, Tensor]:
    """The parameters that are learnt by default, as tensors; torch.nn.functional takes them so, too."""
    return {p.name: torch.tensor([p.default]) for p in definition.parameters if p.learnable}


def entries(definition: Definition, function: Function, over: Function | None) -> Entries:
    """The work with `function`, and with `over`, which writes its result over its input, if there is one."""
    weights = weights_of(definition)
    found: dict[Pass, Entry] = {FORWARD: partial(_forward, function, weights), BOTH: partial(_both, function, weights)}
    return found if over is None else {**found, IN_PLACE: partial(in_place, partial(over, **weights))}


def _forward(function: Function, weights: Weights, x: Tensor) -> Work:
    return Work(partial(function, **weights), again(x))


def in_place(over: Function, x: Tensor) -> Work:
    """The work of overwriting copies of `x`, which are made anew before each visit."""
    bank = torch.empty(room(x), *x.shape)

    def inputs(count: int) -> Sequence[Tensor]:
        return list(bank[:count].copy_(x))

    return Work(over, inputs, most=len(bank))


def _both(function: Function, weights: Weights, x: Tensor) -> Work:
    upstream = upstream_of(function(x, **weights))
    leaf = x.clone().requires_grad_()
    learnt = {name: w.clone().requires_grad_() for name, w in weights.items()}
    leaves = (leaf, *learnt.values())

    def call(_: Tensor) -> tuple[Tensor, ...]:
        return torch.autograd.grad(function(leaf, **learnt), leaves, upstream)

    return Work(call, again(leaf), read=lambda gradients: gradients[0].numpy())
