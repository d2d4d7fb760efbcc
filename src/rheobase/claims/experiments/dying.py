"""Units that never fire again, counted by the doctor: certified from samples, not guessed."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

import rheobase as rb
import rheobase.torch as rt
from rheobase.claims.experiments.networks import digits, interval, network, train
from rheobase.claims.experiments.shape import GRID
from rheobase.claims.record import Measured, Picture
from rheobase.doctor.check import check
from rheobase.doctor.health import of as health_of

WIDTHS, STEPS = (64, 64), 300
#: Learning rates of gradient descent, and biases that the hidden layers start with.
RATES, BIASES = (0.03, 0.1, 0.3, 1.0, 2.0), (0.0, -1.0, -2.0, -4.0, -8.0)
#: A unit with less than this of an active ReLU's slope on all data learns, but hardly.
HARDLY = 0.001


def by_learning_rate(name: str, seed: int = 0, seeds: int = 8) -> Measured:
    """Share of certified dead units after training, against the learning rate."""
    return _against(name, "learning rate", [(rate, 0.0) for rate in RATES], RATES, seed, seeds)


def by_bias(name: str, seed: int = 0, seeds: int = 8) -> Measured:
    """Share of certified dead units after training, against the bias that hidden layers start with."""
    return _against(name, "starting bias", [(0.1, bias) for bias in BIASES], BIASES, seed, seeds)


def _against(
    name: str, what: str, cases: list[tuple[float, float]], places: tuple[float, ...], seed: int, seeds: int
) -> Measured:
    shares = np.array([[dead_after(name, *case, s) for s in range(seed, seed + seeds)] for case in cases])
    means, more = np.nanmean(shares, 1), (shares[-1] - shares[0])
    more = interval(more[np.isfinite(more)])
    numbers = {f"dead at {what} {place:g}": float(mean) for place, mean in zip(places, means, strict=True)}
    numbers |= {"largest share": float(means.max()), "more at the last than at the first": more[0],
                "more by at least": more[1], "networks": float(shares.size),
                "networks that diverged": float(np.isnan(shares).sum())}  # fmt: skip
    line = {f"{name}, mean of {seeds}": (list(places), means.tolist())}
    return Measured(numbers, Picture(what, "share of units dead", line, log="x" if min(places) > 0 else ""))


def dead_after(name: str, rate: float, bias: float, seed: int) -> float:
    """The share of hidden units dead after a training of the digits with gradient descent; NaN if that diverged."""
    model = trained(name, rate, bias, seed)
    if not all(bool(p.isfinite().all()) for p in model.parameters()):
        return float("nan")
    return health_of(check(model, digits(), nn.functional.cross_entropy).sites).dead


def trained(name: str, rate: float, bias: float, seed: int, steps: int = STEPS) -> nn.Sequential:
    """The network after its training."""
    model = network(name, WIDTHS, seed)
    for layer in [m for m in model if isinstance(m, nn.Linear)][:-1]:
        nn.init.constant_(layer.bias, bias)
    train(model, torch.optim.SGD(model.parameters(), lr=rate), steps, seed)
    return model


def never_flat(name: str, against: str, seed: int = 0, seeds: int = 3) -> Measured:
    """Units with a slope of exactly 0 on all data, ours and torch's, and of nearly 0, where ReLU's die in numbers.

    At each learning rate and starting bias, as for ReLU; and from where on single slopes are 0 in float32.
    """
    cases = [*((rate, 0.0) for rate in RATES), *((0.1, bias) for bias in BIASES[1:])]
    where = [(*case, s) for case in cases for s in range(seed, seed + seeds)]
    found = np.array([_flat_units(trained(name, *case)) for case in where])
    theirs = np.nanmean([dead_after(against, *case) for case in where])
    left = torch.tensor(GRID[GRID < 0], dtype=torch.float32)
    zeros = {
        who: -left[_slope(module, left) == 0] for who, module in (("ours", rt.module(name)), ("torch", plain(name)))
    }
    return Measured({
        "units without any slope": float(found[:, 0].sum()),
        "units without any slope in torch": float(found[:, 1].sum()),
        "units silent for all data": float(found[:, 2].sum()),
        "units with hardly a slope": float(found[:, 3].sum()),
        "units": float(found[:, 4].sum()),
        f"share of dead units of {against}": float(theirs),
        "smallest pre-activation": float(found[:, 5].min()),
        "slopes of 0": float(sum(len(z) for z in zeros.values())),
        **{f"slope is 0 from -x, {who}": float(z.min()) if len(z) else float(-GRID[0]) for who, z in zeros.items()},
    })  # fmt: skip


def plain(name: str) -> nn.Module:
    """torch.nn's module of the function."""
    module: nn.Module = getattr(nn, rb.get(name).definition.torch.module)()
    return module


def _flat_units(model: nn.Sequential) -> tuple[float, ...]:
    z, found = digits()[0], np.zeros(5)
    least = 0.0
    for layer, function in zip(list(model)[:-1:2], list(model)[1::2], strict=True):
        assert isinstance(function, rt.Activation)
        with torch.no_grad():
            z = layer(z)
        slopes = [_slope(function, z), _slope(plain(function.definition.name), z)]
        zero, torchs, faint = (
            float(flat.all(0).sum()) for flat in (slopes[0] == 0, slopes[1] == 0, slopes[0] < HARDLY)
        )
        found += [zero, torchs, float((z <= 0).all(0).sum()), faint, z.shape[1]]
        least = min(least, float(z.min()))
        with torch.no_grad():
            z = function(z)
    return (*found, least)


def _slope(function: nn.Module, z: torch.Tensor) -> torch.Tensor:
    z = z.detach().clone().requires_grad_()
    return torch.autograd.grad(function(z).sum(), z)[0]
