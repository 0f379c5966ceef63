"""One gap from its signal to what became of the idea that answered it, in a browser.

Each step's figure is read back from the store, not from the page that showed it.
"""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect
from seeing import DESKTOP, ready

from outside import Mail, serving
from qi_equity import store
from qi_equity.app.live import Analyst, Network
from qi_equity.app.server import start
from qi_equity.network.ledger import ledger
from qi_equity.project import Cycle, Project
from qi_equity.store import Desk
from qi_equity.store.entries import Response
from qi_equity.vocabulary import Became
from qi_equity.words.ledger import became_words

SITES = [f"site_{letter}" for letter in "abcdefgh"]
BEFORE, RISES, MONTHS = 24, 14, 36  # months before the idea, of the rise, and of all
TODAY = pd.Timestamp.now().normalize()


def project() -> Project:
    fair = {"stratum": "Black", "measure": "bled", "kind": "ratio", "from": 2, "to": 1,
            "by": "2027-12-31", "primary": True}  # fmt: skip
    return Project.model_validate({
        "id": "one_gap", "title": "One gap", "clinical_area": "post-partum haemorrhage",
        "network": "The network", "synthetic": True,
        "sites": [{"id": site, "name": f"Site {site[-1].upper()}"} for site in SITES],
        "aim": {"population": "women", "measure": "bled", "from": 0.08, "to": 0.05,
                "by": "2027-12-31", "equity": [fair]},
        "strata": {
            "groups": [{"name": "Black"}, {"name": "White"}],
            "reference": {"compare_with": "everyone else", "reason": "No group is the norm."},
        },
        "measures": [
            {"id": "bled", "name": "Severe bleeds", "role": "outcome", "numerator": "bleeds",
             "denominator": "births", "direction": "decrease", "subgroup": "month"},
        ],
        "drivers": [{"id": "notice", "name": "Loss is noticed", "measures": ["bled"],
                     "change_ideas": [{"id": "weigh", "name": "Weigh every pad"}]}],
        # Due within two working days, so that a reminder is due at once.
        "responses": {"working_days": 1},
    })  # fmt: skip


def counts(first: int, last: int) -> pd.DataFrame:
    """Months of every site: one group's rate doubles at all, and halves where the idea is tried."""
    random = np.random.default_rng(7)
    months = pd.date_range(end=TODAY - pd.offsets.MonthBegin(2), periods=MONTHS, freq="MS")
    rows = []
    for site in SITES:
        for name, births, rate in (("Black", 150, 0.06), ("White", 300, 0.05)):
            for place, month in enumerate(months):
                now = rate * (2.2 if name == "Black" and place >= RISES else 1)
                helped = name == "Black" and place > BEFORE and site in ("site_a", "site_b")
                events = random.binomial(births, now * (0.45 if helped else 1))
                rows.append({"measure": "bled", "site": site, "stratum": name, "subgroup": month,
                             "numerator": events, "denominator": births})  # fmt: skip
    table = pd.DataFrame(rows)
    return table[table["subgroup"].isin(months[first:last])]


def began() -> date:
    return (TODAY - pd.offsets.MonthBegin(2 + MONTHS - 1 - BEFORE)).date()


@dataclass
class Served:
    url: str
    desk: Desk
    mail: Any


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("gap")
    opened = store.open(folder / "network.sqlite")
    user = store.User("Asha", "admin")
    desk = opened.as_user(user)
    desk.save_project(project(), "id: one_gap\n")
    desk.import_table("one_gap", counts(0, BEFORE), "1" * 64)
    network = Network(opened, Analyst())
    running = start(network.seat(user))
    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)) as mail:
        yield Served(running.url, desk, mail)
    running.stop()
    network.close()


@pytest.fixture
def url(served: Served) -> str:
    return served.url


def only(desk: Desk, kind: Any) -> tuple[str, Any]:
    ((key, kept),) = desk.entries("one_gap", kind).items()
    return key, kept.content


def said(page: Any, text: str) -> None:
    page.locator(".saved", has_text=text).wait_for()


