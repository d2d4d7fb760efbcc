"""How long a study takes is counted from measured steps, and a budget takes away what harms least, or is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from rheobase.study import StudyError, forecast, make
from rheobase.study.forecast import CUT, DECIDED, Budget, estimate, in_seconds, in_words, scoring, within
from rheobase.study.training.cells import EXTENSIONS

PLAN = make(["relu", "tanh", "gelu"], steps=100)
NOTHING = {"split": 0.0, "score": 0.0}


def held(alone: float, together: float, group: int = 21, around: dict[str, float] = NOTHING) -> dict[str, Any]:
    pace = {"alone": alone, "together": together, "group": group}
    return {"paces": dict.fromkeys(PLAN.activations, pace), "around": around, "measuring": 0.75, "starting": 0.25}


def test_a_loop_takes_every_step_of_every_training() -> None:
    alone = held(0.01, 0.02)
    assert estimate(PLAN, alone, 1) == pytest.approx(PLAN.runs * 100 * 0.01)
    assert estimate(PLAN, alone, 4) == pytest.approx(PLAN.runs * 100 * 0.01 / 4)
    split = held(0.0, 1.0, around={"split": 2.0, "score": 0.5})
    assert estimate(PLAN, split, 1) == pytest.approx(3 * (2.0 * (3 + 10) + 0.5 * (21 + 10)))


def test_few_together_cost_more_each_than_the_group_that_was_timed() -> None:
    quick = make(["relu", "tanh", "gelu"], size="quick", steps=100)
    found = held(0.01, 0.002)
    more = (21 * 0.002 - 0.01) / 20
    assert estimate(quick, found, 1) == pytest.approx(3 * 100 * ((0.01 + 6 * more) + (0.01 + 4 * more)))
    two_groups = held(0.01, 0.002, group=10)
    more = (10 * 0.002 - 0.01) / 9
    assert estimate(PLAN, two_groups, 1) == pytest.approx(3 * 100 * ((3 * 0.01 + 18 * more) + (0.01 + 9 * more)))


@pytest.mark.parametrize("seconds", [200.0, 100.0, 80.0, 60.0, 45.0, 40.0])
def test_what_is_left_fits_and_what_was_taken_is_told(seconds: float) -> None:
    found = held(0.01, 0.02)
    plan = within(PLAN, found, 1, seconds)
    assert estimate(plan, found, 1, EXTENSIONS) <= seconds - 1
    assert plan.steps == PLAN.steps
    assert len(plan.seeds) >= 5
    assert plan.activations == PLAN.activations
    assert set(plan.learning_rates) <= set(PLAN.learning_rates)
    if plan == PLAN:
        assert seconds == 200
    else:
        assert plan.notes[-1].startswith(f"to end within {in_words(seconds)}: ")
        assert "1 tuning seeds instead of 3" in plan.notes[-1] or len(plan.seeds) == 10
    roomier = within(PLAN, found, 1, 2 * seconds)
    assert roomier.runs >= plan.runs


def test_too_little_time_is_refused_with_the_least_there_is() -> None:
    with pytest.raises(StudyError) as caught:
        within(PLAN, held(0.01, 0.02), 1, 20.0)
    assert str(caught.value).startswith(
        "20 s are too few: the least that decides anything here, 3 functions × (4 learning rates + 5 seeds) = 27 "
        "trainings of 100 steps, takes up to 40 s on this machine"
    )


@pytest.mark.parametrize(("slower", "seeds"), [(0.5, 10), (1.0, 10), (1.5, 6), (1.7, 5), (9.0, 5)])
def test_the_slower_trainings_were_the_fewer_seeds_are_scored_and_those_of_a_verdict_stay(
    slower: float, seeds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, plenty = held(0.01, 0.02), 1e6
    monkeypatch.setattr(forecast, "time", SimpleNamespace(monotonic=lambda: plenty))
    budget = Budget(plenty, scoring(PLAN, found, 2))  # as much is left as was foretold
    assert budget.decided(PLAN, found) is None
    plan, kept = budget.decide(PLAN, found, 2, 0.99 * slower)
    assert plan.seeds == PLAN.seeds[:seeds]
    assert replace(plan, seeds=PLAN.seeds, notes=PLAN.notes) == PLAN
    assert [n for n in plan.notes if n.startswith(CUT)] == [
        f"to end within 278 h: {seeds} scored seeds instead of 10, by the time that the choice of learning rates had "
        "taken."
    ] * (seeds < 10)
    again = {**found, DECIDED: json.loads(json.dumps(kept))}
    assert Budget(plenty, 0.0).decided(PLAN, again) == plan
    for other, asked in ((Budget(plenty + 1, 0.0), PLAN), (budget, replace(PLAN, steps=101))):
        assert other.decided(asked, again) is None, "that was another question"


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10min", 600), ("2h", 7200), ("0.5 h", 1800)])
def test_times_are_read(text: str, seconds: float) -> None:
    assert in_seconds(text) == seconds


@pytest.mark.parametrize("text", ["10", "min", "0s", "-5s", "10 days", "1e3s", "nans"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(StudyError, match="is no time; write 90s, 10min or 2h"):
        in_seconds(text)
