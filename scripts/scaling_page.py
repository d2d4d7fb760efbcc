"""Write docs/scaling.md from benchmarks/claim_traffic.csv.

Run:  python scripts/scaling_page.py [--check]
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from generated import Row, read_about, table, write_or_check

from rheobase.study.ledger.ledger import as_text
from rheobase.study.ledger.shared import BEAT, GRACE, LONGEST_PAUSE, LOSSES

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "scaling.md"
TRAFFIC = ROOT / "benchmarks" / "claim_traffic.csv"
#: The study that is reckoned with, and the length of a training in seconds.
TRAININGS, MACHINES, LENGTHS = 100_000, 100, (1, 10, 60, 600)
#: PostgreSQL's default, of which it keeps some for itself.
CONNECTIONS = 97


def number(text: str | float) -> str:
    """As a person would write it."""
    value = float(text)
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def rows_of(rows: Iterable[Row], code: str, operation: str) -> list[Row]:
    return [row for row in rows if (row["code"], row["operation"]) == (code, operation)]


def claims(rows: list[Row]) -> str:
    """The table of claims, with the code before the change beside it where it was measured."""
    before = {(r["queue"], r["claimers"]): r for r in rows_of(rows, "before", "claim")}
    lines = []
    for row in rows_of(rows, "after", "claim"):
        old = before.get((row["queue"], row["claimers"]))
        pairs = [(row[k], old[k] if old else "") for k in ("server_cpu_ms", "client_cpu_ms", "transactions", "ms")]
        cells = [f"{number(new)}" + (f" ({number(was)})" if was else "") for new, was in pairs]
        lines.append([number(row["queue"]), row["claimers"], *cells, number(row["per_s"])])
    headings = [
        "waiting jobs",
        "claimers",
        "server, CPU ms",
        "claimer, CPU ms",
        "transactions",
        "median ms",
        "claims/s",
    ]
    return table(headings, lines)


def alone(rows: list[Row]) -> str:
    """What the coordinator does."""
    words = {"look": "look", "put": "put a job", "read": "read a finished job"}
    before = {(r["operation"], r["queue"]): r for r in rows if r["code"] == "before"}
    lines = []
    for operation, said in words.items():
        for row in rows_of(rows, "after", operation):
            old = before.get((operation, row["queue"]))
            cells = [
                number(row[k]) + (f" ({number(old[k])})" if old else "")
                for k in ("ms", "server_cpu_ms", "client_cpu_ms")
            ]
            lines.append([said, number(row["queue"]), *cells])
    return table(["operation", "jobs", "ms", "server, CPU ms", "coordinator, CPU ms"], lines)


def largest(rows: list[Row], operation: str, column: str) -> float:
    return max(float(row[column]) for row in rows_of(rows, "after", operation))


def reckoned(server: float) -> str:
    """The load by the length of a training."""
    lines = []
    for seconds in LENGTHS:
        rate = MACHINES / seconds
        share = rate * server / 1e3
        hours = TRAININGS / rate / 3600
        lines.append([f"{seconds} s", f"{rate:.3g}", f"{number(100 * share)} %", f"{number(hours)} h"])
    return table(["a training takes", "claims/s", "of one core of the server", "the study takes"], lines)


def changed(rows: list[Row]) -> str:
    """What a claim cost before the change, and what that would have come to."""
    old = max(rows_of(rows, "before", "claim"), key=lambda r: int(r["queue"]))
    queue, spent = int(old["queue"]), float(old["client_cpu_ms"]) / 1e3
    per_job = spent / queue
    # each claim reads what still waits: n²/2 in all
    days = per_job * TRAININGS**2 / 2 / 3600 / 24
    return (
        "Before this was measured, each claim read all jobs that waited, through Optuna's objects, and each new job "
        f"was numbered by counting those before it: with {queue:,} waiting jobs a claim cost {spent:.2g} s of the "
        f"claimer's processor, {1e3 * per_job:.2g} ms per waiting job. The {TRAININGS:,} claims of this study would "
        f"have cost {days:.2g} days of processor time. A claim is now one statement that locks one row (`FOR UPDATE "
        "SKIP LOCKED`) found by an index, jobs are put a thousand at a time, and outcomes are read once, when they are "
        "new (`src/rheobase/study/ledger/queue.py`). The numbers in brackets are from the code before, asked by the "
        "same claimers and resting on one to a few claims each; where there are none, measuring would have taken hours "
        "or more memory than the machine has.\n"
    )


def render() -> str:
    said, found = read_about(TRAFFIC)
    rows: list[Row] = list(found)
    server = largest(rows, "claim", "server_cpu_ms")
    record = _bytes_of_a_training()
    return HEAD.format(
        trainings=TRAININGS, machines=MACHINES, claims=claims(rows), alone=alone(rows), server=server,
        per_core=1e3 / server, shortest=MACHINES * server / 1e3, reckoned=reckoned(server),
        minutes=TRAININGS * server / 6e4, changed=changed(rows), beat=BEAT, grace=GRACE, pause=LONGEST_PAUSE,
        beats=MACHINES / BEAT, connections=CONNECTIONS, record=record, megabytes=TRAININGS * record / 1e6,
        read=TRAININGS * largest(rows, "read", "ms") / 1e3,
        losses=LOSSES, idle=MACHINES / LONGEST_PAUSE, most=max(int(r["claimers"]) for r in rows), about=said,
    )  # fmt: skip


def _bytes_of_a_training() -> int:
    from claim_traffic import jobs_of, plan_of, sleeping

    (job, *_) = jobs_of(plan_of(1), {})
    return len(as_text(sleeping(0.0, job)))


HEAD = """# What a study of {trainings:,} trainings on {machines} machines costs its database

