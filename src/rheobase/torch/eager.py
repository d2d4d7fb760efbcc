"""Kernels on PyTorch's CPU tensors in eager mode: one pass forward, one pass backward.

Whatever transforms or traces a program (compile, export, vmap, forward mode, a second derivative) takes the
composite operators of `rheobase.torch.autograd`, which it can look into.
"""

from __future__ import annotations

import ctypes
import sys
from array import array
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch._C import _len_torch_dispatch_stack as dispatch_modes
from torch._C._functorch import maybe_current_level as functorch_level
from torch.autograd import forward_ad

from rheobase.errors import UnsupportedInput
from rheobase.kernels import precision
from rheobase.kernels.cpu.layout import arrange
from rheobase.kernels.cpu.loops import Shape
from rheobase.kernels.cpu.request import Form, Wanted, loop_for, parameters_of, words
from rheobase.kernels.cpu.store import Loop
from rheobase.kernels.cpu.threads import ALONE, borrow, launch
from rheobase.torch.operations import DTYPES

Tensor = torch.Tensor

_PLAIN = {Tensor, torch.nn.Parameter}

if sys.platform == "linux":
    for _library in sorted((Path(torch.__file__).parent / "lib").glob("libgomp*")):
        borrow(ctypes.CDLL(str(_library)))


def is_plain(arguments: Sequence[Any]) -> bool:
    """Whether these are ordinary CPU tensors and numbers, and nobody watches what is done with them."""
    if functorch_level() is not None or dispatch_modes() or forward_ad._current_level >= 0:
        return False
    if torch._C._get_tracing_state() is not None:
        return False
    return all(
        type(a) is float or (type(a) in _PLAIN and a.is_cpu and a.layout is torch.strided) for a in arguments
    )


def run(wanted: Wanted, arguments: Sequence[Any], out: Tensor | None = None) -> Tensor | None:
    """The value at plain tensors and numbers, with its gradient; None if there is no kernel for it."""
    if out is None and torch.is_grad_enabled() and any(type(a) is not float and a.requires_grad for a in arguments):
        found: Tensor | None = Fused.apply(wanted, precision.current(), *arguments)
        return found
    return compute(wanted, arguments, out=out)


class Fused(torch.autograd.Function):
    """A kernel with a kernel for its backward, both in the same precision; what is kept are the arguments."""

    @staticmethod
    def forward(ctx: Any, wanted: Wanted, kind: str, *arguments: Any) -> Tensor | None:
        """The value; None if there is no kernel for it."""
        ctx.wanted, ctx.kind = wanted, kind
        ctx.numbers = [None if isinstance(a, Tensor) else a for a in arguments]
        ctx.save_for_backward(*[a for a in arguments if isinstance(a, Tensor)])
        return compute(wanted, arguments)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        """Upstream gradient × derivative, for every argument that asks for it."""
        kept = iter(ctx.saved_tensors)
        arguments = [next(kept) if number is None else number for number in ctx.numbers]
        with precision.precision(ctx.kind):
            found = [
                gradient(ctx.wanted, index, arguments, upstream[0]) if needed else None
                for index, needed in enumerate(ctx.needs_input_grad[2:])
            ]
        return (None, None, *found)


def gradient(wanted: Wanted, index: int, arguments: Sequence[Any], upstream: Tensor) -> Tensor:
    """The gradient by one argument: summed over what it was broadcast to, in float64, then rounded once."""
    everything, target = [*arguments, upstream], arguments[index]
    # a second derivative may be asked for, and kernels have none
    if not torch.is_grad_enabled() and is_plain(everything):
        wide = target.shape != upstream.shape or target.dtype != arguments[0].dtype
        found = compute(wanted._replace(pull=index), everything, torch.float64 if wide else None)
        if found is not None:
            return found.sum_to_size(target.shape).to(target.dtype) if wide else found
    from rheobase.torch.autograd import composite_gradient

    return composite_gradient(wanted, index, arguments, upstream)


def compute(
    wanted: Wanted, arguments: Sequence[Any], dtype: torch.dtype | None = None, out: Tensor | None = None
) -> Tensor | None:
    """The kernel at tensors and numbers, in the dtype of the first unless `dtype` is given; None if there is none."""
    x = arguments[0]
    if out is None:
        target = torch.empty_like(x, dtype=dtype)
        if _is_uniform(arguments, x, target.stride()):
            numbers = tuple(a if type(a) is float else None for a in arguments)
            found = _prepared(wanted, numbers, DTYPES[x.dtype], DTYPES[target.dtype], precision.current())
            return None if found is None else _flat(*found, target, arguments)
    return _general(wanted, arguments, dtype or x.dtype, out)


