"""The rules that make a paper's formula computable: each is an equation, does what it says, and is needed."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
import torch

import rheobase as rb
from rheobase.algebra import reference
from rheobase.algebra.functions import Reduction, plain
from rheobase.algebra.parse import parse, symbol
from rheobase.algebra.stabilise import RULES, Rule, stabilise
from tests.contract import checks

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.left)


@each_rule
def test_a_rule_turns_its_left_side_into_its_right(rule: Rule) -> None:
    found, used = stabilise(parse(rule.left, ["u"]))
    assert found == parse(rule.right, ["u"])
    assert rule in used


@pytest.mark.parametrize("rule", [r for r in RULES if not parse(r.left, ["u"]).has(Reduction)], ids=lambda r: r.left)
def test_both_sides_of_a_rule_are_equal(rule: Rule) -> None:
    u = symbol("u")
    left, right = (plain(parse(side, ["u"])) for side in (rule.left, rule.right))
    defined = 0
    for at in (0.03125, 0.7, 3.5, 41.0, -0.03125, -0.7, -3.5, -41.0):
        a, b = (reference.evaluate(side, (u,), {"u": at}) for side in (left, right))
        if mp.isnan(a) and mp.isnan(b):
            continue
        assert abs(a - b) <= abs(a) * mp.mpf(10) ** -60, f"{rule.left} = {rule.right} fails at {at}"
        defined += 1
    assert defined >= 6


@pytest.mark.parametrize(
    ("formula", "computed"),
    [
        ("x/(1 + exp(-2*x)) + 3", "x*sigmoid(2*x) + 3"),
        ("(exp(2*x) - 1)/(exp(2*x) + 1)", "tanh(x)"),
        ("x*tanh(log(1 + exp(x)))", "x*tanh_softplus(x)"),
        ("x*(1 + tanh(x + x**3))", "2*x*cubic_sigmoid(2, 2, x)"),
        ("7*(exp(x) - 1)*x", "7*x*expm1(x)"),
        ("1 - tanh(x)", "2*sigmoid(-2*x)"),
        ("1 - erf(x)", "2*normal_cdf(-sqrt(2)*x)"),
        ("x/sqrt(1 + 4*x**2)", "x/hypot(2*x, 1)"),
        ("x if x > 0 else exp(x) - 1", "x if x > 0 else expm1(x)"),
        ("log(1 + x**2)", "log1p(x**2)"),
        ("x + sin(x)", "x + sin(x)"),
        # where the other term may be negative a hypotenuse would not exist
        ("sqrt(x**2 + x)", "sqrt(x**2 + x)"),
    ],
)
def test_rules_find_their_place_inside_a_formula(formula: str, computed: str) -> None:
    assert stabilise(parse(formula, ["x"]))[0] == parse(computed, ["x"])


@pytest.mark.parametrize(
    "formula",
    [
        "x/(1 + exp(-x))",
        "x*tanh(log(1 + exp(x)))",
        "log(1 + exp(x))",
        "(exp(x) - exp(-x))/(exp(x) + exp(-x))",
        "x*(1 + erf(x/sqrt(2)))/2",
        "(x + sqrt(x**2 + 4))/2",
        "x if x > 0 else exp(x) - 1",
        "x*atan(exp(x))",
        "x*cosh(x)/sinh(x) if x > 0 else 1",
        "1/(exp(x) + exp(-x))",
    ],
)
def test_a_users_formula_has_no_nan_where_an_exponential_overflows(formula: str) -> None:
    function = rb.define("probe", formula)
    x = torch.tensor([-1e4, -710.0, -200.0, -89.0, -1e-8, 1e-8, 60.0, 89.0, 200.0, 710.0, 1e4], requires_grad=True)
    function(x).sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all(), dict(zip(x.tolist(), x.grad.tolist(), strict=True))


def test_a_users_formula_is_as_accurate_as_a_shipped_one() -> None:
    for name, formula in (("own_gelu", "x*(1 + erf(x/sqrt(2)))/2"), ("own_silu", "x/(1 + exp(-x))")):
        definition = rb.define(name, formula).definition
        for order in (0, 1):
            checks.check_accuracy(definition, "numpy", "float64", order)
            checks.check_accuracy(definition, "torch", "float32", order)


def test_without_the_rules_a_tail_is_lost() -> None:
    naive = rb.define("naive", "x*(1 + erf(x/sqrt(2)))/2", stable="x*(1 + erf(x/sqrt(2)))/2", reason="none")
    assert naive(-9.0) == 0.0
    assert rb.gelu(-9.0) == pytest.approx(-1.01572956535846e-18, rel=1e-12, abs=0)


def test_digits_of_a_constant_are_kept() -> None:
    assert parse("1.0507009873554804934193349852946", []) == sp.Rational("1.0507009873554804934193349852946")
    assert rb.selu(1.0) == np.float64(1.0507009873554805)
