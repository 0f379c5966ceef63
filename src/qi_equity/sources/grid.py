"""Files as grids of cells with their row numbers: CSV, XLSX and Parquet. Nothing is interpreted."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from qi_equity.errors import DataErrors, UserError, did_you_mean
from qi_equity.sources.labels import plain, text_of

# Rows looked through for the header: spreadsheets have titles and notes above their table.
TOP = 40
BEGINNING = 1 << 16  # bytes of a CSV that its header surely fits in
# A workbook of counts is small; one that unpacks to more cells than this is no table of counts.
MOST_CELLS = 20_000_000

Rows = list[tuple[int, list[Any]]]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The rows under a header; row_ is each one's number in the file."""

    table: pd.DataFrame
    row: pd.Series
    columns: tuple[str, ...]


def read(
    path: Path, wanted: Sequence[str], sheet: str | None = None, optional: Sequence[str] = ()
) -> Grid:
    """The table in a file whose header has all the wanted columns, spelled nearly so."""
    rows = _rows(path, sheet)
    start, header_cells = _header(rows, wanted, path)
    header = {plain(text_of(name)) for name in header_cells}
    wanted = [*wanted, *(name for name in optional if plain(name) in header)]
    body = rows[start + 1 :]
    width = len(header_cells)
    table = pd.DataFrame(
        [[*cells[:width], *[None] * (width - len(cells))] for _, cells in body],
        columns=range(width),
        dtype=object,
    )
    picked = pd.DataFrame({name: table[at] for name, at in _pick(header_cells, wanted).items()})
    row = pd.Series([number for number, _ in body], dtype=int)
    return Grid(picked, row, tuple(text_of(name) for name in header_cells))


def _rows(path: Path, sheet: str | None) -> Rows:
    """The rows of a file that have anything in them."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"{path}: tables of counts are read from {', '.join(READERS)} files")
    rows = [(number, cells) for number, cells in reader(path, sheet) if _filled(cells)]
    if not rows:
        raise UserError(f"{path}: there is nothing in it")
    return rows


def names(path: Path, sheet: str | None = None) -> list[str]:
    """The header of a file whose columns are not known: its first row as full as any near it."""
    rows = _rows(path, sheet)[:TOP]
    full = [sum(bool(text_of(cell)) for cell in cells) for _, cells in rows]
    _, cells = rows[full.index(max(full))]
    return [text_of(cell) for cell in cells if text_of(cell)]


def has_columns(path: Path, wanted: Sequence[str]) -> bool:
    """Whether a file's header has these columns; births by the million are not read for it."""
    if path.suffix.lower() == ".parquet" and path.is_file():
        import duckdb

        try:
            return set(wanted) <= set(duckdb.read_parquet(str(path)).columns)
        except duckdb.Error:
            return False
    if path.suffix.lower() in (".csv", ".tsv", ".txt") and path.is_file():
        with path.open("rb") as file:
            first = _decoded(file.read(BEGINNING)).splitlines()[:1]
        return set(wanted) <= {cell.strip('" ') for line in first for cell in line.split(",")}
    try:
        read(path, wanted)
    except UserError:
        return False
    return True


def _filled(cells: Iterable[Any]) -> bool:
    return any(text_of(cell) for cell in cells)


def _header(rows: Rows, wanted: Sequence[str], path: Path) -> tuple[int, list[Any]]:
    """The first row with all the wanted names; else every missing name, against the best row."""
    best, missing = 0, list(wanted)
    for at, (_, cells) in enumerate(rows[:TOP]):
        found = {plain(text_of(cell)) for cell in cells}
        left = [name for name in wanted if plain(name) not in found]
        if not left:
            return at, cells
        if len(left) < len(missing):
            best, missing = at, left
    known = [text_of(cell) for cell in rows[best][1] if text_of(cell)]
    raise DataErrors(
        [f"there is no column called '{name}'{did_you_mean(name, known)}" for name in missing],
        str(path),
    )


def _pick(names: Sequence[Any], wanted: Sequence[str]) -> dict[str, int]:
    """Where each wanted column stands; one that stands twice is refused."""
    picked, twice = {}, []
    for name in wanted:
        exact = [at for at, cell in enumerate(names) if text_of(cell) == name.strip()]
        near = [at for at, cell in enumerate(names) if plain(text_of(cell)) == plain(name)]
        places = exact or near
        picked[name] = places[0]
        if len(places) > 1:
            twice.append(f"the column '{name}' stands {len(places)} times; name each differently")
    if twice:
        raise DataErrors(twice)
    return picked


def _csv(path: Path, sheet: str | None) -> Rows:
    text = _decoded(path.read_bytes())
    first = text[: text.find("\n", 4096) if len(text) > 4096 else None]
    # The separator that the first lines have most of, outside quotes as far as a count can tell.
    separator = max(",;\t|", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        return [(reader.line_num, cells) for cells in reader]
    except csv.Error as problem:
        raise UserError(f"{path}, line {reader.line_num}: {problem}") from problem


def _decoded(content: bytes) -> str:
    """UTF-8 or UTF-16 where the file says so or could be, else the encoding of Windows."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _xlsx(path: Path, sheet: str | None) -> Rows:
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except Exception as problem:  # a broken workbook breaks wherever its XML happens to be broken
        raise UserError(
            f"{path}: cannot be read as a workbook; open it and save it again as .xlsx"
        ) from problem
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise UserError(
                f"{path}: there is no sheet called '{sheet}'{did_you_mean(sheet, book.sheetnames)}"
            )
        page = book[sheet] if sheet is not None else book.worksheets[0]
        rows, cells = [], 0
        for number, row in enumerate(page.iter_rows(values_only=True), 1):
            cells += len(row)
            if cells > MOST_CELLS:
                raise UserError(f"{path}: has more than {MOST_CELLS:,} cells; save the table alone")
            rows.append((number, list(row)))
    except UserError:
        raise
    except Exception as problem:
        raise UserError(f"{path}: cannot be read as a workbook: {problem}") from problem
    finally:
        book.close()
    return rows


def _parquet(path: Path, sheet: str | None) -> Rows:
    try:
        table = pd.read_parquet(path)
    except Exception as problem:  # Arrow's errors share no base with Python's
        raise UserError(f"{path}: cannot be read as Parquet: {problem}") from problem
    body = table.astype(object).where(table.notna(), None)
    rows: Rows = [(0, list(table.columns))]
    rows += [(number, list(row)) for number, row in enumerate(body.itertuples(index=False), 1)]
    return rows


READERS: dict[str, Callable[[Path, str | None], Rows]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".txt": _csv,
    ".xlsx": _xlsx,
    ".xlsm": _xlsx,
    ".parquet": _parquet,
}
