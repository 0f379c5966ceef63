"""Files as grids of cells with their row numbers: CSV, XLSX and Parquet. Nothing is interpreted."""

from __future__ import annotations

import csv
import io
import zipfile
from codecs import getincrementaldecoder
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from qi_equity.errors import DataErrors, UserError, did_you_mean
from qi_equity.sources import layout
from qi_equity.sources.cells import Mark
from qi_equity.sources.labels import plain, text_of
from qi_equity.sources.layout import Header, Rows

BEGINNING = 1 << 16  # bytes of a CSV that its header surely fits in
# A workbook of counts is small; one that unpacks to more cells than this is no table of counts.
MOST_CELLS = 20_000_000
MOST_ROWS = 300_000  # of a sheet: opening more takes minutes
TOO_MANY = f"{{path}}: has more than {MOST_CELLS:,} cells; save the table alone"
TOO_LONG = f"{{path}}: the sheet has more than {MOST_ROWS:,} rows; save it as CSV, and read that"
# Bytes of a workbook, unpacked, up to which it is opened whole: merged cells are known only then.
WHOLE = 64 << 20
# How files begin that are no text, whatever their name says.
NO_TEXT = {
    b"pk\x03\x04": "is a workbook and no text: call it .xlsx",
    b"\xd0\xcf\x11\xe0": "is a workbook of an old kind: open it and save it as .xlsx",
    b"<html": "is a web page and no table: open it in a spreadsheet and save it as .xlsx",
    b"<!doctype": "is a web page and no table: open it in a spreadsheet and save it as .xlsx",
    b"%pdf": "is a PDF: ask for the table it was made from",
}
SAMPLE = 60  # lines of a CSV that its separator is judged by
# The column of dates, where they stand in the header.
ACROSS = "(dates across)"


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The rows under a header; row is each one's number in the file.

    left_out holds rows that are no part of the table, by reason; mark is the file's usual decimal
    mark, None where a semicolon between cells leaves it open.
    """

    table: pd.DataFrame
    row: pd.Series
    columns: tuple[str, ...]
    left_out: Mapping[str, list[int]] = field(default_factory=dict)
    refused: Mapping[str, list[int]] = field(default_factory=dict)
    mark: Mark | None = "."
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class File:
    """A file's rows, blank ones too, and its usual decimal mark."""

    rows: Rows
    mark: Mark | None = "."
    notes: tuple[str, ...] = ()


def read(
    path: Path,
    wanted: Sequence[str],
    sheet: str | None = None,
    optional: Sequence[str] = (),
    within: Mapping[str, tuple[str, str]] | None = None,
) -> Grid:
    """The table in a file whose header has all the wanted columns, spelled nearly so.

    within names columns that may stand several times: key -> (name, part of the upper header).
    """
    file = open_file(path, sheet)
    parts = dict(within or {})
    header = layout.find(file.rows, [*wanted, *(name for name, _ in parts.values())], str(path))
    wanted = [*wanted, *(name for name in optional if header.places(name))]
    found = layout.body(file.rows, header)
    width = len(header.names)
    asked = {name: (name, "") for name in wanted} | parts
    picked, notes = _pick(header, asked)
    table = _frame(found.rows, width)
    row = pd.Series([number for number, _ in found.rows], dtype=int)
    chosen = pd.DataFrame({key: table[at] for key, at in picked.items()}, index=table.index)
    notes = [*file.notes, *notes]
    return Grid(chosen, row, header.joined, found.left_out, found.refused, file.mark, tuple(notes))


def read_across(
    path: Path,
    wanted: Sequence[str],
    numbers: Sequence[str],
    rows_are: str | None,
    sheet: str | None = None,
) -> Grid:
    """A sheet with dates across, as a row for each of its rows and dates.

    numbers are labels in the column rows_are, or of the header's lower row under each date; a
    single one without either is the cell itself.
    """
    file = open_file(path, sheet)
    left = [*wanted, *([rows_are] if rows_are else [])]
    header = layout.find(file.rows, left, str(path), dated=True)
    dated = layout.dated_columns(header)
    found = layout.body(file.rows, header)
    picked, notes = _pick(header, {name: (name, "") for name in left})
    table = _frame(found.rows, len(header.names))
    labels = pd.DataFrame({name: table[at] for name, at in picked.items()}, index=table.index)
    numbered = [number for number, _ in found.rows]
    upper = header.upper and any(header.upper[at] == text for at, text in dated.items())
    lost: dict[str, list[int]] = dict(found.left_out)
    if rows_are:
        long = _by_rows(table, labels, numbered, dated, numbers, rows_are, lost)
    else:
        long = _by_columns(table, labels, numbered, dated, numbers, header if upper else None)
    other = [name for at, name in enumerate(header.joined) if name and at not in dated]
    spare = [name for name in other if plain(name) not in {plain(each) for each in left}]
    if spare and not upper:
        notes.append(f"columns that are no date are not read: {', '.join(spare)}")
    columns = [*wanted, ACROSS, *numbers]
    frame = pd.DataFrame(long, columns=["row", *columns], dtype=object)
    return Grid(
        frame[columns],
        frame["row"].astype(int),
        header.joined,
        lost,
        found.refused,
        file.mark,
        (*file.notes, *notes),
    )


