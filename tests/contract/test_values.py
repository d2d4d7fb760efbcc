"""Value, derivatives, special values and kinks of every function, on every backend and dtype."""

from __future__ import annotations

import pytest

from rheobase import catalogue
from rheobase.definition import Definition
from tests.contract import checks
from tests.contract.backends import LIBRARIES
from tests.contract.formats import FORMATS

ELEMENTWISE = [d for d in catalogue.definitions() if d.kind == "elementwise"]

each = pytest.mark.parametrize("definition", ELEMENTWISE, ids=lambda d: d.name)
on_each_library = pytest.mark.parametrize("library", LIBRARIES)


@each
@on_each_library
def test_accuracy(definition: Definition, library: str) -> None:
    for dtype in FORMATS:
        for order in range(3):
            checks.check_accuracy(definition, library, dtype, order)


@each
@on_each_library
def test_infinities_and_nan(definition: Definition, library: str) -> None:
    for dtype in FORMATS:
        for order in range(3):
            checks.check_infinities(definition, library, dtype, order)
        checks.check_signed_zero(definition, library, dtype)


@each
def test_definition(definition: Definition) -> None:
    checks.check_stable_form(definition)
    checks.check_kinks(definition)
    checks.check_special(definition)
    checks.check_parameters_matter(definition)
