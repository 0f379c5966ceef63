"""A project file's conditions on birth records: what each says of a value; no text is run as code.

Text columns are read value by value, by the same reader as tables (`cells`), and looked up in the
engine; typed columns are compared in the engine. A verdict is one of four: YES, NO, null where
nothing was recorded, REFUSED where something was and cannot be read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from operator import and_, or_
from typing import Any

from qi_equity.errors import did_you_mean
from qi_equity.project import Condition, Measure, Predicate
from qi_equity.sources.cells import NOT_RECORDED, Cell

Column = Any  # ibis.Column and ibis.BooleanValue: Ibis ships no types that mypy can follow
Truth = Any

YES, NO, REFUSED = 1, 0, 2
SAYS_YES = frozenset({"1", "1.0", "true", "t", "yes", "y"})
SAYS_NO = frozenset({"0", "0.0", "false", "f", "no", "n"})


def recorded(column: Column) -> Column:
    """The column with everything that stands for 'not recorded' as null, and text trimmed."""
    import ibis

    if column.type().is_string():
        text = column.strip()
        return ibis.ifelse(text.lower().isin(sorted(NOT_RECORDED)), ibis.null("string"), text)
    if column.type().is_floating():
        return ibis.ifelse(column.isnan(), ibis.null("float64"), column)
    return column


def is_recorded(text: str) -> bool:
    """Whether a text is more than a way of leaving a field empty."""
    return plain(text) not in NOT_RECORDED


def plain(text: object) -> str:
    """A text without case and with single spaces: Forceps, forceps and FORCEPS are one."""
    return " ".join(str(text).casefold().split())


# --- one value of a text column ---------------------------------------------------------------

Verdict = int | None


def verdict(condition: Condition, text: str, cell: Cell) -> Verdict:
    """What a condition says of one text, which the reader of numbers took for this cell.

    >>> from qi_equity.sources.cells import read
    >>> at_least = Condition(at_least=1000)
    >>> [verdict(at_least, text, read(text)) for text in ("1,200", "450 ml", "", ">900", "oops")]
    [1, 0, None, 2, 2]
    """
    return _all(SAYS[name](text, cell, value) for name, value in given(condition))


def _all(verdicts: Iterable[Verdict]) -> Verdict:
    """Joined by 'and': a no rules out whatever the rest may be."""
    found = list(verdicts)
    if NO in found:
        return NO
    if REFUSED in found:
        return REFUSED
    return None if None in found else YES


def _between(test: Callable[[float, float], bool]) -> Callable[[str, Cell, Any], Verdict]:
    """A comparison with a number: sure where both ends of what the cell says agree."""

    def says(text: str, cell: Cell, value: Any) -> Verdict:
        if not is_recorded(text):
            return None
        if cell.state not in ("number", "bound"):
            return REFUSED
        ends = {test(cell.low, value), test(cell.high, value)}
        return int(ends.pop()) if len(ends) == 1 else REFUSED

    return says


def _one_of(text: str, cell: Cell, values: Iterable[Any]) -> Verdict:
    values = list(values)
    flags = [value for value in values if isinstance(value, bool)]
    texts = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if not isinstance(value, bool | str)]
    if plain(text) in [plain(value) for value in texts]:
        return YES
    if not is_recorded(text):
        return None
    said: list[Verdict] = []
    if flags:
        known = {**dict.fromkeys(SAYS_YES, True), **dict.fromkeys(SAYS_NO, False)}
        said.append(int(known[plain(text)] in flags) if plain(text) in known else REFUSED)
    if numbers:
        said.append(_among(cell, numbers))
    if texts:
        said.append(NO)
    return YES if YES in said else NO if NO in said else REFUSED


def _among(cell: Cell, numbers: Iterable[float]) -> Verdict:
    if cell.state == "number":
        return int(any(math.isclose(cell.number, number) for number in numbers))
    if cell.state == "bound" and not any(cell.low <= number <= cell.high for number in numbers):
        return NO
    return REFUSED


def _not(found: Verdict) -> Verdict:
    return {YES: NO, NO: YES}.get(found, found) if found is not None else None


SAYS: Mapping[str, Callable[[str, Cell, Any], Verdict]] = {
    "is_": lambda text, cell, value: _one_of(text, cell, [value]),
    "in_": _one_of,
    "not_in": lambda text, cell, values: _not(_one_of(text, cell, values)),
    "below": _between(lambda number, value: number < value),
    "at_most": _between(lambda number, value: number <= value),
    "above": _between(lambda number, value: number > value),
    "at_least": _between(lambda number, value: number >= value),
    "known": lambda text, cell, value: int(is_recorded(text) == value),
}


# --- typed columns, in the engine -------------------------------------------------------------


def truth(column: Column) -> Truth:
    """A typed column as yes or no; anything else is null."""
    import ibis

    if column.type().is_boolean():
        return column
    return ibis.cases((column == 1, True), (column == 0, False), else_=ibis.null("boolean"))


def number(column: Column) -> Column:
    """A typed column as numbers; not a number is null."""
    return recorded(column).cast("float64")


def _typed_one_of(column: Column, values: Iterable[object]) -> Truth:
    parts = []
    values = list(values)
    if flags := [value for value in values if isinstance(value, bool)]:
        parts.append(_within(truth(column), flags))
    rest = [value for value in values if not isinstance(value, bool)]
    if rest:
        parts.append(_within(number(column), [float(str(value)) for value in rest]))
    return reduce(or_, parts)


def _within(column: Column, values: Iterable[object]) -> Truth:
    """Whether the column is one of the values: written out, as Spark cannot ask `IN` for null."""
    import ibis

    return ibis.cases(
        (column.isin(list(values)), True), (column.notnull(), False), else_=ibis.null("boolean")
    )


TESTS: Mapping[str, Callable[[Column, Any], Truth]] = {
    "is_": lambda column, value: _typed_one_of(column, [value]),
    "in_": _typed_one_of,
    "not_in": lambda column, values: ~_typed_one_of(column, values),
    "below": lambda column, value: number(column) < value,
    "at_most": lambda column, value: number(column) <= value,
    "above": lambda column, value: number(column) > value,
    "at_least": lambda column, value: number(column) >= value,
    # As a case: Spark cannot ask whether `x IS NOT NULL` is null in turn.
    "known": lambda c, value: recorded(c).notnull().ifelse(bool(value), not value),
}


def typed(column: Column, condition: Condition) -> Truth:
    """A condition on a typed column, in SQL's three values."""
    return reduce(and_, [TESTS[name](column, value) for name, value in given(condition)])


