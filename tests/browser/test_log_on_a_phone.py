"""A midwife logs a week with her thumb: four measures, births once, with and without a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest
from made_findings import made_findings, made_project
from seeing import PHONE, drawn, ready, violations
from served import week_before_last

from qi_equity import store
from qi_equity.app.live import Analyst, Network
from qi_equity.app.server import start
from qi_equity.observations import COLUMNS
from qi_equity.project import EVERYONE

MOST_KEYS = 60
STRATA = ("Asian", "Black", "Mixed", "Other", "White", "Not known")
BIRTHS = (26, 17, 9, 9, 41, 3)
# What a week looks like: bleeds, loss weighed, risk assessed, transfusions.
EVENTS = ((2, 0, 0, 2, 2, 0), (21, 17, 8, 7, 38, 3), (20, 14, 7, 6, 31, 2), (0, 0, 0, 0, 1, 0))
BLACK = "Black: women who lost 1,000 ml or more"
ASIAN = "Asian: women who lost 1,000 ml or more"


@dataclass
class Kept:
    """The app over a store of six sites and four measures, and a colleague's desk in it."""

    url: str
    colleague: Any

    def logged(self, site: str) -> pd.DataFrame:
        """What stands of the last week that is over."""
        table = self.colleague.observations("pph", site=site)
        return table[table["subgroup"] == week_before_last() + pd.Timedelta(weeks=1)]

    def logs(self, site: str, stratum: str, events: int, births: int, **more: int) -> None:
        """A colleague logs one count of that week."""
        week = f"{week_before_last() + pd.Timedelta(weeks=1):%Y-%m-%d}"
        key = {"measure": "pph", "site": site, "stratum": stratum, "subgroup": week}
        row = {**key, **more, "numerator": events, "denominator": births}
        self.colleague.log("pph", [row], "counted again" if more else None)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    project = made_project("pph", sites=6)
    pph, weighed = project.measures
    more = [
        weighed.model_copy(update={"id": "assessed", "name": "Risk assessed",
                                   "numerator": "women whose risk was assessed"}),
        pph.model_copy(update={"id": "given", "name": "Transfusion",
                               "numerator": "women given blood"}),
    ]  # fmt: skip
    project = project.model_copy(update={"measures": (pph, weighed, *more)})
    rows = made_findings(project, weeks=16).points
    rows = rows[(rows["stratum"] != EVERYONE) & rows["denominator"].notna()].copy()
    rows["value"] = float("nan")
    rows["subgroup"] += week_before_last() - rows["subgroup"].max()
    opened = store.open(tmp_path_factory.mktemp("store") / "network.sqlite")
    asha = opened.as_user(store.User("Asha", "admin"))
    asha.save_project(project, "id: pph\n")
    asha.import_table("pph", rows[COLUMNS], "0" * 64)
    network = Network(opened, Analyst())
    running = start(network.seat(store.User("Asha", "admin")))
    yield Kept(running.url, opened.as_user(store.User("Ben", "admin")))
    running.stop()
    network.close()


@pytest.fixture(scope="module")
def url(kept: Kept) -> str:
    return kept.url


@pytest.fixture
def phone(visit: Any) -> Any:
    def opened(site: str, **options: Any) -> Any:
        page = visit(f"?page=log&site={site}", size=PHONE, has_touch=True, **options)
        page.evaluate("() => { sessionStorage.kept = 'yes' }")
        ready(page)
        return page

    return opened


def births_of(page: Any, stratum: str) -> Any:
    return page.get_by_label(f"{stratum}, for all measures: women giving birth", exact=True)


def focused(page: Any) -> str:
    return page.evaluate("() => document.activeElement.id")


def by_thumb(page: Any, numbers: list[int]) -> int:
    """Type a week as a thumb would, from the cell in focus on; how many keys that took."""
    keys = 0
    for place, number in enumerate(numbers, 1):
        here = focused(page)
        for digit in str(number):
            page.keyboard.press(digit)
            keys += 1
        if place < len(numbers) and focused(page) == here:
            page.keyboard.press("Enter")
            keys += 1
    return keys


def in_view(page: Any, selector: str) -> bool:
    """Whether the whole of an element can be seen, and nothing of ours lies over it."""
    return page.evaluate(
        """(selector) => {
            const box = document.querySelector(selector).getBoundingClientRect()
            const bar = document.querySelector(".save").getBoundingClientRect()
            const floats = bar.bottom > innerHeight - 2
            return box.top >= 0 && box.bottom <= (floats ? bar.top : innerHeight) + 1
        }""",
        selector,
    )


