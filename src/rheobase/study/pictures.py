"""The pictures of a report: from results to matplotlib figures, and from figures to inline SVG."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from rheobase.activation import get
from rheobase.doctor.records import BINS, Counts
from rheobase.doctor.report.density import shade, window
from rheobase.plot import COLOURS, over_density
from rheobase.study.architecture import hidden_unit
from rheobase.study.plan import COST_REFERENCE
from rheobase.study.results import Outcome, Results
from rheobase.study.statistics import p_superiority
from rheobase.study.units import unit

BLUES = ("#cfe3f1", "#8fbfe0", "#4a90c2", "#1f5f8f")


def forest(results: Results) -> Figure:
    """Paired differences to the baseline with their intervals, the best on top."""
    others = [o for o in results.outcomes if o.name != results.plan.baseline][::-1]
    u, base = unit(results.data.metric), _baseline(results)
    figure = Figure(figsize=(6.0, 0.9 + 0.34 * len(others)), layout="constrained")
    axes = figure.add_subplot()
    for row, o in enumerate(others):
        mean, half = u.factor * o.difference.mean, u.factor * o.difference.half
        axes.errorbar(mean, row, xerr=half, fmt="o", color=COLOURS[0], capsize=3)
        axes.plot(u.factor * (o.scores - base.scores), np.full(len(o.scores), row - 0.25), "|", color="#666666")
    axes.axvline(0, color="#444444", linewidth=0.8)
    axes.axvspan(-u.factor * results.region, u.factor * results.region, color="#999999", alpha=0.15, linewidth=0)
    axes.set_yticks(range(len(others)), [o.name for o in others])
    axes.set_ylim(-0.6, len(others) - 0.5)
    measure = f"{u.metric} in percentage points" if u.factor > 1 else u.metric
    axes.set_xlabel(f"{measure}: difference to {results.plan.baseline}")
    _plain(axes)
    return figure


def _baseline(results: Results) -> Outcome:
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
    _plain(axes)
    return figure


def rates(results: Results) -> Figure:
    """Validation score against the learning rate: mean and range over the tuning seeds, the chosen rate ringed."""
    u, figure = unit(results.data.metric), Figure(figsize=(6.4, 3.4), layout="constrained")
    axes = figure.add_subplot()
    for k, o in enumerate(results.outcomes):
        tried, found = [rate for rate, _ in o.tuning], u.factor * np.array([scores for _, scores in o.tuning])
        colour, style = COLOURS[k % len(COLOURS)], ("-", "--", ":")[k // len(COLOURS) % 3]
        axes.plot(tried, found.mean(axis=1), style, color=colour, linewidth=1.4, label=o.name)
        axes.fill_between(tried, found.min(axis=1), found.max(axis=1), color=colour, alpha=0.08, linewidth=0)
        chosen = tried.index(o.best_learning_rate)
        axes.plot(tried[chosen], found[chosen].mean(), "o", color=colour, fillstyle="none", markersize=7)
    axes.set(xscale="log", xlabel="learning rate", ylabel=f"validation {u.metric}{u.sign}")
    axes.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    _plain(axes)
    return figure


def costs(results: Results) -> Figure:
    """Score against the time of a step; filled: no other function is both better and cheaper."""
    u, figure = unit(results.data.metric), Figure(figsize=(6.0, 3.2), layout="constrained")
    axes = figure.add_subplot()
    for o in results.outcomes:
        best = not any(p.score.mean > o.score.mean and p.step_time_ratio < o.step_time_ratio for p in results.outcomes)
        axes.errorbar(
            o.step_time_ratio, u.factor * o.score.mean, yerr=u.factor * o.score.half, xerr=o.step_time_noise / 2,
            fmt="o", color=COLOURS[0], mfc=COLOURS[0] if best else "white", linewidth=0.8,
        )  # fmt: skip
        axes.annotate(
            o.name, (o.step_time_ratio, u.factor * o.score.mean), (5, 4), textcoords="offset points", fontsize=8
        )
    axes.set(xlabel=f"time of a training step, {COST_REFERENCE}'s is 1", ylabel=u.metric + u.sign)
    _plain(axes)
    return figure


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
                      color="white" if strong else "black")  # fmt: skip
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0)
    return figure


def curve(results: Results, o: Outcome) -> Figure:
    """Validation loss against steps: the seeds of a function, and the baseline's mean in grey."""
    figure = Figure(figsize=(3.1, 2.2), layout="constrained")
    axes = figure.add_subplot()
    common = np.mean([r.curve for r in _baseline(results).runs], axis=0)
    steps = np.linspace(0, results.plan.steps, len(common) + 1)[1:]
    axes.plot(steps, common, color="#aaaaaa", linewidth=3)
    for run in o.runs:
        axes.plot(steps, run.curve, color=COLOURS[0], linewidth=0.9, alpha=0.8)
    axes.set(title=o.name, xlabel="training step", ylabel="validation loss", ylim=_losses(results), yscale="log")
    axes.yaxis.set_major_locator(LogLocator(subs=_marks(*_losses(results)), numticks=99))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    _plain(axes)
    return figure


