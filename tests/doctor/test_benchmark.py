"""The doctor's benchmark: labels tell harm from none, other tools' rules alarm where they say they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import healthy
import networks as net
import pytest
import rivals
import sick
import torch
from comparison import of_doctor, verdicts
from course import Course, Layer, Moment, Weight, recorded
from judge import train
from labels import label
from rivals import Alarm
from scenario import HALVES, Scenario, Setup, case, rows, training
from torch import nn

from rheobase.doctor.rules import RULES

RARE = next(s for s in healthy.ALL if s.name == "rarely firing ReLU")


def layer(kind: str, outputs: torch.Tensor, inputs: torch.Tensor | None = None) -> Layer:
    return Layer("1", kind, outputs if inputs is None else inputs, outputs)


def weight(gradient: torch.Tensor, ratio: float = 1e-3) -> Weight:
    return Weight("0.weight", torch.linspace(-0.5, 0.5, gradient.numel()).reshape(gradient.shape), gradient, ratio)


def course(*layers: Layer, weights: tuple[Weight, ...] = (weight(torch.ones(10, 10)),), scores: str = "good") -> Course:
    """Thirty times the same but for the scores, which soon reach 0.9 or stay at 0.1."""
    reached = [min(0.9, 0.1 + 0.1 * k) if scores == "good" else 0.1 for k in range(30)]
    moments = tuple(Moment(k, 1e-3, layers, weights, 1.0 - k / 100, s, s) for k, s in enumerate(reached))
    return Course(moments, classes=True, last="Linear", targets=(0.0, 1.0), plain=False)


def with_zeros(count: int) -> torch.Tensor:
    """A hundred rows of one unit, some of them 0."""
    return (torch.arange(100) >= count).float()[:, None]


def faults(rule: rivals.Rule, of: Course) -> set[str]:
    return {alarm.fault for alarm in rule(of)}


@pytest.mark.parametrize(
    ("rule", "fault", "just", "not_yet"),
    [
        (rivals.deep_diagnosis, "dead", layer("ReLU", with_zeros(70)), layer("ReLU", with_zeros(69))),
        (rivals.torch_audit, "dead", layer("ReLU", with_zeros(91)), layer("ReLU", with_zeros(90))),
        (rivals.torchmortem, "dead", layer("ReLU", with_zeros(51)), layer("ReLU", with_zeros(50))),
        (rivals.fastai, "dead", layer("Linear", with_zeros(91)), layer("Linear", with_zeros(90))),
        (rivals.sagemaker, "dead", layer("ReLU", with_zeros(100)), layer("ReLU", with_zeros(99))),
        (rivals.deep_checker, "dead", layer("ReLU", with_zeros(100)), layer("ReLU", with_zeros(90))),
        (rivals.sagemaker, "saturated", *(layer("Tanh", with_zeros(0), torch.full((9, 1), x)) for x in (9.5, 9.49))),
        (rivals.deep_diagnosis, "saturated", *(layer("Tanh", with_zeros(0), torch.full((9, 1), x)) for x in (5, 4.9))),
        (rivals.deep_checker, "saturated", *(layer("Sigmoid", torch.full((9, 1), x)) for x in (0.926, 0.924))),
    ],
)
def test_thresholds_of_layers(rule: rivals.Rule, fault: str, just: Layer, not_yet: Layer) -> None:
    assert fault in faults(rule, course(just))
    assert fault not in faults(rule, course(not_yet))


@pytest.mark.parametrize(
    ("rule", "fault", "just", "not_yet"),
    [
        (rivals.sagemaker, "vanishing", weight(torch.full((4, 4), 0.9e-7)), weight(torch.full((4, 4), 1.1e-7))),
        (rivals.deep_checker, "slow", *(weight(torch.ones(4, 4), ratio) for ratio in (0.9e-4, 1.1e-4))),
        (rivals.torchmortem, "fast", *(weight(torch.ones(4, 4), ratio) for ratio in (0.11, 0.09))),
    ],
)
def test_thresholds_of_weights(rule: rivals.Rule, fault: str, just: Weight, not_yet: Weight) -> None:
    assert fault in faults(rule, course(weights=(just,)))
    assert fault not in faults(rule, course(weights=(not_yet,)))


def test_autotrainer_asks_about_gradients_only_where_training_goes_badly() -> None:
    sparse = (weight(torch.cat([torch.zeros(70), torch.ones(30)])[None]),)
    assert faults(rivals.autotrainer, course(weights=sparse)) == set()
    assert faults(rivals.autotrainer, course(weights=sparse, scores="bad")) == {"dead"}
    assert faults(rivals.autotrainer, course(scores="bad")) == {"stuck"}


def test_a_healthy_sparse_network_is_dead_to_naive_rules() -> None:
    of = recorded(replace(RARE.make(0, False), steps=60), 0)
    assert Alarm("dead", "1") in set(rivals.deep_diagnosis(of)) & set(rivals.torch_audit(of))
    assert "dead" not in faults(rivals.sagemaker, of) | faults(rivals.autotrainer, of)
    assert of.moments[-1].unseen_score > 0.6


def test_a_record_is_of_the_same_training() -> None:
    """Watched or not, the weights are the same bit for bit, and an update is what the optimizer made."""
    seen, alone = (replace(RARE.make(3, False), steps=4) for _ in range(2))
    before = alone.model.get_submodule("2").weight.detach().clone()
    of = recorded(seen, 3)
    train(replace(alone, steps=1), 3, watched=False)
    after = alone.model.get_submodule("2").weight.detach()
    assert of.moments[0].weights[1].ratio == pytest.approx(float((after - before).norm() / before.norm()))
    assert torch.equal(of.moments[1].weights[1].value, after)
    assert [x.kind for x in of.moments[0].layers] == ["Linear", "ReLU", "Linear"]


def _trained(rate: Callable[[bool], float]) -> Scenario:
    def make(faulty: bool) -> Setup:
        build = lambda d: net.mlp(d.features, [16], d.outputs, nn.Tanh)  # noqa: E731
        return training("blobs", build, rate=rate(faulty), steps=20)

    return case("a rate", "learning rate", "starved-updates", make)


def test_a_label_is_proven_where_the_fault_harms_and_only_there() -> None:
    harmful, harmless = (label(_trained(rate), 3) for rate in (lambda f: 1e-6 if f else 0.03, lambda f: 0.03))
    assert harmful.proven
    assert harmful.end_low > 0.1
    assert not harmless.proven
    assert harmless.end == harmless.course == 0


def test_scores_are_of_rows_that_no_training_sees() -> None:
    seen, unseen = rows(100)
    assert sorted([*seen.tolist(), *unseen.tolist()]) == list(range(100))
    setup = RARE.make(0, False)
    assert len(setup.x) + len(setup.unseen[0]) == 1797


def test_every_family_is_in_both_halves() -> None:
    for half in HALVES:
        assert {s.family for s in sick.ALL if s.half == half} == {s.family for s in sick.ALL}
        assert sum(s.half == half for s in healthy.ALL) > 20


def test_what_rivals_say_means_rules_that_there_are() -> None:
    assert frozenset[str]().union(*rivals.MEANS.values()) < {rule.name for rule in RULES}


def test_a_tool_is_judged_on_proven_faults_only() -> None:
    same = {"family": "f", "half": "dev", "seed": "0"}
    said = [
        of_doctor(same | {"scenario": name, "sick": str(ill), "alarms": a, "detected": d})
        for name, ill, a, d in (
            ("harms", True, "dead-units@1", "True"),
            ("harms not", True, "", "False"),
            ("twin of harms", False, "dead-units@1", "False"),
            ("well", False, "", "False"),
        )
    ]  # fmt: skip
    dev = verdicts(said, {"harms"})[0]
    assert (dev.sick, dev.alarmed, dev.right) == (1, 1, 1)
    assert (dev.false_alarms, dev.twins_alarmed) == (0, 1)
