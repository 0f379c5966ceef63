"""What many tests share: where to find reference data, a browser, and a PostgreSQL server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import postgres_server

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"

settings.register_profile(
    "fast", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


# Files that take long go first, so that the workers end together and none is left with the longest.
LONGEST = (
    "test_roles_through_the_app",
    "test_attacker",
    "test_log_and_session_pages",
    "test_pages_for_everybody",
    "test_engines",
    "test_store_writers",
    "test_pseudo_locale",
    "test_charts_page",
    "test_log_on_a_phone",
    "test_app_outlives",
    "test_gap_and_compare_pages",
    "test_signin",
    "test_report",
    "test_cli",
    "test_people_page",
    "test_sheets",
    "test_tables_fuzz",
    "test_library",
    "test_files_page",
    "test_reconnect",
    "test_acceptance",
    "test_attacker_releases",
    "test_journey_of_one_gap",
    "test_attacker_margins",
    "test_known_truth",
    "test_report_files",
    "test_sentences_by_number",
    "test_faults",
    "released",
)
ORDER = {name: place for place, name in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: ORDER.get(item.path.stem, len(ORDER)))


def absent(what: str, remedy: str) -> None:
    """Skip with the way out; under CI=true a missing program is a failure, never a skip."""
    message = f"{what} is not on this machine: {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public data sets, which are not part of the project."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the public data sets (../shared/data) are not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium or Chrome; first of one without windows: it takes half the work."""
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    absent("Chromium", "install Debian's package 'chromium', or any Chrome")
    raise AssertionError


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_server.Server]:
    """A PostgreSQL server of this test run's own; each test makes its own database in it."""
    programs = postgres_server.programs()
    if programs is None:
        absent("PostgreSQL", "install Debian's package 'postgresql'")
        raise AssertionError
    with postgres_server.running(programs) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres: postgres_server.Server) -> str:
    """Its address."""
    return postgres.url
