"""What the columns of an unknown sheet seem to be, by their names and by what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from qi_equity.errors import UserError
from qi_equity.observations import COUNTS
from qi_equity.sources import cells, dates, grid, layout, units
from qi_equity.sources.group_names import (
    called_alike,
    group_in,
    is_total,
    names_a_group,
    share_of_groups,
    without,
)
from qi_equity.sources.labels import plain, text_of

# What the columns of tables of counts are usually called, the likeliest word first.
USUAL: Mapping[str, tuple[str, ...]] = {
    "suppressed": ("suppress|withheld|masked",),
    "numerator": ("numerator", "events|cases|deaths|^n$|^number$|count$"),
    "denominator": ("denominator", "births|deliveries|population|women|bookings|mothers|^total"),
    "subgroup": ("date|week|month|quarter|period|^w/?c", "born|birth|year"),
    "stratum": (
        "mother.*ethnic|ethnic.*mother|maternal.*ethnic",
        "ethnic|^eth|race",
        "stratum|strata|imd|depriv|group",
    ),
    "measure": ("indicator|measure|metric|count_of",),
    "site": ("org.?code|site.?code", "site|trust|provider|hospital|unit|state", "org.?name"),
}
# Columns whose kinds of row add each other up, so that one kind must be chosen.
LEVEL = re.compile(r"level", re.IGNORECASE)
# Lines of a chart that stand beside its data in templates.
LINES = re.compile(r"target|goal|baseline|mean|median of|ucl|lcl|limit|average|note|comment", re.I)
AVERAGES = re.compile(r"(?:average|mean|median|avg|rate|percent|%)\b|%", re.IGNORECASE)
SHARE = re.compile(r"%|\brate\b|percent|proportion", re.IGNORECASE)
RATE = re.compile(r"\bper\s*1[, ]?0+\b|\brate\b|‰", re.IGNORECASE)
LOSS = re.compile(r"\b[emq]bl\b|blood.?loss", re.IGNORECASE)
BORN = re.compile(
    r"born|birth.?date|date.*birth|\bdob\b|delivery.?date|date.*deliver", re.IGNORECASE
)
GESTATION = re.compile(r"gest|\bga\b", re.IGNORECASE)
KEY = re.compile(r"\bid\b|_id$|number|\bno\b|\bkey\b", re.IGNORECASE)
LOOKED = 500  # rows looked through to see what a column holds
SOME = 0.3  # of cells that are numbers in a column of numbers; the rest is refused cell by cell
MOST_WHOLE = 0.8  # of numbers in a column called as counts are; the rest is refused cell by cell
BEYOND = 0.2  # of parts that are more than their whole: beyond that the two are not one measure
BARE = re.compile(r"\d{1,3}(?:\.0)?")  # a week's number at most, and more likely a count
MOST_COUNTS = 4  # kinds of count that rows of one date may say
MOSTLY = 0.6  # of labels that are ethnic groups in a column of them


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A sheet and what its parts seem to be.

    kind is "records" (a row a birth), "across" (a column a date), "wide" (columns a stratum), or
    "long". found maps a part of the data mapping to the column that seems to be it.
    """

    kind: str
    table: pd.DataFrame
    found: dict[str, str] = field(default_factory=dict)
    columns: tuple[dict[str, str], ...] = ()  # of a wide sheet
    rows_are: str | None = None
    dates: pd.Series = field(default_factory=lambda: pd.Series(dtype=object))
    asks: Mapping[str, str] = field(default_factory=dict)  # what only a person can answer
    measure: str = "measure 1"
    share: bool = False
    rated: bool = True  # counts have a denominator, beside them or in the cell, as 3/25
    beside: str = ""  # the column of those whom shares are of, which shares alone do not say

    @property
    def unused(self) -> list[str]:
        """Columns that no part of the mapping reads."""
        parts = {value for part in self.columns for value in part.values()}
        used = {*self.found.values(), *parts, self.rows_are}
        return [name for name in map(str, self.table.columns) if name not in used]


