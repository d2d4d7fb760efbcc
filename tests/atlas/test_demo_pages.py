"""The demonstrations as a reader uses them, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page

from rheobase import catalogue
from rheobase.atlas.demos import DEMONSTRATIONS
from rheobase.atlas.site import demo_page
from tests.atlas.broken import broken
from tests.atlas.conftest import Open

PAGES = [demo_page(demo) for demo in DEMONSTRATIONS]

#: Counts how often a page's table, and so its pictures, are drawn.
COUNT_DRAWINGS = """() => {
  const fill = rheobase.fillTable;
  rheobase.drawn = 0;
  rheobase.fillTable = (...all) => { rheobase.drawn++; fill(...all); };
}"""


def set_slider(page: Page, section: str, name: str, value: float) -> None:
    page.locator(f"#{section} [data-name={name}]").fill(str(value))


def run_until(page: Page, section: str, step: int) -> None:
    page.locator(f"#{section} [data-act=run]").click()
    page.wait_for_function(f"Number(document.querySelector('#{section} .steps').textContent.split(' ')[1]) >= {step}")
    page.locator(f"#{section} [data-act=run]").click()


def states(page: Page) -> list[str]:
    return page.locator("#dead .cell span").all_text_contents()


def born_dead(page: Page, name: str) -> list[str]:
    """The states of units of `name` that start with a bias of -10, after 300 steps of Adam."""
    page.locator("#dead select").first.select_option(name)
    for control, value in (("units", 8), ("bias", -10), ("rate", -1.5), ("pace", 3)):
        set_slider(page, "dead", control, value)
    page.locator("#dead [data-name=data]").select_option("moons")
    run_until(page, "dead", 300)
    return states(page)


def check_dead_units(page: Page) -> None:
    assert set(born_dead(page, "relu")) == {"dead"}
    for name in ("leaky_relu", "elu", "sigmoid", "tanh"):
        assert "alive" in born_dead(page, name), name


def test_relu_stays_dead_where_others_come_back(visit: Open) -> None:
    page = visit("demo-dead.html")
    check_dead_units(page)


def test_a_unit_that_is_pushed_says_what_gradient_it_gets(visit: Open) -> None:
    page = visit("demo-dead.html")
    for _ in range(3):
        page.locator("[data-act=step]").click()
    page.locator(".cell input").nth(1).check()
    page.get_by_role("button", name="Push unit 2 to bias −10").click()
    assert states(page)[1] == "dead"
    page.locator("[data-act=step]").click()
    assert "is dead 1 step later: its gradient is exactly 0." in page.locator("[role=status]").inner_text()
    page.locator("#dead select").first.select_option("leaky_relu")
    page.get_by_role("button", name="Push unit 1 to bias −10").click()
    assert states(page)[0] == "saturated"
    assert "its gradient is exactly 0" not in page.locator("[data-part=story]").inner_text()


def numbers(page: Page, section: str) -> dict[str, list[str]]:
    """The rows of a section's table by their heads."""
    rows = page.locator(f"#{section} table.results tbody tr").all()
    return {r.locator("th").inner_text(): r.locator("td").all_text_contents() for r in rows}


def test_a_mean_that_is_not_zero_slows_two_weights_only_across_it(visit: Open) -> None:
    page = visit("demo-centred.html")
    rows = numbers(page, "unit")
    usual = {name: int(cells[-1]) for name, cells in rows.items()}
    assert rows["sigmoid"][3] == "100 %"
    assert 40 <= int(rows["tanh"][3].split()[0]) <= 60
    assert usual["sigmoid"] > 2 * max(usual["tanh"], usual["sigmoid less its mean"])
    set_slider(page, "unit", "angle", 45)
    along = {name: int(cells[-1]) for name, cells in numbers(page, "unit").items()}
    assert along["sigmoid"] <= along["tanh"]


