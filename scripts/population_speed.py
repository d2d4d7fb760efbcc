"""Network-steps per second on the digits data: one network after another, and many side by side.

python scripts/population_speed.py [--rounds 15] [--out benchmarks/population.csv]

Contestants take turns, and each round begins with another. A step is forward, backward and optimizer on a batch of 64
rows; splitting the data, learning curves and scores are left out of it for all.

The variable OPENBLAS_CORETYPE makes NumPy multiply as on an older processor than this one; leave it unset.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice, pairwise, product
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
from threadpoolctl import threadpool_info, threadpool_limits
from torch import nn

from rheobase.bench.record import as_csv, machine
from rheobase.study import Dataset, Plan, load
from rheobase.study.training.cost import compared
from rheobase.study.training.population import Population, groups, limits
from rheobase.study.training.train import Member, Split, loss_of, network, split, steps
from rheobase.workers import cores

WIDTHS, HIDDEN = (64, 128, 256), 3
#: Learning rates × seeds.
POPULATIONS = ((4, 8), (7, 10))
FUNCTION, MODULE = "relu", nn.ReLU
#: Seconds of a visit, and steps before the first.
VISIT, WARM_UP = 0.4, 5


class Task(NamedTuple):
    """What one process is to do: train `members` with so many threads."""

    way: str
    width: int
    members: tuple[Member, ...]
    threads: int


@dataclass(frozen=True, slots=True)
class Speed:
    """One contestant, in so many processes of so many threads each.

    Steps of one network in a second, and in a second of processor time, which counts what other programs take from a
    busy machine for nobody. Speedups are medians over the rounds of the ratio to PyTorch's loop in one process of one
    thread, in the same round; noise: their interquartile ranges.
    """

    width: int
    contestant: str
    processes: int
    threads: int
    members: int
    steps_per_second: float
    speedup: float
    noise: float
    steps_per_processor_second: float
    processor_speedup: float
    processor_noise: float


class Visit(NamedTuple):
    """Seconds per step of one network: on the clock, and of processor time."""

    clock: float
    processor: float


@cache
def data() -> tuple[Dataset, dict[int, Split]]:
    digits = load("digits")
    return digits, {seed: split(digits, seed) for seed in range(max(seeds for _, seeds in POPULATIONS))}


def plain(task: Task) -> list[Iterator[None]]:
    """The loop as it is written everywhere."""
    return [plain_steps(task)]


def fused(task: Task) -> list[Iterator[None]]:
    """The same with the fastest of PyTorch's ways to compute Adam."""
    return [plain_steps(task, fused=True)]


def plain_steps(task: Task, **settings: bool) -> Iterator[None]:
    digits, parts = data()
    x, y = parts[0].train
    widths = [x.shape[1], *[task.width] * HIDDEN]
    hidden = [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), MODULE())]
    model = nn.Sequential(*hidden, nn.Linear(widths[-1], digits.outputs))
    optimizer = torch.optim.Adam(model.parameters(), lr=task.members[0].learning_rate, **settings)
    loss = nn.CrossEntropyLoss()
    while True:
        for rows in torch.randperm(len(x)).split(Plan.batch):
            optimizer.zero_grad()
            loss(model(x[rows]), y[rows]).backward()
            optimizer.step()
            yield


def loop(task: Task) -> list[Iterator[None]]:
    """The study's own loop."""
    (digits, parts), plan, member = data(), Plan((FUNCTION,), hidden=(task.width,) * HIDDEN), task.members[0]
    rows = parts[member.seed].train
    model = network(plan, FUNCTION, rows[0].shape[1], digits.outputs, member.seed)
    return [steps(model, loss_of(digits), plan, member, rows)]


def together(task: Task) -> list[Iterator[None]]:
    """The groups that a study trains one after the other."""
    (digits, parts), plan = data(), Plan((FUNCTION,), hidden=(task.width,) * HIDDEN)
    found = groups(task.members, *limits(digits, plan))
    return [Population(digits, plan, FUNCTION, g, {m.seed: parts[m.seed] for m in g}).steps() for g in found]


