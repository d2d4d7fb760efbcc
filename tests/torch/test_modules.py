"""Modules: torch.nn's names, arguments and state; learnable parameters, in place, copies, dtypes."""

from __future__ import annotations

import copy
import inspect
import io
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import nn

import rheobase as rb
import rheobase.torch as rt
from rheobase import catalogue
from rheobase.activation import Activation
from rheobase.domain import REALS
from tests.contract.functions import DETERMINISTIC, ELEMENTWISE, FUNCTIONS, each, sample

#: One function under each name of torch.nn's.
IN_TORCH = {f.definition.torch.module: f for f in FUNCTIONS if f.definition.torch.module}


def required(kind: type[nn.Module]) -> dict[str, float]:
    """Values for the arguments that torch.nn asks for; ours have defaults."""
    parameters = [p for p in inspect.signature(kind).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    return {p.name: 0.5 + 1.5 * i for i, p in enumerate(parameters) if p.default is p.empty}


@each(IN_TORCH.values())
def test_same_name_arguments_state_and_values_as_torch(function: Activation) -> None:
    names = function.definition.torch
    options = required(getattr(nn, names.module)) | ({"dim": 1} if "axis" in names.arguments else {})
    theirs, ours = getattr(nn, names.module)(**options), getattr(rt, names.module)(**options)
    assert type(ours).__name__ == names.module
    ours.load_state_dict(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict())
    theirs.eval(), ours.eval()
    torch.testing.assert_close(ours(sample()), theirs(sample()), rtol=3e-5, atol=1e-6)


def test_torch_spellings() -> None:
    assert rt.GELU("tanh").definition.name == rt.GELU(approximate="tanh").definition.name == "gelu_tanh"
    assert rt.PReLU(6, 0.1).weight.shape == (6,)
    assert rt.Hardtanh(-2, 2)(torch.tensor([-3.0, 1.0])).tolist() == [-2.0, 1.0]
    assert rt.LeakyReLU(0.2, True).inplace
    with pytest.raises(rb.DefinitionError, match=r"threshold must be 20\.0"):
        rt.Softplus(threshold=2.0)
    with pytest.raises(rb.DefinitionError, match="unexpected keyword argument 'foo'; it takes"):
        rt.ELU(foo=1)
    with pytest.raises(AttributeError, match="classes are"):
        _ = rt.Relu


def loaded(module: nn.Module, settings: dict[str, object]) -> nn.Module:
    """A fresh module with the state of `module`, by way of the disk."""
    buffer = io.BytesIO()
    torch.save(module.state_dict(), buffer)
    buffer.seek(0)
    fresh = rt.module(module.definition.name, **settings)
    fresh.load_state_dict(torch.load(buffer))
    return fresh.eval()


@each(FUNCTIONS)
def test_copies_pickles_and_states(function: Activation) -> None:
    settings = {"learnable": True} if function in ELEMENTWISE and function.definition.parameters else {}
    module = rt.module(function.name, **settings).eval()
    with torch.no_grad():
        [p.add_(0.25) for p in module.parameters()]
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module)), loaded(module, settings)):
        assert type(other) is type(module)
        torch.manual_seed(0)
        want = module(sample())
        torch.manual_seed(0)
        assert torch.equal(other(sample()), want)


@each([f for f in ELEMENTWISE if f.definition.parameters])
@pytest.mark.parametrize("channels", [1, 6])
def test_every_parameter_can_be_learnt_and_stays_in_its_domain(function: Activation, channels: int) -> None:
    module = rt.module(function.name, learnable=True, num_parameters=channels)
    start = {p.name: module.parameter(p.name).detach().clone() for p in module.definition.parameters}
    assert all(
        torch.allclose(v, torch.full((channels,), module.definition.defaults[k]), atol=1e-5) for k, v in start.items()
    )
    # steps that would throw an unbounded number far out of any domain
    bounded = any(p.domain != REALS for p in module.definition.parameters)
    optimizer = torch.optim.SGD(module.parameters(), lr=50.0 if bounded else 1e-3)
    for _ in range(20):
        optimizer.zero_grad()
        module(sample()).pow(2).mean().backward()
        optimizer.step()
        assert all(torch.isfinite(p.grad).all() for p in module.parameters() if p.grad is not None)
        for p in module.definition.parameters:
            assert all(p.domain.contains(value) for value in module.parameter(p.name).tolist()), p.name
    fixed = rt.module(module.definition.name, learnable=False)
    assert not list(fixed.parameters())