def test_a_thumb_logs_four_measures_in_sixty_keys_and_mends_a_slip_with_one_tap(phone, kept):
    page = phone("site_a")
    assert in_view(page, ".births input"), "the first count is in the first screen"
    assert in_view(page, ".overdue a")
    before = [heights for name, heights in drawn(page) if name == "Value"]
    wide = "() => [...document.querySelectorAll('main input, main a, main select, main button')]"
    cut = page.evaluate(f"{wide}.filter((one) => one.getBoundingClientRect().right > innerWidth)")
    assert cut == []
    page.locator(".births input").first.tap()
    keys = 1 + by_thumb(page, [*BIRTHS, *(one for row in EVENTS for one in row)])
    page.locator("#save").tap()
    page.locator(".saved", has_text="Saved: 24 rows").wait_for()
    assert keys + 1 <= MOST_KEYS
    stands = kept.logged("site_a").set_index(["measure", "stratum"])
    assert stands.loc[("weighed", "White"), ["numerator", "denominator"]].tolist() == [38, 41]
    after = [heights for name, heights in drawn(page) if name == "Value"]
    assert len(after[2]) == len(before[2]) + 1
    assert in_view(page, "#logged-head")
    assert focused(page) == "logged-head"

    page.get_by_label(ASIAN, exact=True).tap()
    page.keyboard.press("3")
    page.get_by_role("button", name="Typing slip").tap()
    page.locator(".saved", has_text="1 of them corrected").wait_for()
    made = kept.colleague.history("pph", most=1)[0]
    assert (made.why, made.who) == ("Typing slip", "Asha")


def test_births_that_are_asked_once_are_told_wrong_where_they_are_typed(phone, kept):
    page = phone("site_f")
    births, event = births_of(page, "Black"), page.get_by_label(BLACK, exact=True)
    said = page.locator(f"#{births.get_attribute('aria-describedby')}")
    births.fill("12a")
    births.blur()
    said.get_by_text("'12a' is not a number").wait_for()
    assert births.get_attribute("aria-invalid") == "true"
    page.locator("#save").tap()  # nothing goes, and the thumb is led to what is wrong
    assert focused(page) == births.get_attribute("id")
    event.fill("2")
    again = page.locator(f"#{event.get_attribute('aria-describedby')}")
    assert again.inner_text() == "", "it is said once, and not at every count of theirs"
    births.fill("900")
    said.get_by_text("is 900 right?").wait_for()
    assert births.get_attribute("aria-invalid") is None
    births.fill("17")
    said.get_by_text("is 900 right?").wait_for(state="detached")
    assert said.inner_text() == ""
    assert kept.logged("site_f").empty


def test_with_the_network_gone_a_week_is_kept_by_name_and_sent_when_it_is_back(phone, kept):
    page = phone("site_b")
    page.context.set_offline(True)
    births_of(page, "Black").tap()
    by_thumb(page, [17])
    page.get_by_label(BLACK, exact=True).tap()
    by_thumb(page, [2])
    page.locator("#save").tap()
    page.locator("#kept", has_text="No connection. What you typed is kept here").wait_for()
    keys = page.evaluate("() => Object.keys(localStorage).filter((one) => one.includes('draft'))")
    assert '"Asha","pph","site_b"' in keys[0]
    assert kept.logged("site_b").empty
    page.context.set_offline(False)
    page.locator(".saved", has_text="Saved: 1 row").wait_for()
    assert kept.logged("site_b")["numerator"].tolist() == [2]
    assert page.evaluate("() => Object.keys(localStorage)") == []


# What the server answers is held back until a test lets it through.
HOLDS = """() => {
    window.held = []
    const receive = qiEquity.receive
    qiEquity.receive = (answer) => window.held.push(answer)
    window.lets = () => { qiEquity.receive = receive; window.held.forEach(receive) }
}"""


def test_two_people_at_one_week_see_both_values_and_choose_row_by_row(phone, kept):
    page = phone("site_c")
    for stratum, births, label in (("Asian", "20", ASIAN), ("Black", "15", BLACK)):
        births_of(page, stratum).fill(births)
        page.get_by_label(label, exact=True).fill("1")
    kept.logs("site_c", "Asian", 2, 20)
    kept.logs("site_c", "Black", 3, 15)
    page.evaluate(HOLDS)
    page.locator("#save").tap()
    page.wait_for_function("() => held.length")
    births_of(page, "Mixed").tap()  # she types on meanwhile, and is told without losing a key
    page.evaluate("() => lets()")
    asian = page.locator(".clash", has_text="You: 1 of 20. \u2068Ben\u2069: 2 of 20, saved")
    asian.wait_for()
    assert focused(page) == births_of(page, "Mixed").get_attribute("id")
    assert "somebody else saved 2 of these rows" in page.locator("#problems").inner_text()
    assert violations(page) == []
    page.get_by_role("button", name="Keep theirs: Asian").tap()
    page.get_by_role("button", name="Keep mine: Black").tap()
    assert page.get_by_label(ASIAN, exact=True).input_value() == "2"
    page.get_by_role("button", name="Late data").tap()
    page.locator(".saved", has_text="1 of them corrected").wait_for()
    stands = kept.logged("site_c").set_index("stratum")["numerator"]
    assert stands.to_dict() == {"Asian": 2, "Black": 1}


