"""The oracle: the paper's formula and its derivatives, evaluated to hundreds of digits by mpmath.

Independent of how functions are computed: the paper's formula, SymPy's own derivative of it, and
so many digits that no cancellation or underflow in between can reach the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import mpmath as mp
import sympy as sp

from rheobase.algebra.functions import plain

#: Enough for x² + 1 to keep its last term with 60 digits to spare, whatever the float64 x.
DIGITS = 700


@cache
def derivative(expression: sp.Expr, argument: sp.Symbol, order: int) -> sp.Expr:
    """The `order`-th derivative of `expression` in SymPy's own vocabulary."""
    return plain(expression).diff(argument, order) if order else plain(expression)


@cache
def _compiled(expression: sp.Expr, arguments: tuple[sp.Symbol, ...]) -> Callable[..., Any]:
    return sp.lambdify(arguments, expression, modules="mpmath")


def evaluate(
    expression: sp.Expr,
    arguments: tuple[sp.Symbol, ...],
    values: Mapping[str, float | Any],
    order: int = 0,
    by: int = 0,
) -> Any:
    """`expression` (or its derivative by argument number `by`) at `values`, as an mpmath number."""
    function = _compiled(derivative(expression, arguments[by], order), arguments)
    with mp.workdps(DIGITS):
        value = function(*[mp.mpf(values[a.name]) for a in arguments])
        # outside the formula's domain mpmath answers with a complex number, floating point with NaN
        return mp.nan if isinstance(value, mp.mpc) else mp.mpf(value)


def limit(expression: sp.Expr, argument: sp.Symbol, values: Mapping[str, float], sign: int) -> float:
    """The limit for argument → sign·∞ with the other symbols at `values`; NaN if there is none.

    Found by evaluation at 10⁴⁰ … 10⁶⁰: what still moves there grows without bound or swings.
    """
    others = tuple(sorted(expression.free_symbols - {argument}, key=str))
    arguments = (argument, *others)
    far = [evaluate(expression, arguments, {**values, argument.name: sign * mp.mpf(10) ** k}) for k in (40, 47, 53, 60)]
    if any(mp.isnan(value) for value in far):
        return float("nan")
    if all(abs(value) > mp.mpf(10) ** 15 for value in far) and len({mp.sign(v) for v in far}) == 1:
        return float(mp.sign(far[0]) * mp.inf)
    if abs(far[-1]) < abs(far[0]) < mp.mpf(10) ** -15:
        return 0.0
    spread = max(far) - min(far)
    return float(far[-1]) if spread < mp.mpf(10) ** -18 else float("nan")
