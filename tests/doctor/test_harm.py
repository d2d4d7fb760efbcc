"""What a loss tells about harm, and the rules that rest on it: a training each, sick or only odd."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import rheobase.torch as rt
from rheobase.doctor.report import Report
from rheobase.doctor.rules import diagnose
from tests.doctor.networks import mlp
from tests.doctor.test_rules import CE, CLASSES, COLUMN, Seq, alarms, body, scaled, x

Tensor = torch.Tensor
WAVE = x().sum(1, keepdim=True).sin()


class Cell(nn.Module):
    """A recurrent network written as a loop."""

    def __init__(self) -> None:
        super().__init__()
        self.into, self.over, self.out = nn.Linear(1, 16), nn.Linear(16, 16), nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = x.new_zeros(len(x), 16)
        for _ in range(4):
            for column in x.split(1, dim=1):
                h = torch.tanh(self.into(column) + self.over(h))
        return self.out(h)


class Adversaries(nn.Module):
    """Two networks in one module, of which a pass uses one."""

    def __init__(self) -> None:
        super().__init__()
        self.generator, self.critic = mlp(4, 16, 8), mlp(8, 16, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.critic(x)


class Residual(nn.Module):
    """The first branch takes the stem's output as it is; so does the sum."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.branch, self.out = nn.Linear(8, 32), mlp(32, 32, 32), nn.Linear(32, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = self.stem(x)
        return self.out(F.relu(h + self.branch(h)))


def ended(outputs: int, bias: float, *end: nn.Module) -> nn.Module:
    model = body(outputs, *end)
    nn.init.constant_(model[0][-1].bias, bias)
    return model


