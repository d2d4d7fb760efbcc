"""Writing the site into a folder: whole, or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rheobase.atlas import site
from rheobase.atlas.records import entries
from rheobase.atlas.site import File
from rheobase.errors import RheobaseError

#: Lists the files of a site, so that it can be told from other things and be built anew.
CONTENTS = "contents.json"


@dataclass(frozen=True, slots=True)
class Built:
    """What was written."""

    folder: str
    start: str
    functions: int
    files: int
    bytes: int


def build(out: Path, done: Callable[[int, int], None]) -> Built:
    """Write the site into `out`; `done` is told the files that are made, and how many there will be.

    Raises RheobaseError if the folder holds other things or cannot be written.
    """
    check(out)
    with _beside(out.resolve()) as fresh:
        listed = entries()
        total = site.size(listed)
        files: list[File] = []
        for file in site.made(listed):
            files.append(file)
            done(len(files), total)
        files += site.copied()
        _write(fresh, files)
        _replace(out.resolve(), fresh)
    written = sum(len(file.content) for file in files)
    return Built(str(out), str(out / site.LINKS[0].href), len(listed), len(files), written)


def check(out: Path) -> None:
    """Raise RheobaseError unless `out` is a folder to be made, an empty one, or an older atlas."""
    if out.exists() and not out.is_dir():
        raise RheobaseError(f"{str(out)!r} is a file; --out needs a folder")
    other = sorted(_files(out) - _contents(out)) if out.is_dir() else []
    if other:
        raise RheobaseError(f"{str(out)!r} holds other things ({other[0]}, for one); --out needs a folder of its own")


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def _contents(out: Path) -> set[str]:
    """The files of the atlas that lies in `out`."""
    path = out / CONTENTS
    return {CONTENTS, *json.loads(path.read_text())} if path.is_file() else set()


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A new folder beside `target`, to take its place; gone at the end if it has not, with all made for it."""
    fresh = target.with_name(f".{target.name}.new.{os.getpid()}")
    missing = [folder for folder in fresh.parents if not folder.exists()]
    try:
        fresh.mkdir(parents=True)
        yield fresh
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RheobaseError(f"cannot write to {str(target)!r}: {reason}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        for folder in missing:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def _write(folder: Path, files: Sequence[File]) -> None:
    names = json.dumps([file.path for file in files], indent=0)
    for file in (*files, File(CONTENTS, names.encode())):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)


def _replace(target: Path, fresh: Path) -> None:
    if not target.exists():
        fresh.rename(target)
        return
    old = target.with_name(f".{target.name}.old.{os.getpid()}")
    target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old)
