"""Reference values frozen in a file: a change of any formula must be meant.

Run:  python -m tests.contract.lock [--check]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import mpmath as mp

from rheobase import catalogue
from rheobase.definition import Definition
from tests.contract.checks import exact

FILE = Path(__file__).with_name("reference.json")
POINTS = (-7.5, -2.5, -1.25, -0.375, 0.125, 0.75, 2.0, 6.5)


def rows(definition: Definition) -> list[list[str]]:
    """Values to 25 digits: a row per order of derivative, a column per point."""
    return [[mp.nstr(exact(definition, x, order), 25) for x in POINTS] for order in range(3)]


def current() -> str:
    """The text of the file as the catalogue has it now."""
    definitions = catalogue.definitions()
    table = {d.name: rows(d) for d in definitions if d.kind == "elementwise"}
    return json.dumps({"points": POINTS, "values": table}, indent=1) + "\n"


def main() -> None:
    """Write the file, or with --check fail if it is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    if not parser.parse_args().check:
        FILE.write_text(current())
    elif FILE.read_text() != current():
        sys.exit(f"{FILE} is not what the catalogue says; run `make lock` if the change is meant")


if __name__ == "__main__":
    main()
