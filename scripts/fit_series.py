"""Fit the polynomials of the float64 kernels and write them, with the constants that go with them.

Run:  python scripts/fit_series.py [--check]
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mpmath as mp
from generated import write_or_check

TARGET = Path(__file__).parents[1] / "src" / "rheobase" / "kernels" / "series.py"
Real = mp.mpf

#: Bits of ln 2 in its first part: so few that k·LN2_HIGH is exact for every exponent k.
LN2_BITS = 41
CENTRE = 4
#: 2/π in pieces of as many bits as a float64 has, enough to multiply the largest float64 by.
PIECE_BITS, PIECES = 53, 23


def expm1_rest(r: Real) -> Real:
    """(e^r - 1 - r)/r², by its series where the fraction would cancel."""
    return mp.nsum(lambda n: r**n / mp.factorial(n + 2), [0, 30]) if abs(r) < 0.1 else (mp.expm1(r) - r) / r**2


def log_rest(z: Real) -> Real:
    """(ln((1 + s)/(1 - s))/s - 2)/s² at z = s²."""
    return 2 * mp.nsum(lambda n: z**n / (2 * n + 3), [0, 40])


def erf_rest(z: Real) -> Real:
    """erf(x)/x at z = x²."""
    x = mp.sqrt(z)
    return mp.erf(x) / x if z > 0 else 2 / mp.sqrt(mp.pi)


def tanh_excess_rest(z: Real) -> Real:
    """(x - tanh x)/x³ at z = x²."""
    x = mp.sqrt(z)
    return (x - mp.tanh(x)) / x**3 if z > mp.mpf(10) ** -12 else mp.mpf(1) / 3 - 2 * z / 15


def scaled_erfcx(w: Real) -> Real:
    """(1 + 2t)·e^(t²)·erfc(t) at w = (t - c)/(t + c); it tends to 2/√π for w → 1."""
    t = CENTRE * (1 + w) / (1 - w)
    return (1 + 2 * t) * mp.exp(t * t) * mp.erfc(t) if w < 1 else 2 / mp.sqrt(mp.pi)


def sine_rest(z: Real) -> Real:
    """(sin x - x)/x³ at z = x²."""
    return mp.nsum(lambda n: (-1) ** (int(n) + 1) * z**n / mp.factorial(2 * n + 3), [0, 20])


def cosine_rest(z: Real) -> Real:
    """(cos x - 1 + x²/2)/x⁴ at z = x²."""
    return mp.nsum(lambda n: (-1) ** int(n) * z**n / mp.factorial(2 * n + 4), [0, 20])


def pieces() -> list[float]:
    """The digits of 2/π in base 2^PIECE_BITS, each over the base."""
    with mp.workprec(PIECE_BITS * PIECES + 64):
        digits = int(mp.floor(2 / mp.pi * mp.mpf(2) ** (PIECE_BITS * PIECES)))
    base = 1 << PIECE_BITS
    return [(digits >> (PIECE_BITS * k)) % base / base for k in reversed(range(PIECES))]


#: Name: (what it is, the function, its interval, the error to reach, relative to the value).
SERIES: dict[str, tuple[str, Callable[[Real], Real], tuple[float, float], int]] = {
    "EXPM1_REST": ("(e^r - 1 - r)/r² in r, |r| ≤ ln(2)/2", expm1_rest, (-0.3467, 0.3467), -56),
    "LOG_REST": ("(ln((1 + s)/(1 - s))/s - 2)/s² in s²", log_rest, (0.0, 0.0295), -54),
    "ERF_REST": ("erf(x)/x in x², |x| ≤ 1", erf_rest, (0.0, 1.0), -58),
    "TANH_EXCESS_REST": ("(x - tanh x)/x³ in x², |x| ≤ 1", tanh_excess_rest, (0.0, 1.0), -56),
    "ERFCX": ("(1 + 2t)·e^(t²)·erfc(t) in (t - c)/(t + c)", scaled_erfcx, (-1.0, 1.0), -57),
    "SINE_REST": ("(sin x - x)/x³ in x², |x| ≤ π/4", sine_rest, (0.0, 0.617), -55),
    "COSINE_REST": ("(cos x - 1 + x²/2)/x⁴ in x², |x| ≤ π/4", cosine_rest, (0.0, 0.617), -52),
}


#: Polynomials whose rounded first coefficient would cost half a unit.
FIRST_IN_TWO_PARTS = {"ERFCX"}


def fit(function: Callable[[Real], Real], interval: tuple[float, float], error: int) -> list[Real]:
    """The shortest Chebyshev fit whose first neglected term is below 2**error, in powers of the variable."""
    low, high = map(mp.mpf, interval)
    nodes = 96
    angles = [mp.pi * (k + mp.mpf(1) / 2) / nodes for k in range(nodes)]
    values = [function((low + high) / 2 + (high - low) / 2 * mp.cos(a)) for a in angles]
    series = [2 * sum(v * mp.cos(n * a) for v, a in zip(values, angles, strict=True)) / nodes for n in range(nodes)]
    series[0] /= 2
    smallest = mp.mpf(2) ** error * min(map(abs, values))
    while abs(series[-1]) < smallest:
        series.pop()
    return shifted(powers(series), 2 / (high - low), -(high + low) / (high - low))


def powers(series: list[Real]) -> list[Real]:
    """The same polynomial in powers, the lowest first."""
    older, newer = [mp.mpf(1)], [mp.mpf(0), mp.mpf(1)]
    total = [mp.mpf(0)] * len(series)
    for coefficient in series:
        for power, c in enumerate(older):
            total[power] += coefficient * c
        following = [mp.mpf(0), *(2 * c for c in newer)]
        older, newer = newer, [c - (older[k] if k < len(older) else 0) for k, c in enumerate(following)]
    return total


def shifted(coefficients: list[Real], slope: Real, offset: Real) -> list[Real]:
    """The polynomial of slope·x + offset, in powers of x."""
    total = [mp.mpf(0)]
    for coefficient in reversed(coefficients):
        times = [offset * c for c in total] + [mp.mpf(0)]
        for k, c in enumerate(total):
            times[k + 1] += slope * c
        total = times
        total[0] += coefficient
    return total[: len(coefficients)]


def in_two_parts(name: str, what: str, value: Real) -> list[str]:
    """The lines of a constant that one float64 is not enough for."""
    return [
        f"#: {what} in two parts.",
        f"{name}_HIGH = {float(value)!r}",
        f"{name}_LOW = {float(value - float(value))!r}",
    ]


def render() -> str:
    """The text of the module."""
    high = mp.floor(mp.log(2) * 2**LN2_BITS) / 2**LN2_BITS
    lines = [
        '"""Constants and polynomials of the float64 kernels, lowest power first, written by scripts/fit_series.py.'
        '"""\n',
        f"LOG2_E = {float(1 / mp.log(2))!r}",
        f"#: ln 2 in two parts: whole multiples of the first, below 2¹², are exact.\nLN2_HIGH = {float(high)!r}",
        f"LN2_LOW = {float(mp.log(2) - high)!r}",
        f"#: c of ERFCX.\nCENTRE = {float(CENTRE)!r}",
        *in_two_parts("QUARTER", "π/2", mp.pi / 2),
        *in_two_parts("SQRT2", "√2", mp.sqrt(2)),
        *in_two_parts("DENSITY", "1/√(2π)", 1 / mp.sqrt(2 * mp.pi)),
        "#: 2/π is Σ PIECES[k]/2^(53·k), each of at most 53 bits.\nPIECES = (",
        *(f"    {piece!r}," for piece in pieces()),
        ")",
    ]
    for name, (what, function, interval, error) in SERIES.items():
        coefficients = fit(function, interval, error)
        rows = "".join(f"    {float(c)!r},\n" for c in coefficients)
        lines.append(f"#: {what}.\n{name} = (\n{rows})")
        if name in FIRST_IN_TWO_PARTS:
            lacking = float(coefficients[0] - float(coefficients[0]))
            lines.append(f"#: What its first coefficient lacks.\n{name}_LOW = {lacking!r}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the module, or with --check fail if it is not what the fit gives."""
    mp.mp.dps = 60
    write_or_check(TARGET, render, __doc__)


if __name__ == "__main__":
    main()
