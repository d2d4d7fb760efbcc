"""Softmax and its kin on PyTorch's CPU tensors in eager mode; what is kept for the backward is the output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch._C import _increment_version

from rheobase.kernels.cpu import row_request
from rheobase.kernels.precision import precision
from rheobase.torch.mixed import must_wait
from rheobase.torch.operations import DTYPES
from rheobase.torch.plain import is_plain_gradient

Tensor = torch.Tensor


def run(name: str, x: Tensor, axis: int, out: Tensor | None = None) -> Tensor:
    """The function called `name` at a plain tensor, with its gradient."""
    if out is None and x.requires_grad and torch.is_grad_enabled():
        result: Tensor = FusedRow.apply(name, precision.current(), x, axis)  # type: ignore[no-untyped-call]
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
        if not is_plain_gradient(upstream[0]):
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
    """The kernel on x, or backward on its output and the upstream gradient."""
    rows = row_request.lie(inputs[0].shape, axis)
    if rows.is_slow:
        return _together(name, axis, inputs, out)
    given = [t if t.is_contiguous() else t.contiguous() for t in inputs]
    target = torch.empty_like(given[0]) if out is None or must_wait(out, given) else out
    if target is out:
        # whoever keeps what was there before is to notice
        _increment_version((out,))
    places = [target.data_ptr(), *[t.data_ptr() for t in given]]
    row_request.compute(name, DTYPES[target.dtype], rows, places, torch.get_num_threads())
    return target if out is None or target is out else out.copy_(target)


def _together(name: str, axis: int, inputs: Sequence[Tensor], out: Tensor | None) -> Tensor:
    """The same on copies in which rows lie together."""
    result = compute(name, -1, *[t.detach().movedim(axis, -1) for t in inputs]).movedim(-1, axis)
    return result.contiguous() if out is None else out.copy_(result)
