"""What a function of one tensor needs at every call, looked up once: its loops and what is kept for backward.

On small tensors every microsecond shows, so all that does not depend on the tensor's elements is in a plan.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import torch
from torch._C import _increment_version

from rheobase.kernels.cpu.layout import arrange
from rheobase.kernels.cpu.loops import Shape
from rheobase.kernels.cpu.request import Form, Wanted, loop_for, parameters_of, words
from rheobase.kernels.cpu.store import Loop
from rheobase.kernels.cpu.threads import launch
from rheobase.kernels.precision import precision

Tensor = torch.Tensor


def applied(function: type[torch.autograd.Function]) -> Any:
    """`function.apply` without what it does for transforms, which plain tensors have none of."""
    return staticmethod(super(torch.autograd.Function, function).apply)  # type: ignore[misc]


def has_no_gaps(x: Tensor) -> bool:
    """Whether the elements of x fill a piece of memory, in whatever order."""
    return x.is_contiguous() or torch.empty_like(x).stride() == x.stride()


class Plan:
    """How a function of one tensor is computed, for one dtype and choice of parameters; how, with its gradient."""

    #: with_gradient(plan, x): the value, and what is kept for backward.
    with_gradient: Callable[..., Tensor]
    #: The same, written over x.
    over_with_gradient: Callable[..., Tensor]

    def __init__(self, wanted: Wanted, numbers: tuple[float, ...], dtype: str, forward: Prepared) -> None:
        self.wanted, self.numbers, self.dtype, self.arithmetic = wanted, numbers, dtype, precision.current()
        self.forward = forward

    def value(self, x: Tensor) -> Tensor:
        """The function at x."""
        result = torch.empty_like(x)
        if not x.is_contiguous() and result.stride() != x.stride():
            x = x.contiguous()
            result = torch.empty_like(x)
        return filled(self.forward, result, x)

    def can_fill(self, out: Tensor, x: Tensor) -> bool:
        """Whether the function at x can be written into `out` with nothing more to look after."""
        same = type(out) is Tensor and out.is_cpu and out.shape == x.shape and out.dtype is x.dtype
        if not same or out.requires_grad or not (out.is_contiguous() and x.is_contiguous()):
            return False
        return self.over is not None if out is x else abs(out.data_ptr() - x.data_ptr()) >= x.nbytes

    def filled(self, out: Tensor, x: Tensor) -> Tensor:
        """`out`, after the function at x was written into it."""
        # whoever keeps what was there before is to notice
        _increment_version((out,))
        return filled(self.over if out is x and self.over is not None else self.forward, out, x)

    @cached_property
    def over(self) -> Prepared | None:
        """The loop that writes over its input; None if it looks at its input again, as the exact core does."""
        if self.arithmetic == "exact":
            return None
        return prepared(self.wanted, (None, *self.numbers), self.dtype, "output")

    @property
    def spares_input(self) -> bool:
        """Whether the input can be written over, since backward needs nothing of it."""
        return False


class Prepared:
    """A loop, its words without their addresses, and where in them the last tensor's belongs."""

    def __init__(self, loop: Loop, numbers: Sequence[float | None]) -> None:
        self.loop, self.last = loop, len(numbers)
        self.words = words(arrange(()), 0, [0 if n is None else n for n in numbers])


def prepared(wanted: Wanted, numbers: tuple[float | None, ...], dtype: str, tensor: Shape = "array") -> Prepared | None:
    """The loop over tensors, where `numbers` has None, and numbers; None if there is no kernel."""
    kinds: tuple[Shape, ...] = tuple(tensor if n is None else "number" for n in numbers)
    loop = loop_for(wanted, Form(kinds, dtype, dtype), parameters_of(wanted, numbers))
    return None if loop is None else Prepared(loop, numbers)


def filled(prepared: Prepared, target: Tensor, first: Tensor, last: Tensor | None = None) -> Tensor:
    """`target`, after the loop has run on tensors that lie as it does."""
    block = array("q", prepared.words)
    block[0], block[1] = target.data_ptr(), first.data_ptr()
    if last is not None:
        block[prepared.last] = last.data_ptr()
    launch(prepared.loop, block, target.numel(), torch.get_num_threads())
    return target
