"""The pictures of a report as tables, for those who cannot see them or want the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rheobase.study.data.units import Unit, unit
from rheobase.study.decision.statistics import p_superiority, superiority_ci
from rheobase.study.plan import COST_REFERENCE
from rheobase.study.report.table import number
from rheobase.study.report.views import QUANTILES, Course, at_equal_time, budgets, histograms, progress, quantiles
from rheobase.study.results import Outcome, Results

#: Rows of a learning curve.
POINTS = 10


@dataclass(frozen=True)
class Sheet:
    """A table: its headings, and rows as long."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def _sheet(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Sheet:
    return Sheet(tuple(headings), tuple(map(tuple, rows)))


def _names(results: Results) -> list[str]:
    return [o.name for o in results.outcomes]


def _unit(results: Results) -> Unit:
    return unit(results.data.metric)


def differences(results: Results) -> Sheet:
    """Paired differences to the baseline with their intervals."""
    u = _unit(results)
    others = [o for o in results.outcomes if o.name != results.plan.baseline]
    rows = [(o.name, u.signed(o.difference.mean), *map(u.signed, o.difference.ci)) for o in others]
    return _sheet((f"vs {results.plan.baseline}", "mean", "from", "to"), rows)


def scores(results: Results) -> Sheet:
    """Scores by seed."""
    u = _unit(results)
    rows = [(str(s), *[u.plain(o.scores[k]) for o in results.outcomes]) for k, s in enumerate(results.plan.seeds)]
    return _sheet(("seed", *_names(results)), rows)


def superiority(results: Results) -> Sheet:
    """How often the function of the row beats that of the column, with the interval."""

    def cell(a: Outcome, b: Outcome) -> str:
        low, high = superiority_ci(a.scores, b.scores)
        return "–" if a is b else f"{p_superiority(a.scores, b.scores):.2f} [{low:.2f}, {high:.2f}]"

    rows = [(a.name, *[cell(a, b) for b in results.outcomes]) for a in results.outcomes]
    return _sheet(("beats", *_names(results)), rows)


def costs(results: Results) -> Sheet:
    """Scores and costs."""
    u = _unit(results)
    rows = [
        (o.name, u.plain(o.score.mean), f"{o.step_time_ratio:.3f}", f"{o.step_time_noise:.3f}",
         number(o.memory_ratio, ".3f"))
        for o in results.outcomes
    ]  # fmt: skip
    return _sheet(("function", u.metric + u.sign, "time", "its noise", "memory"), rows)


def rates(results: Results) -> Sheet:
    """Mean validation scores by learning rate."""
    u = _unit(results)
    rows = [
        (f"{rate:.2g}", *[u.plain(float(np.mean(o.tuning[k][1]))) for o in results.outcomes])
        for k, rate in enumerate(results.plan.learning_rates)
    ]
    return _sheet(("learning rate", *_names(results)), rows)


def tuning_budgets(results: Results) -> Sheet:
    """The score to expect of the best of so many learning rates."""
    u, found = _unit(results), [budgets(o) for o in results.outcomes]
    rows = [(str(k + 1), *[u.plain(values[k]) for values in found]) for k in range(len(found[0]))]
    return _sheet(("rates tried", *_names(results)), rows)


def learning_curves(results: Results, found: Sequence[Course]) -> Sheet:
    """Means over the seeds, at some of the steps."""
    longest = max(found, key=lambda course: len(course.steps))
    some = sorted(set(np.linspace(0, len(longest.steps) - 1, POINTS).round().astype(int)))
    rows = [(f"{longest.steps[k]:.0f}", *[f"{c.mean[k]:.3g}" if k < len(c.steps) else "" for c in found]) for k in some]
    return _sheet((progress(results), *[c.name for c in found]), rows)


def equal_time(found: Sequence[Course]) -> Sheet:
    """Where each function is when the first has taken all its steps."""
    time, moments = at_equal_time(found)
    rows = [(m.name, f"{m.steps:.0f}", f"{m.value:.3g}") for m in sorted(moments, key=lambda m: m.value)]
    return _sheet((f"after {time:.0f} of {COST_REFERENCE}", "steps taken", "value"), rows)


def last_values(results: Results, found: Sequence[Course]) -> Sheet:
    """Where each training ended."""
    rows = [(c.name, *[f"{value:.3g}" for value in c.seeds[:, -1]]) for c in found]
    return _sheet(("at the end, seed", *map(str, results.plan.seeds)), rows)


def pre_activations(results: Results) -> Sheet:
    """Quantiles of the pre-activations, by function and layer."""
    rows = [
        (o.name, str(depth), *[number(q, ".2g") for q in quantiles(counts)])
        for o in results.outcomes
        for depth, counts in enumerate(histograms(o), 1)
    ]
    return _sheet(("function", "layer", *[f"{q:.0%} are below" for q in QUANTILES]), rows)
