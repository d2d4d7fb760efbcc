"""The command line as a user meets it: what it prints, and one clear line for everything that is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import rheobase as rb


def rheobase(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "120"}
    command = [sys.executable, "-m", "rheobase.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False)


def test_list_and_show(tmp_path: Path) -> None:
    listed = json.loads(rheobase("list", "--json", cwd=tmp_path).stdout)
    assert [row["name"] for row in listed] == rb.names()
    text = rheobase("show", "swish", cwd=tmp_path).stdout
    for part in ("Sigmoid linear unit", "f = x/(1 + exp(-x))", "range", "[-0.278465, inf)", "Elfwing", "⠤"):
        assert part in text
    record = json.loads(rheobase("show", "gelu", "--json", cwd=tmp_path).stdout)
    assert record["facts"]["gaussian"]["gain"] == pytest.approx(1.5335, abs=1e-4)
    assert record["facts"]["range"]["high"] == "inf"
    for suffix in ("png", "svg"):
        assert rheobase("show", "relu", "--plot", f"relu.{suffix}", cwd=tmp_path).returncode == 0
        assert (tmp_path / f"relu.{suffix}").stat().st_size > 5000


def test_a_study_from_the_command_line(tmp_path: Path) -> None:
    done = rheobase(
        "study", "iris", "--activations", "tanh", "--seeds", "2", "--steps", "40", "--out", "o", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "Screening with 2 seeds" in done.stdout
    assert (tmp_path / "o" / "report.html").exists()
    again = rheobase("study", "iris", "--activations", "tanh", "--seeds", "2", "--steps", "40", "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["baseline"] == "relu"


ROWS = "a,b,y\n" + "\n".join(f"{i},{i % 7},{'xy'[i % 2]}" for i in range(40)) + "\n"
BAD = {
    "no such file": (["nothing.csv"], "there is no file 'nothing.csv'"),
    "no such set": (["digitz"], "neither a built-in set"),
    "no such column": (["t.csv", "--target", "z"], "has no column 'z'; its columns are a, b, y"),
    "constant target": (["constant.csv"], "the target 'y' is constant"),
    "one row": (["one.csv"], "has 1 row(s); a study needs at least 20"),
    "all missing": (["missing.csv"], "no feature with a value"),
    "missing target": (["gaps.csv"], "the target 'y' misses 1 value(s)"),
    "infinite": (["infinite.csv"], "column 'a' holds an infinite value"),
    "rare class": (["rare.csv"], "every class needs at least 5"),
    "empty file": (["empty.csv"], "cannot read 'empty.csv'"),
    "unknown function": (["iris", "--activations", "relu,gelo"], "'gelo'; did you mean"),
    "gated function": (["iris", "--activations", "swiglu"], "swiglu is a gated function"),
    "only softmax": (["iris", "--activations", "softmax"], "nothing to compare relu with"),
    "unknown baseline": (["iris", "--baseline", "nope"], "no activation function is called 'nope'"),
    "zero seeds": (["iris", "--seeds", "0"], "at least 2 seeds"),
    "unwritable": (["iris", "--out", "t.csv"], "'t.csv' is a file; --out needs a folder"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_line_and_leaves_nothing_behind(case: str, tmp_path: Path) -> None:
    tables = {
        "t": ROWS,
        "constant": "a,y\n" + "".join(f"{i},1\n" for i in range(40)),
        "one": "a,y\n1,2\n",
        "missing": "a,y\n" + "".join(f",{i % 2}\n" for i in range(40)),
        "gaps": ROWS + "1,2,\n",
        "infinite": ROWS + "inf,2,x\n",
        "rare": ROWS + "1,2,z\n",
        "empty": "",
    }
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text)
    before = sorted(tmp_path.rglob("*"))
    arguments, complaint = BAD[case]
    done = rheobase("study", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_show_refuses_in_one_line(tmp_path: Path) -> None:
    for arguments, complaint in (
        (["relux"], "did you mean relu"),
        (["relu", "--plot", "relu.gif"], "must end in one of .png, .svg, .pdf"),
        (["relu", "--plot", "no/where.png"], "there is no folder 'no'"),
    ):
        done = rheobase("show", *arguments, cwd=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert complaint in done.stderr
