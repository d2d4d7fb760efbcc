"""Fit the float32 polynomials that the exponential kernels use, and write the module.

Run:  python scripts/fit_exponential.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import mpmath as mp
import numpy as np
from generated import write_or_check

Function = Callable[[mp.mpf], mp.mpf]

TARGET = Path(__file__).parents[1] / "src" / "rheobase" / "kernels" / "fast" / "exponential_series.py"
#: Half of ln 2, and a little more: the multiple of ln 2 is chosen with a rounded 1/ln 2.
HALF_LN2 = mp.mpf("0.34658")
#: tanh is an odd polynomial up to here, and comes from an exponential beyond.
TANH_JOINT = mp.mpf(1)
EXCHANGES = 12
GRID = 1500
#: Points that matter less than this are left out of a fit.
NEGLIGIBLE = mp.mpf(10) ** -6


def exp_tail(r: mp.mpf) -> mp.mpf:
    """(eʳ - 1 - r)/r², by its power series."""
    return mp.hyp1f1(1, 3, r) / 2


def tanh_deficit(u: mp.mpf) -> mp.mpf:
    """(1 - tanh(x)/x)/x² at u = x²."""
    if u < mp.mpf(10) ** -12:
        return mp.mpf(1) / 3 - 2 * u / 15
    x = mp.sqrt(u)
    return (1 - mp.tanh(x) / x) / u


def remez(f: Function, weight: Function, low: mp.mpf, high: mp.mpf, powers: list[int]) -> list[mp.mpf]:
    """Coefficients of the given powers with the least greatest |weight·(f - polynomial)|."""
    n = len(powers) + 1
    middle, half = (low + high) / 2, (high - low) / 2
    grid = [middle - half * mp.cos(mp.pi * k / GRID) for k in range(GRID + 1)]
    table = [(x, f(x), weight(x)) for x in grid]
    table = [row for row in table if row[2] > NEGLIGIBLE]
    chosen = [table[round(k * (len(table) - 1) / mp.mpf(n - 1))] for k in range(n)]
    for _ in range(EXCHANGES):
        rows = [[x**p for p in powers] + [(-1) ** i / w] for i, (x, _, w) in enumerate(chosen)]
        coefficients = list(mp.lu_solve(mp.matrix(rows), mp.matrix([y for _, y, _ in chosen])))[:-1]
        errors = [w * (y - sum(c * x**p for c, p in zip(coefficients, powers, strict=True))) for x, y, w in table]
        peaks = _alternation(errors, n)
        if peaks is None:
            break
        chosen = [table[i] for i in peaks]
    return coefficients


def _alternation(errors: list[mp.mpf], n: int) -> list[int] | None:
    """Where the error is greatest between its changes of sign; None if it changes too rarely."""
    peaks = [0]
    for i, e in enumerate(errors):
        if (e > 0) != (errors[peaks[-1]] > 0):
            peaks.append(i)
        elif abs(e) > abs(errors[peaks[-1]]):
            peaks[-1] = i
    while len(peaks) > n:
        del peaks[0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1]
    return peaks if len(peaks) == n else None


def rounded(f: Function, weight: Function, low: mp.mpf, high: mp.mpf, degree: int) -> list[float]:
    """A polynomial with float32 coefficients: each is rounded, and the higher ones fitted again to make up for it."""
    fixed: list[float] = []
    for power in range(degree + 1):
        rest = lambda x: f(x) - sum(c * x**k for k, c in enumerate(fixed))  # noqa: E731
        fixed.append(float(np.float32(float(remez(rest, weight, low, high, list(range(power, degree + 1)))[0]))))
    return fixed


def error(f: Function, weight: Function, low: mp.mpf, high: mp.mpf, series: list[float]) -> float:
    """The greatest weighted error, as a power of 2."""
    points = [low + (high - low) * k / 2000 for k in range(2001)]
    return float(mp.log(max(abs(weight(x) * (f(x) - mp.polyval(series[::-1], x))) for x in points), 2))


#: What is fitted, the weight of its error, the ends of the range, the degree.
FITS = {
    "EXP_TAIL": (exp_tail, lambda r: r * r / mp.exp(r), -HALF_LN2, HALF_LN2, 4),
    "EXPM1_TAIL": (exp_tail, lambda r: abs(r * r / mp.expm1(r)) if r else mp.mpf(0), -HALF_LN2, HALF_LN2, 5),
    "TANH_DEFICIT": (
        tanh_deficit,
        lambda u: u**1.5 / mp.tanh(mp.sqrt(u)) if u else mp.mpf(0),
        mp.mpf(0),
        TANH_JOINT**2,
        6,
    ),
}


def constant(name: str, tables: dict[str, list[float]]) -> str:
    """One table of the module."""
    return f"{name} = (\n" + "".join(f"    {c!r},\n" for c in tables[name]) + ")\n"


def render() -> str:
    """The text of the module."""
    tables = {name: rounded(*fit) for name, fit in FITS.items()}
    for name, (*fit, _) in FITS.items():
        print(f"{name}: relative error 2^{error(*fit, tables[name]):.1f}", file=sys.stderr)
    return (
        '"""Polynomials in float32, the lowest power first, written by scripts/fit_exponential.py."""\n\n'
        "#: (eʳ - 1 - r)/r² for |r| ≤ ln(2)/2, least relative error of eʳ.\n" + constant("EXP_TAIL", tables) + "\n"
        "#: The same, least relative error of eʳ - 1.\n" + constant("EXPM1_TAIL", tables) + "\n"
        "#: (1 - tanh(x)/x)/x² in powers of x², for |x| ≤ 1.\n" + constant("TANH_DEFICIT", tables)
    )


def main() -> None:
    """Write the module, or with --check fail if it is not what the fit gives."""
    mp.mp.dps = 40
    write_or_check(TARGET, render, __doc__)


if __name__ == "__main__":
    main()
