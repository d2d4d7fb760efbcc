"""Kernels on several tensors of any shapes and orders: learnable parameters, noise, results written in place."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch._C import _increment_version

from rheobase.errors import UnsupportedInput
from rheobase.kernels.cpu.layout import arrange
from rheobase.kernels.cpu.loops import Shape
from rheobase.kernels.cpu.request import Form, Wanted, loop_for, parameters_of, words
from rheobase.kernels.cpu.threads import ALONE, borrow, launch
from rheobase.kernels.precision import precision
from rheobase.torch.operations import DTYPES
from rheobase.torch.plain import is_plain, is_plain_gradient

Tensor = torch.Tensor

if sys.platform == "linux":
    for _library in sorted((Path(torch.__file__).parent / "lib").glob("libgomp*")):
        borrow(ctypes.CDLL(str(_library)))


def run(wanted: Wanted, arguments: Sequence[Any], out: Tensor | None = None) -> Tensor | None:
    """The value at plain tensors and numbers, with its gradient unless `out` is given; None if there is no kernel."""
    asks = torch.is_grad_enabled() and any(type(a) is not float and a.requires_grad for a in arguments)
    if out is None and asks:
        found: Tensor | None = SeveralTensors.apply(wanted, precision.current(), *arguments)  # type: ignore[no-untyped-call]
        return found
    return compute(wanted, arguments, out=out)


class SeveralTensors(torch.autograd.Function):
    """A kernel with a kernel for the gradient of each argument, in the same precision; the arguments are kept."""

    @staticmethod
    def forward(ctx: Any, wanted: Wanted, arithmetic: str, *arguments: Any) -> Tensor | None:
        """The value; None if there is no kernel for it."""
        ctx.wanted, ctx.arithmetic = wanted, arithmetic
        ctx.numbers = [None if isinstance(a, Tensor) else a for a in arguments]
        ctx.save_for_backward(*[a for a in arguments if isinstance(a, Tensor)])
        return compute(wanted, arguments)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        """Upstream gradient × derivative, for every argument that asks for it."""
        kept = iter(ctx.saved_tensors)
        arguments = [next(kept) if number is None else number for number in ctx.numbers]
        with precision(ctx.arithmetic):
            found = [
                gradient(ctx.wanted, index, arguments, upstream[0]) if needed else None
                for index, needed in enumerate(ctx.needs_input_grad[2:])
            ]
        return (None, None, *found)


def gradient(wanted: Wanted, index: int, arguments: Sequence[Any], upstream: Tensor) -> Tensor:
    """The gradient by one argument: summed over what it was broadcast to, in float64, then rounded once."""
    from rheobase.torch.autograd import composite_gradient

    everything, target = [*arguments, upstream], arguments[index]
    if not is_plain_gradient(upstream) or not is_plain(arguments):
        return composite_gradient(wanted, index, arguments, upstream)
    wide = target.shape != upstream.shape or target.dtype != arguments[0].dtype
    found = compute(wanted._replace(pull=index), everything, torch.float64 if wide else None)
    if found is None:
        return composite_gradient(wanted, index, arguments, upstream)
    return found.sum_to_size(target.shape).to(target.dtype) if wide else found


def compute(
    wanted: Wanted, arguments: Sequence[Any], dtype: torch.dtype | None = None, out: Tensor | None = None
) -> Tensor | None:
    """The kernel at tensors and numbers, in the dtype of the first unless `dtype` is given; None if there is none."""
    x = arguments[0]
    layout = arrange(tuple(tuple(a.shape) if isinstance(a, Tensor) else () for a in arguments))
    if out is not None:
        check_out(out, torch.Size(layout.full), x.dtype)
    ready = [_ready(a, kind, x.dtype, layout.full) for a, kind in zip(arguments, layout.kinds, strict=True)]
    target = torch.empty(layout.full, dtype=dtype or x.dtype) if out is None or must_wait(out, ready) else out
    kinds = tuple(_at(r, target, kind) for r, kind in zip(ready, layout.kinds, strict=True))
    loop = loop_for(wanted, Form(kinds, DTYPES[x.dtype], DTYPES[target.dtype]), parameters_of(wanted, arguments))
    if loop is None:
        return None
    if target is out:
        # whoever keeps what was there before is to notice
        _increment_version((out,))
    if target.numel():
        block = words(layout, target.data_ptr(), [r.data_ptr() if isinstance(r, Tensor) else r for r in ready])
        launch(loop, block, layout.steps, torch.get_num_threads(), max(1, ALONE // layout.length))
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


def must_wait(out: Tensor, ready: Sequence[Any]) -> bool:
    """Whether `out` cannot be written at once: it has gaps, or lies across an input without being it.

    The exact core looks at an input again after it has written a result.
    """
    if not out.is_contiguous():
        return True
    storage = out.untyped_storage().data_ptr()
    inputs = [r for r in ready if isinstance(r, Tensor)]
    again = precision.current() == "exact"
    return any(r.untyped_storage().data_ptr() == storage and (again or r.data_ptr() != out.data_ptr()) for r in inputs)


def _at(ready: Any, target: Tensor, kind: Shape) -> Shape:
    return "output" if isinstance(ready, Tensor) and ready.data_ptr() == target.data_ptr() else kind