def of_both(output: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(output, target) + F.mse_loss(output[:, 0], target.float())


CHECKED: dict[str, tuple[Callable[[], nn.Module], Any, Tensor, list[tuple[str, str]]]] = {
    "relu between 0 and 1 on logits": (lambda: body(1, nn.ReLU()), nn.BCEWithLogitsLoss(), COLUMN,
                                       [("activation-on-logits", "output")]),
    "a loss of two parts": (lambda: body(3), of_both, CLASSES, []),
    "a part without a pass": (Adversaries, nn.BCEWithLogitsLoss(), COLUMN, []),
    "a stem before a residual branch": (Residual, CE, CLASSES, []),
    "a short memory at the beginning": (Cell, CE, CLASSES, []),
    "a small positive head": (lambda: ended(1, -6.0, nn.Softplus()), nn.MSELoss(), COLUMN / 100 + 0.01, []),
    "a dead positive head": (lambda: ended(1, -6.0, nn.ReLU()), nn.MSELoss(), COLUMN, [("dead-units", "1")]),
    "outputs far above the targets": (lambda: scaled(mlp(8, 64, 64, 64, 1), lambda w: w.mul_(6)), nn.MSELoss(), WAVE,
                                      [("bad-initialisation", "0")]),
    "targets far below the outputs": (lambda: body(1), nn.MSELoss(), WAVE / 10_000, [("unscaled-target", "target")]),
    "small targets within reach": (lambda: scaled(body(1), lambda w: w.mul_(0.01) if len(w) == 1 else w), nn.MSELoss(),
                                   WAVE / 200, []),
}  # fmt: skip


@pytest.mark.parametrize("name", CHECKED)
def test_before_training(name: str) -> None:
    build, loss, y, expected = CHECKED[name]
    torch.manual_seed(0)
    assert alarms(rt.check(build(), (x(), y), loss=loss))[:1] == expected


def adam(rate: float) -> Callable[[Any], torch.optim.Optimizer]:
    return lambda parameters: torch.optim.Adam(parameters, lr=rate)


def silent() -> nn.Module:
    """Half of its hidden units never fire."""
    model = mlp(8, 32, 3)
    nn.init.constant_(model[0].bias[:16], -50.0)
    return model


RARE = (torch.arange(256) % 20 == 0).long()
TRAINED: dict[str, tuple[Callable[[], nn.Module], Any, Tensor, Any, list[str]]] = {
    "thrown off, and back": (lambda: mlp(8, 32, 3), CE, CLASSES, adam(2.0), ["wild-updates"]),
    "nothing moves, much is silent": (silent, CE, CLASSES, adam(1e-10), ["starved-updates"]),
    "the same, and it moves": (silent, CE, torch.randint(3, (256,)), adam(1e-4), ["dead-units"]),
    "a step function": (lambda: Seq(mlp(8, 32, 3), Rounded()), nn.MSELoss(), x()[:, :3], adam(1e-3),
                        ["starved-updates"]),
    "a range by formula": (lambda: Seq(mlp(8, 32, 1), Exponential()), nn.MSELoss(), x()[:, :1], adam(1e-2),
                           ["output-range"]),
    "a line that stays above 0": (lambda: body(1), nn.MSELoss(), WAVE / 10 + 0.05, adam(1e-3), []),
    "no memory, stuck": (Cell, CE, CLASSES[torch.randperm(256, generator=torch.Generator().manual_seed(1))],
                         adam(1e-5), ["vanishing-gradient"]),
    "no better than the rate of the rare class": (lambda: mlp(8, *[32] * 5, 2, act=nn.Softplus), CE, RARE, adam(3e-3),
                                                  ["mean-shift"]),
}  # fmt: skip


class Rounded(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.round()


class Exponential(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.exp()


def watched(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss: Any = CE, y: Tensor = CLASSES, steps: int = 40
) -> Report:
    """The report of a training of which every step that may be is observed."""
    with rt.watch(model, optimizer=optimizer, loss=loss, budget=1.0) as w:
        for _ in range(steps):
            optimizer.zero_grad()
            loss(model(x()), y).backward()
            optimizer.step()
    return w.report()


@pytest.mark.parametrize("name", TRAINED)
def test_during_training(name: str) -> None:
    build, loss, y, optimizers, expected = TRAINED[name]
    torch.manual_seed(0)
    model = build()
    report = watched(model, optimizers(model.parameters()), loss, y, steps=60)
    assert [rule for rule, _ in alarms(report)][:1] == expected


def test_what_a_dead_layer_stops_is_no_step_function() -> None:
    torch.manual_seed(0)
    model = mlp(8, 32, 32, 3)
    nn.init.constant_(model[2].bias, -10.0)
    report = watched(model, torch.optim.Adam(model.parameters(), lr=0.003))
    assert alarms(report) == [("dead-units", "3")]


def test_one_lively_layer_is_no_alarm_and_most_of_them_are() -> None:
    torch.manual_seed(0)
    model = mlp(8, 32, 32, 3)
    case = watched(model, torch.optim.SGD(model.parameters(), lr=0.05), steps=20).case
    for lively, expected in ((1, []), (2, ["wild-updates"])):
        lifted = [replace(p, updates=p.updates * 0 + 0.2) for p in case.parameters[-lively:]]
        sick = replace(case, parameters=(*case.parameters[:-lively], *lifted))
        assert [f.rule for f in diagnose(sick) if f.severity != "info"] == expected


class States(nn.Module):
    """torch's recurrent layer, its recurrent weights orthogonal times a gain; the default without one."""

    def __init__(self, gain: float | None, kind: str) -> None:
        super().__init__()
        self.cell, self.out = nn.RNN(1, 32, batch_first=True, nonlinearity=kind), nn.Linear(32, 3)
        if gain is not None:
            nn.init.orthogonal_(self.cell.weight_hh_l0, gain)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.cell(x[:, :, None])[0][:, -1])


@pytest.mark.parametrize("kind", ["tanh", "relu"])
@pytest.mark.parametrize(("gain", "word"), [(0.05, "too small"), (6.0, "too large"), (1.0, ""), (None, "")])
def test_recurrent_weights_neither_forget_nor_explode(gain: float | None, word: str, kind: str) -> None:
    torch.manual_seed(0)
    report = rt.check(States(gain, kind), (x(), CLASSES), loss=CE)
    found = [f for f in report.findings if f.severity != "info"]
    assert [(f.rule, f.site) for f in found][:1] == ([("bad-initialisation", "cell")] if word else [])
    assert all(word in f.explanation for f in found[:1])


@pytest.mark.parametrize(
    "loss", [CE, nn.MSELoss(), nn.BCEWithLogitsLoss(), nn.NLLLoss()], ids=lambda x: type(x).__name__
)
@pytest.mark.parametrize("odd", [-1e3, 0.0, float("nan"), float("inf"), -float("inf"), 1e38])
def test_no_number_however_odd_stops_the_diagnosis(loss: nn.Module, odd: float) -> None:
    """A rule that raises would take the report of a long training with it."""
    torch.manual_seed(0)
    model, y = mlp(8, 32, 32, 3), CLASSES if isinstance(loss, nn.CrossEntropyLoss | nn.NLLLoss) else torch.rand(256, 3)
    case = watched(model, torch.optim.SGD(model.parameters(), lr=0.05), loss, y, steps=6).case
    losses = ("value", "low", "high", "rows", "columns", "target_low", "target_high", "target_mean", "target_deviation")
    for field in losses:
        diagnose(replace(case, losses=tuple(replace(c, **{field: odd}) for c in case.losses)))
    for field in ("gradients", "updates", "scale", "twins"):
        changed = [replace(p, **{field: getattr(p, field) * 0 + odd}) for p in case.parameters]
        diagnose(replace(case, parameters=tuple(changed)))
    for field in ("gradient", "z_mean", "z_deviation", "largest", "mean", "deviation", "active", "flat"):
        sick = tuple(replace(s, **{field: getattr(s, field) * 0 + odd}) for s in case.sites)
        diagnose(replace(case, sites=sick, first=sick))
        diagnose(replace(case, sites=sick, first=sick, trained=False))
