"""Numbers in two float64 parts, high + low, for what must not be rounded on the way: sums, products, quotients, e^x."""

from __future__ import annotations

from rheobase.kernels.language import ROUND, Scalar, fma, two_to, where
from rheobase.kernels.wide import exp_parts

#: e^x times 2^LIFT is a normal number as long as a factor in a formula could make it one that counts.
LIFT, LOWER, GONE = 200.0, 2.0**-200, -800.0


def two_sum(a: Scalar, b: Scalar) -> tuple[Scalar, Scalar]:
    """a + b and its rounding error."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def two_product(a: Scalar, b: Scalar) -> tuple[Scalar, Scalar]:
    """a·b and its rounding error."""
    product = a * b
    return product, fma(a, b, -product)


def pair_sum(a: Scalar, a_low: Scalar, b: Scalar, b_low: Scalar) -> tuple[Scalar, Scalar]:
    """The sum of two pairs."""
    total, lost = two_sum(a, b)
    return total, lost + (a_low + b_low)


def pair_product(a: Scalar, a_low: Scalar, b: Scalar, b_low: Scalar) -> tuple[Scalar, Scalar]:
    """The product of two pairs."""
    product, lost = two_product(a, b)
    return product, lost + fma(a, b_low, a_low * b)


def pair_quotient(a: Scalar, a_low: Scalar, b: Scalar, b_low: Scalar) -> tuple[Scalar, Scalar]:
    """The quotient of two pairs, with one division."""
    inverse = 1.0 / b
    quotient = a * inverse
    return quotient, (fma(-quotient, b, a) + fma(-quotient, b_low, a_low)) * inverse


def lifted_exp(x: Scalar) -> tuple[Scalar, Scalar]:
    """e^x/LOWER for x ≤ 0: what becomes a subnormal number is rounded when it is lowered again, and only then."""
    gone = x < GONE
    k, p = exp_parts(where(gone, 0.0, x))
    high = 1.0 + p
    low = p - (high - 1.0)
    power = two_to(where(gone, 0.0, k) + LIFT + ROUND)
    return where(gone, 0.0, high * power), where(gone, 0.0, low * power)
