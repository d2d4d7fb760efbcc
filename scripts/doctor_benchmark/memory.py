"""What watching takes of memory, beside what a model's activations take; write memory.csv.

python scripts/doctor_benchmark/memory.py [--out benchmarks/doctor]

Every allocation of a tensor's memory is recorded by torch's profiler, also those inside of operations; Python's own
objects are not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import networks as net
import torch
from command import given, write
from rich.console import Console
from rich.table import Table
from torch import nn

import rheobase.torch as rt
from rheobase.torch.allocations import Allocations, now

#: Training steps: enough that what is kept meets its bounds.
STEPS = 65
#: All the time may be spent on observing, so that as many steps are observed as in a long training.
ALWAYS = 1.0


@dataclass(frozen=True)
class Memory:
    """Bytes. activations: what a forward pass leaves for backward. peak, kept: how much more there is with the watch,
    at the highest and after the last step; shares are of the activations."""

    network: str
    batch: int
    activations: int
    peak: int
    peak_share: float
    kept: int
    kept_share: float
    observed: int


@dataclass(frozen=True)
class Course:
    """Bytes that are taken by the last forward pass, at the highest, and after the last step."""

    activations: int
    peak: int
    kept: int
    observed: int


class Residual(nn.Module):
    """Convolutions with batch normalisation in residual blocks, for pictures of 32×32."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.blocks = nn.ModuleList(self._block(width) for _ in range(blocks))
        self.head = nn.Linear(width, 10)

    @staticmethod
    def _block(width: int) -> nn.Module:
        parts = [[nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()] for _ in "12"]
        return nn.Sequential(*parts[0], *parts[1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return self.head(x.mean(dim=(2, 3)))


class Coloured(nn.Module):
    """A small convolutional network for pictures of 32×32."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(2048, 64), nn.ReLU(), nn.Linear(64, 10),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)


class Language(nn.Module):
    """A transformer over words, which predicts one of them at each place."""

    def __init__(self, words: int, width: int, layers: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width)
        layer = nn.TransformerEncoderLayer(width, 4, 4 * width, 0.1, "gelu", batch_first=True)
        self.body, self.out = nn.TransformerEncoder(layer, layers), nn.Linear(width, words)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.body(self.embed(x))).flatten(0, 1)


def pictures(batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(batch, 3, 32, 32), torch.randint(10, (batch,))


def rows(batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(batch, 64), torch.randint(10, (batch,))


def words(batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randint(1000, (batch, 128)), torch.randint(1000, (batch * 128,))


Batch = Callable[[], tuple[torch.Tensor, torch.Tensor]]
NETWORKS: dict[str, tuple[Callable[[], nn.Module], Callable[[int], tuple[torch.Tensor, torch.Tensor]], int]] = {
    "3×256 MLP": (lambda: net.mlp(64, [256] * 3, 10), rows, 128),
    "3×256 MLP, large batch": (lambda: net.mlp(64, [256] * 3, 10), rows, 4096),
    "small conv net, 8×8": (lambda: net.Convolutional(10, norm=True), rows, 128),
    "small conv net, 32×32": (Coloured, pictures, 128),
    "residual conv net, 32×32": (lambda: Residual(32, 3), pictures, 64),
    "transformer, 128 words": (lambda: Language(1000, 64, 3), words, 16),
}


def course(make: Callable[[], nn.Module], batch: Batch, watched: bool) -> Course:
    """Some steps on fresh batches, as a loader makes them."""
    torch.manual_seed(0)
    model, taken = make(), Allocations()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    w = rt.watch(model, optimizer=optimizer, loss=nn.functional.cross_entropy, budget=ALWAYS) if watched else None
    before = after = end = 0
    with w or nullcontext():
        for _ in range(STEPS):
            with taken.recorded():
                x, y = batch()
                optimizer.zero_grad()
                before = now()
                loss = nn.functional.cross_entropy(model(x), y)
                after = now()
                loss.backward()
                optimizer.step()
                del x, y, loss
                end = now()
    observed = w.report().overhead.observed if w else 0
    return Course(taken.at(after) - taken.at(before), taken.highest(until=end), taken.at(end), observed)


def measured(name: str, make: Callable[[], nn.Module], draw: Callable[[int], Any], batch: int) -> Memory:
    alone, watched = (course(make, partial(draw, batch), w) for w in (False, True))
    peak, kept = watched.peak - alone.peak, watched.kept - alone.kept
    of = alone.activations
    return Memory(name, batch, of, peak, peak / of, kept, kept / of, watched.observed)


def show(found: Sequence[Memory], console: Console) -> None:
    table = Table("network", "batch", "activations", "peak", "kept", "observed", box=None, header_style="bold")
    for m in found:
        table.add_row(m.network, str(m.batch), f"{m.activations / 1024:.0f} KiB",
                      f"{m.peak / 1024:.0f} KiB = {m.peak_share:.2%}", f"{m.kept / 1024:.0f} KiB = {m.kept_share:.2%}",
                      f"{m.observed} of {STEPS}")  # fmt: skip
    console.print(table)


def main() -> None:
    asked = given(__doc__, seeds=1)
    found = [measured(name, *parts) for name, parts in NETWORKS.items()]
    write(asked.out / "memory.csv", {}, found)
    show(found, Console())


if __name__ == "__main__":
    main()
