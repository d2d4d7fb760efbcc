"""Numbers in two parts, high + low, for what must not be rounded on the way: in float32 and float64 alike."""

from __future__ import annotations

from rheobase.kernels.language import Scalar, fma


def fast_two_sum(a: Scalar, b: Scalar) -> tuple[Scalar, Scalar]:
    """a + b and its rounding error, for |a| ≥ |b| or a = 0."""
    total = a + b
    return total, (a - total) + b


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


def reciprocal_pair(high: Scalar, low: Scalar) -> tuple[Scalar, Scalar]:
    """y and a small c with 1/(high + low) = y + y·c."""
    y = 1.0 / high
    return y, fma(-y, low, fma(-y, high, 1.0))