def test_one_gap_from_its_signal_to_what_became_of_the_idea(visit, served, monkeypatch):
    desk = served.desk
    for name, text in {
        "SMTP": f"127.0.0.1:{served.mail.server_address[1]}",
        "MAIL_FROM": "qi@trust.example",
    }.items():
        monkeypatch.setenv(f"QI_EQUITY_{name}", text)

    # An established signal leads to one form.
    page = visit("?page=charts&stratum=Black", size=DESKTOP)
    ready(page)
    page.get_by_role("link", name="Open a response, or see how it stands").click()
    form = page.get_by_role("form", name="The gap widens")
    form.get_by_label("Who looks into it").fill("Mo Ali")
    form.get_by_label("Their e-mail").fill("mo@trust.example")
    page.keyboard.press("Enter")
    said(page, "Mo Ali has it")
    key, response = only(desk, Response)
    assert response.about == "widening/bled/All%20sites/Black"
    assert (response.owner, response.closed) == ("Mo Ali", None)

    # Its owner is reminded, of a place and a day.
    page.get_by_role("button", name="Send a reminder").click()
    said(page, "One reminder sent.")
    (message,) = served.mail.got
    assert "To: mo@trust.example" in message
    assert "Mo Ali" in message
    assert "Black" in message.replace("=\n", "")

    # It is examined in a session, and closed with words.
    page.get_by_role("link", name="Session", exact=True).click()
    page.get_by_role("link", name="The gap widens: Severe bleeds, All sites, Black").click()
    page.get_by_label("What was different for this group?").fill("Pads were not weighed")
    page.get_by_role("button", name="Save what was found").click()
    said(page, "Saved.")
    answers = [asked.answer for asked in only(desk, Response)[1].asked]
    assert answers == [None, "Pads were not weighed", None]
    page.get_by_role("button", name="Close the response").click()
    page.get_by_text("choose an outcome").wait_for()
    page.get_by_label("What came of it").select_option(label="A PDSA cycle")
    page.get_by_label("What was found, in words").fill("Nobody weighs pads at night")
    page.get_by_label("Where it is written down").fill("https://trust.example/audit/12")
    page.get_by_role("button", name="Close the response").click()
    said(page, "Closed: A PDSA cycle.")
    response = only(desk, Response)[1]
    assert (response.outcome, response.found) == ("cycle", "Nobody weighs pads at night")
    assert len(desk.history("one_gap", key)) == 3, "all that was written stays"

    # The idea is tried at two sites.
    page.get_by_role("link", name="Worth spreading").click()
    page.get_by_text("Write down where an idea is tried").click()
    page.get_by_label("What this PDSA cycle is called").fill("Scales in every room")
    page.get_by_label("Since when").fill(f"{began():%Y-%m-%d}")
    page.get_by_label("Site A").check()
    page.get_by_label("Site B").check()
    page.get_by_label("What is tried").fill("Scales and a running total")
    page.get_by_role("button", name="Keep the PDSA cycle").click()
    said(page, "Kept: Scales in every room.")
    cycle = only(desk, Cycle)[1]
    assert (cycle.sites, cycle.start) == (("site_a", "site_b"), began())

    # A year later the ledger says what became of the gap, with its interval.
    desk.import_table("one_gap", counts(BEFORE, MONTHS), "2" * 64)
    page.goto(f"{served.url}?page=spread")
    ready(page, chart=False)
    table = desk.observations("one_gap").drop(columns="revision")
    rows = ledger(desk.project("one_gap"), table)
    gap = rows[rows["question"] == "gap"].iloc[0].to_dict()
    assert gap["became"] == Became.NARROWER
    assert 0.3 < gap["lower"] < 0.45 < gap["upper"] < 0.75
    expect(page.get_by_text(became_words(gap))).to_be_visible()

    # The board's page shows it closed.
    page.get_by_role("link", name="Board", exact=True).click()
    expect(page.get_by_text("Responses: 0 open, 0 overdue, 1 answered.")).to_be_visible()
