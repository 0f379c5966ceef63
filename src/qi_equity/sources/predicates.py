"""A project file's conditions on birth records, compiled to Ibis: no text is ever run as code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from operator import and_, or_
from typing import Any

from qi_equity.errors import did_you_mean
from qi_equity.project import Condition, Measure, Predicate

Column = Any  # ibis.Column and ibis.BooleanValue: Ibis ships no types that mypy can follow
Truth = Any

NUMBER = r"^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)$"
YES, NO = ("1", "TRUE", "T", "YES", "Y"), ("0", "FALSE", "F", "NO", "N")
# What extracts write for a value that was not recorded, besides leaving it empty.
NOT_RECORDED = ("", "NA", "N/A", "NULL", "NAN")


def recorded(column: Column) -> Column:
    """The column with everything that stands for 'not recorded' as null, and text trimmed."""
    import ibis

    if column.type().is_string():
        text = column.strip()
        return ibis.ifelse(text.upper().isin(NOT_RECORDED), ibis.null("string"), text)
    if column.type().is_floating():
        return ibis.ifelse(column.isnan(), ibis.null("float64"), column)
    return column


def number(column: Column) -> Column:
    """The column as numbers; text that is not a number is null."""
    import ibis

    if not column.type().is_string():
        return recorded(column).cast("float64")
    text = recorded(column)
    # Guarded and not TRY_CAST, which PostgreSQL does not have.
    return ibis.cases((text.re_search(NUMBER), text), else_=ibis.null("string")).cast("float64")


def truth(column: Column) -> Truth:
    """The column as yes or no; anything else is null."""
    import ibis

    if column.type().is_boolean():
        return column
    if not column.type().is_string():
        return ibis.cases((column == 1, True), (column == 0, False), else_=ibis.null("boolean"))
    text = recorded(column).upper()
    return ibis.cases((text.isin(YES), True), (text.isin(NO), False), else_=ibis.null("boolean"))


def _one_of(column: Column, values: Iterable[object]) -> Truth:
    """Whether the column is one of the values, each compared in its own kind; null stays null."""
    parts = []
    values = list(values)
    if flags := [value for value in values if isinstance(value, bool)]:
        parts.append(_among(truth(column), flags))
    plain = [value for value in values if not isinstance(value, bool)]
    if column.type().is_string():
        texts = [value for value in plain if isinstance(value, str)]
        numbers = [float(value) for value in plain if isinstance(value, int | float)]
        parts += [_among(recorded(column), texts)] if texts else []
        parts += [_among(number(column), numbers)] if numbers else []
    elif plain:
        parts.append(_among(number(column), [float(str(value)) for value in plain]))
    return reduce(or_, parts)


def _among(column: Column, values: Iterable[object]) -> Truth:
    """Whether the column is one of the values: written out, as Spark cannot ask `IN` for null."""
    import ibis

    return ibis.cases(
        (column.isin(list(values)), True), (column.notnull(), False), else_=ibis.null("boolean")
    )


TESTS: dict[str, Callable[[Column, Any], Truth]] = {
    "is_": lambda column, value: _one_of(column, [value]),
    "in_": _one_of,
    "not_in": lambda column, values: ~_one_of(column, values),
    "below": lambda column, value: number(column) < value,
    "at_most": lambda column, value: number(column) <= value,
    "above": lambda column, value: number(column) > value,
    "at_least": lambda column, value: number(column) >= value,
    "known": lambda c, value: recorded(c).notnull() if value else recorded(c).isnull(),
}


def compile_predicate(table: Any, predicate: Predicate) -> Truth | None:
    """All conditions joined by 'and', in SQL's three values; None where there is none."""
    parts = [
        TESTS[name](table[column], value)
        for column, condition in predicate.items()
        for name, value in _given(condition)
    ]
    return reduce(and_, parts) if parts else None


def not_ruled_out(table: Any, predicate: Predicate) -> Truth | None:
    """Births that nothing recorded rules out: they would pass if what is blank were known."""
    kept = {
        column: condition.model_copy(update={"known": None if condition.known else False})
        if condition.known is not None
        else condition
        for column, condition in predicate.items()
    }
    passes = compile_predicate(table, kept)
    return None if passes is None else passes.fill_null(True)


def problems(table: Any, measure: Measure) -> list[str]:
    """What keeps a measure's rule from being counted in these records."""
    rule = measure.records
    if rule is None:
        return []
    found = []
    asked = [("eligible", rule.eligible), ("numerator", rule.numerator)]
    for part, predicate in asked:
        for column, condition in predicate.items():
            place = f"measure {measure.id}, {part}"
            if column not in table.columns:
                found.append(
                    f"{place}: no column called '{column}'{did_you_mean(column, table.columns)}"
                )
                continue
            if not _given(condition) or condition.in_ == () or condition.not_in == ():
                found.append(f"{place}, {column}: says nothing; give it is:, in:, below: or such")
                continue
            found += [f"{place}, {column}: {text}" for text in _mismatch(table[column], condition)]
    if rule.value is not None and rule.value not in table.columns:
        hint = did_you_mean(rule.value, table.columns)
        found.append(f"measure {measure.id}, value: no column called '{rule.value}'{hint}")
    return found


def _given(condition: Condition) -> list[tuple[str, Any]]:
    return [
        (name, getattr(condition, name))
        for name in TESTS
        if name in condition.model_fields_set and getattr(condition, name) is not None
    ]


def _mismatch(column: Column, condition: Condition) -> list[str]:
    """Values that the column's type can never equal."""
    kind = column.type()
    if kind.is_string():
        return []
    values = [condition.is_, *(condition.in_ or ()), *(condition.not_in or ())]
    names: list[str] = [str(value) for value in values if isinstance(value, str)]
    if kind.is_numeric() or kind.is_boolean():
        return [
            f"the column holds {kind} and never '{text}'" for text in names if not _is_number(text)
        ]
    ordered = [
        name
        for name in ("below", "at_most", "above", "at_least")
        if getattr(condition, name) is not None
    ]
    if ordered or any(value is not None for value in values):
        return [f"the column holds {kind}; only 'known' can be asked of it"]
    return []


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
