"""Observation sees every activation, and the training does not feel it."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import rheobase as rb
import rheobase.torch as rt
from rheobase.errors import UnsupportedInput
from tests.doctor.networks import MODELS, Applied, Pictures, Reused, Sequence, batches, mlp, train

Tensor = torch.Tensor
PLAIN = {name: getattr(F, name) for name in ("cross_entropy", "mse_loss")}


#: A scale for the loss at which its gradients are infinite, so that GradScaler leaves out a step or more.
OVERFLOW = 2.0**127


def hooks(model: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def made(name: str) -> nn.Module:
    torch.manual_seed(0)
    return MODELS[name]()


# --- training is the same, bit for bit ---


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        *((name, {}) for name in MODELS),
        *((name, {"autocast": True}) for name in ("functional", "convolution, dropout", "transformer")),
        *((name, {"accumulate": 3, "clip": True}) for name in ("in place", "our functions", "checkpoint")),
        *((name, {"scale": OVERFLOW, "autocast": True}) for name in ("modules of torch", "reused")),
        ("nested, shared", {"scale": 1024.0, "accumulate": 2, "clip": True}),
    ],
)
def test_training_is_bit_for_bit_the_same(name: str, settings: dict[str, Any]) -> None:
    watched, alone = made(name), made(name)
    w = train(watched, **settings)
    train(alone, watched=False, **settings)
    assert w.report().overhead.observed >= 4
    for key, value in alone.state_dict().items():
        assert torch.equal(watched.state_dict()[key], value), key
    assert hooks(watched) == 0


def test_a_hook_that_moved_a_number_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from rheobase.doctor.observe.tally import Tally

    before = Tally.before
    monkeypatch.setattr(Tally, "before", lambda self, z, step: (before(self, z, step), z.data.add_(1e-7))[0])
    watched, alone = made("modules of torch"), made("modules of torch")
    train(watched)
    train(alone, watched=False)
    assert not all(map(torch.equal, watched.parameters(), alone.parameters()))


def test_random_numbers_and_modes_are_left_alone() -> None:
    states = []
    for watched in (True, False):
        model = made("convolution, dropout")
        model.body[3].eval()
        train(model, watched=watched)
        states.append((torch.get_rng_state(), [m.training for m in model.modules()]))
    assert torch.equal(states[0][0], states[1][0])
    assert states[0][1] == states[1][1]


# --- hooks go, whatever happens ---


def test_hooks_go_when_the_training_fails() -> None:
    class Failing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.calls = nn.Linear(8, 3), 0

        def forward(self, x: Tensor) -> Tensor:
            self.calls += 1
            if self.calls > 1:
                raise RuntimeError("boom")
            return F.relu(self.fc(x))

    model = Failing()
    with pytest.raises(RuntimeError, match="boom"):
        train(model)
    assert hooks(model) == 0
    assert all(getattr(F, name) is plain for name, plain in PLAIN.items())
    assert not torch.overrides._get_current_function_mode_stack()
    with pytest.raises(RuntimeError, match="boom"):
        rt.check(model, batches(1)[0], loss=F.cross_entropy)
    assert hooks(model) == 0


def test_a_model_can_be_copied_and_saved_while_it_is_watched() -> None:
    model = mlp(8, 16, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with rt.watch(model, optimizer=optimizer) as w:
        twin, file = copy.deepcopy(model), io.BytesIO()
        torch.save(model, file)
        stored = pickle.loads(pickle.dumps(model))
        for other in (twin, stored):
            other(batches(1)[0][0])
        seen = w.listener.passes
        model(batches(1)[0][0])
    assert (seen, hooks(model)) == (0, 0)


# --- every spelling is seen ---


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (F.relu, "relu"),
        (torch.tanh, "tanh"),
        (lambda x: x.clamp(min=0), "relu"),
        (lambda x: x.relu_(), "relu"),
        (lambda x: x.sigmoid(), "sigmoid"),
        (lambda x: F.gelu(x, approximate="tanh"), "gelu_tanh"),
        (lambda x: F.leaky_relu(x, 0.2), "leaky_relu"),
        (lambda x: F.hardtanh(x, 0, 6), "relu6"),
        (lambda x: rb.silu(x), "silu"),
        (nn.Softplus(), "softplus"),
        (rt.module("star_relu"), "star_relu"),
    ],
)
def test_a_call_is_seen_and_measured(function: Callable[[Tensor], Tensor], name: str) -> None:
    model, (x, y) = Applied(function), batches(1, 512)[0]
    (site,) = rt.check(model, (x, y), loss=F.cross_entropy).sites
    with torch.no_grad():
        z = model.fc1(x)
        h = function(z.clone())
    assert (site.function, site.layer, site.units, site.samples) == (name, "fc1", 16, 512)
    np.testing.assert_allclose(site.mean, h.mean(dim=0), atol=1e-6)
    np.testing.assert_allclose(site.deviation, h.std(dim=0, correction=0), atol=1e-5)
    assert site.z_deviation == pytest.approx(float(z.std(correction=0)), rel=1e-3)
    assert site.histogram.sum() == z.numel()


def test_the_gradient_at_a_site_is_autograds() -> None:
    model, (x, y) = mlp(8, 16, 3, act=nn.Tanh), batches(1, 64)[0]
    z = model[0](x).detach().requires_grad_()
    F.cross_entropy(model[2](torch.tanh(z)), y).backward()
    assert z.grad is not None
    (site,) = rt.check(model, (x, y), loss=F.cross_entropy).sites
    assert site.gradient == pytest.approx(float(z.grad.pow(2).sum().div(64).sqrt()), rel=1e-5)


def test_sites_are_told_apart_by_path_function_and_call() -> None:
    report = rt.check(Reused(), batches(1)[0], loss=F.cross_entropy)
    assert [(s.path, s.function, s.call, s.layer) for s in report.sites] == [
        ("act", "relu", 0, "first"),
        ("act", "relu", 1, "tied"),
        ("act", "relu", 2, "tied"),
        ("act", "relu", 3, "tied"),
    ]


def test_channels_are_the_units_of_convolutions_and_a_sample_counts_once() -> None:
    silu, leaky = rt.check(Pictures(), batches(1, 64)[0], loss=F.cross_entropy).sites
    assert (silu.units, silu.samples, silu.normed) == (6, 64, True)
    assert (leaky.function, dict(leaky.values)) == ("leaky_relu", {"negative_slope": 0.1})


@pytest.mark.parametrize(("kind", "function"), [("RNN", "tanh"), ("Transformer", "relu"), ("LSTM", None)])
def test_what_torch_computes_inside_is_seen_where_it_can_be(kind: str, function: str | None) -> None:
    sites = rt.check(Sequence(kind), batches(1)[0], loss=F.cross_entropy).sites
    assert [s.function for s in sites] == ([function] if function else [])


def test_gates_and_outputs_are_told_from_hidden_units() -> None:
    gated = rt.check(Applied(lambda x: x * torch.sigmoid(x)), batches(1)[0]).sites[0]
    output = rt.check(nn.Sequential(nn.Linear(8, 3), nn.Sigmoid(), nn.Flatten()), batches(1)[0]).sites[0]
    hidden = rt.check(Applied(torch.sigmoid), batches(1)[0]).sites[0]
    assert (gated.role, output.role, hidden.role) == ("gate", "output", "hidden")


# --- loops of all kinds ---


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("order", ["compiled, then watched", "watched, then compiled", "the compiled one is watched"])
def test_compiled_models(order: str) -> None:
    model, optimizer = mlp(8, 16, 3), None
    run = torch.compile(model, backend="eager")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    if order == "compiled, then watched":
        run(batches(1)[0][0])
    watched = run if order == "the compiled one is watched" else model
    with rt.watch(watched, optimizer=optimizer) as w:
        for x, y in batches(20):
            optimizer.zero_grad()
            F.cross_entropy(run(x), y).backward()
            optimizer.step()
    (site,) = w.report().sites
    observed = w.report().overhead.observed
    assert observed >= 6
    # and once more at the end, the latest 16
    assert site.samples == 32 * (observed + min(16, observed))
    assert hooks(model) == 0


def test_validation_passes_are_not_observed() -> None:
    model = mlp(8, 16, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with rt.watch(model, optimizer=optimizer) as w:
        for x, y in batches(4):
            with torch.no_grad():
                model(x)
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
            model.eval()
            model(x)
            model.train()
        assert w.report().sites[0].samples == 32 * 4
    assert len(w.report().case.losses) == 4


def test_several_models_at_once() -> None:
    one, two = mlp(8, 16, 3), mlp(8, 8, 3, act=nn.Tanh)
    optimizers = [torch.optim.SGD(m.parameters(), lr=0.1) for m in (one, two)]
    with rt.watch(one, optimizer=optimizers[0]) as a, rt.watch(two, optimizer=optimizers[1]) as b:
        for x, y in batches(4):
            for model, optimizer in zip((one, two), optimizers, strict=True):
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
    assert [[s.function for s in w.report().sites] for w in (a, b)] == [["relu"], ["tanh"]]


def test_without_an_optimizer_every_pass_is_a_step() -> None:
    model = mlp(8, 16, 3)
    with rt.watch(model) as w:
        for x, y in batches(10):
            F.cross_entropy(model(x), y).backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= 0.1 * p.grad
                    p.grad = None
    assert w.pace.steps == 10
    assert w.report().sites[0].samples > 32 * 4
    assert not w.report().findings


def test_updates_are_measured_at_the_optimizer() -> None:
    model = mlp(8, 16, 3)
    model[0].weight.requires_grad_(False)
    before = model[2].weight.detach().clone()
    w = train(model, steps=1)
    frozen, moved = w.report().case.parameters
    expected = float((model[2].weight.detach() - before).norm() / before.norm())
    assert moved.updates[0] == pytest.approx(expected, rel=1e-5)
    assert (frozen.used, frozen.trained) == (False, False)
    assert not w.report().findings


def test_bad_arguments_are_one_clear_line() -> None:
    with pytest.raises(UnsupportedInput, match=r"batch \(x, y\)"):
        rt.check(mlp(8, 4, 3), torch.ones(2, 8))  # type: ignore[arg-type]
    with pytest.raises(UnsupportedInput, match="did you mean dead-units"):
        rt.check(mlp(8, 4, 3), batches(1)[0], suppress=["dead_units"])
    with pytest.raises(UnsupportedInput, match=r"torch\.nn\.Module"):
        rt.watch(lambda x: x)  # type: ignore[arg-type]
    with pytest.raises(UnsupportedInput, match="share of the time"):
        rt.watch(mlp(8, 4, 3), budget=3)
