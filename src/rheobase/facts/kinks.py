"""Where the pieces of a function meet: kinks, jumps, and the class of continuity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from rheobase.facts.curve import Curve

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
    orders = [_first_difference(curve, joint) for joint in curve.joints.at]
    lowest = min((order for order in orders if order is not None), default=None)
    return None if lowest is None else lowest - 1


@lru_cache(maxsize=256)
def kinks(curve: Curve) -> tuple[Kink, ...]:
    """The points where f or f' jumps, in ascending order."""
    found = []
    for joint in curve.joints.at:
        order = _first_difference(curve, joint)
        if order is not None and order < 2:
            left, right = (curve.beside(joint, side, 1) for side in (-1, 1))
            chosen = float(curve(float(joint), 1)[0])
            found.append(Kink(float(joint), left, right, chosen, jump=order == 0))
    return tuple(found)


def _first_difference(curve: Curve, joint: sp.Expr) -> int | None:
    for order in range(_ORDERS):
        left, right = (curve.beside(joint, side, order) for side in (-1, 1))
        # where both are +∞ there is no derivative either
        if not (math.isfinite(left) and abs(left - right) <= 1e-12 * max(1.0, abs(left))):
            return order
    return None
