"""docs/migrating.md says what computes the same elsewhere: its own lines are called, and compared with ours."""

from __future__ import annotations

import re
from typing import Any

import jax
import numpy as np
import onnxruntime
import pytest
import torch

import rheobase as rb
from rheobase.bench.onnx import model
from tests.documents.markdown import ROOT

PAGE = (ROOT / "docs" / "migrating.md").read_text()
AT = np.float32([[-2.5, -0.7, 0.2, 0.9], [3.5, -1.2, 0.4, -0.3]])
#: Drawn anew at each call.
RANDOM = {"gumbel_softmax", "rrelu"}


def rows(library: str) -> list[tuple[str, list[str]]]:
    """The function, and what is written for it."""
    part = PAGE.partition(f"\n### {library}\n")[2].partition("\n#")[0]
    found = [re.findall(r"`([^`]+)`", line) for line in part.splitlines() if line.startswith("| `")]
    return [(name, calls) for name, *calls in found]


def ours(name: str) -> Any:
    return rb.get(name)(AT)


@pytest.mark.parametrize(("name", "calls"), rows("PyTorch"), ids=str)
def test_pytorch(name: str, calls: list[str]) -> None:
    for call in calls:
        result = eval(call, {"torch": torch, "x": torch.tensor(AT)})
        theirs = result.eval()(torch.tensor(AT)) if isinstance(result, torch.nn.Module) else result
        if name not in RANDOM:
            np.testing.assert_allclose(theirs.detach(), ours(name), rtol=2e-6, atol=1e-6, err_msg=call)


@pytest.mark.parametrize(("name", "calls"), rows("JAX"), ids=str)
def test_jax(name: str, calls: list[str]) -> None:
    for call in calls:
        theirs = eval(call, {"jax": jax, "x": jax.numpy.asarray(AT)})
        np.testing.assert_allclose(theirs, ours(name), rtol=2e-6, atol=1e-6, err_msg=call)


@pytest.mark.parametrize(("name", "calls"), rows("ONNX"), ids=str)
def test_onnx(name: str, calls: list[str]) -> None:
    [call] = calls
    graph = model(rb.get(name).definition)
    [node] = graph.graph.node
    written = dict(re.findall(r"(\w+)=([^,)]+)", call))
    assert node.op_type == call.partition("(")[0]
    for attribute in node.attribute:
        value = {1: attribute.f, 2: attribute.i, 3: repr(attribute.s.decode())}[attribute.type]
        assert written[attribute.name] == str(value) or np.isclose(float(written[attribute.name]), float(value))
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    if len(session.get_inputs()[0].shape) == AT.ndim or name not in ("softmax", "log_softmax", "hardmax"):
        x = AT.ravel() if len(session.get_inputs()[0].shape) == 1 else AT
        np.testing.assert_allclose(session.run(["y"], {"x": x})[0], rb.get(name)(x), rtol=3e-6, atol=1e-6)


def test_defaults_are_what_the_page_says() -> None:
    part = PAGE.partition("## Other defaults")[2].partition("\n## ")[0]
    for line in part.splitlines():
        if match := re.match(r"\| `(\w+)` \| `((?:torch|jax)\.nn\.\w+)` \| `(\w+)` \| ([^|]+) \| ([^|]+) \|", line):
            name, place, argument, theirs, mine = match.groups()
            function = eval(place, {"torch": torch, "jax": jax})
            x = torch.tensor(AT) if place.startswith("torch") else jax.numpy.asarray(AT)

            def value(function: Any = function, x: Any = x, **given: Any) -> Any:
                return function(**given)(x) if isinstance(function, type) else function(x, **given)

            assert np.array_equal(value(), value(**{argument: eval(theirs)})), f"{place} has another default"
            assert not np.array_equal(value(), value(**{argument: eval(mine)})), line
            np.testing.assert_allclose(value(**{argument: eval(mine)}), ours(name), rtol=2e-6, atol=1e-6)
