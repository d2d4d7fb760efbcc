"""From a function of a row to its compiled loop, and the block of words that the loop reads."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import cache, lru_cache
from math import prod
from typing import NamedTuple

from rheobase import catalogue
from rheobase.definition import REGISTERED, register
from rheobase.kernels.cpu.lanes import LANES
from rheobase.kernels.cpu.store import Loop, Source, remembered
from rheobase.kernels.cpu.threads import ALONE, launch
from rheobase.kernels.precision import precision

#: Functions of a row that have kernels.
NAMES = ("softmax", "log_softmax", "softmin")
#: With fewer neighbours than this most lanes would be idle.
FEW = 11


@cache
def kernel_name(key: str) -> str | None:
    """The name that a registered function's kernels go by, if it has any."""
    name = REGISTERED[key].name
    return name if name in NAMES and key == register(catalogue.lookup(name)) else None


class Lie(NamedTuple):
    """How rows of an array without gaps lie: `outer` blocks of `inner` rows each, whose elements take turns."""

    outer: int
    length: int
    inner: int

    @property
    def is_slow(self) -> bool:
        """Whether it costs less to copy the rows together than to work on them as they lie."""
        return 1 < self.inner < FEW


@lru_cache(maxsize=4096)
def lie(shape: tuple[int, ...], axis: int) -> Lie:
    """How the rows along an axis lie."""
    axis %= len(shape)
    return Lie(prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :]))


def compute(name: str, dtype: str, rows: Lie, addresses: Sequence[int], threads: int) -> None:
    """Run a kernel.

    The addresses are those of the output and of x; backward, of the gradient, the forward's output and the upstream
    gradient.
    """
    outer, length, inner = rows
    across = inner > 1
    loop = _loop(name, len(addresses) == 3, across, dtype, precision.current())
    if not outer * length * inner:
        return
    if across:
        words, count, width = (*addresses, length, inner), outer * -(-inner // LANES), LANES
    else:
        words, count, width = (*addresses, length), outer, 1
    launch(loop, array("q", words), count, threads, max(1, ALONE // (length * width)))


@cache
def _loop(name: str, backward: bool, across: bool, dtype: str, kind: str) -> Loop:
    request = (name, backward, across, dtype, kind)
    found = remembered(repr(("row", *request)), lambda: _source(*request))
    assert found is not None
    return found


def _source(name: str, backward: bool, across: bool, dtype: str, kind: str) -> Source:
    from rheobase.kernels import rows
    from rheobase.kernels.cpu.across_loops import across_source
    from rheobase.kernels.cpu.row_loops import row_source
    from rheobase.kernels.cpu.text import fast_functions, functions_of, wide_functions
    from rheobase.kernels.fast import rows as fast_rows

    source = across_source if across else row_source
    wide = {**wide_functions(), **functions_of(rows)}
    if kind == "exact" or dtype == "float64":
        return source(rows.ROWS[name][backward], wide, {}, "float64", dtype)
    own = {**fast_functions(), **functions_of(fast_rows), "finite_low": rows.finite_low}
    return source(fast_rows.ROWS[name][backward], own, wide, "float32", dtype)
