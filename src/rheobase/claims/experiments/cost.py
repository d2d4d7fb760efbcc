"""What a function costs: processor time taken in turns, on one thread, as ratios to another's in the same round."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from rheobase import catalogue
from rheobase.bench import eager, ours, training
from rheobase.bench.conduct import confined_to
from rheobase.bench.plan import BOTH, FAST, FORWARD, REFERENCE, Pass
from rheobase.bench.record import STEP
from rheobase.bench.work import Work, sample
from rheobase.claims.record import Measured

#: Elements of an array, and the width of the layers in the network whose training step is timed.
SIZE, WIDTH = 1 << 16, 128
#: Rounds; in each, calls that wake the caches after another's turn, and calls that are timed.
ROUNDS, WAKING, CALLS = 30, 10, 40
PASSES: tuple[Pass, ...] = (FORWARD, BOTH)
LIBRARIES = {"torch": (eager.entries, REFERENCE), "ours": (ours.on_torch, FAST)}


def against(name: str, others: tuple[str, ...], seed: int = 0) -> Measured:
    """Times of `name` as multiples of the others', of a copy, and in a training step; torch's and ours.

    The median over the rounds of the ratio in each; "least" and "most" are over libraries and others.
    """
    numbers: dict[str, float] = {}
    with confined_to(1):
        for work in PASSES:
            took = _in_turns({**_kernels((name, *others), work), **_copy()})
            numbers |= {f"{work}, {pair}": r for pair, r in _ratios(took, name, others).items()}
        steps = _in_turns(_steps((name, *others)))
    numbers |= {f"{STEP}, {pair}": r for pair, r in _ratios(steps, name, others).items()}
    for what in (*PASSES, STEP):
        found = [r for label, r in numbers.items() if label.startswith(f"{what}, ") and "copy" not in label]
        numbers |= {f"least, {what}": min(found), f"most, {what}": max(found)}
        for library in LIBRARIES:
            own = [numbers[f"{what}, {library} against {other}"] for other in others]
            numbers[f"most, {what}, {library}"] = max(own)
    return Measured(numbers)


def _in_turns(works: Mapping[str, Work]) -> dict[str, list[float]]:
    """Seconds of the processor, which other programs do not count in, by work and round; each begins with another."""
    names = list(works)
    took: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(ROUNDS):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            with works[name].setting():
                took[name].append(_processor_time(works[name]))
    return took


def _processor_time(work: Work) -> float:
    inputs = work.inputs(WAKING + CALLS)
    for x in inputs[:WAKING]:
        work.call(x)
    start = time.process_time()
    for x in inputs[WAKING:]:
        work.call(x)
    return time.process_time() - start


def _kernels(names: tuple[str, ...], work: Pass) -> dict[str, Work]:
    definitions = [catalogue.lookup(name) for name in names]
    return {f"{library} {d.name}": entries(d)[work](sample(d, SIZE))
            for library, (entries, _) in LIBRARIES.items() for d in definitions}  # fmt: skip


def _copy() -> dict[str, Work]:
    relu = catalogue.lookup("relu")
    return {"copy": ours.copy(relu)[FORWARD](sample(relu, SIZE))}


def _steps(names: tuple[str, ...]) -> dict[str, Work]:
    found: dict[str, Work] = {}
    for name in names:
        works = training.works(catalogue.lookup(name), WIDTH)
        found |= {f"{library} {name}": works[who] for library, (_, who) in LIBRARIES.items()}
    return found


def _ratios(took: Mapping[str, list[float]], name: str, others: tuple[str, ...]) -> dict[str, float]:
    """Median ratios of the times, by library and the one it is compared with."""
    return {
        f"{library} against {other}": float(np.median(np.divide(took[f"{library} {name}"], took[rival])))
        for library in LIBRARIES
        for other in (*others, "copy")
        if (rival := "copy" if other == "copy" else f"{library} {other}") in took
    }
