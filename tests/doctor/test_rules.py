"""Each fault is named first and in its place, and what only looks like it is not."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import rheobase.torch as rt
from rheobase.doctor.records import SEVERITIES
from rheobase.doctor.rules import NAMES, RULES, diagnose
from tests.doctor.networks import Applied, mlp, train

Tensor = torch.Tensor
Seq, CE = nn.Sequential, nn.CrossEntropyLoss()
CLASSES, COLUMN = torch.arange(256) % 3, (torch.arange(256) % 2).float()[:, None]


def body(outputs: int, *end: nn.Module, act: Callable[[], nn.Module] = nn.ReLU) -> nn.Module:
    torch.manual_seed(3)
    return Seq(mlp(8, 32, 32, outputs, act=act), *end)


def x() -> Tensor:
    return torch.randn(256, 8, generator=torch.Generator().manual_seed(0))


def alarms(report: Any) -> list[tuple[str, str]]:
    return [(f.rule, f.site) for f in report.findings if f.severity != "info"]


def scaled(model: nn.Module, draw: Callable[[Tensor], Any]) -> nn.Module:
    for p in model.parameters():
        if p.dim() == 2:
            draw(p.data)
    return model


class Listed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.out = [nn.Linear(8, 16)], nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(F.relu(self.hidden[0](x)))


SICK: dict[str, tuple[Callable[[], nn.Module], Any, Tensor, str, str]] = {
    "softmax": (lambda: body(3, nn.Softmax(-1)), CE, CLASSES, "softmax-into-cross-entropy", "output"),
    "softmax outside": (lambda: body(3), lambda o, y: F.cross_entropy(o.softmax(-1), y), CLASSES,
                        "softmax-into-cross-entropy", "output"),
    "softmax of pictures": (lambda: Seq(nn.Unflatten(1, (2, 2, 2)), nn.Conv2d(2, 3, 1), nn.Softmax(1)), CE,
                            torch.ones(256, 2, 2, dtype=torch.long), "softmax-into-cross-entropy", "output"),
    "over the batch": (lambda: body(3, nn.Softmax(0)), CE, CLASSES, "softmax-over-batch", "output"),
    "log over the batch": (lambda: body(3, nn.LogSoftmax(0)), nn.NLLLoss(), CLASSES, "softmax-over-batch", "output"),
    "sigmoid": (lambda: body(1, nn.Sigmoid()), nn.BCEWithLogitsLoss(), COLUMN,
                "sigmoid-into-bce-with-logits", "output"),
    "one unit": (lambda: body(1, nn.Softmax(-1)), nn.BCELoss(), COLUMN, "single-unit-softmax", "output"),
    "probabilities": (lambda: body(3, nn.Softmax(-1)), nn.NLLLoss(), CLASSES, "probabilities-into-nll", "output"),
    "logits into NLL": (lambda: body(3), nn.NLLLoss(), CLASSES, "probabilities-into-nll", "output"),
    "relu on logits": (lambda: body(3, nn.ReLU()), CE, CLASSES, "activation-on-logits", "output"),
    "sigmoid on logits": (lambda: body(3, nn.Sigmoid()), CE, CLASSES, "activation-on-logits", "output"),
    "relu under softmax": (lambda: body(3, nn.ReLU(), nn.LogSoftmax(-1)), nn.NLLLoss(), CLASSES,
                           "activation-on-logits", "output"),
    "range": (lambda: body(1, nn.Tanh()), nn.MSELoss(), 3 * COLUMN, "output-range", "output"),
    "range of an own loss": (lambda: body(1, nn.ReLU()), lambda o, y: (o - y).pow(4).mean(), -COLUMN,
                             "output-range", "output"),
    "targets ±1": (lambda: body(1), nn.BCEWithLogitsLoss(), 2 * COLUMN - 1, "output-range", "target"),
    "target": (lambda: body(1), nn.MSELoss(), 300 * COLUMN + 900, "unscaled-target", "target"),
    "linear": (lambda: Seq(nn.Linear(8, 16), nn.Linear(16, 3)), CE, CLASSES, "missing-activation", "0"),
    "linear through BatchNorm": (lambda: Seq(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.Dropout(), nn.Linear(16, 3)),
                                 CE, CLASSES, "missing-activation", "0"),
    "doubled": (lambda: Seq(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(), nn.Sigmoid(), nn.Linear(16, 3)), CE, CLASSES,
                "double-activation", "3"),
    "zeros": (lambda: scaled(body(3), nn.init.zeros_), CE, CLASSES, "symmetric-units", "0.0"),
    "constants": (lambda: scaled(body(3), lambda w: w.fill_(0.1)), CE, CLASSES, "symmetric-units", "0.0"),
    "small": (lambda: scaled(body(3, act=nn.Tanh), lambda w: w.normal_(0, 1e-3)), CE, CLASSES,
              "bad-initialisation", "0.0"),
    "large": (lambda: scaled(body(3, act=nn.Tanh), lambda w: w.normal_(0, 5)), CE, CLASSES,
              "bad-initialisation", "0.0"),
    "deep sigmoid": (lambda: mlp(8, *[32] * 10, 3, act=nn.Sigmoid), CE, CLASSES, "vanishing-gradient", "1"),
    "deep ReLU as torch draws it": (lambda: mlp(8, *[32] * 14, 3), CE, CLASSES, "bad-initialisation", ""),
    "unregistered": (Listed, CE, CLASSES, "detached-parameters", ""),
    "detached": (lambda: Applied(lambda z: z.detach().relu()), CE, CLASSES, "detached-parameters", "fc1"),
}  # fmt: skip


@pytest.mark.parametrize("name", SICK)
def test_what_is_wrong_before_training_is_named_first_and_in_its_place(name: str) -> None:
    build, loss, y, rule, site = SICK[name]
    torch.manual_seed(0)
    found = alarms(rt.check(build(), (x(), y), loss=loss))
    assert found[0][0] == rule
    assert not site or found[0][1] == site


FINE: dict[str, tuple[Callable[[], nn.Module], Any, Tensor]] = {
    "log_softmax into cross-entropy": (lambda: body(3, nn.LogSoftmax(-1)), CE, CLASSES),
    "log_softmax and NLL": (lambda: body(3, nn.LogSoftmax(-1)), nn.NLLLoss(), CLASSES),
    "sigmoid and BCE": (lambda: body(1, nn.Sigmoid()), nn.BCELoss(), COLUMN),
    "logits between 0 and 1 by chance": (lambda: Seq(nn.Linear(8, 1), nn.Flatten()), nn.BCEWithLogitsLoss(), COLUMN),
    "tanh on targets it reaches": (lambda: body(1, nn.Tanh()), nn.MSELoss(), 2 * COLUMN - 1),
    "capped logits": (lambda: Applied(lambda z: 30 * torch.tanh(z / 30)), CE, CLASSES),
    "narrow code": (lambda: Seq(nn.Linear(8, 2), nn.Linear(2, 8)), nn.MSELoss(), x()),
    "silu by hand": (lambda: Applied(lambda z: z * torch.sigmoid(z)), CE, CLASSES),
    "mish by hand": (lambda: Applied(lambda z: z * torch.tanh(F.softplus(z))), CE, CLASSES),
    "relu, pooling, relu": (lambda: Applied(lambda z: F.relu(F.max_pool1d(F.relu(z)[:, None], 1)[:, 0])), CE, CLASSES),
    "output layer of zeros": (lambda: scaled(body(3), lambda w: w.zero_() if len(w) == 3 else None), CE, CLASSES),
    "distillation": (lambda: body(3), CE, torch.full((256, 3), 1 / 3)),
    "distances cut off at 0": (lambda: Applied(lambda z: z * (1e-3 - (z * z).sum(-1, True)).clamp(min=0)), CE, CLASSES),
    "layers side by side": (lambda: Applied(lambda z: torch.cat([z, z.relu()], -1)[:, 8:24]), CE, CLASSES),
    "frozen layer": (lambda: Seq(nn.Linear(8, 16).requires_grad_(False), nn.ReLU(), nn.Linear(16, 3)), CE, CLASSES),
    "normalised inputs": (lambda: Seq(nn.BatchNorm1d(8), body(3)), CE, CLASSES),
}


@pytest.mark.parametrize("name", FINE)
def test_what_only_looks_wrong_is_not_named(name: str) -> None:
    build, loss, y = FINE[name]
    torch.manual_seed(0)
    given = x() * 100 if name == "normalised inputs" else x()
    model = build()
    if name == "logits between 0 and 1 by chance":
        nn.init.constant_(model[0].bias, 0.5)
        nn.init.zeros_(model[0].weight)
    assert alarms(rt.check(model, (given, y), loss=loss)) == []


def test_the_floor_of_the_loss_is_exact() -> None:
    best = torch.eye(10)[torch.arange(10)]
    finding = rt.check(Seq(nn.Linear(4, 10), nn.Softmax(-1)), (torch.randn(64, 4), torch.arange(64) % 10),
                       loss=CE).findings[0]  # fmt: skip
    assert finding.evidence["floor"] == pytest.approx(float(F.cross_entropy(best, torch.arange(10))), rel=1e-6)


def test_raw_inputs_are_the_cause_and_saturation_follows() -> None:
    torch.manual_seed(0)
    rules = [r for r, _ in alarms(rt.check(body(3, act=nn.Tanh), (200 * x(), CLASSES), loss=CE))]
    assert rules[:2] == ["unscaled-input", "saturated-units"]


# --- during training ---


@pytest.mark.parametrize(
    ("rate", "rule"), [(1e-9, "starved-updates"), (100.0, "wild-updates"), (0.05, None)], ids=["still", "wild", "fine"]
)
def test_updates(rate: float, rule: str | None) -> None:
    torch.manual_seed(0)
    found = [r for r, _ in alarms(train(mlp(8, 32, 3, act=nn.Tanh), steps=40, rate=rate).report())]
    assert (rule in found) if rule else (found == [])


def test_the_first_number_that_is_none_is_found() -> None:
    class Root(nn.Module):
        def forward(self, output: Tensor, target: Tensor) -> Tensor:
            return (output * 0).abs().sqrt().sum() + F.mse_loss(output, target)

    torch.manual_seed(0)
    model = body(1)
    optimizer, loss = torch.optim.SGD(model.parameters(), lr=0.1), Root()
    with rt.watch(model, optimizer=optimizer, loss=loss) as w:
        for _ in range(8):
            optimizer.zero_grad()
            loss(model(x()), COLUMN).backward()
            optimizer.step()
    first = w.report().findings[0]
    assert (first.rule, first.severity, first.site, first.evidence["step"]) == ("non-finite", "critical", "0.4", 0)


# --- attention ---


class Attending(nn.Module):
    """Attention by torch's module or by its function, with queries and keys scaled."""

    def __init__(self, module: bool, scale: float) -> None:
        super().__init__()
        self.whole, self.parts, self.out = (
            nn.MultiheadAttention(8, 2, batch_first=True),
            nn.Linear(8, 24),
            nn.Linear(8, 3),
        )
        self.module = module
        with torch.no_grad():
            (self.whole.in_proj_weight if module else self.parts.weight)[:16] *= scale

    def forward(self, x: Tensor) -> Tensor:
        if self.module:
            return self.out(self.whole(x, x, x)[0].mean(dim=1))
        q, k, v = (p.unflatten(-1, (2, 4)).transpose(1, 2) for p in self.parts(x).chunk(3, dim=-1))
        return self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2).mean(dim=1))


