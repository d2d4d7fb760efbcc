"""Compiled kernels: in memory, else on disk, else compiled and put there.

A file's name tells text, processor and compiler, so nothing stale is ever run, and machines that share a
home keep apart. Files appear whole or not at all: processes may compile the same kernel at the same time.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import llvmlite

import rheobase
from rheobase.kernels.cpu.machine import LOOP, load, processor

#: What a kernel's text depends on besides the definition.
_CODE = ("algebra", "kernels")
#: What its machine code depends on besides the text.
_INSTRUCTIONS = ("compiler", "instructions", "machine", "lanes", "vector_type", "vector_memory", "vectors")

#: One thread at a time: neither Python's parser of syntax trees nor the algebra stands two.
_MAKING = Lock()


class Source(NamedTuple):
    """What is compiled: a text, the precision of its arithmetic, the dtypes it reads and writes; over rows or not."""

    text: str
    real: str
    dtype_in: str
    dtype_out: str
    is_row: bool = False


class Loop:
    """A compiled loop: its address, and a way to call it from here."""

    def __init__(self, code: bytes, name: str) -> None:
        self.address = load(code, name)
        self.call = LOOP(self.address)


def remembered(request: str, make: Callable[[], Source | None]) -> Loop | None:
    """The loop for `request`; its source is made only if no file tells what it was the last time."""
    with _MAKING:
        note = folder() / f"{_digest(request, _code())}.txt"
        if not note.exists():
            source = make()
            _write(note, b"" if source is None else _compiled_file(source).encode())
        name = note.read_text()
        return _loaded(name) if name else None


def compiled(source: Source) -> Loop:
    """The loop that `source` describes."""
    with _MAKING:
        return _loaded(_compiled_file(source))


@cache
def _loaded(name: str) -> Loop:
    return Loop((folder() / f"{name}.o").read_bytes(), name)


def _compiled_file(source: Source) -> str:
    """The name of the file with the machine code, compiled if it is not there yet."""
    name = f"rheobase_{_digest(source, _target())}"
    file = folder() / f"{name}.o"
    if not file.exists():
        # Numba takes half a second to import and is needed for what is not on disk only
        from rheobase.kernels.cpu.compiler import object_code

        _write(file, object_code(source, name))
    return name


def _write(file: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as part:
        part.write(content)
    os.replace(part.name, file)


def _digest(*parts: Any) -> str:
    return sha256(repr(parts).encode()).hexdigest()[:40]


@cache
def _compiler() -> str:
    # every release of Numba goes with one of llvmlite, whose version costs nothing to ask for
    return f"llvmlite {llvmlite.__version__}"


@cache
def _target() -> str:
    """A digest of what texts are compiled to: instructions, by which compiler, for which processor."""
    files = sorted((Path(__file__).parent / name).with_suffix(".py") for name in _INSTRUCTIONS)
    return _digest([file.read_bytes() for file in files], processor(), _compiler())


@cache
def _code() -> str:
    """A digest of the code that makes kernels' texts, the compiler and the processor."""
    root = Path(rheobase.__file__).parent
    files = sorted(file for part in _CODE for file in (root / part).rglob("*.py"))
    return _digest([file.read_bytes() for file in files], processor(), _compiler())


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
