"""The array libraries under test: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
import torch

from tests.contract.formats import FORMATS, Format


@dataclass(frozen=True)
class Library:
    """How to make an array of a library from a NumPy one, and back to float64."""

    name: str
    make: Callable[[Any, Format], Any]
    read: Callable[[Any], Any]
    # the narrowest format that it computes in
    work: str = "float32"
    # XLA on the CPU reads and writes subnormal numbers as 0
    flushes: bool = False

    def smallest(self, form: Format) -> float:
        """The smallest number of `form` that the library does not take for 0."""
        return form.smallest_normal if self.flushes else form.tiniest

    def work_format(self, form: Format) -> Format:
        """The format that numbers of `form` are computed in."""
        return max(form, FORMATS[self.work], key=lambda f: f.precision)


def _to_torch(values: Any, form: Format) -> torch.Tensor:
    wide = torch.from_numpy(np.array(values, dtype=np.float64))
    return wide.to(getattr(torch, form.name))


def _from_torch(tensor: torch.Tensor) -> Any:
    return tensor.detach().double().numpy()


LIBRARIES = {
    "numpy": Library("numpy", lambda v, f: f.round(v), lambda a: np.asarray(a).astype(np.float64), "float64"),
    "torch": Library("torch", _to_torch, _from_torch),
    "jax": Library(
        "jax",
        lambda v, f: jnp.asarray(f.round(v)),
        lambda a: np.asarray(a).astype(np.float64),
        flushes=True,
    ),
}
