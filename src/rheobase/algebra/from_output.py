"""The slope of a function written in its own value: what backward needs when the output is all that is kept.

σ' = y(1 - y), tanh' = 1 - y², softplus' = 1 - e^-y: found by solving for the one function of x in each piece
and by what ties its slope to its value. Branches go over too where the function never falls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import sympy as sp
from sympy import Expr

from rheobase.algebra.formula import at_defaults
from rheobase.algebra.functions import expm1, plain, sech2, sigmoid, sigmoid_slope, softplus, tanh
from rheobase.algebra.parse import symbol
from rheobase.algebra.program import Program
from rheobase.definition import Definition

X, Y = symbol("x"), symbol("y")

#: Of a function's value a at u: what else can be said in terms of a.
_TIES: dict[type[Expr], Callable[[Expr, Expr], dict[Expr, Expr]]] = {
    sigmoid: lambda u, a: {sigmoid(-u): 1 - a, sigmoid_slope(u): a * (1 - a)},
    tanh: lambda u, a: {sech2(u): (1 - a) * (1 + a)},
    softplus: lambda u, a: {sigmoid(u): -expm1(-a)},
    expm1: lambda u, a: {sp.exp(u): 1 + a},
    sp.exp: lambda u, a: {},
}
#: Where the answer is tried before it is believed, besides the branch points and their neighbours.
_TRIED = (-30, -8, -3, -1, sp.Rational(-1, 3), 0, sp.Rational(1, 3), 1, 3, 8, 30)


@cache
def slope_from_output(definition: Definition) -> Program | None:
    """The slope over y, with parameters at their defaults; None if y does not tell it."""
    program = at_defaults(definition)
    value, slope = program.expression, program.partial(0).expression
    pieces = _pieces(value)
    found = [(_in_output(piece, slope, condition), _moved(condition, value)) for piece, condition in pieces]
    if any(part is None for pair in found for part in pair):
        return None
    expression = sp.Piecewise(*found) if len(found) > 1 else found[0][0]
    return Program((Y,), expression) if _holds(expression, value, slope) else None


def _pieces(expression: Expr) -> list[tuple[Expr, Expr]]:
    folded = sp.piecewise_fold(expression)
    return list(folded.args) if isinstance(folded, sp.Piecewise) else [(folded, sp.true)]


def _in_output(piece: Expr, slope: Expr, condition: Expr) -> Expr | None:
    """The slope on one piece in terms of y, which is the piece's value there."""
    here = sp.piecewise_fold(slope)
    if isinstance(here, sp.Piecewise):
        here = piece.diff(X)
    if not here.free_symbols:
        return here
    for atom in sorted(piece.atoms(*_TIES), key=sp.default_sort_key):
        held = sp.Dummy("a", real=True)
        value = piece.xreplace({atom: held})
        told = here.xreplace({atom: held, **_TIES[atom.func](atom.args[0], held)})
        factor = value.diff(held)
        if not factor.free_symbols and X not in value.free_symbols | told.free_symbols:
            return told.xreplace({held: (Y - value.xreplace({held: sp.Integer(0)})) / factor})
    return None


def _moved(condition: Expr, value: Expr) -> Expr | None:
    """x > c as y > f(c); whether the function lets one conclude that is for `_holds` to find out."""
    if condition in (sp.true, sp.false):
        return condition
    return condition.replace(
        lambda node: isinstance(node, sp.core.relational.Relational),
        lambda node: node.func(_at_output(node.lhs, value), _at_output(node.rhs, value)),
    )


def _at_output(side: Expr, value: Expr) -> Expr:
    if X in side.free_symbols:
        sign = side.coeff(X)
        return sign * Y
    return plain(value).subs(X, side)


def _holds(expression: Expr, value: Expr, slope: Expr) -> bool:
    points = {sp.sympify(p) for p in _TRIED}
    for relation in value.atoms(sp.core.relational.Relational):
        points |= {side + step for side in relation.args if side.is_number for step in (-1, 0, 1)}
        points |= {-p for p in points}
    return all(
        abs(sp.N(plain(expression).subs(Y, plain(value).subs(X, p)) - plain(slope).subs(X, p), 60)) < 1e-30
        for p in points
    )
