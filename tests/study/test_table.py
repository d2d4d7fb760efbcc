"""The table fits a narrow terminal with every number whole; terminal and page show the same cells."""

from __future__ import annotations

import io
import warnings
from dataclasses import replace
from html import escape

import numpy as np
import pytest
from rich.console import Console

from rheobase.study.report import pictures_of_training
from rheobase.study.report.page import render
from rheobase.study.report.table import ROOMY, headings, legend, row, show
from rheobase.study.report.views import courses
from rheobase.study.results import Results
from tests.study.invented import results

CASES = {
    "close": results({"relu": [0.97, 0.96, 0.98, 0.95, 0.97], "leaky_relu": [0.96, 0.97, 0.98, 0.96, 0.97]}),
    "two groups": results({"relu": [0.97, 0.96] * 5, "leaky_relu": [0.961, 0.969] * 5, "tanh": [0.3, 0.31] * 5}),
    "wild": results({"relu": [1.0, 1.0], "leaky_relu": [0.0, 1.0], "tanh": [0.1, 0.9]}),
    "regression": results(
        {"relu": [-0.4, -0.5, 0.1], "leaky_relu": [-1.0, 0.482, 0.4], "tanh": [0.1, 0.2, 0.3]}, "regression"
    ),
    "long baseline": results({"hard_shrink": [0.97, 0.96, 0.98], "tanh": [0.9, 0.91, 0.93]}),
}


def printed(r: Results, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    show(r, console)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("case", CASES)
def test_every_cell_is_whole(case: str, width: int) -> None:
    r, text = CASES[case], printed(CASES[case], width)
    assert "…" not in text
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert " ".join(headings(r, roomy=width >= ROOMY)) in lines
    for o in r.outcomes:
        assert " ".join(row(r, o, roomy=width >= ROOMY)) in lines
    assert max(map(len, text.splitlines())) <= width


def test_only_an_over_long_name_is_shortened() -> None:
    name = "squared_leaky_rectifier_of_mine"
    r = results({"relu": [0.2, 0.3, 0.4], name: [0.3, -0.2, 0.4]}, "regression")
    line = next(line for line in printed(r, 80).splitlines() if line.startswith("squared_"))
    shown, *cells = line.split()
    assert shown.endswith("…")
    assert cells == " ".join(row(r, next(o for o in r.outcomes if o.name == name), roomy=False)[1:]).split()


def test_cells_speak_the_unit_of_the_metric() -> None:
    accuracy = {o.name: row(CASES["close"], o) for o in CASES["close"].outcomes}
    assert accuracy["relu"][1].startswith("96.60 ±")
    assert accuracy["leaky_relu"][2].startswith("+0.20 ±")
    assert accuracy["relu"][2:] == ["–", "1.00×", "<1%", "0%", "0.63", "+0.3", "0.003", "0/5"]
    assert row(CASES["close"], replace(CASES["close"].outcomes[0], edge=True))[-2] == "0.003!"
    explained = {o.name: row(CASES["regression"], o) for o in CASES["regression"].outcomes}
    assert explained["tanh"][1].startswith("0.200 ±")
    assert "%" not in headings(CASES["regression"])[1]
    assert explained["tanh"][3] == "1.787e+04"


def test_a_narrow_terminal_tells_the_error_below_the_table() -> None:
    r, error = CASES["regression"], "root of the mean squared error, in the target's own units"
    assert headings(r)[3] == "RMSE"
    assert dict(legend(r))["RMSE"] == error
    assert dict(legend(r, roomy=False))["RMSE"].startswith(f"{error}: tanh 1.787e+04, ")


def test_groups_and_notes_are_told() -> None:
    text = printed(CASES["two groups"], 80)
    assert text.index("at the top") < text.index("leaky_relu") < text.index("behind") < text.index("tanh")
    assert "at the top" not in printed(CASES["close"], 80)
    assert "3 missing values were filled" in printed(
        results({"relu": [0.9, 0.8], "tanh": [0.9, 0.8]}, notes=("3 missing values were filled.",)), 80
    )


def test_the_legend_says_what_was_measured_and_what_guessing_scores() -> None:
    words = dict(legend(CASES["close"]))
    assert words["cost"] == (
        "time of a training step of this network with rheobase's own modules, relu's is 1; measured to ±0.02"
    )
    assert words["fails"].endswith("guessing (always answering the commonest class scores 35.00)")
    assert dict(legend(CASES["regression"]))["fails"].endswith("(always answering the mean scores 0.000)")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300, 0.0])
def test_a_page_is_drawn_of_curves_that_left_all_bounds(value: float) -> None:
    r = CASES["regression"]
    runs = [replace(run, curve=np.full(20, value)) for run in r.outcomes[0].runs]
    outcomes = [replace(o, runs=tuple(replace(run, activation=o.name) for run in runs)) for o in r.outcomes]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "<svg" in render(replace(r, outcomes=tuple(outcomes)), "rheobase study")


@pytest.mark.parametrize(("low", "high", "most"), [(0.03, 0.4, 6), (0.3, 0.6, 6), (0.62, 0.97, 6), (1e-7, 1, 9)])
def test_learning_curves_are_marked(low: float, high: float, most: int) -> None:
    r = CASES["close"]
    curves = [replace(run, curve=np.geomspace(high, low, 20)) for run in r.outcomes[0].runs]
    changed = replace(r, outcomes=tuple(replace(o, runs=tuple(curves)) for o in r.outcomes))
    figure = pictures_of_training.curve(changed, courses(changed)[0])
    figure.canvas.draw()
    axes = figure.axes[0]
    bottom, top = axes.get_ylim()
    shown = [t.get_text() for t in axes.get_yticklabels() if bottom <= t.get_position()[1] <= top and t.get_text()]
    assert 2 <= len(shown) <= most


@pytest.mark.parametrize("case", CASES)
def test_the_page_shows_the_cells_of_the_table(case: str) -> None:
    r = CASES[case]
    page = render(r, "rheobase study")
    for o in r.outcomes:
        assert "".join(f"<td>{escape(cell)}</td>" for cell in row(r, o)) in page
    # differences, to the best too where more than two functions have one; seeds, superiority, rates, budgets; cost by
    # time and memory, curves by step and by time
    several = len(r.verdict.behind) > 1
    of_all = 5 + several + 2 + 2
    assert page.count("<svg") == of_all + 2 * len(r.outcomes) == page.count('role="img"')
    assert page.count("<figcaption>") == page.count("<figure>") == page.count("<summary>") == 9 + several
    for loader in ("<script", "<link", "<img", "@import", "url(http", 'src="'):
        assert loader not in page
    assert len(page) < 100_000 * (len(r.outcomes) + 1)