def of(path: Path, sheet: str | None = None) -> Shape:
    """The shape of the first table on a sheet."""
    file = grid.open_file(path, sheet)
    header = layout.guess(file.rows)
    body = layout.body(file.rows, header)
    over = sum(map(len, body.refused.values()))
    if over > len(body.rows):
        raise UserError(f"{path}: {over:,} rows have {layout.TOO_LONG}")
    dated = layout.dated_columns(header)
    if len(dated) > layout.FEWEST_DATES:
        return _across(header, body, dated, file.mark)
    names = [name or f"({at})" for at, name in enumerate(header.clear)]
    table = pd.DataFrame(
        [[*row[: len(names)], *[None] * (len(names) - len(row))] for _, row in body.rows],
        columns=names,
        dtype=object,
    )
    table = table[[name for at, name in enumerate(names) if header.clear[at]]]
    table = table.loc[:, ~table.columns.duplicated()]
    table = table[~table.apply(_averages, axis=1).astype(bool)] if len(table) else table
    wide = _wide(table, header, file.mark)
    shape = _marked(wide or _long(table, file.mark), file.mark)
    return (
        _dated(shape, shape.table[shape.found["subgroup"]]) if "subgroup" in shape.found else shape
    )


def _averages(row: pd.Series) -> bool:
    """Whether a row averages those above it: its decimals make no count a measurement."""
    return AVERAGES.match(next(filter(None, map(text_of, row)), "")) is not None


def _marked(shape: Shape, mark: cells.Mark | None) -> Shape:
    """The shape, with the question that its numbers leave open: 1,200 between semicolons."""
    numbers = ("numerator", "denominator", "value")
    given = [shape.found, *shape.columns]
    named = [*filter(None, (part.get(number) for part in given for number in numbers))]
    if shape.kind == "records":
        named = [name for name in shape.unused if _numeric(shape.table[name])]
    return _asking(shape, [shape.table[name].tolist() for name in named], mark)


def _asking(shape: Shape, columns: Iterable[list[Any]], mark: cells.Mark | None) -> Shape:
    for column in columns:
        settled = cells.mark_of(map(text_of, column), mark)
        read = (cells.read(cell, mark=settled) for cell in column)
        odd = next((cell.said for cell in read if "could be" in cell.said), None)
        if odd:
            question = f"Is a point or a comma the decimal mark? {odd.partition(': say')[0]}."
            return replace(shape, asks={**shape.asks, "decimal": question})
    return shape


def _dated(shape: Shape, column: pd.Series) -> Shape:
    """The shape with its dates, and the question they leave open if they do."""
    texts = column.map(text_of)
    kept = column[~texts.map(plain).str.match(r"(?:grand )?total|all|average|mean|$")]
    read = dates.read(kept.head(LOOKED).reset_index(drop=True))
    reasons = "\n".join(read.refused.dropna().unique())
    asks = dict(shape.asks)
    first = next((text for text in texts if text), "")
    years = _years(shape)
    if "no year" in reasons and years:
        return replace(shape, dates=_combined(shape, years), found=shape.found | {"year": years})
    if "no year" in reasons or "week_1" in reasons:
        if "week_1" in reasons and ("data.year" not in reasons or first.split(".")[0].isdigit()):
            asks["week_1"] = (
                f"On which date did week 1 begin? Weeks are only numbered, '{first}' ..."
            )
        else:
            asks["year"] = f"In which year is the first date, '{first}'?"
        read = dates.read(kept, year=pd.Timestamp.today().year - 1)
    elif "day first, or month first" in reasons:
        asks["dates"] = f"Is a date like '{first}' written day first, or month first?"
        read = dates.read(kept, "day first")
    elif "day first, or year first" in reasons:
        asks["dates"] = f"Is a date like '{first}' written day first, or year first?"
        read = dates.read(kept, "year first")
    return replace(shape, dates=read.dates.dropna(), asks=asks)


def _years(shape: Shape) -> str | None:
    """The column that says the year of weeks or months beside it."""
    if shape.kind == "across":
        return None
    for column in map(str, shape.table.columns):
        if re.search("year", column, re.I) and _are_years(shape.table[column]):
            return column
    return None


def _combined(shape: Shape, years: str) -> pd.Series:
    both = zip(shape.table[shape.found["subgroup"]], shape.table[years], strict=True)
    texts = pd.Series([dates.with_year(cell, year) for cell, year in both], dtype=object)
    return dates.read(texts).dates.dropna()


