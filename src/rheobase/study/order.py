"""A study as JSON: the data by its place and fingerprint, and the plan. Workers are told it, and plan.json holds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rheobase.errors import StudyError
from rheobase.study.plan import Plan, checked

#: Other versions of these may round differently.
VERSIONS = ("rheobase", "torch")


@dataclass(frozen=True)
class Order:
    """What a study was, and so what it is to be again; fingerprint and versions are of that study."""

    source: str
    target: str | None
    plan: Plan
    fingerprint: str
    versions: Mapping[str, str]

    @property
    def changed(self) -> str:
        """What of the versions is another here, in one line; empty: nothing."""
        other = [
            f"{name} {version(name)} (then {then})" for name, then in self.versions.items() if version(name) != then
        ]
        return f"this is {', '.join(other)}: numbers may differ by rounding" if other else ""


def order(source: str, target: str | None, plan: Plan) -> dict[str, Any]:
    """What a worker must know to take part: where the data is, and the plan."""
    place = str(Path(source).resolve()) if Path(source).exists() else source
    return {"source": place, "target": target, "plan": asdict(plan)}


def as_text(source: str, target: str | None, plan: Plan, fingerprint: str) -> str:
    """The text of plan.json."""
    held = {**order(source, target, plan), "fingerprint": fingerprint, "versions": {n: version(n) for n in VERSIONS}}
    return json.dumps(held, indent=1) + "\n"


def read(path: Path) -> Order:
    """The study that a plan.json holds.

    Raises StudyError, in one line, if the file holds none.
    """
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StudyError(f"cannot read {str(path)!r}: {(error.strerror or str(error)).lower()}") from None
    except ValueError:
        raise StudyError(_none(path, "it is not JSON")) from None
    if not isinstance(held, dict) or not {f.name for f in fields(Order)} <= held.keys():
        raise StudyError(_none(path, f"{', '.join(f.name for f in fields(Order))} are needed"))
    try:
        plan = checked(as_plan(held["plan"]))
    except (TypeError, AttributeError) as error:
        raise StudyError(_none(path, str(error))) from None
    return Order(held["source"], held["target"], plan, held["fingerprint"], held["versions"])


def _none(path: Path, reason: str) -> str:
    return f"{str(path)!r} is no plan of a study: {reason}; give the plan.json that a study wrote"


def as_plan(held: Mapping[str, Any]) -> Plan:
    """The plan that JSON holds.

    Raises TypeError if it holds none.
    """
    example = Plan(("relu",))
    for field in fields(Plan):
        if field.name not in held:
            raise TypeError(f"the plan lacks {field.name}")
        _check_kind(field.name, held[field.name], getattr(example, field.name))
    found: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in held.items()}
    return Plan(**found)


def _check_kind(name: str, value: Any, example: Any) -> None:
    """JSON knows lists for tuples, and whole numbers for those with fractions."""
    if isinstance(example, tuple) and isinstance(value, list):
        for part in value:
            _check_kind(name, part, example[0] if example else "")
    elif example is not None and not isinstance(value, int if type(example) is int else (type(example), int)):
        raise TypeError(f"its {name} cannot be {value!r}")
