"""Measure what the workers of a study on many machines ask of its database, and write benchmarks/claim_traffic.csv.

A PostgreSQL server is started, with its defaults (but for the number of connections), and a queue filled with jobs of
one training each. Then as many processes as there are claimers take jobs with the study's own code: they claim one,
give signs of life, note the outcome, and look whether the study is complete. A training is a sleep of a stated length:
it is the traffic that is measured. Server and claimers share the cores of this machine; what the server computes for a
claim is therefore counted apart, and does not depend on how many machines there are.

Run:  python scripts/claim_traffic.py [--code NAME] [--queues 1000,10000,100000] [--claimers 1,8,32,100]
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from sqlalchemy import Connection, create_engine, text

from rheobase.bench.record import as_csv, machine
from rheobase.measured import commented
from rheobase.study.ledger.ledger import RUNS, as_text
from rheobase.study.ledger.shared import Shared, _text
from rheobase.study.plan import DEFAULT, Plan
from rheobase.study.training.cells import Job, wanted
from rheobase.study.training.train import Run
from rheobase.study.worker import attend
from rheobase.workers import cores

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.study.server import postgres  # noqa: E402

TARGET = ROOT / "benchmarks" / "claim_traffic.csv"
#: Room for two connections of each of 100 claimers.
SETTINGS = "-c max_connections=300"
#: Points of each learning curve that is noted.
CURVE = 20
#: The attribute that holds a trial's job.
JOB = "job"
#: The share of the queue that may be taken before a measurement ends: it is about a queue of that length.
TAKEN = 0.5
#: Jobs that are put at once.
PUT = 200
#: What a worker's look at the server's counters must wait for: PostgreSQL brings them up to date once a second.
SETTLED = 1.5


@dataclass(frozen=True)
class Traffic:
    """One measurement. Milliseconds, transactions and rows are of one operation; nan: not measured.

    claim: from the end of a training to the beginning of the claimer's next one. look: the coordinator's, which puts
    jobs and reads outcomes between two jobs of its own. put: a job that is put into the queue. read: a finished job
    that is read by a coordinator that goes on with a study.
    """

    code: str
    operation: str
    queue: int
    claimers: int
    training_s: float
    count: int
    per_s: float
    ms: float
    ms_p95: float
    server_cpu_ms: float
    client_cpu_ms: float
    transactions: float
    rows: float


def plan_of(jobs: int) -> Plan:
    """A study that wants about so many trainings of its user's own function at once."""
    each = math.ceil(jobs / len(DEFAULT) / 7)
    return Plan(DEFAULT, tuning_seeds=tuple(range(each)), seeds=(0, 1))


def jobs_of(plan: Plan, runs: Any) -> list[Job]:
    """Each training is a job, as those of a user's own function are."""
    return [(cell,) for job in wanted(plan, runs) for cell in job if cell not in runs]


def opened(url: str) -> Shared:
    return Shared(url, "traffic", {"data": "none"})


def sleeping(seconds: float, job: Job) -> list[Run]:
    """The training."""
    time.sleep(seconds)
    curve = np.linspace(1.0, 0.1, CURVE)
    return [Run(c.activation, c.learning_rate, c.seed, 0.5, math.nan, False, math.nan, curve, None) for c in job]


def fill(url: str, jobs: Sequence[Job], finished: bool) -> None:
    """Put jobs into Optuna's tables at once, some of them finished: putting them is measured apart."""
    with closing(opened(url)) as shared, shared.only_coordinator(), shared.database.engine.begin() as connection:
        state = "COMPLETE" if finished else "WAITING"
        put = f"""INSERT INTO trials (number, study_id, state) SELECT number, :study, '{state}'
                  FROM generate_series(0, :last) AS number RETURNING trial_id"""
        given = {"study": shared.database.get_study_id_from_name(shared.study.study_name), "last": len(jobs) - 1}
        trials = list(connection.execute(text(put), given).scalars())
        note(connection, trials, JOB, [_text(job) for job in jobs])
        if finished:
            note(connection, trials, RUNS, [as_text(sleeping(0.0, job)) for job in jobs])


