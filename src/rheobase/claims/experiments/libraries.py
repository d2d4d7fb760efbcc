"""What other libraries do where mathematics leaves a choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import torch

import rheobase as rb
from rheobase.claims.record import Measured

#: ReLU as people write it, by library.
IN_TORCH: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "torch relu": torch.relu,
    "rheobase relu": rb.relu,
    "torch leaky_relu, slope 0": lambda x: torch.nn.functional.leaky_relu(x, 0.0),
    "torch maximum(x, 0)": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "torch clamp(x, min=0)": lambda x: torch.clamp(x, min=0),
    "torch (x + |x|)/2": lambda x: (x + x.abs()) / 2,
}
IN_JAX: dict[str, Callable[[Any], Any]] = {
    "jax relu": jax.nn.relu,
    "jax maximum(x, 0)": lambda x: jnp.maximum(x, 0.0),
    "jax where(x > 0, x, 0)": lambda x: jnp.where(x > 0, x, 0.0),
}


def slope_at_kink(named: str, seed: int = 0) -> Measured:
    """The slope at 0 that back-propagation takes, for each way of writing ReLU; `named`: those called so."""
    found = {how: _by_torch(f) for how, f in IN_TORCH.items()}
    found |= {how: float(jax.grad(f)(0.0)) for how, f in IN_JAX.items()}
    functions = [slope for how, slope in found.items() if how.endswith(f" {named}")]
    return Measured({
        **{f"slope of {how}": slope for how, slope in found.items()},
        "largest slope at 0": max(found.values()),
        "largest slope at 0 of a function of that name": max(functions),
        "outside [0, 1]": float(sum(not 0 <= slope <= 1 for slope in found.values())),
    })  # fmt: skip


def _by_torch(f: Callable[[torch.Tensor], torch.Tensor]) -> float:
    x = torch.zeros((), requires_grad=True)
    return float(torch.autograd.grad(f(x), x)[0])
