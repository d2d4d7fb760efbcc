"""Fit the float32 polynomial of the normal distribution's tail that the gelu kernel uses, and write the module.

Run:  python scripts/fit_normal.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

import mpmath as mp
from fit_logarithm import constant, error, rounded
from generated import write_or_check

TARGET = Path(__file__).parents[1] / "src" / "rheobase" / "kernels" / "fast" / "normal_series.py"
#: The tail at t is e^(-t²/2)·u·polynomial(u - CENTRE) with u = 1/(t + SHIFT). This SHIFT makes the polynomial short.
#: With this CENTRE u - CENTRE is exact for all u from 1/16, and the polynomial there is very nearly a float32.
SHIFT, CENTRE = mp.mpf(2), mp.mpf(189) / 1024
#: Beyond, gelu is no normal number and needs fewer digits.
LARGEST = mp.mpf("13.5")
DEGREE = 11
#: About the polynomial's slope, in few digits: taken out, it leaves small coefficients, whose rounding does not count.
SLOPE = mp.mpf(5) / 4


def scaled_tail(v: mp.mpf) -> mp.mpf:
    """(t + SHIFT)·e^(t²/2)·(1 - Φ(t)) at v = 1/(t + SHIFT) - CENTRE."""
    d = 1 / (v + CENTRE)
    t = d - SHIFT
    return d * mp.exp(t * t / 2) * mp.erfc(t / mp.sqrt(2)) / 2


def parts(name: str, value: mp.mpf, bits: int) -> str:
    """A constant in two parts, the first a multiple of 2**-bits."""
    high = mp.floor(value * 2**bits) / 2**bits
    return f"{name}_HIGH, {name}_LOW = {float(high)!r}, {float(value - high)!r}\n"


def render() -> str:
    """The text of the module."""
    fit = (scaled_tail, lambda v: 1 / scaled_tail(v), 1 / (LARGEST + SHIFT) - CENTRE, 1 / SHIFT - CENTRE)
    series = rounded(*fit, DEGREE)
    beyond = [series[1] - float(SLOPE), *series[2:]]
    print(f"SCALED_TAIL: relative error 2^{error(*fit, series):.1f}", file=sys.stderr)
    linear = 2 * mp.sqrt(2 / mp.pi)
    cubic = linear * mp.mpf("0.044715")
    return (
        '"""The normal distribution in float32, the lowest power first, written by scripts/fit_normal.py."""\n\n'
        f"SHIFT, CENTRE = {float(SHIFT)!r}, {float(CENTRE)!r}\n"
        "#: (t + SHIFT)·e^(t²/2)·(1 - Φ(t)) in v = 1/(t + SHIFT) - CENTRE is VALUE + v·(SLOPE + polynomial in v).\n"
        f"VALUE, SLOPE = {series[0]!r}, {float(SLOPE)!r}\n" + constant("BEYOND_SLOPE", beyond) + "\n"
        "#: 1/√(2π) in two parts.\n"
        + parts("DENSITY", 1 / mp.sqrt(2 * mp.pi), 24)
        + "#: LINEAR·x + CUBIC·x³, twice the argument of tanh in gelu's approximation, and the slope of that by x,\n"
        "#: LINEAR + SLOPE_SQUARE·x², each constant in two parts; differences from LINEAR_HIGH are exact.\n"
        + parts("LINEAR", linear, 19)
        + parts("CUBIC", cubic, 24)
        + parts("SLOPE_SQUARE", 3 * cubic, 24)
    )


def main() -> None:
    """Write the module, or with --check fail if it is not what the fit gives."""
    mp.mp.dps = 40
    write_or_check(TARGET, render, __doc__)


if __name__ == "__main__":
    main()
