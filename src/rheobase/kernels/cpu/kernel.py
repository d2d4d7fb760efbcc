"""Which kernel computes what: a program's own in float64, or the one written for float32."""

from __future__ import annotations

import inspect
from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from struct import Struct
from typing import Any, NamedTuple

from rheobase import catalogue
from rheobase.algebra.formula import derived
from rheobase.algebra.program import Program
from rheobase.definition import REGISTERED, register
from rheobase.kernels import fast, precision, wide
from rheobase.kernels.assemble import assemble, missing
from rheobase.kernels.cpu.layout import Layout
from rheobase.kernels.cpu.loops import Shape, loop
from rheobase.kernels.cpu.store import Loop, Source, compiled
from rheobase.kernels.elementary import ELEMENTARY
from rheobase.kernels.emit import source
from rheobase.kernels.language import Scalar
from rheobase.kernels.tails import settle

#: What instructions.PRIMITIVES has; told here so that Numba need not be imported to know.
PRIMITIVES = frozenset({"fma", "where", "two_to", "exponent", "abs", "sqrt", "constant"})


def functions_of(module: Any) -> dict[str, Callable[..., Scalar]]:
    """The kernels that a module of the kernel language defines."""
    return {name: f for name, f in inspect.getmembers(module, inspect.isfunction) if f.__module__ == module.__name__}


WIDE: Mapping[str, Callable[..., Scalar]] = {**ELEMENTARY, **functions_of(wide)}
FAST: Mapping[str, Callable[..., Scalar]] = {
    name: f for module in fast.MODULES for name, f in functions_of(import_module(module)).items()
}


class Kernel(NamedTuple):
    """Text in the kernel language, whose last function is `function`, and the precision it is computed in."""

    text: str
    real: str

    def loop(self, kinds: tuple[Shape, ...], dtype_in: str, dtype_out: str) -> Loop:
        """The compiled loop over arguments of these kinds."""
        return compiled(Source(self.text + loop(kinds), self.real, dtype_in, dtype_out))


class Wanted(NamedTuple):
    """What is to be computed: a registered function, differentiated along `path`; if `pull` is given, the
    upstream gradient times the derivative by that argument."""

    key: str
    path: tuple[int, ...] = ()
    at_rest: bool = False
    pull: int | None = None

    @property
    def program(self) -> Program:
        """The formula, over the function's arguments and, last, the upstream gradient."""
        program = derived(self.key, self.path, self.at_rest)
        return program if self.pull is None else program.backward(self.pull)


def kernel_for(wanted: Wanted, dtype: str, parameters: Sequence[Any]) -> Kernel | None:
    """The kernel for inputs of `dtype`; None if the formula calls what has no kernel.

    The float32 kernels hold for some parameters at their defaults only; `parameters` are the values.
    """
    if dtype == "float32" and precision.current() == "fast":
        defaults = REGISTERED[wanted.key].defaults.values()
        at_default = tuple(isinstance(p, float) and p == d for p, d in zip(parameters, defaults, strict=True))
        return fast_kernel(wanted, at_default) or wide_kernel(wanted)
    return wide_kernel(wanted)


def parameters_of(key: str, arguments: Sequence[Any]) -> Sequence[Any]:
    """The parameters among a function's arguments, which are the last."""
    count = len(REGISTERED[key].parameters)
    return arguments[len(arguments) - count :]


@cache
def wide_kernel(wanted: Wanted) -> Kernel | None:
    """The float64 kernel, generated from the definition."""
    program = wanted.program
    if program.is_row:
        return None
    text = source(settle(program))
    return None if missing(text, WIDE, PRIMITIVES) else Kernel(assemble(text, WIDE), "float64")


@cache
def fast_kernel(wanted: Wanted, at_default: tuple[bool, ...]) -> Kernel | None:
    """The kernel written for float32, if there is one and it takes all parameters that are not at their defaults."""
    name = _fast_name(wanted)
    if name not in FAST or wanted.key != register(catalogue.lookup(REGISTERED[wanted.key].name)):
        return None
    takes = list(inspect.signature(FAST[name]).parameters)
    arguments = [a.name for a in wanted.program.arguments]
    parameters = REGISTERED[wanted.key].defaults
    if any(not default and p not in takes for p, default in zip(parameters, at_default, strict=True)):
        return None
    call = f"{name}({', '.join(takes)})"
    result = call if wanted.pull is None else f"{arguments[-1]} * {call}"
    return Kernel(assemble(f"def function({', '.join(arguments)}):\n    return {result}\n", FAST), "float32")


def _fast_name(wanted: Wanted) -> str:
    """A function's own name; with _slope for its derivative by x."""
    order = (*wanted.path, *(() if wanted.pull is None else (wanted.pull,)))
    name = REGISTERED[wanted.key].name
    return {(): name, (0,): f"{name}_slope"}.get(order, "")


def words(layout: Layout, out: int, arguments: Sequence[int | float]) -> array[int]:
    """What a loop reads: where to write, addresses and numbers, and how runs go."""
    bits = [a if isinstance(a, int) else _BITS.unpack(_REAL.pack(a))[0] for a in arguments]
    return array("q", (out, *bits, layout.length, layout.period))


_REAL, _BITS = Struct("d"), Struct("q")
