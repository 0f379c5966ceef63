"""Keeping a whole store safe: backup, restore, export; no one's permission is asked here.

A backup is always one SQLite file, whatever database the store is in, so that it can be opened,
verified and restored anywhere.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, inspect, select

from qi_equity.plain import inert_cell
from qi_equity.store import heads, history, trail, verifying
from qi_equity.store.chain import Noted, Verified
from qi_equity.store.database import Database, now
from qi_equity.store.refusals import StoreError
from qi_equity.store.saving import true_counts
from qi_equity.store.schema import migrate_to, schema_of, up_to_date
from qi_equity.store.tables import REVISIONS, TRAIL, chain
from qi_equity.store.trail import Trail, entry
from qi_equity.vocabulary import Act

BATCH = 5000
TABLES = ("change", "revision", "trail", "chain")  # in the order in which they can be filled


def backup(database: Database, path: Path) -> Verified:
    """Copy a store to a new SQLite file while it is in use, and verify the copy."""
    copy(database, path)
    with closing(Database(path, immutable=True)) as kept, kept.reading() as connection:
        found = verifying.verify(connection)
    if not found.whole:
        raise StoreError(f"the backup {path} was written, but {found}")
    return found


def copy(database: Database, path: Path) -> None:
    """Copy a store of any schema to a new SQLite file; the file appears whole or not at all."""
    path = Path(path)
    if path.exists():
        raise StoreError(f"{path} is there already; give the backup another name")
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        if database.path:
            _copy_file(database.path, part)
        else:
            with database.reading() as connection:
                _copy_rows(connection, part)
        _flush(part)
        part.replace(path)
        _flush(path.parent)
    except (OSError, sqlite3.Error) as fault:
        raise StoreError(f"the backup could not be written to {path}: {fault}") from fault
    finally:
        with suppress(OSError):  # where the part could not be made, there is none to take away
            part.unlink(missing_ok=True)


def restore(
    source: Path, place: str | Path, replace: bool = False, second: str = "", who: str = ""
) -> Verified:
    """Put a backup in the place of a store, once its chain has been verified.

    A SQLite store that is there already is refused unless replace, and is then kept beside the
    new one under another name; a PostgreSQL store must be empty. Stop the app first. What was
    noted and is not in the backup is told in the remarks. second: where else heads are noted.
    """
    source, target = Path(source), Database(place)
    if not source.is_file():
        raise StoreError(f"there is no backup {source}")
    known, _ = heads.gathered(target.path, second)
    beside = target.path or source
    part = beside.with_name(f"{beside.name}.restoring")
    if target.path and target.path.exists() and not replace:
        raise StoreError(
            f"{target.path} is there already; move it away, or give --replace, which keeps it"
        )
    try:
        part.unlink(missing_ok=True)
        private = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with source.open("rb") as kept_bytes, os.fdopen(private, "wb") as out:
            shutil.copyfileobj(kept_bytes, out)
        with closing(Database(part)) as kept:
            with kept.reading() as connection:
                if schema_of(connection) is None:
                    raise StoreError(f"{source} is not a backup of a store")
            up_to_date(kept, lambda _: source)
            with kept.reading() as connection:
                found = verifying.verify(connection)
                if not found.whole:
                    raise StoreError(f"{source} was not restored: {found}")
                if target.path is None:
                    _fill(target, connection)
        if target.path:
            _single_file(part)
            _flush(part)
            _set_aside(target.path)
            part.replace(target.path)
            _flush(target.path.parent)
        found = _put_back(target, source, found, known, who)
    except (OSError, sqlite3.Error) as fault:
        raise StoreError(f"{source} was not restored: {fault}") from fault
    finally:
        target.close()
        for rest in ("", "-wal", "-shm"):
            part.with_name(part.name + rest).unlink(missing_ok=True)
    heads.note(target.path, second, found, "restored")
    return found


def _put_back(
    target: Database, source: Path, found: Verified, known: Iterable[Noted], who: str
) -> Verified:
    """Put on record that a backup took the store's place; what was noted and is not in it."""
    told = {"file": source.name, "revisions": found.revisions}
    Trail(target).keep(entry(who, Act.RESTORED, told, origin="cli"))
    if target.path:
        heads.write_newest(target.path, found.revisions, found.head)
    less = heads.missing(known, found.revisions)
    return verifying.with_remarks(found, [f"what was restored is older: {less}"] if less else ())


