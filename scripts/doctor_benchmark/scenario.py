"""A training to be judged: how it is set up, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

import torch
from data import Data, load
from scores import Metric, score
from torch import nn

#: That the rules were tuned on, and that they were not.
HALVES = ("dev", "held-out")
#: What the name of a twin begins with.
TWIN = "twin of "
#: Share of the rows that no training sees.
KEPT = 0.3

Tensor = torch.Tensor
Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass
class Setup:
    """A model with data, loss and optimizer, ready to train on x and y; on `unseen` rows it is scored."""

    model: nn.Module
    x: Tensor
    y: Tensor
    unseen: tuple[Tensor, Tensor]
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
    healthy. held_out: the rules were not tuned on it. metric: what shows the harm.
    """

    name: str
    family: str
    make: Callable[[int, bool], Setup]
    rules: frozenset[str] = frozenset()
    sites: frozenset[str] = field(default_factory=frozenset)
    held_out: bool = False
    metric: Metric = score

    @property
    def sick(self) -> bool:
        return bool(self.rules)

    @property
    def half(self) -> str:
        return HALVES[self.held_out]

    def called(self, faulty: bool) -> str:
        """Its name, or that of its twin."""
        return self.name if faulty or not self.sick else f"{TWIN}{self.name}"


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
    x, y = inputs(found), targets(found)
    seen, unseen = rows(len(x))
    return Setup(model, x[seen], y[seen], (x[unseen], y[unseen]), loss(found), steps, **settings)  # type: ignore[arg-type]


@cache
def rows(count: int) -> tuple[Tensor, Tensor]:
    """Numbers of the rows that are trained on, and of those that are kept for scoring: the same in every training."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    kept = int(count * KEPT)
    return order[kept:], order[:kept]


def case(
    name: str,
    family: str,
    rules: str,
    make: Callable[[bool], Setup],
    sites: str = "",
    held: bool = False,
    metric: Metric = score,
) -> Scenario:
    """A sick scenario; `make` builds it with or without the fault."""

    def seeded(seed: int, faulty: bool) -> Setup:
        torch.manual_seed(seed)
        return make(faulty)

    return Scenario(name, family, seeded, frozenset(rules.split()), frozenset(sites.split()), held, metric)
