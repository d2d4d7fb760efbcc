"""The decision of a study, and the one honest sentence that says it, numbers included."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rheobase.study.data.units import Unit
from rheobase.study.decision.statistics import (
    CONFIDENCE,
    Estimate,
    Scores,
    estimate,
    holm,
    p_superiority,
    p_value,
    seeds_needed,
)
from rheobase.study.plan import COST_REFERENCE
from rheobase.study.training.cost import Cost

Kind = Literal["winner", "tied", "equivalent", "undecided", "failed"]

#: A winner must beat every other this often, besides a significant difference (Bouthillier et al. 2021).
SUPERIORITY = 0.75
#: Costs per step this close are the same: nobody should change what they have for them.
SAME_COST = 1.05
#: Fewer seeds than this are a screening, and too few to foretell what more would show.
SCREENING = 10
#: Fewer seeds than this decide nothing: their spread is hardly known.
FEWEST_TO_DECIDE = 5


@dataclass(frozen=True)
class Verdict:
    """The decision: its kind, the names at the top, and the sentence that says it."""

    kind: Kind
    sentence: str
    top: tuple[str, ...]


def decide(
    scores: Mapping[str, Scores],
    baseline: str,
    cost: Mapping[str, Cost],
    failed: Mapping[str, int],
    unit: Unit,
    row: float = 0.0,
    stated: float | None = None,
    overlap: float | None = None,
) -> Verdict:
    """The verdict on scores by function, one per paired seed; higher is better. `row`, `overlap`: as in `p_value`.

    Top are all functions that cannot be told apart from the best (Holm over the comparisons with it), and those whose
    whole interval lies within `stated`, the difference that the user says does not matter. One alone that also beats
    each other in the share `SUPERIORITY` of the seeds is the winner; all functions within `stated` of the best
    (None: within `default_region`) are equivalent; all together at the top without that: undecided. So is everything
    with fewer than `FEWEST_TO_DECIDE` seeds.
    """
    seeds = len(next(iter(scores.values())))
    label = f"Screening with {seeds} seeds. " if seeds < SCREENING else ""
    alive = {name: s for name, s in scores.items() if failed[name] < seeds}
    if not alive:
        return Verdict(
            "failed", f"{label}No function learnt more than guessing in any seed; nothing can be compared.", ()
        )
    top = _top(alive, baseline, row, stated, overlap)
    story = _Story(top, alive, baseline, cost, unit, row, stated, overlap)
    kind = story.kind
    return Verdict(kind, label + story.tell(kind) + _lost(scores, alive), tuple(story.top))


def default_region(baseline: Scores) -> float:
    """A difference that hardly matters: half of what one seed differs from another."""
    return 0.5 * float(np.std(baseline, ddof=1))


def _top(
    alive: Mapping[str, Scores], baseline: str, row: float, stated: float | None, overlap: float | None
) -> list[str]:
    best = max(alive, key=lambda name: (np.mean(alive[name]), name == baseline))
    if len(alive[best]) < FEWEST_TO_DECIDE:
        return [best, *_best_first(alive, [name for name in alive if name != best])]
    differences = {name: alive[best] - s for name, s in alive.items() if name != best}
    adjusted = holm({name: p_value(d, row, overlap) for name, d in differences.items()})
    equal = [
        n
        for n, p in adjusted.items()
        if p >= 1 - CONFIDENCE
        or _rarely(alive[best], alive[n])
        or _within(estimate(differences[n], row, overlap), stated)
    ]
    return [best, *_best_first(alive, equal)]


def _within(difference: Estimate, region: float | None) -> bool:
    return region is not None and max(map(abs, difference.ci)) <= region


def _rarely(best: Scores, other: Scores) -> bool:
    return p_superiority(best, other) < SUPERIORITY


def _best_first(alive: Mapping[str, Scores], names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: -float(np.mean(alive[name])))


def _lost(scores: Mapping[str, Scores], alive: Mapping[str, Scores]) -> str:
    lost = [name for name in scores if name not in alive]
    return f" In no seed did {_list(lost, 'or')} learn more than guessing." if lost else ""


def recommended(top: Sequence[str], baseline: str, cost: Mapping[str, Cost]) -> str:
    """Among equals the cheapest per step if it is clearly cheaper; else the baseline, or the best mean without it.

    Clearly: by more than the noise of either measurement, and by more than `SAME_COST`.
    """
    incumbent = baseline if baseline in top else top[0]
    cheapest = min(top, key=lambda name: cost[name].time)
    saved = cost[incumbent].time - cost[cheapest].time
    noise = max(cost[incumbent].noise, cost[cheapest].noise, (SAME_COST - 1) * cost[cheapest].time)
    return cheapest if saved > noise else incumbent


@dataclass(frozen=True)
class _Story:
    """What the sentence is told from."""

    top: Sequence[str]
    alive: Mapping[str, Scores]
    baseline: str
    cost: Mapping[str, Cost]
    unit: Unit
    row: float
    stated: float | None
    overlap: float | None

    @property
    def seeds(self) -> int:
        return len(self.alive[self.top[0]])

    @property
    def kind(self) -> Kind:
        if self.seeds < FEWEST_TO_DECIDE:
            return "undecided"
        if len(self.top) == 1:
            return "winner"
        if len(self.top) < len(self.alive):
            return "tied"
        gaps = [self._difference(self.top[0], name) for name in self.top[1:]]
        return "equivalent" if all(_within(gap, self._region) for gap in gaps) else "undecided"

    @property
    def _region(self) -> float:
        if self.stated is not None:
            return self.stated
        return default_region(self.alive.get(self.baseline, self.alive[self.top[0]]))

    @property
    def _allowed(self) -> str:
        return self.unit.plain(self._region) + self.unit.difference

    def tell(self, kind: Kind) -> str:
        tellers = {
            "winner": self._winner,
            "tied": self._tied,
            "equivalent": self._equivalent,
            "undecided": self._undecided,
        }
        return tellers[kind]()

    def _winner(self) -> str:
        best, mean = self.top[0], self.unit.score(float(np.mean(self.alive[self.top[0]])))
        others = _best_first(self.alive, [name for name in self.alive if name != best])
        if not others:
            return f"{best} wins with {self.unit.metric} {mean}: no other function learnt more than guessing."
        return (
            f"{best} wins with {self.unit.metric} {mean}, {self._gap(best, others[0])} against {others[0]}, "
            f"the next best: more than chance explains{self._weighed(best, others[0])}."
        )

    def _weighed(self, best: str, other: str) -> str:
        """Against what the user says does not matter."""
        if self.stated is None:
            return ""
        low, _ = self._difference(best, other).ci
        return f", and {'more' if low > self.stated else 'perhaps less'} than your threshold of {self._allowed}"

    def _tied(self) -> str:
        best, last = self.top[0], self.top[-1]
        behind = "" if self.baseline in self.top else f" {self.baseline} is behind: {self._gap(self.baseline, best)}."
        return (
            f"A tie at the top: {_list(self.top)} {self._alike} (largest difference {self._gap(best, last)}, "
            f"{best} against {last}). {self._advice()}{behind}"
        )

    @property
    def _alike(self) -> str:
        told = "cannot be told apart"
        return told if self.stated is None else f"{told}, or differ by less than your threshold of {self._allowed}"

    def _equivalent(self) -> str:
        best, last = self.top[0], self.top[-1]
        region = f"{self._allowed}, half of the spread between seeds"
        if self.stated is not None:
            region = f"your threshold of {self._allowed}"
        return (
            f"It does not matter here: the largest difference is {self._gap(best, last)} ({best} against {last}), and "
            f"all are within {region}. {self._advice()}"
        )

    def _undecided(self) -> str:
        stay = f" So far {self.baseline} is not shown to be worse." if self.baseline in self.top else ""
        if self.seeds < FEWEST_TO_DECIDE:
            few = f"{self.seeds} seeds are too few for a verdict; take {FEWEST_TO_DECIDE} or more."
            return f"Undecided: {few} {self._lead()}"
        many = f"these seeds do not tell the {len(self.top)} functions apart, their number taken into account."
        return f"Undecided: {many} {self._lead()}{self._more()}{stay}"

    @property
    def _rival(self) -> str:
        return self.baseline if self.baseline in self.top[1:] else self.top[1]

    def _lead(self) -> str:
        best = self.top[0]
        if len(self.top) == 1:
            return f"Only {best} learnt more than guessing."
        rival, gap = self._rival, self._gap(best, self._rival)
        if self._equal(best, rival):
            return f"For {best} and {rival} the means are equal ({gap})."
        return f"The best mean is {best}'s, {gap} against {rival}."

    def _more(self) -> str:
        difference = self.alive[self.top[0]] - self.alive[self._rival]
        needed = seeds_needed(difference, len(self.alive) - 1, self.row, self.overlap)
        if self._equal(self.top[0], self._rival):
            return ""
        if needed is not None:
            return f" About {max(needed - self.seeds, 1)} more seeds would settle a difference of that size."
        if self.seeds < SCREENING:
            return f" Too few seeds to say how many would settle it; {SCREENING} or more would tell more."
        return " More seeds would not settle so small a difference on this data."

    def _advice(self) -> str:
        name = recommended(self.top, self.baseline, self.cost)
        if math.isnan(self.cost[name].time):
            why = "" if name == self.baseline else ": its mean is the best"
            return f"{'Keep' if name == self.baseline else 'Take'} {name}{why}; what each costs was not measured."
        price = f"{self.cost[name].time:.2f}× {COST_REFERENCE}"
        if name == self.baseline:
            return f"Keep {name}: no other of them costs clearly less per step ({price})."
        if name == self.top[0] and self.baseline not in self.top:
            return f"Take {name}: its mean is the best, and no other of them costs clearly less per step ({price})."
        return f"Take {name}: of these, it costs least per step ({price})."

    def _equal(self, a: str, b: str) -> bool:
        # sums of shares leave a rounding error
        return abs(self._difference(a, b).mean) < 1e-12

    def _difference(self, a: str, b: str) -> Estimate:
        return estimate(self.alive[a] - self.alive[b], self.row, self.overlap)

    def _gap(self, a: str, b: str) -> str:
        e = self._difference(a, b)
        return f"{self.unit.signed(e.mean)} ±{self.unit.plain(e.half)}{self.unit.difference}"


def _list(names: Sequence[str], word: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
