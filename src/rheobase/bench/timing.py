"""Times of several works that take turns, so that whatever else the machine does strikes all alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count

from rheobase.bench.plan import Plan
from rheobase.bench.work import Work

#: Seconds of a visit; calls that take longer are made one at a time.
VISIT = 3e-3
#: Seconds before a visit. Idle threads of OpenMP and of ONNX Runtime go on spinning for some milliseconds, and
#: those of the one before would keep the cores from the one that follows.
PAUSE = 5e-3
#: Of the calls of a visit, the share made before it is timed: they wake the contestant's own threads.
WAKING = 1 / 4
#: Rounds that are made however long they take, and rounds that are enough.
FEWEST, MOST = 5, 200


def interleaved(works: Mapping[str, Work], plan: Plan) -> dict[str, list[float]]:
    """Seconds of one call of each work, round by round; each round begins with another."""
    names = list(works)
    with _no_collection():
        calls = {name: _calls(work) for name, work in works.items()}
        times: dict[str, list[float]] = {name: [] for name in names}
        for turn in _rounds(plan):
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                times[name].append(_visit(works[name], calls[name]))
    return times


def _rounds(plan: Plan) -> Iterator[int]:
    if plan.repeats:
        yield from range(plan.repeats)
        return
    end = time.perf_counter() + plan.seconds
    for turn in count():
        if turn >= MOST or (turn >= FEWEST and time.perf_counter() > end):
            return
        yield turn


def _calls(work: Work) -> int:
    """How many calls fill a visit; those made to find out warm up caches and compilers."""
    calls = 1
    with work.setting():
        _timed(work, 1)
        while calls < work.most and _timed(work, calls) * calls < VISIT / 2:
            calls *= 2
    return min(calls, work.most)


def _visit(work: Work, calls: int) -> float:
    with work.setting():
        time.sleep(PAUSE)
        _timed(work, int(calls * WAKING))
        return _timed(work, calls)


def _timed(work: Work, calls: int) -> float:
    """Seconds per call."""
    inputs, call = work.inputs(calls), work.call
    start = time.perf_counter()
    for x in inputs:
        call(x)
    return (time.perf_counter() - start) / max(calls, 1)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Python's garbage collector would strike whoever is next."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
