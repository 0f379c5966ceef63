"""Text columns of birth records, read once for each distinct value and looked up in the engine.

The values go through the same reader as the cells of a table, a whole column at once; the engine
then joins what each was read as. No record leaves the engine, only distinct values and how many
births have each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

import pandas as pd

from qi_equity.project import Condition, Measure, Predicate, RecordsSource
from qi_equity.sources import cells, predicates, stand_ins, units
from qi_equity.sources.engine import Table, fetched
from qi_equity.sources.predicates import NO, REFUSED, YES

UNREAD = ["measure", "column", "value", "births", "reason"]
DAYS = ("d", "day", "days")
GESTATION = 60  # a threshold above it is in days, and one below it in weeks


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One measure's part of a rule, in the engine: each expression true, false or null.

    passes is null where something was not recorded or not read; unread where the latter is why;
    open where nothing recorded or unreadable rules it out.
    """

    passes: Any
    unread: Any
    open: Any


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """The records with the readings beside them.

    notes says how columns were taken; unread holds a row for each value of a measure's column
    that could not be.
    """

    table: Table
    names: Mapping[tuple[str, object], str]
    texts: Mapping[str, str]  # the trimmed text of each column that is asked about
    unread: pd.DataFrame
    notes: tuple[str, ...]

    def asked(self, predicate: Predicate) -> Asked | None:
        """A predicate, as expressions on these records; None where it asks nothing."""
        if not predicate:
            return None
        found = [self._one(column, condition) for column, condition in predicate.items()]
        passes = reduce(and_, [each.passes for each in found])
        unread = passes.isnull() & reduce(or_, [each.unread for each in found])
        return Asked(passes, unread, reduce(and_, [each.open for each in found]))

    def value(self, column: str) -> Asked:
        """A measurement: passes is the number itself."""
        import ibis

        if not self.table[column].type().is_string():
            number = predicates.number(self.table[column])
            return Asked(number, ibis.literal(False), number.isnull())
        number = self.table[self.names[column, None]]
        code = self.table[self.names[column, "refused"]]
        return Asked(number, code == REFUSED, number.isnull())

    def _one(self, column: str, condition: Condition) -> Asked:
        import ibis

        if not self.table[column].type().is_string():
            passes = predicates.typed(self.table[column], condition)
            rest = predicates.known_aside(condition)
            still = predicates.typed(self.table[column], rest).fill_null(True) if rest else None
            return Asked(
                passes, ibis.literal(False), ibis.literal(True) if still is None else still
            )
        code, still = (self.table[self.names[column, _key(condition, part)]] for part in (0, 1))
        passes = ibis.cases((code == YES, True), (code == NO, False), else_=ibis.null("boolean"))
        return Asked(passes, code.fill_null(YES) == REFUSED, still.fill_null(YES) != NO)


def _key(condition: Condition, part: int) -> object:
    return condition.model_dump_json(exclude_unset=True), part


def read(
    keyed: Table,
    source: RecordsSource,
    measures: Sequence[Measure],
    mark: cells.Mark | None = ".",
) -> Readings:
    """The records with a column beside them for every condition on text, and every measurement.

    mark is the file's usual decimal mark, None where its separator leaves that open.
    """
    import ibis

    names: dict[tuple[str, object], str] = {}
    texts: dict[str, str] = {}
    unread: list[pd.DataFrame] = []
    notes: list[str] = []
    for at, (column, conditions) in enumerate(_columns(measures).items()):
        if not keyed[column].type().is_string():
            continue
        texts[column] = text = f"x{at}_"
        keyed = keyed.mutate(**{text: keyed[column].fill_null("").strip()})
        distinct = fetched(keyed.group_by(text).aggregate(births=keyed.count()))
        asked = [each for each in conditions if each is not None]
        read, said = _read(column, distinct, source, asked, mark)
        notes += [said] if said else []
        looked = pd.DataFrame({f"t{at}_": distinct[text]})
        for number, condition in enumerate(conditions):
            looked, bad = _looked_up(
                looked, read, distinct[text], condition, at, number, names, column
            )
            unread.append(_unread(bad, read, distinct, text, column, condition, measures))
        schema = {
            name: "string" if name == f"t{at}_" else "float64" if name[0] == "v" else "int64"
            for name in map(str, looked)
        }
        small = ibis.memtable(looked, schema=schema)
        keyed = keyed.left_join(small, keyed[text] == small[f"t{at}_"])
    table = pd.concat(unread, ignore_index=True) if unread else pd.DataFrame(columns=UNREAD)
    return Readings(keyed, names, texts, table, tuple(notes))