def _by_rows(
    table: pd.DataFrame,
    labels: pd.DataFrame,
    numbered: Sequence[int],
    dated: Mapping[int, str],
    numbers: Sequence[str],
    rows_are: str,
    lost: dict[str, list[int]],
) -> list[list[Any]]:
    """Rows of counts, each saying which: those of one group are put together."""
    others = [name for name in labels if name != rows_are]
    known = {plain(name): name for name in numbers}
    groups: list[tuple[int, list[Any], dict[str, int]]] = []
    before: list[Any] = [None] * len(others)
    for at, number in zip(labels.index, numbered, strict=True):
        kind = known.get(plain(text_of(labels.at[at, rows_are])))
        own = [labels.at[at, name] for name in others]
        # A blank below a label is the rest of its merged cell.
        own = [one if text_of(one) else last for one, last in zip(own, before, strict=True)]
        same = bool(groups) and own == before
        before = own
        if kind is None:
            said = text_of(labels.at[at, rows_are]) or "nothing"
            lost.setdefault(f"{rows_are} is '{said}'", []).append(number)
        elif same and kind not in groups[-1][2]:
            groups[-1][2][kind] = at
        else:
            groups.append((number, own, {kind: at}))
    return [
        [number, *own, date, *(table.at[kinds[k], at] if k in kinds else None for k in numbers)]
        for number, own, kinds in groups
        for at, date in dated.items()
    ]


def _by_columns(
    table: pd.DataFrame,
    labels: pd.DataFrame,
    numbered: Sequence[int],
    dated: Mapping[int, str],
    numbers: Sequence[str],
    header: Header | None,
) -> list[list[Any]]:
    """A count in each cell; with a header of two rows, each date has a column for each number."""
    places: dict[str, dict[str, int]] = {}
    for at, date in dated.items():
        names = [name for name in numbers if layout.alike(header.names[at], name)] if header else []
        for name in names if header else numbers:
            places.setdefault(date, {})[name] = at
    return [
        [
            number,
            *labels.loc[at],
            date,
            *(table.at[at, under[name]] if name in under else None for name in numbers),
        ]
        for at, number in zip(labels.index, numbered, strict=True)
        for date, under in places.items()
    ]


def _frame(rows: Rows, width: int) -> pd.DataFrame:
    return pd.DataFrame(
        [[*row[:width], *[None] * (width - len(row))] for _, row in rows],
        columns=range(width),
        dtype=object,
    )


def refuse_missing(path: Path) -> None:
    """Say that there is no file, before anything is asked of what would be in it."""
    if path.is_dir():
        raise UserError(f"{path}: this is a folder; name the file in it that holds the counts")
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")


