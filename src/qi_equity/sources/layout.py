"""Where on a sheet its table is: header, rows, and what lies around it. Cells are not read here."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from qi_equity.errors import DataErrors, did_you_mean
from qi_equity.sources import cells, dates
from qi_equity.sources.labels import plain, text_of

# Rows looked through for the header: spreadsheets have titles and notes above their table.
TOP = 40
UNNAMED = re.compile(r"\(column (\d+)\)")  # how a column without a name is called
TOO_LONG = "more cells than the header has: a comma within a number or a name must stand in quotes"
FEWEST_NAMES = 3  # of a header right below a table
FEWEST_DATES = 2  # in a row that is a header of dates

Row = tuple[int, list[Any]]  # its number in the file, and its cells
Rows = list[Row]


@dataclass(frozen=True, slots=True)
class Header:
    """The names of columns: names as in the lower row, joined with the row above it in front."""

    at: int
    names: tuple[str, ...]
    upper: tuple[str, ...] = ()

    @property
    def joined(self) -> tuple[str, ...]:
        """Both rows of a header of two, White British and PPH as White British PPH."""
        if not self.upper:
            return self.names
        both = zip(self.upper, self.names, strict=True)
        return tuple(low if up in ("", low) else f"{up} {low}".strip() for up, low in both)

    @property
    def clear(self) -> tuple[str, ...]:
        """The shortest names that tell all columns apart."""
        given = [plain(name) for name in self.names if name]
        return self.names if len(set(given)) == len(given) else self.joined

    def places(self, name: str, within: str | None = None) -> list[int]:
        """Where a column stands, in the part of the header called within where it stands twice."""
        unnamed = UNNAMED.fullmatch(name.strip())
        if unnamed:
            return [at] if (at := int(unnamed[1]) - 1) < len(self.names) else []
        for names in (self.names, self.joined):
            exact = [at for at, each in enumerate(names) if each == name.strip()]
            found = exact or [at for at, each in enumerate(names) if each and alike(each, name)]
            if len(found) > 1 and within:
                found = [
                    at for at in found if self.upper and alike(self.upper[at], within)
                ] or found
            # With nothing above it, that is the whole of its name.
            whole = [at for at in found if self.joined[at] == name.strip()]
            found = whole if len(whole) == 1 else found
            if found:
                return found
        return []


def alike(one: str, other: str) -> bool:
    """Whether two names differ in case and punctuation only.

    >>> alike("Births (all)", "births all"), alike("%", "n")
    (True, False)
    """
    words = plain(one), plain(other)
    return words[0] == words[1] if any(words) else one.strip() == other.strip()


def _header(rows: Rows, at: int) -> Header:
    """The header at a row, with the row right above it where that names parts of it too."""
    width = max(len(rows[at][1]), len(rows[at - 1][1]) if at else 0)
    low = _texts(rows[at][1], width)
    above = _texts(rows[at - 1][1], width) if at else []
    if sum(map(bool, above)) < 2 or len(set(filter(None, above))) < 2:
        return Header(at, tuple(low))
    filled: list[str] = []
    for name in above:
        filled.append(name or (filled[-1] if filled else ""))
    # A name of the upper row alone reaches down, where its cell is merged with the one below.
    names = [one or two for one, two in zip(low, above, strict=True)]
    upper = [up if low[at] else above[at] for at, up in enumerate(filled)]
    return Header(at, tuple(names), tuple(upper))


def _texts(row: Sequence[Any], width: int) -> list[str]:
    return [" ".join(text_of(cell).split()) for cell in row] + [""] * (width - len(row))


def find(rows: Rows, wanted: Iterable[str], where: str, dated: bool = False) -> Header:
    """The first header with all wanted names; else every missing name, against the best one."""
    names = list(wanted)
    best: Header | None = None
    missing = names
    for at in range(min(TOP, len(rows))):
        if not any(text_of(cell) for cell in rows[at][1]):
            continue
        header = _header(rows, at)
        left = [name for name in names if not header.places(name)]
        if not left and (not dated or len(dated_columns(header)) >= FEWEST_DATES):
            return header
        if best is None or len(left) < len(missing):
            best, missing = header, left
    if not missing or best is None:
        told = "no row of the header holds dates" if dated else "there is no header"
        raise DataErrors([f"{told}: leave out dates_across, or name the columns"], where)
    known = list(dict.fromkeys(filter(None, (*best.names, *best.joined))))
    raise DataErrors(
        [f"there is no column called '{name}'{did_you_mean(name, known)}" for name in missing],
        where,
    )


def dated_columns(header: Header) -> dict[int, str]:
    """The columns with a date in their header, below or above, and that date's text."""
    for names in (header.names, header.upper):
        found = {at: name for at, name in enumerate(names) if name and is_dated(name)}
        if len(found) >= FEWEST_DATES:
            return _of_years(found, header.upper) if names is header.names else found
    return {}


def _of_years(found: dict[int, str], upper: Sequence[str]) -> dict[int, str]:
    """Months or weeks with the year that stands above each, where one stands above them all."""
    above = [upper[at] for at in found] if upper else []
    if not above or not all(map(dates.is_year, above)):
        return found
    return {at: str(dates.with_year(name, upper[at])) for at, name in found.items()}


def is_dated(text: str) -> bool:
    """Whether a text says a day, month or week, with or without its year.

    >>> is_dated("w/c 01/04/24"), is_dated("Wk 14"), is_dated("12"), is_dated("Births")
    (True, True, False, False)
    """
    if re.fullmatch(r"[\d.]+", text) and not re.fullmatch(r"\d{5}|\d{8}|\d+\.\d+\.\d+", text):
        return False
    reason = dates.why_not(text)
    return reason is None or any(word in reason for word in ("could be", "no year", "week_1"))


