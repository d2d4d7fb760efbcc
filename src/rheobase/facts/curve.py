"""A function of one number at given parameters: what all facts are derived from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from rheobase.algebra import reference
from rheobase.algebra.formula import paper_at_rest
from rheobase.algebra.functions import plain
from rheobase.algebra.parse import symbol
from rheobase.definition import Definition, register
from rheobase.errors import DefinitionError
from rheobase.numpy import run

Points = NDArray[np.float64]

X = symbol("x")


@dataclass(frozen=True)
class Curve:
    """`definition` at fixed parameter values: f, its derivatives, its pieces."""

    definition: Definition
    values: tuple[tuple[str, float], ...]

    def __call__(self, x: Any, order: int = 0) -> Points:
        """f or a derivative at the points `x`, in float64."""
        points = np.atleast_1d(np.asarray(x, dtype=np.float64))
        arrays = [points, *(value for _, value in self.values)]
        result: Points = run(register(self.definition), (0,) * order, True, arrays, None)
        return result

    @cached_property
    def expression(self) -> sp.Expr:
        """The paper's formula in x alone."""
        known = {symbol(name): sp.Rational(str(value)) for name, value in self.values}
        return paper_at_rest(self.definition).subs(known)

    @cached_property
    def breakpoints(self) -> tuple[float, ...]:
        """Where the formula changes from one piece to another, in ascending order."""
        edges: set[float] = set()
        for condition in self.expression.atoms(sp.core.relational.Relational):
            roots = sp.solve(condition.lhs - condition.rhs, X)
            edges |= {float(root) for root in roots if root.is_real}
        return tuple(sorted(edges))

    def piece(self, near: float) -> sp.Expr:
        """The smooth expression that holds at and around `near`, which must not be a breakpoint."""
        inside = sp.Rational(str(near))

        def choose(*pieces: Any) -> sp.Expr:
            return next(value for value, condition in pieces if condition.subs(X, inside) == sp.true)

        is_piecewise = self.expression.replace(
            lambda node: isinstance(node, sp.Piecewise), lambda node: choose(*node.args)
        )
        return plain(is_piecewise)

    @cached_property
    def sections(self) -> tuple[tuple[float, float, sp.Expr], ...]:
        """The pieces from left to right: (from, to, expression)."""
        edges = (-np.inf, *self.breakpoints, np.inf)
        return tuple((a, b, self.piece(inside(a, b))) for a, b in pairwise(edges))

    def limit(self, sign: int, order: int = 0) -> float:
        """The limit of f (or a derivative) at ±∞; NaN if there is none."""
        end = self.sections[-1 if sign > 0 else 0][2]
        return reference.limit(end.diff(X, order) if order else end, X, {}, sign)

    @cached_property
    def grid(self) -> Points:
        """Points dense around 0, reaching far out, with both neighbours of every breakpoint."""
        far = np.geomspace(1e-8, 1e6, 600)
        near = [np.nextafter(b, s) for b in self.breakpoints for s in (-np.inf, np.inf)]
        parts = (np.linspace(-30.0, 30.0, 6001), far, -far, np.array([*self.breakpoints, *near]))
        grid: Points = np.unique(np.concatenate(parts))
        return grid

    def roots(self, order: int) -> Points:
        """Where a derivative changes sign or is 0 at an isolated point of the grid."""
        return crossings(lambda x: self(x, order), self.grid)


def inside(a: float, b: float) -> float:
    """A point of the open interval (a, b)."""
    if np.isinf(a) and np.isinf(b):
        return 0.0
    if np.isinf(a):
        return b - 1
    return a + 1 if np.isinf(b) else (a + b) / 2


def crossings(function: Callable[[Points], Points], grid: Points) -> Points:
    """Where `function` changes sign on `grid`, by bisection, or is 0 at an isolated point of it."""
    sign = np.sign(function(grid))
    alone = np.flatnonzero((sign[1:-1] == 0) & (sign[:-2] != 0) & (sign[2:] != 0)) + 1
    # x and tanh x round to the same number around their crossing: look past such runs of zeros
    grid_, sign_ = grid[sign != 0], sign[sign != 0]
    found = np.flatnonzero(sign_[:-1] * sign_[1:] < 0)
    low, high, left = grid_[found], grid_[found + 1], sign_[found]
    for _ in range(80 if found.size else 0):
        middle = (low + high) / 2
        here = np.sign(function(middle))
        low, high = np.where(here * left >= 0, middle, low), np.where(here * left <= 0, middle, high)
    roots: Points = np.unique(np.concatenate([high, grid[alone]]))
    return roots


@lru_cache(maxsize=256)
def _curve(definition: Definition, values: tuple[tuple[str, float], ...]) -> Curve:
    return Curve(definition, values)


def curve(definition: Definition, parameters: Mapping[str, float]) -> Curve:
    """The curve of an elementwise function; DefinitionError for others and for bad parameters."""
    if definition.kind != "elementwise":
        raise DefinitionError(f"{definition.name} is a {definition.kind} function; facts are for elementwise ones")
    for name, value in parameters.items():
        definition.parameter(name).domain.check(f"{definition.name}: {name}", value)
    return _curve(definition, tuple({**definition.defaults, **parameters}.items()))