def test_a_draft_put_back_is_laid_beside_what_a_colleague_saved_and_never_over_it(phone, kept):
    page = phone("site_d")
    births_of(page, "Black").fill("15")
    page.get_by_label(BLACK, exact=True).fill("1")
    kept.logs("site_d", "Black", 4, 15)
    for _ in range(2):  # and however often it is opened, until somebody chooses
        page.reload()
        page.locator(".clash", has_text="You: 1 of 15. \u2068Ben\u2069: 4 of 15").wait_for()
    page.locator("#save").tap()
    assert page.evaluate("() => Boolean(document.activeElement.closest('.clash'))")
    assert kept.logged("site_d")["numerator"].tolist() == [4]
    page.get_by_role("button", name="Keep theirs: Black").tap()
    assert page.get_by_label(BLACK, exact=True).input_value() == "4"
    other(page).fill("1")
    page.reload()
    page.get_by_role("status").get_by_text("typed and not saved was put back").wait_for()
    page.get_by_role("button", name="Discard it").press("Enter")
    assert other(page).input_value() == ""
    assert page.evaluate("() => document.activeElement.tagName") == "H1"


def other(page: Any) -> Any:
    return page.get_by_label("Other: women who lost 1,000 ml or more", exact=True)


def counts_of(kept: Kept, site: str, stratum: str) -> list[list[float]]:
    rows = kept.logged(site)
    return rows.loc[rows["stratum"] == stratum, ["numerator", "denominator"]].to_numpy().tolist()


def test_counts_kept_for_another_week_are_sent_from_behind_what_is_typed_now(phone, kept):
    page = phone("site_e", timezone_id="America/New_York")
    week = week_before_last() + pd.Timedelta(weeks=1)
    told = f"Site E, {week.day} {week:%b %Y}"  # the same day of the calendar everywhere
    for theirs, said in ((None, f"Sent and saved: {told}."), (4, f"kept for {told} could not be")):
        page.context.set_offline(True)
        births_of(page, "Other").fill("9")
        other(page).fill("1" if theirs is None else "2")
        page.locator("#correct:not([hidden]) button, #save").first.tap()
        page.locator("#kept", has_text="No connection").wait_for()
        page.evaluate("() => { qiEquity.lost = () => {} }")  # she opens another page herself
        if theirs is not None:
            row = kept.logged("site_e").set_index("stratum").loc["Other"]
            kept.logs("site_e", "Other", theirs, 9, revision=int(row["revision"]))
        page.context.set_offline(False)
        page.goto(page.url.replace("site_e", "site_f"))
        births_of(page, "Asian").tap()
        by_thumb(page, [2])
        page.locator("#kept", has_text=said).wait_for()
        by_thumb(page, [0])
        assert page.locator("form[data-log]").get_attribute("data-site") == "site_f"
        assert births_of(page, "Asian").input_value() == "20"
        assert page.locator(".clash").count() == 0, "it is no row of this site"
        assert other(page).input_value() == ""
        assert counts_of(kept, "site_e", "Other") == [[theirs or 1, 9]]
        page.locator("#discard").evaluate("(one) => one.click()")
        page.goto(page.url.replace("site_f", "site_e"))
        ready(page)
    page.locator(".clash", has_text="You: 2 of 9. \u2068Ben\u2069: 4 of 9").wait_for()


def test_who_types_on_while_a_save_is_on_its_way_goes_on_and_is_no_second_person(phone, kept):
    page = phone("site_f")
    births_of(page, "Other").fill("9")
    other(page).fill("1")
    page.evaluate(HOLDS)
    page.locator("#save").dblclick()
    page.wait_for_function("() => held.length")
    other(page).fill("2")
    births_of(page, "Asian").tap()
    by_thumb(page, [2])
    page.evaluate("() => lets()")
    by_thumb(page, [0])
    page.locator(".saved", has_text="Saved: 1 row.").wait_for()
    assert births_of(page, "Asian").input_value() == "20"
    page.get_by_role("button", name="Typing slip").tap()
    page.locator(".saved", has_text="1 of them corrected").wait_for()
    assert counts_of(kept, "site_f", "Other") == [[2, 9]]