def test_learnable_names_and_training() -> None:
    assert [n for n, _ in rt.StarReLU().named_parameters()] == ["scale", "bias"]
    assert [n for n, _ in rt.StarReLU(learnable="bias").named_parameters()] == ["bias"]
    assert not list(rt.ELU().parameters())
    target, module = rb.swish_beta(sample(), beta=2.5), rt.SwishBeta()
    optimizer = torch.optim.Adam(module.parameters(), lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        (module(sample()) - target).pow(2).mean().backward()
        optimizer.step()
    assert module.parameter("beta").item() == pytest.approx(2.5, abs=0.01)


@each([f for f in ELEMENTWISE if f in DETERMINISTIC])
@pytest.mark.parametrize("keep", rt.saves.choices)
def test_inplace_writes_into_the_input_and_keeps_the_gradient_right(function: Activation, keep: str) -> None:
    base = sample().double().requires_grad_()
    hidden = base * 1
    with rt.saves(keep):
        result = rt.module(function.name, inplace=True)(hidden)
    assert result is hidden
    torch.testing.assert_close(result, function(base))
    (slope,) = torch.autograd.grad(result.sum(), base)
    torch.testing.assert_close(slope, function.derivative(base.detach()))


def test_straight_through_keeps_the_step_and_lends_it_a_gradient() -> None:
    x = torch.tensor([-2.0, -0.3, 0.4, 2.0], requires_grad=True)
    y = rt.module("step", straight_through=True)(x)
    y.sum().backward()
    assert y.tolist() == [0.0, 0.0, 1.0, 1.0]
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 1.0, 1.0, 0.0]
    with pytest.raises(rb.DefinitionError, match="unexpected keyword argument 'straight_through'"):
        rt.ReLU(straight_through=True)


def test_autocast_keeps_the_dtype() -> None:
    net = nn.Sequential(nn.Linear(4, 4), rt.GELU(), rt.Softplus(), nn.Linear(4, 2))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = net[1](net[0](sample()))
        assert hidden.dtype == torch.bfloat16
        loss = net(sample()).float().sum()
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


# --- one value per channel ---


@pytest.mark.parametrize("shape", [(2, 6), (2, 6, 3), (2, 6, 3, 2)])
def test_values_per_channel_act_on_dimension_1_as_in_torch(shape: tuple[int, ...]) -> None:
    ours, theirs = rt.PReLU(num_parameters=6), nn.PReLU(num_parameters=6)
    with torch.no_grad():
        theirs.weight.copy_(torch.linspace(-0.5, 0.5, 6))
    ours.load_state_dict(theirs.state_dict())
    x, again = (torch.randn(shape, generator=torch.Generator().manual_seed(2)).requires_grad_() for _ in range(2))
    ours(x).pow(2).sum().backward()
    theirs(again).pow(2).sum().backward()
    torch.testing.assert_close(x.grad, again.grad)
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)
    back = nn.PReLU(num_parameters=6)
    back.load_state_dict(ours.state_dict())
    assert torch.equal(back.weight, theirs.weight)