def _across(
    header: layout.Header,
    body: layout.Body,
    dated: Mapping[int, str],
    mark: cells.Mark | None,
) -> Shape:
    """Dates across: columns at the left say the group and what each row counts."""
    left = {
        name or f"(column {at + 1})": [text_of(row[at]) for _, row in body.rows if at < len(row)]
        for at, name in enumerate(header.names[: min(dated)])
    }
    left = {name: texts for name, texts in left.items() if any(texts)}
    strata = {name: share_of_groups(filter(None, texts)) for name, texts in left.items()}
    stratum = max(strata, key=lambda name: strata[name], default=None)
    kinds = {name: list(dict.fromkeys(filter(None, texts))) for name, texts in left.items()}
    rows_are = next((name for name in left if name != stratum and 1 < len(kinds[name]) <= 4), None)
    found = {"stratum": stratum} if stratum else {}
    labels = [text for text in left.get(stratum or "", []) if text]
    table = pd.DataFrame({stratum or "group": pd.Series(labels, dtype=object)})
    if rows_are:
        known = kinds[rows_are]
        below = next((k for k in known if re.search(USUAL["denominator"][1], k, re.I)), known[-1])
        found |= {"denominator": below}
        found |= {"numerator": next(kind for kind in known if kind != below)}
    else:
        upper = [name for at, name in enumerate(header.names) if at in dated and name]
        kinds_below = list(dict.fromkeys(upper)) if header.upper else []
        low = next((k for k in kinds_below if re.search(USUAL["denominator"][1], k, re.I)), None)
        if low:
            found |= {"numerator": next(k for k in kinds_below if k != low), "denominator": low}
        else:
            found |= {"numerator": "count"}
    texts = pd.Series(list(dated.values()), dtype=object)
    rows = [[row[at] for at in dated if at < len(row)] for _, row in body.rows]
    here = [cell for row in rows for cell in row]
    rated = "denominator" in found or any(cells.read(cell).state == "fraction" for cell in here)
    shape = Shape("across", table, found, (), rows_are, measure=found["numerator"], rated=rated)
    counts: dict[str, list[Any]] = {}
    labels = left.get(rows_are or "", [""] * len(rows))
    for label, row in zip(labels, rows, strict=False):
        counts.setdefault(label, []).extend(row)
    return _dated(_asking(shape, counts.values(), mark), texts)


def _wide(table: pd.DataFrame, header: layout.Header, mark: cells.Mark | None) -> Shape | None:
    """Columns a stratum: groups in an upper header, or in the names of the columns."""
    found = _columns(table, mark)
    if "stratum" in found and share_of_groups(table[found["stratum"]].map(text_of)) > MOSTLY:
        return None
    if "subgroup" not in found:
        return None
    free = [name for name in map(str, table.columns) if name != found["subgroup"]]
    # A group's column is read whatever stands in it: what cannot be is refused, and never unseen.
    free = [
        name
        for name in free
        if not LINES.match(name) and (_numeric(table[name]) or names_a_group(name, table[name]))
    ]
    if header.upper and len(set(filter(None, header.names))) < len(
        list(filter(None, header.names))
    ):
        _same_dates(table, found["subgroup"])
        return _by_upper(table, header, found["subgroup"], free)
    groups = {name: group for name in free if (group := group_in(name))}
    if len(set(groups.values())) < 2:
        return None
    groups |= called_alike(groups, [name for name in free if name not in groups])
    _told_apart(table, found["subgroup"], [name for name in map(str, table) if name not in groups])
    return _by_name(table, groups, found["subgroup"], mark)


def _same_dates(table: pd.DataFrame, dated: str) -> None:
    """Refuse two tables side by side whose rows are not of the same dates."""
    days = table[dated].map(text_of)
    for name in map(str, table.columns):
        if name == dated or _numeric(table[name]):
            continue
        other = table[name].map(text_of)
        odd = (other != days) & (other != "")
        if odd.any() and _fits("subgroup", name, table[name], None):
            raise UserError(
                f"'{dated}' and '{name}' hold other dates in the same row, as "
                f"'{days[odd].iloc[0]}' and '{other[odd].iloc[0]}': give each table a file of its "
                "own, or put the rows of a date beside one another"
            )


