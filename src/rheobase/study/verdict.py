"""The decision of a study, and the one honest sentence that says it, numbers included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rheobase.study.plan import COST_REFERENCE
from rheobase.study.statistics import CONFIDENCE, Scores, estimate, holm, p_superiority, p_value, seeds_needed
from rheobase.study.units import Unit

Kind = Literal["winner", "tied", "equivalent", "undecided", "failed"]

#: A winner must beat every other this often, besides a significant difference (Bouthillier et al. 2021).
SUPERIORITY = 0.75
#: Costs per step this close are the same: nobody should change what they have for them.
SAME_COST = 1.05
#: Fewer seeds than this are a screening.
SCREENING = 10


@dataclass(frozen=True)
class Verdict:
    """The decision: its kind, the names at the top, and the sentence that says it."""

    kind: Kind
    sentence: str
    top: tuple[str, ...]


def decide(
    scores: Mapping[str, Scores], baseline: str, cost: Mapping[str, float], failed: Mapping[str, int], unit: Unit
) -> Verdict:
    """The verdict on scores by function, one per paired seed; higher is better.

    Top are all functions that cannot be told apart from the best (Holm over the comparisons with it).
    One alone that also beats each other in the share `SUPERIORITY` of the seeds is the winner; all functions
    within half the baseline's spread of each other are equivalent; all together at the top without that: undecided.
    """
    seeds = len(next(iter(scores.values())))
    label = f"Screening with {seeds} seeds. " if seeds < SCREENING else ""
    alive = {name: s for name, s in scores.items() if failed[name] < seeds}
    if not alive:
        return Verdict(
            "failed", f"{label}No function learnt more than guessing in any seed; nothing can be compared.", ()
        )
    top = _top(alive, baseline)
    kind = _kind(alive, top, baseline)
    story = _Story(top, alive, baseline, cost, unit)
    return Verdict(kind, label + story.tell(kind) + _lost(scores, alive), tuple(top))


def _top(alive: Mapping[str, Scores], baseline: str) -> list[str]:
    best = max(alive, key=lambda name: (np.mean(alive[name]), name == baseline))
    adjusted = holm({name: p_value(alive[best] - s) for name, s in alive.items() if name != best})
    equal = [n for n, p in adjusted.items() if p >= 1 - CONFIDENCE or _rarely(alive[best], alive[n])]
    return [best, *_best_first(alive, equal)]


def _rarely(best: Scores, other: Scores) -> bool:
    return p_superiority(best, other) < SUPERIORITY


def _best_first(alive: Mapping[str, Scores], names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: -float(np.mean(alive[name])))


def _kind(alive: Mapping[str, Scores], top: list[str], baseline: str) -> Kind:
    if len(top) == 1:
        return "winner"
    if len(top) < len(alive):
        return "tied"
    gaps = [estimate(alive[top[0]] - alive[name]) for name in top[1:]]
    region = _region(alive, top, baseline)
    return "equivalent" if all(max(abs(g.ci[0]), abs(g.ci[1])) <= region for g in gaps) else "undecided"


def _region(alive: Mapping[str, Scores], top: Sequence[str], baseline: str) -> float:
    return 0.5 * float(np.std(alive.get(baseline, alive[top[0]]), ddof=1))


def _lost(scores: Mapping[str, Scores], alive: Mapping[str, Scores]) -> str:
    lost = [name for name in scores if name not in alive]
    return f" In no seed did {_list(lost, 'or')} learn more than guessing." if lost else ""


def recommended(top: Sequence[str], baseline: str, cost: Mapping[str, float]) -> str:
    """Among equals the cheapest per step, unless the baseline costs as good as the same."""
    cheapest = min(top, key=lambda name: cost[name])
    if baseline in top and cost[baseline] <= SAME_COST * cost[cheapest]:
        return baseline
    return cheapest


@dataclass(frozen=True)
class _Story:
    """What the sentence is told from."""

    top: Sequence[str]
    alive: Mapping[str, Scores]
    baseline: str
    cost: Mapping[str, float]
    unit: Unit

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
            f"the next best: more than chance explains."
        )

    def _tied(self) -> str:
        best, last = self.top[0], self.top[-1]
        behind = "" if self.baseline in self.top else f" {self.baseline} is behind: {self._gap(self.baseline, best)}."
        return (
            f"A tie at the top: {_list(self.top)} cannot be told apart (largest difference {self._gap(best, last)}, "
            f"{best} against {last}). {self._advice()}{behind}"
        )

    def _equivalent(self) -> str:
        best, last = self.top[0], self.top[-1]
        region = self.unit.plain(_region(self.alive, self.top, self.baseline)) + self.unit.difference
        return (
            f"It does not matter here: the largest difference is {self._gap(best, last)} ({best} against {last}), and "
            f"all are within {region}, half of the spread between seeds. {self._advice()}"
        )

    def _undecided(self) -> str:
        best = self.top[0]
        rival = self.baseline if self.baseline in self.top[1:] else self.top[1]
        stay = f" So far {self.baseline} is not shown to be worse." if self.baseline in self.top else ""
        return (
            f"Undecided: these seeds do not tell the {len(self.top)} functions apart, their number taken into account. "
            f"The best mean is {best}'s, {self._gap(best, rival)} against {rival}. {self._more(best, rival)}{stay}"
        )

    def _more(self, best: str, rival: str) -> str:
        difference = self.alive[best] - self.alive[rival]
        needed = seeds_needed(difference, comparisons=len(self.alive) - 1)
        if needed is None:
            return "More seeds would not settle so small a difference on this data."
        return f"About {max(needed - len(difference), 1)} more seeds would settle a difference of that size."

    def _advice(self) -> str:
        name = recommended(self.top, self.baseline, self.cost)
        price = f"{self.cost[name]:.2f}× {COST_REFERENCE}"
        if name == self.baseline:
            return f"Keep {name}: no other of them costs clearly less per step ({price})."
        return f"Take {name}: of these, it costs least per step ({price})."

    def _gap(self, a: str, b: str) -> str:
        e = estimate(self.alive[a] - self.alive[b])
        return f"{self.unit.signed(e.mean)} ±{self.unit.plain(e.half)}{self.unit.difference}"


def _list(names: Sequence[str], word: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
