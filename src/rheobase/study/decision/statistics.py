"""Statistics of scores over seeds: intervals that know the splits overlap, paired tests, power."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from rheobase.study.data.splits import OVERLAP

Scores = NDArray[np.float64]

CONFIDENCE = 0.95
POWER = 0.8
#: More seeds than this are not asked for.
MOST_NEEDED = 1000
#: A spread below this share of the mean is what subtracting equal numbers leaves.
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with the half-width of its interval."""

    mean: float
    half: float

    @property
    def ci(self) -> tuple[float, float]:
        """The interval."""
        return self.mean - self.half, self.mean + self.half


def variance(overlap: float | None = None) -> str:
    """What stands for the variance of a mean over n seeds, in words; `overlap` as in `p_value`."""
    if overlap == 0:
        return "s²/n, for test rows that are the same for every seed"
    return f"(1/n + {_overlap(overlap):.3g}) s², corrected for seeds that share one table (Nadeau–Bengio)"


def _overlap(overlap: float | None) -> float:
    return OVERLAP if overlap is None else overlap


def estimate(values: Scores, row: float = 0.0, overlap: float | None = None) -> Estimate:
    """Mean over seeds and its interval, corrected for overlapping splits; `row` and `overlap` as in `p_value`."""
    error = _spread(values, row) * _error(len(values), overlap)
    return Estimate(float(np.mean(values)), _reach(len(values)) * error)


@cache
def _reach(n: int) -> float:
    """Half of the interval of a mean over n scores, in standard errors."""
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1))


def _spread(values: Scores, row: float) -> float:
    return max(float(np.std(values, ddof=1)), row)


def _error(n: Any, overlap: float | None) -> Any:
    """Standard error of the mean of n scores, per unit of their spread; see `rheobase.study.data.splits.OVERLAP`."""
    return (1 / n + _overlap(overlap)) ** 0.5


def p_value(difference: Scores, row: float = 0.0, overlap: float | None = None) -> float:
    """Two-sided corrected t test that paired differences have mean 0.

    `row` is what one test row is worth: accuracy counts whole rows, so a few seeds may show the same difference
    though each is off by a row either way. The spread between seeds is taken to be that much at least. Without such
    a unit, differences that do not vary at all say nothing about chance: p is 1. `overlap`: test rows per training
    row, 0 where every seed tests the same rows, None: those of a table that the study splits.
    """
    mean, spread = abs(float(np.mean(difference))), _spread(difference, row)
    if spread <= ROUNDING * mean or spread == 0:
        return 1.0
    error = spread * _error(len(difference), overlap)
    return float(2 * stats.t.sf(mean / error, len(difference) - 1))


def p_superiority(a: Scores, b: Scores) -> float:
    """Share of seeds in which a beats b; a tie counts one half."""
    return float(np.mean((a > b) + 0.5 * (a == b)))


def superiority_ci(a: Scores, b: Scores) -> tuple[float, float]:
    """The exact interval (Clopper & Pearson) of the share of seeds in which a beats b; a tie counts one half.

    It is about further seeds on this table. That another table might be another matter is in the interval of the
    difference, not here.
    """
    n, won = len(a), len(a) * p_superiority(a, b)
    tail = (1 - CONFIDENCE) / 2
    low = float(stats.beta.ppf(tail, won, n - won + 1)) if won > 0 else 0.0
    return low, float(stats.beta.isf(tail, won + 1, n - won)) if won < n else 1.0


def iqm(values: Scores) -> float:
    """The mean of the middle half: a few seeds that failed hardly move it."""
    return float(stats.trim_mean(values, 0.25))


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Holm's adjusted p-values."""
    adjusted, running = {}, 0.0
    for rank, (name, value) in enumerate(sorted(p.items(), key=lambda item: item[1])):
        running = max(running, min(1.0, value * (len(p) - rank)))
        adjusted[name] = running
    return adjusted


def seeds_needed(difference: Scores, comparisons: int, row: float = 0.0, overlap: float | None = None) -> int | None:
    """Seeds at which a mean difference like this one would be significant in the share `POWER` of studies.

    A study makes that many comparisons; `row` and `overlap` as in `p_value`. None if no number of seeds below a
    thousand would do: overlapping splits leave a chance that more seeds do not remove.
    """
    size = abs(float(np.mean(difference)))
    n = np.arange(2, MOST_NEEDED)
    enough = n[size >= _found(comparisons) * _spread(difference, row) * _error(n, overlap)]
    return int(enough[0]) if len(enough) else None


@cache
def _found(comparisons: int) -> Scores:
    """By seeds: the mean, in standard errors, that is found in the share `POWER` of studies."""
    degrees = np.arange(2, MOST_NEEDED) - 1
    return stats.t.isf((1 - CONFIDENCE) / 2 / comparisons, degrees) + stats.t.ppf(POWER, degrees)