def export(database: Database, folder: Path) -> tuple[Path, ...]:
    """Write everything to a new folder: revisions.jsonl and trail.jsonl hold all.

    They have a line for each revision, or for each of the audit trail's own, with its hash; a
    project's YAML and its observations (CSV, safe to open in a spreadsheet) lie beside them.
    MANIFEST.json has each file's SHA-256.
    """
    folder = Path(folder)
    if folder.exists():
        raise StoreError(f"{folder} is there already; give the export another name")
    try:
        folder.mkdir(parents=True)
        with database.reading() as connection:
            return _written(connection, folder)
    except OSError as fault:
        raise StoreError(f"the export could not be written to {folder}: {fault}") from fault


def _written(connection: Connection, folder: Path) -> tuple[Path, ...]:
    kept = {row.id: row for row in connection.execute(select(chain))}
    head, line = kept[REVISIONS], kept[TRAIL]
    written = [
        _json_lines(folder / "revisions.jsonl", history.every_revision(connection)),
        _json_lines(folder / "trail.jsonl", trail.found(connection, newest_first=False)),
    ]
    for project, body in history.plans(connection).items():
        plan = folder / f"{project}.yaml"  # an id is letters, digits and underscores
        plan.write_text(json.loads(body)["text"], encoding="utf-8")
        written += [plan, _observations(connection, project, folder / f"{project}.csv")]
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in written}
    manifest = folder / "MANIFEST.json"
    told = {
        "written": now(), "revisions": head.revisions, "head": head.hash,
        "lines": line.revisions, "line_head": line.hash, "sha256": digests,
    }  # fmt: skip
    manifest.write_text(json.dumps(told, indent=2), encoding="utf-8")
    return (*written, manifest)


def _copy_file(source: Path, part: Path) -> None:
    with (
        closing(sqlite3.connect(source, timeout=60)) as there,
        closing(sqlite3.connect(part)) as here,
    ):
        there.backup(here)
    _single_file(part)


def _single_file(path: Path) -> None:
    """Fold the write-ahead log into the file, so that it can be carried about alone."""
    with closing(sqlite3.connect(path)) as here:
        here.execute("PRAGMA journal_mode = DELETE")


def _copy_rows(source: Connection, part: Path) -> None:
    """Copy a store's tables, at whatever schema they are, into a new SQLite store."""
    version = schema_of(source)
    with closing(Database(part)) as target, target.writing() as connection:
        migrate_to(connection, str(version))
        _pour(source, connection)
    _single_file(part)


def _fill(target: Database, source: Connection) -> None:
    """Copy a backup's tables into an empty PostgreSQL store."""
    up_to_date(target, lambda _: Path())
    with target.writing() as connection:
        rows = connection.execute(select(chain).with_for_update())
        if any(row.revisions for row in rows):
            raise StoreError(f"{target.name} is not empty; restore into an empty database")
        _pour(source, connection)


def _pour(source: Connection, target: Connection) -> None:
    found = MetaData()
    # A backup made before a migration holds a store of an older schema.
    there = [name for name in TABLES if name in inspect(source).get_table_names()]
    found.reflect(source, only=there)
    target.execute(chain.delete())
    for name in there:
        table: Table = found.tables[name]
        rows = source.execute(select(table).execution_options(yield_per=BATCH)).mappings()
        for batch in _batches(rows):
            target.execute(table.insert(), batch)


def _batches(rows: Iterable[Mapping[Any, Any]]) -> Iterator[list[dict[str, Any]]]:
    rows = iter(rows)
    while batch := [dict(row) for row in islice(rows, BATCH)]:
        yield batch


def _set_aside(path: Path) -> None:
    stamp = now().replace(":", "").split(".")[0]
    for rest in ("", "-wal", "-shm", ".head"):
        old = path.with_name(path.name + rest)
        if old.exists():
            old.rename(path.with_name(f"{path.name}.before-restore-{stamp}{rest}"))


def _flush(path: Path) -> None:
    """See that what was written has reached the disk."""
    windows = os.name == "nt"
    if windows and path.is_dir():  # there a folder is no file, and cannot be opened
        return
    handle = os.open(path, os.O_RDWR if windows else os.O_RDONLY)  # there only a writer may flush
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _json_lines(path: Path, rows: Iterable[Any]) -> Path:
    with path.open("w", encoding="utf-8") as out:
        for one in rows:
            out.write(json.dumps(asdict(one), ensure_ascii=False) + "\n")
    return path


def _observations(connection: Connection, project: str, path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        sheet = csv.writer(out)
        table = true_counts(connection, project, None)
        sheet.writerow(table.columns)
        for row in table.astype(object).where(table.notna(), None).itertuples(index=False):
            sheet.writerow([inert_cell(cell) for cell in row])
    return path