def note(connection: Connection, trials: Sequence[int], key: str, values: Sequence[str]) -> None:
    """An attribute of each trial."""
    put = """INSERT INTO trial_user_attributes (trial_id, key, value_json) SELECT trial_id, :key, value
             FROM unnest(CAST(:trials AS integer[]), CAST(:values AS text[])) AS given (trial_id, value)"""
    values = [json.dumps(value) for value in values]
    connection.execute(text(put), {"key": key, "trials": list(trials), "values": values})


class Enough(Exception):
    """The measurement is over."""


def claimer(url: str, plan: Plan, seconds: float, training: float, most: int, pipe: Pipe) -> None:
    """Take jobs until told to stop; send the milliseconds between two of them, and the processor's per claim."""
    gaps: list[float] = []
    with closing(opened(url)) as shared:
        ended = begun = cpu = math.nan

        def train(job: Job) -> list[Run]:
            nonlocal ended, begun, cpu
            now = time.monotonic()
            if math.isnan(ended):
                pipe.send("ready")
                pipe.recv()
                begun, cpu = time.monotonic(), time.process_time()
            else:
                gaps.append(1e3 * (now - ended))
            if len(gaps) >= most or now - begun > seconds:
                raise Enough
            runs = sleeping(training, job)
            ended = time.monotonic()
            return runs

        with suppress(Enough):
            attend(shared, train, lambda done, total: None)
        pipe.send((gaps, 1e3 * (time.process_time() - cpu), time.monotonic() - begun))


@dataclass
class Server:
    """What the server has done so far: seconds of its processors, transactions, rows it read."""

    cpu: float
    transactions: int
    rows: int


def counters(url: str) -> Server:
    """What the server has done since it began."""
    time.sleep(SETTLED)
    engine = create_engine(url)
    with engine.connect() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        found = connection.execute(
            text("SELECT xact_commit + xact_rollback, tup_returned + tup_fetched FROM pg_stat_database "
                    "WHERE datname = current_database()")
        ).one()  # fmt: skip
        cpu = _cpu_of_tree(int(_stat(pid)[1]))
    engine.dispose()
    return Server(cpu, *found)


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _cpu_of_tree(parent: int) -> float:
    """Seconds of a process, of its children, and of those that have ended."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*"):
        try:
            stat = _stat(int(path.name))
        except OSError:
            continue
        if int(path.name) == parent:
            ticks += sum(map(int, stat[11:15]))
        elif int(stat[1]) == parent:
            ticks += sum(map(int, stat[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def claims(code: str, url: str, queue: int, count: int, training: float, seconds: float) -> Traffic:
    """So many claimers at a queue of that length."""
    plan = plan_of(queue)
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe() for _ in range(count)]
    most = max(2, int(TAKEN * queue / count) - 1)
    processes = [
        context.Process(target=claimer, args=(url, plan, seconds, training, most, theirs)) for _, theirs in pipes
    ]
    for process in processes:
        process.start()
    for ours, _ in pipes:
        ours.recv()
    before = counters(url)
    for ours, _ in pipes:
        ours.send("go")
    found = [ours.recv() for ours, _ in pipes]
    for process in processes:
        process.join()
    after = counters(url)
    gaps = sorted(gap for some, _, _ in found for gap in some)
    taken, longest = len(gaps), max(wall for _, _, wall in found)
    return Traffic(
        code, "claim", queue, count, training, taken, taken / longest, median(gaps), gaps[int(0.95 * taken)],
        1e3 * (after.cpu - before.cpu) / taken, sum(cpu for _, cpu, _ in found) / taken,
        (after.transactions - before.transactions) / taken, (after.rows - before.rows) / taken,
    )  # fmt: skip


def timed(work: Callable[[], object], count: int) -> tuple[list[float], float]:
    """Milliseconds of each of so many calls, and those of this process's processor per call."""
    cpu, found = time.process_time(), []
    for _ in range(count):
        begun = time.monotonic()
        work()
        found.append(1e3 * (time.monotonic() - begun))
    return found, 1e3 * (time.process_time() - cpu) / count


