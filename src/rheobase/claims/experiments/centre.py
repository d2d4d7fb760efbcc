"""Where outputs lie around 0: for inputs from N(0, 1), and in networks trained on digits."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

import rheobase as rb
from rheobase.claims.experiments.networks import digits, network, train
from rheobase.claims.record import Measured
from rheobase.doctor.check import check
from rheobase.doctor.records import SiteStatistics

#: Numbers drawn from N(0, 1) to see a mean.
DRAWS = 1_000_000
WIDTHS, STEPS = (64, 64), 200


def mean_output(name: str, seed: int = 0) -> Measured:
    """The mean output by quadrature, over a million draws, and the offset in a trained network."""
    f = rb.get(name)
    drawn = f(np.random.default_rng(seed).standard_normal(DRAWS))
    gaussian = f.facts.gaussian
    return Measured({
        "mean output": gaussian.mean,
        "mean over the draws": float(drawn.mean()),
        "error of that mean": float(drawn.std() / DRAWS**0.5),
        "share of the signal that is offset": gaussian.mean**2 / gaussian.second_moment,
        "share that is offset in a trained network": offset(name, seed),
    })  # fmt: skip


def nearer_to_zero(name: str, other: str, seed: int = 0) -> Measured:
    """The mean output of `name` as a share of the other's, and the offset of each in a trained network."""
    z = np.random.default_rng(seed).standard_normal(DRAWS)
    mine, theirs = (rb.get(n).facts.gaussian.mean for n in (name, other))
    shifts = [offset(n, seed) for n in (name, other)]
    return Measured({
        "mean output": mine,
        "mean output of the other": theirs,
        "ratio": abs(mine) / abs(theirs),
        "ratio over the draws": float(abs(rb.get(name)(z).mean()) / abs(rb.get(other)(z).mean())),
        "offset in a trained network": shifts[0],
        "offset of the other in one": shifts[1],
        "ratio in trained networks": shifts[0] / shifts[1],
    })  # fmt: skip


def offset(name: str, seed: int, seeds: int = 5) -> float:
    """What the units' own means make of E f² in the hidden layers after training, mean over layers and seeds."""
    found: list[float] = []
    for s in range(seed, seed + seeds):
        model = network(name, WIDTHS, s)
        train(model, torch.optim.Adam(model.parameters(), lr=0.003), STEPS, s)
        found += map(_offset, check(model, digits(), nn.functional.cross_entropy).sites)
    return float(np.mean(found))


def _offset(site: SiteStatistics) -> float:
    """Each unit's mean counts by itself: those of a function centred at 0 would cancel in their sum."""
    constant = np.square(site.mean).sum()
    return float(constant / (constant + np.square(site.deviation).sum()))
