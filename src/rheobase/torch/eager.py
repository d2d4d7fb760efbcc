"""Kernels on PyTorch's CPU tensors in eager mode: one pass forward, one pass backward.

Whatever transforms or traces a program (compile, export, vmap, forward mode, a second derivative) takes the
composite operators of `rheobase.torch.autograd`, which it can look into. Here is the common case of one tensor
and numbers; `rheobase.torch.mixed` has the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch

from rheobase.kernels.cpu import masks
from rheobase.kernels.cpu.request import Wanted
from rheobase.kernels.precision import precision
from rheobase.torch import mixed
from rheobase.torch.kept import saves
from rheobase.torch.masked import MaskedPlan
from rheobase.torch.operations import DTYPES
from rheobase.torch.plain import is_plain
from rheobase.torch.plan import Plan, has_no_gaps, prepared
from rheobase.torch.whole import WholePlan

Tensor = torch.Tensor


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
        return plan.with_gradient(plan, x)
    return plan.value(x)


def over(key: str, x: Tensor, numbers: tuple[Any, ...]) -> Tensor | None:
    """x, after the value was written over it, with its gradient; None if something must be copied first.

    None, too, for what torch refuses or looks after itself: leaves whose gradient is asked for, and views.
    """
    if torch.compiler.is_compiling() or not is_plain((x, *numbers)) or x.dtype not in DTYPES:
        return None
    if not all(type(number) is float for number in numbers):
        return None
    settings = key, (), False, numbers, x.dtype, precision.current()
    plan = _plan(*settings, saves.current())
    if plan is None or x._is_view() or not has_no_gaps(x):
        return None
    if not (x.requires_grad and torch.is_grad_enabled()):
        return None if plan.over is None else plan.filled(x, x)
    if x.is_leaf:
        return None
    if not plan.spares_input:
        # where bits tell the slope, a copy of x would tell no more
        plan = _plan(*settings, "lean")
        if not isinstance(plan, MaskedPlan):
            return None
    return plan.over_with_gradient(plan, x)


@lru_cache(maxsize=4096)
def _plan(
    key: str, path: tuple[int, ...], at_rest: bool, numbers: tuple[float, ...], dtype: torch.dtype, arithmetic: str,
    kept: str,
) -> Plan | None:  # fmt: skip
    """The plan for these settings, `arithmetic` among them; None if the function has no kernel."""
    wanted = Wanted(key, path, at_rest)
    forward = prepared(wanted, (None, *numbers), DTYPES[dtype])
    if forward is None:
        return None
    loops = masks.loops_for(wanted, DTYPES[dtype], numbers) if kept == "lean" else None
    if loops is not None:
        return MaskedPlan(wanted, numbers, DTYPES[dtype], loops, forward)
    return WholePlan(wanted, numbers, DTYPES[dtype], kept, forward)
