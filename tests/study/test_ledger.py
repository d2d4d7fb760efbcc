"""Nothing that was trained is lost: kills at any point, a full disk, torn files, two at once, other data."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from dataclasses import replace
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest

from rheobase.cli.studies import _fitted
from rheobase.study import StudyError, conduct, load, run
from rheobase.study.forecast import Budget
from rheobase.study.ledger.kept import CELLS, DATABASE, Kept, only_writer, repaired
from rheobase.study.ledger.record import from_record, to_record
from rheobase.study.ledger.terms import terms
from rheobase.study.results import as_json
from tests.study import crash
from tests.study.crash import PLAN, begun, carry_out, facts, until

DATA = load("iris")
KILLS = 50
#: What a budget is reckoned with.
PACES = {name: {"alone": 1e-3, "together": 1e-4, "group": 6} for name in (*PLAN.activations, "elu")}


@pytest.fixture(scope="module")
def uninterrupted() -> list[object]:
    return facts(crash.uninterrupted())


def held(out: Path) -> int:
    return len(Kept(out, terms(DATA, PLAN)).runs()) if (out / DATABASE).exists() else 0


def test_records_are_the_runs_to_the_last_bit() -> None:
    first = crash.uninterrupted().outcomes[0].runs[0]
    numbers = np.array([np.nan, np.inf, 0.1 + 0.2])
    for each in (first, replace(first, health=None, curve=numbers, at=np.array([0.0, 1e300, 0.1]))):
        text = json.dumps(to_record(each), allow_nan=False)
        assert json.dumps(to_record(from_record(json.loads(text)))) == text


def test_a_study_killed_at_any_point_goes_on_and_ends_as_if_it_had_not_been(
    tmp_path: Path, uninterrupted: list[object]
) -> None:
    chance, before, ended = random.Random(0), 0, 0
    for kill in range(KILLS):
        process = begun(crash.without_a_word, tmp_path)
        process.join(chance.uniform(0.0, 0.6))
        if process.is_alive():
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            process.join()
        else:
            ended += 1
            for path in (tmp_path / DATABASE, *(tmp_path / CELLS).iterdir()):
                path.unlink()
        now = 0 if not (tmp_path / DATABASE).exists() else held(tmp_path)
        assert now >= before or ended, f"kill {kill} lost {before - now} trainings"
        before = now
    assert facts(carry_out(tmp_path)) == uninterrupted


def test_a_study_killed_while_its_database_is_made_begins_as_if_it_had_not_been(tmp_path: Path) -> None:
    """At every statement of it: a table without its index would take the same study twice."""
    for statements in count():
        out = tmp_path / str(statements)
        out.mkdir()
        process = begun(crash.killed_at_a_statement, out, statements)
        process.join(300)
        for _ in range(2):
            assert Kept(out, terms(DATA, PLAN)).runs() == {}
        assert sorted(path.name for path in out.iterdir()) == [CELLS, DATABASE]
        if process.exitcode == 0:
            break
        assert process.exitcode == 9
    assert statements > 50, "all tables and indices have a statement"


def test_progress_counts_what_is_kept_from_before(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    def stop(*counts: int) -> None:
        told.append(counts)
        if counts[0] > 10:
            raise KeyboardInterrupt

    kept = Kept(tmp_path, terms(DATA, PLAN))
    kept.set_measured(crash.MEASURED)
    with pytest.raises(KeyboardInterrupt):
        run(DATA, PLAN, stop, workers=0, keeper=kept)
    before = told[-1]
    results = run(DATA, PLAN, lambda *counts: told.append(counts), workers=0, keeper=Kept(tmp_path, terms(DATA, PLAN)))
    assert told[told.index(before) + 1] == before
    assert told[-1] == (results.plan.runs,) * 2
    assert told == sorted(told)
    assert results.history.sittings == 2
    assert carry_out(tmp_path).history.sittings == 2, "nothing was left to do"


def test_a_study_that_misses_its_budget_scores_fewer_seeds_of_all_and_goes_on_with_as_many(tmp_path: Path) -> None:
    plan = replace(PLAN, seeds=tuple(range(7)))
    foretold = {**crash.MEASURED, "paces": PACES, "around": {"split": 0.01, "score": 0.01}, "starting": 0.1}

    def begun_with(out: Path, left: float) -> tuple[Kept, Budget]:
        out.mkdir(exist_ok=True)
        kept = Kept(out, terms(DATA, plan))
        if not kept.measured():
            kept.set_measured(foretold)
        return kept, Budget(3600.0, time.monotonic() + left - 3600.0)

    def stop(done: int, total: int) -> None:
        if total - done < 4:
            raise KeyboardInterrupt

    kept, over = begun_with(tmp_path / "a", 0.0)
    with pytest.raises(KeyboardInterrupt):
        run(DATA, plan, stop, workers=0, keeper=kept, budget=over)
    kept, roomy = begun_with(tmp_path / "a", 3600.0)
    resumed = run(DATA, plan, workers=0, keeper=kept, budget=roomy)
    whole = run(DATA, plan, workers=0, keeper=begun_with(tmp_path / "b", 0.0)[0], budget=over)
    assert {len(o.runs) for o in whole.outcomes} == {5}
    assert facts(resumed) == facts(whole)
    assert as_json(resumed) == as_json(whole)
    assert "5 scored seeds instead of 7" in resumed.notes[-1]
    unlimited = run(DATA, plan, workers=0, keeper=kept)
    assert {len(o.runs) for o in unlimited.outcomes} == {7}
    spared, roomy = begun_with(tmp_path / "c", 3600.0)
    assert as_json(run(DATA, plan, workers=0, keeper=spared, budget=roomy)) == as_json(unlimited)


@pytest.mark.parametrize("anew", [False, True])
def test_a_budget_that_is_refused_leaves_the_folder_as_it_was(
    tmp_path: Path, anew: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured for it, too, and what --anew would forget."""
    new = {**crash.MEASURED, "paces": PACES, "around": {"split": 1.0, "score": 1.0}, "measuring": 1.0, "starting": 1.0}
    monkeypatch.setattr(conduct, "_of_the_network", lambda *asked: new)

    def refused() -> dict[Path, bytes]:
        with pytest.raises(StudyError, match="are too few: the least that decides anything here"):
            _fitted(
                DATA, replace(PLAN, activations=(*PLAN.activations, "elu")), tmp_path, anew, False, Budget(1.0, 0.0)
            )
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    assert refused() == {}
    carry_out(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert refused() == before


def test_a_clock_that_is_set_while_a_study_runs_changes_nothing(tmp_path: Path, uninterrupted: list[object]) -> None:
    process = begun(crash.with_a_jumping_clock, crash.carry_out, tmp_path)
    process.join(300)
    assert process.exitcode == 0
    assert facts(carry_out(tmp_path)) == uninterrupted


@pytest.mark.parametrize("after", [0.0, 0.01, 0.05])
def test_a_killed_worker_ends_the_study_with_a_line_and_loses_what_it_was_at(
    tmp_path: Path, uninterrupted: list[object], after: float
) -> None:
    """Also one that is killed while the next is being started."""
    process = begun(crash.without_a_word, tmp_path, 2)
    until(lambda: _children(process))
    time.sleep(after)
    os.kill(_children(process)[-1], signal.SIGKILL)
    process.join(300)
    assert process.exitcode == 3
    assert facts(carry_out(tmp_path)) == uninterrupted


def _children(process: BaseProcess) -> list[int]:
    tasks = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(word) for word in tasks.read_text().split()] if tasks.exists() else []


