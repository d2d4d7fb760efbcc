"""How much faster a shared study goes with two workers than with one, each on a core of its own.

python -m scripts.shared_scale [--rounds 5] [--seeds 10] [--out benchmarks/shared_scale.csv]

A study of the training function below, on a PostgreSQL server of its own, is carried out by one process
(`rheobase study --storage`) and by two (and `rheobase worker`), in turns. Cells are counted from the moment from which
as many as there are workers are under way: processes have started, and costs are measured. Processes run on one thread
and core each; the server shares the cores with them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import optuna
import torch
from optuna.trial import TrialState
from sklearn.datasets import load_digits
from sqlalchemy import create_engine, make_url, text
from tests.study.server import postgres
from torch import nn

from rheobase.bench.record import as_csv, machine
from rheobase.study.ledger.ledger import storage
from rheobase.study.worker import orders
from rheobase.workers import cores

WORKERS = (1, 2)
#: Steps of a training, which then takes a second or two; and between two of its reports.
STEPS, REPORTED = 2500, 25
RHEOBASE = (sys.executable, "-m", "rheobase.cli")


def train(make_activation: Callable[[], nn.Module], learning_rate: float, seed: int, ctx: Any) -> float:
    """A plain training on the digits data; the score is the share of other rows that were right."""
    raw, labels = load_digits(return_X_y=True)
    x, y = torch.tensor(raw / 16, dtype=torch.float32), torch.tensor(labels)
    rows = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    learnt, asked = rows[:1200], rows[1200:]
    net = nn.Sequential(nn.Linear(64, 128), make_activation(), nn.Linear(128, 128), make_activation(),
                        nn.Linear(128, 10))  # fmt: skip
    optimizer = torch.optim.Adam(net.parameters(), lr=learning_rate)
    for step in range(STEPS):
        batch = learnt[torch.randint(len(learnt), (64,))]
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x[batch]), y[batch])
        loss.backward()
        optimizer.step()
        if step % REPORTED == 0:
            ctx.report(step, loss.item())
    return float((net(x[asked]).argmax(1) == y[asked]).float().mean())


@dataclass(frozen=True)
class Visit:
    """The study carried out once; speedup: over the visit with one worker of the same round."""

    round: int
    workers: int
    cells: float
    seconds: float
    cells_per_second: float
    speedup: float


def started(command: Sequence[str], core: int) -> subprocess.Popen[bytes]:
    """A command on a core of its own."""
    alone = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*RHEOBASE, *command], env=alone, stdout=subprocess.DEVNULL,
                            preexec_fn=lambda: os.sched_setaffinity(0, {core}))  # fmt: skip


def carried_out(url: str, workers: int, seeds: int) -> tuple[float, float]:
    """Cells, and the seconds they took, of a study in the empty database at `url`."""
    here = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as out:
        command = ["study", f"{__spec__.name}:train", "--activations", "relu,tanh", "--seeds", str(seeds)]
        crew = [started([*command, "--storage", url, "--out", out], here[0])]
        while workers > 1 and not orders(url):
            time.sleep(0.2)
        crew += [started(["worker", "--storage", url], core) for core in here[1:workers]]
        for process in crew:
            if process.wait():
                sys.exit(f"a worker ended with status {process.returncode}")
    return counted(spans(url), workers)


def spans(url: str) -> list[tuple[datetime, datetime]]:
    """When each cell was begun and ended."""
    database = storage(url)
    [summary] = optuna.get_all_study_summaries(database, include_best_trial=False)
    study = optuna.load_study(study_name=summary.study_name, storage=database)
    trials = study.get_trials(states=(TrialState.COMPLETE,))
    database.engine.dispose()
    return [(t.datetime_start, t.datetime_complete) for t in trials if t.datetime_start and t.datetime_complete]


def counted(found: Sequence[tuple[datetime, datetime]], workers: int) -> tuple[float, float]:
    """Cells since the first moment at which as many as there are workers were under way, and the time they took."""
    begins = sorted(begin for begin, _ in found)
    full = next(b for b in begins if sum(begin <= b < end for begin, end in found) == workers)
    done = sum((end - max(begin, full)) / (end - begin) for begin, end in found if end > full)
    return done, (max(end for _, end in found) - full).total_seconds()


def emptied(url: str, name: str) -> str:
    """The URL of a new database on the server."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/shared_scale.csv"))
    given = parser.parse_args()
    if cores() < max(WORKERS):
        sys.exit(f"{max(WORKERS)} cores are needed, there are {cores()}")
    about, visits = machine(cores()), []
    with postgres() as url:
        for turn in range(given.rounds):
            rates = {}
            for workers in WORKERS if turn % 2 == 0 else WORKERS[::-1]:
                cells, seconds = carried_out(emptied(url, f"round{turn}_{workers}"), workers, given.seeds)
                rates[workers] = (cells, seconds, cells / seconds)
            visits += [Visit(turn, w, *rates[w], rates[w][2] / rates[1][2]) for w in WORKERS]
            print(*visits[-len(WORKERS) :], sep="\n")
    given.out.write_text(as_csv(about, [asdict(visit) for visit in visits]))
    print(f"two workers finish {median(v.speedup for v in visits if v.workers == 2):.2f} times the cells of one")


if __name__ == "__main__":
    main()
