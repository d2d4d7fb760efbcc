"""Certificates as a file: the machine they were made on, then one row each."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from rheobase.bench.record import as_csv
from rheobase.certify.certificate import Certificate
from rheobase.errors import RheobaseError
from rheobase.folder import put

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
    """Write the file, whole or not at all; certificates of something else that it holds already stay."""
    made = {_subject(c): c for c in certificates}
    kept = {_subject(c): made.get(_subject(c), c) for c in (read(path) if path.exists() else [])}
    put(path, as_csv(machine, rows(list({**kept, **made}.values()))))


def _subject(certificate: Certificate) -> tuple[str, int, str, str]:
    return certificate.function, certificate.order, certificate.dtype, certificate.computation


def check(machine: Mapping[str, str], path: Path) -> None:
    """Raise RheobaseError unless certificates of this machine can be put beside those in the file."""
    if path.is_dir() or not path.parent.is_dir():
        raise RheobaseError(f"cannot write {str(path)!r}: --out needs a file name in a folder that exists")
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    if lines and ",".join(f.name for f in fields(Certificate)) not in lines:
        raise RheobaseError(f"{str(path)!r} holds something else than certificates; choose another --out")
    about = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    other = [key for key in about if key not in ("date", "load before") and about[key] != machine.get(key)]
    if other:
        raise RheobaseError(f"{str(path)!r} is of another {', '.join(other)}; choose another --out")


def read(path: Path) -> list[Certificate]:
    """The certificates in a file."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return [
        Certificate(**{f.name: _READ[str(f.type)](row[f.name]) for f in fields(Certificate)})
        for row in csv.DictReader(lines)
    ]
