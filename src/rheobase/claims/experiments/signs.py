"""Inputs that are all positive give the weights of a unit gradients of one sign."""

from __future__ import annotations

import torch
from torch import nn

from rheobase.claims.experiments.networks import digits, network, train
from rheobase.claims.record import Measured, Picture

BATCHES = (1, 2, 4, 8, 16, 32, 64)
SETTLE, DRAWS = 100, 40


def shared_signs(name: str, against: str, seed: int = 0, seeds: int = 3) -> Measured:
    """Share of units whose weight gradients all have one sign, by the number of examples in a batch."""
    shares = {n: [_shared(n, size, seed, seeds) for size in BATCHES] for n in (name, against)}
    lines = {n: (list(BATCHES), by_size) for n, by_size in shares.items()}
    mine = dict(zip(BATCHES, shares[name], strict=True))
    return Measured({
        "one example": mine[1],
        "two examples": mine[2],
        "a batch of 64": mine[64],
        f"one example, {against}": shares[against][0],
    }, Picture("examples in a batch", "units of one sign", lines, "x"))  # fmt: skip


def _shared(name: str, size: int, seed: int, seeds: int) -> float:
    """Of the second hidden layer, after a short training."""
    x, y = digits()
    found = []
    for s in range(seed, seed + seeds):
        model = network(name, (32, 32), s)
        train(model, torch.optim.Adam(model.parameters(), lr=0.003), SETTLE, s)
        drawn = torch.Generator().manual_seed(s)
        for _ in range(DRAWS):
            rows = torch.randint(len(x), (size,), generator=drawn)
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            (gradient,) = torch.autograd.grad(loss, [model.get_parameter("2.weight")])
            one_sign = (gradient >= 0).all(1) | (gradient <= 0).all(1)
            found.append(one_sign[gradient.abs().sum(1) > 0].float().mean())
    return float(torch.stack(found).nanmean())
