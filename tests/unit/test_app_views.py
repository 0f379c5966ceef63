"""Addresses, pages and answers without a browser: what is asked for is what is shown."""

from __future__ import annotations

import json
import re
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pandas as pd
import panel as pn
import pytest
from bokeh.document import Document
from hypothesis import given
from hypothesis import strategies as st
from made_findings import made_findings, made_project

from qi_equity import app
from qi_equity.analyse import analyse
from qi_equity.app import explore
from qi_equity.app.actions import act
from qi_equity.app.backend import FixedBackend
from qi_equity.app.component import Wire
from qi_equity.app.pages import PAGES
from qi_equity.app.render import Renderer
from qi_equity.app.state import Address, choose, parse
from qi_equity.errors import UserError
from qi_equity.findings import Findings, Gap, SiteRow, Within, of
from qi_equity.observations import COLUMNS, observations
from qi_equity.project import ALL_SITES, EVERYONE
from qi_equity.project_file import examples, load
from qi_equity.reading import Reading
from qi_equity.store import User
from qi_equity.store import open as store_open
from qi_equity.view.funnel_figure import funnel_figure
from qi_equity.words import say

PROJECT = made_project(sites=2)
log_page = import_module("qi_equity.app.pages.log")  # its package calls the page's function so
FINDINGS = made_findings(PROJECT, weeks=30)
PPH = load(examples()["pph_reduction"])
RENDERER = Renderer(FixedBackend({"pph": FINDINGS}))

text = st.text(max_size=30)


@given(
    st.builds(
        Address,
        page=st.sampled_from(list(PAGES)),
        project=text,
        measure=text,
        site=text,
        stratum=text,
    )
)
def test_a_link_leads_back_to_the_view_it_was_made_of(view):
    assert parse(view.link()) == view


@given(st.text(max_size=300))
def test_any_address_at_all_is_answered_with_a_page(address):
    assert "<h1" in RENDERER.answer(address)["html"]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_answers_without_a_store_and_with_one_heading(page):
    answer = RENDERER.answer(f"?page={page}")
    assert len(re.findall("<h1", answer["html"])) == 1
    for figure in answer["figures"].values():
        json.loads(figure)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_answers_when_nothing_was_logged_yet(page):
    answer = Renderer(FixedBackend({"pph": Findings(PROJECT)})).answer(f"?page={page}")
    assert "went wrong" not in answer["html"]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_answers_before_verdicts_are_in(page):
    late = ["verdict", "weeks_to_go", "sentence", "q_value"]
    quick = Findings(
        PROJECT,
        FINDINGS.points,
        FINDINGS.charts.drop(columns=["highlight", "q_value", "assurance"]),
        FINDINGS.gaps.drop(columns=late),
        FINDINGS.gap_points.iloc[:0],
    )
    answer = Renderer(FixedBackend({"pph": quick})).answer(f"?page={page}")
    assert "went wrong" not in answer["html"]
    assert answer["waiting"] == (page in ("charts", "compare", "board", "session"))


def test_no_project_is_told_with_the_way_to_one():
    assert "qi-equity new" in Renderer(FixedBackend({})).answer("")["html"]


def test_the_reference_is_never_shown_without_its_reason():
    for page in ("charts", "gap"):  # an old link to the gap leads to where it is now
        assert "No group is the norm" in RENDERER.answer(f"?page={page}")["html"]


def test_strata_stand_in_the_team_s_order_and_not_by_rate():
    html = RENDERER.answer("")["html"]
    team = ["Everyone", "Asian", "Black", "Mixed", "Other", "White", "Not known"]
    charts, _, gaps = html.partition('id="gap"')
    assert re.findall(r"<h3>(.*?)</h3>", charts) == team
    assert re.findall(r"<h3>(\w+)", gaps)[:5] == team[1:-1]


def test_made_up_data_is_labelled_on_every_page():
    for page in PAGES:
        assert "Synthetic data." in RENDERER.answer(f"?page={page}")["html"]
    real = made_project(sites=1, synthetic=False)
    renderer = Renderer(FixedBackend({"pph": made_findings(real, weeks=20)}))
    assert "Synthetic" not in renderer.answer("")["html"]


def test_the_same_address_is_worked_out_once():
    assert RENDERER.answer("?site=site_b") is RENDERER.answer("?site=site_b&page=charts")


def test_a_fault_of_ours_is_logged_and_not_shown_as_the_user_s(caplog):
    class Broken(FixedBackend):
        def findings(self, project_id):
            raise ZeroDivisionError

    html = Renderer(Broken({"pph": FINDINGS})).answer("")["html"]
    assert "fault in QI Equity" in html
    assert "ZeroDivisionError" in caplog.text


def test_a_project_s_words_are_shown_as_words():
    spelled = PROJECT.model_copy(update={"title": "<script>alert(1)</script>"})
    findings = made_findings(spelled, weeks=20)
    for page in PAGES:
        answer = Renderer(FixedBackend({"pph": findings})).answer(f"?page={page}")
        assert "<script>" not in answer["html"]


