"""A study on many machines: its jobs wait in a PostgreSQL database, and workers take one at a time."""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning, TrialPruned, UpdateFinishedTrialError
from optuna.storages import RetryHeartbeatStaleTrialCallback, fail_stale_trials
from optuna.trial import Trial, TrialState
from sqlalchemy import make_url, text

from rheobase.errors import StudyError
from rheobase.study.cells import Cell, Job
from rheobase.study.ledger import RUNS, Ledger, as_text, storage
from rheobase.study.train import Run

#: Seconds between two signs of life of a worker, and until a silent one is given up; how often a job is tried again.
BEAT, GRACE, RETRIES = 20, 120, 3
#: Seconds between two looks at the database while others work.
PAUSE = 0.5
#: The job of a trial, and what a worker must know of the study: attributes.
_JOB, ORDER = "job", "order"

_HEARD = (
    "SELECT trial_id, heartbeat FROM trials JOIN studies USING (study_id) LEFT JOIN trial_heartbeats USING (trial_id) "
    "WHERE study_name = :name AND state = 'RUNNING'"
)


class Shared(Ledger):
    """A ledger that many machines write into."""

    other = ": a worker needs the data and the versions that the study was begun with"

    def __init__(self, url: str, name: str, terms: Mapping[str, Any], beat: int = BEAT, grace: int = GRACE) -> None:
        if not url.startswith("postgresql"):
            kind = url.partition(":")[0]
            raise StudyError(f"--storage needs the URL of a PostgreSQL database, postgresql+pg8000://…, not of {kind}")
        warnings.simplefilter("ignore", ExperimentalWarning)
        again = RetryHeartbeatStaleTrialCallback(max_retry=RETRIES)
        alive: dict[str, Any] = {
            "heartbeat_interval": beat,
            "grace_period": grace,
            "heartbeat_stale_trial_callback": again,
        }
        self.database, self.grace = storage(url, **alive), grace
        #: The last sign of life of each job that is under way, and since when it is the last.
        self._heard: dict[int, tuple[Any, float]] = {}
        try:
            super().__init__(self.database, name, terms)
        except StudyError:
            self.close()
            raise

    def close(self) -> None:
        """Give back the connections."""
        self.database.remove_session()
        self.database.engine.dispose()

    def offer(self, wanted: Callable[[dict[Cell, Run]], Sequence[Job]]) -> bool:
        """Put the jobs that are wanted, and that nobody has or waits for, into the queue; whether any is wanted."""
        fail_stale_trials(self.study)
        self._give_up_silent()
        # first who works, then what is done: a job that ends in between is found done
        busy = {trial.user_attrs.get(_JOB) for trial in self._trials(TrialState.WAITING, TrialState.RUNNING)}
        jobs = wanted(self.runs())
        for job in jobs:
            if _text(job) not in busy:
                self.study.enqueue_trial({}, user_attrs={_JOB: _text(job)})
        return bool(jobs)

    def _give_up_silent(self) -> None:
        """Give up jobs whose worker has given no new sign of life for too long, by the clock of this process.

        Optuna goes by the database's, which may be set back, and waits for ever for one that died before its first.
        """
        with self.database.engine.connect() as connection:
            found = connection.execute(text(_HEARD), {"name": self.study.study_name}).all()
        now, before = time.monotonic(), self._heard
        self._heard = {
            trial: before[trial] if trial in before and before[trial][0] == beat else (beat, now)
            for trial, beat in found
        }
        for trial, (_, since) in self._heard.items():
            if now - since > self.grace:
                self.database.set_trial_state_values(trial, state=TrialState.FAIL)

    def work(self, train: Callable[[Job], Sequence[Run]]) -> bool:
        """Do one of the jobs that wait; whether there was one."""
        if not self._trials(TrialState.WAITING):
            return False
        taken: list[Trial] = []
        given_up: list[Trial] = []

        def objective(trial: Trial) -> float:
            taken.append(trial)
            if _JOB not in trial.user_attrs:
                raise TrialPruned  # another worker was faster, and Optuna made a trial of its own
            runs = train(_job(trial.user_attrs[_JOB]))
            try:
                trial.set_user_attr(RUNS, as_text(runs))
            except UpdateFinishedTrialError:
                given_up.append(trial)
                raise
            return sum(run.validation for run in runs) / len(runs)

        try:
            self.study.optimize(objective, n_trials=1)
        except ValueError:
            # Optuna cannot end a trial that was given up as silent; others do the job, or have done it
            if not given_up:
                raise
        except KeyboardInterrupt:
            for trial in taken:
                self.study.tell(trial, state=TrialState.FAIL)
            raise
        return True

    def set_order(self, order: Mapping[str, Any]) -> None:
        """Tell workers what they must know of the study."""
        self.study.set_user_attr(ORDER, dict(order))

    @contextmanager
    def only_coordinator(self) -> Iterator[None]:
        """Nobody else offers jobs inside; the database lifts the lock of a program that dies."""
        key = int(hashlib.sha256(self.study.study_name.encode()).hexdigest()[:15], 16)
        with self.database.engine.connect() as connection:
            if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar():
                raise StudyError(
                    "this study is being carried out already; to help with it, start rheobase worker --storage"
                )
            yield

    def _trials(self, *states: TrialState) -> list[optuna.trial.FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=states)


def name_of(data: str, terms: Mapping[str, Any]) -> str:
    """The name of a study in a database with others: trainings on other terms are another study's."""
    return f"{data}-{hashlib.sha256(json.dumps(terms, sort_keys=True).encode()).hexdigest()[:12]}"


def shown(url: str) -> str:
    """The URL as others may see it: without the password."""
    return make_url(url).render_as_string(hide_password=True)


def rest() -> None:
    """Wait until it is worth another look."""
    time.sleep(PAUSE)


def _text(job: Job) -> str:
    return json.dumps([astuple(cell) for cell in job])


def _job(words: str) -> Job:
    return tuple(Cell(*cell) for cell in json.loads(words))
