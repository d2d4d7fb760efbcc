"""Every function against the best, which is known only after all were seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rheobase.study.decision.statistics import (
    CONFIDENCE,
    Estimate,
    Scores,
    estimate,
    p_superiority,
    p_value,
    pairs_left,
)

#: The best must beat another this often, besides a significant difference (Bouthillier et al. 2021).
SUPERIORITY = 0.75
#: Fewer seeds than this decide nothing: their spread is hardly known.
FEWEST_TO_DECIDE = 5


@dataclass(frozen=True)
class Gap:
    """What another function is behind the best.

    alone: with the interval of this one difference. corrected: with that which allows for the choice of the best; it
    excludes 0 if the function is shown to be behind. surely: whether it is, and is beaten often enough.
    """

    alone: Estimate
    corrected: Estimate
    surely: bool

    def within(self, region: float) -> bool:
        """Whether it is no more than `region`, to all appearance."""
        return max(map(abs, self.alone.ci)) <= region


def best_of(scores: Mapping[str, Scores], baseline: str) -> str:
    """The best mean; of equal ones the baseline's."""
    return max(scores, key=lambda name: (np.mean(scores[name]), name == baseline))


def gaps(scores: Mapping[str, Scores], best: str, row: float, overlap: float | None = None) -> dict[str, Gap]:
    """By function, all but the best; `row` and `overlap` as in `p_value`. Too few seeds to decide correct nothing."""
    differences = {name: scores[best] - own for name, own in scores.items() if name != best}
    p = {name: p_value(difference, row, overlap) for name, difference in differences.items()}
    enough = len(scores[best]) >= FEWEST_TO_DECIDE
    pairs = pairs_left(p) if enough else dict.fromkeys(p, 1)
    return {
        name: Gap(
            estimate(difference, row, overlap),
            estimate(difference, row, overlap, pairs[name]),
            enough
            and p[name] * pairs[name] < 1 - CONFIDENCE
            and p_superiority(scores[best], scores[name]) >= SUPERIORITY,
        )
        for name, difference in differences.items()
    }
