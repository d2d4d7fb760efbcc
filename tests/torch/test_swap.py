"""Swapping functions in a model: what is replaced, what is shared, and what is found but cannot be."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import rheobase as rb
import rheobase.torch as rt


class Mixed(nn.Module):
    """Modules and calls side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True), nn.GELU(approximate="tanh"))
        self.shared = nn.ReLU()
        self.again = self.shared

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.again(self.shared(self.body(x)))
        return torch.relu(x) + F.relu(x) + x.relu() + torch.tanh(x)


class Branching(Mixed):
    """Cannot be traced symbolically."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x) if x.sum() > 0 else x


def test_modules_are_replaced_and_calls_reported() -> None:
    model = Mixed().eval()
    result = rt.swap(model, {"relu": "swish", "gelu_tanh": "mish"})
    assert [(r.path, r.old, r.new) for r in result.replaced] == [
        ("body.1", "relu", "silu"),
        ("body.2", "gelu_tanh", "mish"),
        ("shared", "relu", "silu"),
        ("again", "relu", "silu"),
    ]
    assert model.shared is model.again
    assert not model.shared.training
    assert sorted(u.call for u in result.unreached) == ["Tensor.relu()", "relu()", "relu()"]
    assert not result.untraced
    assert model.body[2].definition.name == "mish"


def test_ours_are_replaced_too_and_gelu_is_told_from_its_tanh_form() -> None:
    model = nn.Sequential(rt.SiLU(), nn.GELU(), nn.GELU(approximate="tanh"))
    result = rt.swap(model, {"silu": "relu", "gelu": "elu"})
    assert [r.path for r in result.replaced] == ["0", "1"]
    assert type(model[2]) is nn.GELU


def test_what_cannot_be_traced_is_said_and_an_example_helps() -> None:
    result = rt.swap(Branching(), {"relu": "silu"})
    assert "pass example=" in result.untraced
    seen = rt.swap(Branching(), {"relu": "silu"}, example=(torch.ones(2, 4),))
    assert not seen.untraced
    assert [u.call for u in seen.unreached] == ["relu()"]


def test_unknown_names_are_refused_before_anything_changes() -> None:
    model = Mixed()
    with pytest.raises(rb.UnknownFunction, match="did you mean"):
        rt.swap(model, {"relu": "sillu"})
    assert type(model.shared) is nn.ReLU


def test_the_swapped_model_trains() -> None:
    model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
    rt.swap(model, {"relu": "prelu"})
    model(torch.randn(5, 3)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    assert "1.weight" in dict(model.named_parameters())
