"""A user's own training function: kept, resumed in the middle of a training, refused when it changed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rheobase.errors import RheobaseError, WorkerKilled
from rheobase.study import Plan, Run, StudyError, run
from rheobase.study.data.splits import OVERLAP
from rheobase.study.data.units import unit
from rheobase.study.decision.verdict import decide
from rheobase.study.ledger.kept import CHECKPOINTS, Kept
from rheobase.study.ledger.ledger import in_memory
from rheobase.study.ledger.record import from_record, to_record
from rheobase.study.ledger.terms import terms
from rheobase.study.report.fairness import fairness
from rheobase.study.report.page import render
from rheobase.study.report.pictures_of_training import together
from rheobase.study.report.sheets import learning_curves
from rheobase.study.report.table import headings, legend, row
from rheobase.study.report.views import courses
from rheobase.study.results import as_dict, as_json
from rheobase.study.training.cells import Cell
from rheobase.study.training.cost import Cost
from rheobase.study.training.own import Own, is_own, own
from tests.study import mine

PLAN = Plan(("relu", "tanh"), learning_rates=(0.01, 0.1, 1.0), tuning_seeds=(1000,), seeds=(0, 1, 2))
MINE = "tests.study.mine:train"


def test_a_study_of_ones_own_function_holds_the_contract(tmp_path: Path) -> None:
    subject = own(MINE, tmp_path / CHECKPOINTS)
    results = run(subject, PLAN, workers=0, keeper=Kept(tmp_path, terms(subject, PLAN)))
    assert all(o.score.mean > 0.7 for o in results.outcomes)
    assert [len(run.curve) for run in results.outcomes[0].runs] == [mine.STEPS] * 3
    assert all(np.array_equal(run.at, np.arange(mine.STEPS)) for run in results.outcomes[0].runs)
    assert headings(results) == ["function", "score", "vs relu", "cost", "lr", "fails"]
    assert {len(row(results, o)) for o in results.outcomes} == {6}
    assert "what tests.study.mine:train returned" in dict(legend(results))["score"]
    entry = as_dict(results)["activations"]["tanh"]
    assert entry["step_time_ratio"] > 0
    assert (entry["memory_ratio"], entry["health"]["dead"]) == (None, None)
    assert "NaN" not in as_json(results)
    page = render(results, "rheobase study")
    assert "nan" not in page.replace("tenant", "")
    assert "step, as reported" in page
    assert list((tmp_path / CHECKPOINTS).iterdir()) == [], "what is done needs no checkpoint"


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


def test_curves_are_drawn_by_the_steps_that_were_reported_where_all_reported_at_the_same() -> None:
    results = run(own(MINE, None), PLAN, workers=0)
    first, *others = results.outcomes

    def drawn(change: Callable[[Run], Run]) -> tuple[list[float], str, str]:
        shown = replace(results, outcomes=(replace(first, runs=tuple(map(change, first.runs))), *others))
        figure, sheet = together(shown, by_time=False), learning_curves(shown, courses(shown))
        return courses(shown)[0].steps.tolist(), figure.axes[0].get_xlabel(), sheet.headings[0]

    steps, reports = list(range(mine.STEPS)), list(range(1, mine.STEPS + 1))
    assert drawn(lambda run: run) == (steps, "step, as reported", "step")
    shorter = drawn(lambda run: replace(run, at=run.at[:20], curve=run.curve[:20]) if run.seed == 1 else run)
    assert shorter == (steps[:20], "step, as reported", "step"), "that one ended early"
    by_number = (reports, "number of the report", "report")
    assert drawn(lambda run: replace(run, at=run.at + run.seed)) == by_number
    assert drawn(lambda run: replace(run, at=np.zeros(mine.STEPS))) == by_number
    before = {name: value for name, value in to_record(first.runs[0]).items() if name != "at"}
    assert drawn(lambda run: from_record(before)) == by_number, "it is of a ledger from before steps were kept"


def test_a_score_that_is_no_number_counts_as_the_worst() -> None:
    results = run(own("tests.study.mine:diverges", None), PLAN, workers=0)
    lost = next(o for o in results.outcomes if o.name == "tanh")
    assert lost.runs_failed == 3
    assert lost.score.mean == min(o.scores.min() for o in results.outcomes)
    assert "In no seed did tanh" in results.verdict.sentence


def test_a_training_that_kills_its_process_is_named_and_the_rest_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RHEOBASE_KILLS", str(tmp_path / "kills"))
    (tmp_path / "kills").touch()
    subject = own("tests.study.mine:kills", None)
    kept = Kept(tmp_path, terms(subject, PLAN))
    with pytest.raises(WorkerKilled, match=r"under way: .*tanh, learning rate [^,]*, seed 1($| and )"):
        run(subject, PLAN, workers=2, keeper=kept)
    assert len(kept.runs()) >= 6, "all that chose learning rates"
    (tmp_path / "kills").unlink()
    resumed, whole = (run(subject, PLAN, workers=0, keeper=keeper) for keeper in (kept, None))
    assert [(o.name, o.scores.tolist()) for o in resumed.outcomes] == [
        (o.name, o.scores.tolist()) for o in whole.outcomes
    ]


def test_who_wrote_the_function_may_say_how_it_splits_and_intervals_and_report_go_by_it() -> None:
    subject, kept = own("tests.study.mine:says_little", None), in_memory({})
    halves, said = {}, {}
    for share in (None, 0.25, 0.0):
        results = run(subject, replace(PLAN, test_ratio=share), workers=0, keeper=kept)
        (o, *_) = results.outcomes
        halves[share] = o.score.half / np.std(o.scores, ddof=1) / stats.t.ppf(0.975, len(o.scores) - 1)
        said[share] = " ".join((*fairness(results).counted, as_dict(results)["variance"], dict(legend(results))["±"]))
    assert halves == {r: pytest.approx((1 / 3 + (OVERLAP if r is None else r)) ** 0.5) for r in halves}
    assert "is not known: intervals take them to be split anew by each seed, 60/20/20" in said[None]
    assert said[None].count("(1/n + 0.333) s²") == 2
    assert "is said to have 0.25 test rows per training row" in said[0.25]
    assert "is said to test the same rows with every seed: intervals are about further seeds on those rows" in said[0.0]
    assert said[0.0].count("s²/n") == 2
    wins = {share: wins_with(share) for share in halves}
    assert wins == {None: False, 0.25: False, 0.0: True}, "the verdict goes by it, too"


def wins_with(share: float | None) -> bool:
    """Whether a function wins that leads in eight seeds of ten, and in the mean by 1.2 times the spread."""
    scores = {"a": np.array([1.4] * 8 + [-0.6] * 2), "b": np.zeros(10)}
    cost, failed = dict.fromkeys(scores, Cost(1.0, 0.0, 1.0)), dict.fromkeys(scores, 0)
    return decide(scores, "b", cost, failed, unit("score"), overlap=share).kind == "winner"


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
