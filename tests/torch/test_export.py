"""Compilation and export: the compiled or exported function is the eager one, for every function."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import rheobase as rb
import rheobase.torch as rt
from rheobase import catalogue
from tests.contract.functions import DETERMINISTIC, FUNCTIONS, sample

pytestmark = pytest.mark.filterwarnings("ignore")
each_name = pytest.mark.parametrize("name", rb.names())

#: Forms with other arguments that exporters once refused or got wrong.
VARIANTS: dict[str, tuple[str, dict[str, object]]] = {
    "softplus, beta 2": ("softplus", {"beta": 2.0}),
    "celu, alpha 0.5": ("celu", {"alpha": 0.5}),
    "softshrink, lambd 0.3": ("softshrink", {"lambd": 0.3}),
    "hard_shrink, lambd 0.3": ("hard_shrink", {"lambd": 0.3}),
    "gelu, tanh": ("gelu", {"approximate": "tanh"}),
    "prelu, 6 channels": ("prelu", {"num_parameters": 6}),
    "softmax, dim 1": ("softmax", {"dim": 1}),
    "glu, dim 1": ("glu", {"dim": 1}),
}


def values_and_gradient(function: Callable[..., torch.Tensor], x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    x = x.clone().requires_grad_()
    torch.manual_seed(0)
    y = function(x)
    (slope,) = torch.autograd.grad(y.pow(2).sum(), x)
    return y.detach(), slope


@each_name
def test_one_graph_holds_the_function_and_its_gradient(name: str) -> None:
    torch._dynamo.reset()
    function, module = rb.get(name), rt.module(name)
    for eager in (lambda t: function(t), module):
        compiled = torch.compile(eager, fullgraph=True, backend="aot_eager")
        for got, want in zip(
            values_and_gradient(compiled, sample().double()),
            values_and_gradient(eager, sample().double()),
            strict=True,
        ):
            # eager is a kernel, compiled a composition: they differ in the last bits
            torch.testing.assert_close(got, want, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", ["gelu", "prelu", "softmax", "swiglu", "hard_swish", "sparsemax"])
def test_generated_code_computes_the_function(name: str) -> None:
    torch._dynamo.reset()
    function = rb.get(name)
    compiled = torch.compile(lambda t: function(t), fullgraph=True)
    for got, want in zip(values_and_gradient(compiled, sample()), values_and_gradient(function, sample()), strict=True):
        torch.testing.assert_close(got, want)


@torch._dynamo.config.patch(error_on_recompile=True)
def test_shapes_may_change_without_compiling_anew() -> None:
    modules = [rt.module(name) for name in ("mish", "softmax", "maxout")]
    modules += [rt.ELU(learnable=True, num_parameters=6), rt.SwishBeta()]
    for module in modules:
        torch._dynamo.reset()
        compiled = torch.compile(module, fullgraph=True, dynamic=True, backend="aot_eager")
        for shape in ((2, 6, 4), (5, 6, 8), (7, 6, 10)):
            torch.testing.assert_close(
                values_and_gradient(compiled, sample(*shape)), values_and_gradient(module, sample(*shape))
            )


def test_a_function_may_be_compiled_before_it_is_ever_called() -> None:
    torch._dynamo.reset()
    fresh = rb.define("test_fresh", "x*sigmoid(beta*x) + sin(x)/3", beta=1.3)
    try:
        net = nn.Sequential(nn.Linear(4, 4), rt.module("test_fresh", learnable=True), nn.Linear(4, 4))
        compiled = torch.compile(net, fullgraph=True, backend="aot_eager")
        got = values_and_gradient(compiled, sample())
        torch.testing.assert_close(got, values_and_gradient(net, sample()))
        torch.testing.assert_close(
            values_and_gradient(net[1], sample())[0], fresh(sample().double()).float(), rtol=1e-5, atol=1e-6
        )
    finally:
        catalogue.remove_own("test_fresh")


@each_name
def test_export(name: str) -> None:
    module = rt.module(name)
    program = torch.export.export(module, (sample(),))
    torch.manual_seed(0)
    got = program.module()(sample())
    torch.manual_seed(0)
    torch.testing.assert_close(got, module(sample()))


class Together(nn.Module):
    """Many functions of one input: one export costs little more than one function's."""

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(modules.values())

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [part(x) for part in self.parts]


def test_onnx_runtime_computes_the_same_numbers(tmp_path: Path) -> None:
    import onnxruntime

    # what draws at every call has no numbers to compare
    still = [f for f in FUNCTIONS if f in DETERMINISTIC or f.definition.rests]
    modules = {f.name: rt.module(f.name) for f in still}
    modules |= {label: rt.module(name, **settings) for label, (name, settings) in VARIANTS.items()}
    together, path = Together(modules).eval(), tmp_path / "all.onnx"
    torch.onnx.export(together, (sample(),), path, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(path)
    results = session.run(None, {session.get_inputs()[0].name: sample().numpy()})
    for label, got, part in zip(modules, results, together.parts, strict=True):
        want = part(sample()).detach().numpy()
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-6, err_msg=label)


def test_onnx_draws_its_own_noise(tmp_path: Path) -> None:
    import onnxruntime

    path = tmp_path / "gumbel.onnx"
    torch.onnx.export(rt.module("gumbel_softmax"), (sample(),), path, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(path)
    feed = {session.get_inputs()[0].name: sample().numpy()}
    (first,), (second,) = (session.run(None, feed) for _ in range(2))
    np.testing.assert_allclose(first.sum(-1), 1.0, rtol=1e-5)
    assert not np.array_equal(first, second)
