"""What watching costs: the same training with and without, in turns, by the clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import networks as net
import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

import rheobase.torch as rt

#: Training steps that alternate in blocks between the watched and the unwatched model.
STEPS, BLOCK = 1500, 25


@dataclass(frozen=True)
class Timing:
    """claimed: the share the watch itself reports. measured: the ratio of the times, less 1."""

    network: str
    batch: int
    milliseconds: float
    measured: float
    claimed: float
    observed: int
    steps: int


NETWORKS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "3×256 MLP": (lambda: net.mlp(64, [256] * 3, 10), 128),
    "3×256 MLP, large batch": (lambda: net.mlp(64, [256] * 3, 10), 512),
    "small conv net": (lambda: net.Convolutional(10, norm=True), 128),
}


class Trained:
    """A model in training that can be run for some steps at a time."""

    def __init__(self, make: Callable[[], nn.Module], batch: int) -> None:
        torch.manual_seed(0)
        self.model = make()
        self.x, self.y = torch.randn(batch, 64), torch.randint(10, (batch,))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3)

    def run(self, steps: int) -> float:
        start = perf_counter()
        for _ in range(steps):
            self.optimizer.zero_grad()
            nn.functional.cross_entropy(self.model(self.x), self.y).backward()
            self.optimizer.step()
        return perf_counter() - start


def _timing(name: str, make: Callable[[], nn.Module], batch: int) -> Timing:
    """Blocks of steps in turns; the clock of the watch stands while the other model runs."""
    watched, alone = Trained(make, batch), Trained(make, batch)
    w = rt.watch(watched.model, optimizer=watched.optimizer)
    times: dict[str, list[float]] = {"watched": [], "alone": []}
    with w:
        for _ in range(STEPS // BLOCK):
            times["watched"].append(watched.run(BLOCK))
            away = alone.run(BLOCK)
            times["alone"].append(away)
            w.pace.absent(away)
        cost = w.report().overhead
    # after the first block, which sets up; the fastest blocks say little of what happens now and then: sums do
    ratio = sum(times["watched"][1:]) / sum(times["alone"][1:])
    return Timing(
        name, batch, 1e3 * float(np.median(times["alone"])) / BLOCK, ratio - 1, cost.share, cost.observed, STEPS
    )


def measured() -> list[Timing]:
    return [_timing(name, make, batch) for name, (make, batch) in NETWORKS.items()]


def show(timings: Sequence[Timing], console: Console) -> None:
    table = Table("network", "batch", "ms/step", "measured", "claimed", "observed", box=None, header_style="bold")
    for t in timings:
        table.add_row(t.network, str(t.batch), f"{t.milliseconds:.2f}", f"{t.measured:.2%}", f"{t.claimed:.2%}",
                      f"{t.observed} of {t.steps}")  # fmt: skip
    console.print(table)
