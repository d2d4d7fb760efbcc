"""Kernels on PyTorch's CPU tensors in eager mode: one pass forward, one pass backward.

Whatever transforms or traces a program (compile, export, vmap, forward mode, a second derivative) takes the
composite operators of `rheobase.torch.autograd`, which it can look into. Here is the common case of one tensor
and numbers; `rheobase.torch.mixed` has the others. On small tensors every microsecond shows, so all that does not
depend on the tensor's elements is looked up at once, as a plan.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
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

_PLAIN = frozenset({Tensor, torch.nn.Parameter})
_STRIDED = torch.strided


def is_plain(arguments: Sequence[Any]) -> bool:
    """Whether these are ordinary CPU tensors and numbers, and nobody watches what is done with them."""
    if functorch_level() is not None or dispatch_modes() or forward_ad._current_level >= 0 or tracing() is not None:
        return False
    for a in arguments:
        kind = type(a)
        if kind is not float and not (kind in _PLAIN and a.is_cpu and a.layout is _STRIDED):
            return False
    return True


def run(
    key: str, path: tuple[int, ...], at_rest: bool, arguments: Sequence[Any], out: Tensor | None = None
) -> Tensor | None:
    """The value at plain tensors and numbers, with its gradient; None if there is no kernel for it."""
    x, *numbers = arguments
    for number in numbers:
        if type(number) is not float:
            return mixed.run(Wanted(key, path, at_rest), arguments, out)
    plan = _plan(key, path, at_rest, tuple(numbers), x.dtype, precision.current(), saves.current())
    if plan is None:
        return None
    if out is not None:
        return plan.filled(out, x) if plan.can_fill(out, x) else mixed.run(Wanted(key, path, at_rest), arguments, out)
    if x.requires_grad and torch.is_grad_enabled():
        return _with_gradient(plan, x)
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


# what Function.apply does besides is done for transforms, which plain tensors have none of
_with_gradient: Callable[..., Tensor] = super(torch.autograd.Function, OneTensor).apply


class Plan:
    """How a function of one tensor is computed forward and backward, for one dtype and choice of parameters."""

    def __init__(self, wanted: Wanted, numbers: tuple[float, ...], dtype: str, kept: str, forward: Prepared) -> None:
        self.wanted, self.numbers, self.dtype, self.arithmetic = wanted, numbers, dtype, precision.current()
        self.forward = forward
        self.backward = _prepared_from_output(wanted, numbers, dtype, kept)
        self.pulled = wanted._replace(pull=0, from_output=self.backward is not None)
        if self.backward is None:
            self.backward = _prepared(self.pulled, (None, *numbers, None), dtype)
        self.keeps_nothing = self.pulled.from_output and REGISTERED[wanted.key].torch.keeps == "nothing"

    def value(self, x: Tensor) -> Tensor:
        """The function at x."""
        result = torch.empty_like(x)
        if not x.is_contiguous() and result.stride() != x.stride():
            x = x.contiguous()
            result = torch.empty_like(x)
        return _filled(self.forward, result, x)

    def can_fill(self, out: Tensor, x: Tensor) -> bool:
        """Whether the function at x can be written into `out` with nothing more to look after."""
        same = type(out) is Tensor and out.is_cpu and out.shape == x.shape and out.dtype is x.dtype
        if not same or out.requires_grad or not (out.is_contiguous() and x.is_contiguous()):
            return False
        return self.over is not None if out is x else abs(out.data_ptr() - x.data_ptr()) >= x.nbytes

    def filled(self, out: Tensor, x: Tensor) -> Tensor:
        """`out`, after the function at x was written into it."""
        return _filled(self.over if out is x and self.over is not None else self.forward, out, x)

    @cached_property
    def over(self) -> Prepared | None:
        """The loop that writes over its input; None if it looks at its input again, as the exact core does."""
        if self.arithmetic == "exact":
            return None
        return _prepared(self.wanted, (None, *self.numbers), self.dtype, "output")

    def gradient(self, kept: Tensor, upstream: Tensor) -> Tensor:
        """Upstream gradient × derivative, from the input or the output."""
        # a second derivative may be asked for, and kernels have none
        if self.backward is None or torch.is_grad_enabled() or not is_plain((upstream,)):
            return self._composite(kept, upstream)
        result = torch.empty_like(kept)
        if not (kept.is_contiguous() and upstream.is_contiguous()) and not (
            upstream.stride() == kept.stride() == result.stride()
        ):
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
def _plan(
    key: str, path: tuple[int, ...], at_rest: bool, numbers: tuple[float, ...], dtype: torch.dtype, arithmetic: str,
    kept: str,
) -> Plan | None:  # fmt: skip
    """The plan for these settings, `arithmetic` among them; None if the function has no kernel."""
    wanted = Wanted(key, path, at_rest)
    forward = _prepared(wanted, (None, *numbers), DTYPES[dtype])
    return None if forward is None else Plan(wanted, numbers, DTYPES[dtype], kept, forward)


def _prepared(
    wanted: Wanted, numbers: tuple[float | None, ...], dtype: str, tensor: Shape = "array"
) -> Prepared | None:
    kinds: tuple[Shape, ...] = tuple(tensor if n is None else "number" for n in numbers)
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
