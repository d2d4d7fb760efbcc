"""A study on many machines: jobs are shared out; whoever dies, nothing is lost and nothing done twice."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from math import inf, nan
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Timer
from typing import Any

import numpy as np
import pytest
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import event, text

from rheobase.errors import WorkerKilled
from rheobase.study import StudyError, load
from rheobase.study.conduct import table, trained
from rheobase.study.ledger import shared as ledgers
from rheobase.study.ledger.kept import CELLS, Files, repair
from rheobase.study.ledger.shared import LOSSES, Shared
from rheobase.study.ledger.terms import terms
from rheobase.study.training.cells import Cell, Job, wanted
from rheobase.study.training.train import Run
from rheobase.study.worker import orders, serve
from tests.study import crash
from tests.study.crash import PLAN, begun, coordinate, facts, shared, until
from tests.study.server import postgres


@pytest.fixture(scope="module")
def uninterrupted() -> list[object]:
    return facts(crash.uninterrupted())


@pytest.fixture
def url() -> Iterator[str]:
    with postgres() as found:
        yield found


def completed(url: str) -> Counter[str]:
    """How often each job was done to its end."""
    return Counter(t.user_attrs["job"] for t in trials(url, TrialState.COMPLETE))


@contextmanager
def rows_read(ledger: Shared) -> Iterator[list[int]]:
    """How many rows each statement in the block brought."""
    found: list[int] = []

    def note(connection: object, cursor: Any, *rest: object) -> None:
        found.append(cursor.rowcount)

    event.listen(ledger.database.engine, "after_cursor_execute", note)
    yield found
    event.remove(ledger.database.engine, "after_cursor_execute", note)


def trials(url: str, *states: TrialState) -> list[FrozenTrial]:
    with closing(shared(url)) as ledger:
        return ledger.study.get_trials(states=states)


def test_two_share_the_work_and_end_as_one_would(url: str, tmp_path: Path, uninterrupted: list[object]) -> None:
    results = begun(crash.coordinate, url, tmp_path)
    until(lambda: list(tmp_path.glob(f"{CELLS}/*")))
    helper = begun(crash.help_out, url)
    results.join(300)
    helper.join(300)
    assert (results.exitcode, helper.exitcode) == (0, 0)
    assert set(completed(url).values()) == {1}
    assert facts(coordinate(url, tmp_path)) == uninterrupted
    with closing(shared(url)) as ledger:
        assert len(list((tmp_path / CELLS).iterdir())) == len(ledger.runs())


def test_there_is_one_coordinator(url: str, tmp_path: Path) -> None:
    refused = pytest.raises(StudyError, match="is being carried out already")
    with closing(shared(url)) as ledger, ledger.only_coordinator(), refused:
        coordinate(url, tmp_path)
    coordinate(url, tmp_path)


def test_a_coordinator_that_was_killed_a_moment_ago_is_none(
    url: str, tmp_path: Path, uninterrupted: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock is there until the server has noticed."""
    coordinator = begun_and_held_up(tmp_path / "go on", url, tmp_path)
    with closing(shared(url)) as ledger, ledger.database.engine.connect() as connection:
        # the lock of those who open the database has a small number
        lock = text("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid <> 0")
        its_server = connection.execute(lock).scalar_one()
    os.kill(its_server, signal.SIGSTOP)
    coordinator.kill()
    coordinator.join()
    whole = ledgers._locked

    def locked(*asked: Any) -> bool:
        Timer(1.0, os.kill, (its_server, signal.SIGCONT)).start()
        return whole(*asked)

    monkeypatch.setattr(ledgers, "_locked", locked)
    assert facts(coordinate(url, tmp_path)) == uninterrupted


