"""Steps of many members, each with its own learning rate, by the rules of PyTorch's optimizers.

Those know one rate for a group of parameters: members would be handed over rate by rate, in calls that take longer
than what they compute.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from functools import cache
from inspect import signature
from struct import Struct

import torch
from torch import nn

from rheobase.kernels.cpu.store import Loop, Source, compiled
from rheobase.kernels.cpu.threads import launch
from rheobase.study.plan import Optimizer
from rheobase.torch.operations import DTYPES

Tensor = torch.Tensor

_REAL, _BITS = Struct("d"), Struct("q")
#: All that Adam does to a number, while it is at hand; the numbers below are places in the words.
_ADAM = """
def entry(words, low, high):
    rates = pointer_in(words[0])
    beta1, beta2, eps = as_float64(words[1]), as_float64(words[2]), real(as_float64(words[3]))
    keep, new1, new2 = real(beta2), real(1.0 - beta1), real(1.0 - beta2)
    begun, root_begun = real(as_float64(words[4])), real(as_float64(words[5]))
    for member in range(low, high):
        rate = rates[member] / begun
        for p in range(7, 7 + 5 * words[6], 5):
            size = words[p]
            first = member * size * SIZE
            weight, slope = pointer_out(words[p + 1] + first), pointer_in(words[p + 2] + first)
            mean, square = pointer_out(words[p + 3] + first), pointer_out(words[p + 4] + first)
            for i in range(size):
                m = mean[i] + (slope[i] - mean[i]) * new1
                v = square[i] * keep + slope[i] * slope[i] * new2
                mean[i] = m
                square[i] = v
                weight[i] -= rate * m / (sqrt(v) / root_begun + eps)
"""
_BEGUN, _ROOT_BEGUN = 4, 5


class Adam:
    """torch.optim.Adam, for parameters of shape (members, …) and a rate per member."""

    def __init__(self, parameters: Sequence[nn.Parameter], rates: Tensor) -> None:
        settings = signature(torch.optim.Adam).parameters
        self.betas, self.steps, self.rates = settings["betas"].default, 0, rates
        numbers = *self.betas, settings["eps"].default, 0.0, 0.0
        self.words = array("q", [rates.data_ptr(), *map(_bits, numbers), len(parameters)])
        # addresses stay good as long as the tensors are held
        self.held = [(p, p.grad, torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
        for tensors in self.held:
            assert all(t is not None and t.is_contiguous() for t in tensors)
            self.words.extend([tensors[0][0].numel(), *[t.data_ptr() for t in tensors if t is not None]])
        self.loop = _adam(rates.dtype)

    def step(self) -> None:
        """Go where the gradients of the parameters point."""
        self.steps += 1
        begun, begun_squares = (1 - beta**self.steps for beta in self.betas)
        self.words[_BEGUN], self.words[_ROOT_BEGUN] = _bits(begun), _bits(begun_squares**0.5)
        launch(self.loop, self.words, len(self.rates), threads=1)


@cache
def _adam(dtype: torch.dtype) -> Loop:
    name = DTYPES[dtype]
    return compiled(Source(_ADAM.replace("SIZE", str(dtype.itemsize)), name, name, name))


def _bits(number: float) -> int:
    found: int = _BITS.unpack(_REAL.pack(number))[0]
    return found


class SGD:
    """torch.optim.SGD, for parameters of shape (members, …) and a rate per member."""

    def __init__(self, parameters: Sequence[nn.Parameter], rates: Tensor) -> None:
        self.parameters = [(p.detach(), p.grad, rates.reshape(-1, *[1] * (p.dim() - 1))) for p in parameters]

    def step(self) -> None:
        """Go where the gradients of the parameters point."""
        for parameter, gradient, rates in self.parameters:
            assert gradient is not None
            parameter.addcmul_(gradient, rates, value=-1)


OPTIMIZERS: Mapping[Optimizer, type[Adam | SGD]] = {"adam": Adam, "sgd": SGD}
