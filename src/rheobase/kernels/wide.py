"""exp, log and their kin in float64, without branches or tables: the basis of every generated kernel.

Errors are below 1 ULP for exp and 1.5 ULP for the others (measured by `tests/kernels`), over the whole
range of float64, subnormal results included. Additions and products are never fused but where `fma` says
so: the bits are the same on every machine.
"""

from __future__ import annotations

from rheobase.kernels.elementary import DIED_OUT
from rheobase.kernels.language import ROUND, Scalar, exponent, fma, horner, inf, sqrt, two_to, where
from rheobase.kernels.series import EXPM1_REST, LN2_HIGH, LN2_LOW, LOG2_E, LOG_REST

SQRT2 = 1.4142135623730951
#: Beyond these e^x is 0, e^x is infinite, e^x - 1 is -1, tanh x is 1.
EXP_ZERO, EXP_INFINITE, EXPM1_FLAT, TANH_FLAT = -746.0, 710.0, -40.0, 20.0
#: Numbers beyond these are scaled before their exponent is taken.
SMALLEST_NORMAL, LARGE = 2.0**-1022, 2.0**1000
SCALE, SCALE_EXPONENT = 2.0**54, 54.0
NAN = inf - inf


def clamp(x: Scalar, low: Scalar, high: Scalar) -> Scalar:
    """x, kept within [low, high]; NaN stays NaN."""
    return where(x < low, low, where(x > high, high, x))


def exp_parts(x: Scalar) -> tuple[Scalar, Scalar]:
    """k, and e^r - 1 for e^x = 2ᵏ·e^r with |r| ≤ ln(2)/2."""
    k = fma(x, LOG2_E, ROUND) - ROUND
    r = fma(-k, LN2_LOW, fma(-k, LN2_HIGH, x))
    return k, fma(r * r, horner(r, EXPM1_REST), r)


def exp(x: Scalar) -> Scalar:
    """e^x."""
    # a product that underflows costs as much as a hundred others: where e^x is 0, nothing is multiplied
    gone = x < EXP_ZERO
    k, p = exp_parts(where(gone, 0.0, where(x > EXP_INFINITE, EXP_INFINITE, x)))
    # 2ᵏ in two steps: on its own it may lie outside the normal numbers where e^x does not
    half = fma(k, 0.5, ROUND)
    y = (1.0 + p) * two_to(half) * two_to(k - (half - ROUND) + ROUND)
    return where(gone, 0.0, y)


def expm1(x: Scalar) -> Scalar:
    """e^x - 1."""
    k, p = exp_parts(clamp(x, EXPM1_FLAT, EXP_INFINITE))
    # half of 2ᵏ, which itself may overflow where the result does not
    half = two_to(k - 1.0 + ROUND)
    return where(x == 0.0, x, 2.0 * ((half - 0.5) + half * p))


def log_near_one(k: Scalar, f: Scalar) -> Scalar:
    """k·ln 2 + ln(1 + f) for 1/√2 ≤ 1 + f ≤ √2."""
    s = f / (2.0 + f)
    square = s * s
    half = 0.5 * f * f
    rest = fma(s, fma(square, horner(square, LOG_REST), half), k * LN2_LOW)
    return fma(k, LN2_HIGH, f - (half - rest))


def log(x: Scalar) -> Scalar:
    """ln x; -∞ at 0, NaN below."""
    small, large = x < SMALLEST_NORMAL, x > LARGE
    scaled = where(small, x * SCALE, where(large, x / SCALE, x))
    k = exponent(scaled)
    m = scaled * two_to(ROUND - k)
    upper = m > SQRT2
    m = where(upper, 0.5 * m, m)
    k = where(upper, k + 1.0, k) - where(small, SCALE_EXPONENT, where(large, -SCALE_EXPONENT, 0.0))
    y = log_near_one(k, m - 1.0)
    return where(x == 0.0, -inf, where(x < 0.0, NAN, where(x == inf, inf, y + (x - x))))


def log1p(x: Scalar) -> Scalar:
    """ln(1 + x); -∞ at -1, NaN below."""
    u = 1.0 + x
    lost = where(x < 1.0, x - (u - 1.0), 1.0 - (u - x))
    large = u > LARGE
    scaled = where(large, u / SCALE, u)
    k = exponent(scaled)
    scale = two_to(ROUND - k)
    upper = scaled * scale > SQRT2
    scale = where(upper, 0.5 * scale, scale)
    # what 1 + x had no room for comes back here; for k = 0 it makes f = x
    f = (scaled * scale - 1.0) + where(large, 0.0, lost * scale)
    k = where(upper, k + 1.0, k) + where(large, SCALE_EXPONENT, 0.0)
    y = log_near_one(k, f)
    return where(x == 0.0, x, where(x == -1.0, -inf, where(x < -1.0, NAN, where(x == inf, inf, y))))


def log1p_unit(x: Scalar) -> Scalar:
    """ln(1 + x) for 0 ≤ x ≤ 1."""
    upper = x > SQRT2 - 1.0
    return log_near_one(where(upper, 1.0, 0.0), where(upper, 0.5 * (x - 1.0), x))


def bell(scale: Scalar, x: Scalar) -> Scalar:
    """e^(-scale·x²); what rounding loses of the product is made up for."""
    size = where(abs(x) > DIED_OUT, DIED_OUT, x)
    square = size * size
    product = scale * square
    lost = fma(scale, square, -product) + scale * fma(size, size, -square)
    return exp(-product) * (1.0 - lost)


def tanh(x: Scalar) -> Scalar:
    """tanh x = (e^2x - 1)/(e^2x + 1)."""
    size = abs(x)
    e = expm1(2.0 * where(size > TANH_FLAT, TANH_FLAT, size))
    y = e / (e + 2.0)
    return where(x == 0.0, x, where(x < 0.0, -y, y))


def hypot(x: Scalar, y: Scalar) -> Scalar:
    """√(x² + y²), without overflow on the way."""
    a, b = abs(x), abs(y)
    longer, shorter = where(a < b, b, a), where(a < b, a, b)
    ratio = shorter / where(longer < SMALLEST_NORMAL, SMALLEST_NORMAL, longer)
    return where(longer == inf, inf, longer * sqrt(fma(ratio, ratio, 1.0)))


def nearest(x: Scalar) -> Scalar:
    """The whole number nearest to x, for |x| < 2⁵¹."""
    return (x + ROUND) - ROUND
