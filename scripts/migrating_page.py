"""Write docs/migrating.md from the catalogue's definitions and the defaults of the libraries that are installed.

Run:  python scripts/migrating_page.py [--check]
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import torch
from generated import table, write_or_check
from onnx import defs

from rheobase import catalogue
from rheobase.atlas.code import called
from rheobase.definition import Definition, Elsewhere

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "migrating.md"
LIBRARIES = ("PyTorch", "JAX", "Keras", "ONNX")

HEAD = """# Coming from torch.nn, jax.nn, Keras or ONNX

Names and defaults differ between libraries, and some share a name for two functions. The tables are made of the same
definitions as the functions (`python scripts/migrating_page.py`). Tests call every line for PyTorch, JAX and ONNX, of
the installed versions, and compare values with ours; Keras' names were read in its documentation, and nothing here runs
them.

In PyTorch nothing need be rewritten by hand: `rheobase.torch` has torch.nn's class names, arguments and `state_dict`,
and `rt.swap` replaces modules of a model.

```python
>>> import torch, rheobase as rb, rheobase.torch as rt
>>> net = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ELU(), torch.nn.Linear(4, 4), torch.nn.Softplus())
>>> [f"{r.path}: {r.new}" for r in rt.swap(net, {"elu": "elu", "softplus": "softplus"}).replaced]     # ours for theirs
['1: elu', '3: softplus']
>>> rb.get("hardswish"), rb.get("swish"), rb.get("gelu_new")         # other libraries' names are aliases
(rheobase.hard_swish, rheobase.silu, rheobase.gelu_tanh)

```
"""


def renamed(definitions: list[Definition]) -> str:
    """Those that bear another name somewhere."""
    rows = []
    for d in definitions:
        names = [_name(e) for e in (d.torch, d.jax, d.keras, d.onnx)]
        plain = {name.lower() for name in names if name}
        if plain - {d.name}:
            rows.append([f"`{d.name}`", *(f"`{name}`" if name else "–" for name in names)])
    return (
        "\n## Other names\n\nFunctions that are called otherwise somewhere; – where the library has none.\n\n"
        + table(["rheobase", "torch.nn.functional", "jax.nn", "keras.activations", "ONNX"], rows)
    )


def _name(theirs: Elsewhere) -> str:
    return theirs.function or theirs.module


def defaults(definitions: list[Definition]) -> str:
    """Arguments without which the library computes another function than ours by default."""
    rows = [[f"`{d.name}`", *row] for d in definitions for row in (*_of_calls(d), *_of_onnx(d))]
    return (
        "\n## Other defaults\n\nWhere the call without arguments is another function than ours without arguments: what "
        "their default is, and what must be written there to mean the same.\n\n"
        + table(["rheobase", "there", "argument", "their default", "ours"], rows)
    )


def _of_calls(d: Definition) -> Iterator[list[str]]:
    # torch's functions are written in C and tell no defaults; its modules have the same
    for theirs, place, name in ((d.torch, torch.nn, d.torch.module), (d.jax, jax.nn, d.jax.function)):
        if not name:
            continue
        for argument, parameter in inspect.signature(getattr(place, name)).parameters.items():
            wanted = _wanted(d, theirs).get(argument, parameter.default)
            if wanted != parameter.default is not inspect.Parameter.empty:
                yield [f"`{place.__name__}.{name}`", f"`{argument}`", f"{parameter.default!r}", f"{wanted!r}"]


def _of_onnx(d: Definition) -> Iterator[list[str]]:
    if not d.onnx.function:
        return
    for name, attribute in defs.get_schema(d.onnx.function).attributes.items():
        value = attribute.default_value
        default = {1: value.f, 2: value.i, 3: value.s.decode()}.get(value.type)
        wanted = _wanted(d, d.onnx).get(name, default)
        if default is not None and not _same(default, wanted):
            yield [f"ONNX `{d.onnx.function}`", f"`{name}`", _number(default), _number(wanted)]


def _wanted(d: Definition, theirs: Elsewhere) -> dict[str, Any]:
    """Their arguments with which they compute our default."""
    return {theirs.arguments.get(name, name): value for name, value in d.defaults.items()} | dict(theirs.fixed)


def _same(a: Any, b: Any) -> bool:
    """ONNX keeps float32."""
    return a == b if isinstance(a, str) else abs(a - b) <= 1e-6 * abs(b)


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else f"{value!r}"


def remarks(definitions: list[Definition]) -> str:
    """What else must be known, in words."""
    rows = [[f"`{d.name}`", text] for d in definitions for text in d.differs]
    return f"\n## Other meanings\n\n{table(['rheobase', 'what differs'], rows)}"


def calls(definitions: list[Definition]) -> str:
    """The calls that compute the same."""
    text = "\n## The same function, written out\n\nEvery parameter is written, as ours is by default.\n"
    for library in LIBRARIES:
        rows = [
            [f"`{d.name}`", f"`{c.function}`" if c.function else "–", f"`{c.layer}`" if c.layer else "–"]
            for d in definitions
            for c in called(d)
            if c.library == library
        ]
        layered = any(layer != "–" for *_, layer in rows)
        headings = ["rheobase", "operator" if library == "ONNX" else "function", "layer"][: 3 if layered else 2]
        text += f"\n### {library}\n\n{table(headings, [row[: len(headings)] for row in rows])}"
    return text


def missing(definitions: list[Definition]) -> str:
    """What is only here."""
    names = [f"`{d.name}`" for d in definitions if not called(d)]
    return f"\n## In none of them\n\n{', '.join(names)}.\n"


def render() -> str:
    definitions = [d for members in catalogue.FAMILIES.values() for d in members]
    return HEAD + "".join(part(definitions) for part in (renamed, defaults, remarks, calls, missing))


def main() -> None:
    """Write the page, or with --check fail if it is not what the definitions say."""
    write_or_check(TARGET, render, __doc__)


if __name__ == "__main__":
    main()
