"""A block of cells from a spreadsheet, put where it belongs on the log page; nothing is saved here.

Every pasted row is accounted for in words: filled in, a heading, or left out and why.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from qi_equity.errors import UserError
from qi_equity.project import EVERYONE, Measure, Project
from qi_equity.sources import cells, dates, layout, typed
from qi_equity.sources.calendar import floor
from qi_equity.sources.labels import place, plain
from qi_equity.sources.shape import SHARE, USUAL
from qi_equity.store.text import inert
from qi_equity.words import say
from qi_equity.words.numbers import day

LONGEST = 200_000  # characters: a log page has some dozens of cells
MOST_ROWS = 400
MOSTLY = 0.5  # of a column's words that are groups of the project, in a column of groups

Row = tuple[int, list[str]]  # its number in what was pasted, and its cells


@dataclass(slots=True)
class Pasted:
    """What goes into which cell, as (stratum, column, text), and what became of each row."""

    fill: list[tuple[str, str, str]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    filled: int = 0
    headings: int = 0
    left: int = 0

    def leave(self, number: int, why: str) -> None:
        """A row that is not filled in, with the reason."""
        self.left += 1
        self.told.append(say("log.paste.row", row=number, why=inert(why, 300)))


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which column of the block is what; numbers maps a column of the table to one of the block."""

    measure: Measure
    label: int | None
    dated: int | None
    numbers: Mapping[str, int]
    spare: tuple[str, ...]


def pasted(
    project: Project,
    measure: Measure,
    names: Sequence[str],
    text: str,
    *,
    at: tuple[str, str],
    subgroup: pd.Timestamp,
) -> Pasted:
    """Where each cell goes: by the name of its stratum, or down from the cell it was pasted in.

    names are the columns of the table, such as numerator and denominator; at is the stratum and
    column of the cell.
    """
    rows = _rows(text)
    found = Pasted()
    strata = [group.name for group in project.strata.groups]
    label = _labels(project, rows)
    head, body = _parted(project, rows, label)
    found.headings = len(head)
    columns = _columns(measure, names, head, body, label, at[1])
    if columns.spare:
        found.told.append(say("log.paste.spare", columns=inert(", ".join(columns.spare), 300)))
    if label is None:
        first = strata.index(at[0]) if at[0] in strata else 0
        homes = {number: place_ for (number, _), place_ in zip(body, strata[first:], strict=False)}
        for number, _ in body[len(strata) - first :]:
            found.leave(number, say("log.paste.below", last=strata[-1]))
    else:
        heads = [row for _, row in head[-1:]]
        homes = _homes(project, body, label, found, heads)
    homes = _of_this(body, homes, columns, subgroup, found)
    _fill(body, homes, columns, found)
    found.told.insert(0, _summary(found, len(rows)))
    return found


def _summary(found: Pasted, rows: int) -> str:
    return say(
        "log.paste.summary", count=rows, filled=found.filled, headings=found.headings,
        left=found.left,
    )  # fmt: skip


def _rows(text: str) -> list[Row]:
    """The block's rows that hold something, numbered as they were pasted."""
    if len(text) > LONGEST:
        raise UserError("this is too much to paste into a page: bring it in as a file")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    separator = "\t"
    if not any("\t" in line for line in lines) and re.search(r"[^\W\d]", text):
        # From a CSV file opened as text: words and as many marks in every line.
        counts = {mark: {line.count(mark) for line in lines if line.strip()} for mark in ";,"}
        separator = next((m for m, n in counts.items() if len(n) == 1 and 0 not in n), "\t")
    block = csv.reader(io.StringIO("\n".join(lines), newline=""), delimiter=separator)
    try:
        rows = [(number, [" ".join(cell.split()) for cell in row]) for number, row in
                enumerate(block, 1)]  # fmt: skip
    except csv.Error as wrong:
        raise UserError(f"what was pasted cannot be read as cells: {wrong}") from wrong
    if len(rows) > MOST_ROWS:
        raise UserError("this is too much to paste into a page: bring it in as a file")
    width = max(len(row) for _, row in rows) if rows else 0
    return [(number, row + [""] * (width - len(row))) for number, row in rows]


