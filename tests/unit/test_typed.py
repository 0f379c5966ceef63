"""What is typed or pasted by hand: read as files are, or refused, and never another number."""

from __future__ import annotations

import re
from contextlib import closing

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_findings import made_project
from typer.testing import CliRunner

from qi_equity import store
from qi_equity.app.actions import act
from qi_equity.app.looks import look
from qi_equity.app.pages.weeks import opened_on, overdue, subgroups
from qi_equity.app.pasted import pasted
from qi_equity.app.state import choose, parse
from qi_equity.cli import app
from qi_equity.errors import DataErrors, UserError
from qi_equity.sources import load, typed

PROJECT = made_project()
PPH = PROJECT.measures[0]
MINUTES = PPH.model_copy(update={"data": "continuous", "unit": "min", "denominator": None})
MONDAY = pd.Timestamp("2025-06-02")
NAMES = ["numerator", "denominator"]


@pytest.mark.parametrize(
    ("text", "count", "minutes"),
    [
        ("7", 7, 7),
        ("1,200", 1200, None),  # 1.2 minutes, or 1200
        ("1 200", 1200, 1200),
        ("12,5", None, 12.5),
        ("36,5", None, 36.5),
        ("36.5", None, 36.5),
        ("0,450", None, 0.45),
        ("1,200,000", 1200000, 1200000),
        ("3/25", None, None),
        ("12%", None, None),
        ("<5", None, None),
        ("-3", None, None),
        ("n/a", None, None),
        ("nan", None, None),
        ("=1+1", None, None),
    ],
)
def test_a_typed_cell_is_its_number_or_refused(text, count, minutes):
    for name, measure, wanted in (("denominator", PPH, count), ("value", MINUTES, minutes)):
        cell = typed.read(text, name, measure)
        assert (cell.number if cell.state == "number" else None) == wanted
        assert cell.state == "number" or f"'{text}'" in cell.said


@given(st.text(alphabet="0123456789.,' +-%/<>", max_size=12))
def test_no_comma_is_ever_deleted_to_make_another_number(text):
    cell = typed.read(text, "denominator", PPH)
    if cell.state == "number" and "," in text:
        whole, _, share = text.partition("(")
        parts = re.sub("[^0-9,.]", "", whole).split(",")
        grouped = all(len(part.partition(".")[0]) == 3 for part in parts[1:])
        assert grouped or cell.number == float(".".join(parts)), share


@pytest.fixture
def desk(tmp_path):
    with closing(store.open(tmp_path / "network.sqlite")) as opened:
        admin = opened.as_user(store.User("Asha", "admin"))
        admin.save_project(PROJECT, "id: pph\n")
        yield admin


def chosen(page="log"):
    return choose(parse(f"?page={page}"), [PROJECT], lambda *_: [PROJECT.sites[0].id])


def row(numerator="1", denominator="9", day="2025-06-02", stratum="Black"):
    return {"measure": "pph", "stratum": stratum, "subgroup": day, "numerator": numerator,
            "denominator": denominator, "revision": ""}  # fmt: skip


def save(desk, *rows):
    fields = {"site": PROJECT.sites[0].id, "rows": list(rows)}
    return act("log", desk, chosen(), fields)


def test_the_form_keeps_what_was_meant_and_refuses_every_cell_it_cannot_read(desk):
    with pytest.raises(UserError, match=r"'12,5' is 12\.5, and a count is a whole number") as wrong:
        save(desk, row(denominator="12,5"), row(numerator="one", stratum="White"))
    assert "White, pph: 'one' is not a number" in str(wrong.value)
    assert desk.observations("pph").empty
    save(desk, row(denominator="1,200"))
    assert desk.observations("pph")["denominator"].tolist() == [1200]


