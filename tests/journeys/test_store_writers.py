"""Fifty writers at once: nothing lost, nothing doubled, conflicts said, nobody stuck."""

from __future__ import annotations

import json
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from qi_equity import store
from store_network import PROJECT, made, user
from store_writers import PROCESSES, SHARED_CELL, database, fight, write_beside_others

WRITERS = 50
WRITES = 2  # of each writer, on counts of its own, and as many on the one that all want


def all_at_once(place, writes, threads):
    """Fifty writers, each with counts of its own and one that all of them want."""
    opened = made(place)
    start = time.perf_counter()
    if threads:
        with ThreadPoolExecutor(WRITERS) as pool:
            came = list(pool.map(lambda n: fight(opened, n, writes), range(WRITERS)))
    else:
        with ProcessPoolExecutor(WRITERS, mp_context=PROCESSES) as pool:
            asked = [
                pool.submit(write_beside_others, str(place), n, writes) for n in range(WRITERS)
            ]
            came = [one.result() for one in asked]
    seconds = time.perf_counter() - start
    opened.close()
    return sum(came, Counter()), seconds


def nothing_lost_or_doubled(place, writes, came):
    """What was acknowledged is in the store, once."""
    opened = store.open(place)
    view = opened.as_user(user())
    assert view.verify().whole
    assert came["own"] == WRITERS * writes
    assert came["shared"] + came["agreed"] + came["conflict"] == WRITERS * writes
    own = [one for one in view.history(PROJECT, most=10**7)
           if one.kind == "observation" and json.loads(one.key) != list(SHARED_CELL)]  # fmt: skip
    assert len(own) == len({one.key for one in own}) == came["own"]
    shared = view.history(PROJECT, SHARED_CELL)
    # Each of these added one to what it had read: had one covered another, the last would be less.
    assert [json.loads(one.body)["numerator"] for one in shared] == [*range(1, came["shared"] + 1)]
    opened.close()


def told(capsys, what, came, seconds):
    with capsys.disabled():
        writes = came["own"] + came["shared"]
        print(
            f"\n{WRITERS} {what}: {writes} writes acknowledged, {came['conflict']} conflicts "
            f"reported, {seconds:.1f} s, {writes / seconds:.0f} writes a second"
        )


@pytest.mark.parametrize("threads", [False, True], ids=["processes", "app users"])
def test_fifty_writers_on_sqlite(tmp_path, capsys, threads):
    came, seconds = all_at_once(tmp_path / "network.sqlite", WRITES, threads)
    told(capsys, "app users on SQLite" if threads else "processes on SQLite", came, seconds)
    nothing_lost_or_doubled(tmp_path / "network.sqlite", WRITES, came)


@pytest.mark.postgres
@pytest.mark.parametrize("threads", [False, True], ids=["processes", "app users"])
def test_fifty_writers_on_postgresql(postgres_url, capsys, threads):
    place = database(postgres_url, f"writers_{threads}")
    came, seconds = all_at_once(place, WRITES, threads)
    told(capsys, "app users on PostgreSQL" if threads else "processes on PostgreSQL", came, seconds)
    nothing_lost_or_doubled(place, WRITES, came)


@pytest.mark.long
def test_fifty_writers_for_longer(tmp_path, capsys):
    came, seconds = all_at_once(tmp_path / "network.sqlite", 12, threads=False)
    told(capsys, "processes on SQLite", came, seconds)
    nothing_lost_or_doubled(tmp_path / "network.sqlite", 12, came)
