"""What an import came to: taken, refused and why, so that nothing is ever dropped in silence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

import pandas as pd

from qi_equity.observations import COLUMNS, KEY, observations
from qi_equity.observations import UNREAD as NOT_READ
from qi_equity.plain import visible

REFUSED = ["reason", "rows", "where"]
SUPPRESSED = ["measure", "site", "stratum", "subgroup", "column", "token"]
EXCLUDED = [
    "measure",
    "stratum",
    "births",
    "eligible",
    "excluded",
    "eligibility_not_known",
    "outcome_not_known",
    "unread",
]
UNREAD = ["measure", "column", "value", "births", "reason"]
TOLD = ["measure", "rows", "known"]
CODES = ["code", "stratum", "status", "count"]
SOME = 0.05  # of rows refused from which on they could change what is found
ROWS_SHOWN = 5  # row numbers in a message before the rest are counted
SHOWN = 12  # lines of one kind before the rest are counted


def _empty(columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """Observations from one source, with the account of how each row was used.

    totals holds rows for everyone, kept apart from the strata they would double. refused says
    what could not be used; left_out what the mapping does not ask for; excluded how many births
    of each stratum a measure does not count; codes how each was recorded, and how many births (or
    rows) have it; unread each value of a record that a measure asks for and that cannot be read.
    doubt says how many each refused row is likely to be of; told of how many rows of a measure the
    number is known.
    """

    source: str
    unit: str  # "rows" or "births"
    read: int
    taken: int
    observations: pd.DataFrame
    totals: pd.DataFrame = field(default_factory=lambda: _empty(COLUMNS))
    refused: pd.DataFrame = field(default_factory=lambda: _empty(REFUSED))
    left_out: pd.DataFrame = field(default_factory=lambda: _empty(REFUSED))
    suppressed: pd.DataFrame = field(default_factory=lambda: _empty(SUPPRESSED))
    excluded: pd.DataFrame = field(default_factory=lambda: _empty(EXCLUDED))
    codes: pd.DataFrame = field(default_factory=lambda: _empty(CODES))
    unread: pd.DataFrame = field(default_factory=lambda: _empty(UNREAD))
    doubt: pd.DataFrame = field(default_factory=lambda: _empty([*KEY, NOT_READ]))
    told: pd.DataFrame = field(default_factory=lambda: _empty(TOLD))
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The account, as lines of plain text."""
        return "\n".join(visible(line, lines=False) for line in self._lines())

    def _lines(self) -> Iterable[str]:
        yield f"{self.source}: {self.read:,} {self.unit} read"
        refused = int(self.refused["rows"].sum()) if len(self.refused) else 0
        left_out = int(self.left_out["rows"].sum()) if len(self.left_out) else 0
        yield f"  taken      {self.taken:>10,}"
        yield f"  refused    {refused:>10,}"
        yield from _reasons(self.refused)
        yield f"  left out   {left_out:>10,}"
        yield from _reasons(self.left_out)
        if len(self.suppressed):
            yield f"  suppressed {len(self.suppressed):>10,} counts: not known, never zero"
        rows, totals = len(self.observations), len(self.totals)
        kept = f", and {totals:,} totals kept apart" if totals else ""
        yield f"  {rows:,} observations{kept}"
        yield from _sums(self.observations if rows else self.totals)
        yield from _exclusions(self.excluded)
        yield from _unread(self.unread)
        for note in self.notes:
            yield f"  note: {note}"
        if self.taken and not rows:
            yield (
                "  WARNING: these are counts of everyone: no column says of which group they are, "
                "so nothing can be charted by group"
            )
        yield from _mostly_unread(self.excluded)
        yield from _mostly_unknown(self.told, self.unit)
        if self.taken and self.is_thin:
            yield (
                f"  WARNING: only {self.taken:,} of {self.asked:,} {self.unit} could be taken: "
                "what is found below is about less than half of them"
            )
        elif refused > SOME * self.asked:
            yield (
                f"  WARNING: {refused:,} of {self.asked:,} {self.unit} refused, and those are "
                "seldom like the others: put them right before resting on what is found below"
            )

    @property
    def with_doubt(self) -> pd.DataFrame:
        """The observations with, beside each, how many were refused: what a verdict must allow for.

        A subgroup of which everything was refused has a row of its own, without a count.
        """
        if self.doubt.empty:
            return self.observations
        both = self.observations.merge(
            self.doubt.rename(columns={NOT_READ: "more"}), on=KEY, how="outer"
        )
        given = both[NOT_READ] if NOT_READ in both else pd.Series(0.0, both.index)
        unread = given.fillna(0.0) + both["more"].fillna(0.0)
        told = unread.where(unread > 0)
        return observations(both.drop(columns="more").assign(**{NOT_READ: told}))

    @property
    def warns(self) -> bool:
        """Whether the account has a warning that must stand before any finding."""
        return any(line.startswith("  WARNING") for line in self._lines())

    @property
    def is_thin(self) -> bool:
        """Whether fewer than half of the rows that the mapping asks for could be taken."""
        return self.taken < self.asked / 2

    @property
    def asked(self) -> int:
        """How many rows the mapping asks for: all but those left out."""
        return self.read - (int(self.left_out["rows"].sum()) if len(self.left_out) else 0)


def _mostly_unread(table: pd.DataFrame) -> Iterable[str]:
    """Measures that most births say something of which cannot be read."""
    for measure, rows in table.groupby("measure", sort=False):
        unread, births = int(rows["unread"].sum()), int(rows["births"].sum())
        if 2 * unread > births:
            yield (
                f"  WARNING: {measure} is read of {births - unread:,} of {births:,} births only: "
                "what is found of it below is about less than half of them"
            )


