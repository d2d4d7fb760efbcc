"""The language kernels are written in: straight-line Python over these few operations.

What stands here is their meaning on Python floats, exact and slow. Each target binds the same names
to its own: array libraries to their functions, compilers to instructions. A kernel has no branch
(`where` selects), no loop (`horner` and `pick` are written out), and calls nothing but these and other kernels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

#: A number in a kernel's precision; for array libraries, an array of them.
Scalar = Any

#: Adding it to a float64 below 2⁵¹ leaves the nearest whole number in the last bits.
ROUND = 1.5 * 2.0**52
#: The same in float32, below 2²².
ROUND32 = 1.5 * 2.0**23
#: The same, with what float32's exponents are stored larger by.
BIASED32 = ROUND32 + 127.0

inf = math.inf
exp, expm1, log, log1p, sqrt, tanh, hypot, sin, cos = (
    math.exp, math.expm1, math.log, math.log1p, math.sqrt, math.tanh, math.hypot, math.sin, math.cos,
)  # fmt: skip
#: ln(1 + x) where 0 ≤ x ≤ 1, which takes less than the whole range.
log1p_unit = math.log1p


def fma(a: Scalar, b: Scalar, c: Scalar) -> Scalar:
    """a·b + c, rounded once."""
    if not all(map(math.isfinite, (a, b, c))):
        return a * b + c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    return float(exact) if exact else a * b + c


def where(condition: Any, yes: Scalar, no: Scalar) -> Scalar:
    """`yes` where the condition holds, else `no`; both are computed."""
    return yes if condition else no


def horner(x: Scalar, coefficients: Sequence[float]) -> Scalar:
    """Σ coefficients[k]·xᵏ, the highest power first."""
    total = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        total = fma(total, x, coefficient)
    return total


def pick(k: Scalar, table: Sequence[float]) -> Scalar:
    """The number at place k of a table, k whole; the last beyond its end. Written out as selects."""
    return table[min(int(k), len(table) - 1)] if math.isfinite(k) else table[-1]


def two_to(t: Scalar) -> Scalar:
    """2ᵏ for t = k + ROUND (float32: ROUND32), k whole and 2ᵏ a normal number."""
    return math.ldexp(1.0, int(t - ROUND))


def two_to_biased(t: Scalar) -> Scalar:
    """2ᵏ for t = k + BIASED32 in float32, k whole and 2ᵏ a normal number: one addition less than `two_to`."""
    return math.ldexp(1.0, int(t - BIASED32))


def exponent(x: Scalar) -> Scalar:
    """k for a normal x with 2ᵏ ≤ |x| < 2ᵏ⁺¹."""
    return float(math.frexp(x)[1] - 1)


def nearest(x: Scalar) -> Scalar:
    """The whole number nearest to x, ties to even."""
    return float(round(x)) if math.isfinite(x) else x
