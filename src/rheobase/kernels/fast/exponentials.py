"""eˣ in float32, that the fast kernels share.

2ᵏ enters last: what it is multiplied by keeps all its digits, and a result below the normal numbers is rounded there
only once. For that, powers of two are LIFTED, 2⁹⁶ times too large, until the last product, by LOWER.

Bounds are the greatest error over all float32 numbers, in units in the last place of the result.
"""

from __future__ import annotations

from rheobase.kernels.fast.exponential_series import EXP_TAIL
from rheobase.kernels.language import ROUND32, Scalar, fma, horner, two_to, where
from rheobase.kernels.pairs import fast_two_sum

LOG2_E = 1.4426950408889634
#: ln 2 to 24 bits, and the rest. A multiple up to 2⁸ of the first, taken from x by fma, leaves an exact remainder.
LN2_HIGH = 0.6931471824645996
LN2_LOW = -1.904654309148471e-09
#: An origin for `remainder` with which two_to(t) is 2⁹⁶ times 2ᵏ, for k from -222 to 31, and what undoes it.
LIFTED = ROUND32 + 96.0
LOWER = 2.0**-96
#: The same downwards, for large k.
LOWERED = ROUND32 - 96.0
LIFT = 2.0**96
#: eˣ rounds to 0 below, and to infinity above.
VANISHED, OVERFLOWN = -104.0, 89.0
#: eʳ for |r| ≤ ln(2)/2.
EXP = (1.0, 1.0, *EXP_TAIL)


def remainder(x: Scalar, origin: Scalar) -> tuple[Scalar, Scalar]:
    """r and t with x = k·ln 2 + r, |r| ≤ ln(2)/2 and t = k + origin; origin is ROUND32 plus a whole number."""
    t = fma(x, LOG2_E, origin)
    k = t - origin
    return fma(-k, LN2_LOW, fma(-k, LN2_HIGH, x)), t


def exp_pair(x: Scalar, origin: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """high, low and t with eˣ = (high + low)·2ᵏ, |low| < high/12 and t = k + origin; within 2⁻²⁵·⁷ of it."""
    t = fma(x, LOG2_E, origin)
    k = t - origin
    exact = fma(-k, LN2_HIGH, x)
    r = fma(-k, LN2_LOW, exact)
    high, low = fast_two_sum(1.0, exact)
    return high, fma(-k, LN2_LOW, fma(r * r, horner(r, EXP_TAIL), low)), t


def exp_of_negative(x: Scalar) -> Scalar:
    """eˣ for x ≤ 0, within 0.90 ULP."""
    r, t = remainder(where(x < VANISHED, VANISHED, x), LIFTED)
    return horner(r, EXP) * two_to(t) * LOWER


def exponential(x: Scalar) -> Scalar:
    """eˣ, within 0.90 ULP."""
    x = where(x < VANISHED, VANISHED, x)
    x = where(x > OVERFLOWN, OVERFLOWN, x)
    small = x < 0.0
    r, t = remainder(x, where(small, LIFTED, LOWERED))
    return horner(r, EXP) * two_to(t) * where(small, LOWER, LIFT)


def exponential_slope(x: Scalar) -> Scalar:
    """eˣ, its own derivative."""
    return exponential(x)
