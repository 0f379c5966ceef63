"""What pydantic finds wrong, in the words of the people who write project files."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from qi_equity.errors import did_you_mean
from qi_equity.project import Project
from qi_equity.project_file.tree import Path

# Why a project without an equity aim is not a project here.
EQUITY_AIM = (
    "an equity aim is missing: name at least one stratum, or the gap, with from, to and by. "
    "An average can improve while the gap stays or widens, so equity must not be missed by default"
)


OPEN = "?"  # what new leaves for a person to answer


def told(errors: list[Any], data: Any, model: type[BaseModel] = Project) -> list[tuple[Path, str]]:
    """Each place once, with what to do about it in plain words."""
    messages: dict[Path, list[tuple[Any, str]]] = {}
    for error in errors:
        if error["type"] == "default_factory_not_called":
            continue  # a default that rests on another value, which is told of already
        path = trimmed(error["loc"], data, keep_last=error["type"] == "missing")
        messages.setdefault(path, []).append((error, _sentence(error, path, data, model)))
    return [
        (path, f"{where(path[:-1], data)}{_joined(path, said)}") for path, said in messages.items()
    ]


def _joined(path: Path, said: list[tuple[Any, str]]) -> str:
    """One sentence a place: the tries of a value that may be of several kinds are one mistake."""
    kinds = {error["type"] for error, _ in said}
    several = len(kinds) > 1 and all(kind.endswith("_type") for kind in kinds)
    return f"{subject(path)} must be text, a number, or true or false" if several else said[0][1]


def trimmed(loc: Path, data: Any, keep_last: bool = False) -> Path:
    """The place in the file: pydantic also names the kind of a union, which no file has."""
    path: list[str | int] = []
    for position, part in enumerate(loc):
        if isinstance(data, dict) and part in data:
            data = data[str(part)]
        elif isinstance(data, tuple) and isinstance(part, int) and part < len(data):
            data = data[part]
        elif not (keep_last and position == len(loc) - 1):
            continue
        path.append(part)
    return tuple(path)


def where(path: Path, data: Any) -> str:
    """The way to a part, naming items by their id or name.

    >>> where(("measures", 0), {"measures": ({"id": "pph"},)})
    "measures, 'pph': "
    """
    parts: list[str] = []
    for part in path:
        data = data[part]
        if isinstance(part, str):
            parts.append(part)
        else:
            name = _name_of(data)
            parts.append(f"'{name}'" if name else f"item {part + 1}")
    return f"{', '.join(parts)}: " if parts else ""


def _name_of(item: Any) -> str | None:
    if not isinstance(item, dict):
        return None
    names = (item.get(key) for key in ("id", "name", "stratum", "title"))
    return next((name for name in names if isinstance(name, str)), None)


def subject(path: Path) -> str:
    """What a sentence about this place speaks of."""
    if not path:
        return "the project"
    return f"'{path[-1]}'" if isinstance(path[-1], str) else f"item {path[-1] + 1}"


def fields(model: type[BaseModel]) -> dict[str, Any]:
    """The keys a part may have, as they are written in the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def bare(annotation: Any, value: Any = None) -> Any:
    """An annotation without optional and constraints; of a union, the part of the value's kind."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return bare(get_args(annotation)[0], value)
    if origin in (Union, types.UnionType):
        kind = value.get("kind") if isinstance(value, dict) else None
        choices = [bare(each, value) for each in get_args(annotation) if each is not type(None)]
        return next((each for each in choices if kind in _kinds(each)), choices[0])
    return annotation


def is_part(annotation: Any) -> bool:
    """Whether an annotation is a part of a project, with keys of its own."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _kinds(part: Any) -> tuple[Any, ...]:
    field = part.model_fields.get("kind") if is_part(part) else None
    return get_args(field.annotation) if field else ()


def part_at(path: Path, data: Any, model: type[BaseModel]) -> Any:
    """What stands at a path: a part, or a kind of plain value; None where the path leaves it."""
    annotation: Any = model
    for step in path:
        annotation, data = _within(annotation, step), _inside(data, step)
        annotation = bare(annotation, data)
    return annotation


def _within(annotation: Any, step: str | int) -> Any:
    if is_part(annotation):
        field = fields(annotation).get(str(step))
        return field.annotation if field else None
    kinds = get_args(annotation)
    return {tuple: kinds[:1], dict: kinds[1:]}.get(get_origin(annotation), (None,))[0]


