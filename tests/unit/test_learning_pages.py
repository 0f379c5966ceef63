"""Pages of what a network learns: answers to signals, voices, people who give care, spread."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest
from icalendar import Calendar
from made_findings import made_findings, made_project

from qi_equity import store
from qi_equity.app.render import Renderer
from qi_equity.findings import Findings
from qi_equity.network.responding import signals
from qi_equity.project import Cycle
from qi_equity.store import Desk
from qi_equity.store.entries import Engagement, Response
from qi_equity.store.gathered import Heard, Makeup, Staff

PROJECT = made_project(sites=3)
MADE = made_findings(PROJECT, weeks=40)
# A gap widens at two sites, and is established there, so that it asks for an answer.
WIDENS = (MADE.gaps["stratum"] == "Black") & MADE.gaps["site"].isin(["site_a", "site_b"])
TOLD = replace(
    MADE,
    gaps=MADE.gaps.assign(
        established=WIDENS, verdict=MADE.gaps["verdict"].where(~WIDENS, "widening")
    ),
)
TODAY = date(2026, 1, 5)

PEOPLE = """person,group,theme
p1,Black,Not believed when in pain
p1,Black,No interpreter at night
p2,Black,
p3,White,Not believed when in pain
p4,White,
p5,White,
p6,White,Food
p7,White,
p8,White,
p9,White,
p10,Asian,No interpreter at night
"""
WRES = "indicator,year,group,events,out_of\n" + "".join(
    f"{number},{year},{group},{events},{out_of}\n"
    for year in (2023, 2024, 2025)
    for number, group, events, out_of in (
        (2, "White", 50, 300), (2, "BME", 10, 90),
        (9, "White", 11, 750), (9, "BME", 1, 250),
    )
)  # fmt: skip


@dataclass
class Shared:
    """What somebody looks at, at their own desk."""

    store: Desk
    by_project: dict[str, Findings] = field(default_factory=lambda: {"pph": TOLD})

    def projects(self):
        return [self.store.project("pph")]

    def revision(self, project_id):
        return self.store.revision(project_id)

    def findings(self, project_id):
        return self.by_project[project_id]

    def release_under_way(self, project_id):
        return False


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[store.Store]:
    made = store.open(tmp_path / "network.sqlite")
    made.as_user(store.User("Asha", "admin")).save_project(PROJECT, "id: pph\n")
    yield made
    made.close()


def desk(opened: store.Store, role: str = "admin", *sites: str) -> Desk:
    return opened.as_user(store.User(role, role, sites))


def html(page: Renderer, name: str, more: str = "") -> str:
    said = page.answer(f"?page={name}{more}")["html"]
    assert "fault in QI Equity" not in said
    return said


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def done(page: Renderer, act: str, where: str, /, **fields: str) -> str:
    told = page.act(act, fields, f"?page={where}")
    assert "problems" not in told, told
    return told["html"]


def refused(page: Renderer, act: str, where: str, /, **fields: str) -> str:
    return " ".join(page.act(act, fields, f"?page={where}")["problems"])


def file_of(content: str) -> dict[str, str]:
    packed = base64.b64encode(content.encode()).decode()
    return {"file": packed, "file_name": "people.csv"}


# Answers to signals


def test_a_signal_is_opened_examined_and_closed_and_all_of_it_stays(opened):
    mine = desk(opened)
    page = Renderer(Shared(mine))
    (signal, *_) = signals(TOLD, TODAY)
    said = html(page, "responses")
    assert "nobody has opened a response" in said
    assert "the owner" not in refused(page, "open_response", "responses", about="x/y/z/w")
    assert "is missing" in refused(page, "open_response", "responses", about=signal.id)
    wrong = {"about": signal.id, "owner": "Mo", "email": "mo@trust, all@trust.example"}
    assert "e-mail" in refused(page, "open_response", "responses", **wrong)
    good = {"about": signal.id, "owner": "Mo Ali", "email": "mo@trust.example"}
    done(page, "open_response", "responses", **good)
    ((key, kept),) = mine.entries("pph", Response).items()
    assert kept.content.owner == "Mo Ali"
    assert "opened it meanwhile" in refused(page, "open_response", "responses", **good)

    said = text_of(html(page, "responses"))
    assert "8 working days left" in said
    assert "0 of 3 questions answered" in said
    seen = {"key": key, "seen": str(kept.revision)}
    answers = {"answer.0": "The same", "answer.2": "No", "owner": "Jo"}
    done(page, "examine_response", "responses", **seen, **answers)
    # Somebody whose page is older covers nobody's words.
    assert "changed since" in refused(page, "examine_response", "responses", **seen, owner="Mo")
    seen["seen"] = str(mine.entries("pph", Response)[key].revision)
    wordless = {"outcome": "cycle", "found": " "}
    assert "without words" in refused(page, "close_response", "responses", **seen, **wordless)
    found = {"outcome": "cycle", "found": "Pads were not weighed", "evidence": "https://a.example"}
    done(page, "close_response", "responses", **seen, **found)
    one = text_of(html(page, "responses", f"&key={key}"))
    for words in ("Opened for Mo Ali", "The same", "Jo looks into it now", "Closed. A PDSA cycle"):
        assert words in one
    assert mine.entries("pph", Response)[key].content.outcome == "cycle"
    assert "answered already" in refused(page, "close_response", "responses", **seen, **found)
    assert "Response to a signal" in html(page, "history")


def test_the_days_that_answers_are_due_are_a_calendar_in_a_link(opened):
    mine = desk(opened)
    page = Renderer(Shared(mine))
    about = re.search(r'name="about" value="([^"]+)"', html(page, "responses")).group(1)
    said = done(page, "open_response", "responses", about=about, owner="Mo")
    packed = re.search(r'href="data:text/calendar;base64,([^"]+)"', said).group(1)
    (event,) = Calendar.from_ical(base64.b64decode(packed)).walk("VEVENT")
    assert str(event["UID"]).split("@")[0] in mine.entries("pph", Response)


def test_the_answer_page_leads_to_the_form_of_its_signal(opened):
    page = Renderer(Shared(desk(opened)))
    signal = next(one for one in signals(TOLD, TODAY) if one.site != "All sites")
    said = html(page, "charts", f"&measure={signal.measure}&site={signal.site}"
                f"&stratum={signal.stratum}")  # fmt: skip
    link = re.search(r'href="(\?page=responses[^"]*)"', said).group(1).replace("&amp;", "&")
    assert '<details id="open-' in page.answer(link)["html"]
    assert re.search(r'<details id="open-\d+" open>', page.answer(link)["html"])


def test_a_contributor_opens_answers_of_their_own_site_alone(opened):
    page = Renderer(Shared(desk(opened, "contributor", "site_a")))
    every = signals(TOLD, TODAY)
    own = {one.site for one in every} & {"site_a"}
    offered = re.findall(r'name="about" value="([^"]+)"', html(page, "responses"))
    assert all("/site_a/" in one for one in offered)
    assert bool(offered) == bool(own)
    other = next(one for one in every if one.site != "site_a")
    assert refused(page, "open_response", "responses", about=other.id, owner="Mo")


# Voices


def brought(page: Renderer, **more: str) -> str:
    fields = {**file_of(PEOPLE), "title": "Spring survey", "since": "2025-01-06",
              "until": "2025-06-30", **more}  # fmt: skip
    found = page.look("voices", fields, "?page=voices")
    assert "problems" not in found, found
    fields["digest"] = found["found"]["digest"]
    return done(page, "keep_voices", "voices", **fields)


def test_a_round_of_voices_is_kept_as_numbers_beside_those_served(opened):
    mine = desk(opened)
    page = Renderer(Shared(mine))
    assert "Nothing is known of whose voices are missing" in html(page, "voices")
    places = {group.name: place for place, group in enumerate(PROJECT.strata.groups)}
    asked = {f"asked.{places['Black']}": "40", f"asked.{places['White']}": "20"}
    said = text_of(brought(page, **asked))
    ((_, kept),) = mine.entries("pph", Heard).items()
    body = json.dumps(kept.content.model_dump(mode="json"))
    assert "p10" not in body, "no mark of a person is kept"
    assert "10 people were heard" in said
    assert "No data for this yet" in said
    assert "2 of 40" in said
    assert "5.0%" in said
    few = {**file_of(PEOPLE), "title": "x", "since": "2025-01-06", "until": "2025-06-30",
           f"asked.{places['White']}": "3"}  # fmt: skip
    assert "than were asked" in " ".join(page.look("voices", few, "?page=voices")["problems"])
    brought(page, title="Autumn survey", since="2025-07-01", until="2025-12-31", **asked)
    answer = page.answer("?page=voices")
    assert "answered" in answer["figures"]


def test_who_sees_no_true_counts_is_told_what_the_policy_lets_out(opened):
    brought(Renderer(Shared(desk(opened))))
    facilitator = desk(opened, "facilitator")
    ((_, kept),) = facilitator.entries("pph", Heard).items()
    assert not kept.content.team
    told = {one.stratum: one.people for one in kept.content.groups}
    assert told["Black"] is None
    assert told["White"] in (None, 5, 10)
    said = text_of(html(Renderer(Shared(facilitator)), "voices"))
    assert "too few to show" in said
    assert "Small numbers are protected here" in said
    bodies = [one.body or "" for one in facilitator.history("pph") if one.kind == "voices"]
    assert bodies == [], "whole, it tells of true counts"


def test_you_said_we_did_is_written_down_and_answered_later(opened):
    mine = desk(opened)
    page = Renderer(Shared(mine))
    met = {"day": "2025-05-06", "met": "Six mothers", "where": "The library", "said": "A card"}
    assert "is missing" in refused(page, "engage", "voices", **(met | {"met": ""}))
    said = text_of(done(page, "engage", "voices", **met))
    assert "What changed since is not written down" in said
    ((key, _),) = mine.entries("pph", Engagement).items()
    did = {"key": key, "did": "A card by each bed", "measure": PROJECT.measures[0].id}
    said = text_of(done(page, "did", "voices", **did))
    assert "We did: A card by each bed" in said
    assert mine.entries("pph", Engagement)[key].content.measure == PROJECT.measures[0].id


# People who give care


def test_the_standard_stands_year_by_year_and_together_with_its_directions(opened):
    mine = desk(opened)
    page = Renderer(Shared(mine))
    assert "nothing is known of who gives care" in html(page, "staff")
    fields = {**file_of(WRES), "title": "WRES 2025"}
    fields["digest"] = page.look("staff", fields, "?page=staff")["found"]["digest"]
    done(page, "keep_staff", "staff", **fields)
    answer = page.answer("?page=staff")
    said = text_of(answer["html"])
    assert "2025: 1.50 (0.82 to 2.84)" in said
    assert "2023 to 2025 together" in said
    assert "above 1 favours White" in said
    assert {"likelihoods", "points"} <= set(answer["figures"])
    ((_, kept),) = mine.entries("pph", Staff).items()
    assert len(kept.content.rows) == 12
    # With small numbers hidden nothing is worked out of them, and nought is not put in.
    said = text_of(html(Renderer(Shared(desk(opened, "facilitator"))), "staff"))
    assert "Fewer people than may be shown" in said


def test_a_team_stands_beside_three_named_references(opened):
    mine = desk(opened)
    page = Renderer(Shared(mine))
    names = [group.name for group in PROJECT.strata.groups]
    for of, called, people in (
        ("team", "Midwives 2025", {"Black": 2, "White": 38}),
        ("community", "Census 2021", {"Black": 2000, "White": 8000}),
    ):
        numbers = {f"people.{names.index(name)}": str(n) for name, n in people.items()}
        done(page, "makeup", "staff", of=of, name=called, **numbers)
    wrong = {"of": "team", "name": "x", "people.0": "3.5"}
    assert "no number of people" in refused(page, "makeup", "staff", **wrong)
    said = text_of(html(page, "staff"))
    assert "The team (Midwives 2025) beside the community (Census 2021)" in said
    assert "0.25 (0.03 to 0.85)" in said  # 2 of 40 beside a fifth
    assert "Not yet written down: The organisation" in said
    assert len(mine.entries("pph", Makeup)) == 2


# Spread


def test_an_idea_tried_is_written_down_and_the_ledger_says_what_cannot_be_told(opened):
    mine = desk(opened)
    page = Renderer(Shared(mine))
    idea = PROJECT.drivers[0].change_ideas[0].id
    new = {"idea": idea, "title": "Scales in every room", "start": "2025-04-07", "plan": "Weigh"}
    assert "tick at least one site" in refused(page, "cycle", "spread", **new)
    done(page, "cycle", "spread", **new, **{"at.site_a": "on", "at.site_b": "on"})
    (kept,) = mine.entries("pph", Cycle).values()
    assert (kept.content.sites, kept.content.change_idea) == (("site_a", "site_b"), idea)
    said = text_of(html(page, "spread"))
    assert "What we do not know" in said
    assert "not written down" in said
    stands = {"cycle": kept.content.id, "stands": "still_done", "day": "2025-09-01"}
    assert "not come yet" in refused(
        page, "cycle_stands", "spread", **stands | {"day": "2999-01-01"}
    )
    said = text_of(done(page, "cycle_stands", "spread", **stands))
    assert "seen done on 1 Sep 2025" in said


# Empty states


@pytest.mark.parametrize("name", ["responses", "voices", "staff", "spread"])
def test_an_empty_page_says_why_and_who_can_fill_it(opened, name):
    quiet = Findings(PROJECT.model_copy(update={"cycles": ()}), judged=True)
    for role in ("admin", "clinician", "facilitator"):
        shared = Shared(desk(opened, role, *(["site_a"] if role == "clinician" else [])))
        shared.by_project = {"pph": quiet}
        said = text_of(html(Renderer(shared), name))
        assert len(said) > 200
        assert "data-act" not in html(Renderer(shared), name) or role != "clinician"
