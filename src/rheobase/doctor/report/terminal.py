"""The report in a terminal: a row per activation, then the findings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rheobase.doctor.records import EDGES, Finding, SiteStatistics
from rheobase.doctor.rules.units import dead, saturated

if TYPE_CHECKING:
    from rheobase.doctor.report import Report

STYLES = {"critical": "bold red", "warning": "yellow", "info": "cyan"}
_BARS = " ▁▂▃▄▅▆▇█"
#: The histogram's columns: z from -4 to 4.
_COLUMNS = np.linspace(-4, 4, 12)


def show(report: Report, console: Console) -> None:
    """Print all of it."""
    console.print(table(report))
    console.print(Text(cost(report), style="dim"))
    grave = [f for f in report.findings if f.severity != "info"]
    if not grave:
        console.print(Text("Nothing is wrong.", style="bold green"))
    for finding in grave:
        console.print(_paragraph(finding))
    for finding in report.findings:
        if finding.severity == "info":
            console.print(_line(finding))


def table(report: Report) -> Table:
    """A row per activation: how often z takes each value, what is dead or saturated, the gradient, what is wrong."""
    grid = Table(box=None, header_style="bold", pad_edge=False)
    for heading, side in (("site", "left"), ("function", "left"), ("-4   z    4", "left"), ("units", "right"),
                          ("dead", "right"), ("saturated", "right"), ("gradient", "right")):  # fmt: skip
        grid.add_column(heading, justify="right" if side == "right" else "left", no_wrap=True)
    grid.add_column("", overflow="fold")
    for site in report.sites:
        worst = next((f for f in report.findings if f.site in (site.name, site.layer)), None)
        flag = Text(f"{worst.rule}", style=STYLES[worst.severity]) if worst else Text("")
        gradient = f"{site.gradient:.1e}" if site.gradient else ""
        stuck = "" if site.nature.rectifies else f"{len(saturated(site)) / site.units:.0%}"
        lost = f"{len(dead(site)) / site.units:.0%}" if site.nature.flat and site.nature.rectifies else ""
        grid.add_row(Text(label(site)), site.function, sparkline(site), str(site.units), lost, stuck, gradient, flag)
    return grid


def label(site: SiteStatistics) -> str:
    """The site's name, with the number of the call where a module is used again."""
    return f"{site.name} #{site.call + 1}" if site.call and site.path else site.name


def sparkline(site: SiteStatistics) -> str:
    """How often z takes each value, as one line of bars."""
    middles = (EDGES[1:] + EDGES[:-1]) / 2
    heights, _ = np.histogram(middles, _COLUMNS, weights=site.histogram)
    top = heights.max()
    return "".join(_BARS[math.ceil(8 * h / top)] for h in heights) if top else ""


def cost(report: Report) -> str:
    """What observing took, as a sentence."""
    cost = report.overhead
    if not report.case.trained:
        return f"One pass over one batch, {cost.seconds:.2g} s."
    return (f"{cost.observed} of {cost.steps} steps observed, {cost.seconds:.2g} s or {cost.share:.1%} of the time; "
            f"set-up {cost.set_up:.2g} s.")  # fmt: skip


def _paragraph(finding: Finding) -> Group:
    units = f", units {_some(finding.units)}" if finding.units else ""
    head = Text.assemble((finding.severity, STYLES[finding.severity]), f"  {finding.rule} at {finding.site}{units}")
    body = [Text(finding.explanation), *(Text(f"→ {r.text}") for r in finding.remedies[:3]),
            Text(f"Fine if: {finding.fine_if}", style="dim")]  # fmt: skip
    return Group(Text(), head, *(Padding(line, (0, 0, 0, 2)) for line in body))


def _line(finding: Finding) -> Text:
    units = f": {_some(finding.units)}" if finding.units else ""
    return Text.assemble(("info", STYLES["info"]), f"  {finding.rule} at {finding.site}{units}")


def _some(units: list[int]) -> str:
    shown = ", ".join(map(str, units[:8]))
    return f"{shown}, … ({len(units)} in all)" if len(units) > 8 else shown