def _inside(data: Any, step: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(step)
    return data[step] if isinstance(data, tuple) and isinstance(step, int) else None


def _sentence(error: Mapping[str, Any], path: Path, data: Any, model: type[BaseModel]) -> str:
    if error.get("input") == OPEN:
        return f"{subject(path)} is still to be answered: see the question above it"
    return SENTENCES.get(error["type"], _unread)(error, path, data, model)


def _missing(error: Any, path: Path, data: Any, model: type[BaseModel]) -> str:
    if path in (("aim", "equity"), ("aim",)):
        return EQUITY_AIM if len(path) == 2 else f"'aim' is missing; {EQUITY_AIM}"
    part = part_at(path[:-1], data, model)
    field = fields(part).get(str(path[-1])) if is_part(part) else None
    hint = f" ({field.description})" if field is not None and field.description else ""
    return f"{subject(path)} is missing{hint}"


def _unknown_key(error: Any, path: Path, data: Any, model: type[BaseModel]) -> str:
    part = part_at(path[:-1], data, model)
    known = fields(part) if is_part(part) else ()
    hint = did_you_mean(path[-1], known)
    if path[-1] in fields(model) and len(path) > 1 and "did you mean" not in hint:
        return f"{subject(path)} belongs at the top of the file; start it at the left edge"
    return f"there is no key called {subject(path)} here{hint}"


def _echo(error: Any) -> bool:
    """A list whose items cannot be read is called too short as well; the items say enough."""
    return error["type"] == "too_short" and bool(len(error["input"]) >= error["ctx"]["min_length"])


def _choice(error: Any, path: Path, data: Any, model: type[BaseModel]) -> str:
    annotation = part_at(path, data, model)
    choices = get_args(annotation) if get_origin(annotation) is Literal else ()
    return (
        f"{subject(path)} cannot be {_shown(error['input'])}{did_you_mean(error['input'], choices)}"
    )


def _kind(error: Any, path: Path, data: Any, model: type[BaseModel]) -> str:
    expected = "table (counts in rows) or records (one row a birth)"
    return f"{subject(path)} needs a 'kind': {expected}"


def _text(error: Any, path: Path, data: Any, model: type[BaseModel]) -> str:
    value = error["input"]
    if value is None:
        return f"{subject(path)} is empty; write something, or leave the key out"
    if isinstance(value, bool | int | float):
        return f"{subject(path)} must be text; put it in quotes: '{_shown(value)}'"
    return f"{subject(path)} must be a single text, not a list or a part with keys of its own"


def _id(error: Any, path: Path, data: Any, model: type[BaseModel]) -> str:
    return (
        f"{subject(path)} cannot be {_shown(error['input'])}; use small letters, digits and _, "
        "starting with a letter, such as pph_1000"
    )


def _is_not(what: str) -> Callable[..., str]:
    def sentence(error: Any, path: Path, data: Any, model: type[BaseModel]) -> str:
        if error["input"] is None:
            return f"{subject(path)} is empty; it must be {what}"
        return f"{subject(path)} must be {what}, not {_shown(error['input'])}"

    return sentence


def _bound(words: str, key: str) -> Callable[..., str]:
    def sentence(error: Any, path: Path, data: Any, model: type[BaseModel]) -> str:
        return (
            f"{subject(path)} must be {words} {error['ctx'][key]:g}, not {_shown(error['input'])}"
        )

    return sentence


def _part(error: Any, path: Path, data: Any, model: type[BaseModel]) -> str:
    part = part_at(path, data, model)
    known = f": {', '.join(fields(part))}" if is_part(part) else ""
    return f"{subject(path)} needs keys of its own under it{known}"


def _too_few(error: Any, path: Path, data: Any, model: type[BaseModel]) -> str:
    if path == ("aim", "equity"):
        return EQUITY_AIM
    return f"{subject(path)} needs at least {error['ctx']['min_length']} in its list"


def _own(error: Any, path: Path, data: Any, model: type[BaseModel]) -> str:
    return f"{subject(path)}: {error['ctx']['error']}"


def _unread(error: Any, path: Path, data: Any, model: type[BaseModel]) -> str:
    return f"{subject(path)} cannot be read: {_shown(error['input'])}"


def _shown(value: Any) -> str:
    """A value as the file has it, cut where it is long."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a part with keys of its own"
    if isinstance(value, tuple):
        return "a list"
    text = str(value)
    text = f"{text[:57]}..." if len(text) > 60 else text
    return f"'{text}'" if isinstance(value, str) else text


SENTENCES: dict[str, Callable[[Any, Path, Any, type[BaseModel]], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
    "literal_error": _choice,
    "union_tag_not_found": _kind,
    "union_tag_invalid": _kind,
    "string_type": _text,
    "string_pattern_mismatch": _id,
    "string_too_short": lambda error, path, data, model: f"{subject(path)} is empty",
    "string_too_long": lambda error, path, data, model: (
        f"{subject(path)} is longer than {error['ctx']['max_length']} letters; shorten it"
    ),
    "float_type": _is_not("a number"),
    "int_type": _is_not("a whole number"),
    "int_from_float": _is_not("a whole number"),
    "bool_type": _is_not("true or false"),
    "finite_number": _is_not("a number with an end"),
    "greater_than": _bound("more than", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("less than", "lt"),
    "less_than_equal": _bound("at most", "le"),
    "tuple_type": _is_not("a list (start each item on a line of its own with '- ')"),
    "dict_type": _part,
    "model_type": _part,
    "model_attributes_type": _part,
    "too_short": _too_few,
    "value_error": _own,
}


@dataclass(frozen=True, slots=True)
class Unread:
    """What stands in the way of reading a project: places, what to do, and which are keys."""

    messages: tuple[tuple[Path, str], ...] = ()
    keys: frozenset[Path] = frozenset()  # the key is at fault, not what stands behind it
    meant: frozenset[Path] = frozenset()  # keys that are there, mistyped: not missing as well


def unread(data: Any, model: type[BaseModel] = Project) -> Unread:
    """Every part that cannot be read."""
    try:
        model.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as wrong:
        errors = [error for error in wrong.errors(include_url=False) if not _echo(error)]
        keys = frozenset(
            trimmed(error["loc"], data) for error in errors if error["type"] == "extra_forbidden"
        )
        meant = frozenset(_meant(key, data, model) for key in keys)
        messages = told(errors, data, model)
        return Unread(tuple(each for each in messages if each[0] not in meant), keys, meant)
    return Unread()


def _meant(path: Path, data: Any, model: type[BaseModel]) -> Path:
    part = part_at(path[:-1], data, model)
    known = list(fields(part)) if is_part(part) else []
    return (*path[:-1], *get_close_matches(str(path[-1]).lower(), known, n=1))