def open_file(path: Path, sheet: str | None = None) -> File:
    """The rows of a file, with the number of each; one without any is refused."""
    refuse_missing(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UserError(
            f"{path}: tables of counts are read from {', '.join(READERS)} files; save it as one"
        )
    file = reader(path, sheet)
    if not any(_filled(cells) for _, cells in file.rows):
        raise UserError(f"{path}: there is nothing in it")
    return file


def names(path: Path, sheet: str | None = None) -> list[str]:
    """The header of a file whose columns are not known."""
    return [name for name in layout.guess(open_file(path, sheet).rows).clear if name]


def has_columns(path: Path, wanted: Sequence[str]) -> bool:
    """Whether a file's header has these columns; births by the million are not read for it."""
    if path.suffix.lower() == ".parquet" and path.is_file():
        parquet = _arrow("pyarrow.parquet", path)
        try:
            return set(wanted) <= set(parquet.read_schema(path).names)
        except (OSError, ValueError):  # Arrow's own errors are of these kinds
            return False
    if path.suffix.lower() in (".csv", ".tsv", ".txt") and path.is_file():
        with path.open("rb") as file:
            first = decoded(file.read(BEGINNING)).splitlines()[:1]
        return set(wanted) <= {cell.strip('" ') for line in first for cell in line.split(",")}
    try:
        read(path, wanted)
    except UserError:
        return False
    return True


def _filled(cells: Iterable[Any]) -> bool:
    return any(text_of(cell) for cell in cells)


def _pick(header: Header, asked: Mapping[str, tuple[str, str]]) -> tuple[dict[str, int], list[str]]:
    """Where each wanted column stands; one that stands twice is refused."""
    width = layout.left_block(header)
    picked: dict[str, int] = {}
    twice, notes = [], []
    for key, (name, within) in asked.items():
        places = header.places(name, within)
        beside = [at for at in places if at < width]
        if len(places) > 1 and len(beside) == 1:
            told = f"another table stands beside this one, from column {width + 2}, and is not read"
            notes += [told] if told not in notes else []
            places = beside
        picked[key] = places[0]
        if len(places) > 1:
            known = list(dict.fromkeys(f"'{header.joined[at]}'" for at in places))
            apart = header.upper and len(known) == len(places)
            hint = f": call it {', '.join(known[:3])} ..." if apart else "; name each differently"
            twice.append(f"the column '{name}' stands {len(places)} times{hint}")
    if twice:
        raise DataErrors(list(dict.fromkeys(twice)))
    return picked, notes


def _csv(path: Path, sheet: str | None) -> File:
    content = path.read_bytes()
    for sign, what in NO_TEXT.items():
        if content[:512].lstrip().lower().startswith(sign):
            raise UserError(f"{path}: {what}")
    text = decoded(content)
    separator = separator_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        rows = [(reader.line_num, cells) for cells in reader]
    except csv.Error as problem:
        raise UserError(f"{path}, line {reader.line_num}: {problem}") from problem
    # A semicolon between cells is what a spreadsheet writes where commas are decimal marks.
    return File(rows, None if separator == ";" else ".")


def separator_of(text: str) -> str:
    """The separator that makes the first lines into rows of one width, and of most cells.

    >>> separator_of("Week;Loss\\n1;400,0\\n2;401,5\\n")
    ';'
    """
    lines = "\n".join(text.splitlines()[:SAMPLE])

    def score(separator: str) -> int:
        try:
            widths = Counter(map(len, csv.reader(io.StringIO(lines), delimiter=separator)))
        except csv.Error:
            return 0
        return max(((width - 1) * times for width, times in widths.items()), default=0)

    return max(",;\t|", key=score)


def encoding_of(content: bytes, *, whole: bool = True) -> str:
    """UTF-8 or UTF-16 where the bytes say so or could be, else the encoding of Windows.

    The beginning of a file, not the whole of it, may end within a letter.

    >>> encoding_of("Week,Births".encode("utf-16-le")), encoding_of(b"caf\\xe9")
    ('utf-16-le', 'cp1252')
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    # Letters of English in UTF-16 are every other byte, and the bytes between are zero.
    for encoding, zeros in (("utf-16-le", content[1:4096:2]), ("utf-16-be", content[:4096:2])):
        if len(zeros) > 3 and zeros.count(0) > 0.4 * len(zeros):
            return encoding
    try:
        getincrementaldecoder("utf-8")().decode(content, final=whole)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def decoded(content: bytes) -> str:
    """The text of a file, whatever it was saved in."""
    encoding = encoding_of(content)
    return content.decode(encoding, errors="replace").lstrip("\ufeff")


def _xlsx(path: Path, sheet: str | None) -> File:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(path) as packed:
            small = sum(part.file_size for part in packed.infolist()) < WHOLE
            formulas = small and any(
                b"<f" in packed.read(part) for part in packed.namelist() if "worksheets/" in part
            )
        book = load_workbook(path, read_only=not small, data_only=True)
        written = load_workbook(path, read_only=False) if formulas else None
    except Exception as problem:  # a broken workbook breaks wherever its XML happens to be broken
        raise UserError(f"{path}: {_no_workbook(path)}") from problem
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise UserError(
                f"{path}: there is no sheet called '{sheet}'{did_you_mean(sheet, book.sheetnames)}"
            )
        page = book[sheet] if sheet is not None else _first(book)
        if not small:
            _countable(page, path)
        rows = _page(page, path)
        if written is not None:
            _unworked(rows, written[page.title])
        others = [each for each in book.sheetnames if each != page.title]
        told = f"read from the sheet '{page.title}'; there is also {', '.join(others)}"
        return File(rows, notes=(told,) if others and sheet is None else ())
    except UserError:
        raise
    except Exception as problem:
        raise UserError(f"{path}: cannot be read as a workbook: {problem}") from problem
    finally:
        book.close()


def _no_workbook(path: Path) -> str:
    """What a file called a workbook is instead, and the way out."""
    with path.open("rb") as opened:
        begins = opened.read(512)
    if path.name.startswith("~$"):
        return f"is what Excel keeps beside an open workbook: name '{path.name[2:]}' itself"
    if begins.startswith(b"\xd0\xcf\x11\xe0"):
        return "has a password, or is of an old kind: open it and save it as .xlsx without one"
    if begins and b"\0" not in begins and not begins.startswith(b"PK"):
        return "is text and no workbook: call it .csv"
    return "cannot be read as a workbook; open it and save it again as .xlsx"


def _first(book: Any) -> Any:
    """The first sheet that has a table on it: a cover page is none."""
    pages = [page for page in book.worksheets if getattr(page, "sheet_state", "") == "visible"]
    return next(filter(_is_table, pages), book.worksheets[0])


def _is_table(page: Any) -> bool:
    """Whether more than a row and a column are filled; of a long sheet, within its first rows."""
    if not hasattr(page, "reset_dimensions"):
        return bool((page.max_row or 2) > 1 and (page.max_column or 2) > 1)
    # What a sheet says of its own size may be wrong, and the rest would be dropped unseen.
    page.reset_dimensions()
    rows = [row for row in page.iter_rows(max_row=SAMPLE, values_only=True) if _filled(row)]
    return len(rows) > 1 and any(sum(map(bool, map(text_of, row))) > 1 for row in rows)


def _countable(page: Any, path: Path) -> None:
    """Refuse a sheet of too many rows or cells by counting their tags, before any is read."""
    page.reset_dimensions()  # as in _is_table, where the sheet was named
    rows, found, end = 0, 0, b""
    with zipfile.ZipFile(path) as packed, packed.open(page._worksheet_path) as sheet:
        while chunk := sheet.read(1 << 20):
            both = end + chunk
            found, rows = found + both.count(b"<c "), rows + both.count(b"<row")
            end = both[-2:]  # a tag may lie across two chunks; what is whole is not counted twice
            if found > MOST_CELLS:
                raise UserError(TOO_MANY.format(path=path))
            if rows > MOST_ROWS:
                raise UserError(TOO_LONG.format(path=path))


def _page(page: Any, path: Path) -> Rows:
    rows: Rows = []
    count = 0
    for number, row in enumerate(page.iter_rows(), 1):
        count += len(row)
        if count > MOST_CELLS:
            raise UserError(TOO_MANY.format(path=path))
        rows.append((number, [_cell(cell) for cell in row]))
    for merged in getattr(getattr(page, "merged_cells", None), "ranges", ()):
        # Only down: across, a title or a part of a header would seem to stand many times.
        value = rows[merged.min_row - 1][1][merged.min_col - 1]
        for number in range(merged.min_row, min(merged.max_row, len(rows))):
            rows[number][1][merged.min_col - 1] = value
    return rows


def _cell(cell: Any) -> Any:
    """A cell's value; a number shown as a percentage is the text of one."""
    value = cell.value
    shown = str(getattr(cell, "number_format", "") or "")
    if "%" in shown and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value * 100:.10g}%"
    return value


