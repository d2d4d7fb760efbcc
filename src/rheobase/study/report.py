"""A study as one self-contained page."""

from __future__ import annotations

import platform
from importlib.metadata import version

from jinja2 import Environment, PackageLoader, select_autoescape

from rheobase.study import pictures
from rheobase.study.results import Results
from rheobase.study.table import cells, headings, legend


def render(results: Results, command: str) -> str:
    """The page as HTML; it needs no network and no other file."""
    environment = Environment(loader=PackageLoader("rheobase.study"), autoescape=select_autoescape(["j2"]))
    page = environment.get_template("report.html.j2")
    rows = [
        {"name": o.name, "top": o.name in results.verdict.top, "cells": cells(o, o.name == results.plan.baseline)}
        for o in results.outcomes
    ]
    return page.render(
        r=results,
        headings=headings(results),
        rows=rows,
        legend=legend(results),
        forest=pictures.svg(pictures.forest(results)),
        curves=pictures.svg(pictures.curves(results)),
        places=[(o.name, pictures.svg(pictures.on_the_curve(o))) for o in results.outcomes],
        command=command,
        versions={name: version(name) for name in ("rheobase", "torch", "scikit-learn", "numpy")},
        machine=f"{platform.machine()}, Python {platform.python_version()}",
    )
