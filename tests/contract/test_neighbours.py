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
import rheobase.torch as rt
from rheobase.activation import Activation
from tests.contract.functions import ELEMENTWISE, each, keywords_of_torch

POINTS = [-np.inf, -1e4, -30.0, -6.0, -3.0, -1.5, -1.0, -0.5, -1e-6, 0.0, 1e-6, 0.5, 1.0, 1.5, 3.0, 6.0, 30.0, 1e4]

#: In float64; nothing is too small to be compared. torch's gelu at -6, where 1 + erf cancels, needs a tenth of it.
RTOL = 1e-9

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
    **{
        ("torch", "hard_sigmoid", "slope", x): "torch multiplies by 1/6 rounded to float32"
        for x in POINTS
        if -3 < x < 3
    },
    **{
        (library, "tanh", "slope", x): "exactly 0: theirs is 1 - y**2"
        for library in ("torch", "jax")
        for x in (-30.0, 30.0)
    },
    **{(library, "sigmoid", "slope", 30.0): "three digits left: theirs is y*(1 - y)" for library in ("torch", "jax")},
    **{("jax", name, "slope", -30.0): "three digits left: theirs is expm1(x) + 1" for name in ("elu", "celu", "selu")},
    **{
        ("jax", "squareplus", what, -1e4): "half the digits left: the sum of x and its root cancels"
        for what in ("value", "slope")
    },
    ("torch", "gelu", "value", -30.0): "exactly 0: theirs is 1 + erf",
    ("torch", "gelu", "slope", -30.0): "theirs has only the density, without the tail of the distribution",
    **{
        (library, "gelu_tanh", what, -6.0): "1 + tanh cancels in the left tail"
        for library in ("torch", "jax")
        for what in ("value", "slope")
    },
    **{
        ("torch", "tanhshrink", what, x): "the difference, or 1 - (1 - y**2), cancels near 0"
        for what in ("value", "slope")
        for x in (-1e-6, 1e-6)
    },
    ("jax", "leaky_relu", "slope", 0.0): "JAX takes 1 at the kink",
    ("jax", "hard_tanh", "slope", -1.0): "JAX takes 1 at the kink",
    ("jax", "hard_tanh", "slope", 1.0): "JAX takes 1 at the kink",
}


def of_torch(function: Activation, x: torch.Tensor) -> torch.Tensor:
    result: torch.Tensor = getattr(F, function.definition.torch.function)(
        x, **keywords_of_torch(function.definition, x.dtype)
    )
    return result


def compare(library: str, function: Activation, what: str, ours: Any, theirs: Any) -> None:
    listed = {x for (lib, name, kind, x) in INTENDED if (lib, name, kind) == (library, function.name, what)}
    for x, a, b in zip(POINTS, np.asarray(ours), np.asarray(theirs), strict=True):
        same = bool(np.isclose(a, b, rtol=RTOL, atol=0, equal_nan=True))
        if x in listed:
            assert not same, f"{library} {function.name} {what} at {x} no longer differs: {a} and {b}"
        else:
            assert same, f"{function.name} {what} at {x}: ours {a}, {library}'s {b}"


@each([f for f in ELEMENTWISE if f.definition.torch.function])
def test_torch(function: Activation) -> None:
    x = torch.tensor(POINTS, dtype=torch.float64)
    compare("torch", function, "value", function(x), of_torch(function, x))
    slopes = []
    for f in (function, lambda t: of_torch(function, t)):
        leaf = x.clone().requires_grad_()
        # from the output, which is the default for sigmoid and tanh, the tails would be torch's
        with rt.saves("input"):
            f(leaf).sum().backward()
        slopes.append(leaf.grad)
    compare("torch", function, "slope", *slopes)


@each([f for f in ELEMENTWISE if f.definition.jax.function])
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
