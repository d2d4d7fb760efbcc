"""The table fits a narrow terminal with every number whole; terminal and page show the same cells."""

from __future__ import annotations

import io
from html import escape

import pytest
from rich.console import Console

from rheobase.study.report import render
from rheobase.study.results import Results
from rheobase.study.table import headings, row, show
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
    assert " ".join(headings(r)) in lines
    for o in r.outcomes:
        assert " ".join(row(r, o)) in lines
    assert max(map(len, text.splitlines())) <= width


def test_only_an_over_long_name_is_shortened() -> None:
    name = "squared_leaky_rectifier_of_mine"
    r = results({"relu": [0.2, 0.3, 0.4], name: [0.3, -0.2, 0.4]}, "regression")
    line = next(line for line in printed(r, 80).splitlines() if line.startswith("squared_"))
    shown, *cells = line.split()
    assert shown.endswith("…")
    assert cells == " ".join(row(r, next(o for o in r.outcomes if o.name == name))[1:]).split()


def test_cells_speak_the_unit_of_the_metric() -> None:
    accuracy = {o.name: row(CASES["close"], o) for o in CASES["close"].outcomes}
    assert accuracy["relu"][1].startswith("96.60 ±")
    assert accuracy["leaky_relu"][2].startswith("+0.20 ±")
    assert accuracy["relu"][2:] == ["–", "1.00×", "<1%", "57%", "-0.60", "-0.5", "0.003!", "0/5"]
    explained = {o.name: row(CASES["regression"], o) for o in CASES["regression"].outcomes}
    assert explained["tanh"][1].startswith("0.200 ±")
    assert "%" not in headings(CASES["regression"])[1]


def test_groups_and_notes_are_told() -> None:
    text = printed(CASES["two groups"], 80)
    assert text.index("at the top") < text.index("leaky_relu") < text.index("behind") < text.index("tanh")
    assert "at the top" not in printed(CASES["close"], 80)
    assert "3 missing values were filled" in printed(
        results({"relu": [0.9, 0.8], "tanh": [0.9, 0.8]}, notes=("3 missing values were filled.",)), 80
    )


@pytest.mark.parametrize("case", CASES)
def test_the_page_shows_the_cells_of_the_table(case: str) -> None:
    r = CASES[case]
    page = render(r, "rheobase study")
    for o in r.outcomes:
        assert "".join(f"<td>{escape(cell)}</td>" for cell in row(r, o)) in page
    assert page.count("<svg") == 1 + 2 * len(r.outcomes) == page.count('role="img"')
    assert page.count("<figcaption>") == page.count("<figure>") == 3
    for loader in ("<script", "<link", "<img", "@import", "url(http", 'src="'):
        assert loader not in page
    assert len(page) < 100_000 * len(r.outcomes)
