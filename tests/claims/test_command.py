"""`rheobase claims` as a user meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rheobase.claims import CLAIMS


def command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "rheobase.cli", "claims", *arguments]
    return subprocess.run(line, capture_output=True, text=True, cwd=cwd, check=False)


def test_what_was_asked_for_is_tested_and_written(tmp_path: Path) -> None:
    done = command("relu-kink", "--seed", "3", "--json", "--out", "found", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads(done.stdout)
    assert json.loads((tmp_path / "found" / "claims.json").read_text()) == record
    assert [(c["id"], c["verdict"], c["seed"]) for c in record["claims"]] == [("relu-kink", "holds", 3)]
    assert 'id="relu-kink"' in (tmp_path / "found" / "claims.html").read_text()


def test_the_list_names_all(tmp_path: Path) -> None:
    listed = command("--list", "--json", cwd=tmp_path).stdout
    assert [row["id"] for row in json.loads(listed)] == [claim.id for claim in CLAIMS]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ("tahn",),
            "rheobase: no claim is called 'tahn', and none is about a function of that name; did you mean tanh?",
        ),
        (("relu-kink", "--out", "file"), "rheobase: 'file' is a file; --out needs a folder"),
        (
            ("relu-kink", "--out", "."),
            "rheobase: cannot write 'claims.json': a folder has that name; choose another --out",
        ),
    ],
)
def test_what_is_wrong_is_one_line(arguments: tuple[str, ...], complaint: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "claims.json").mkdir()
    done = command(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{complaint}\n")
    assert len(list(tmp_path.iterdir())) == 2