def test_the_browser_is_told_what_the_server_reads_in_the_same_words(desk):
    cells = [{"measure": "pph", "name": "denominator", "text": text} for text in ("12,5", "1,200")]
    first, second = look("read", desk, chosen(), {"cells": cells})["cells"]
    assert first["said"] == typed.read("12,5", "denominator", PPH).said
    assert (second["number"], second["said"]) == (1200, "")


@pytest.mark.parametrize(
    "fields", [{}, {"cells": "x"}, {"cells": [1]}, {"cells": [{"measure": "none"}]}]
)
def test_a_question_that_no_page_asks_is_refused(desk, fields):
    for name in ("read", "paste", "nothing"):
        with pytest.raises(UserError, match="reload the page"):
            look(name, desk, chosen(), fields)


# A date that has not come


def test_a_subgroup_that_has_not_begun_is_refused_by_form_and_store(desk):
    site = PROJECT.sites[0].id
    ahead = pd.Timestamp.today().normalize() + pd.Timedelta(days=1)
    for day in (f"{ahead:%Y-%m-%d}", "2062-06-05"):
        with pytest.raises(DataErrors, match="this date has not come yet"):
            save(desk, row(day=day))
        rows = [{"measure": "pph", "site": site, "stratum": "Black", "subgroup": day,
                 "numerator": 1, "denominator": 9}]  # fmt: skip
        with pytest.raises(DataErrors, match="this date has not come yet"):
            desk.import_table("pph", rows, "1" * 64)
    save(desk, row(day=f"{pd.Timestamp.today():%Y-%m-%d}"))


def test_a_file_with_a_row_of_the_week_after_this_one_is_refused_by_its_row(tmp_path):
    today = pd.Timestamp.today().normalize()
    monday = today - pd.Timedelta(days=today.day_of_week - 7)
    path = tmp_path / "counts.csv"
    site = PROJECT.sites[0].id
    path.write_text(
        "measure,site,stratum,subgroup,numerator,denominator\n"
        f"pph,{site},Black,2025-06-02,1,9\npph,{site},Black,{monday:%Y-%m-%d},1,9\n"
        f"pph,{site},Black,2062-06-05,1,9\n",
        encoding="utf-8",
    )
    imported = load(PROJECT, path)
    assert imported.taken == 1
    assert imported.refused["rows"].sum() == 2
    assert all("not come yet" in reason for reason in imported.refused["reason"])


def test_this_week_can_be_reached_and_is_overdue_whatever_an_older_file_left_behind():
    today = pd.Timestamp("2025-06-20")
    logged = pd.DataFrame({"measure": ["pph"], "subgroup": pd.to_datetime(["2025-05-26"])})
    weeks = subgroups(logged["subgroup"], "week", today)
    assert weeks[0] == pd.Timestamp("2025-06-16")
    assert opened_on("", weeks, "week", today) == (pd.Timestamp("2025-06-09"), "")
    late = overdue(logged, "week", today, {"pph": "Blood loss"})
    assert [one.subgroup for one in late] == list(pd.to_datetime(["2025-06-09", "2025-06-02"]))


def test_a_week_logged_in_part_is_overdue_for_the_rest_and_one_before_the_start_is_not():
    days = pd.to_datetime(["2025-05-26", "2025-06-02", "2025-06-02", "2025-06-09"])
    table = pd.DataFrame({"measure": ["pph", "pph", "weighed", "pph"], "subgroup": days})
    names = {"pph": "Blood loss", "weighed": "Weighed", "asked": "Never logged here"}
    (late,) = overdue(table, "week", pd.Timestamp("2025-06-20"), names)
    assert (late.subgroup, late.lacking) == (pd.Timestamp("2025-06-09"), ("Weighed",))


# Paste

