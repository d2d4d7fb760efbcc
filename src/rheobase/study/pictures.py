"""The pictures of a report: from results to matplotlib figures, and from figures to inline SVG."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from rheobase.activation import get
from rheobase.doctor.measure import EDGES
from rheobase.plot import COLOURS
from rheobase.study.results import Outcome, Results


def svg(figure: Figure) -> str:
    """The figure as an SVG element to put into a page."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def forest(results: Results) -> Figure:
    """Paired differences to the baseline with their intervals, the best on top."""
    others = [o for o in results.outcomes if o.name != results.plan.baseline][::-1]
    figure = Figure(figsize=(7.2, 0.9 + 0.34 * len(others)), layout="constrained")
    axes = figure.add_subplot()
    for row, o in enumerate(others):
        axes.errorbar(o.difference.mean, row, xerr=o.difference.half, fmt="o", color=COLOURS[0], capsize=3)
        axes.plot(o.scores - _baseline(results).scores, np.full(len(o.scores), row - 0.22), "|", color="#777777")
    axes.axvline(0, color="#444444", linewidth=0.8)
    axes.set_yticks(range(len(others)), [o.name for o in others])
    axes.set_xlabel(
        f"{results.data.metric}, difference to {results.plan.baseline} (dot: mean, line: 95 %, ticks: seeds)"
    )
    _plain(axes)
    return figure


def _baseline(results: Results) -> Outcome:
    return next(o for o in results.outcomes if o.name == results.plan.baseline)


def curves(results: Results) -> Figure:
    """Validation loss against steps, a small picture per function: its seeds, and the baseline's mean in grey."""
    count = len(results.outcomes)
    rows = (count + 3) // 4
    figure = Figure(figsize=(9.6, 2.1 * rows), layout="constrained")
    grid = figure.subplots(rows, 4, sharex=True, sharey=True, squeeze=False).ravel()
    common = np.mean([r.curve for r in _baseline(results).runs], axis=0)
    for axes, o in zip(grid, results.outcomes, strict=False):
        steps = np.linspace(0, results.plan.steps, len(common) + 1)[1:]
        axes.plot(steps, common, color="#aaaaaa", linewidth=3)
        for run in o.runs:
            axes.plot(steps, run.curve, color=COLOURS[0], linewidth=0.9, alpha=0.8)
        axes.set_title(o.name, fontsize="medium")
        axes.set_yscale("log")
        _plain(axes)
    for axes in grid[count:]:
        axes.set_visible(False)
    figure.supxlabel("training step", fontsize="medium")
    figure.supylabel("validation loss", fontsize="medium")
    return figure


def on_the_curve(o: Outcome) -> Figure:
    """Where the networks' pre-activations sit on f and f′: a density per hidden layer, first to last."""
    figure = Figure(figsize=(4.6, 2.9), layout="constrained")
    axes = figure.add_subplot()
    function, x = get(o.name), np.linspace(EDGES[0], EDGES[-1], 601)
    shade = axes.twinx()
    for depth, counts in enumerate(_densities(o)):
        colour = ("#cfe3f1", "#8fbfe0", "#4a90c2", "#1f5f8f")[min(depth, 3)]
        shade.stairs(counts, EDGES, fill=True, color=colour, alpha=0.55, label=f"layer {depth + 1}")
    shade.set_yticks([])
    # the outermost bars hold all that lies beyond; they must not flatten the rest
    shade.set_ylim(0, 1.6 * max((counts[1:-1].max() for counts in _densities(o)), default=1.0))
    shade.legend(frameon=False, fontsize="x-small", loc="lower right")
    axes.set_zorder(shade.get_zorder() + 1)
    axes.patch.set_visible(False)
    axes.plot(x, function(x), color="#222222", linewidth=1.8, label="f")
    axes.plot(x, function.derivative(x), color=COLOURS[1], linewidth=1.4, label="f′")
    axes.set(title=o.name, xlabel="pre-activation z", ylim=(-1.6, 3.2), xlim=(EDGES[0], EDGES[-1]))
    axes.legend(frameon=False, fontsize="x-small", loc="upper left")
    _plain(axes)
    shade.spines[["top", "right", "left"]].set_visible(False)
    return figure


def _densities(o: Outcome) -> list[Any]:
    found = [r.health.sites for r in o.runs if r.health is not None]
    layers = [np.sum([sites[k].histogram for sites in found], axis=0) for k in range(len(found[0]))] if found else []
    return [counts / counts.sum() for counts in layers]


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.5)
