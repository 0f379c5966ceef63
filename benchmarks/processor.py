"""Child processes of benchmarks: what they run in, and the processor time they take."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class Spent:
    """Seconds of the children that ended meanwhile, and of those that they waited for."""

    seconds: float = 0.0


@contextmanager
def of_children() -> Iterator[Spent]:
    """What the child processes take that begin and end in here."""
    import resource  # no Windows has it, and a benchmark may be looked at there

    def now() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    spent, before = Spent(), now()
    yield spent
    spent.seconds = now() - before


def as_installed(source: Path) -> dict[str, str]:
    """The environment in which a checkout runs as it would installed: its modules are compiled once
    and kept, beside no other commit's.
    """
    given = {name: value for name, value in os.environ.items() if "BYTECODE" not in name}
    return given | {
        "PYTHONPATH": str(source / "src"),
        "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "qi_equity_compiled"),
        "PYTHONUNBUFFERED": "1",
    }
