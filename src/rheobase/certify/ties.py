"""Results that lie too near a tie for float64 to tell which way they should be rounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mpmath as mp
import numpy as np

from rheobase.activation import Activation
from rheobase.algebra import reference
from rheobase.algebra.formula import argument_names, paper_at_rest
from rheobase.algebra.parse import symbol
from rheobase.certify.contestants import Computation
from rheobase.certify.inputs import Format

Array = Any

#: Results that the oracle is asked about; each takes a fraction of a millisecond.
ASKED = 500_000
#: Below, the third term of a power series is 2¹⁰⁰ times smaller than the second.
TINY = 2.0**-100


def exact(function: Activation, x: float, order: int) -> Any:
    """The paper's formula or its derivative at a finite `x`, as an mpmath number, with the defaults as meant."""
    definition = function.definition
    names = [n for n in argument_names(definition) if definition.noise is None or n != definition.noise.name]
    arguments = tuple(symbol(name) for name in names)
    with mp.workdps(reference.DIGITS):
        defaults = {p.name: mp.mpf(p.meant.numerator) / p.meant.denominator for p in definition.parameters}
    return reference.evaluate(paper_at_rest(definition), arguments, {"x": x, **defaults}, order)


def error(form: Format, got: float, wanted: Any) -> float:
    """|got - wanted| in ULP of the format, where infinity stands for all from where the next number would be."""
    beyond = mp.mpf(2) ** (2 - form.emin)
    wanted = max(-beyond, min(beyond, wanted))
    power = form.emin if wanted == 0 else min(max(mp.frexp(wanted)[1] - 1, form.emin), 1 - form.emin)
    got = max(-beyond, min(beyond, mp.mpf(got)))
    return float(abs(got - wanted) / mp.mpf(2) ** (power - form.precision + 1))


def judged(
    undecided: Sequence[float], function: Activation, order: int, form: Format, compute: Computation
) -> tuple[int, int]:
    """How many of the undecided results are misrounded, and how many nobody can tell."""
    x = np.array(undecided)
    tiny = np.abs(x) < TINY
    series = [_by_series(side, function, order, form, compute) for side in (x[tiny & (x > 0)], x[tiny & (x < 0)])]
    rest = np.concatenate([x[~tiny], *(side for _, side in series)])
    asked = rest[:ASKED]
    got = _results(asked, form, compute)
    wrong = sum(error(form, y, exact(function, at, order)) > 0.5 for at, y in zip(asked.tolist(), got, strict=True))
    return wrong + sum(count for count, _ in series), len(rest) - len(asked)


def _by_series(side: Array, function: Activation, order: int, form: Format, compute: Computation) -> tuple[int, Array]:
    """Tiny inputs of one sign: how many results are misrounded by the first two terms of the power series, and
    what these do not decide.

    There are millions of them where the slope at 0 is ½: every odd subnormal number. The first term then is a tie,
    exact in float64, and the sign of the second breaks it.
    """
    if len(side) == 0:
        return 0, side
    near = float(np.copysign(TINY / 1024, side[0]))
    value, slope, bend = (exact(function, near, order + k) for k in range(3))
    first = float(slope)
    is_power_of_two = first != 0 and mp.frexp(abs(first))[0] == 0.5
    if not is_power_of_two or abs(value - first * near) > abs(value) * TINY**0.5:
        return 0, side
    # no more bits than the term has itself: bfloat16 comes by way of float32, which must not round them away
    term, little = first * side, 2.0 ** -(form.precision + 2)
    with np.errstate(under="ignore"):
        right = (term + int(mp.sign(bend)) * np.abs(term) * little).astype(form.dtype)
    return int((_results(side, form, compute) != right).sum()), side[:0]


def _results(x: Array, form: Format, compute: Computation) -> Array:
    """What is computed at x, as float64."""
    with np.errstate(all="ignore"):
        return compute(x.astype(form.dtype)).astype(np.float64) if len(x) else np.empty(0)
