"""Kernels on PyTorch's CPU tensors in eager mode: one pass forward, one pass backward.

Whatever transforms or traces a program (compile, export, vmap, forward mode, a second derivative) takes the
composite operators of `rheobase.torch.autograd`, which it can look into. Here is the common case of one tensor
and numbers; `rheobase.torch.mixed` has the others. On small tensors every microsecond shows, so all that does not
depend on the tensor's elements is looked up at once, as a plan.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from torch._C import _get_tracing_state as tracing
from torch._C import _len_torch_dispatch_stack as dispatch_modes
from torch._C._functorch import maybe_current_level as functorch_level
from torch.autograd import forward_ad

from rheobase.definition import REGISTERED
from rheobase.kernels.cpu.layout import arrange
from rheobase.kernels.cpu.loops import Shape
from rheobase.kernels.cpu.request import Form, Wanted, loop_for, parameters_of, words
from rheobase.kernels.cpu.store import Loop
from rheobase.kernels.cpu.threads import launch
from rheobase.kernels.precision import precision
from rheobase.torch import mixed
from rheobase.torch.kept import saves
from rheobase.torch.operations import DTYPES

Tensor = torch.Tensor

_PLAIN = {Tensor, torch.nn.Parameter}


def is_plain(arguments: Sequence[Any]) -> bool:
    """Whether these are ordinary CPU tensors and numbers, and nobody watches what is done with them."""
    if functorch_level() is not None or dispatch_modes() or forward_ad._current_level >= 0 or tracing() is not None:
        return False
    return all(type(a) is float or (type(a) in _PLAIN and a.is_cpu and a.layout is torch.strided) for a in arguments)


def run(wanted: Wanted, arguments: Sequence[Any], out: Tensor | None = None) -> Tensor | None:
    """The value at plain tensors and numbers, with its gradient; None if there is no kernel for it."""
    x, *numbers = arguments
    if out is not None or any(type(n) is not float for n in numbers):
        return mixed.run(wanted, arguments, out)
    plan = _plan(wanted, tuple(numbers), x.dtype, precision.current(), saves.current())
    if plan is None:
        return None
    if x.requires_grad and torch.is_grad_enabled():
        result: Tensor = OneTensor.apply(plan, x)  # type: ignore[no-untyped-call]
        return result
    return plan.value(x)


class OneTensor(torch.autograd.Function):
    """A kernel with a kernel for its backward, both in the same precision; what is kept is the input or the output."""

    @staticmethod
    def forward(ctx: Any, plan: Plan, x: Tensor) -> Tensor:
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


class Plan:
    """How a function of one tensor is computed forward and backward, for one dtype and choice of parameters."""

    def __init__(
        self, wanted: Wanted, numbers: tuple[float, ...], forward: Prepared, backward: Prepared | None
    ) -> None:
        self.pulled, self.numbers = wanted, numbers
        self.forward, self.backward = forward, backward
        self.keeps_nothing = wanted.from_output and REGISTERED[wanted.key].torch.keeps == "nothing"

    def value(self, x: Tensor) -> Tensor:
        """The function at x."""
        if not x.is_contiguous() and torch.empty_like(x).stride() != x.stride():
            x = x.contiguous()
        return _filled(self.forward, torch.empty_like(x), x)

    def gradient(self, kept: Tensor, upstream: Tensor) -> Tensor:
        """Upstream gradient × derivative, from the input or the output."""
        # a second derivative may be asked for, and kernels have none
        if self.backward is None or torch.is_grad_enabled() or not is_plain((upstream,)):
            return self._composite(kept, upstream)
        result = torch.empty_like(kept)
        if not upstream.stride() == kept.stride() == result.stride():
            kept, upstream, result = kept.contiguous(), upstream.contiguous(), torch.empty(kept.shape, dtype=kept.dtype)
        return _filled(self.backward, result, kept, upstream)

    def _composite(self, kept: Tensor, upstream: Tensor) -> Tensor:
        from rheobase.torch.autograd import composite_from_output, composite_gradient

        if self.pulled.from_output:
            return composite_from_output(self.pulled.key, kept, upstream)
        return composite_gradient(self.pulled, 0, [kept, *self.numbers], upstream)


class Prepared:
    """A loop, its words without their addresses, and where in them the last tensor's belongs."""

    def __init__(self, loop: Loop, numbers: Sequence[float | None]) -> None:
        self.loop, self.last = loop, len(numbers)
        self.words = words(arrange(()), 0, [0 if n is None else n for n in numbers])


def _filled(prepared: Prepared, target: Tensor, first: Tensor, last: Tensor | None = None) -> Tensor:
    block = array("q", prepared.words)
    block[0], block[1] = target.data_ptr(), first.data_ptr()
    if last is not None:
        block[prepared.last] = last.data_ptr()
    launch(prepared.loop, block, target.numel(), torch.get_num_threads())
    return target


@lru_cache(maxsize=4096)
def _plan(wanted: Wanted, numbers: tuple[float, ...], dtype: torch.dtype, arithmetic: str, kept: str) -> Plan | None:
    """The plan for these settings; None if the function has no kernel."""
    forward = _prepared(wanted, (None, *numbers), DTYPES[dtype])
    if forward is None:
        return None
    backward = _prepared_from_output(wanted, numbers, DTYPES[dtype], kept)
    if backward is not None:
        return Plan(wanted._replace(pull=0, from_output=True), numbers, forward, backward)
    pulled = wanted._replace(pull=0)
    return Plan(pulled, numbers, forward, _prepared(pulled, (None, *numbers, None), DTYPES[dtype]))


def _prepared(wanted: Wanted, numbers: tuple[float | None, ...], dtype: str) -> Prepared | None:
    kinds: tuple[Shape, ...] = tuple("array" if n is None else "number" for n in numbers)
    loop = loop_for(wanted, Form(kinds, dtype, dtype), parameters_of(wanted, numbers))
    return None if loop is None else Prepared(loop, numbers)


def _prepared_from_output(wanted: Wanted, numbers: tuple[float, ...], dtype: str, kept: str) -> Prepared | None:
    """Backward from the output, if that is to be kept and tells the slope."""
    definition = REGISTERED[wanted.key]
    if wanted.path or kept == "input" or (kept == "default" and definition.torch.keeps == "input"):
        return None
    if parameters_of(wanted, (None, *numbers)) != tuple(definition.defaults.values()):
        return None
    return _prepared(wanted._replace(pull=0, from_output=True), (None, None), dtype)