def _is_uniform(arguments: Sequence[Any], x: Tensor, stride: tuple[int, ...]) -> bool:
    """Whether all are numbers, or tensors whose elements follow one another as the output's do."""
    shape, dtype = x.shape, x.dtype
    return all(
        type(a) is float or (a.stride() == stride and a.shape == shape and a.dtype == dtype) for a in arguments
    )


@lru_cache(maxsize=4096)
def _prepared(
    wanted: Wanted, numbers: tuple[float | None, ...], dtype_in: str, dtype_out: str, kind: str
) -> tuple[Loop, array[int]] | None:
    """The loop over tensors, which are None in `numbers`, and its words without their addresses."""
    kinds: tuple[Shape, ...] = tuple("array" if n is None else "number" for n in numbers)
    loop = loop_for(wanted, Form(kinds, dtype_in, dtype_out), parameters_of(wanted, numbers))
    return loop and (loop, words(arrange(()), 0, [0 if n is None else n for n in numbers]))


def _flat(loop: Loop, prepared: array[int], target: Tensor, arguments: Sequence[Any]) -> Tensor:
    block = array("q", prepared)
    block[0] = target.data_ptr()
    for place, a in enumerate(arguments, start=1):
        if type(a) is not float:
            block[place] = a.data_ptr()
    launch(loop, block, target.numel(), torch.get_num_threads())
    return target


def _general(wanted: Wanted, arguments: Sequence[Any], dtype: torch.dtype, out: Tensor | None) -> Tensor | None:
    """The same for arguments of any shapes, orders and dtypes."""
    x = arguments[0]
    layout = arrange(tuple(tuple(a.shape) if isinstance(a, Tensor) else () for a in arguments))
    if out is not None:
        check_out(out, torch.Size(layout.full), x.dtype)
    ready = [_ready(a, kind, x.dtype, layout.full) for a, kind in zip(arguments, layout.kinds, strict=True)]
    target = torch.empty(layout.full, dtype=dtype) if out is None or _must_wait(out, ready) else out
    kinds = tuple(_at(r, target, kind) for r, kind in zip(ready, layout.kinds, strict=True))
    loop = loop_for(wanted, Form(kinds, DTYPES[x.dtype], DTYPES[dtype]), parameters_of(wanted, arguments))
    if loop is None:
        return None
    if target.numel():
        block = words(layout, target.data_ptr(), [r.data_ptr() if isinstance(r, Tensor) else r for r in ready])
        launch(loop, block, layout.count, torch.get_num_threads(), max(1, ALONE // layout.length))
    return target if out is None or target is out else out.copy_(target)


def _ready(given: Any, kind: Shape, dtype: torch.dtype, full: tuple[int, ...]) -> Any:
    """An argument as the loop takes it: a number, or elements without gaps."""
    if kind == "number":
        return float(given)
    if kind != "array":
        return given.detach().to(torch.float64).contiguous()
    return torch.as_tensor(given, dtype=dtype).detach().expand(full).contiguous()


def check_out(out: Any, shape: torch.Size, dtype: torch.dtype) -> None:
    """Raise UnsupportedInput if a result cannot be written into `out`."""
    if not isinstance(out, Tensor) or (torch.is_grad_enabled() and out.requires_grad):
        raise UnsupportedInput("out must be a tensor that requires no gradient")
    if out.shape != shape or out.dtype != dtype:
        raise UnsupportedInput(
            f"out must have shape {tuple(shape)} and dtype {dtype}, not {tuple(out.shape)} and {out.dtype}"
        )


def _must_wait(out: Tensor, ready: Sequence[Any]) -> bool:
    """Whether `out` cannot be written at once: it has gaps, or lies across an input without being it."""
    if not out.is_contiguous():
        return True
    storage = out.untyped_storage().data_ptr()
    inputs = [r for r in ready if isinstance(r, Tensor)]
    return any(r.untyped_storage().data_ptr() == storage and r.data_ptr() != out.data_ptr() for r in inputs)


def _at(ready: Any, target: Tensor, kind: Shape) -> Shape:
    return "output" if isinstance(ready, Tensor) and ready.data_ptr() == target.data_ptr() else kind
