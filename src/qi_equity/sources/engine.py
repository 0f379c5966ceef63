"""Where birth records lie and how to reach them: one Ibis table whatever the engine."""

from __future__ import annotations

import csv
import io
import re
import shutil
import tempfile
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pandas as pd

from qi_equity.errors import DataErrors, UserError, did_you_mean
from qi_equity.project import RecordsSource
from qi_equity.sources import grid, layout
from qi_equity.sources.cells import Mark

Table = Any  # an ibis.Table: Ibis ships no types that mypy can follow

# Whose errors are about the source; all others are faults of ours and stay what they are.
DRIVERS = frozenset({"duckdb", "_duckdb", "psycopg", "pyspark", "py4j", "pyarrow"})

# Leaves room below 4 GiB for the observations themselves; DuckDB spills to disk beyond it.
MEMORY = "2GB"
CAUSED = "Caused by: "
# https://spark.apache.org/docs/latest/configuration.html#application-properties
MORE_MEMORY = (
    "; give Spark more than it has: spark.driver.memory and spark.executor.memory in "
    'spark-defaults.conf, or PYSPARK_SUBMIT_ARGS="--driver-memory 6g pyspark-shell"'
)
RECORDS = "qi_equity_records"  # what records are called in an engine that had to be given them


def open_records(source: RecordsSource, path: str) -> Table:
    """The records as an Ibis table: a file (DuckDB), postgres://... or spark:..."""
    scheme = urlsplit(path).scheme if "://" in path or path.startswith("spark:") else ""
    if scheme not in ENGINES:
        raise UserError(
            f"records cannot be read from '{scheme}:'{did_you_mean(scheme, filter(None, ENGINES))}"
        )
    return ENGINES[scheme](source, path)


@contextmanager
def records(source: RecordsSource, path: str) -> Iterator[Table]:
    """The records as an Ibis table while they are needed; what was opened is closed again."""
    table = open_records(source, path)
    try:
        yield table
    except Exception as problem:
        # A file or database that cannot be read to its end fails here, in its engine's own words.
        if type(problem).__module__.split(".")[0] not in DRIVERS:
            raise
        raise UserError(f"{shown(path)}: cannot be read: {cause(problem)}") from problem
    finally:
        backend = table.get_backend()
        if backend.name != "pyspark":  # the Spark session is the user's, and may serve others
            backend.disconnect()


def ibis_here() -> Any:
    """Ibis with DuckDB: what reads birth records, and no part of the plain installation."""
    try:
        for name in ("duckdb", "pyarrow"):  # Ibis asks for them later, in words of its own
            import_module(name)
        import ibis
    except ImportError as missing:
        raise UserError(
            f"birth records are read with {missing.name}, which is not here: "
            "pip install 'qi-equity[records]'"
        ) from missing
    return ibis


def fetched(expression: Any) -> pd.DataFrame:
    """What an expression comes to."""
    # Through Arrow: Ibis 12's own way to pandas asks pandas 3 for an option it has put away.
    table: pd.DataFrame = expression.to_pyarrow().to_pandas()
    return table


def shown(path: str) -> str:
    """A path or URL without the password in it."""
    return re.sub(r"(://[^:/@]+):[^@/]*@", r"\1:***@", path)


def _duckdb(source: RecordsSource, path: str) -> Table:
    connection = ibis_here().duckdb.connect()
    connection.raw_sql(
        f"SET TimeZone = 'UTC'; SET memory_limit = '{MEMORY}'; "
        f"SET preserve_insertion_order = false; "
        f"SET temp_directory = '{_quoted(tempfile.gettempdir())}'"
    )
    columns = [source.date, source.stratum, *filter(None, (source.site, source.key))]
    return read_file(connection, Path(path), columns, source.sheet)


