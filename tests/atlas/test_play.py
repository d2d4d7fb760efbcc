"""What a reader does with a page: moves sliders, searches, compares, turns the light off, all with the keyboard too."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

import rheobase as rb
from rheobase.atlas.text import symbols
from tests.atlas.broken import broken
from tests.atlas.conftest import Open

LINE = ".plot svg [data-mark=line] path"


CELLS = "(rows) => rows.map((r) => [...r.children].map((c) => c.textContent))"


def curve(page: Page) -> str:
    return page.locator(LINE).first.get_attribute("d") or ""


def await_another(page: Page, before: str) -> None:
    """Wait for the next frame, in which what was moved is drawn."""
    expect(page.locator(LINE).first).not_to_have_attribute("d", before)


def shown(page: Page) -> list[str]:
    return page.locator("#families li:visible, #sorted li:visible").evaluate_all(
        "(all) => all.map((l) => l.dataset.name)"
    )


def move(page: Page, slider: str, value: float) -> None:
    page.locator(slider).fill(f"{value}")


def test_a_slider_moves_the_curve_and_what_is_read_off_it(visit: Open) -> None:
    page = visit("elu.html")
    before = curve(page)
    move(page, "[data-parameter=alpha]", 2.5)
    move(page, "#at", -1.0)
    await_another(page, before)
    expect(page.locator("#reading")).to_contain_text(f"f(x) = −{-rb.elu(-1.0, alpha=2.5):.4f}"[:-1])


def test_a_slider_obeys_the_keyboard(visit: Open) -> None:
    page = visit("softplus.html")
    page.locator("[data-parameter=beta]").focus()
    before = curve(page)
    for _ in range(3):
        page.keyboard.press("PageUp")
    await_another(page, before)


def test_the_first_stop_of_the_keyboard_skips_the_navigation(visit: Open) -> None:
    page = visit("gelu.html")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_the_shaded_zones_are_those_of_the_facts(visit: Open) -> None:
    page = visit("gelu.html")
    share = float(page.locator(".zones").get_attribute("data-share") or "nan")
    for facts in (rb.get(n).facts for n in rb.names() if rb.get(n).definition.kind == "elementwise"):
        found = page.evaluate("([n, share]) => rheobase.zones(rheobase.functions[n], {}, share)", [facts.name, share])
        zones = [tuple(sorted((z["from"], z["to"]) for z in found if z["kind"] == k)) for k in ("saturated", "dead")]
        left, right = facts.saturation.left, facts.saturation.right
        saturated = [(-math.inf, left)] * (left is not None) + [(right, math.inf)] * (right is not None)
        for got, wanted in zip(zones, (saturated, facts.dead_zone), strict=True):
            assert len(got) == len(wanted), facts.name
            np.testing.assert_allclose(got, wanted, atol=1e-6, err_msg=facts.name)


def test_search_filters_and_order(visit: Open) -> None:
    page = visit("index.html")
    assert shown(page) == rb.names()
    page.locator("#search").fill("swish")
    assert shown(page) == ["silu", "swish_beta", "hard_swish"]
    page.locator("#search").fill("")
    page.get_by_role("button", name="zero-centred").click()
    page.get_by_role("button", name="bounded").click()
    wanted = [n for n in rb.names() if rb.get(n).definition.kind == "elementwise" and rb.get(n).facts.zero_centred
              and math.isfinite(rb.get(n).facts.range.low + rb.get(n).facts.range.high)]  # fmt: skip
    assert shown(page) == wanted
    page.locator("#search").fill("nothing of the kind")
    page.get_by_role("button", name="Show all").click()
    page.locator("#order").select_option("gain")
    by_gain = [n for n in shown(page) if rb.get(n).definition.kind == "elementwise"]
    assert by_gain == sorted(by_gain, key=lambda n: rb.get(n).facts.gaussian.gain)
    assert "functions" in page.locator("#count").inner_text()


def test_the_address_holds_what_is_compared(visit: Open) -> None:
    page = visit("compare.html", fragment="#slope:gelu,mish,relu")
    assert page.locator(".legend li").all_inner_texts() == ["gelu", "mish", "relu"]
    assert page.locator("[name=order][value=slope]").is_checked()
    page.get_by_label("tanh", exact=True).check()
    page.wait_for_function("location.hash === '#slope:gelu,mish,relu,tanh'")
    assert page.locator(LINE).count() == 4
    for name in ("elu", "selu"):
        page.get_by_label(name, exact=True).check()
    expect(page.get_by_label("silu", exact=True)).to_be_disabled()
    assert symbols(str(rb.gelu.facts.range)) in page.locator("#facts").inner_text()


def test_an_address_may_hold_anything(visit: Open) -> None:
    for address, drawn, left in (
        ("#%", ["relu", "gelu", "silu", "tanh"], "Left out: %"),
        ("#gelu, softmax,relu,nobody", ["gelu", "relu"], "Left out: softmax, nobody"),
        ("#curvature:toString,mish", ["mish"], "Left out: toString"),
    ):
        page = visit("compare.html", fragment=address)
        assert page.locator(".legend li").all_inner_texts() == drawn
        assert page.locator("#said").inner_text().startswith(left)
        page.get_by_label("elu", exact=True).check()
        expect(page.locator("#said")).not_to_contain_text("Left out")


def test_curves_can_be_read_as_a_table(visit: Open) -> None:
    page = visit("tanh.html")
    page.get_by_text("The curves as a table").first.click()
    rows = page.locator(".plot table").first.locator("tbody tr").evaluate_all(CELLS)
    by_x = {float(cells[0].replace("−", "-")): float(cells[1].replace("−", "-")) for cells in rows}
    assert len(by_x) == 25
    assert by_x[-3.0] == pytest.approx(rb.tanh(-3.0), abs=1e-4)


def test_light_and_dark(visit: Open) -> None:
    page = visit("gelu.html", scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(paper)
    page.get_by_role("button", name="Light or dark").click()
    light = page.evaluate(paper)
    assert dark != light
    page.reload()
    assert page.evaluate(paper) == light


def moments(page: Page) -> list[float]:
    """Mean and standard deviation that the page tells of the output."""
    text = page.locator("#moments").inner_text().replace("−", "-")
    return [float(found) for found in re.findall(r"(?:mean|deviation) (-?[\d.]+)(?=[,.] )", text)]


def check_moments(page: Page, name: str) -> None:
    g = rb.get(name).facts.gaussian
    assert moments(page) == pytest.approx([g.mean, (g.second_moment - g.mean**2) ** 0.5], rel=2e-5, abs=1e-6)


@pytest.mark.parametrize("name", ["relu", "step", "selu", "hard_shrink", "exponential", "star_relu"])
def test_what_comes_out_of_a_layer(name: str, visit: Open) -> None:
    page = visit(f"{name}.html")
    check_moments(page, name)
    if name == "relu":
        assert "dead: 50 %" in page.locator("#moments").inner_text()


def test_an_input_on_a_jump_would_be_noticed(browser: Browser, site: Path, tmp_path: Path) -> None:
    fault = ("static/elementwise.js", "(2 * k + 1)", "(2 * k)")
    with broken(browser, site, tmp_path, "step.html", *fault) as page, pytest.raises(AssertionError):
        check_moments(page, "step")


def test_rows_of_groups_do_not_say_that_all_depends_on_all(visit: Open) -> None:
    assert "made of pieces neighbouring inputs" in visit("maxout.html").locator("main").inner_text()
    assert "depends on all inputs" in visit("softmax.html").locator("main").inner_text()


def test_one_input_of_a_row_moves_all_outputs(visit: Open) -> None:
    page = visit("softmax.html")
    before = page.locator("#reading").inner_text()
    move(page, "[data-input='4']", 4.0)
    page.wait_for_function(f"document.querySelector('#reading').textContent !== {before!r}")
    y = rb.softmax(np.array([1.0, 0.8, 0.5, 0.0, 4.0]))
    assert f"y₁ = {y[0]:.5f}"[:-1] in page.locator("#reading").inner_text()
