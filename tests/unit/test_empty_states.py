"""Where there is nothing to see, a page says why, who can change it and how; it never reassures."""

from __future__ import annotations

import pandas as pd
import pytest
from made_findings import made_findings, made_project

from qi_equity import store
from qi_equity.analyse import analyse
from qi_equity.app import live
from qi_equity.app.backend import FixedBackend
from qi_equity.app.render import Renderer
from qi_equity.findings import Findings
from qi_equity.observations import COLUMNS
from qi_equity.project import ALL_SITES, EVERYONE
from store_network import made, table, user

PROJECT = made_project("pph", sites=2)
PAGES = ("charts", "compare", "session", "quality")


def html(renderer, page):
    answer = renderer.answer(f"?page={page}")["html"]
    assert "fault in QI Equity" not in answer
    return answer


@pytest.mark.parametrize("page", PAGES)
def test_a_project_without_counts_is_not_said_to_be_quiet(page):
    said = html(Renderer(FixedBackend({"pph": Findings(PROJECT)})), page)
    assert "Nothing has been logged" in said
    assert "page Log" in said
    assert "No change" not in said


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    place = tmp_path_factory.mktemp("network") / "network.sqlite"
    opened = made(place)
    opened.as_user(user()).import_table("pph_network", table(), "1" * 64)
    opened.close()
    running = live.opened(place)
    yield running
    running.close()


@pytest.mark.parametrize("page", PAGES)
def test_where_no_site_shares_its_counts_that_is_said_and_not_that_nothing_was_logged(
    network, page
):
    seat = network.seat(store.User("Fay", "facilitator", []))
    said = html(Renderer(seat), page)
    assert "No site shares counts" in said
    assert "Nothing has been logged" not in said
    assert "No change is established" not in said


def test_three_weeks_are_too_early_and_nothing_is_called_usual_variation():
    points = made_findings(PROJECT, weeks=30).points
    rows = points[(points["stratum"] != EVERYONE) & (points["site"] != ALL_SITES)][COLUMNS]
    rows = rows[rows["subgroup"] < rows["subgroup"].min() + pd.Timedelta(weeks=3)]
    found = analyse(PROJECT, rows.assign(value=float("nan")))
    renderer = Renderer(FixedBackend({"pph": found}))
    assert "too early to establish a change" in html(renderer, "session")
    assert "No change is established" not in html(renderer, "session")
    charts = html(renderer, "charts")
    assert "too early to say whether it changes" in charts
    assert "usual variation" not in charts
    assert "none of them, and no run of them, is beyond what chance" not in charts
