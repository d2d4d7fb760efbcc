"""Which certificates are wanted, and making them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from rheobase import catalogue
from rheobase.activation import get
from rheobase.certify.certificate import Certificate, certify
from rheobase.certify.contestants import OURS, PEERS, Computation, ours
from rheobase.certify.inputs import FORMATS
from rheobase.definition import Definition
from rheobase.errors import RheobaseError

#: Value and slope.
ORDERS = (0, 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """Functions, dtypes, whose computations, and whether over every input that float32 has."""

    names: tuple[str, ...]
    dtypes: tuple[str, ...]
    computations: tuple[str, ...]
    exhaustive: bool

    @property
    def size(self) -> int:
        """The number of certificates, those of functions that a library has not got included."""
        return len(self.names) * len(ORDERS) * len(self.dtypes) * len(self.computations)


def certifiable() -> list[str]:
    """Functions of one number, the same at every call."""
    return [d.name for d in catalogue.definitions() if _is_certifiable(d)]


def _is_certifiable(definition: Definition) -> bool:
    return definition.kind == "elementwise" and (definition.noise is None or definition.rests)


def make(names: Sequence[str], dtypes: Sequence[str], against: Sequence[str], exhaustive: bool) -> Plan:
    """The plan for these words; RheobaseError says which of them is none.

    No names: every function of one number.
    """
    found = [catalogue.lookup(name) for name in names]
    for definition in found:
        if not _is_certifiable(definition):
            raise RheobaseError(f"{definition.name} is not a function of one number; certify takes those only")
    _check("--dtypes", dtypes, list(FORMATS))
    _check("--against", against, list(PEERS))
    for name in against:
        if find_spec(name) is None:
            raise RheobaseError(f"--against {name}: it is not installed; pip install 'rheobase[{name}]'")
    chosen = dict.fromkeys(d.name for d in found) or certifiable()
    return Plan(tuple(chosen), tuple(dtypes), (*OURS, *against), exhaustive)


def _check(option: str, words: Sequence[str], allowed: Sequence[str]) -> None:
    for word in words:
        if word not in allowed:
            raise RheobaseError(f"{option}: {word!r} is not one of {', '.join(allowed)}")


def run(plan: Plan) -> Iterator[Certificate | None]:
    """The certificates as they are made; None for what a library has not got."""
    for name, order, dtype, computation in _cells(plan):
        compute = _computation(name, order, computation)
        # float32 has a core of its own; elsewhere the two are the same
        if compute is None or (dtype != "float32" and computation == "fast"):
            yield None
        else:
            yield certify(get(name), order, dtype, computation, compute, plan.exhaustive)


def _cells(plan: Plan) -> Iterator[tuple[str, int, str, str]]:
    return (
        (name, order, dtype, computation)
        for name in plan.names
        for order in ORDERS
        for dtype in plan.dtypes
        for computation in plan.computations
    )


def _computation(name: str, order: int, computation: str) -> Computation | None:
    if computation in OURS:
        return ours(get(name), order, computation)
    return PEERS[computation](get(name), order)
