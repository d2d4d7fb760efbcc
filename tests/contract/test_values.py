"""Value, derivatives, special values and kinks of every function, on every backend and dtype."""

from __future__ import annotations

import pytest

from rheobase.activation import Activation
from tests.contract import checks
from tests.contract.backends import LIBRARIES
from tests.contract.formats import FORMATS
from tests.contract.functions import each_elementwise

on_each_library = pytest.mark.parametrize("library", LIBRARIES)


@each_elementwise
@on_each_library
def test_accuracy(function: Activation, library: str) -> None:
    for dtype in FORMATS:
        for order in range(3):
            checks.check_accuracy(function.definition, library, dtype, order)


@each_elementwise
@on_each_library
def test_infinities_and_nan(function: Activation, library: str) -> None:
    for dtype in FORMATS:
        for order in range(3):
            checks.check_infinities(function.definition, library, dtype, order)
        checks.check_signed_zero(function.definition, library, dtype)


@each_elementwise
def test_definition(function: Activation) -> None:
    checks.check_stable_form(function.definition)
    checks.check_kinks(function.definition)
    checks.check_special(function.definition)
    checks.check_parameters_matter(function.definition)
