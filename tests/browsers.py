"""A real browser for tests: Chromium, where it and the package that drives it are there; else a test is skipped."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def launch_browser(arguments: Sequence[str] = ()) -> Iterator:
    """Open a browser without a window, and close it at the end of a `with` block."""
    driver = pytest.importorskip("playwright.sync_api", reason="no browser is driven without the package playwright")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"there is no browser: none of {', '.join(BROWSERS)} is on PATH")
    with driver.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=list(arguments))
        yield opened
        opened.close()


class Watch:
    """A context without network: opens pages, and keeps what they say on the console and what they ask for."""

    def __init__(self, browser, **settings) -> None:
        self.context = browser.new_context(offline=True, **settings)
        self.said: list[str] = []
        self.asked: list[str] = []

    def open_page(self, path):
        """Open a file."""
        page = self.context.new_page()
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(path.as_uri())
        return page

    def close(self) -> None:
        """Check that nothing was said and nothing asked for."""
        self.context.close()
        assert self.said == []
        assert [url for url in self.asked if not url.startswith(("file:", "data:", "blob:"))] == []
