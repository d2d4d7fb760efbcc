"""Parameters other than the defaults: limits that depend on them, arrays of them, their gradients, mistakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import rheobase as rb

inf = np.inf


@pytest.mark.parametrize(
    ("formula", "defaults", "given", "limits"),
    [
        ("x/(1+alpha*abs(x))", {"alpha": 1.0}, {"alpha": 4.0}, (-0.25, 0.25)),
        ("beta*x/(1+abs(x))+c", {"beta": 1.0, "c": 0.5}, {"beta": 2.0, "c": 5.0}, (3.0, 7.0)),
        ("x*sigmoid(x)+b", {"b": 0.0}, {"b": 2.0}, (2.0, inf)),
        ("(a*exp(x)-exp(-x))/(exp(x)+b*exp(-x))", {"a": 1.0, "b": 2.0}, {"a": 3.0}, (-0.5, 3.0)),
        ("alpha*x*sigmoid(x)+beta", {"alpha": 1.0, "beta": 3.0}, {"alpha": -1.0}, (3.0, -inf)),
    ],
)
def test_a_limit_that_depends_on_parameters(
    formula: str, defaults: dict[str, float], given: dict[str, float], limits: tuple[float, float]
) -> None:
    function = rb.define("probe", formula, **defaults)
    for x in (np.array([-inf, inf]), torch.tensor([-inf, inf]), jnp.array([-inf, inf])):
        np.testing.assert_allclose(np.asarray(function(x, **given)), limits, rtol=1e-6)
    if np.isfinite(limits).all():
        np.testing.assert_allclose(function(np.array([-800.0, 800.0]), **given), limits, rtol=0.01)


def test_a_limit_does_not_replace_a_number() -> None:
    assert rb.define("probe", "x*exp(-beta*x)", beta=1.0)(inf, beta=-1.0) == inf


def test_a_hypotenuse_takes_either_side() -> None:
    function = rb.define("probe", "(x+sqrt(x**2+a**2))/2", a=2.0)
    assert function(-1e10) == pytest.approx(1e-10, rel=1e-12, abs=0)
    assert function.derivative(1.5) == pytest.approx(0.8, rel=1e-15)
    assert rb.define("probe", "sqrt(x**2)").derivative(-2.0) == -1.0


def test_a_steep_bell_dies_out() -> None:
    x = torch.tensor([1.41, 2.97, 28.5], requires_grad=True)
    for steepness in (50.0, 1e3, 1e6):
        y = rb.define("probe", f"exp(-{steepness}*x**2)")(x)
        assert y.isfinite().all()
        assert torch.autograd.grad(y.sum(), x)[0].isfinite().all()


def test_a_slope_without_x_has_its_shape() -> None:
    function = rb.define("probe", "a*x+tanh(b)", a=2.0, b=1.0)
    for x in (np.ones((2, 3)), torch.ones(2, 3), jnp.ones((2, 3))):
        slope = function.derivative(x)
        assert tuple(slope.shape) == (2, 3)
        assert np.all(np.asarray(slope) == 2.0)
    assert function.facts.lipschitz == 2.0


def test_parameters_wider_than_the_input_get_their_gradient() -> None:
    threshold = torch.zeros(3, requires_grad=True)
    rb.threshold(torch.tensor([1.0]), threshold=threshold).sum().backward()
    width = torch.full((2, 3), 0.5, requires_grad=True)
    rb.hard_shrink(torch.tensor([1.0, 2.0, 3.0]), lambd=width).sum().backward()
    assert threshold.grad is not None
    assert width.grad is not None
    assert threshold.grad.abs().sum() + width.grad.abs().sum() == 0
    slope = torch.full((4, 1), 0.25, requires_grad=True)
    (first,) = torch.autograd.grad(rb.leaky_relu(-torch.ones(3), negative_slope=slope).sum(), slope, create_graph=True)
    assert first.flatten().tolist() == [-3.0] * 4


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_wide_parameter_of_a_narrow_input_is_summed_wide(dtype: torch.dtype) -> None:
    x = torch.full((70_000,), -2.0, dtype=dtype)
    weight = torch.tensor(0.2, requires_grad=True)
    rb.prelu(x, weight=weight).backward(torch.ones_like(x))
    assert weight.grad == torch.tensor(-140_000.0)


POINTS = (0.0, 1.0, -1.0, 20.0, 300.0, 1e4, -1e4)


@pytest.mark.parametrize(
    "name", ["mish", "elu", "celu", "selu", "softsign", "squareplus", "tanhshrink", "gelu", "gelu_tanh", "silu", "tanh"]
)
def test_nested_gradients_of_jax(name: str) -> None:
    function = rb.get(name)
    f: Callable[[Any], Any] = function
    for order in (1, 2, 3):
        f = jax.grad(f)
        got = [float(f(jnp.float64(x))) for x in POINTS]
        want = function.derivative(np.array(POINTS), order)
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-13, err_msg=f"{name}, order {order}")


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin", "sparsemax"])
def test_hessians_of_jax_at_tied_rows(name: str) -> None:
    function, weights = rb.get(name), np.arange(4.0)
    x = np.array([1.0, 1.0, 0.0, 0.25])
    ours = jax.hessian(lambda row: (function(row) * weights).sum())(jnp.asarray(x))
    theirs = torch.autograd.functional.hessian(
        lambda row: (function(row) * torch.from_numpy(weights)).sum(), torch.from_numpy(x)
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_jax_differentiates_at_plain_numbers() -> None:
    assert float(jax.grad(rb.gelu)(1.0)) == pytest.approx(rb.gelu.derivative(1.0), rel=1e-6)
    slope = jax.grad(lambda alpha: rb.elu(jnp.array([-1.0, 2.0]), alpha=alpha).sum())(2.0)
    assert float(slope) == pytest.approx(np.expm1(-1.0), rel=1e-6)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: rb.celu(1.0, alpha=np.float32(-1)), r"alpha must lie in \(0, inf\), got -1"),
        (lambda: rb.elu(1.0, alpha="2"), "alpha must be a number, got '2'"),
        (lambda: rb.elu(1.0, alpha=None), "alpha must be a number, got None"),
        (lambda: rb.elu(1.0, 1.0, alpha=2.0), "alpha is given twice"),
        (lambda: rb.maxout(np.ones(4), pieces=2.5), "pieces must be a whole number"),
        (lambda: rb.softmax(np.ones(4), axis=1.5), "axis must be one whole number, got 1.5"),
        (lambda: rb.softmax(np.ones(4), axis=(0, 1)), "axis must be one whole number"),
        (lambda: rb.gelu.derivative(1.0, "1"), "order must be 0, 1, 2"),
        (lambda: rb.elu(-1.0, alpha=torch.tensor(2.0)), "is of type Tensor, and x is not"),
        (lambda: rb.gelu(np.ma.masked_array([1.0], [True])), "whose mask would be lost"),
    ],
)
def test_mistakes_are_one_clear_line(call: Callable[[], Any], complaint: str) -> None:
    with pytest.raises((rb.DefinitionError, rb.UnsupportedInput), match=complaint) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_numbers_of_every_kind_are_taken() -> None:
    for alpha in (2, 2.0, np.float32(2), np.int64(2), np.array(2.0)):
        assert rb.elu(-1.0, alpha=alpha) == pytest.approx(2 * np.expm1(-1.0))
    assert rb.gelu(np.ones(2, dtype=">f4")).dtype == np.dtype(">f4")
    assert rb.softmax.derivative(np.ones((3, 0))).shape == (3, 0, 0)
    assert rb.rrelu(-np.ones(3), training=True, rng=1).shape == (3,)
