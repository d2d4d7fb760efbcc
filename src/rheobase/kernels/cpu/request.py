"""From what is asked for to a compiled loop, without the algebra if it was asked for before on this machine."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import cache
from struct import Struct
from typing import Any, NamedTuple

from rheobase.definition import REGISTERED
from rheobase.kernels.cpu.layout import Layout
from rheobase.kernels.cpu.loops import Shape, loop
from rheobase.kernels.cpu.store import Loop, Source, remembered
from rheobase.kernels.precision import precision

_REAL, _BITS = Struct("d"), Struct("q")


class Wanted(NamedTuple):
    """What is to be computed: a registered function, differentiated along `path`; if `pull` is given, the
    upstream gradient times the derivative by that argument, and that `from_output` if the function's value is
    given instead of its arguments."""

    key: str
    path: tuple[int, ...] = ()
    at_rest: bool = False
    pull: int | None = None
    from_output: bool = False


class Form(NamedTuple):
    """In which form: kinds of the arguments, dtypes read and written."""

    kinds: tuple[Shape, ...]
    dtype_in: str
    dtype_out: str


def loop_for(wanted: Wanted, form: Form, parameters: Sequence[Any]) -> Loop | None:
    """The compiled loop, in the precision of this thread; None if the function has no kernel.

    Kernels written for float32 hold for some parameters at their defaults only; `parameters` are the values.
    """
    return _loop(wanted, form, *circumstances(wanted, form.dtype_in, parameters))


def circumstances(wanted: Wanted, dtype: str, parameters: Sequence[Any]) -> tuple[tuple[bool, ...], str]:
    """What decides between the kernels of a function: which parameters are at their defaults, and the precision."""
    if dtype != "float32":
        return (False,) * len(parameters), "exact"
    defaults = () if wanted.from_output else REGISTERED[wanted.key].defaults.values()
    at_default = tuple(type(p) is float and p == d for p, d in zip(parameters, defaults, strict=True))
    return at_default, precision.current()


@cache
def _loop(wanted: Wanted, form: Form, at_default: tuple[bool, ...], arithmetic: str) -> Loop | None:
    request = (wanted, form, at_default, arithmetic)
    return remembered(repr(request), lambda: _source(*request))


def _source(wanted: Wanted, form: Form, at_default: tuple[bool, ...], arithmetic: str) -> Source | None:
    # the algebra takes half a second to import, and is needed for what is not on disk only
    from rheobase.kernels.cpu.text import checked_text, kernel_of

    kernel = kernel_of(wanted, at_default, arithmetic)
    if kernel is None:
        return None
    checked = checked_text(wanted, form, at_default) if arithmetic == "exact" else None
    return Source(kernel.text + (checked or loop(form.kinds)), kernel.real, form.dtype_in, form.dtype_out)


def parameters_of(wanted: Wanted, arguments: Sequence[Any]) -> Sequence[Any]:
    """The parameters among the arguments: the last, but for the upstream gradient."""
    if wanted.from_output:
        return ()
    end = len(arguments) - (wanted.pull is not None)
    return arguments[end - len(REGISTERED[wanted.key].parameters) : end]


def words(layout: Layout, out: int, arguments: Sequence[int | float]) -> array[int]:
    """What a loop reads: where to write, addresses and numbers, and how runs go."""
    bits = [a if isinstance(a, int) else _BITS.unpack(_REAL.pack(a))[0] for a in arguments]
    return array("q", (out, *bits, layout.length, layout.period))
