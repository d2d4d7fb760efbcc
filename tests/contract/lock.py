"""Reference values frozen in a file: a change of any formula must be meant.

Run:  python -m tests.contract.lock
"""

from __future__ import annotations

import json
from pathlib import Path

import mpmath as mp

from rheobase.definition import Definition
from tests.contract.checks import exact
from tests.contract.functions import ELEMENTWISE

FILE = Path(__file__).with_name("reference.json")
POINTS = (-7.5, -2.5, -1.25, -0.375, 0.125, 0.75, 2.0, 6.5)


def rows(definition: Definition) -> list[list[str]]:
    """Values to 25 digits: a row per order of derivative, a column per point."""
    return [[mp.nstr(exact(definition, x, order), 25) for x in POINTS] for order in range(3)]


def current() -> str:
    """The text of the file as the catalogue has it now."""
    table = {f.name: rows(f.definition) for f in ELEMENTWISE}
    return json.dumps({"points": POINTS, "values": table}, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(current())
