"""The report: what it computes besides the scores, that names do not overlap, that each picture has its table."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from rheobase.study.ledger.ledger import History
from rheobase.study.plan import DEFAULT
from rheobase.study.report import pictures, sheets
from rheobase.study.report.fairness import fairness
from rheobase.study.report.page import render
from rheobase.study.report.views import Course, apart, at_equal_time, courses, expected_best, front
from rheobase.study.results import Results, as_json, as_rows
from rheobase.study.training.own import Own
from tests.study.invented import results

THREE = results({"relu": [0.97, 0.96, 0.98], "tanh": [0.9, 0.91, 0.93], "gelu": [0.9701, 0.9601, 0.9802]})


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_the_best_of_so_many_rates_is_what_trying_all_subsets_gives(k: int) -> None:
    values = [0.3, 0.9, 0.1, 0.5, 0.7]
    assert expected_best(values)[k - 1] == pytest.approx(np.mean([max(some) for some in combinations(values, k)]))


def test_at_equal_time_the_slow_function_has_taken_fewer_steps() -> None:
    steps = np.array([10.0, 20.0, 30.0])
    fast = Course("fast", steps, np.array([[3.0, 2.0, 1.0]] * 2), steps)
    slow = Course("slow", steps, np.array([[2.0, 1.0, 0.0], [4.0, 3.0, 2.0]]), 1.5 * steps)
    time, moments = at_equal_time([fast, slow])
    assert time == 30.0
    assert [(m.name, m.steps, m.value) for m in moments] == [("fast", 30.0, 1.0), ("slow", 20.0, 2.0)]
    rows = sheets.equal_time([fast, slow]).rows
    assert rows == (("fast", "30", "1"), ("slow", "20", "2"))


def test_courses_are_in_steps_and_in_time() -> None:
    found = {c.name: c for c in courses(THREE)}
    assert found["tanh"].steps[-1] == THREE.plan.steps
    tanh = next(o for o in THREE.outcomes if o.name == "tanh")
    assert np.allclose(found["tanh"].time, found["tanh"].steps * tanh.step_time_ratio)


def own(r: Results, reports: list[int]) -> Results:
    """The results as if of a user's own function, whose trainings gave so many reports."""
    subject = Own("tests.study.mine:train")
    outcomes = [
        replace(o, runs=tuple(replace(run, curve=np.arange(n) - 2.0, health=None)
                              for run, n in zip(o.runs, reports, strict=True)), memory_ratio=np.nan,
                health=dict.fromkeys(o.health, np.nan))
        for o in r.outcomes
    ]  # fmt: skip
    return replace(r, data=subject, outcomes=tuple(outcomes))


def test_reports_of_ones_own_function_are_drawn() -> None:
    """Also negative ones, and of trainings that report unequally often."""
    r = own(THREE, [7, 5, 9])
    assert {tuple(c.steps) for c in courses(r)} == {(1.0, 2.0, 3.0, 4.0, 5.0)}
    page = render(r, "rheobase study")
    assert "reported value" in page
    assert "time, in reports of relu" in page
    assert "peak memory" not in page
    silent = render(own(THREE, [0, 5, 9]), "rheobase study")
    assert "Learning curves" not in silent
    unknown = replace(r, outcomes=tuple(replace(o, step_time_ratio=np.nan) for o in r.outcomes))
    untimed = render(unknown, "rheobase study")
    assert "Score and cost" not in untimed
    assert "time, in reports" not in untimed
    assert "nan" not in untimed.replace("tenant", "")


def test_a_front_is_what_nothing_beats_in_both() -> None:
    a, b, c = (replace(o, name=n, score=replace(o.score, mean=m), step_time_ratio=t)
               for o, n, m, t in zip(THREE.outcomes, "abc", [0.9, 0.8, 0.7], [2.0, 1.0, 1.5], strict=True))  # fmt: skip
    assert front([a, b, c], lambda o: o.step_time_ratio) == {"a", "b"}


def test_places_are_moved_apart_and_no_further() -> None:
    rng = np.random.default_rng(0)
    places, gap = rng.random(9), 0.1
    found = apart(places.tolist(), gap)
    assert (np.diff(np.sort(found)) >= gap - 1e-12).all()
    assert (np.argsort(found, kind="stable") == np.argsort(places, kind="stable")).all()
    free = 10 * np.arange(9.0)
    assert np.array_equal(apart(free.tolist(), gap), free)
    # no other places so far apart are nearer
    for _ in range(200):
        other = np.sort(found) + rng.normal(0, 0.02, 9)
        if (np.diff(other) >= gap).all():
            assert np.sum((other - np.sort(places)) ** 2) >= np.sum((np.sort(found) - np.sort(places)) ** 2)


