"""A second language is a second folder: in one that is made up, no page holds a word of English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from made_findings import made_findings, made_project
from seeing import ready

import pseudo_locale
from app_client import PASSWORD, served
from qi_equity import store
from qi_equity.app.backend import FixedBackend
from qi_equity.app.server import start
from qi_equity.observations import COLUMNS
from qi_equity.project import EVERYONE
from qi_equity.words import SETTING
from qi_equity.words.grammar import inside, sentence
from store_network import made, table, user

PROJECT = made_project("pph", sites=2)
# Everything that can be read or is read aloud: text, names of things, and what plotly would show.
READ = """() => {
    const said = [document.title]
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) {
        const around = walker.currentNode.parentElement
        if (!around.closest("script, style, template, noscript, code")) {
            said.push(walker.currentNode.textContent)
        }
    }
    for (const name of ["aria-label", "placeholder", "title", "alt"]) {
        for (const one of document.querySelectorAll(`[${name}]`)) said.push(one.getAttribute(name))
    }
    for (const plot of document.querySelectorAll(".plot")) {
        for (const trace of plot.data || []) said.push(trace.name, trace.hovertemplate)
    }
    return said.filter(Boolean)
}"""


@pytest.fixture(scope="module")
def language(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = pseudo_locale.write(tmp_path_factory.mktemp("words") / "pseudo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SETTING, str(folder))
        yield


@pytest.fixture(scope="module")
def url(language: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Findings of random numbers over a store that takes counts, notes and next steps."""
    findings = made_findings(PROJECT, weeks=40)
    rows = findings.points
    rows = rows[(rows["stratum"] != EVERYONE) & rows["denominator"].notna()].copy()
    rows["value"] = float("nan")
    opened = store.open(tmp_path_factory.mktemp("store") / "network.sqlite")
    desk = opened.as_user(store.User("Asha", "admin"))
    desk.save_project(PROJECT, f"{FILE}\n")
    desk.import_table("pph", rows[COLUMNS], "0" * 64)
    running = start(FixedBackend({"pph": findings}, desk))
    yield running.url
    running.stop()
    opened.close()


def written_by(team: Any) -> set[str]:
    """Every text of a project file, as it stands and as it stands within a sentence."""
    if isinstance(team, str):
        return {team, inside(team), sentence(team, stop="")}
    if isinstance(team, dict):
        return set().union(*map(written_by, team.values()))
    if isinstance(team, list | tuple):
        return set().union(*map(written_by, team))
    return set()


def english(page: Any, names: set[str]) -> list[str]:
    """What is read on a page and comes neither from the catalogue nor from the team."""
    longest_first = sorted(map(re.escape, names - {""}), key=len, reverse=True)
    theirs = re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)")
    found = []
    for text in page.evaluate(READ):
        rest = re.sub(
            r"%\{[^}]*\}|<[^>]*>", " ", text
        )  # numbers that plotly fills in, and its tags
        rest = theirs.sub(" ", rest.replace("\xa0", " "))
        if re.search("[A-Za-z]", rest):
            found.append(text.strip())
    return found


FILE = "id: pph"
TEAM = written_by(PROJECT.model_dump(mode="json")) | {"Asha", FILE}


@pytest.mark.parametrize(
    "address",
    [
        "",
        "?stratum=Black&rules=nelson&period=month&lines=whole&hide=target",
        "?site=site_b&measure=weighed",
        "?page=compare",
        "?page=compare&idea=weigh",
        "?page=log",
        "?page=session",
        "?page=session&slide=1",
        "?page=project",
        "?page=quality",
        "?page=history",
        "?page=history&measure=pph&site=site_a&stratum=Black&week=2024-07-01",
        "?page=people",
        "?page=begin",
    ],
)
def test_every_word_of_a_page_comes_from_the_catalogue(visit, address):
    page = visit(address)
    ready(page, chart=page.locator("[data-figure]").count() > 0)
    assert page.evaluate("document.documentElement.lang") == "en-XA"
    assert page.locator("h1").inner_text()
    assert english(page, TEAM) == []


def test_what_is_not_there_is_said_in_the_language_too(visit):
    page = visit("?site=elsewhere&measure=nothing")
    ready(page)
    assert english(page, TEAM | {"elsewhere", "nothing"}) == []


def test_scripts_and_answers_speak_the_language(visit):
    page = visit("?page=log")
    ready(page)
    first, second = page.locator(".entry input:visible").all()[:2]
    for events, births in (("9", "4"), ("3", ""), ("999", "9999")):
        first.fill(events)
        second.fill(births)
        assert page.locator("tr[data-measure] .check").first.inner_text()
        assert page.locator("#pending").inner_text()
        assert english(page, TEAM) == [], (events, births)
    first.fill("1")
    second.fill("20")
    page.locator("#save").press("Enter")
    page.locator(".saved").wait_for()
    assert english(page, TEAM) == []


def test_the_door_and_the_list_of_people_speak_the_language(visit_door):
    page, network = visit_door
    assert english(page, set()) == []
    page.locator("#name").fill("Asha")
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    ready(page, chart=False)
    names = written_by(network.model_dump(mode="json")) | {"Asha", "Jo"}
    assert english(page, names) == []
    page.goto(page.url + "&person=Jo")
    ready(page, chart=False)
    assert english(page, names) == []


@pytest.fixture
def visit_door(language: None, browser: Any, tmp_path: Any) -> Iterator[Any]:
    """The door of a store with two people in its list, and the project behind it."""
    opened = made(tmp_path / "network.sqlite")
    desk = opened.as_user(user())
    desk.import_table("pph_network", table(), "1" * 64)
    project = desk.project("pph_network")
    opened.close()

    def people(users: store.Users) -> None:
        users.save("Asha", "admin", [], PASSWORD)
        users.save("Jo", "equity_lead", ["north"], PASSWORD)

    with served(tmp_path, tmp_path / "network.sqlite", people=people) as running:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{running.url}?page=people")
        yield page, project
        context.close()
