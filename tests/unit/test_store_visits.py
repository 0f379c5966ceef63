"""Visits: begun, idle, listed and ended, over restarts and in every process."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing

import pytest

from qi_equity.store.visits import MOST, NOTED_SECONDS, Visits, id_of

IDLE = 3600.0


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def visits(tmp_path, clock):
    visits = Visits(tmp_path / "users.json.visits", clock)
    visits.begin("k1", "Jo", clock() + 12 * 3600, "10.0.0.1", "Firefox")
    yield visits
    visits.close()


def lasts_again(visits, key):
    """As another process, or the server after a restart, finds it."""
    with closing(Visits(visits.path, visits.clock)) as found:
        return found.lasts(key, IDLE)


def test_a_visit_is_idle_by_when_it_was_last_used_also_after_a_restart(visits, clock):
    clock.now += IDLE - 10
    assert visits.lasts("k1", IDLE)
    visits.used("k1")
    clock.now += IDLE - 10
    assert visits.lasts("k1", IDLE)
    assert lasts_again(visits, "k1")
    clock.now += 20
    assert not visits.lasts("k1", IDLE)
    assert not lasts_again(visits, "k1")


def test_a_use_counts_to_the_second_and_is_written_once_in_a_while(visits, clock):
    visits.used("k1")
    clock.now += NOTED_SECONDS - 1
    visits.used("k1")
    clock.now += IDLE - 1
    assert visits.lasts("k1", IDLE)


def test_no_visit_outlasts_its_end_however_often_it_is_used(visits, clock):
    for _ in range(13):
        clock.now += 3500
        visits.used("k1")
    assert not visits.lasts("k1", IDLE)


def test_what_was_never_begun_here_does_not_last(visits):
    assert not visits.lasts("k2", IDLE)


def test_a_person_sees_their_own_and_ends_one_or_the_others_and_it_holds_everywhere(visits, clock):
    for key in ("k2", "k3"):
        clock.now += 1
        visits.begin(key, "JO", clock() + 100, "10.0.0.2", "x" * 999)
    visits.begin("s1", "Sam", clock() + 100, "10.0.0.3", "Chrome")
    seen = visits.of("jo", IDLE)
    assert [one.id for one in seen] == [id_of("k3"), id_of("k2"), id_of("k1")]
    assert len(seen[0].agent) <= 200
    assert visits.end("Jo", id_of("s1")) == 0, "another's"
    assert visits.end("Jo", id_of("k2")) == 1
    assert not lasts_again(visits, "k2")
    assert visits.end("Jo", but=id_of("k3")) == 1
    assert (visits.lasts("k3", IDLE), visits.lasts("k1", IDLE)) == (True, False)
    assert visits.end("Jo") == 1
    assert visits.lasts("s1", IDLE)


def test_the_key_that_the_cookie_holds_is_not_in_the_file_and_the_file_is_its_owners(visits):
    assert b"k1" not in visits.path.read_bytes()
    assert stat.S_IMODE(visits.path.stat().st_mode) == 0o600


def test_a_script_that_signs_in_without_end_keeps_so_many_visits(visits, clock):
    for number in range(MOST + 5):
        clock.now += 1
        visits.begin(f"more {number}", "Jo", clock() + 1000, "10.0.0.1", "")
    assert len(visits.of("Jo", IDLE)) == MOST
    assert not visits.lasts("k1", IDLE)


def test_a_file_that_is_none_of_visits_is_let_go_of(tmp_path, monkeypatch):
    opened = []
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **how: opened.append(connect(*args, **how)) or opened[0]
    )
    (tmp_path / "letter.visits").write_text("Dear all, " * 99, encoding="utf-8")
    with pytest.raises(sqlite3.DatabaseError, match="file is not a database"):
        Visits(tmp_path / "letter.visits")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


def test_hostile_words_of_a_browser_are_codes(visits, clock):
    visits.begin("k9", "Al", clock() + 100, "10.0.0.1\x1b[0m", "a\u202e\x07")
    (one,) = visits.of("Al", IDLE)
    assert one.agent.isprintable()
    assert one.address.isprintable()