def _told_apart(table: pd.DataFrame, dated: str, others: Sequence[str]) -> None:
    """Refuse a sheet in which a date has a row for each count, with the groups across."""
    days = table[dated].map(text_of)
    if not days[days != ""].duplicated().any():
        return
    for name in others:
        kinds = list(dict.fromkeys(filter(None, table[name].map(text_of))))
        if name != dated and 1 < len(kinds) <= MOST_COUNTS and len(kinds) * 2 <= len(table):
            shown = ", ".join(f"'{kind}'" for kind in kinds)
            raise UserError(
                f"each date has several rows, told apart by '{name}' ({shown}): put them beside "
                "one another, as two columns a group; or give each a row of dates across"
            )


def _by_upper(
    table: pd.DataFrame, header: layout.Header, subgroup: str, free: Sequence[str]
) -> Shape | None:
    """White British over PPH and Births, or PPH and Births over White British and Asian."""
    named = zip(header.upper, header.names, header.joined, strict=True)
    both = [(up, low, joined) for up, low, joined in named if up and low and joined in free]
    groups_above, groups_below = (share_of_groups(each[at] for each in both) for at in (0, 1))
    if groups_below > groups_above:
        both = [(low, up, joined) for up, low, joined in both]
    parts: dict[str, dict[str, str]] = {}
    for group, kind, joined in both:
        parts.setdefault(group, {})[kind] = joined
    kinds = [kind for _, kind, _ in both]
    names = list(dict.fromkeys(kinds))
    if len(parts) < 2 or not names:
        return None
    below = next((k for k in names if re.search(USUAL["denominator"][1], k, re.I)), None)
    counted = next((k for k in names if k != below), names[0])
    columns = []
    for up, each in parts.items():
        part = {"stratum": up} if not is_total(up) else {}
        part |= {"numerator": each[counted]} if counted in each else {}
        part |= {"denominator": each[below]} if below in each else {}
        columns.append(part)
    fractions = any(
        _are_fractions(table[each[counted]]) for each in parts.values() if counted in each
    )
    rated = below is not None or fractions
    return Shape(
        "wide", table, {"subgroup": subgroup}, tuple(columns), measure=counted, rated=rated
    )


def _by_name(
    table: pd.DataFrame, groups: Mapping[str, str], subgroup: str, mark: cells.Mark | None
) -> Shape:
    """A column a group, or two: Black PPH and Black births; 3/25 or a rate in each."""
    parts: dict[str, dict[str, str]] = {}
    rest: dict[str, str] = {}
    shares = all(_are_shares(table[name], mark) for name in groups)
    for name, group in groups.items():
        rest[name] = without(name, group)
        below = bool(re.search(USUAL["denominator"][1], rest[name], re.I))
        kind = "value" if shares else "denominator" if below else "numerator"
        parts.setdefault(group, {"stratum": group}).setdefault(kind, name)
    first = next(
        name for name in groups if not re.search(USUAL["denominator"][1], rest[name], re.I)
    )
    fractions = any(
        cells.read(cell, mark=mark).state == "fraction" for name in groups for cell in table[name]
    )
    counts = not fractions and not any("denominator" in part for part in parts.values())
    if counts and not shares and not all(_are_counts(table[name], mark) for name in groups):
        for part in parts.values():
            part["value"] = part.pop("numerator")
    measure = rest[first] if plain(rest[first]) else "measure 1"
    rated = fractions or any("denominator" in part for part in parts.values())
    columns = tuple(parts.values())
    found = {"subgroup": subgroup}
    return Shape("wide", table, found, columns, measure=measure, share=shares, rated=rated)


