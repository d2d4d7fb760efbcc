"""Backward from the input or from the output, whichever is to be kept."""

from __future__ import annotations

from typing import Any

import torch

from rheobase.definition import REGISTERED
from rheobase.kernels.cpu.request import Wanted, parameters_of
from rheobase.torch.plain import is_plain_gradient
from rheobase.torch.plan import Plan, Prepared, applied, filled, prepared

Tensor = torch.Tensor


class OneTensor(torch.autograd.Function):
    """A kernel with a kernel for its backward, both in the same precision; what is kept is the input or the output."""

    @staticmethod
    def forward(ctx: Any, plan: WholePlan, x: Tensor) -> Tensor:
        """The value."""
        ctx.plan = plan
        result = plan.value(x)
        if not plan.keeps_nothing:
            ctx.save_for_backward(result if plan.pulled.from_output else x)
        return result

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        """Upstream gradient × derivative."""
        # a slope that is the same everywhere needs something of the right shape only
        kept = upstream if ctx.plan.keeps_nothing else ctx.saved_tensors
        return None, ctx.plan.gradient(kept[0], upstream[0])


class OneTensorOver(OneTensor):
    """The same, written over the input: what is kept is the output."""

    @staticmethod
    def forward(ctx: Any, plan: WholePlan, x: Tensor) -> Tensor:
        """The value."""
        ctx.plan = plan
        ctx.mark_dirty(x)
        if not plan.keeps_nothing:
            ctx.save_for_backward(x)
        return plan.filled(x, x)


class WholePlan(Plan):
    """A plan that keeps a whole tensor: the output where that is wanted and tells the slope, else the input."""

    with_gradient, over_with_gradient = applied(OneTensor), applied(OneTensorOver)

    def __init__(self, wanted: Wanted, numbers: tuple[float, ...], dtype: str, kept: str, forward: Prepared) -> None:
        super().__init__(wanted, numbers, dtype, forward)
        self.backward = _from_output(wanted, numbers, dtype, kept)
        self.pulled = wanted._replace(pull=0, from_output=self.backward is not None)
        if self.backward is None:
            self.backward = prepared(self.pulled, (None, *numbers, None), dtype)
        self.keeps_nothing = self.pulled.from_output and REGISTERED[wanted.key].torch.keeps == "nothing"

    @property
    def spares_input(self) -> bool:
        """Whether the input can be written over, since backward needs nothing of it."""
        return self.pulled.from_output and self.over is not None

    def gradient(self, kept: Tensor, upstream: Tensor) -> Tensor:
        """Upstream gradient × derivative, from the input or the output."""
        if self.backward is None or not is_plain_gradient(upstream):
            return self._composite(kept, upstream)
        result = torch.empty_like(kept)
        if not (kept.is_contiguous() and upstream.is_contiguous()) and not (
            upstream.stride() == kept.stride() == result.stride()
        ):
            kept, upstream, result = kept.contiguous(), upstream.contiguous(), torch.empty(kept.shape, dtype=kept.dtype)
        return filled(self.backward, result, kept, upstream)

    def _composite(self, kept: Tensor, upstream: Tensor) -> Tensor:
        from rheobase.torch.autograd import composite_from_output, composite_gradient

        if self.pulled.from_output:
            return composite_from_output(self.pulled.key, kept, upstream)
        return composite_gradient(self.pulled, 0, [kept, *self.numbers], upstream)


def _from_output(wanted: Wanted, numbers: tuple[float, ...], dtype: str, kept: str) -> Prepared | None:
    """Backward from the output, if that is to be kept and tells the slope."""
    definition = REGISTERED[wanted.key]
    if wanted.path or kept == "input" or (kept == "default" and definition.torch.keeps == "input"):
        return None
    if parameters_of(wanted, (None, *numbers)) != tuple(definition.defaults.values()):
        return None
    return prepared(wanted._replace(pull=0, from_output=True), (None, None), dtype)
