"""The loop around the passes over rows that lie across memory, as text: lanes are neighbours, each in a row of its own.

A row that lies together is summed in LANES parts, which are then folded. The same is done here, part by part, and so
a row's result has the same bits however it lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import indent

from rheobase.kernels.cpu.row_loops import Library, functions, passes_for, texts_with_kept
from rheobase.kernels.cpu.store import Source
from rheobase.kernels.rows import Pass, Row, names

_IN_PLACE = """
@inline
def gather(array, address, at, lanes, copy, filler):
    place = address + at * SIZE
    if lanes == LANES:
        return fetch(place)
    return fetch_first(place, lanes, filler)


@inline
def scatter(array, address, at, lanes, copy, value):
    place = address + at * SIZE
    if lanes == LANES:
        put(place, value)
    else:
        put_first(place, lanes, value)
"""
_COPIED = """
@inline
def gather(array, address, at, lanes, copy, filler):
    numbers = pointer_real(copy)
    if lanes == LANES:
        for k in range(LANES):
            numbers[k] = real(load(array[at + k]))
    else:
        for k in range(lanes):
            numbers[k] = real(load(array[at + k]))
        for k in range(lanes, LANES):
            numbers[k] = filler
    return fetch(copy)


@inline
def scatter(array, address, at, lanes, copy, value):
    put(copy, value)
    numbers = pointer_real(copy)
    if lanes == LANES:
        for k in range(LANES):
            array[at + k] = store(numbers[k])
    else:
        for k in range(lanes):
            array[at + k] = store(numbers[k])
"""
_FOLD = """
@inline
def folded(parts, count):
    width = LANES // 2
    while width > 0:
        for k in range(min(width, count - width)):
            low = parts + k * WIDE
            put(low, fetch_wide(low) + fetch_wide(low + width * WIDE))
        count = min(count, width)
        width //= 2
    return fetch_wide(parts)
"""
_ENTRY = """
def entry(words, begin, end):
{unpack}
    n = words[{length}]
    inner = words[{length} + 1]
    blocks = (inner + LANES - 1) // LANES
    count = min(n, LANES)
    for b in range(begin, end):
        first = b % blocks * LANES
        lanes = min(LANES, inner - first)
        start = b // blocks * n * inner + first
{passes}
"""
_ONE_BY_ONE = """
{before}
for j in range(n):
    at = start + j * inner
{each}
{folds}
{after}
"""
#: Parts without elements, as those that fill up a row that lies together, would change nothing.
_IN_PARTS = """
for part in range(count):
{before}
    for j in range(part, n, LANES):
        at = start + j * inner
{each}
{gathered}
{folds}
{after}
"""


def across_source(row: Row, library: Library, wide: Library, real: str, dtype: str) -> Source:
    """The loop over blocks of neighbouring rows; functions that `library` has not are taken from `wide`, in float64."""
    passes = passes_for(row, dtype == real)
    access = _IN_PLACE if dtype == real else _COPIED
    text = functions(passes, library, wide) + access + _FOLD + _entry(row, passes)
    return Source(text, real, dtype, dtype, is_row=True)


def _entry(row: Row, passes: Sequence[Pass]) -> str:
    unpack = ["copy = room()"]
    for k, name in enumerate(("out", *(name for name, _ in row.inputs))):
        pointer = "pointer_out" if name == "out" else "pointer_in"
        unpack += [f"{name}_address = words[{k}]", f"{name}_array = {pointer}({name}_address)"]
    sums = max(sum(fold.how == "sum" for fold in p.folds) for p in passes)
    unpack += [f"parts{k} = parts_room()" for k in range(sums)]
    return _ENTRY.format(
        unpack=indent("\n".join(unpack), " " * 4),
        length=len(row.inputs) + 1,
        passes=indent("\n".join(texts_with_kept(passes, lambda p, kept: _pass(p, row.inputs, kept))), " " * 8),
    )


def _pass(p: Pass, inputs: Sequence[tuple[str, str]], kept: str) -> str:
    read = [(name, filler) for name, filler in inputs if name in names(p.each)]
    each = [f"{name} = {_gather(name, filler)}" for name, filler in read]
    if kept:
        each.append(f"{kept} = {_gather('out', '0.0')}")
    each += p.each
    if p.writes:
        each.append(f"scatter(out_array, out_address, at, lanes, copy, {p.writes})")
    return _in_parts(p, each) if any(fold.how == "sum" for fold in p.folds) else _one_by_one(p, each)


def _gather(name: str, filler: str) -> str:
    return f"gather({name}_array, {name}_address, at, lanes, copy, {filler})"


def _one_by_one(p: Pass, each: Sequence[str]) -> str:
    return _ONE_BY_ONE.format(
        before="\n".join(p.before),
        each=indent("\n".join(each), " " * 4),
        folds="\n".join(f"{fold.name} = {fold.of}" for fold in p.folds),
        after="\n".join(p.after),
    )


def _in_parts(p: Pass, each: Sequence[str]) -> str:
    return _IN_PARTS.format(
        before=indent("\n".join(p.before), " " * 4),
        each=indent("\n".join(each), " " * 8),
        gathered=indent("\n".join(f"put(parts{k} + part * WIDE, {f.of})" for k, f in enumerate(p.folds)), " " * 4),
        folds="\n".join(f"{fold.name} = folded(parts{k}, count)" for k, fold in enumerate(p.folds)),
        after="\n".join(p.after),
    )
