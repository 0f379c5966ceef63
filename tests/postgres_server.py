"""A PostgreSQL server of one's own on a free port, gone afterwards; it can be started again."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Server:
    """A running server: its address, and how it is stopped and started again."""

    url: str
    folder: Path
    control: tuple[str | Path, ...]

    def restart(self, how: str = "fast") -> None:
        """Stop it, whoever is connected, and start it again; 'immediate' is as if it crashed."""
        told = [*self.control, "-m", how, "-w", "-l", self.folder / "log", "restart"]
        subprocess.run(
            told, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder
        )


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, if they are on this machine."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which("initdb")
    return Path(found).parent if found else (folders[-1] if folders else None)


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(where: Path) -> Iterator[Server]:
    """A server until the end of the block.

    PostgreSQL refuses to run as root, so under root it runs as the 'postgres' user of Debian's
    package.
    """
    root = os.geteuid() == 0
    owner = ["runuser", "-u", "postgres", "--"] if root else []
    folder = Path(tempfile.mkdtemp(prefix="qi-equity-postgres-"))
    if root:
        shutil.chown(folder, "postgres", "postgres")
    port, data = free_port(), folder / "data"
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c max_connections=200"
    control = (*owner, where / "pg_ctl", "-D", data)
    try:
        make = [*owner, where / "initdb", "-D", data, "-U", "qi", "-A", "trust", "-E", "UTF8"]
        subprocess.run(make, check=True, capture_output=True, cwd=folder)
        subprocess.run(
            [*control, "-w", "-l", folder / "log", "-o", options, "start"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
        yield Server(f"postgresql+psycopg://qi@127.0.0.1:{port}/postgres", folder, control)
    finally:
        stop = [*control, "-m", "immediate", "stop"]
        subprocess.run(stop, check=False, capture_output=True, cwd="/")
        shutil.rmtree(folder, ignore_errors=True)
