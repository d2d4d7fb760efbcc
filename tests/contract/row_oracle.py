"""The paper's formulas of whole rows and of gated pairs, evaluated to hundreds of digits by mpmath."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import mpmath as mp
import numpy as np

from rheobase.algebra.formula import argument_names, paper
from rheobase.algebra.functions import plain
from rheobase.algebra.parse import symbol
from rheobase.algebra.program import Program
from rheobase.algebra.reference import DIGITS
from rheobase.definition import Definition
from rheobase.kernels.build import build

#: A step so small that a central difference has more than 100 correct digits.
STEP = mp.mpf(10) ** -120


def _each(function: Callable[..., Any]) -> Callable[..., Any]:
    return np.frompyfunc(function, 1, 1)


def _threshold(x: Any, axis: int) -> Any:
    ordered = sorted(x, reverse=True)
    sums = np.cumsum(np.array(ordered, dtype=object))
    return max((total - 1) / k for k, total in enumerate(sums, start=1))


def _first_max(x: Any, axis: int) -> Any:
    return np.array([mp.mpf(i == list(x).index(max(x))) for i in range(len(x))], dtype=object)


#: One row is a vector of mpmath numbers; choices and sums need no more than this.
OPERATIONS: dict[str, Callable[..., Any]] = {
    "exp": _each(mp.exp), "log": _each(mp.log), "sqrt": _each(mp.sqrt),
    "sum": lambda x, axis: sum(x), "max": lambda x, axis: max(x),
    "where": np.where, "simplex_threshold": _threshold, "first_max": _first_max,
    "spread_nan": lambda core, x, axis: core,
}  # fmt: skip


@cache
def _function(definition: Definition) -> Callable[..., Any]:
    arguments = tuple(symbol(name) for name in argument_names(definition))
    return build(Program(arguments, plain(paper(definition))), OPERATIONS, "mpmath")


def values(definition: Definition, row: Sequence[Any], *others: Any) -> Any:
    """The function of one row, as mpmath numbers."""
    with mp.workdps(DIGITS):
        return np.atleast_1d(_function(definition)(np.array([mp.mpf(v) for v in row], dtype=object), *others, 0))


def jacobian(definition: Definition, row: Sequence[float]) -> Any:
    """∂yᵢ/∂xⱼ of one row by central differences."""
    with mp.workdps(DIGITS):
        columns = []
        for j in range(len(row)):
            up, down = ([mp.mpf(v) + sign * STEP * (i == j) for i, v in enumerate(row)] for sign in (1, -1))
            columns.append((values(definition, up) - values(definition, down)) / (2 * STEP))
        return np.stack(columns, axis=-1)