def test_whoever_is_killed_nothing_is_lost_and_nothing_done_twice(
    url: str, tmp_path: Path, uninterrupted: list[object]
) -> None:
    chance, before = random.Random(1), 0
    for _ in range(6):
        crew = [begun(crash.coordinate, url, tmp_path), begun(crash.help_out, url)]
        time.sleep(chance.uniform(0.5, 2.0))
        for process in crew:
            assert process.pid is not None
            if process.is_alive():
                os.kill(process.pid, signal.SIGKILL)
            process.join()
        now = len(completed(url))
        assert now >= before
        before = now
    assert facts(coordinate(url, tmp_path)) == uninterrupted
    assert set(completed(url).values()) == {1}


def begun_and_held_up(gate: Path, url: str, *given: object, within: Callable[..., None] | None = None) -> BaseProcess:
    """A coordinator that workers know of, and that goes on when there is the file `gate`."""
    work = (crash.held_up, gate, crash.coordinate, url, *given)
    process = begun(*work) if within is None else begun(within, *work)
    until(lambda: orders(url))
    return process


def test_workers_come_and_are_killed_in_the_middle_of_their_jobs(
    url: str, tmp_path: Path, uninterrupted: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    # who lives must say so before it is given up, however slow the machine
    monkeypatch.setattr(crash.worker, "Shared", partial(Shared, beat=crash.BEAT))
    coordinator = begun_and_held_up(tmp_path / "go on", url, tmp_path)
    for _ in range(2):
        killed = begun(crash.die_in_a_job, url)
        killed.join(300)
        assert killed.exitcode == -signal.SIGKILL
    told: list[tuple[int, int]] = []
    helper = ThreadPoolExecutor(1).submit(serve, url, None, lambda *counts: told.append(counts))
    (tmp_path / "go on").touch()
    coordinator.join(300)
    helper.result(300)
    assert coordinator.exitcode == 0
    assert len(trials(url, TrialState.FAIL)) == 2
    assert set(completed(url).values()) == {1}
    results = coordinate(url, tmp_path)
    assert facts(results) == uninterrupted
    assert results.history.given_up == 2
    assert told == sorted(told), "what a worker shows is of the whole study"
    assert {total for _, total in told} <= {27, 33, 39}


def test_a_training_that_kills_is_left_undone_after_three_workers_and_told(
    url: str, tmp_path: Path, uninterrupted: list[object]
) -> None:
    """One process is lost with it; the next tries are made where nobody else dies. The rest is done, and kept."""
    coordinator = begun_and_held_up(tmp_path / "go on", url, tmp_path)
    until(lambda: trials(url, TrialState.RUNNING))
    killed = begun(crash.where_tanh_kills, crash.help_out, url)
    killed.join(300)
    assert killed.exitcode == -signal.SIGKILL
    coordinator.kill()
    coordinator.join()
    again = begun(crash.where_tanh_kills, coordinate, url, tmp_path)
    again.join(300)
    assert again.exitcode == 3
    assert Counter(t.user_attrs["job"].split('"')[1] for t in trials(url, TrialState.FAIL)) == {"relu": 1, "tanh": 3}
    assert {json.loads(job)[0][0] for job in completed(url)} == {"relu", "gelu"}
    assert facts(coordinate(url, tmp_path)) == uninterrupted
    assert set(completed(url).values()) == {1}


def test_a_job_is_left_undone_for_workers_that_it_cost_and_not_for_those_told_to_stop(url: str) -> None:
    with closing(shared(url)) as ledger:
        jobs = wanted(PLAN, {})[:2]

        def offered() -> list[str]:
            ledger.offer(lambda runs: [job for job in jobs if job[0] not in runs])
            return [t.user_attrs["job"] for t in trials(url, TrialState.WAITING)]

        for _ in range(LOSSES + 1):
            assert len(offered()) == 2
            with pytest.raises(KeyboardInterrupt):
                ledger.work(ends_with(KeyboardInterrupt()))
        for _ in range(LOSSES):
            assert len(offered()) == 2
            for taken in iter(ledger._queue.take, None):
                lost = '"relu"' in taken.job
                ledger.database.set_trial_state_values(taken.trial, TrialState.FAIL if lost else TrialState.PRUNED)
        [other] = offered()
        assert '"tanh"' in other
    with closing(shared(url)) as ledger:
        assert offered() == [other], "the count outlives the coordinator"
        assert ledger.work(lambda job: [invented(cell) for cell in job])
        complaint = (
            "3 workers were lost with relu, learning rates 0.001 to 0.1, seeds 1000 to 1001; .* compare without relu$"
        )
        with pytest.raises(WorkerKilled, match=complaint):
            offered()
    with closing(shared(url)) as ledger:
        assert ['"relu"' in job for job in offered()] == [True], "asked again, it is tried again"


def ends_with(error: BaseException) -> Callable[[Job], list[Run]]:
    def train(job: Job) -> list[Run]:
        raise error

    return train


def invented(c: Cell) -> Run:
    return Run(c.activation, c.learning_rate, c.seed, 0.5, nan, False, nan, np.ones(1), None)


@pytest.mark.filterwarnings("ignore:Heartbeat of storage")
@pytest.mark.parametrize("clock", ["right", "set back"])
def test_a_worker_that_dies_holds_nothing_up(url: str, tmp_path: Path, uninterrupted: list[object], clock: str) -> None:
    """Also after a sign of life that, the database's clock set back since, lies in the future."""
    with closing(shared(url)) as ledger:
        ledger.offer(lambda runs: wanted(PLAN, runs))
        assert ledger._queue.take()  # and gives no sign of life any more
        if clock == "set back":
            move_signs_of_life(ledger, "1 day")
    coordinator = begun(crash.coordinate, url, tmp_path)
    coordinator.join(300)
    ended = coordinator.exitcode
    coordinator.kill()  # it would wait for ever
    assert ended == 0
    assert facts(coordinate(url, tmp_path)) == uninterrupted
    assert set(completed(url).values()) == {1}


def move_signs_of_life(ledger: Shared, by: str) -> None:
    """As if the database's clock had been set the other way since."""
    with ledger.database.engine.begin() as connection:
        connection.execute(text(f"UPDATE trial_heartbeats SET heartbeat = heartbeat + interval '{by}'"))


def test_the_database_s_clock_set_forward_gives_up_who_lives_and_loses_nothing(url: str, tmp_path: Path) -> None:
    with closing(shared(url)) as ledger, closing(shared(url)) as coordinator:
        coordinator.offer(lambda runs: wanted(PLAN, runs))

        def train(job: Job) -> list[Run]:
            move_signs_of_life(ledger, "-1 day")
            coordinator._examined = -inf
            coordinator.offer(lambda runs: wanted(PLAN, runs))
            return trained(table(load(crash.DATA)), PLAN, crash.MEASURED["together"], job)

        assert ledger.work(train)
        assert len(trials(url, TrialState.FAIL)) == 1
    coordinate(url, tmp_path)
    assert set(completed(url).values()) == {1}


def test_the_clocks_of_workers_may_jump(url: str, tmp_path: Path, uninterrupted: list[object]) -> None:
    # clocks jump by more than an hour, and no job takes so long on a slow machine
    coordinator = begun_and_held_up(tmp_path / "go on", url, tmp_path, 3600, within=crash.with_a_jumping_clock)
    helper = begun(crash.with_a_jumping_clock, crash.help_out, url)
    until(lambda: completed(url))
    (tmp_path / "go on").touch()
    for process in (coordinator, helper):
        process.join(300)
        assert process.exitcode == 0
    assert not trials(url, TrialState.FAIL), "nobody was given up"
    assert set(completed(url).values()) == {1}
    assert facts(coordinate(url, tmp_path)) == uninterrupted


def test_many_may_open_an_empty_database_at_once(url: str) -> None:
    gate = multiprocessing.get_context("forkserver").Barrier(4)
    crew = [begun(crash.open_at, url, gate) for _ in range(4)]
    for process in crew:
        process.join(300)
    assert [process.exitcode for process in crew] == [0] * 4


def test_a_worker_that_was_given_up_but_lives_does_no_harm(url: str, tmp_path: Path) -> None:
    with closing(shared(url)) as ledger:
        ledger.offer(lambda runs: wanted(PLAN, runs))

        def slow(job: Job) -> list[Run]:
            for trial in ledger.study.get_trials(states=(TrialState.RUNNING,)):
                ledger.database.set_trial_state_values(trial._trial_id, state=TrialState.FAIL)
            return trained(table(load(crash.DATA)), PLAN, crash.MEASURED["together"], job)

        assert ledger.work(slow)
        assert ledger.runs() == {}
    coordinate(url, tmp_path)
    assert set(completed(url).values()) == {1}


def test_files_fill_an_empty_database(url: str, tmp_path: Path, uninterrupted: list[object]) -> None:
    crash.carry_out(tmp_path)
    with closing(shared(url)) as ledger:
        done = repair(ledger, Files(tmp_path, terms(load(crash.DATA), PLAN)))
    assert done.restored == len(list((tmp_path / CELLS).iterdir()))
    assert facts(coordinate(url, tmp_path)) == uninterrupted
    assert not trials(url, TrialState.WAITING, TrialState.RUNNING, TrialState.FAIL)


def test_other_databases_and_other_data_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="needs the URL of a PostgreSQL database"):
        Shared("sqlite:///x.db", "a", {})
    with pytest.raises(StudyError, match=r"no study is kept at .*:[*]{3}@") as told:
        serve(url.replace("rheobase@", "rheobase:secret@"))
    assert "secret" not in str(told.value)
    coordinate(url, tmp_path)
    with pytest.raises(StudyError, match="differs in data"):
        serve(url, "wine")


