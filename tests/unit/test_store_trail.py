"""The audit trail: who did and who looked is kept, chained, private, and never a count."""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
from contextlib import closing

import pytest

from numbers_said import says
from qi_equity import store
from qi_equity.store import Act, trail
from store_network import PROJECT, made, row, table, user


@pytest.fixture
def opened(tmp_path):
    opened = made(tmp_path / "network.sqlite")
    opened.as_user(user()).import_table(PROJECT, table(), "a" * 64)
    yield opened
    opened.close()


@pytest.fixture
def admin(opened):
    return opened.as_user(user())


def acts(admin, **asked):
    return [(one.who, one.what) for one in reversed(admin.trail(**asked))]


def tamper(place, *statements):
    with closing(sqlite3.connect(place, isolation_level=None)) as connection:
        guards = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in guards:
            connection.execute(sql)


# What is kept


def test_what_somebody_did_is_kept_with_who_when_where_from_and_how_far_the_history_was(
    opened, admin
):
    opened.record("jo", Act.SIGNED_IN, {"address": "10.0.0.1"}, origin="app")
    (one,) = admin.trail()
    assert (one.who, one.what, one.told) == ("jo", "signed in", {"address": "10.0.0.1"})
    found = admin.verify()
    assert (one.revisions, one.head) == (found.revisions, found.head)
    assert (found.lines, found.line_head) == (1, one.hash)
    assert found.whole


def test_a_look_at_true_counts_is_on_record_with_its_sites_and_not_twice_in_a_quarter_of_an_hour(
    opened, admin, monkeypatch
):
    jo = opened.as_user(user("contributor", "north", name="jo"))
    for _ in range(3):
        jo.observations(PROJECT)
        jo.looked(PROJECT)
        jo.history(PROJECT)
    (one,) = admin.trail()
    assert (one.who, one.what, one.project, one.told) == (
        "jo", "read true counts", PROJECT, {"sites": ["north"]},
    )  # fmt: skip
    monkeypatch.setattr(trail, "LOOK_AGAIN", 0.0)
    jo.observations(PROJECT)
    assert len(admin.trail()) == 2


def test_who_sees_no_true_counts_leaves_no_line_of_a_look(tmp_path):
    opened = made(tmp_path / "network.sqlite", protect=lambda _, rows: rows)
    guide = opened.as_user(user("facilitator"))
    guide.looked(PROJECT)
    guide.protected(PROJECT)
    guide.history(PROJECT)
    assert opened.as_user(user()).trail() == ()
    opened.close()


