"""What the store refuses, in words a person can act on; no decision is taken here."""

from __future__ import annotations

from dataclasses import dataclass

from qi_equity.errors import UserError


class StoreError(UserError):
    """The database cannot do what was asked: full, read-only, busy, damaged or too new."""


class Forbidden(UserError):
    """This user may not do this, here."""


class Unexplained(UserError):
    """Nothing was saved: it corrects what was logged before, and nobody said why."""

    def __init__(self) -> None:
        super().__init__("this changes what was logged before: say why, as the reason")


class SignInRefused(UserError):
    """No way in: the name and password do not belong together, or there were too many tries."""


@dataclass(frozen=True, slots=True)
class Clash:
    """One thing that somebody changed after the user last looked: both versions."""

    what: str
    mine: str
    theirs: str
    who: str
    at: str

    def __str__(self) -> str:
        return f"{self.what}: you have {self.mine}; {self.who} saved {self.theirs} at {self.at}"


class Conflict(UserError):
    """Nothing was saved: somebody else's newer revision would have been covered."""

    def __init__(self, clashes: tuple[Clash, ...], count: int) -> None:
        self.clashes = clashes
        lines = [f"  {i}. {clash}" for i, clash in enumerate(clashes, 1)]
        if count > len(clashes):
            lines.append(f"  and {count - len(clashes)} more")
        super().__init__(
            "nothing was saved, because it changed since you opened it. Look at both, "
            "then save again:\n" + "\n".join(lines)
        )
