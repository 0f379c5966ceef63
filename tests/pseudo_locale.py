"""A language made of the English one: every letter accented, every text between brackets.

Whoever reads a page in it sees at once which words do not come from the catalogue.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from qi_equity.words import FORMS, HERE

PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ACCENTED = "ÅƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽåƀçðéƒĝĥîĵķļɱñöþǫŕšţûṽŵẋýž"
LETTERS = str.maketrans(PLAIN, ACCENTED)
# Of language.toml: what browsers and plotly read, and lists of words, which stay lists.
CODES = {"code": "en-XA", "day_drawn": None}
LISTS = ("months", "months_in_full")


def accented(text: str) -> str:
    """The letters accented, the fields as they are.

    >>> accented("Saved by {who}")
    'Šåṽéð ƀý {who}'
    """
    parts = re.split(r"(\{\w+\})", text)
    return "".join(part if part.startswith("{") else part.translate(LETTERS) for part in parts)


def pseudo(text: str) -> str:
    """A text between brackets; one without letters needs none."""
    made = accented(text)
    return f"⟦{made}⟧" if made != text else text


def write(folder: Path) -> Path:
    """The whole language as a second folder."""
    folder.mkdir()
    for path in sorted((HERE / "en").glob("*.toml")):
        read = tomllib.loads(path.read_text(encoding="utf-8"))
        lines = list(_lines(read, language=path.stem == "language"))
        (folder / path.name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _lines(table: dict[str, Any], start: str = "", *, language: bool = False):
    below = []
    for name, text in table.items():
        key = json.dumps(name, ensure_ascii=False)
        if isinstance(text, str):
            yield f"{key} = {_quoted(_changed(name, text) if language else pseudo(text))}"
        elif FORMS.issuperset(text):
            forms = ", ".join(f"{form} = {_quoted(pseudo(one))}" for form, one in text.items())
            yield f"{key} = {{ {forms} }}"
        else:
            below.append((f"{start}.{key}" if start else key, text))
    for head, tables in below:
        yield f"[{head}]"
        yield from _lines(tables, head)


def _changed(name: str, text: str) -> str:
    if name in CODES:
        return CODES[name] or text
    return accented(text) if name in LISTS else pseudo(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