def test_what_is_not_there_is_said():
    choice = choose(Address(site="nowhere"), [PROJECT], lambda project, measure: ["site_a"])
    assert choice.site == "site_a"
    assert "nowhere" in choice.notices[0]


def test_nothing_can_be_written_without_a_store():
    choice = choose(Address(), [PROJECT], lambda project, measure: ["site_a"])
    with pytest.raises(UserError, match="shows findings only"):
        act("log", None, choice, {"rows": []})


def test_without_a_list_of_users_the_page_of_people_says_so_and_takes_consent(tmp_path):
    with closing(store_open(tmp_path / "network.sqlite")) as opened:
        desk = opened.as_user(User("Asha", "admin"))
        desk.save_project(PROJECT, "id: pph\n")
        renderer = Renderer(FixedBackend({"pph": FINDINGS}, desk))
        html = renderer.answer("?page=people")["html"]
        assert "has no list of users" in html
        assert "Add a person" not in html
        new = {"name": "Jo", "role": "clinician"}
        assert "no list of users" in renderer.act("person", new, "")["problems"][0]
        given = {"site": "site_a", "given": "yes", "reason": "agreed by the board"}
        answer = renderer.act("consent", given, "?page=people")
        assert "now sees" in answer["done"]
        assert "agreed by the board" in answer["html"]
        assert desk.consented("pph") == ("site_a",)


def test_what_the_log_shows_of_the_store_is_made_while_findings_are_waited_for(
    tmp_path, monkeypatch
):
    order, section = [], log_page._section

    class Waited(FixedBackend):
        def revision(self, project_id):
            order.append("begun")
            return super().revision(project_id)

        def findings(self, project_id):
            order.append("waited for")
            return super().findings(project_id)

    def noted(*given):
        order.append("section")
        return section(*given)

    monkeypatch.setattr(log_page, "_section", noted)
    with closing(store_open(tmp_path / "network.sqlite")) as opened:
        desk = opened.as_user(User("Asha", "admin"))
        desk.save_project(PROJECT, "id: pph\n")
        renderer = Renderer(Waited({"pph": FINDINGS}, desk))
        address = "?page=log&project=pph&site=site_b"
        first = renderer.answer(address)
        order.clear()
        renderer._kept.forget()  # as after a save
        assert renderer.answer(address) == first
    assert set(order) == {"begun", "section", "waited for"}
    parts = [order.index(name) for name in ("begun", "section", "waited for")]
    assert parts == sorted(parts)


def test_the_log_of_a_site_that_was_not_charted_before_is_found():
    charts = FINDINGS.charts
    backend = FixedBackend({"pph": replace(FINDINGS, charts=charts[charts["site"] == "site_a"])})
    renderer = Renderer(backend)
    renderer.answer("?page=log&project=pph&site=site_a")
    backend.by_project["pph"] = FINDINGS
    renderer._kept.forget()
    answer = renderer.answer("?page=log&project=pph&site=site_b")
    assert "site=site_b" in answer["address"]
    assert say("labels.not_there.site", asked="site_b") not in answer["html"]


def tried(sites, idea="weigh"):
    """The page that compares three sites, of which these tried the idea."""
    plan = made_project(sites=3)
    cycle = plan.cycles[0].model_copy(update={"sites": sites, "change_idea": "weigh"})
    plan = plan.model_copy(update={"cycles": (cycle,)})
    renderer = Renderer(FixedBackend({"pph": made_findings(plan, weeks=20)}))
    answer = renderer.answer(f"?page=compare&idea={idea}")
    rows = re.findall(r'<tr>\s*<th scope="row">(.*?)</th>\s*(?:<td>(.*?)</td>)?', answer["html"])
    layout = json.loads(answer["figures"]["compare"])["layout"]
    titles = [re.sub("<.*?>", "", one["text"]) for one in layout["annotations"]]
    return answer["html"], rows, titles


def test_sites_that_tried_an_idea_stand_beside_those_that_did_not_in_words():
    html, rows, titles = tried(("site_c",))
    assert rows == [("Site C", "Tried it"), ("Site A", "Did not"), ("Site B", "Did not")]
    assert titles[:3] == ["Site C: tried it", "Site A: did not", "Site B: did not"]
    assert "differ in more than the change" in html
    assert '<option value="weigh" selected>Weigh every pad</option>' in html


def test_an_idea_tried_everywhere_leaves_nobody_who_did_not():
    _, rows, _ = tried(())
    assert rows == [(f"Site {one}", "Tried it") for one in "ABC"]


def test_an_idea_that_nobody_tried_compares_every_site():
    html, rows, titles = tried(("site_c",), idea="nothing")
    assert [name for name, _ in rows][-3:] == ["Site A", "Site B", "Site C"]
    assert not any("tried" in title for title in titles)
    assert "The change" not in html


def test_other_rules_are_drawn_and_said_to_be_other_than_declared():
    html = RENDERER.answer("?rules=nelson&period=month&limits=normal")["html"]
    assert "drawn otherwise than the project declared" in html
    assert "Over 7 months" in html or "Over 8 months" in html


