"""Measure the atlas and `rheobase show`, and write benchmarks/atlas.csv.

Run:  python scripts/atlas_numbers.py        (needs chromium; about five minutes on a quiet machine)
"""

from __future__ import annotations

import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

import rheobase as rb
from rheobase.bench.record import as_csv, machine

TARGET = Path(__file__).parents[1] / "benchmarks" / "atlas.csv"
ROUNDS = 2
#: Scripts are not deferred: when the document has been read, every plot is drawn.
READY = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
GRAVE = ("serious", "critical")

Row = dict[str, Any]


def seconds(*arguments: str) -> tuple[float, str]:
    """How long a command keeps a core busy, and what it prints: other programs change the time on the clock more."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "rheobase.cli", *arguments], capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def build(out: Path) -> Iterator[Row]:
    """The whole site."""
    took, text = seconds("atlas", "--out", str(out), "--json")
    built = json.loads(text)
    yield row("build", "core seconds", took)
    yield from (row("build", what, built[what]) for what in ("functions", "files", "bytes"))


def pages(out: Path, browser: Browser) -> Iterator[Row]:
    """Every page: how long until it can be used, and what axe-core finds."""
    ready, found, page = {}, 0, browser.new_page()
    for path in sorted(out.glob("*.html")):
        times = []
        for _ in range(ROUNDS):
            page.goto(path.as_uri())
            times.append(page.evaluate(READY))
        violations = Axe().run(page, options={"preload": False}).response["violations"]
        found += sum(v["impact"] in GRAVE for v in violations)
        ready[path.name] = min(times)
    yield row("pages", f"interactive ms, median page, least of {ROUNDS}", statistics.median(ready.values()))
    yield row("pages", f"interactive ms, slowest page, least of {ROUNDS}", max(ready.values()))
    yield row("pages", "serious or critical findings of axe-core", found)


def show() -> Iterator[Row]:
    """`rheobase show` of every function; to build the site, all were compiled."""
    took = {name: seconds("show", name)[0] for name in rb.names()}
    yield row("show", "core seconds, median", statistics.median(took.values()))
    yield row("show", "core seconds, slowest", max(took.values()))
    yield row("show", "slowest", max(took, key=lambda name: took[name]))


def row(of: str, what: str, value: Any) -> Row:
    """One line of the table."""
    return {"of": of, "what": what, "value": value}


def main() -> None:
    """Measure, and write the file."""
    about = machine(1)
    path = shutil.which("chromium")
    assert path is not None, "chromium is not installed"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        out = Path(folder) / "atlas"
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        version = browser.version
        rows = [*build(out), *pages(out, browser), *show()]
        browser.close()
    TARGET.write_text(as_csv({**about, "chromium": version}, rows))


if __name__ == "__main__":
    main()