def alone(code: str, url: str, operation: str, queue: int, work: Callable[[], object], count: int, per: int) -> Traffic:
    """An operation of the coordinator's, `per` of which are done by a call of `work`."""
    before = counters(url)
    found, client = timed(work, count)
    after = counters(url)
    done = count * per
    ms = sorted(f / per for f in found)
    return Traffic(
        code, operation, queue, 0, 0.0, done, done / (sum(found) / 1e3), median(ms), ms[int(0.95 * len(ms))],
        1e3 * (after.cpu - before.cpu) / done, client / per,
        (after.transactions - before.transactions) / done, (after.rows - before.rows) / done,
    )  # fmt: skip


def coordination(code: str, queue: int, looks: int) -> Iterator[Traffic]:
    """The coordinator's looks and puts at a queue of that length, and its reading of as many that are finished."""
    plan = plan_of(queue)
    jobs = jobs_of(plan, {})[:queue]
    with server(jobs, finished=False) as url, closing(opened(url)) as shared:
        shared.offer(partial(jobs_of, plan))

        def look() -> None:
            shared.offer(partial(jobs_of, plan))
            shared.work(partial(sleeping, 0.0))
            shared.runs()

        yield alone(code, url, "look", queue, look, looks, 1)
        more = jobs_of(plan_of(queue + 2 * PUT), {})[-PUT:]
        yield alone(code, url, "put", queue, lambda: shared.offer(lambda runs: more), 1, len(more))
    with server(jobs, finished=True) as url, closing(opened(url)) as shared:
        yield alone(code, url, "read", queue, shared.runs, 1, len(jobs))


@contextmanager
def server(jobs: Sequence[Job], finished: bool) -> Iterator[str]:
    """A server whose queue holds the jobs, or has held them."""
    with postgres(SETTINGS) as url:
        fill(url, jobs, finished)
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
            release = connection.execute(text("SHOW server_version")).scalar_one()
        engine.dispose()
        VERSIONS["postgresql"] = release.split()[0]
        yield url


VERSIONS = {name: version(name) for name in ("optuna", "sqlalchemy", "pg8000")}


def keep(rows: Sequence[Traffic], path: Path) -> None:
    """Write rows into the file; they replace those of the same measurements."""
    old = commented(path.read_text())[1] if path.exists() else []
    new = {measurement(row): row for row in map(asdict, rows)}
    held = {measurement(row): row for row in old} | new
    about = machine(cores())
    path.write_text(as_csv({**about, **VERSIONS}, list(held.values())))


def measurement(row: Any) -> tuple[str, ...]:
    return (*(str(row[name]) for name in ("code", "operation", "queue", "claimers")), f"{float(row['training_s']):g}")


def whole_numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--code", default="now", help="what the code is called that is measured")
    parser.add_argument("--queues", type=whole_numbers, default=[1000, 10_000, 100_000])
    parser.add_argument("--claimers", type=whole_numbers, default=[1, 8, 32, 100])
    parser.add_argument("--training", type=float, default=0.0, help="seconds that a training sleeps")
    parser.add_argument("--seconds", type=float, default=20.0, help="the longest that a measurement takes")
    parser.add_argument("--looks", type=int, default=10, help="looks of the coordinator's; 0: it is left out")
    parser.add_argument("--out", type=Path, default=TARGET)
    given = parser.parse_args()
    for queue in given.queues:
        for count in given.claimers:
            with server(jobs_of(plan_of(queue), {})[:queue], finished=False) as url:
                keep([claims(given.code, url, queue, count, given.training, given.seconds)], given.out)
        if given.looks:
            keep(list(coordination(given.code, queue, given.looks)), given.out)
    print(given.out.read_text(), end="")


if __name__ == "__main__":
    main()
