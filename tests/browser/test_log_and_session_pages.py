"""A team logs a week, corrects it and sees the chart move; a facilitator runs a session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from seeing import DESKTOP, PHONE, drawn, ready
from served import ten_sites


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app over a store of ten sites and thirty weeks."""
    with ten_sites(tmp_path_factory.mktemp("store")) as served:
        yield served


def values_of(page: Any) -> list[list[float | None]]:
    return [heights for name, heights in drawn(page) if name == "Value"]


def type_in(page: Any, label: str, text: str) -> None:
    page.get_by_label(label, exact=True).first.focus()
    page.keyboard.type(text)


def said(page: Any, text: str) -> None:
    page.locator(".saved", has_text=text).wait_for()


BLACK = "Black: women who lost 1,000 ml or more"
BLACK_BIRTHS = "Black: women giving birth"


def test_a_week_is_logged_corrected_and_taken_back_with_the_keyboard_alone(visit):
    page = visit("?page=log&site=site_b")
    ready(page)
    before = values_of(page)
    type_in(page, BLACK, "2")
    type_in(page, BLACK_BIRTHS, "17")
    page.locator("#save").focus()
    page.keyboard.press("Enter")
    said(page, "Saved: ")
    after = values_of(page)
    assert len(after[2]) == len(before[2]) + 1
    assert after[2][-1] == pytest.approx(200 / 17, abs=0.001)

    assert page.get_by_label(BLACK, exact=True).input_value() == "2"
    page.get_by_label(BLACK, exact=True).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("1")
    page.locator("#save").focus()
    page.keyboard.press("Enter")
    page.get_by_text("say why").wait_for()
    assert page.get_by_label(BLACK, exact=True).input_value() == "1"
    type_in(page, "Reason, if you are changing counts that were saved before", "counted twice")
    page.keyboard.press("Enter")
    said(page, "1 of them corrected")
    assert values_of(page)[2][-1] == pytest.approx(100 / 17, abs=0.001)

    page.get_by_role("link", name="History of Black, Blood loss of 1,000 ml or more").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="History").wait_for()
    assert page.get_by_text("counted twice").is_visible()
    page.get_by_label("Reason to take back").first.focus()
    page.keyboard.type("it was two after all")
    page.keyboard.press("Enter")
    said(page, "Taken back")
    assert page.locator("tbody tr").first.inner_text().count("2 of 17") == 1


def test_more_events_than_births_is_said_while_typing_and_never_sent(visit):
    page = visit("?page=log&site=site_a")
    ready(page)
    type_in(page, BLACK, "9")
    type_in(page, BLACK_BIRTHS, "4")
    assert page.get_by_text("More than the 4 counted").is_visible()
    page.locator("#save").click()
    assert page.evaluate("() => document.activeElement.getAttribute('aria-invalid')") == "true"
    assert page.get_by_text("Saved:").count() == 0


def paste(page: Any, label: str, text: str) -> str:
    """Paste a block into a cell; what the page says became of it."""
    page.get_by_label(label, exact=True).first.focus()
    page.evaluate(
        """(text) => {
            const data = new DataTransfer()
            data.setData("text", text)
            document.activeElement.dispatchEvent(
                new ClipboardEvent("paste", { clipboardData: data, bubbles: true }))
        }""",
        text,
    )
    page.locator("#pasted li").first.wait_for()
    return page.locator("#pasted").inner_text()


ASIAN = "Asian: women who lost 1,000 ml or more"


def test_pasted_cells_fill_the_table_and_enter_moves_down(visit):
    page = visit("?page=log&site=site_a")
    ready(page)
    told = paste(page, ASIAN, "1\t20\n0\t15\n")
    assert "2 rows pasted: 2 filled in" in told
    assert page.get_by_label(BLACK_BIRTHS, exact=True).first.input_value() == "15"
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.getAttribute('aria-label')") == BLACK


def test_pasted_labels_find_their_strata_and_what_does_not_fit_is_said(visit):
    page = visit("?page=log&site=site_a")
    ready(page)
    block = "Group\tPPH\tBirths\nBlack\t2\t17\nAsian\t1\t12,5\nAll\t3\t57\nMartian\t1\t2\n"
    told = paste(page, ASIAN, block)
    assert "5 rows pasted: 2 filled in, 1 as heading, 2 left out" in told
    assert "‘All’ is a total" in told
    assert "Martian" in told
    assert page.get_by_label(BLACK, exact=True).input_value() == "2"
    assert page.get_by_label(BLACK_BIRTHS, exact=True).first.input_value() == "17"
    page.get_by_text("'12,5' is 12.5, and a count is a whole number").last.wait_for()


