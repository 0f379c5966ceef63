"""Pages of a store can be read by everybody: no accessibility violation, no sideways scroll."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from seeing import fault, ready
from served import ten_sites


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app over a store of ten sites and thirty weeks."""
    with ten_sites(tmp_path_factory.mktemp("store")) as served:
        yield served


@pytest.mark.parametrize(
    "address",
    [
        "log",
        "session",
        "session&slide=1",
        "project",
        "quality",
        "history",
        "begin",
        "board",
        "responses",
        "voices",
        "staff",
        "spread",
        "charts",
        "trail",
    ],
)
def test_no_accessibility_violation_and_no_sideways_scroll(visit, address):
    page = visit(f"?page={address}")
    ready(page, chart=False)
    fault(page)
    if address in (
        "session",
        "session&slide=1",
        "responses",
        "voices",
        "staff",
        "spread",
        "charts",
    ):
        # With its forms and what is left out open too.
        for summary in page.locator("main summary").all():
            summary.click()
        fault(page)