@pytest.mark.parametrize("module", [True, False])
def test_attention_that_looks_at_one_place(module: bool) -> None:
    torch.manual_seed(0)
    given = torch.randn(16, 12, 8), CLASSES[:16]
    sharp = rt.check(Attending(module, 60.0), given, loss=CE)
    assert alarms(sharp)[0][0] == "attention-collapse"
    (place,) = rt.check(model := Attending(module, 1.0), given, loss=CE).case.attention
    assert (place.entropy > 0.5).all()
    if module:
        _, weights = model.whole(*[given[0][:4]] * 3, average_attn_weights=False)
        entropy = -(weights * weights.log()).sum(-1).mean(dim=(0, 2)) / math.log(12)
        np.testing.assert_allclose(place.entropy, entropy.detach(), rtol=1e-4)


# --- how it is said ---


def test_findings_are_ordered_whole_and_can_be_left_out() -> None:
    torch.manual_seed(0)
    report = rt.check(body(3, nn.Softmax(-1), act=nn.Tanh), (200 * x(), CLASSES), loss=CE)
    places = [SEVERITIES.index(f.severity) for f in report.findings]
    assert places == sorted(places)
    for finding in report.findings:
        assert all((finding.source, finding.fine_if, finding.remedies))
        assert "{" not in finding.explanation
        assert all(math.isfinite(v) for v in finding.evidence.values())
    left = diagnose(report.case, ["softmax-into-cross-entropy", "unscaled-input"])
    assert {f.rule for f in report.findings} - {f.rule for f in left} == {
        "softmax-into-cross-entropy",
        "unscaled-input",
    }
    assert json.loads(json.dumps(report.to_dict()))["findings"][0]["rule"] == report.findings[0].rule


def test_causes_name_rules_that_exist_and_stand_behind() -> None:
    assert len(set(NAMES)) == len(NAMES)
    for place, rule in enumerate(RULES):
        for caused in rule.causes:
            assert NAMES.index(caused) > place, f"{rule.name} comes after {caused}, which it causes"


def test_a_diagnosis_rests_on_the_numbers_alone() -> None:
    """Sabotage: the same record with a healthy number in the place of the sick one says nothing."""
    torch.manual_seed(0)
    model = body(3)
    nn.init.constant_(model[0][0].bias, -50.0)
    case = rt.check(model, (x(), CLASSES), loss=CE).case
    assert diagnose(case)[0].rule == "dead-units"
    alive = [dataclasses.replace(s, since=np.zeros_like(s.since), deviation=s.deviation + 1) for s in case.sites]
    assert [f for f in diagnose(dataclasses.replace(case, sites=tuple(alive))) if f.severity != "info"] == []