def _marks(low: float, high: float) -> tuple[float, ...]:
    """Where a decade is marked: the more often, the fewer decades there are."""
    if high > 1000 * low:
        return (1.0,)
    return (1.0, 2.0, 5.0) if high > 10 * low else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0)


def _losses(results: Results) -> tuple[float, float]:
    """The losses all curves are drawn between; what climbs far above the baseline leaves the picture."""
    found = np.concatenate([r.curve for o in results.outcomes for r in o.runs])
    # a diverged run's curve may be NaN throughout
    highest = 3 * max((v for r in _baseline(results).runs for v in r.curve if np.isfinite(v)), default=np.inf)
    shown = found[np.isfinite(found) & (found > 0) & (found <= highest)]
    return (0.8 * float(shown.min()), 1.25 * float(shown.max())) if len(shown) else (0.1, 10.0)


def on_the_curve(o: Outcome) -> Figure:
    """Where the networks' pre-activations sit on f and f′: a density per hidden layer, first to last."""
    figure, axes, behind = over_density()
    counts = _histograms(o)
    ends = window(np.sum(counts, axis=0))
    layers = shade(behind, counts, [BLUES[min(depth, 3)] for depth in range(len(counts))], ends)
    for depth, layer in enumerate(layers):
        layer.set_label(f"layer {depth + 1}")
    lines = _lines(axes, o.name, ends)
    axes.set(title=o.name, xlabel="pre-activation z", ylim=(-1.6, 3.2), xlim=ends)
    look: dict[str, Any] = {"frameon": False, "fontsize": "small", "handlelength": 1.2, "borderaxespad": 0.1}
    # axes hold one legend by themselves, and there are two
    axes.add_artist(Legend(axes, lines, [line.get_label() for line in lines], loc="upper left", **look))
    axes.legend(handles=layers, loc="lower right", **look)
    _plain(axes)
    return figure


def _lines(axes: Any, name: str, ends: tuple[float, float]) -> list[Any]:
    x = np.linspace(*ends, 601)
    slope = hidden_unit(name).trained_by
    word = "f′" if slope.name == name else "f′ of the stand-in"
    return [
        *axes.plot(x, get(name)(x), color="#222222", linewidth=1.8, label="f"),
        *axes.plot(x, slope.derivative(x), color=COLOURS[1], linewidth=1.4, label=word),
    ]


def _histograms(o: Outcome) -> list[Counts]:
    """Of each hidden layer, over all seeds that did not diverge."""
    found = [r.health.histograms for r in o.runs if r.health is not None]
    empty = [np.zeros(BINS, dtype=np.int64)]
    return [np.sum(layer, axis=0) for layer in zip(*found, strict=True)] if found else empty


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.5)
