"""mish, x·tanh(log(1 + eˣ)), and its slope, in float32.

tanh(log(1 + eˣ)) is n/(n + 2) with n = eˣ(eˣ + 2). In h = eˣ/2 for x < 0, and h = e⁻ˣ for x ≥ 0, it is a quotient
without cancellation or overflow: with D = 1 + 2h + 2h², 2h(1 + h)/D for x < 0 and (1 + 2h)/D for x ≥ 0.
"""

from __future__ import annotations

from rheobase.kernels.fast.exponentials import LIFTED, LOWER, exp_pair
from rheobase.kernels.language import Scalar, fma, two_to, where
from rheobase.kernels.pairs import fast_two_sum, pair_product, reciprocal_pair, two_product, two_sum

#: mish and its slope round to 0 below.
VANISHED = -110.0


def one_plus(h: Scalar, rest: Scalar) -> tuple[Scalar, Scalar]:
    """1 + h + rest in two parts, for 0 ≤ h ≤ 2."""
    total, lost = fast_two_sum(1.0, h)
    return total, lost + rest


def one_over(h: Scalar, rest: Scalar) -> tuple[Scalar, Scalar]:
    """y and a small c with 1/D = y + y·c, for D at h + rest."""
    linear, lost = one_plus(2.0 * h, 2.0 * rest)
    high = fma(2.0 * h, h, linear)
    low = fma(4.0 * h, rest, lost) + fma(2.0 * h, h, linear - high)
    return reciprocal_pair(high, low)


def divided(high: Scalar, low: Scalar, y: Scalar, c: Scalar) -> tuple[Scalar, Scalar]:
    """(high + low)·(y + y·c) in two parts."""
    q, rest = two_product(high, y)
    return q, rest + fma(q, c, low * y)


def mish_terms(t: Scalar, negative: Scalar) -> tuple[Scalar, Scalar, Scalar, Scalar, Scalar]:
    """high, low and 2ᵏ⁺⁹⁶ with e⁻ᵗ = (high + low)·2ᵏ, and h in two parts, for t = |x|."""
    high, low, k = exp_pair(-t, LIFTED)
    high, low = fast_two_sum(high, low)
    power = two_to(k)
    scale = power * where(negative, 0.5 * LOWER, LOWER)
    return high, low, power, high * scale, low * scale


def mish(x: Scalar) -> Scalar:
    """x·tanh(log(1 + eˣ)), within 0.83 ULP."""
    x = where(x < VANISHED, VANISHED, x)
    bounded = where(x > -VANISHED, -VANISHED, x)
    negative = x < 0.0
    e, e_rest, power, h, h_rest = mish_terms(abs(bounded), negative)
    y, c = one_over(h, h_rest)
    high, low = one_plus(where(negative, h, 2.0 * h), where(negative, h_rest, 2.0 * h_rest))
    high, low = divided(high, low, y, c)
    # 2h = eˣ enters without its power of two
    high, low = pair_product(where(negative, e, 1.0), where(negative, e_rest, 0.0), high, low)
    value = fma(x, high, bounded * low) * where(negative, power, 1.0) * where(negative, LOWER, 1.0)
    # at -0 the sum of two zeros has lost the sign
    return where(x == 0.0, x, value)


def mish_slope(x: Scalar) -> Scalar:
    """The slope of mish, within 1 ULP, or 2⁻²⁵ near its root.

    It is eˣ/D·((1 + h) + x·(1 + 2h)/D) for x < 0, and 1 - 2h²/D·(1 - x·2(1 + h)/D) for x ≥ 0.
    """
    t = abs(x)
    t = where(t > -VANISHED, -VANISHED, t)
    negative = x < 0.0
    e, e_rest, power, h, h_rest = mish_terms(t, negative)
    y, c = one_over(h, h_rest)
    high, low = one_plus(where(negative, 2.0 * h, h), where(negative, 2.0 * h_rest, h_rest))
    high, low = divided(high, low, y, c)
    multiple = where(negative, t, 2.0 * t)
    less, less_rest = two_product(multiple, high)
    first, first_rest = one_plus(where(negative, h, 0.0), where(negative, h_rest, 0.0))
    factor, rest = two_sum(first, -less)
    rest = rest + (first_rest - fma(multiple, low, less_rest))
    square, square_rest = two_product(2.0 * h, h)
    square_rest = fma(4.0 * h, h_rest, square_rest)
    high, low = divided(where(negative, e, square), where(negative, e_rest, square_rest), y, c)
    high, low = pair_product(high, low, factor, rest)
    change = high + low
    return where(negative, change * power * LOWER, 1.0 - change)
