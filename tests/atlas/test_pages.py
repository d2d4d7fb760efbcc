"""Every page, as a reader opens it: without complaints, without a network, for those who do not see it, on a phone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

import rheobase as rb
from rheobase.atlas.demos import DEMONSTRATIONS
from rheobase.atlas.site import LINKS, demo_page
from rheobase.atlas.text import symbols
from tests.atlas.conftest import Open

FUNCTIONS = [f"{name}.html" for name in rb.names()]
OTHERS = [*(link.href for link in LINKS), *map(demo_page, DEMONSTRATIONS)]
#: One page of each kind is looked at closely.
KINDS = ["gelu.html", "prelu.html", "relu.html", "softmax.html", "gumbel_softmax.html", "swiglu.html", *OTHERS]
#: In the dark only colours differ, which these pages hold all of.
DARK = ["index.html", "relu.html", "compare.html", "claims.html", "demo-dead.html"]
GRAVE = ("serious", "critical")

TOO_WIDE = """() => [...document.querySelectorAll("main *")]
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll, pre, .formula, svg"))
    .map((e) => e.outerHTML.slice(0, 80))"""


def drawn(page: Page) -> int:
    """Lines in plots that have been drawn."""
    return page.locator(".plot svg [data-mark=line] path").count()


def grave(page: Page) -> list[tuple[str, str]]:
    """What axe-core finds: the rule, and the first place."""
    # its preloading would ask for the style sheet again, which files may not
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [(v["id"], v["nodes"][0]["html"][:120]) for v in found if v["impact"] in GRAVE]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_page_of_every_function_shows_its_formula_and_its_curve(name: str, visit: Open) -> None:
    page = visit(name)
    definition = rb.get(name.removesuffix(".html")).definition
    assert page.locator("h1").inner_text() == definition.title
    assert page.locator(".formulas math").count() == (1 if definition.kind == "row" else 3)
    assert "\\" not in page.locator(".formulas").inner_text()  # LaTeX that has no MathML
    assert drawn(page) >= 1
    text = page.locator("main").inner_text()
    assert definition.reference[1:] in text
    assert re.findall(r"undefined|\[object|\{\{|NaN%|None(?! of)", text) == []


@pytest.mark.parametrize("name", OTHERS)
def test_the_other_pages_load(name: str, visit: Open) -> None:
    page = visit(name)
    assert page.locator("h1").count() == 1
    hrefs = page.locator("a").evaluate_all("(all) => all.map((a) => a.getAttribute('href').split('#')[0])")
    assert set(filter(None, hrefs)) <= {*FUNCTIONS, *OTHERS}


@pytest.mark.parametrize(("name", "scheme"), [*((n, "light") for n in KINDS), *((n, "dark") for n in DARK)])
def test_nothing_grave_stands_in_the_way_of_a_reader(name: str, scheme: str, visit: Open) -> None:
    page = visit(name, scheme=scheme)
    page.evaluate("document.querySelectorAll('main details').forEach((d) => { d.open = true; })")
    assert grave(page) == []


def test_a_grave_fault_would_be_found(visit: Open) -> None:
    page = visit("gelu.html")
    page.evaluate("document.querySelector('#reach').closest('label').replaceWith(document.querySelector('#reach'))")
    assert grave(page) != []


@pytest.mark.parametrize("name", KINDS)
def test_nothing_sticks_out_on_a_phone(name: str, visit: Open) -> None:
    page = visit(name, width=360)
    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("name", ["relu.html", "index.html", "compare.html"])
def test_a_name_of_any_length_fits(name: str, visit: Open) -> None:
    page = visit(name, width=320)
    named = "h1, .lead code, .around a, .title, .gallery code, .legend li, #choice label"
    page.locator(named).evaluate_all('(all) => all.forEach((e) => e.append("a_name_of_ones_own_".repeat(6)))')
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_page_without_scripts_tells_formula_and_facts(browser: Browser, site: Path) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto((site / "gelu.html").as_uri())
    assert page.locator("noscript").is_visible()
    assert page.locator(".formulas math").count() == 3
    assert symbols(str(rb.gelu.facts.range)) in page.locator("main").inner_text()
    page.close()


def test_text_grows_with_what_the_reader_has_set(visit: Open) -> None:
    page = visit("gelu.html")
    size = "Number.parseFloat(getComputedStyle(document.body).fontSize)"
    before = page.evaluate(size)
    page.add_style_tag(content="html { font-size: 200% }")
    assert page.evaluate(size) == pytest.approx(2 * before)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_on_paper_there_are_no_controls(visit: Open) -> None:
    page = visit("gelu.html", scheme="dark")
    page.emulate_media(media="print")
    assert not page.locator(".controls, header.site").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(253, 252, 250)"


def test_a_request_elsewhere_would_be_noticed(visit: Open, complaints: list[str]) -> None:
    page = visit("index.html")
    with page.expect_event("requestfailed"):
        page.evaluate("fetch('https://example.org/').catch(() => 0)")
    assert complaints[0] == "asks for https://example.org/"
    complaints.clear()
