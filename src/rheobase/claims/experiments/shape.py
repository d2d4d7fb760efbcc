"""What a function's curve shows: range, slope, flat sides, centre, kinks. Facts are held against computed values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import rheobase as rb
from rheobase.algebra.reference import evaluate
from rheobase.claims.record import Measured, Picture

#: From -120 to 120 in steps of 1/64: beyond, float32 can hold neither exp(x) nor exp(-x).
GRID = np.linspace(-120, 120, 240 * 64 + 1)
#: Those of them that are computed to hundreds of digits.
EXACT = GRID[::240]


def image(name: str, low: float, high: float, seed: int = 0) -> Measured:
    """Do all values lie inside (low, high), computed exactly and as float32?"""
    f = rb.get(name)
    symbols = tuple(f.formula.free_symbols)
    exact = [evaluate(f.formula, symbols, {**f.definition.defaults, "x": float(point)}) for point in EXACT]
    rounded = f(GRID.astype(np.float32))
    out = np.abs(GRID[(rounded <= low) | (rounded >= high)])
    return Measured({
        "range is that of the facts": float((f.facts.range.low, f.facts.range.high) == (low, high)),
        "exact values outside": float(sum(not low < value < high for value in exact)),
        "float32 values": float(GRID.size),
        "float32 values at an end": float(out.size),
        "float32 leaves it at |x|": float(out.min(initial=GRID[-1])),
    })  # fmt: skip


def largest_slope(name: str, seed: int = 0) -> Measured:
    """How steep is it, and where? By the derivative, and by differences of values."""
    f = rb.get(name)
    slope = f.derivative(GRID)
    differences = np.diff(f(GRID)) / np.diff(GRID)
    return Measured({
        "largest slope": float(slope.max()),
        "at x": float(GRID[slope.argmax()]),
        "largest slope by the facts": f.facts.lipschitz,
        "largest slope by differences": float(differences.max()),
    })  # fmt: skip


def flat_sides(name: str, seed: int = 0) -> Measured:
    """Where does the slope stay below 5 % of its maximum, and what is left of it at |x| = 10?"""
    f = rb.get(name)
    saturation, share = f.facts.saturation, np.abs(f.derivative(GRID)) / f.facts.lipschitz
    left = -np.inf if saturation.left is None else saturation.left
    right = np.inf if saturation.right is None else saturation.right
    beyond = share[(left > GRID) | (right < GRID)]
    shown = np.abs(GRID) <= 12
    picture = Picture("x", "slope, share of the largest", {name: _line(GRID[shown], share[shown])}, log="y")
    return Measured({
        "flat sides": float(np.isfinite([left, right]).sum()),
        "flat from |x|": float(min(abs(left), abs(right), GRID[-1])),
        "largest share of the slope beyond": float(beyond.max(initial=0.0)),
        "share of the slope at 10": float(share[GRID == 10].item()),
        "smallest share for x > 0": float(share[GRID > 0].min()),
    }, picture)  # fmt: skip


def kink(name: str, at: float = 0.0, seed: int = 0) -> Measured:
    """The slopes on both sides of a point, by differences of values that lie ever nearer to it."""
    f, h = rb.get(name), 2.0 ** -np.arange(4, 24)
    left, right = (f(at) - f(at - h)) / h, (f(at + h) - f(at)) / h
    found = [(k.left, k.right) for k in f.facts.kinks if k.at == at] or [(f.derivative(at), f.derivative(at))]
    return Measured({
        "slope from the left": float(left[-1]),
        "slope from the right": float(right[-1]),
        "gap": float(abs(right[-1] - left[-1])),
        "gap by the facts": abs(found[0][1] - found[0][0]),
    })  # fmt: skip


def straight_part(name: str, seed: int = 0) -> Measured:
    """Is it a straight line through 0 for x < 0? By the second derivative, and by f(2x) = 2 f(x)."""
    f, x = rb.get(name), GRID[GRID < 0]
    bent = np.abs(f(2 * x) - 2 * f(x)) / np.abs(x)
    return Measured({
        "largest second derivative for x < 0": float(np.abs(f.derivative(x, 2)).max()),
        "largest departure from a line": float(bent.max()),
    })  # fmt: skip


def near_relu(name: str, seed: int = 0) -> Measured:
    """How far is it from ReLU, where most, and how many derivatives has it?"""
    f = rb.get(name)
    apart = np.abs(f(GRID) - rb.relu(GRID))
    shown = np.abs(GRID) <= 6
    x = GRID[shown]
    lines = {name: _line(x, f(x)), "relu": _line(x, rb.relu(x)), "difference": _line(x, apart[shown])}
    return Measured({
        "largest distance to ReLU": float(apart.max()),
        "at x": float(GRID[apart.argmax()]),
        "distance at |x| = 10": float(apart[np.abs(GRID) == 10].max()),
        "kinks": float(len(f.facts.kinks)),
        "smooth": float(f.facts.continuity is None),
    }, Picture("x", "value", lines))  # fmt: skip


def sides(name: str, seed: int = 0) -> Measured:
    """What becomes of inputs far to the left, and far to the right?"""
    f = rb.get(name)
    return Measured({
        "output at -10": float(f(-10.0)),
        "output at 10": float(f(10.0)),
        "limit at -inf": f.facts.limits[0],
        "slope at -10": float(f.derivative(-10.0)),
        "slope at 10": float(f.derivative(10.0)),
    })  # fmt: skip


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[list[float], list[float]]:
    return x[::8].tolist(), y[::8].tolist()