def _long(table: pd.DataFrame, mark: cells.Mark | None) -> Shape:
    """A row for each group and date, or for each birth."""
    found = _columns(table, mark)
    free = [name for name in map(str, table.columns) if name not in found.values()]
    numeric = [name for name in free if not LINES.match(name) and _numeric(table[name])]
    if "numerator" not in found and "denominator" in found:
        below = [cell.number for cell in _read(table[found["denominator"]], mark)]
        under = [n for n in numeric if not RATE.search(n) and _under(table[n], below, mark)]
        fits = [n for n in under if _are_counts(table[n], mark)]
        fits = fits or [n for n in under if _are_counts(table[n], mark, MOST_WHOLE)]
        fits = fits or [n for n in free if _are_withheld(table[n])]
        found |= {"numerator": fits[0]} if fits else {}
    shares = [name for name in numeric if _are_shares(table[name], mark)]
    records = _is_records(table, found)
    if records:
        key = next((c for c in free if KEY.search(c) and table[c].map(text_of).is_unique), None)
        found = {part: found[part] for part in ("subgroup", "stratum", "site") if part in found}
        return Shape("records", table, found | ({"key": key} if key else {}))
    whole_in = next((n for n in [*found.values(), *numeric] if _are_fractions(table[n])), None)
    if "numerator" not in found and whole_in in numeric:
        found |= {"numerator": whole_in}
    if "numerator" in found:
        rated = "denominator" in found or whole_in == found["numerator"]
        return Shape("long", table, found, measure=found["numerator"], rated=rated)
    whole = [name for name in numeric if name not in shares and _are_counts(table[name], mark)]
    other = [name for name in numeric if name not in shares and name not in whole]
    if "denominator" not in found and not shares and not other and whole:
        # Minutes are measured, and never counted.
        part = "value" if units.in_name(whole[0]) else "numerator"
        return Shape("long", table, found | {part: whole[0]}, measure=whole[0], rated=False)
    value = next(iter([*shares, *other, *whole]), None)
    if value is None:
        return Shape("long", table, found)
    whole_of = found.pop("denominator", "")
    shape = Shape("long", table, found | {"value": value}, measure=value, share=value in shares)
    return replace(shape, beside=whole_of)


def _is_records(table: pd.DataFrame, found: Mapping[str, str]) -> bool:
    """Whether each row is a birth: groups and dates repeat together, and no count stands there."""
    if "numerator" in found or "denominator" in found or "stratum" not in found:
        return False
    clinical = [
        name for name in map(str, table.columns) if LOSS.search(name) or GESTATION.search(name)
    ]
    dated = found.get("subgroup")
    if dated is None:
        return False
    keys = table[[dated, found["stratum"]]].map(text_of)
    ids = any(KEY.search(name) and table[name].map(text_of).is_unique for name in map(str, table))
    born = BORN.search(dated) is not None
    return bool(clinical) or born or ids or bool(keys.duplicated().mean() > 0.2)


def _columns(table: pd.DataFrame, mark: cells.Mark | None) -> dict[str, str]:
    """Which column is what, by its name, and for dates and counts by what is in it too."""
    found: dict[str, str] = {}
    columns = [str(column) for column in table.columns]
    for part, usual in USUAL.items():
        likely = [c for word in usual for c in columns if re.search(word, c, re.IGNORECASE)]
        free = [column for column in likely if column not in found.values()]
        fits = [column for column in free if _fits(part, column, table[column], mark)]
        found |= {part: fits[0]} if fits else {}
        if part in COUNTS and not fits:
            # Meant to be a count and not readable as one: drawn in, so that its refusal is said.
            odd = [c for c in free if _is_meant(c, table[c])]
            found |= {part: odd[0]} if odd else {}
    if "stratum" not in found or share_of_groups(table[found["stratum"]].map(text_of)) < MOSTLY:
        free = [column for column in columns if column not in found.values()]
        ethnic = [column for column in free if share_of_groups(table[column].map(text_of)) > MOSTLY]
        found |= {"stratum": ethnic[0]} if ethnic else {}
    if "subgroup" not in found:
        called = [c for c in columns if re.search(USUAL["subgroup"][0], c, re.IGNORECASE)]
        free = [c for c in columns if c not in found.values() and not _bare(table[c])]
        dated = [c for c in free if _fits("subgroup", c, table[c], mark)]
        dated += [c for c in called if c not in found.values()]  # so that its refusal is said
        dated += [c for c in columns if c not in found.values() and _are_years(table[c])]
        found |= {"subgroup": dated[0]} if dated else {}
    return found


