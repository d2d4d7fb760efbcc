"""The loops around a kernel, as text: over a flat range of elements, or over runs that share a parameter.

A loop gets one block of 64-bit words, an address or a number's bits for each argument, and the range to
do. All it reads it converts to the kernel's precision; what it stores is rounded once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

#: An array as large as the output; the output itself, before it is overwritten; one number; one value per run;
#: one value per place in the run.
Shape = Literal["array", "output", "number", "per_run", "in_run"]

_PLACE = {"array": "i", "output": "i", "per_run": "r % period", "in_run": "k"}
_READ = {"array": "pointer_in", "number": "as_float64", "per_run": "pointer_float64", "in_run": "pointer_float64"}
_FLAT = """
def entry(words, low, high):
{unpack}
    for i in range(low, high):
        out[i] = store(function({values}))
"""
_RUNS = """
def entry(words, low, high):
{unpack}
    length = words[{count}]
    period = words[{count} + 1]
    for r in range(low, high):
        for k in range(length):
            i = r * length + k
            out[i] = store(function({values}))
"""

_CHECKED = """
INPUTS = ({inputs},)
RESULTS = ({results},)

@inline
def settled(x, v):
    y = store(v)
    if store(v * {above}) != store(v * {below}):
        if abs(x) < {tiny}:
            bend = {left} if x < 0.0 else {right}
            y = store(v * (1.0 + bend) if v > 0.0 else v * (1.0 - bend))
        bits = as_uint32(x)
        for k in range(len(INPUTS)):
            if INPUTS[k] == bits:
                y = as_float32(RESULTS[k])
    return y

def entry(words, low, high):
{unpack}
    for start in range(low, high, 1024):
        stop = min(start + 1024, high)
        unsure = False
        for i in range(start, stop):
            v = function({values})
            out[i] = store(v)
            unsure |= store(v * {above}) != store(v * {below})
        if unsure:
            for i in range(start, stop):
                out[i] = settled(a0[i], function({values}))
"""
#: float64 kernels err by less, relative to the result: what rounds the same so far above and below is right.
DOUBT = 2.0**-44
#: Below, only the first two terms of a power series count, and the second only to break a tie.
TINY = 2.0**-100


def checked_loop(shapes: Sequence[Shape], exceptions: Sequence[tuple[int, int]], left: float, right: float) -> str:
    """The loop that rounds every float32 right: results too near a tie are looked up.

    `exceptions` are inputs and results as bits; `left` and `right` say by how much the result lies above the first
    term of its power series at 0, on either side, when that alone is a tie. The input must not be written over before
    it is looked at.
    """
    inputs, results = zip(*exceptions, strict=True) if exceptions else ((0,), (0,))
    return _CHECKED.format(
        inputs=", ".join(map(str, inputs)), results=", ".join(map(str, results)), unpack=_unpacked(shapes),
        values=_values(shapes), above=1 + DOUBT, below=1 - DOUBT, tiny=TINY,
        left=left, right=right,
    )  # fmt: skip


def loop(shapes: Sequence[Shape]) -> str:
    """The text of a loop over arguments of these shapes; the output comes first in the block of words."""
    template = _RUNS if {"per_run", "in_run"} & set(shapes) else _FLAT
    return template.format(unpack=_unpacked(shapes), values=_values(shapes), count=len(shapes) + 1)


def _unpacked(shapes: Sequence[Shape]) -> str:
    lines = ["    out = pointer_out(words[0])"]
    for k, shape in enumerate(shapes):
        # the output under a second name would have to be watched for overlap, and would not vectorise
        lines.append(f"    a{k} = out" if shape == "output" else f"    a{k} = {_READ[shape]}(words[{k + 1}])")
    return "\n".join(lines)


def _values(shapes: Sequence[Shape]) -> str:
    return ", ".join(_value(f"a{k}", shape) for k, shape in enumerate(shapes))


def _value(name: str, shape: Shape) -> str:
    if shape == "number":
        return f"real({name})"
    item = f"{name}[{_PLACE[shape]}]"
    return f"real(load({item}))" if shape in ("array", "output") else f"real({item})"
