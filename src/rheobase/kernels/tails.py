"""Settling tails: what an expression yields at ±∞, at NaN, and where an intermediate overflows.

x·σ(x) is -∞·0 = NaN at -∞, where its limit is 0. Which expressions need help is found by trying
them in float64; what they should yield there is found by the reference, not typed in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from rheobase.algebra import reference
from rheobase.algebra.functions import first_max, plain
from rheobase.algebra.parse import symbol
from rheobase.algebra.program import Program, settled
from rheobase.kernels.emit import compiled, source
from rheobase.kernels.numpy_operations import OPERATIONS

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
    low, high = (_side(expression, x, sign) for sign in (-1, 1))
    if low is sp.nan and high is sp.nan and np.isnan(_try(expression, x, _samples(expression, x)[0], np.nan)):
        return expression
    return tails(expression, x, low, high)


def _let_nan_through(pieces: tuple[Any, ...], x: sp.Symbol) -> sp.Expr:
    """Of two pieces the one that holds x is put last: a NaN satisfies no condition and ends there."""
    if len(pieces) == 2:
        (first, condition), (last, _) = pieces
        if condition.is_Relational and x in first.free_symbols and x not in last.free_symbols:
            return sp.Piecewise((last, sp.Not(condition)), (first, True))
    return sp.Piecewise(*pieces)


def _side(expression: sp.Expr, x: sp.Symbol, sign: int) -> Any:
    """The limit on one side; NaN if there is none or the expression needs no help to reach it."""
    samples = _samples(expression, x)
    limits = [reference.limit(expression, x, values, sign) for values in samples]
    reached = [_reaches(expression, x, *sample, sign) for sample in zip(samples, limits, strict=True)]
    if all(reached) or np.isnan(limits).any():
        return sp.nan
    if len(set(limits)) == 1:
        return sp.Float(limits[0]) if np.isfinite(limits[0]) else sp.oo * int(np.sign(limits[0]))
    if not np.isfinite(limits).all():
        return sp.nan
    return _limit_in_parameters(expression, x, samples, limits, sign)


def _samples(expression: sp.Expr, x: sp.Symbol) -> list[dict[str, float]]:
    """Parameter values to try: a limit that they do not change holds for all."""
    others = sorted(expression.free_symbols - {x}, key=str)
    shifts = (0.0, 0.25, 1.5) if others else (0.0,)
    return [{s.name: 0.75 + shift * (1 + 0.5 * k) for k, s in enumerate(others)} for shift in shifts]


def _reaches(expression: sp.Expr, x: sp.Symbol, values: dict[str, float], wanted: float, sign: int) -> bool:
    tried = [_try(expression, x, values, sign * size) for size in (*_HUGE, np.inf)]
    return not np.isnan(tried).any() and tried[-1] == wanted


def _limit_in_parameters(
    expression: sp.Expr, x: sp.Symbol, samples: list[dict[str, float]], limits: list[float], sign: int
) -> sp.Expr:
    """The limit as a formula in positive parameters, if SymPy finds one that has the numbers found before."""
    positive = {s: sp.Symbol(s.name, positive=True) for s in expression.free_symbols - {x}}
    far_out = plain(_last_pieces(expression, {x.name: sign * 1e60, **samples[0]}))
    try:
        found = sp.limit(far_out.xreplace(positive), x, sign * sp.oo)
    except (NotImplementedError, TypeError, ValueError):  # how SymPy says that it cannot find the limit
        return sp.nan
    found = sp.sympify(found).xreplace({known: s for s, known in positive.items()})
    for values, wanted in zip(samples, limits, strict=True):
        value = found.subs({symbol(name): number for name, number in values.items()})
        if not value.is_number or abs(float(value) - wanted) > 1e-9 * max(1.0, abs(wanted)):
            return sp.nan
    return found


def _last_pieces(expression: sp.Expr, at: dict[str, float]) -> sp.Expr:
    """`expression` with the pieces that hold there alone."""
    values = {symbol(name): value for name, value in at.items()}

    def holding(*pieces: Any) -> sp.Expr:
        return next(value for value, condition in pieces if condition.subs(values) == sp.true)

    return expression.replace(sp.Piecewise, holding)


def _try(expression: sp.Expr, x: sp.Symbol, values: dict[str, float], at: float) -> float:
    others = sorted(expression.free_symbols - {x}, key=str)
    function = _trial(Program((x, *others), expression))
    with np.errstate(all="ignore"):
        return float(function(np.float64(at), *(np.float64(values[s.name]) for s in others)))


@cache
def _trial(program: Program) -> Callable[..., Any]:
    """The very code that would be emitted for NumPy."""
    return compiled(source(program), OPERATIONS, "<trial>")
