"""The demonstrations' pages without those of the functions, whose facts take long, and how they are opened."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rheobase import catalogue
from rheobase.atlas import site
from rheobase.atlas.demos import DEMONSTRATIONS
from rheobase.atlas.functions import functions_script

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: The file of each demonstration.
FILES = {demo.slug: site.demo_page(demo) for demo in DEMONSTRATIONS}
WHY_NOT = "the demonstrations are tried in Chromium, and none is installed"


def write(out: Path, broken: Mapping[str, tuple[str, str]] | None = None) -> Path:
    """The pages in `out`; `broken` replaces a piece of text in a script, to see that a test notices."""
    for file in (*site.copied(), *site.made([])):
        path = out / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    script = site._environment().get_template("functions.js.j2").render(functions_script(catalogue.definitions()))
    (out / "static" / "functions.js").write_text(script)
    for name, (right, wrong) in (broken or {}).items():
        text = (out / "static" / "demos" / name).read_text()
        assert right in text
        (out / "static" / "demos" / name).write_text(text.replace(right, wrong))
    return out


@contextmanager
def opened(chromium: Any, site: Path, slug: str, **options: Any) -> Iterator[Any]:
    """The page; at its end it must have had no error and asked for nothing but files."""
    context = chromium.new_context(**options)
    page, complaints, requests = context.new_page(), [], []
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    page.on("request", lambda r: requests.append(r.url))
    page.goto((site / FILES[slug]).as_uri())
    yield page
    context.close()
    assert not complaints
    assert all(url.startswith(("file:", "data:")) for url in requests)
