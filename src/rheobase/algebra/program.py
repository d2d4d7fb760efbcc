"""A formula over named arrays, and the formulas of its derivatives: the tower every backend climbs.

Backward and forward mode of a program are programs again, so derivatives of any order come from
one rule. A function of a row is covered by the same rule: its Jacobian is a diagonal plus a sum of
outer products, read off the formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import sympy as sp
from sympy import Expr

from rheobase.algebra.functions import (
    Gate,
    Reduction,
    centred,
    row_sum,
    sech2,
    sigmoid,
    sigmoid_slope,
    sin_plus_cos,
    tanh,
)
from rheobase.algebra.parse import symbol


class settled(sp.Function):
    """Marks a derivative inside a product: its tails are to be settled on their own.

    In upstream·f'(x) the factor f' has limits at ±∞ that the product, with a free factor, has not.
    """

    nargs = 1

    def _eval_derivative(self, s: sp.Symbol) -> Expr:
        inner = tidy(self.args[0].diff(s))
        return settled(inner) if inner.free_symbols else inner


@dataclass(frozen=True)
class Jacobian:
    """∂yᵢ/∂sⱼ = diagonalᵢ·[i = j] + Σ leftᵢ·rightⱼ over `outer`."""

    diagonal: Expr
    outer: tuple[tuple[Expr, Expr], ...]


@dataclass(frozen=True)
class Program:
    """An expression and the order of its array arguments; the first is the input proper."""

    arguments: tuple[sp.Symbol, ...]
    expression: Expr

    @cached_property
    def is_row(self) -> bool:
        """Whether a value depends on the whole row and not on one element."""
        return bool(self.expression.has(Reduction, centred))

    @property
    def is_algebraic(self) -> bool:
        """Whether there are only sums, products, quotients and branches."""
        return _is_algebraic(self.expression)

    def partial(self, index: int) -> Program:
        """∂/∂(argument) of an elementwise program."""
        return _partial(self, index)

    def backward(self, index: int) -> Program:
        """Upstream gradient × derivative: the same arguments, then the upstream gradient."""
        return _pull(self, index, forward=False)

    def forward(self, index: int) -> Program:
        """Derivative × tangent: the same arguments, then the tangent."""
        return _pull(self, index, forward=True)

    def jacobian(self, index: int = 0) -> Jacobian:
        """Diagonal and outer products of the derivative along a row."""
        diagonal, outer = _jacobian(self.expression, self.arguments[index])
        return Jacobian(diagonal, outer)


@cache
def _partial(program: Program, index: int) -> Program:
    return Program(program.arguments, tidy(program.expression.diff(program.arguments[index])))


@cache
def _pull(program: Program, index: int, *, forward: bool) -> Program:
    extra = symbol(f"g{len(program.arguments)}")
    arguments = (*program.arguments, extra)
    if not program.is_row:
        return Program(arguments, extra * _mark(program.partial(index).expression, arguments[0]))
    jacobian = program.jacobian(index)
    expression = extra * jacobian.diagonal
    for left, right in jacobian.outer:
        outside, inside = (left, right) if forward else (right, left)
        expression += outside * row_sum(inside * extra)
    return Program(arguments, expression)


def _mark(derivative: Expr, x: sp.Symbol) -> Expr:
    # one mark around all that depends on x: tails of a part are no tails of the whole
    constant, rest = derivative.replace(settled, lambda inner: inner).as_independent(x, as_Add=False)
    return constant * settled(rest) if rest.free_symbols else constant * rest


def _jacobian(expression: Expr, s: sp.Symbol) -> tuple[Expr, tuple[tuple[Expr, Expr], ...]]:
    inner = sorted(_outermost(expression), key=sp.default_sort_key)
    held = {node: sp.Dummy(f"r{k}", real=True) for k, node in enumerate(inner)}
    back = {dummy: node for node, dummy in held.items()}
    frozen = expression.xreplace(held)
    outer: list[tuple[Expr, Expr]] = []
    for node, dummy in held.items():
        slope = frozen.diff(dummy).xreplace(back)
        weight = node.weight
        if slope == 0 or weight == 0:
            continue
        diagonal, deeper = _jacobian(node.args[0], s)
        outer.append((slope, weight * diagonal))
        outer.extend((slope * row_sum(weight * left), right) for left, right in deeper)
    return frozen.diff(s).xreplace(back), tuple((a, b) for a, b in outer if b != 0)


def _outermost(expression: Expr) -> set[Reduction]:
    if isinstance(expression, Reduction):
        return {expression}
    found: set[Reduction] = set()
    for argument in expression.args:
        found |= _outermost(argument)
    return found


def tidy(expression: Expr) -> Expr:
    """An equal expression that cancels less: fractions combined, 1 - sech² written as tanh², sums of waves as one."""
    if expression.has(sp.Piecewise):
        folded = sp.piecewise_fold(expression) if _is_algebraic(expression) else expression
        return folded.replace(
            lambda node: isinstance(node, sp.Piecewise),
            lambda node: sp.Piecewise(*[(_tidy_piece(e), c) for e, c in node.args]),
        )
    return _tidy_piece(expression)


def _tidy_piece(expression: Expr) -> Expr:
    if _is_algebraic(expression):
        return sp.factor(sp.together(expression))
    simpler = _slope_of_sigmoid(expression.replace(lambda node: node.is_Add, _one_for_two))
    factored = sp.factor_terms(simpler)
    # a tiny common coefficient times huge ones would underflow where the product does not
    extreme = any(not 1e-3 < abs(c) < 1e3 for c in factored.atoms(sp.Rational) if c != 0)
    return simpler if extreme else factored


def _is_algebraic(expression: Expr) -> bool:
    return not expression.has(sp.Function) or all(
        isinstance(node, sp.Piecewise) for node in expression.atoms(sp.Function)
    )


def _slope_of_sigmoid(expression: Expr) -> Expr:
    """σ(u)·σ(-u) as one function, where it is all there is."""
    factors = expression.args if expression.is_Mul else ()
    for node in factors:
        if isinstance(node, sigmoid) and sigmoid(-node.args[0]) in factors and len(expression.atoms(sigmoid)) == 2:
            return expression / node / sigmoid(-node.args[0]) * sigmoid_slope(node.args[0])
    return expression


def _one_for_two(total: Expr) -> Expr:
    """A sum with two terms that cancel written as one, if there are any."""
    return _gated_slope(total) or _wave(total) or _complement(total) or total


def _gated_slope(total: Expr) -> Expr | None:
    for term in total.args:
        for g in (factor for factor in sp.Mul.make_args(term) if isinstance(factor, Gate)):
            other = term * g.args[-1] * g.fdiff(len(g.args)) / g
            if other in total.args:
                return total - term - other + term / g * g.gated_slope(*g.args)
    return None


def _wave(total: Expr) -> Expr | None:
    constant = total.as_coeff_Add()[0]
    for node in total.atoms(sp.sin):
        product = 2 * constant * node * sp.cos(node.args[0])
        if constant != 0 and product in total.args:
            return total - constant - product + constant * sin_plus_cos(node.args[0]) ** 2
    return None


def _complement(total: Expr) -> Expr | None:
    constant = total.as_coeff_Add()[0]
    for node in total.atoms(sech2, sigmoid):
        coefficient = total.coeff(node)
        if constant != 0 and coefficient == -constant:
            u = node.args[0]
            other = tanh(u) ** 2 if node.func is sech2 else sigmoid(-u)
            return total - constant - coefficient * node + constant * other
    return None
