"""Fit a polynomial to (1 + 2t)·e^(t²)·erfc(t) in w = (t - c)/(t + c), and write the module.

Run:  python scripts/fit_erfcx.py [--check]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import mpmath as mp

TARGET = Path(__file__).parents[1] / "src" / "rheobase" / "kernels" / "erfcx_series.py"
CENTRE = mp.mpf(4)
SMALLEST = mp.mpf(2) ** -56


def scaled(w: mp.mpf) -> mp.mpf:
    """The fitted function at w in (-1, 1); it tends to 2/√π for w → 1."""
    t = CENTRE * (1 + w) / (1 - w)
    return (1 + 2 * t) * mp.exp(t * t) * mp.erfc(t)


def chebyshev(nodes: int = 96) -> list[mp.mpf]:
    """Chebyshev coefficients down to the last that float64 can notice."""
    angles = [mp.pi * (k + mp.mpf(1) / 2) / nodes for k in range(nodes)]
    values = [scaled(mp.cos(a)) for a in angles]
    series = [2 * sum(v * mp.cos(n * a) for v, a in zip(values, angles, strict=True)) / nodes for n in range(nodes)]
    series[0] /= 2
    while abs(series[-1]) < SMALLEST:
        series.pop()
    return series


def powers(series: list[mp.mpf]) -> list[float]:
    """The same polynomial in powers of w, the lowest first.

    Horner's rule uses each value once, which keeps compiled code short; the coefficients add up to
    less than twice the smallest value, so no digits are lost.
    """
    older, newer = [mp.mpf(1)], [mp.mpf(0), mp.mpf(1)]
    total = [mp.mpf(0)] * len(series)
    for coefficient in series:
        for power, c in enumerate(older):
            total[power] += coefficient * c
        following = [mp.mpf(0), *(2 * c for c in newer)]
        older, newer = newer, [c - (older[k] if k < len(older) else 0) for k, c in enumerate(following)]
    return [float(c) for c in total]


def render(series: list[float]) -> str:
    """The text of the module."""
    rows = "".join(f"    {c!r},\n" for c in series)
    return (
        '"""(1 + 2t)·e^(t²)·erfc(t) in powers of (t - c)/(t + c), written by scripts/fit_erfcx.py."""\n\n'
        f"CENTRE = {float(CENTRE)!r}\n\nCOEFFICIENTS = (\n{rows})\n"
    )


def main() -> None:
    """Write the module, or with --check fail if it is not what the fit gives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    mp.mp.dps = 60
    text = render(powers(chebyshev()))
    if not arguments.check:
        TARGET.write_text(text)
    elif TARGET.read_text() != text:
        sys.exit(f"{TARGET} is not what the fit gives; run scripts/fit_erfcx.py")


if __name__ == "__main__":
    main()