def test_a_comma_is_never_deleted(visit):
    page = visit("?page=log&site=site_a")
    ready(page)
    type_in(page, BLACK_BIRTHS, "12,5")
    page.keyboard.press("Enter")
    page.locator(".check.wrong", has_text="'12,5' is 12.5").wait_for()
    page.get_by_label(BLACK_BIRTHS, exact=True).first.fill("1,200")
    type_in(page, BLACK, "2")
    page.keyboard.press("Tab")
    page.get_by_text("is 1200 right?").wait_for()
    page.get_by_label(BLACK_BIRTHS, exact=True).first.fill("36,5")
    page.locator("#save").click()
    page.locator(".check.wrong, #problems li", has_text="'36,5' is 36.5").first.wait_for()
    assert page.locator(".saved").count() == 0


def upload(page: Any, text: str) -> str:
    """Choose a file and look at what is in it; the account the page gives."""
    page.get_by_text("Bring in a file of counts instead").click()
    file = {"name": "counts.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("#file").set_input_files(file)
    page.get_by_role("button", name="Show what is in it").click()
    page.locator(".shown .account").wait_for()
    return page.locator(".shown .account").inner_text()


HEAD = "measure,site,stratum,subgroup,numerator,denominator\n"


def test_a_file_of_counts_is_shown_with_every_reason_before_it_is_kept(visit):
    page = visit("?page=log&site=site_b")
    ready(page)
    before = values_of(page)[1]
    told = upload(
        page, HEAD + "pph,site_b,Asian,2025-06-02,9,4\npph,nowhere,Asian,2025-06-02,1,4\n"
    )
    assert "nowhere" in told
    assert "more events than births" in told
    assert page.locator("[data-keeps]").is_hidden()
    page.reload()
    ready(page)
    assert values_of(page)[1] == before
    week = page.locator("form[data-log]").get_attribute("data-week")
    upload(page, HEAD + f"pph,site_b,Asian,{week},1,4\n")
    page.get_by_role("button", name="Keep 1 row").dblclick()
    said(page, "1 row taken")
    page.evaluate("() => qiEquity.look('read', { cells: [] })")  # whatever was asked is answered
    said(page, "1 row taken")
    assert values_of(page)[1][-1] == 25


def test_what_was_typed_and_not_saved_survives_a_reload(visit):
    page = visit("?page=log&site=site_a")
    ready(page)
    page.evaluate("() => { sessionStorage.kept = 'yes' }")
    type_in(page, BLACK, "3")
    page.reload()
    ready(page)
    assert page.get_by_label(BLACK, exact=True).input_value() == "3"
    assert page.get_by_text("typed and not saved was put back").is_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_facilitator_presents_the_agenda_and_records_two_steps_by_keyboard(visit, size):
    page = visit("?page=session", size=size)
    ready(page, chart=False)
    page.get_by_role("link", name="Present the agenda").focus()
    page.keyboard.press("Enter")
    page.get_by_text("1 of ").wait_for()
    ready(page)
    assert not page.locator("header").is_visible()
    page.keyboard.press("ArrowRight")
    page.get_by_text("2 of ").wait_for()
    assert "slide=" in page.url
    page.get_by_text("Add a next step").focus()
    page.keyboard.press("Enter")
    page.get_by_label("What will be done").focus()
    page.keyboard.type("Ring Site J on Monday")
    page.keyboard.press("ArrowLeft")  # within what is written, and no other slide
    page.keyboard.press("Tab")
    page.keyboard.type("Mo")
    page.keyboard.press("Enter")
    said(page, "Mo has it")
    assert page.locator(".slide-side li", has_text="Ring Site J").count()
    page.locator("h1").focus()
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="Next steps").wait_for()
    for step, owner in (("Scales on the night shift", "Asha"), ("Ask Site B how", "Ruth")):
        page.get_by_label("What will be done").focus()
        page.keyboard.type(step)
        page.keyboard.press("Tab")
        page.keyboard.type(owner)
        page.keyboard.press("Enter")
        said(page, f"{owner} has it")
    page.get_by_label("What", exact=True).fill("Weighing is quick once scales are there")
    page.get_by_role("button", name="Write it down").press("Enter")
    said(page, "Noted.")
    steps = page.locator("table", has_text="Next steps").locator("tbody th").all_inner_texts()
    assert steps[:2] == ["Ask Site B how", "Scales on the night shift"]  # the newest first