@pytest.mark.parametrize(("shape", "channels"), [((), 1), ((6,), 1), ((6, 5), 5), ((6, 1), 1), ((2, 3, 6), 3)])
def test_a_mismatch_of_channels_names_both_numbers(shape: tuple[int, ...], channels: int) -> None:
    for module in (rt.PReLU(6), rt.ELU(learnable=True, num_parameters=6)):
        with pytest.raises(rb.UnsupportedInput, match=rf"num_parameters=6 but .* has {channels} channel") as caught:
            module(torch.ones(shape))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "settings", "complaint"),
    [
        ("prelu", {"num_parameters": 0}, "num_parameters must be 1, 2, 3, …, got 0"),
        ("prelu", {"num_parameters": -3}, "got -3"),
        ("elu", {"num_parameters": 2.5, "learnable": True}, r"got 2\.5"),
        ("elu", {"num_parameters": 4}, "num_parameters=4 is for learnable parameters; it has none"),
        ("elu", {"learnable": "beta"}, "elu has no parameter 'beta'; it has: alpha"),
        ("maxout", {"learnable": "pieces"}, "unexpected keyword argument 'learnable'"),
        ("swish_beta", {"beta": -1.0}, r"beta must lie in \(0, inf\), got -1"),
    ],
)
def test_settings_that_cannot_be_are_one_clear_line(name: str, settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(rb.DefinitionError, match=complaint) as caught:
        rt.module(name, **settings)
    assert "\n" not in str(caught.value)


def test_maxout_takes_its_pieces() -> None:
    x = torch.arange(8.0).reshape(1, 8)
    assert rt.module("maxout", pieces=4)(x).tolist() == [[3.0, 7.0]]


# --- parameters of a user's own function ---


def test_parameters_of_a_users_function_are_fixed_until_asked_for() -> None:
    domains = {"a": "(-inf, 0)", "b": "[1, inf)", "c": "(0, 1)"}
    rb.define("test_bounded", "c*x*tanh(b*x) + a*x", domains=domains, a=-1.0, b=2.0, c=0.5)
    try:
        assert not list(rt.module("test_bounded").parameters())
        assert [n for n, _ in rt.module("test_bounded", learnable=["b"]).named_parameters()] == ["raw_b"]
        module = rt.module("test_bounded", learnable=True, num_parameters=6)
        for name, start in (("a", -1.0), ("b", 2.0), ("c", 0.5)):
            torch.testing.assert_close(module.parameter(name), torch.full((6,), start))
        for far in (-1e4, 1e4):  # where softplus and sigmoid round to 0 and 1
            with torch.no_grad():
                [p.fill_(far) for p in module.parameters()]
            for name, domain in ((p.name, p.domain) for p in module.definition.parameters):
                assert all(domain.contains(v) for v in module.parameter(name).tolist()), (name, far)
    finally:
        catalogue.remove_own("test_bounded")


# --- in place, dtypes, whole modules on disk ---


@pytest.mark.parametrize("name", ["relu", "silu", "hard_swish", "swish_beta", "snake"])
def test_in_place_modules_differentiate_twice(name: str) -> None:
    module = rt.module(name, inplace=True).double()
    x = (torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3)) + 0.05).requires_grad_()
    assert torch.autograd.gradcheck(lambda t: module(t * 1), x)
    assert torch.autograd.gradgradcheck(lambda t: module(t * 1), x)
    with torch.no_grad():
        y = x.detach().clone()
        assert module(y) is y
    torch.testing.assert_close(y, rb.get(name)(x.detach()))
    with pytest.raises(RuntimeError, match="leaf Variable"):
        module(x)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_modules_move_to_another_dtype(dtype: torch.dtype) -> None:
    for module in (rt.SwishBeta(), rt.PReLU(6), rt.ELU(learnable=True, num_parameters=6), rt.GELU()):
        x = sample().to(dtype).requires_grad_()
        y = module.to(dtype)(x)
        y.sum().backward()
        assert y.dtype == x.grad.dtype == dtype  # type: ignore[union-attr]
        assert all(p.dtype == p.grad.dtype == dtype for p in module.parameters())
        values = {p.name: 1.0 if p.name != "weight" else 0.25 for p in module.definition.parameters}
        want = module.function(x.detach().double(), **values)
        # the parameter was first rounded to float32
        near = max(torch.finfo(dtype).eps * 4, 5e-7)
        torch.testing.assert_close(y.double(), want, rtol=near, atol=near)


class Leaky(rt.ELU):  # type: ignore[misc, name-defined]
    """A user's subclass of a made class."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) + 0.1 * x


@pytest.mark.parametrize(
    "make", [lambda: Leaky(alpha=0.5), lambda: rt.GELU("tanh"), lambda: rt.PReLU(6), lambda: rt.Softmax(dim=1)]
)
def test_whole_modules_survive_disk_and_copy(make: Callable[[], nn.Module]) -> None:
    module, buffer = make(), io.BytesIO()
    torch.save(module, buffer)
    buffer.seek(0)
    for other in (torch.load(buffer, weights_only=False), copy.deepcopy(module)):
        assert type(other) is type(module)
        assert repr(other) == repr(module)
        assert torch.equal(other(sample()), module(sample()))


def test_repr_is_how_the_module_is_made() -> None:
    assert repr(rt.GELU("tanh")) == "GELU(approximate='tanh')"
    assert repr(rt.Softmax(dim=1)) == "Softmax(dim=1)"
    assert repr(rt.LeakyReLU(0.2, inplace=True)) == "LeakyReLU(negative_slope=0.2, inplace=True)"
    assert repr(rt.PReLU(6)) == "PReLU(weight=learnable×6)"
