"""What the loss function was given: its kind, and ranges and sums that tell logits from probabilities."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from rheobase.doctor.observe.blocks import few
from rheobase.doctor.records import LossCall

Tensor = torch.Tensor

#: torch's losses whose kind matters; what the others compare is looked at all the same.
CLASSES = ("cross_entropy", "nll_loss")
KINDS = (*CLASSES, "binary_cross_entropy", "binary_cross_entropy_with_logits", "mse_loss", "l1_loss", "smooth_l1_loss",
         "huber_loss", "poisson_nll_loss", "kl_div")  # fmt: skip

_MODULES = {
    nn.CrossEntropyLoss: "cross_entropy",
    nn.NLLLoss: "nll_loss",
    nn.BCELoss: "binary_cross_entropy",
    nn.BCEWithLogitsLoss: "binary_cross_entropy_with_logits",
    nn.MSELoss: "mse_loss",
    nn.L1Loss: "l1_loss",
    nn.SmoothL1Loss: "smooth_l1_loss",
    nn.HuberLoss: "huber_loss",
}


def kind_of(loss: Any) -> str:
    """torch's name of a loss, function or module; "" if it is none of those known."""
    if isinstance(loss, nn.Module):
        return _MODULES.get(type(loss), "")
    word = getattr(loss, "__name__", "")
    return word if word in KINDS and getattr(F, word) is loss else ""


class Losses:
    """The calls heard so far: numbers stay on the device until they are asked for."""

    def __init__(self) -> None:
        self.step = 0
        #: where the model's latest output lies
        self.output_at = 0
        self._calls: list[tuple[int, str, tuple[int, ...], bool, bool, Tensor]] = []

    def __len__(self) -> int:
        return len(self._calls)

    def heard(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Note the call, if it is of a loss of torch."""
        if kind := kind_of(func):
            self.take(kind, args, kwargs, None)

    def take(self, kind: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], value: Any) -> None:
        """Note a call of the loss of torch called `kind`."""
        prediction, target, *_ = (*args, *kwargs.values())
        self.note(kind, prediction, target, value)

    @torch.no_grad()
    def note(self, kind: str, prediction: Any, target: Any, value: Any) -> None:
        """Note prediction, target and value of a loss."""
        if not isinstance(prediction, Tensor) or not prediction.is_floating_point() or not prediction.numel():
            return
        p = prediction.detach()
        t = target.detach() if isinstance(target, Tensor) and target.numel() else p.new_zeros(1)
        classes = isinstance(target, Tensor) and not target.is_floating_point() and t.dim() == max(p.dim() - 1, 1)
        total = value.detach().float().mean() if isinstance(value, Tensor) else p.new_full((), math.nan)
        low, high, some = p.amin(), p.amax(), few(t.flatten(), 0).float()
        logs = (high <= 0) | (kind == "nll_loss")
        sums = [_off(p, logs, d) for d in (1, 0)] if p.dim() > 1 else [p.new_full((), math.inf)] * 2
        numbers = [total, low, high, *sums, t.amin(), t.amax(), some.mean(), some.std(correction=0)]
        direct = prediction.data_ptr() == self.output_at
        self._calls.append((self.step, kind, tuple(prediction.shape), classes, direct,
                            torch.stack([n.float() for n in numbers])))  # fmt: skip

    def value(self, total: Any) -> None:
        """Note the value of the calls heard: what several losses were summed to, where they are several."""
        for *_, numbers in self._calls if isinstance(total, Tensor) else ():
            numbers[0] = total.detach().float().mean()

    def statistics(self) -> tuple[LossCall, ...]:
        """All calls as plain numbers."""
        return tuple(_plain(*call) for call in self._calls)


def _plain(step: int, kind: str, shape: tuple[int, ...], classes: bool, direct: bool, numbers: Tensor) -> LossCall:
    value, low, high, rows, columns, *target = numbers.tolist()
    names = ("target_low", "target_high", "target_mean", "target_deviation")
    return LossCall(step=step, kind=kind, value=value, shape=shape, low=low, high=high, rows=rows, columns=columns,
                    **dict(zip(names, target, strict=True)), classes=classes,
                    finite=math.isfinite(low) and math.isfinite(high), direct=direct)  # fmt: skip


def _off(p: Tensor, logs: Tensor, dimension: int) -> Tensor:
    """How far the sums of shares along the first or second dimension are from 1, at most; some of them, if p is large.

    logs: whether p holds the shares' logarithms.
    """
    some = few(p, 1 - dimension).float()
    return (torch.where(logs, some.exp(), some).sum(dim=dimension) - 1).abs().amax()


@contextmanager
def calls_of_torch(hear: Callable[[str, tuple[Any, ...], Mapping[str, Any], Any], None]) -> Iterator[None]:
    """Inside, each call of one of `KINDS` by way of torch.nn.functional, or a module of torch.nn, is heard."""
    plain = {kind: getattr(F, kind) for kind in KINDS}

    def listening(kind: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = plain[kind](*args, **kwargs)
            hear(kind, args, kwargs, result)
            return result

        return call

    for kind in KINDS:
        setattr(F, kind, listening(kind))
    try:
        yield
    finally:
        for kind in KINDS:
            setattr(F, kind, plain[kind])
