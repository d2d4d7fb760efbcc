"""The pictures of trainings: learning curves by step and by time, and where pre-activations sit on the function."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from rheobase.activation import get
from rheobase.doctor.report.density import shade, window
from rheobase.plot import COLOURS, over_density
from rheobase.study.plan import COST_REFERENCE
from rheobase.study.report.pictures import baseline, legend_beside, look, plain
from rheobase.study.report.views import Course, courses, histograms, progress
from rheobase.study.results import Outcome, Results
from rheobase.study.training.architecture import hidden_unit
from rheobase.study.training.own import Own

BLUES = ("#cfe3f1", "#8fbfe0", "#4a90c2", "#1f5f8f")
#: Layers whose densities are named by themselves; of more, the first and the last are.
MOST_NAMED = 4


def together(results: Results, by_time: bool) -> Figure:
    """The mean learning curves of all functions, by step or by the time that so many steps take."""
    figure = Figure(figsize=(4.9, 3.2), layout="constrained")
    axes, found = figure.add_subplot(), courses(results)
    for course in found:
        k = [o.name for o in results.outcomes].index(course.name)
        axes.plot(course.time if by_time else course.steps, course.mean, linewidth=1.3, label=course.name, **look(k))
    if by_time:
        end = min(course.time[-1] for course in found)
        axes.axvline(end, color="#666666", linewidth=0.8)
    axes.set_xlabel(f"time, in {progress(results)}s of {COST_REFERENCE}" if by_time else _step(results))
    _values(results, axes)
    legend_beside(axes)
    plain(axes)
    return figure


def curve(results: Results, course: Course) -> Figure:
    """A learning curve: the seeds of a function, and the baseline's mean in grey."""
    figure = Figure(figsize=(3.1, 2.2), layout="constrained")
    axes = figure.add_subplot()
    for other in courses(results):
        if other.name == results.plan.baseline:
            axes.plot(other.steps, other.mean, color="#aaaaaa", linewidth=3)
    axes.plot(course.steps, course.seeds.T, color=COLOURS[0], linewidth=0.9, alpha=0.8)
    axes.set(title=course.name, xlabel=_step(results))
    _values(results, axes)
    plain(axes)
    return figure


def _step(results: Results) -> str:
    if isinstance(results.data, Own):
        return {"step": "step, as reported", "report": "number of the report"}[progress(results)]
    return "training step"


def _values(results: Results, axes: Any) -> None:
    """What learning curves are of: losses span powers of ten; of a user's own values, nothing is known."""
    if isinstance(results.data, Own):
        axes.set_ylabel("reported value")
        return
    axes.set(ylabel="validation loss", ylim=_losses(results), yscale="log")
    axes.yaxis.set_major_locator(LogLocator(subs=_marks(*_losses(results)), numticks=99))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _marks(low: float, high: float) -> tuple[float, ...]:
    """Where a decade is marked: the more often, the fewer decades there are."""
    if high > 1000 * low:
        return (1.0,)
    return (1.0, 2.0, 5.0) if high > 10 * low else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0)


def _losses(results: Results) -> tuple[float, float]:
    """The losses all curves are drawn between; what climbs far above the baseline leaves the picture."""
    found = np.concatenate([r.curve for o in results.outcomes for r in o.runs])
    # a diverged run's curve may be NaN throughout
    highest = 3 * max((v for r in baseline(results).runs for v in r.curve if np.isfinite(v)), default=np.inf)
    shown = found[np.isfinite(found) & (found > 0) & (found <= highest)]
    return (0.8 * float(shown.min()), 1.25 * float(shown.max())) if len(shown) else (0.1, 10.0)


def on_the_curve(o: Outcome) -> Figure:
    """Where the networks' pre-activations sit on f and f′: a density per hidden layer, first to last."""
    figure, axes, behind = over_density()
    counts = histograms(o)
    ends, deepest = window(np.sum(counts, axis=0)), max(len(counts) - 1, len(BLUES) - 1)
    layers = shade(behind, counts, [BLUES[depth * (len(BLUES) - 1) // deepest] for depth in range(len(counts))], ends)
    for depth, layer in enumerate(layers):
        layer.set_label(f"layer {depth + 1}")
    named = layers if len(layers) <= MOST_NAMED else [layers[0], layers[-1]]
    lines = _lines(axes, o.name, ends)
    axes.set(title=o.name, xlabel="pre-activation z", ylim=(-1.6, 3.2), xlim=ends)
    look: dict[str, Any] = {"frameon": False, "fontsize": "small", "handlelength": 1.2, "borderaxespad": 0.1}
    # axes hold one legend by themselves, and there are two
    axes.add_artist(Legend(axes, lines, [line.get_label() for line in lines], loc="upper left", **look))
    axes.legend(handles=named, loc="lower right", **look)
    plain(axes)
    return figure


def _lines(axes: Any, name: str, ends: tuple[float, float]) -> list[Any]:
    x = np.linspace(*ends, 601)
    slope = hidden_unit(name).trained_by
    word = "f′" if slope.name == name else "f′ of the stand-in"
    return [
        *axes.plot(x, get(name)(x), color="#222222", linewidth=1.8, label="f"),
        *axes.plot(x, slope.derivative(x), color=COLOURS[1], linewidth=1.4, label=word),
    ]