def test_gradient_through_depth_compares_functions(visit: Open) -> None:
    page = visit("demo-depth.html")
    rows = numbers(page, "depth")
    assert float(rows["sigmoid"][2]) > 0.3
    assert abs(float(rows["tanh"][2].replace("−", "-"))) < 0.1
    set_slider(page, "depth", "depth", 6)
    page.locator("#depth [data-name=optimiser]").select_option("adam")
    page.locator("#depth .function select").nth(3).select_option("step")
    run_until(page, "depth", 60)
    after = numbers(page, "depth")
    assert after["step"][3] == "no gradient"
    assert float(after["tanh"][4]) < float(rows["tanh"][4])


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 1280])
def test_controls_act_and_pages_fit(visit: Open, name: str, width: int) -> None:
    page = visit(name, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for section in page.locator("main section").all():
        check_buttons(section)
        check_controls(section)
    for button in page.locator("[data-set]").all():
        button.click()


def check_buttons(section: Locator) -> None:
    steps, status = section.locator(".steps"), section.locator("[role=status]")
    first = status.inner_text()
    section.get_by_role("button", name="Step", exact=True).click()
    assert steps.inner_text() == "step 1"
    stepped = status.inner_text()
    assert stepped != first
    section.get_by_role("button", name="Reset").click()
    assert (steps.inner_text(), status.inner_text()) == ("step 0", first)
    section.get_by_role("button", name="Step", exact=True).click()
    assert status.inner_text() == stepped  # a seed says all
    section.get_by_role("button", name="Next seed").click()
    assert section.get_by_label("Seed").input_value() == "2"
    section.get_by_role("button", name="Step", exact=True).click()
    assert status.inner_text() != stepped


def check_controls(section: Locator) -> None:
    """Every slider moves by the keyboard and says its value; a function brings its parameters along."""
    for slider in section.locator("input[type=range]").all():
        before = slider.get_attribute("aria-valuetext")
        slider.focus()
        slider.press("ArrowRight")
        assert slider.get_attribute("aria-valuetext") != before
    section.locator("select").first.select_option("leaky_relu")
    parameter = section.get_by_label("negative_slope").first
    shown = section.locator("table.results").inner_text()
    parameter.fill("0.9")
    assert section.locator("table.results").inner_text() != shown


#: Takes a step with every function in turn; the first row of numbers for each.
EVERY_FUNCTION = """(section) => Object.keys(rheobase.functions).map((name) => {
  const root = document.getElementById(section), select = root.querySelector("select");
  select.value = name;
  select.dispatchEvent(new Event("change"));
  root.querySelector("[data-act=step]").click();
  return [...root.querySelectorAll("table.results tbody tr")[0].cells].map((cell) => cell.textContent);
})"""


@pytest.mark.parametrize(
    ("name", "section"), [("depth", "depth"), ("dead", "dead"), ("centred", "unit"), ("centred", "means")]
)
def test_every_function_can_be_played_with(visit: Open, name: str, section: str) -> None:
    rows = visit(f"demo-{name}.html").evaluate(EVERY_FUNCTION, section)
    assert len(rows) == sum(d.kind == "elementwise" for d in catalogue.definitions())
    assert len({tuple(row) for row in rows}) > 0.8 * len(rows)  # some are the same at their defaults
    assert not [row for row in rows if {"NaN", "undefined", ""} & set(row)]


@pytest.mark.parametrize(("motion", "least", "most"), [("no-preference", 12, 40), ("reduce", 2, 5)])
def test_pictures_are_drawn_less_often_for_readers_who_want_little_motion(
    visit: Open, motion: Literal["no-preference", "reduce"], least: int, most: int
) -> None:
    page = visit("demo-centred.html")
    page.emulate_media(reduced_motion=motion)
    page.clock.install()
    page.evaluate(COUNT_DRAWINGS)
    page.locator("#unit [data-act=run]").click()
    page.clock.run_for(3000)
    assert least <= page.evaluate("rheobase.drawn") <= most


#: Looks, frame by frame, whether a page has drawn and whether it has trained.
FRAMES = """() => new Promise((done) => {
  const seen = { both: 0, drawn: 0, trained: 0 };
  let drew = false, trained = false;
  const { fillTable } = rheobase, { backward } = rheobase.Network.prototype;
  rheobase.fillTable = (...all) => { drew = true; fillTable(...all); };
  rheobase.Network.prototype.backward = function (...all) { trained = true; backward.apply(this, all); };
  const look = () => {
    if (drew && trained) seen.both++;
    if (drew) seen.drawn++;
    if (trained) seen.trained++;
    drew = trained = false;
    if (seen.drawn < 4) requestAnimationFrame(look); else done(seen);
  };
  document.querySelector("[data-act=run]").click();
  drew = trained = false;
  requestAnimationFrame(look);
})"""


def check_frames(page: Page) -> None:
    seen = page.evaluate(FRAMES)
    assert (seen["both"], seen["drawn"]) == (0, 4)
    assert seen["trained"] > 4


def test_a_frame_draws_or_trains(visit: Open) -> None:
    check_frames(visit("demo-depth.html"))


def test_a_frame_that_does_both_would_be_noticed(browser: Browser, site: Path, tmp_path: Path) -> None:
    right = "if (!this.refresh(performance.now())) this.train();"
    fault = ("static/demos/runner.js", right, "this.refresh(performance.now()); this.train();")
    with broken(browser, site, tmp_path, "demo-depth.html", *fault) as page, pytest.raises(AssertionError):
        check_frames(page)


def test_sabotage(browser: Browser, site: Path, tmp_path: Path) -> None:
    """A dead unit that gets a gradient would be noticed."""
    right, network = "this.activation.slope(this.z[k])", "static/demos/network.js"
    fault = (network, right, f"({right} + 0.01)")
    with broken(browser, site, tmp_path, "demo-dead.html", *fault) as page, pytest.raises(AssertionError):
        check_dead_units(page)
