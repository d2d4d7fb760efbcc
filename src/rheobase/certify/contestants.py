"""Who is certified: our two cores, and the functions of PyTorch and JAX under the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rheobase.activation import Activation
from rheobase.certify.inputs import Scratch
from rheobase.kernels.precision import precision

Array = Any
Computation = Callable[[Array], Array]

OURS = ("fast", "exact")


def ours(function: Activation, order: int, kind: str) -> Computation:
    """One of our cores on NumPy arrays."""

    place = Scratch()

    def compute(x: Array) -> Array:
        with precision(kind):
            return function.derivative(x, order, out=place.like(x, x.dtype))

    return compute


def wide(function: Activation, order: int) -> Computation:
    """The float64 core before rounding: what results in smaller formats are compared with."""
    given, place = Scratch(), Scratch()

    def compute(x: Array) -> Array:
        same = given.like(x, np.dtype(np.float64))
        np.copyto(same, x)
        return function.derivative(same, order, out=place.like(x, same.dtype))

    return compute


def torch(function: Activation, order: int) -> Computation | None:
    """PyTorch's own function or its gradient; None if it has none."""
    import torch as library

    from rheobase.bench.eager import function_of
    from rheobase.bench.tensors import weights_of

    known = function_of(function.definition)
    if known is None:
        return None
    weights = weights_of(function.definition)

    def compute(x: Array) -> Array:
        is_bfloat16 = x.dtype.name == "bfloat16"
        tensor = library.from_numpy(x.view(np.int16) if is_bfloat16 else x)
        tensor = tensor.view(library.bfloat16) if is_bfloat16 else tensor
        tensor = tensor.clone().requires_grad_(bool(order))
        result = known(tensor, **{name: w.to(tensor.dtype) for name, w in weights.items()})
        if order:
            (result,) = library.autograd.grad(result, tensor, library.ones_like(result))
        return result.view(library.int16).numpy().view(x.dtype) if is_bfloat16 else result.detach().numpy()

    return compute


def jax(function: Activation, order: int) -> Computation | None:
    """JAX's own function or its gradient, compiled; None if it has none."""
    import jax as library

    from rheobase.bench.xla import function_of

    known = function_of(function.definition)
    if known is None:
        return None

    def gradient(x: Array) -> Array:
        value, pull = library.vjp(known, x)
        return pull(library.numpy.ones_like(value))[0]

    compiled = library.jit(gradient if order else known)
    return lambda x: np.asarray(compiled(x))


PEERS: dict[str, Callable[[Activation, int], Computation | None]] = {"torch": torch, "jax": jax}