def _mostly_unknown(table: pd.DataFrame, unit: str) -> Iterable[str]:
    """Measures whose number is known in less than half of their rows."""
    for row in table.to_dict("records"):
        if 2 * row["known"] < row["rows"]:
            yield (
                f"  WARNING: {row['measure']} has a number in {row['known']:,} of {row['rows']:,} "
                f"{unit} only: what is found of it below is about less than half of them"
            )


def _reasons(table: pd.DataFrame) -> Iterable[str]:
    for row in table.head(SHOWN).to_dict("records"):
        place = f" ({row['where']})" if row["where"] else ""
        yield f"    {row['rows']:,}: {row['reason']}{place}"
    if len(table) > SHOWN:
        yield f"    and {len(table) - SHOWN:,} more reasons"


def _sums(table: pd.DataFrame) -> Iterable[str]:
    """Counts per measure and stratum, to hold against the source's own totals."""
    table = table.assign(apart=table["denominator"].where(table["numerator"].isna()))
    each = table.groupby(["measure", "stratum"], sort=True)
    sums = each[["numerator", "denominator", "apart"]].sum(min_count=1)
    for row in sums.head(4 * SHOWN).reset_index().to_dict("records"):
        counts = [row["numerator"], row["denominator"]]
        said = " of ".join(f"{count:,.0f}" for count in counts if pd.notna(count))
        if said and pd.notna(row["numerator"]) and row["apart"] > 0:
            said += f", where {row['apart']:,.0f} stand beside a number that is not known"
        if said:
            yield f"    {row['measure']}, {row['stratum']}: {said}"
    if len(sums) > 4 * SHOWN:
        yield f"    and {len(sums) - 4 * SHOWN:,} more"


def _exclusions(table: pd.DataFrame) -> Iterable[str]:
    for measure, rows in table.groupby("measure", sort=False):
        some = rows[rows[["excluded", "outcome_not_known", "unread"]].sum(axis=1) > 0]
        if some.empty:
            continue
        yield f"  not counted in {measure}, by stratum:"
        for row in some.to_dict("records"):
            unsure, blank = row["eligibility_not_known"], row["outcome_not_known"]
            said = f"{row['stratum']}: {row['excluded']:,} of {row['births']:,} births"
            said += f", {unsure:,} because not recorded" if unsure else ""
            said += f", {row['unread']:,} because it cannot be read" if row["unread"] else ""
            said += f"; outcome not recorded for {blank:,} of those counted" if blank else ""
            yield f"    {said}"


def _unread(table: pd.DataFrame) -> Iterable[str]:
    """Each value that stands in the records and could not be read, with how many births have it."""
    for (measure, column), rows in table.groupby(["measure", "column"], sort=False):
        yield f"  cannot be read in '{column}', so not counted in {measure}:"
        for row in rows.sort_values("births", ascending=False).head(SHOWN).to_dict("records"):
            yield f"    {row['births']:,}: {row['reason']}"
        if len(rows) > SHOWN:
            yield f"    and {rows['births'].sort_values().iloc[:-SHOWN].sum():,} more births"


def counted(found: Mapping[str, list[int]]) -> int:
    """How many rows have a reason."""
    return sum(len(rows) for rows in found.values())


def by_reason(found: Mapping[str, list[int]]) -> pd.DataFrame:
    """A line for each cause, the most frequent first, with its values and the rows it is about.

    >>> rows = {"'births': '1*' is not a number": [2, 5], "'births': '2*' is not a number": [3]}
    >>> by_reason(rows)["reason"][0]
    "'births': '1*' is not a number; so too '2*' (1)"
    """
    causes: dict[object, dict[str, list[int]]] = {}
    for reason, rows in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        causes.setdefault(_cause(reason), {})[reason] = rows
    together = {_of_all(each): [*chain(*each.values())] for each in causes.values()}
    ordered = sorted(together.items(), key=lambda item: (-len(item[1]), item[0]))
    return pd.DataFrame(
        [(reason, len(rows), _row_numbers(rows)) for reason, rows in ordered], columns=REFUSED
    )


# A reason that is about one value: 'births': 'ten' is not a number; 'births' is 1.5, not whole.
VALUE = re.compile(r"('\w+')(?:: | is )('.*?'|-?[\d.]+)(?=[ ,])(.*)")
VALUES = 3  # of a cause in its line


def _cause(reason: str) -> object:
    """What reasons have in common that differ in their value only."""
    about = VALUE.fullmatch(reason)
    return (about[1], re.sub(r"\d[\d.,]*", "", about[3])) if about else reason


def _of_all(reasons: Mapping[str, list[int]]) -> str:
    """The first reason, with the values of the others and how often each stands."""
    (first, _), *others = reasons.items()
    if not others:
        return first
    told = [
        f"{about[2]} ({len(rows):,})" for reason, rows in others if (about := VALUE.match(reason))
    ]
    more = f" and {len(told) - VALUES:,} more" if len(told) > VALUES else ""
    return f"{first}; so too {', '.join(told[:VALUES])}{more}"


def _row_numbers(rows: list[int]) -> str:
    rows = sorted(rows)
    shown = ", ".join(str(row) for row in rows[:ROWS_SHOWN])
    more = f" and {len(rows) - ROWS_SHOWN:,} more" if len(rows) > ROWS_SHOWN else ""
    return f"row{'s' if len(rows) > 1 else ''} {shown}{more}"
