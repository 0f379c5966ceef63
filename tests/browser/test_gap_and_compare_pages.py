"""The gap with its reference and verdict, and one measure across sites without a league table."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from made_findings import made_findings, made_project
from seeing import DESKTOP, PHONE, choose, drawn, fault, ready, violations

from patience import PATIENCE
from qi_equity.app.server import start


@pytest.mark.parametrize(
    "address", ["compare", "compare&project=long", "board", "board&project=long"]
)
def test_no_accessibility_violation_and_no_sideways_scroll(visit, address):
    """Of eighteen strata with names of eighty letters too."""
    page = visit(f"?page={address}")
    ready(page, chart=address.startswith("compare"))
    fault(page)


def test_the_board_is_walked_by_keyboard_from_a_group_to_a_cell_and_its_heads_stay_in_view(visit):
    page = visit("?page=board&project=long&site=site_a", size=PHONE)
    ready(page, chart=False)
    grid = page.locator(".frozen").first
    region = page.locator(".scroll").first
    region.focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.scroll').scrollLeft > 100")
    first = grid.locator("tbody th").first.bounding_box()
    assert abs(first["x"] - region.bounding_box()["x"]) < 2
    page.get_by_label("Stratum").select_option(index=2)
    page.wait_for_url("**stratum=**")
    grid.locator("thead th:nth-child(3)").wait_for(state="detached")
    grid.get_by_role("link").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**page=charts**")
    assert "stratum=Group" in page.url


def test_what_is_printed_names_its_project_and_day_and_holds_whole_tables(visit):
    page = visit("?page=compare&stratum=Black")
    ready(page)
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert "printed on" in page.locator(".printed").inner_text()
    assert "haemorrhages" in page.locator(".printed").inner_text()
    page.set_viewport_size({"width": 680, "height": 900})  # what a page of A4 has room for
    over = "() => [...document.querySelectorAll('table')].filter((t) => t.scrollWidth > 680).length"
    assert page.evaluate(over) == 0


def test_the_gap_page_shows_reference_reason_and_both_scales(visit):
    page = visit("?page=gap")
    ready(page)
    assert page.get_by_text("No group is the norm").is_visible()
    assert page.get_by_role("heading", name="Black").first.is_visible()
    names = {name for name, _ in drawn(page)}
    assert {"Gap, ratio", "Gap, difference", "95% interval"} <= names


def test_compare_keeps_the_sites_in_the_project_s_order_and_links_to_each_gap(visit):
    page = visit("?page=compare&stratum=Black")
    ready(page)
    sites = page.locator(".matrix tbody th").all_inner_texts()
    assert sites == ["Site A", "Site B", "Site C"]
    page.locator(".matrix tbody tr").nth(1).get_by_role("link").first.click()
    page.wait_for_function("() => document.querySelector('h1').innerText.includes('Site B')")
    assert "page=charts" in page.url
    assert "site=site_b" in page.url
    assert "stratum=" in page.url


def test_a_change_idea_is_chosen_from_a_list_and_has_a_link(visit):
    page = visit("?page=compare")
    ready(page)
    choose(page, "Change idea", "Weigh every pad")
    page.wait_for_url("**idea=weigh**")
    words = page.locator(".matrix tbody td:nth-child(2)").all_inner_texts()
    assert "Tried it" in words
    page.go_back()
    page.locator("#main").get_by_text("differ in more than the change").wait_for(state="detached")
    page = visit("?page=compare&idea=weigh", size=PHONE)
    ready(page)
    assert page.locator(".matrix tbody td:nth-child(2)").all_inner_texts() == words
    assert violations(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_other_rules_and_months_are_said_to_be_other_than_declared(visit):
    page = visit()
    ready(page)
    before = drawn(page)
    page.get_by_text("Draw the charts otherwise").click()
    page.get_by_label("Points", exact=True).select_option(label="By month")
    page.get_by_text("drawn otherwise than the project declared").wait_for()
    values = [heights for name, heights in drawn(page) if name == "Value"]
    assert drawn(page) != before
    assert len(values[0]) == 24
    assert "period=month" in page.url
    page.get_by_label("target").check()
    page.wait_for_url("**hide=target**")
    assert "Target" not in {name for name, _ in drawn(page)}


class Awaited:
    """Findings whose verdicts are still to come, told only while the gate stands open."""

    store = None

    def __init__(self) -> None:
        self.judged = made_findings(made_project("pph"))
        self.found = replace(self.judged, judged=False)
        self.gate = Event()
        self.gate.set()

    def projects(self) -> list[Any]:
        return [self.found.project]

    def revision(self, project_id: str) -> str:
        return f"1:{self.found.judged}"

    def release_under_way(self, _project_id: str) -> bool:
        return False

    def findings(self, project_id: str) -> Any:
        assert self.gate.wait(PATIENCE)
        return self.found


AWHILE = 10_000  # milliseconds, in which the page asks several times by itself


def test_every_click_is_answered_while_verdicts_are_awaited_and_then_they_come(context_of):
    backend = Awaited()
    running = start(backend)
    page = context_of(DESKTOP).new_page()
    page.clock.install()
    page.goto(running.url + "?page=gap")
    ready(page)
    shown = page.locator("#main").get_by_text("being worked out").first
    for site in ("Site B", "Site C", "Site A", "Site B", "Site C"):
        backend.gate.clear()  # a slow answer
        page.get_by_label("Site", exact=True).select_option(label=site)
        page.clock.run_for(AWHILE)
        backend.gate.set()
        page.locator("h1 .at", has_text=site).wait_for()
        page.clock.run_for(AWHILE)
        assert page.locator("h1 .at").inner_text() == site
        assert shown.is_visible()
    backend.found = backend.judged
    page.clock.run_for(AWHILE)
    shown.wait_for(state="detached")
    assert page.locator("h1 .at").inner_text() == "Site C"
    page.close()
    running.stop()
