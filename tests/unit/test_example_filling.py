"""The example network goes in project by project, and an ended demo is completed by the next."""

from __future__ import annotations

from contextlib import closing

import pandas as pd
import pytest

from qi_equity import store
from qi_equity.app import example
from qi_equity.app.filling import filling
from qi_equity.store.entries import Engagement
from qi_equity.store.gathered import Heard, Staff

TODAY = pd.Timestamp("2026-11-27")
SMALL = "chds_preterm"  # counted, and small


def desk_of(kept):
    return kept.as_user(example.VISITOR, origin="cli")


def test_a_project_that_is_in_stays_as_it_is_and_one_without_counts_is_completed(
    tmp_path, monkeypatch
):
    with monkeypatch.context() as patched:
        patched.setattr(store.Desk, "import_table", lambda *given, **named: None)
        example.fill(tmp_path, (SMALL,), TODAY)  # as if it had been ended amid the project
    with closing(store.open(tmp_path / example.STORE)) as kept:
        assert desk_of(kept).projects() == (SMALL,)
        assert desk_of(kept).observations(SMALL).empty
    example.fill(tmp_path, (SMALL,), TODAY)
    with closing(store.open(tmp_path / example.STORE)) as kept:
        before = desk_of(kept).revision(SMALL)
        assert len(desk_of(kept).observations(SMALL))
    example.fill(tmp_path, (SMALL,), TODAY)
    with closing(store.open(tmp_path / example.STORE)) as kept:
        assert desk_of(kept).revision(SMALL) == before


def test_a_demo_that_was_ended_amid_the_stories_is_completed_on_another_day(tmp_path, monkeypatch):
    name, earlier = example.STORIES_OF, TODAY - pd.Timedelta(weeks=9)
    with monkeypatch.context() as patched:
        patched.setattr(store.Desk, "import_table", lambda *given, **named: None)
        example.fill(tmp_path, (name,), earlier)
    example.fill(tmp_path, (name,), TODAY)
    with closing(store.open(tmp_path / example.STORE)) as kept:
        desk = desk_of(kept)
        last = desk.observations(name)["subgroup"].max()
        begun = min(one.start for one in desk.project(name).cycles)
        assert TODAY - last < pd.Timedelta(weeks=3)
        expected = example._living(name, TODAY)[0].project
        assert begun == min(one.start for one in expected.cycles)
        assert [len(desk.entries(name, kind)) for kind in (Heard, Staff, Engagement)] == [1, 1, 1]


def test_a_folder_that_is_a_file_is_told_as_such(tmp_path):
    place = tmp_path / "taken"
    place.write_text("", encoding="utf-8")
    with filling(place) as began, pytest.raises(FileExistsError):
        began.begun()


def test_the_truth_of_each_project_is_written_down_once_beside_the_others(tmp_path):
    path = tmp_path / example.TRUTH
    mine = pd.DataFrame({"project": ["a"], **{day: [TODAY] for day in example.TOLD_DAYS}})
    other = mine.assign(project="b")
    mine.to_csv(path, index=False)
    example._beside(path, other).to_csv(path, index=False)
    assert list(example._beside(path, mine)["project"]) == ["b", "a"]
