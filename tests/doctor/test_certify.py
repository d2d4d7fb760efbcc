"""Dead is certified: bounds hold, the units are the right ones, and sparse is not dead."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.stats import binom
from torch import nn

import rheobase.torch as rt
from rheobase import catalogue
from rheobase.doctor.certify import CONFIDENCE, required, samples_needed, upper_bound
from rheobase.doctor.nature import nature
from rheobase.doctor.rules.units import dead
from tests.doctor.networks import batches, mlp, train


@pytest.mark.parametrize("samples", [32, 1000, 12_000])
@pytest.mark.parametrize("units", [1, 64, 1024])
def test_a_unit_at_the_bound_would_have_fired(samples: int, units: int) -> None:
    bound = upper_bound(samples, units)
    assert binom.pmf(0, samples, bound) == pytest.approx((1 - CONFIDENCE) / units, rel=1e-9)
    assert upper_bound(samples_needed(bound, units) + 1, units) < bound


@pytest.mark.parametrize("total", [40, 500, 4000, 100_000])
def test_no_more_is_asked_than_was_seen_and_no_less_than_a_few(total: int) -> None:
    assert 32 <= required(total, 256) <= total


@pytest.mark.parametrize(
    ("name", "silent", "alive"),
    [
        ("relu", -1.0, 1.0),
        ("gelu", -5.0, 1.0),
        ("elu", -9.0, 1.0),
        ("hard_swish", -4.0, 1.0),
        ("relu6", 7.0, 1.0),
        ("hard_shrink", 0.2, 1.0),
    ],
)
def test_the_flat_side_comes_from_the_facts(name: str, silent: float, alive: float) -> None:
    model, x = nn.Sequential(nn.Linear(2, 2, bias=False), rt.module(name)), torch.tensor([[silent, alive]] * 64)
    with torch.no_grad():
        model[0].weight.copy_(torch.eye(2))
    (site,) = rt.check(model, (x, x)).sites
    assert dead(site).tolist() == [0]
    assert nature(catalogue.lookup(name), {}).rectifies


def test_leaky_sides_are_not_dead() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU(0.01))
    nn.init.constant_(model[0].bias, -50.0)
    report = rt.check(model, (torch.randn(64, 2), torch.randn(64, 2)), loss=F.mse_loss)
    assert not dead(report.sites[0]).size


def test_sparse_is_not_dead_and_the_dead_ones_are_named() -> None:
    """Units that fire for a twentieth of the samples live; those below a bias of -50 do not."""
    torch.manual_seed(0)
    model = mlp(8, 64, 3)
    with torch.no_grad():
        model[0].weight.div_(model[0].weight.norm(dim=1, keepdim=True))
        model[0].bias.fill_(-1.7)
        model[0].bias[[3, 10, 40]] = -50.0
    (site,) = rt.check(model, (torch.randn(4000, 8), torch.randint(3, (4000,))), loss=F.cross_entropy).sites
    assert dead(site).tolist() == [3, 10, 40]
    assert 0.02 < site.fired[np.setdiff1d(np.arange(64), [3, 10, 40])].mean() < 0.1


def test_units_that_die_on_the_way_are_found_with_the_step() -> None:
    torch.manual_seed(0)
    model = mlp(8, 32, 3)
    x, y = batches(1, 256)[0]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with rt.watch(model, optimizer=optimizer) as w:
        for step in range(200):
            if step == 100:
                model[0].bias.data[:20] = -40.0
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    (finding,) = w.report().findings
    assert (finding.rule, finding.severity, finding.site, finding.units) == ("dead-units", "warning", "1", [*range(20)])
    assert finding.evidence["died_at_step"] <= 100
    assert "(p < " in finding.explanation


def test_a_healthy_training_gets_no_more_than_a_remark() -> None:
    torch.manual_seed(0)
    assert train(mlp(8, 32, 32, 3), steps=60).report().worst() in (None, "info")
    assert train(mlp(8, 32, 32, 3, act=nn.GELU), steps=60).report().worst() is None
