"""The board holds every measure, group and site once, in the project's order, and says no more."""

from __future__ import annotations

import re
from dataclasses import replace

from made_findings import STRATA, made_findings, made_project

from qi_equity.app.backend import FixedBackend
from qi_equity.app.render import Renderer, pages
from qi_equity.findings import Findings

PROJECT = made_project(sites=3)
FOUND = made_findings(PROJECT, weeks=30)


def tables(query: str = "", found: Findings = FOUND) -> list[list[list[str]]]:
    """Every table of the grids as rows of texts, its header first."""
    html = Renderer(FixedBackend({"pph": found})).answer(f"?page=board{query}")["html"]
    made = []
    grids = html[html.index('id="grids"') :]
    for table in re.findall(r"<table.*?</table>", grids, re.S):
        rows = re.findall(r"<tr>(.*?)</tr>", table, re.S)
        cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
        made.append([[" ".join(re.sub("<.*?>", " ", c).split()) for c in row] for row in cells])
    return made


def test_measures_stand_by_groups_sites_by_measures_and_ideas_by_sites_in_the_projects_order():
    groups, sites, tried = tables("&site=site_a")
    assert groups[0] == ["Measure", "Everyone", *STRATA]
    assert [row[0] for row in groups[1:]] == [one.name for one in PROJECT.measures]
    assert sites[0] == ["Site", *(one.name for one in PROJECT.measures)]
    assert [row[0] for row in sites[1:]] == ["Site A", "Site B", "Site C"]
    black = groups[1][1 + ["Everyone", *STRATA].index("Black")]
    assert "Improvement, established" in black
    assert "Steady ×" in black
    assert tried[1][0] == "Weigh every pad"
    assert tried[1][1:] == ["3 Mar 2025 to 26 May 2025"] * 3
    assert tried[2][1:] == ["1 Sep 2025 to now", "", ""]


def test_one_group_or_what_has_moved_alone_is_left_on_request():
    groups, sites, _ = tables("&site=site_a&stratum=Black")
    assert groups[0] == ["Measure", "Black"]
    moved, *_ = tables("&site=site_a&what=moved")
    assert moved[0] == ["Measure", "Black"]
    assert sites[0][0] == "Site"


def test_where_nothing_can_be_said_the_cell_is_empty():
    short = FOUND.charts.assign(
        subgroups=4, variation="common cause", established=False, highlight=False, emerging=False
    )
    quiet = replace(FOUND, charts=short, gaps=FOUND.gaps.assign(verdict="too few"))
    assert len(tables("&site=site_a", quiet)) == 1  # who tried what is known


def test_no_verdict_is_said_before_it_is_in():
    cells = str(tables("&site=site_a", replace(FOUND, judged=False)))
    assert "established" not in cells
    assert "Steady" not in cells


def test_a_menu_holds_the_pages_that_are_of_use_to_a_role():
    assert "log" not in pages("facilitator")
    assert "people" not in pages("clinician")
    assert set(pages("admin")) == set(pages())


def test_what_a_board_asks_first_stands_first_each_with_a_figure_or_its_hole():
    html = Renderer(FixedBackend({"pph": FOUND})).answer("?page=board&site=site_a")["html"]
    heads = re.findall(r"<h2[^>]*>(.*?)</h2>", html)
    assert heads[:6] == [
        "What changed", "The gaps", "Responses", "Can the data be trusted?", "Voices missing",
        "People who give care",
    ]  # fmt: skip
    questions = html[html.index('id="questions"') : html.index('id="grids"')]
    rows = re.findall(r'<th scope="row">(\d+)\. ', questions)
    assert rows == [str(number) for number in range(1, 14)]
    assert "No table of the standard was given" in questions
