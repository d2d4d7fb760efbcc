"""What scripts share that write a generated file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path


def write_or_check(target: Path, render: Callable[[], str], description: str | None) -> None:
    """Write a file, or with --check fail if it is not what `render` gives."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    text = render()
    if not arguments.check:
        target.write_text(text)
    elif target.read_text() != text:
        sys.exit(f"{target} is out of date; run scripts/{Path(sys.argv[0]).name}")
