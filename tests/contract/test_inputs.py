"""Any shape in, the same shape and kind out; what cannot be taken is refused in one line."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import rheobase as rb
from rheobase.activation import Activation
from tests.contract.functions import ELEMENTWISE, each_elementwise

SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


@settings(max_examples=60, deadline=None)
@given(shape=SHAPES, function=st.sampled_from(ELEMENTWISE), dtype=st.sampled_from(["float16", "float32", "float64"]))
def test_kind_shape_and_dtype_are_kept(shape: tuple[int, ...], function: Activation, dtype: str) -> None:
    x = np.ones(shape, dtype=dtype)
    for made in (x, torch.from_numpy(x.copy()), jnp.asarray(x)):
        y = function(made)
        assert type(y) is type(made)
        assert y.shape == made.shape
        assert y.dtype == made.dtype


@each_elementwise
def test_scalars_bfloat16_and_strides(function: Activation) -> None:
    assert type(function(0.5)) is float
    assert type(function(np.float32(0.5))) is np.float32
    narrow = function(np.ones(3, dtype=ml_dtypes.bfloat16))
    assert narrow.dtype == ml_dtypes.bfloat16
    x = np.random.default_rng(0).normal(size=(6, 8))
    assert np.array_equal(function(x[::2, ::-3]), function(x)[::2, ::-3])
    tensor = torch.from_numpy(x)
    assert torch.equal(function(tensor.t()[::2]), function(tensor).t()[::2])


@settings(max_examples=40, deadline=None)
@given(value=st.floats(0.05, 4.0), function=st.sampled_from(ELEMENTWISE), seed=st.integers(0, 99))
def test_parameters_broadcast(value: float, function: Activation, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(3, 4)) * 3
    for name in function.definition.defaults:
        one = function(x, **{name: value})
        for made, array in (
            (x, np.full(4, value)),
            (torch.from_numpy(x), torch.full((4,), value, dtype=torch.float64)),
        ):
            np.testing.assert_allclose(np.asarray(function(made, **{name: array})), one, rtol=1e-12, atol=1e-300)


BAD: list[tuple[Any, str]] = [
    (3, "not int; convert first"),
    (True, "not int"),
    (np.arange(3), "not int64; convert first"),
    (torch.arange(3), r"not torch.int64; convert first: x.float\(\)"),
    (jnp.arange(3), "not int"),
    (np.ones(2, dtype=complex), "not complex128"),
    ("text", "not str"),
    ([1.0], "not list"),
    (None, "not NoneType"),
]


@pytest.mark.parametrize(("bad", "complaint"), BAD, ids=lambda b: str(b)[:20])
def test_wrong_kinds_are_refused(bad: Any, complaint: str) -> None:
    for function in (rb.relu, rb.softmax, rb.swiglu):
        with pytest.raises(rb.UnsupportedInput, match=complaint) as caught:
            function(bad)
        assert "\n" not in str(caught.value)


def test_wrong_parameters_are_refused() -> None:
    for call, complaint in (
        (lambda: rb.elu(1.0, beta=2), "elu has no parameter 'beta'; it has: alpha"),
        (lambda: rb.celu(1.0, alpha=-1.0), r"celu: alpha must lie in \(0, inf\), got -1.0"),
        (lambda: rb.relu(1.0, 2.0), "takes 0 parameter"),
        (lambda: rb.relu.derivative(1.0, order=-1), "order must be"),
        (lambda: rb.softmax.derivative(np.ones(3), order=2), "order must be 0 or 1"),
    ):
        with pytest.raises(rb.DefinitionError, match=complaint):
            call()
    for call, complaint in (
        (lambda: rb.softmax(np.ones(3), axis=1), "axis 1 does not exist"),
        (lambda: rb.softmax(1.0), "does not exist"),
        (lambda: rb.glu(np.ones(3)), "halves need an even number"),
        (lambda: rb.maxout(np.ones(3)), "not a multiple of pieces=2"),
    ):
        with pytest.raises(rb.UnsupportedInput, match=complaint):
            call()
