"""What was measured once and is shown again: files that this project's own commands wrote."""

from __future__ import annotations

import csv
from importlib.resources import files

#: Rows of a table as text, by the names of its columns.
Rows = list[dict[str, str]]


def text(name: str) -> str:
    """The file of that name."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def commented(table: str) -> tuple[dict[str, str], Rows]:
    """What the lines that start with # say about the machine and the versions, and the rows of the table.

    >>> commented("# cores: 2\\nfunction,error\\nrelu,0\\n")
    ({'cores': '2'}, [{'function': 'relu', 'error': '0'}])
    """
    lines = table.splitlines()
    about = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    return about, list(csv.DictReader(line for line in lines if not line.startswith("#")))


def told(about: dict[str, str]) -> str:
    """The machine and the versions as one sentence."""
    return "; ".join(f"{key} {value}" for key, value in about.items() if key not in ("instructions", "system"))
