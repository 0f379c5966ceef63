"""How a table of findings is declared: one frozen row type, a field a column; no column is here.

A field says what it means, in which unit, and who may see it. From the same declaration come the
columns of an empty table, the typed rows that views read, and what disclosure lets through.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, TypeVar, cast, get_type_hints

import pandas as pd

from qi_equity.vocabulary import Audience, Scale

R = TypeVar("R")
NOTHING: dict[type, Any] = {
    str: "",
    bool: False,
    float: float("nan"),
    int: 0,
    tuple: (),
    pd.Timestamp: pd.NaT,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table of findings."""

    name: str
    kind: type
    meaning: str
    unit: str
    audience: Audience
    scale: Scale | None


def column(
    meaning: str,
    audience: Audience = Audience.TEAM,
    *,
    unit: str = "",
    scale: Scale | None = None,
) -> Any:
    """A field of a row type: what the column means, in which unit, and who may see it."""
    told = {"meaning": meaning, "audience": audience, "unit": unit, "scale": scale}
    return field(metadata=told)


def columns(kind: type) -> dict[str, Column]:
    """The declared columns of a row type, in order, by name."""
    return _columns(cast(Hashable, kind))


@cache
def _columns(kind: Any) -> dict[str, Column]:
    hints = get_type_hints(kind)
    return {
        each.name: Column(
            each.name,
            getattr(hints[each.name], "__origin__", hints[each.name]),
            each.metadata["meaning"],
            each.metadata["unit"],
            each.metadata["audience"],
            each.metadata["scale"],
        )
        for each in fields(kind)
    }


def seen_by(kind: type, *audiences: Audience) -> tuple[str, ...]:
    """The names of the columns that these audiences may see."""
    return tuple(name for name, each in columns(kind).items() if each.audience in audiences)


def rows(table: pd.DataFrame, kind: type[R]) -> Iterator[R]:
    """The rows of a table as typed ones; what a table lacks, or a cell does not hold, is nothing.

    A number that is missing is nan, a word "" and an answer False, so that a reader asks each in
    one way.
    """
    declared = columns(kind)
    held = {name: _cleaned(table[name], declared[name].kind) for name in declared if name in table}
    lacking = {name: NOTHING[each.kind] for name, each in declared.items() if name not in held}
    for values in zip(*held.values(), strict=True):
        yield kind(**dict(zip(held, values, strict=True)), **lacking)


def row(kind: type[R], **given: Any) -> R:
    """One row, with nothing where nothing is given."""
    return kind(**{name: NOTHING[each.kind] for name, each in columns(kind).items()} | given)


def _cleaned(values: pd.Series, kind: type) -> list[Any]:
    if kind is float:
        return list(values.astype(float))
    if kind is tuple:
        return [cell if isinstance(cell, tuple) else () for cell in values]
    if kind is pd.Timestamp:
        return list(values)
    if kind is bool:
        return [bool(yes) for yes in values.eq(True).fillna(False)]
    known = values.astype(object).where(values.notna(), NOTHING[kind])
    return [kind(cell) for cell in known]


def empty(kind: type) -> pd.DataFrame:
    """A table with the declared columns and no rows."""
    return _empty(kind).copy()


@cache
def _empty(kind: type) -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series(dtype=_dtype(each)) for name, each in columns(kind).items()}
    )


def _dtype(each: Column) -> str:
    return {float: "float64", bool: "bool", int: "int64", pd.Timestamp: "datetime64[ns]"}.get(
        each.kind, "object"
    )