@pytest.mark.parametrize("count", [2, 8, 20])
def test_no_name_covers_another_in_the_picture_of_costs(count: int) -> None:
    """Where all functions score and cost the same, too."""
    names = [f"{DEFAULT[k % len(DEFAULT)]}_{k}" for k in range(count)]
    first = THREE.outcomes[0]
    r = replace(THREE, outcomes=tuple(replace(first, name=n) for n in names))
    figure = pictures.costs(r, "time of a step", "step_time_ratio", "step_time_noise")
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(t) for t in figure.axes[0].texts]
    assert len(boxes) == count
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    page = figure.bbox
    assert all(page.x0 <= b.x0 and b.x1 <= page.x1 and page.y0 <= b.y0 and b.y1 <= page.y1 for b in boxes)


class Reader(HTMLParser):
    """The tables of each figure."""

    def __init__(self) -> None:
        super().__init__()
        self.figures: list[list[list[str]]] = []
        self.inside, self.cell = False, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "figure":
            self.figures.append([])
            self.inside = True
        if tag == "tr" and self.inside:
            self.figures[-1].append([])
        if tag in ("td", "th") and self.inside:
            self.figures[-1][-1].append("")
        self.cell = tag in ("td", "th") and self.inside

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "figure"
        self.cell = False

    def handle_data(self, data: str) -> None:
        if self.cell:
            self.figures[-1][-1][-1] += data


def test_each_picture_has_a_table_that_names_every_function() -> None:
    reader = Reader()
    reader.feed(render(THREE, "rheobase study"))
    assert len(reader.figures) == 10
    for rows in reader.figures:
        words = {word for row in rows for cell in row for word in cell.split()}
        # the baseline has no difference to itself
        assert {o.name for o in THREE.outcomes} - {"relu"} <= words
        assert any(cell.rstrip("]")[-1].isdigit() for row in rows for cell in row[1:] if cell)
    best, *others = [o.name for o in THREE.outcomes]
    _, behind, seeds, beaten, *_ = reader.figures
    assert [row[0] for row in behind] == [f"behind {best}", *others]
    assert re.fullmatch(r"\d\.\d\d \[\d\.\d\d, \d\.\d\d\]", beaten[1][2]), "a share of seeds has its interval"
    order = [o.name for o in THREE.outcomes]
    assert seeds[0] == ["seed", *order]
    assert seeds[1] == ["0", *[f"{100 * next(o for o in THREE.outcomes if o.name == n).scores[0]:.2f}" for n in order]]


def test_the_page_holds_its_numbers() -> None:
    page = render(THREE, "rheobase study")
    inside = dict(re.findall(r'download="([^"]+)" href="data:[a-z/]+;base64,([^"]+)"', page))
    csv = base64.b64decode(inside["results.csv"]).decode()
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(csv)), as_rows(THREE))
    assert base64.b64decode(inside["results.json"]).decode() == as_json(THREE)


def test_colours_are_the_page_s_in_the_dark_and_on_paper() -> None:
    page = render(THREE, "rheobase study")
    for drawn in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        assert "currentColor" in drawn
        assert not re.search(r"(fill|stroke): #(000000|ffffff)", drawn)
    assert page.index("@media print") > page.index("prefers-color-scheme: dark"), "paper is light whatever the screen"


def test_fairness_is_counted() -> None:
    r = replace(
        THREE,
        outcomes=tuple(replace(o, tuning_failed=k, runs_failed=2 * k) for k, o in enumerate(THREE.outcomes)),
        history=History(3, 1),
    )
    names = [o.name for o in r.outcomes]
    text = " ".join(fairness(r).counted)
    assert "choosing" not in text
    assert "the test part was read 9 times" in text
    assert f"while learning rates were chosen: 1 of {names[1]}, 2 of {names[2]}" in text
    assert f"that failed: 2 of {names[1]}, 4 of {names[2]}" in text
    assert "begun once and taken up again 2 times, 1 job had to be begun anew" in text
    assert "begun once, no job had to" in " ".join(fairness(THREE).counted)
    assert "the time of a step, 1.00 to 1.20 times" in " ".join(fairness(THREE).unequal)
    assert f"{THREE.plan.runs} trainings" in text
    mine = fairness(own(THREE, [3, 3, 3]))
    assert "test part" not in " ".join(mine.counted)
    assert "gain" not in " ".join(mine.unequal)
