"""The text of a kernel: generated from a program, in float64, or written for float32."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from rheobase import catalogue
from rheobase.algebra.formula import at_defaults, derived
from rheobase.algebra.from_output import slope_from_output
from rheobase.algebra.parse import symbol
from rheobase.algebra.program import Program
from rheobase.algebra.two_slopes import two_slopes
from rheobase.definition import REGISTERED, register
from rheobase.kernels import fast, gates, pairs, periodic, wide
from rheobase.kernels.assemble import assemble, missing
from rheobase.kernels.bends import bends
from rheobase.kernels.cpu.loops import TINY, checked_loop, loop
from rheobase.kernels.cpu.request import Form, Wanted
from rheobase.kernels.elementary import ELEMENTARY
from rheobase.kernels.emit import source
from rheobase.kernels.exceptions import EXCEPTIONS
from rheobase.kernels.language import Scalar
from rheobase.kernels.tails import settle

#: What `instructions` has; told here so that Numba need not be imported to know.
PRIMITIVES = frozenset({"fma", "where", "two_to", "exponent", "abs", "sqrt", "constant"})

Functions = Mapping[str, Callable[..., Scalar]]


class Kernel(NamedTuple):
    """Text in the kernel language, whose last function is `function`, and the precision it is computed in."""

    text: str
    real: str


def functions_of(module: ModuleType) -> Functions:
    """The kernels that a module of the kernel language defines."""
    return {name: f for name, f in inspect.getmembers(module, inspect.isfunction) if f.__module__ == module.__name__}


@cache
def wide_functions() -> Functions:
    """All there is in float64."""
    modules = (wide, pairs, periodic, gates)
    return {**ELEMENTARY, **{name: f for module in modules for name, f in functions_of(module).items()}}


@cache
def fast_functions() -> Functions:
    """All there is in float32."""
    return {name: f for module in fast.MODULES for name, f in functions_of(import_module(module)).items()}


def program_of(wanted: Wanted) -> Program:
    """The formula, over the function's arguments and, last, the upstream gradient."""
    program = derived(wanted.key, wanted.path, wanted.at_rest)
    return program if wanted.pull is None else program.backward(wanted.pull)


def kernel_of(wanted: Wanted, at_default: tuple[bool, ...], arithmetic: str) -> Kernel | None:
    """The kernel for a precision and parameters; None if there is none."""
    if wanted.from_output:
        return output_kernel(wanted, "float32" if arithmetic == "fast" else "float64")
    return (fast_kernel(wanted, at_default) if arithmetic == "fast" else None) or wide_kernel(wanted)


def wide_kernel(wanted: Wanted) -> Kernel | None:
    """The float64 kernel, generated from the definition; None if the formula calls what has none."""
    program = program_of(wanted)
    if program.is_row:
        return None
    text = source(settle(program))
    if missing(text, wide_functions(), PRIMITIVES):
        return None
    return Kernel(assemble(text, wide_functions()), "float64")


def output_kernel(wanted: Wanted, real: str) -> Kernel | None:
    """The kernel for backward from the output; None if the output does not tell the slope."""
    slope = slope_from_output(REGISTERED[wanted.key]) if wanted == wanted._replace(path=(), pull=0) else None
    if slope is None:
        return None
    y, upstream = slope.arguments[0], symbol("upstream")
    text = source(Program((y, upstream), upstream * slope.expression))
    # without functions there is nothing that float32 would get wrong by more than a rounding
    return Kernel(assemble(text, wide_functions()), real if slope.is_algebraic else "float64")


def marking_kernel(wanted: Wanted, at_default: tuple[bool, ...], arithmetic: str) -> Kernel | None:
    """The kernel, and before it `which`, the mark of a slope of two; None if there are not just two."""
    slopes, kernel = two_slopes(program_of(wanted)), kernel_of(wanted, at_default, arithmetic)
    if slopes is None or kernel is None:
        return None
    which = source(slopes.which, "which")
    if missing(which, wide_functions(), PRIMITIVES):
        return None
    return kernel._replace(text=f"{assemble(which, wide_functions())}\n\n{kernel.text}")