def test_a_save_whose_answer_was_lost_is_said_to_stand_and_one_left_behind_is_told(phone, kept):
    page = phone("site_d")
    births_of(page, "Other").fill("9")
    other(page).fill("1")
    page.evaluate(HOLDS)
    page.locator("#save").tap()
    page.wait_for_function("() => held.length")
    page.reload()
    page.locator(".saved", has_text="Saved already: 1 row").wait_for()
    other(page).fill("2")
    page.evaluate(HOLDS)
    page.get_by_role("button", name="Typing slip").tap()
    page.get_by_role("link", name="Quality").click()
    page.wait_for_function("() => held.length > 1")
    page.evaluate("() => lets()")
    page.locator(".saved", has_text="1 of them corrected").wait_for()
    assert "Quality" in page.title()
    assert counts_of(kept, "site_d", "Other") == [[2, 9]]


def test_births_that_were_wiped_are_not_saved_as_they_were(phone, kept):
    page = phone("site_c")
    births_of(page, "Other").fill("9")
    other(page).fill("1")
    births_of(page, "Other").fill("")
    page.locator("#save").tap()
    assert focused(page) == births_of(page, "Other").get_attribute("id")
    assert counts_of(kept, "site_c", "Other") == []


def test_two_tabs_of_one_week_keep_what_was_typed_in_either(phone, visit):
    one, two = phone("site_c"), phone("site_c")
    other(one).fill("3")
    births_of(two, "Black").fill("15")
    one.reload()
    one.get_by_text("typed and not saved was put back").wait_for()
    assert other(one).input_value() == "3"
    assert births_of(one, "Black").input_value() == "15"


def test_a_browser_that_keeps_nothing_says_so_and_saves_all_the_same(phone, kept):
    page = phone("site_b")
    page.evaluate(
        """() => {
            Storage.prototype.setItem = () => {
                throw new DOMException("full", "QuotaExceededError")
            }
        }"""
    )
    births_of(page, "Other").fill("9")
    other(page).fill("1")
    page.locator("#kept", has_text="This browser cannot keep what you type").wait_for()
    page.locator("#theme").tap()
    assert page.evaluate("() => document.documentElement.dataset.theme")
    page.locator("#save").tap()
    page.locator(".saved", has_text="Saved: 1 row.").wait_for()
    assert counts_of(kept, "site_b", "Other") == [[1, 9]]
    assert page.locator("#kept").is_hidden()


def test_births_typed_and_taken_back_on_a_desk_are_no_draft(visit):
    page = visit("?page=log&site=site_f")
    ready(page)
    births = page.locator("tr[data-stratum=Mixed] input[name=denominator]").first
    for text in ("17", ""):
        births.fill(text)
        births.blur()
    assert page.evaluate("() => Object.keys(localStorage)") == []


def test_what_was_typed_is_there_after_going_on_and_back(phone):
    page = phone("site_e")
    births_of(page, "Black").fill("15")
    page.get_by_label(BLACK, exact=True).fill("1")
    page.get_by_role("link", name="Quality").click()
    page.get_by_role("heading", name="quality").first.wait_for()
    page.go_back()
    page.get_by_text("typed and not saved was put back").wait_for()
    assert page.get_by_label(BLACK, exact=True).input_value() == "1"
    assert births_of(page, "Black").input_value() == "15"


SIZES = {"phone": PHONE, "zoomed to 200%": {"width": 683, "height": 384}}


@pytest.mark.parametrize("size", SIZES)
def test_no_step_of_the_keyboard_is_hidden_under_the_bar_of_save(visit, size):
    page = visit("?page=log&site=site_f", size=SIZES[size], reduced_motion="reduce",
                 forced_colors="active")  # fmt: skip
    ready(page)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.evaluate("() => document.querySelector('h1').focus()")
    hidden, steps = [], 0
    while steps < 40:
        page.keyboard.press("Tab")
        steps += 1
        under = page.evaluate(
            """() => {
                const at = document.activeElement, bar = document.querySelector(".save")
                if (at === document.body || bar.contains(at)) return null
                const [box, over] = [at.getBoundingClientRect(), bar.getBoundingClientRect()]
                const floats = over.bottom >= innerHeight - 1 && box.height < innerHeight / 2
                return floats && box.bottom > over.top + 1 ? at.outerHTML : ""
            }"""
        )
        if under:
            hidden.append(under)
    assert hidden == []


def test_on_paper_a_log_is_its_tables_without_what_only_a_screen_can_do(visit):
    page = visit("?page=log&site=site_f")
    ready(page)
    page.emulate_media(media="print")
    for away in (".save", ".overdue", "header", ".choices"):
        assert not page.locator(away).first.is_visible(), away
    assert page.locator(".entry").nth(1).is_visible()
