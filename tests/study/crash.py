"""A small study that other processes carry out, and are killed at; alone or with others."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta, tzinfo
from functools import partial
from itertools import count, cycle
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
from sqlalchemy import Engine, event

from rheobase.errors import RheobaseError
from rheobase.study import Results, conduct, load, run, worker
from rheobase.study.conduct import share
from rheobase.study.ledger.kept import Files, Kept, only_writer
from rheobase.study.ledger.ledger import in_memory
from rheobase.study.ledger.record import to_record
from rheobase.study.ledger.shared import Shared, name_of
from rheobase.study.ledger.terms import terms
from rheobase.study.order import order
from rheobase.study.plan import Plan
from rheobase.study.training.cost import Cost
from rheobase.study.training.train import Run
from rheobase.study.worker import serve

PLAN = Plan(
    ("relu", "tanh", "gelu"), learning_rates=(1e-3, 1e-2, 1e-1), tuning_seeds=(1000, 1001), seeds=(0, 1, 2), steps=12
)


DATA = "iris"
#: Measured at each start, it might be decided otherwise each time, and trainings rounded otherwise.
MEASURED = {
    "costs": {name: asdict(Cost(1.0, 0.1, 1.0)) for name in PLAN.activations},
    "together": dict.fromkeys(PLAN.activations, True),
}
#: What trains, whatever a test puts in its place.
TRAINED = conduct.trained
#: Seconds between the signs of life of a worker, and until it is given up: short, that tests need not wait.
BEAT, GRACE = 1, 4


def shared(url: str, grace: int = GRACE) -> Shared:
    """The study's ledger in a database."""
    on = terms(load(DATA), PLAN)
    return Shared(url, name_of(DATA, on), on, BEAT, grace)


def coordinate(url: str, out: Path, grace: int = GRACE) -> Results:
    """The study, with all who help."""
    data = load(DATA)
    with closing(shared(url, grace)) as ledger:
        ledger.set_measured(MEASURED)
        return share(data, PLAN, ledger, Files(out, terms(data, PLAN)), order(DATA, None, PLAN))


class Jumping(datetime):
    """A wall clock that is set forward and back by a day all the time."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        """A day off."""
        return datetime.now(tz) + timedelta(days=next(_jumps))


#: Days that the clock is wrong by.
_jumps = cycle([1, -1, 0])


def with_a_jumping_clock(work: Callable[..., object], *given: object) -> None:
    """The same while the wall clock jumps: that of time.time, and that by which Optuna dates its trials."""
    truly = time.time
    time.time = lambda: truly() + 86400 * next(_jumps)
    optuna.storages._rdb.storage.datetime = Jumping
    optuna.trial._frozen.datetime = SimpleNamespace(datetime=Jumping)
    work(*given)


def held_up(gate: Path, work: Callable[..., object], *given: object) -> None:
    """The same where no job goes on before there is the file `gate`: there is time for others."""
    conduct.trained = partial(_waiting, gate)
    work(*given)


def _waiting(gate: Path, *job: Any) -> list[Run]:
    while not gate.exists():
        time.sleep(0.05)
    return TRAINED(*job)


def deadly(*job: Any) -> list[Run]:
    """Kills the process that trains tanh."""
    if job[-1][0].activation == "tanh":
        os.kill(os.getpid(), signal.SIGKILL)
    return TRAINED(*job)


def where_tanh_kills(work: Callable[..., object], *given: object) -> None:
    """The same where tanh kills whoever trains it; it ends with status 3 if the study says what is wrong."""
    conduct.trained = worker.trained = deadly
    try:
        work(*given)
    except RheobaseError:
        os._exit(3)


def die_in_a_job(url: str) -> None:
    """A worker that is killed in the middle of the first job it gets."""
    worker.trained = lambda *job: os.kill(os.getpid(), signal.SIGKILL)
    serve(url)


def open_at(url: str, gate: Barrier) -> None:
    """Open the database when all do."""
    gate.wait(60)
    shared(url).close()


def help_out(url: str) -> None:
    """A worker for it."""
    serve(url)


def carry_out(out: Path, workers: int = 0) -> Results:
    """The study, kept in the folder `out`."""
    data = load(DATA)
    with only_writer(out):
        kept = Kept(out, terms(data, PLAN))
        kept.set_measured(MEASURED)
        return run(data, PLAN, workers=workers, keeper=kept)


def uninterrupted() -> Results:
    """The study at one go, in memory."""
    data = load(DATA)
    ledger = in_memory(terms(data, PLAN))
    ledger.set_measured(MEASURED)
    return run(data, PLAN, workers=0, keeper=ledger)


def without_a_word(out: Path, workers: int = 0) -> None:
    """The same in a process of its own; it ends with status 3 if the study says what is wrong."""
    # what a killed process has begun to say is no output of the tests'
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    try:
        carry_out(out, workers)
    except RheobaseError:
        os._exit(3)


def killed_at_a_statement(out: Path, last: int) -> None:
    """The folder is opened; the process is gone when it has given the database `last` statements."""
    given = count(1)

    def die(*_: object) -> None:
        if next(given) > last:
            os._exit(9)

    event.listen(Engine, "before_cursor_execute", die)
    Kept(out, terms(load(DATA), PLAN))


def with_little_room(out: Path, most: int) -> None:
    """The same where no file may have more than `most` bytes, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    without_a_word(out)


def until(happened: Callable[[], object]) -> None:
    """Wait for it, but not for ever."""
    end = time.monotonic() + 300
    while not happened():
        assert time.monotonic() < end, "it has not happened"
        time.sleep(0.01)


def begun(work: Callable[..., None], *given: object) -> BaseProcess:
    """A process forked from one that has torch and the ledger loaded, but has never run a thread of torch's."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.study.crash"])
    process = context.Process(target=work, args=given)
    process.start()
    return process


def facts(results: Results) -> list[object]:
    """All that was trained, to the last bit."""
    return [
        (o.name, o.best_learning_rate, o.tuning, json.dumps([to_record(run) for run in o.runs]))
        for o in sorted(results.outcomes, key=lambda o: o.name)
    ]
