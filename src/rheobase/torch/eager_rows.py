"""Softmax and its kin on PyTorch's CPU tensors in eager mode; what is kept for the backward is the output."""

from __future__ import annotations

from typing import Any

import torch

from rheobase.kernels.cpu import row_request
from rheobase.kernels.precision import precision
from rheobase.torch.operations import DTYPES

Tensor = torch.Tensor


def run(name: str, x: Tensor, axis: int, out: Tensor | None = None) -> Tensor:
    """The function called `name` at a plain tensor, with its gradient."""
    if out is None and x.requires_grad and torch.is_grad_enabled():
        result: Tensor = FusedRow.apply(name, precision.current(), x, axis)
        return result
    return compute(name, axis, x, out=out)


class FusedRow(torch.autograd.Function):
    """The kernel with the kernel of its backward, both in the same precision."""

    @staticmethod
    def forward(ctx: Any, name: str, kind: str, x: Tensor, axis: int) -> Tensor:
        """The value."""
        y = compute(name, axis, x)
        ctx.name, ctx.kind, ctx.axis = name, kind, axis
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        """The gradient, from the output."""
        (y,) = ctx.saved_tensors
        # a second derivative may be asked for, and kernels have none
        if torch.is_grad_enabled():
            return None, None, composite_backward(ctx.name, ctx.axis, y, upstream[0]), None
        with precision(ctx.kind):
            return None, None, compute(ctx.name, ctx.axis, y, upstream[0]), None


def composite_backward(name: str, axis: int, y: Tensor, upstream: Tensor) -> Tensor:
    """The gradient in operations that can be differentiated again: y is itself a function of x."""
    if name == "log_softmax":
        return upstream - y.exp() * upstream.sum(axis, keepdim=True)
    found = y * (upstream - (y * upstream).sum(axis, keepdim=True))
    return -found if name == "softmin" else found


def compute(name: str, axis: int, *inputs: Tensor, out: Tensor | None = None) -> Tensor:
    """The kernel on x, or backward on its output and the upstream gradient. Rows that lie across are copied, which costs less than strides."""
    last = [t.detach().movedim(axis, -1).contiguous() for t in inputs]
    rows = last[0]
    is_copy = rows.data_ptr() != inputs[0].data_ptr()
    target = rows if is_copy else _target(rows, out)
    length, threads = rows.shape[-1], torch.get_num_threads()
    addresses = [t.data_ptr() for t in (target, *last)]
    row_request.compute(name, DTYPES[rows.dtype], (rows.numel() // max(1, length), length), addresses, threads)
    if out is None:
        return target.movedim(-1, axis).contiguous()
    return out if target is out else out.copy_(target.movedim(-1, axis))


def _target(rows: Tensor, out: Tensor | None) -> Tensor:
    """Where the kernel writes: `out` itself if it has no gaps and is either all of the input or nothing of it."""
    if out is not None and out.is_contiguous() and out.shape == rows.shape:
        apart = out.untyped_storage().data_ptr() != rows.untyped_storage().data_ptr()
        if apart or out.data_ptr() == rows.data_ptr():
            return out
    return torch.empty_like(rows)
