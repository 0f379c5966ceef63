"""An agenda that is held still is the same for all who may see it, whatever is logged meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import pytest
from made_findings import made_findings, made_project

from qi_equity import agenda, store
from qi_equity.app.holding import standing
from qi_equity.app.render import Renderer
from qi_equity.findings import Findings
from qi_equity.store import Action, Desk, HeldItem, Session, SessionNote

PROJECT = made_project(sites=3)
TOLD = made_findings(PROJECT, weeks=40)
# After a save elsewhere nothing is established any more, and a site is late.
QUIET = replace(
    TOLD,
    charts=TOLD.charts.assign(established=False),
    gaps=TOLD.gaps.assign(established=False),
    points=TOLD.points[(TOLD.points["site"] != "site_c") | (TOLD.points.index % 3 > 0)],
)
LINKS = re.compile(r'data-live href="[^"]*slide=(\w+)"')


@dataclass
class Shared:
    """What two people look at: the same findings until somebody logs, each at their own desk."""

    store: Desk
    by_project: dict[str, Findings] = field(default_factory=lambda: {"pph": TOLD})

    def projects(self):
        return [PROJECT]

    def revision(self, project_id):
        return str(id(self.by_project[project_id]))

    def findings(self, project_id):
        return self.by_project[project_id]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[store.Store]:
    made = store.open(tmp_path / "network.sqlite")
    made.as_user(store.User("Asha", "admin")).save_project(PROJECT, "id: pph\n")
    yield made
    made.close()


def desk(opened: store.Store, role: str, *sites: str, name: str = "") -> Desk:
    return opened.as_user(store.User(name or role, role, sites))


def shown(page: Renderer) -> tuple[list[str], str]:
    html = page.answer("?page=session")["html"]
    return list(dict.fromkeys(LINKS.findall(html))), html


def test_two_clients_see_one_agenda_however_much_is_logged_until_it_is_let_go(opened):
    one, other = (Shared(desk(opened, "admin", name=name)) for name in ("Asha", "Ben"))
    pages = Renderer(one), Renderer(other)
    before, html = shown(pages[0])
    assert before == [item.link for item in agenda(TOLD).items]
    assert "Hold this agenda still" in html
    done = pages[0].act("hold", {"standing": ""}, "?page=session")
    assert "held still" in done["done"]

    one.by_project = other.by_project = {"pph": QUIET}  # a save elsewhere
    assert [item.link for item in agenda(QUIET).items] != before
    for page in pages:
        links, html = shown(page)
        assert links == before
        assert "Held still by Asha" in html
    slide = pages[1].answer(f"?page=session&slide={before[0]}")
    assert "slide-body drawn" in slide["html"]

    key = re.search(r'name="standing" value="(\w+)"', html)[1]
    pages[1].act("let_go", {"standing": key}, "?page=session")
    assert shown(pages[0])[0] == [item.link for item in agenda(QUIET).items]


def test_of_two_who_hold_the_agenda_at_once_the_second_is_told(opened):
    pages = [Renderer(Shared(desk(opened, "admin", name=name))) for name in ("Asha", "Ben")]
    assert "done" in pages[0].act("hold", {"standing": ""}, "?page=session")
    assert "meanwhile" in pages[1].act("hold", {"standing": ""}, "?page=session")["problems"][0]


def held(place: str, team: bool) -> HeldItem:
    told = {"measure": "pph", "site": place, "stratum": "Black", "line": "8% → 11%", "minutes": 12}
    return HeldItem.model_validate({"kind": "widening", "team": team} | told)


@pytest.mark.parametrize(
    ("role", "sites", "told"),
    [
        ("admin", (), ["site_a", "site_b", "All sites", "site_c"]),
        ("contributor", ("site_a",), ["site_a"]),
        ("clinician", ("site_c",), ["site_c"]),
        ("equity_lead", ("site_b",), ["site_b", "site_c"]),
        ("facilitator", (), ["site_c"]),
    ],
)
def test_an_item_of_true_counts_is_told_to_those_alone_who_see_them(opened, role, sites, told):
    items = [held(place, True) for place in ("site_a", "site_b", "All sites")]
    session = Session(
        day=pd.Timestamp("2026-01-05").date(), part="pph", items=(*items, held("site_c", False))
    )
    desk(opened, "admin").write("pph", session)
    for site in ("site_a", "site_c"):
        desk(opened, "admin").consent("pph", site, True)
    reader = desk(opened, role, *sites)
    (found,) = reader.entries("pph", Session).values()
    assert [item.site for item in found.content.items] == told
    bodies = [one.body for one in reader.history("pph")] if role != "facilitator" else []
    assert role == "admin" or not any("8%" in str(body) for body in bodies)


def test_who_sees_no_item_of_a_held_agenda_sees_their_own(opened):
    admin, own = desk(opened, "admin"), desk(opened, "contributor", "site_b")
    admin.write(
        "pph",
        Session(day=pd.Timestamp("2026-01-05").date(), part="pph", items=(held("site_a", True),)),
    )
    assert standing(own, TOLD, None).kept is None
    assert standing(admin, TOLD, None).kept is not None


def test_an_agenda_is_not_held_before_verdicts_are_in_and_not_by_who_may_not_write(opened):
    early = Shared(desk(opened, "admin"), {"pph": replace(TOLD, judged=False)})
    assert "worked out" in Renderer(early).act("hold", {"standing": ""}, "")["problems"][0]
    for role in ("contributor", "clinician"):
        reader = Renderer(Shared(desk(opened, role, "site_a")))
        for act in ("hold", "let_go"):
            assert "role" in reader.act(act, {"standing": ""}, "?page=session")["problems"][0]
        assert "Hold this agenda" not in shown(reader)[1]


def test_a_held_agenda_can_be_let_go_while_verdicts_are_awaited(opened):
    one = Shared(desk(opened, "admin"))
    Renderer(one).act("hold", {"standing": ""}, "?page=session")
    one.by_project = {"pph": replace(TOLD, judged=False)}  # a save elsewhere, not judged yet
    page = Renderer(one)
    answer = page.answer("?page=session")
    assert not answer["waiting"], "a page of what is held asks for nothing more"
    assert "Let the agenda follow the counts again" in answer["html"]
    (key,) = re.findall(r'name="standing" value="([^"]+)"', answer["html"])
    done = page.act("let_go", {"standing": key}, "?page=session")["done"]
    assert "follows the counts again" in done


def test_what_a_slide_captures_is_kept_with_its_item_and_shown_there_and_on_the_pages(opened):
    mine = desk(opened, "admin")
    page = Renderer(Shared(mine))
    item = agenda(TOLD).items[0]
    at = f"?page=session&slide={item.link}"
    note = {"day": "2026-01-05", "text": "Ask the night shift", "about": "decided"}
    step = {"text": "Scales on every ward", "owner": "Jo", "due": "2026-02-02", "cycle": "c2"}
    for name, fields in (("note", note), ("action", step)):
        answer = page.act(name, fields | {"item": item.id, "site": item.site}, at)
        assert fields["text"] in answer["html"]
    (kept,) = (one.content for one in mine.entries("pph", Action).values())
    assert (kept.item, kept.cycle, kept.owner) == (item.id, "c2", "Jo")
    assert [one.content.item for one in mine.entries("pph", SessionNote).values()] == [item.id]
    other = agenda(TOLD).items[1]
    assert "night shift" not in page.answer(f"?page=session&slide={other.link}")["html"]
    for name in ("session", "project", "history"):
        html = page.answer(f"?page={name}")["html"]
        assert "Ask the night shift" in html
        assert "Scales on every ward" in html
    wrong = page.act("action", step | {"cycle": "nothing"}, at)
    assert "no PDSA cycle" in wrong["problems"][0]
