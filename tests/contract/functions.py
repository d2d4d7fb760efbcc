"""The catalogue as the tests go through it, and what they feed it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
import torch

import rheobase as rb
from rheobase.activation import Activation
from rheobase.definition import Definition

FUNCTIONS = [rb.get(name) for name in rb.names()]
DETERMINISTIC = [f for f in FUNCTIONS if f.definition.noise is None]
ELEMENTWISE = [f for f in FUNCTIONS if f.definition.kind == "elementwise"]
GATED = [f for f in FUNCTIONS if f.definition.kind == "gated"]
ROWS = [f for f in DETERMINISTIC if f.definition.kind == "row"]
#: Rows that keep their length: those that have a Jacobian.
WHOLE_ROWS = [f for f in ROWS if not f.definition.groups]


def each(functions: Iterable[Activation]) -> pytest.MarkDecorator:
    """Runs a test on every one of `functions`, as its argument `function`."""
    return pytest.mark.parametrize("function", functions, ids=lambda f: f.name)


each_elementwise = each(ELEMENTWISE)


def sample(*shape: int) -> torch.Tensor:
    """The same random float32 points at every call."""
    return torch.randn(shape or (3, 6, 4), generator=torch.Generator().manual_seed(0)) * 3


def away_from_kinks(*shape: int) -> torch.Tensor:
    """Random float64 points, a tenth away from every kink of the catalogue, that ask for a gradient."""
    x = torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 2
    near = (2 * x - (2 * x).round()).abs() < 0.2
    return torch.where(near, x + 0.15, x).requires_grad_()


def keywords_of_torch(definition: Definition, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
    """All arguments of the function in torch.nn.functional, by name; what a module learns is a tensor there."""
    learnt = {p.name: torch.tensor([p.default], dtype=dtype) for p in definition.parameters if p.learnable}
    return {**definition.defaults, **learnt, **definition.torch.fixed}
