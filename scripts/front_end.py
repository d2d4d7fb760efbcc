"""Fetch the front-end parts that the atlas ships: pinned, checked against their digests, each with its licence.

Run:  python scripts/front_end.py [--check]        (needs npm)
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TARGET = Path(__file__).parents[1] / "src" / "rheobase" / "atlas" / "static" / "vendor"


class Part(NamedTuple):
    """A package, the digest of its archive, and the one file of it that pages load."""

    name: str
    version: str
    sha512: str
    file: str


PARTS = (
    Part("d3", "7.9.0", "e1U46jVP+w7Iut8Jt8ri1YsPOvFpg46k+K8TpCb0P+zjCkjkPnV7WzfDJzMHy1LnA+wj5pLT1wjO901gLXeEhA==",
         "dist/d3.min.js"),
    Part("@observablehq/plot", "0.6.17",
         "/qaXP/7mc4MUS0s4cPPFASDRjtsWp85/TbfsciqDgU1HwYixbSbbytNuInD8AcTYC3xaxACgVX06agdfQy9W+g==",
         "dist/plot.umd.min.js"),
)  # fmt: skip


def files(part: Part) -> Iterator[tuple[str, bytes]]:
    """Names and contents of what is kept of a part: its code and its licence."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", f"{part.name}@{part.version}", "--silent", "--pack-destination", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).iterdir()
        found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if found != part.sha512:
            sys.exit(f"{part.name} {part.version} is not what it was: its SHA-512 is {found}")
        with tarfile.open(archive) as held:
            yield Path(part.file).name, _read(held, part.file)
            yield f"{Path(part.file).stem.split('.')[0]}.LICENSE.txt", _read(held, "LICENSE")


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    held = archive.extractfile(f"package/{name}")
    assert held is not None
    return held.read()


def main() -> None:
    """Write the files, or with --check fail if they are not the pinned ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    for name, content in (pair for part in PARTS for pair in files(part)):
        if not check:
            (TARGET / name).write_bytes(content)
        elif (TARGET / name).read_bytes() != content:
            sys.exit(f"{name} is not the pinned one; run scripts/front_end.py")


if __name__ == "__main__":
    main()
