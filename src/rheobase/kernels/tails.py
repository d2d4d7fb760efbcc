"""Settling tails: what an expression yields at ±∞, at NaN, and where an intermediate overflows.

x·σ(x) is -∞·0 = NaN at -∞, where its limit is 0. Which expressions need help is found by trying
them in float64; what they should yield there is found by the reference, not typed in.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from rheobase.algebra import reference
from rheobase.algebra.functions import first_max
from rheobase.algebra.parse import symbol
from rheobase.algebra.program import Program, settled

#: Magnitudes at which intermediates overflow float64: directly, squared, cubed, to the fifth.
_HUGE = (1e13, 1e31, 1e62, 1e78, 1e103, 1e155, float(np.finfo(np.float64).max))


class tails(sp.Function):
    """tails(core, x, low, high): core, with the limits low and high at ∓∞ and where core overflowed to
    NaN on the way there; NaN stays NaN. A side whose limit is NaN is left to the core."""

    nargs = 4


class spread_nan(sp.Function):
    """spread_nan(core, x): core, and NaN throughout every row of x that holds a NaN."""

    nargs = 2


GATE = symbol("gate")


@cache
def settle(program: Program) -> Program:
    """`program` with the tails of its expression, and of every marked derivative in it, settled."""
    return Program(program.arguments, _settled(program))


def _settled(program: Program) -> sp.Expr:
    x, expression = program.arguments[0], program.expression
    bare = expression.replace(settled, lambda inner: inner)
    if program.is_row:
        return _row(bare, x)
    if GATE in program.arguments:
        return sp.Add(*[_gated(term) for term in sp.Add.make_args(bare)])
    if expression.has(settled):
        return expression.replace(settled, lambda inner: _settle(inner, x))
    return _settle(expression, x)


def _row(expression: sp.Expr, x: sp.Symbol) -> sp.Expr:
    """Arithmetic carries a NaN through a whole row, choices do not."""
    chooses = expression.has(sp.Piecewise, first_max)
    return spread_nan(expression, x) if chooses else expression


def _gated(term: sp.Expr) -> sp.Expr:
    """value times a function of the gate: the function's own tails are settled."""
    others, of_gate = term.as_independent(GATE, as_Add=False)
    return others * _settle(of_gate, GATE) if of_gate.free_symbols == {GATE} else term


def _settle(expression: sp.Expr, x: sp.Symbol) -> sp.Expr:
    if x not in expression.free_symbols:
        return expression
    expression = expression.replace(sp.Piecewise, lambda *pieces: _let_nan_through(pieces, x))
    values = _typical(expression, x)
    low, high = (_side(expression, x, values, sign) for sign in (-1, 1))
    if low is sp.nan and high is sp.nan and np.isnan(_try(expression, x, values, np.nan)):
        return expression
    return tails(expression, x, low, high)


def _let_nan_through(pieces: tuple[Any, ...], x: sp.Symbol) -> sp.Expr:
    """Of two pieces the one that holds x is put last: a NaN satisfies no condition and ends there."""
    if len(pieces) == 2:
        (first, condition), (last, _) = pieces
        if condition.is_Relational and x in first.free_symbols and x not in last.free_symbols:
            return sp.Piecewise((last, sp.Not(condition)), (first, True))
    return sp.Piecewise(*pieces)


def _typical(expression: sp.Expr, x: sp.Symbol) -> dict[str, float]:
    others = sorted(expression.free_symbols - {x}, key=str)
    return {symbol.name: 0.75 for symbol in others}


def _side(expression: sp.Expr, x: sp.Symbol, values: dict[str, float], sign: int) -> Any:
    """The limit on one side; NaN if there is none or the expression needs no help to reach it."""
    wanted = reference.limit(expression, x, values, sign)
    tried = [_try(expression, x, values, sign * size) for size in (*_HUGE, np.inf)]
    if np.isnan(wanted) or (not np.isnan(tried).any() and tried[-1] == wanted):
        return sp.nan
    return _number(wanted)


def _number(value: float) -> Any:
    return sp.Float(value) if np.isfinite(value) else sp.oo * int(np.sign(value))


def _try(expression: sp.Expr, x: sp.Symbol, values: dict[str, float], at: float) -> float:
    function = _trial(expression, (x, *sorted(expression.free_symbols - {x}, key=str)))
    others = [np.float64(values[s.name]) for s in sorted(expression.free_symbols - {x}, key=str)]
    with np.errstate(all="ignore"):
        return float(function(np.float64(at), *others))


@cache
def _trial(expression: sp.Expr, arguments: tuple[sp.Symbol, ...]) -> Any:
    from rheobase.kernels.numpy_operations import OPERATIONS

    return sp.lambdify(arguments, expression, modules=[dict(OPERATIONS), "numpy"])
