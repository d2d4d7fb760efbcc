"""A study on many machines: its jobs wait in a PostgreSQL database, and workers take one at a time."""

from __future__ import annotations

import hashlib
import json
import math
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from functools import partial
from typing import Any

from optuna.exceptions import ExperimentalWarning, StorageInternalError, UpdateFinishedTrialError
from optuna.storages import fail_stale_trials
from optuna.trial import TrialState
from sqlalchemy import Connection, make_url, text

from rheobase.errors import StudyError, WorkerKilled
from rheobase.study.ledger.ledger import RUNS, Ledger, as_text, storage
from rheobase.study.ledger.queue import Queue
from rheobase.study.ledger.record import cell_of, from_record
from rheobase.study.training.cells import Cell, Job, in_words
from rheobase.study.training.train import Run
from rheobase.workers import crew

#: Seconds between two signs of life of a worker, and until a silent one is given up.
BEAT, GRACE = 20, 120
#: Workers that a job may cost before it is left undone.
LOSSES = 3
#: Seconds between two looks at the database while others work, and between those of a worker that long had nothing.
PAUSE, LONGEST_PAUSE = 0.5, 4.0
#: Seconds in which a server notices that a program is gone, and lifts its lock.
NOTICED = 5.0
#: What a worker must know of the study, how far it is, and up to which trial losses were told of: attributes.
ORDER, _PROGRESS, _FORGIVEN = "order", "progress", "forgiven"

_HEARD = (
    "SELECT trial_id, heartbeat FROM trials JOIN trial_heartbeats USING (trial_id) "
    "WHERE study_id = :study AND state = 'RUNNING'"
)


@dataclass(frozen=True, slots=True)
class State:
    """How far a study is: trainings done, and in all as far as is known; whether it is complete."""

    done: int
    in_all: int
    complete: bool