def test_an_export_is_on_record_before_it_is_made_and_a_backup_as_it_is_made(admin, tmp_path):
    admin.export(tmp_path / "out")
    admin.backup(tmp_path / "copy")
    assert acts(admin) == [("admin", "exported"), ("admin", "backed up")]
    with pytest.raises(store.StoreError):
        admin.export(tmp_path / "out")
    assert acts(admin)[-1] == ("admin", "exported"), "the try counts"
    lines = (tmp_path / "out" / "trail.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0])["what"] == "exported"


def test_a_restore_is_on_record_in_the_store_that_it_made(admin, opened, tmp_path):
    admin.backup(tmp_path / "copy")
    store.restore(tmp_path / "copy", tmp_path / "again.sqlite", who="amina")
    again = store.open(tmp_path / "again.sqlite")
    assert acts(again.as_user(user())) == [("admin", "backed up"), ("amina", "restored")]
    again.close()


def test_the_trail_is_filtered_by_name_act_and_day(opened, admin):
    days = ("2026-01-05", "2026-01-06", "2026-01-07")
    for who, what, day in zip(("jo", "Jon", "sam"), (Act.SIGNED_IN,) * 2 + (Act.READ,), days,
                              strict=True):  # fmt: skip
        opened.record(who, what, at=f"{day}T09:00:00.000000Z")
    assert acts(admin, who="JO") == [("jo", "signed in"), ("Jon", "signed in")]
    assert acts(admin, what="read true counts") == [("sam", "read true counts")]
    sixth = __import__("datetime").date(2026, 1, 6)
    assert acts(admin, since=sixth, until=sixth) == [("Jon", "signed in")]
    assert acts(admin, who="%") == []


def test_hostile_words_are_kept_as_codes(opened, admin):
    opened.record("jo\x1b[31m", Act.REFUSED, {"why": "a\u202eb" + "x" * 999})
    (one,) = admin.trail()
    assert one.who.isprintable()
    assert "\u202e" not in one.about
    assert len(one.about) < 1000


def test_a_flood_of_refusals_is_counted_and_not_listed(opened, admin, monkeypatch):
    moment = [1000.0]
    monkeypatch.setattr(trail, "monotonic", lambda: moment[0])
    for _ in range(trail.MOST_A_MINUTE + 40):
        opened.record("", Act.SIGN_IN_REFUSED, {"address": "10.0.0.1"})
    assert len(admin.trail()) == trail.MOST_A_MINUTE
    moment[0] += 61
    opened.record("", Act.SIGN_IN_REFUSED, {"address": "10.0.0.1"})
    newest, left, *_ = admin.trail()
    assert (left.what, left.told) == ("left out", {"of": "sign-in refused", "times": 40})
    assert newest.what == "sign-in refused"


def test_a_line_goes_to_the_log_too_and_nowhere_is_there_a_count(opened, admin, caplog):
    caplog.set_level("INFO", logger="qi_equity.store.trail")
    admin.log(PROJECT, [row(987, 6543, week="2025-02-03")])
    admin.observations(PROJECT)
    (one,) = admin.trail()
    told = [json.dumps(record.trail) for record in caplog.records if hasattr(record, "trail")]
    assert len(told) == 1
    for number in (987, 6543):
        assert not says(number, [one.about, *told, caplog.text])


def test_what_cannot_be_kept_is_in_the_log_and_keeps_nobody_from_reading(
    opened, admin, monkeypatch, caplog
):
    def full(entries):
        raise store.StoreError("the disk is full")

    monkeypatch.setattr(opened.trail, "_write", full)
    assert len(admin.observations(PROJECT)) == 54
    opened.trail.flush()
    assert "could not be kept yet: the disk is full" in caplog.text
    with pytest.raises(store.StoreError, match="disk is full"):
        admin.record(Act.EXPORTED)
    monkeypatch.undo()
    opened.record("jo", Act.SIGNED_IN)
    assert acts(admin) == [("admin", "read true counts"), ("jo", "signed in")], "tried again"


# What is altered shows


@pytest.fixture
def place(tmp_path, opened, admin):
    for name in ("jo", "sam", "al"):
        opened.record(name, Act.SIGNED_IN, {"address": "10.0.0.1"})
    assert admin.verify().whole
    opened.close()
    return tmp_path / "network.sqlite"


CASES = {
    "who": ("UPDATE trail SET who = 'x' WHERE id = 2", "line 2 of the audit trail (signed in"),
    "what": ("UPDATE trail SET what = 'x' WHERE id = 2", "line 2"),
    "when": ("UPDATE trail SET at = '2020' WHERE id = 2", "line 2"),
    "about": ("UPDATE trail SET about = '{}' WHERE id = 2", "line 2"),
    "one left out": ("DELETE FROM trail WHERE id = 2", "line 2 of the audit trail is missing"),
    "the last left out": ("DELETE FROM trail WHERE id = 3", "should hold 3 lines, and holds 2"),
    "all left out": ("DELETE FROM trail", "should hold 3 lines, and holds 0"),
    "no link": ("DELETE FROM chain WHERE id = 2", "newest link is missing"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_was_altered_in_the_trail_is_named(place, case):
    statement, named = CASES[case]
    tamper(place, statement)
    opened = store.open(place)
    assert named in str(opened.as_user(user()).verify().broken)
    opened.close()


def test_the_newest_lines_deleted_with_their_chain_mended_are_named_by_what_was_noted(place):
    with closing(sqlite3.connect(place)) as connection:
        (digest,) = connection.execute("SELECT hash FROM trail WHERE id = 1").fetchone()
    tamper(
        place,
        "DELETE FROM trail WHERE id > 1",
        f"UPDATE chain SET revisions = 1, hash = '{digest}' WHERE id = 2",
    )
    opened = store.open(place)
    found = opened.as_user(user()).verify()
    assert "2 lines of the audit trail are missing: network.sqlite.head noted 3" in found.broken
    opened.close()


def test_the_trail_vouches_for_the_revisions_it_saw(place):
    """Newest counts deleted, their chain mended and every note taken away: a look is left."""
    with closing(sqlite3.connect(place)) as connection:
        (digest,) = connection.execute("SELECT hash FROM revision WHERE id = 40").fetchone()
    tamper(
        place,
        "DELETE FROM revision WHERE id > 40",
        f"UPDATE chain SET revisions = 40, hash = '{digest}' WHERE id = 1",
    )
    place.with_name("network.sqlite.head").unlink()
    opened = store.open(place)
    found = opened.as_user(user()).verify()
    assert "16 revisions are missing: the audit trail saw 56" in found.broken
    opened.close()


def test_the_database_itself_refuses_to_change_or_delete_a_line(place):
    with closing(sqlite3.connect(place)) as connection:
        for statement in ("UPDATE trail SET who = 'x'", "DELETE FROM trail"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)


def test_a_line_can_be_worked_out_by_anybody_with_the_exported_trail(admin, opened, tmp_path):
    opened.record("jo", Act.SIGNED_IN, {"address": "10.0.0.1"})
    admin.export(tmp_path / "out")
    previous = "0" * 64
    for text in (tmp_path / "out" / "trail.jsonl").read_text(encoding="utf-8").splitlines():
        one = json.loads(text)
        names = ("id", "at", "who", "what", "origin", "project", "about", "revisions", "head")
        told = json.dumps(
            [previous, *(one[name] for name in names)], separators=(",", ":"), ensure_ascii=False
        )
        previous = hashlib.sha256(told.encode()).hexdigest()
        assert previous == one["hash"]


# Files that the trail vouches for


def test_a_project_file_that_was_changed_since_it_was_used_is_named(admin, tmp_path):
    path = tmp_path / "project.yaml"
    path.write_text("id: x\n", encoding="utf-8")
    told = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    for _ in range(2):
        admin.note_file(Act.PROJECT_FILE, path, told, PROJECT)
    assert acts(admin) == [("admin", "project file used")], "once, while it stays as it is"
    assert admin.verify().whole
    path.write_text("id: y\n", encoding="utf-8")
    assert f"the project file {path} was changed since admin used it" in admin.verify().broken
    path.unlink()
    found = admin.verify()
    assert found.whole
    assert "was not looked at" in str(found)


def test_the_log_of_the_trail_is_quiet_at_a_higher_level(opened, caplog):
    caplog.set_level(logging.WARNING, logger="qi_equity.store.trail")
    opened.record("jo", Act.SIGNED_IN)
    assert not caplog.records
