"""What every test starts from: a catalogue that holds the shipped functions alone, and memory that is not used up."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count

import pytest

from rheobase import catalogue

#: Tests after which JAX forgets what it has compiled.
FORGET_AFTER = 20
_tests = count(1)


@pytest.fixture(autouse=True)
def _no_function_outlives_its_test() -> Iterator[None]:
    yield
    for definition in catalogue.FAMILIES["own"]:
        catalogue.remove_own(definition.name)


@pytest.fixture(autouse=True)
def _programs_do_not_pile_up() -> Iterator[None]:
    """JAX keeps every program that it has compiled, some megabytes for a test: for all of them, gigabytes."""
    yield
    if next(_tests) % FORGET_AFTER == 0 and (jax := sys.modules.get("jax")):
        jax.clear_caches()
