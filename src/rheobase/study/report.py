"""A study as one self-contained page."""

from __future__ import annotations

import platform
from functools import partial
from importlib.metadata import version
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from rheobase.plot import svg
from rheobase.study import pictures
from rheobase.study.data import Dataset
from rheobase.study.own import Own
from rheobase.study.plan import COST_REFERENCE, SPLIT
from rheobase.study.results import Results
from rheobase.study.splits import IN_WORDS
from rheobase.study.statistics import CONFIDENCE, VARIANCE
from rheobase.study.table import groups, headings, legend, row
from rheobase.study.verdict import SCREENING, SUPERIORITY


def render(results: Results, command: str) -> str:
    """The page as HTML; it needs no network and no other file."""
    environment = Environment(loader=PackageLoader("rheobase.study"), autoescape=select_autoescape(["j2"]))
    page, own = environment.get_template("report.html.j2"), isinstance(results.data, Own)
    return page.render(
        r=results,
        headings=headings(results),
        groups=[(title, [row(results, o) for o in members]) for title, members in groups(results)],
        legend=legend(results),
        forest=svg(lambda: pictures.forest(results)),
        seeds=svg(lambda: pictures.seeds(results)),
        rates=svg(lambda: pictures.rates(results)),
        superiority=svg(lambda: pictures.superiority(results)),
        own=own,
        one_row=isinstance(results.data, Dataset) and results.data.scored.counts_rows,
        variance=VARIANCE,
        **({} if own else _of_the_network(results)),
        confidence=f"{CONFIDENCE:.0%}",
        split="/".join(map(str, SPLIT)),
        needed=f"{SUPERIORITY:g}",
        screening=len(results.plan.seeds) < SCREENING,
        reference=COST_REFERENCE,
        command=command,
        versions={name: version(name) for name in ("rheobase", "torch", "scikit-learn", "numpy")},
        machine=f"{platform.machine()}, Python {platform.python_version()}",
    )


def _of_the_network(results: Results) -> dict[str, Any]:
    """What is known where the network is the study's own."""
    assert isinstance(results.data, Dataset)
    return {
        "splits": IN_WORDS[results.data.splits],
        "costs": svg(lambda: pictures.costs(results)),
        "curves": [(o.name, svg(partial(pictures.curve, results, o))) for o in results.outcomes],
        "places": [(o.name, svg(partial(pictures.on_the_curve, o))) for o in results.outcomes],
    }
