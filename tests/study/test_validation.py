"""The validation of the study: its committed tables reach the goals, and its simulations tell honest decisions."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import commanded
import drawn
import mirrored
import numpy as np
import pandas as pd
import pytest
import simulated
import torch
import validation_goals
import validation_page
from generated import rows
from populations import POPULATIONS

from rheobase.study import load
from rheobase.study.decision import statistics, verdict
from rheobase.study.training.train import Member, loss_of, network, split, steps

NUMBERS = {population.name: number for number, population in enumerate(POPULATIONS)}
OVERLAPPING = NUMBERS["normal, splits overlap"]
RESAMPLED = [number for name, number in NUMBERS.items() if "regressions" in name]


def committed(name: str) -> pd.DataFrame:
    return pd.read_csv(validation_goals.FOLDER / f"{name}.csv", comment="#")


def test_the_committed_tables_reach_the_goals() -> None:
    assert [goal.promise for goal in validation_goals.goals() if not goal.reached] == []


def test_a_goal_that_is_missed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each goal, with the tables changed against it."""
    monkeypatch.setattr(validation_goals, "rows", lambda path: [worse(row) for row in rows(path)])
    assert [goal.promise for goal in validation_goals.goals() if goal.reached] == []
    assert "| yes |" not in validation_page.page()


def worse(row: dict[str, str]) -> dict[str, str]:
    spoilt = {"winners": 0.2, "covered": 0.5, "difference_high": 0.1,
              "mean": 0.5, "seconds": 1e4}  # fmt: skip
    counts = {name: str(round(spoilt[name] * int(row["studies"]))) for name in ("winners", "covered") if name in row}
    other = {"mean": "0.7"} if row.keys() == {"data", "seeds", "mean"} else {}
    return {**row, **{name: str(value) for name, value in spoilt.items() if name in row}, **counts, **other}


def test_the_page_is_that_of_the_tables() -> None:
    assert validation_page.TARGET.read_text() == validation_page.page()


def test_the_tables_are_what_the_decision_says_now() -> None:
    told = committed("null").set_index(["scores", "functions", "seeds"]).loc[POPULATIONS[OVERLAPPING].name, 2, 10]
    assert told.winners == simulated.null(OVERLAPPING, functions=2, seeds=10)["winners"]
    scores = committed("scores")
    for _, study in scores.groupby(["data", "study", "second"]):
        kind = simulated.verdict(study[["relu_score", "second_score"]].to_numpy().T, study.row.iloc[0]).kind
        assert (kind == "winner") == (study.verdict.iloc[0] == "winner")
    counts = committed("mirrored").set_index("data").winners.to_dict()
    assert counts == {row["data"]: row["winners"] for row in mirrored.summary(scores, mirrored.MIRRORED)}
    assert committed("coverage").covered.tolist() == [row["covered"] for row in drawn.coverage(committed("drawn"))]


def test_the_studies_are_those_that_the_goals_ask_for() -> None:
    assert len(committed("mirrored")) == len(mirrored.TABLES)
    assert committed("mirrored").studies.sum() == mirrored.BLOCKS * len(mirrored.TABLES)
    assert (committed("again").equal_scores == 1).all()
    assert set(committed("published").data) == set(commanded.PUBLISHED)
    blocks = [mirrored.plan(block, mirrored.MIRRORED) for block in range(mirrored.BLOCKS)]
    for seeds in ([s for p in blocks for s in p.seeds], [s for p in blocks for s in p.tuning_seeds]):
        assert len(set(seeds)) == len(seeds)
    assert not {s for p in blocks for s in p.seeds} & {s for p in blocks for s in p.tuning_seeds}


def test_mirrored_relu_is_relu_of_the_opposite_weights() -> None:
    """Also after training: in distribution over weights, neither is better."""
    data, plan = load("wine"), replace(mirrored.plan(0, mirrored.MIRRORED), hidden=(16, 16))
    rows, outputs = split(data, 0).train, []
    for name in plan.activations:
        model = network(plan, name, rows[0].shape[1], data.outputs, 0)
        if name == "relu":
            with torch.no_grad():
                model[0].weight.neg_()
                model[2].weight.neg_()
        for _ in islice(steps(model, loss_of(data), plan, Member(1e-2, 0, True), rows), 20):
            pass
        outputs.append(model(rows[0]).detach())
    torch.testing.assert_close(*outputs)
    assert float(outputs[0].std()) > 0.1


def test_what_is_taken_off_is_what_is_told() -> None:
    random = np.random.default_rng(0)
    scores = random.binomial(50, 0.8, 20_000) / 50
    assert np.mean(scores - simulated.lowered(scores, 0.1, 0.8, 50, random)) == pytest.approx(0.1, abs=0.002)
    assert simulated.lowered(scores, 0.1, 0.8, None, random) == pytest.approx(scores - 0.1)


@pytest.mark.parametrize("number", RESAMPLED)
def test_functions_that_are_alike_rarely_win(number: int) -> None:
    assert simulated.null(number, functions=2, seeds=10, studies=400)["winners_share"] <= validation_goals.ERROR


@pytest.mark.parametrize("number", RESAMPLED)
def test_without_the_correction_for_overlapping_splits_they_win_often(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "_error", lambda n, overlap: n**-0.5)
    found = simulated.null(number, functions=2, seeds=10, studies=400)
    assert found["winners_low"] > validation_goals.ERROR


def test_without_holm_they_are_called_worse_far_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = simulated.null(OVERLAPPING, functions=9, seeds=10, studies=300)
    assert honest["baseline_share"] <= validation_goals.ERROR
    monkeypatch.setattr(verdict, "holm", lambda p: p)
    careless = simulated.null(OVERLAPPING, functions=9, seeds=10, studies=300)
    assert careless["baseline_low"] > validation_goals.ERROR
