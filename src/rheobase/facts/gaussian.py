"""Averages over z ~ N(0, 1): what a wide layer of random weights sees of a function."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rheobase.definition import Definition
from rheobase.facts.curve import Curve, Points, curve

#: Beyond 12 standard deviations lies less than 10⁻³² of the mass.
_REACH = 12.0
#: How often a panel is halved, and how many are at a time: more than that is noise.
_HALVINGS, _PANELS = 40, 4096
_RULE = np.polynomial.legendre.leggauss(12)


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Averages for z ~ N(0, 1), and what mean-field theory makes of them.

    mean = E f, second_moment = E f², gain = 1/√E f². With weights of standard deviation
    gain/√fan_in: chi1 = gain²·E f'² multiplies the gradient's variance per layer, variance_slope is
    the slope of the variance map at 1. `edge_of_chaos` is (σ_w, σ_b) with chi1 = 1 at variance 1,
    None if no bias variance allows it. Where E f² = 0 the gain is ∞, chi1 and variance_slope are NaN.
    """

    mean: float
    second_moment: float
    gain: float
    chi1: float
    variance_slope: float
    edge_of_chaos: tuple[float, float] | None


def gain(definition: Definition, **parameters: float) -> float:
    """1/√E[f(z)²] for z ~ N(0, 1)."""
    return _gain(average(curve(definition, parameters), "ff"))


def _gain(second: float) -> float:
    return second**-0.5 if second else math.inf


def gaussian(at: Curve) -> Gaussian:
    """The averages of a function at given parameters."""
    second = average(at, "ff")
    # what is 0 for all that the weights send it has no gradient to speak of
    share = 1 / second if second else math.nan
    return Gaussian(
        mean=average(at, "f"),
        second_moment=second,
        gain=_gain(second),
        chi1=average(at, "dd") * share,
        variance_slope=average(at, "fdz") * share,
        edge_of_chaos=edge_of_chaos(at),
    )


def edge_of_chaos(at: Curve, variance: float = 1.0) -> tuple[float, float] | None:
    """(σ_w, σ_b) that keep the pre-activation variance and the gradient: σ_w = E[f'(√q z)²]^-½,
    σ_b² = q - σ_w²·E[f(√q z)²]; None where that is negative or f' is 0 almost everywhere."""
    slope, second = average(at, "dd", variance), average(at, "ff", variance)
    if not 0 < slope < math.inf or second == 0:
        return None
    bias = variance - second / slope
    # the rectifier's is exactly 0, which rounding may turn negative
    return (float(slope**-0.5), float(max(bias, 0.0) ** 0.5)) if bias >= -1e-12 else None


@lru_cache(maxsize=1024)
def average(at: Curve, what: str, variance: float = 1.0) -> float:
    """E of a product of f (f), f' (d) and z (z) at √variance·z for z ~ N(0, 1); "dd" is E f'(√variance·z)²."""

    def product(z: Points) -> Points:
        x = z * variance**0.5
        factors: dict[str, Callable[[], Points]] = {"f": lambda: at(x), "d": lambda: at(x, 1), "z": lambda: z}
        value = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
        for letter in what:
            value = value * factors[letter]()
        return value

    with np.errstate(all="ignore"):
        return _integral(product, _edges(at, variance), math.inf if what in ("ff", "dd") else math.nan)


def _edges(at: Curve, variance: float) -> Points:
    """Panels of width ¼, ever narrower ones next to 0 and the breakpoints, and those where f bends sharply."""
    scale = variance**-0.5
    centres = np.unique([0.0, *(scale * b for b in at.breakpoints)])
    steps = 0.125 * 2.0 ** -np.arange(22)
    narrow = [centres, *(centres[:, None] + side * steps for side in (-1, 1)), scale * at.steep]
    edges = np.concatenate([np.linspace(-_REACH, _REACH, 97), *(part.ravel() for part in narrow)])
    return np.unique(edges[np.abs(edges) <= _REACH])


def _integral(function: Callable[[Points], Points], edges: Points, divergent: float) -> float:
    """∫ over the panels between `edges`, each halved until that changes nothing; `divergent` if it never stops."""
    low, high, total, settled = edges[:-1], edges[1:], 0.0, 0.0
    whole = _panels(function, low, high)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
        halves = _panels(function, low, high)
        pair = halves.reshape(2, -1).sum(axis=0)
        size = settled + float(np.abs(pair).sum())
        moves = np.abs(pair - whole) > 1e-14 * size
        total += float(pair[~moves].sum())
        settled += float(np.abs(pair[~moves]).sum())
        if not moves.any() or moves.sum() > _PANELS:
            return total + float(pair[moves].sum())
        rest, off = pair[moves], np.abs(pair - whole)[moves]
        both = np.tile(moves, 2)
        low, high, whole = low[both], high[both], halves[both]
        if (high - low <= 1e-14 * np.abs(low)).any():
            break
    # noise moves a narrow panel by little, a pole by much
    wild = off > 0.01 * np.abs(rest)
    return divergent if np.abs(rest[wild]).sum() > 1e-3 * size else total + float(rest.sum())


def _panels(function: Callable[[Points], Points], low: Points, high: Points) -> Points:
    """The integral over each panel by Gauss-Legendre."""
    node, weight = _RULE
    middle, half = (high + low) / 2, (high - low) / 2
    return half * (function((middle[:, None] + half[:, None] * node).ravel()).reshape(low.size, -1) @ weight)
