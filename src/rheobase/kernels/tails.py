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
from rheobase.algebra.program import Program, settled

#: Magnitudes at which intermediates overflow float64: directly, squared, cubed, to the fifth.
_HUGE = (1e13, 1e31, 1e62, 1e78, 1e103, 1e155, float(np.finfo(np.float64).max))


class tails(sp.Function):
    """tails(core, x, low, high): core, with the limits low and high at ∓∞ and where core overflowed to
    NaN on the way there; NaN stays NaN. A side whose limit is NaN is left to the core."""

    nargs = 4


@cache
def settle(program: Program) -> Program:
    """`program` with the tails of its expression, and of every marked derivative in it, settled."""
    x = program.arguments[0]
    expression = program.expression
    if program.is_row or len([a for a in program.arguments if a.name in ("value", "gate")]) == 2:
        return Program(program.arguments, expression.replace(settled, lambda inner: inner))
    if expression.has(settled):
        return Program(program.arguments, expression.replace(settled, lambda inner: _settle(inner, x)))
    return Program(program.arguments, _settle(expression, x))


def _settle(expression: sp.Expr, x: sp.Symbol) -> sp.Expr:
    if x not in expression.free_symbols:
        return expression
    values = _typical(expression, x)
    low, high = (_side(expression, x, values, sign) for sign in (-1, 1))
    if low is sp.nan and high is sp.nan and np.isnan(_try(expression, x, values, np.nan)):
        return expression
    return tails(expression, x, low, high)


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
