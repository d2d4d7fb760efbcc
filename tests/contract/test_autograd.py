"""Gradients through the frameworks: every order, every transformation, never NaN out of a dead branch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import rheobase as rb
from rheobase.activation import Activation
from rheobase.errors import UnsupportedInput
from tests.contract.functions import (
    DETERMINISTIC,
    FUNCTIONS,
    WHOLE_ROWS,
    away_from_kinks,
    each,
    each_elementwise,
)

each_deterministic = each(DETERMINISTIC)


@each_deterministic
def test_gradcheck_twice(function: Activation) -> None:
    x = away_from_kinks(3, 4)
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
    x = away_from_kinks(5)
    y = function(x)
    for order in (1, 2, 3):
        if not y.requires_grad:
            # identity's slope knows nothing of x, as torch's
            assert not function.derivative(x, order).any()
            continue
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

    x = away_from_kinks(4, 6).detach()
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
def test_many_upstream_gradients_at_once(function: Activation) -> None:
    """torch.autograd.functional.jacobian(vectorize=True) brings them in one batched tensor, which has no memory."""
    x = away_from_kinks(2, 6)
    y = function(x)
    upstream = torch.randn(3, *y.shape, dtype=y.dtype)
    (together,) = torch.autograd.grad(y, x, upstream, retain_graph=True, is_grads_batched=True)
    one_by_one = [torch.autograd.grad(y, x, u, retain_graph=True)[0] for u in upstream]
    torch.testing.assert_close(together, torch.stack(one_by_one))


@each_deterministic
def test_jax_transformations(function: Activation) -> None:
    x = jnp.asarray(away_from_kinks(4, 6).detach().numpy())

    def total(row: Any) -> Any:
        return (function(row) ** 2).sum()

    slope = jax.jit(jax.vmap(jax.grad(total)))(x)
    tensor = torch.tensor(np.asarray(x), requires_grad=True)
    function(tensor).pow(2).sum().backward()
    assert tensor.grad is not None
    np.testing.assert_allclose(slope, tensor.grad.numpy(), rtol=1e-9, atol=1e-12)
    _, tangent = jax.jvp(total, (x[0],), (jnp.ones(6),))
    np.testing.assert_allclose(tangent, slope[0].sum(), rtol=1e-9, atol=1e-12)
    bend = torch.func.hessian(lambda row: function(row).pow(2).sum())(tensor.detach()[0])
    np.testing.assert_allclose(jax.jacfwd(jax.jacrev(total))(x[0]), bend.numpy(), rtol=1e-9, atol=1e-12)


@each([rb.gelu, rb.mish, rb.softmax])
def test_a_shape_is_one_program_of_jax(function: Activation, caplog: pytest.LogCaptureFixture) -> None:
    """Outside jit, too: JAX keeps what it compiles, and gelu operation by operation takes 30 megabytes a shape."""
    x = jnp.asarray(np.ones((2, 14), np.float32))
    with jax.log_compiles():
        function(x)
    compiled = [record.getMessage() for record in caplog.records if "Finished XLA compilation" in record.getMessage()]
    assert len(compiled) == 1, compiled


@each(WHOLE_ROWS)
def test_row_jacobian_is_what_autograd_says(function: Activation) -> None:
    x = away_from_kinks(2, 5).detach()
    for axis in (0, 1):
        ours = function.derivative(x, axis=axis)
        theirs = torch.stack(
            [torch.autograd.functional.jacobian(lambda r: function(r), row) for row in x.movedim(axis, -1)]
        )
        torch.testing.assert_close(ours, theirs)
        np.testing.assert_allclose(function.derivative(x.numpy(), axis=axis), theirs.numpy(), atol=1e-14)


def test_random_functions_repeat_with_their_generator() -> None:
    x = away_from_kinks(3, 4).detach()
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
    x = away_from_kinks(4, 5)
    hard = rb.gumbel_softmax(x, hard=True, rng=torch.Generator().manual_seed(3))
    assert torch.equal(hard.detach().sort(-1).values, torch.eye(5, dtype=torch.float64)[[4]].expand(4, 5))
    weights = torch.arange(20.0, dtype=torch.float64).reshape(4, 5)
    (slope,) = torch.autograd.grad((hard * weights).sum(), x)
    soft = rb.gumbel_softmax(x, rng=torch.Generator().manual_seed(3))
    torch.testing.assert_close(slope, torch.autograd.grad((soft * weights).sum(), x)[0])


def test_hard_gumbel_softmax_on_numpy_and_jax() -> None:
    x = away_from_kinks(4, 5).detach().numpy()
    hard = rb.gumbel_softmax(x, hard=True, rng=np.random.default_rng(3))
    soft = rb.gumbel_softmax(x, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(hard, np.eye(5)[soft.argmax(-1)])

    def weighed(x: Any, hard: bool) -> tuple[Any, Any]:
        y = rb.gumbel_softmax(x, hard=hard, rng=jax.random.key(3))
        return (y * jnp.arange(20.0).reshape(4, 5)).sum(), y

    (hard_slope, hard), (soft_slope, soft) = (
        jax.grad(weighed, has_aux=True)(jnp.asarray(x), hard) for hard in (True, False)
    )
    np.testing.assert_array_equal(hard, np.eye(5)[np.asarray(soft).argmax(-1)])
    np.testing.assert_allclose(hard_slope, soft_slope, rtol=1e-12)


@pytest.mark.parametrize(("name", "options"), [("rrelu", {"training": True}), ("gumbel_softmax", {})])
def test_gradcheck_twice_with_the_same_draw(name: str, options: dict[str, Any]) -> None:
    function = rb.get(name)
    values = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in function.definition.defaults.values()]

    def call(x: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        named = dict(zip(function.definition.defaults, parameters, strict=True))
        return function(x, rng=torch.Generator().manual_seed(7), **named, **options)

    assert torch.autograd.gradcheck(call, (away_from_kinks(3, 4), *values))
    assert torch.autograd.gradgradcheck(call, (away_from_kinks(3, 4), *values))


#: Run where JAX has its default width; everything in one program, which is compiled once.
NARROW = """
import sys, jax, jax.numpy as jnp, numpy as np, rheobase as rb

