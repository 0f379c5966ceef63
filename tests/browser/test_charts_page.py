"""A clinician opens the charts, changes what is shown, and reads one stratum."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
from seeing import DESKTOP, PHONE, choose, drawn, fault, ready, redrawn


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_first_screen_holds_the_answer_and_its_chart(visit, size):
    page = visit("?stratum=Black", size=size)
    ready(page)
    assert page.locator(".answer").inner_text().startswith("Black: ")
    for part in (page.locator(".answer"), page.locator(".plot").first):
        box = part.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= size["height"]
    page.get_by_role("link", name="Chart and gap of White").click()
    page.wait_for_url("**stratum=White**")
    assert page.locator(".answer").inner_text().startswith("White: ")


def test_all_charts_stand_without_plotly_and_give_way_to_the_live_ones(visit):
    page = visit("liveness")
    visit.expected.append("ERR_FAILED")
    page.route("**/plotly.min.js*", lambda route: route.abort())
    page.goto(visit.home + "?stratum=Black")
    sketch = page.locator("[data-figure=answer] .sketch")
    assert sketch.locator("path.value").count() == 2  # a line and its points
    assert page.locator(".sketch").count() == page.locator("[data-figure]").count() == 4
    before = sketch.bounding_box()
    page.unroute("**/plotly.min.js*")
    page.goto(visit.home + "?stratum=Black")
    ready(page)
    drawn(page)
    assert page.locator(".sketch").count() == 0
    after = page.locator("[data-figure=answer] .plot").bounding_box()
    assert after["y"] == pytest.approx(before["y"], abs=1)
    assert after["height"] == pytest.approx(before["height"], abs=1)


@pytest.fixture(scope="module")
def held_against() -> Iterator[str]:
    """The app over a measure that is held against a rate from outside."""
    from test_signal_system import found

    from qi_equity.app.backend import FixedBackend
    from qi_equity.app.server import start

    running = start(FixedBackend({"pph": found()}))
    yield running.url
    running.stop()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_signal_chart_shows_its_limit_and_says_what_it_asks(tabs, held_against, size):
    with tabs.opened(held_against) as visit:
        page = visit("?page=charts&measure=pph&site=site_b#signal-chart", size=size)
        ready(page)
        part = page.locator("#signal-chart")
        part.locator(".plot[data-drawn]").wait_for()
        assert part.get_by_role("heading").inner_text() == "Signal chart (CUSUM): Everyone"
        said = part.inner_text()
        assert "It has signalled" in said
        assert "Established beside it" in said
        # The line it has to cross is in view, its name too, and the picture has words for itself.
        limit = part.get_by_text("signal from here on").bounding_box()
        frame = part.locator(".plot").bounding_box()
        assert frame["y"] <= limit["y"] <= frame["y"] + frame["height"]
        assert "It has signalled" in part.locator("[role=img]").get_attribute("aria-label")
        fault(page)


def test_seven_panels_are_drawn_with_signals_in_shapes(visit):
    page = visit()
    ready(page)
    names = [name for name, _ in drawn(page)]
    assert names.count("Value") == 1 + 7  # one large, and all on one scale
    assert "Special cause: concern" in names
    symbols = page.evaluate(
        "() => qiEquity.plots.get('charts').data.filter(t => t.name.startsWith('Special'))"
        ".map(t => t.marker.symbol)"
    )
    assert set(symbols) <= {"diamond", "triangle-up"}


def test_another_project_and_site_show_other_charts_and_have_a_link(visit):
    page = visit()
    ready(page)
    first = drawn(page)
    choose(page, "Project", "Warm babies <34 weeks")
    second = drawn(page)
    assert second != first
    choose(page, "Site", "Site B")
    assert drawn(page) != second
    assert "site=site_b" in page.url
    assert "Site B" in page.get_by_role("heading", level=1).inner_text()
    again = visit("?" + page.url.split("?")[1])
    ready(again)
    assert drawn(again) == drawn(page)


def test_the_back_button_brings_the_former_charts_back(visit):
    page = visit()
    ready(page)
    first = drawn(page)
    choose(page, "Site", "Site B")
    page.go_back()
    page.wait_for_function("() => document.querySelector('h1').innerText.includes('Site A')")
    assert drawn(page) == first
    assert page.get_by_label("Site", exact=True).input_value() == "site_a"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_link_to_one_stratum_shows_its_points_as_a_table(visit, size):
    page = visit("?project=pph&measure=pph&site=site_a&stratum=Black", size=size)
    ready(page)
    table = page.locator("#points")
    assert table.locator("tbody tr").count() == 104
    assert "Black" in table.locator("caption").inner_text()


def test_made_up_data_is_said_to_be_made_up(visit):
    page = visit()
    assert page.get_by_text("Synthetic data.").is_visible()


def test_a_site_that_is_not_there_is_said_and_the_page_still_shows_charts(visit):
    page = visit("?site=nowhere")
    ready(page)
    assert page.get_by_text("nowhere").is_visible()


def test_what_a_team_writes_is_never_markup(visit):
    page = visit("?site=<img src=x onerror=alert(1)>")
    ready(page)
    assert page.locator("main img").count() == 0


def test_a_choice_is_made_with_the_keyboard_and_keeps_the_focus(visit):
    page = visit()
    ready(page)
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    page.get_by_label("Site", exact=True).focus()
    before = page.locator(".plot").first.get_attribute("data-drawn")
    page.keyboard.press("ArrowDown")
    redrawn(page, before)
    assert page.evaluate("() => document.activeElement.id") == "choose-site"


@pytest.mark.parametrize("address", ["", "?stratum=Black"])
def test_the_page_has_no_accessibility_violation_and_no_sideways_scroll(visit, address):
    page = visit(address)
    ready(page)
    fault(page)
    assert page.get_by_role("img").first.get_attribute("aria-label")


def test_the_server_compresses_and_answers_that_it_lives(url):
    with urlopen(url + "liveness") as answer:
        assert answer.status == 200
        assert json.load(answer)
