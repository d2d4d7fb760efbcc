"""Measure what PyTorch and our modes keep of each function for backward, and write docs/kept-for-backward.md.

Run:  python scripts/kept_for_backward.py [--check]
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from generated import write_or_check

import rheobase as rb
import rheobase.torch as rt
from rheobase import catalogue
from rheobase.definition import Definition

TARGET = Path(__file__).parents[1] / "docs" / "kept-for-backward.md"
MODES = ("default", "input", "lean")
ELEMENTS = 1024

HEAD = """# What is kept for backward

Bytes per float32 element that autograd keeps of a function, which tensor they are, and how exact the gradient is that
follows from it, measured by `python scripts/kept_for_backward.py` on 100 000 inputs from -30 to 30. An output costs
nothing if the next layer keeps it as well, as a linear layer does. Bits are one per element, of functions whose slope
has two values. The error is relative to the exact slope, in units of 2⁻²⁴, or, where that is large because the slope
vanishes, absolute. The modes are `rt.saves`'s; "in place" is what a module with `inplace=True` keeps, besides the
tensor that it writes over; PyTorch has it where there is no dash.

"""
COLUMNS = ("function", "PyTorch", *MODES, "PyTorch, in place", *(f"{mode}, in place" for mode in MODES[::2]),
           *(f"error, {mode}" for mode in MODES[::2]))  # fmt: skip


def kept(function: Callable[[torch.Tensor], torch.Tensor], *, in_place: bool = False) -> str:
    """Bytes per element, and which tensor they are; in place, without those that are written over."""
    x = torch.linspace(-3, 3, ELEMENTS, requires_grad=True)
    # what is written over must have come from somewhere
    given = x * 1 if in_place else x
    tensors: list[torch.Tensor] = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        tensors.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        y = function(given)
    names = {given.data_ptr(): "input", y.data_ptr(): "output"}
    storages = {t.untyped_storage().data_ptr(): t for t in tensors if t.numel() > 1}
    what = sorted(names.get(p, "bits" if t.dtype == torch.int32 else "other") for p, t in storages.items())
    size = sum(t.untyped_storage().nbytes() for p, t in storages.items() if not (in_place and p in names)) / ELEMENTS
    return f"{size:g} ({', '.join(what)})" if what else "0"


def error(function: Any, mode: str) -> str:
    """The largest relative error of the gradient, and where that is large the absolute one."""
    # NumPy's, for torch's has other last bits on other processors
    x = torch.from_numpy(np.linspace(-30, 30, 100_000).astype(np.float32)).requires_grad_()
    with rt.saves(mode):
        function(x).sum().backward()
    exact = function.derivative(x.detach().double())
    assert x.grad is not None
    distance = (x.grad.double() - exact).abs()
    there = exact.abs() > 2.0**-126
    relative = float((distance[there] / exact[there].abs()).max()) * 2**24 if there.any() else 0.0
    return f"{relative:.1f}" if relative < 8 else f"{float(distance.max()) * 2**24:.1f} absolute"


def row(definition: Definition) -> str:
    """One function's line of the table."""
    function, module = rb.get(definition.name), rt.module(definition.name, inplace=True)
    kind, fixed = getattr(torch.nn, definition.torch.module), definition.torch.fixed
    ours, over = [], []
    for mode in MODES:
        with rt.saves(mode):
            ours.append(kept(function))
            over.append(kept(module, in_place=True))
    takes_in_place = "inplace" in inspect.signature(kind).parameters
    theirs_over = kept(kind(**fixed, inplace=True), in_place=True) if takes_in_place else "–"
    errors = [error(function, mode) for mode in MODES[::2]]
    return line(definition.name, kept(kind(**fixed)), *ours, theirs_over, *over[::2], *errors)


def line(*cells: str) -> str:
    """A line of the table."""
    return f"| {' | '.join(cells)} |\n"


def chosen() -> list[Definition]:
    """Functions of one number that torch has as a module, without noise and learnt parameters, which are kept too."""
    return [
        d
        for d in catalogue.definitions()
        if d.kind == "elementwise"
        and d.torch.module
        and not d.noise
        and d.name != "threshold"
        and not any(p.learnable for p in d.parameters)
    ]


def main() -> None:
    """Write the page, or with --check fail if it is not what is measured."""
    rule = f"|{'---|' * len(COLUMNS)}\n"
    write_or_check(TARGET, lambda: HEAD + line(*COLUMNS) + rule + "".join(map(row, chosen())), __doc__)


if __name__ == "__main__":
    main()
