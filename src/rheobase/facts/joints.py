"""Where the pieces of a formula meet: the real zeros of what its conditions compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from rheobase.algebra.functions import plain
from rheobase.algebra.parse import symbol
from rheobase.algebra.program import Program
from rheobase.numpy import evaluate

Points = NDArray[np.float64]

X = symbol("x")

#: How far out single points are listed.
NEAR = 30.0


@dataclass(frozen=True, slots=True)
class Joints:
    """The zeros in ascending order; `endless`: they go on for ever, and only those within ±NEAR are listed."""

    at: tuple[sp.Expr, ...]
    endless: bool


def joints(expression: sp.Expr) -> Joints:
    """Where the conditions of `expression` change."""
    conditions = expression.atoms(sp.core.relational.Relational)
    found = [_zeros(sp.expand(condition.lhs - condition.rhs)) for condition in conditions]
    by_place = {float(zero): zero for zeros in found for zero in zeros.at}
    return Joints(tuple(by_place[place] for place in sorted(by_place)), any(zeros.endless for zeros in found))


def _zeros(difference: sp.Expr) -> Joints:
    if difference.is_polynomial(X):
        return Joints(tuple(root for root in sp.solve(difference, X) if root.is_real), endless=False)
    endless = any(_changes(difference, side * np.geomspace(1e3, 1e6, 400)).size for side in (-1, 1))
    solved = sp.solveset(plain(difference), X, sp.Interval(-NEAR, NEAR) if endless else sp.S.Reals)
    exact = tuple(solved) if isinstance(solved, sp.FiniteSet) else ()
    # where SymPy finds no formula, and where the sign changes at a pole
    seen = _changes(difference, start() if not endless else np.linspace(-NEAR, NEAR, 6001))
    missed = [at for at in seen if not any(abs(float(known) - at) < 1e-9 for known in exact)]
    return Joints((*exact, *(short(at) for at in missed)), endless)


def _changes(difference: sp.Expr, points: Points) -> Points:
    return crossings(lambda x: evaluate(Program((X,), difference), [x]), np.sort(points))


def short(at: float) -> sp.Rational:
    """What a point found by bisection stands for: the decimal of 12 places next to it, if that is as near."""
    decimal = round(float(at), 12) + 0.0
    return sp.Rational(str(decimal if abs(decimal - at) <= 1e-15 * max(1.0, abs(at)) else float(at)))


def start(extra: Iterable[float] = ()) -> Points:
    """Points dense around 0 and reaching far out, and those of `extra`."""
    far = np.geomspace(1e-8, 1e6, 600)
    return np.unique(np.concatenate([np.linspace(-NEAR, NEAR, 6001), far, -far, [*extra]]))


def crossings(function: Callable[[Points], Points], grid: Points) -> Points:
    """Where `function` changes sign on `grid`, by bisection, or is 0 at an isolated point of it."""
    sign = np.sign(function(grid))
    alone = np.flatnonzero((sign[1:-1] == 0) & (sign[:-2] != 0) & (sign[2:] != 0)) + 1
    # x and tanh x round to the same number around their crossing: look past such runs of zeros
    grid_, sign_ = grid[sign != 0], sign[sign != 0]
    found = np.flatnonzero(sign_[:-1] * sign_[1:] < 0)
    high = bisect(function, grid_[found], grid_[found + 1], sign_[found])
    # -0 is 0, also to 1/x
    return np.unique(np.concatenate([high, grid[alone]]) + 0.0)


def bisect(function: Callable[[Points], Points], low: Points, high: Points, left: Points) -> Points:
    """Where `function` leaves the sign `left`, which it has at `low` and not at `high`."""
    for _ in range(80 if low.size else 0):
        middle = (low + high) / 2
        here = np.sign(function(middle))
        low, high = np.where(here * left >= 0, middle, low), np.where(here * left <= 0, middle, high)
    return high
