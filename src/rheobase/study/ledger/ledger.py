"""Where a study keeps what it has trained: Optuna's database, one trial per job, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from rheobase.errors import StudyError
from rheobase.study.ledger.record import cell_of, from_record, to_record
from rheobase.study.training.cells import Cell
from rheobase.study.training.train import Run

#: What a study's trainings depend on, what was measured before them, how often it was begun: attributes of the study.
_TERMS, _MEASURED, _SITTINGS = "terms", "measured", "sittings"
#: The records of a job's trainings: an attribute of its trial.
RUNS = "runs"
#: The lock of those who open a PostgreSQL database: any number that others will hardly choose.
_OPENING = 0x72686F62
#: Seconds that SQLite waits for another program that looks at the file.
_PATIENCE = 60


@dataclass(frozen=True)
class History:
    """How often a study was begun or taken up again, and how many jobs were given up with their worker."""

    sittings: int = 1
    given_up: int = 0


class UnreadableLedger(StudyError):
    """The database is none, or is damaged."""


class Ledger:
    """The finished trainings of a study.

    `terms` says what they depend on: data, steps, versions. A ledger that was begun on other terms is refused.
    broken, other: what the complaints say can be done, where the database fails and where the terms are others.
    """

    broken = other = ""

    def __init__(self, storage: BaseStorage, name: str, terms: Mapping[str, Any]) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._read: dict[int, list[Run]] = {}
        with _told(self.broken):
            self.study = optuna.create_study(
                storage=storage, study_name=name, direction="maximize", load_if_exists=True
            )
            held = self.study.user_attrs.get(_TERMS)
            if held is None:
                self.study.set_user_attr(_TERMS, dict(terms))
        if held not in (None, terms):
            raise StudyError(_differs(held, terms) + self.other)

    def runs(self) -> dict[Cell, Run]:
        """All that is finished."""
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            if trial.number not in self._read:
                self._read[trial.number] = runs_of(trial)
        return {cell_of(run): run for found in self._read.values() for run in found}

    def add(self, runs: Sequence[Run]) -> None:
        """Note the finished trainings of a job, all at once."""
        mean = sum(run.validation for run in runs) / len(runs)
        with _told(self.broken):
            self.study.add_trial(create_trial(value=mean, user_attrs={RUNS: as_text(runs)}))

    def measured(self) -> dict[str, Any] | None:
        """What was measured before the trainings."""
        found: dict[str, Any] | None = self.study.user_attrs.get(_MEASURED)
        return found

    def set_measured(self, found: Mapping[str, Any]) -> None:
        """Note it: a study that goes on must not measure again."""
        self.study.set_user_attr(_MEASURED, dict(found))

    def begin(self) -> None:
        """Note that the study is begun, or taken up again."""
        with _told(self.broken):
            self.study.set_user_attr(_SITTINGS, self.study.user_attrs.get(_SITTINGS, 0) + 1)

    def history(self) -> History:
        """What became of it so far."""
        failed = self.study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
        return History(self.study.user_attrs.get(_SITTINGS, 1), len(failed))


def in_memory(terms: Mapping[str, Any]) -> Ledger:
    """A ledger that is gone with the process."""
    return Ledger(InMemoryStorage(), "study", terms)


def storage(url: str, broken: str = "", **options: Any) -> RDBStorage:
    """The database at an SQLAlchemy URL; `broken` is what can be done if it fails, `options` are Optuna's.

    Raises UnreadableLedger if it cannot be opened.
    """
    of_file: dict[str, Any] = {"connect_args": {"timeout": _PATIENCE}}
    # a server has a process for each connection: one per worker, and for moments one for its sign of life
    of_server: dict[str, Any] = {"pool_pre_ping": True, "pool_size": 1, "max_overflow": 2}
    with _told(broken), _nobody_else_opens(url):
        return RDBStorage(url, engine_kwargs=of_file if url.startswith("sqlite") else of_server, **options)


@contextmanager
def _nobody_else_opens(url: str) -> Iterator[None]:
    """Optuna makes its tables where there are none: of two who do so at once, one would fail."""
    if not url.startswith("postgresql"):
        yield
        return
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _OPENING})
        yield


@contextmanager
def _told(advice: str) -> Iterator[None]:
    """What a database complains of, as one line."""
    try:
        yield
    except (SQLAlchemyError, StorageInternalError, ImportError, ValueError) as error:
        cause = error.__cause__ or error
        said = getattr(cause, "orig", cause)
        # pg8000 hands on all fields of a message; M is the words
        words = said.args[0]["M"] if said.args and isinstance(said.args[0], dict) else str(said)
        reason = words.strip().splitlines()[0]
        raise UnreadableLedger(f"the ledger fails: {reason}{advice}") from None


def as_text(runs: Iterable[Run]) -> str:
    """The records of trainings as the text that is stored."""
    return json.dumps([to_record(run) for run in runs])


def runs_of(trial: FrozenTrial) -> list[Run]:
    """The trainings that a finished trial holds."""
    return [from_record(record) for record in json.loads(trial.user_attrs[RUNS])]


def _differs(held: Mapping[str, Any], terms: Mapping[str, Any]) -> str:
    changed = [f"{key} (was {held.get(key)!r}, is {terms.get(key)!r})" for key in {**held, **terms}
               if held.get(key) != terms.get(key)]  # fmt: skip
    return f"trainings kept there are not comparable, for the study differs in {', '.join(changed)}"
