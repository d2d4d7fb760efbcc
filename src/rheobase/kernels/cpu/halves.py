"""Gated units: loops that read both halves of an array where they lie, and write both halves of its gradient."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from functools import cache
from math import prod
from typing import NamedTuple

from rheobase.definition import REGISTERED
from rheobase.kernels.cpu.request import Wanted
from rheobase.kernels.cpu.store import Loop, Source, remembered
from rheobase.kernels.cpu.threads import launch
from rheobase.kernels.precision import precision

#: Element i of the result belongs to run r; in the array, whose runs are twice as long, it lies r·length further on.
_LOOP = """
def entry(words, low, high):
    out = pointer_out(words[0])
    value = pointer_in(words[1])
    gate = pointer_in(words[2])
{unpack}
    length = words[{count}]
    for r in range(low // length, (high + length - 1) // length):
        skip = r * length
        for i in range(max(low, skip), min(high, skip + length)):
            v = real(load(value[i + skip]))
            g = real(load(gate[i + skip]))
{body}
"""
_FORWARD = ("", "            out[i] = store(function(v, g))")
_BACKWARD = (
    "    out_gate = pointer_out(words[3])\n    upstream = pointer_in(words[4])",
    "            u = real(load(upstream[i]))\n"
    "            out[i + skip] = store(by_value(v, g, u))\n"
    "            out_gate[i + skip] = store(by_gate(v, g, u))",
)
_FUNCTION_OF_GATE = re.compile(r"value\*(\w+)\(gate\)")


class Halves(NamedTuple):
    """An array without gaps, as runs of which the first half holds values and the second gates."""

    address: int
    shape: tuple[int, ...]
    axis: int
    dtype: str

    @property
    def length(self) -> int:
        """Elements of one half of a run."""
        return prod(self.shape[self.axis % len(self.shape) :]) // 2

    @property
    def places(self) -> tuple[int, int]:
        """The addresses of the values and of the gates."""
        size = {"float64": 8, "float32": 4}.get(self.dtype, 2)
        return self.address, self.address + self.length * size


def halved(shape: Sequence[int], axis: int) -> tuple[int, ...]:
    """The shape of what comes of an array of this shape."""
    return tuple(size // 2 if k == axis % len(shape) else size for k, size in enumerate(shape))


@cache
def has_kernel(key: str) -> bool:
    """Whether a gated unit has kernels: it depends on nothing but the two halves."""
    definition = REGISTERED[key]
    if definition.kind != "gated" or definition.parameters or definition.noise:
        return False
    return all(_loop(key, pulled, "float64", "exact") is not None for pulled in (False, True))


def forward(key: str, x: Halves, out: int, threads: int) -> None:
    """Write the unit's value to the address `out`."""
    _run(key, x, False, (out, *x.places), threads)


def backward(key: str, x: Halves, upstream: int, gradient: Halves, threads: int) -> None:
    """Write the gradient by both halves, from the address of the upstream gradient."""
    value, gate = gradient.places
    _run(key, x, True, (value, *x.places, gate, upstream), threads)


def _run(key: str, x: Halves, pulled: bool, addresses: Sequence[int], threads: int) -> None:
    loop = _loop(key, pulled, x.dtype, precision.current())
    assert loop is not None
    if prod(x.shape):
        launch(loop, array("q", (*addresses, x.length)), prod(x.shape) // 2, threads)


@cache
def _loop(key: str, pulled: bool, dtype: str, kind: str) -> Loop | None:
    fast = dtype != "float64" and kind == "fast"
    return remembered(repr(("halves", key, pulled, dtype, fast)), lambda: _source(key, pulled, dtype, fast))


def _source(key: str, pulled: bool, dtype: str, fast: bool) -> Source | None:
    kernel = (_fast_text(key, pulled) if fast else None) or _wide_text(key, pulled, fast)
    if kernel is None:
        return None
    unpack, body = _BACKWARD if pulled else _FORWARD
    loop = _LOOP.format(unpack=unpack, body=body, count=5 if pulled else 3)
    return Source(kernel[0] + loop, kernel[1], dtype, dtype)


def _wide_text(key: str, pulled: bool, fast: bool) -> tuple[str, str] | None:
    """What is generated, in float64; in float32 what calls no function, and so loses no more than a rounding or two."""
    from rheobase.kernels.cpu.text import program_of, wide_kernel

    real = "float32" if fast and program_of(Wanted(key)).is_algebraic else "float64"
    wanted = {"by_value": 0, "by_gate": 1} if pulled else {"function": None}
    kernels = {name: wide_kernel(Wanted(key, pull=index)) for name, index in wanted.items()}
    texts = [k.text.replace("def function(", f"def {name}(") for name, k in kernels.items() if k is not None]
    return ("\n\n".join(texts), real) if len(texts) == len(kernels) else None


def _fast_text(key: str, pulled: bool) -> tuple[str, str] | None:
    """What is written in float32: a product with a function of the gate that is."""
    from rheobase import catalogue
    from rheobase.kernels.assemble import assemble
    from rheobase.kernels.cpu.text import fast_functions

    found = _FUNCTION_OF_GATE.fullmatch(REGISTERED[key].formula)
    name = catalogue.lookup(found[1]).name if found else ""
    if not {name, f"{name}_slope"} <= fast_functions().keys() or catalogue.lookup(name).parameters:
        return None
    results = {
        "by_value": f"upstream * {name}(gate)", "by_gate": f"upstream * (value * {name}_slope(gate))",
    } if pulled else {"function": f"value * {name}(gate)"}  # fmt: skip
    upstream = ", upstream" if pulled else ""
    texts = [f"def {f}(value, gate{upstream}):\n    return {result}\n" for f, result in results.items()]
    return "\n\n".join(assemble(text, fast_functions()) for text in texts), "float32"