WAYS = {"PyTorch, one by one": plain, "PyTorch, fused Adam": fused, "study's loop": loop, "population": together}
PLAIN, FUSED, LOOP, POPULATION = WAYS


@cache
def started(task: Task) -> list[Iterator[None]]:
    return WAYS[task.way](task)


def serve(parent: Connection) -> None:
    """Take so many steps of a task, and say how much processor time they took; None ends it."""
    threadpool_limits(1, user_api="blas")
    for task, count in iter(parent.recv, None):
        torch.set_num_threads(task.threads)
        start = time.process_time()
        for training in started(task):
            for _ in islice(training, count):
                pass
        parent.send(time.process_time() - start)


def visit(processes: Sequence[Connection], tasks: Sequence[Task], count: int) -> Visit:
    """All processes take so many steps of their tasks."""
    start = time.perf_counter()
    taking = list(zip(processes, tasks, strict=False))
    for process, task in taking:
        process.send((task, count))
    processor = sum(process.recv() for process, _ in taking)
    steps = count * sum(len(task.members) for task in tasks)
    return Visit((time.perf_counter() - start) / steps, processor / steps)


def contestants(width: int) -> list[list[Task]]:
    """Each is a task per process."""
    alone, here = (Member(1e-3, 0, False),), cores()
    found = [[Task(PLAIN, width, alone, 1)], [Task(PLAIN, width, alone, 1)] * here, [Task(PLAIN, width, alone, here)]]
    found += [[Task(FUSED, width, alone, 1)], [Task(FUSED, width, alone, 1)] * here]
    found.append([Task(LOOP, width, alone, 1)] * here)
    for rates, seeds in POPULATIONS:
        members = [Member(1e-3 * (rate + 1), seed, False) for rate, seed in product(range(rates), range(seeds))]
        found.append([Task(POPULATION, width, tuple(members[k::here]), 1) for k in range(here)])
    return found


def measure(width: int, processes: Sequence[Connection], rounds: int) -> list[Speed]:
    entries = contestants(width)
    counts = [_count(processes, tasks) for tasks in entries]
    visits: list[list[Visit]] = [[] for _ in entries]
    for turn in range(rounds):
        for k in [*range(turn % len(entries), len(entries)), *range(turn % len(entries))]:
            visits[k].append(visit(processes, entries[k], counts[k]))
    return [_speed(tasks, own, visits[0]) for tasks, own in zip(entries, visits, strict=True)]


def _count(processes: Sequence[Connection], tasks: Sequence[Task]) -> int:
    """Steps that fill a visit."""
    visit(processes, tasks, WARM_UP)
    step = visit(processes, tasks, WARM_UP).clock * sum(len(task.members) for task in tasks)
    return max(1, round(VISIT / step))


def _speed(tasks: Sequence[Task], own: Sequence[Visit], reference: Sequence[Visit]) -> Speed:
    first, members, found = tasks[0], sum(len(task.members) for task in tasks), []
    for mine, theirs in zip(zip(*own, strict=True), zip(*reference, strict=True), strict=True):
        found += [1 / median(mine), *compared(theirs, mine)]
    return Speed(first.width, first.way, len(tasks), first.threads, members, *found)


def blas() -> str:
    """What NumPy multiplies matrices with, and for which processor it takes this one."""
    own = [lib for lib in threadpool_info() if lib["user_api"] == "blas" and "numpy" in lib["filepath"]]
    return ", ".join(f"{lib['internal_api']} {lib['version']} for {lib.get('architecture')}" for lib in own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/population.csv"))
    given = parser.parse_args()
    about, context = {**machine(cores()), "NumPy's BLAS": blas()}, multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in range(cores())]
    for _, theirs in pipes:
        context.Process(target=serve, args=(theirs,), daemon=True).start()
    processes = [ours for ours, _ in pipes]
    found = [speed for width in WIDTHS for speed in measure(width, processes, given.rounds)]
    for process in processes:
        process.send(None)
    rows = [{name: getattr(speed, name) for name in Speed.__slots__} for speed in found]
    text = as_csv(about, rows)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
