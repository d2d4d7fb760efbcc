"""Who takes part: our two cores, our NumPy form, the rivals that are installed, and a copy."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from rheobase.bench.plan import EXACT, FAST, NUMPY, RIVALS
from rheobase.bench.work import Entries
from rheobase.definition import Definition
from rheobase.kernels.precision import precision

COPY = "copy"


@dataclass(frozen=True, slots=True)
class Contestant:
    """Someone who is timed: a module of this package, the function in it that gives the entries, and what it needs.

    `heading` is its name in tables.
    """

    name: str
    heading: str
    module: str
    entries: str = "entries"
    needs: tuple[str, ...] = ("torch",)
    setting: Callable[[], AbstractContextManager[Any]] = nullcontext

    def enter(self, definition: Definition) -> Entries:
        """What it can do with a function."""
        found: Entries = getattr(import_module(f"rheobase.bench.{self.module}"), self.entries)(definition)
        return found

    @property
    def lacks(self) -> str:
        """What has to be installed before it can take part; "" if nothing."""
        missing = [name for name in self.needs if find_spec(name) is None]
        if self.name == "torch.compile" and not missing and not _finds_compiler():
            return "a C++ compiler"
        return " and ".join(missing)


def _finds_compiler() -> bool:
    usual = "clang++" if sys.platform == "darwin" else "g++"
    return shutil.which(os.environ.get("CXX", usual)) is not None


#: As the tables show them, from left to right.
CONTESTANTS = (
    Contestant(FAST, "fast", "ours", "on_torch", setting=partial(precision, "fast")),
    Contestant(EXACT, "exact", "ours", "on_torch", setting=partial(precision, "exact")),
    Contestant(NUMPY, "numpy", "ours", "on_numpy", setting=partial(precision, "fast")),
    Contestant("torch", "torch", "eager"),
    Contestant("torch.compile", "compile", "eager", "compiled"),
    Contestant("jax", "jax", "xla", needs=("jax",)),
    Contestant("onnxruntime", "onnx", "onnx", needs=("onnxruntime", "onnx")),
    Contestant(COPY, "copy", "ours", "copy"),
)


def present(rivals: Sequence[str]) -> tuple[Contestant, ...]:
    """Ours, the copy, and those of the rivals that can take part."""
    return tuple(c for c in CONTESTANTS if c.name not in RIVALS or (c.name in rivals and not c.lacks))


def absent(rivals: Sequence[str]) -> dict[str, str]:
    """Rivals that were asked for and cannot take part: what each lacks."""
    return {c.name: c.lacks for c in CONTESTANTS if c.name in rivals and c.lacks}
