"""plan.json: the same study again, to the bit; and one line where it cannot be."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from rheobase.errors import RheobaseError
from rheobase.study import StudyError, load, run
from rheobase.study.order import as_text, read
from rheobase.study.plan import Plan
from rheobase.study.results import write
from tests.study.crash import facts

PLAN = Plan(("relu", "tanh"), learning_rates=(1e-3, 1e-2), tuning_seeds=(1000,), seeds=(0, 1), steps=12, hidden=(8, 4),
            equivalence=0.5, dropout=0.25, metric="balanced-accuracy", notes=("a note",))  # fmt: skip


@pytest.mark.parametrize("together", [(), ("tanh",), ("relu", "tanh")])
def test_a_study_carried_out_by_its_plan_is_the_same_to_the_bit(together: tuple[str, ...], tmp_path: Path) -> None:
    """Also where timing would decide otherwise, and where the grid was widened."""
    data = load("wine", metric="balanced-accuracy")
    first = run(data, replace(PLAN, together=together), workers=0)
    assert len(first.plan.learning_rates) > len(PLAN.learning_rates)
    write(first, tmp_path, "page")
    order = read(tmp_path / "plan.json")
    assert order.plan == first.made == replace(PLAN, together=together)
    assert (order.fingerprint, order.changed) == (data.fingerprint, "")
    again = run(load(order.source, order.target, order.plan.metric), order.plan, workers=0)
    assert facts(again) == facts(first)
    assert again.verdict.kind == first.verdict.kind


def held() -> dict[str, object]:
    found: dict[str, object] = json.loads(as_text("wine", "target", PLAN, "f" * 16))
    return found


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("relu", "it is not JSON"),
        ("[]", "source, target, plan, fingerprint, versions are needed"),
        (json.dumps({**asdict(PLAN), "runs": 62}), "source, target, plan, fingerprint, versions are needed"),
        (json.dumps({**held(), "plan": {}}), "the plan lacks activations"),
        (json.dumps({**held(), "plan": {**asdict(PLAN), "seeds": "ten"}}), "its seeds cannot be 'ten'"),
        (json.dumps({**held(), "plan": {**asdict(PLAN), "seeds": [0, 0.5]}}), "its seeds cannot be 0.5"),
        (json.dumps({**held(), "plan": {**asdict(PLAN), "more": 1}}), "unexpected keyword argument 'more'"),
        (json.dumps({**held(), "plan": {**asdict(PLAN), "steps": 0}}), "a training needs at least 1 step, got 0"),
        (json.dumps({**held(), "plan": {**asdict(PLAN), "optimizer": "lbfgs"}}), "adam or sgd to train"),
        (json.dumps({**held(), "plan": {**asdict(PLAN), "activations": ["relu", "relux"]}}), "relux"),
    ],
)
def test_a_file_that_is_no_plan_is_one_line(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(RheobaseError) as caught:
        read(tmp_path / "plan.json")
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_file_and_other_versions_are_told(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no such file or directory"):
        read(tmp_path / "plan.json")
    (tmp_path / "plan.json").write_text(json.dumps({**held(), "versions": {"torch": "1.0"}}))
    assert read(tmp_path / "plan.json").changed.endswith("(then 1.0): numbers may differ by rounding")
