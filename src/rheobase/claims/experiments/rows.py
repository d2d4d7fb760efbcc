"""Softmax: shares that add up to 1, whatever is added to the inputs, however large they are."""

from __future__ import annotations

import jax
import numpy as np
import torch

import rheobase as rb
from rheobase.claims.record import Measured, Picture

WIDTHS = (2, 10, 100, 1000, 10_000)


def naive(x: np.ndarray) -> np.ndarray:
    """The formula as it is printed."""
    with np.errstate(over="ignore", invalid="ignore"):
        shares: np.ndarray = np.exp(x) / np.exp(x).sum(-1, keepdims=True)
    return shares


def distribution(name: str, seed: int = 0) -> Measured:
    """Rows of normal numbers, from tame to wild, of 2 to 10 000 classes: signs and sums, as float32."""
    f, rng = rb.get(name), np.random.default_rng(seed)
    rows = [rng.normal(0, spread, (50, n)).astype(np.float32) for n in WIDTHS for spread in (1, 10, 100)]
    shares = [f(row) for row in rows]
    return Measured({
        "largest distance of a sum from 1": float(max(np.abs(s.sum(-1, dtype=np.float64) - 1).max() for s in shares)),
        "smallest output": float(min(s.min() for s in shares)),
        "largest output": float(max(s.max() for s in shares)),
        "outputs that are exactly 0": float(sum((s == 0).sum() for s in shares) / sum(s.size for s in shares)),
        "rows": float(50 * len(rows)),
    })  # fmt: skip


def shift(name: str, seed: int = 0) -> Measured:
    """f(x + c) against f(x), for inputs and shifts that float32 holds exactly, and for ordinary ones."""
    f, rng = rb.get(name), np.random.default_rng(seed)
    ordinary = rng.normal(0, 3, (200, 10)).astype(np.float32)
    exact, shifts = np.round(ordinary * 4) / 4, 10.0 ** np.arange(7)
    apart = {c: _apart(f(ordinary + np.float32(c)), f(ordinary)) for c in shifts}
    line = (shifts.tolist(), list(apart.values()))
    whole = max(_apart(f(exact + np.float32(c)), f(exact)) for c in 2.0 ** np.arange(20))
    return Measured({
        "largest change where x + c is exact": whole,
        "largest change for c = 100": apart[1e2],
        "largest change for c = 1e6": apart[1e6],
        "largest change": max(apart.values()),
    }, Picture("c", "largest change of a share", {"float32": line}, log="xy"))  # fmt: skip


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(np.float64) - b).max())


def overflow(name: str, seed: int = 0) -> Measured:
    """Rows [s, s - 1, 0] for ever larger s: the formula as it is printed, and three libraries."""
    sizes = 10.0 ** np.arange(39)
    rows = np.stack([sizes, sizes - 1, 0 * sizes], -1).astype(np.float32)
    with np.errstate(all="ignore"):
        printed = naive(rows)
    libraries = {"rheobase": rb.get(name)(rows), "torch": torch.softmax(torch.tensor(rows), -1).numpy(),
                 "jax": np.asarray(jax.nn.softmax(rows, -1))}  # fmt: skip
    steps = np.linspace(80, 100, 2001, dtype=np.float32)
    fails = steps[np.isnan(naive(np.stack([steps, 0 * steps], -1))).any(-1)]
    return Measured({
        "rows": float(len(rows)),
        "rows that are NaN by the formula": float(np.isnan(printed).any(-1).sum()),
        "the formula fails from x": float(fails.min()),
        **{f"rows that are NaN in {library}": float(np.isnan(y).any(-1).sum()) for library, y in libraries.items()},
    })  # fmt: skip
