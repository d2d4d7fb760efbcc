"""How many steps until a given loss, each function at the learning rate that is best for it."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import torch
from torch import nn

import rheobase as rb
from rheobase.claims.experiments.networks import CLASSES, digits, interval
from rheobase.claims.record import Measured, Picture

WIDTH, LAYERS, BATCH = 32, 3, 64
#: Learning rates of gradient descent, half-decades; the training loss that must be reached; steps before giving up.
RATES, GOAL, MOST = 10 ** (np.arange(-4, 5) / 2), 0.2, 1000
#: The loss is looked at after every so many steps, over so many rows.
EVERY, ROWS = 2, 600
TUNING = 3


def steps_to_loss(name: str, against: str, shift: float = 0.0, seed: int = 0, seeds: int = 10) -> Measured:
    """Steps of `name` + `shift` until the loss is reached, against those of `against`, seed by seed.

    The learning rate of each is chosen from the same nine by other seeds. With a shift both have the same weights.
    """
    label = name + (f" {'+' if shift > 0 else '−'} {abs(shift):g}" if shift else "")
    both = ((name, shift), (against, 0.0))
    tuned = [RATES[_race(*which, RATES, seed + 1000, TUNING).max(0).argmin()] for which in both]
    mine, theirs = (_race(*which, np.array([rate]), seed, seeds)[:, 0] for which, rate in zip(both, tuned, strict=True))
    middle, low, high = map(math.exp, interval(np.log(mine / theirs)))
    lines = {n: (list(range(seeds)), s.tolist()) for n, s in ((label, mine), (against, theirs))}
    return Measured({
        "steps": float(np.median(mine)),
        "steps of the other": float(np.median(theirs)),
        "ratio of steps": middle,
        "ratio at least": low,
        "ratio at most": high,
        "learning rate": tuned[0],
        "learning rate of the other": tuned[1],
        "runs that failed": float((mine == MOST).sum() + (theirs == MOST).sum()),
    }, Picture("seed", f"steps to a loss of {GOAL}", lines, kind="points"))  # fmt: skip


def _race(name: str, shift: float, rates: np.ndarray, seed: int, seeds: int) -> np.ndarray:
    """Steps to the goal by seed and rate, until at one rate all seeds are there; the others get `MOST`.

    The networks are trained side by side, as stacked matrices.
    """
    f, (x, y), cells = rb.get(name), digits(), seeds * len(rates)
    rate = torch.tensor(rates, dtype=torch.float32).repeat(seeds)[:, None, None]
    generators = [torch.Generator().manual_seed(s) for s in range(seed, seed + seeds) for _ in rates]
    weights, reached = _drawn(f.gain(), generators), np.full(cells, MOST)

    def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        for w, b in weights[:-1]:
            x = f(torch.baddbmm(b, x, w)) + shift
        w, b = weights[-1]
        return nn.functional.cross_entropy(torch.baddbmm(b, x, w).mT, y, reduction="none").mean(1)

    for step in range(1, MOST):
        rows = torch.stack([torch.randint(len(x), (BATCH,), generator=g) for g in generators])
        parameters = [p for pair in weights for p in pair]
        gradients = torch.autograd.grad(loss(x[rows], y[rows]).sum(), parameters)
        with torch.no_grad():
            for p, g in zip(parameters, gradients, strict=True):
                p -= rate * g
            if step % EVERY == 0:
                done = loss(x[:ROWS].expand(cells, -1, -1), y[:ROWS].expand(cells, -1)).numpy() <= GOAL
                reached = np.where(done, np.minimum(reached, step), reached)
                if (reached < MOST).reshape(seeds, -1).all(0).any():
                    break
    return reached.reshape(seeds, -1)


def _drawn(gain: float, generators: list[torch.Generator]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Weights and biases of each layer for every generator; the first layer sees the input and not the function."""
    sizes, found = [digits()[0].shape[1], *[WIDTH] * LAYERS, CLASSES], []
    for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
        scale = (gain if layer else 1.0) / inputs**0.5
        w = torch.stack([torch.randn(inputs, outputs, generator=g) * scale for g in generators])
        found.append((w.requires_grad_(), torch.zeros(len(generators), 1, outputs, requires_grad=True)))
    return found
