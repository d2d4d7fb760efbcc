"""Statistics of scores over seeds: intervals that know the splits overlap, paired tests, power."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Scores = NDArray[np.float64]

#: Test rows per training row of a 60/20/20 split: the splits of different seeds overlap, and the
#: variance of a mean over them is (1/n + this)·s² instead of s²/n (Nadeau & Bengio 2003).
OVERLAP = 0.2 / 0.6
CONFIDENCE = 0.95
POWER = 0.8


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with the half-width of its 95 % interval."""

    mean: float
    half: float

    @property
    def ci(self) -> tuple[float, float]:
        """The interval."""
        return self.mean - self.half, self.mean + self.half


def estimate(values: Scores, confidence: float = CONFIDENCE) -> Estimate:
    """Mean of scores over seeds and its interval, corrected for overlapping splits."""
    n = len(values)
    error = float(np.std(values, ddof=1)) * (1 / n + OVERLAP) ** 0.5
    return Estimate(float(np.mean(values)), float(stats.t.ppf((1 + confidence) / 2, n - 1)) * error)


def p_value(difference: Scores) -> float:
    """Two-sided corrected t test that paired differences have mean 0."""
    spread = float(np.std(difference, ddof=1)) * (1 / len(difference) + OVERLAP) ** 0.5
    if spread == 0:
        return 1.0 if np.mean(difference) == 0 else 0.0
    return float(2 * stats.t.sf(abs(np.mean(difference)) / spread, len(difference) - 1))


def p_superiority(a: Scores, b: Scores) -> float:
    """Share of seeds in which a beats b; a tie counts one half."""
    return float(np.mean((a > b) + 0.5 * (a == b)))


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Holm's adjusted p-values."""
    adjusted, running = {}, 0.0
    for rank, (name, value) in enumerate(sorted(p.items(), key=lambda item: item[1])):
        running = max(running, min(1.0, value * (len(p) - rank)))
        adjusted[name] = running
    return adjusted


def seeds_needed(difference: Scores, comparisons: int = 1) -> int | None:
    """Seeds at which a mean difference like this one would be significant in 80 % of studies of that many comparisons.

    None if no number of seeds below a thousand would do: overlapping splits leave a chance that more seeds
    do not remove.
    """
    size, spread = abs(float(np.mean(difference))), float(np.std(difference, ddof=1))
    n = np.arange(2, 1000)
    tail = (1 - CONFIDENCE) / 2 / comparisons
    reach = stats.t.isf(tail, n - 1) + stats.t.ppf(POWER, n - 1)
    enough = n[size >= reach * spread * (1 / n + OVERLAP) ** 0.5]
    return int(enough[0]) if len(enough) else None
