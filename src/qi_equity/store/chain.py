"""The hash chains over revisions and trail: how a link is made of the one before; no database."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

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


# Made once: json.dumps makes one for each text that is not written its own way.
_PLAIN = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def canonical(content: object) -> str:
    """Content as JSON that is the same text wherever it is written.

    >>> canonical({"b": 1, "a": [None, "é"]})
    '{"a":[null,"é"],"b":1}'
    """
    return _PLAIN.encode(content)


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
class Noted:
    """A newest link as it was written down somewhere: of the revisions, or of the trail."""

    head: str
    number: int | None = None  # None: not known, and of either chain
    at: str = ""
    where: str = "the head given"
    trail: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk along both chains found; broken is None where they are whole.

    remarks: what is no fault of the store and still worth knowing.
    """

    revisions: int
    head: str
    broken: str | None = None
    # Whoever looks adds a line: two walks with a look between them found the same history.
    lines: int = field(default=0, compare=False)
    line_head: str = field(default=GENESIS, compare=False)
    remarks: tuple[str, ...] = field(default=(), compare=False)

    @property
    def whole(self) -> bool:
        """Whether every link holds."""
        return self.broken is None

    def __str__(self) -> str:
        told = [f"{_counted(self.revisions, 'revision')}; the newest is {self.head}"]
        if self.broken:
            told = [f"the history is not whole: {self.broken}"]
        elif self.lines:
            lines = _counted(self.lines, "line", " of the audit trail")
            told.append(f"{lines}; the newest is {self.line_head}")
        return "\n".join([*told, *self.remarks])


def _counted(number: int, thing: str, of: str = "") -> str:
    return (
        f"{number} {thing}{of}, the link holds"
        if number == 1
        else (f"{number} {thing}s{of}, every link holds")
    )
