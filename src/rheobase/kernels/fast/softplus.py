"""softplus, log(1 + eˣ), the logarithm of the logistic function, and their slopes, in float32."""

from __future__ import annotations

from rheobase.kernels.fast.exponentials import LIFTED, LOWER, VANISHED, exp_pair
from rheobase.kernels.fast.logarithm_series import CENTRE, LOG1P_EXCESS, SHARE
from rheobase.kernels.fast.logistic import sigmoid
from rheobase.kernels.language import Scalar, fma, horner, two_to, where
from rheobase.kernels.pairs import fast_two_sum

#: 1/(1 + e) in e - CENTRE, as closely as the rounding error of e needs it.
RECIPROCAL = (0.8625, -0.55)
#: Where x is added last: below, its sum with the logarithm's small part stays under 1/2, which costs few digits.
JOINT = 0.45


def unit_exp(x: Scalar) -> tuple[Scalar, Scalar]:
    """e^-|x| as a float32 and what it was rounded by."""
    x = -abs(x)
    high, low, t = exp_pair(where(x < VANISHED, VANISHED, x), LIFTED)
    high, low = fast_two_sum(high, low)
    power = two_to(t)
    return high * power * LOWER, low * (power * LOWER)


def log1p_excess(e: Scalar, rest: Scalar) -> Scalar:
    """log(1 + e + rest) - SHARE·e for 0 ≤ e ≤ 1 and a rest below the last digit of e."""
    u = e - CENTRE
    return fma(e, horner(u, LOG1P_EXCESS), rest * horner(u, RECIPROCAL))


def softplus(x: Scalar) -> Scalar:
    """log(1 + eˣ) = max(x, 0) + log(1 + e^-|x|), within 0.99 ULP."""
    e, rest = unit_exp(x)
    near = x < JOINT
    first = where(near, where(x < 0.0, 0.0, x), 0.0)
    last = where(near, 0.0, x)
    return last + fma(SHARE, e, first + log1p_excess(e, rest))


def softplus_slope(x: Scalar) -> Scalar:
    """The logistic function."""
    return sigmoid(x)


def log_sigmoid(x: Scalar) -> Scalar:
    """log(1/(1 + e⁻ˣ)), within 0.99 ULP."""
    return -softplus(-x)


def log_sigmoid_slope(x: Scalar) -> Scalar:
    """The logistic function at -x."""
    return sigmoid(-x)
