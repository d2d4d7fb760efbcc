"""Do the checks bite? Each way of breaking a definition must turn one of them red."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from rheobase import catalogue
from rheobase.activation import Activation
from rheobase.algebra.formula import computed
from rheobase.definition import Definition
from tests.contract import checks, lock
from tests.contract.backends import LIBRARIES, Library
from tests.contract.formats import Format
from tests.contract.functions import ELEMENTWISE, each, each_elementwise


def check_lock(definition: Definition) -> None:
    """The formula has the values that are written down."""
    stored = json.loads(lock.FILE.read_text())["values"][definition.name]
    with mp.workdps(40):
        for order, row in enumerate(stored):
            for x, value in zip(lock.POINTS, row, strict=True):
                got = checks.exact(definition, x, order)
                assert abs(got - mp.mpf(value)) <= mp.mpf(10) ** -20 * max(1, abs(got)), (
                    f"{definition.name}: order {order} at {x} is {mp.nstr(got, 20)}, written down is {value}; "
                    "run `make lock` if the change is meant"
                )


def all_checks(definition: Definition) -> None:
    """Every check that needs no particular backend, and the accuracy on one."""
    check_lock(definition)
    checks.check_kinks(definition)
    checks.check_special(definition)
    checks.check_stable_form(definition)
    checks.check_accuracy(definition, "numpy", "float64", 0)
    checks.check_accuracy(definition, "numpy", "float64", 1)


def perturbed(definition: Definition) -> Iterator[Definition]:
    yield replace(definition, formula=f"1.001*({definition.formula})")
    yield replace(definition, formula=f"({definition.formula}) + 0.001")
    yield replace(definition, stable=f"1.001*({definition.formula})", reason="none")


def without_a_branch(definition: Definition) -> Iterator[Definition]:
    for text, field in ((definition.formula, "formula"), (definition.stable, "stable")):
        tree = ast.parse(text, mode="eval").body if text else None
        if isinstance(tree, ast.IfExp):
            yield replace(definition, **{field: ast.unparse(tree.body)})
            yield replace(definition, **{field: ast.unparse(tree.orelse)})


def with_a_flipped_kink(definition: Definition) -> Iterator[Definition]:
    flip = {" <= ": " < ", " >= ": " > ", " < ": " <= ", " > ": " >= "}
    # at a joint that is smooth for the default parameters either comparison is right
    kinked = bool(Activation(definition).facts.kinks)
    for sign, other in flip.items():
        if sign in definition.formula and kinked:
            changes = {"formula": definition.formula.replace(sign, other, 1)}
            if sign in definition.stable:
                changes["stable"] = definition.stable.replace(sign, other, 1)
            yield replace(definition, **changes)


@each_elementwise
def test_the_definition_passes_and_its_sabotaged_copies_fail(function: Activation) -> None:
    definition = function.definition
    all_checks(definition)
    for copy in (*perturbed(definition), *without_a_branch(definition), *with_a_flipped_kink(definition)):
        with pytest.raises(AssertionError):
            all_checks(copy)


def check_value_everywhere(definition: Definition) -> None:
    """The value's accuracy where the paper's forms go wrong."""
    for dtype in ("float32", "float64"):
        for library in ("numpy", "torch"):
            checks.check_accuracy(definition, library, dtype, 0)


@each([f for f in ELEMENTWISE if computed(f.definition).reason])
def test_computing_the_papers_form_as_it_stands_is_noticed(function: Activation) -> None:
    definition = function.definition
    with pytest.raises(AssertionError):
        check_value_everywhere(replace(definition, stable=definition.formula, reason="none"))


def off_far_out(library: Library) -> Library:
    """A copy of `library` whose results are off by 1/2 where |x| >= 10³⁰."""
    far: list[Any] = []

    def make(points: Any, form: Format) -> Any:
        far[:] = [np.abs(np.asarray(points, dtype=np.float64)) >= 1e30]
        return library.make(points, form)

    return replace(library, make=make, read=lambda array: library.read(array) + 0.5 * far[0])


@each([f for f in ELEMENTWISE if np.isfinite(f.facts.lipschitz)])
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_slope_that_is_wrong_far_out_is_noticed(
    function: Activation, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks.check_accuracy(function.definition, library, "float32", 1)
    monkeypatch.setitem(LIBRARIES, library, off_far_out(LIBRARIES[library]))
    with pytest.raises(AssertionError, match=r"at x = -?3\.4\d+e\+38"):
        checks.check_accuracy(function.definition, library, "float32", 1)


def test_a_wrong_special_value_or_slope_is_noticed() -> None:
    relu = catalogue.lookup("relu")
    with pytest.raises(AssertionError):
        checks.check_special(replace(relu, special={"0": "1"}))
    with pytest.raises(AssertionError):
        checks.check_kinks(replace(relu, kinks={"0": "1"}))
    with pytest.raises(AssertionError):
        checks.check_kinks(replace(relu, kinks={}))


def test_the_lock_is_current() -> None:
    assert lock.FILE.read_text() == lock.current(), "run `make lock` if the change is meant"
