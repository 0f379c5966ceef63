"""A server on a free port of this machine and a Chromium to look at it with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tabs import Tabs

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
def tabs(new_context: Any) -> Iterator[Tabs]:
    """Pages that one test leaves to the next."""
    made = Tabs(new_context)
    yield made
    made.close()


@pytest.fixture(scope="session")
def context_of(tabs: Tabs) -> Any:
    """One context for each kind of screen, for tests that open pages of their own."""
    return tabs.context


@pytest.fixture
def visit(tabs: Tabs, url: str) -> Iterator[Any]:
    """Open an address in an empty page; any error or foreign request fails the test."""
    with tabs.opened(url) as opened:
        yield opened
