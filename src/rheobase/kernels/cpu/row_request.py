"""From a function of a row to its compiled loop, and the block of words that the loop reads."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import cache

from rheobase import catalogue
from rheobase.definition import REGISTERED, register
from rheobase.kernels.cpu.store import Loop, Source, remembered
from rheobase.kernels.cpu.threads import ALONE, launch
from rheobase.kernels.precision import precision

#: Functions of a row that have kernels.
NAMES = ("softmax", "log_softmax", "softmin")


@cache
def kernel_name(key: str) -> str | None:
    """The name that a registered function's kernels go by, if it has any."""
    name = REGISTERED[key].name
    return name if name in NAMES and key == register(catalogue.lookup(name)) else None


def compute(name: str, dtype: str, rows: tuple[int, int], addresses: Sequence[int], threads: int) -> None:
    """Run a kernel on rows that follow one another, given how many and how long.

    The addresses are those of the output and of x; backward, of the gradient, the forward's output and the upstream
    gradient.
    """
    count, length = rows
    loop = _loop(name, len(addresses) == 3, dtype, precision.current())
    if count * length:
        launch(loop, array("q", (*addresses, length)), count, threads, max(1, ALONE // length))


@cache
def _loop(name: str, backward: bool, dtype: str, kind: str) -> Loop:
    found = remembered(repr(("row", name, backward, dtype, kind)), lambda: _source(name, backward, dtype, kind))
    assert found is not None
    return found


def _source(name: str, backward: bool, dtype: str, kind: str) -> Source:
    from rheobase.kernels import rows
    from rheobase.kernels.cpu.row_loops import row_source
    from rheobase.kernels.cpu.text import fast_functions, functions_of, wide_functions
    from rheobase.kernels.fast import rows as fast_rows

    wide = {**wide_functions(), **functions_of(rows)}
    if kind == "exact" or dtype == "float64":
        return row_source(rows.ROWS[name][backward], wide, {}, "float64", dtype)
    own = {**fast_functions(), **functions_of(fast_rows)}
    return row_source(fast_rows.ROWS[name][backward], own, wide, "float32", dtype)
