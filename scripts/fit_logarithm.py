"""Fit the float32 polynomial of log(1 + e) that the softplus kernel uses, and write the module.

Run:  python scripts/fit_logarithm.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import mpmath as mp
import numpy as np
from generated import write_or_check

Function = Callable[[mp.mpf], mp.mpf]

TARGET = Path(__file__).parents[1] / "src" / "rheobase" / "kernels" / "fast" / "logarithm_series.py"
#: log(1 + e) = SHARE·e + e·(polynomial in e - CENTRE): SHARE keeps the second term small, so that what it is
#: rounded by hardly counts; CENTRE lies where the result is smallest beside the rounding of e.
SHARE, CENTRE = mp.mpf(13) / 16, mp.mpf(1) / 4
DEGREE = 9
POINTS, ROUNDS = 240, 25


def excess(u: mp.mpf) -> mp.mpf:
    """log(1 + e)/e - SHARE at e = u + CENTRE."""
    e = u + CENTRE
    return mp.log1p(e) / e - SHARE if e else 1 - SHARE


def weight(u: mp.mpf) -> mp.mpf:
    """What an error of `excess` is worth, relative to log(1 + e)."""
    return 1 / (excess(u) + SHARE)


def rounded(f: Function, weight: Function, low: mp.mpf, high: mp.mpf, degree: int) -> list[float]:
    """A polynomial with float32 coefficients: each is rounded, and the higher ones fitted again to make up for it."""
    middle, half = (low + high) / 2, (high - low) / 2
    points = [middle - half * mp.cos(mp.pi * (k + mp.mpf(1) / 2) / POINTS) for k in range(POINTS)]
    weights = np.array([weight(x) for x in points])
    powers = weights[:, None] * np.array([[x**k for k in range(degree + 1)] for x in points])
    left = weights * np.array([f(x) for x in points])
    fixed: list[float] = []
    for power in range(degree + 1):
        fixed.append(float(np.float32(float(_least_greatest(powers[:, power:], left)[0]))))
        left = left - fixed[-1] * powers[:, power]
    return fixed


def _least_greatest(basis: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Coefficients with nearly the least greatest error, by Lawson's reweighted least squares."""
    emphasis = np.full(len(wanted), mp.mpf(1))
    tried = []
    for _ in range(ROUNDS):
        weighted = (basis * emphasis[:, None]).T
        solution = mp.lu_solve(mp.matrix((weighted @ basis).tolist()), mp.matrix((weighted @ wanted).tolist()))
        coefficients = np.array(list(solution))
        errors = abs(basis @ coefficients - wanted)
        tried.append((max(errors), coefficients))
        emphasis = emphasis * errors
        emphasis = emphasis / sum(emphasis)
    return min(tried, key=lambda one: one[0])[1]


def error(f: Function, weight: Function, low: mp.mpf, high: mp.mpf, series: list[float]) -> float:
    """The greatest weighted error, as a power of 2."""
    points = [low + (high - low) * k / 2000 for k in range(2001)]
    return float(mp.log(max(abs(weight(x) * (f(x) - mp.polyval(series[::-1], x))) for x in points), 2))


def constant(name: str, series: list[float]) -> str:
    """One table of a module."""
    return f"{name} = (\n" + "".join(f"    {c!r},\n" for c in series) + ")\n"


def render() -> str:
    """The text of the module."""
    fit = (excess, weight, -CENTRE, 1 - CENTRE)
    series = rounded(*fit, DEGREE)
    print(f"LOG1P_EXCESS: relative error 2^{error(*fit, series):.1f}", file=sys.stderr)
    return (
        '"""log(1 + e) for 0 ≤ e ≤ 1 in float32, the lowest power first, written by scripts/fit_logarithm.py."""\n\n'
        f"SHARE, CENTRE = {float(SHARE)!r}, {float(CENTRE)!r}\n"
        "#: log(1 + e)/e - SHARE in e - CENTRE.\n" + constant("LOG1P_EXCESS", series)
    )


def main() -> None:
    """Write the module, or with --check fail if it is not what the fit gives."""
    mp.mp.dps = 40
    write_or_check(TARGET, render, __doc__)


if __name__ == "__main__":
    main()
