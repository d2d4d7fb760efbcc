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


@pytest.mark.parametrize(("length", "scale"), [(10, 3.0), (1000, 6.0), (4000, 20.0)])
def test_softmax_of_many_rows_within_three_units(length: int, scale: float) -> None:
    x = np.random.default_rng(5).normal(0, scale, (400_000 // length, length)).astype(np.float32)
    weights = np.exp(x.astype(np.float64) - x.max(1, keepdims=True))
    want = weights / weights.sum(1, keepdims=True)
    unit = np.spacing(np.maximum(want.astype(np.float32), np.finfo(np.float32).tiny))
    assert (np.abs(rb.softmax(x) - want) <= 3.0 * unit).all()


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


def special(*shape: int, dtype: str) -> torch.Tensor:
    """Rows along axis 1, some of them far from 0, masked, infinite, or NaN somewhere."""
    x = rows_of(*shape, dtype=getattr(torch, dtype), scale=6.0).flatten(2)
    x[0, :, 0], x[0, ::2, 1], x[0, 0, 2], x[0, -1, 3], x[-1, :, 4] = -inf, -inf, inf, float("nan"), 300.0
    x[-1, 0, 5] = 30_000.0
    return x.view(shape)


#: Rows and neighbours fewer, as many, and more than lanes; the last are few enough to be copied together.
ACROSS = ((2, 19, 5, 7), (1, 1, 33), (2, 32, 64), (2, 33, 31), (1, 100, 96), (3, 513, 12), (2, 40, 6))


@pytest.mark.parametrize(
    ("name", "dtype", "precision"),
    [
        *((name, "float32", precision) for name in NAMES for precision in ("fast", "exact")),
        *((name, dtype, "fast") for name, dtype in zip(NAMES, ("float16", "bfloat16", "float64"), strict=True)),
    ],
)
def test_rows_that_lie_across_have_the_bits_of_rows_that_lie_together(
    name: str, dtype: str, precision: str, threads: Callable[[int], None]
) -> None:
    def along(x: torch.Tensor, upstream: torch.Tensor, axis: int) -> list[torch.Tensor]:
        x = x.clone().requires_grad_()
        y = rb.get(name)(x, axis=axis)
        return [y.detach().movedim(axis, -1), torch.autograd.grad(y, x, upstream)[0].movedim(axis, -1)]

    with rb.precision(precision):
        for shape in ACROSS:
            x = special(*shape, dtype=dtype)
            upstream = rows_of(*shape, dtype=x.dtype, scale=1.0)
            together = along(x.movedim(1, -1).contiguous(), upstream.movedim(1, -1).contiguous(), -1)
            for count in (1, 2):
                threads(count)
                torch.testing.assert_close(along(x, upstream, 1), together, rtol=0, atol=0, equal_nan=True)
            same = x.clone()
            rb.get(name)(same, axis=1, out=same)
            torch.testing.assert_close(same.movedim(1, -1), together[0], rtol=0, atol=0, equal_nan=True)


def test_the_order_of_a_row_is_part_of_its_bits() -> None:
    # were it not, the tests of equal bits would show nothing
    x = rows_of(8, 1000, dtype=torch.float64)
    assert not torch.equal(rb.softmax(x.flip(-1)).flip(-1), rb.softmax(x))


def test_nothing_is_written_beside_rows_that_lie_across() -> None:
    for inner in (11, 31, 33, 45):
        for dtype in (torch.float32, torch.bfloat16):
            buffer = torch.full((2 * 5 * inner + 200,), 7.0, dtype=dtype)
            out = buffer[100:-100].view(2, 5, inner)
            rb.softmax(rows_of(2, 5, inner, dtype=dtype), axis=1, out=out)
            assert (buffer[:100] == 7).all()
            assert (buffer[-100:] == 7).all()
            assert (out <= 1).all()


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
