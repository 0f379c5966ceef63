"""What the log opens on, what it shares, and what stands of rows that somebody else saved."""

from __future__ import annotations

import pandas as pd
import pytest
from made_findings import made_findings, made_project

from qi_equity import project_file, store
from qi_equity.app import guide
from qi_equity.app.backend import FixedBackend
from qi_equity.app.pages.weeks import complete
from qi_equity.app.render import Renderer
from qi_equity.errors import UserError
from qi_equity.simulation.moved import Example, moved

PROJECT = made_project("pph", sites=1)
FINDINGS = made_findings(PROJECT, weeks=16)
TODAY = pd.Timestamp.now().normalize()
WEEK = complete("week", TODAY)
BLACK = {"measure": "pph", "site": "site_a", "stratum": "Black", "subgroup": f"{WEEK:%Y-%m-%d}"}


@pytest.fixture
def network(tmp_path):
    """A store with one project, and two people in it."""
    opened = store.open(tmp_path / "network.sqlite")
    asha, ben = (opened.as_user(store.User(name, "admin")) for name in ("Asha", "Ben"))
    asha.save_project(PROJECT, "id: pph\n")
    yield asha, ben
    opened.close()


def page(desk, address="?page=log"):
    return Renderer(FixedBackend({"pph": FINDINGS}, desk)).answer(address)


def test_the_log_opens_on_the_last_week_that_is_over_and_asks_births_once(network):
    html = page(network[0])["html"]
    assert f'data-week="{WEEK:%Y-%m-%d}"' in html
    assert html.count('data-births="pph"') == len(PROJECT.strata.groups)
    assert "Nothing has been logged" in html


def test_a_week_that_has_not_come_is_refused_by_the_page_and_by_the_save(network):
    desk = network[0]
    future = f"{TODAY + pd.Timedelta(weeks=3):%Y-%m-%d}"
    html = page(desk, f"?page=log&week={future}")["html"]
    assert f"‘{future}’ has not come yet" in html
    assert f'data-week="{WEEK:%Y-%m-%d}"' in html
    rows = [{**BLACK, "subgroup": future, "revision": "", "numerator": "1", "denominator": "9"}]
    renderer = Renderer(FixedBackend({"pph": FINDINGS}, desk))
    told = renderer.act("log", {"rows": rows, "site": "site_a"}, "?page=log")
    assert "not come yet" in " ".join(told["problems"])


def test_what_stands_of_a_row_that_a_colleague_saved_is_told_with_their_name(network):
    asha, ben = network
    ben.log("pph", [{**BLACK, "numerator": 3, "denominator": 15}])
    renderer = Renderer(FixedBackend({"pph": FINDINGS}, asha))
    mine = {**BLACK, "revision": "", "numerator": "1", "denominator": "15"}
    told = renderer.act("log", {"rows": [mine], "site": "site_a"}, "?page=log")
    (clash,) = told["clashes"]
    assert (clash["numerator"], clash["denominator"], clash["who"]) == ("3", "15", "Ben")
    asked = {"rows": [{**BLACK, "revision": str(clash["revision"])}], "site": "site_a"}
    assert renderer.look("standing", asked, "?page=log")["found"] == {"clashes": []}
    asked["rows"][0]["revision"] = "1; drop"
    assert renderer.look("standing", asked, "?page=log")["problems"]


@pytest.mark.parametrize("name", ["pph_reduction", "booking_by_interpreter_need"])
@pytest.mark.parametrize("today", ["2026-11-27", "2028-02-29", "2031-01-01"])
def test_an_example_ends_with_the_last_subgroup_that_is_over_whatever_the_date(name, today):
    path = project_file.examples()[name]
    project = project_file.load(path)
    period = project.measures[0].subgroup
    last = pd.Timestamp("2024-12-23" if period == "week" else "2025-12-01")
    example = Example(project, path.read_text(encoding="utf-8"), pd.DataFrame({"subgroup": [last]}))
    later, _ = moved(example, pd.Timestamp(today))
    assert later.counts["subgroup"].tolist() == [complete(period, pd.Timestamp(today))]
    assert len(later.project.cycles) == len(project.cycles)
    apart = pd.Timestamp(later.project.cycles[0].start) - pd.Timestamp(later.project.start)
    before = pd.Timestamp(project.cycles[0].start) - pd.Timestamp(project.start)
    assert abs((apart - before).days) <= (0 if period == "week" else 4)


def test_every_part_has_a_story_and_may_do_what_it_says():
    for name, part in guide.PARTS.items():
        assert len(guide.steps_of(name)) == len(part.steps) >= 4
    assert guide.user_of("midwife").may("log")
    assert not guide.user_of("board").may("see")
    assert guide.user_of("consultant").may("see") == "own"
    with pytest.raises(UserError, match="did you mean 'midwife'"):
        guide.part_named("midwive")
