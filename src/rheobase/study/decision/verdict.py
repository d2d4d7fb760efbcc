"""The decision of a study, and the one honest sentence that says it, numbers included."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rheobase.study.data.units import Unit
from rheobase.study.decision.best import FEWEST_TO_DECIDE, Gap, best_of, gaps
from rheobase.study.decision.statistics import Estimate, Scores, seeds_needed
from rheobase.study.plan import COST_REFERENCE
from rheobase.study.training.cost import Cost

Kind = Literal["winner", "tied", "equivalent", "undecided", "failed"]

#: Costs per step this close are the same: nobody should change what they have for them.
SAME_COST = 1.05
#: Fewer seeds than this are a screening, and too few to foretell what more would show.
SCREENING = 10


@dataclass(frozen=True)
class Verdict:
    """The decision: its kind, the names at the top, and the sentence that says it.

    behind: how far each other function is behind the best, with the intervals that decided.
    """

    kind: Kind
    sentence: str
    top: tuple[str, ...]
    behind: Mapping[str, Estimate]


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

    Top are all functions that are not surely behind the best (see `gaps`), and those whose whole interval lies within
    `stated`, the difference that the user says does not matter. One alone is the winner; all functions within `stated`
    of the best (None: within `default_region`) are equivalent; all together at the top without that: undecided. So is
    everything with fewer than `FEWEST_TO_DECIDE` seeds.
    """
    seeds = len(next(iter(scores.values())))
    label = f"Screening with {seeds} seeds. " if seeds < SCREENING else ""
    alive = {name: s for name, s in scores.items() if failed[name] < seeds}
    if not alive:
        return Verdict(
            "failed", f"{label}No function learnt more than guessing in any seed; nothing can be compared.", (), {}
        )
    best = best_of(alive, baseline)
    behind = gaps(alive, best, row, overlap)
    equal = [name for name, gap in behind.items() if not gap.surely or (stated is not None and gap.within(stated))]
    story = _Story([best, *_best_first(alive, equal)], alive, behind, baseline, cost, unit, row, stated, overlap)
    kind = story.kind
    told = label + story.tell(kind) + _lost(scores, alive)
    return Verdict(kind, told, tuple(story.top), {name: gap.corrected for name, gap in behind.items()})


def default_region(baseline: Scores) -> float:
    """A difference that hardly matters: half of what one seed differs from another."""
    return 0.5 * float(np.std(baseline, ddof=1))


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
    behind: Mapping[str, Gap]
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
        return "equivalent" if all(gap.within(self._region) for gap in self.behind.values()) else "undecided"

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
            f"{best} wins with {self.unit.metric} {mean}, {self._ahead(others[0])} against {others[0]}, "
            f"the next best: more than chance explains{self._weighed(others[0])}."
        )

    def _weighed(self, other: str) -> str:
        """Against what the user says does not matter."""
        if self.stated is None:
            return ""
        low, _ = self.behind[other].corrected.ci
        return f", and {'more' if low > self.stated else 'perhaps less'} than your threshold of {self._allowed}"

    def _tied(self) -> str:
        best, last = self.top[0], self.top[-1]
        return (
            f"A tie at the top: {_list(self.top)} {self._alike} (largest difference {self._ahead(last)}, "
            f"{best} against {last}). {self._advice()}{self._fallen()}"
        )

    def _fallen(self) -> str:
        """Who is behind the best, the nearest first; of the baseline, how far."""
        told = _best_first(self.alive, self.behind.keys() - set(self.top))
        if self.baseline in told:
            gap = self.behind[self.baseline].corrected
            told[told.index(self.baseline)] += f" ({self._signed(Estimate(-gap.mean, gap.half))})"
        return f" Behind: {_list(told)}."

    @property
    def _alike(self) -> str:
        told = "cannot be told apart"
        return told if self.stated is None else f"{told}, or differ by less than your threshold of {self._allowed}"

    def _equivalent(self) -> str:
        best, last = self.top[0], self.top[-1]
        region = f"{self._allowed}, half of the spread between seeds"
        if self.stated is not None:
            region = f"your threshold of {self._allowed}"
        gap = self._signed(self.behind[last].alone)
        return (
            f"It does not matter here: the largest difference is {gap} ({best} against {last}), and all are within "
            f"{region}. {self._advice()}"
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
        rival, gap = self._rival, self._ahead(self._rival)
        if self._equal(rival):
            return f"For {best} and {rival} the means are equal ({gap})."
        return f"The best mean is {best}'s, {gap} against {rival}."

    def _more(self) -> str:
        difference = self.alive[self.top[0]] - self.alive[self._rival]
        needed = seeds_needed(difference, math.comb(len(self.alive), 2), self.row, self.overlap)
        if self._equal(self._rival):
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

    def _equal(self, other: str) -> bool:
        # sums of shares leave a rounding error
        return abs(self.behind[other].alone.mean) < 1e-12

    def _ahead(self, other: str) -> str:
        """What the best is ahead of another."""
        return self._signed(self.behind[other].corrected)

    def _signed(self, e: Estimate) -> str:
        return f"{self.unit.signed(e.mean)} ±{self.unit.plain(e.half)}{self.unit.difference}"


def _list(names: Sequence[str], word: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
