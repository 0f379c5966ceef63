"""What a form of a page sends, as text and as entries; problems in the words of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from qi_equity.errors import UserError
from qi_equity.parts import Part

Fields = Mapping[str, Any]
Made = TypeVar("Made", bound=Part)

LABELS = {
    "day": "the day", "text": "what it says", "owner": "who does it", "due": "by when",
    "email": "the e-mail address", "found": "what was found", "outcome": "the outcome",
    "met": "whom you met", "where": "where", "said": "what they asked for",
    "did": "what changed since", "title": "what it is called", "start": "since when",
    "plan": "what is tried", "since": "the first day", "until": "the last day",
    "name": "what it is",
}  # fmt: skip


def text(fields: Fields, name: str) -> str:
    """A field as it was typed, without the blanks around it."""
    return str(fields.get(name) or "").strip()


def sites(fields: Fields) -> tuple[str, ...]:
    """The site that a form names; none: the network."""
    site = text(fields, "site")
    return (site,) if site else ()


def entry(kind: type[Made], fields: Fields, *names: str, **more: object) -> Made:
    """An entry of what was filled in, or every problem of its fields in the words of the form."""
    values = {name: given for name in names if (given := text(fields, name))}
    return made(kind, values | {"sites": sites(fields)} | more)


def made(kind: type[Made], values: Mapping[str, object]) -> Made:
    """An entry of these values, or every problem in the words of a form."""
    try:
        return kind.model_validate(values)
    except ValidationError as wrong:
        told = [_problem(error, values) for error in wrong.errors()]
        raise UserError("\n".join(told)) from None


def _problem(error: Any, values: Mapping[str, object]) -> str:
    said = str(error["msg"]).removeprefix("Value error, ")
    if not error["loc"]:
        return said
    name = str(error["loc"][0])
    return f"{LABELS.get(name, name)}: {said if values.get(name) else 'is missing'}"
