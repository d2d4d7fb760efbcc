"""Equations between functions, proved before they are told."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import mpmath as mp
import sympy as sp

from rheobase.algebra.formula import from_catalogue
from rheobase.algebra.functions import plain
from rheobase.algebra.parse import parse, symbol
from rheobase.catalogue.relations import RELATIONS
from rheobase.errors import DefinitionError

#: Points of the numeric proof: around 0, around every joint of a shipped function, and far out.
POINTS = ("-87.5", "-30", "-6", "-3.25", "-3", "-2.9", "-1.5", "-1", "-0.75", "-0.5", "-0.3", "-1e-9",
          "0", "1e-9", "0.2", "0.5", "0.6", "1", "1.7", "2.5", "3", "3.1", "5.5", "6", "6.5", "19", "88")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Relation:
    """left = right for all x, and how that was proved."""

    left: str
    right: str
    proof: Literal["symbolic", "numeric"]


def relatives(name: str) -> tuple[Relation, ...]:
    """The proved relations in which the function `name` occurs."""
    sides = ((left, right) for left, right in RELATIONS if re.search(rf"\b{name}(_prime)?\(", f"{left} {right}"))
    return tuple(_proved(left, right) for left, right in sides)


@cache
def _proved(left: str, right: str) -> Relation:
    return prove(left, right)


def prove(left: str, right: str) -> Relation:
    """The relation left = right; DefinitionError where it fails."""
    difference = plain(_read(left) - _read(right))
    if not difference.has(sp.Piecewise) and _vanishes(difference):
        return Relation(left, right, "symbolic")
    function = sp.lambdify([symbol("x")], difference, modules="mpmath")
    for point in POINTS:
        error = abs(_at(function, point))
        if error > mp.mpf(10) ** -40:
            raise DefinitionError(f"{left} = {right} does not hold at x = {point}: they differ by {mp.nstr(error, 5)}")
    return Relation(left, right, "numeric")


def _vanishes(difference: sp.Expr) -> bool:
    # mostly a fraction of powers of exp(x/2): to cancel it takes a tenth of the time of simplify
    x = symbol("x")
    if sp.cancel(difference.subs(x, 2 * x).rewrite(sp.exp)) == 0:
        return True
    return bool(sp.simplify(difference.rewrite(sp.exp)) == 0)


def _read(text: str) -> sp.Expr:
    # a catalogue name means the catalogue's function, also where formulas have a word of that name
    return parse(text, ["x"], from_catalogue)


def _at(function: Callable[[mp.mpf], mp.mpf], point: str) -> mp.mpf:
    with mp.workdps(120):
        return mp.mpf(function(mp.mpf(point)))
