"""Counts that are read again after a save are those that reading all of them gives."""

from __future__ import annotations

import random

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from qi_equity.store import reread, saving
from store_network import MEASURES, PROJECT, SITES, STRATA, made, row, table, user

LATER = pd.date_range("2025-01-27", periods=20, freq="W-MON")
OFTEN = 60  # saves


@pytest.fixture
def opened(tmp_path):
    opened = made(tmp_path / "network.sqlite")
    opened.as_user(user()).import_table(PROJECT, table(), "a" * 64)
    yield opened
    opened.close()


def afresh(opened, sites):
    with opened._database.reading() as connection:
        return saving.true_counts(connection, PROJECT, frozenset(sites))


def same(opened):
    """To all who look, what is shown is what all rows say."""
    for site in (None, "north"):
        shown = opened.as_user(user()).observations(PROJECT, site=site)
        assert_frame_equal(shown, afresh(opened, SITES if site is None else [site]))


def anything(desk, chance):
    """One of what people do with counts."""
    shown = desk.observations(PROJECT)
    old = shown.iloc[chance.randrange(len(shown))]
    again = row(
        measure=old["measure"], site=old["site"], stratum=old["stratum"],
        week=f"{old['subgroup']:%Y-%m-%d}", revision=int(old["revision"]),
    )  # fmt: skip
    kind = chance.choice(["new", "corrected", "withdrawn", "undone"])
    if kind == "new":
        week = f"{chance.choice(LATER):%Y-%m-%d}"
        where = {"site": chance.choice(SITES), "stratum": chance.choice(STRATA)}
        new = row(chance.randrange(5), 20, measure=chance.choice(MEASURES), week=week, **where)
        there = shown[(shown["subgroup"] == week) & (shown["stratum"] == new["stratum"])]
        there = there[(there["site"] == new["site"]) & (there["measure"] == new["measure"])]
        if there.empty:
            desk.log(PROJECT, [new])
    elif kind == "corrected":
        desk.log(PROJECT, [again | {"numerator": chance.randrange(9), "denominator": 30}], "a slip")
    elif kind == "withdrawn":
        desk.log(PROJECT, [again | {"numerator": None, "denominator": None}], "a slip")
    else:
        (newest, *_) = [one for one in desk.history(PROJECT) if one.kind == "observation"]
        desk.undo(newest.id, "a slip")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_was_saved_what_is_shown_is_all_that_stands(opened, seed):
    desk, chance = opened.as_user(user()), random.Random(seed)
    for _ in range(OFTEN // 3):
        anything(desk, chance)
        same(opened)


def test_only_what_was_written_since_is_read(opened, monkeypatch):
    desk = opened.as_user(user())
    shown = desk.observations(PROJECT)
    monkeypatch.setattr(saving, "true_counts", None)  # nothing may ask for it
    seen = int(shown.iloc[0]["revision"])
    first = shown.iloc[0]
    changed = row(9, 99, measure=first["measure"], site=first["site"], stratum=first["stratum"],
                  week=f"{first['subgroup']:%Y-%m-%d}", revision=seen)  # fmt: skip
    desk.log(PROJECT, [changed], "a slip")
    again = desk.observations(PROJECT)
    assert (again.loc[0, ["numerator", "denominator"]] == [9, 99]).all()
    assert_frame_equal(again.iloc[1:], shown.iloc[1:])
    assert_frame_equal(desk.observations(PROJECT), again)


def test_what_somebody_does_with_the_table_is_theirs(opened):
    desk = opened.as_user(user())
    shown = desk.observations(PROJECT)
    shown.loc[:, "numerator"] = -1.0
    same(opened)


def test_many_changes_and_a_column_that_comes_or_goes_are_read_whole(opened):
    desk = opened.as_user(user())
    desk.observations(PROJECT)
    desk.import_table(PROJECT, table(weeks=("2025-03-03", "2025-03-10")), "b" * 64)
    same(opened)
    told = pd.DataFrame([row(1, 20, week="2025-04-07", outcome_unknown=3.0)])
    desk.import_table(PROJECT, told, "c" * 64)
    same(opened)
    assert "outcome_unknown" in desk.observations(PROJECT)
    (newest, *_) = [one for one in desk.history(PROJECT) if one.kind == "observation"]
    desk.undo(newest.id, "another file")
    same(opened)
    assert "outcome_unknown" not in desk.observations(PROJECT)


def test_another_store_in_its_place_is_read_afresh(opened, tmp_path):
    """As after a restore: its newest revision has the number of ours, or a higher one."""
    held = reread.Reread()
    with opened._database.reading() as connection:
        held.counts(connection, PROJECT, frozenset(SITES))
    other = made(tmp_path / "other.sqlite")
    desk = other.as_user(user())
    desk.import_table(PROJECT, table().assign(numerator=0.0), "d" * 64)
    for _ in range(2):
        with other._database.reading() as connection:
            shown = held.counts(connection, PROJECT, frozenset(SITES))
        assert_frame_equal(shown, afresh(other, SITES))
        desk.log(PROJECT, [row(2, 20, week="2025-05-05")])
    other.close()


def test_a_site_taken_from_somebody_is_not_shown_from_what_was_held(opened):
    both, one = user("contributor", "north", "south"), user("contributor", "north")
    assert set(opened.as_user(both).observations(PROJECT)["site"]) == {"north", "south"}
    assert set(opened.as_user(one).observations(PROJECT)["site"]) == {"north"}
