"""The rules of the house, read off the code: layers, start-up, documented names, one place per function."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import torch

import rheobase as rb
import rheobase.torch as rt
from rheobase import catalogue
from rheobase.definition import Definition, Parameter
from tests.contract import checks
from tests.contract.backends import LIBRARIES

SOURCE = Path(rb.__file__).parent

#: From the bottom up; a module imports from its own row and the rows above it in this list only.
LAYERS = (
    ("errors", "domain", "setting", "named", "measured", "folder", "workers"),
    ("definition",),
    ("catalogue",),
    ("algebra",),
    ("kernels",),
    ("numpy", "jax"),
    ("facts",),
    ("plot",),
    ("dispatch", "call", "activation", "define"),
    ("torch",),
    ("doctor",),
    ("study",),
    ("bench",),
    ("certify",),
    ("claims",),
    ("atlas",),
    ("cli",),
)
#: The same within the largest of them.
OF_STUDY = (
    ("plan", "files"),
    ("data",),
    ("training",),
    ("ledger", "decision"),
    ("order", "forecast"),
    ("results",),
    ("conduct", "report"),
    ("worker",),
)

#: A call upwards that is made for a user's tensor, not when a module is loaded.
ON_DEMAND = {("dispatch", "torch")}


def ranks(layers: Sequence[Sequence[str]]) -> dict[str, int]:
    return {name: rank for rank, names in enumerate(layers) for name in names}


def imports(path: Path, package: str) -> set[str]:
    """What of a package a module imports, at its top or inside a function."""
    found = set()
    tree = ast.parse(path.read_text())
    # names for annotations alone bind nothing
    for block in (n for n in ast.walk(tree) if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"):
        block.body = []
    for node in ast.walk(tree):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module == package:
            names = [f"{package}.{a.name}" for a in node.names]
        found |= {n.removeprefix(f"{package}.").split(".")[0] for n in names if n.startswith(f"{package}.")}
    return found


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_layer_imports_a_higher_one(path: Path) -> None:
    not_higher(path, SOURCE, "rheobase", ranks(LAYERS))


@pytest.mark.parametrize("path", sorted((SOURCE / "study").rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_layer_of_the_study_imports_a_higher_one(path: Path) -> None:
    not_higher(path, SOURCE / "study", "rheobase.study", ranks(OF_STUDY))


def not_higher(path: Path, folder: Path, package: str, rank: Mapping[str, int]) -> None:
    layer = path.relative_to(folder).parts[0].removesuffix(".py")
    if layer == "__init__":
        return
    assert layer in rank, f"{layer} has no place in the layers"
    found = imports(path, package) & rank.keys()
    higher = {other for other in found if rank[other] > rank[layer] and (layer, other) not in ON_DEMAND}
    assert not higher, f"{path.name} imports from {higher}"


def test_import_loads_nothing_heavy() -> None:
    code = "import sys, numpy; a=set(sys.modules); import rheobase; rheobase.gelu; print(*set(sys.modules)-a)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    tops = {name.split(".")[0] for name in loaded}
    heavy = {"torch", "jax", "sympy", "mpmath", "numba", "matplotlib", "scipy", "pandas", "sklearn", "typer", "rich"}
    assert not tops & heavy
    assert len(loaded) < 60, f"importing rheobase loads {len(loaded)} modules: {sorted(loaded)}"


@pytest.mark.parametrize("module", [rb, rt], ids=lambda m: m.__name__)
def test_every_public_name_is_documented(module: object) -> None:
    for name in getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")]:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, f"{name} has no docstring"
        for member, method in vars(value).items() if inspect.isclass(value) else ():
            if inspect.isfunction(method) and not member.startswith("_"):
                assert method.__doc__, f"{name}.{member} has no docstring"
    for name in rb.names():
        assert rb.get(name).definition.reference in (rb.get(name).__doc__ or "")


def test_names_are_unique_and_aliases_lead_to_them() -> None:
    words = [w for n in rb.names() for w in (n, *rb.get(n).definition.aliases)]
    assert len(words) == len(set(words))
    assert rb.swish is rb.silu
    with pytest.raises(rb.UnknownFunction, match=r"'gelo'; did you mean gelu"):
        rb.get("gelo")


def test_a_function_added_at_run_time_is_a_full_citizen() -> None:
    """One declaration: backends, derivatives, contract, facts, module, LaTeX and list follow."""
    definition = Definition(
        name="probe_elish",
        title="Probe",
        formula="x/(1 + exp(-x)) if x > 0 else (exp(x) - 1)/(1 + exp(-x))",
        stable="x*sigmoid(x) if x > 0 else expm1(x)*sigmoid(x)",
        reason="exp(-x) overflows and exp(x) - 1 cancels",
        special={"0": "0"},
        reference="Basirat & Roth, The quest for the golden activation function, 2018",
    )
    catalogue.add(definition)
    for library in LIBRARIES:
        for dtype in ("float16", "float32", "float64"):
            for order in (0, 1):
                checks.check_accuracy(definition, library, dtype, order)
                checks.check_infinities(definition, library, dtype, order)
    checks.check_stable_form(definition)
    checks.check_kinks(definition)
    checks.check_special(definition)
    function = rb.get("probe_elish")
    assert function.facts.range.low < 0
    assert "e^{x}" in function.latex()
    module = rt.module("probe_elish")
    x = torch.linspace(-3, 3, 7, dtype=torch.float64).add(0.1).requires_grad_()
    assert torch.autograd.gradgradcheck(module, x)
    assert "probe_elish" in rb.names()


def test_a_bad_definition_is_refused() -> None:
    with pytest.raises(rb.DefinitionError, match="come together"):
        Definition(name="f", title="f", formula="x", reference="", stable="x")
    with pytest.raises(rb.DefinitionError, match="declared twice"):
        Definition(name="f", title="f", formula="a*x", reference="", parameters=(Parameter("a", 1.0),) * 2)
