"""Functions whose slope takes two values: one bit per element is all that backward needs.

Found from the derivative that the definition yields, whatever the conditions say: relu, the clipped and the leaky
ones, shrinkage, and users' own that are made of straight lines.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import sympy as sp

from rheobase.algebra.parse import symbol
from rheobase.algebra.program import Program


class TwoSlopes(NamedTuple):
    """The slope in two steps: which of two values it is, told by the input, and the values, told by the parameters."""

    #: 1 where the slope has the first value, 0 where it has the second; over the function's arguments.
    which: Program
    #: Upstream gradient × slope; over that mark, the parameters and the upstream gradient.
    pull: Program
    #: Both.
    values: frozenset[sp.Expr]


@cache
def two_slopes(program: Program) -> TwoSlopes | None:
    """The two slopes of an elementwise program by its first argument; None if it has not just two."""
    x, *parameters = program.arguments
    slope = None if program.is_row else sp.piecewise_fold(program.partial(0).expression)
    if not isinstance(slope, sp.Piecewise):
        return None
    values = list(dict.fromkeys(value for value, _ in slope.args))
    if len(values) != 2 or any(x in value.free_symbols for value in values):
        return None
    first, second = values
    which = sp.Piecewise(*[(sp.Integer(value == first), condition) for value, condition in slope.args])
    mark, upstream = symbol("mark"), symbol("upstream")
    pull = upstream * sp.Piecewise((first, mark > 0), (second, True))
    return TwoSlopes(Program((x, *parameters), which), Program((mark, *parameters, upstream), pull), frozenset(values))
