"""The exponential linear units: x above 0, a multiple of eˣ - 1 below."""

from __future__ import annotations

from rheobase.kernels.fast.exponential_series import EXPM1_TAIL
from rheobase.kernels.fast.exponentials import (
    LIFTED, LOWER, VANISHED, exp_of_negative, exp_pair, fast_two_sum, remainder,
)  # fmt: skip
from rheobase.kernels.language import ROUND32, Scalar, fma, horner, two_to, where

#: eˣ - 1 rounds to -1 below.
SATURATED = -26.0
#: No float32 of usual size times eˣ is above 0 below.
LOST = -150.0
#: The scale of selu in two parts of one sign (infinity times them is then no NaN), and scale·alpha.
SELU_SCALE = 1.0507009029388428
SELU_SCALE_REST = 8.441664078873146e-08
SELU_FLOOR = 1.7580993408473766


def expm1_of_negative(x: Scalar) -> Scalar:
    """eˣ - 1 for x ≤ 0."""
    r, t = remainder(where(x < SATURATED, SATURATED, x), ROUND32)
    power = two_to(t)
    return fma(fma(r * r, horner(r, EXPM1_TAIL), r), power, power - 1.0)


def expm1_pair(x: Scalar) -> tuple[Scalar, Scalar]:
    """eˣ - 1 for x ≤ 0, as high + low with |low| < |high|/4."""
    r, t = remainder(where(x < SATURATED, SATURATED, x), ROUND32)
    power = two_to(t)
    high, low = fast_two_sum(power - 1.0, power * r)
    return high, fma(power * (r * r), horner(r, EXPM1_TAIL), low)


def scaled_exp(x: Scalar, scale: Scalar) -> Scalar:
    """scale·eˣ for x ≤ 0."""
    high, low, t = exp_pair(where(x < LOST, LOST, x), LIFTED)
    return fma(scale, high, scale * low) * two_to(t) * LOWER


def elu(x: Scalar, alpha: Scalar) -> Scalar:
    """x above 0, alpha·(eˣ - 1) below."""
    high, low = expm1_pair(x)
    return where(x >= 0.0, x, fma(alpha, high, alpha * low))


def elu_slope(x: Scalar, alpha: Scalar) -> Scalar:
    """1 above 0, alpha·eˣ below and at 0."""
    return where(x > 0.0, 1.0, scaled_exp(x, alpha))


def selu(x: Scalar) -> Scalar:
    """scale·x above 0, scale·alpha·(eˣ - 1) below."""
    high, low = expm1_pair(x)
    above = fma(x, SELU_SCALE, x * SELU_SCALE_REST)
    return where(x >= 0.0, above, fma(SELU_FLOOR, high, SELU_FLOOR * low))


def selu_slope(x: Scalar) -> Scalar:
    """scale above 0, scale·alpha·eˣ below and at 0."""
    return where(x > 0.0, SELU_SCALE + SELU_SCALE_REST, scaled_exp(x, SELU_FLOOR))


def celu(x: Scalar) -> Scalar:
    """x above 0, eˣ - 1 below."""
    return where(x >= 0.0, x, expm1_of_negative(x))


def celu_slope(x: Scalar) -> Scalar:
    """1 above 0, eˣ below."""
    return where(x > 0.0, 1.0, exp_of_negative(x))
