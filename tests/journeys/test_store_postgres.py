"""The store on PostgreSQL keeps, refuses and restores just as it does in a file."""

from __future__ import annotations

import itertools
import threading
from contextlib import closing
from datetime import date

import psycopg
import pytest

from qi_equity import store
from qi_equity.errors import DataErrors, UserError
from store_network import PROJECT, YAML, AsLogged, kept, made, row, table, user
from store_writers import database

pytestmark = pytest.mark.postgres
NUMBERS = itertools.count()
FIRST = ("pph", "north", "Black", "2025-01-06")


@pytest.fixture
def place(postgres_url):
    return database(postgres_url, f"network_{next(NUMBERS)}")


@pytest.fixture
def opened(place):
    opened = made(place, protect=AsLogged())
    opened.as_user(user()).import_table(PROJECT, table(), "a" * 64)
    yield opened
    opened.close()


@pytest.fixture
def admin(opened):
    return opened.as_user(user())


def run(place, *statements):
    with closing(psycopg.connect(place.replace("+psycopg", ""), autocommit=True)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_counts_are_kept_corrected_undone_and_shown_to_whom_they_belong(admin, opened):
    jo = opened.as_user(user("contributor", "north", name="jo"))
    assert len(kept(jo)) == 18
    (first,) = jo.history(PROJECT, FIRST)
    jo.log(PROJECT, [row(5, 25, revision=first.id)], reason="recount")
    with pytest.raises(store.Conflict, match="jo saved 5 of 25"):
        admin.log(PROJECT, [row(6, 25, revision=first.id)], reason="recount")
    with pytest.raises(store.Forbidden):
        jo.log(PROJECT, [row(6, 25, site="south")])
    jo.undo(jo.history(PROJECT, FIRST)[-1].id, "the first was right")
    assert [one.version for one in jo.history(PROJECT, FIRST)] == [1, 2, 3]
    assert admin.verify().whole
    assert admin.import_table(PROJECT, table(), "a" * 64).already
    wrong = table()
    wrong.loc[3, "numerator"] = 900
    with pytest.raises(DataErrors, match="above the denominator"):
        admin.import_table(PROJECT, wrong, "b" * 64)


def test_entries_consent_and_protected_counts(admin, opened):
    key = admin.write(PROJECT, store.SessionNote(day=date(2025, 1, 6), text="مريم =1+1 <b>"))
    guide = opened.as_user(user("facilitator"))
    assert guide.entries(PROJECT, store.SessionNote)[key].content.text == "مريم =1+1 <b>"
    assert guide.protected(PROJECT) is None
    admin.consent(PROJECT, "south", True)
    admin.release(PROJECT)
    assert set(guide.protected(PROJECT)["site"]) == {"south"}
    with pytest.raises(store.Forbidden):
        guide.observations(PROJECT)


def test_the_server_itself_refuses_to_change_or_delete_a_revision(admin, place):
    for statement in (
        "UPDATE revision SET body = NULL",
        "DELETE FROM revision",
        "UPDATE change SET who = 'x'",
        "DELETE FROM change",
    ):
        with pytest.raises(psycopg.Error, match="append-only"):
            run(place, statement)


def test_the_server_itself_keeps_the_trail_and_refuses_to_empty_a_table(admin, opened, place):
    opened.record("jo", store.Act.SIGNED_IN, {"address": "10.0.0.1"})
    admin.observations(PROJECT)
    assert [one.what for one in admin.trail()] == ["read true counts", "signed in"]
    assert admin.trail(who="JO", what="signed in")[0].told == {"address": "10.0.0.1"}
    for statement in (
        "UPDATE trail SET who = 'x'",
        "DELETE FROM trail",
        "TRUNCATE trail",
        "TRUNCATE revision",
        "TRUNCATE change CASCADE",
    ):
        with pytest.raises(psycopg.Error, match="append-only"):
            run(place, statement)
    found = admin.verify()
    assert (found.whole, found.lines) == (True, 2)
    run(place, "ALTER TABLE trail DISABLE TRIGGER trail_no_update")
    assert "trail_no_update missing" in admin.verify().broken
    run(place, "ALTER TABLE trail ENABLE TRIGGER trail_no_update",
        "CREATE OR REPLACE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RETURN NULL; END $$")  # fmt: skip
    assert "revision_no_truncate" in admin.verify().broken


def test_a_rule_or_trigger_on_the_server_that_drops_what_is_saved_is_named(admin, place):
    run(place, "CREATE TABLE of_others (a int)",
        "CREATE RULE theirs AS ON INSERT TO of_others DO INSTEAD NOTHING")  # fmt: skip
    assert admin.verify().whole
    run(place, "CREATE RULE quiet AS ON INSERT TO revision DO INSTEAD NOTHING")
    assert "drop or change what is saved: quiet" in admin.verify().broken
    run(place, "DROP RULE quiet ON revision",
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RETURN NULL; END $$",
        "CREATE TRIGGER silent BEFORE INSERT ON change FOR EACH ROW EXECUTE FUNCTION nothing()",
        )  # fmt: skip
    assert "drop or change what is saved: silent" in admin.verify().broken


def test_what_was_lost_is_told_with_how_much_by_a_head_in_a_second_place(
    admin, opened, place, postgres_url, tmp_path
):
    second = str(tmp_path / "heads")
    noted = admin.backup(tmp_path / "old.sqlite", second).head
    admin.log(PROJECT, [row(1, 20, week=f"2026-01-{day:02d}") for day in range(1, 21)])
    admin.backup(tmp_path / "new.sqlite", second)
    assert admin.verify(second=second).whole
    away = database(postgres_url, f"lost_{next(NUMBERS)}")
    empty = store.open(away)
    said = str(empty.as_user(user()).verify(second=second))
    assert "76 revisions are missing: heads noted 76" in said
    assert "newest revisions are missing" in empty.as_user(user()).verify(noted).broken
    assert "holds no revision" in empty.as_user(user()).verify().broken
    assert "76 revisions are missing" in empty.missing(second)
    empty.close()
    found = store.restore(tmp_path / "old.sqlite", away, second=second)
    assert "what was restored is older: 20 revisions are missing" in str(found)
    opened.close()
    run(
        place,
        "ALTER TABLE revision DISABLE TRIGGER ALL",
        "DELETE FROM revision WHERE id > 56",
        "ALTER TABLE change DISABLE TRIGGER ALL",
        "DELETE FROM change WHERE id > 2",
        f"UPDATE chain SET revisions = 56, changes = 2, hash = '{noted}' WHERE id = 1",
        "ALTER TABLE revision ENABLE TRIGGER ALL",
        "ALTER TABLE change ENABLE TRIGGER ALL",
    )
    again = store.open(place)
    (tmp_path / "heads").write_text(
        "".join((tmp_path / "heads").read_text().splitlines(keepends=True)[:2])
    )
    said = again.as_user(user()).verify(second=second).broken
    assert "20 revisions are missing" in said
    said = again.as_user(user()).verify().broken
    assert "20 revisions are missing: the audit trail saw 76" in said
    again.close()


def test_an_undo_of_nonsense_is_refused_in_words(admin):
    for number in (0, -1, 2**63, 10**30, True, 1.5, "7", None, "'; DROP"):
        with pytest.raises(UserError, match="no number of a revision"):
            admin.undo(number, "why not")
    with pytest.raises(store.Forbidden, match="that you may undo"):
        admin.undo(2**63 - 1, "why not")


def test_what_was_altered_is_found(admin, place):
    run(
        place,
        "ALTER TABLE revision DISABLE TRIGGER ALL",
        "UPDATE revision SET body = replace(body, ':2', ':3') WHERE id = 9",
    )
    assert "revision 9 (observation" in str(admin.verify().broken)


def test_the_history_is_whole_to_whoever_looks_while_others_write(admin, tmp_path):
    def write():
        for day in range(1, 25):
            admin.log(PROJECT, [row(1, 20, week=f"2026-01-{day:02d}")])

    writer = threading.Thread(target=write)
    writer.start()
    looks = [admin.verify() for _ in range(8)]
    copies = [admin.backup(tmp_path / f"copy{number}.sqlite") for number in range(2)]
    writer.join()
    assert [str(look.broken) for look in looks + copies] == ["None"] * 10


def test_a_backup_is_a_file_and_goes_back_into_a_server_or_a_file(admin, postgres_url, tmp_path):
    before, found = kept(admin), admin.backup(tmp_path / "copy.sqlite")
    assert found == admin.verify()
    away = database(postgres_url, f"restored_{next(NUMBERS)}")
    for target in (tmp_path / "again.sqlite", away):
        assert store.restore(tmp_path / "copy.sqlite", target) == found
        again = store.open(target)
        view = again.as_user(user())
        assert (kept(view), view.verify()) == (before, found)
        view.log(PROJECT, [row(1, 20, week="2026-01-05")])
        assert view.verify().whole
        again.close()
    with pytest.raises(store.StoreError, match="is not empty"):
        store.restore(tmp_path / "copy.sqlite", away)


def test_an_export_is_the_same_as_from_a_file(admin, tmp_path):
    admin.backup(tmp_path / "copy.sqlite")
    store.restore(tmp_path / "copy.sqlite", tmp_path / "again.sqlite")
    admin.export(tmp_path / "server")
    again = store.open(tmp_path / "again.sqlite")
    again.as_user(user()).export(tmp_path / "file")
    again.close()
    for name in ("revisions.jsonl", f"{PROJECT}.csv", f"{PROJECT}.yaml"):
        assert (tmp_path / "server" / name).read_bytes() == (tmp_path / "file" / name).read_bytes()


@pytest.mark.parametrize("version", ["0001", "0002"])
def test_an_older_schema_is_backed_up_first_and_a_newer_one_refused(
    place, opened, tmp_path, version
):
    found = opened.as_user(user()).verify()
    opened.close()
    acts = ("update", "delete", "truncate") if version == "0001" else ("truncate",)
    run(
        place,
        "DROP TABLE trail",
        "DELETE FROM chain WHERE id = 2",
        *(f"DROP TRIGGER {name}_no_{act} ON {name}" for name in ("change", "revision")
          for act in acts),
        *(["DROP FUNCTION refuse_rewriting"] if version == "0001" else []),
        f"UPDATE qi_equity_schema SET version_num = '{version}'",
    )  # fmt: skip
    again = store.open(place, backups=tmp_path)
    assert again.as_user(user()).verify() == found
    again.close()
    (copy,) = tmp_path.iterdir()
    assert store.restore(copy, tmp_path / "again.sqlite") == found
    run(place, "UPDATE qi_equity_schema SET version_num = '0099'")
    with pytest.raises(store.StoreError, match="written by a newer qi_equity"):
        store.open(place)


def test_a_server_that_does_not_answer_is_said_not_to():
    with pytest.raises(store.StoreError, match="did not answer") as refused:
        store.open("postgresql://qi:secret@127.0.0.1:1/network")
    assert "secret" not in str(refused.value)


def test_another_users_tables_beside_it_are_left_alone(postgres_url):
    place = database(postgres_url, f"shared_{next(NUMBERS)}")
    run(place, "CREATE TABLE books (title TEXT)", "INSERT INTO books VALUES ('Beloved')")
    opened = made(place)
    assert opened.as_user(user()).project_file(PROJECT).content == YAML
    opened.close()


def test_an_acknowledged_write_is_on_the_servers_disk_whatever_its_settings(place):
    name = place.rsplit("/", 1)[1]
    run(place, f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    opened = made(place)
    with opened._database.writing() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    opened.close()
