"""Where the pieces of a function meet: kinks, jumps, and the class of continuity."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from rheobase.facts.curve import Curve, X

#: Derivatives compared at a joint; pieces that agree this far are taken to be one function.
_ORDERS = 6


@dataclass(frozen=True, slots=True)
class Kink:
    """A point where f or f' jumps: the slopes on both sides, and the one that f' takes there."""

    at: float
    left: float
    right: float
    chosen: float
    jump: bool


def continuity(curve: Curve) -> int | None:
    """k if f has k continuous derivatives and not k + 1; -1 if f jumps; None if it is smooth."""
    orders = [_first_difference(curve, index) for index in range(len(curve.breakpoints))]
    lowest = min((order for order in orders if order is not None), default=None)
    return None if lowest is None else lowest - 1


def kinks(curve: Curve) -> tuple[Kink, ...]:
    """The points where f or f' jumps, in ascending order."""
    found = []
    for index, at in enumerate(curve.breakpoints):
        order = _first_difference(curve, index)
        if order is not None and order < 2:
            left, right = (_one_sided(curve, index + side, at, 1) for side in (0, 1))
            chosen = float(curve(at, 1)[0])
            found.append(Kink(at, float(left), float(right), chosen, jump=order == 0))
    return tuple(found)


def _first_difference(curve: Curve, index: int) -> int | None:
    at = curve.breakpoints[index]
    for order in range(_ORDERS):
        left, right = (_one_sided(curve, index + side, at, order) for side in (0, 1))
        if abs(left - right) > 1e-12:
            return order
    return None


def _one_sided(curve: Curve, section: int, at: float, order: int) -> sp.Float:
    expression = curve.sections[section][2]
    derivative = expression.diff(X, order) if order else expression
    return sp.N(derivative.subs(X, sp.Rational(str(at))), 30)