def test_claims_and_looks_bring_only_what_is_new(url: str) -> None:
    """However long the queue is, and however much is done: a study of n jobs must not cost n²."""
    plan = replace(PLAN, tuning_seeds=tuple(range(1000, 1100)))
    jobs = [(cell,) for job in wanted(plan, {}) for cell in job]

    def train(job: Job) -> list[Run]:
        return [invented(cell) for cell in job]

    with closing(shared(url)) as ledger, ledger.only_coordinator():
        assert ledger.offer(lambda runs: jobs)
        while len(ledger.runs()) < len(jobs) / 2:
            assert ledger.work(train)
        with rows_read(ledger) as rows:
            for _ in range(5):
                assert ledger.work(train)
                assert ledger.offer(lambda runs: jobs)
                ledger.state  # noqa: B018
        assert len(jobs) == 900
        assert sum(rows) / 5 < 30
        with ledger.database.engine.connect() as connection:
            idle = text(
                "SELECT state FROM pg_stat_activity WHERE usename = 'rheobase' AND backend_type = 'client backend'"
            )
            assert sorted(connection.execute(idle).scalars()) == ["active", "idle"]  # this one, and the lock's
    with closing(shared(url)) as other:
        assert other.runs().keys() == {cell for job in jobs[:455] for cell in job}


def test_many_claim_at_once_and_nobody_claims_twice(url: str) -> None:
    with closing(shared(url)) as ledger:
        ledger._queue.put([f"[{k}]" for k in range(200)])

        def take(_: int) -> list[str]:
            with closing(shared(url)) as mine:
                return [taken.job for taken in iter(mine._queue.take, None)]

        with ThreadPoolExecutor(4) as pool:
            found = [job for jobs in pool.map(take, range(4)) for job in jobs]
    assert len(found) == 200
    assert len(set(found)) == 200


def test_a_job_that_came_to_nothing_is_put_again_and_no_other(url: str) -> None:
    with closing(shared(url)) as ledger:
        jobs = wanted(PLAN, {})
        ledger.offer(lambda runs: jobs)

        with pytest.raises(KeyboardInterrupt):
            ledger.work(ends_with(KeyboardInterrupt()))
        for _ in range(2):
            assert ledger.offer(lambda runs: jobs)
        waiting = Counter(t.user_attrs["job"] for t in trials(url, TrialState.WAITING))
        assert set(waiting.values()) == {1}
        assert len(waiting) == len(jobs)
