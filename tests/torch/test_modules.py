"""Modules: torch.nn's names, arguments and state; learnable parameters; compile, export, ONNX, autocast."""

from __future__ import annotations

import copy
import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import rheobase as rb
import rheobase.torch as rt
from rheobase import catalogue

ALL = [catalogue.lookup(name) for name in catalogue.names()]
IN_TORCH = sorted({d.torch.module for d in ALL if d.torch.module})
#: torch.nn asks for these; ours have defaults.
REQUIRED = {"Threshold": (0.5, 2.0)}

each = pytest.mark.parametrize("definition", ALL, ids=lambda d: d.name)


def sample() -> torch.Tensor:
    return torch.randn(3, 6, 4, generator=torch.Generator().manual_seed(0)) * 3


@pytest.mark.parametrize("name", IN_TORCH)
def test_same_name_arguments_state_and_values_as_torch(name: str) -> None:
    arguments = REQUIRED.get(name, ())
    options = {"dim": 1} if name in ("Softmax", "LogSoftmax", "Softmin", "GLU") else {}
    theirs, ours = getattr(nn, name)(*arguments, **options), getattr(rt, name)(*arguments, **options)
    assert type(ours).__name__ == name
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


@each
def test_copies_and_pickles(definition: object) -> None:
    module = rt.module(definition.name)  # type: ignore[attr-defined]
    module.eval()
    x = sample()
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert type(other) is type(module)
        torch.manual_seed(0)
        want = module(x)
        torch.manual_seed(0)
        assert torch.equal(other(x), want)
    buffer = io.BytesIO()
    torch.save(module.state_dict(), buffer)


@pytest.mark.parametrize(
    "definition", [d for d in ALL if d.kind == "elementwise" and d.parameters], ids=lambda d: d.name
)
@pytest.mark.parametrize("channels", [1, 6])
def test_every_parameter_can_be_learnt_and_stays_in_its_domain(definition: object, channels: int) -> None:
    module = rt.module(definition.name, learnable=True, num_parameters=channels)  # type: ignore[attr-defined]
    start = {p.name: module.parameter(p.name).detach().clone() for p in module.definition.parameters}
    assert all(
        torch.allclose(v, torch.full((channels,), module.definition.defaults[k]), atol=1e-5) for k, v in start.items()
    )
    # steps that would throw an unbounded number far out of any domain
    bounded = any(p.domain.shape != "line" for p in module.definition.parameters)
    optimizer = torch.optim.SGD(module.parameters(), lr=50.0 if bounded else 1e-3)
    for _ in range(20):
        optimizer.zero_grad()
        module(sample()).pow(2).mean().backward()
        optimizer.step()
        assert all(torch.isfinite(p.grad).all() for p in module.parameters() if p.grad is not None)
        for p in module.definition.parameters:
            value = module.parameter(p.name).detach()
            assert value.isfinite().all() or p.domain.shape == "line"
            assert p.domain.shape == "line" or (value >= p.domain.low).all()
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


@pytest.mark.parametrize("name", [d.name for d in ALL if d.kind == "elementwise" and d.noise is None])
def test_inplace_writes_into_the_input_and_keeps_the_gradient_right(name: str) -> None:
    base = sample().double().requires_grad_()
    hidden = base * 1
    result = rt.module(name, inplace=True)(hidden)
    assert result.data_ptr() == hidden.data_ptr()
    torch.testing.assert_close(result, rb.get(name)(base))
    (slope,) = torch.autograd.grad(result.sum(), base)
    torch.testing.assert_close(slope, rb.get(name).derivative(base.detach()))


def test_straight_through_keeps_the_step_and_lends_it_a_gradient() -> None:
    x = torch.tensor([-2.0, -0.3, 0.4, 2.0], requires_grad=True)
    y = rt.module("step", straight_through=True)(x)
    y.sum().backward()
    assert y.tolist() == [0.0, 0.0, 1.0, 1.0]
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 1.0, 1.0, 0.0]
    with pytest.raises(rb.DefinitionError, match="unexpected keyword argument 'straight_through'"):
        rt.ReLU(straight_through=True)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["gelu", "prelu", "softmax", "swiglu", "hard_swish", "sparsemax"])
def test_compile(name: str) -> None:
    torch._dynamo.reset()
    function = rb.get(name)
    x, again = sample().requires_grad_(), sample().requires_grad_()
    compiled = torch.compile(lambda t: function(t), fullgraph=True)
    y, want = compiled(x), function(again)
    torch.testing.assert_close(y, want)
    y.pow(2).sum().backward()
    want.pow(2).sum().backward()
    torch.testing.assert_close(x.grad, again.grad)
    module = torch.compile(rt.module(name), fullgraph=True)
    torch.testing.assert_close(module(sample()), function(sample()))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [d.name for d in ALL if d.noise is None])
def test_export(name: str) -> None:
    module = rt.module(name)
    program = torch.export.export(module, (sample(),))
    torch.testing.assert_close(program.module()(sample()), module(sample()))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["gelu", "elu", "hard_swish", "mish", "softmax", "swiglu", "tanhshrink", "prelu"])
def test_onnx(name: str, tmp_path: Path) -> None:
    import onnxruntime

    module, path = rt.module(name), tmp_path / "f.onnx"
    torch.onnx.export(module, (sample(),), path, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(path)
    (got,) = session.run(None, {session.get_inputs()[0].name: sample().numpy()})
    np.testing.assert_allclose(got, module(sample()).detach().numpy(), rtol=2e-5, atol=1e-6)


def test_autocast_keeps_the_dtype() -> None:
    net = nn.Sequential(nn.Linear(4, 4), rt.GELU(), rt.Softplus(), nn.Linear(4, 2))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = net[1](net[0](sample()))
        assert hidden.dtype == torch.bfloat16
        loss = net(sample()).float().sum()
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_init_keeps_the_second_moment() -> None:
    for name in ("relu", "gelu", "tanh", "silu", "elu"):
        layers = [layer for _ in range(12) for layer in (nn.Linear(512, 512), rt.module(name))]
        net = nn.Sequential(*layers)
        done = rt.init_(net, name, generator=torch.Generator().manual_seed(0))
        assert len(done) == 12
        with torch.no_grad():
            out = net[:-1](torch.randn(256, 512, generator=torch.Generator().manual_seed(1)))
        assert 0.4 < float(out.pow(2).mean()) < 2.5, name
