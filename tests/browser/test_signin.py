"""Somebody signs in, sees what is theirs, and signs out; the page itself runs nothing foreign."""

from __future__ import annotations

import pytest
from seeing import fault, ready

from app_client import PASSWORD, served
from patience import PATIENCE_MS
from qi_equity import store
from store_network import PROJECT, made, table, user

HOSTILE = "<img src=x onerror=window.hit=1><script>window.hit=1</script>"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signin")
    opened = made(folder / "network.sqlite")
    admin = opened.as_user(user())
    admin.import_table(PROJECT, table(), "1" * 64)
    admin.write(PROJECT, store.Action(text=HOSTILE, owner=HOSTILE, sites=("north",)))
    opened.close()

    def people(users):
        users.save("Jo", "contributor", ["north"], PASSWORD)
        users.save("Fay", "facilitator", [], PASSWORD)

    with served(folder, folder / "network.sqlite", people=people) as running:
        yield running


@pytest.fixture
def visit(tabs, site):
    """Open an address in a browser with nothing in it; errors and foreign requests fail."""
    with tabs.opened(site.url, alone=True) as opened:
        opened.expected.append("403")  # a refused sign-in
        yield opened


def sign_in(page, name="Jo", password=PASSWORD):
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")


def test_a_link_leads_through_the_sign_in_to_what_it_names(visit):
    # As the page itself writes it once there is news: at any moment the address is this.
    link = "?page=charts&project=pph_network&measure=pph&site=north"
    page = visit(link)
    assert "sign-in" in page.url
    sign_in(page)
    ready(page, chart=False)
    assert page.url.endswith(f"/{link}")
    assert "Jo" in page.locator("header").inner_text()


def test_a_wrong_password_is_said_and_the_name_kept(visit):
    page = visit()
    sign_in(page, password="wrong horse staple")
    said = page.get_by_role("alert")
    assert "Not signed in" in said.inner_text()
    assert page.get_by_label("Your name").input_value() == "Jo"
    assert page.get_by_label("Password").input_value() == ""
    assert page.evaluate("() => document.activeElement.id") == "password"


def test_signing_out_closes_the_page_that_is_open_elsewhere(visit):
    page = visit()
    sign_in(page)
    ready(page)
    other = page.context.new_page()
    other.goto(page.url)
    ready(other)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_selector("text=You are signed out")
    other.evaluate("() => qiEquity.ask({ address: '?page=gap' })")
    other.wait_for_selector("text=you are signed out")
    other.reload()
    assert "sign-in" in other.url


def test_the_charts_are_live_under_the_policy_and_hostile_words_stay_words(visit):
    page = visit("?page=session&project=pph_network")
    sign_in(page)
    ready(page, chart=False)
    assert page.get_by_text(HOSTILE).first.is_visible()
    # An image that fails now fails after one in the page would have: then nothing is to come.
    page.evaluate(
        """() => new Promise((done) => {
            const image = new Image()
            image.onerror = done
            image.src = "data:,none"
        }).then(() => true)"""
    )
    assert page.evaluate("() => window.hit") is None
    visit.expected.append("Content Security Policy")
    # Even markup that got into the page would run nothing: the policy has no place for it.
    page.evaluate("() => { document.getElementById('main').innerHTML = '<p id=in>in</p>' }")
    blocked = page.evaluate(
        """(patience) => new Promise((done) => {
            addEventListener("securitypolicyviolation", (e) => done(e.violatedDirective))
            const script = document.createElement("script")
            script.textContent = "window.hit = 1"
            document.body.append(script)
            if (window.hit) done("not blocked")
            setTimeout(() => done("neither run nor refused"), patience)
        })""",
        PATIENCE_MS,
    )
    assert blocked.startswith("script-src")
    assert page.evaluate("() => window.hit") is None


def test_a_facilitator_is_not_shown_a_site_that_has_not_consented(visit):
    page = visit("?project=pph_network&site=north")
    sign_in(page, "Fay")
    ready(page, chart=False)
    assert page.locator(".plot").count() == 0
    said = page.locator("main").inner_text()
    assert "No release yet" in said
    assert "No site shares counts" in said


