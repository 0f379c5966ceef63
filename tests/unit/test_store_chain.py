"""The chain of revisions: whole after every use, and broken where somebody altered it."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from contextlib import closing

import pytest
from typer.testing import CliRunner

from qi_equity import store
from qi_equity.cli import app
from qi_equity.store import heads
from qi_equity.store.chain import GENESIS, Change, Draft, link
from qi_equity.store.schema import GUARDS
from store_network import PROJECT, made, row, table, user


@pytest.fixture
def place(tmp_path):
    place = tmp_path / "network.sqlite"
    opened = made(place)
    admin = opened.as_user(user())
    admin.import_table(PROJECT, table(), "a" * 64)
    admin.log(PROJECT, [row(1, 20, week="2025-02-03")])
    admin.consent(PROJECT, "north", True)
    opened.close()
    return place


def verified(place, noted=None):
    opened = store.open(place)
    try:
        return opened.as_user(user()).verify(noted)
    finally:
        opened.close()


def tamper(place, *statements):
    """Do what the store never does: write past its triggers."""
    with closing(sqlite3.connect(place, isolation_level=None)) as connection:
        guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        guards = guards.fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in guards:
            connection.execute(sql)


def without_notes(place):
    """Take away what is written down beside the store, as whoever rewrites the file could."""
    for note in heads.newest_file(place), heads.log_file(place):
        note.unlink(missing_ok=True)


def test_an_untouched_history_is_whole(place):
    found = verified(place)
    assert found.whole
    assert found.revisions == 1 + 55 + 1 + 1
    assert str(found) == f"58 revisions, every link holds; the newest is {found.head}"


ALTERED = "revision 7 (observation"
CASES = {
    "a count": ("UPDATE revision SET body = replace(body, ':2', ':3') WHERE id = 7", ALTERED),
    "a count withdrawn": ("UPDATE revision SET body = NULL WHERE id = 7", ALTERED),
    "a site": ("UPDATE revision SET site = 'south' WHERE id = 7", ALTERED),
    "a key": (
        "UPDATE revision SET key = replace(key, 'east', 'west') WHERE id = 8",
        "revision 8",
    ),
    "a version": ("UPDATE revision SET version = 2 WHERE id = 7", ALTERED),
    "a project": ("UPDATE revision SET project = 'x' WHERE id = 7", ALTERED),
    "a hash": (f"UPDATE revision SET hash = '{GENESIS}' WHERE id = 7", ALTERED),
    "whose it is": ("UPDATE change SET who = 'sam' WHERE id = 3", "revision 57"),
    "when it was": ("UPDATE change SET at = '2025-01-01T00:00:00Z' WHERE id = 3", "revision 57"),
    "why it was": ("UPDATE change SET why = 'because' WHERE id = 3", "revision 57"),
    "which file": ("UPDATE change SET file_hash = NULL WHERE id = 2", "revision 2 "),
    "from where": ("UPDATE change SET origin = 'cli' WHERE id = 3", "revision 57"),
    "one left out": ("DELETE FROM revision WHERE id = 7", "revision 7 is missing"),
    "the first left out": ("DELETE FROM revision WHERE id = 1", "revision 1 is missing"),
    "the last left out": ("DELETE FROM revision WHERE id = 58", "should hold 58 revisions"),
    "who made it left out": ("DELETE FROM change WHERE id = 3", "change 3 is missing"),
    "a change slipped in": (
        "INSERT INTO change VALUES (99, 'sam', '2025', 'app', NULL, NULL)",
        "5 changes are kept for 4",
    ),
    "one slipped in": (
        "INSERT INTO revision SELECT 59, change, project, kind, 'x', 1, site, body, hash "
        "FROM revision WHERE id = 58",
        "revision 59",
    ),
    "the head": (f"UPDATE chain SET hash = '{GENESIS}'", "should hold 58 revisions"),
    "no head": ("DELETE FROM chain", "newest link is missing"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_was_altered_is_found_and_the_first_broken_link_named(place, case):
    statement, named = CASES[case]
    tamper(place, "PRAGMA foreign_keys = OFF", statement)
    found = verified(place)
    assert not found.whole
    assert named in str(found.broken)
    assert str(found).startswith("the history is not whole: ")


def test_two_swapped_revisions_are_found(place):
    tamper(
        place,
        "UPDATE revision SET id = 1000 WHERE id = 7",
        "UPDATE revision SET id = 7 WHERE id = 8",
        "UPDATE revision SET id = 8 WHERE id = 1000",
    )
    assert "revision 7" in str(verified(place).broken)


def test_a_history_rewritten_whole_is_found_by_a_head_noted_before(place):
    noted = verified(place).head
    with closing(sqlite3.connect(place)) as connection:
        told = connection.execute(
            "SELECT revision.id, c.id, c.who, c.at, c.origin, c.file_hash, c.why, "
            "project, kind, key, version, site, body FROM revision JOIN change c "
            "ON c.id = revision.change ORDER BY revision.id"
        ).fetchall()
    statements, previous = [], GENESIS
    for number, *rest in told:
        body = rest[-1].replace(":2", ":3") if number == 7 else rest[-1]
        draft = Draft(*rest[6:11], body)
        previous = link(previous, number, Change(*rest[:6]), draft)
        literal = "'" + body.replace("'", "''") + "'"
        statements.append(
            f"UPDATE revision SET hash = '{previous}', body = {literal} WHERE id = {number}"
        )
    tamper(place, *statements, f"UPDATE chain SET hash = '{previous}' WHERE id = 1")
    assert "revision 58 is not the one that was noted" in str(verified(place).broken)
    without_notes(place)
    assert verified(place).whole, "the chain alone cannot tell"
    assert "the history was rewritten" in str(verified(place, noted).broken)
    assert verified(place, verified(place).head).whole


def test_the_database_itself_refuses_to_change_or_delete_a_revision(place):
    with closing(sqlite3.connect(place)) as connection:
        for statement in (
            "UPDATE revision SET body = NULL",
            "DELETE FROM revision",
            "UPDATE change SET who = 'x'",
            "DELETE FROM change",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)


def test_the_database_itself_refuses_a_second_revision_of_the_same_version(place):
    with closing(sqlite3.connect(place)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(
            "INSERT INTO revision SELECT 59, change, project, kind, key, version, site, body, "
            "hash FROM revision WHERE id = 58"
        )


def test_a_link_can_be_worked_out_by_anybody_with_the_exported_revisions(tmp_path):
    """The form that is hashed is a promise: an auditor needs no more than SHA-256 and JSON."""
    opened = made(tmp_path / "network.sqlite")
    admin = opened.as_user(user())
    admin.import_table(PROJECT, table(), "a" * 64)
    admin.export(tmp_path / "out")
    opened.close()
    previous = "0" * 64
    for line in (tmp_path / "out" / "revisions.jsonl").read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        told = [
            previous,
            one["id"],
            [one[name] for name in ("change", "who", "at", "origin", "file_hash", "why")],
            [one[name] for name in ("project", "kind", "key", "version", "site", "body")],
        ]
        text = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
        previous = hashlib.sha256(text.encode()).hexdigest()
        assert previous == one["hash"]


def test_a_damaged_file_is_said_to_be_damaged(place):
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(place.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8192] = b"\xaa" * 8192
    place.write_bytes(content)
    try:
        found = verified(place)
    except store.StoreError as refused:
        assert "damaged" in str(refused)  # noqa: PT017 - either answer names the damage
    else:
        assert "damaged" in str(found.broken)


def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path):
    place = tmp_path / "letter.txt"
    place.write_text("Dear all, " * 500, encoding="utf-8")
    with pytest.raises(store.StoreError, match="not a qi_equity store"):
        store.open(place)
    assert place.read_text(encoding="utf-8") == "Dear all, " * 500


@pytest.mark.parametrize("guard", GUARDS["sqlite"])
@pytest.mark.parametrize(
    "instead",
    [
        "",
        "CREATE TRIGGER {} AFTER INSERT ON change BEGIN SELECT 1; END",
        "CREATE TRIGGER {} BEFORE DELETE ON change WHEN 0 "
        "BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END",
    ],
)
def test_a_guard_that_was_dropped_or_replaced_is_named(place, guard, instead):
    with closing(sqlite3.connect(place, isolation_level=None)) as connection:
        connection.execute(f"DROP TRIGGER {guard}")
        if instead:
            connection.execute(instead.format(guard))
    assert guard in str(verified(place).broken)


@pytest.mark.parametrize("table", ["revision", "REVISION"])
def test_a_trigger_that_drops_what_is_saved_is_named_before_anything_is_lost(place, table):
    with closing(sqlite3.connect(place, isolation_level=None)) as connection:
        connection.execute(
            f"CREATE TRIGGER quiet BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END"
        )
    assert "drop or change what is saved: quiet" in str(verified(place).broken)


def test_the_newest_rows_deleted_with_the_chain_mended_are_found_by_the_noted_head(place):
    noted = verified(place).head
    with closing(sqlite3.connect(place)) as connection:
        (before,) = connection.execute("SELECT hash FROM revision WHERE id = 56").fetchone()
    tamper(
        place,
        "DELETE FROM revision WHERE id > 56",
        "DELETE FROM change WHERE id > 2",
        f"UPDATE chain SET revisions = 56, changes = 2, hash = '{before}' WHERE id = 1",
    )
    assert "2 revisions are missing: network.sqlite.head noted 58" in str(verified(place).broken)
    without_notes(place)
    assert verified(place).whole, "the chain alone cannot tell"
    assert "newest revisions are missing" in str(verified(place, noted).broken)


def test_no_rows_and_no_head_are_never_whole(place, tmp_path):
    noted = verified(place).head
    tamper(
        place,
        "DELETE FROM revision",
        "DELETE FROM change",
        f"UPDATE chain SET revisions = 0, changes = 0, hash = '{GENESIS}' WHERE id = 1",
    )
    assert "58 revisions are missing" in str(verified(place).broken)
    without_notes(place)
    assert "holds no revision" in str(verified(place).broken)
    assert "newest revisions are missing" in str(verified(place, noted).broken)
    assert not verified(tmp_path / "new.sqlite").whole


def on_the_terminal(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_the_command_line_holds_the_history_against_a_noted_head(place):
    noted = verified(place).head
    told = ("verify", "--database", str(place), "--head")
    assert on_the_terminal(*told, noted.upper()).exit_code == 0
    done = on_the_terminal(*told, "0" * 63 + "1")
    assert done.exit_code == 1
    assert "is not in the chain" in done.output
    assert "64 characters" in str(on_the_terminal(*told, noted[:60]).exception)


@pytest.mark.parametrize("command", [("verify",), ("backup", "copy"), ("export", "folder")])
def test_a_store_of_no_bytes_is_said_to_be_lost_and_left_alone(tmp_path, command):
    (tmp_path / "network.sqlite").touch()
    name, *rest = command
    done = on_the_terminal(
        name, *(str(tmp_path / one) for one in rest), "--database", str(tmp_path / "network.sqlite")
    )
    assert done.exit_code == 1
    assert "is an empty file" in str(done.exception)
    assert (tmp_path / "network.sqlite").stat().st_size == 0


@pytest.mark.skipif(os.name == "nt", reason="file modes are POSIX")
@pytest.mark.parametrize("mask", [0, 0o022, 0o077])
def test_store_and_logs_are_their_owners_alone_whatever_the_umask(tmp_path, mask):
    before = os.umask(mask)
    try:
        opened = made(tmp_path / "network.sqlite")
        opened.as_user(user()).consent(PROJECT, "north", True)
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        opened.close()
    finally:
        os.umask(before)
    assert {"network.sqlite", "network.sqlite-wal", "network.sqlite-shm"} <= set(modes)
    assert set(modes.values()) == {0o600}


@pytest.mark.skipif(os.name == "nt", reason="file modes are POSIX")
def test_a_store_that_others_could_read_is_closed_to_them_when_it_is_opened(place):
    place.chmod(0o644)
    store.open(place).close()
    assert place.stat().st_mode & 0o777 == 0o600


def test_a_restored_store_is_its_owners_alone(place, tmp_path):
    opened = store.open(place)
    opened.as_user(user()).backup(tmp_path / "backup")
    opened.close()
    (tmp_path / "backup").chmod(0o644)
    store.restore(tmp_path / "backup", tmp_path / "again.sqlite")
    assert (tmp_path / "again.sqlite").stat().st_mode & 0o777 == 0o600
