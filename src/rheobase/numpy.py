"""The functions on NumPy arrays and Python floats: computed in float64, rounded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from rheobase.algebra.program import Program
from rheobase.kernels.build import build
from rheobase.kernels.cpu.kernel import Kernel, Wanted, kernel_for, parameters_of, words
from rheobase.kernels.cpu.layout import arrange
from rheobase.kernels.cpu.loops import Shape
from rheobase.kernels.cpu.threads import ALONE, launch, processors
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
    wide = [np.asarray(a, dtype=np.float64) for a in arrays]
    extra = (axis,) if program.is_row else ()
    with np.errstate(all="ignore"):
        result = np.asarray(_function(program)(*wide, *extra))
        return _as_given(result.astype(np.asarray(arrays[0]).dtype, copy=False), arrays[0])


def run(
    key: str, path: tuple[int, ...], at_rest: bool, arrays: Sequence[Array], axis: int | None, out: Array | None = None
) -> Array:
    """The registered function `key`, differentiated along `path`, on `arrays`; into `out` if it is given."""
    wanted = Wanted(key, path, at_rest)
    kernel = kernel_for(wanted, dtype_name(arrays[0]), parameters_of(key, arrays))
    if kernel is None:
        result = evaluate(wanted.program, arrays, axis)
        if out is None:
            return result
        np.copyto(out, result)
        return out
    return _looped(kernel, arrays, out)


def _looped(kernel: Kernel, arrays: Sequence[Array], out: Array | None) -> Array:
    first = np.asarray(arrays[0])
    layout = arrange(tuple(np.shape(a) for a in arrays))
    target = _target(out, layout.full, first, arrays)
    arguments: list[Any] = []
    kinds = list(layout.kinds)
    for place, (given, kind) in enumerate(zip(arrays, kinds, strict=True)):
        arguments.append(_argument(given, kind, first.dtype, layout.full))
        if isinstance(arguments[-1], np.ndarray) and _address(arguments[-1]) == _address(target):
            kinds[place] = "output"
    loop = kernel.loop(tuple(kinds), dtype_name(first), dtype_name(first))
    block = words(layout, _address(target), [_address(a) if isinstance(a, np.ndarray) else a for a in arguments])
    if target.size:
        launch(loop, block, layout.count, processors(), max(1, ALONE // layout.length))
    if out is None:
        return _as_given(target, arrays[0])
    if target is not out:
        np.copyto(out, target)
    return out


def _target(out: Array | None, shape: tuple[int, ...], first: Array, arrays: Sequence[Array]) -> Array:
    """Where the loop writes: `out` itself, unless it has gaps or lies across an input."""
    if out is None or not out.flags.c_contiguous:
        return np.empty(shape, first.dtype)
    across = any(
        isinstance(a, np.ndarray) and np.may_share_memory(a, out) and (_address(a) != _address(out) or a.strides != out.strides)
        for a in arrays
    )
    return np.empty(shape, first.dtype) if across else out


def _argument(given: Array, kind: Shape, dtype: Any, full: tuple[int, ...]) -> Array | float:
    """An argument as the loop takes it: a number, or elements without gaps."""
    if kind == "number":
        return float(np.asarray(given).reshape(()))
    if kind != "array":
        return np.ascontiguousarray(given, np.float64)
    return np.ascontiguousarray(np.broadcast_to(np.asarray(given, dtype), full)).reshape(full)


def _address(x: Array) -> int:
    address: int = x.__array_interface__["data"][0]
    return address


def _as_given(result: Array, first: Array) -> Array:
    """A number for a number, an array for an array."""
    if isinstance(first, float) and not isinstance(first, np.generic):
        return float(result) if result.ndim == 0 else result
    return result[()] if isinstance(first, np.generic) and result.ndim == 0 else result


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
