"""Which way functions bend at a zero at 0: it decides how results are rounded there.

Where the slope at 0 is 1/2, the first term of the power series lies half-way between two numbers for every odd
subnormal input. The second is 2¹⁰⁰ times smaller, too small for float64 to hold beside it, and its sign breaks the tie.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy as sp

from rheobase.algebra.functions import plain
from rheobase.algebra.parse import symbol
from rheobase.algebra.program import Program
from rheobase.definition import Definition

#: So near 0 that no piece ends between.
_NEAR = sp.Rational(1, 2**200)


@cache
def bends(definition: Definition, program: Program, path: tuple[int, ...]) -> tuple[int, int]:
    """The sign of the curvature of the derivative of `program` along `path`, on the left and the right of a zero at 0.

    0 where there is no zero, no curvature, or where parameters of the definition decide.

    >>> import rheobase as rb
    >>> from rheobase.algebra.formula import program
    >>> bends(rb.silu.definition, program(rb.silu.definition), ())
    (1, 1)
    """
    for index in path:
        program = program.partial(index)
    x = program.arguments[0]
    if plain(program.expression).subs(x, 0) != 0:
        return 0, 0
    curvature = plain(program.partial(0).partial(0).expression).xreplace(_positive(definition))
    signs = [sp.sign(_beside(curvature, x, side).subs(x, 0)) for side in (-1, 1)]
    below, above = (int(sign) if sign.is_Integer else 0 for sign in signs)
    return below, above


def _positive(definition: Definition) -> dict[sp.Symbol, sp.Symbol]:
    """The parameters that are positive by their domains, as symbols that say so."""
    domains = {p.name: p.domain for p in definition.parameters}
    names = [name for name, domain in domains.items() if domain.low >= 0 and not domain.contains(0.0)]
    return {symbol(name): sp.Symbol(name, positive=True) for name in names}


def _beside(expression: sp.Expr, x: sp.Symbol, side: int) -> sp.Expr:
    """`expression` with the pieces that hold next to 0 on one side."""

    def holding(*pieces: Any) -> sp.Expr:
        return sp.Piecewise(*[(value, condition.subs(x, side * _NEAR)) for value, condition in pieces])

    return expression.replace(sp.Piecewise, holding)
