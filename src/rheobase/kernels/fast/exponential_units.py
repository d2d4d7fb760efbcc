"""The exponential linear units: x above 0, a multiple of eˣ - 1 below."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from rheobase import catalogue
from rheobase.kernels.fast.exponential_series import EXPM1_TAIL
from rheobase.kernels.fast.exponentials import LIFTED, LOWER, exp_of_negative, exp_pair, remainder
from rheobase.kernels.language import ROUND32, Scalar, fma, horner, two_to, where
from rheobase.kernels.pairs import fast_two_sum

#: eˣ - 1 rounds to -1 below.
SATURATED = -26.0
#: Below, eˣ times any scale up to 2⁶⁰ rounds to 0.
LOST = -150.0
#: selu's scale less 1: scale·x is then a sum, rounded once. And scale·alpha in two parts.
_SCALE, _ALPHA = (Fraction(catalogue.lookup("selu").constants[name]) for name in ("scale", "alpha"))
SELU_SCALE_LESS_1 = float(_SCALE - 1)
SELU_FLOOR = float(np.float32(_SCALE * _ALPHA))
SELU_FLOOR_REST = float(_SCALE * _ALPHA - Fraction(SELU_FLOOR))


def expm1_of_negative(x: Scalar) -> Scalar:
    """eˣ - 1 for x ≤ 0, within 0.89 ULP."""
    r, t = remainder(where(x < SATURATED, SATURATED, x), ROUND32)
    power = two_to(t)
    return fma(fma(r * r, horner(r, EXPM1_TAIL), r), power, power - 1.0)


def expm1_pair(x: Scalar) -> tuple[Scalar, Scalar]:
    """high and low with eˣ - 1 = high + low and |low| < |high|/4, for x ≤ 0."""
    r, t = remainder(where(x < SATURATED, SATURATED, x), ROUND32)
    power = two_to(t)
    high, low = fast_two_sum(power - 1.0, power * r)
    return high, fma(power * (r * r), horner(r, EXPM1_TAIL), low)


def scaled_exp(x: Scalar, scale: Scalar) -> Scalar:
    """scale·eˣ for x ≤ 0."""
    high, low, t = exp_pair(where(x < LOST, LOST, x), LIFTED)
    return fma(scale, high, scale * low) * two_to(t) * LOWER


def elu(x: Scalar, alpha: Scalar) -> Scalar:
    """x above 0, alpha·(eˣ - 1) below; within 0.86 ULP for alpha = 1, 1 ULP else."""
    high, low = expm1_pair(x)
    return where(x >= 0.0, x, fma(alpha, high, alpha * low))


def elu_slope(x: Scalar, alpha: Scalar) -> Scalar:
    """1 above 0, alpha·eˣ below and at 0; within 0.9 ULP."""
    return where(x > 0.0, 1.0, scaled_exp(x, alpha))


def selu(x: Scalar) -> Scalar:
    """scale·x above 0, scale·alpha·(eˣ - 1) below; within 0.98 ULP."""
    high, low = expm1_pair(x)
    below = fma(SELU_FLOOR, high, fma(SELU_FLOOR_REST, high, SELU_FLOOR * low))
    return where(x >= 0.0, fma(x, SELU_SCALE_LESS_1, x), below)


def selu_slope(x: Scalar) -> Scalar:
    """scale above 0, scale·alpha·eˣ below and at 0; within 0.9 ULP."""
    return where(x > 0.0, 1.0 + SELU_SCALE_LESS_1, scaled_exp(x, SELU_FLOOR))


def celu(x: Scalar) -> Scalar:
    """x above 0, eˣ - 1 below; within 0.89 ULP."""
    return where(x >= 0.0, x, expm1_of_negative(x))


def celu_slope(x: Scalar) -> Scalar:
    """1 above 0, eˣ below; within 0.90 ULP."""
    return where(x > 0.0, 1.0, exp_of_negative(x))
