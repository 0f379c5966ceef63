"""Processor time of child processes, for every benchmark that starts one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


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
