"""Gradients through the frameworks: every order, every transformation, never NaN out of a dead branch."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import rheobase as rb
from rheobase.activation import Activation
from rheobase.errors import UnsupportedInput
from tests.contract.backends import LIBRARIES

FUNCTIONS = [rb.get(name) for name in rb.names()]
ELEMENTWISE = [f for f in FUNCTIONS if f.definition.kind == "elementwise"]
DETERMINISTIC = [f for f in FUNCTIONS if f.definition.noise is None]

each = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
each_elementwise = pytest.mark.parametrize("function", ELEMENTWISE, ids=lambda f: f.name)
each_deterministic = pytest.mark.parametrize("function", DETERMINISTIC, ids=lambda f: f.name)

assert set(LIBRARIES) == {"numpy", "torch", "jax"}


def sample(*shape: int) -> torch.Tensor:
    """Random float64 points, a tenth away from every kink of the catalogue."""
    x = torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 2
    near = (2 * x - (2 * x).round()).abs() < 0.2
    return torch.where(near, x + 0.15, x).requires_grad_()


@each_deterministic
def test_gradcheck_twice(function: Activation) -> None:
    x = sample(3, 4)
    values = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in _smooth(function).values()]

    def call(x: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        return function(x, **dict(zip(_smooth(function), parameters, strict=True)))

    assert torch.autograd.gradcheck(call, (x, *values))
    assert torch.autograd.gradgradcheck(call, (x, *values))


def _smooth(function: Activation) -> dict[str, float]:
    """Parameters in which the function is differentiable; a threshold only moves a joint."""
    skipped = {"threshold", function.definition.groups}
    return {k: v for k, v in function.definition.defaults.items() if k not in skipped}


@each_elementwise
def test_autograd_climbs_to_the_third_derivative(function: Activation) -> None:
    x = sample(5)
    y = function(x)
    for order in (1, 2, 3):
        (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        torch.testing.assert_close(y, function.derivative(x, order), rtol=1e-9, atol=1e-11)


@each_elementwise
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_no_nan_gradient_anywhere(function: Activation, dtype: str) -> None:
    points = [0.0, -0.0, 1e-40, -1e-40, 1e-8, 11.5, -11.5, 89.0, -89.0, 1e4, -1e4, 6e4, -6e4]
    ends = [s * np.inf for s in (-1, 1) if np.isfinite(function.facts.limits[(s + 1) // 2])]
    x = torch.tensor([*points, *ends], dtype=getattr(torch, dtype), requires_grad=True)
    values = {k: torch.tensor(v, dtype=x.dtype, requires_grad=True) for k, v in function.definition.defaults.items()}
    y = function(x, **values)
    y.backward(torch.ones_like(y))
    assert x.grad is not None
    assert not x.grad.isnan().any(), f"{function.name}: {dict(zip(x.tolist(), x.grad.tolist(), strict=True))}"
    if dtype != "float64":
        slope = jax.vmap(jax.grad(lambda t: function(t)))(jnp.asarray([*points, *ends], dtype=dtype))
        assert not np.isnan(np.asarray(slope, dtype=np.float64)).any()


@each_deterministic
def test_torch_transformations(function: Activation) -> None:
    from torch.func import grad, jvp, vmap

    x = sample(4, 6).detach()
    want = torch.func.vmap(lambda row: function(row))(x)
    torch.testing.assert_close(want, function(x))

    def total(row: torch.Tensor) -> torch.Tensor:
        return function(row).pow(2).sum()

    by_row = vmap(grad(total))(x)
    whole = x.clone().requires_grad_()
    function(whole).pow(2).sum().backward()
    torch.testing.assert_close(by_row, whole.grad)
    direction = torch.ones_like(x)
    _, slope = jvp(total, (x[0],), (direction[0],))
    torch.testing.assert_close(slope, by_row[0].sum())


@each_deterministic
def test_jax_transformations(function: Activation) -> None:
    x = jnp.asarray(sample(4, 6).detach().numpy())

    def total(row: Any) -> Any:
        return (function(row) ** 2).sum()

    slope = jax.jit(jax.vmap(jax.grad(total)))(x)
    tensor = torch.tensor(np.asarray(x), requires_grad=True)
    function(tensor).pow(2).sum().backward()
    assert tensor.grad is not None
    np.testing.assert_allclose(slope, tensor.grad.numpy(), rtol=1e-9, atol=1e-12)
    _, tangent = jax.jvp(total, (x[0],), (jnp.ones(6),))
    np.testing.assert_allclose(tangent, slope[0].sum(), rtol=1e-9, atol=1e-12)
    jax.jacfwd(jax.jacrev(total))(x[0])


@pytest.mark.parametrize(
    "function",
    [f for f in DETERMINISTIC if f.definition.kind == "row" and not f.definition.groups],
    ids=lambda f: f.name,
)
def test_row_jacobian_is_what_autograd_says(function: Activation) -> None:
    x = sample(2, 5).detach()
    for axis in (0, 1):
        ours = function.derivative(x, axis=axis)
        theirs = torch.stack(
            [torch.autograd.functional.jacobian(lambda r: function(r), row) for row in x.movedim(axis, -1)]
        )
        torch.testing.assert_close(ours, theirs)
        np.testing.assert_allclose(function.derivative(x.numpy(), axis=axis), theirs.numpy(), atol=1e-14)


def test_random_functions_repeat_with_their_generator() -> None:
    x = sample(3, 4).detach()
    for function, options in ((rb.rrelu, {"training": True}), (rb.gumbel_softmax, {})):
        first, again, other = (function(x, rng=torch.Generator().manual_seed(seed), **options) for seed in (0, 0, 1))
        assert torch.equal(first, again)
        assert not torch.equal(first, other)
        a, b = (function(x.numpy(), rng=np.random.default_rng(0), **options) for _ in range(2))
        assert np.array_equal(a, b)
        function(jnp.asarray(x.numpy()), rng=jax.random.key(0), **options)
        with pytest.raises(UnsupportedInput, match="key"):
            function(jnp.asarray(x.numpy()), **options)


def test_hard_gumbel_softmax_is_one_hot_with_the_soft_gradient() -> None:
    x = sample(4, 5)
    hard = rb.gumbel_softmax(x, hard=True, rng=torch.Generator().manual_seed(3))
    assert torch.equal(hard.detach().sort(-1).values, torch.eye(5, dtype=torch.float64)[[4]].expand(4, 5))
    weights = torch.arange(20.0, dtype=torch.float64).reshape(4, 5)
    (slope,) = torch.autograd.grad((hard * weights).sum(), x)
    soft = rb.gumbel_softmax(x, rng=torch.Generator().manual_seed(3))
    torch.testing.assert_close(slope, torch.autograd.grad((soft * weights).sum(), x)[0])
