"""How exact and how fast a function was measured to be, from the tables that are installed with the package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from rheobase import measured
from rheobase.atlas.text import number
from rheobase.bench.plan import BOTH, FAST, FORWARD
from rheobase.certify.contestants import OURS

SAMPLE, EXHAUSTIVE, KERNELS, CLAIMS = "sample.csv", "exhaustive.csv", "kernels.csv", "claims.json"
#: The number of elements at which speeds are told: 512 rows of 128 units. Fewer are told by what a call costs, and of
#: more, fresh memory decides, by which runs of one and the same function differ several times over.
SIZE = 1 << 16
PASSES = (FORWARD, BOTH)
#: Errors in ULP beyond this are told as that: hardly a digit is right, and how wrong the others are says nothing.
MOST = 1e6
_DTYPES = ("float32", "float64", "float16", "bfloat16")


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The largest error of one computation in ULP; `everywhere`: over all inputs of the format, else a sample."""

    dtype: str
    order: int
    computation: str
    ulp: float
    everywhere: bool


@dataclass(frozen=True, slots=True)
class Table:
    """Headings of the columns, and rows with a label each."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Speed:
    """What a pass of one contestant takes per element, in the median."""

    work: str
    contestant: str
    nanoseconds: float


@cache
def _accuracies() -> Mapping[str, tuple[Accuracy, ...]]:
    found: dict[tuple[str, str, int, str], Accuracy] = {}
    for file in (SAMPLE, EXHAUSTIVE):
        for row in measured.commented(measured.text(file))[1]:
            made = Accuracy(row["dtype"], int(row["order"]), row["computation"], float(row["largest"]),
                            row["exhaustive"] == "True")  # fmt: skip
            found[row["function"], made.dtype, made.order, made.computation] = made
    names = dict.fromkeys(key[0] for key in found)
    return {name: tuple(a for key, a in found.items() if key[0] == name) for name in names}


@cache
def _speeds() -> Mapping[str, tuple[Speed, ...]]:
    _, rows = measured.commented(measured.text(KERNELS))
    found: dict[str, list[Speed]] = {}
    for row in rows:
        if int(row["size"]) == SIZE and row["pass"] in PASSES:
            made = Speed(row["pass"], row["contestant"], 1e9 * float(row["seconds"]) / SIZE)
            found.setdefault(row["function"], []).append(made)
    return {name: tuple(speeds) for name, speeds in found.items()}


def _pivot(cells: Mapping[tuple[str, str], str]) -> Table | None:
    """Rows and columns from cells by (row, column), in the order in which they come."""
    columns = tuple(dict.fromkeys(column for _, column in cells))
    labels = dict.fromkeys(row for row, _ in cells)
    rows = tuple((label, tuple(cells.get((label, column), "–") for column in columns)) for label in labels)
    return Table(columns, rows) if rows else None


def accuracy_table(name: str) -> Table | None:
    """Errors by what is computed (rows) and who computes it (columns); None if nothing was certified."""
    cells = {}
    for a in sorted(accuracy(name), key=lambda a: (list(_DTYPES).index(a.dtype), a.order)):
        who = f"rheobase {a.computation}" if a.computation in OURS else a.computation
        told = number(a.ulp) if a.ulp <= MOST else f"> {number(MOST)}"
        cells[f"{a.dtype}, {'slope' if a.order else 'value'}", who] = told if a.everywhere else f"{told} *"
    return _pivot(cells)


def speed_table(name: str) -> Table | None:
    """Nanoseconds by who computes it (rows) and what (columns); None if nothing was timed."""
    return _pivot({(s.contestant, s.work): number(s.nanoseconds, 3) for s in speed(name)})


def accuracy(name: str) -> tuple[Accuracy, ...]:
    """What was certified of the function; empty if nothing was."""
    return _accuracies().get(name, ())


def speed(name: str) -> tuple[Speed, ...]:
    """What was timed of the function; empty if nothing was."""
    return _speeds().get(name, ())


def error(name: str) -> float | None:
    """The largest error in ULP of the fast core in float32, value and slope; None if it was not measured."""
    found = [a.ulp for a in accuracy(name) if (a.dtype, a.computation) == ("float32", OURS[0])]
    return max(found, default=None)


def cost(name: str) -> float | None:
    """Nanoseconds per element, forward and backward, of the fast core; None if that was not timed."""
    return next((s.nanoseconds for s in speed(name) if (s.work, s.contestant) == (BOTH, FAST)), None)


def about(file: str) -> str:
    """The machine and the versions of a table, as one sentence."""
    return measured.told(measured.commented(measured.text(file))[0])


@cache
def claims() -> Mapping[str, Any]:
    """The textbook's claims and their verdicts."""
    found: Mapping[str, Any] = json.loads(measured.text(CLAIMS))
    return found
