"""The pictures of scores, costs and learning rates: from results to matplotlib figures."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rheobase.plot import COLOURS
from rheobase.study.data.units import unit
from rheobase.study.decision.statistics import Estimate, Scores, p_superiority
from rheobase.study.plan import COST_REFERENCE
from rheobase.study.report.views import apart, front
from rheobase.study.report.views import budgets as expected_best_of
from rheobase.study.results import Outcome, Results

#: What a page shows as its own background.
PAPER = "#ffffff"
#: Inches that a line of small print takes.
LINE = 0.16
STYLES = ("-", "--", ":")


def look(k: int) -> dict[str, Any]:
    """How the k-th function is drawn: where the colours are used up, other lines."""
    return {"color": COLOURS[k % len(COLOURS)], "linestyle": STYLES[k // len(COLOURS) % len(STYLES)]}


def legend_beside(axes: Any) -> None:
    """The names of the lines, to the right of the picture."""
    axes.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))


def forest(results: Results) -> Figure:
    """Paired differences to the baseline with their intervals, the best on top."""
    base = baseline(results)
    others = [o for o in results.outcomes if o is not base]
    return _intervals(
        results,
        [(o.name, o.difference, o.scores - base.scores) for o in others],
        f"difference to {base.name}",
    )


def behind(results: Results) -> Figure:
    """How far each function is behind the best, with the intervals that decided."""
    best = next(o for o in results.outcomes if o.name == results.verdict.top[0])
    others = [(o.name, o.behind, best.scores - o.scores) for o in results.outcomes if o.behind]
    return _intervals(results, others, f"behind {best.name}, the best")


def _intervals(results: Results, rows: Sequence[tuple[str, Estimate, Scores]], what: str) -> Figure:
    """Names, differences with their intervals, and the same seed by seed; the first on top."""
    u = unit(results.data.metric)
    figure = Figure(figsize=(6.0, 0.9 + 0.34 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    for place, (_, difference, by_seed) in enumerate(rows[::-1]):
        axes.errorbar(u.factor * difference.mean, place, xerr=u.factor * difference.half, fmt="o", color=COLOURS[0],
                      capsize=3)  # fmt: skip
        axes.plot(u.factor * by_seed, np.full(len(by_seed), place - 0.25), "|", color="#666666")
    axes.axvline(0, color="#444444", linewidth=0.8)
    axes.axvspan(-u.factor * results.region, u.factor * results.region, color="#999999", alpha=0.15, linewidth=0)
    axes.set_yticks(range(len(rows)), [name for name, *_ in rows[::-1]])
    axes.set_ylim(-0.6, len(rows) - 0.5)
    measure = f"{u.metric} in percentage points" if u.factor > 1 else u.metric
    axes.set_xlabel(f"{measure}: {what}")
    plain(axes)
    return figure


def baseline(results: Results) -> Outcome:
    """The function that all are compared with."""
    return next(o for o in results.outcomes if o.name == results.plan.baseline)


def seeds(results: Results) -> Figure:
    """Scores of every seed; a line joins those of one seed: pairs differ by less than seeds do."""
    u, figure = (
        unit(results.data.metric),
        Figure(figsize=(max(5.0, 0.75 * len(results.outcomes)), 3.0), layout="constrained"),
    )
    axes = figure.add_subplot()
    scores = u.factor * np.array([o.scores for o in results.outcomes])
    places = np.arange(len(scores))
    axes.plot(places, scores, color="#999999", linewidth=0.7, alpha=0.7, zorder=1)
    axes.plot(np.repeat(places, scores.shape[1]), scores.ravel(), ".", color=COLOURS[0], markersize=5)
    axes.plot(places, scores.mean(axis=1), "_", color="#222222", markersize=16, markeredgewidth=2)
    axes.set_xticks(places, [o.name for o in results.outcomes], rotation=30, ha="right")
    axes.set_ylabel(u.metric + u.sign)
    plain(axes)
    return figure


def rates(results: Results) -> Figure:
    """Validation score against the learning rate: mean and range over the tuning seeds, the chosen rate ringed."""
    u, figure = unit(results.data.metric), Figure(figsize=(6.4, 3.4), layout="constrained")
    axes = figure.add_subplot()
    for k, o in enumerate(results.outcomes):
        tried, found = [rate for rate, _ in o.tuning], u.factor * np.array([scores for _, scores in o.tuning])
        axes.plot(tried, found.mean(axis=1), linewidth=1.4, label=o.name, **look(k))
        axes.fill_between(tried, found.min(axis=1), found.max(axis=1), color=look(k)["color"], alpha=0.08, linewidth=0)
        chosen = tried.index(o.best_learning_rate)
        axes.plot(tried[chosen], found[chosen].mean(), "o", color=look(k)["color"], fillstyle="none", markersize=7)
    axes.set(xscale="log", xlabel="learning rate", ylabel=f"validation {u.metric}{u.sign}")
    legend_beside(axes)
    plain(axes)
    return figure


def budgets(results: Results) -> Figure:
    """The validation score to expect of the best of so many learning rates."""
    u, figure = unit(results.data.metric), Figure(figsize=(6.4, 3.0), layout="constrained")
    axes = figure.add_subplot()
    for k, o in enumerate(results.outcomes):
        found = u.factor * expected_best_of(o)
        axes.plot(range(1, len(found) + 1), found, marker=".", linewidth=1.4, label=o.name, **look(k))
    axes.set(xlabel="learning rates tried", ylabel=f"validation {u.metric}{u.sign}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend_beside(axes)
    plain(axes)
    return figure


def costs(results: Results, what: str, cost: str, noise: str | None) -> Figure:
    """Score against a cost, fields of Outcome; filled: no other function is both better and cheaper."""
    u, outcomes = unit(results.data.metric), results.outcomes
    height = 1.2 + LINE * len(outcomes)
    figure, best = Figure(figsize=(4.9, height + 0.6), layout="constrained"), front(outcomes, attrgetter(cost))
    axes, points = figure.add_subplot(), []
    for k, o in enumerate(outcomes):
        x, y, colour = getattr(o, cost), u.factor * o.score.mean, look(k)["color"]
        axes.errorbar(x, y, yerr=u.factor * o.score.half, xerr=getattr(o, noise) / 2 if noise else None, fmt="o",
                      color=colour, mfc=colour if o.name in best else PAPER, linewidth=0.8)  # fmt: skip
        points.append((x, y, o.name))
    axes.set(xlabel=f"{what}, {COST_REFERENCE}'s is 1", ylabel=u.metric + u.sign)
    low, high = axes.get_ylim()
    _name_beside(axes, points, LINE / height * (high - low))
    plain(axes)
    return figure


def _name_beside(axes: Any, points: Sequence[tuple[float, float, str]], gap: float) -> None:
    """Names to the right of the picture, in the order of their points and joined with them: none covers another."""
    for k, ((x, y, name), place) in enumerate(zip(points, apart([y for _, y, _ in points], gap), strict=True)):
        joined = {"arrowstyle": "-", "color": look(k)["color"], "linewidth": 0.6, "alpha": 0.6, "shrinkB": 4}
        axes.annotate(name, (x, y), (1.06, place), textcoords=axes.get_yaxis_transform(), va="center", fontsize=8.5,
                      annotation_clip=False, arrowprops=joined)  # fmt: skip


def superiority(results: Results) -> Figure:
    """How often the function of the row beats that of the column on the same seed; a tie counts one half."""
    names = [o.name for o in results.outcomes]
    table = np.array([[p_superiority(a.scores, b.scores) for b in results.outcomes] for a in results.outcomes])
    side = 1.6 + 0.42 * len(names)
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(table, cmap="RdBu", vmin=0, vmax=1)
    for row, column in np.ndindex(table.shape):
        if row != column:
            strong = abs(table[row, column] - 0.5) > 0.3
            axes.text(column, row, f"{table[row, column]:.2f}".lstrip("0"), ha="center", va="center", fontsize=7,
                      color="#fefefe" if strong else "#1c1c1c")  # fmt: skip
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0)
    return figure


def plain(axes: Any) -> None:
    """No more frame than is needed."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.5)
