"""Swapping functions in a model: what is replaced, what is shared, and what is found but cannot be."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.functional import relu as relu_by_another_name

import rheobase as rb
import rheobase.torch as rt
from rheobase.activation import Activation
from tests.contract.functions import FUNCTIONS, each, keywords_of_torch


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


# --- functional calls: every spelling is told, by tracing and by running ---

CALLED = [f for f in FUNCTIONS if f.definition.torch.function]


class Calls(nn.Module):
    """Applies a function of its input."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.functions = {"f": function}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.functions["f"](x)


def told(function: Callable[[torch.Tensor], torch.Tensor], name: str) -> list[str]:
    """How calls of `name` in `function` are reported, by tracing and then by running."""
    other = "mish" if name != "mish" else "silu"
    traced = rt.swap(Calls(function), {name: other})
    run = rt.swap(Calls(function), {name: other}, example=(torch.randn(2, 4),))
    assert not traced.untraced
    return [u.call.removeprefix("Tensor.") for u in (*traced.unreached, *run.unreached)]


@pytest.mark.filterwarnings("ignore")
@each(CALLED)
def test_every_function_of_torch_is_told_from_the_others(function: Activation) -> None:
    theirs, keywords = getattr(F, function.definition.torch.function), keywords_of_torch(function.definition)
    if function.definition.kind == "row":
        keywords["dim"] = -1
    assert len(told(lambda x: theirs(x, **keywords), function.name)) == 2
    for other in CALLED:
        if other is not function and other.definition.torch.function == function.definition.torch.function:
            assert not told(lambda x: theirs(x, **keywords), other.name)


@pytest.mark.parametrize(
    ("function", "name", "call"),
    [
        (lambda x: x.clamp(min=0), "relu", "clamp(min=0)"),
        (lambda x: torch.clamp(x, 0, 6), "relu6", "clamp(0, 6)"),
        (lambda x: x.clamp_min(0.0), "relu", "clamp_min(0.0)"),
        (lambda x: F.threshold(x, 0, 0), "relu", "_threshold(0, 0)"),
        (lambda x: F.hardtanh(x, 0.0, 6.0), "relu6", "hardtanh(0.0, 6.0)"),
        (lambda x: F.leaky_relu(x, 0.2), "leaky_relu", "leaky_relu(0.2)"),
        (lambda x: relu_by_another_name(x), "relu", "relu()"),
        (lambda x: F.gelu(x), "gelu", "gelu()"),
        (lambda x: F.gelu(x), "gelu_tanh", None),
        (lambda x: F.threshold(x, 0.1, 20.0), "threshold", "_threshold(0.1, 20.0)"),
        (lambda x: F.threshold(x, 0.1, 20.0), "relu", None),
        (lambda x: torch.sigmoid_(x * 1), "sigmoid", "sigmoid_()"),
        (lambda x: F.scaled_dot_product_attention(x, x, x), "softmax", "scaled_dot_product_attention()"),
        (lambda x: rb.relu(x), "relu", "rheobase.relu()"),
        (lambda x: rb.gelu_tanh(x), "gelu_tanh", "rheobase.gelu_tanh()"),
        (lambda x: rb.gelu_tanh(x), "tanh", None),
        (lambda x: x.clamp(min=-1), "relu", None),
        (lambda x: x.clamp(max=0), "relu", None),
    ],
)
def test_hidden_and_foreign_spellings(
    function: Callable[[torch.Tensor], torch.Tensor], name: str, call: str | None
) -> None:
    # torch fills in what an argument's name is, in a trace or in both
    seen = [re.sub(r"\b[a-z_]+=|, inplace=False", "", c) for c in told(function, name)]
    assert seen == ([re.sub(r"[a-z_]+=", "", call)] * 2 if call else [])


def test_a_model_that_cannot_be_traced_is_traced_in_its_parts() -> None:
    model = nn.Sequential(Branching(), Calls(torch.tanh))
    result = rt.swap(nn.ModuleDict({"a": Branching(), "b": model}), {"tanh": "mish"})
    assert [(u.path, u.call) for u in result.unreached] == [("b.1", "tanh()")]
    assert result.untraced.startswith("torch.fx cannot trace")
    assert "a (Branching: " in result.untraced
    assert "b.1" not in result.untraced


def test_running_on_an_example_leaves_the_model_and_the_random_numbers_alone() -> None:
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(), nn.ReLU())
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    rt.swap(model, {"relu": "silu"}, example=(torch.randn(8, 4, generator=torch.Generator()),))
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


# --- what torch.nn does inside ---