def _fits(part: str, column: str, given: pd.Series, mark: cells.Mark | None) -> bool:
    """Whether a column holds what its name promises."""
    if part in ("numerator", "denominator"):
        return _are_counts(given, mark, MOST_WHOLE) and not (
            SHARE.search(column) or LOSS.search(column)
        )
    if part == "subgroup":
        texts = given.map(text_of)
        kept = given[(texts != "") & ~texts.map(plain).str.match(r"(?:grand )?total|all|average")]
        if kept.empty:
            return False
        read = dates.read(kept.head(LOOKED).reset_index(drop=True))
        asked = read.refused.fillna("").str.contains("no year|week_1|day first, or")
        return bool((read.refused.isna() | asked).mean() > 0.9)
    return not LEVEL.search(column)


def _is_meant(column: str, given: pd.Series) -> bool:
    """Whether a column named as a count holds digits that cannot be read as one: 20 (a), 1.5k."""
    texts = [text for text in map(text_of, given.head(LOOKED)) if text]
    if SHARE.search(column) or LOSS.search(column) or not texts:
        return False
    odd = [
        cells.read(text, mark=None).state == "wrong" and re.search(r"\d", text) for text in texts
    ]
    return sum(map(bool, odd)) > MOSTLY * len(texts) and not all(map(layout.is_dated, texts))


def _are_years(given: pd.Series) -> bool:
    texts = [text for text in map(text_of, given) if text]
    return bool(texts) and all(map(dates.is_year, texts))


def _bare(given: pd.Series) -> bool:
    """Whether a column holds small numbers and nothing else: by its name alone they are weeks."""
    return all(BARE.fullmatch(text) for text in given.map(text_of) if text)


def _numeric(given: pd.Series) -> bool:
    """Whether most cells are numbers, whichever mark they are written with: 1,200 may be either."""
    texts = given[given.map(text_of) != ""].head(LOOKED)
    states = [{cells.read(cell, mark=mark).state for mark in (None, ".")} for cell in texts]
    known = [each for each in states if each.isdisjoint(("missing", "suppressed"))]
    good = [each for each in known if not each.isdisjoint(("number", "fraction", "bound"))]
    return bool(known) and len(good) >= SOME * len(known)


def _read(given: pd.Series, mark: cells.Mark | None = ".") -> list[cells.Cell]:
    """A column's cells by the mark they prove; where none is sure, as whole numbers they may be."""
    some = given.head(LOOKED)
    settled = cells.mark_of(map(text_of, some), mark)
    marks: tuple[cells.Mark, ...] = (settled,) if settled else (".", ",")
    ways = [[cells.read(cell, mark=each) for cell in some] for each in marks]
    return min(ways, key=lambda way: sum(cell.number % 1 > 0 for cell in way))


def _are_counts(given: pd.Series, mark: cells.Mark | None = ".", most: float = 1.0) -> bool:
    read = _read(given, mark)
    whole = [cell.number == cell.number // 1 for cell in read if cell.state == "number"]
    with_unit = [cell.unit for cell in read if cell.unit and units.family(cell.unit) != "count"]
    wrong = [cell for cell in read if cell.state == "wrong"]
    counts = len(whole) >= SOME * (len(whole) + len(wrong))
    return bool(whole) and sum(whole) >= most * len(whole) and not with_unit and counts


def _are_withheld(given: pd.Series) -> bool:
    """Whether all that a column says is that its counts are withheld."""
    states = {cells.read(text).state for text in map(text_of, given.head(LOOKED)) if text}
    return states == {"suppressed"}


def _are_fractions(given: pd.Series) -> bool:
    """Whether most cells say two numbers, as 3/25: a count and those it is out of."""
    states = [cell.state for cell in _read(given) if cell.state not in ("missing", "suppressed")]
    return bool(states) and states.count("fraction") > SOME * len(states)


def _are_shares(given: pd.Series, mark: cells.Mark | None = ".") -> bool:
    read = _read(given, mark)
    if any(cell.unit == "%" for cell in read):
        return True
    numbers = [cell.number for cell in read if cell.state == "number"]
    return bool(numbers) and max(numbers) <= 1 and any(n % 1 for n in numbers)


def _under(given: pd.Series, below: Sequence[float], mark: cells.Mark | None) -> bool:
    """Whether these could be parts of those; a few that are more are mistakes, told on loading."""
    pairs = list(zip((cell.number for cell in _read(given, mark)), below, strict=False))
    return sum(part > abs(whole) for part, whole in pairs) <= BEYOND * len(pairs)
