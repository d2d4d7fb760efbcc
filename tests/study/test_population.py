"""Trainings side by side are those of the loop, member by member, whoever stands beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import rheobase.torch as rt
from rheobase.catalogue import definitions
from rheobase.study import Dataset, Plan, Run, load
from rheobase.study.training import descent, population, stacked
from rheobase.study.training.architecture import Drop, Linear, Norm, Skip, Unit, hidden_unit, layers
from rheobase.study.training.population import Population, groups, limits, pace, train_together
from rheobase.study.training.stacked import many
from rheobase.study.training.train import MEMORY, Member, fitted, loss_of, network, outcome, slope_of_loss, split, train

PLAN = Plan(("relu",), steps=200, batch=32, hidden=(12, 12, 8))
#: Rates and seeds mixed, so that neighbours of one rate are of different seeds, and the other way round.
MEMBERS = [Member(0.01, 4, True), Member(0.003, 3, True), Member(0.01, 3, False), Member(0.03, 4, True)]


@pytest.fixture
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def side_by_side(data: Dataset, plan: Plan, name: str, members: list[Member]) -> dict[Member, Any]:
    """Parameters and curve of each member after training."""
    parts = {m.seed: split(data, m.seed) for m in members}
    people = Population(data, plan, name, members, parts)
    curves = people.fit()
    copies = [[p.clone() for p in model.parameters()] for model in people.networks()]
    return dict(zip(people.members, zip(copies, curves, strict=True), strict=True))


def check_against_the_loop(data: Dataset, plan: Plan, name: str) -> None:
    found = side_by_side(data, plan, name, MEMBERS)
    runs = train_together(data, plan, name, MEMBERS)
    for member, run in zip(MEMBERS, runs, strict=True):
        parts = split(data, member.seed)
        model, curve = fitted(data, plan, name, member, parts)
        weights, its_curve = found[member]
        for ours, theirs in zip(weights, model.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(its_curve, curve, rtol=1e-8)
        alone = outcome(data, name, member, parts, model, curve)
        assert (run.activation, run.learning_rate, run.seed, run.failed, run.chance) == (
            name, member.learning_rate, member.seed, alone.failed, alone.chance
        )  # fmt: skip
        assert (run.validation, run.test) == pytest.approx((alone.validation, alone.test), rel=1e-7, nan_ok=True)
        assert math.isnan(run.test) is not member.final
        np.testing.assert_allclose(run.curve, alone.curve, rtol=1e-8)
        assert (run.health is None) is (alone.health is None) is not member.final
        if run.health and alone.health:
            assert run.health.mean_shift == pytest.approx(alone.health.mean_shift, rel=1e-6)
            assert (run.health.dead, run.health.saturated) == (alone.health.dead, alone.health.saturated)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("name", ["iris", "breast_cancer", "diabetes"])
def test_members_are_those_of_the_loop(name: str, optimizer: Any) -> None:
    check_against_the_loop(load(name), replace(PLAN, optimizer=optimizer), "gelu")


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("function", ["relu", "prelu", "swish_beta", "step"])
def test_members_are_those_of_the_loop_with(function: str) -> None:
    check_against_the_loop(load("iris"), PLAN, function)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    "options",
    [{"dropout": 0.2}, {"batch_norm": True}, {"residual": True}, {"hidden": ()}, {"hidden": (40,)},
     {"dropout": 0.1, "batch_norm": True, "residual": True, "hidden": (10, 10, 7, 7)}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_members_are_those_of_the_loop_in_every_network(options: dict[str, Any], optimizer: Any) -> None:
    check_against_the_loop(load("iris"), replace(PLAN, optimizer=optimizer, **options), "tanh")


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    ("what", "method", "wrong"),
    [
        (stacked.Units, "backward", lambda self, above: above),
        (stacked.Residuals, "backward", lambda self, above: self.inner.backward(above)),
        (stacked.ByAutograd, "backward", lambda self, above: torch.autograd.grad(self.out, self.x, above)[0]),
        (descent.Adam, "step", lambda self, _step=descent.Adam.step: [_step(self), _step(self)]),
    ],
    ids=["slope left out", "skip left out", "parameters left out", "two steps for one"],
)
def test_a_wrong_step_is_noticed(what: type, method: str, wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(what, method, wrong)
    with pytest.raises(AssertionError):
        check_against_the_loop(load("iris"), replace(PLAN, batch_norm=True, residual=True, steps=20), "tanh")


TRAINED = [d.name for d in definitions() if d.kind == "elementwise" and d.noise is None]


@pytest.mark.parametrize("name", TRAINED)
def test_a_function_among_stacked_layers_is_that_of_one_network(name: str) -> None:
    x = torch.tensor([0.0, -0.0, 1e-30, 0.5, 1.0, 3.0, 20.0, 200.0])
    x = torch.stack([x, -x]).repeat(3, 1, 1)
    above = torch.linspace(-2, 2, x.numel()).reshape(x.shape)
    layer, alone = many(Unit(name), 3, torch.rand), hidden_unit(name)
    ours, theirs = layer(x), x.clone().requires_grad_()
    with rt.saves("input"):
        expected = alone(theirs)
    expected.backward(above)
    assert torch.equal(ours, expected.detach())
    assert torch.equal(layer.backward(above), theirs.grad)


@pytest.mark.usefixtures("double")
def test_seeds_may_know_different_words() -> None:
    rng = np.random.default_rng(0)
    words = np.array([*"abc"] * 40, dtype=object)
    words[:3] = ["rare", "rarer", "rarest"]
    x = rng.normal(size=len(words))
    data = Dataset("words", pd.DataFrame({"word": words, "x": x}), x + (words == "a"), "regression")
    widths = {split(data, m.seed).train[0].shape[1] for m in MEMBERS}
    assert len(widths) > 1
    check_against_the_loop(data, PLAN, "silu")


def test_members_begin_with_the_weights_of_the_loop_to_the_bit() -> None:
    data, plan = load("iris"), replace(PLAN, batch_norm=True)
    people = Population(data, plan, "prelu", MEMBERS, {m.seed: split(data, m.seed) for m in MEMBERS})
    for member, model in zip(people.members, people.networks(), strict=True):
        first = network(plan, "prelu", 4, 3, member.seed)
        assert all(torch.equal(a, b) for a, b in zip(model.parameters(), first.parameters(), strict=True))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("name", ["digits", "diabetes"])
def test_a_diverging_member_disturbs_nobody(name: str, optimizer: Any) -> None:
    data = load(name)
    plan = replace(PLAN, optimizer=optimizer, batch_norm=True, dropout=0.1, steps=60)
    *others, last = MEMBERS
    sick = last._replace(learning_rate=1e30)
    without, beside = (side_by_side(data, plan, "silu", [*others, m]) for m in (last, sick))
    assert not all(p.isfinite().all() for p in beside[sick][0])
    for member in others:
        assert all(p.isfinite().all() for p in without[member][0])
        assert all(map(torch.equal, without[member][0], beside[member][0]))
        assert without[member][1] == beside[member][1]
    run = train_together(data, plan, "silu", [sick, *others])[0]
    worst = -1.0 if name == "diabetes" else 0.0
    assert (run.failed, run.validation, run.test, run.health) == (True, worst, worst, None)


def same(a: Run, b: Run) -> bool:
    told = ("learning_rate", "seed", "validation", "failed", "chance")
    scores = np.array_equal([a.test], [b.test], equal_nan=True)
    return scores and np.array_equal(a.curve, b.curve) and all(getattr(a, n) == getattr(b, n) for n in told)


def test_the_order_of_members_does_not_matter() -> None:
    data, plan = load("digits"), replace(PLAN, steps=40)
    runs = train_together(data, plan, "prelu", MEMBERS)
    assert [(r.learning_rate, r.seed) for r in runs] == [m[:2] for m in MEMBERS]
    turned = train_together(data, plan, "prelu", [*MEMBERS[::-1], MEMBERS[0]])
    assert all(map(same, [*runs, runs[0]], [*turned[-2::-1], turned[-1]]))


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("most", [1, 3])
def test_members_in_several_groups_are_those_of_one(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data, plan = load("digits"), replace(PLAN, steps=40)
    whole = train_together(data, plan, "prelu", MEMBERS)
    monkeypatch.setattr(population, "MOST", most)
    for one, other in zip(whole, train_together(data, plan, "prelu", MEMBERS), strict=True):
        assert (one.validation, one.test) == pytest.approx((other.validation, other.test), nan_ok=True)
        np.testing.assert_allclose(one.curve, other.curve, rtol=1e-9)


def test_each_member_learns_a_slope_of_its_own() -> None:
    found = side_by_side(load("iris"), PLAN, "prelu", MEMBERS)
    slopes = [weights[2].item() for weights, _ in found.values()]
    assert len(set(slopes)) == len(MEMBERS)


def test_groups_fit_into_memory() -> None:
    members = [Member(rate, seed, False) for rate in (0.1, 0.2, 0.3) for seed in range(4)]
    assert sorted(m for g in groups(members, 5, 2) for m in g) == sorted(members)
    assert [len(g) for g in groups(members, 5, 9)] == [4, 4, 4]
    assert [{m.seed for m in g} for g in groups(members, 6, 1)] == [{0}, {1}, {2}, {3}]
    assert all(len(g) <= 2 and len({m.seed for m in g}) == 1 for g in groups(members, 2, 1))
    rows = 1_000_000
    big = Dataset("big", pd.DataFrame(np.zeros((rows, 30))), np.zeros(rows), "regression")
    most, seeds = limits(big, PLAN)
    assert 1 <= seeds * rows * 31 * 4 <= MEMORY
    assert 1 <= most * rows // 5 * 30 * 4 <= MEMORY
    assert limits(load("iris"), PLAN)[0] == population.MOST
    for width in (64, 128, 256):
        # weights, gradients and both moments of the hidden layers alone
        assert (
            1 < limits(load("digits"), replace(PLAN, hidden=(width,) * 3))[0] * 4 * 2 * width**2 * 4 < population.CACHE
        )
    assert limits(load("iris"), replace(PLAN, hidden=(4096, 4096, 4096)))[0] == 1


@pytest.mark.parametrize("name", ["digits", "breast_cancer", "diabetes"])
def test_the_slope_of_the_loss_is_its_gradient(name: str) -> None:
    data = load(name)
    y = split(data, 0).train[1][:50]
    out = torch.randn(50, data.outputs, generator=torch.Generator().manual_seed(0)).mul(3).requires_grad_()
    loss_of(data, reduction="sum")(out, y).backward()
    torch.testing.assert_close(slope_of_loss(data)(out.detach(), y), out.grad)


def test_a_last_batch_of_one_row_is_normalised() -> None:
    data = load("iris")
    rows = len(split(data, 3).train[0])
    plan = replace(PLAN, batch=rows - 1, batch_norm=True, steps=4)
    assert all(np.isfinite(run.curve).all() for run in train_together(data, plan, "relu", MEMBERS))


def test_noise_is_left_to_the_loop() -> None:
    data, plan = load("iris"), replace(PLAN, steps=10)
    assert pace(data, plan, "rrelu", MEMBERS).together == math.inf
    assert pace(data, plan, "relu", MEMBERS[:1]).together == math.inf
    assert same(train(data, plan, "rrelu", *MEMBERS[0]), train(data, plan, "rrelu", *MEMBERS[0]))


def test_the_network_is_what_the_plan_says() -> None:
    plan = Plan(("relu",), hidden=(4, 4, 5), dropout=0.1, batch_norm=True, residual=True)

    def hidden(inputs: int, outputs: int) -> tuple[Any, ...]:
        return Linear(inputs, outputs, bias=False), Norm(outputs), Unit("tanh"), Drop(0.1)

    assert layers(plan, "tanh", 4, 2) == (*hidden(4, 4), Skip(hidden(4, 4)), *hidden(4, 5), Linear(5, 2))


def test_batch_norm_and_dropout_do_what_torch_does() -> None:
    x = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    normed = network(Plan(("relu",), hidden=(6,), batch_norm=True), "relu", 4, 3, 0)
    theirs = nn.Sequential(normed[0], nn.BatchNorm1d(6), nn.ReLU(), normed[3])
    torch.testing.assert_close(normed(x), theirs(x))
    dropped = network(Plan(("relu",), hidden=(4000,), dropout=0.3), "relu", 4, 3, 0)
    ones = torch.ones(1, 4000)
    kept = dropped[2](ones)
    assert kept.unique().tolist() == [0.0, pytest.approx(1 / 0.7)]
    assert float((kept == 0).float().mean()) == pytest.approx(0.3, abs=0.03)
    assert torch.equal(dropped.eval()[2](ones), ones)
    other = network(Plan(("relu",), hidden=(4000,), dropout=0.3), "tanh", 4, 3, 0)
    assert torch.equal(other[2](ones), kept), "a seed silences the same units whatever the function"
