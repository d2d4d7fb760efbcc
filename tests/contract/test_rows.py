"""Functions of a row and gated units: value and slopes on every backend and dtype, masked and infinite entries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rheobase as rb
from rheobase.activation import Activation
from rheobase.algebra import reference
from rheobase.algebra.formula import paper
from rheobase.algebra.parse import symbol
from rheobase.definition import Definition
from tests.contract import row_oracle
from tests.contract.backends import LIBRARIES, Library
from tests.contract.checks import HARD, promised
from tests.contract.formats import FORMATS, Format
from tests.contract.functions import GATED, ROWS, WHOLE_ROWS, each

inf = np.inf

each_row = each(ROWS)
each_gated = each(GATED)
each_library = pytest.mark.parametrize("library", LIBRARIES.values(), ids=lambda lib: lib.name)
each_format = pytest.mark.parametrize("form", FORMATS.values(), ids=lambda form: form.name)

#: Equal, far apart, huge with small differences, nearly certain, subnormal, of both signs. Four entries each.
HARD_ROWS = (
    (0.0, 0.0, 0.0, 0.0),
    (1.25, -0.5, 0.25, 2.0),
    (88.0, 0.5, -88.0, 17.0),
    (1024.0, 1025.25, 1026.0, 1024.5),
    (30.0, 0.0, -5.0, 1.0),
    (-3e4, 3e4, 0.0, 100.0),
    (1e-8, -1e-8, 1e-40, -0.0),
    (5.0, 5.0, -2.0, 4.75),
)


def read(library: Library, array: Any) -> Any:
    return np.asarray(library.read(array))


def close(form: Format, got: Any, want: Any, ulps: float, floor: float, what: str) -> None:
    """Every number within `ulps` units in the last place of the exact one, or within `floor` of it."""
    for g, w in zip(np.ravel(got), np.ravel(want), strict=True):
        error = form.error(float(g), w)
        assert error <= ulps or abs(float(g - w)) <= floor, f"{what}: got {g!r}, exact {float(w)!r}: {error:.3g} ULP"


@each_row
@each_library
@each_format
def test_rows(function: Activation, library: Library, form: Format) -> None:
    smallest = library.smallest(form)
    for row in HARD_ROWS:
        x = form.round(row)
        want = row_oracle.values(function.definition, [float(v) for v in x])
        got = read(library, function(library.make(x[None, :], form), **_options(function.definition)))
        close(form, got, want, function.definition.accuracy[form.name], smallest, f"{function.name} of {row}")


def _options(definition: Definition) -> dict[str, int]:
    return {definition.groups: 4} if definition.groups else {}


@each(WHOLE_ROWS)
@each_library
def test_jacobians(function: Activation, library: Library) -> None:
    for name in ("float32", "float64"):
        form = FORMATS[name]
        for row in HARD_ROWS[1:6]:
            x = form.round(row)
            want = row_oracle.jacobian(function.definition, [float(v) for v in x])
            got = read(library, function.derivative(library.make(x[None, :], form)))
            close(form, got, want, 8, 2.0 ** (2 - form.precision), f"{function.name}' at {row}")


#: What is left when some entries are infinite: all weight goes to +∞, a row of -∞ alone gets none.
INFINITE = {
    (-inf, 0.0, 0.0): {"softmax": (0, 0.5, 0.5), "log_softmax": (-inf, -np.log(2), -np.log(2)),
                       "sparsemax": (0, 0.5, 0.5), "hardmax": (0, 1, 0)},
    (inf, 1.0, -inf): {"softmax": (1, 0, 0), "log_softmax": (0, -inf, -inf), "softmin": (0, 0, 1),
                       "sparsemax": (1, 0, 0), "hardmax": (1, 0, 0)},
    (inf, inf, 5.0): {"softmax": (0.5, 0.5, 0), "sparsemax": (0.5, 0.5, 0), "softmin": (0, 0, 1)},
    (-inf, -inf, -inf): {"softmax": (0, 0, 0), "log_softmax": (-inf, -inf, -inf), "sparsemax": (0, 0, 0),
                         "softmin": (1 / 3, 1 / 3, 1 / 3)},
    (inf, inf, inf): {"softmin": (0, 0, 0), "softmax": (1 / 3, 1 / 3, 1 / 3)},
}  # fmt: skip


@each_library
@each_format
def test_infinite_entries_and_fully_masked_rows(library: Library, form: Format) -> None:
    for row, wanted in INFINITE.items():
        for name, want in wanted.items():
            got = read(library, rb.get(name)(library.make(np.array(row), form)))
            np.testing.assert_array_equal(got, form.round(want).astype(np.float64), err_msg=f"{name} of {row}")
            slope = read(library, rb.get(name).derivative(library.make(np.array(row), form)))
            assert not np.isnan(slope).any(), f"{name}' at {row} is {slope}"


@each_row
@each_library
def test_one_nan_spoils_its_row_and_no_other(function: Activation, library: Library) -> None:
    x = np.array([[1.0, np.nan, 0.0, 2.0], [1.0, 3.0, 0.0, 2.0]])
    got = read(library, function(library.make(x, FORMATS["float64"]), **_options(function.definition)))
    assert np.isnan(got[0]).all()
    assert np.isfinite(got[1]).all()


@each_row
@each_library
@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (2, 0, 4), (1, 4), (2, 3, 4)])
def test_empty_and_small_shapes(function: Activation, library: Library, shape: tuple[int, ...]) -> None:
    x = library.make(np.zeros(shape), FORMATS["float32"])
    got = function(x, **_options(function.definition))
    assert type(got) is type(x)
    assert got.dtype == x.dtype
    size = 4 if function.definition.groups else 1
    assert tuple(got.shape) == (*shape[:-1], shape[-1] // size)


@each_gated
@each_library
@each_format
def test_gated(function: Activation, library: Library, form: Format) -> None:
    gates = form.round([*HARD, *(-g for g in HARD)])
    arguments = (symbol("value"), symbol("gate"))
    smallest = library.smallest(form)
    for value in (1.0, -0.375, 3.0):
        pair = library.make(np.stack([np.full(len(gates), value), gates.astype(np.float64)], axis=-1), form)
        got = read(library, function(pair))[:, 0]
        slopes = read(library, function.derivative(pair))
        for order, found in ((0, got), (1, slopes[:, 0]), (2, slopes[:, 1])):
            by = max(order - 1, 0)
            want = [
                reference.evaluate(
                    paper(function.definition), arguments, {"value": value, "gate": float(g)}, min(order, 1), by
                )
                for g in gates
            ]
            bound = promised(function.definition, form.name, order)
            # a factor that underflowed is met by the value and the gate
            floor = smallest * 800 * max(1.0, value)
            close(form, found, want, bound, floor, f"{function.name}, slope {order}, value {value}")


@each_gated
@each_library
def test_a_closed_gate_lets_nothing_through(function: Activation, library: Library) -> None:
    x = library.make(np.array([2.0, -inf]), FORMATS["float32"])
    # the gate of bilinear does not close: its limit is -inf
    limit = reference.limit(paper(function.definition), symbol("gate"), {"value": 2.0}, -1)
    assert read(library, function(x))[0] == limit
    assert np.isnan(read(library, function(library.make(np.array([np.nan, 1.0]), FORMATS["float32"])))).all()
    assert np.isnan(read(library, function(library.make(np.array([1.0, np.nan]), FORMATS["float32"])))).all()


def test_probabilities_sum_to_one_and_a_shift_changes_nothing() -> None:
    x = np.random.default_rng(0).normal(0, 5, (50, 17))
    for name in ("softmax", "softmin", "sparsemax", "hardmax"):
        function = rb.get(name)
        np.testing.assert_allclose(function(x).sum(-1), 1.0, rtol=1e-14)
        np.testing.assert_allclose(function(x + 1024.0), function(x), rtol=1e-10, atol=1e-12)
        np.testing.assert_array_equal(function(x, axis=0), function(x.T).T)
    moved = rb.relu(x + 1024.0) - rb.relu(x)
    assert moved.std() > 1, "a function that is not of a row does not survive a shift"