def read_file(
    connection: Any, path: Path, wanted: Sequence[str] = (), sheet: str | None = None
) -> Table:
    """A CSV, XLSX or Parquet file, or a folder of Parquet files, as a table of a connection.

    wanted names some of its columns, so that its header is found below titles and notes.
    """
    readers = {".csv": "csv", ".gz": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet"}
    books = {".xlsx": "book", ".xlsm": "book"}
    kind = "parquet" if path.is_dir() else (readers | books).get(path.suffix.lower())
    if kind is None:
        raise UserError(
            f"{path}: birth records are read from .csv, .csv.gz, .xlsx or .parquet files"
        )
    if not path.exists() and not list(path.parent.glob(path.name)):
        raise UserError(f"{path}: there is no such file")
    where = str(path / "*.parquet") if path.is_dir() else str(path)
    try:
        if kind == "parquet":
            return connection.read_parquet(where)
        if kind == "book":
            return _book(connection, path, wanted, sheet)
        return _text_file(connection, path, wanted)
    except UserError:
        raise
    except Exception as problem:  # DuckDB's own errors share no base that Ibis keeps
        raise UserError(f"{path}: cannot be read: {cause(problem)}") from problem


def _book(connection: Any, path: Path, wanted: Sequence[str], sheet: str | None) -> Table:
    """The records on a sheet, every cell as text."""
    import ibis
    import pyarrow as pa

    rows = grid.open_file(path, sheet).rows
    header = _header(rows, wanted)
    found = layout.body(rows, header)
    if found.left_out:
        raise UserError(f"{path}: {next(iter(found.left_out))}")
    places = {name: at for at, name in reversed(list(enumerate(header.names))) if name}
    columns = {
        name: pa.array([_written(row[at]) if at < len(row) else None for _, row in found.rows])
        for name, at in sorted(places.items(), key=lambda item: item[1])
    }
    schema = pa.schema([(name, pa.string()) for name in columns])
    columns = {name: column.cast(pa.string()) for name, column in columns.items()}
    records = ibis.memtable(pa.table(columns, schema=schema))
    return connection.create_table(ibis.util.gen_name(RECORDS), records)


def _written(cell: object) -> str | None:
    """A cell of a workbook as the text that a CSV of it would hold."""
    if cell is None:
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _header(rows: layout.Rows, wanted: Sequence[str]) -> layout.Header:
    try:
        return layout.find(rows, wanted, "")
    except DataErrors:
        return layout.guess(rows)  # what is missing is said with the rest of the mapping


def _text_file(connection: Any, path: Path, wanted: Sequence[str]) -> Table:
    """A CSV: its separator and header are found here, for a guess of the engine's is no rule."""
    import ibis

    options: dict[str, Any] = {}
    saved = path
    if path.suffix.lower() != ".gz" and path.exists():
        with path.open("rb") as file:
            beginning = file.read(grid.BEGINNING)
        if not beginning.strip():
            raise UserError(f"{path}: there is nothing in it")
        text = grid.decoded(beginning)
        options = {"delim": grid.separator_of(text), "quote": '"', "escape": '"'}
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=options["delim"]))
        top: layout.Rows = [(n, list(line)) for n, line in enumerate(lines[: layout.TOP])]
        options["skip"] = _header(top, wanted).at
        saved = _in_utf_8(path)
    try:
        # Every column as text: a code such as 01 must not turn into the number 1.
        try:
            table = connection.read_csv(str(saved), all_varchar=True, header=True, **options)
        except Exception:  # rows of several widths: DuckDB's errors name neither row nor cell
            if not options:
                raise
            before, saved = saved, _even(path, saved, options)
            if before != path:
                before.unlink()
            table = connection.read_csv(str(saved), all_varchar=True, header=True, **options)
        # A name of its own each time: two extracts may be linked in one engine.
        name = ibis.util.gen_name(RECORDS)
        return table if saved == path else connection.create_table(name, table)
    finally:
        if saved != path:
            saved.unlink()


def _even(path: Path, saved: Path, options: dict[str, Any]) -> Path:
    """A copy whose rows are as wide as the header; one torn apart or cut short is refused.

    A line of text below the births is padded: it is left out where births are counted.
    """
    bad: list[tuple[int, int]] = []
    with (
        saved.open(encoding="utf-8-sig", newline="") as old,
        tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", suffix=".csv", delete=False
        ) as new,
    ):
        reader, out = csv.reader(old, delimiter=options["delim"]), csv.writer(new)
        width = 0
        for at, row in enumerate(reader):
            cells = row[: 1 + max((n for n, cell in enumerate(row) if cell.strip()), default=-1)]
            if at < options["skip"]:
                out.writerow(row)
                continue
            width = width or len(row)
            if len(cells) > width or (len(cells) > 1 and len(row) < width):
                bad.append((reader.line_num, len(row)))
            elif cells:
                out.writerow(cells + [""] * (width - len(cells)))
    options["delim"] = ","
    if bad:
        Path(new.name).unlink()
        (line, cells_), more = bad[0], len(bad) - 1
        others = f", and {more:,} lines more are not as wide either" if more else ""
        raise UserError(
            f"{path}: line {line} has {cells_} cells where the header has {width}{others}: a comma "
            "within a number or a name must stand in quotes, and every row needs all of its cells"
        )
    return Path(new.name)