class Shared(Ledger):
    """A ledger that many machines write into."""

    other = ": a worker needs the data and the versions that the study was begun with"

    def __init__(self, url: str, name: str, terms: Mapping[str, Any], beat: int = BEAT, grace: int = GRACE) -> None:
        if not url.startswith("postgresql"):
            kind = url.partition(":")[0]
            raise StudyError(f"--storage needs the URL of a PostgreSQL database, postgresql+pg8000://…, not of {kind}")
        warnings.simplefilter("ignore", ExperimentalWarning)
        self.database = storage(url, heartbeat_interval=beat, grace_period=grace)
        self.beat, self.grace = beat, grace
        #: The last sign of life of each job that is under way, and since when it is the last.
        self._heard: dict[int, tuple[Any, float]] = {}
        self._found: dict[Cell, Run] = {}
        self._told: State | None = None
        self._examined = -math.inf
        try:
            super().__init__(self.database, name, terms)
        except StudyError:
            self.close()
            raise
        forgiven = self.study.user_attrs.get(_FORGIVEN, -1)
        self._queue = Queue(self.database.engine, self.database.get_study_id_from_name(name), forgiven)

    def close(self) -> None:
        """Give back the connections."""
        self.database.remove_session()
        self.database.engine.dispose()

    def runs(self) -> dict[Cell, Run]:
        """All that is finished; only what is new is read."""
        for outcome in self._queue.outcomes():
            found = [from_record(record) for record in json.loads(outcome)]
            self._found |= {cell_of(run): run for run in found}
        return dict(self._found)

    def offer(self, wanted: Callable[[dict[Cell, Run]], Sequence[Job]]) -> bool:
        """Put the jobs that are wanted, and that nobody has or waits for, into the queue; whether any is wanted.

        One that cost `LOSSES` workers is left out. Raises WorkerKilled when nothing else is left to do.
        """
        self._give_up_silent()
        runs = self.runs()
        if self._queue.open and not self._queue.lost:
            return True  # what is wanted was put all at once: there is more when that is done
        jobs, busy = [_text(job) for job in wanted(runs)], set(self._queue.open.values())
        left = [job for job in jobs if self._queue.losses[job] < LOSSES]
        self._queue.put([job for job in left if job not in busy])
        if jobs and not left and not busy:
            # who asks again has mended something: the count begins anew
            self.study.set_user_attr(_FORGIVEN, self._queue.last)
            raise WorkerKilled(_undone([_job(job) for job in jobs]))
        return bool(jobs)

    def _give_up_silent(self) -> None:
        """Note the jobs of workers that gave no sign of life for long: they are to be offered again."""
        if time.monotonic() - self._examined > self.beat:
            fail_stale_trials(self.study)
            self._give_up_unchanged()
            self._examined = time.monotonic()

    def _give_up_unchanged(self) -> None:
        """Optuna goes by the database's clock, which may be set back; here, signs of life age by this process's own."""
        study = self.database.get_study_id_from_name(self.study.study_name)
        with self.database.engine.connect() as connection:
            signs = connection.execute(text(_HEARD), {"study": study}).all()
        now, before = time.monotonic(), self._heard
        self._heard = {
            trial: before[trial] if trial in before and before[trial][0] == sign else (sign, now)
            for trial, sign in signs
        }
        for trial, (_, since) in self._heard.items():
            if now - since > self.grace:
                self._end(trial, TrialState.FAIL)

    def work(self, train: Callable[[Job], Sequence[Run]]) -> bool:
        """Do one of the jobs that wait; whether there was one.

        One that a worker was lost with is done in a process of its own: that may be killed, and this one goes on.
        """
        taken = self._queue.take()
        if taken is None:
            self._give_up_silent()
            return False
        with self._signs_of_life(taken.trial):
            try:
                runs = (partial(_apart, train) if taken.deadly else train)(_job(taken.job))
            except WorkerKilled:
                self._end(taken.trial, TrialState.FAIL)
                return True
            except BaseException as error:
                # whoever is told to stop gives the job back; an error is the job's
                self._end(taken.trial, TrialState.FAIL if isinstance(error, Exception) else TrialState.PRUNED)
                raise
        self._end(taken.trial, TrialState.COMPLETE, runs)
        return True

    @contextmanager
    def _signs_of_life(self, trial: int) -> Iterator[None]:
        over = threading.Event()

        def give() -> None:
            while not over.wait(self.beat):
                # one that is lost is no death: the database is patient for several
                with suppress(StorageInternalError):
                    self.database.record_heartbeat(trial)

        thread = threading.Thread(target=give, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _end(self, trial: int, state: TrialState, runs: Sequence[Run] = ()) -> None:
        # of one that was given up as silent, others do the job, or have done it
        with suppress(UpdateFinishedTrialError):
            if runs:
                self.database.set_trial_user_attr(trial, RUNS, as_text(runs))
            values = [sum(run.validation for run in runs) / len(runs)] if runs else None
            self.database.set_trial_state_values(trial, state, values)

    @property
    def state(self) -> State:
        """How far the study is, as who coordinates it has told."""
        return State(*self.study.user_attrs.get(_PROGRESS, (0, 0, False)))

    def tell(self, state: State) -> None:
        """Tell workers how far it is."""
        if state != self._told:
            self.study.set_user_attr(_PROGRESS, astuple(state))
            self._told = state

    def set_order(self, order: Mapping[str, Any]) -> None:
        """Tell workers what they must know of the study."""
        self.study.set_user_attr(ORDER, dict(order))

    @contextmanager
    def only_coordinator(self) -> Iterator[None]:
        """Nobody else offers jobs inside; the database lifts the lock of a program that dies."""
        key = int(hashlib.sha256(self.study.study_name.encode()).hexdigest()[:15], 16)
        with self.database.engine.connect() as connection:
            if not _locked(connection, key):
                raise StudyError(
                    "this study is being carried out already; to help with it, start rheobase worker --storage"
                )
            # the lock is the connection's; a transaction left open would keep the server from clearing up
            connection.commit()
            connection.detach()
            self._queue.prepare()
            yield


def _locked(connection: Connection, key: int) -> bool:
    """Whether the lock is to be had; that of a program which has just ended is there for a moment more."""
    end = time.monotonic() + NOTICED
    while not (found := connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar()):
        if time.monotonic() > end:
            break
        time.sleep(0.1)
    return bool(found)


def name_of(data: str, terms: Mapping[str, Any]) -> str:
    """The name of a study in a database with others: trainings on other terms are another study's."""
    return f"{data}-{hashlib.sha256(json.dumps(terms, sort_keys=True).encode()).hexdigest()[:12]}"


def shown(url: str) -> str:
    """The URL as others may see it: without the password."""
    return make_url(url).render_as_string(hide_password=True)


def rest(looks: int = 0) -> None:
    """Wait until it is worth another look; the longer, the more looks found nothing."""
    time.sleep(min(PAUSE * 2 ** min(looks, 9), LONGEST_PAUSE))


def _apart(train: Callable[[Job], Sequence[Run]], job: Job) -> Sequence[Run]:
    with crew(1) as each:
        [runs] = each(train, [(job,)])
        found: Sequence[Run] = runs
        return found


def _undone(jobs: Sequence[Job]) -> str:
    names = list(dict.fromkeys(job[0].activation for job in jobs))
    return (
        f"there is no verdict, for {LOSSES} workers were lost with {' and with '.join(map(in_words, jobs))}; mend what "
        f"kills them (perhaps the memory does not suffice), or compare without {', '.join(names)}"
    )


def _text(job: Job) -> str:
    return json.dumps([astuple(cell) for cell in job])


def _job(words: str) -> Job:
    return tuple(Cell(*cell) for cell in json.loads(words))
