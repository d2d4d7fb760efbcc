"""The site, built once, and a real browser that reaches nothing but its files."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

from rheobase.atlas.build import build

#: What the system's packages call it; nothing is downloaded.
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

Open = Callable[..., Page]

#: Milliseconds that a page may take on a busy machine for what it does at once on a free one.
PATIENCE = 120_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("atlas") / "site"
    build(out, lambda done, total: None)
    return out


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed: pages are not opened (apt-get install chromium)")
    with sync_playwright() as driver:
        # root, as which CI runs, may not use the sandbox
        opened = driver.chromium.launch(executable_path=path, args=["--no-sandbox"], timeout=PATIENCE)
        yield opened
        opened.close()


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def visit(browser: Browser, site: Path, complaints: list[str]) -> Iterator[Open]:
    """Opens pages of the site. At the end of a test none may have complained, nor asked for anything elsewhere."""
    contexts = []

    def ask(route: Route) -> None:
        url = route.request.url
        if url.startswith((site.as_uri(), "data:")):
            route.continue_()
        else:
            complaints.append(f"asks for {url}")
            route.abort()

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def go(name: str, width: int = 1280, scheme: str = "light", fragment: str = "") -> Page:
        dark = scheme == "dark"
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.route("**/*", ask)
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((site / name).as_uri() + fragment)
        return page

    yield go
    for context in contexts:
        context.close()
    assert complaints == []
