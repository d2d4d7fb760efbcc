"""Hooks → plain numbers: what every activation module of a network does on given data."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rheobase.activation import Activation as Function
from rheobase.facts.saturation import SHARE
from rheobase.torch import Activation

Tensor = torch.Tensor

#: Edges of the pre-activation histograms; what lies outside is counted in the end bins.
EDGES = np.linspace(-6.0, 6.0, 61)


@dataclass(frozen=True, slots=True)
class Site:
    """One activation module on one data set. A unit is a feature (last axis) of its input z.

    f' is the slope that back-propagation uses: of the stand-in where the module is straight-through.
    dead: share of units with f'(z) exactly 0 on every sample. saturated: mean share of samples, over
    units, with |f'(z)| below `SHARE` of the largest |f'| (0 for functions whose slope has no maximum).
    mean_shift: mean of f(z) in units of its own root mean square: 0 is centred, ±1 is all offset.
    gradient: root mean square of ∂loss/∂z. histogram: counts of z in `EDGES`.
    """

    path: str
    function: str
    dead: float
    saturated: float
    mean_shift: float
    gradient: float
    histogram: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Health:
    """A network's sites from input to output, and the decades of gradient lost between the last and the first."""

    sites: tuple[Site, ...]
    gradient_decades: float

    @property
    def dead(self) -> float:
        """Mean share of dead units over the sites."""
        return _mean([s.dead for s in self.sites])

    @property
    def saturated(self) -> float:
        """Mean saturated share over the sites."""
        return _mean([s.saturated for s in self.sites])

    @property
    def mean_shift(self) -> float:
        """Mean shift, averaged over the sites."""
        return _mean([s.mean_shift for s in self.sites])


def measure(model: nn.Module, x: Tensor, loss: Callable[[Tensor], Tensor]) -> Health:
    """Run `model` on `x` once, forward and backward of loss(model(x)), and measure each activation module.

    The model's parameters and their gradients are left as they were.
    """
    seen: list[tuple[str, Activation, Tensor]] = []

    def note(path: str) -> Callable[[Any, Any], Any]:
        def before(module: Any, inputs: tuple[Tensor, ...]) -> tuple[Tensor]:
            z = inputs[0] if inputs[0].requires_grad else inputs[0].detach().requires_grad_()
            seen.append((path, module, z))
            return (z,)

        return before

    modules = [(path, m) for path, m in model.named_modules() if isinstance(m, Activation)]
    handles = [m.register_forward_pre_hook(note(path)) for path, m in modules]
    try:
        value = loss(model(x))
    finally:
        for handle in handles:
            handle.remove()
    gradients = torch.autograd.grad(value, [z for _, _, z in seen], allow_unused=True)
    sites = tuple(_site(*where, gradient) for where, gradient in zip(seen, gradients, strict=True))
    return Health(sites, _decades(sites))


def trained_by(module: Activation) -> Function:
    """The function whose slope back-propagation uses in `module`: its own, or its straight-through stand-in."""
    return module.straight_through or module.function


@torch.no_grad()
def _site(path: str, module: Activation, z: Tensor, gradient: Tensor | None) -> Site:
    flat = z.detach().reshape(-1, z.shape[-1])
    parameters: dict[str, Any] = {k: v.detach() if isinstance(v, Tensor) else v for k, v in module.values(2).items()}
    learner = trained_by(module)
    slope = learner.derivative(flat, **(parameters if learner is module.function else {})).abs()
    steepest = learner.facts.lipschitz
    output = module.function(flat, **parameters)
    return Site(
        path=path,
        function=module.definition.name,
        dead=float((slope == 0).all(dim=0).float().mean()),
        saturated=float((slope < SHARE * steepest).float().mean()) if math.isfinite(steepest) else 0.0,
        mean_shift=float(output.mean() / output.pow(2).mean().sqrt().clamp_min(1e-30)),
        gradient=0.0 if gradient is None else float(gradient.pow(2).mean().sqrt()),
        histogram=np.histogram(flat.clamp(EDGES[0], EDGES[-1]).double().numpy(), EDGES)[0],
    )


def _decades(sites: tuple[Site, ...]) -> float:
    if len(sites) < 2 or not sites[-1].gradient:
        return 0.0
    return math.log10(sites[-1].gradient / sites[0].gradient) if sites[0].gradient else math.inf


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
