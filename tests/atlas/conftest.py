from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.atlas import demo_pages


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if demo_pages.CHROMIUM is None:
        pytest.skip(demo_pages.WHY_NOT)
    sync = pytest.importorskip("playwright.sync_api", reason="the demonstrations are driven by Playwright")
    with sync.sync_playwright() as playwright:
        # a container has no sandbox for it
        browser = playwright.chromium.launch(executable_path=demo_pages.CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def demo_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo_pages.write(tmp_path_factory.mktemp("demos"))
