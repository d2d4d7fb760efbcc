"""The networks that are trained in the demonstrations' pages, against PyTorch's and against theory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page
from scipy import stats
from torch import nn

from rheobase import catalogue
from rheobase.facts.curve import curve
from rheobase.facts.gaussian import gaussian
from tests.atlas.broken import broken
from tests.atlas.conftest import Open

ELEMENTWISE = [d for d in catalogue.definitions() if d.kind == "elementwise"]
#: Functions as PyTorch has them, written apart from ours.
TORCH = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": nn.functional.leaky_relu,
    "elu": nn.functional.elu,
    "gelu": nn.functional.gelu,
    "softplus": nn.functional.softplus,
    "mish": nn.functional.mish,
}

#: Trains a network in the page and returns everything that PyTorch needs to do the same.
TRAIN = """([name, optimiser, rate, steps]) => {
  const { Network, Random, bind, gain, datasets, minibatch, optimisers, crossEntropy } = rheobase;
  const f = bind(name), sizes = [2, 7, 6, 1];
  const network = new Network(sizes, f).initialise(new Random(3), gain(f));
  network.layers.forEach((layer) => layer.bias.forEach((_, u) => (layer.bias[u] = 0.1 * (u + 1))));
  const plain = (arrays) => arrays.map((a) => Array.from(a));
  const start = plain(network.parameters.map((p) => p.value));
  const data = datasets.spirals(100, new Random(4)), random = new Random(5), step = optimisers[optimiser]();
  const course = { sizes, start, batches: [], losses: [], gradients: [] };
  for (let k = 0; k < steps; k++) {
    const batch = minibatch(data, 16, random);
    course.batches.push(plain([batch.x, batch.y]));
    course.losses.push(network.gradients(batch, crossEntropy));
    course.gradients.push(plain(network.parameters.map((p) => p.gradient)));
    step(network.parameters, rate);
  }
  return course;
}"""


@pytest.fixture
def laboratory(visit: Open) -> Page:
    """A page that has all parts of the demonstrations."""
    return visit("demo-centred.html")


def build(course: dict[str, Any]) -> list[torch.Tensor]:
    """The page's weights and biases at the start, as PyTorch's."""
    shapes = [s for i, o in zip(course["sizes"], course["sizes"][1:], strict=False) for s in ((o, i), (o,))]
    tensors = [
        torch.tensor(values, dtype=torch.float64).reshape(s) for values, s in zip(course["start"], shapes, strict=True)
    ]
    return [t.requires_grad_() for t in tensors]


def loss(name: str, parameters: list[torch.Tensor], batch: list[list[float]]) -> torch.Tensor:
    x, y = (torch.tensor(values, dtype=torch.float64) for values in batch)
    x, last = x.reshape(-1, 2), len(parameters) - 2
    for k in range(0, len(parameters), 2):
        x = nn.functional.linear(x, parameters[k], parameters[k + 1])
        x = x if k == last else TORCH[name](x)
    return nn.functional.binary_cross_entropy_with_logits(x.squeeze(1), y)


def check_gradients(page: Page, name: str) -> None:
    course = page.evaluate(TRAIN, [name, "sgd", 0.1, 1])
    parameters = build(course)
    value = loss(name, parameters, course["batches"][0])
    value.backward()
    assert course["losses"][0] == pytest.approx(value.item(), rel=1e-12)
    for parameter, got in zip(parameters, course["gradients"][0], strict=True):
        assert parameter.grad is not None
        np.testing.assert_allclose(got, parameter.grad.ravel().numpy(), rtol=1e-10, atol=1e-14)


def check_course(page: Page, optimiser: str, steps: int = 80) -> None:
    rate = 0.01 if optimiser == "adam" else 0.1
    course = page.evaluate(TRAIN, ["tanh", optimiser, rate, steps])
    parameters = build(course)
    makers = {
        "sgd": lambda: torch.optim.SGD(parameters, lr=rate),
        "momentum": lambda: torch.optim.SGD(parameters, lr=rate, momentum=0.9),
        "adam": lambda: torch.optim.Adam(parameters, lr=rate),
    }
    stepper, losses = makers[optimiser](), []
    for batch in course["batches"]:
        stepper.zero_grad()
        value = loss("tanh", parameters, batch)
        value.backward()
        stepper.step()
        losses.append(value.item())
    np.testing.assert_allclose(course["losses"], losses, rtol=1e-9)


@pytest.mark.parametrize("name", TORCH)
def test_the_gradients_are_torchs(laboratory: Page, name: str) -> None:
    check_gradients(laboratory, name)


@pytest.mark.parametrize("optimiser", ["sgd", "momentum", "adam"])
def test_training_takes_the_course_it_takes_in_torch(laboratory: Page, optimiser: str) -> None:
    check_course(laboratory, optimiser)


def test_random_numbers_are_normal_and_seeds_have_nothing_in_common(laboratory: Page) -> None:
    draw = "(seed) => { const r = new rheobase.Random(seed); return Array.from({ length: 1000 }, () => r.normal()); }"
    streams = np.array([laboratory.evaluate(draw, seed) for seed in range(40)])
    assert stats.kstest([stats.kstest(stream, "norm").pvalue for stream in streams], "uniform").pvalue > 1e-3
    bound = 5 / np.sqrt(1000)
    assert np.abs(np.corrcoef(streams) - np.eye(40)).max() < bound
    assert max(abs(np.corrcoef(stream[1:], stream[:-1])[0, 1]) for stream in streams) < bound


def test_mean_field_averages_are_those_of_the_facts(laboratory: Page) -> None:
    """The page integrates by itself, since its parameters can be moved; at the defaults the facts say the same."""
    code = """(name) => {
      const f = rheobase.bind(name), gain = rheobase.gain(f);
      return [gain, rheobase.expectedGradients(f, 2, gain)[0]];
    }"""
    for definition in ELEMENTWISE:
        gain, factor = laboratory.evaluate(code, definition.name)
        truth = gaussian(curve(definition, {}))
        assert gain == pytest.approx(truth.gain, rel=1e-3), definition.name
        assert factor**2 == pytest.approx(truth.chi1, rel=2e-3, abs=1e-12), definition.name


def test_wide_networks_lose_the_gradient_that_theory_expects(laboratory: Page) -> None:
    code = """([name, scale]) => {
      const { Network, Random, datasets, crossEntropy, rms, expectedGradients } = rheobase;
      const f = rheobase.bind(name), depth = 8;
      const lost = (g) => Math.log10(g[depth - 1] / g[0]) / (depth - 1);
      const measured = Array.from({ length: 8 }, (_, seed) => {
        const network = new Network([2, ...Array(depth).fill(100), 1], f).initialise(new Random(seed), scale);
        network.gradients(datasets.moons(64, new Random(seed)), crossEntropy);
        return lost(network.hidden.map((layer) => rms(layer.delta)));
      });
      return [rheobase.mean(measured), lost(expectedGradients(f, depth, scale))];
    }"""
    for name, scale in (("sigmoid", 1.846), ("tanh", 1.2), ("relu", 1.0)):
        measured, expected = laboratory.evaluate(code, [name, scale])
        assert measured == pytest.approx(expected, abs=0.03), name


BREAKS: dict[str, tuple[str, str, Callable[[Page], None]]] = {
    "a gradient off by a thousandth": (
        "biasGradient[u] += d;",
        "biasGradient[u] += 1.001 * d;",
        lambda page: check_gradients(page, "tanh"),
    ),
    "a slope taken at the output": (
        "this.activation.slope(this.z[k])",
        "this.activation.slope(this.a[k])",
        lambda page: check_gradients(page, "gelu"),
    ),
    "momentum that is damped": (
        "momentum * velocity[k] + gradient[k]",
        "momentum * velocity[k] + 0.1 * gradient[k]",
        lambda page: check_course(page, "momentum"),
    ),
    "an Adam without its correction": (
        "[1 - beta1 ** steps, 1 - beta2 ** steps]",
        "[1, 1]",
        lambda page: check_course(page, "adam"),
    ),
}


@pytest.mark.parametrize("fault", BREAKS)
def test_sabotage(browser: Browser, site: Path, tmp_path: Path, fault: str) -> None:
    """A fault in the page's network turns the checks above red."""
    right, wrong, check = BREAKS[fault]
    network = "static/demos/network.js"
    with (
        broken(browser, site, tmp_path, "demo-centred.html", network, right, wrong) as page,
        pytest.raises(AssertionError),
    ):
        check(page)
