"""What text may be kept: people's words are data, but not every character is a word."""

from __future__ import annotations

import unicodedata

from qi_equity.plain import REORDERING, UNSEEN

LONGEST_NAME = 120  # as project.Name
LONGEST_TEXT = 4000  # as project.Text
LONGEST_FILE = 1_000_000  # a project file; the largest shipped is a hundredth of it


def problem_of_text(text: str, longest: int = LONGEST_NAME, lines: bool = False) -> str | None:
    """Why this text cannot be kept, or None; lines: whether it may have line breaks.

    >>> problem_of_text("Black Caribbean")
    >>> problem_of_text("abc\\x00")
    'has a control character (U+0000) at place 4'
    """
    if len(text) > longest:
        return f"is {len(text)} characters long; {longest} at most"
    for place, character in enumerate(text, 1):
        if character.isalnum() or (lines and character in "\n\r\t"):
            continue
        code = f"(U+{ord(character):04X}) at place {place}"
        if character in REORDERING:
            return f"has a character that reorders text {code}"
        if character in UNSEEN:
            return f"has a character that cannot be seen {code}"
        if unicodedata.category(character) in ("Cc", "Cs", "Cn", "Zl", "Zp"):
            return f"has a control character {code}"
    return None


def inert(text: str, longest: int = 60) -> str:
    """Text as it may be quoted in a message: cut, and hostile characters as their codes.

    >>> inert("x" * 99, 9), inert("a\\x00b")
    ('xxxxxx...', "'a\\\\x00b'")
    """
    text = text if len(text) <= longest else text[: longest - 3] + "..."
    return text if problem_of_text(text, longest, lines=True) is None else ascii(text)
