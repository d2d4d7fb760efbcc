"""Measure the atlas, its demonstrations and `rheobase show`, and write benchmarks/atlas.csv.

Run:  python scripts/atlas_numbers.py        (needs chromium; about seven minutes on a quiet machine)
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
from rheobase.atlas.demos import DEMONSTRATIONS
from rheobase.atlas.site import demo_page
from rheobase.bench.record import as_csv, machine

TARGET = Path(__file__).parents[1] / "benchmarks" / "atlas.csv"
ROUNDS = 2
#: Scripts are not deferred: when the document has been read, every plot is drawn.
READY = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
GRAVE = ("serious", "critical")
#: A demonstration is watched while it trains: so often, for so many milliseconds, on a processor so many times slower.
WATCHES, WATCHED, SLOWER = 3, 4000, (1, 4)
TRACED = ["devtools.timeline", "toplevel"]
RUN = "[data-act=run]"

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


def demonstrations(out: Path, browser: Browser) -> Iterator[Row]:
    """Every network that is trained in a page: frames per second, and what keeps the longest frame from being drawn."""
    for demo in DEMONSTRATIONS:
        page = browser.new_page()
        page.goto((out / demo_page(demo)).as_uri())
        names = page.locator(f"section:has({RUN})").evaluate_all("(all) => all.map((s) => s.id)")
        page.close()
        for name, slower in ((name, slower) for name in names for slower in SLOWER):
            watches = [watch(browser, (out / demo_page(demo)).as_uri(), name, slower) for _ in range(WATCHES)]
            what = f"{name}, processor 1/{slower}:"
            for k, text in enumerate(("frames per second", "longest task of the page, core ms")):
                yield row(
                    "demonstrations", f"{what} {text}, median of {WATCHES}", statistics.median(w[k] for w in watches)
                )


def watch(browser: Browser, url: str, name: str, slower: int) -> tuple[float, float]:
    """Frames per second, and the longest task of the main thread in milliseconds of a core, while `name` trains."""
    page = browser.new_page()
    page.goto(url)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.locator(f"#{name} {RUN}").click()
    browser.start_tracing(page=page, categories=TRACED)
    page.wait_for_timeout(WATCHED)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    page.close()
    mains = {(e["pid"], e["tid"]) for e in events if e["args"].get("name") == "CrRendererMain"}
    took = [(e["name"], e["tdur"] / 1000) for e in events if "tdur" in e and (e["pid"], e["tid"]) in mains]
    frames = sum(name == "FireAnimationFrame" for name, _ in took)
    return 1000 * frames / WATCHED, max(ms for name, ms in took if name.endswith("RunTask"))


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
        rows = [*build(out), *pages(out, browser), *demonstrations(out, browser), *show()]
        browser.close()
    TARGET.write_text(as_csv({**about, "chromium": version}, rows))


if __name__ == "__main__":
    main()
