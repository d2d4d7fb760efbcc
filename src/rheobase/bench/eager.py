"""PyTorch's own functions, in eager mode and compiled."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F

from rheobase.bench import tensors
from rheobase.bench.work import Entries
from rheobase.definition import Definition

Function = Callable[..., torch.Tensor]


def entries(definition: Definition) -> Entries:
    """Eager mode."""
    function = function_of(definition)
    return {} if function is None else tensors.entries(definition, function, _over(function))


def compiled(definition: Definition) -> Entries:
    """torch.compile.

    It is asked for code that holds for every size: that is what its users run from the second size on, and
    compiling for each size would take longer than all else.
    """
    function = function_of(definition)
    if function is None:
        return {}
    over = _over(function)
    return tensors.entries(definition, _compile(function), None if over is None else _compile(over))


def _compile(function: Function) -> Function:
    def call(x: torch.Tensor, **weights: torch.Tensor) -> torch.Tensor:
        return function(x, **weights)

    # code of its own for each: all would share the number of times one piece of code may be compiled again, and
    # forgetting what was compiled before, while it is still referred to, ended in a crash
    call.__code__ = call.__code__.replace()
    result: Function = torch.compile(call, dynamic=True)
    return result


def function_of(definition: Definition) -> partial[torch.Tensor] | None:
    """torch.nn.functional's, with all arguments but its learnt ones; None if it has none."""
    theirs = definition.torch
    if not theirs.function:
        return None
    learnt = tensors.weights_of(definition)
    numbers = {name: value for name, value in definition.defaults.items() if name not in learnt}
    axis = {theirs.arguments["axis"]: -1} if "axis" in theirs.arguments else {}
    return partial(getattr(F, theirs.function), **numbers, **axis, **theirs.fixed)


def _over(function: partial[torch.Tensor]) -> Function | None:
    """The same written over its input, in whichever of its three ways torch offers that; None if in none."""
    plain: Any = function.func
    if not inspect.isfunction(plain):
        # torch.prelu is the one without `out`
        takes_out = plain is not torch.prelu
        return (lambda x: function(x, out=x)) if takes_out else None
    if "inplace" in inspect.signature(plain).parameters:
        return partial(function, inplace=True)
    own = getattr(torch, f"{plain.__name__}_", None)
    return own and partial(own, **function.keywords)
