"""Pages that nothing runs rot: every command, block and link of README and docs is tried here.

Python with prompts is run as doctests (pytest collects the pages); what else is there, below.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer

from rheobase.cli.app import app, main
from tests.documents.markdown import PAGES, ROOT, Block, Command, anchors, blocks, commands, links, mentioned

BLOCKS = [block for page in PAGES for block in blocks(page)]
COMMANDS = [command for block in BLOCKS for command in commands(block)]
#: Run as they are but for the numbers of steps, seeds and units, and of functions where they name none: a study takes
#: minutes.
REDUCED = {"study": ("--steps", "2", "--seeds", "2", "--hidden", "8")}
FEW = ("--activations", "relu,tanh")
#: Not run, only read by the command's own parser, and why.
UNTRIED = {
    "--storage": "needs a PostgreSQL server; studies on one are in tests/study/test_shared.py",
    "--plan": "carries out an earlier study; tests/study/test_order.py does",
    "certify": "takes minutes; tests/certify runs it on less",
    "bench": "takes a quarter of an hour; tests/bench runs it on less",
    "claims": "takes minutes; its own tests run each experiment on less",
    "atlas": "takes half a minute; tests/atlas builds it",
}
LANGUAGES = {"", "sh", "console", "python"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and a working folder with what the commands of the pages speak of."""
    (tmp_path / "home").mkdir()
    place = tmp_path / "here"
    (place / "package").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(place)
    monkeypatch.syspath_prepend(place)
    rows = np.random.default_rng(0).normal(size=(80, 3))
    pd.DataFrame({"a": rows[:, 0], "b": rows[:, 1], "price": rows.sum(1)}).to_csv("table.csv", index=False)
    pd.read_csv("table.csv").to_parquet("table.parquet")
    # pages speak of tables in this repository as from its root
    (place / "benchmarks").symlink_to(ROOT / "benchmarks")
    for block in BLOCKS:
        if name := re.match(r"# (\w+\.py)\n", block.text):
            (place / name[1]).write_text(block.text)
    (place / "package" / "__init__.py").touch()
    (place / "package" / "module.py").write_text((place / "mine.py").read_text() + (place / "mynet.py").read_text())
    module = (place / "package" / "module.py").read_text()
    (place / "package" / "module.py").write_text(module.replace("def model(", "def function("))
    return place


def parsed(command: Command) -> None:
    """Let the command line's own parser read it."""
    group = typer.main.get_command(app)
    name, *rest = command.words[1:] or ["--help"]
    if not name.startswith("-"):
        assert name in group.commands, f"there is no command {name!r}"
        group.commands[name].make_context(name, rest, resilient_parsing="--help" in rest)


def untried(command: Command) -> str | None:
    """Why it is not run."""
    return next((why for word, why in UNTRIED.items() if word in command.words), None)


def run(command: Command, monkeypatch: pytest.MonkeyPatch) -> str:
    """What it prints, and its exit status if that is not 0."""
    extra = REDUCED.get(command.words[1], ())
    extra += FEW if extra and FEW[0] not in command.words else ()
    # in this process: starting others takes longer than such a study
    monkeypatch.setattr("rheobase.study.conduct.cores", lambda: 0)
    monkeypatch.setattr(sys, "argv", [*command.words, *extra])
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), pytest.raises(SystemExit) as end:
        main()
    status = f"[exit status {end.value.code}]\n" if end.value.code else ""
    return said.getvalue() + status


def agrees(wanted: str | None, got: str) -> bool:
    """Whether that is what the page says; ... stands for anything."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    if wanted is None:
        return "[exit status" not in got
    return doctest.OutputChecker().check_output(wanted, got, flags)


def test_blocks_are_of_a_kind_that_is_tried() -> None:
    for block in BLOCKS:
        assert block.language in LANGUAGES, f"{block.page.name}: nothing runs a block of {block.language}"
        if block.language == "python":
            assert block.text.startswith((">>> ", "# ")), (
                f"{block.page.name}: neither prompts nor a file:\n{block.text}"
            )


@pytest.mark.parametrize("command", [*{str(c): c for c in COMMANDS if c.words[0] == "rheobase"}.values()], ids=str)
def test_commands(command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed(command)
    if untried(command) is None:
        got = run(command, monkeypatch)
        assert agrees(command.output, got), got


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_running_text_and_others(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    sections = (ROOT / "pyproject.toml").read_text().split("\n[")
    [optional] = [text for text in sections if text.startswith("project.optional-dependencies]")]
    extras = set(re.findall(r"^(\w+) = \[", optional, re.MULTILINE))
    others = [c for c in COMMANDS if c.page == page and c.words[0] != "rheobase"]
    for command in [*mentioned(page), *others]:
        match command.words:
            case ["rheobase", name]:
                assert name.startswith("-") or name in typer.main.get_command(app).commands
            case ["rheobase", *_]:
                parsed(command)
            case ["make", target]:
                assert target in targets
            case ["pip", "install", what]:
                named = re.findall(r"\[(.*)\]", what)
                assert not named or set(named[0].split(",")) <= extras
            case _:
                raise AssertionError(f"{page.name}: nothing tries {command}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links(page: Path) -> None:
    for link in links(page):
        if not link.startswith("https://"):
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), f"{page.name}: {link}"
            assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


WRONG = [
    Command(["rheobase", "show", "gelu", "--plott", "x.png"]),
    Command(["rheobase", "shows", "gelu"]),
    Command(["rheobase", "study", "digits", "--seeds", "many"]),
]


@pytest.mark.parametrize("command", WRONG, ids=str)
def test_a_wrong_command_is_noticed(command: Command) -> None:
    with pytest.raises((typer.BadParameter.__bases__[0], AssertionError)):
        parsed(command)


def test_a_wrong_output_is_noticed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert agrees("...gelu...", run(Command(["rheobase", "show", "gelu"]), monkeypatch))
    assert not agrees("...softmax of gelu...", run(Command(["rheobase", "show", "gelu"]), monkeypatch))
    assert not agrees(None, run(Command(["rheobase", "show", "gleu"]), monkeypatch))


def test_a_wrong_python_block_or_link_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n\n[there](#a-page) [nowhere](other.md)\n\n```python\n>>> 1 + 1\n3\n\n```\n")
    assert doctest.testfile(str(page), module_relative=False, report=False, verbose=False).failed == 1
    assert anchors(page) == {"a-page"}
    with pytest.raises(AssertionError, match=r"other\.md"):
        test_links(page)
    assert [Block(page, "python", ">>> 1 + 1\n3\n\n")] == blocks(page)