A study that many machines share keeps its jobs in a PostgreSQL database. Workers claim a job, give signs of life, and
note the outcome; the coordinator puts jobs and reads outcomes. This page says what that traffic costs and where it
would break. It is written by `python scripts/scaling_page.py` from
[benchmarks/claim_traffic.csv](../benchmarks/claim_traffic.csv), which `python scripts/claim_traffic.py` writes.

**How it was measured.** A real server with its default settings (but for the number of connections), a queue of jobs
of one training each, and claimers, each a process with a connection of its own, that run the study's own code. A
training is a sleep of no length: it is the traffic that is measured, at its worst, as fast as claimers can ask. Server
and claimers share the few cores of one machine, so claims per second and milliseconds tell of that machine alone; the
processor time that the *server* spends on a claim is counted apart, and holds on any number of machines. The machine
was busy with other work: quiet, times would be shorter and claims per second more.

## A claim

From the end of one training to the beginning of the next: its outcome noted, the study's progress read, a job claimed.

{claims}
A longer queue does not make a claim dearer; more claimers do, by what a server with a hundred connections spends on
its few cores.

{changed}
## The arithmetic

A claim costs the server {server:.2g} ms of a processor at most (the largest value above). One core of the server
carries {per_core:.0f} claims per second; {machines} machines reach that when a training takes {shortest:.2g} s. The
whole study costs the server {minutes:.1f} minutes of one core.

{reckoned}
Signs of life come on top: one transaction per worker every {beat} s, {beats:.0f} per second for {machines} workers.
What a training leaves (a learning curve of 20 points, no health) is {record} bytes as text, {megabytes:.0f} MB in all.

## The coordinator

{alone}
A look is what the coordinator does between two jobs of its own: it gives up silent workers and reads what is new. A
coordinator that is started again reads all
finished trainings once: about {read:.0f} s for {trainings:,}.

## Where it would break

- **Connections.** Each worker holds one, and for moments a second. A server takes {connections} with its default of
  `max_connections = 100`: set it to the number of workers and 20 more. Each connection is a process of the server; more
  than {most} were not tried.
- **Short trainings.** Below about {shortest:.2g} s per training, {machines} workers wait for one core of the server.
  Such trainings belong on one machine, where a function's trainings are one program.
- **Waiting together.** All functions must have chosen their learning rates before scores are taken: at that moment
  workers without a job ask ever less often, every {pause:.0f} s in the end, {idle:.0f} times per second for {machines}.
- **One coordinator.** It alone puts jobs. If it dies, workers finish what is in the queue and wait; the same command
  goes on. What it has to reckon before scores begin (which trainings are
  wanted, for all cells) keeps workers waiting then, and at no other time.
- **A worker that dies** is noticed {grace} s after its last sign of life, by the coordinator between two jobs or by a
  worker that has none. Its training is done again, in a process apart; after {losses} losses it is left undone.
- **The server** is the one part that must not be lost; every outcome that the coordinator has read is also a file in
  its folder, and `--repair` brings the database back from those.

Measured: {about}.
"""


def main() -> None:
    """Write the page, or with --check fail if it is not what the file says."""
    write_or_check(TARGET, render, __doc__)


if __name__ == "__main__":
    main()
