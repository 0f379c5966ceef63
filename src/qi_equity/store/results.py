"""What the store answers with: small frozen accounts of what was kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Content = TypeVar("Content")


@dataclass(frozen=True, slots=True)
class Kept(Generic[Content]):
    """Something kept, the revision it is from, and who saved that when."""

    content: Content
    revision: int
    who: str
    at: str


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save did, and the project's revision after it."""

    written: int
    corrected: int
    unchanged: int
    revision: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: rows written, how many of them corrections, already so, and refused."""

    taken: int
    corrected: int
    unchanged: int
    refused: tuple[str, ...]
    already: bool
    revision: str

    def __str__(self) -> str:
        if self.already:
            return "this file is in the store already; nothing was changed"
        account = (
            f"{self.taken} rows taken ({self.corrected} of them corrections); "
            f"{self.unchanged} already so; {len(self.refused)} refused"
        )
        return "\n".join([account, *(f"  refused: {why}" for why in self.refused)])
