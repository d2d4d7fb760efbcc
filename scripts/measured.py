"""What the pages read: tables that benchmarks wrote, and tables of Markdown."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

Row = dict[str, str]


def notes(path: Path) -> Row:
    """The lines about the run, which start with #."""
    lines = [line[2:].rpartition(": ") for line in path.read_text().splitlines() if line.startswith("# ")]
    return {key: value for key, _, value in lines}


def rows(path: Path) -> list[Row]:
    """The table."""
    return list(csv.DictReader(line for line in path.read_text().splitlines() if not line.startswith("#")))


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    headings = list(headings)
    lines = [headings, ["---"] * len(headings), *map(list, rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
