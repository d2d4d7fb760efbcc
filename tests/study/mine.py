"""Training functions as a user would write them, good and bad."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from sklearn.datasets import load_wine
from torch import nn

import rheobase.torch as rt
from rheobase.study.training import own_cost

STEPS = 30
#: The time that `costs` believes it is, in seconds.
clock = [0.0]


class CutShort(Exception):
    """A training that ends in its middle."""


#: Set by a test: the step at which a training is cut short.
cut_at: list[int] = []


def train(make_activation: Callable[[], nn.Module], learning_rate: float, seed: int, ctx: Any) -> float:
    """A small network on the wine data, kept after every step."""
    raw, labels = load_wine(return_X_y=True)
    x, y = torch.tensor((raw - raw.mean(0)) / raw.std(0), dtype=torch.float32), torch.tensor(labels)
    rows = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    net = nn.Sequential(nn.Linear(13, 16), make_activation(), nn.Linear(16, 3))
    optimizer = torch.optim.SGD(net.parameters(), lr=learning_rate, momentum=0.9)
    first, (weights, moments) = ctx.resume() or (0, (net.state_dict(), optimizer.state_dict()))
    net.load_state_dict(weights)
    optimizer.load_state_dict(moments)
    for step in range(first, STEPS):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x[rows[:120]]), y[rows[:120]])
        loss.backward()
        optimizer.step()
        ctx.report(step, loss.item())
        ctx.checkpoint((step + 1, (net.state_dict(), optimizer.state_dict())), now=True)
        if cut_at == [step]:
            raise CutShort
    return float((net(x[rows[120:]]).argmax(1) == y[rows[120:]]).float().mean())


def diverges(make_activation: Callable[[], nn.Module], learning_rate: float, seed: int, ctx: Any) -> float:
    """Loses its numbers for one function."""
    return math.nan if "Tanh" in type(make_activation()).__name__ else 0.5 + seed / 10000 + learning_rate


def costs(make_activation: Callable[[], nn.Module], learning_rate: float, seed: int, ctx: Any) -> float:
    """Takes a long beginning, and then three times as long for a step with tanh; on the clock above."""
    clock[0] += 1000.0
    for step in range(STEPS):
        clock[0] += 3.0 if isinstance(make_activation(), rt.Tanh) else 1.0
        try:
            ctx.report(step, 0.0)
        except Exception:  # as one writes against what may go wrong
            continue
    return 0.5


def costs_untold(make_activation: Callable[[], nn.Module], learning_rate: float, seed: int, ctx: Any) -> float:
    """The same without a word."""
    clock[0] += 3.0 if isinstance(make_activation(), rt.Tanh) else 1.0
    return 0.5


def tells_where(make_activation: Callable[[], nn.Module], learning_rate: float, seed: int, ctx: Any) -> float:
    """Writes down which process trains what; of a process of its own."""
    own_cost.ENOUGH = math.inf  # every round is made, however slow the machine
    with Path(os.environ["RHEOBASE_TOLD"]).open("a") as file:
        file.write(f"{os.getpid()} {torch.get_num_threads()} {type(make_activation()).__name__}\n")
    for step in range(STEPS):
        ctx.report(step, 0.0)
    return 0.5


def says_little(make_activation: Callable[[], nn.Module], learning_rate: float, seed: int, ctx: Any) -> float:
    """Returns a score at once."""
    return 0.5 + seed / 10000 + learning_rate


def kills(make_activation: Callable[[], nn.Module], learning_rate: float, seed: int, ctx: Any) -> float:
    """Its process is killed in one of its trainings, while there is a certain file."""
    if Path(os.environ["RHEOBASE_KILLS"]).exists() and seed == 1 and isinstance(make_activation(), rt.Tanh):
        os.kill(os.getpid(), signal.SIGKILL)
    return 0.5 + seed / 10000 + learning_rate


def says_words(make_activation: Callable[[], nn.Module], learning_rate: float, seed: int, ctx: Any) -> str:
    """Returns no score."""
    return "good"


def knows_no_seed(make_activation: Callable[[], nn.Module], learning_rate: float) -> float:
    """Takes too little."""
    return 0.0
