"""What the store keeps: every version, who made it and why; what it refuses, whole."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from qi_equity import store
from qi_equity.errors import DataErrors, UserError
from qi_equity.project import Cycle
from qi_equity.store import database, intake, releases, saving
from store_network import (
    PROJECT,
    SITES,
    WEEKS,
    YAML,
    AsLogged,
    kept,
    made,
    project,
    row,
    table,
    user,
)

FIRST = ("pph", "north", "Black", WEEKS[0])
HASH = "a" * 64


@pytest.fixture
def opened(tmp_path):
    opened = made(tmp_path / "network.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def jo(opened):
    return opened.as_user(user("contributor", "north", name="jo"))


@pytest.fixture
def sam(opened):
    return opened.as_user(user("contributor", "north", name="sam"))


@pytest.fixture
def admin(opened):
    return opened.as_user(user(), origin="cli")


def revision_of(view, key=FIRST):
    return view.history(PROJECT, key)[-1].id


# Logging


def test_what_was_logged_is_shown_and_the_rest_stays_missing(jo):
    saved = jo.log(PROJECT, [row(1, 20), row(None, None, week=WEEKS[1])])
    assert (saved.written, saved.corrected, saved.unchanged) == (1, 0, 1)
    assert kept(jo) == {FIRST: (1, 20)}
    assert jo.observations(PROJECT)["value"].isna().all()


def test_a_correction_keeps_both_versions_with_who_when_where_from_and_why(jo, opened):
    jo.log(PROJECT, [row(1, 20)])
    saved = opened.as_user(user("contributor", "north", name="sam"), origin="cli").log(
        PROJECT, [row(2, 20, revision=revision_of(jo))], reason="one was found in theatre's book"
    )
    assert (saved.written, saved.corrected) == (1, 1)
    first, second = jo.history(PROJECT, FIRST)
    assert (first.version, first.who, first.origin, first.why) == (1, "jo", "app", None)
    assert (second.version, second.who, second.origin) == (2, "sam", "cli")
    assert second.why == "one was found in theatre's book"
    assert first.at < second.at
    assert second.at.endswith("Z")
    assert kept(jo) == {FIRST: (2, 20)}


def test_a_correction_without_a_reason_is_refused(jo):
    jo.log(PROJECT, [row(1, 20)])
    for reason in (None, "", "  "):
        with pytest.raises(UserError, match="say why"):
            jo.log(PROJECT, [row(2, 20, revision=revision_of(jo))], reason=reason)
    assert kept(jo) == {FIRST: (1, 20)}


def test_the_same_counts_again_change_nothing(jo):
    before = jo.log(PROJECT, [row(1, 20)])
    again = jo.log(PROJECT, [row(1, 20)])
    assert (again.written, again.unchanged, again.revision) == (0, 1, before.revision)
    assert len(jo.history(PROJECT, FIRST)) == 1


def test_covering_a_newer_save_is_refused_and_shows_both(jo, sam):
    jo.log(PROJECT, [row(1, 20)])
    seen = revision_of(sam)
    jo.log(PROJECT, [row(2, 20, revision=seen)], reason="recount")
    with pytest.raises(store.Conflict) as refused:
        sam.log(
            PROJECT,
            [row(3, 20, revision=seen), row(1, 9, week=WEEKS[1])],
            reason="my own recount",
        )
    (clash,) = refused.value.clashes
    assert (clash.mine, clash.theirs, clash.who) == ("3 of 20", "2 of 20", "jo")
    assert "pph / north / Black / 2025-01-06: you have 3 of 20; jo saved 2 of 20 at 20" in str(
        refused.value
    )
    assert kept(sam) == {FIRST: (2, 20)}, "the other week was not saved either"


def test_a_count_that_was_not_seen_at_all_is_not_covered(jo, sam):
    jo.log(PROJECT, [row(1, 20)])
    with pytest.raises(store.Conflict):
        sam.log(PROJECT, [row(2, 20)], reason="I thought it was empty")
    with pytest.raises(store.Conflict):
        sam.log(PROJECT, [row(2, 20, revision=np.nan)], reason="I thought it was empty")


def test_the_table_that_was_read_can_be_edited_and_given_back(jo):
    jo.log(PROJECT, [row(1, 20), row(2, 30, week=WEEKS[1])])
    edited = jo.observations(PROJECT)
    edited.loc[0, "numerator"] = 3
    saved = jo.log(PROJECT, edited, reason="recount")
    assert (saved.written, saved.corrected, saved.unchanged) == (1, 1, 1)


def test_a_blank_row_withdraws_what_was_logged_and_it_can_be_logged_again(jo):
    jo.log(PROJECT, [row(1, 20)])
    jo.log(PROJECT, [row(None, None, revision=revision_of(jo))], reason="another unit's week")
    assert kept(jo) == {}
    assert jo.history(PROJECT, FIRST)[-1].body is None
    jo.log(PROJECT, [row(2, 20)])
    assert kept(jo) == {FIRST: (2, 20)}


def test_every_problem_of_a_log_is_named_and_nothing_is_kept(jo):
    with pytest.raises(DataErrors) as refused:
        jo.log(
            PROJECT,
            [
                row(1, 20),
                row(9, 5, week=WEEKS[1]),
                row(1, 20, measure="phh"),
                row(1, 20, site="nroth"),
                row(1, 20, stratum="Blakc"),
                row(20_000_000, 20_000_000, week=WEEKS[2]),
                row(1, None, stratum="White"),
                row(None, 20, stratum="Asian"),
            ],
        )
    text = str(refused.value)
    assert len(refused.value.problems) == 7
    assert "the numerator is above the denominator" in text
    assert "no such measure; did you mean 'pph'" in text
    assert "no such site; did you mean 'north'" in text
    assert "no such stratum; did you mean 'Black'" in text
    assert "above 10,000,000" in text
    assert "the denominator is missing" in text
    assert "write 0 where there was none" in text
    assert kept(jo) == {}


def test_a_measurement_is_kept_to_the_last_digit(jo):
    value = 0.1 + 0.2
    jo.log(PROJECT, [row(None, None, value=value)])
    assert jo.observations(PROJECT)["value"].tolist() == [value]


# Undo


def test_an_undo_is_a_new_revision_and_can_itself_be_undone(jo):
    jo.log(PROJECT, [row(1, 20)])
    jo.log(PROJECT, [row(2, 20, revision=revision_of(jo))], reason="recount")
    jo.undo(revision_of(jo), "the first count was right")
    assert kept(jo) == {FIRST: (1, 20)}
    jo.undo(revision_of(jo), "no, the second")
    assert kept(jo) == {FIRST: (2, 20)}
    assert [one.version for one in jo.history(PROJECT, FIRST)] == [1, 2, 3, 4]


def test_undoing_the_first_version_leaves_nothing_logged(jo):
    jo.log(PROJECT, [row(1, 20)])
    jo.undo(revision_of(jo), "the wrong week")
    assert kept(jo) == {}


def test_undoing_what_somebody_changed_since_is_refused(jo, sam):
    jo.log(PROJECT, [row(1, 20)])
    seen = revision_of(jo)
    sam.log(PROJECT, [row(2, 20, revision=seen)], reason="recount")
    with pytest.raises(store.Conflict, match="sam saved 2 of 20"):
        jo.undo(seen, "the wrong week")


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**30, True, 1.5, "7", None, "\x1b[31m"])
def test_an_undo_of_nonsense_is_refused_in_words(jo, number):
    with pytest.raises(UserError, match="no number of a revision") as refused:
        jo.undo(number, "why not")
    assert str(refused.value).isprintable()


def test_an_undo_needs_a_reason_and_a_revision(jo):
    jo.log(PROJECT, [row(1, 20)])
    with pytest.raises(UserError, match="needs a reason"):
        jo.undo(revision_of(jo), " ")
    with pytest.raises(store.Forbidden, match="no revision 999"):
        jo.undo(999, "why not")


# Imports


def test_a_file_is_kept_once_and_the_same_file_again_says_so(admin):
    first = admin.import_table(PROJECT, table(), HASH)
    assert (first.taken, first.corrected, first.already) == (54, 0, False)
    again = admin.import_table(PROJECT, table(), HASH)
    assert again.already
    assert str(again) == "this file is in the store already; nothing was changed"
    assert again.revision == first.revision
    assert admin.verify().revisions == 1 + 54 + 1


def test_an_imported_row_says_which_file_it_is_from(admin):
    admin.import_table(PROJECT, table(), HASH, reason="March extract")
    (first,) = admin.history(PROJECT, FIRST)
    assert (first.origin, first.file_hash, first.why) == ("import", HASH, "March extract")


def test_a_file_half_wrong_writes_nothing_and_names_every_row(admin):
    wrong = table()
    wrong.loc[[0, 5], "numerator"] = 900
    with pytest.raises(DataErrors) as refused:
        admin.import_table(PROJECT, wrong, HASH, refused=["line 70: no date"])
    assert len(refused.value.problems) == 3
    assert "line 70: no date" in str(refused.value)
    assert kept(admin) == {}


def test_with_accept_valid_the_rest_is_kept_and_every_refused_row_listed(admin):
    wrong = table()
    wrong.loc[[0, 5], "numerator"] = 900
    done = admin.import_table(PROJECT, wrong, HASH, accept_valid=True, refused=["line 70: no date"])
    assert (done.taken, len(done.refused)) == (52, 3)
    assert "refused: line 70: no date" in str(done)
    assert "refused: pph / north / Asian / 2025-01-06: the numerator is above the denominator" in (
        str(done)
    )
    assert len(kept(admin)) == 52


def test_rows_refused_once_are_taken_when_the_file_comes_again_and_they_are_fit(admin):
    both = table((*SITES, "west"))
    admin.import_table(PROJECT, both, HASH, accept_valid=True)
    assert len(kept(admin)) == 54
    assert admin.import_table(PROJECT, both, HASH, accept_valid=True).already
    wider = project((*SITES, "west"))
    admin.save_project(wider, YAML, seen=admin.project_file(PROJECT).revision)
    done = admin.import_table(PROJECT, both, HASH)
    assert (done.taken, done.already) == (18, False)
    assert admin.import_table(PROJECT, both, HASH).already


def test_an_older_file_that_comes_again_does_not_cover_a_newer_file(admin):
    older = table((*SITES, "west"))
    admin.import_table(PROJECT, older, HASH, accept_valid=True)
    newer = table()
    newer["denominator"] += 1
    admin.import_table(PROJECT, newer, "b" * 64)
    admin.save_project(project((*SITES, "west")), YAML, seen=admin.project_file(PROJECT).revision)
    assert admin.import_table(PROJECT, older, HASH).taken == 18
    assert {key: kept(admin)[key] for key in _counts(newer)} == {
        key: tuple(counts) for key, counts in _counts(newer).items()
    }


def test_a_newer_file_corrects_what_an_older_file_brought(admin):
    admin.import_table(PROJECT, table(), HASH)
    newer = table()
    newer.loc[0, "numerator"] += 1
    done = admin.import_table(PROJECT, newer, "b" * 64)
    assert (done.taken, done.corrected, done.unchanged) == (1, 1, 53)


def test_a_file_does_not_cover_what_somebody_logged_by_hand(admin, jo):
    admin.import_table(PROJECT, table(), HASH)
    jo.log(PROJECT, [row(7, 20, revision=revision_of(jo))], reason="recount")
    newer = table()
    newer["denominator"] += 1
    with pytest.raises(DataErrors, match=r"jo logged 7 of 20 by hand at .*, the file has"):
        admin.import_table(PROJECT, newer, "b" * 64)
    done = admin.import_table(PROJECT, newer, "b" * 64, accept_valid=True)
    assert (done.taken, len(done.refused)) == (53, 1)
    assert kept(admin)[FIRST] == (7, 20)


def test_undoing_an_import_takes_back_all_that_it_brought_and_it_can_come_again(admin):
    admin.import_table(PROJECT, table(), HASH)
    newer = table()
    newer["denominator"] += 1
    admin.import_table(PROJECT, newer, "b" * 64)
    (second,) = [one for one in admin.history(PROJECT) if one.key == "b" * 64]
    assert admin.undo(second.id, "the wrong extract").written == 55
    expected = {key: tuple(counts) for key, counts in _counts(table()).items()}
    assert kept(admin) == expected
    assert not admin.import_table(PROJECT, newer, "b" * 64).already
    assert kept(admin) == {key: tuple(counts) for key, counts in _counts(newer).items()}


def _counts(frame):
    keys = frame[["measure", "site", "stratum", "subgroup"]].itertuples(index=False, name=None)
    return dict(zip(keys, frame[["numerator", "denominator"]].to_numpy(float), strict=True))


def test_a_blank_in_a_file_withdraws_nothing(admin):
    admin.import_table(PROJECT, table(), HASH)
    blank = table()
    blank[["numerator", "denominator"]] = np.nan
    assert admin.import_table(PROJECT, blank, "b" * 64).taken == 0
    assert len(kept(admin)) == 54


def test_the_order_of_a_files_rows_makes_no_difference(admin):
    admin.import_table(PROJECT, table().sample(frac=1, random_state=1), HASH)
    assert kept(admin) == {key: tuple(counts) for key, counts in _counts(table()).items()}


# Projects, cycles, notes and actions


def test_a_project_is_kept_with_its_text_and_every_version(admin):
    assert admin.projects() == (PROJECT,)
    held = admin.project_file(PROJECT)
    assert held.content == YAML
    admin.save_project(project(), YAML + "# more\n", "a note", seen=held.revision)
    assert admin.project_file(PROJECT).content == YAML + "# more\n"
    assert admin.project(PROJECT) == project()
    with pytest.raises(store.Conflict):
        admin.save_project(project(), YAML + "# less\n", seen=held.revision)
    assert len(admin.history(PROJECT, "plan")) == 2


def test_undoing_a_projects_version_brings_the_text_before_back(admin):
    held = admin.project_file(PROJECT)
    admin.save_project(project(title="Another"), "another", seen=held.revision)
    admin.undo(admin.project_file(PROJECT).revision, "the old words were better")
    assert admin.project_file(PROJECT).content == YAML
    assert admin.project(PROJECT).title == "Fewer severe bleeds"


def test_the_first_version_of_a_project_cannot_be_undone(admin):
    first = admin.project_file(PROJECT).revision
    with pytest.raises(UserError, match="first version of a project"):
        admin.undo(first, "never mind")


CYCLE = Cycle(
    id="huddle", title="A huddle", start=date(2025, 1, 6), sites=("north",), plan="try a huddle"
)


@pytest.mark.parametrize(
    ("entry", "revised"),
    [
        (CYCLE, CYCLE.model_copy(update={"study": "fewer"})),
        (
            store.Annotation(day=date(2025, 1, 6), text="strike", sites=("north",)),
            store.Annotation(day=date(2025, 1, 7), text="strike", sites=("north",)),
        ),
        (
            store.SessionNote(day=date(2025, 1, 6), text="we listened", sites=("north",)),
            store.SessionNote(day=date(2025, 1, 6), text="we listened more", sites=("north",)),
        ),
        (
            store.Action(text="ring the women", owner="jo", sites=("north",)),
            store.Action(text="ring the women", owner="jo", sites=("north",), done=True),
        ),
    ],
    ids=["cycle", "annotation", "note", "action"],
)
def test_an_entry_is_kept_revised_undone_and_never_covered(jo, sam, entry, revised):
    kind = type(entry)
    key = jo.write(PROJECT, entry)
    held = sam.entries(PROJECT, kind)[key]
    assert (held.content, held.who) == (entry, "jo")
    jo.write(PROJECT, revised, key=key, seen=held.revision)
    assert jo.entries(PROJECT, kind)[key].content == revised
    with pytest.raises(store.Conflict, match="jo saved"):
        sam.write(PROJECT, entry, key=key, seen=held.revision)
    jo.undo(jo.entries(PROJECT, kind)[key].revision, "it was right before")
    assert jo.entries(PROJECT, kind)[key].content == entry
    assert [one.version for one in jo.history(PROJECT, key)] == [1, 2, 3]


def test_cycles_written_down_in_the_app_join_those_of_the_project_file(admin):
    first = CYCLE.model_copy(update={"id": "first"})
    held = admin.project_file(PROJECT)
    admin.save_project(project(cycles=(first, CYCLE)), YAML, seen=held.revision)
    changed = CYCLE.model_copy(update={"act": "keep it"})
    admin.write(PROJECT, changed)
    assert admin.project(PROJECT).cycles == (first, changed)


def test_a_key_that_is_not_there_cannot_be_revised(jo):
    with pytest.raises(UserError, match="no action with the key"):
        jo.write(PROJECT, store.Action(text="x", owner="jo", sites=("north",)), key="made_up")


# The revision by which charts are cached


def test_the_revision_changes_with_what_is_charted_and_not_with_a_session_note(admin):
    seen = [admin.revision(PROJECT)]

    def changes(act):
        act()
        seen.append(admin.revision(PROJECT))
        return seen[-1] != seen[-2]

    assert changes(lambda: admin.log(PROJECT, [row(1, 20)]))
    assert not changes(lambda: admin.log(PROJECT, [row(1, 20)]))
    assert changes(lambda: admin.consent(PROJECT, "north", True))
    assert changes(lambda: admin.write(PROJECT, CYCLE))
    assert changes(lambda: admin.undo(revision_of(admin), "no"))
    assert not changes(
        lambda: admin.write(PROJECT, store.SessionNote(day=date(2025, 1, 6), text="we listened"))
    )
    assert not changes(lambda: admin.save_project(project(name="other"), "other"))
    assert len(set(seen)) == 5


# Protected counts


def test_what_leaves_a_site_is_a_release_of_the_sites_that_consented(tmp_path):
    opened = made(tmp_path / "network.sqlite", protect=AsLogged())
    admin = opened.as_user(user())
    admin.import_table(PROJECT, table(), HASH)
    guide = opened.as_user(user("facilitator"))
    assert admin.release(PROJECT) is None, "nobody has consented yet"
    admin.consent(PROJECT, "south", True)
    admin.consent(PROJECT, "east", True)
    admin.consent(PROJECT, "east", False, "until the board has met")
    assert guide.protected(PROJECT) is None
    assert admin.release(PROJECT).record["sites"] == ["south"]
    assert set(guide.protected(PROJECT)["site"]) == {"south"}
    assert guide.consented(PROJECT) == ("south",)
    opened.close()


def test_a_later_release_is_told_of_those_before_as_they_were(tmp_path):
    opened = made(tmp_path / "network.sqlite", protect=AsLogged())
    admin = opened.as_user(user())
    admin.import_table(PROJECT, table(), HASH)
    admin.consent(PROJECT, "south", True)
    told = []

    def made_of(project, rows, earlier):
        told.append([len(one.observations) for one in earlier])
        return {"sites": ["south"], "rows": []}

    opened._protect.made = made_of
    admin.release(PROJECT)
    admin.log(PROJECT, [row(site="south", week="2025-03-03")])
    admin.release(PROJECT)
    admin.release(PROJECT)
    assert told == [[], [18], [18, 19]]
    opened.close()


def test_the_month_makes_a_release_of_the_counts_as_they_stood_when_it_began(tmp_path, monkeypatch):
    opened = made(tmp_path / "network.sqlite", protect=AsLogged())
    admin = opened.as_user(user())
    guide = opened.as_user(user("facilitator"))

    def clock(day):
        monkeypatch.setattr("qi_equity.store.history.now", lambda: f"{day}T09:00:00.000000Z")
        moment = datetime.fromisoformat(f"{day}T10:00:00+00:00")
        monkeypatch.setattr(releases, "current_moment", lambda: moment)

    clock("2026-01-20")
    admin.import_table(PROJECT, table(), HASH)
    admin.consent(PROJECT, "south", True)
    assert guide.protected(PROJECT) is None, "nothing stood when January began"
    clock("2026-02-03")
    admin.log(PROJECT, [row(site="south", week="2025-03-03")])
    assert len(guide.protected(PROJECT)) == 18, "what was logged in February waits"
    assert guide.protected(PROJECT) is not None
    (one,) = guide.releases(PROJECT)
    assert (one.day, one.who) == ("2026-02-01", "schedule")
    clock("2026-03-01")
    assert len(guide.protected(PROJECT)) == 19
    assert [each.number for each in guide.releases(PROJECT)] == [1, 2]
    opened.close()


def test_without_a_policy_nothing_is_given_out(opened):
    with pytest.raises(store.StoreError, match="without a disclosure policy"):
        opened.as_user(user("facilitator")).protected(PROJECT)


# Durability


def test_every_connection_waits_its_turn_and_writes_through_to_the_disk(opened):
    with opened._database.reading() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert settings == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 60_000,
    }  # fmt: skip


def test_a_writer_whose_turn_does_not_come_is_told_so_and_has_written_nothing(
    opened, jo, monkeypatch
):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with opened._database.writing():
        jo.observations(PROJECT)  # readers do not wait
        with pytest.raises(store.StoreError, match="stayed busy"):
            jo.log(PROJECT, [row(1, 20)])
    assert kept(jo) == {}
    jo.log(PROJECT, [row(1, 20)])


def test_keys_of_many_rows_are_those_of_each_and_tell_its_site():
    names = ['north, "old"', "süd", "a\\b", "c]d"]
    rows = pd.DataFrame(
        [(one, site, "Black", day) for one in names for site in names for day in WEEKS[:2]],
        columns=["measure", "site", "stratum", "subgroup"],
    )
    rows["subgroup"] = pd.to_datetime(rows["subgroup"])
    found = intake._keys(rows)
    assert found == [intake.key_of(*one) for one in rows.itertuples(index=False, name=None)]
    made = saving.drafts(PROJECT, "observation", dict.fromkeys(found), {})
    assert [one.site for one in made] == list(rows["site"])
