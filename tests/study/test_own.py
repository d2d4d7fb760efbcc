"""A user's own training function: kept, resumed in the middle of a training, refused when it changed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rheobase.errors import RheobaseError
from rheobase.study import Plan, StudyError, run
from rheobase.study.ledger.kept import CHECKPOINTS, Kept
from rheobase.study.ledger.terms import terms
from rheobase.study.report.page import render
from rheobase.study.report.table import headings, legend, row
from rheobase.study.results import as_dict, as_json
from rheobase.study.training.cells import Cell
from rheobase.study.training.own import Own, is_own, own
from tests.study import mine

PLAN = Plan(("relu", "tanh"), learning_rates=(0.01, 0.1, 1.0), tuning_seeds=(1000,), seeds=(0, 1, 2))
MINE = "tests.study.mine:train"


def test_a_study_of_ones_own_function_holds_the_contract(tmp_path: Path) -> None:
    subject = own(MINE, tmp_path / CHECKPOINTS)
    results = run(subject, PLAN, workers=0, keeper=Kept(tmp_path, terms(subject, PLAN)))
    assert all(o.score.mean > 0.7 for o in results.outcomes)
    assert [len(run.curve) for run in results.outcomes[0].runs] == [mine.STEPS] * 3
    assert headings(results) == ["function", "score", "vs relu", "cost", "lr", "fails"]
    assert {len(row(results, o)) for o in results.outcomes} == {6}
    assert "what tests.study.mine:train returned" in dict(legend(results))["score"]
    entry = as_dict(results)["activations"]["tanh"]
    assert entry["step_time_ratio"] > 0
    assert (entry["memory_ratio"], entry["health"]["dead"]) == (None, None)
    assert "NaN" not in as_json(results)
    page = render(results, "rheobase study")
    assert "nan" not in page.replace("tenant", "")
    assert list((tmp_path / CHECKPOINTS).iterdir()) == [], "what is done needs no checkpoint"


def test_a_network_of_straight_pieces_solves_no_second_order_equation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known beforehand: ReLU's second derivative is 0, so that its residual does not depend on its weights."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "docs"))
    scores = {n: [Own("poisson:train").train(Cell(n, 0.001, s, True)).test for s in (0, 1)] for n in PLAN.activations}
    relu, tanh = scores.values()
    assert max(relu) < 0.1, "no better than 0 everywhere"
    assert min(tanh) > 1.0, "digits"
    del sys.modules["poisson"]


def test_a_training_that_is_stopped_goes_on_in_its_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = Cell("tanh", 0.1, 0, True)
    whole = Own(MINE).train(cell)
    monkeypatch.setattr(mine, "cut_at", [11])
    with pytest.raises(mine.CutShort):
        Own(MINE, tmp_path).train(cell)
    monkeypatch.setattr(mine, "cut_at", [5])  # a training from its beginning would stop again
    again = Own(MINE, tmp_path).train(cell)
    assert (again.test, len(again.curve)) == (whole.test, mine.STEPS)
    assert np.array_equal(again.curve, whole.curve)


def test_a_score_that_is_no_number_counts_as_the_worst() -> None:
    results = run(own("tests.study.mine:diverges", None), PLAN, workers=0)
    lost = next(o for o in results.outcomes if o.name == "tanh")
    assert lost.runs_failed == 3
    assert lost.score.mean == min(o.scores.min() for o in results.outcomes)
    assert "In no seed did tanh" in results.verdict.sentence


def test_changed_code_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "changing.py"
    file.write_text("def train(make_activation, learning_rate, seed, ctx):\n    return 0.5\n")
    subject = own("changing:train", None)
    before = terms(subject, PLAN)
    assert terms(subject, replace(PLAN, steps=1)) == before, "what the function does not use changes nothing"
    Kept(tmp_path, before)
    file.write_text(file.read_text().replace("0.5", "0.6"))
    with pytest.raises(StudyError, match="differs in data"):
        Kept(tmp_path, terms(subject, PLAN))
    del sys.modules["changing"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("tests.study.mine:knows_no_seed", "must take .make_activation, learning_rate, seed, ctx."),
        ("tests.study.mine:nothing", "tests.study.mine has no function 'nothing'; it has"),
        ("nowhere:train", "there is no module 'nowhere'"),
    ],
)
def test_what_cannot_be_called_is_told_before_anything_runs(name: str, complaint: str) -> None:
    with pytest.raises(RheobaseError, match=complaint):
        own(name, None)


def test_what_is_no_score_is_told() -> None:
    with pytest.raises(StudyError, match="must return a score, a number; it returned str"):
        run(own("tests.study.mine:says_words", None), PLAN, workers=0)


def test_files_are_told_from_functions(tmp_path: Path) -> None:
    assert is_own("package.module:train")
    assert not any(map(is_own, ("digits", "table.csv", "C:\\data.csv", "data/table.tsv.gz", "a:b:c")))
