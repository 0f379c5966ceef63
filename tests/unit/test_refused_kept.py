"""What was refused of a table is kept beside its counts, however the file comes in."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from qi_equity import analyse, project_file, sources, store
from qi_equity.app.actions import act
from qi_equity.app.looks import look
from qi_equity.app.state import choose, parse
from qi_equity.cli import app, arrivals
from qi_equity.disclosure.released import release
from qi_equity.observations import KEY, observations, with_totals
from qi_equity.project import Project
from qi_equity.sources import keeping

TEXT = """\
id: trial
title: A trial
clinical_area: other
network: N
sites: [{id: north, name: North}]
aim:
  {population: women, measure: pph, from: 0.2, to: 0.1, by: 2027-01-01, equity: [
    {stratum: Black, measure: pph, from: 0.2, to: 0.1, by: 2027-01-01}]}
strata:
  groups:
    - {name: Black, codes: [Black]}
    - {name: White, codes: [White]}
    - {name: Not recorded, unknown: true, missing: true}
  reference: {compare_with: everyone else, reason: no group is the norm}
measures:
  - {id: pph, name: PPH, role: outcome, numerator: bleeds, denominator: births,
     direction: decrease, subgroup: week}
data: {kind: table, path: counts.csv, subgroup: week, stratum: group, numerator: pph,
       denominator: births}
"""
WEEKS = pd.date_range("2024-01-01", periods=30, freq="7D").strftime("%Y-%m-%d")
HEAD = "week,group,pph,births"


def text(wrong: int = 0, *, more: str = "") -> str:
    """Counts of two groups; of one group's first weeks the numerator cannot be read."""
    rows = [
        f"{week},{group},{'see notes' if group == 'Black' and at < wrong else n},{births}"
        for at, week in enumerate(WEEKS)
        for group, n, births in (("Black", 12, 40), ("White", 6, 60))
    ]
    return "\n".join([HEAD, *rows, more])


@pytest.fixture
def plan(tmp_path: Path) -> Project:
    (tmp_path / "trial.yaml").write_text(TEXT, encoding="utf-8")
    return project_file.load(tmp_path / "trial.yaml")


@pytest.fixture
def desk(plan: Project, tmp_path: Path) -> Iterator[store.Desk]:
    with closing(store.open(tmp_path / "app.sqlite")) as opened:
        own = opened.as_user(store.User("Asha", "admin"))
        own.save_project(plan, TEXT)
        yield own


def dropped(desk: store.Desk, plan: Project, content: str) -> str:
    """A file brought in on the log page, as it was shown."""
    choice = choose(parse("?page=log"), [plan], lambda *_: ["north"])
    fields = {"file": b64encode(content.encode()).decode(), "file_name": "counts.csv"}
    shown = look("upload", desk, choice, fields)
    fields |= {"digest": shown["digest"], "reason": "the file"}
    return f"{shown['keep']} {act('upload', desk, choice, fields)}"


def kept(desk: store.Desk) -> pd.DataFrame:
    return desk.observations("trial").drop(columns="revision")


def test_it_is_the_same_through_the_app_the_terminal_and_the_folder(desk, plan, tmp_path) -> None:
    content = text(12, more=f"{WEEKS[3]},Martian,1,10")
    said = dropped(desk, plan, content)
    assert "Keep 48 rows and leave out what was refused (13)" in said
    assert "48 rows taken" in said
    (tmp_path / "counts.csv").write_text(content, encoding="utf-8")
    place, file = tmp_path / "terminal.sqlite", tmp_path / "counts.csv"
    ran = CliRunner().invoke(
        app,
        ["import", str(tmp_path / "trial.yaml"), str(file), "--database", str(place),
         "--accept-valid"],
    )  # fmt: skip
    assert ran.exit_code == 0, ran.output
    imported = sources.load(plan, file)
    with closing(store.open(place)) as opened:
        terminal = kept(opened.as_user(store.User("Jo", "admin")))
    with closing(store.open(tmp_path / "folder.sqlite")) as opened:
        watching = opened.as_user(store.User("Watch", "admin"))
        watching.save_project(plan, TEXT)
        assert arrivals.take(watching, plan, file, accept_valid=True).rows == 48
        folder = kept(watching)
    expected = imported.with_doubt
    for one in (kept(desk), terminal, folder):
        assert one.to_csv() == expected.to_csv()
    assert expected["unread"].sum() == 12 * 40 + 10
    # Of the row of no group the date is known, so that it is shared out within its week.
    white = expected[(expected["stratum"] == "White") & (expected["unread"] > 0)]
    assert white["subgroup"].dt.strftime("%Y-%m-%d").tolist() == [WEEKS[3]]


def test_a_verdict_is_held_back_from_what_the_store_holds_and_from_the_network(desk, plan) -> None:
    dropped(desk, plan, text(12))
    found = analyse(plan, kept(desk)).gaps
    assert set(found["verdict"]) == {"held back"}
    record = release(plan, kept(desk), "msds", judge=False).record
    assert record["parts"]["trial"]["unrecorded"] == [["pph", "north"]]
    dropped(desk, plan, text())
    assert "unread" not in kept(desk)
    record = release(plan, kept(desk), "msds", judge=False).record
    assert record["parts"]["trial"]["unrecorded"] == []


def test_an_export_reads_back_with_what_was_refused(desk, plan, tmp_path) -> None:
    dropped(desk, plan, text(3))
    file = tmp_path / "export.csv"
    desk.observations("trial").to_csv(file, index=False)
    again = sources.load(plan, file)
    assert (len(again.refused), again.taken) == (0, 60)
    pd.testing.assert_frame_equal(again.with_doubt, kept(desk), check_dtype=False)
    assert keeping.kept(plan, again).counted == 57


def test_a_refused_row_never_covers_a_count_and_a_count_covers_it(desk, plan) -> None:
    dropped(desk, plan, text())
    assert "60 counts" not in dropped(desk, plan, text(2))
    assert kept(desk)["numerator"].notna().all()
    assert "unread" not in kept(desk)


def test_counts_typed_in_place_of_a_refused_row_need_no_reason(desk, plan) -> None:
    dropped(desk, plan, text(1))
    (odd,) = desk.observations("trial").query("numerator.isna()").to_dict("records")
    assert odd["unread"] == 40
    typed = {name: odd[name] for name in (*KEY, "revision")}
    saved = desk.log("trial", [typed | {"numerator": 12, "denominator": 40}])
    assert (saved.written, saved.corrected) == (1, 0)
    assert "unread" not in kept(desk)
    # What is known of outcomes stays with a count that somebody corrects.
    row = desk.observations("trial").iloc[0].to_dict() | {"outcome_unknown": 5.0}
    desk.log("trial", [row], reason="counted again")
    row = desk.observations("trial").iloc[0].drop("outcome_unknown").to_dict()
    desk.log("trial", [row | {"numerator": 11}], reason="a slip")
    assert kept(desk).iloc[0][["numerator", "outcome_unknown"]].tolist() == [11, 5]


def test_totals_hold_what_was_refused_of_rows_without_a_count() -> None:
    key = {"measure": "pph", "stratum": "Black", "subgroup": "2024-01-01"}
    rows = [
        key | {"site": "north", "numerator": 1.0, "denominator": 9.0, "unread": 2.0},
        key | {"site": "south", "unread": 3.0},
        key | {"site": "south", "subgroup": "2024-01-08", "unread": 4.0},
    ]
    table = observations(rows)
    total = with_totals(table, "site", "All").query("site == 'All'")
    assert total["unread"].tolist() == [5, 4]
    assert total["denominator"].fillna(-1).tolist() == [9, -1]
