"""The functions on NumPy arrays and Python floats: computed in float64, rounded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from rheobase.algebra.formula import derived
from rheobase.algebra.program import Program
from rheobase.kernels.build import build
from rheobase.kernels.numpy_operations import OPERATIONS

Array = Any

CONVERT = "x.astype('float32'), or float(x) for a number"


def dtype_name(x: Array) -> str:
    """The dtype of `x` as NumPy calls it."""
    if isinstance(x, np.ma.MaskedArray):
        return "masked arrays, whose mask would be lost"
    return "int" if isinstance(x, int) else np.asarray(x).dtype.name


@cache
def _function(program: Program) -> Callable[..., Array]:
    return build(program, OPERATIONS, "numpy")


def evaluate(program: Program, arrays: Sequence[Array], axis: int | None = None) -> Array:
    """`program` on `arrays`, in the kind and dtype of the first."""
    first = arrays[0]
    wide = [np.asarray(a, dtype=np.float64) for a in arrays]
    extra = (axis,) if program.is_row else ()
    with np.errstate(all="ignore"):
        result = np.asarray(_function(program)(*wide, *extra))
        if isinstance(first, float) and not isinstance(first, np.generic):
            return float(result) if result.ndim == 0 else result
        result = result.astype(np.asarray(first).dtype)
    return result[()] if isinstance(first, np.generic) and result.ndim == 0 else result


def run(key: str, path: tuple[int, ...], at_rest: bool, arrays: Sequence[Array], axis: int | None) -> Array:
    """The registered function `key`, differentiated along `path`, on `arrays`."""
    return evaluate(derived(key, path, at_rest), arrays, axis)


def uniform(like: Array, rng: np.random.Generator | int | None) -> Array:
    """Numbers from the open interval (0, 1) in the shape of `like`, in float64."""
    return np.maximum(np.random.default_rng(rng).random(np.shape(like)), np.finfo(np.float64).tiny)


def split(x: Array, axis: int) -> Sequence[Array]:
    """The two halves of `x` along `axis`."""
    return np.split(x, 2, axis=axis)


def join(parts: Sequence[Array], axis: int) -> Array:
    """The inverse of `split`."""
    return np.concatenate(parts, axis=axis)


def move_last(x: Array, axis: int) -> Array:
    """`x` with `axis` as its last axis."""
    return np.moveaxis(x, axis, -1)


def move_back(x: Array, axis: int) -> Array:
    """`x` with its last axis moved to `axis`."""
    return np.moveaxis(x, -1, axis)


def broadcast(x: Array, like: Array) -> Array:
    """`x` repeated to the shape of `like`."""
    return np.broadcast_to(x, like.shape)


def identity_matrix(size: int, like: Array) -> Array:
    """The unit matrix in the dtype of `like`."""
    return np.eye(size, dtype=like.dtype)


def detach(x: Array) -> Array:
    """`x`, which carries no gradient anyway."""
    return x
