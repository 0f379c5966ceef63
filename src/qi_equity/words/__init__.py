"""Every sentence people read, a folder a language and a file a subject; nothing is judged here."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

HERE = Path(__file__).parent
SETTING = "QI_EQUITY_LANGUAGE"
ENGLISH = "en"
# The forms a text may have by its count, as Unicode names them (CLDR, plural rules).
FORMS = frozenset({"zero", "one", "two", "few", "many", "other"})

Text = str | dict[str, str]  # a text, or its forms by count


def language() -> str:
    """The language in force: a folder of this room, or the path of a folder elsewhere."""
    return os.environ.get(SETTING) or ENGLISH


def say(key: str, /, **fields: object) -> str:
    """The text of a key with its fields filled in; a `count` chooses between one and many.

    >>> say("script.pending", count=1), say("script.pending", count=1200)
    ('1 row not saved yet', '1,200 rows not saved yet')
    """
    text, shown = _found(key, fields)
    return text.format(**shown)


def say_html(key: str, /, **fields: object) -> Markup:
    """The same for a template: fields are text, unless they are markup of our own.

    >>> say_html("people.nobody_called", name="<b>Mo</b>")
    Markup('There is nobody called ‘&lt;b&gt;Mo&lt;/b&gt;’ in the list.')
    """
    text, shown = _found(key, fields)
    return escape(text).format(**shown)


def words_of(group: str) -> dict[str, Any]:
    """Every text of a group by its last name, in the order of the catalogue.

    >>> words_of("project.direction")
    {'increase': 'higher', 'decrease': 'lower', 'none': 'neither'}
    """
    return dict(_group(language(), f"{group}."))


@cache
def _group(name: str, start: str) -> Mapping[str, Any]:
    return {
        key.removeprefix(start): text
        for key, text in _subject(name, start.partition(".")[0]).items()
        if key.startswith(start)
    }


@cache
def catalogue(name: str) -> Mapping[str, Text]:
    """Every text of a language by its key; what it does not say is said in English."""
    files = [path for folder in {ENGLISH, name} for path in (HERE / folder).glob("*.toml")]
    texts: dict[str, Text] = {}
    for subject in sorted({path.stem for path in files}):
        texts |= _subject(name, subject)
    return texts


@cache
def _subject(name: str, subject: str) -> Mapping[str, Text]:
    """The same of one subject: to say one thing, what is said of others is not read."""
    texts: dict[str, Text] = {} if name == ENGLISH else dict(_subject(ENGLISH, subject))
    path = HERE / name / f"{subject}.toml"
    if path.is_file():
        texts |= _flat(tomllib.loads(path.read_text(encoding="utf-8")), subject)
    return texts


def _of(key: str) -> Text:
    return _subject(language(), key.partition(".")[0])[key]


def _found(key: str, fields: Mapping[str, object]) -> tuple[str, Mapping[str, object]]:
    text = _of(key)
    if isinstance(text, str):
        return text, fields
    count = float(str(fields["count"]))
    # Languages with more forms than two: see the recipe in CONTRIBUTING.md.
    form = "one" if count == 1 and "one" in text else "other"
    shown = f"{count:,.0f}".replace(",", str(_of("language.thousands")))
    return text[form], {**fields, "count": shown}


def _flat(table: Mapping[str, Any], start: str) -> dict[str, Text]:
    """A file's tables as keys with dots."""
    texts: dict[str, Text] = {}
    for name, text in table.items():
        key = f"{start}.{name}"
        if isinstance(text, str) or ("other" in text and FORMS.issuperset(text)):
            texts[key] = text
        else:
            texts |= _flat(text, key)
    return texts