def _columns(measures: Iterable[Measure]) -> dict[str, list[Condition | None]]:
    """The columns that rules ask about, each with its conditions; None is a measurement."""
    found: dict[str, list[Condition | None]] = {}
    for measure in measures:
        rule = measure.records
        assert rule is not None
        for predicate in (rule.eligible, rule.numerator):
            for column, condition in predicate.items():
                asked = found.setdefault(column, [])
                asked += [] if condition in asked else [condition]
        if rule.value is not None:
            asked = found.setdefault(rule.value, [])
            asked += [] if None in asked else [None]
    return found


def _read(
    column: str,
    distinct: pd.DataFrame,
    source: RecordsSource,
    conditions: Sequence[Condition],
    mark: cells.Mark | None,
) -> tuple[tuple[cells.Cell, ...], str]:
    """Every distinct value as a number or why it is none, and how they were taken."""
    values = distinct.iloc[:, 0].tolist()
    found = cells.column(
        values,
        column,
        mark=mark,
        declared=source.mark,
        unit=source.units.get(column),
        births=distinct["births"].tolist(),
        gestation=True,
    )
    if conditions and not any(map(predicates.asks_numbers, conditions)):
        return found.cells, ""
    ends = [
        end
        for each in conditions
        for end in (each.below, each.at_most, each.above, each.at_least)
        if end is not None
    ]
    taken, into = list(found.cells), found.unit
    given = source.units.get(column) or units.in_name(column)
    enough = 1 if into is not None and given is None else stand_ins.ENOUGH
    if into and units.family(into) == "weeks" and ends and into not in DAYS:
        into = "days" if min(ends) > GESTATION else into
        taken = [cells.into(cell, found.unit, into) for cell in taken]
    taken, into = stand_ins.as_asked(taken, into, ends, enough)
    if stand_ins.AGE.search(column):
        weeks = into is not None and into not in DAYS
        days = not weeks and (into in DAYS or (bool(ends) and min(ends) > GESTATION))
        taken = stand_ins.of_gestation(taken, days=days) if into or ends else taken
    taken = stand_ins.refused(taken)
    if into is None:
        return tuple(taken), ""
    as_it_is = "" if into == found.unit else ", as its conditions are"
    return tuple(taken), f"'{column}' is read in {into}{as_it_is}"


def _looked_up(
    looked: pd.DataFrame,
    read: Sequence[cells.Cell],
    texts: pd.Series,
    condition: Condition | None,
    at: int,
    number: int,
    names: dict[tuple[str, object], str],
    column: str,
) -> tuple[pd.DataFrame, list[bool]]:
    """The table to look up in, with what this condition says of each text; and which it refuses."""
    if condition is None:
        value, refused = f"v{at}_{number}", f"r{at}_{number}"
        names[column, None], names[column, "refused"] = value, refused
        known = [predicates.is_recorded(text) for text in texts]
        bad = [
            is_known and cell.state != "number" for is_known, cell in zip(known, read, strict=True)
        ]
        numbers = [
            float("nan") if wrong else cell.number for wrong, cell in zip(bad, read, strict=True)
        ]
        codes = pd.Series([REFUSED * wrong for wrong in bad], dtype="int64")
        looked = looked.assign(**{value: pd.Series(numbers, dtype="Float64")})
        return looked.assign(**{refused: codes}), bad
    rest = predicates.known_aside(condition)
    parts = {0: condition, 1: rest}
    for part, asked in parts.items():
        said = [
            YES if asked is None else predicates.verdict(asked, text, cell)
            for text, cell in zip(texts, read, strict=True)
        ]
        name = f"c{at}_{number}_{part}"
        names[column, _key(condition, part)] = name
        looked = looked.assign(**{name: pd.Series(said, dtype="Int64")})
    return looked, [code == REFUSED for code in looked[f"c{at}_{number}_0"].fillna(YES)]


def _unread(
    bad: Sequence[bool],
    read: Sequence[cells.Cell],
    distinct: pd.DataFrame,
    text: str,
    column: str,
    condition: Condition | None,
    measures: Iterable[Measure],
) -> pd.DataFrame:
    """A row for each value that could not be read, and each measure that asks for it."""
    rows = []
    for measure in measures:
        rule = measure.records
        assert rule is not None
        asks = condition is None and rule.value == column
        asks |= condition is not None and condition in (
            rule.eligible.get(column),
            rule.numerator.get(column),
        )
        if not asks:
            continue
        for wrong, cell, value, births in zip(
            bad, read, distinct[text], distinct["births"], strict=True
        ):
            if wrong:
                rows.append((measure.id, column, value, int(births), _why(cell, value, condition)))
    return pd.DataFrame(rows, columns=UNREAD)


def _why(cell: cells.Cell, value: str, condition: Condition | None) -> str:
    if condition is not None and not predicates.asks_numbers(condition):
        return f"'{value[: cells.LETTERS]}' is neither yes nor no"
    if cell.state == "bound":
        return f"'{value[: cells.LETTERS]}' leaves open on which side of the rule it is"
    return cell.said if cell.state == "wrong" else f"'{value[: cells.LETTERS]}' is not a number"
