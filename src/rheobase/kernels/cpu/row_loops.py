"""The loop around the passes over a row, as text.

Vectors are read and written in place where arrays have the format of the arithmetic. Where they have not, and
for the end of a row, they go through a copy on the stack, filled up with what changes nothing: every element
meets the same instructions in the same lane, wherever its row lies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from textwrap import indent

from rheobase.kernels.assemble import assemble
from rheobase.kernels.cpu.store import Source
from rheobase.kernels.rows import Pass, Row, names

Library = Mapping[str, Callable[..., object]]

_COPIES = """
@inline
def bring(array, address, at, count, copied, copy, filler):
    if not copied:
        return address + at * SIZE
    numbers = pointer_real(copy)
    for k in range(count):
        numbers[k] = real(load(array[at + k]))
    for k in range(count, count + LANES):
        numbers[k] = filler
    return copy


@inline
def take(array, at, count, copy):
    numbers = pointer_real(copy)
    for k in range(count):
        array[at + k] = store(numbers[k])
"""
#: What the first pass finds out takes long to fold, and so does what the others do: the first pass over the next row
#: comes before the last over this one, and processors do one while they wait for the other.
_ENTRY = """
@inline
def opening(words, n, row):
{unpack}
{first}
    return {found},


def entry(words, begin, end):
{unpack}
    n = words[{length}]
    ahead = opening(words, n, begin * n)
    for r in range(begin, end):
        row = r * n
        {found}, = ahead
{middle}
        if r + 1 < end:
            ahead = opening(words, n, row + n)
{last}
"""
_IN_PLACE = """
count = (n - start) // LANES * LANES
copied = count == 0
if copied:
    count = n - start
"""
_COPIED = """
count = min(n - start, CHUNK)
copied = True
"""
_PASS = """
{before}
start = 0
while start < n:
{part}
    at = row + start
{bring}
    for k in range(0, count, LANES):
{each}
{take}
    start += count
{folds}
{after}
"""


def row_source(row: Row, library: Library, wide: Library, real: str, dtype: str) -> Source:
    """The loop over rows; functions that `library` has not are taken from `wide`, in float64."""
    passes = passes_for(row, dtype == real)
    text = functions(passes, library, wide) + _COPIES + _entry(row, passes, dtype == real)
    return Source(text, real, dtype, dtype, is_row=True)


def passes_for(row: Row, in_place: bool) -> list[Pass]:
    """The row's passes; where nothing can be kept from one to the next, with what has to be done again."""
    if in_place:
        return list(row.passes)
    result: list[Pass] = []
    for before, this in zip((Pass(), *row.passes), row.passes, strict=False):
        each = (*before.each, *this.each) if before.keeps else this.each
        result.append(this._replace(each=each, writes="" if this.keeps else this.writes))
    return result


def functions(passes: Sequence[Pass], library: Library, wide: Library) -> str:
    """The text of the functions that passes call."""
    statements = [text for p in passes for text in p.statements]
    others = {name: f for name, f in wide.items() if name not in library}
    return _assembled(statements, library) + _assembled(statements, others).replace("real(", "double(")


def _assembled(statements: Sequence[str], library: Library) -> str:
    called = sorted(names(statements) & library.keys())
    if not called:
        return ""
    calls = "".join(f"    {name}()\n" for name in called)
    return assemble(f"def used():\n{calls}", library)


def texts_with_kept(passes: Sequence[Pass], text: Callable[[Pass, str], str]) -> list[str]:
    """The texts of passes, of which each is told under which name the one before kept something."""
    kept = ["", *(p.writes if p.keeps else "" for p in passes)]
    return [text(p, k) for p, k in zip(passes, kept, strict=False)]


def _found(passes: Sequence[Pass]) -> list[str]:
    """Names that the first pass finds values for and later ones need."""
    first, *later = passes
    used = names(text for p in later for text in p.statements)
    return sorted(used & {*names(first.after), *(fold.name for fold in first.folds)})


def _entry(row: Row, passes: Sequence[Pass], in_place: bool) -> str:
    unpack = ["out = pointer_out(words[0])", "out_copy = room()"]
    for k, (name, _) in enumerate(row.inputs, start=1):
        unpack += [f"{name}_array = pointer_in(words[{k}])", f"{name}_copy = room()"]
    between = passes[1:-1] if in_place else []
    first, *middle, last = texts_with_kept(passes, lambda p, kept: _pass(p, row.inputs, kept, in_place, p in between))
    return _ENTRY.format(
        unpack=indent("\n".join(unpack), " " * 4),
        length=len(row.inputs) + 1,
        found=", ".join(_found(passes)),
        first=indent(first, " " * 4),
        middle=indent("\n".join(middle), " " * 8),
        last=indent(last, " " * 8),
    )


def _pass(p: Pass, inputs: Sequence[tuple[str, str]], kept: str, in_place: bool, looks_ahead: bool) -> str:
    """One pass; it may ask for the row after the next as it goes, which is worth it while it computes a lot."""
    used = names(p.each)
    bring, each = [], []
    for k, (name, filler) in enumerate(inputs, start=1):
        if name in used:
            bring.append(f"{name}_at = bring({name}_array, words[{k}], at, count, copied, {name}_copy, {filler})")
            each.append(f"{name} = fetch({name}_at + k * SIZE)")
            each += [f"prefetch({name}_at + (k + 2 * n) * SIZE)"] if looks_ahead else []
    if kept:
        bring.append("kept_at = bring(out, words[0], at, count, copied, out_copy, 0.0)")
        each.append(f"{kept} = fetch(kept_at + k * SIZE)")
    each += p.each
    take = ""
    if p.writes:
        bring.append("out_at = out_copy if copied else words[0] + at * SIZE")
        each.append(f"put(out_at + k * SIZE, {p.writes})")
        take = "if copied:\n    take(out, at, count, out_copy)"
    return _PASS.format(
        before="\n".join(p.before),
        part=indent(_IN_PLACE if in_place else _COPIED, " " * 4),
        bring=indent("\n".join(bring), " " * 4),
        each=indent("\n".join(each), " " * 8),
        take=indent(take, " " * 4),
        folds="\n".join(f"{fold.name} = folded_{fold.how}({fold.of})" for fold in p.folds),
        after="\n".join(p.after),
    )
