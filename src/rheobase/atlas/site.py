"""The site: every page from its record, and the files that pages load."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from rheobase.atlas import measurements
from rheobase.atlas.demos import DEMONSTRATIONS, Demonstration
from rheobase.atlas.functions import functions_script
from rheobase.atlas.records import FACETS, ORDERS, PROPERTIES, Entry, pages
from rheobase.atlas.text import number, signed, symbols
from rheobase.catalogue import FAMILIES
from rheobase.claims.record import VERDICTS
from rheobase.facts.saturation import SHARE
from rheobase.facts.words import fact_lines

STATIC = "static"


class File(NamedTuple):
    """A file of the site: its path, with / between folders, and what it holds."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the navigation."""

    href: str
    text: str


LINKS = (
    Link("index.html", "Functions"),
    Link("compare.html", "Compare"),
    Link("claims.html", "Claims"),
    Link("demonstrations.html", "Demonstrations"),
)


def demo_page(demo: Demonstration) -> str:
    """The file of a demonstration's page."""
    return f"demo-{demo.slug}.html"


def size(listed: Sequence[Entry]) -> int:
    """How many files are made and not copied."""
    return len(listed) + len(LINKS) + len(DEMONSTRATIONS) + 2


def made(listed: Sequence[Entry]) -> Iterator[File]:
    """Every file that is derived: pages, functions, facts."""
    environment = _environment()

    def page(path: str, template: str, **record: Any) -> File:
        text = environment.get_template(template).render(here=path, **record)
        return File(path, text.encode())

    for record in pages(listed):
        yield page(record.entry.page, f"{record.definition.kind}.html.j2", page=record, entry=record.entry)
    by_page = {entry.name: entry.page for entry in listed}
    yield page("index.html", "index.html.j2", families=_by_family(listed), facets=(*FACETS, *PROPERTIES),
               orders=ORDERS, libraries=dict.fromkeys(name for e in listed for name in e.libraries))  # fmt: skip
    yield page("compare.html", "compare.html.j2", families=_by_family([e for e in listed if e.facts is not None]))
    named = dict.fromkeys(name for claim in measurements.claims()["claims"] for name in claim["functions"])
    yield page("claims.html", "claims.html.j2", record=measurements.claims(), page_of=by_page, named=named,
               verdicts=VERDICTS)  # fmt: skip
    demos = [(demo_page(demo), demo) for demo in DEMONSTRATIONS]
    yield page("demonstrations.html", "demonstrations.html.j2", demonstrations=demos)
    for path, demo in demos:
        yield page(path, demo.template, demo=demo)
    script = environment.get_template("functions.js.j2").render(functions_script(e.definition for e in listed))
    yield File(f"{STATIC}/functions.js", script.encode())
    yield File(f"{STATIC}/facts.js", _facts(listed).encode())


def copied() -> Iterator[File]:
    """Every file that is shipped as it is: styles, scripts, the front-end parts with their licences."""
    folder = Path(__file__).parent / STATIC
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield File(path.relative_to(folder.parent).as_posix(), path.read_bytes())


def _environment() -> Environment:
    loader = PackageLoader("rheobase.atlas")
    environment = Environment(
        loader=loader, undefined=StrictUndefined, trim_blocks=True, autoescape=select_autoescape(["html.j2"])
    )
    environment.globals |= {
        "links": LINKS, "root": "", "version": version("rheobase"), "share": SHARE, "about": measurements.about,
        "files": {"accuracy": measurements.SAMPLE, "speed": measurements.KERNELS}, "size": measurements.SIZE,
        "most": number(measurements.MOST),
    }  # fmt: skip
    environment.filters |= {"number": number, "signed": signed}
    return environment


def _by_family(listed: Iterable[Entry]) -> Mapping[str, list[Entry]]:
    chosen = list(listed)
    by_family = {family: [e for e in chosen if e.family == family] for family in FAMILIES}
    return {family: members for family, members in by_family.items() if members}


def _facts(listed: Iterable[Entry]) -> str:
    """What the page that compares prints beside the curves."""
    rows = {
        e.name: {"page": e.page, "title": e.definition.title, "lines": _lines(e), "cost": e.cost, "error": e.error}
        for e in listed
        if e.facts is not None
    }
    return f"(window.rheobase = window.rheobase || {{}}).facts = {json.dumps(rows, ensure_ascii=False)};\n"


def _lines(entry: Entry) -> list[tuple[str, str]]:
    assert entry.facts is not None
    lines = fact_lines(entry.facts)
    return [(label, symbols(text)) for label, text in lines if label not in ("relatives", "")]
