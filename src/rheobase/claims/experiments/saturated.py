"""Is a saturated unit stuck for ever? One that starts far out on the wrong side, and is told so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.integrate import quad

import rheobase as rb
import rheobase.torch as rt
from rheobase.claims.record import Measured, Picture

#: Distances from 0 at which units start, on both sides; what they should put out is f at 2 on the other side.
STARTS = torch.cat([torch.arange(-20.0, -9.0), torch.arange(10.0, 21.0)])
AIM = 2.0
STEPS = 10_000

Function = Callable[[torch.Tensor], torch.Tensor]

OPTIMIZERS: dict[str, Callable[[torch.nn.Parameter], torch.optim.Optimizer]] = {
    "SGD": lambda p: torch.optim.SGD([p], lr=1.0),
    "Adam": lambda p: torch.optim.Adam([p], lr=0.01),
    "Adam, ε = 1e-30": lambda p: torch.optim.Adam([p], lr=0.01, eps=1e-30),
}
#: What is tried with each optimizer: the gradient, torch's or the accurate one; the optimizer; the precision.
WAYS = {
    "SGD": (("torch", "SGD", torch.float32), ("accurate", "SGD", torch.float32), ("accurate", "SGD", torch.float64)),
    "Adam": (("torch", "Adam", torch.float32), ("accurate", "Adam", torch.float32),
             ("accurate", "Adam, ε = 1e-30", torch.float32)),
}  # fmt: skip


def stuck(name: str, optimizer: str, seed: int = 0) -> Measured:
    """How many of 22 units at x = ±10 … ±20 leave the flat side, by squared error, within 10 000 steps?

    With torch's gradient, which is computed from the rounded output, and with the accurate one, from the input.
    """
    f, bound = rb.get(name), rb.get(name).facts.saturation.right or 0.0
    gradients = {"torch": getattr(torch, name), "accurate": from_input(f)}
    numbers, lines = {"units": float(len(STARTS))}, {}
    for gradient, how, dtype in WAYS[optimizer]:
        steps = _steps_to_leave(gradients[gradient], how, bound, dtype)
        way = f"{gradient} gradient, {how}, {str(dtype).removeprefix('torch.')}"
        numbers[f"left, {way}"] = float((steps < STEPS).sum())
        lines[way] = (STARTS.tolist(), steps.tolist())
    numbers["left at most"] = max(value for label, value in numbers.items() if label.startswith("left"))
    for gradient, function in gradients.items():
        numbers[f"gradients that are 0, {gradient}"] = float((_gradient(function) == 0).sum())
    for start in (10.0, 20.0):
        numbers[f"steps of exact SGD from {start:g}"] = steps_of_flow(name, start)
    return Measured(numbers, Picture("start", "steps to leave", lines, log="y", kind="points"))


def from_input(f: Function) -> Function:
    """The function with a slope computed from its input: from an output that rounds to 1 it would be 0."""

    def computed(x: torch.Tensor) -> torch.Tensor:
        with rt.saves("input"):
            return f(x)

    return computed


def _loss(f: Function, x: torch.Tensor) -> torch.Tensor:
    return (f(x) - f(-AIM * STARTS.sign().to(x.dtype))).square().sum() / 2


def _gradient(f: Function) -> torch.Tensor:
    x = STARTS.clone().requires_grad_()
    return torch.autograd.grad(_loss(f, x), x)[0]


def _steps_to_leave(f: Function, how: str, bound: float, dtype: torch.dtype) -> np.ndarray:
    x = torch.nn.Parameter(STARTS.to(dtype, copy=True))
    optimizer, steps = OPTIMIZERS[how](x), np.full(len(STARTS), STEPS)
    for step in range(1, STEPS):
        optimizer.zero_grad()
        torch.autograd.backward(_loss(f, x))
        optimizer.step()
        away = (x.detach() * STARTS.sign() < bound).numpy()
        steps = np.where(away, np.minimum(steps, step), steps)
        if away.all():
            break
    return steps


def steps_of_flow(name: str, start: float) -> float:
    """Steps that gradient descent in exact arithmetic takes from `start` to the end of the flat side: ∫ dx/gradient."""
    f, bound = rb.get(name), rb.get(name).facts.saturation.right or 0.0

    def per_step(x: float) -> float:
        return 1 / float((f(x) - f(-AIM)) * f.derivative(x))

    return float(quad(per_step, bound, start, limit=200)[0])