def _labels(project: Project, rows: Sequence[Row]) -> int | None:
    """The column of groups, if there is one."""
    width = len(rows[0][1]) if rows else 0
    best: tuple[float, int] | None = None
    for at in range(width):
        texts = [row[at] for _, row in rows if row[at]]
        words = [text for text in texts if cells.read(text, mark=None).state == "wrong"]
        named = bool(texts) and any(
            re.search(usual, texts[0], re.IGNORECASE) for usual in USUAL["stratum"]
        )
        asked = texts[1:] if named else words
        homes = place(asked, project.strata)
        known = [text for text in asked if homes[text].group not in (None, EVERYONE)]
        share = len(known) / len(asked) if asked else 0.0
        if known and (share >= MOSTLY or named) and (best is None or share > best[0]):
            best = share, at
    return best[1] if best else None


def _parted(
    project: Project, rows: Sequence[Row], label: int | None
) -> tuple[list[Row], list[Row]]:
    """The headings above the first row with a number or a group in it, and the rows below."""
    for place_, (_, row) in enumerate(rows):
        group = None
        if label is not None and row[label]:
            group = place([row[label]], project.strata)[row[label]].group
        numbers = [
            cell
            for at, cell in enumerate(row)
            if cell and at != label and cells.read(cell, mark=None).state != "wrong"
        ]
        if group is not None or numbers or not any(row):
            return list(rows[:place_]), list(rows[place_:])
    return [], list(rows)


def _columns(
    measure: Measure,
    names: Sequence[str],
    head: Sequence[Row],
    body: Sequence[Row],
    label: int | None,
    at: str,
) -> _Columns:
    """Which column is what: by its heading where it has one, else in the order of the table."""
    width = len(body[0][1]) if body else 0
    heads = head[-1][1] if head else [""] * width
    dated = next((c for c in range(width) if c != label and _is_dated(heads[c], body, c)), None)
    free = [c for c in range(width) if c not in (label, dated) and any(row[c] for _, row in body)]
    numbers: dict[str, int] = {}
    for name in names:
        fits = [
            c for c in free if c not in numbers.values() and _is_called(heads[c], name, measure)
        ]
        numbers |= {name: fits[0]} if fits else {}
    if not numbers:
        rest = [c for c in free if any(_is_number(row[c]) for _, row in body)]
        # Where as many columns come as the table has, the first is the first.
        whole = label is not None and len(rest) >= len(names)
        start = 0 if whole or at not in names else list(names).index(at)
        numbers = dict(zip(names[start:], rest, strict=False))
    spare = [c for c in free if c not in numbers.values()]
    shown = [heads[c] or say("log.paste.column", number=c + 1) for c in spare]
    return _Columns(measure, label, dated, numbers, tuple(shown))


def _is_number(text: str) -> bool:
    return (bool(text) and cells.read(text, mark=None).state != "wrong") or any(
        map(str.isdigit, text)
    )


def _is_dated(head: str, body: Sequence[Row], at: int) -> bool:
    texts = [row[at] for _, row in body if row[at]]
    if not any(re.search(word, head, re.IGNORECASE) for word in USUAL["subgroup"][:1]) and all(
        cells.FRACTION.fullmatch(text) for text in texts
    ):
        return False  # 3/25 without a heading is three of twenty-five
    return bool(texts) and all(layout.is_dated(text) for text in texts)


def _is_called(head: str, name: str, measure: Measure) -> bool:
    """Whether a heading means this column: as the project words it, or as tables usually do."""
    if not head or (SHARE.search(head) and name != "value"):
        return False
    own = {
        "numerator": (measure.numerator, measure.id, measure.name, "numerator"),
        "denominator": (measure.denominator or "", "denominator"),
        "value": (measure.unit, measure.id, measure.name, "value"),
    }[name]
    if plain(head) in {plain(word) for word in own if word}:
        return True
    other = {"numerator": "denominator", "denominator": "numerator"}.get(name)
    usual = any(re.search(word, head, re.IGNORECASE) for word in USUAL.get(name, ()))
    contrary = any(re.search(word, head, re.IGNORECASE) for word in USUAL.get(other or "", ()))
    # PPH, of the measure pph_1000.
    words = set(plain(head).split())
    named = bool(words) and words <= set(plain(measure.id.replace("_", " ")).split())
    return (usual or (named and name != "denominator")) and not contrary


