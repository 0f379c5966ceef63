"""Whether a number stands in what was said: as a number, not among the digits of a key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def leaves(said: Any) -> Iterator[str]:
    """All that is told in an answer: names and values, however deep."""
    if isinstance(said, Mapping):
        for name, value in said.items():
            yield str(name)
            yield from leaves(value)
    elif isinstance(said, Sequence) and not isinstance(said, str):
        for one in said:
            yield from leaves(one)
    else:
        yield str(said)


def says(number: int, said: Any) -> bool:
    """Whether ``number`` is told anywhere in ``said``, with or without commas.

    A key or a digest is of letters and digits: one in which the digits follow each other by
    chance tells nothing.

    >>> says(80_033, {"text": "80,033 births"}), says(80_033, ["5ac34e996b800335"])
    (True, False)
    >>> says(451, "port 45123"), says(451, "2024-W01,451.0")
    (False, True)
    """
    looked_for = re.compile(rf"(?<![0-9A-Za-z])(?:{number}|{number:,})(?![0-9A-Za-z])")
    return any(looked_for.search(text) for text in leaves(said))