def test_a_gap_made_by_adding_up_sites_is_told_beside_the_gap_within_them():
    # Both sites treat both alike; the busier site for Black women has twice the rate.
    counts = {
        ("site_a", "Black"): (80, 800), ("site_a", "White"): (20, 200),
        ("site_b", "Black"): (10, 200), ("site_b", "White"): (40, 800),
    }  # fmt: skip
    rows = [
        {"measure": "pph", "site": site, "stratum": stratum, "subgroup": "2025-01-06"}
        | {"numerator": events, "denominator": births}
        for (site, stratum), (events, births) in counts.items()
    ]
    found = analyse(PROJECT, observations(rows))
    (within,) = (row for row in found.rows(Within) if row.stratum == "Black")
    assert within.ratio == pytest.approx(1)
    assert within.agree
    (pooled,) = (row for row in found.rows(Gap) if (row.site, row.stratum) == (ALL_SITES, "Black"))
    assert pooled.ratio == pytest.approx(1.5)
    html = Renderer(FixedBackend({"pph": found})).answer("?page=compare&site=All+sites")["html"]
    assert "comparing only within each site" in html


def test_a_funnel_holds_every_site_and_the_limits_close_with_size():
    points = FINDINGS.points[FINDINGS.points["stratum"] != EVERYONE]
    found = analyse(PROJECT, points[COLUMNS])
    white = [row for row in found.rows(SiteRow) if (row.measure, row.stratum) == ("pph", "White")]
    curve = of(found.funnels, PROJECT.measure("pph"))
    curve = curve[curve["stratum"] == "White"]
    figure = funnel_figure(white, curve, PROJECT.measure("pph"), {})
    (sites,) = [trace for trace in figure["data"] if trace["name"] == "Sites"]
    assert sorted(sites["text"]) == ["site_a", "site_b"]
    width = (curve["upper_998"] - curve["lower_998"]).to_numpy()
    assert width[0] > width[-1]


@pytest.mark.parametrize("one", ["period=quarter", "rules=ihi", "limits=normal", "lines=whole"])
def test_each_other_way_of_drawing_works_alone(one):
    html = RENDERER.answer(f"?{one}")["html"]
    assert "drawn otherwise than the project declared" in html


@pytest.mark.parametrize(("lines", "frozen"), [("", True), ("unphased", True), ("whole", False)])
def test_charts_can_be_drawn_without_the_declared_baseline(lines, frozen):
    weeks = pd.date_range("2024-01-01", periods=30, freq="W-MON")
    points = pd.DataFrame(
        {"measure": "m", "site": "s", "stratum": "Black", "subgroup": weeks, "value": float("nan")}
        | {"numerator": [1.0] * 15 + [5.0] * 15, "denominator": 20.0}
        | {"baseline": [True] * 15 + [False] * 15}
    )
    measure = PPH.measures[0]
    summary = explore.explored(points, Reading(PPH, measure), Address(lines=lines)).summary
    assert summary["centre"].item() == pytest.approx(5.0 if frozen else 15.0)


def test_parameters_without_effect_are_no_part_of_what_is_kept(monkeypatch):
    made = []
    renderer = Renderer(FixedBackend({"pph": FINDINGS}))
    monkeypatch.setattr(renderer, "_made", lambda choice: made.append(choice) or {"html": ""})
    renderer.answer("?page=charts")
    for more in ("week=1", "slide=2", "person=x", "stratum=Nobody", "rules=x", "period=second",
                 "limits=x", "lines=x", "hide=x&hide=y", "idea=x", "colour=red"):  # fmt: skip
        renderer.answer(f"?page=charts&{more}")
    assert len(made) == 1
    renderer.answer("?page=charts&hide=centre&hide=limits")
    renderer.answer("?page=charts&hide=limits&hide=x&hide=centre")
    assert len(made) == 2
    renderer.answer("?page=charts&rules=nelson&period=month&stratum=Black")
    assert len(made) == 3
    assert made[-1].address.rules == "nelson"
    assert made[-1].address.stratum == "Black"


def test_no_style_sheet_is_asked_from_elsewhere():
    template = pn.Template("{{ embed(roots.wire) }}")
    template.add_panel("wire", Wire(dict, None))
    page = Document()
    template.server_doc(page)
    assert "://" not in str(page.to_json())


TEMPLATES = Path(app.__file__).parent / "templates"
WITH_FORMS = {
    path.name
    for path in TEMPLATES.glob("*.html")
    if re.search("data-(act|look|file)=|capture.html|file_form", path.read_text(encoding="utf-8"))
} - {"capture.html", "parts.html"}  # macros: the page that calls them has the place


@pytest.mark.parametrize("name", sorted(WITH_FORMS))
def test_whatever_can_be_refused_on_a_page_has_a_place_to_be_told(name):
    told = [(TEMPLATES / name).read_text(encoding="utf-8")]
    told += [(TEMPLATES / one).read_text(encoding="utf-8")
             for one in re.findall(r'{% include "(.+?)"', told[0])]  # fmt: skip
    assert any('id="problems"' in one for one in told)
