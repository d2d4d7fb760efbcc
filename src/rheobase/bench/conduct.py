"""A benchmark carried out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch

from rheobase import catalogue
from rheobase.bench import training
from rheobase.bench.contestants import Contestant, absent, present
from rheobase.bench.plan import REFERENCE, WIDTHS, Pass, Plan, passes
from rheobase.bench.record import STEP, Results, Timing, machine
from rheobase.bench.timing import interleaved
from rheobase.bench.work import Entries, Work, sample
from rheobase.definition import Definition
from rheobase.errors import RheobaseError
from rheobase.workers import cores


def run(plan: Plan, done: Callable[[], None] = lambda: None) -> Results:
    """Carry out `plan`; `done` is called after each comparison."""
    about = machine(plan.threads)
    with confined_to(plan.threads):
        kernels = [timing for name in plan.functions for timing in _kernels(plan, catalogue.lookup(name), done)]
        steps = [timing for name in plan.trained for timing in _steps(plan, catalogue.lookup(name), done)]
    return Results(about, absent(plan.rivals), tuple(kernels), tuple(steps))


def _kernels(plan: Plan, definition: Definition, done: Callable[[], None]) -> Iterator[Timing]:
    entered = [(c, c.enter(definition)) for c in present(plan.rivals)]
    for size in plan.sizes:
        x = sample(definition, size)
        for work in passes(definition):
            times = interleaved(works(entered, work, x), plan)
            yield from summarised(definition.name, work, x.numel(), times)
            done()


def _steps(plan: Plan, definition: Definition, done: Callable[[], None]) -> Iterator[Timing]:
    for width in WIDTHS:
        yield from summarised(definition.name, STEP, width, interleaved(training.works(definition, width), plan))
        done()


def works(entered: Sequence[tuple[Contestant, Entries]], work: Pass, x: torch.Tensor) -> dict[str, Work]:
    """What everyone who can do this pass does at `x`."""
    found = {}
    for contestant, entries in entered:
        if work in entries:
            with contestant.setting():
                found[contestant.name] = replace(entries[work](x), setting=contestant.setting)
    return found


def summarised(function: str, work: str, size: int, times: Mapping[str, Sequence[float]]) -> Iterator[Timing]:
    """Medians over the rounds; how often as fast as the reference, too, is a median of what each round says."""
    reference = times.get(REFERENCE)
    for name, own in times.items():
        speedup = noise = None
        if reference is not None:
            low, speedup, high = map(float, np.percentile(np.divide(reference, own), (25, 50, 75)))
            noise = high - low
        yield Timing(function, work, size, name, float(np.median(own)), speedup, noise, len(own))


@contextmanager
def confined_to(threads: int) -> Iterator[None]:
    """Everyone's threads share that many cores inside the block."""
    allowed = threads < cores()
    if allowed and not hasattr(os, "sched_setaffinity"):
        raise RheobaseError(f"this system cannot keep everyone to fewer cores; threads must be {cores()}")
    before, own = torch.get_num_threads(), os.sched_getaffinity(0) if allowed else set()
    if allowed:
        os.sched_setaffinity(0, sorted(own)[:threads])
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        if allowed:
            os.sched_setaffinity(0, own)
