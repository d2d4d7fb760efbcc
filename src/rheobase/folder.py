"""A folder that results are written into: tried out before the work, and left as it was if nothing comes of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rheobase.errors import UnwritableFolder


@contextmanager
def prepared(out: Path, files: Iterable[str]) -> Iterator[None]:
    """Make `out` for the files of these names; folders that are still empty after an error are removed.

    Raises UnwritableFolder, before the block is entered, if a file cannot be written there.
    """
    made: list[Path] = []
    try:
        _try_out(out, files, made)
        yield
    except BaseException:
        _remove(made)
        raise


def _try_out(out: Path, files: Iterable[str], made: list[Path]) -> None:
    try:
        made += [folder for folder in (out, *out.parents) if not folder.exists()]
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise UnwritableFolder(_complaint(out, error)) from None
    for name in files:
        if (out / name).is_dir():
            raise UnwritableFolder(f"cannot write {str(out / name)!r}: a folder has that name; choose another --out")


def _complaint(out: Path, error: OSError) -> str:
    if isinstance(error, FileExistsError):
        return f"{str(out)!r} is a file; --out needs a folder"
    return f"cannot write to {str(out)!r}: {_reason(error)}; --out needs a folder that can be made and written to"


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _remove(made: Sequence[Path]) -> None:
    for folder in made:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def put(path: Path, content: str | bytes) -> None:
    """Write `content` to `path`: a reader, also after a loss of power, sees the old file or the whole new one."""
    temporary = path.parent / f".{path.name}.{os.getpid()}"
    try:
        with temporary.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UnwritableFolder(f"cannot write {str(path)!r}: {_reason(error)}") from None
