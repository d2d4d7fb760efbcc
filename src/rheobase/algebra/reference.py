"""The oracle: the paper's formula and its derivatives, evaluated to hundreds of digits by mpmath.

Independent of how functions are computed: the paper's formula, SymPy's own derivative of it, and
so many digits that no cancellation or underflow in between can reach the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
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

    Found by evaluation at 10⁴⁰ … 10⁶⁰, and where it still moves there between 10⁹ and 10⁷²: what
    moves one way and never slower grows without bound, however slowly; the rest swings.
    """
    arguments = (argument, *sorted(expression.free_symbols - {argument}, key=str))

    def at(power: int) -> Any:
        return evaluate(expression, arguments, {**values, argument.name: sign * mp.mpf(10) ** power})

    far = [at(power) for power in (40, 47, 53, 60)]
    if any(mp.isnan(value) for value in far):
        return float("nan")
    if abs(far[-1]) < abs(far[0]) < mp.mpf(10) ** -15:
        return 0.0
    if max(far) - min(far) < mp.mpf(10) ** -18:
        return float(far[-1])
    return _unbounded(at, float(mp.sign(far[-1] - far[0])))


def _unbounded(at: Callable[[int], Any], way: float) -> float:
    """way·∞ if the values at powers of ten all go that way, in no smaller steps where the exponent doubles."""
    value = {power: way * at(power) for power in (9, 12, 18, 24, 30, 36, 40, 47, 53, 60, 66, 72)}
    rises = all(later > earlier for earlier, later in pairwise(value.values()))
    steps = [value[2 * power] - value[power] for power in (9, 18, 36)]
    steady = all(later > 0.99 * earlier for earlier, later in pairwise(steps))
    return way * float("inf") if rises and steady else float("nan")