@pytest.mark.parametrize("share", [0.13, 0.9, 0.99])
def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path, share: float, uninterrupted: list[object]) -> None:
    (tmp_path / "whole").mkdir()
    carry_out(tmp_path / "whole")
    process = begun(crash.with_little_room, tmp_path, int(share * (tmp_path / "whole" / DATABASE).stat().st_size))
    process.join(300)
    assert process.exitcode == 3
    assert facts(carry_out(tmp_path)) == uninterrupted


def test_files_and_database_bring_each_other_back(tmp_path: Path, uninterrupted: list[object]) -> None:
    carry_out(tmp_path)
    files = sorted((tmp_path / CELLS).iterdir())
    files[0].write_text(files[0].read_text()[:100])
    files[1].unlink()
    _, done = repaired(tmp_path, terms(DATA, PLAN))
    assert (done.restored, done.rewritten, done.unreadable) == (0, 2, 1)
    (tmp_path / DATABASE).write_bytes(b"not a database" * 100)
    with pytest.raises(StudyError, match="--repair"):
        carry_out(tmp_path)
    kept, done = repaired(tmp_path, terms(DATA, PLAN))
    assert done.restored == len(files)
    assert (tmp_path / f"broken-{DATABASE}").exists()
    assert facts(run(DATA, PLAN, workers=0, keeper=_untouchable(kept))) == uninterrupted


def _untouchable(kept: Kept) -> Kept:
    def refuse(runs: object) -> None:
        raise AssertionError("a training was done twice")

    kept.add = refuse  # type: ignore[method-assign]
    return kept


def test_any_name_of_a_folder_will_do(tmp_path: Path) -> None:
    out = tmp_path / "50% of é? #1"
    out.mkdir()
    carry_out(out)
    assert (out / DATABASE).exists()
    assert [p.name for p in tmp_path.iterdir()] == [out.name]


def test_only_one_study_writes_into_a_folder(tmp_path: Path) -> None:
    with only_writer(tmp_path), pytest.raises(StudyError, match="another study is writing"), only_writer(tmp_path):
        pass
    with only_writer(tmp_path):
        pass


@pytest.mark.parametrize("change", ["data", "steps"])
def test_trainings_on_other_terms_are_refused(tmp_path: Path, change: str) -> None:
    carry_out(tmp_path)
    data, plan = (load("wine"), PLAN) if change == "data" else (DATA, replace(PLAN, steps=13))
    with pytest.raises(StudyError, match=f"differs in {change} .*--anew"):
        Kept(tmp_path, terms(data, plan))


def test_the_fingerprint_changes_with_any_value() -> None:
    features = DATA.features.copy()
    features.iloc[17, 2] += 1e-9
    changed = (
        replace(DATA, features=features),
        replace(DATA, target=np.roll(DATA.target, 1)),
        replace(DATA, features=DATA.features.rename(columns=str.upper)),
    )
    assert len({d.fingerprint for d in (DATA, *changed)}) == 4
