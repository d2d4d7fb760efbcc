"""A function of one number at given parameters: what all facts are derived from."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
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
from rheobase.facts.joints import Joints, crossings, joints, start
from rheobase.numpy import run

Points = NDArray[np.float64]

X = symbol("x")

#: Cells of the grid that may be split per round, and rounds: a cell of 0.01 gets down to 10⁻⁹.
_SPLITS, _ROUNDS = 32, 12


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
    def joints(self) -> Joints:
        """Where the formula changes from one piece to another, exactly."""
        return joints(self.expression)

    @cached_property
    def breakpoints(self) -> tuple[float, ...]:
        """Where the formula changes from one piece to another, in ascending order."""
        return tuple(float(joint) for joint in self.joints.at)

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
        """The limit of f (or a derivative) at ±∞; NaN if there is none, or the pieces never end."""
        return _limit(self, sign, order)

    def beside(self, at: sp.Expr, side: int, order: int = 0) -> float:
        """The limit of f (or a derivative) at the point `at` from the left (-1) or the right (1)."""
        index = (bisect_right if side > 0 else bisect_left)(self.breakpoints, float(at))
        piece = self.sections[index][2].diff(X, order) if order else self.sections[index][2]
        value = sp.N(piece.subs(X, at), 30)
        if value.is_real and value.is_finite:
            return float(value)
        return reference.limit(piece.subs(X, at + side / X), X, {}, 1)

    @cached_property
    def grid(self) -> Points:
        """Points dense around 0, reaching far out, with both neighbours of every breakpoint and all of `steep`."""
        return np.unique(np.concatenate([self._start, self.steep]))

    @cached_property
    def steep(self) -> Points:
        """Points around which f bends within a cell of the plain grid."""
        return _between(self, self._start)

    @cached_property
    def _start(self) -> Points:
        near = [np.nextafter(b, s) for b in self.breakpoints for s in (-np.inf, np.inf)]
        return start((*self.breakpoints, *near))

    def defined(self, x: Points, order: int = 0) -> Points:
        """f or a derivative at those of the points where f is a number: log has slopes where it has no values."""
        return np.where(np.isnan(self(x)), np.nan, self(x, order))

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


def outward(x: Points, values: Points) -> Points:
    """At each of the ascending points `x` the largest finite |value| from there to 0, or within ±1."""
    size = np.where(np.isfinite(values), np.abs(values), 0.0)
    core, right = size[np.abs(x) <= 1].max(initial=0.0), x >= 0
    left_max = np.maximum.accumulate(size[~right][::-1])[::-1]
    return np.maximum(core, np.concatenate([left_max, np.maximum.accumulate(size[right])]))


def _between(curve: Curve, x: Points) -> Points:
    """The points to be added to `x` so that f' at the ends of a cell tells how f goes on inside."""
    f, slope, first = curve(x), curve(x, 1), x
    for _ in range(_ROUNDS):
        worst = _bent(x, f, slope)
        if not worst.size:
            break
        new = (x[worst, None] + (x[worst + 1] - x[worst])[:, None] * np.array([0.25, 0.5, 0.75])).ravel()
        x, f, slope = (np.concatenate(pair) for pair in ((x, new), (f, curve(new)), (slope, curve(new, 1))))
        order = np.argsort(x)
        x, f, slope = x[order], f[order], slope[order]
    return np.setdiff1d(x, first)


def _bent(x: Points, f: Points, slope: Points) -> NDArray[np.intp]:
    """The cells of `x` in which f rises otherwise than its slopes at both ends say, the worst first."""
    with np.errstate(all="ignore"):
        secant = np.diff(f) / np.diff(x)
        off = np.abs(secant - (slope[1:] + slope[:-1]) / 2)
        # the ends of a cell at a breakpoint are neighbouring numbers: nothing lies between them
        off[~np.isfinite(off) | (np.diff(x) < 1e-9 * np.maximum(1, np.abs(x[1:])))] = 0
        share = off / outward(x[1:], np.maximum(np.abs(slope[1:]), np.abs(secant)))
    found = np.flatnonzero(share > 0.01)
    return found[np.argsort(-share[found])][:_SPLITS]


@lru_cache(maxsize=1024)
def _limit(curve: Curve, sign: int, order: int) -> float:
    if curve.joints.endless:
        return float("nan")
    end = curve.sections[-1 if sign > 0 else 0][2]
    return reference.limit(end.diff(X, order) if order else end, X, {}, sign)


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
