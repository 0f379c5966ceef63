"""Where birth records lie and how to reach them: one Ibis table whatever the engine."""

from __future__ import annotations

import re
import tempfile
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pandas as pd

from qi_equity.errors import UserError, did_you_mean
from qi_equity.project import RecordsSource

Table = Any  # an ibis.Table: Ibis ships no types that mypy can follow

# Whose errors are about the source; all others are faults of ours and stay what they are.
DRIVERS = frozenset({"duckdb", "_duckdb", "psycopg", "pyspark", "py4j", "pyarrow"})

# Leaves room below 4 GiB for the observations themselves; DuckDB spills to disk beyond it.
MEMORY = "2GB"


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
        raise UserError(f"{shown(path)}: cannot be read: {_first_line(problem)}") from problem
    finally:
        backend = table.get_backend()
        if backend.name != "pyspark":  # the Spark session is the user's, and may serve others
            backend.disconnect()


def fetched(expression: Any) -> pd.DataFrame:
    """What an expression comes to."""
    # Through Arrow: Ibis 12's own way to pandas asks pandas 3 for an option it has put away.
    table: pd.DataFrame = expression.to_pyarrow().to_pandas()
    return table


def shown(path: str) -> str:
    """A path or URL without the password in it."""
    return re.sub(r"(://[^:/@]+):[^@/]*@", r"\1:***@", path)


def _duckdb(source: RecordsSource, path: str) -> Table:
    import ibis

    connection = ibis.duckdb.connect()
    connection.raw_sql(
        f"SET TimeZone = 'UTC'; SET memory_limit = '{MEMORY}'; "
        f"SET preserve_insertion_order = false; "
        f"SET temp_directory = '{_quoted(tempfile.gettempdir())}'"
    )
    return read_file(connection, Path(path))


def read_file(connection: Any, path: Path) -> Table:
    """A CSV or Parquet file, or a folder of Parquet files, as a table of a DuckDB connection."""
    readers = {".csv": "csv", ".gz": "csv", ".parquet": "parquet"}
    kind = "parquet" if path.is_dir() else readers.get(path.suffix.lower())
    if kind is None:
        raise UserError(f"{path}: birth records are read from .csv, .csv.gz or .parquet files")
    if not path.exists() and not list(path.parent.glob(path.name)):
        raise UserError(f"{path}: there is no such file")
    where = str(path / "*.parquet") if path.is_dir() else str(path)
    try:
        if kind == "parquet":
            return connection.read_parquet(where)
        # Every column as text: a code such as 01 must not turn into the number 1.
        return connection.read_csv(where, all_varchar=True, header=True, encoding=_encoding(path))
    except Exception as problem:  # DuckDB's own errors share no base that Ibis keeps
        raise UserError(f"{path}: cannot be read: {_first_line(problem)}") from problem


def _postgres(source: RecordsSource, path: str) -> Table:
    import ibis

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
    import ibis

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
        raise UserError(f"{shown(path)}: cannot connect: {_first_line(problem)}") from problem


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


def _encoding(path: Path) -> str:
    """UTF-8 or UTF-16, or else what spreadsheets on Windows save in, as far as DuckDB knows it."""
    if path.suffix.lower() != ".csv" or not path.exists():
        return "utf-8"
    decoder = getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        for number, block in enumerate(iter(lambda: file.read(1 << 20), b"")):
            if number == 0 and block[:2] in (b"\xff\xfe", b"\xfe\xff"):
                return "utf-16"
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return "latin-1"
    return "utf-8"


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _first_line(problem: Exception) -> str:
    return (str(problem).strip() or type(problem).__name__).splitlines()[0]
