"""Which schema a store has, and bringing an older one up to date; no data is read here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    func,
    inspect,
    select,
)

from qi_equity.store.chain import GENESIS
from qi_equity.store.database import Database
from qi_equity.store.refusals import StoreError
from qi_equity.store.tables import REVISIONS, TRAIL, chain, metadata

# The newest migration in migrations/versions; kept here so that opening a store that is up to
# date does not import Alembic (a test compares the two).
HEAD = "0003"
KNOWN = ("0001", "0002", "0003")
version_table = Table(  # as Alembic has it
    "qi_equity_schema",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="qi_equity_schema_pkc"),
)
REFUSAL = "the history is append-only"  # as the migrations have the database say it
GUARDED = ("change", "revision", "trail")
GUARDS = {
    "sqlite": tuple(f"{one}_no_{act}" for one in GUARDED for act in ("delete", "update")),
    "postgresql": tuple(
        f"{one}_no_{act}" for one in GUARDED for act in ("delete", "truncate", "update")
    ),
}
MIGRATION_LOCK = 7_415_001  # PostgreSQL advisory lock: one process migrates at a time


def schema_of(connection: Connection) -> str | None:
    """The schema's version, or None where there are no tables yet."""
    tables = set(inspect(connection).get_table_names())
    if version_table.name in tables:
        return connection.execute(select(version_table.c.version_num)).scalar()
    # A server's database may hold other things; a file that does is somebody else's.
    others = tables if connection.dialect.name == "sqlite" else tables & set(metadata.tables)
    if others:
        names = ", ".join(sorted(others)[:5])
        raise StoreError(f"this is no store of qi_equity: it holds other tables ({names})")
    return None


def up_to_date(database: Database, back_up: Callable[[str], Path]) -> Path | None:
    """Bring the schema to HEAD, backing up first; the backup's path if there was one.

    A store that a newer qi_equity has written is refused and left alone.
    """
    with database.reading() as connection:
        found = schema_of(connection)
    _refuse_newer(database, found)
    if found == HEAD:
        return None
    copy = back_up(found) if found else None
    with database.writing() as connection:
        if not database.sqlite:
            connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        # Another process may have migrated while this one waited for its turn.
        found = schema_of(connection)
        _refuse_newer(database, found)
        if found is None and database.sqlite:
            lay_out(connection)
        elif found != HEAD:
            migrate_to(connection, HEAD)
    return copy


def lay_out(connection: Connection) -> None:
    """Make the tables of an empty file as the migrations leave them, without loading Alembic.

    A file is what a command or the demo begins with; a test holds both ways to the same schema.
    """
    metadata.create_all(connection, checkfirst=False)
    for name in GUARDS["sqlite"]:
        connection.exec_driver_sql(_guard(name))
    nothing = {"revisions": 0, "changes": 0, "hash": GENESIS}
    connection.execute(chain.insert(), [{"id": one} | nothing for one in (REVISIONS, TRAIL)])
    version_table.create(connection, checkfirst=False)
    connection.execute(version_table.insert(), {"version_num": HEAD})


def unguarded(connection: Connection) -> tuple[str, ...]:
    """The triggers against rewriting that are not there, not at work, or not as they were made."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master")
        at_work = {row.name for row in found if row.sql == _guard(row.name)}
    else:
        found = connection.exec_driver_sql(
            "SELECT tgname, prosrc FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "JOIN pg_proc ON pg_proc.oid = tgfoid "
            "WHERE relnamespace = current_schema()::regnamespace "
            "AND tgenabled IN ('O', 'A') AND tgqual IS NULL"
        )
        says = f"BEGIN RAISE EXCEPTION '{REFUSAL}'; END"
        at_work = {row.tgname for row in found if row.prosrc.strip() == says}
    return tuple(name for name in GUARDS[connection.dialect.name] if name not in at_work)


def foreign(connection: Connection) -> tuple[str, ...]:
    """Triggers and rules that are not the store's: one could drop or change what is saved."""
    if connection.dialect.name == "sqlite":
        asked = "SELECT name, tbl_name AS held FROM sqlite_master WHERE type = 'trigger'"
    else:
        asked = (
            "SELECT tgname AS name, relname AS held "
            "FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal UNION "
            "SELECT rulename, tablename FROM pg_rules WHERE schemaname = current_schema()"
        )
    ours = GUARDS[connection.dialect.name]
    found = connection.exec_driver_sql(asked)  # of other tables too, which are not ours to judge
    return tuple(
        sorted(
            one.name
            for one in found
            # SQLite keeps a table's name as the trigger wrote it, and reads it in either case.
            if one.name not in ours and one.held.lower() in metadata.tables
        )
    )


def _guard(name: str) -> str:
    """A guard as the migrations make it on SQLite."""
    table, _, act = name.partition("_no_")
    return (
        f'CREATE TRIGGER {name} BEFORE {act.upper()} ON "{table}" '
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    )


def _refuse_newer(database: Database, found: str | None) -> None:
    if found is not None and found not in KNOWN:
        raise StoreError(
            f"{database.name} was written by a newer qi_equity (its schema is {found}; this "
            f"version knows up to {HEAD}). Nothing was changed: update qi_equity, then open it"
        )


def migrate_to(connection: Connection, version: str) -> None:
    """Run the migration steps up to this version on an open transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = version_table.name
    command.upgrade(config, version)