def usual_mark(path: str) -> Mark | None:
    """The usual decimal mark, or None in a file of text with semicolons between its cells."""
    file = Path(path)
    if file.suffix.lower() not in (".csv", ".tsv", ".txt") or not file.is_file():
        return "."
    with file.open("rb") as opened:
        beginning = grid.decoded(opened.read(grid.BEGINNING))
    return None if grid.separator_of(beginning) == ";" else "."


def _in_utf_8(path: Path) -> Path:
    """The file itself, or a copy of it in UTF-8 that is to be taken away again."""
    encoding = _encoding(path)
    if encoding == "utf-8":
        return path
    with (
        path.open(encoding=encoding, errors="replace", newline="") as old,
        tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", suffix=".csv", delete=False
        ) as new,
    ):
        shutil.copyfileobj(old, new, 1 << 20)
    return Path(new.name)


def _encoding(path: Path) -> str:
    """How the whole of a file is encoded: its first odd letter may stand far down."""
    decoder = getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        for number, block in enumerate(iter(lambda: file.read(1 << 20), b"")):
            guessed = grid.encoding_of(block, whole=False) if number == 0 else "utf-8"
            if guessed.startswith("utf-16"):
                return guessed
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return "cp1252"
    return "utf-8"


def _postgres(source: RecordsSource, path: str) -> Table:
    ibis = ibis_here()

    url = urlsplit(path)
    connection = _reach(
        path,
        lambda: ibis.postgres.connect(
            host=url.hostname or "localhost",
            port=url.port or 5432,
            user=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            database=url.path.lstrip("/") or "postgres",
        ),
        "pip install 'qi-equity[postgres]'",
    )
    return _named(connection, source, path)


def _spark(source: RecordsSource, path: str) -> Table:
    ibis = ibis_here()

    def connect() -> Any:
        from pyspark.sql import SparkSession

        session = SparkSession.builder.getOrCreate()
        session.conf.set("spark.sql.session.timeZone", "UTC")
        return ibis.pyspark.connect(session)

    connection = _reach(path, connect, "pip install 'qi-equity[spark]' and a Java runtime")
    file = path.removeprefix("spark:").removeprefix("//")
    if not file:
        return _named(connection, source, path)
    if file.endswith(".csv"):
        return connection.read_csv(file, header=True, inferSchema=False)
    return connection.read_parquet(file)


ENGINES: dict[str, Callable[[RecordsSource, str], Table]] = {
    "": _duckdb,
    "postgres": _postgres,
    "postgresql": _postgres,
    "postgresql+psycopg": _postgres,
    "spark": _spark,
}


def _reach(path: str, connect: Callable[[], Any], remedy: str) -> Any:
    try:
        return connect()
    except ImportError as missing:
        raise UserError(f"{shown(path)}: needs {missing.name}; {remedy}") from missing
    except Exception as problem:  # each driver has its own
        raise UserError(f"{shown(path)}: cannot connect: {cause(problem)}") from problem


def _named(connection: Any, source: RecordsSource, path: str) -> Table:
    if source.table is None:
        raise UserError(f"{shown(path)}: say which table holds the records with data.table")
    known = connection.list_tables()
    if source.table not in known:
        raise UserError(
            f"{shown(path)}: there is no table called '{source.table}'"
            f"{did_you_mean(source.table, known)}"
        )
    return connection.table(source.table)


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def cause(problem: Exception) -> str:
    """Why an engine gave up, in one line: of Java's pages of places, the last two reasons."""
    lines = str(problem).strip().splitlines() or [type(problem).__name__]
    # "An error occurred while calling o58.getResult.", ": org.apache.spark...", "Caused by: ..."
    below = [line[2:] for line in lines[1:2] if line.startswith(": ")]
    below += [line.removeprefix(CAUSED) for line in lines if line.startswith(CAUSED)]
    said = "; because of ".join(line.strip() for line in below[-2:] or lines[:1])
    return said + (MORE_MEMORY if "OutOfMemoryError" in said else "")
