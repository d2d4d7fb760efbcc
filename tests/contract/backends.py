"""The array libraries under test: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch

from tests.contract.formats import Format

jax.config.update("jax_enable_x64", True)


@dataclass(frozen=True)
class Library:
    """How to make an array of a library from a NumPy one, and back to float64."""

    name: str
    make: Callable[[Any, Format], Any]
    read: Callable[[Any], Any]
    # XLA on the CPU reads and writes subnormal numbers as 0
    flushes: bool = False


def _to_torch(values: Any, form: Format) -> torch.Tensor:
    wide = torch.from_numpy(np.array(values, dtype=np.float64))
    return wide.to(getattr(torch, form.name))


def _from_torch(tensor: torch.Tensor) -> Any:
    return tensor.detach().double().numpy()


LIBRARIES = {
    "numpy": Library("numpy", lambda v, f: f.round(v), lambda a: np.asarray(a).astype(np.float64)),
    "torch": Library("torch", _to_torch, _from_torch),
    "jax": Library(
        "jax",
        lambda v, f: jnp.asarray(f.round(v)),
        lambda a: np.asarray(a).astype(np.float64),
        flushes=True,
    ),
}
