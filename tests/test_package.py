"""What is installed holds all that the code reads: pages, numbers, front-end parts."""

from __future__ import annotations

from pathlib import Path

import pytest

import rheobase as rb

SOURCE = Path(rb.__file__).parent


def test_every_file_beside_the_code_is_installed() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has no reader of TOML")
    settings = tomllib.loads((SOURCE.parents[1] / "pyproject.toml").read_text())
    patterns = settings["tool"]["setuptools"]["package-data"]["rheobase"]
    installed = {path for pattern in patterns for path in SOURCE.glob(pattern) if path.is_file()}
    beside = {path for path in SOURCE.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert beside == installed