def test_a_page_that_is_not_there_is_ours_and_leads_back(visit):
    page = visit("sign-in")
    sign_in(page)
    ready(page)
    visit.expected.append("404")
    text = page.evaluate("() => fetch('/nowhere').then((given) => given.text())")
    assert "There is no such page" in text


def test_signing_in_and_out_has_no_accessibility_violation_and_no_sideways_scroll(visit):
    page = visit("sign-in", bypass_csp=True)
    for step in ("the form", "refused", "signed in", "signed out"):
        if step == "refused":
            sign_in(page, password="wrong horse staple")
            page.wait_for_selector("[role=alert]")
        if step == "signed in":
            sign_in(page)
            ready(page)
        if step == "signed out":
            page.get_by_role("button", name="Sign out").click()
            page.wait_for_selector("text=You are signed out")
        fault(page, step)


CELL = "tr[data-measure] input"
KEPT = "() => Object.keys(localStorage).filter((one) => one.startsWith('qi-equity-draft'))"


def test_counts_saved_when_the_sign_in_is_over_are_sent_after_it_whoever_comes_between(visit, site):
    page = visit("?page=log")
    sign_in(page)
    ready(page, chart=False)
    cells = page.locator(CELL)
    cells.nth(0).fill("1")
    cells.nth(1).fill("9")
    for stay in site.door.visits.of("Jo", 10**9):
        site.door.visits.end("Jo", stay.id)
    page.locator("#save").click()
    page.get_by_text("you are signed out").first.wait_for()
    page.reload()
    sign_in(page, "Fay")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_selector("text=You are signed out")
    page.goto(page.url.replace("/sign-out", "/?page=log"))
    sign_in(page)
    page.locator(".saved", has_text="Saved: 1 row").wait_for()
    assert page.locator(CELL).nth(0).input_value() == "1"


def test_a_note_half_written_when_the_sign_in_is_over_is_its_writer_s_alone(visit, site):
    page = visit("?page=session&project=pph_network")
    for name, note in (("Jo", ""), ("Jo", "Half a note"), ("Fay", "")):
        sign_in(page, name)
        ready(page, chart=False)
        assert page.locator("#note-text").input_value() == note
        page.locator("#note-text").fill(note or "Half a note")
        for stay in site.door.visits.of(name, 10**9):
            site.door.visits.end(name, stay.id)
        page.get_by_role("button", name="Write it down").click()
        page.get_by_text("you are signed out").first.wait_for()
        page.reload()


def test_signing_out_keeps_what_was_never_sent_and_sends_it_for_its_user_alone(visit):
    page = visit("?page=log")
    sign_in(page)
    ready(page, chart=False)
    page.context.set_offline(True)
    cells = page.locator(CELL)
    cells.nth(2).fill("1")
    cells.nth(3).fill("9")
    page.locator("#save").click()
    page.locator("#kept").get_by_text("is kept here, under your name").wait_for()
    page.evaluate("() => localStorage.setItem('qi-equity-theme', 'dark')")
    # Back on the network, and signed out before the page has seen it.
    page.evaluate("() => addEventListener('online', (one) => one.stopImmediatePropagation(), true)")
    page.evaluate("() => { qiEquity.lost = () => {} }")
    page.context.set_offline(False)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_selector("text=You are signed out")
    assert len(page.evaluate(KEPT)) == 1
    assert page.evaluate("() => localStorage.getItem('qi-equity-theme')") is None
    page.goto(page.url.replace("/sign-out", "/?page=log"))
    sign_in(page, "Fay")
    ready(page, chart=False)
    assert len(page.evaluate(KEPT)) == 1
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_selector("text=You are signed out")
    page.goto(page.url.replace("/sign-out", "/?page=log"))
    sign_in(page)
    page.locator(".saved", has_text="Saved: 1 row").wait_for()
    assert page.evaluate(KEPT) == []
