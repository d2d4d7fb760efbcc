"""Gated units on PyTorch's CPU tensors in eager mode; what is kept for the backward is the input, halves together."""

from __future__ import annotations

from typing import Any

import torch

from rheobase.kernels.cpu import halves
from rheobase.kernels.cpu.halves import Halves
from rheobase.kernels.precision import precision
from rheobase.torch.operations import DTYPES
from rheobase.torch.plain import is_plain_gradient

Tensor = torch.Tensor


def run(key: str, x: Tensor, axis: int, out: Tensor | None = None) -> Tensor:
    """The unit at a plain tensor, with its gradient."""
    if out is None and x.requires_grad and torch.is_grad_enabled():
        result: Tensor = FusedHalves.apply(key, precision.current(), x, axis)  # type: ignore[no-untyped-call]
        return result
    result = compute(key, x.detach().contiguous(), axis)
    return result if out is None else out.copy_(result)


class FusedHalves(torch.autograd.Function):
    """The kernel with the kernel of its backward, both in the same precision."""

    @staticmethod
    def forward(ctx: Any, key: str, kind: str, x: Tensor, axis: int) -> Tensor:
        """The value."""
        ctx.key, ctx.kind, ctx.axis = key, kind, axis
        ctx.save_for_backward(x)
        return compute(key, x.detach().contiguous(), axis)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        """The gradient by both halves, as one tensor."""
        (x,) = ctx.saved_tensors
        if not is_plain_gradient(upstream[0]):
            from rheobase.torch.autograd import composite_halves

            return None, None, composite_halves(ctx.key, x, ctx.axis, upstream[0]), None
        with precision(ctx.kind):
            return None, None, pulled(ctx.key, x.contiguous(), ctx.axis, upstream[0].contiguous()), None


def compute(key: str, x: Tensor, axis: int) -> Tensor:
    """The unit at a tensor without gaps."""
    out = torch.empty(halves.halved(x.shape, axis), dtype=x.dtype)
    halves.forward(key, _halves(x, axis), out.data_ptr(), torch.get_num_threads())
    return out


def pulled(key: str, x: Tensor, axis: int, upstream: Tensor) -> Tensor:
    """Upstream gradient × derivative."""
    gradient = torch.empty_like(x)
    halves.backward(key, _halves(x, axis), upstream.data_ptr(), _halves(gradient, axis), torch.get_num_threads())
    return gradient


def _halves(x: Tensor, axis: int) -> Halves:
    return Halves(x.data_ptr(), tuple(x.shape), axis, DTYPES[x.dtype])
