"""Against torch.nn.functional and jax.nn: the same values and slopes, but for the differences listed here."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
import torch.nn.functional as F

import rheobase as rb
from rheobase.activation import Activation

POINTS = [-np.inf, -1e4, -30.0, -6.0, -3.0, -1.5, -1.0, -0.5, -1e-6, 0.0, 1e-6, 0.5, 1.0, 1.5, 3.0, 6.0, 30.0, 1e4]

#: (library, function, "value" or "slope", input): why the two differ. An entry that no longer differs fails.
INTENDED = {
    **{
        (library, name, what, -np.inf): "NaN from -inf·0 or inf/inf; ours is the limit"
        for library, names in (
            ("torch", ("softsign", "gelu", "gelu_tanh", "silu", "mish")),
            ("jax", ("softsign", "squareplus", "gelu", "gelu_tanh", "silu", "mish")),
        )
        for name in names
        for what in ("value", "slope")
    },
    ("torch", "hard_swish", "value", -np.inf): "NaN from -inf·0; the limit is 0",
    ("jax", "hard_swish", "value", -np.inf): "NaN from -inf·0; the limit is 0",
    ("jax", "leaky_relu", "slope", 0.0): "JAX takes 1 at the kink",
    ("jax", "hard_tanh", "slope", -1.0): "JAX takes 1 at the kink",
    ("jax", "hard_tanh", "slope", 1.0): "JAX takes 1 at the kink",
}

FUNCTIONS = [f for f in map(rb.get, rb.names()) if f.definition.kind == "elementwise" and f.definition.noise is None]


def of_torch(function: Activation, x: torch.Tensor) -> torch.Tensor:
    theirs = getattr(F, function.definition.torch.function, None) or getattr(torch, function.definition.torch.function)
    required = function.name in ("threshold", "prelu")
    values = [
        torch.tensor([v], dtype=x.dtype) if function.name == "prelu" else v
        for v in function.definition.defaults.values()
    ]
    fixed = {k: v for k, v in function.definition.torch.fixed.items() if k == "approximate"}
    result: torch.Tensor = theirs(x, *(values if required else []), **fixed)
    return result


def compare(library: str, function: Activation, what: str, ours: Any, theirs: Any) -> None:
    listed = {x for (lib, name, kind, x) in INTENDED if (lib, name, kind) == (library, function.name, what)}
    for x, a, b in zip(POINTS, np.asarray(ours), np.asarray(theirs), strict=True):
        same = bool(np.isclose(a, b, rtol=1e-6, atol=1e-12, equal_nan=True))
        if x in listed:
            assert not same, f"{library} {function.name} {what} at {x} no longer differs: {a} and {b}"
        else:
            assert same, f"{function.name} {what} at {x}: ours {a}, {library}'s {b}"


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if f.definition.torch.function], ids=lambda f: f.name)
def test_torch(function: Activation) -> None:
    x = torch.tensor(POINTS, dtype=torch.float64)
    compare("torch", function, "value", function(x), of_torch(function, x))
    slopes = []
    for f in (function, lambda t: of_torch(function, t)):
        leaf = x.clone().requires_grad_()
        f(leaf).sum().backward()
        slopes.append(leaf.grad)
    compare("torch", function, "slope", *slopes)


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if f.definition.jax.function], ids=lambda f: f.name)
def test_jax(function: Activation) -> None:
    theirs = getattr(jax.nn, function.definition.jax.function)
    x = jnp.asarray(POINTS)

    def neighbour(t: Any) -> Any:
        return theirs(t, **function.definition.jax.fixed)

    compare("jax", function, "value", function(x), neighbour(x))
    ours, slopes = (jax.vmap(jax.grad(f))(x) for f in (function, neighbour))
    compare("jax", function, "slope", ours, slopes)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin", "glu"])
def test_row_and_gated_functions_of_torch(name: str) -> None:
    x = torch.randn(3, 4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 30
    for axis in (-1, 1):
        torch.testing.assert_close(rb.get(name)(x, axis=axis), getattr(F, name)(x, dim=axis))
