"""Softmax and its kin by their kernels: accuracy at hard rows, the same bits however the work is divided, gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

import rheobase as rb
from rheobase.algebra.formula import derived
from rheobase.kernels.cpu.row_request import NAMES
from rheobase.torch import autograd
from tests.contract import row_oracle
from tests.contract.formats import FORMATS

inf = float("inf")
LENGTHS = (1, 2, 31, 32, 33, 511, 512, 513, 1000)

each_name = pytest.mark.parametrize("name", NAMES)
each_dtype = pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
each_precision = pytest.mark.parametrize("precision", ["fast", "exact"])


def rows_of(*shape: int, dtype: torch.dtype = torch.float32, scale: float = 4.0) -> torch.Tensor:
    return (torch.randn(*shape, generator=torch.Generator().manual_seed(0)) * scale).to(dtype)


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


#: Offsets that drown the differences, tails that vanish, one that outweighs all, and none that does.
HARD: dict[str, Any] = {
    "offset": np.linspace(0, 3, 100) + 1e5,
    "negative offset": np.linspace(0, 3, 100) - 1e5,
    "vanishing": np.linspace(-110, 0, 100),
    "joint": np.linspace(200, 260, 100),
    "sure": np.array([50.0] + [1e-3] * 60),
    "surer": np.array([100.3] + [-3.7] * 60),
    "tiny": np.linspace(-1e-30, 1e-30, 70),
    "equal": np.full(77, -3.25),
    "huge": np.array([3e38, -3e38, 1.0]),
}


@each_name
@each_precision
@pytest.mark.parametrize("row", HARD.values(), ids=HARD.keys())
def test_hard_rows_within_two_units(name: str, precision: str, row: Any) -> None:
    form = FORMATS["float32"]
    x = row.astype(np.float32)
    want = row_oracle.values(rb.get(name).definition, [float(v) for v in x])
    with rb.precision(precision):
        got = rb.get(name)(x)
    bound = 2.0 if precision == "fast" else 0.51
    for g, w in zip(got, want, strict=True):
        assert form.error(float(g), w) <= bound or abs(float(g - w)) <= 2.0**-149


@each_name
@each_dtype
def test_ten_thousand_columns(name: str, dtype: str) -> None:
    form = FORMATS[dtype]
    x = form.round(np.random.default_rng(1).normal(0, 5, 10_000))
    want = row_oracle.values(rb.get(name).definition, [float(v) for v in x])
    got = np.asarray(rb.get(name)(x), dtype=np.float64)
    worst = max(form.error(float(g), w) for g, w in zip(got, want, strict=True) if abs(w) > form.smallest_normal)
    # float64 rounds x - top, and the exponential multiplies that
    assert worst <= {"float32": 2.0, "float64": np.ptp(x)}.get(dtype, 0.51)


@each_name
@each_dtype
@pytest.mark.parametrize("length", LENGTHS)
def test_bits_depend_on_nothing_but_the_row(name: str, dtype: str, length: int, threads: Callable[[int], None]) -> None:
    x = rows_of(150, length, dtype=getattr(torch, dtype))
    function = rb.get(name)
    threads(1)
    want = function(x)
    threads(2)
    assert torch.equal(function(x), want)
    assert torch.equal(function(x[37:91]), want[37:91])
    assert torch.equal(function(x[5]), want[5])
    flat = torch.empty(x.numel() + 3, dtype=x.dtype)
    for skip in (1, 3):
        moved = flat[skip : skip + x.numel()].view(x.shape).copy_(x)
        assert torch.equal(function(moved), want)
    assert torch.equal(function(x.T.contiguous(), axis=0).T, want)


@each_name
def test_any_axis_and_strides(name: str) -> None:
    x = rows_of(4, 5, 6, dtype=torch.float64)
    function = rb.get(name)
    for axis in range(-3, 3):
        got = function(x, axis=axis)
        assert got.is_contiguous()
        want = function(x.movedim(axis, -1).contiguous())
        assert torch.equal(got.movedim(axis, -1), want)
        np.testing.assert_array_equal(function(x.numpy(), axis=axis), got.numpy())
    assert torch.equal(function(x[::2, :, 1::2]), function(x[::2, :, 1::2].clone()))


@each_name
@each_precision
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_gradients_are_those_of_the_formula(name: str, precision: str, axis: int) -> None:
    # numbers that float32 has
    x = rows_of(3, 40, 7).double().requires_grad_()
    upstream = rows_of(3, 40, 7, scale=1.0).double()
    program = derived(rb.get(name).key, (), False)
    value = autograd.evaluate(program, [x], axis)
    (want,) = torch.autograd.grad(value, x, upstream)
    # the size of what cancels in it
    share = value.detach().exp() if name == "log_softmax" else value.detach()
    own = upstream.abs() if name == "log_softmax" else share * upstream.abs()
    size = own + share * own.sum(axis, keepdim=True)
    for dtype, close in ((torch.float64, 1e-14), (torch.float32, 3e-7)):
        given = x.detach().to(dtype).requires_grad_()
        with rb.precision(precision):
            y = rb.get(name)(given, axis=axis)
        (got,) = torch.autograd.grad(y, given, upstream.to(dtype))
        assert got.dtype == dtype
        assert ((got.double() - want).abs() <= close * size).all()


@each_name
def test_second_derivatives_and_vmap(name: str) -> None:
    x = rows_of(3, 5, dtype=torch.float64, scale=1.0).requires_grad_()
    assert torch.autograd.gradgradcheck(rb.get(name), (x,))
    torch.testing.assert_close(torch.vmap(rb.get(name))(x), rb.get(name)(x))


@each_dtype
def test_masked_rows(dtype: str) -> None:
    x = rows_of(4, 70, dtype=getattr(torch, dtype))
    x[0, ::2], x[1], x[2, 3] = -inf, -inf, float("nan")
    x[3, 5] = inf
    y = rb.softmax(x.requires_grad_())
    assert (y[0, ::2] == 0).all()
    assert (y[1] == 0).all()
    assert y[2].isnan().all()
    assert torch.equal(y[3], torch.nn.functional.one_hot(torch.tensor(5), 70).to(y.dtype))
    (slope,) = torch.autograd.grad(y[[0, 1, 3]], x, torch.ones_like(y[[0, 1, 3]]) * torch.arange(70.0).to(y.dtype))
    assert (slope[0, ::2] == 0).all()
    assert (slope[1] == 0).all()
    assert (slope[3] == 0).all()
    sure = x.detach()[1:2].clone()
    sure[0, 9] = 1.5
    assert rb.log_softmax(sure)[0, 9] == 0


def test_out_and_in_place() -> None:
    x = rows_of(6, 33)
    for name in NAMES:
        want = rb.get(name)(x)
        for axis, y in ((-1, want), (0, rb.get(name)(x, axis=0))):
            out = torch.full_like(x, 7.0)
            assert rb.get(name)(x, axis=axis, out=out) is out
            assert torch.equal(out, y)
            array = np.full(x.shape, 7.0, np.float32)
            assert rb.get(name)(x.numpy(), axis=axis, out=array) is array
            np.testing.assert_array_equal(array, y.numpy())
            same = x.clone()
            rb.get(name)(same, axis=axis, out=same)
            assert torch.equal(same, y)
        buffer = torch.zeros(7 * 33)
        overlapping = buffer[33:].view(6, 33)
        source = buffer[:-33].view(6, 33).copy_(x)
        assert torch.equal(rb.get(name)(source, out=overlapping), want)
    with pytest.raises(rb.UnsupportedInput):
        rb.softmax(x, out=torch.empty(2, 2))
