"""How a function is called: with rheobase, and in the libraries that have it, from the data in its definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rheobase.activation import Activation
from rheobase.definition import Definition, Elsewhere


@dataclass(frozen=True, slots=True)
class Snippet:
    """A few lines to copy."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """What a library calls the function: as a function and as a layer; "" where it has none."""

    library: str
    function: str
    layer: str


def snippets(function: Activation) -> tuple[Snippet, ...]:
    """The function with rheobase: on arrays, as a layer, in JAX."""
    d, name = function.definition, function.name
    arguments = _listed(d.defaults)
    x = {"row": "np.random.randn(4, 10)", "gated": "np.random.randn(4, 10)"}.get(d.kind, "np.linspace(-3, 3, 7)")
    noise = "rng=0" if d.noise is not None and not d.rests else ""
    given = ", ".join(filter(None, ("x", arguments, noise)))
    array = f"import numpy as np\nimport rheobase as rb\n\nx = {x}\ny = rb.{name}({given})"
    slope = f"\nslope = rb.{name}.derivative({given})"
    layer = f"import rheobase.torch as rt\n\nlayer = rt.module({_listed({'': name} | _of_module(d))})"
    call = f"rb.{name}({', '.join(filter(None, ('x', arguments, noise and 'rng=jax.random.key(0)')))})"
    traced, summed = ("jax.jacobian", "") if d.kind == "row" else ("jax.grad", ".sum()")
    jax = (
        "import jax, jax.numpy as jnp\nimport rheobase as rb\n\n"
        f"f = lambda x: {call}{summed}\nslope = {traced}(f)(jnp.zeros(4))"
    )
    return (Snippet("NumPy", array + slope), Snippet("PyTorch", layer), Snippet("JAX", jax))


def called(definition: Definition) -> tuple[Called, ...]:
    """The calls in other libraries that compute the same function."""
    d = definition
    rows = (
        Called("PyTorch", _torch(d), _layer("torch.nn", d, d.torch)),
        Called("JAX", _call("jax.nn", d, d.jax), ""),
        Called("Keras", _call("keras.activations", d, d.keras), _keras_layer(d)),
        Called("ONNX", _operator(d), ""),
    )
    return tuple(row for row in rows if row.function or row.layer)


def _torch(d: Definition) -> str:
    # torch.nn.functional's parameters have our names; what modules learn it takes as tensors
    if not d.torch.function:
        return ""
    numbers = {p.name: f"torch.tensor([{p.default!r}])" if p.learnable else repr(p.default) for p in d.parameters}
    axis = {d.torch.arguments["axis"]: "-1"} if "axis" in d.torch.arguments else {}
    fixed = {name: repr(value) for name, value in d.torch.fixed.items()}
    listed = "".join(f", {name}={text}" for name, text in (numbers | axis | fixed).items())
    return f"torch.nn.functional.{d.torch.function}(x{listed})"


def _call(place: str, d: Definition, theirs: Elsewhere) -> str:
    if not theirs.function:
        return ""
    return f"{place}.{theirs.function}({', '.join(filter(None, ('x', _listed(_arguments(d, theirs)))))})"


def _layer(place: str, d: Definition, theirs: Elsewhere) -> str:
    if not theirs.module:
        return ""
    axis = {theirs.arguments["axis"]: -1} if "axis" in theirs.arguments else {}
    return f"{place}.{theirs.module}({_listed(_arguments(d, theirs) | axis)})"


def _keras_layer(d: Definition) -> str:
    # a learnt parameter is an array of Keras' own, set up by an initializer
    learnt = any(p.learnable for p in d.parameters)
    return f"keras.layers.{d.keras.module}()" if learnt and d.keras.module else _layer("keras.layers", d, d.keras)


def _operator(d: Definition) -> str:
    theirs = d.onnx
    return f"{theirs.function}({_listed(_arguments(d, theirs))})" if theirs.function else ""


def _arguments(d: Definition, theirs: Elsewhere) -> dict[str, Any]:
    """Our defaults under their names, and what is fixed."""
    named = {theirs.arguments.get(name, name): value for name, value in d.defaults.items()}
    return {name: value for name, value in (named | dict(theirs.fixed)).items() if name}


def _of_module(d: Definition) -> dict[str, Any]:
    return {d.torch.arguments.get(name, name): value for name, value in d.defaults.items()}


def _listed(arguments: Mapping[str, Any]) -> str:
    """a=1.0, b=2.0; what has no name stands first."""
    return ", ".join(f"{name}={value!r}" if name else repr(value) for name, value in arguments.items())
