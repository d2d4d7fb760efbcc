"""The logistic function 1/(1 + e⁻ˣ), and what is made of it: tanh, silu, and their slopes.

With x = k·ln 2 + r it is 2ᵏ/(2ᵏ + e⁻ʳ): a quotient that neither overflows nor loses digits on either side.
"""

from __future__ import annotations

from rheobase.kernels.fast.exponential_series import EXP_TAIL, TANH_DEFICIT
from rheobase.kernels.fast.exponentials import EXP, LIFTED, LN2_HIGH, LN2_LOW, LOG2_E, LOWER, VANISHED, remainder
from rheobase.kernels.language import ROUND32, Scalar, fma, horner, two_to, where
from rheobase.kernels.pairs import fast_two_sum, reciprocal_pair, two_product

#: 1 plus less is 1.
UNSEEN_BY_ONE = 2.0**-23
#: The logistic function rounds to 1 above.
SATURATED = 18.0
#: eˣ times 4, and times x, rounds to 0 below.
PRODUCT_VANISHED = -110.0
#: tanh is an odd polynomial below, and rounds to 1 above.
TANH_JOINT, TANH_SATURATED = 1.0, 10.0


def logistic_terms(x: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """e⁻ʳ - 1, 2ᵏ and t = k + LIFTED, for x = k·LN2_HIGH + r: 1/(1 + e⁻ˣ) but for what k·LN2_LOW adds to r."""
    t = fma(x, LOG2_E, LIFTED)
    minus_r = fma(t - LIFTED, LN2_HIGH, -x)
    return fma(minus_r * minus_r, horner(minus_r, EXP_TAIL), minus_r), two_to(t) * LOWER, t


def logistic_pair(x: Scalar) -> tuple[Scalar, Scalar, Scalar, Scalar]:
    """y, c, 2ᵏ and t with 1/(1 + e⁻ˣ) = (y + y·(c - k·LN2_LOW))·2ᵏ and t = k + LIFTED, for -150 ≤ x ≤ 21.

    Above 16 the sum may lose a unit of 2²⁴, which products with a large x bear.
    """
    change, power, t = logistic_terms(x)
    total, rest = fast_two_sum(1.0 + power, change)
    # there 1 + 2ᵏ has lost 2ᵏ
    y, c = reciprocal_pair(total, where(power < UNSEEN_BY_ONE, rest + power, rest))
    return y, c, power, t


def with_ln2_low(c: Scalar, t: Scalar) -> Scalar:
    """c - k·LN2_LOW for k < 0; for k > 0 it no longer counts, next to 2ᵏ."""
    k = t - LIFTED
    return fma(where(k > 0.0, 0.0, k), -LN2_LOW, c)


def sigmoid(x: Scalar) -> Scalar:
    """1/(1 + e⁻ˣ), within 0.88 ULP."""
    x = where(x < VANISHED, VANISHED, x)
    change, power, t = logistic_terms(where(x > SATURATED, SATURATED, x))
    plus_one = 1.0 + power
    total, rest = fast_two_sum(plus_one, change)
    y, c = reciprocal_pair(total, rest + (power - (plus_one - 1.0)))
    return fma(y, with_ln2_low(c, t), y) * power


def logistic_slope(x: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """s, 2ᵏ and t, where s·2ᵏ is the slope of the logistic function at x ≤ 0."""
    y, c, power, t = logistic_pair(x)
    c = fma(t - LIFTED, -LN2_LOW, c)
    value = power * y
    slope = fma(-value, y, y)
    rest = y - slope
    return slope + fma(c, slope - rest, fma(-value, y, rest)), power, t


def sigmoid_slope(x: Scalar) -> Scalar:
    """e⁻ˣ/(1 + e⁻ˣ)², within 0.88 ULP."""
    x = -abs(x)
    s, power, _ = logistic_slope(where(x < VANISHED, VANISHED, x))
    return s * power


def tanh(x: Scalar) -> Scalar:
    """An odd polynomial up to 1, beyond it 1 - 2/(e²ˣ + 1); within 0.96 ULP."""
    square = x * x
    inner = fma(-x * square, horner(square, TANH_DEFICIT), x)
    # -0 with 0 added has lost its sign
    inner = where(x == 0.0, x, inner)
    size = abs(x)
    r, t = remainder(2.0 * where(size > TANH_SATURATED, TANH_SATURATED, size), ROUND32)
    outer = 1.0 - 2.0 / fma(horner(r, EXP), two_to(t), 1.0)
    return where(size < TANH_JOINT, inner, where(x < 0.0, -outer, outer))


def tanh_slope(x: Scalar) -> Scalar:
    """1 - tanh², as four times the logistic function's slope at 2x; within 0.89 ULP."""
    x = -2.0 * abs(x)
    s, _, t = logistic_slope(where(x < PRODUCT_VANISHED, PRODUCT_VANISHED, x))
    return s * two_to(t) * (4.0 * LOWER)


def silu(x: Scalar) -> Scalar:
    """x/(1 + e⁻ˣ), within 0.96 ULP."""
    bounded = where(x < PRODUCT_VANISHED, PRODUCT_VANISHED, x)
    y, c, _, t = logistic_pair(bounded)
    product = bounded * y
    # a zero subtracted leaves -0 as it is
    product = product - fma(-product, with_ln2_low(c, t), fma(-bounded, y, product))
    return where(x > SATURATED, x, product * two_to(t) * LOWER)


def silu_slope(x: Scalar) -> Scalar:
    """σ(x)·(1 + x·σ(-x)) for x < 0, where σ is the logistic function, and 1 less the same at -x for x ≥ 0.

    Within 0.95 ULP, or within 2⁻²⁶ of it where |x + 1.28| < 0.3: there it has a zero.
    """
    size = abs(x)
    size = where(size > -PRODUCT_VANISHED, -PRODUCT_VANISHED, size)
    y, c, power, t = logistic_pair(-size)
    c = fma(t - LIFTED, -LN2_LOW, c)
    value = power * y
    less = 1.0 - size
    factor = fma(size, value, less)
    rest = fma(size, value, less - factor) + ((1.0 - less) - size)
    slope, slope_rest = two_product(y, factor)
    slope = slope + fma(y, fma(c, fma(size, value, factor), rest), slope_rest)
    slope = slope * two_to(t) * LOWER
    return where(x < 0.0, slope, 1.0 - slope)
