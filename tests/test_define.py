"""The door for users' formulas: what it takes, what it makes of it, and one clear line for what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp

import rheobase as rb

x = sp.Symbol("x", real=True)
AT = np.array([-2.0, -0.5, 0.0, 0.5, 1.5])


@pytest.mark.parametrize(
    ("formula", "complaint"),
    [
        ("x*foo(x)", "unknown function 'foo'"),
        ("x*b", "unknown name 'b'"),
        ("__import__('os').system('true')", "is not allowed"),
        ("x.real", "is not allowed"),
        ("(lambda: x)()", "is not allowed"),
        ("x if x else 0", "is not a condition"),
        ("x +", "cannot read the formula"),
        ("2x", "products are written with [*]"),
        ("x^2", "powers are written with [*][*]"),
        ("2", "does not depend on x"),
        ("x/0", "divides by 0"),
        ("x/sum(x)", "define makes elementwise functions"),
        ("sigmoid(x, 2)", "does not take 2 argument"),
        (sp.LambertW(x), "unknown function 'LambertW'"),
        (lambda x: np.tanh(x), "does not take symbols"),
        (lambda x: max(x, 0), "does not take symbols"),
        (lambda z: z, r"the function takes \('z',\)"),
    ],
)
def test_a_formula_that_cannot_be_is_one_clear_line(formula: Any, complaint: str) -> None:
    with pytest.raises(rb.DefinitionError, match=complaint) as caught:
        rb.define("broken", formula)
    assert "\n" not in str(caught.value)
    assert "broken" not in rb.names()


@pytest.mark.parametrize(
    ("name", "settings", "complaint"),
    [
        ("relu", {}, "already names relu"),
        ("swish", {}, "already names silu"),
        ("two words", {}, "is not a name"),
        ("class", {}, "is a word of Python"),
        ("names", {}, "is a word of Python or rheobase"),
        ("broken", {"a": "big"}, "a must be a number, got 'big'"),
        ("broken", {"a": -1.0, "domains": {"a": "(0, inf)"}}, r"a must lie in \(0, inf\), got -1"),
        ("broken", {"a": 1.0, "domains": {"b": "(0, inf)"}}, "domains names 'b', but the parameters are a"),
        ("broken", {"a": 1.0, "domains": {"a": "positive"}}, "write an interval such as"),
        ("broken", {"stable": "x"}, "come together"),
    ],
)
def test_names_and_parameters_that_cannot_be(name: str, settings: dict[str, Any], complaint: str) -> None:
    before = rb.names()
    with pytest.raises(rb.DefinitionError, match=complaint):
        rb.define(name, "x*sigmoid(a*x)" if "a" in settings else "x", **settings)
    assert rb.names() == before


def test_text_sympy_and_python_mean_the_same() -> None:
    text = rb.define("same_text", "x*exp(-a*x)", a=0.5)
    symbols = rb.define("same_sympy", x * sp.exp(-x / 2))
    python = rb.define("same_python", lambda x, a: x * sp.exp(-a * x), a=0.5)
    assert np.array_equal(text(AT), symbols(AT))
    assert np.array_equal(text(AT), python(AT))


@pytest.mark.parametrize(
    ("formula", "meant"),
    [
        (sp.Max(x, 0), lambda v: np.maximum(v, 0)),
        (sp.Max(0, sp.Min(1, (x + 3) / 6)), lambda v: np.clip((v + 3) / 6, 0, 1)),
        (sp.Heaviside(x, 1), lambda v: (v >= 0) * 1.0),
        (sp.sign(x) * sp.log(1 + sp.Abs(x)), lambda v: np.sign(v) * np.log1p(np.abs(v))),
        (sp.Piecewise((x, x > 0), (sp.exp(x) - 1, True)), lambda v: np.where(v > 0, v, np.expm1(v))),
        (sp.sech(x), lambda v: 1 / np.cosh(v)),
        ("x if 0 <= x < 1 else 0", lambda v: np.where((v >= 0) & (v < 1), v, 0)),
        ("1 if x < -1 or x > 1 else 0", lambda v: (np.abs(v) > 1) * 1.0),
        ("x*swish(x)", lambda v: v * v / (1 + np.exp(-v))),
        ("relu(x) - relu(x - 1)", lambda v: np.clip(v, 0, 1)),
        ("max(x, 0, 1)", lambda v: np.maximum(v, 1)),
        ("max(0, 1 - abs(x))", lambda v: np.maximum(0, 1 - np.abs(v))),
        ("min(abs(x), max(0, 1 - abs(x)))", lambda v: np.minimum(np.abs(v), np.maximum(0, 1 - np.abs(v)))),
    ],
)
def test_formulas_of_all_kinds(formula: Any, meant: Callable[[Any], Any]) -> None:
    np.testing.assert_allclose(rb.define("probe", formula)(AT), meant(AT), rtol=1e-14)


def test_at_a_kink_the_constants_slope_holds_whichever_way_it_is_written() -> None:
    for formula in ("max(x, 0)", "max(0, x)", sp.Max(x, 0)):
        assert rb.define("probe", formula).derivative(0.0) == 0.0
    assert rb.define("probe", "min(6, x)").derivative(6.0) == 0.0


def test_defining_again_replaces_and_old_functions_keep_their_meaning() -> None:
    first = rb.define("again", "x + a", a=1.0)
    second = rb.define("again", "x + a", a=2.0)
    assert (first(1.0), second(1.0), rb.again(1.0)) == (2.0, 3.0, 3.0)
    assert rb.names().count("again") == 1
