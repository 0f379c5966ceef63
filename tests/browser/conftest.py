"""A server on a free port of this machine and a Chromium to look at it with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from seeing import DESKTOP

from patience import PATIENCE_MS

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

FLAGS = [  # nothing of Chromium's own may go out either
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """Chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium, headless=True, args=FLAGS, timeout=PATIENCE_MS
        )
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def new_context(browser: Any) -> Callable[..., Any]:
    """A browser that nobody used before; its pages wait as long as all our tests do."""

    def opened(**options: Any) -> Any:
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        return context

    return opened


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """The app over random numbers, as a team would see it."""
    from made_findings import made_findings, made_long, made_project

    from qi_equity.app.backend import FixedBackend
    from qi_equity.app.server import start

    projects = [made_project("pph"), made_project("warm", sites=2)]
    found = {one.id: made_findings(one, seed=n) for n, one in enumerate(projects)}
    running = start(FixedBackend(found | {"long": made_long()}))
    yield running.url
    running.stop()


@pytest.fixture(scope="session")
def context_of(new_context: Any) -> Iterator[Any]:
    """One context for each kind of screen, so that scripts are fetched once, as by visitors."""
    made: dict[str, Any] = {}

    def context(size: dict[str, int], **options: Any) -> Any:
        name = repr((size, options))
        if name not in made:
            made[name] = new_context(viewport=size, **options)
        return made[name]

    yield context
    for one in made.values():
        one.close()


@pytest.fixture
def visit(context_of: Any, url: str) -> Iterator[Any]:
    """Open an address in a fresh page; any error or foreign request fails the test."""
    pages, troubles = [], []
    home = urlsplit(url).netloc

    def opened(address: str = "", *, size: dict[str, int] = DESKTOP, **options: Any) -> Any:
        page = context_of(size, **options).new_page()
        pages.append(page)
        page.add_init_script("if (!sessionStorage.kept) localStorage.clear()")

        def requested(request: Any) -> None:
            place = urlsplit(request.url)
            if place.scheme not in ("data", "blob") and place.netloc != home:
                troubles.append(f"asked for {request.url}")

        page.on("request", requested)
        page.on("websocket", lambda socket: requested(socket))
        page.on("pageerror", lambda error: troubles.append(f"error in the page: {error}"))
        page.on(
            "console",
            lambda said: troubles.append(said.text) if said.type == "error" else None,
        )
        page.goto(url + address)
        return page

    yield opened
    for page in pages:
        page.close()
    assert troubles == []
