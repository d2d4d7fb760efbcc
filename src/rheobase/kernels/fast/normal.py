"""gelu, x·Φ(x) with the normal distribution function Φ, its approximation by tanh, and their slopes, in float32.

Φ comes from its tail 1 - Φ(t) = e^(-t²/2)·m(t) for t ≥ 0, so that it keeps its digits where it is small.
"""

from __future__ import annotations

from rheobase.kernels.fast.exponentials import LIFTED, LN2_LOW, LOWER, exp_pair
from rheobase.kernels.fast.logistic import logistic_pair, with_ln2_low
from rheobase.kernels.fast.normal_series import (
    BEYOND_SLOPE,
    CENTRE,
    CUBIC_HIGH,
    CUBIC_LOW,
    DENSITY_HIGH,
    DENSITY_LOW,
    LINEAR_HIGH,
    LINEAR_LOW,
    SHIFT,
    SLOPE,
    SLOPE_SQUARE_HIGH,
    SLOPE_SQUARE_LOW,
    VALUE,
)
from rheobase.kernels.language import Scalar, fma, horner, two_to, where
from rheobase.kernels.pairs import fast_two_sum, pair_product, reciprocal_pair, two_product, two_sum

#: x·Φ(x) and its slope round to 0 below, and Φ(x) to 1 above the opposite.
VANISHED = -14.6
#: Up to here 1 - Φ(x), and the first of its two parts, is above 1/4: 1/2 less that part is exact.
NEAR = 0.65
#: The same bounds for the approximation by tanh; above, its value rounds to x.
TANH_VANISHED, TANH_SATURATED = -10.95, 5.1


def bell_pair(t: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """high, low and 2ᵏ⁺⁹⁶ with e^(-t²/2) = (high + low)·2ᵏ."""
    square, rest = two_product(t, t)
    high, low, k = exp_pair(-0.5 * square, LIFTED)
    high, low = fast_two_sum(high, low)
    return high, fma(-0.5 * rest, high, low), two_to(k)


def mills_pair(t: Scalar) -> tuple[Scalar, Scalar]:
    """m(t) = e^(t²/2)·(1 - Φ(t)) in two parts, for 0 ≤ t ≤ 14.6."""
    d, d_rest = fast_two_sum(SHIFT, t)
    u, c = reciprocal_pair(d, d_rest)
    v = u - CENTRE
    high = fma(v, SLOPE, VALUE)
    low = fma(v, horner(v, BEYOND_SLOPE), fma(v, SLOPE, VALUE - high))
    # what u was rounded by
    low = fma(SLOPE * u, c, low)
    m, m_rest = two_product(high, u)
    return m, fma(m, c, fma(low, u, m_rest))


def gelu(x: Scalar) -> Scalar:
    """x·Φ(x), within 0.89 ULP."""
    x = where(x < VANISHED, VANISHED, x)
    bounded = where(x > -VANISHED, -VANISHED, x)
    t = abs(bounded)
    bell, bell_rest, power = bell_pair(t)
    m, m_rest = mills_pair(t)
    tail, tail_rest = two_product(bell, m)
    tail_rest = tail_rest + fma(bell, m_rest, bell_rest * (m + m_rest))
    # x·tail below 0; above, x·(share - tail) + x·(1 - share), with the share that leaves the smaller difference
    scale = power * LOWER
    share = where(t < NEAR, 0.5, 0.0)
    beyond = fma(-tail_rest, scale, fma(-tail, scale, share))
    # 0 is taken with them, where -0 keeps its sign
    negative = x <= 0.0
    factor, rest = where(negative, tail * power, beyond), where(negative, tail_rest * power, 1.0 - share)
    return fma(bounded, factor, x * rest) * where(negative, LOWER, 1.0)


def gelu_slope(x: Scalar) -> Scalar:
    """Φ(x) + x·φ(x), within 1 ULP, or 2⁻²⁵ near its root.

    With s(t) = e^(-t²/2)·(m(t) - t/√(2π)) it is s(-x) for x < 0, and 1 - s(x) for x ≥ 0.
    """
    t = abs(x)
    t = where(t > -VANISHED, -VANISHED, t)
    bell, bell_rest, power = bell_pair(t)
    m, m_rest = mills_pair(t)
    density, density_rest = two_product(t, DENSITY_HIGH)
    factor, rest = two_sum(m, -density)
    rest = rest + (m_rest - fma(t, DENSITY_LOW, density_rest))
    s, s_rest = pair_product(bell, bell_rest, factor, rest)
    s = (s + s_rest) * power * LOWER
    return where(x < 0.0, s, 1.0 - s)


def line_pair(square: Scalar, rest: Scalar, slope_high: Scalar, slope_low: Scalar) -> tuple[Scalar, Scalar]:
    """LINEAR + slope·(square + rest) in two parts."""
    high = fma(slope_high, square, LINEAR_HIGH)
    low = fma(slope_low, square, fma(slope_high, rest, LINEAR_LOW))
    return high, low + fma(slope_high, square, LINEAR_HIGH - high)


def gelu_tanh(x: Scalar) -> Scalar:
    """x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))), within 0.94 ULP.

    It is x·σ(v) with the logistic function σ, and v twice the argument of tanh.
    """
    bounded = where(x < TANH_VANISHED, TANH_VANISHED, x)
    square, rest = two_product(bounded, bounded)
    high, low = line_pair(square, rest, CUBIC_HIGH, CUBIC_LOW)
    v, v_rest = two_product(bounded, high)
    y, c, power, t = logistic_pair(v)
    c = fma(fma(bounded, low, v_rest), fma(-power, y, 1.0), with_ln2_low(c, t))
    product = bounded * y
    # subtracted, so that -0 stays
    product = product - fma(-product, c, fma(-bounded, y, product))
    return where(x > TANH_SATURATED, x, product * two_to(t) * LOWER)


def gelu_tanh_slope(x: Scalar) -> Scalar:
    """The slope of x·σ(v), within 1 ULP, or 2⁻²⁵ near its root.

    It is σ·(1 + x·v'·(1 - σ)) for x < 0, and 1 less the same at -x for x ≥ 0.
    """
    size = abs(x)
    size = where(size > -TANH_VANISHED, -TANH_VANISHED, size)
    square, rest = two_product(size, size)
    high, low = line_pair(square, rest, CUBIC_HIGH, CUBIC_LOW)
    v, v_rest = two_product(size, high)
    y, c, power, t = logistic_pair(-v)
    value = power * y
    other = 1.0 - value
    c = fma(-fma(size, low, v_rest), other, fma(t - LIFTED, -LN2_LOW, c))
    high, low = line_pair(square, rest, SLOPE_SQUARE_HIGH, SLOPE_SQUARE_LOW)
    z, z_rest = two_product(size, high)
    less = 1.0 - z
    factor = fma(z, value, less)
    rest = fma(z, value, less - factor) + ((1.0 - less) - z)
    rest = fma(-fma(size, low, z_rest), other, rest)
    slope, slope_rest = two_product(y, factor)
    slope = slope + fma(y, fma(c, fma(z, value, factor), rest), slope_rest)
    slope = slope * two_to(t) * LOWER
    return where(x < 0.0, slope, 1.0 - slope)
