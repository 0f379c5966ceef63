"""What a user can put right: problems with their place, and the word they may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from qi_equity.plain import visible


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to put right: where it stands and what to do about it."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return visible(f"{place}: {self.message}" if place else self.message, lines=False)


class UserError(Exception):
    """Something a user can put right; shown without a traceback (exit code 1)."""


class DataErrors(UserError):
    """Every problem of a table, at once."""

    def __init__(self, problems: Iterable[str], source: str = "the data") -> None:
        self.problems = tuple(problems)
        self.source = source
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.problems)
        things = "1 thing" if count == 1 else f"{count} things"
        told = [f"{self.source} has {things} to put right:"]
        told += [f"  {i}. {text}" for i, text in enumerate(self.problems, 1)]
        return "\n".join(visible(line, lines=False) for line in told)


class ProjectErrors(UserError):
    """Every problem of a project file, at once, with line and column."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__(str(self))

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def did_you_mean(word: object, choices: Iterable[str]) -> str:
    """The nearest choices to a mistyped word, as the end of a sentence.

    >>> did_you_mean("denominater", ["numerator", "denominator"])
    "; did you mean 'denominator'? Choose from: numerator, denominator"
    """
    known = list(dict.fromkeys(choices))
    near = get_close_matches(str(word).lower(), [choice.lower() for choice in known], n=1)
    found = next((choice for choice in known if near and choice.lower() == near[0]), None)
    hint = f"; did you mean '{found}'?" if found else "."
    return f"{hint} Choose from: {', '.join(known)}"
