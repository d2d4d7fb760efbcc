"""A copy of the site with a fault in a script, to see that a test notices."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page


@contextmanager
def broken(browser: Browser, site: Path, out: Path, name: str, script: str, right: str, wrong: str) -> Iterator[Page]:
    """The page `name` of a copy of the site in `out`, with `wrong` for `right` in the script."""
    shutil.copytree(site, out, dirs_exist_ok=True)
    text = (out / script).read_text()
    assert right in text
    (out / script).write_text(text.replace(right, wrong))
    page = browser.new_page()
    page.goto((out / name).as_uri())
    yield page
    page.close()
