"""The functions on NumPy arrays and Python floats: computed in float64, rounded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from rheobase.definition import REGISTERED
from rheobase.errors import UnsupportedInput
from rheobase.kernels.cpu.halves import Halves, forward, halved, has_kernel
from rheobase.kernels.cpu.layout import Layout, arrange
from rheobase.kernels.cpu.loops import Shape
from rheobase.kernels.cpu.request import Form, Wanted, loop_for, parameters_of, words
from rheobase.kernels.cpu.row_request import compute, kernel_name, lie
from rheobase.kernels.cpu.store import Loop
from rheobase.kernels.cpu.threads import ALONE, launch, processors
from rheobase.kernels.precision import precision

if TYPE_CHECKING:
    from rheobase.algebra.program import Program

Array = Any

CONVERT = "x.astype('float32'), or float(x) for a number"


def dtype_name(x: Array) -> str:
    """The dtype of `x` as NumPy calls it."""
    if isinstance(x, np.ma.MaskedArray):
        return "masked arrays, whose mask would be lost"
    return "int" if isinstance(x, int) else np.asarray(x).dtype.name


@cache
def _function(program: Program) -> Callable[..., Array]:
    from rheobase.kernels.build import build
    from rheobase.kernels.numpy_operations import OPERATIONS

    return build(program, OPERATIONS, "numpy")


def evaluate(program: Program, arrays: Sequence[Array], axis: int | None = None) -> Array:
    """`program` on `arrays`, in the kind and dtype of the first."""
    wide = [np.asarray(a, dtype=np.float64) for a in arrays]
    extra = (axis,) if program.is_row else ()
    with np.errstate(all="ignore"):
        result = np.asarray(_function(program)(*wide, *extra))
        return _as_given(result, arrays[0])


def run(
    key: str, path: tuple[int, ...], at_rest: bool, arrays: Sequence[Array], axis: int | None, out: Array | None = None
) -> Array:
    """The registered function `key`, differentiated along `path`, on `arrays`; into `out` if it is given."""
    if axis is None:
        result = _by_kernel(Wanted(key, path, at_rest), arrays, out)
    else:
        result = None if path else _along_axis(key, arrays[0], axis, out)
    if result is not None:
        return result
    if REGISTERED[key].kind == "gated":
        assert axis is not None
        arrays = [*split(arrays[0], axis), *arrays[1:]]
    # the algebra is loaded for what has no kernel only
    from rheobase.algebra.formula import derived

    result = evaluate(derived(key, path, at_rest), arrays, axis)
    return result if out is None else store(result, out)


def store(result: Array, out: Array) -> Array:
    """`out`, after `result` was written into it."""
    _check_out(out, np.shape(result), np.asarray(result).dtype.newbyteorder("="))
    np.copyto(out, result)
    return out


def _by_kernel(wanted: Wanted, arrays: Sequence[Array], out: Array | None) -> Array | None:
    """The result of the function's kernel; None if it has none."""
    layout = arrange(tuple(np.shape(a) for a in arrays))
    dtype = np.asarray(arrays[0]).dtype.newbyteorder("=")
    ready = [_argument(a, kind, dtype, layout.full) for a, kind in zip(arrays, layout.kinds, strict=True)]
    if out is not None:
        _check_out(out, layout.full, dtype)
    target = np.empty(layout.full, dtype) if out is None or _must_wait(out, ready) else out
    kinds = tuple(_at(r, target, kind) for r, kind in zip(ready, layout.kinds, strict=True))
    loop = loop_for(wanted, Form(kinds, dtype.name, dtype.name), parameters_of(wanted, arrays))
    if loop is None:
        return None
    _launch(loop, layout, target, ready)
    if out is None:
        return _as_given(target, arrays[0])
    return out if target is out else store(target, out)


def _launch(loop: Loop, layout: Layout, target: Array, ready: Sequence[Array | float]) -> None:
    block = words(layout, _address(target), [_address(r) if isinstance(r, np.ndarray) else r for r in ready])
    if target.size:
        launch(loop, block, layout.steps, processors(), max(1, ALONE // layout.length))


def _along_axis(key: str, x: Array, axis: int, out: Array | None) -> Array | None:
    """A function of a row or a gated unit by its kernel; None if it has none."""
    dtype, name = x.dtype.newbyteorder("="), kernel_name(key)
    if name is None and not has_kernel(key):
        return None
    shape = x.shape if name else halved(x.shape, axis)
    if out is not None:
        _check_out(out, shape, dtype)
    if name:
        result = _rows(name, np.asarray(x, dtype), axis)
    else:
        result = np.empty(shape, dtype)
        given = np.ascontiguousarray(x, dtype)
        forward(key, Halves(_address(given), given.shape, axis, dtype.name), _address(result), processors())
    return result if out is None else store(result, out)


def _rows(name: str, x: Array, axis: int) -> Array:
    rows = lie(x.shape, axis)
    if rows.is_slow:
        return np.ascontiguousarray(np.moveaxis(_rows(name, np.moveaxis(x, axis, -1), -1), -1, axis))
    given = np.ascontiguousarray(x)
    target = np.empty_like(given)
    compute(name, x.dtype.name, rows, (_address(target), _address(given)), processors())
    return target


def _check_out(out: Array, shape: tuple[int, ...], dtype: Any) -> None:
    if not isinstance(out, np.ndarray) or not out.flags.writeable:
        raise UnsupportedInput(f"out must be a NumPy array that can be written to, not {type(out).__name__}")
    if out.shape != shape or out.dtype.newbyteorder("=") != dtype:
        raise UnsupportedInput(f"out must have shape {shape} and dtype {dtype}, not {out.shape} and {out.dtype}")


def _must_wait(out: Array, ready: Sequence[Array | float]) -> bool:
    """Whether `out` cannot be written at once: it has gaps, or lies across an input without being it.

    The exact core looks at an input again after it has written a result.
    """
    if not (out.flags.c_contiguous and out.dtype.isnative):
        return True
    inputs = [r for r in ready if isinstance(r, np.ndarray)]
    again = precision.current() == "exact"
    return any(np.may_share_memory(r, out) and (again or _address(r) != _address(out)) for r in inputs)


def _at(ready: Array | float, target: Array, kind: Shape) -> Shape:
    return "output" if isinstance(ready, np.ndarray) and _address(ready) == _address(target) else kind


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
    """A number for a number, an array for an array of the same dtype, in whatever byte order."""
    if isinstance(first, float) and not isinstance(first, np.generic):
        return float(result) if result.ndim == 0 else result
    result = result.astype(np.asarray(first).dtype, copy=False)
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
