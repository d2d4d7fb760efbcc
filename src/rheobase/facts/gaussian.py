"""Averages over z ~ N(0, 1): what a wide layer of random weights sees of a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rheobase.definition import Definition
from rheobase.facts.curve import Curve, Points, curve

#: Beyond 12 standard deviations lies less than 10⁻³² of the mass.
_REACH = 12.0


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Averages for z ~ N(0, 1), and what mean-field theory makes of them.

    mean = E f, second_moment = E f², gain = 1/√E f². With weights of standard deviation
    gain/√fan_in: chi1 = gain²·E f'² multiplies the gradient's variance per layer, variance_slope is
    the slope of the variance map at 1. `edge_of_chaos` is (σ_w, σ_b) with chi1 = 1 at variance 1,
    None if no bias variance allows it.
    """

    mean: float
    second_moment: float
    gain: float
    chi1: float
    variance_slope: float
    edge_of_chaos: tuple[float, float] | None


def gain(definition: Definition, **parameters: float) -> float:
    """1/√E[f(z)²] for z ~ N(0, 1)."""
    return float(_mean(curve(definition, parameters), "ff") ** -0.5)


def gaussian(at: Curve) -> Gaussian:
    """The averages of a function at given parameters."""
    second = _mean(at, "ff")
    scale = second**-0.5
    return Gaussian(
        mean=_mean(at, "f"),
        second_moment=second,
        gain=scale,
        chi1=_mean(at, "dd") / second,
        variance_slope=_mean(at, "fdz") / second,
        edge_of_chaos=edge_of_chaos(at),
    )


def edge_of_chaos(at: Curve, variance: float = 1.0) -> tuple[float, float] | None:
    """(σ_w, σ_b) that keep the pre-activation variance and the gradient: σ_w = E[f'(√q z)²]^-½,
    σ_b² = q - σ_w²·E[f(√q z)²]; None where that is negative or f' is 0 almost everywhere."""
    slope = _mean(at, "dd", variance)
    if slope == 0:
        return None
    bias = variance - _mean(at, "ff", variance) / slope
    # the rectifier's is exactly 0, which rounding may turn negative
    return None if bias < -1e-12 else (float(slope**-0.5), float(max(bias, 0.0) ** 0.5))


@lru_cache(maxsize=1024)
def _mean(at: Curve, what: str, variance: float = 1.0) -> float:
    """E of a product of f (f), f' (d) and z (z) at √variance·z, by Gauss-Legendre between kinks."""
    z, weight = _nodes(tuple(b / variance**0.5 for b in at.breakpoints))
    x = z * variance**0.5
    factors: dict[str, Callable[[], Points]] = {"f": lambda: at(x), "d": lambda: at(x, 1), "z": lambda: z}
    value = np.ones_like(z)
    for letter in what:
        value = value * factors[letter]()
    return float(np.sum(weight * value))


@lru_cache(maxsize=64)
def _nodes(breaks: tuple[float, ...]) -> tuple[Points, Points]:
    edges = np.unique(np.concatenate([np.linspace(-_REACH, _REACH, 97), [b for b in breaks if abs(b) < _REACH]]))
    node, weight = np.polynomial.legendre.leggauss(12)
    middle, half = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
    z = (middle[:, None] + half[:, None] * node).ravel()
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    return z, (half[:, None] * weight).ravel() * density
