"""A certificate: how exact one computation of one function is, over which inputs, and the digest of its results."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from rheobase.activation import Activation
from rheobase.certify.comparison import Tally
from rheobase.certify.contestants import Computation, wide
from rheobase.certify.inputs import FORMATS, Format, blocks
from rheobase.certify.ties import error, exact, judged
from rheobase.kernels.cpu.threads import keep_to_this_thread, processors

Array = Any
Input = TypeVar("Input")
Result = TypeVar("Result")

#: Inputs of float64 that the oracle is asked about.
WIDE_SAMPLE = 1_000


@dataclass(frozen=True, slots=True)
class Certificate:
    """One row of the table.

    `computation` is one of our cores, "fast" or "exact", or another library; `order` 0 the value, 1 the slope.
    `largest` and `mean` are errors in ULP; near a zero of a slope an absolute error of 2⁻²⁵ counts as met, and
    `strict` is the largest error without that. `misrounded` counts results that are not the nearest number,
    `undecided` those too near a tie to tell. `sha256` is of the digests of all blocks of
    results, in the order of the inputs' bits.
    """

    function: str
    order: int
    dtype: str
    computation: str
    inputs: int
    exhaustive: bool
    largest: float
    worst: float
    strict: float
    mean: float
    misrounded: int
    undecided: int
    sha256: str


def certify(
    function: Activation, order: int, dtype: str, computation: str, compute: Computation, exhaustive: bool
) -> Certificate:
    """Measure `compute` against float64 results rounded to `dtype`; for float64 itself against the oracle."""
    form = FORMATS[dtype]
    zeros = zeros_of_slope(function) if order else np.empty(0)
    judge = wide(function, order) if dtype != "float64" else None

    def work(block: Callable[[], Array]) -> tuple[bytes, Tally]:
        x = block()
        with np.errstate(all="ignore"):
            got = np.ascontiguousarray(compute(x))
            found = Tally() if judge is None else Tally.of(form, x, got, judge(x), zeros)
        return sha256(got.view(np.uint8).data).digest(), found

    tally, digest = Tally(), sha256()
    for piece, found in ahead(work, blocks(form, exhaustive)):
        digest.update(piece)
        tally += found
    if judge is None:
        _ask_everywhere(tally, function, order, form, compute)
    wrong, undecided = judged(tally.undecided, function, order, form, compute)
    return Certificate(
        function.name, order, dtype, computation, tally.count, exhaustive or form.bits == 16, tally.largest,
        tally.worst, tally.strict, tally.total / tally.count, tally.misrounded + wrong, undecided, digest.hexdigest(),
    )  # fmt: skip


def ahead(work: Callable[[Input], Result], inputs: Iterator[Input]) -> Iterator[Result]:
    """Results in order, computed ahead by threads."""
    with ThreadPoolExecutor(processors(), initializer=keep_to_this_thread) as pool:
        waiting = deque(pool.submit(work, given) for given in islice(inputs, 4 * processors()))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(work, given) for given in islice(inputs, 1))


def zeros_of_slope(function: Activation) -> Array:
    """Where the slope changes sign, to a hundredth."""
    grid = np.linspace(-32.0, 32.0, 6401)
    signs = np.sign(function.derivative(grid))
    return grid[:-1][signs[:-1] * signs[1:] < 0]


def _ask_everywhere(tally: Tally, function: Activation, order: int, form: Format, compute: Computation) -> None:
    everything = np.concatenate([block() for block in blocks(form, exhaustive=False)])
    finite = everything[np.isfinite(everything)]
    chosen = finite[:: max(1, len(finite) // WIDE_SAMPLE)]
    for x, got in zip(chosen.tolist(), compute(chosen).tolist(), strict=True):
        found = error(form, got, exact(function, x, order))
        tally.count, tally.total = tally.count + 1, tally.total + found
        tally.misrounded += found > 0.5
        if found > tally.largest:
            tally.largest = tally.strict = found
            tally.worst = x
