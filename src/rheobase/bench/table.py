"""The result of a benchmark as tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from rheobase.bench.contestants import CONTESTANTS
from rheobase.bench.plan import PASSES, REFERENCE
from rheobase.bench.record import STEP, Results, Timing, geometric_mean

MEAN = "geometric mean"
HEADINGS = {c.name: c.heading for c in CONTESTANTS}
LEGEND = (
    ("fast, exact", "rheobase's two cores on PyTorch's tensors"),
    ("numpy", "rheobase on NumPy's arrays, into memory that is there already"),
    ("torch", "PyTorch's eager mode: billions of elements per second; of a training step, milliseconds"),
    ("others", "how often as fast as that: median over rounds in which all take turns"),
    (MEAN, "over the transcendental functions"),
    ("in place", "over the input; ONNX Runtime and copy: into other memory that is there already"),
)

#: A pass, or the training step, at one size.
Cell = tuple[str, int]


def show(results: Results, console: Console) -> None:
    """Print a table for each pass and size, then all geometric means, then what it means."""
    cells = _cells((*results.kernels, *results.training))
    for cell, timings in cells.items():
        console.print(Group(_detail(cell, timings), Text()))
    console.print(Group(_means(cells), Text(), _explanation(results)))


def _cells(timings: Sequence[Timing]) -> dict[Cell, list[Timing]]:
    order = [*PASSES, STEP]
    found: dict[Cell, list[Timing]] = {}
    for t in sorted(timings, key=lambda t: (order.index(t.work), t.size)):
        found.setdefault((t.work, t.size), []).append(t)
    return found


def title(cell: Cell) -> str:
    """A cell in words."""
    work, size = cell
    return f"{work}, width {size}" if work == STEP else f"{work}, {_power(size)} elements"


def _power(size: int) -> str:
    return f"2^{size.bit_length() - 1}" if size.bit_count() == 1 else str(size)


def _names(timings: Iterable[Timing]) -> list[str]:
    """Those who took part, in the order of the tables."""
    found = {t.contestant for t in timings}
    return [c.name for c in CONTESTANTS if c.name in found]


def _grid(heading: str, labels: Sequence[str], columns: Sequence[str]) -> Table:
    grid = Table(title=heading, title_justify="left", title_style="bold", box=None, header_style="bold", pad_edge=False)
    for label in labels:
        grid.add_column(label, no_wrap=True)
    for name in columns:
        grid.add_column(HEADINGS[name], justify="right", no_wrap=True)
    return grid


def _detail(cell: Cell, timings: Sequence[Timing]) -> Table:
    names = _names(timings)
    grid = _grid(title(cell), ("function",), names)
    by = {(t.function, t.contestant): t for t in timings}
    for function in dict.fromkeys(t.function for t in timings):
        grid.add_row(function, *(_cell(by.get((function, name))) for name in names))
    means = _mean_cells(timings, names)
    if any(means):
        grid.add_row(Text(MEAN, style="italic"), *means)
    return grid


def _cell(t: Timing | None) -> str:
    if t is None:
        return ""
    if t.contestant == REFERENCE:
        return f"{t.seconds * 1e3:.3g}" if t.work == STEP else f"{t.elements_per_second / 1e9:.3g}"
    return times(t.speedup)


def times(ratio: float | None) -> str:
    """A ratio with three digits, or nothing."""
    if ratio is None:
        return ""
    return f"{ratio:.2f}×" if ratio < 10 else f"{ratio:.1f}×" if ratio < 100 else f"{ratio:.0f}×"


def _mean_cells(timings: Sequence[Timing], names: Sequence[str]) -> list[str]:
    return ["" if name == REFERENCE else times(geometric_mean(t for t in timings if t.contestant == name))
            for name in names]  # fmt: skip


def _means(cells: dict[Cell, list[Timing]]) -> Table:
    names = [name for name in _names(t for ts in cells.values() for t in ts) if name != REFERENCE]
    grid = _grid(f"{MEAN}s", ("pass", "size"), names)
    for (work, size), timings in cells.items():
        grid.add_row(work, str(size) if work == STEP else _power(size), *_mean_cells(timings, names))
    return grid


def _explanation(results: Results) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(style="dim")
    for label, text in (*LEGEND, *(("note", remark) for remark in results.remarks)):
        grid.add_row(Text(label), Text(text))
    return grid
