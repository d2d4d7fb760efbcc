"""The command: what it refuses, that it writes all or nothing; and that the code which pages show is true."""

from __future__ import annotations

import json
from pathlib import Path

import jax
import numpy as np
import pytest
import sympy as sp
import torch
from typer.testing import CliRunner

import rheobase as rb
from rheobase.algebra.parse import symbol
from rheobase.algebra.typeset import partials
from rheobase.atlas import build, code, measurements
from rheobase.atlas.formulas import mathml
from rheobase.atlas.records import FACETS, Entry, entries, pages
from rheobase.atlas.site import File
from rheobase.cli.app import app
from rheobase.errors import RheobaseError

X = np.linspace(-3, 3, 12, dtype=np.float32).reshape(2, 6)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site of two files, to try the writing with."""
    monkeypatch.setattr(build, "entries", lambda: [])
    monkeypatch.setattr(build.site, "made", lambda listed: iter([File("index.html", b"new"), File("static/a.js", b"")]))
    monkeypatch.setattr(build.site, "copied", lambda: iter([]))


@pytest.mark.usefixtures("small")
def test_the_command_writes_says_where_and_writes_anew(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "site"
    for _ in range(2):
        done = CliRunner().invoke(app, ["atlas", "--out", str(out), "--json"], catch_exceptions=False)
        assert json.loads(done.stdout)["start"] == str(out / "index.html")
    assert sorted(p.name for p in out.iterdir()) == ["contents.json", "index.html", "static"]
    assert [p.name for p in out.parent.iterdir()] == ["site"]


@pytest.mark.usefixtures("small")
def test_a_folder_with_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    build.build(tmp_path, lambda done, total: None)
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RheobaseError, match=r"holds other things \(thesis.txt, for one\)"):
        build.build(tmp_path, lambda done, total: None)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
    with pytest.raises(RheobaseError, match="is a file"):
        build.build(tmp_path / "thesis.txt", lambda done, total: None)


@pytest.mark.usefixtures("small")
def test_what_fails_half_way_leaves_the_old_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "site"
    build.build(out, lambda done, total: None)

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(RheobaseError, match=r"cannot write to .*: no space left on device"):
        build.build(out, lambda done, total: None)
    with pytest.raises(RheobaseError, match="no space left"):
        build.build(tmp_path / "deep" / "site", lambda done, total: None)
    assert (out / "index.html").read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize("name", rb.names())
def test_the_code_on_the_page_runs_and_is_the_function(name: str) -> None:
    function = rb.get(name)
    for snippet in code.snippets(function):
        found: dict[str, object] = {}
        exec(snippet.text, found)
        if "layer" in found:
            expected = function(torch.tensor(X), **({"rng": torch.Generator()} if function.definition.noise else {}))
            assert found["layer"].eval()(torch.tensor(X)).shape == expected.shape  # type: ignore[attr-defined]
    if function.definition.noise is not None:
        return
    for row in code.called(function.definition):
        for text in filter(None, (row.function, f"{row.layer}(x)" if row.layer else "")):
            x = {"PyTorch": torch.tensor(X), "JAX": jax.numpy.asarray(X)}.get(row.library)
            if x is not None:
                got = eval(text, {"torch": torch, "jax": jax, "x": x})
                wanted = np.asarray(function(np.asarray(x)))
                np.testing.assert_allclose(np.asarray(got.detach() if row.library == "PyTorch" else got), wanted,
                                           rtol=1e-5, atol=1e-6, err_msg=text)  # fmt: skip


def test_the_slopes_of_gated_units_on_their_pages_are_those_that_are_computed() -> None:
    pairs = np.array([[-1.5, 0.75], [2.0, -2.5], [0.5, 3.0]])
    for page in pages(entries()):
        if page.definition.kind == "gated":
            arguments = [symbol(name) for name in page.definition.inputs]
            slopes = [sp.lambdify(arguments, slope, "scipy") for slope in partials(page.definition)]
            told = np.array([[slope(*pair) for slope in slopes] for pair in pairs])
            np.testing.assert_allclose(told, page.function.derivative(pairs), rtol=1e-12, err_msg=page.entry.name)


def test_what_the_computed_form_names_is_explained() -> None:
    by_name = {page.entry.name: page for page in pages(entries())}
    assert by_name["sigmoid"].computed == ""
    assert list(by_name["sparsemax"].glossary) == ["centred", "simplex_threshold"]
    assert by_name["gelu"].glossary["normal_cdf"].startswith("Φ(x)")
    assert all(meant for page in by_name.values() for meant in page.glossary.values())
    assert by_name["selu"].definition.constants


def test_pages_say_what_is_known() -> None:
    by_name = {page.entry.name: page for page in pages(entries())}
    assert list(by_name) == rb.names()
    elu, softmax = by_name["elu"], by_name["softmax"]
    assert [f.name for f in elu.formulas] == ["f(x)", "f′(x)", "f″(x)"]
    assert all(fact.explanation for page in by_name.values() for fact in page.facts)
    assert (elu.special[0].x, elu.special[0].values) == (-np.inf, (-1.0, 0.0, 0.0))
    assert softmax.facts == softmax.special == ()
    assert (by_name["relu"].after.name, by_name["step"].before.name) == ("leaky_relu", rb.names()[-1])
    assert {"saturates", "monotonic"} <= set(elu.entry.tags)
    assert all(any(tag in page.entry.tags for page in by_name.values()) for tag in FACETS)
    assert {"limits": ("none at −∞, none at +∞",)}.items() <= {f.label: f.texts for f in by_name["sin"].facts}.items()
    assert elu.entry.error == measurements.error("elu") is not None


def test_a_function_of_ones_own_has_a_page() -> None:
    rb.define("mine", "x*sigmoid(beta*x)", beta=1.5)
    page = pages(entries())[-1]
    assert page.entry.name == "mine"
    assert "beta" in page.formulas[1].text
    assert page.accuracy is page.speed is None
    assert "&#x003B2;" in page.formulas[0].mathml


def test_formulas_are_set_as_latex_sets_them() -> None:
    """A little room before a function, a minus that is a sign close to its number, names of functions upright."""
    assert '<mi>x</mi><mspace width="0.167em" /><mi>tanh</mi>' in mathml(r"x \tanh{\left(- b \right)}")
    assert '<mo form="prefix">&#x02212;</mo><mi>b</mi>' in mathml(r"x \tanh{\left(- b \right)}")
    assert "<mo>&#x02212;</mo><mi>b</mi>" in mathml("a - b")
    assert "<mi>erf</mi>" in mathml(r"\operatorname{erf}{\left(x \right)}")


def test_a_parameter_may_have_any_name() -> None:
    page = pages([Entry(rb.define("mine", "x*sigmoid(my_own_slope*x)", my_own_slope=1.5))])[0]
    assert "my_own_slope" in page.formulas[1].text
    assert page.sliders[0]["name"] == "my_own_slope"
    assert "<mtext>my&#x000A0;own&#x000A0;slope</mtext>" in page.formulas[0].mathml
