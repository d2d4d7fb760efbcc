"""mish, x·tanh(log(1 + eˣ)), and its slope, in float32.

tanh(log(1 + eˣ)) is n/(n + 2) with n = eˣ(eˣ + 2). In h = eˣ/2 for x < 0, and h = e⁻ˣ for x ≥ 0, it is a quotient
without cancellation or overflow: with D = 1 + 2h + 2h², 2h(1 + h)/D for x < 0 and (1 + 2h)/D for x ≥ 0.
"""

from __future__ import annotations

from rheobase.kernels.fast.exponentials import LIFTED, LOWER, exp_pair, fast_two_sum, two_product
from rheobase.kernels.language import Scalar, fma, two_to, where

#: mish and its slope round to 0 below.
VANISHED = -110.0


def small_exp(t: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """high, low and 2ᵏ⁺⁹⁶ with e⁻ᵗ = (high + low)·2ᵏ, where high has all digits that fit."""
    high, low, k = exp_pair(-t, LIFTED)
    high, low = fast_two_sum(high, low)
    return high, low, two_to(k)


def one_plus(h: Scalar, rest: Scalar) -> tuple[Scalar, Scalar]:
    """1 + h + rest in two parts, for 0 ≤ h ≤ 2."""
    total, lost = fast_two_sum(1.0, h)
    return total, lost + rest


def denominator(h: Scalar, rest: Scalar) -> tuple[Scalar, Scalar]:
    """y and a small c with 1/D = y + y·c, for h + rest."""
    linear, lost = one_plus(2.0 * h, 2.0 * rest)
    high = fma(2.0 * h, h, linear)
    low = fma(4.0 * h, rest, lost) + fma(2.0 * h, h, linear - high)
    y = 1.0 / high
    return y, fma(-y, low, fma(-y, high, 1.0))


def divided(high: Scalar, low: Scalar, y: Scalar, c: Scalar) -> tuple[Scalar, Scalar]:
    """(high + low)·(y + y·c) in two parts."""
    q, rest = two_product(high, y)
    return q, rest + fma(q, c, low * y)


def pair_product(a: Scalar, a_rest: Scalar, b: Scalar, b_rest: Scalar) -> tuple[Scalar, Scalar]:
    """(a + a_rest)·(b + b_rest) in two parts."""
    product, rest = two_product(a, b)
    return product, rest + fma(a, b_rest, a_rest * b)


def mish(x: Scalar) -> Scalar:
    """x·tanh(log(1 + eˣ))."""
    x = where(x < VANISHED, VANISHED, x)
    bounded = where(x > -VANISHED, -VANISHED, x)
    negative = x < 0.0
    e, e_rest, power = small_exp(abs(bounded))
    scale = power * where(negative, 0.5 * LOWER, LOWER)
    h, h_rest = e * scale, e_rest * scale
    y, c = denominator(h, h_rest)
    high, low = one_plus(where(negative, h, 2.0 * h), where(negative, h_rest, 2.0 * h_rest))
    high, low = divided(high, low, y, c)
    # 2h = eˣ enters without its power of two
    high, low = pair_product(where(negative, e, 1.0), where(negative, e_rest, 0.0), high, low)
    value = fma(x, high, bounded * low) * where(negative, power, 1.0) * where(negative, LOWER, 1.0)
    # at -0 the sum of two zeros has lost the sign
    return where(x == 0.0, x, value)


def mish_slope(x: Scalar) -> Scalar:
    """eˣ/D·((1 + h) + x·(1 + 2h)/D) for x < 0, and 1 - 2h²/D·(1 - x·2(1 + h)/D) for x ≥ 0."""
    t = abs(x)
    t = where(t > -VANISHED, -VANISHED, t)
    negative = x < 0.0
    e, e_rest, power = small_exp(t)
    scale = power * where(negative, 0.5 * LOWER, LOWER)
    h, h_rest = e * scale, e_rest * scale
    y, c = denominator(h, h_rest)
    high, low = one_plus(where(negative, 2.0 * h, h), where(negative, 2.0 * h_rest, h_rest))
    high, low = divided(high, low, y, c)
    less, less_rest = two_product(where(negative, t, 2.0 * t), high)
    less_rest = fma(where(negative, t, 2.0 * t), low, less_rest)
    first, first_rest = one_plus(where(negative, h, 0.0), where(negative, h_rest, 0.0))
    factor = first - less
    back = factor - first
    lost = (first - (factor - back)) - (less + back)
    rest = lost + (first_rest - less_rest)
    square, square_rest = two_product(2.0 * h, h)
    square_rest = fma(4.0 * h, h_rest, square_rest)
    high, low = divided(where(negative, e, square), where(negative, e_rest, square_rest), y, c)
    high, low = pair_product(high, low, factor, rest)
    change = high + low
    return where(negative, change * power * LOWER, 1.0 - change)