def _unworked(rows: Rows, page: Any) -> None:
    """Formulas that were never worked out, as their own text: an empty cell would hide them."""
    for (_, row), written in zip(rows, page.iter_rows(values_only=True), strict=False):
        for at, (value, formula) in enumerate(zip(row, written, strict=False)):
            if value is None and isinstance(formula, str) and formula.startswith("="):
                row[at] = formula


def _arrow(name: str, path: Path) -> Any:
    """A module of Arrow, which reads Parquet and is no part of the plain installation."""
    try:
        return import_module(name)
    except ImportError as missing:
        raise UserError(
            f"{path}: Parquet is read with pyarrow: pip install 'qi-equity[records]'"
        ) from missing


def _parquet(path: Path, sheet: str | None) -> File:
    _arrow("pyarrow", path)
    try:
        table = pd.read_parquet(path)
    except Exception as problem:  # Arrow's errors share no base with Python's
        raise UserError(f"{path}: cannot be read as Parquet: {problem}") from problem
    body = table.astype(object).where(table.notna(), None)
    rows: Rows = [(0, list(table.columns))]
    rows += [(number, list(row)) for number, row in enumerate(body.itertuples(index=False), 1)]
    return File(rows)


READERS: dict[str, Callable[[Path, str | None], File]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".txt": _csv,
    ".xlsx": _xlsx,
    ".xlsm": _xlsx,
    ".parquet": _parquet,
}
