"""The report as one self-contained page."""

from __future__ import annotations

import platform
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, select_autoescape

from rheobase.doctor.records import Case, SiteStatistics
from rheobase.doctor.report import pictures
from rheobase.doctor.report.terminal import cost, label
from rheobase.doctor.rules.beginning import hidden
from rheobase.doctor.rules.units import dead, saturated
from rheobase.plot import svg

if TYPE_CHECKING:
    from rheobase.doctor.report import Report

#: Sites whose curves are drawn: those with findings first, then in order.
_DRAWN = 12


def render(report: Report) -> str:
    """The page as HTML; it needs no network and no other file."""
    environment = Environment(loader=PackageLoader("rheobase.doctor.report"), autoescape=select_autoescape(["j2"]))
    case = report.case
    chosen = _chosen(report)
    return environment.get_template("report.html.j2").render(
        report=report,
        verdict=_verdict(report),
        grave=[f for f in report.findings if f.severity != "info"],
        noted=[f for f in report.findings if f.severity == "info"],
        rows=[_row(s) for s in case.sites],
        cost=cost(report),
        curves=[(label(case.sites[k]), svg(partial(pictures.on_the_curve, case.sites[k]))) for k in chosen],
        times=[(label(case.sites[k]), svg(partial(pictures.over_time, case, k))) for k in chosen if _lasts(case, k)],
        maps=svg(partial(pictures.maps, case)) if len(case.moments) > 1 else "",
        flow=svg(partial(pictures.gradient_flow, case)) if len(hidden(case.first)) > 1 else "",
        strips=svg(partial(pictures.strips, case))
        if any(s.nature.rectifies and s.nature.flat for s in case.sites)
        else "",
        left_out=len(case.sites) - len(chosen),
        versions={name: version(name) for name in ("rheobase", "torch", "numpy")},
        machine=f"{platform.machine()}, Python {platform.python_version()}",
    )


def _verdict(report: Report) -> str:
    count = {s: sum(f.severity == s for f in report.findings) for s in ("critical", "warning")}
    if not any(count.values()):
        return "Nothing is wrong."
    first = next(f for f in report.findings if f.severity != "info")
    others = sum(count.values()) - 1
    more = f", and {others} more" if others else ""
    return f"{first.rule} at {first.site or 'the model'}{more}."


def _chosen(report: Report) -> list[int]:
    named = {f.site for f in report.findings if f.severity != "info"}
    sites = report.case.sites
    order = sorted(range(len(sites)), key=lambda k: sites[k].name not in named and sites[k].layer not in named)
    return sorted(order[:_DRAWN])


def _lasts(case: Case, place: int) -> bool:
    """Whether there is a course of time to draw, with this site in it from the start."""
    return len(case.moments) > 1 and all(len(m.histograms) > place for m in case.moments)


def _row(site: SiteStatistics) -> tuple[str, ...]:
    lost = f"{len(dead(site)) / site.units:.0%}" if site.nature.flat and site.nature.rectifies else ""
    stuck = "" if site.nature.rectifies else f"{len(saturated(site)) / site.units:.0%}"
    return (label(site), site.function, site.role, str(site.units), f"{site.samples}", lost, stuck,
            f"{site.active.mean():.0%}", f"{site.z_mean:.2g} ± {site.z_deviation:.2g}",
            f"{site.gradient:.1e}" if site.gradient else "")  # fmt: skip
