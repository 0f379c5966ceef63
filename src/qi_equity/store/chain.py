"""The hash chain over revisions: how one link is made from the one before; no database here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

# The hash that the first revision follows.
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Change:
    """Who did something, when (UTC), from where, and why."""

    id: int
    who: str
    at: str
    origin: str
    file_hash: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be kept: one version of one thing."""

    project: str
    kind: str
    key: str
    version: int
    site: str | None
    body: str | None


def canonical(content: object) -> str:
    """Content as JSON that is the same text wherever it is written.

    >>> canonical({"b": 1, "a": [None, "é"]})
    '{"a":[null,"é"],"b":1}'
    """
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def link(previous: str, number: int, change: Change, draft: Draft) -> str:
    """The hash of a revision: over everything it says and the hash of the one before.

    >>> first = link(GENESIS, 1, Change(1, "jo", "2026-01-05T09:00:00Z", "app"),
    ...              Draft("pph", "note", "a", 1, None, "{}"))
    >>> first[:16]
    'dbdae8d05fbcd24a'
    """
    told = (change.id, change.who, change.at, change.origin, change.file_hash, change.why)
    kept = (draft.project, draft.kind, draft.key, draft.version, draft.site, draft.body)
    return hashlib.sha256(canonical([previous, number, told, kept]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk along the chain found; broken is None where it is whole."""

    revisions: int
    head: str
    broken: str | None = None

    @property
    def whole(self) -> bool:
        """Whether every link holds."""
        return self.broken is None

    def __str__(self) -> str:
        if self.broken:
            return f"the history is not whole: {self.broken}"
        return f"{self.revisions} revisions, every link holds; the newest is {self.head}"