def encoder(activation: object) -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True, activation=activation)  # type: ignore[arg-type]
    return nn.TransformerEncoder(layer, 2)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize(
    "activation", [F.relu, nn.ReLU(), torch.relu, rb.relu], ids=["functional", "module", "builtin", "ours"]
)
def test_transformer_layers_really_use_the_new_function(activation: object) -> None:
    model, x = encoder(activation).eval(), torch.randn(2, 3, 8)
    want = encoder(rb.mish)
    want.load_state_dict(model.state_dict())
    result = rt.swap(model, {"relu": "mish"})
    assert [r.path for r in result.replaced] == ["layers.0.activation", "layers.1.activation"]
    assert not result.unreached
    assert not result.untraced
    padding = torch.tensor([[False, False, False], [False, False, True]])
    with torch.no_grad():  # where torch would take its fused path
        torch.testing.assert_close(model(x), want.eval()(x))
        assert model(x, src_key_padding_mask=padding).isfinite().all()


def test_a_transformer_layer_keeps_the_new_function_in_copies() -> None:
    for layer in (nn.TransformerDecoderLayer(8, 2, 16), nn.TransformerEncoderLayer(8, 2, 16)):
        rt.swap(layer, {"relu": "swish_beta"})
        for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
            assert other.activation.definition.name == "swish_beta"
            assert other.activation.raw_beta is dict(other.named_parameters())["activation.raw_beta"]
        assert rt.swap(layer, {"swish_beta": "mish"}).dropped == ["activation.raw_beta"]
        assert layer.activation.definition.name == "mish"


def test_what_torch_computes_inside_is_reported() -> None:
    model = nn.ModuleDict(
        {
            "lstm": nn.LSTM(2, 2),
            "rnn": nn.RNN(2, 2, nonlinearity="relu"),
            "cell": nn.GRUCell(2, 2),
            "hidden": nn.TransformerEncoderLayer(8, 2, activation=lambda x: F.relu(x)),
        }
    )
    result = rt.swap(model, {"relu": "silu", "tanh": "mish", "softmax": "sparsemax"})
    assert [(u.path, u.call, u.old) for u in result.unreached] == [
        ("lstm", "LSTM", "tanh"),
        ("cell", "GRUCell", "tanh"),
        ("hidden.self_attn", "MultiheadAttention", "softmax"),
        ("rnn", "RNN", "relu"),
        ("hidden.activation", "relu()", "relu"),
    ]
    assert not result.replaced
    inside_user_code = rt.swap(nn.DataParallel(Calls(torch.relu)), {"relu": "silu"})
    assert [u.path for u in inside_user_code.unreached] == ["module"]


# --- what the new module takes over ---


def test_an_activation_held_as_a_function_becomes_a_module() -> None:
    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.act = F.relu
            self.leak = partial(F.leaky_relu, negative_slope=0.2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.leak(self.act(x))

    model = Holder()
    result = rt.swap(model, {"relu": "silu", "leaky_relu": "identity"})
    assert [r.path for r in result.replaced] == ["act", "leak"]
    torch.testing.assert_close(model(torch.ones(3)), rb.silu(torch.ones(3)))


def test_place_mode_hooks_axis_and_inplace_are_kept() -> None:
    seen: list[nn.Module] = []
    model = nn.ModuleDict({"a": nn.Linear(4, 4), "b": nn.ModuleList([nn.ReLU(inplace=True)]), "c": nn.Softmax(1)})
    handle = model["b"][0].register_forward_hook(lambda layer, *_: seen.append(layer))
    model.double().eval()
    rt.swap(model, {"relu": "prelu", "softmax": "sparsemax"})
    new = model["b"][0]
    assert new.inplace
    assert not new.training
    assert new.weight.dtype == torch.float64
    x = torch.randn(2, 3, 4, dtype=torch.float64)
    torch.testing.assert_close(model["c"](x), rb.sparsemax(x, axis=1))
    new(x)
    handle.remove()
    new(x)
    assert seen == [new]
    elsewhere = nn.Sequential(nn.Linear(2, 2), nn.ReLU()).to("meta")
    rt.swap(elsewhere, {"relu": "prelu"})
    assert elsewhere[1].weight.device.type == "meta"


def test_trained_parameters_are_carried_over_or_said_to_be_gone() -> None:
    trained = nn.Sequential(nn.PReLU(3), nn.Hardtanh(-2.0, 3.0), nn.Softplus(beta=2.0))
    with torch.no_grad():
        trained[0].weight.copy_(torch.tensor([0.1, 0.2, 0.3]))
    ours, x = copy.deepcopy(trained), torch.randn(5, 3) * 3
    assert not rt.swap(ours, {n: n for n in ("prelu", "hard_tanh", "softplus")}).dropped
    assert all(isinstance(layer, rt.Activation) for layer in ours)
    torch.testing.assert_close(ours(x), trained(x))
    result = rt.swap(trained, {"prelu": "leaky_relu"})
    assert result.dropped == ["0.weight"]
    assert trained[0].negative_slope == 0.01


def test_what_has_no_owner_or_no_axis_is_reported() -> None:
    assert rt.swap(nn.ReLU(), {"relu": "silu"}).unreached == [rt.Unreached("", "ReLU()", "relu")]
    model = nn.Sequential(nn.Softmax())
    assert rt.swap(model, {"softmax": "sparsemax"}).unreached == [rt.Unreached("0", "Softmax(dim=None)", "softmax")]
    assert type(model[0]) is nn.Softmax
