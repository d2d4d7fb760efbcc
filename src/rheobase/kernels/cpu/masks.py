"""Loops that keep one bit per element of a function with two slopes, and go back from the bits.

A word holds the bits of as many elements as a vector has lanes. The range of a loop is counted in words, so no two
threads write the same one. What is computed is computed as by the loops without bits: the marks, 1 or 0, go through a
copy on the stack, between a part that LLVM vectorises as it likes and one where a lane is a bit.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from rheobase.kernels.cpu.lanes import LANES
from rheobase.kernels.cpu.layout import arrange
from rheobase.kernels.cpu.request import Wanted, circumstances, words
from rheobase.kernels.cpu.store import Loop, Source, remembered
from rheobase.kernels.cpu.threads import ALONE, launch

_LOOP = """
def entry(words, low, high):
    out = pointer_out(words[0])
    given = pointer_in(words[2])
    copy = room()
    copied = pointer_real(copy)
{unpack}
    count = min(words[{count}], high * LANES)
    for start in range(low * LANES, count, CHUNK):
        length = min(count - start, CHUNK)
        bits = words[1] + start // 8
{body}
"""
#: The input is copied whole before the output is written: it may be written over.
_FORWARD = """
        for k in range(length):
            copied[k] = real(load(given[start + k]))
        for k in range(length, length + LANES):
            copied[k] = real(0.0)
        for k in range(0, length, LANES):
            pack(bits + k // 8, which(fetch(copy + k * SIZE){parameters}) > real(0.0))
        for k in range(length):
            out[start + k] = store(function(copied[k]{parameters}))
"""
_BACKWARD = """
        for k in range(0, length, LANES):
            put(copy + k * SIZE, where(unpack(bits + k // 8), real(1.0), real(0.0)))
        for k in range(length):
            out[start + k] = store(function(copied[k]{parameters}, real(load(given[start + k]))))
"""


class Loops(NamedTuple):
    """Forward: value and bits from the input. Backward: the gradient from bits and upstream gradient."""

    forward: Loop
    backward: Loop


def loops_for(wanted: Wanted, dtype: str, parameters: Sequence[float]) -> Loops | None:
    """The loops, in the precision of this thread; None if the function has not two slopes, or no kernel."""
    found = [_loop(wanted, backward, dtype, *circumstances(wanted, dtype, parameters)) for backward in (False, True)]
    return Loops(*found) if all(found) else None  # type: ignore[arg-type]


def template(parameters: Sequence[float]) -> array[int]:
    """The block of words for these parameters, without addresses and count."""
    return words(arrange(()), 0, [0, 0, *parameters])


def run(loop: Loop, template: array[int], addresses: tuple[int, int, int], count: int, threads: int) -> None:
    """Run a loop on `count` elements, given where to write, where the bits lie, and what else is read."""
    block = array("q", template)
    block[0], block[1], block[2] = addresses
    block[-2] = count
    launch(loop, block, words_for(count), threads, ALONE // LANES)


def words_for(count: int) -> int:
    """How many words hold the bits of `count` elements."""
    return -(-count // LANES)


@cache
def _loop(wanted: Wanted, backward: bool, dtype: str, at_default: tuple[bool, ...], arithmetic: str) -> Loop | None:
    request = (wanted, backward, dtype, at_default, arithmetic)
    return remembered(repr(("mask", *request)), lambda: _source(*request))


def _source(wanted: Wanted, backward: bool, dtype: str, at_default: tuple[bool, ...], arithmetic: str) -> Source | None:
    from rheobase.kernels.cpu.text import marking_kernel, pull_kernel

    kernel = pull_kernel(wanted) if backward else marking_kernel(wanted, at_default, arithmetic)
    if kernel is None:
        return None
    real = "float64" if dtype == "float64" else kernel.real
    count = len(at_default)
    body = (_BACKWARD if backward else _FORWARD).format(parameters="".join(f", p{k}" for k in range(count)))
    unpack = "\n".join(f"    p{k} = real(as_float64(words[{k + 3}]))" for k in range(count))
    text = kernel.text + _LOOP.format(unpack=unpack, count=count + 3, body=body)
    return Source(text, real, dtype, dtype, is_row=True)