def on_slide(page: Any, place: int) -> Any:
    """Wait for a slide; where a note of it is written."""
    page.locator(".place", has_text=f"{place} of ").wait_for()
    page.locator("#write-note").evaluate("(one) => { one.open = true }")
    return page.locator("#note-text")


def test_what_is_half_written_of_an_item_is_never_another_s(visit):
    page = visit("?page=session&slide=1")
    ready(page)
    on_slide(page, 1).fill("Half a decision")
    page.locator("h1").focus()
    page.keyboard.press("ArrowRight")
    assert on_slide(page, 2).input_value() == ""
    page.locator("#note-text").fill("Of the second")
    page.locator("h1").focus()
    page.keyboard.press("Alt+ArrowLeft")  # the browser's own, which no slide takes for itself
    page.go_back()
    assert on_slide(page, 1).input_value() == "Half a decision"
    assert page.evaluate("() => document.activeElement.tagName") == "H1"
    page.go_forward()
    assert on_slide(page, 2).input_value() == "Of the second"
    shown = page.context.new_cdp_session(page).send("Page.getNavigationHistory")
    titles = [one["title"] for one in shown["entries"] if "slide=" in one["url"]]
    assert titles[-1] == page.title()
    assert titles[-2] != titles[-1], "each entry of the history has the title of its own page"


REFRESHES = """() => new Promise((done) => {
    const receive = qiEquity.receive
    qiEquity.receive = (answer) => { receive(answer); qiEquity.receive = receive; done() }
    qiEquity.ask({ address: location.search, quiet: true, mark: "of another page" })
})"""


def test_a_form_keeps_all_that_was_chosen_in_it_while_the_page_is_drawn_anew(visit):
    page = visit("?page=session")
    ready(page, chart=False)
    for what, choice in (("#choose-about", "decided"), ("#choose-site", "site_b")):
        page.locator(what).select_option(choice)
    page.locator("#note-text").fill("Of one site alone")
    page.locator("#round-options").evaluate("(one) => { one.open = true }")
    page.locator("#round-options input").first.uncheck()
    write = page.get_by_role("button", name="Write it down")
    write.focus()

    def stands() -> list[object]:
        fields = ("#choose-about", "#choose-site", "#note-text")
        typed = [page.locator(field).input_value() for field in fields]
        return [*typed, page.locator("#round-options input").first.is_checked()]

    kept = ["decided", "site_b", "Of one site alone", False]
    page.evaluate(REFRESHES)
    assert stands() == kept
    assert page.evaluate("() => document.activeElement.textContent.trim()") == "Write it down"
    page.locator("#principle-1").evaluate("(one) => { one.open = true }")
    page.locator("#principle-text-1").fill("Nobody yet")
    page.locator("#principle-1 button").click()
    said(page, "Noted.")
    assert stands() == kept, "another form of the same kind was sent"
    page.evaluate("() => { window.before = true; qiEquity.lost() }")
    page.wait_for_function("() => !window.before")
    ready(page, chart=False)
    assert stands() == kept, "the connection was lost, and the page is a new one"
    write.focus()
    page.keyboard.press("Enter")
    page.locator("main li", has_text="Of one site alone").wait_for()
    assert stands() == ["learnt", "", "", False]
    assert page.evaluate("() => document.activeElement.textContent.trim()") == "Write it down"


WIDE = {"width": 1920, "height": 1080}


def test_a_slide_fills_a_wide_screen_with_large_letters(visit):
    page = visit("?page=session&slide=1", size=WIDE)
    ready(page)
    page.get_by_text("Add a next step").click()
    small = page.evaluate(
        """() => [...document.querySelectorAll(".slide *")].filter((one) =>
            one.getClientRects().length && !one.closest(".unseen, .icon, .modebar") &&
            [...one.childNodes].some((part) => part.nodeType === 3 && part.textContent.trim()) &&
            parseFloat(getComputedStyle(one).fontSize) < 18).map((one) => one.outerHTML)"""
    )
    assert small == []
    plot = page.locator(".plot").bounding_box()
    assert plot["height"] > 600
    assert plot["width"] > 1200
    steps = page.locator(".steps").bounding_box()
    assert steps["y"] + steps["height"] <= 1080


