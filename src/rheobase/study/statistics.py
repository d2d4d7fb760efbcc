"""From scores to a decision: intervals that know the splits overlap, and one honest sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Scores = NDArray[np.float64]
Kind = Literal["winner", "tied", "equivalent", "undecided", "failed"]

#: Test rows per training row of a 60/20/20 split: the splits of different seeds overlap, and the
#: variance of a mean over them is (1/n + this)·s² instead of s²/n (Nadeau & Bengio 2003).
OVERLAP = 0.2 / 0.6
#: A winner must beat every other this often, besides a significant difference (Bouthillier et al. 2021).
SUPERIORITY = 0.75
CONFIDENCE = 0.95


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


@dataclass(frozen=True)
class Verdict:
    """The decision: its kind, the names at the top, and the sentence that says it."""

    kind: Kind
    sentence: str
    top: tuple[str, ...] = ()
    adjusted: dict[str, float] = field(default_factory=dict)


def decide(
    scores: Mapping[str, Scores], baseline: str, cost: Mapping[str, float], failed: Mapping[str, int], metric: str
) -> Verdict:
    """The verdict on scores by function, one per paired seed; higher is better.

    Top are all functions that cannot be told apart from the best (Holm over the comparisons with it).
    One alone that also beats each other in 75 % of the seeds is the winner; all functions within half
    the baseline's spread of each other are equivalent; all together at the top without that: undecided.
    """
    seeds = len(next(iter(scores.values())))
    label = f"Screening with {seeds} seeds. " if seeds < 10 else ""
    alive = {name: s for name, s in scores.items() if failed.get(name, 0) < seeds}
    if not alive:
        return Verdict("failed", f"{label}No function trained in any seed; nothing can be compared.")
    best = max(alive, key=lambda name: (np.mean(alive[name]), name == baseline))
    others = {name: p_value(alive[best] - s) for name, s in alive.items() if name != best}
    adjusted = holm(others)
    top = [best, *(n for n in others if adjusted[n] >= 1 - CONFIDENCE or _rarely(alive[best], alive[n]))]
    top.sort(key=lambda n: -float(np.mean(alive[n])))
    kind = _kind(alive, top, baseline)
    return Verdict(kind, label + _sentence(kind, top, alive, baseline, cost, metric), tuple(top), adjusted)


def _rarely(best: Scores, other: Scores) -> bool:
    return p_superiority(best, other) < SUPERIORITY


def _kind(alive: Mapping[str, Scores], top: list[str], baseline: str) -> Kind:
    if len(top) == 1:
        return "winner"
    region = 0.5 * float(np.std(alive.get(baseline, alive[top[0]]), ddof=1))
    gaps = [estimate(alive[top[0]] - alive[name]) for name in top[1:]]
    if len(top) < len(alive):
        return "tied"
    return "equivalent" if all(max(abs(g.ci[0]), abs(g.ci[1])) <= region for g in gaps) else "undecided"


def _sentence(
    kind: Kind, top: list[str], alive: Mapping[str, Scores], baseline: str, cost: Mapping[str, float], metric: str
) -> str:
    best = top[0]
    if kind == "winner":
        return f"{best} wins: its {metric} of {np.mean(alive[best]):.4g} is above every other's, and not by chance."
    # among equals nobody should pay more, nor change what they have for nothing
    cheap = min(top, key=lambda n: (round(cost.get(n, 1.0), 1), n != baseline, cost.get(n, 1.0)))
    advice = f"of these, {cheap} costs least per step ({cost.get(cheap, 1.0):.2f}× relu)"
    if kind == "tied":
        return f"A tie at the top: {_list(top)} cannot be told apart; {advice}."
    if kind == "equivalent":
        return f"It does not matter here: all differ by less than half of the chance between seeds; {advice}."
    return f"Undecided: these seeds cannot tell {_list(top)} apart; {advice}."


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
