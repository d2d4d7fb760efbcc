"""A training to be judged: how it is set up, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from data import Data, load
from torch import nn

Tensor = torch.Tensor
Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass
class Setup:
    """A model with data, loss and optimizer, ready to train."""

    model: nn.Module
    x: Tensor
    y: Tensor
    loss: Loss
    optimizer: torch.optim.Optimizer
    steps: int = 300
    batch: int = 128
    #: called before each step with its number, and after backward: schedules, clipping
    before: Callable[[int], None] = lambda step: None
    after: Callable[[], None] = lambda: None
    accumulate: int = 1
    validate: bool = False
    autocast: bool = False
    compiled: bool = False


@dataclass(frozen=True)
class Scenario:
    """`make(seed, faulty)` builds it with the fault, or its twin without.

    rules: those that name the fault; sites: where it is, any of them, empty: not asked. A scenario with no rules is
    healthy. held_out: the rules were not tuned on it.
    """

    name: str
    family: str
    make: Callable[[int, bool], Setup]
    rules: frozenset[str] = frozenset()
    sites: frozenset[str] = field(default_factory=frozenset)
    held_out: bool = False

    @property
    def sick(self) -> bool:
        return bool(self.rules)


def usual_loss(data: Data) -> Loss:
    return nn.CrossEntropyLoss() if data.classes else nn.MSELoss()


def training(
    data: str,
    build: Callable[[Data], nn.Module],
    loss: Callable[[Data], Loss] = usual_loss,
    rate: float = 1e-3,
    optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    inputs: Callable[[Data], Tensor] = lambda d: d.x,
    targets: Callable[[Data], Tensor] = lambda d: d.y,
    parameters: Callable[[nn.Module], Sequence[Tensor]] = lambda m: list(m.parameters()),
    **settings: object,
) -> Setup:
    found = load(data)
    model = build(found)
    steps = optimizer(parameters(model), lr=rate)
    return Setup(model, inputs(found), targets(found), loss(found), steps, **settings)  # type: ignore[arg-type]