def test_an_agenda_that_one_holds_by_keyboard_stays_for_another_while_a_week_is_logged(visit):
    page, other = (visit("?page=session") for _ in range(2))
    ready(page, chart=False)
    ready(other, chart=False)
    page.get_by_role("button", name="Hold this agenda still").focus()
    page.keyboard.press("Enter")
    said(page, "held still")
    items = page.locator(".agenda > li").all_inner_texts()
    other.goto(other.url.split("?")[0] + "?page=log&site=site_j")
    ready(other)
    type_in(other, BLACK, "1")
    type_in(other, BLACK_BIRTHS, "17")
    other.locator("#save").click()
    said(other, "Saved: ")
    other.goto(other.url.split("?")[0] + "?page=session")
    ready(other, chart=False)
    assert other.get_by_text("Held still by Asha").is_visible()
    assert [text.splitlines()[0] for text in other.locator(".agenda > li").all_inner_texts()] == [
        text.splitlines()[0] for text in items
    ]
    other.get_by_role("button", name="Let the agenda follow the counts again").click()
    said(other, "follows the counts again")


def test_a_step_without_an_owner_is_refused_in_words(visit):
    page = visit("?page=session")
    ready(page, chart=False)
    page.get_by_label("What will be done").fill("Something")
    page.get_by_role("button", name="Add the step").click()
    page.get_by_text("who does it: is missing").wait_for()
    assert page.get_by_label("What will be done").input_value() == "Something"


# In one go, so that nothing new from the server comes between: forms of a list, as it stands.
MOVED = """
() => {
  const main = document.getElementById("main")
  const list = (told) => {
    main.innerHTML = told.map(([key, seen]) => `<form data-act="close">
      <input type="hidden" name="key" value="${key}">
      <input type="hidden" name="seen" value="${seen}"><input name="text"></form>`).join("")
  }
  const stands = () => [...main.querySelectorAll("form")].map(({ elements }) =>
    [elements.key.value, elements.seen.value, elements.text.value])
  list([["a", 5], ["b", 6]])
  main.querySelectorAll("form")[1].elements.text.value = "of b"
  qiWritten.keep()
  list([["new", 1], ["a", 5], ["b", 7]]) // somebody wrote at the head, and to b
  qiWritten.put(false)
  const moved = stands()
  qiWritten.sent(main.querySelectorAll("form")[2], -1)
  qiWritten.refused(-1) // and said so: what stands there now has been seen
  qiWritten.keep()
  list([["b", 7]])
  qiWritten.put(false)
  return [moved, stands()]
}
"""


def test_what_is_typed_stays_with_what_its_form_is_about_and_with_what_was_seen(visit):
    page = visit("?page=session")
    ready(page, chart=False)
    moved, told = page.evaluate(MOVED)
    assert moved == [["new", "1", ""], ["a", "5", ""], ["b", "6", "of b"]]
    assert told == [["b", "7", "of b"]]


# The browser's half alone, in one go: what is asked is noted down and answered by the test.
ASKED = """
() => {
  const asked = []
  qiEquity.ask = (message) => -asked.push(message)
  const form = document.querySelector("form[data-log]")
  const keyOf = (week) => "qi-equity-draft|" + JSON.stringify(
    [form.dataset.user, form.dataset.project, form.dataset.site, week])
  const message = { act: "log", fields: { rows: [] }, address: "?" }
  localStorage.setItem(keyOf("2020-01-06"), JSON.stringify({ typed: { a: "3" }, message }))
  qiKept.dress()
  for (let turn = 1; turn <= 5 && turn <= asked.length; turn++) {
    qiKept.answered({ number: -turn, quiet: true, problems: ["sign in"], again: true }, false)
  }
  const flushed = asked.length
  localStorage.removeItem(keyOf("2020-01-06"))
  const row = qiLog.rows()[0]
  const cell = row.querySelector("input[name=numerator]")
  const rows = [{ ...row.dataset }]
  cell.value = "1"
  qiKept.send({ act: "log", fields: { rows }, address: "?" })
  cell.value = "2" // typed on while it is on its way
  qiKept.keep()
  qiKept.answered({ number: -asked.length, done: "Saved" }, true) // another page is asked for
  const left = JSON.parse(localStorage.getItem(keyOf(form.dataset.week)))
  return [flushed, Object.values(left.typed), Object.values(left.revisions), row.dataset.revision]
}
"""


def test_nothing_is_sent_again_and_again_and_what_is_typed_on_keeps_what_it_was_typed_over(visit):
    page = visit("?page=log&site=site_c")
    ready(page)
    flushed, typed, revisions, revision = page.evaluate(ASKED)
    assert flushed == 1, "the sign-in is over: it is sent after the next"
    assert typed == ["2"]
    assert revisions == [revision], "somebody else may save before it is shown again"
