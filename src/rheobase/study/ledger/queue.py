"""The jobs of a shared study in the tables of Optuna's database: statements that touch only what is taken, or is new.

Optuna itself reads all trials that wait each time it takes one, and numbers a new trial by counting all before it: a
queue of n jobs would cost n². docs/scaling.md has both measured.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from rheobase.study.ledger.ledger import RUNS

#: The job of a trial: an attribute.
JOB = "job"
#: Trials that one statement puts, or whose outcomes it reads.
AT_ONCE = 1000

#: Trials are asked for by their number in the study: no other index has its order, which a planner might prefer.
_INDEX = "CREATE INDEX IF NOT EXISTS rheobase_queue ON trials (study_id, state, number)"
#: A claim is its own first sign of life: whoever has a job can be given up. It tells whether a job is one that a worker
#: was lost with before.
_TAKE = f"""
WITH next AS MATERIALIZED (
  SELECT trial_id FROM trials WHERE study_id = :study AND state = 'WAITING'
  ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
), taken AS (
  UPDATE trials SET state = 'RUNNING', datetime_start = :now FROM next
  WHERE trials.trial_id = next.trial_id RETURNING trials.trial_id
), sign AS (
  INSERT INTO trial_heartbeats (trial_id, heartbeat) SELECT trial_id, LOCALTIMESTAMP FROM taken
)
SELECT trial_id, its.value_json AS job, EXISTS (
  SELECT FROM trials AS lost JOIN trial_user_attributes AS theirs USING (trial_id)
  WHERE lost.study_id = :study AND lost.state = 'FAIL' AND theirs.key = '{JOB}' AND theirs.value_json = its.value_json
) AS deadly
FROM taken JOIN trial_user_attributes AS its USING (trial_id) WHERE its.key = '{JOB}'
"""
#: Trials are numbered under the lock that Optuna numbers them under.
_LOCK = "SELECT study_id FROM studies WHERE study_id = :study FOR UPDATE"
_PUT = f"""
WITH before AS (SELECT count(*) AS trials FROM trials WHERE study_id = :study),
jobs AS (SELECT job, trials + n - 1 AS number FROM before, unnest(CAST(:jobs AS text[])) WITH ORDINALITY AS j (job, n)),
put AS (
  INSERT INTO trials (study_id, number, state) SELECT :study, number, 'WAITING' FROM jobs ORDER BY number
  RETURNING trial_id, number
)
INSERT INTO trial_user_attributes (trial_id, key, value_json)
SELECT trial_id, '{JOB}', job FROM put JOIN jobs USING (number)
"""
_NEW = f"""
SELECT number, value_json FROM trials JOIN trial_user_attributes USING (trial_id)
WHERE study_id = :study AND state IN ('WAITING', 'RUNNING') AND number > :last AND key = '{JOB}'
"""
_ENDED = """
SELECT number, trial_id, CAST(state AS text) AS state FROM trials
WHERE study_id = :study AND state IN ('COMPLETE', 'FAIL', 'PRUNED') AND number >= :first
"""
_FIRST = """
SELECT least((SELECT min(number) FROM trials WHERE study_id = :study AND state = 'WAITING'),
             (SELECT min(number) FROM trials WHERE study_id = :study AND state = 'RUNNING'))
"""
_TEXTS = """
SELECT value_json FROM trials JOIN trial_user_attributes USING (trial_id)
WHERE trial_id = ANY(CAST(:trials AS integer[])) AND key = :key ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A job that nobody else has; `deadly` if a worker was lost with it before."""

    trial: int
    job: str
    deadly: bool


class Queue:
    """The jobs of a study, as texts.

    It remembers what it has read, by the numbers of trials: all before `_first` have ended and are read, those in
    `_ended` too; none after `_last` is known. `open` are the jobs that waited or were being done at the last look, by
    number, and `lost` tells whether one ended since the last `put` that came to nothing. `losses` are the workers that
    each job cost, by trials whose number is above `forgiven`.
    """

    def __init__(self, engine: Engine, study: int, forgiven: int = -1) -> None:
        self._engine, self._study, self._forgiven = engine, study, forgiven
        self._first, self._last = 0, -1
        self._ended: set[int] = set()
        self.open: dict[int, str] = {}
        self.lost = False
        self.losses: Counter[str] = Counter()

    @property
    def last(self) -> int:
        """The number of the last trial that was read."""
        return self._last

    def prepare(self) -> None:
        """Make the index that the statements go by; the database's user must own Optuna's tables."""
        with self._engine.begin() as connection:
            connection.execute(text(_INDEX))

    def put(self, jobs: Sequence[str]) -> None:
        """Add jobs at the end."""
        for first in range(0, len(jobs), AT_ONCE):
            with self._engine.begin() as connection:
                self._all(connection, _LOCK)
                some = [json.dumps(job) for job in jobs[first : first + AT_ONCE]]
                connection.execute(text(_PUT), {"study": self._study, "jobs": some})
        self.lost = False

    def take(self) -> Taken | None:
        """The first job that waits; None if none does."""
        with self._engine.begin() as connection:
            found = self._all(connection, _TAKE, now=datetime.now())
        return Taken(found[0].trial_id, json.loads(found[0].job), found[0].deadly) if found else None

    def outcomes(self) -> Iterator[str]:
        """What the jobs came to that ended since the last call; it counts as made when all is taken."""
        with self._engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            ended = {row.number: row for row in self._all(connection, _ENDED, first=self._first)}
            opened = {row.number: json.loads(row.value_json) for row in self._all(connection, _NEW, last=self._last)}
            first = self._all(connection, _FIRST)[0][0]
            new = [ended[number] for number in sorted(ended.keys() - self._ended)]
            failed = [row for row in new if row.state == "FAIL" and row.number > self._forgiven]
            losses = list(self._texts(connection, failed, JOB))
            yield from self._texts(connection, [row for row in new if row.state == "COMPLETE"], RUNS)
        self._last = max(self._last, *ended, *opened, -1)
        self._first = self._last + 1 if first is None else first
        self._ended = {number for number in ended if number >= self._first}
        self.open = {number: job for number, job in (self.open | opened).items() if number not in ended}
        self.lost |= any(row.state != "COMPLETE" for row in new)
        self.losses.update(losses)

    def _texts(self, connection: Connection, trials: Sequence[Any], key: str) -> Iterator[str]:
        for k in range(0, len(trials), AT_ONCE):
            some = [row.trial_id for row in trials[k : k + AT_ONCE]]
            for row in self._all(connection, _TEXTS, trials=some, key=key):
                yield json.loads(row.value_json)

    def _all(self, connection: Connection, statement: str, **given: Any) -> Sequence[Any]:
        wanted = text(statement)
        study = {"study": self._study} if ":study" in statement else {}
        return connection.execute(wanted, {**study, **given}).all()
