"""What a Markdown page holds that can be tried: blocks of code, commands, links, headings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`((?:rheobase|make|pip install) [^`]+)`(?!`)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of code: its language, "" for none, and its lines."""

    page: Path
    language: str
    text: str


@dataclass
class Command:
    """A command line as words, and what it is said to print; None: nothing is said."""

    words: list[str]
    output: str | None = None
    page: Path = field(default=ROOT)

    def __str__(self) -> str:
        return shlex.join(self.words)


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    return [Block(page, language, text) for language, text in _BLOCK.findall(page.read_text())]


def commands(block: Block) -> Iterator[Command]:
    """The command lines of a block; in a console's, lines after $ and what is printed in between."""
    if block.language == "console":
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            line, _, output = part.partition("\n")
            yield Command(shlex.split(line), output, block.page)
    elif block.language in ("", "sh"):
        for line in block.text.splitlines():
            if words := shlex.split(line, comments=True):
                yield Command(words, None, block.page)


def mentioned(page: Path) -> list[Command]:
    """Command lines in running text."""
    prose = _BLOCK.sub("", page.read_text())
    return [Command(shlex.split(" ".join(found.split())), None, page) for found in _INLINE.findall(prose)]


def links(page: Path) -> list[str]:
    """Where its links point."""
    return _LINK.findall(_BLOCK.sub("", page.read_text()))


def anchors(page: Path) -> set[str]:
    """What links may name in a page: its headings, as GitHub writes them."""
    headings = _HEADING.findall(_BLOCK.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
