"""Compiled kernels by their text: in memory, else on disk, else compiled and put there.

A file's name tells text, processor and compiler, so nothing stale is ever run, and machines that share a
home keep apart. Files appear whole or not at all: processes may compile the same kernel at the same time.
"""

from __future__ import annotations

import os
import tempfile
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from rheobase.kernels.cpu.machine import LOOP, load, processor


class Source(NamedTuple):
    """What is compiled: a text, the precision of its arithmetic, the dtypes it reads and writes."""

    text: str
    real: str
    dtype_in: str
    dtype_out: str


class Loop:
    """A compiled loop: its address, and a way to call it from here."""

    def __init__(self, address: int) -> None:
        self.address = address
        self.call = LOOP(address)


@cache
def compiled(source: Source) -> Loop:
    """The loop that `source` describes."""
    name = "rheobase_" + sha256(repr((source, processor(), _compiler())).encode()).hexdigest()[:40]
    file = folder() / f"{name}.o"
    code = file.read_bytes() if file.exists() else _compile_into(file, source, name)
    return Loop(load(code, name))


def _compile_into(file: Path, source: Source, name: str) -> bytes:
    # Numba takes half a second to import and is needed for what is not on disk only
    from rheobase.kernels.cpu.compiler import object_code

    code = object_code(source, name)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as part:
        part.write(code)
    os.replace(part.name, file)
    return code


@cache
def _compiler() -> str:
    return f"numba {version('numba')}, llvmlite {version('llvmlite')}"


@cache
def folder() -> Path:
    """Where compiled kernels are kept: RHEOBASE_CACHE, or rheobase in the user's cache; a temporary place if
    that cannot be written."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    wanted = Path(os.environ.get("RHEOBASE_CACHE") or os.path.join(home, "rheobase"))
    return wanted if _is_writable(wanted) else Path(tempfile.mkdtemp(prefix="rheobase-"))


def _is_writable(path: Path) -> bool:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError:  # how the system says that it cannot be written
        return False
    return os.access(path, os.W_OK)