# --- a whole predicate ------------------------------------------------------------------------


def known_aside(condition: Condition) -> Condition | None:
    """The condition without asking that anything be recorded; None where nothing else is asked.

    >>> known_aside(Condition(known=True, below=37)).below, known_aside(Condition(known=True))
    (37.0, None)
    """
    if condition.known is not True:
        return condition
    rest = {name: value for name, value in given(condition) if name != "known"}
    return Condition.model_validate(rest) if rest else None


def given(condition: Condition) -> list[tuple[str, Any]]:
    """The tests a condition asks for."""
    return [
        (name, getattr(condition, name))
        for name in SAYS
        if name in condition.model_fields_set and getattr(condition, name) is not None
    ]


def asks_numbers(condition: Condition) -> bool:
    """Whether a condition compares with a number."""
    asked = [condition.below, condition.at_most, condition.above, condition.at_least]
    named = [condition.is_, *(condition.in_ or ()), *(condition.not_in or ())]
    numbers = [each for each in named if _is_plain_number(each)]
    return any(each is not None for each in asked) or bool(numbers)


def _is_plain_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def problems(table: Any, measure: Measure) -> list[str]:
    """What keeps a measure's rule from being counted in these records."""
    rule = measure.records
    if rule is None:
        return []
    found = []
    asked: list[tuple[str, Predicate]] = [
        ("eligible", rule.eligible),
        ("numerator", rule.numerator),
    ]
    for part, predicate in asked:
        for column, condition in predicate.items():
            place = f"measure {measure.id}, {part}"
            if column not in table.columns:
                found.append(
                    f"{place}: no column called '{column}'{did_you_mean(column, table.columns)}"
                )
                continue
            if not given(condition) or condition.in_ == () or condition.not_in == ():
                found.append(f"{place}, {column}: says nothing; give it is:, in:, below: or such")
                continue
            found += [f"{place}, {column}: {text}" for text in _mismatch(table[column], condition)]
    if rule.value is not None and rule.value not in table.columns:
        hint = did_you_mean(rule.value, table.columns)
        found.append(f"measure {measure.id}, value: no column called '{rule.value}'{hint}")
    return found


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
