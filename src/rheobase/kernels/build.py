"""From a program to a function of one array library."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Mapping
from typing import Any

from rheobase.algebra.program import Program
from rheobase.kernels.emit import compiled, source
from rheobase.kernels.tails import settle

Array = Any


def build(program: Program, operations: Mapping[str, Any], label: str) -> Callable[..., Array]:
    """The function that computes `program`, tails settled, with the given operations.

    `label` names it in tracebacks, where its source can be read.
    """
    text = source(settle(program))
    filename = f"<rheobase {label} {abs(hash(text)):x}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    return compiled(text, operations, filename)
