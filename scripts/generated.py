"""What scripts share that write a generated file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from rheobase.measured import commented, told

Row = Mapping[str, str]


def write_or_check(target: Path, render: Callable[[], str], description: str | None) -> None:
    """Write a file, or with --check fail if it is not what `render` gives."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    text = render()
    if not arguments.check:
        target.write_text(text)
    elif target.read_text() != text:
        sys.exit(f"{target} is out of date; run scripts/{Path(sys.argv[0]).name}")


def notes(path: Path) -> Row:
    """The lines about the machine and the run."""
    return commented(path.read_text())[0]


def rows(path: Path) -> list[Row]:
    """The rows of the table."""
    return list(commented(path.read_text())[1])


def read_about(path: Path) -> tuple[str, list[Row]]:
    """The lines about the machine as one sentence, and the rows of the table."""
    return told(dict(notes(path))), rows(path)


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    headings = list(headings)
    lines = [headings, ["---"] * len(headings), *map(list, rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
