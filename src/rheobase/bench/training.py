"""A training step, end to end: the same network with torch.nn's module and with ours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from torch import nn

import rheobase.torch as rt
from rheobase.bench.contestants import CONTESTANTS
from rheobase.bench.plan import EXACT, FAST, REFERENCE
from rheobase.bench.work import Work, again
from rheobase.definition import Definition

HIDDEN, BATCH, CLASSES = 3, 128, 10
#: So small that no function diverges, however often the step is repeated.
LEARNING_RATE = 1e-3

SETTINGS = {c.name: c.setting for c in CONTESTANTS}


def works(definition: Definition, width: int) -> dict[str, Work]:
    """A step of each contestant, all from the same weights."""
    return {name: replace(_step(_network(definition, name, width), width), setting=SETTINGS[name])
            for name in (FAST, EXACT, REFERENCE)}  # fmt: skip


def _network(definition: Definition, contestant: str, width: int) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        pairs = [(nn.Linear(width, width), _module(definition, contestant)) for _ in range(HIDDEN)]
        return nn.Sequential(*_flat(pairs), nn.Linear(width, CLASSES))


def _flat(pairs: Iterable[tuple[nn.Module, nn.Module]]) -> list[nn.Module]:
    return [layer for pair in pairs for layer in pair]


def _module(definition: Definition, contestant: str) -> nn.Module:
    if contestant != REFERENCE:
        return rt.module(definition.name)
    theirs = definition.torch
    arguments = {theirs.arguments.get(name, name): value for name, value in definition.defaults.items()}
    module: nn.Module = getattr(nn, theirs.module)(**arguments, **theirs.fixed)
    return module


def _step(model: nn.Sequential, width: int) -> Work:
    """Forward, loss, backward and a step of gradient descent on a batch that stays the same."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(BATCH, width, generator=generator)
    y = torch.randint(CLASSES, (BATCH,), generator=generator)
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)

    def step(batch: Any) -> torch.Tensor:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(batch), y)
        torch.autograd.backward(loss)
        optimizer.step()
        return loss

    return Work(step, again(x), read=lambda loss: loss.detach().numpy())
