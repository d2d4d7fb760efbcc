"""The functions in the browser are the functions in Python, and a wrong operation is noticed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

import rheobase as rb
from rheobase.activation import Activation
from rheobase.atlas.functions import sliders
from tests.atlas.conftest import Open

ELEMENTWISE = [rb.get(n) for n in rb.names() if rb.get(n).definition.kind == "elementwise"]
GATED = [rb.get(n) for n in rb.names() if rb.get(n).definition.kind == "gated"]
ROWS = [rb.get(n) for n in rb.names() if rb.get(n).definition.kind == "row"]

FAR = [20.0, 37.0, 40.0, 87.5, 100.0, 710.0, 750.0, 1e30, 1e308]
TINY = [1e-300, 1e-12, 1e-8, 1e-3]
#: Around 0 and every kink, in the tails, and where numbers end.
POINTS = [*np.linspace(-8, 8, 65), *FAR, *(-x for x in FAR), *TINY, *(-x for x in TINY), -0.0, np.inf, -np.inf, np.nan]
#: Digits that are lost below the smallest normal number are no one's fault.
SUBNORMAL = 1e-320
KEYS = ("value", "slope", "curvature")
CALL = "([name, key, x, p]) => x.map((a) => rheobase.functions[name][key](a, p))"


def settings(function: Activation) -> list[dict[str, float]]:
    """The defaults, and both ends of all sliders."""
    found = sliders(function.definition)
    ends = [{s["name"]: s[end] for s in found} for end in ("low", "high")]
    return [function.definition.defaults, *(ends if found else [])]


def tables(functions: list[Activation]) -> list[tuple[list[Any], np.ndarray[Any, Any]]]:
    """What to ask the browser, and what Python says to it."""
    x = np.array(POINTS)
    return [
        ([f.name, key, POINTS, p], np.asarray(f.derivative(x, order, **p)))
        for f in functions
        for p in settings(f)
        for order, key in enumerate(KEYS)
    ]


def check(page: Page, asked: list[tuple[list[Any], np.ndarray[Any, Any]]]) -> None:
    """Every number within 1e-13, infinities and NaN the same; of values the sign of 0, too."""
    for question, expected in asked:
        got = np.array(page.evaluate(CALL, question), dtype=np.float64)
        np.testing.assert_allclose(got, expected, rtol=1e-13, atol=SUBNORMAL, err_msg=str(question[:2]))
        if question[1] == "value":
            known = ~np.isnan(expected)
            np.testing.assert_array_equal(
                np.signbit(got)[known], np.signbit(expected)[known], err_msg=str(question[:2])
            )


def test_every_function_of_one_number_is_pythons(visit: Open) -> None:
    check(visit("gelu.html"), tables(ELEMENTWISE))


def test_gated_units_are_pythons(visit: Open) -> None:
    page = visit("swiglu.html")
    gates = np.array(POINTS[:-1])
    for f in GATED:
        for v in (-1.5, 0.0, 2.0):
            pair = np.stack([np.full_like(gates, v), gates], axis=-1)
            slopes = f.derivative(pair)
            expected = {"value": f(pair)[:, 0], "byValue": slopes[:, 0], "byGate": slopes[:, 1]}
            for key, numbers in expected.items():
                call = "([n, key, v, g]) => g.map((a) => rheobase.gated[n][key](v, a))"
                got = page.evaluate(call, [f.name, key, v, gates.tolist()])
                np.testing.assert_allclose(np.array(got, float), numbers, rtol=1e-13, err_msg=f"{f.name} {key}")


def test_functions_of_a_row_and_their_slopes_are_pythons(visit: Open) -> None:
    page = visit("softmax.html")
    cases = [[2.0, 1.0, 0.5, 0.0], [1e3, -1e3, 999.5, 0.0], [0.0, 0.0, 0.0, 0.0], [-np.inf, 1.0, 0.0, 2.0],
             [-np.inf] * 4]  # fmt: skip
    call = """([n, x, noise]) => { const f = rheobase.rows[n], more = noise ? [noise] : [];
        const list = (v) => (Array.isArray(v) ? v : x.map(() => v));
        const outer = f.outer.map(([a, b]) => [list(a(x, ...more)), list(b(x, ...more))]);
        const diagonal = list(f.diagonal(x, ...more));
        return [f.output(x, ...more), x.map((_, i) => x.map((__, j) =>
            (i === j ? diagonal[i] : 0) + outer.reduce((t, [a, b]) => t + a[i] * b[j], 0)))]; }"""
    for f in ROWS:
        size = f.definition.defaults.get(f.definition.groups, 4)
        for case in cases:
            x = np.array(case[: int(size)])
            options: dict[str, Any] = {"rng": np.random.default_rng(7)} if f.definition.noise else {}
            noise = None
            if f.definition.noise:
                uniform = np.random.default_rng(7).random(x.shape)
                noise = [page.evaluate("([n, u]) => rheobase.rows[n].noise(u)", [f.name, u]) for u in uniform.tolist()]
            output, jacobian = page.evaluate(call, [f.name, x.tolist(), noise])
            np.testing.assert_allclose(np.atleast_1d(output), f(x, **options), rtol=1e-13, err_msg=f.name)
            if not f.definition.noise:
                wanted = f.derivative(x)
                got = np.array(jacobian, float)[: len(np.atleast_1d(wanted).reshape(-1, x.size))]
                np.testing.assert_allclose(got, wanted.reshape(-1, x.size), rtol=1e-12, atol=1e-300, err_msg=f.name)


#: What functions of one number are made of, besides arithmetic and |x|.
OPERATIONS = ("cos", "exp", "expm1", "hypot", "log1p", "sin", "sqrt", "tanh")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_that_is_a_little_wrong_is_noticed(operation: str, browser: Browser, site: Path) -> None:
    script = (site / "static" / "functions.js").read_text()
    assert f"Math.{operation}(" in script
    spoilt = script.replace(f"Math.{operation}(", "spoilt(")
    page = browser.new_page()
    page.evaluate(f"window.spoilt = (...a) => Math.{operation}(...a) * (1 + 1e-11)")
    page.add_script_tag(content=spoilt)
    with pytest.raises(AssertionError):
        check(page, tables(ELEMENTWISE))
    page.close()


def test_every_operation_of_the_file_was_spoilt(site: Path) -> None:
    script = (site / "static" / "functions.js").read_text()
    # the logarithm is that of the noise of a row
    assert set(re.findall(r"Math\.(\w+)\(", script)) == {*OPERATIONS, "abs", "log"}


def test_a_swapped_branch_is_noticed(browser: Browser, site: Path) -> None:
    script = (site / "static" / "functions.js").read_text()
    for right, wrong in (("x <= 0", "x < -1e-9"), ("? 0 :", "? 1e-13 :")):
        page = browser.new_page()
        page.add_script_tag(content=script.replace(right, wrong))
        with pytest.raises(AssertionError):
            check(page, tables(ELEMENTWISE))
        page.close()
