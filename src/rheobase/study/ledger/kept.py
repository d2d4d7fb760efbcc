"""The folder of a study on one machine: its ledger, a file per training, and the lock that keeps it to one writer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from optuna.storages import RDBStorage
from sqlalchemy import URL

from rheobase.errors import StudyError
from rheobase.folder import put
from rheobase.study.ledger.ledger import Ledger, UnreadableLedger, storage
from rheobase.study.ledger.record import cell_of, from_record, to_record
from rheobase.study.training.cells import Cell
from rheobase.study.training.train import Run

DATABASE, CELLS, CHECKPOINTS, LOCK = "study.db", "cells", "checkpoints", ".lock"


@dataclass(frozen=True)
class Repair:
    """What was mended: trainings put back into the ledger, files written anew, files that could not be read."""

    restored: int
    rewritten: int
    unreadable: int

    @property
    def summary(self) -> str:
        """In one line."""
        return (
            f"{self.restored} trainings put back into the ledger, {self.rewritten} files written anew, "
            f"{self.unreadable} unreadable files removed"
        )


class Files:
    """A file per training in a folder; each says on which terms it was trained."""

    def __init__(self, out: Path, terms: Mapping[str, Any]) -> None:
        self.folder, self.terms = out / CELLS, terms
        self.folder.mkdir(exist_ok=True)

    def write(self, run: Run) -> None:
        """Write a training, whole or not at all."""
        put(self.folder / f"{cell_of(run).label}.json", json.dumps({"terms": self.terms, "run": to_record(run)}))

    def read(self) -> tuple[dict[Cell, Run], list[Path]]:
        """The trainings on these terms, and the files that hold none."""
        found, unreadable = {}, []
        for path in sorted(self.folder.glob("*.json")):
            try:
                held = json.loads(path.read_text(encoding="utf-8"))
                # what was trained on other terms may be a record of another form, and stays what it is
                run = from_record(held["run"]) if held["terms"] == self.terms else None
            except (ValueError, KeyError, TypeError):
                unreadable.append(path)
                continue
            if run is not None:
                found[cell_of(run)] = run
        return found, unreadable


class InFolder(Ledger):
    """The ledger of one machine, which the files can bring back."""

    broken = "; what was kept is in the files of the trainings, too, and --repair brings it back"
    other = ": choose another --out, or take --anew to start over"

    def __init__(self, out: Path, terms: Mapping[str, Any]) -> None:
        if not (out / DATABASE).exists():
            self._make(out)
        super().__init__(self._opened(out / DATABASE), "study", terms)

    def _opened(self, database: Path) -> RDBStorage:
        # a name may hold what means something in an address
        return storage(URL.create("sqlite", database=str(database)).render_as_string(), self.broken)

    def _make(self, out: Path) -> None:
        """Make the database elsewhere and put it there whole.

        SQLite keeps each statement that makes a table by itself: who is killed between a table and its index would
        leave one that takes the same study twice.
        """
        new = out / f"new-{DATABASE}"
        _remove(new)
        try:
            self._opened(new).engine.dispose()
            new.replace(out / DATABASE)
        finally:
            _remove(new)


def _remove(database: Path) -> None:
    """Remove a database, and what SQLite has beside it."""
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()


class Kept:
    """A ledger in a folder: each training is in the database and in a file of its own."""

    def __init__(self, out: Path, terms: Mapping[str, Any]) -> None:
        self.files = Files(out, terms)
        self.ledger = InFolder(out, terms)
        self.runs, self.measured, self.set_measured = self.ledger.runs, self.ledger.measured, self.ledger.set_measured
        self.begin, self.history = self.ledger.begin, self.ledger.history

    def add(self, runs: Sequence[Run]) -> None:
        """Note the finished trainings of a job."""
        for run in runs:
            self.files.write(run)
        self.ledger.add(runs)


def repair(ledger: Ledger, files: Files) -> Repair:
    """Bring database and files to the same trainings: those that either holds."""
    held = ledger.runs()
    found, unreadable = files.read()
    for path in unreadable:
        path.unlink()
    lost = [run for cell, run in found.items() if cell not in held]
    for run in lost:
        ledger.add([run])
    gone = [run for cell, run in held.items() if cell not in found]
    for run in gone:
        files.write(run)
    return Repair(len(lost), len(gone), len(unreadable))


def repaired(out: Path, terms: Mapping[str, Any]) -> tuple[Kept, Repair]:
    """The folder with database and files at one; a database that cannot be read is set aside and made anew."""
    try:
        kept = Kept(out, terms)
    except UnreadableLedger:
        for path in out.glob(f"{DATABASE}*"):
            path.rename(path.with_name(f"broken-{path.name}"))
        kept = Kept(out, terms)
    return kept, repair(kept.ledger, kept.files)


@contextmanager
def only_writer(out: Path) -> Iterator[None]:
    """Nobody else writes into the folder inside; the system lifts the lock of a process that dies.

    Raises StudyError if someone does.
    """
    lock = FileLock(out / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StudyError(f"another study is writing into {str(out)!r}; wait for it, or choose another --out") from None
    try:
        yield
    finally:
        if list(out.iterdir()) == [out / LOCK]:
            (out / LOCK).unlink()
        lock.release()


def forget(out: Path) -> None:
    """Remove the ledger, the files of all trainings and what was kept of those cut short: the study begins anew."""
    _remove(out / DATABASE)
    for path in (*(out / CELLS).glob("*.json"), *(out / CHECKPOINTS).glob("*.pt")):
        path.unlink()
