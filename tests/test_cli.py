"""The command line as a user meets it: what it prints, and one clear line for everything that is wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from plotille._canvas import Canvas

import rheobase as rb
from rheobase.cli import app, terminal_plot
from rheobase.cli.card import slope_text
from rheobase.facts.words import fact_lines
from rheobase.plot import Curves, curves
from rheobase.study.plan import DEFAULT

COMMANDS: dict[str, Any] = vars(typer.main.get_command(app))["commands"]


def rheobase(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "120", **variables}
    command = [sys.executable, "-m", "rheobase.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False)


def test_list_and_show(tmp_path: Path) -> None:
    listed = json.loads(rheobase("list", "--json", cwd=tmp_path).stdout)
    assert [row["name"] for row in listed] == rb.names()
    text = rheobase("show", "swish", cwd=tmp_path).stdout
    form, reason = "x*sigmoid(x)", "(exp overflows)"
    for part in ("Sigmoid linear unit", "x/(1 + exp(-x))", form, reason, "[-0.278465, inf)", "Elfwing", "⠤"):
        assert part in text
    record = json.loads(rheobase("show", "gelu", "--json", cwd=tmp_path).stdout)
    assert record["facts"]["gaussian"]["gain"] == pytest.approx(1.5335, abs=1e-4)
    assert record["facts"]["range"]["high"] == "inf"
    for suffix in ("png", "svg"):
        assert rheobase("show", "relu", "--plot", f"relu.{suffix}", cwd=tmp_path).returncode == 0
        assert (tmp_path / f"relu.{suffix}").stat().st_size > 5000


def dots_outside(picture: Curves, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """How many dots were drawn, and how many of them missed the picture."""
    drawn: list[bool] = []
    put = Canvas.point

    def watched(self: Any, x: float, y: float, **options: Any) -> None:
        column, row = self._transform_x(x), self._transform_y(y)
        drawn.append(0 <= column < 2 * self.width and 0 <= row < 4 * self.height)
        put(self, x, y, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Canvas, "point", watched)
        terminal_plot.drawn(picture)
    return len(drawn), drawn.count(False)


@pytest.mark.parametrize("name", rb.names())
def test_no_dot_of_a_curve_lies_outside_the_picture(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = curves(rb.get(name), reach=terminal_plot.REACH)
    count, outside = dots_outside(picture, monkeypatch)
    assert count == sum(int((np.abs(y) <= terminal_plot.TALLEST).sum()) for _, y in picture.lines)
    assert outside == 0
    assert picture.x_label in terminal_plot.drawn(picture)


@pytest.mark.parametrize("low", [-7.3, -1.0, -0.6, -0.2, 0.0, 0.3, 1e-9])
@pytest.mark.parametrize("height", [0.0, 0.1, 0.3, 0.7, 1.0, 1.2, 1.4, 3.0, 7.0, 7.75, 8.0])
def test_a_y_axis_holds_its_values(low: float, height: float) -> None:
    start, step, rows = terminal_plot.y_axis(low, low + height)
    # of four dots a row, the uppermost lies a quarter below the edge; a dot stands for half of one to each side
    assert start < low <= low + height <= start + (rows - 1 / 8) * step
    assert rows <= 10


def test_the_top_edge_is_drawn(tmp_path: Path) -> None:
    rows = rheobase("show", "relu", cwd=tmp_path).stdout.split("f′(x)")[1].splitlines()
    line = next(row.split("|")[1].strip() for row in rows if row.split("|")[0].strip() == "1")
    assert set(line[31:60]) == {"⣀"}


def test_facts_are_told_in_plain_words() -> None:
    step, wavy = (dict(fact_lines(f.facts)) for f in (rb.step, rb.define("wavy", "x + sin(x)")))
    assert step["kinks"] == "at 0 (jumps, 0 | 0, f′ is 0)"
    assert step["saturates"] == "f′ is 0 everywhere"
    assert dict(fact_lines(rb.relu.facts))["kinks"] == "at 0 (0 | 1, f′ is 0)"
    assert "x < 0" in dict(fact_lines(rb.relu.facts))["saturates"]
    assert wavy["fixed points"] == "0, -3.14159, 3.14159, -6.28319, 6.28319, …"
    proofs = [text for _, text in fact_lines(rb.relu.facts) if " = " in text]
    assert "relu_squared(x) = relu(x)**2  (proved symbolically)" in proofs
    assert "relu_prime(x) = 1 - step(-x)  (checked numerically)" in proofs


def test_noise_is_told(tmp_path: Path) -> None:
    shown = {n: " ".join(rheobase("show", n, cwd=tmp_path).stdout.split()) for n in ("rrelu", "gumbel_softmax")}
    drawn = "drawn anew for every element: "
    assert (
        f"slope {drawn}lower + (upper - lower)*x, x uniform on (0, 1); outside training it is (lower + upper)/2"
        in (shown["rrelu"])
    )
    assert f"noise {drawn}-log(-log(x)), x uniform on (0, 1) " in shown["gumbel_softmax"]


def test_show_as_json_names_the_derivative_and_the_libraries(tmp_path: Path) -> None:
    record = json.loads(rheobase("show", "silu", "--json", cwd=tmp_path).stdout)
    assert record["derivative"] == slope_text(rb.silu)
    assert record["torch"] == {"module": "SiLU", "function": "silu"}
    assert record["jax"]["function"] == rb.silu.definition.jax.function
    assert (record["facts"]["smooth"], record["facts"]["continuity"]) == (True, None)
    record = json.loads(rheobase("show", "step", "--json", cwd=tmp_path).stdout)
    assert record["torch"] == record["jax"] == {"module": None, "function": None}
    assert (record["facts"]["smooth"], record["facts"]["continuity"]) == (False, -1)


def test_a_terminal_without_greek_is_served(tmp_path: Path) -> None:
    for arguments in (("show", "step"), ("list",), ("study", "--help"), ("show", "rélu")):
        done = rheobase(*arguments, cwd=tmp_path, PYTHONIOENCODING="ascii")
        assert done.returncode == (2 if "rélu" in arguments else 0)
        assert "Traceback" not in done.stderr


def test_version_and_the_default_functions_are_told(tmp_path: Path) -> None:
    assert rheobase("--version", cwd=tmp_path).stdout == f"rheobase {version('rheobase')}\n"
    text = "".join(rheobase("study", "--help", cwd=tmp_path, COLUMNS="400").stdout.split())
    assert f"default:{','.join(DEFAULT)}." in text


def test_a_study_from_the_command_line(tmp_path: Path) -> None:
    done = rheobase(
        "study", "iris", "--activations", "tanh", "--seeds", "2", "--steps", "40", "--out", "o", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "Screening with 2 seeds" in done.stdout
    assert (tmp_path / "o" / "report.html").exists()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "o" / "cells").iterdir()}
    changed = rheobase("study", "iris", "--activations", "tanh", "--steps", "41", "--out", "o", cwd=tmp_path)
    assert (changed.returncode, changed.stderr.count("\n")) == (2, 1)
    assert "differs in steps (was 40, is 41)" in changed.stderr
    more = rheobase(
        "study",
        "iris",
        "--activations",
        "tanh",
        "--seeds",
        "2",
        "--steps",
        "40",
        "--repair",
        "--out",
        "o",
        cwd=tmp_path,
    )
    assert more.stderr == "0 trainings put back into the ledger, 0 files written anew, 0 unreadable files removed\n"
    assert more.stdout == done.stdout
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "o" / "cells").iterdir()} == kept
    again = rheobase("study", "iris", "--activations", "tanh", "--seeds", "2", "--steps", "40", "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["baseline"] == "relu"
    assert again.stdout == (tmp_path / "rheobase-study" / "results.json").read_text()
    assert again.stderr == ""


ROWS = "a,b,y\n" + "\n".join(f"{i},{i % 7},{'xy'[i % 2]}" for i in range(40)) + "\n"
BAD = {
    "no such file": (["nothing.csv"], "there is no file 'nothing.csv'"),
    "no such set": (["digitz"], "neither a built-in set"),
    "no such column": (["t.csv", "--target", "z"], "has no column 'z'; its columns are 'a', 'b', 'y'"),
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
    "zero seeds": (["iris", "--seeds", "0"], "needs 2 to 1000 seeds"),
    "too many seeds": (["iris", "--seeds", "1001"], "2 to 1000 seeds"),
    "zero steps": (["iris", "--steps", "0"], "at least 1 step"),
    "a file for a folder": (["iris", "--out", "t.csv"], "'t.csv' is a file; --out needs a folder"),
    "below a file": (["iris", "--out", "t.csv/sub"], "cannot write to 't.csv/sub': not a directory; --out needs"),
    "unmakeable": (["iris", "--out", "/proc/x/y"], "cannot write to '/proc/x/y'"),
    "no number": (
        ["iris", "--seeds", "x"],
        "invalid value for '--seeds': a whole number is needed; --seeds is: Paired",
    ),
    "half a step": (["iris", "--steps", "2.5"], "invalid value for '--steps': a whole number is needed"),
    "no functions": (["iris", "--activations", ""], "--activations '' lacks a name; give names separated by commas"),
    "a comma too many": (["iris", "--activations", "relu,,elu"], "--activations 'relu,,elu' lacks a name"),
    "unknown option": (["iris", "--sedes", "3"], "no such option: --sedes"),
    "no data": ([], "DATA is missing: digits"),
    "too many arguments": (["iris", "wine"], "unexpected extra argument"),
    "no widths": (["iris", "--hidden", "64,wide"], "--hidden '64,wide' names no widths; write 128x3, or 64,32"),
    "all silenced": (["iris", "--dropout", "1"], "dropout is a share from 0 to below 1, not 1"),
    "unknown optimizer": (["iris", "--optimizer", "lion"], "invalid value for '--optimizer'"),
    "quick and thorough": (["iris", "--quick", "--thorough"], "--quick or --thorough, not both"),
    "another database": (["iris", "--storage", "sqlite:///x.db"], "--storage needs the URL of a PostgreSQL database"),
    "no server": (["iris", "--storage", "postgresql+pg8000://a@127.0.0.1:9/a"], "the ledger fails: "),
    "anew in a database": (["iris", "--anew", "--storage", "postgresql://a"], "--anew forgets what is in the folder"),
    "no driver": (["iris", "--storage", "postgresql+nothing://a@127.0.0.1/a"], "the ledger fails: Can't load plugin"),
    "no value": (["iris", "--seeds"], "'--seeds' requires an argument"),
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
    assert done.stderr.startswith("rheobase: ")
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


def test_alone_it_prints_help_and_an_unknown_command_lists_the_known(tmp_path: Path) -> None:
    alone = rheobase(cwd=tmp_path)
    assert (alone.returncode, alone.stderr) == (0, "")
    assert alone.stdout == rheobase("--help", cwd=tmp_path).stdout
    assert "Usage: rheobase" in alone.stdout
    for arguments in (["stduy"], ["--nope"]):
        done = rheobase(*arguments, cwd=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert done.stderr.startswith("rheobase: no such ")
        assert done.stderr.endswith(f"the commands are {', '.join(COMMANDS)}\n")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal and process groups")
def test_on_a_terminal_it_tells_the_plan_and_ctrl_c_is_one_line(tmp_path: Path) -> None:
    """The whole process group gets the signal, as when a user presses Ctrl-C."""
    process, terminal, seen = _training_study(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    while process.poll() is None:
        seen += _read(terminal)
    seen += _read(terminal)
    assert process.returncode == 130
    plan = "8 functions × (7 learning rates × 3 seeds + 10 seeds) = 248 trainings of 1000 steps"
    assert f"predicting 'target' from 64 columns\r\n{plan}\r\n" in seen
    done = int(re.search(r" ([1-9]\d*)/248", seen)[1])
    last = "rheobase: interrupted; {} of 248 trainings are kept in 'a/b', and the same command goes on from there\r\n"
    assert seen.endswith(tuple(last.format(count) for count in range(done, 249)))
    assert "Traceback" not in seen
    assert len(list((tmp_path / "a" / "b" / "cells").iterdir())) >= done
    assert _gone(process.pid)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal and process groups")
def test_a_killed_study_leaves_no_process_behind(tmp_path: Path) -> None:
    """Its workers, which have trained already, notice that nobody waits for them."""
    process, _, _ = _training_study(tmp_path)
    process.kill()
    process.wait()
    assert _gone(process.pid)


def _training_study(folder: Path) -> tuple[subprocess.Popen[bytes], int, str]:
    """A study on a terminal of its own, some of its trainings done; the terminal; what it showed."""
    import pty

    ours, theirs = pty.openpty()
    # so long that it is far from its end when the first training is done, on a busy machine too
    command = [sys.executable, "-m", "rheobase.cli", "study", "digits", "--out", "a/b", "--steps", "1000"]
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, cwd=folder, start_new_session=True)
    os.close(theirs)
    seen = ""
    # two trainings may end between two refreshes of the bar: the first number seen need not be 1
    while not re.search(r" [1-9]\d*/248", seen):
        seen += os.read(ours, 4096).decode(errors="replace")
    return process, ours, seen


def _gone(group: int) -> bool:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def _read(terminal: int) -> str:
    try:
        return os.read(terminal, 4096).decode(errors="replace")
    except OSError:  # how Linux says that nobody writes to it any more
        return ""
