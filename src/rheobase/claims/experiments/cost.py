"""What a function costs: times taken in turns, on one thread, as ratios to another's."""

from __future__ import annotations

from collections.abc import Mapping

from rheobase import catalogue
from rheobase.bench import eager, ours, training
from rheobase.bench.conduct import confined_to
from rheobase.bench.plan import BOTH, FAST, FORWARD, REFERENCE, Pass, Plan
from rheobase.bench.record import STEP
from rheobase.bench.timing import interleaved
from rheobase.bench.work import Work, sample
from rheobase.claims.record import Measured

#: Elements of an array, and the width of the layers in the network whose training step is timed.
SIZE, WIDTH = 1 << 16, 128
ROUNDS = 60
PASSES: tuple[Pass, ...] = (FORWARD, BOTH)
LIBRARIES = {"torch": (eager.entries, REFERENCE), "ours": (ours.on_torch, FAST)}


def against(name: str, others: tuple[str, ...], seed: int = 0) -> Measured:
    """Times of `name` as multiples of the others', of a copy, and in a training step; torch's and ours.

    Of each the fastest round counts: what else the machine does only ever slows. "least" and "most" are over libraries
    and others.
    """
    numbers: dict[str, float] = {}
    with confined_to(1):
        for work in PASSES:
            took = interleaved({**_kernels((name, *others), work), **_copy()}, Plan(repeats=ROUNDS))
            numbers |= {f"{work}, {pair}": r for pair, r in _ratios(took, name, others).items()}
        steps = interleaved(_steps((name, *others)), Plan(repeats=2 * ROUNDS))
    numbers |= {f"{STEP}, {pair}": r for pair, r in _ratios(steps, name, others).items()}
    for what in (*PASSES, STEP):
        found = [r for label, r in numbers.items() if label.startswith(f"{what}, ") and "copy" not in label]
        numbers |= {f"least, {what}": min(found), f"most, {what}": max(found)}
    return Measured(numbers)


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
    """Ratios of the shortest times, by library and the one it is compared with."""
    return {
        f"{library} against {other}": min(took[f"{library} {name}"]) / min(took[rival])
        for library in LIBRARIES
        for other in (*others, "copy")
        if (rival := "copy" if other == "copy" else f"{library} {other}") in took
    }
