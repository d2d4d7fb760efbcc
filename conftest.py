"""What every test starts from: a catalogue that holds the shipped functions alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rheobase import catalogue


@pytest.fixture(autouse=True)
def _no_function_outlives_its_test() -> Iterator[None]:
    yield
    for definition in catalogue.FAMILIES["own"]:
        catalogue.remove_own(definition.name)
