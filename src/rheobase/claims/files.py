"""The tested claims as files: claims.json, claims.html."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rheobase.bench.record import machine
from rheobase.claims.record import Outcome, as_dict, from_dict
from rheobase.folder import put
from rheobase.kernels.cpu.threads import processors
from rheobase.measured import text

FILES = PAGE, RECORD = ("claims.html", "claims.json")
#: What the numbers depend on.
PACKAGES = ("rheobase", "numpy", "torch", "jax", "scikit-learn")


@dataclass(frozen=True, slots=True)
class Results:
    """Tested claims, in the order in which they are declared, and where they were tested."""

    outcomes: tuple[Outcome, ...]
    machine: str
    versions: dict[str, str]


def here(outcomes: Sequence[Outcome]) -> Results:
    """Claims that were tested on this machine."""
    about = machine(processors())
    place = (
        f"{about['processor']}, {about['cores']} cores, {about['system']}, Python {about['python']}, {about['date']}"
    )
    return Results(tuple(outcomes), place, {package: version(package) for package in PACKAGES})


def as_json(results: Results) -> str:
    """The text of claims.json."""
    claims = [as_dict(outcome) for outcome in results.outcomes]
    record = {"claims": claims, "machine": results.machine, "versions": results.versions}
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(record: str) -> Results:
    """What `as_json` made this of; pictures are not kept."""
    found: dict[str, Any] = json.loads(record)
    return Results(tuple(map(from_dict, found["claims"])), found["machine"], found["versions"])


def committed() -> Results:
    """The claims as they were tested for this version."""
    return from_json(text(RECORD))


def write(results: Results, out: Path, page: str) -> None:
    """Write the files into the folder `out`, each whole or not at all."""
    put(out / PAGE, page)
    put(out / RECORD, as_json(results))