BLOCKS = {
    "strata in another order, with a heading and a total": (
        "Ethnicity\tBirths\tPPH cases\nWhite\t40\t3\nBlack\t20\t2\nTotal\t60\t5\n",
        {("White", "denominator"): "40", ("White", "numerator"): "3",
         ("Black", "denominator"): "20", ("Black", "numerator"): "2"},
        ["4 rows pasted: 2 filled in, 1 as heading, 1 left out", "Row 4: ‘Total’ is a total"],
    ),
    "more rows than the table has, without labels": (
        "1\t20\n2\t30\n3\t40\n4\t50\n5\t60\n6\t70\n7\t80\n8\t90\n",
        None,
        ["8 rows pasted", "did not fit: the table ends at"],
    ),
    "a label that is no group, a note and a blank": (
        "Black\t1\t20\tbusy week\nMartian\t1\t2\t\nWhite\tn/a\t12,5\t\n",
        {("Black", "numerator"): "1", ("Black", "denominator"): "20",
         ("White", "denominator"): "12,5"},
        ["Columns that were not used: column 4", "no group has the", "'12,5' is 12.5",
         "‘n/a’ is not a number"],
    ),
    "parts of a whole": (
        "Black\t3/25\nWhite\t1/9\n",
        {("Black", "numerator"): "3", ("Black", "denominator"): "25",
         ("White", "numerator"): "1", ("White", "denominator"): "9"},
        ["2 rows pasted: 2 filled in"],
    ),
    "weeks of which one is on the page": (
        "Week\tGroup\tEvents\tBirths\n26/05/2025\tBlack\t1\t20\n02/06/2025\tBlack\t2\t30\n",
        {("Black", "numerator"): "2", ("Black", "denominator"): "30"},
        ["Row 2: is of 26 May 2025, and not of the one shown"],
    ),
    "what stands below a blank line": (
        "Black\t1\t20\n\nWhite\t2\t30\n",
        {("Black", "numerator"): "1", ("Black", "denominator"): "20"},
        ["Row 3: stands below a blank line"],
    ),
    "from a CSV file as text": (
        "Black,1,20\nWhite,2,30\n",
        {("Black", "numerator"): "1", ("Black", "denominator"): "20",
         ("White", "numerator"): "2", ("White", "denominator"): "30"},
        ["2 rows pasted: 2 filled in"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_block_goes_where_its_labels_say_and_every_row_is_accounted_for(kind):
    text, cells, told = BLOCKS[kind]
    first = PROJECT.strata.groups[0].name
    found = pasted(PROJECT, PPH, NAMES, text, at=(first, "numerator"), subgroup=MONDAY)
    if cells is not None:
        assert {(s, n): t for s, n, t in found.fill} == cells
    for line in told:
        assert any(line in one for one in found.told), (line, found.told)
    rows = len(text.rstrip("\n").split("\n"))
    assert found.filled + found.headings + found.left == rows


@given(
    st.lists(
        st.lists(st.sampled_from(["Black", "White", "Total", "x", "", "3", "1,200", "12,5"]),
                 min_size=1, max_size=4),
        min_size=1, max_size=9,
    ),
)  # fmt: skip
def test_any_block_at_all_is_accounted_for_row_by_row(block):
    text = "\n".join("\t".join(row) for row in block)
    found = pasted(PROJECT, PPH, NAMES, text, at=("Black", "numerator"), subgroup=MONDAY)
    rows = len(text.strip("\n").split("\n")) if text.strip("\n") else 0
    assert found.filled + found.headings + found.left == rows
    for _, _, put in found.fill:
        cell = typed.read(put, "denominator", PPH)
        assert cell.state == "number" or put in text


def test_the_terminal_reads_what_is_typed_in_the_same_way(tmp_path):
    project = tmp_path / "ours.yaml"
    CliRunner().invoke(app, ["new", "ours", "--dir", str(tmp_path)])
    typed_in = "1/12,5\n" + "\n" * 40
    ran = CliRunner().invoke(
        app,
        ["log", str(project), "--site", "our_unit", "--week", "2025-06-02",
         "--database", str(tmp_path / "n.sqlite")],
        input=typed_in,
    )  # fmt: skip
    assert ran.exit_code == 1
    assert "'12,5' is 12.5, and a count is a whole number" in str(ran.exception)
