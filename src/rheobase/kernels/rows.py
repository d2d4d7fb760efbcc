"""Softmax and its kin, forward and backward, as passes over a row.

A pass goes over the vectors of a row; between passes stands what is computed once per row. The largest
element is found first and taken off before exponentials are formed. A row of -∞ alone has no weights.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import NamedTuple

from rheobase.kernels.language import BIASED32, ROUND, Scalar, inf, two_to, where
from rheobase.kernels.wide import exp, log1p


class Fold(NamedTuple):
    """`name` is what all lanes' `of` come to, together: their "sum" or the "largest"."""

    name: str
    how: str
    of: str


class Pass(NamedTuple):
    """`before` the vectors of a row, for `each` of them, and `after` them; `writes` names what goes into the output.

    Between the vectors and what is `after` them stand the `folds`, over the lanes of what was gathered for each lane.
    What a pass that `keeps` writes is read again by the next, under the same name, if the output has room for
    its digits; if not, the statements for each vector are run again.
    """

    before: tuple[str, ...] = ()
    each: tuple[str, ...] = ()
    folds: tuple[Fold, ...] = ()
    after: tuple[str, ...] = ()
    writes: str = ""
    keeps: bool = False

    @property
    def statements(self) -> tuple[str, ...]:
        """All of its text."""
        return (*self.before, *self.each, *(fold.of for fold in self.folds), *self.after)


class Row(NamedTuple):
    """Passes, and the inputs by name, each with what fills up its last vector and changes nothing.

    Sums that may be negative start at -0.0, and are filled up with it: added to any number, it leaves even a 0's sign.
    """

    inputs: tuple[tuple[str, str], ...]
    passes: tuple[Pass, ...]


def centred(x: Scalar, top: Scalar) -> Scalar:
    """x - top, 0 for equal infinities."""
    return where(x == top, 0.0, x - top)


def weight(x: Scalar, top: Scalar) -> Scalar:
    """e^(x - top)."""
    return exp(centred(x, top))


def finite_low(top: Scalar) -> Scalar:
    """The largest element as it is taken off: for a row of -∞ alone, 0, which leaves them what they are."""
    return where(top == -inf, 0.0, top)


def never_zero(total: Scalar) -> Scalar:
    """The sum of the weights; 1 if there is none."""
    return where(total == 0.0, 1.0, total)


def log_total(others: Scalar, ties: Scalar) -> Scalar:
    """ln Σ e^(x - top), of which `ties` terms are 1 and the others are summed."""
    return log1p(others + where(ties == 0.0, 0.0, ties - 1.0))


def unit_weight(rest: Scalar, origin: Scalar) -> Scalar:
    """What float32's weights are to be divided by, if that of the largest element is to be 1."""
    return exp(rest) * two_to(origin - BIASED32 + ROUND)


def names(statements: Iterable[str]) -> set[str]:
    """All names in statements."""
    return {node.id for text in statements for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


LARGEST = Pass(
    before=("tops = every(-inf)",),
    each=("tops = larger(x, tops)",),
    folds=(Fold("highest", "largest", "tops"),),
    after=("top = finite_low(highest)",),
)

SOFTMAX = Row(
    inputs=(("x", "-inf"),),
    passes=(
        LARGEST,
        Pass(
            before=("sums = every(0.0)",),
            each=("e = weight(x, top)", "sums = sums + e"),
            folds=(Fold("summed", "sum", "sums"),),
            after=("total = never_zero(summed)",),
            writes="e",
            keeps=True,
        ),
        Pass(each=("y = e / total",), writes="y"),
    ),
)

LOG_SOFTMAX = Row(
    inputs=(("x", "-inf"),),
    passes=(
        LARGEST,
        Pass(
            before=("others = every(0.0)", "ties = every(0.0)"),
            each=(
                "others = others + where(x == top, 0.0, weight(x, top))",
                "ties = ties + where(x == top, 1.0, 0.0)",
            ),
            folds=(Fold("rest", "sum", "others"), Fold("top_count", "sum", "ties")),
            after=("log_sum = log_total(rest, top_count)",),
        ),
        Pass(each=("y = centred(x, top) - log_sum",), writes="y"),
    ),
)

SOFTMAX_BACKWARD = Row(
    inputs=(("y", "0.0"), ("g", "-0.0")),
    passes=(
        Pass(before=("dots = every(-0.0)",), each=("dots = fma(y, g, dots)",), folds=(Fold("dot", "sum", "dots"),)),
        Pass(each=("dx = y * (g - dot)",), writes="dx"),
    ),
)

LOG_SOFTMAX_BACKWARD = Row(
    inputs=(("y", "0.0"), ("g", "-0.0")),
    passes=(
        Pass(before=("sums = every(-0.0)",), each=("sums = sums + g",), folds=(Fold("total", "sum", "sums"),)),
        Pass(each=("dx = g - exp(y) * total",), writes="dx"),
    ),
)


def mirrored(row: Row) -> Row:
    """The same of -x: forward, what is read changes sign; backward, what is written."""
    if row.inputs[0][0] != "x":
        *first, last = row.passes
        return row._replace(passes=(*first, last._replace(each=(*last.each, f"{last.writes} = -{last.writes}"))))
    flipped = tuple(p._replace(each=("x = -x", *p.each)) if "x" in names(p.each) else p for p in row.passes)
    return row._replace(inputs=(("x", "inf"),), passes=flipped)


#: By name, forward and backward; the backward ones read the output and the upstream gradient.
ROWS = {
    "softmax": (SOFTMAX, SOFTMAX_BACKWARD),
    "log_softmax": (LOG_SOFTMAX, LOG_SOFTMAX_BACKWARD),
    "softmin": (mirrored(SOFTMAX), mirrored(SOFTMAX_BACKWARD)),
}
