"""Functions written in terms of others: proved by algebra, then held against computed values."""

from __future__ import annotations

import numpy as np
import torch

import rheobase as rb
import rheobase.torch as rt
from rheobase.claims.experiments.shape import GRID
from rheobase.claims.record import Measured, Picture
from rheobase.errors import DefinitionError
from rheobase.facts.relatives import prove


def is_proved(left: str, right: str) -> float:
    """1 if left = right is proved, 0 if it is refuted; both are formulas over the names of the catalogue."""
    try:
        prove(left, right)
    except DefinitionError:
        return 0.0
    return 1.0


def by_sigmoid(name: str, seed: int = 0) -> Measured:
    """2 sigmoid(2x) - 1: is it the function, and is it a way to compute it in float32?"""
    f, x = rb.get(name), np.float32(2.0) ** np.arange(-30, 4, dtype=np.float32)
    exact = f(x.astype(np.float64))
    recipe = np.abs(2 * rb.sigmoid(2 * x) - 1 - exact) / exact
    own = np.abs(f(x) - exact) / exact
    lines = {"2·sigmoid(2x) − 1": (x.tolist(), recipe.tolist()), name: (x.tolist(), own.tolist())}
    return Measured({
        "proved": is_proved(f"{name}(x)", "2*sigmoid(2*x) - 1"),
        "largest difference in float64": float(np.abs(f(GRID) - (2 * rb.sigmoid(2 * GRID) - 1)).max()),
        "relative error of the recipe in float32": float(recipe.max()),
        "relative error of the function in float32": float(own.max()),
    }, Picture("x", "relative error in float32", lines, log="xy"))  # fmt: skip


def slope_is(name: str, slope: str, seed: int = 0) -> Measured:
    """The derivative of `name` against the function `slope`, and against differences of values."""
    f, g = rb.get(name), rb.get(slope)
    middle = (GRID[1:] + GRID[:-1]) / 2
    differences = np.diff(f(GRID)) / np.diff(GRID)
    return Measured({
        "proved": is_proved(f"{name}_prime(x)", f"{slope}(x)"),
        "largest difference": float(np.abs(f.derivative(GRID) - g(GRID)).max()),
        "largest difference to differences of values": float(np.abs(differences - g(middle)).max()),
    })  # fmt: skip


def prelu_equals(slope: float, other: str, seed: int = 0, name: str = "prelu") -> Measured:
    """PReLU at a fixed slope against another function: values and gradients, as float32, also at the ends."""
    x = torch.tensor(GRID, dtype=torch.float32).requires_grad_()
    f, g = rt.module(name, init=slope, learnable=False), rt.module(other)
    slopes = [torch.autograd.grad(each(x).sum(), x)[0] for each in (f, g)]
    ends = torch.tensor([-np.inf, np.inf])
    return Measured({
        "values that differ": float((f(x) != g(x)).sum()),
        "gradients that differ": float((slopes[0] != slopes[1]).sum()),
        "values at ±inf that differ": float((f(ends) != g(ends)).sum()),
        "inputs": float(len(x)),
        "slope": slope,
    })  # fmt: skip