def pull_kernel(wanted: Wanted) -> Kernel | None:
    """The kernel for backward from the mark; None if there are not just two slopes."""
    slopes = two_slopes(program_of(wanted))
    text = "" if slopes is None else source(slopes.pull)
    if slopes is None or missing(text, wide_functions(), PRIMITIVES):
        return None
    # nothing is rounded where one multiplies by these
    is_exact = slopes.values <= {-1, 0, 1}
    return Kernel(assemble(text, wide_functions()), "float32" if is_exact else "float64")


def fast_kernel(wanted: Wanted, at_default: tuple[bool, ...]) -> Kernel | None:
    """The kernel written for float32, if there is one, and it takes all parameters that are not `at_default`."""
    definition, name = REGISTERED[wanted.key], _fast_name(wanted)
    if name not in fast_functions() or wanted.key != _catalogue_key(wanted):
        return None
    takes = list(inspect.signature(fast_functions()[name]).parameters)
    if any(not default and p not in takes for p, default in zip(definition.defaults, at_default, strict=True)):
        return None
    arguments = [*definition.inputs, *definition.defaults, *([] if wanted.pull is None else ["upstream"])]
    call = f"{name}({', '.join(takes)})"
    result = call if wanted.pull is None else f"upstream * {call}"
    text = f"def function({', '.join(arguments)}):\n    return {result}\n"
    return Kernel(assemble(text, fast_functions()), "float32")


#: Near 0 float64 has no room for the second term of the power series, which breaks the ties of the first.
_BENT = """
straight = function

@inline
def function({arguments}):
    v = straight({arguments})
    bend = where(abs({x}) < {tiny}, where({x} < 0.0, {below}, {above}), 0.0)
    return v * where(v < 0.0, 1.0 - bend, 1.0 + bend)
"""
#: Of a result: too little to count, and enough to break a tie.
LITTLE = 2.0**-50


def checked_text(wanted: Wanted, form: Form, at_default: tuple[bool, ...]) -> str | None:
    """The loop that rounds right what float64 alone does not tell; None where no inputs are known to need it."""
    if form.dtype_out == "float64":
        return None
    known = _exceptions(wanted, at_default)
    if known is not None and form.kinds[0] == "array" and {form.dtype_in, form.dtype_out} == {"float32"}:
        sides = bends(REGISTERED[wanted.key], at_defaults(REGISTERED[wanted.key]), wanted.path)
        return checked_loop(form.kinds, known, *(side * LITTLE for side in sides))
    whole = derived(wanted.key, (), wanted.at_rest)
    below, above = (0, 0) if wanted.pull is not None else bends(REGISTERED[wanted.key], whole, wanted.path)
    if below == above == 0:
        return None
    arguments = [a.name for a in whole.arguments]
    return _BENT.format(
        arguments=", ".join(arguments), x=arguments[0], below=below * LITTLE, above=above * LITTLE, tiny=TINY
    ) + loop(form.kinds)


def _exceptions(wanted: Wanted, at_default: tuple[bool, ...]) -> Sequence[tuple[int, int]] | None:
    """Inputs that have to be looked up; None where they were never looked for."""
    if wanted.pull is not None or wanted.key != _catalogue_key(wanted) or not all(at_default):
        return None
    return EXCEPTIONS.get(_fast_name(wanted))


def _catalogue_key(wanted: Wanted) -> str:
    """The key of the catalogue's function of that name; "" if there is none."""
    name = REGISTERED[wanted.key].name
    return register(catalogue.lookup(name)) if name in catalogue.names() else ""


def _fast_name(wanted: Wanted) -> str:
    """A function's own name; with _slope for its derivative by x."""
    order = (*wanted.path, *(() if wanted.pull is None else (wanted.pull,)))
    name = REGISTERED[wanted.key].name
    return {(): name, (0,): f"{name}_slope"}.get(order, "")
