"""A full disk and a file that may not be written: said in words, and nothing is lost."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from qi_equity import store
from store_network import PROJECT, made, row, table, user
from store_writers import (
    answer_of,
    back_up_with_so_much_room,
    import_with_so_much_room,
    log_with_so_much_room,
    read_and_write_as_nobody,
)


@pytest.fixture
def place():
    """A store in a folder that every user of the machine can reach."""
    folder = Path(tempfile.mkdtemp(prefix="qi-equity-store-"))
    opened = made(folder / "network.sqlite")
    opened.as_user(user()).import_table(PROJECT, table(("north",)), "a" * 64)
    opened.close()
    yield folder / "network.sqlite"
    folder.chmod(0o700)
    shutil.rmtree(folder)


def left(place):
    opened = store.open(place)
    view = opened.as_user(user())
    found, shown = view.verify(), len(view.observations(PROJECT))
    view.log(PROJECT, [row(1, 20, week="2013-01-07")])  # and it can be written to again
    opened.close()
    assert found.whole, found
    return shown


@pytest.mark.parametrize("room", [10_000, 30_000, 70_000])
def test_a_disk_that_fills_up_is_said_to_be_full_and_keeps_what_was_acknowledged(place, room):
    logged, said = answer_of(log_with_so_much_room, place, room)
    assert "the disk is full or cannot be written to" in said
    assert left(place) == 18 + logged


@pytest.mark.parametrize("room", [10_000, 100_000])
def test_a_file_too_large_for_the_disk_leaves_nothing_of_itself(place, room):
    assert "the disk is full" in answer_of(import_with_so_much_room, place, room)
    assert left(place) == 18


def test_a_backup_onto_a_full_disk_is_refused_and_leaves_no_half_of_one(place):
    copied, exported = answer_of(back_up_with_so_much_room, place, 2000)
    assert "could not be written" in copied
    assert "cannot be written" in exported, "what cannot be put on record is not exported"
    assert not list(place.parent.glob("away-backup*"))
    assert left(place) == 18


READ_ONLY = "the database is read-only; ask whoever keeps it"


@pytest.mark.parametrize(
    ("folder", "file", "shown"),
    [(0o777, 0o444, 18), (0o555, 0o666, None), (0o555, 0o444, None)],
    ids=["the file", "the folder", "both"],
)
def test_a_store_that_may_not_be_written_says_so_and_is_read_where_it_can_be(
    place, folder, file, shown
):
    place.chmod(file)
    place.parent.chmod(folder)
    read, said = answer_of(read_and_write_as_nobody, place)
    assert READ_ONLY in said
    assert read == shown
    place.parent.chmod(0o777)
    place.chmod(0o666)
    assert left(place) == 18