def _homes(
    project: Project, body: Sequence[Row], label: int, found: Pasted, heads: Sequence[list[str]]
) -> dict[int, str]:
    """The stratum of each row, by its label; the table ends at a blank line or another heading."""
    placed = place((row[label] for _, row in body), project.strata)
    homes: dict[int, str] = {}
    over = ""
    for number, row in body:
        home = placed[row[label]]
        if row in heads:
            found.headings += 1
            continue
        if homes and not over and not any(row):
            over = say("log.paste.after_blank")
        elif homes and not over and home.group is None and _are_words(row):
            over = say("log.paste.after_heading")
        if over:
            found.leave(number, over)
        elif not row[label]:
            found.leave(number, say("log.paste.no_label"))
        elif home.group == EVERYONE:
            found.leave(number, say("log.paste.total", label=row[label]))
        elif home.group is None:
            found.leave(number, home.remedy)
        else:
            homes[number] = home.group
    return homes


def _are_words(row: Sequence[str]) -> bool:
    """Whether a row says words alone, as the heading of another table does."""
    texts = [text for text in row if text]
    wrong = [text for text in texts if cells.read(text, mark=None).state == "wrong"]
    return len(texts) > 1 and wrong == texts and not any(re.search(r"\d", text) for text in texts)


def _of_this(
    body: Sequence[Row],
    homes: dict[int, str],
    columns: _Columns,
    subgroup: pd.Timestamp,
    found: Pasted,
) -> dict[int, str]:
    """Without the rows whose date is of another subgroup than the one on the page."""
    if columns.dated is None:
        return homes
    given = pd.Series({n: row[columns.dated] for n, row in body if n in homes}, dtype=object)
    read = dates.read(given, "day first", year=subgroup.year)
    for number, text in given.items():
        assert isinstance(number, int)
        on = read.dates[number]
        period = columns.measure.subgroup
        if text and pd.notna(on) and floor(pd.Series([on]), period)[0] != subgroup:
            found.leave(number, say("log.paste.other_day", day=day(on)))
            del homes[number]
        elif text and pd.isna(on):
            found.leave(number, str(read.refused[number]))
            del homes[number]
    return homes


def _fill(
    body: Sequence[Row],
    homes: Mapping[int, str],
    columns: _Columns,
    found: Pasted,
) -> None:
    """The cells' texts; rows of one stratum are added up, as parts of it."""
    summed: dict[tuple[str, str], float] = {}
    odd: dict[tuple[str, str], str] = {}
    met: dict[str, int] = {}
    labels: dict[tuple[str, ...], int] = {}
    for number, row in body:
        stratum = homes.get(number)
        if stratum is None:
            continue
        # Parts of a stratum have labels, or days, of their own: the same of both is a copy.
        told = (columns.label, columns.dated)
        own = (stratum, *(plain(row[at]) for at in told if at is not None))
        before = labels.setdefault(own, number)
        if before != number or (stratum in met and "value" in columns.numbers):
            twice = before if before != number else met[stratum]
            found.leave(number, say("log.paste.twice", stratum=stratum, row=twice))
            continue
        if stratum in met:
            found.told.append(say("log.paste.added", row=number, stratum=stratum))
        met.setdefault(stratum, number)
        found.filled += 1
        for name, text in _texts(row, columns.numbers).items():
            if not text:
                continue
            cell = typed.read(text, name, columns.measure)
            if cell.state == "number":
                key = stratum, name
                summed[key] = summed.get(key, 0.0) + cell.number
            elif cells.read(text, mark=None).state == "missing":
                found.told.append(say("log.paste.blank", row=number, text=inert(text)))
            else:
                odd[stratum, name] = text
                why = inert(cell.said, 300)
                found.told.append(say("log.paste.not_read", row=number, why=why))
    texts = {key: f"{total:.15g}" for key, total in summed.items()} | odd
    found.fill = [(stratum, name, text) for (stratum, name), text in texts.items()]


def _texts(row: Sequence[str], numbers: Mapping[str, int]) -> dict[str, str]:
    """A row's texts by column of the table; 3/25 in one cell says two."""
    texts = {name: row[at] for name, at in numbers.items()}
    both = cells.FRACTION.fullmatch(texts.get("numerator", ""))
    if both and not texts.get("denominator"):
        texts |= {"numerator": both["part"], "denominator": both["whole"]}
    return texts