x = jnp.asarray(np.load(sys.argv[1]))
functions = [rb.get(n) for n in rb.names()]

def results(function, x):
    options = {"rng": jax.random.key(0)} if function.definition.noise else {}
    total = lambda row: (function(row, **options) ** 2).sum()
    slope = jax.vmap(jax.grad(total))(x)
    _, tangent = jax.jvp(lambda x: jax.vmap(total)(x), (x,), (jnp.ones_like(x),))
    return function(x, **options), slope, tangent

plain = [function(x) for function in functions if not function.definition.noise]
found = jax.jit(lambda x: [results(function, x) for function in functions])(x)
names = ("value", "slope", "tangent")
np.savez(sys.argv[2], **{f.name + "." + n: a for f, all in zip(functions, found) for n, a in zip(names, all)})
"""


def test_jax_in_its_default_width(tmp_path: Path) -> None:
    x = (away_from_kinks(4, 6).detach() * 2).float()
    np.save(tmp_path / "x.npy", x.numpy())
    # a request for float64, which this JAX would answer with float32, is a warning
    subprocess.run([sys.executable, "-W", "error", "-c", NARROW, tmp_path / "x.npy", tmp_path / "y.npz"], check=True)
    found = np.load(tmp_path / "y.npz")
    assert len(found) == 3 * len(FUNCTIONS)
    assert all(a.dtype == np.float32 and np.isfinite(a).all() for a in found.values())
    for function in DETERMINISTIC:
        wide = x.double().requires_grad_()
        function(wide).pow(2).sum().backward()
        assert wide.grad is not None
        value, slope, tangent = (found[f"{function.name}.{n}"] for n in ("value", "slope", "tangent"))
        near = {"rtol": 2e-5, "atol": 1e-5, "err_msg": function.name}
        np.testing.assert_allclose(value, function(x.double().numpy()), **near)
        np.testing.assert_allclose(slope, wide.grad.numpy(), **near)
        np.testing.assert_allclose(tangent, wide.grad.numpy().sum(-1), rtol=1e-4, atol=1e-4, err_msg=function.name)


# --- defects that other libraries have had ---


@each(FUNCTIONS)
@pytest.mark.parametrize("shape", [(0, 6), (3, 0, 6)])
def test_nothing_in_nothing_out(function: Activation, shape: tuple[int, ...]) -> None:
    x = torch.empty(shape, requires_grad=True)
    y = function(x)
    y.sum().backward()
    assert y.shape[:-1] == shape[:-1]
    assert x.grad is not None
    assert x.grad.shape == shape


@each_deterministic
def test_strides_do_not_change_a_bit(function: Activation) -> None:
    def both(x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        y = function(x)
        (slope,) = torch.autograd.grad(y.pow(2).sum(), x, create_graph=True)
        # relu and its kin have a slope that no longer depends on x
        (again,) = torch.autograd.grad(slope.pow(2).sum(), x, allow_unused=True, materialize_grads=True)
        return y, slope, again

    wide = torch.randn(8, 37, generator=torch.Generator().manual_seed(5)) * 3
    for view in (wide.T, wide[:, ::3][:, :12], wide[:1].expand(5, 37)[:, :36]):
        strided = both(view.detach().requires_grad_())
        compact = both(view.clone(memory_format=torch.contiguous_format).requires_grad_())
        # torch adds up a row in an order that depends on its strides
        near = {"rtol": 1e-5, "atol": 1e-6} if function.definition.kind == "row" else {"rtol": 0.0, "atol": 0.0}
        torch.testing.assert_close(strided, compact, **near)


def test_prelu_differentiates_twice_on_strided_input() -> None:
    x = away_from_kinks(4, 6).detach().T.requires_grad_()
    weight = torch.linspace(0.1, 0.4, 4, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x, w: rb.prelu(x, weight=w), (x, weight))


@each_elementwise
def test_an_element_does_not_depend_on_its_neighbours(function: Activation) -> None:
    x = torch.randn(40, generator=torch.Generator().manual_seed(6)) * 4
    alone = torch.cat([function(x[i : i + 1]) for i in range(40)])
    for size in (*range(1, 18), 31, 32, 33, 40):
        assert torch.equal(function(x[:size]), alone[:size]), size
