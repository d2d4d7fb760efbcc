"""Backward from one bit per element, which is all that functions with two slopes need; written over x or not."""

from __future__ import annotations

from typing import Any

import torch

from rheobase.kernels.cpu import masks
from rheobase.kernels.cpu.lanes import LANES
from rheobase.kernels.cpu.request import Wanted
from rheobase.torch.operations import work_dtype
from rheobase.torch.plain import is_plain_gradient
from rheobase.torch.plan import Plan, Prepared, applied, has_no_gaps

Tensor = torch.Tensor


class Masked(torch.autograd.Function):
    """A kernel that writes value and bits, with one that goes back from the bits."""

    @staticmethod
    def forward(ctx: Any, plan: MaskedPlan, x: Tensor) -> Tensor:
        """The value."""
        if not has_no_gaps(x):
            x = x.contiguous()
        result = torch.empty_like(x)
        _keep(ctx, plan, plan.marked(result, x), result)
        return result

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        """Upstream gradient × slope."""
        (bits,) = ctx.saved_tensors
        return None, ctx.plan.gradient(bits, ctx.stride, upstream[0])


class MaskedOver(Masked):
    """The same, written over the input."""

    @staticmethod
    def forward(ctx: Any, plan: MaskedPlan, x: Tensor) -> Tensor:
        """The value."""
        ctx.mark_dirty(x)
        _keep(ctx, plan, plan.marked(x, x), x)
        return x


def _keep(ctx: Any, plan: MaskedPlan, bits: Tensor, result: Tensor) -> None:
    ctx.plan = plan
    # bits lie in the order of memory; None: a contiguous tensor's
    ctx.stride = None if result.is_contiguous() else result.stride()
    ctx.save_for_backward(bits)


class MaskedPlan(Plan):
    """A plan that keeps one bit per element."""

    with_gradient, over_with_gradient = applied(Masked), applied(MaskedOver)

    def __init__(
        self, wanted: Wanted, numbers: tuple[float, ...], dtype: str, loops: masks.Loops, forward: Prepared
    ) -> None:
        super().__init__(wanted, numbers, dtype, forward)
        self.loops, self.words = loops, masks.template(numbers)

    @property
    def spares_input(self) -> bool:
        """Whether the input can be written over, since backward needs nothing of it."""
        return True

    def marked(self, out: Tensor, x: Tensor) -> Tensor:
        """The bits, after the function at x was written into `out`."""
        bits = torch.empty(masks.words_for(x.numel()), dtype=torch.int32)
        places = out.data_ptr(), bits.data_ptr(), x.data_ptr()
        masks.run(self.loops.forward, self.words, places, x.numel(), torch.get_num_threads())
        return bits

    def gradient(self, bits: Tensor, stride: tuple[int, ...] | None, upstream: Tensor) -> Tensor:
        """Upstream gradient × slope; `stride` is how the elements lay that the bits tell of."""
        if not is_plain_gradient(upstream):
            return self._composite(bits, stride, upstream)
        bits, upstream = bits.contiguous(), _laid_out(upstream, stride)
        result = torch.empty_like(upstream)
        places = result.data_ptr(), bits.data_ptr(), upstream.data_ptr()
        masks.run(self.loops.backward, self.words, places, upstream.numel(), torch.get_num_threads())
        return result

    def _composite(self, bits: Tensor, stride: tuple[int, ...] | None, upstream: Tensor) -> Tensor:
        """The gradient in operations that can be differentiated again: the slope itself is constant."""
        from rheobase.torch.autograd import composite_from_marks

        work = work_dtype(upstream.dtype)
        flat = (bits.unsqueeze(-1) >> torch.arange(LANES)) & 1
        marks = flat.flatten()[: upstream.numel()].to(work)
        marks = marks.reshape(upstream.shape) if stride is None else marks.as_strided(upstream.shape, stride)
        return composite_from_marks(self.wanted, [marks, *self.numbers], upstream)


def _laid_out(upstream: Tensor, stride: tuple[int, ...] | None) -> Tensor:
    """`upstream` with its elements in memory as the bits are."""
    if stride is None:
        return upstream.contiguous()
    if upstream.stride() == stride:
        return upstream
    return torch.empty_strided(upstream.shape, stride, dtype=upstream.dtype).copy_(upstream)
