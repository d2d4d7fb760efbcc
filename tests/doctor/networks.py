"""Small networks in the styles that people write them, and a loop to train them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

import rheobase as rb
import rheobase.torch as rt

Tensor = torch.Tensor


def mlp(*widths: int, act: Callable[[], nn.Module] = nn.ReLU) -> nn.Sequential:
    parts: list[nn.Module] = []
    for a, b in pairwise(widths[:-1]):
        parts += [nn.Linear(a, b), act()]
    return nn.Sequential(*parts, nn.Linear(*widths[-2:]))


class Applied(nn.Module):
    """A function called in the forward method."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.fc1, self.fc2, self.functions = nn.Linear(8, 16), nn.Linear(16, 3), [function]

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.functions[0](self.fc1(x)))


class Checkpointed(nn.Module):
    """Its hidden part is computed again in backward."""

    def __init__(self, reentrant: bool) -> None:
        super().__init__()
        self.stem, self.body, self.out, self.reentrant = nn.Linear(8, 16), mlp(16, 16, 16), nn.Linear(16, 3), reentrant

    def forward(self, x: Tensor) -> Tensor:
        return self.out(checkpoint(self.body, self.stem(x), use_reentrant=self.reentrant))


class Reused(nn.Module):
    """One in-place module at four sites."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.tied, self.last, self.act = (
            nn.Linear(8, 16),
            nn.Linear(16, 16),
            nn.Linear(16, 3),
            nn.ReLU(True),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.first(x))
        for _ in range(3):
            x = self.act(self.tied(x))
        return self.last(x)


class Sequence(nn.Module):
    """The features as a sequence, through a recurrent network or a transformer."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.embed, self.out = nn.Linear(1, 8), nn.Linear(8, 3)
        self.body = (
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
            if kind == "Transformer"
            else getattr(nn, kind)(8, 8, batch_first=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(self.embed(x[..., None]))
        return self.out((x[0] if isinstance(x, tuple) else x).mean(dim=1))


class Pictures(nn.Module):
    """Convolutions, batch normalisation, dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.SiLU(), nn.Dropout(0.3))
        self.head = nn.Linear(48, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.leaky_relu_(self.body(x.reshape(-1, 1, 2, 4)).flatten(1), 0.1))


class Nested(nn.Module):
    """A block inside a block, used twice, once by way of another name."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.block = nn.Linear(8, 16), nn.Sequential(mlp(16, 16, 16), nn.Sequential(nn.Tanh()))
        self.again, self.out = self.block, nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.again(self.block(self.stem(x))))


MODELS: dict[str, Callable[[], nn.Module]] = {
    "modules of torch": lambda: mlp(8, 16, 16, 3, act=nn.GELU),
    "our modules": lambda: mlp(8, 16, 3, act=lambda: rt.module("prelu")),
    "in place": lambda: mlp(8, 16, 16, 3, act=lambda: nn.ReLU(inplace=True)),
    "functional": lambda: Applied(lambda x: torch.relu_(x)),
    "our functions": lambda: Applied(lambda x: rb.mish(x)),
    "reused": Reused,
    "nested, shared": Nested,
    "of the user's own": lambda: Applied(rb.define("mine", "x*sigmoid(beta*x)", beta=1.5)),
    "convolution, dropout": Pictures,
    "LSTM": lambda: Sequence("LSTM"),
    "RNN": lambda: Sequence("RNN"),
    "transformer": lambda: Sequence("Transformer"),
    "checkpoint": lambda: Checkpointed(False),
    "reentrant checkpoint": lambda: Checkpointed(True),
}


def batches(count: int, size: int = 32, seed: int = 0) -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, size, 8, generator=generator)
    y = torch.randint(3, (count, size), generator=generator)
    return list(zip(x, y, strict=True))


def train(
    model: nn.Module,
    steps: int = 12,
    watched: bool = True,
    run: nn.Module | None = None,
    rate: float = 0.05,
    autocast: bool = False,
    accumulate: int = 1,
    clip: bool = False,
    scale: float = 0.0,
) -> Any:
    """Train, watched or not; returns the watch."""
    torch.manual_seed(1)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu", init_scale=scale or 1.0, enabled=scale > 0)
    w = rt.watch(model, optimizer=optimizer, loss=F.cross_entropy) if watched else None
    with w if w is not None else nullcontext():
        for step, (x, y) in enumerate(batches(steps * accumulate)):
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                loss = F.cross_entropy((run or model)(x), y)
            scaler.scale(loss).backward()
            if (step + 1) % accumulate == 0:
                if clip:
                    scaler.unscale_(optimizer)
                    nn.utils.clip_grad_norm_(model.parameters(), 0.5)
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad()
    return w