def guess(rows: Rows) -> Header:
    """The header of a sheet whose columns are not known: the row above the first row of numbers."""
    top = rows[:TOP]
    filled = [sum(bool(text_of(cell)) for cell in row) for _, row in top]
    for at, (_, row) in enumerate(top):
        if filled[at] < 2 or _dates_in(row) > 2 or not any(is_number(cell) for cell in row):
            continue
        above = [each for each in range(at) if filled[each] >= 2]
        if above:
            return _header(rows, above[-1])
    return _header(rows, filled.index(max(filled)))


def _dates_in(row: Sequence[Any]) -> int:
    """How many cells of a row say a date; 3/25 says none beside a date that is written otherwise.

    >>> _dates_in(["01/04/2024", "3/25", "1/5"]), _dates_in(["Group", "1/4", "8/4"])
    (1, 2)
    """
    found = [text for text in map(text_of, row) if text and is_dated(text)]
    whole = [text for text in found if not re.fullmatch(r"\d+\s*/\s*\d+", text)]
    return len(whole or found)


def is_number(cell: object) -> bool:
    """Whether a cell is a number, a share or a part of a whole, and no date."""
    read = cells.read(cell, mark=None)
    return read.state in ("number", "fraction", "bound") or "could be" in read.said


@dataclass(frozen=True, slots=True)
class Body:
    """The rows of the table, and those that are none of it by reason."""

    rows: Rows
    left_out: dict[str, list[int]]
    refused: dict[str, list[int]] = field(default_factory=dict)


def body(rows: Rows, header: Header) -> Body:
    """The rows below a header up to the next table; a header that is printed again is skipped.

    Another table begins after a blank line with a title or with a header, its own or the same.
    """
    kept: Rows = []
    left_out: dict[str, list[int]] = {}
    blank = False
    rest = rows[header.at + 1 :]
    names = [plain(name) for name in header.names]
    named = {plain(name) for name in header.names if name}
    for at, (number, row) in enumerate(rest):
        texts = _texts(row, len(names))
        if not any(texts):
            blank = True
            continue
        again = all(plain(text) == name for text, name in zip(texts, names, strict=False))
        begins = blank and (again or _begins_table(rest[at:]))
        # No header has a bare number for a name: most rows are known by one to be of the table.
        if not again and not any(map(_is_bare_number, texts)):
            begins = begins or _is_other(row, texts, named)
            begins = begins or _is_header_below(texts, kept, islice(rest, at + 1, None))
        if kept and begins:
            found = [(n, each) for n, each in rest[at:] if any(text_of(cell) for cell in each)]
            title = next(text_of(cell) for cell in row if text_of(cell))
            reason = f"another table, from row {number} ('{title[:40]}'): give it a file of its own"
            left_out[reason] = [n for n, _ in found]
            break
        blank = False
        if again:
            left_out.setdefault("the header, printed again", []).append(number)
        else:
            kept.append((number, row))
    over = {number for number, row in kept if _is_too_long(row, len(header.names))}
    refused = {TOO_LONG: sorted(over)} if over else {}
    return Body([row for row in kept if row[0] not in over], left_out, refused)


def _is_bare_number(text: str) -> bool:
    """Whether a text is digits alone, with a point where it has one: 13, or 13.0 as pandas has it.

    >>> _is_bare_number("13"), _is_bare_number("13.0"), _is_bare_number("13 of 20")
    (True, True, False)
    """
    return text.replace(".", "", 1).isdecimal() and text.isascii()


def _is_too_long(row: Sequence[Any], width: int) -> bool:
    """Whether numbers stand beyond the header: a remark may, and a number was torn apart."""
    return any(re.search(r"\d", text_of(cell)) for cell in row[width:])


def _is_other(row: Sequence[Any], texts: Sequence[str], names: Collection[str]) -> bool:
    """Whether a row is the header of another table right below: some names are the same."""
    filled = [text for text in texts if text]
    same = sum(plain(text) in names for text in filled)
    if same < 2 or 2 * same < len(filled):
        return False
    return not any(map(is_number, row))


def _is_header_below(texts: Sequence[str], kept: Rows, rest: Iterable[Row]) -> bool:
    """Whether a row right below a table is the header of another: words alone, and all of them new.

    A row of words in which a group or anything else of the table stands is a row of the table.
    """
    filled = {at: text for at, text in enumerate(texts) if text}
    if len(filled) < FEWEST_NAMES or any(re.search(r"\d", text) for text in filled.values()):
        return False
    if any(
        cells.read(text, mark=None).state != "wrong" or is_dated(text) for text in filled.values()
    ):
        return False
    seen = {(at, plain(text_of(each[at]))) for _, each in kept for at in filled if at < len(each)}
    if any((at, plain(text)) in seen for at, text in filled.items()):
        return False
    below = next((each for _, each in rest if any(text_of(cell) for cell in each)), [])
    return any(is_number(cell) for cell in below)


def _begins_table(rest: Rows) -> bool:
    """Whether rows after a blank line are a table of their own: a title or header, then numbers."""
    heads: list[list[Any]] = []
    for _, row in rest:
        filled = [cell for cell in row if text_of(cell)]
        if not filled:
            continue
        if any(is_number(cell) for cell in filled) and len(filled) > 1:
            return bool(heads)
        if any(is_dated(text_of(cell)) for cell in filled):
            return False
        heads.append(filled)
    return False


def left_block(header: Header) -> int:
    """How many columns the table has, where an empty one sets another beside it apart."""
    blanks = [at for at, name in enumerate(header.joined) if not name]
    return next((at for at in blanks if any(header.joined[at:]) and at > 1), len(header.names))
