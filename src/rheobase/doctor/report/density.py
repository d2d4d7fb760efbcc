"""Densities of pre-activations behind a curve, from the histograms that the doctor counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rheobase.doctor.records import EDGES, Counts

#: Pre-activations are drawn from -WINDOW to WINDOW at least.
WINDOW = 6.0


def window(histogram: Counts) -> tuple[float, float]:
    """At least from -WINDOW to WINDOW, and what 99 of 100 pre-activations need."""
    share = np.cumsum(histogram) / max(histogram.sum(), 1)
    low, high = EDGES[np.searchsorted(share, 0.005)], EDGES[np.searchsorted(share, 0.995) + 1]
    return min(-WINDOW, float(low)), max(WINDOW, float(high))


def shade(axes: Any, histograms: Sequence[Counts], colours: Sequence[str], between: tuple[float, float]) -> list[Any]:
    """Draw a density per histogram, and leave room for what is drawn before them; one artist each."""
    densities = [counts / np.diff(EDGES) / max(counts.sum(), 1) for counts in histograms]
    inside = (EDGES[1:] > between[0]) & (EDGES[:-1] < between[1])
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_ylim(0, 1.6 * max((float(d[inside].max()) for d in densities), default=1.0) or 1.0)
    return [
        axes.stairs(density, EDGES, fill=True, color=colour, alpha=0.6)
        for density, colour in zip(densities, colours, strict=True)
    ]
