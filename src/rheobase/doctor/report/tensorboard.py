"""The report as files that TensorBoard reads: what changed with the steps, and where the data sits on the curves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rheobase.doctor.observe.weights import NONE
from rheobase.doctor.records import EDGES, Case, Counts, Numbers, SiteStatistics
from rheobase.doctor.report.pictures import on_the_curve
from rheobase.errors import UnsupportedInput, extra

if TYPE_CHECKING:
    from rheobase.doctor.report import Report

#: Series of a site: fields of `Moment`, and the first part of their names in TensorBoard.
OF_SITES = ("silent", "flat", "gradient")


def write(report: Report, folder: Path) -> None:
    """Write an event file into the folder, which is made if it is not there."""
    with extra("tensorboard"):
        from torch.utils.tensorboard import SummaryWriter
    if folder.exists() and not folder.is_dir():
        raise UnsupportedInput(f"cannot write into {str(folder)!r}: it is no folder")
    with SummaryWriter(str(folder)) as writer:
        for place, site in enumerate(report.sites):
            _course(writer, report.case, place, name(site))
            writer.add_figure(f"curve/{name(site)}", on_the_curve(site), report.overhead.steps, close=False)
        _weights(writer, report.case)
        writer.add_text("findings", _text(report), report.overhead.steps)


def name(site: SiteStatistics) -> str:
    """The site's name in TensorBoard: path or layer, function, and number of the call where there are several."""
    number = (str(site.call + 1),) if site.call else ()
    return ".".join((*dict.fromkeys((site.name, site.function)), *number))


def _course(writer: Any, case: Case, place: int, site: str) -> None:
    for moment in case.moments:
        if place >= len(moment.silent):
            continue  # not run yet at that step
        for series in OF_SITES:
            writer.add_scalar(f"{series}/{site}", getattr(moment, series)[place], moment.step)
        if moment.histograms[place].any():
            _histogram(writer, f"pre-activation/{site}", moment.histograms[place], moment.step)


def _histogram(writer: Any, tag: str, counts: Counts, step: int) -> None:
    """The counts in their own bins, even in asinh(z); sums are those of the bins' middles."""
    first, last = np.flatnonzero(counts)[[0, -1]]
    used, edges = counts[first : last + 1], EDGES[first : last + 2]
    middles = (edges[1:] + edges[:-1]) / 2
    writer.add_histogram_raw(
        tag, edges[0], edges[-1], used.sum(), used @ middles, used @ middles**2, edges[1:].tolist(), used.tolist(), step
    )


def _weights(writer: Any, case: Case) -> None:
    for parameter in case.parameters:
        for series in ("gradients", "updates"):
            values: Numbers = getattr(parameter, series)
            for step, value in zip(case.steps, values, strict=False):
                if value != NONE:
                    writer.add_scalar(f"{series}/{parameter.path}", value, step)


def _text(report: Report) -> str:
    lines = [f"- **{f.severity}** {f.rule} at {f.site}: {f.explanation}" for f in report.findings]
    return "\n".join(lines) or "Nothing is wrong."
