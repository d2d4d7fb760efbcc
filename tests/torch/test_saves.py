"""What is kept for backward: never more than PyTorch keeps, and gradients as exact as that allows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

import rheobase as rb
import rheobase.torch as rt
from rheobase import catalogue
from rheobase.activation import Activation
from rheobase.algebra.from_output import slope_from_output
from rheobase.definition import Definition
from tests.contract.functions import ELEMENTWISE, each, keywords_of_torch

KNOWN = [d for d in catalogue.definitions() if d.kind == "elementwise" and d.torch.function and not d.noise]
TELLING = [f for f in ELEMENTWISE if slope_from_output(f.definition) is not None]
X = torch.linspace(-30, 30, 4001)


def kept_bytes(function: Callable[[torch.Tensor], torch.Tensor]) -> int:
    storages: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        function(X.clone().requires_grad_())
    return sum(storages.values())


@pytest.mark.parametrize("definition", KNOWN, ids=lambda d: d.name)
def test_no_more_is_kept_than_torch_keeps(definition: Definition) -> None:
    theirs = getattr(torch.nn.functional, definition.torch.function)
    keywords = keywords_of_torch(definition)
    parameters = {k: v for k, v in keywords.items() if k in definition.defaults}
    allowed = kept_bytes(lambda x: theirs(x, **keywords))
    for mode in rt.saves.choices:
        with rt.saves(mode):
            assert kept_bytes(lambda x: rb.get(definition.name)(x, **parameters)) <= allowed


def test_these_outputs_are_known_to_tell_the_slope() -> None:
    told = {"sigmoid", "tanh", "relu", "elu", "celu", "selu", "softplus", "log_sigmoid", "exponential", "leaky_relu"}
    assert told <= {f.name for f in TELLING}


def test_identity_keeps_nothing() -> None:
    assert kept_bytes(rb.identity) == 0


def gradients(function: Activation, mode: str, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The gradient, and the gradient of its sum."""
    leaf = x.clone().requires_grad_()
    with rt.saves(mode):
        y = function(leaf)
    (first,) = torch.autograd.grad(y.sum(), leaf, create_graph=True)
    second = torch.autograd.grad(first.sum(), leaf, allow_unused=True)[0] if first.requires_grad else None
    leaf = x.clone().requires_grad_()
    with rt.saves(mode):
        function(leaf).sum().backward()
    assert leaf.grad is not None
    torch.testing.assert_close(first.detach(), leaf.grad, rtol=1e-5, atol=1e-7)
    return leaf.grad, torch.zeros_like(x) if second is None else second


@each(TELLING)
@pytest.mark.parametrize("mode", ["default", "lean"])
def test_the_output_tells_the_slope(function: Activation, mode: str) -> None:
    """Up to 2⁻²³ of the largest slope, as promised, and so does the slope's own slope."""
    for wanted, got in zip(gradients(function, "input", X), gradients(function, mode, X), strict=True):
        largest = max(1.0, float(wanted[wanted.isfinite()].abs().max()))
        close = (got - wanted).abs() <= torch.maximum(2.0**-22 * torch.tensor(largest), 2.0**-22 * wanted.abs())
        assert (close | (got == wanted) | ~wanted.isfinite()).all()


def test_two_slopes_are_told_exactly() -> None:
    for name in ("relu", "leaky_relu", "prelu", "hard_tanh", "relu6", "softshrink", "hard_shrink"):
        points = torch.cat([X, torch.nextafter(torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0, 6.0]), torch.tensor(9.0))])
        first, _ = gradients(rb.get(name), "input", points)
        second, _ = gradients(rb.get(name), "lean", points)
        assert torch.equal(first, second), name


def test_from_the_input_tails_are_exact() -> None:
    for name in ("sigmoid", "tanh"):
        x = torch.tensor([11.09, 20.0, 40.0]).requires_grad_()
        with rt.saves("input"):
            rb.get(name)(x).sum().backward()
        want = rb.get(name).derivative(x.detach().double())
        torch.testing.assert_close(x.grad.double(), want, rtol=2e-7, atol=0)


def test_other_parameters_keep_the_input() -> None:
    """With a negative alpha, elu's output does not tell the slope."""
    x = X.clone().requires_grad_()
    with rt.saves("lean"):
        rb.elu(x, alpha=-1.5).sum().backward()
    torch.testing.assert_close(x.grad, rb.elu.derivative(X, alpha=-1.5))


def test_in_place_after_lean_is_noticed() -> None:
    """Whoever overwrites what backward needs is told so, as with torch's own functions."""
    x = X.clone().requires_grad_()
    with rt.saves("lean"):
        y = rb.elu(x)
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_unknown_words_are_refused() -> None:
    with pytest.raises(rb.UnsupportedInput, match="saves is one of 'default', 'input', 'lean', not 'all'"):
        rt.saves("all")
    with pytest.raises(rb.UnsupportedInput, match="precision is one of 'fast', 'exact', not 'best'"):
        rb.precision("best")


def test_settings_end_with_their_block() -> None:
    with rb.precision("exact"), rt.saves("lean"):
        assert (rb.precision.current(), rt.saves.current()) == ("exact", "lean")
    assert (rb.precision.current(), rt.saves.current()) == ("fast", "default")
