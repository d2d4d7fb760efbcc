"""The pictures of a report, each from plain numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from rheobase.activation import of
from rheobase.doctor.records import BINS, REACH, Case, SiteStatistics
from rheobase.doctor.report.density import shade, window
from rheobase.doctor.report.meanfield import expected
from rheobase.doctor.report.terminal import label
from rheobase.doctor.rules.units import dead
from rheobase.plot import COLOURS, over_density

_SHADE = "#8fbfe0"
#: Where asinh's axis is marked.
_MARKS = (-1000, -100, -10, -3, -1, 0, 1, 3, 10, 100, 1000)


def on_the_curve(site: SiteStatistics) -> Figure:
    """The density of the pre-activations over f and f′: where the data sits on the curve."""
    figure, axes, behind = over_density()
    left, right = window(site.histogram)
    shade(behind, [site.histogram], [_SHADE], (left, right))
    x = np.linspace(left, right, 601)
    function, values = of(site.nature.definition), dict(site.nature.values)
    for low, high in site.nature.flat:
        axes.axvspan(max(low, left), min(high, right), color="#999999", alpha=0.13, linewidth=0)
    axes.plot(x, function(x, **values), color="#222222", linewidth=1.8, label="f")
    axes.plot(x, function.derivative(x, 1, **values), color=COLOURS[1], linewidth=1.4, label="f′")
    axes.set(title=f"{label(site)}: {site.function}", xlabel="pre-activation z", ylim=(-1.6, 3.2), xlim=(left, right))
    axes.legend(loc="upper left", frameon=False, fontsize="small", handlelength=1.2)
    _plain(axes)
    return figure


def over_time(case: Case, place: int) -> Figure:
    """Histograms of a site's pre-activations against the training step; colour counts, the scale is asinh."""
    counts = np.array([m.histograms[place] for m in case.moments]).T
    used = np.flatnonzero(counts.sum(axis=1))
    low, high = max(used[0] - 2, 0), min(used[-1] + 3, BINS)
    figure = Figure(figsize=(3.9, 2.7), layout="constrained")
    axes = figure.add_subplot()
    steps = _steps(case)
    heights = np.linspace(-REACH, REACH, BINS + 1)[low : high + 1]
    shown = counts[low:high].astype(float)
    mesh = axes.pcolormesh(steps, heights, np.where(shown > 0, shown, np.nan), cmap="viridis",
                           norm=LogNorm(1, max(shown.max(), 2)), rasterized=False)  # fmt: skip
    figure.colorbar(mesh, ax=axes, label="count")
    marks = [m for m in _MARKS if heights[0] <= np.arcsinh(m) <= heights[-1]]
    axes.set_yticks(np.arcsinh(marks), [f"{m:g}" for m in marks])
    axes.set(title=label(case.sites[place]), xlabel="training step", ylabel="pre-activation z")
    return figure


def _steps(case: Case) -> Any:
    """Edges between the observed steps."""
    steps = np.array([m.step for m in case.moments], dtype=float)
    return np.concatenate([steps, [steps[-1] + max(steps[-1] - steps[-2], 1) if len(steps) > 1 else steps[-1] + 1]])


def maps(case: Case) -> Figure:
    """Sites × time: the share of silent units, of places on a flat side, and the gradient."""
    figure = Figure(figsize=(9.6, 1.0 + 0.26 * len(case.sites)), layout="constrained")
    panels = (("silent units", "silent", "magma", (0, 1)), ("flat places", "flat", "magma", (0, 1)),
              ("log₁₀ gradient", "gradient", "viridis", None))  # fmt: skip
    for axes, (title, key, colours, limits) in zip(figure.subplots(1, 3, sharey=True), panels, strict=True):
        values = np.array([getattr(m, key) for m in case.moments]).T
        values = np.log10(np.where(values > 0, values, np.nan)) if limits is None else values
        mesh = axes.pcolormesh(_steps(case), np.arange(len(values) + 1), values, cmap=colours,
                               **({"vmin": 0, "vmax": 1} if limits else {}))  # fmt: skip
        figure.colorbar(mesh, ax=axes)
        axes.set(title=title, xlabel="training step")
        axes.set_yticks(np.arange(len(values)) + 0.5, [label(s) for s in case.sites])
        axes.set_ylim(len(values), 0)
    return figure


def gradient_flow(case: Case) -> Figure:
    """The gradient at each site: at the start, now, and what mean-field theory expects of the start."""
    figure = Figure(figsize=(6.4, 3.0), layout="constrained")
    axes = figure.add_subplot()
    sites, theory = expected(case)
    depth = np.arange(len(sites))
    axes.plot(depth, [s.gradient for s in sites], "o-", color=COLOURS[0], label="at the first step")
    if len(theory) > 1 and np.isfinite(theory).all():
        axes.plot(depth, theory, "--", color="#777777", label="expected from weights and functions")
    if case.trained:
        last = {(s.path, s.function, s.call): s.gradient for s in case.sites}
        now = [last.get((s.path, s.function, s.call), np.nan) or np.nan for s in sites]
        axes.plot(depth, now, "s-", color=COLOURS[1], label="at the end")
    axes.set_xticks(depth, [label(s) for s in sites], rotation=45 if len(sites) > 6 else 0)
    axes.set(yscale="log", ylabel="gradient per sample")
    axes.legend(frameon=False, fontsize="small")
    _plain(axes)
    return figure


def strips(case: Case) -> Figure:
    """A tick per unit: how long ago it last left its flat side; the dead ones in red."""
    sites = [s for s in case.sites if s.nature.flat and s.nature.rectifies]
    figure = Figure(figsize=(9.6, 0.9 + 0.5 * len(sites)), layout="constrained")
    rows = figure.subplots(len(sites), 1, squeeze=False)[:, 0]
    for axes, site in zip(rows, sites, strict=True):
        age = site.since / max(site.samples, 1)
        axes.pcolormesh(np.arange(site.units + 1), (0, 1), age[None], cmap="Blues", vmin=0, vmax=1)
        for unit in dead(site):
            axes.axvspan(unit, unit + 1, color="#d1242f", linewidth=0)
        axes.set_yticks([0.5], [label(site)])
        axes.spines[:].set_visible(False)
    rows[-1].set_xlabel("unit; blue: the darker, the longer silent; red: dead")
    return figure


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.5)
