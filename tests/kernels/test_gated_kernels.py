"""Gated units by their kernels: both halves read and written where they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

import rheobase as rb
from rheobase.algebra.formula import derived
from rheobase.kernels.cpu.halves import has_kernel
from rheobase.torch import autograd
from tests.contract.functions import GATED, each

each_gated = each(GATED)
each_precision = pytest.mark.parametrize("precision", ["fast", "exact"])
SHAPES = (
    ((6, 10), -1),
    ((6, 10), 0),
    ((3, 4, 5), 1),
    ((2,), 0),
    ((4, 6), 1),
    ((2, 40_000), 0),
    ((0, 4), 1),
    ((4, 0), 1),
)


def input_of(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return (torch.randn(*shape, generator=torch.Generator().manual_seed(0)) * 3).to(dtype)


def by_formula(function: Any, x: torch.Tensor, axis: int) -> torch.Tensor:
    return autograd.evaluate(derived(function.key, (), False), x.chunk(2, axis))


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@each_gated
@each_precision
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_value_and_both_halves_of_the_gradient(
    function: Any, precision: str, shape: tuple[int, ...], axis: int
) -> None:
    assert has_kernel(function.key)
    exact = input_of(*shape, dtype=torch.float32).double().requires_grad_()
    want = by_formula(function, exact, axis)
    upstream = input_of(*want.shape)
    (slope,) = torch.autograd.grad(want, exact, upstream.double())
    with rb.precision(precision):
        for dtype, close in ((torch.float64, 1e-14), (torch.float32, 3e-7), (torch.bfloat16, 2.0**-8)):
            # inputs are rounded for bfloat16, which moves the result
            x = exact.detach().to(dtype).requires_grad_()
            wide = x.detach().double().requires_grad_()
            value = by_formula(function, wide, axis)
            (slope,) = torch.autograd.grad(value, wide, upstream.to(dtype).double())
            y = function(x, axis=axis)
            (got,) = torch.autograd.grad(y, x, upstream.to(dtype))
            assert y.dtype == got.dtype == dtype
            assert y.is_contiguous()
            torch.testing.assert_close(y.double(), value.detach(), rtol=close, atol=close / 100)
            torch.testing.assert_close(got.double(), slope, rtol=close, atol=close)


@each_gated
def test_nothing_but_the_input_is_kept(function: Any) -> None:
    kept: list[torch.Tensor] = []
    x = input_of(8, 16).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        function(x)
    assert [t.data_ptr() for t in kept] == [x.data_ptr()]


@each_gated
def test_bits_do_not_depend_on_division(function: Any, threads: Callable[[int], None]) -> None:
    x = input_of(40, 2 * 501)
    threads(1)
    want = function(x)
    threads(2)
    assert torch.equal(function(x), want)
    assert torch.equal(function(x[7:20]), want[7:20])
    assert torch.equal(function(x.T.contiguous(), axis=0).T, want)
    assert torch.equal(function(x[:, ::3][:, :300]), function(x[:, ::3][:, :300].clone()))


@each_gated
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_numpy_gives_the_same_and_takes_out(function: Any, axis: int) -> None:
    x = input_of(4, 6, 8)
    want = function(x, axis=axis).numpy()
    np.testing.assert_array_equal(function(x.numpy(), axis=axis), want)
    out = np.empty_like(want)
    assert function(x.numpy(), axis=axis, out=out) is out
    np.testing.assert_array_equal(out, want)
    tensor = torch.empty(want.shape)
    assert function(x, axis=axis, out=tensor) is tensor
    np.testing.assert_array_equal(tensor.numpy(), want)
    half = x.numpy().copy()
    value = np.split(half, 2, axis)[0]
    function(half, axis=axis, out=value)
    np.testing.assert_array_equal(value, want)


@each_gated
def test_second_derivatives_and_vmap(function: Any) -> None:
    x = (input_of(3, 6, dtype=torch.float64) + 0.01).requires_grad_()
    assert torch.autograd.gradgradcheck(function, (x,))
    torch.testing.assert_close(torch.vmap(function)(x), function(x))
