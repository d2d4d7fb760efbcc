"""The command that writes the atlas."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rheobase.errors import extra

OUT = "Folder for the site, of its own: a new or empty one, or an older atlas."


def atlas(
    out: Annotated[Path, typer.Option(help=OUT)] = Path("rheobase-atlas"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Write the atlas: a page for every function, to be opened in a browser, with or without a network."""
    with extra("atlas"):
        from rheobase.atlas.build import build
    from rheobase.cli.progress import reported

    with reported("pages") as done:
        built = build(out, done)
    if as_json:
        print(json.dumps(asdict(built), indent=1))
    else:
        print(f"{built.functions} functions, {built.files} files, {built.bytes / 1e6:.1f} MB; open {built.start}")
