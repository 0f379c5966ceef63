"""Text made plain before a terminal shows it: escape sequences as codes, passwords as stars."""

from __future__ import annotations

import io
import re
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

# Characters that make a line read in another order than it is written (Unicode TR 36, 2.5;
# CVE-2021-42574), or that cannot be seen at all.
REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
UNSEEN = frozenset("\u200b\u2060\ufeff\u00ad")
# A spreadsheet runs a cell that starts with one of these as a formula (OWASP), also after what
# cannot be seen before it: some trim blanks and line breaks, or read a full-width sign as plain.
FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# The password of an address, before the last '@', also where its beginning is left out; and one
# told as an argument of it, or among libpq's own (host=h password=p).
PASSWORDS = (
    (re.compile(r"(\w:/{1,2}[^\s:/@]*):\S*@"), r"\1:***@"),
    (re.compile(r"\b([\w.+-]+):[^\s/:@*]+@(?=[\w.-]+(?::\d+)?/)"), r"\1:***@"),
    (
        re.compile(r"(\b(?:ssl)?pass(?:word|wd)?\s*=\s*)(?:'[^']*'|[^\s&;']+)", re.IGNORECASE),
        r"\1***",
    ),
)


def problem_of(character: str, lines: bool = True) -> str | None:
    """Why a character is no part of a word; lines: whether there may be more than one line.

    >>> problem_of("\\x1b"), problem_of("é"), problem_of("\\u202e")
    ('a control character', None, 'a character that reorders text')
    """
    if character.isalnum() or (lines and character in "\n\t"):
        return None
    if character in REORDERING:
        return "a character that reorders text"
    if character in UNSEEN:
        return "a character that cannot be seen"
    if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
        return "a control character"
    return None


def visible(text: str, lines: bool = True) -> str:
    """Text in which nothing moves the cursor, colours, rings or reorders: codes stand for it.

    lines: whether it may be more than one line; what is told of on one line begins no other.

    >>> print(visible("Black\\x1b[31m\\x07 a\\u202eb"))
    Black\\x1b[31m\\x07 a\\u202eb
    >>> print(visible("pph\\nall taken", lines=False))
    pph\\nall taken
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        one.encode("unicode_escape").decode() if problem_of(one, lines) else one for one in text
    )


def masked(text: str) -> str:
    """Text without the passwords of the addresses in it.

    >>> masked("postgresql://jo:p@ss@host/net"), masked("postgresql://host/net?password=x&a=1")
    ('postgresql://jo:***@host/net', 'postgresql://host/net?password=***&a=1')
    """
    for password, stars in PASSWORDS:
        text = password.sub(stars, text)
    return text


def inert_cell(cell: Any) -> Any:
    """A cell that a spreadsheet will not run: text that begins like a formula gets an apostrophe.

    >>> inert_cell("  =1+1"), inert_cell("Black"), inert_cell(-1.5)
    ("'  =1+1", 'Black', -1.5)
    """
    if not isinstance(cell, str):
        return cell
    seen = (one for one in cell if not (one.isspace() or problem_of(one)))
    runs = next(seen, "") in FORMULA_STARTS or cell.startswith(("\t", "\r", "\n"))
    return f"'{cell}" if runs else cell


class Plain(io.TextIOBase):
    """A stream to a terminal or file that writes plain text only.

    It has no `buffer` on purpose: who finds one writes past this.
    """

    def __init__(self, under: TextIO) -> None:
        self.under = under

    def write(self, text: str) -> int:
        """Write the text, made plain."""
        self.under.write(masked(visible(text)))
        return len(text)

    def flush(self) -> None:
        """See that it is written."""
        # Thrown away after what it writes to was closed, it has nothing to say (Python 3.13 would).
        if not self.under.closed:
            self.under.flush()

    def isatty(self) -> bool:
        """Whether somebody reads it as it is written."""
        return self.under.isatty()

    def fileno(self) -> int:
        """The number of the file below."""
        return self.under.fileno()

    def writable(self) -> bool:
        """Always."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]  # read-only in Python's own class
        """As below."""
        return self.under.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]  # as above
        """As below."""
        return self.under.errors


@contextmanager
def streams() -> Iterator[None]:
    """What is printed in here is plain, whoever prints it."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (Plain(getattr(one, "under", one)) for one in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
