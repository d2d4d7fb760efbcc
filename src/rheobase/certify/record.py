"""Certificates as a file: the machine they were made on, then one row each."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from rheobase.bench.record import as_csv
from rheobase.certify.certificate import Certificate
from rheobase.study.folder import put

_READ: Mapping[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": lambda text: text == "True",
}


def rows(certificates: Sequence[Certificate]) -> list[dict[str, Any]]:
    """Plain data; the worst input in full, for it is to be tried out."""
    return [{**asdict(c), "worst": repr(c.worst)} for c in certificates]


def write(machine: Mapping[str, str], certificates: Sequence[Certificate], path: Path) -> None:
    """Write the file, whole or not at all."""
    put(path, as_csv(machine, rows(certificates)))


def read(path: Path) -> list[Certificate]:
    """The certificates in a file."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return [
        Certificate(**{f.name: _READ[str(f.type)](row[f.name]) for f in fields(Certificate)})
        for row in csv.DictReader(lines)
    ]
