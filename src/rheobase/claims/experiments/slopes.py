"""PReLU's slopes after training."""

from __future__ import annotations

import numpy as np
import torch

import rheobase as rb
import rheobase.torch as rt
from rheobase.claims.experiments.networks import CLASSES, digits, mlp, train
from rheobase.claims.record import Measured, Picture

WIDTH, STEPS = 32, 600


def learnt(name: str, seed: int = 0, seeds: int = 5) -> Measured:
    """The slopes of two layers of 32 channels, a slope each, after a training: how far do they move and differ?"""
    parameter = rb.get(name).definition.parameters[0]
    slopes = np.concatenate([_slopes(name, s) for s in range(seed, seed + seeds)])
    moved = np.abs(slopes - parameter.default)
    line = (list(range(slopes.size)), np.sort(slopes, axis=None).tolist())
    return Measured({
        "start": parameter.default,
        "smallest slope": float(slopes.min()),
        "largest slope": float(slopes.max()),
        "mean movement": float(moved.mean()),
        "deviation between channels": float(np.mean(slopes.std(1))),
        "channels that moved": float((moved > 0).mean()),
        "negative slopes": float((slopes < 0).mean()),
        "channels": float(slopes.size),
    }, Picture("channel, by slope", "slope for x < 0", {name: line}))  # fmt: skip


def _slopes(name: str, seed: int) -> np.ndarray:
    torch.manual_seed(seed)
    model = mlp(lambda: rt.module(name, num_parameters=WIDTH), (WIDTH, WIDTH), digits()[0].shape[1], CLASSES)
    train(model, torch.optim.Adam(model.parameters(), lr=0.003), STEPS, seed)
    return np.stack([p.detach().numpy() for m in model if isinstance(m, rt.Activation) for p in m.parameters()])
