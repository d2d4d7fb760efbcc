"""What is scored, by which data; what guessing and a diverged run score; the units of what is shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rheobase.study import Dataset, StudyError, load
from rheobase.study.data.metrics import (
    ACCURACY,
    AVERAGE_PRECISION,
    BALANCED,
    METRICS,
    R2,
    RMSE,
    ROC_AUC,
    of_output,
    suited,
)
from rheobase.study.ledger.terms import terms
from rheobase.study.plan import Plan
from rheobase.study.report.table import legend
from rheobase.study.training.train import Member, network, outcome, scores, split, train
from tests.study.invented import results
from tests.study.test_study import small

RNG = np.random.default_rng(0)


def rare(common: str, rarer: str, rows: int = 300, share: int = 10) -> Dataset:
    """One row in `share` is of the rarer class, which one feature tells well."""
    is_rare = np.arange(rows) % share == 0
    table = pd.DataFrame({"x": is_rare + 0.25 * RNG.normal(size=rows), "z": RNG.normal(size=rows)})
    numbers = is_rare.astype(int) if common < rarer else 1 - is_rare.astype(int)
    return Dataset("rare", table, numbers, "two classes", tuple(sorted((common, rarer))))


def test_the_metric_suits_the_data() -> None:
    assert suited("regression", np.arange(9.0)) is R2
    assert suited("classes", np.repeat([0, 1, 2], [40, 20, 10])) is ACCURACY, "four times as many is no rarity"
    assert suited("classes", np.repeat([0, 1, 2], [41, 20, 10])) is BALANCED
    assert suited("two classes", np.repeat([0, 1], [41, 10])) is AVERAGE_PRECISION
    assert suited("two classes", np.repeat([0, 1], [10, 41])) is AVERAGE_PRECISION


def test_an_answer_for_all_rows_scores_what_guessing_does_and_nothing_scores_less_than_the_worst() -> None:
    truth = np.repeat([0, 1], [90, 10])
    for metric in (ACCURACY, BALANCED, AVERAGE_PRECISION, ROC_AUC):
        same = of_output(metric, np.full((100, 1), -0.3), truth)
        assert same == pytest.approx(metric.chance(truth)), metric.name
        assert metric.worst(truth) <= of_output(metric, -(truth[:, None] - 0.5), truth) <= same
        assert of_output(metric, truth[:, None] - 0.5, truth) == 1
    quantity = RNG.normal(size=100)
    assert of_output(R2, np.full((100, 1), quantity.mean()), quantity) == pytest.approx(R2.chance(quantity), abs=1e-12)
    assert of_output(R2, np.full((100, 1), 1e9), quantity) == R2.worst(quantity) == -1
    assert (
        of_output(RMSE, np.full((100, 1), 1e9), quantity)
        == RMSE.worst(quantity)
        == pytest.approx(2**0.5 * quantity.std())
    ), "the error that R² = -1 means"
    many = np.repeat([0, 1, 2], [80, 15, 5])
    assert of_output(BALANCED, np.eye(3)[np.zeros(100, int)], many) == pytest.approx(BALANCED.chance(many)) == 1 / 3


@pytest.mark.parametrize(("common", "rarer"), [("no", "yes"), ("yes", "no")])
def test_the_rarer_class_is_what_is_looked_for_whatever_it_is_called(common: str, rarer: str) -> None:
    data = rare(common, rarer)
    assert data.metric == "average precision"
    assert data.classes[data.rarer] == rarer
    run = train(data, small("tanh", steps=150), "relu", 1e-2, 0, True)
    assert 0.6 < run.test <= 1
    assert run.chance == pytest.approx(0.1, abs=0.01)
    assert run.second > 0.9, "accuracy stands beside it"
    asleep = train(data, small("tanh", steps=150), "relu", 1e-12, 0, True)
    assert asleep.test < run.test - 0.2


@pytest.mark.parametrize("metric", [m for m in METRICS if m is not R2], ids=lambda m: m.name)
def test_a_diverged_run_counts_as_the_worst_in_every_metric(metric: object) -> None:
    data = replace(rare("no", "yes"), wished=metric.option)  # type: ignore[attr-defined]
    run = train(data, small("exponential", steps=30), "exponential", 1e6, 0, True)
    assert run.failed
    assert (run.validation, run.test) == (0, 0)
    assert bool(np.isfinite(run.second)) is (data.second is not None)


def test_a_diverged_run_of_a_quantity_has_the_error_of_its_r2() -> None:
    data = load("diabetes")
    run = train(data, small("exponential", steps=30), "exponential", 1e6, 0, True)
    assert (run.failed, run.test) == (True, -1)
    y = split(data, 0).test[1].double().numpy() * split(data, 0).scale
    assert run.second == pytest.approx(2**0.5 * y.std(), rel=1e-6)


def test_the_error_is_in_the_targets_own_units() -> None:
    data, plan = load("diabetes"), small("tanh", steps=100)
    large = replace(data, target=1000 * data.target + 7)
    run, scaled = (train(d, plan, "tanh", 1e-2, 0, True) for d in (data, large))
    assert run.test == pytest.approx(scaled.test, abs=1e-4)
    assert scaled.second == pytest.approx(1000 * run.second, rel=1e-3)
    y = split(data, 0).test[1].double().numpy() * split(data, 0).scale
    assert run.second == pytest.approx(y.std() * (1 - run.test) ** 0.5, rel=1e-6)
    assert 40 < run.second < 75


def test_the_learning_rate_is_chosen_by_the_metric() -> None:
    """Validation scores are the metric's, not accuracy: an answer for all rows is right in nine of ten."""
    data, plan = rare("no", "yes"), small("tanh")
    parts = split(data, 0)
    untrained = network(plan, "relu", 2, 1, 0)
    run = outcome(data, "relu", Member(1e-2, 0, False), parts, untrained, [])
    assert run.validation == scores(data, untrained.eval(), parts.validation)[0] < 0.9
    assert np.isnan(run.test)


@pytest.mark.parametrize(
    ("name", "metric", "allowed"),
    [
        ("iris", "roc-auc", "accuracy, balanced-accuracy"),
        ("breast_cancer", "r2", "accuracy, balanced-accuracy, average-precision, roc-auc"),
        ("diabetes", "accuracy", "r2"),
    ],
)
def test_a_metric_that_is_none_for_the_data_is_one_line(name: str, metric: str, allowed: str) -> None:
    with pytest.raises(StudyError, match=f"--metric '{metric}' is nothing that .* can be scored by; take {allowed}$"):
        load(name, metric=metric)


def test_trainings_scored_or_split_otherwise_are_never_mixed() -> None:
    plan = Plan(("relu", "tanh"))
    assert terms(load("iris"), plan) != terms(load("iris", metric="balanced-accuracy"), plan)
    assert terms(load("iris"), plan)["splits"] == "folds"
    assert terms(load("iris", metric="accuracy"), plan) == terms(load("iris"), plan)


def test_what_an_imbalanced_table_is_scored_by_is_told() -> None:
    r = results({"relu": [0.5, 0.6], "tanh": [0.4, 0.5]})
    words = dict(legend(replace(r, data=rare("no", "yes"))))
    assert words["avg. prec."].startswith("average precision: how purely test rows of the rarer class come first")
    assert words["avg. prec."].endswith(
        "the rarer class is 'yes'; taken because the commonest class has 9 times the rows of the "
        "rarest; mean over 2 seeds"
    )
