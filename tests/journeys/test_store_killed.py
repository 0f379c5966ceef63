"""A writer killed at any moment: what was acknowledged is there, nothing is half there."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from qi_equity import store
from store_network import PROJECT, made, user
from store_writers import PROCESSES, acknowledged, database, write_until_killed


def kill_again_and_again(place, folder, times):
    """Start a writer and kill it at a random moment, so many times; what was acknowledged."""
    made(place).close()
    chance = random.Random(20260105)
    total = Counter()
    for number in range(times):
        said = folder / f"acknowledged{number}"
        writer = PROCESSES.Process(target=write_until_killed, args=(str(place), number, str(said)))
        writer.start()
        # Every other one is let write something first, however slow the machine is today.
        while number % 2 and not said.exists():
            writer.join(0.005)
            assert writer.exitcode is None, "it ended before it was killed"
        writer.join(chance.uniform(0, 0.3))
        writer.kill()
        writer.join()
        assert writer.exitcode == -9, "killed, not fallen over"
        total += inspect(place, list(acknowledged(said)))
    return total


def inspect(place, said):
    """Open the store as it was left: it must be whole, and hold all that was acknowledged."""
    opened = store.open(place)
    view = opened.as_user(user())
    found = view.verify()
    assert found.whole, found
    revisions = view.history(PROJECT, most=10_000_000)
    by_key = {}
    for one in reversed(revisions):
        by_key.setdefault(one.key, []).append(one)
    for act, what, *count in said:
        if act == "log":
            kept = by_key[json.dumps(what, separators=(",", ":"))]
            assert count[0] in [json.loads(one.body)["numerator"] for one in kept]
        elif act in ("import", "note"):
            assert by_key[what][0].body is not None
        else:
            assert count[0] in [one.version for one in by_key[what]]
    rows_of = Counter(one.file_hash for one in revisions if one.kind == "observation")
    for one in revisions:
        if one.kind == "import":
            assert rows_of.pop(one.key) == json.loads(one.body)["taken"], "half a file"
    assert set(rows_of) <= {None}, "rows of a file without its account"
    opened.close()
    return Counter(act for act, *_ in said)


def test_a_writer_killed_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path, capsys):
    total = kill_again_and_again(tmp_path / "network.sqlite", tmp_path, 25)
    with capsys.disabled():
        print(f"\n25 kills; acknowledged before them: {dict(total)}")
    assert total.total() >= 12


@pytest.mark.long
def test_a_writer_killed_at_three_hundred_moments(tmp_path, capsys):
    total = kill_again_and_again(tmp_path / "network.sqlite", tmp_path, 300)
    with capsys.disabled():
        print(f"\n300 kills; acknowledged before them: {dict(total)}")


@pytest.mark.postgres
def test_a_writer_on_postgresql_killed_at_any_moment(tmp_path, postgres_url, capsys):
    total = kill_again_and_again(database(postgres_url, "killed"), tmp_path, 15)
    with capsys.disabled():
        print(f"\n15 kills on PostgreSQL; acknowledged before them: {dict(total)}")
    assert total.total() >= 7
