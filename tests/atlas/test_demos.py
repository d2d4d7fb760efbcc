"""The networks in the pages against PyTorch's, and the pages as a reader uses them, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from rheobase import catalogue
from rheobase.atlas.demos import DEMONSTRATIONS
from rheobase.facts.curve import curve
from rheobase.facts.gaussian import gaussian
from tests.atlas import demo_pages

SLUGS = [demo.slug for demo in DEMONSTRATIONS]
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


@contextmanager
def opened(chromium: Any, site: Path, slug: str, **options: Any) -> Iterator[Any]:
    """The page; at its end it must have had no error and asked for nothing but files."""
    context = chromium.new_context(**options)
    page, complaints, requests = context.new_page(), [], []
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    page.on("request", lambda r: requests.append(r.url))
    page.goto((site / f"{slug}.html").as_uri())
    yield page
    context.close()
    assert not complaints
    assert all(url.startswith(("file:", "data:")) for url in requests)


@pytest.fixture(scope="module")
def laboratory(chromium: Any, demo_site: Path) -> Iterator[Any]:
    with opened(chromium, demo_site, "centred") as page:
        yield page


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


def check_gradients(page: Any, name: str) -> None:
    course = page.evaluate(TRAIN, [name, "sgd", 0.1, 1])
    parameters = build(course)
    value = loss(name, parameters, course["batches"][0])
    value.backward()
    assert course["losses"][0] == pytest.approx(value.item(), rel=1e-12)
    for parameter, got in zip(parameters, course["gradients"][0], strict=True):
        assert parameter.grad is not None
        np.testing.assert_allclose(got, parameter.grad.ravel().numpy(), rtol=1e-10, atol=1e-14)


def check_course(page: Any, optimiser: str, steps: int = 80) -> None:
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
def test_the_gradients_are_torchs(laboratory: Any, name: str) -> None:
    check_gradients(laboratory, name)


@pytest.mark.parametrize("optimiser", ["sgd", "momentum", "adam"])
def test_training_takes_the_course_it_takes_in_torch(laboratory: Any, optimiser: str) -> None:
    check_course(laboratory, optimiser)


def test_random_numbers_are_normal_and_seeds_have_nothing_in_common(laboratory: Any) -> None:
    draw = "(seed) => { const r = new rheobase.Random(seed); return Array.from({ length: 1000 }, () => r.normal()); }"
    streams = np.array([laboratory.evaluate(draw, seed) for seed in range(40)])
    assert stats.kstest([stats.kstest(stream, "norm").pvalue for stream in streams], "uniform").pvalue > 1e-3
    bound = 5 / np.sqrt(1000)
    assert np.abs(np.corrcoef(streams) - np.eye(40)).max() < bound
    assert max(abs(np.corrcoef(stream[1:], stream[:-1])[0, 1]) for stream in streams) < bound


def test_mean_field_averages_are_those_of_the_facts(laboratory: Any) -> None:
    """The page integrates by itself, since its parameters can be moved; at the defaults the facts say the same."""
    code = "(name) => { const f = rheobase.bind(name), g = rheobase.gain(f); return [g, rheobase.expectedGradients(f, 2, g)[0]]; }"
    for definition in ELEMENTWISE:
        gain, factor = laboratory.evaluate(code, definition.name)
        truth = gaussian(curve(definition, {}))
        assert gain == pytest.approx(truth.gain, rel=1e-3), definition.name
        assert factor**2 == pytest.approx(truth.chi1, rel=2e-3, abs=1e-12), definition.name


def test_wide_networks_lose_the_gradient_that_theory_expects(laboratory: Any) -> None:
    code = """([name, scale]) => {
      const { Network, Random, bind, datasets, crossEntropy, rms, expectedGradients } = rheobase, f = bind(name), depth = 8;
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


def set_slider(page: Any, section: str, name: str, value: float) -> None:
    page.locator(f"#{section} [data-name={name}]").fill(str(value))


def run_until(page: Any, section: str, step: int) -> None:
    page.locator(f"#{section} [data-act=run]").click()
    page.wait_for_function(
        f"Number(document.querySelector('#{section} .steps').textContent.split(' ')[1]) >= {step}", timeout=20_000
    )
    page.locator(f"#{section} [data-act=run]").click()


def states(page: Any) -> list[str]:
    return page.locator("#dead .cell span").all_text_contents()


def born_dead(page: Any, name: str) -> list[str]:
    """The states of units of `name` that start with a bias of -10, after 300 steps of Adam."""
    page.locator("#dead select").first.select_option(name)
    for control, value in (("units", 8), ("bias", -10), ("rate", -1.5), ("pace", 3)):
        set_slider(page, "dead", control, value)
    page.locator("#dead [data-name=data]").select_option("moons")
    run_until(page, "dead", 300)
    return states(page)


def check_dead_units(page: Any) -> None:
    assert set(born_dead(page, "relu")) == {"dead"}
    for name in ("leaky_relu", "elu", "sigmoid", "tanh"):
        assert "alive" in born_dead(page, name), name


def test_relu_stays_dead_where_others_come_back(chromium: Any, demo_site: Path) -> None:
    with opened(chromium, demo_site, "dead") as page:
        check_dead_units(page)


def test_a_unit_that_is_pushed_says_what_gradient_it_gets(chromium: Any, demo_site: Path) -> None:
    with opened(chromium, demo_site, "dead") as page:
        for _ in range(3):
            page.locator("[data-act=step]").click()
        page.locator(".cell input").nth(1).check()
        page.get_by_role("button", name="Push unit 2 to bias −10").click()
        assert states(page)[1] == "dead"
        page.locator("[data-act=step]").click()
        assert "is dead 1 steps later: its gradient is exactly 0." in page.locator("[role=status]").inner_text()
        page.locator("#dead select").first.select_option("leaky_relu")
        page.get_by_role("button", name="Push unit 1 to bias −10").click()
        assert states(page)[0] == "saturated"
        assert "its gradient is exactly 0" not in page.locator("[data-part=story]").inner_text()


def numbers(page: Any, section: str) -> dict[str, list[str]]:
    """The rows of a section's table by their heads."""
    rows = page.locator(f"#{section} table.results tbody tr").all()
    return {r.locator("th").inner_text(): r.locator("td").all_text_contents() for r in rows}


def test_a_mean_that_is_not_zero_slows_two_weights_only_across_it(chromium: Any, demo_site: Path) -> None:
    with opened(chromium, demo_site, "centred") as page:
        rows = numbers(page, "unit")
        usual = {name: int(cells[-1]) for name, cells in rows.items()}
        assert rows["sigmoid"][3] == "100 %"
        assert 40 <= int(rows["tanh"][3].split()[0]) <= 60
        assert usual["sigmoid"] > 2 * max(usual["tanh"], usual["sigmoid less its mean"])
        set_slider(page, "unit", "angle", 45)
        along = {name: int(cells[-1]) for name, cells in numbers(page, "unit").items()}
        assert along["sigmoid"] <= along["tanh"]


def test_gradient_through_depth_compares_functions(chromium: Any, demo_site: Path) -> None:
    with opened(chromium, demo_site, "depth") as page:
        rows = numbers(page, "depth")
        assert float(rows["sigmoid"][2]) > 0.3
        assert abs(float(rows["tanh"][2].replace("−", "-"))) < 0.1
        set_slider(page, "depth", "depth", 6)
        page.locator("#depth [data-name=optimiser]").select_option("adam")
        page.locator("#depth .function select").nth(3).select_option("step")
        run_until(page, "depth", 60)
        after = numbers(page, "depth")
        assert after["step"][3] == "no gradient"
        assert float(after["tanh"][4]) < float(rows["tanh"][4])


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("width", [360, 1280])
def test_controls_act_and_pages_fit(chromium: Any, demo_site: Path, slug: str, width: int) -> None:
    with opened(chromium, demo_site, slug, viewport={"width": width, "height": 800}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == width
        for section in page.locator("main section").all():
            check_buttons(section)
            check_controls(section)
        for button in page.locator("[data-set]").all():
            button.click()


def check_buttons(section: Any) -> None:
    steps, status = section.locator(".steps"), section.locator("[role=status]")
    first = status.inner_text()
    section.get_by_role("button", name="Step", exact=True).click()
    assert steps.inner_text() == "step 1"
    stepped = status.inner_text()
    assert stepped != first
    section.get_by_role("button", name="Reset").click()
    assert (steps.inner_text(), status.inner_text()) == ("step 0", first)
    section.get_by_role("button", name="Step", exact=True).click()
    assert status.inner_text() == stepped  # a seed says all
    section.get_by_role("button", name="Next seed").click()
    assert section.get_by_label("Seed").input_value() == "2"
    section.get_by_role("button", name="Step", exact=True).click()
    assert status.inner_text() != stepped


def check_controls(section: Any) -> None:
    """Every slider moves by the keyboard and says its value; a function brings its parameters along."""
    for slider in section.locator("input[type=range]").all():
        before = slider.get_attribute("aria-valuetext")
        slider.focus()
        slider.press("ArrowRight")
        assert slider.get_attribute("aria-valuetext") != before
    section.locator("select").first.select_option("leaky_relu")
    parameter = section.get_by_label("negative_slope").first
    shown = section.locator("table.results").inner_text()
    parameter.fill("0.9")
    assert section.locator("table.results").inner_text() != shown


@pytest.mark.parametrize(("motion", "least", "most"), [("no-preference", 12, 40), ("reduce", 2, 5)])
def test_pictures_are_drawn_less_often_for_readers_who_want_little_motion(
    chromium: Any, demo_site: Path, motion: str, least: int, most: int
) -> None:
    with opened(chromium, demo_site, "centred", reduced_motion=motion) as page:
        page.clock.install()
        page.evaluate(
            "() => { const fill = rheobase.fillTable; rheobase.drawn = 0; rheobase.fillTable = (...all) => { rheobase.drawn++; fill(...all); }; }"
        )
        page.locator("#unit [data-act=run]").click()
        page.clock.run_for(3000)
        assert least <= page.evaluate("rheobase.drawn") <= most


BREAKS = {
    "a gradient that is off by a thousandth": ("demos/network.js", ("biasGradient[u] += d;", "biasGradient[u] += 1.001 * d;")),
    "momentum that is damped": ("demos/network.js", ("momentum * velocity[k] + gradient[k]", "momentum * velocity[k] + 0.1 * gradient[k]")),
    "a dead unit that gets a gradient": ("demos/network.js", ("this.activation.slope(this.z[k])", "(this.activation.slope(this.z[k]) + 0.01)")),
}  # fmt: skip


@pytest.mark.parametrize("fault", BREAKS)
def test_sabotage(chromium: Any, tmp_path: Path, fault: str) -> None:
    """A fault in the network turns the checks above red."""
    name, change = BREAKS[fault]
    site = demo_pages.write(tmp_path / "site", {name: change})
    checks = {
        "a gradient that is off by a thousandth": ("centred", lambda page: check_gradients(page, "tanh")),
        "momentum that is damped": ("centred", lambda page: check_course(page, "momentum")),
        "a dead unit that gets a gradient": ("dead", check_dead_units),
    }
    slug, check = checks[fault]
    with opened(chromium, site, slug) as page, pytest.raises(AssertionError):
        check(page)
