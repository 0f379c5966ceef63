"""What the columns of an unknown sheet seem to be, by their names and by what is in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from qi_equity import ethnicity
from qi_equity.errors import UserError
from qi_equity.sources import cells, dates, grid, layout, units
from qi_equity.sources.labels import adds_up, plain, text_of

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
SHARE = re.compile(r"%|\brate\b|percent|proportion", re.IGNORECASE)
LOSS = re.compile(r"\b[emq]bl\b|blood.?loss", re.IGNORECASE)
BORN = re.compile(
    r"born|birth.?date|date.*birth|\bdob\b|delivery.?date|date.*deliver", re.IGNORECASE
)
GESTATION = re.compile(r"gest|\bga\b", re.IGNORECASE)
KEY = re.compile(r"\bid\b|_id$|number|\bno\b|\bkey\b", re.IGNORECASE)
LOOKED = 500  # rows looked through to see what a column holds
SOME = 0.3  # of cells that are numbers in a column of numbers; the rest is refused cell by cell
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
    dated = layout.dated_columns(header)
    if len(dated) > layout.FEWEST_DATES:
        return _across(header, body, dated)
    names = [name or f"({at})" for at, name in enumerate(header.clear)]
    table = pd.DataFrame(
        [[*row[: len(names)], *[None] * (len(names) - len(row))] for _, row in body.rows],
        columns=names,
        dtype=object,
    )
    table = table[[name for at, name in enumerate(names) if header.clear[at]]]
    table = table.loc[:, ~table.columns.duplicated()]
    wide = _wide(table, header, file.mark)
    shape = _marked(wide or _long(table, file.mark), file.mark)
    return (
        _dated(shape, shape.table[shape.found["subgroup"]]) if "subgroup" in shape.found else shape
    )


def _marked(shape: Shape, mark: cells.Mark | None) -> Shape:
    """The shape, with the question that its numbers leave open: 1,200 between semicolons."""
    numbers = ("numerator", "denominator", "value")
    given = [shape.found, *shape.columns]
    for name in filter(None, (part.get(number) for part in given for number in numbers)):
        settled = cells.mark_of(map(text_of, shape.table[name]), mark)
        read = (cells.read(cell, mark=settled) for cell in shape.table[name])
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
    return replace(shape, dates=read.dates.dropna(), asks=asks)


def _years(shape: Shape) -> str | None:
    """The column that says the year of weeks or months beside it."""
    if shape.kind == "across":
        return None
    for column in map(str, shape.table.columns):
        texts = [text for text in map(text_of, shape.table[column]) if text]
        if re.search("year", column, re.I) and texts and all(map(dates.is_year, texts)):
            return column
    return None


def _combined(shape: Shape, years: str) -> pd.Series:
    both = zip(shape.table[shape.found["subgroup"]], shape.table[years], strict=True)
    texts = pd.Series([dates.with_year(cell, year) for cell, year in both], dtype=object)
    return dates.read(texts).dates.dropna()


def _across(header: layout.Header, body: layout.Body, dated: Mapping[int, str]) -> Shape:
    """Dates across: columns at the left say the group and what each row counts."""
    left = {
        name or f"(column {at + 1})": [text_of(row[at]) for _, row in body.rows if at < len(row)]
        for at, name in enumerate(header.names[: min(dated)])
    }
    left = {name: texts for name, texts in left.items() if any(texts)}
    strata = {name: _ethnic(filter(None, texts)) for name, texts in left.items()}
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
    shape = Shape("across", table, found, (), rows_are, measure=found["numerator"])
    return _dated(shape, texts)


def _wide(table: pd.DataFrame, header: layout.Header, mark: cells.Mark | None) -> Shape | None:
    """Columns a stratum: groups in an upper header, or in the names of the columns."""
    found = _columns(table, mark)
    if "stratum" in found and _ethnic(table[found["stratum"]].map(text_of)) > MOSTLY:
        return None
    if "subgroup" not in found:
        return None
    free = [name for name in map(str, table.columns) if name != found["subgroup"]]
    # A group's column is read whatever stands in it: what cannot be is refused, and never unseen.
    free = [
        name
        for name in free
        if not LINES.match(name) and (_numeric(table[name]) or _names_a_group(name, table[name]))
    ]
    if header.upper and len(set(filter(None, header.names))) < len(
        list(filter(None, header.names))
    ):
        return _by_upper(table, header, found["subgroup"], free)
    groups = {name: group for name in free if (group := _group_in(name))}
    if len(set(groups.values())) < 2:
        return None
    _told_apart(table, found["subgroup"], [name for name in table if name not in groups])
    return _by_name(table, groups, found["subgroup"], mark)


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
    """White British over PPH and Births, Asian over PPH and Births."""
    parts: dict[str, dict[str, str]] = {}
    kinds: list[str] = []
    for up, low, joined in zip(header.upper, header.names, header.joined, strict=True):
        if up and low and joined in free:
            parts.setdefault(up, {})[low] = joined
            kinds.append(low)
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
    return Shape("wide", table, {"subgroup": subgroup}, tuple(columns), measure=counted)


def _by_name(
    table: pd.DataFrame, groups: Mapping[str, str], subgroup: str, mark: cells.Mark | None
) -> Shape:
    """A column a group, or two: Black PPH and Black births; 3/25 or a rate in each."""
    parts: dict[str, dict[str, str]] = {}
    rest: dict[str, str] = {}
    shares = all(_are_shares(table[name], name, mark) for name in groups)
    for name, group in groups.items():
        rest[name] = _without(name, group)
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
    shape = Shape("wide", table, {"subgroup": subgroup}, tuple(parts.values()))
    measure = rest[first] if plain(rest[first]) else "measure 1"
    return Shape("wide", table, shape.found, shape.columns, measure=measure, share=shares)


def _long(table: pd.DataFrame, mark: cells.Mark | None) -> Shape:
    """A row for each group and date, or for each birth."""
    found = _columns(table, mark)
    free = [name for name in map(str, table.columns) if name not in found.values()]
    numeric = [name for name in free if not LINES.match(name) and _numeric(table[name])]
    if "numerator" not in found and "denominator" in found:
        below = [cell.number for cell in _read(table[found["denominator"]], mark)]
        fits = [n for n in numeric if _are_counts(table[n], mark) and _under(table[n], below, mark)]
        found |= {"numerator": fits[0]} if fits else {}
    shares = [name for name in numeric if _are_shares(table[name], name, mark)]
    records = _is_records(table, found)
    if records:
        key = next((c for c in free if KEY.search(c) and table[c].map(text_of).is_unique), None)
        found = {part: found[part] for part in ("subgroup", "stratum", "site") if part in found}
        return Shape("records", table, found | ({"key": key} if key else {}))
    if "numerator" in found:
        return Shape("long", table, found, measure=found["numerator"])
    whole = [name for name in numeric if name not in shares and _are_counts(table[name], mark)]
    other = [name for name in numeric if name not in shares and name not in whole]
    if "denominator" not in found and not shares and not other and len(whole) == 1:
        # Minutes are measured, and never counted.
        part = "value" if units.in_name(whole[0]) else "numerator"
        return Shape("long", table, found | {part: whole[0]}, measure=whole[0])
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
    if "stratum" not in found or _ethnic(table[found["stratum"]].map(text_of)) < MOSTLY:
        free = [column for column in columns if column not in found.values()]
        ethnic = [column for column in free if _ethnic(table[column].map(text_of)) > MOSTLY]
        found |= {"stratum": ethnic[0]} if ethnic else {}
    if "subgroup" not in found:
        called = [c for c in columns if re.search(USUAL["subgroup"][0], c, re.IGNORECASE)]
        free = [c for c in columns if c not in found.values() and not _bare(table[c])]
        dated = [c for c in free if _fits("subgroup", c, table[c], mark)]
        dated += [c for c in called if c not in found.values()]  # so that its refusal is said
        found |= {"subgroup": dated[0]} if dated else {}
    return found


def _fits(part: str, column: str, given: pd.Series, mark: cells.Mark | None) -> bool:
    """Whether a column holds what its name promises."""
    if part in ("numerator", "denominator"):
        return _are_counts(given, mark) and not (SHARE.search(column) or LOSS.search(column))
    if part == "subgroup":
        texts = given.map(text_of)
        kept = given[(texts != "") & ~texts.map(plain).str.match(r"(?:grand )?total|all|average")]
        if kept.empty:
            return False
        read = dates.read(kept.head(LOOKED).reset_index(drop=True))
        asked = read.refused.fillna("").str.contains("no year|week_1|day first, or month first")
        return bool((read.refused.isna() | asked).mean() > 0.9)
    return not LEVEL.search(column)


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


def _are_counts(given: pd.Series, mark: cells.Mark | None = ".") -> bool:
    read = _read(given, mark)
    whole = [cell.number == cell.number // 1 for cell in read if cell.state == "number"]
    with_unit = [cell.unit for cell in read if cell.unit and units.family(cell.unit) != "count"]
    wrong = [cell for cell in read if cell.state == "wrong"]
    counts = len(whole) >= SOME * (len(whole) + len(wrong))
    return bool(whole) and all(whole) and not with_unit and counts


def _are_shares(given: pd.Series, name: str, mark: cells.Mark | None = ".") -> bool:
    read = _read(given, mark)
    if any(cell.unit == "%" for cell in read):
        return True
    numbers = [cell.number for cell in read if cell.state == "number"]
    return bool(numbers) and max(numbers) <= 1 and any(n % 1 for n in numbers)


def _under(given: pd.Series, below: Sequence[float], mark: cells.Mark | None) -> bool:
    """Whether these could be parts of those; a few that are more are mistakes, told on loading."""
    pairs = list(zip((cell.number for cell in _read(given, mark)), below, strict=False))
    return sum(part > abs(whole) for part, whole in pairs) <= BEYOND * len(pairs)


def _ethnic(texts: object) -> float:
    """The share of labels that are ethnic groups in any code list."""
    labels = list(dict.fromkeys(filter(None, map(text_of, texts))))  # type: ignore[call-overload]
    known = [label for label in labels if is_ethnic(label)]
    return len(known) / len(labels) if labels else 0.0


def is_ethnic(label: str) -> bool:
    """Whether a label is one of an ethnic group, or of having none recorded.

    >>> [is_ethnic(label) for label in ("Black African", "Asian", "Refused", "PPH", "2")]
    [True, True, True, False, False]
    """
    if label.isdigit() and label != "99":
        return False
    return any(
        ethnicity.recognise(label, scheme).status in ("stated", "not stated", "not known", "total")
        for scheme in ("nhs_16_plus_1", "ons_2021", "msds_8", "cdc_nchs")
    )


def is_total(label: str) -> bool:
    """Whether a label is of everyone, whatever they are called.

    >>> is_total("All women"), is_total("Grand total"), is_total("Alloa")
    (True, True, False)
    """
    if adds_up(label):
        return False
    return ethnicity.recognise(label, "msds_8").status == "total" or bool(
        re.fullmatch(r"(?:\w+ )?totals?\b.*|all\b.*|overall\b.*", plain(label))
    )


def _names_a_group(name: str, given: pd.Series) -> bool:
    """Whether a column is that of one group: its cells hold dates or blanks, and no labels."""
    words = [text for text in map(text_of, given.head(LOOKED)) if text]
    group = _group_in(name)
    return group is not None and len(group) >= len(name) / 2 and not any(map(is_ethnic, words))


def _group_in(name: str) -> str | None:
    """The ethnic group in a column's name, the longest there is."""
    words = name.split()
    spans = [
        " ".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
    ]
    found = [span for span in spans if is_ethnic(span) and not is_total(span) and len(span) > 2]
    # Of the same words the span without marks around them: "Indian", and not "Indian %".
    return max(found, key=lambda span: (len(plain(span)), -len(span)), default=None)


def _without(name: str, group: str) -> str:
    return " ".join(name.replace(group, " ").split()).strip(" -:_")
