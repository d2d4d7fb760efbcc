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


def loop(shapes: Sequence[Shape]) -> str:
    """The text of a loop over arguments of these shapes; the output comes first in the block of words."""
    names = [f"a{k}" for k in range(len(shapes))]
    unpack = ["    out = pointer_out(words[0])"]
    for k, (name, shape) in enumerate(zip(names, shapes, strict=True), start=1):
        # the output under a second name would have to be watched for overlap, and would not vectorise
        unpack.append(f"    {name} = out" if shape == "output" else f"    {name} = {_READ[shape]}(words[{k}])")
    values = [_value(name, shape) for name, shape in zip(names, shapes, strict=True)]
    template = _RUNS if {"per_run", "in_run"} & set(shapes) else _FLAT
    return template.format(unpack="\n".join(unpack), values=", ".join(values), count=len(shapes) + 1)


def _value(name: str, shape: Shape) -> str:
    if shape == "number":
        return f"real({name})"
    item = f"{name}[{_PLACE[shape]}]"
    return f"real(load({item}))" if shape in ("array", "output") else f"real({item})"
