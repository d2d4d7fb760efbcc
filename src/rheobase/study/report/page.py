"""A study as one self-contained page."""

from __future__ import annotations

import base64
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

from jinja2 import Environment, PackageLoader, select_autoescape
from matplotlib.figure import Figure

from rheobase.plot import svg
from rheobase.study.data.tables import Dataset
from rheobase.study.decision.statistics import CONFIDENCE, variance
from rheobase.study.decision.verdict import SCREENING, SUPERIORITY
from rheobase.study.files import PLAN, RECORD, ROWS
from rheobase.study.plan import COST_REFERENCE
from rheobase.study.report import pictures, sheets
from rheobase.study.report import pictures_of_training as of_training
from rheobase.study.report.fairness import fairness
from rheobase.study.report.sheets import Sheet
from rheobase.study.report.table import groups, headings, legend, row
from rheobase.study.report.views import courses
from rheobase.study.results import Results, as_json, as_rows
from rheobase.study.training.own import Own

#: Colours of matplotlib's that are those of the page here: ink, and paper.
_OF_THE_PAGE = {"#000000": "currentColor", "#222222": "currentColor", "#ffffff": "var(--paper)"}


@dataclass(frozen=True)
class Picture:
    """What a figure of the page shows: pictures with words for those who do not see them, and the same as tables."""

    drawn: tuple[tuple[str, str], ...]
    tables: tuple[Sheet, ...]


def render(results: Results, command: str) -> str:
    """The page as HTML; it needs no network and no other file."""
    environment = Environment(loader=PackageLoader("rheobase.study.report"), autoescape=select_autoescape(["j2"]))
    page, own = environment.get_template("report.html.j2"), isinstance(results.data, Own)
    return page.render(
        r=results,
        headings=headings(results),
        groups=[(title, [row(results, o) for o in members]) for title, members in groups(results)],
        legend=legend(results),
        fairness=fairness(results),
        own=own,
        one_row=isinstance(results.data, Dataset) and results.data.scored.counts_rows,
        variance=variance(results.overlap),
        pictures=_pictures(results),
        confidence=f"{CONFIDENCE:.0%}",
        needed=f"{SUPERIORITY:g}",
        screening=len(results.plan.seeds) < SCREENING,
        reference=COST_REFERENCE,
        command=command,
        plan_file=PLAN,
        files=[(ROWS, _inside("text/csv", as_rows(results).to_csv(index=False))),
               (RECORD, _inside("application/json", as_json(results)))],
        versions={name: version(name) for name in ("rheobase", "torch", "scikit-learn", "optuna", "numpy")},
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    )  # fmt: skip


def _pictures(results: Results) -> dict[str, Picture]:
    """By name; those of what a study does not know are left out."""
    own = isinstance(results.data, Own)
    return {
        **_of_scores(results),
        **(_of_costs(results) if results.costs_known else {}),
        **_of_courses(results),
        **({} if own else _of_places(results)),
    }


def _of_scores(results: Results) -> dict[str, Picture]:
    base = results.plan.baseline

    def picture(words: str, draw: Callable[[Results], Figure], sheet: Callable[[Results], Sheet]) -> Picture:
        return Picture(((words, _drawn(partial(draw, results))),), (sheet(results),))

    return {
        "forest": picture(f"Paired differences to {base} with their intervals", pictures.forest, sheets.differences),
        "seeds": picture("Scores of all seeds by function", pictures.seeds, sheets.scores),
        "superiority": picture(
            "How often one function beats another on the same seed", pictures.superiority, sheets.superiority
        ),
        "rates": picture("Validation score against the learning rate", pictures.rates, sheets.rates),
        "budgets": picture(
            "Validation score to expect against learning rates tried", pictures.budgets, sheets.tuning_budgets
        ),
    }


def _of_costs(results: Results) -> dict[str, Picture]:
    own = isinstance(results.data, Own)
    what: list[tuple[str, str, str, str | None]] = [
        ("time", "time between reports" if own else "time of a step", "step_time_ratio", "step_time_noise"),
        *([] if own else [("memory", "peak memory of a step", "memory_ratio", None)]),
    ]
    drawn = [(f"Score against {name}", _drawn(partial(pictures.costs, results, words, cost, noise)))
             for name, words, cost, noise in what]  # fmt: skip
    return {"costs": Picture(tuple(drawn), (sheets.costs(results),))}


def _of_courses(results: Results) -> dict[str, Picture]:
    found, known = courses(results), results.costs_known
    if not found:
        return {}
    ways = {"steps": False, "time": True} if known else {"steps": False}
    drawn = [(f"Mean learning curves of all functions against {what}",
              _drawn(partial(of_training.together, results, by_time))) for what, by_time in ways.items()]  # fmt: skip
    tables = (sheets.learning_curves(results, found), *([sheets.equal_time(found)] if known else []))
    each = [(f"Learning curves of {c.name}", _drawn(partial(of_training.curve, results, c))) for c in found]
    return {
        "courses": Picture(tuple(drawn), tables),
        "curves": Picture(tuple(each), (sheets.last_values(results, found),)),
    }


def _of_places(results: Results) -> dict[str, Picture]:
    drawn = [(f"Density of pre-activations of {o.name} over its curve", _drawn(partial(of_training.on_the_curve, o)))
             for o in results.outcomes]  # fmt: skip
    return {"places": Picture(tuple(drawn), (sheets.pre_activations(results),))}


def _drawn(draw: Callable[[], Figure]) -> str:
    """The figure as an SVG element in the page's own colours, light or dark."""
    text = svg(draw)
    for colour, of_page in _OF_THE_PAGE.items():
        text = text.replace(colour, of_page)
    return text


def _inside(kind: str, text: str) -> str:
    """A file as the address of a link, so that the page holds it."""
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"
