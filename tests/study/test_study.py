"""The study: fair pairing, honest verdicts, the contract of its files."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

import rheobase as rb
import rheobase.torch as rt
from rheobase.doctor import health
from rheobase.doctor.records import SiteStatistics
from rheobase.doctor.rules.units import dead
from rheobase.folder import prepared
from rheobase.study import StudyError, load, make, run
from rheobase.study.data.splits import OVERLAP
from rheobase.study.data.units import unit
from rheobase.study.decision.statistics import estimate, holm, p_value
from rheobase.study.decision.verdict import decide
from rheobase.study.files import FILES
from rheobase.study.plan import Plan
from rheobase.study.report.page import render
from rheobase.study.results import as_json, write
from rheobase.study.training.cost import Cost
from rheobase.study.training.train import network, one_row, split, train


def small(*names: str, steps: int = 40, seeds: int = 2) -> Plan:
    return replace(make(names, seeds=seeds, steps=steps, size="quick"), learning_rates=(10**-2.5, 1e-2, 10**-1.5))


def test_the_same_seed_gives_every_function_the_same_raw_weights() -> None:
    plan = small("tanh")
    nets = {name: network(plan, name, 5, 3, seed=7) for name in ("relu", "tanh")}
    for layer in (0, 2, 4, 6):
        a, b = (net[layer].weight.detach() for net in nets.values())
        gains = [1.0, 1.0] if layer == 0 else [rb.relu.gain(), rb.tanh.gain()]
        torch.testing.assert_close(a / gains[0], b / gains[1])


def test_a_function_against_itself_under_another_name_scores_the_same() -> None:
    rb.define("relu_again", "x if x > 0 else 0")
    data, plan = load("wine"), small("relu_again")
    first, second = (train(data, plan, name, 1e-2, 0, True) for name in ("relu", "relu_again"))
    assert (first.test, first.validation) == (second.test, second.validation)
    assert np.array_equal(first.curve, second.curve)


@pytest.mark.parametrize("name", ["iris", "breast_cancer", "diabetes"])
def test_results_hold_the_contract(name: str, tmp_path: Path) -> None:
    data, plan = load(name), small("relu", "tanh", "step", steps=60)
    results = run(data, plan, workers=0)
    page = render(results, "rheobase study")
    with prepared(tmp_path / "out", FILES):
        write(results, tmp_path / "out", page)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(FILES)
    text = (tmp_path / "out" / "results.json").read_text()
    assert text == as_json(results)
    assert not {"NaN", "Infinity"} & set(re.findall(r"\w+", text))
    record = json.loads(text)
    again = json.loads((tmp_path / "out" / "plan.json").read_text())["plan"]
    assert again["learning_rates"] == list(plan.learning_rates), "as they were before the grid was widened"
    assert {key for key, value in record["plan"].items() if again.get(key) != value} <= {"runs", "learning_rates"}
    assert (record["data"], record["target"]) == (name, "target")
    assert data.aim in unescape(page)
    assert record["notes"] == list(results.notes)
    assert record["plan"]["seeds"] == [0, 1]
    rates = record["plan"]["learning_rates"]
    assert record["plan"]["runs"] == 3 * (len(rates) + 2)
    assert set(plan.learning_rates) <= set(rates)
    assert record["plan"]["steps"] == 60
    assert {"kind", "sentence", "top"} <= record["verdict"].keys()
    assert record["verdict"]["kind"] in ("winner", "tied", "equivalent", "undecided", "failed")
    assert {"learning_rates", "seeds", "steps", "runs"} <= record["plan"].keys()
    for entry in record["activations"].values():
        assert entry.keys() == {
            "scores", "mean", "ci", "paired_difference", "paired_ci", "behind_best", "behind_best_ci", "p_superiority",
            "best_learning_rate",
            "runs_failed", "step_time_ratio", "memory_ratio", "health", "iqm", "second", "p_superiority_ci",
        }  # fmt: skip
        assert entry["health"].keys() == {"dead", "saturated", "mean_shift", "gradient_decades"}
        assert entry["ci"][0] <= entry["mean"] <= entry["ci"][1]
    assert record["activations"]["relu"]["paired_difference"] == 0
    at_the_best = [name for name, entry in record["activations"].items() if entry["behind_best"] is None]
    assert record["verdict"]["top"][0] in at_the_best
    assert len(pd.read_csv(tmp_path / "out" / "results.csv")) == 6
    assert "screening" in page.lower()


def test_tables_with_gaps_and_words(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    n = 200
    x, colour = rng.normal(size=n), rng.choice(["red", "green", None], size=n, p=[0.45, 0.45, 0.1])
    table = pd.DataFrame({"x": np.where(rng.random(n) < 0.1, np.nan, x), "colour": colour, "empty": np.nan})
    table["label"] = np.where(x + (colour == "red") > 0, "yes", "no")
    path = tmp_path / "t.tsv.gz"
    path.write_bytes(gzip.compress(table.to_csv(sep="\t", index=False).encode()))
    data = load(str(path), "label")
    assert (data.task, data.classes, list(data.features)) == ("two classes", ("no", "yes"), ["x", "colour"])
    assert [note.split(" were")[0].split(" was")[0] for note in data.notes] == [
        "7 rows repeat an earlier one: a row and its copy may lie in the training and the test part, which flatters "
        "the scores.",
        "1 empty column",
        f"{int(table[['x', 'colour']].isna().sum().sum())} missing values",
        "text column 'colour' became 2 0/1 columns.",
    ]
    outcome = train(data, small("tanh", steps=150), "relu", 1e-2, 0, True)
    assert outcome.test > 0.8


def test_a_function_that_cannot_learn_fails_and_comes_last() -> None:
    rb.define("flat", "1 + x/1000000000")
    results = run(load("iris"), small("flat", steps=80), workers=0)
    assert results.outcomes[-1].name == "flat"
    assert results.outcomes[-1].runs_failed == 2
    assert results.verdict.top == ("relu",)


def test_the_best_constant_answer_is_no_more_than_guessing() -> None:
    """Also where the test part's commonest class has another share than all rows'."""
    rb.define("all_but_constant", "1 + x/1000000000")
    data = load("iris")
    unequal = replace(data, features=data.features[:127], target=data.target[:127] % 2)
    for seed in range(6):
        outcome = train(unequal, small("all_but_constant", steps=30), "all_but_constant", 1e-2, seed, True)
        y = split(unequal, seed).test[1]
        assert outcome.failed
        assert outcome.test <= outcome.chance == max(float((y == k).double().mean()) for k in range(3))
    assert one_row(unequal) == 1 / 25, "no test fold has fewer rows"


def test_diverged_runs_count_as_worst() -> None:
    outcome = train(load("digits"), small("exponential", steps=30), "exponential", 1e6, 0, True)
    assert outcome.failed
    assert outcome.test <= 0.2
    assert np.isfinite(outcome.test)


def sites(model: torch.nn.Module) -> list[SiteStatistics]:
    x = torch.randn(300, 8, generator=torch.Generator().manual_seed(0))
    return rt.check(model, (x, torch.zeros(())), loss=lambda out, _: out.pow(2).mean()).sites


def measured(model: torch.nn.Module) -> health.Health:
    return health.of(sites(model))


def test_health_sees_dead_and_saturated_units() -> None:
    plan = small("tanh")
    healthy = network(plan, "relu", 8, 3, 0)
    before = measured(healthy)
    assert before.dead < 0.02
    assert before.saturated == 0, "a rectifier's silence is no saturation"
    with torch.no_grad():
        healthy[2].bias[:16] = -1e3
    assert [len(dead(s)) for s in sites(healthy)[:2]] == [0, 16]
    assert measured(healthy).dead == pytest.approx(16 / 64 / 3, abs=0.02)
    saturated = network(plan, "tanh", 8, 3, 0)
    with torch.no_grad():
        saturated[2].weight *= 100
    flat = [float(s.flat.mean()) for s in sites(saturated)]
    assert flat[1] > 0.9
    assert flat[0] < 0.1
    assert measured(saturated).saturated == pytest.approx(np.mean(flat))
    assert measured(saturated).dead == 0, "what saturates is not dead as well"
    assert all(p.grad is None for p in saturated.parameters())
    deep = network(Plan(("sigmoid",), hidden=(32,) * 8), "sigmoid", 8, 3, 0)
    assert measured(deep).gradient_decades > 2
    assert measured(deep).mean_shift > 0.6


def test_the_health_of_step_is_that_of_its_stand_in() -> None:
    model = network(small("step"), "step", 8, 3, 0)
    with torch.no_grad():
        model[2].bias[:16] = -1e3
    first, second, _ = sites(model)
    x = torch.randn(300, 8, generator=torch.Generator().manual_seed(0))
    assert float(first.flat.mean()) == pytest.approx(float((model[0](x).abs() > 1).float().mean()), abs=1e-3)
    assert (second.flat == 1).sum() == 16
    assert 0 < measured(model).mean_shift < 1
    assert set(np.unique(second.mean[second.flat == 1])) <= {0.0, 1.0}, "the outputs are those of step itself"


def test_the_plan_is_one_line() -> None:
    assert (
        make(steps=500).summary == "8 functions × (7 learning rates × 3 seeds + 10 seeds) = 248 trainings of 500 steps"
    )
    assert make(size="quick").summary == "8 functions × (7 learning rates + 5 seeds) = 96 trainings of 500 steps"
    assert make(["tanh"], size="thorough").runs == 2 * (7 * 3 + 30)


def test_functions_of_a_row_are_left_out_and_stand_ins_are_named() -> None:
    plan = small("tanh", "log_softmax", "step", "softmin")
    assert plan.activations == ("relu", "tanh", "step")
    assert plan.notes[1:] == (
        "log_softmax, softmin were left out of the hidden layers: functions of a row belong to the output, and softmax "
        "is used there.",
        "step has no gradient of its own; it is trained straight-through, with the gradient of hard_tanh(x).",
    )
    assert "softmax was left out" in small("tanh", "softmax").notes[1]
    with pytest.raises(StudyError, match="nothing to compare relu with"):
        small("softmin", "softmax")
    with pytest.raises(StudyError, match="softmax is a row function"):
        make(["tanh"], baseline="softmax")


def test_an_error_while_training_ends_the_workers() -> None:
    def interrupt(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(load("iris"), small("tanh", steps=400), interrupt, workers=2)
    assert multiprocessing.active_children() == []


def test_an_a_against_a_study_rarely_names_a_winner() -> None:
    rng = np.random.default_rng(1)
    wins, same, none = 0, dict.fromkeys("abc", Cost(1.0, 0.0, 1.0)), dict.fromkeys("abc", 0)
    for _ in range(400):
        # overlapping splits: scores of all seeds share a part of their chance
        shared = rng.normal(0, OVERLAP**0.5, (3, 1))
        scores = dict(zip("abc", 0.8 + 0.01 * (rng.normal(size=(3, 5)) + shared), strict=True))
        wins += decide(scores, "a", same, none, unit("accuracy")).kind == "winner"
    assert wins / 400 <= 0.05


def test_statistics_against_known_values() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    values = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    assert estimate(values).mean == pytest.approx(0.3)
    assert estimate(values).half == pytest.approx(2.7764451 * 0.15811388 * (1 / 5 + 1 / 3) ** 0.5, rel=1e-6)
    assert p_value(np.zeros(5)) == 1.0
    # differences that do not vary say nothing about chance, rounded or not
    assert p_value(np.full(5, 0.1)) == p_value(np.full(5, 0.3) - np.array([0.1] * 5)) == 1.0
    # 1 row of 100 in each of 5 seeds, whose spread is taken to be a row: t = 1/√(1/5 + 1/3)
    assert p_value(np.full(5, 0.01), row=0.01) == pytest.approx(2 * stats.t.sf((1 / 5 + 1 / 3) ** -0.5, 4))
    assert estimate(np.full(5, 0.01), row=0.01).half == pytest.approx(2.7764451 * 0.01 * (8 / 15) ** 0.5, rel=1e-6)
    assert estimate(values, row=0.01) == estimate(values)
