"""Heads noted outside the store: what was lost, rewound or begun anew is named, with how much."""

from __future__ import annotations

import json
import os
import shutil
import stat
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from typer.testing import CliRunner

from qi_equity import store
from qi_equity.cli import app
from qi_equity.errors import UserError
from qi_equity.store import heads
from store_network import PROJECT, made, row, table, user


@pytest.fixture
def place(tmp_path):
    place = tmp_path / "network.sqlite"
    opened = made(place)
    opened.as_user(user()).import_table(PROJECT, table(), "a" * 64)
    opened.close()
    return place


def log_more(place, many):
    opened = store.open(place)
    days = [f"2025-02-{day:02d}" for day in range(1, many + 1)]
    opened.as_user(user()).log(PROJECT, [row(1, 20, week=day) for day in days])
    opened.close()


def verified(place, **asked):
    opened = store.open(place)
    try:
        return opened.as_user(user()).verify(**asked)
    finally:
        opened.close()


def back_up(place, path, second=""):
    opened = store.open(place)
    try:
        return opened.as_user(user()).backup(path, second)
    finally:
        opened.close()


def on_the_terminal(*arguments, **environ):
    return CliRunner().invoke(app, list(arguments), env=environ)


def test_the_newest_link_is_written_beside_the_store_at_each_write_and_is_its_owners_alone(place):
    found = verified(place)
    (one,) = heads.newest(place)
    assert (one.number, one.head) == (found.revisions, found.head)
    log_more(place, 2)
    (one,) = heads.newest(place)
    assert one.number == found.revisions + 2
    if os.name != "nt":
        assert stat.S_IMODE(heads.newest_file(place).stat().st_mode) == 0o600


def test_a_store_whose_log_was_lost_says_how_many_revisions_are_missing(place, tmp_path):
    """20 acknowledged saves were in the WAL alone; the file without it is whole in itself."""
    before = tmp_path / "before"
    shutil.copy(place, before)
    log_more(place, 20)
    shutil.copy(before, place)
    found = verified(place)
    assert "20 revisions are missing: network.sqlite.head noted 76" in found.broken
    done = on_the_terminal("verify", "--database", str(place))
    assert (done.exit_code, "20 revisions are missing" in done.output) == (1, True)
    opened = store.open(place)
    assert "20 revisions are missing" in opened.missing()
    opened.close()


def test_an_older_backup_copied_into_place_says_how_many_are_missing(place, tmp_path):
    back_up(place, tmp_path / "old")
    log_more(place, 3)
    back_up(place, tmp_path / "new")
    shutil.copy(tmp_path / "old", place)
    heads.newest_file(place).unlink()
    assert "3 revisions are missing: network.sqlite.heads noted 59" in verified(place).broken


def test_a_restore_of_an_older_backup_says_how_many_are_missing_and_so_does_verify(place, tmp_path):
    back_up(place, tmp_path / "old")
    log_more(place, 3)
    found = store.restore(tmp_path / "old", place, replace=True)
    assert "what was restored is older: 3 revisions are missing" in str(found)
    back_up(place, tmp_path / "newer")
    log_more(place, 1)
    found = verified(place)
    assert found.whole, "it was asked for"
    back_up(place, tmp_path / "newest")
    store.restore(tmp_path / "old", place, replace=True)
    assert "1 revisions that were noted before" in str(verified(place))


@pytest.mark.parametrize("how", ["no bytes", "no file"])
def test_a_store_that_is_gone_is_not_begun_anew_in_silence(place, how):
    for rest in ("-wal", "-shm"):
        place.with_name(place.name + rest).unlink(missing_ok=True)
    place.unlink()
    if how == "no bytes":
        place.touch()
    with pytest.raises(store.StoreError, match="56 revisions are missing"):
        store.open(place)
    done = on_the_terminal("verify", "--database", str(place))
    assert done.exit_code == 1
    heads.newest_file(place).unlink()
    store.open(place).close()


def test_a_history_that_was_rewritten_is_not_what_was_noted_beside_it(place, tmp_path):
    heads.note(place, "", store.Verified(56, "f" * 64), "backup")
    assert "revision 56 is not the one that was noted" in verified(place).broken


# The second place


def test_each_backup_is_noted_in_a_second_place_and_verify_looks_there(place, tmp_path):
    second = tmp_path / "elsewhere" / "heads"
    second.parent.mkdir()
    found = back_up(place, tmp_path / "copy", str(second))
    (line,) = second.read_text(encoding="utf-8").splitlines()
    told = json.loads(line)
    assert (told["revisions"], told["head"], told["why"]) == (56, found.head, "backup")
    assert (told["lines"], told["line_head"]) == (found.lines, found.line_head)
    log_more(place, 2)
    back_up(place, tmp_path / "copy2", str(second))
    shutil.copy(tmp_path / "copy", place)
    for note in (heads.newest_file(place), heads.log_file(place)):
        note.unlink()
    assert verified(place).whole, "whoever took both notes away beside it"
    assert "2 revisions are missing: heads noted 58" in verified(place, second=str(second)).broken
    done = on_the_terminal("verify", "--database", str(place), QI_EQUITY_HEADS=str(second))
    assert (done.exit_code, "2 revisions are missing" in done.output) == (1, True)


def test_a_webhook_is_told_numbers_and_hashes_and_nothing_else(place, tmp_path):
    told = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if len(told) > 1 else 204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/secret-path"
    try:
        found = back_up(place, tmp_path / "copy", address)
        assert set(told[0]) == {"at", "why", "revisions", "head", "lines", "line_head"}
        assert told[0]["head"] == found.head
        with pytest.raises(UserError, match="could not be told") as refused:
            back_up(place, tmp_path / "copy2", address)
        assert "secret-path" not in str(refused.value)
        assert found.head in str(refused.value)
        assert (tmp_path / "copy2").exists(), "the backup is made"
    finally:
        server.shutdown()
        server.server_close()


def test_a_second_place_that_is_none_is_said_to_be_none(place, tmp_path):
    with pytest.raises(UserError, match="must be an https:// address"):
        back_up(place, tmp_path / "copy", "http://elsewhere.example/x")
    with pytest.raises(UserError, match="could not be noted in"):
        back_up(place, tmp_path / "copy2", str(tmp_path / "nowhere" / "heads"))
    (tmp_path / "letter").write_text("Dear all\n", encoding="utf-8")
    with pytest.raises(UserError, match="line 1 is no head"):
        verified(place, second=str(tmp_path / "letter"))
