"""What many tests share: where to find reference data, a browser, and a PostgreSQL server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"

settings.register_profile(
    "fast", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


# Files that take long go first, so that the workers end together and none is left with the longest.
LONGEST = (
    "test_engines",
    "test_store_writers",
    "test_pages_for_everybody",
    "test_log_and_session_pages",
    "test_known_truth",
    "test_charts_page",
    "test_roles_through_the_app",
    "test_people_page",
    "test_tables_fuzz",
    "test_attacker",
    "test_sheets",
    "test_files_page",
    "test_gap_and_compare_pages",
    "test_reconnect",
    "test_pseudo_locale",
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
    """The path of a Chromium or Chrome."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    absent("Chromium", "install Debian's package 'chromium', or any Chrome")
    raise AssertionError


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this test run's own, on a free port, gone afterwards.

    Each test makes its own schema or database in it. PostgreSQL refuses to run as root, so
    under root the server runs as the 'postgres' user of Debian's package.
    """
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which("initdb")
    programs = Path(found).parent if found else (folders[-1] if folders else None)
    if programs is None:
        absent("PostgreSQL", "install Debian's package 'postgresql'")
        raise AssertionError
    root = os.geteuid() == 0
    owner = ["runuser", "-u", "postgres", "--"] if root else []
    folder = Path(tempfile.mkdtemp(prefix="qi-equity-postgres-"))
    if root:
        shutil.chown(folder, "postgres", "postgres")
    port = free_port()
    data = folder / "data"
    try:
        subprocess.run(
            [*owner, programs / "initdb", "-D", data, "-U", "qi", "-A", "trust", "-E", "UTF8"],
            check=True,
            capture_output=True,
            cwd=folder,
        )
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c max_connections=200"
        subprocess.run(
            [
                *owner,
                programs / "pg_ctl",
                "-D",
                data,
                "-w",
                "-l",
                folder / "log",
                "-o",
                options,
                "start",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        yield f"postgresql+psycopg://qi@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            [*owner, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"],
            check=False,
            capture_output=True,
            cwd="/",
        )
        shutil.rmtree(folder, ignore_errors=True)
