"""sin and cos in float64 for every input, up to the largest: the reduction keeps all digits, by the bits of 2/π.

x is turned into quarters of a turn, x·2/π, in two numbers that hold about 100 bits behind the point. Bits of 2/π that
make whole turns with every bit of x are left out, bits too low to matter never met: of all its PIECES five are left,
chosen by the exponent of x.
"""

from __future__ import annotations

from rheobase.kernels.language import ROUND, Scalar, exponent, fma, horner, nearest, pick, two_to, where
from rheobase.kernels.pairs import two_product, two_sum
from rheobase.kernels.series import COSINE_REST, PIECES, QUARTER_HIGH, QUARTER_LOW, SINE_REST, SQRT2_HIGH, SQRT2_LOW

#: Bits of a piece, and what a piece weighs beside the one before.
BITS, STEP = 53.0, 2.0**-53
#: From the 54th bit on, the bits of a number whose exponent is FULL + 53·w leave out w pieces.
MIDDLE = 54.0 + 26.0
#: Which pieces may come first, second …
WINDOWS = len(PIECES) - 4
FIRST, SECOND, THIRD, FOURTH, FIFTH = (PIECES[k : k + WINDOWS] for k in range(5))
#: Adding it to a float64 below 2⁵⁹ leaves the nearest multiple of 256; to any other, still one of 4.
TURNS = 1.5 * 2.0**60
#: Below, sin x is x and cos x is 1.
STRAIGHT = 2.0**-27


def without_turns(quarters: Scalar) -> Scalar:
    """What is left after whole turns: up to 32 of them, or the last bits of a number above 2⁶⁰."""
    return quarters - ((quarters + TURNS) - TURNS)


def quarter_turns(x: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """x·2/π less whole turns: the nearest whole number, and the rest in two parts."""
    window = nearest((exponent(x) - MIDDLE) / BITS)
    window = where(window < 0.0, 0.0, window)
    scaled = x * two_to(ROUND - BITS * window)
    a, a_rest = two_product(scaled, pick(window, FIRST))
    scaled = scaled * STEP
    b, b_rest = two_product(scaled, pick(window, SECOND))
    scaled = scaled * STEP
    c, c_rest = two_product(scaled, pick(window, THIRD))
    scaled = scaled * STEP
    d, d_rest = two_product(scaled, pick(window, FOURTH))
    last = fma(scaled * STEP, pick(window, FIFTH), d_rest)
    high, lost_b = two_sum(without_turns(without_turns(a)), without_turns(b))
    high, lost_a = two_sum(high, without_turns(a_rest))
    whole = nearest(high)
    high, lost = two_sum(high - whole, b_rest)
    high, lost_c = two_sum(high, c)
    more = nearest(high)
    # what did not fit has to be summed as carefully: where x is nearly a multiple of π/2, it is all that is left
    low, first = two_sum(lost_b, lost_a)
    low, second = two_sum(low, lost)
    low, third = two_sum(low, lost_c)
    low, fourth = two_sum(low, c_rest)
    low, fifth = two_sum(low, d)
    high, rest = two_sum(high - more, low)
    return whole + more, high, rest + ((first + second) + (third + fourth) + (fifth + last))


def sine_of(quarter: Scalar, high: Scalar, low: Scalar) -> Scalar:
    """The sine of quarter + high + low quarters of a turn, where quarter is whole and |high| ≤ 1/2."""
    y = high * QUARTER_HIGH
    rest = fma(high, QUARTER_HIGH, -y) + fma(high, QUARTER_LOW, low * QUARTER_HIGH)
    square = y * y
    half = 0.5 * square
    sine = y + fma(square * y, horner(square, SINE_REST), rest * (1.0 - half))
    near = 1.0 - half
    bend = fma(-0.5, fma(y, y, -square), -y * rest)
    cosine = near + (((1.0 - near) - half) + fma(square * square, horner(square, COSINE_REST), bend))
    turned = quarter - 4.0 * nearest(0.25 * quarter)
    value = where(abs(turned) == 1.0, cosine, sine)
    return where((turned < 0.0) | (turned == 2.0), -value, value)


def sin(x: Scalar) -> Scalar:
    """sin x."""
    small = abs(x) < STRAIGHT
    quarter, high, low = quarter_turns(where(small, 1.0, x))
    return where(small, x, sine_of(quarter, high, low))


def cos(x: Scalar) -> Scalar:
    """cos x."""
    small = abs(x) < STRAIGHT
    quarter, high, low = quarter_turns(where(small, 1.0, x))
    return where(small, 1.0, sine_of(quarter + 1.0, high, low))


def sin_plus_cos(x: Scalar) -> Scalar:
    """sin x + cos x = √2·sin(x + π/4)."""
    small = abs(x) < STRAIGHT
    quarter, high, low = quarter_turns(where(small, 1.0, x))
    high, lost = two_sum(high, 0.5)
    more = nearest(high)
    high, rest = two_sum(high - more, lost + low)
    sine = sine_of(quarter + more, high, rest)
    return where(small, 1.0 + x, fma(SQRT2_HIGH, sine, SQRT2_LOW * sine))
