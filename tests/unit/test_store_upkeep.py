"""Backups, restores, exports and migrations: whole or not at all, and never over something."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from qi_equity import store
from qi_equity.store import schema
from qi_equity.store.database import Database
from qi_equity.store.schema import HEAD, KNOWN, lay_out, migrate_to, schema_of
from store_network import PROJECT, YAML, kept, made, project, row, table, user

MIGRATIONS = Path(store.__file__).parent / "migrations" / "versions"


@pytest.fixture
def opened(tmp_path):
    opened = made(tmp_path / "network.sqlite")
    opened.as_user(user()).import_table(PROJECT, table(), "a" * 64)
    yield opened
    opened.close()


@pytest.fixture
def admin(opened):
    return opened.as_user(user())


def files(folder):
    return sorted(path.name for path in folder.iterdir())


# Backup and restore


def test_a_backup_is_one_private_file_that_holds_everything(admin, tmp_path):
    found = admin.backup(tmp_path / "away" / "copy.sqlite")
    assert found == admin.verify()
    assert files(tmp_path / "away") == ["copy.sqlite"]
    assert stat.S_IMODE((tmp_path / "away" / "copy.sqlite").stat().st_mode) == 0o600


def test_a_backup_taken_amid_writing_is_whole_and_of_one_moment(admin, tmp_path):
    import threading

    def write():
        for number in range(40):
            admin.log(PROJECT, [row(1, 20, week=f"2026-01-{number % 28 + 1:02d}", site="south",
                                    stratum="Asian" if number < 28 else "White")])  # fmt: skip

    writer = threading.Thread(target=write)
    writer.start()
    heads = [admin.backup(tmp_path / f"copy{number}.sqlite") for number in range(5)]
    writer.join()
    assert all(head.whole for head in heads)
    for head in heads:
        assert admin.verify(noted=head.head).whole, "each backup is a moment of the history"


def test_a_backup_of_an_altered_history_says_so(admin, tmp_path):
    with closing(sqlite3.connect(tmp_path / "network.sqlite", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER revision_no_update")
        connection.execute("UPDATE revision SET body = replace(body, ':2', ':3') WHERE id = 9")
    with pytest.raises(store.StoreError, match=r"was written, but the history is not whole"):
        admin.backup(tmp_path / "copy.sqlite")


def test_a_backup_does_not_cover_a_file(admin, tmp_path):
    (tmp_path / "letter.txt").write_text("Dear all", encoding="utf-8")
    with pytest.raises(store.StoreError, match="is there already"):
        admin.backup(tmp_path / "letter.txt")
    assert (tmp_path / "letter.txt").read_text(encoding="utf-8") == "Dear all"


def test_a_backup_that_cannot_be_written_leaves_nothing_behind(admin, tmp_path):
    (tmp_path / "letter.txt").write_text("Dear all", encoding="utf-8")
    before = files(tmp_path)
    with pytest.raises(store.StoreError, match="could not be written"):
        admin.backup(tmp_path / "letter.txt" / "copy.sqlite")
    assert files(tmp_path) == before


def test_a_restored_store_is_the_store_that_was_backed_up(admin, tmp_path):
    before = kept(admin)
    found = admin.backup(tmp_path / "copy.sqlite")
    assert store.restore(tmp_path / "copy.sqlite", tmp_path / "again.sqlite") == found
    again = store.open(tmp_path / "again.sqlite")
    assert kept(again.as_user(user())) == before
    again.as_user(user()).log(PROJECT, [row(1, 20, week="2025-03-03")])
    assert again.as_user(user()).verify().revisions == found.revisions + 1
    again.close()


def test_a_restore_does_not_cover_a_store_unless_asked_and_then_keeps_the_old_one(
    admin, opened, tmp_path
):
    admin.backup(tmp_path / "copy.sqlite")
    admin.log(PROJECT, [row(1, 20, week="2025-03-03")])
    newer = admin.verify()
    opened.close()
    with pytest.raises(store.StoreError, match="is there already"):
        store.restore(tmp_path / "copy.sqlite", tmp_path / "network.sqlite")
    store.restore(tmp_path / "copy.sqlite", tmp_path / "network.sqlite", replace=True)
    (aside,) = [p for p in tmp_path.iterdir() if "before-restore" in p.name
                and not p.name.endswith(("-wal", "-shm", ".head"))]  # fmt: skip
    old = store.open(aside)
    assert old.as_user(user()).verify() == newer
    old.close()


def test_an_altered_backup_is_not_restored(admin, tmp_path):
    admin.backup(tmp_path / "copy.sqlite")
    with closing(sqlite3.connect(tmp_path / "copy.sqlite", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER revision_no_update")
        connection.execute("UPDATE revision SET body = replace(body, ':2', ':3') WHERE id = 9")
    with pytest.raises(
        store.StoreError, match="not restored: the history is not whole: revision 9"
    ):
        store.restore(tmp_path / "copy.sqlite", tmp_path / "again.sqlite")
    assert not [name for name in files(tmp_path) if "again" in name]


@pytest.mark.parametrize("content", [b"", b"Dear all", b"SQLite format 3\x00" + b"\x00" * 5000])
def test_a_file_that_is_no_backup_is_not_restored(tmp_path, content):
    (tmp_path / "copy.sqlite").write_bytes(content)
    with pytest.raises(store.StoreError):
        store.restore(tmp_path / "copy.sqlite", tmp_path / "again.sqlite")
    assert files(tmp_path) == ["copy.sqlite"]
    assert (tmp_path / "copy.sqlite").read_bytes() == content


def test_a_backup_that_is_not_there_is_said_not_to_be(tmp_path):
    with pytest.raises(store.StoreError, match="there is no backup"):
        store.restore(tmp_path / "copy.sqlite", tmp_path / "again.sqlite")


# Export


def test_an_export_holds_everything_in_open_formats_with_its_digests(admin, tmp_path):
    written = admin.export(tmp_path / "out")
    assert {path.name for path in written} == set(files(tmp_path / "out"))
    manifest = json.loads((tmp_path / "out" / "MANIFEST.json").read_text(encoding="utf-8"))
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == digest
    found = admin.verify()
    assert (manifest["revisions"], manifest["head"]) == (found.revisions, found.head)
    lines = (tmp_path / "out" / "revisions.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == found.revisions
    assert (tmp_path / "out" / f"{PROJECT}.yaml").read_text(encoding="utf-8") == YAML
    with (tmp_path / "out" / f"{PROJECT}.csv").open(encoding="utf-8", newline="") as sheet:
        rows = list(csv.DictReader(sheet))
    assert len(rows) == 54
    assert {(one["site"], one["numerator"]) for one in rows} >= {("north", "0.0")}


def test_an_export_does_not_cover_a_folder(admin, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(store.StoreError, match="is there already"):
        admin.export(tmp_path / "out")


# Migrations


EARLIER = KNOWN[:-1]


def old_store(place, version="0001"):
    """A store as an earlier version of the schema left it, with a project and counts in it."""
    opened = made(place)
    admin = opened.as_user(user())
    admin.import_table(PROJECT, table(), "a" * 64)
    found = admin.verify()
    opened.close()
    with closing(sqlite3.connect(place, isolation_level=None)) as connection:
        connection.execute("DROP TABLE trail")
        connection.execute("DELETE FROM chain WHERE id = 2")
        for table_name in ("change", "revision") if version == "0001" else ():
            for act in ("update", "delete"):
                connection.execute(f"DROP TRIGGER {table_name}_no_{act}")
        connection.execute("UPDATE qi_equity_schema SET version_num = ?", [version])
    return found


def version_of(place):
    with closing(Database(place)) as database, database.reading() as connection:
        return schema_of(connection)


def test_the_versions_known_are_the_migrations_there_are():
    numbers = tuple(sorted(path.name[:4] for path in MIGRATIONS.glob("[0-9]*.py")))
    assert numbers == KNOWN
    assert KNOWN[-1] == HEAD


def laid_out(place, make):
    """Everything that a way of making a new file leaves in it."""
    with closing(Database(place)) as database, database.writing() as connection:
        make(connection)
    with closing(sqlite3.connect(place)) as connection:
        schema = set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))
        tables = sorted(name for kind, name, *_ in schema if kind == "table")
        return schema, {name: connection.execute(f'SELECT * FROM "{name}"').fetchall()
                        for name in tables}  # fmt: skip


def test_a_new_file_is_laid_out_as_the_migrations_would_leave_it(tmp_path):
    made_of_steps = laid_out(tmp_path / "steps.sqlite", lambda one: migrate_to(one, HEAD))
    assert laid_out(tmp_path / "at_once.sqlite", lay_out) == made_of_steps
    code = (
        "import sys, qi_equity.store as store; store.open(sys.argv[1]).close();"
        "assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "new.sqlite")], check=True)
    assert laid_out(tmp_path / "new.sqlite", lambda _: None) == made_of_steps


@pytest.mark.parametrize("version", EARLIER)
def test_an_older_store_is_backed_up_then_brought_up_to_date_and_loses_nothing(tmp_path, version):
    place = tmp_path / "network.sqlite"
    before = old_store(place, version)
    opened = store.open(place)
    assert opened.as_user(user()).verify() == before
    opened.close()
    assert version_of(place) == HEAD
    (copy,) = tmp_path.glob("*.backup")
    assert copy.name.startswith(f"network.sqlite.schema-{version}.")
    assert version_of(copy) == version
    with closing(sqlite3.connect(place)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("DELETE FROM revision")


def test_the_backup_before_a_migration_goes_where_it_is_asked_to(tmp_path):
    old_store(tmp_path / "network.sqlite")
    store.open(tmp_path / "network.sqlite", backups=tmp_path / "away").close()
    assert len(files(tmp_path / "away")) == 1


def test_an_older_store_that_cannot_be_backed_up_is_left_as_it_was(tmp_path):
    old_store(tmp_path / "network.sqlite")
    (tmp_path / "letter").write_text("Dear all", encoding="utf-8")
    with pytest.raises(store.StoreError, match="backup could not be written"):
        store.open(tmp_path / "network.sqlite", backups=tmp_path / "letter")
    assert version_of(tmp_path / "network.sqlite") == "0001"


def test_a_migration_that_fails_half_way_changes_nothing(tmp_path, monkeypatch):
    place = tmp_path / "network.sqlite"
    before = old_store(place)

    def fails(connection, version):
        migrate_to(connection, version)
        raise OSError("the lights went out")

    monkeypatch.setattr(schema, "migrate_to", fails)
    with pytest.raises(OSError, match="the lights went out"):
        store.open(place)
    assert version_of(place) == "0001"
    monkeypatch.undo()
    opened = store.open(place)
    assert opened.as_user(user()).verify() == before
    opened.close()


def test_a_new_store_that_dies_while_it_is_laid_out_is_an_empty_file_and_opens(
    tmp_path, monkeypatch
):
    path = tmp_path / "store.sqlite"

    def dies(name):
        raise RuntimeError(name)

    with monkeypatch.context() as patch:
        patch.setattr(schema, "_guard", dies)  # after the tables, before what guards them
        with pytest.raises(RuntimeError):
            store.open(path)
    with closing(sqlite3.connect(path)) as found:
        assert found.execute("SELECT name FROM sqlite_master").fetchall() == []
    with closing(store.open(path)):
        pass
    assert version_of(path) == HEAD


def test_a_newer_store_is_refused_and_left_alone(tmp_path):
    place = tmp_path / "network.sqlite"
    made(place).close()
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("UPDATE qi_equity_schema SET version_num = '0099'")
        connection.commit()
    content = place.read_bytes()
    with pytest.raises(store.StoreError, match="written by a newer qi_equity"):
        store.open(place)
    assert place.read_bytes() == content
    assert files(tmp_path) == ["network.sqlite", "network.sqlite.head"]


@pytest.mark.parametrize("version", EARLIER)
def test_a_backup_of_an_older_store_is_brought_up_to_date_when_it_is_restored(tmp_path, version):
    before = old_store(tmp_path / "network.sqlite", version)
    store.open(tmp_path / "network.sqlite").close()
    (copy,) = tmp_path.glob("*.backup")
    assert store.restore(copy, tmp_path / "again.sqlite") == before
    assert version_of(tmp_path / "again.sqlite") == HEAD


def test_another_database_than_the_two_is_refused():
    with pytest.raises(store.StoreError, match="'mysql' is not a database"):
        store.open("mysql://host/network")
    for place in (":memory:", "sqlite://", ""):
        with pytest.raises(store.StoreError, match="a store is a file"):
            store.open(place)


def test_a_folder_that_is_not_there_is_said_not_to_be(tmp_path):
    with pytest.raises(store.StoreError, match="check that its folder exists"):
        store.open(tmp_path / "nowhere" / "network.sqlite")


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path):
    with closing(sqlite3.connect(tmp_path / "library.sqlite")) as connection:
        connection.execute("CREATE TABLE books (title TEXT)")
    with pytest.raises(store.StoreError, match="holds other tables \\(books\\)"):
        store.open(tmp_path / "library.sqlite")
    with closing(sqlite3.connect(tmp_path / "library.sqlite")) as connection:
        (names,) = connection.execute("SELECT group_concat(name) FROM sqlite_master").fetchall()
    assert names == ("books",)


def test_many_projects_do_not_mix(admin):
    admin.save_project(project(name="another"), YAML)
    admin.log("another", [row(7, 70)])
    assert kept(admin, "another") == {("pph", "north", "Black", "2025-01-06"): (7, 70)}
    assert len(kept(admin)) == 54
