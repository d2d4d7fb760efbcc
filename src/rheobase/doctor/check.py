"""Before training: one pass forward and backward over a batch, and no step."""

from __future__ import annotations

from collections.abc import Callable, Collection
from time import perf_counter
from typing import Any

import torch
from torch import nn

from rheobase.doctor.observe.case import layers, sites
from rheobase.doctor.observe.inputs import of_inputs
from rheobase.doctor.observe.kept import left_as_it_was
from rheobase.doctor.observe.listener import Listener
from rheobase.doctor.observe.losses import Losses, kind_of
from rheobase.doctor.observe.output import place_of
from rheobase.doctor.observe.weights import Weights
from rheobase.doctor.observe.wrappers import unwrapped
from rheobase.doctor.records import Case, Overhead
from rheobase.doctor.report import Report
from rheobase.doctor.rules import diagnose
from rheobase.errors import UnsupportedInput

Tensor = torch.Tensor


def check(
    model: nn.Module,
    batch: tuple[Any, Any],
    loss: Callable[..., Any] | None = None,
    suppress: Collection[str] = (),
) -> Report:
    """Look for what is wrong before any training: one forward and backward pass, no step taken.

    Args:
        model: any module; it is run in the mode it is in. Its parameters, gradients and buffers and the
            random numbers of the process are afterwards what they were.
        batch: (x, y); x a tensor, or a tuple or dict of the arguments of forward. The more samples it has, the
            more can be said about dead units: some hundreds are good.
        loss: loss(model(x), y), a function or module. Without it nothing is said about losses and gradients.
        suppress: names of rules to leave out.

    Returns a Report; its findings are ordered from the worst.

    Raises UnsupportedInput if `batch` is not a pair, or `suppress` names no rule.

    >>> import torch, rheobase.torch as rt
    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3), torch.nn.Softmax(-1))
    >>> x, y = torch.randn(64, 4), torch.randint(3, (64,))
    >>> rt.check(net, (x, y), loss=torch.nn.functional.cross_entropy).findings[0].rule
    'softmax-into-cross-entropy'
    """
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise UnsupportedInput("check needs a batch (x, y): the input and the target")
    start = perf_counter()
    x, y = batch
    inner, losses = unwrapped(model), Losses()
    listener, weights = Listener(inner, losses.heard), Weights(inner, None)
    inputs = tuple(x.values()) if isinstance(x, dict) else tuple(x) if isinstance(x, tuple | list) else (x,)
    with left_as_it_was(inner), torch.enable_grad():
        with listener.attached():
            value = _run(listener, losses, inner, x, y, loss, inputs)
        if isinstance(value, Tensor) and value.requires_grad:
            weights.gradients(_gradients(value, list(weights.tensors.values())))
    found = sites(listener)
    seconds = perf_counter() - start
    case = Case(
        sites=found, first=found, parameters=weights.statistics(), layers=layers(listener),
        doubled=tuple(listener.structure.doubled), losses=losses.statistics(), inputs=of_inputs(inputs),
        attention=listener.attention.statistics(),
        output=listener.output.site[1] if listener.output.site else "", output_kind=listener.output.kind,
        moments=(), steps=(0,), overhead=Overhead(seconds, 1.0, 1, 0, 0.0), trained=False, optimised=False,
    )  # fmt: skip
    return Report(case, diagnose(case, suppress))


def _run(listener: Listener, losses: Losses, model: nn.Module, x: Any, y: Any,
         loss: Callable[..., Any] | None, inputs: tuple[Any, ...]) -> Any:  # fmt: skip
    with listener.begin(inputs):
        output = model(**x) if isinstance(x, dict) else model(*inputs)
        listener.end(output)
        losses.output_at = place_of(output)
        if loss is None:
            return None
        value = loss(output, y)
    if not losses:
        # a loss of the user's own, or an imported function of torch's that was not called by the mode
        losses.note(kind_of(loss), output, y, value)
    losses.value(value)
    return value.mean() if isinstance(value, Tensor) and value.numel() > 1 else value


def _gradients(value: Tensor, tensors: list[Tensor]) -> list[Tensor | None]:
    wanted = [t for t in tensors if t.requires_grad]
    found = iter(torch.autograd.grad(value, wanted, allow_unused=True) if wanted else ())
    return [next(found) if t.requires_grad else None for t in tensors]
