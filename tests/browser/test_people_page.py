"""An admin adds a person, changes what they may do, and writes a site's consent down."""

from __future__ import annotations

import pytest
from seeing import fault, ready

from app_client import PASSWORD, served
from qi_equity.store import User
from store_network import PROJECT, SITES, made, table, user


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    opened = made(folder / "network.sqlite")
    opened.as_user(user()).import_table("pph_network", table(), "1" * 64)
    opened.close()

    def people(users):
        users.save("Asha", "admin", [], PASSWORD)
        users.save("Ruth", "equity_lead", ["north"], PASSWORD)
        users.save("Jo", "contributor", ["north"], PASSWORD)

    with served(folder, folder / "network.sqlite", people=people) as running:
        yield running


@pytest.fixture
def visit(tabs, site):
    """Open the page of people as somebody; any error or foreign request fails the test."""
    with tabs.opened(site.url, alone=True) as opened:

        def signed_in(name="Asha", address="", **options):
            page = opened(f"?{address or 'page=people'}", **options)
            page.get_by_label("Your name").fill(name)
            page.get_by_label("Password").fill(PASSWORD)
            page.keyboard.press("Enter")
            ready(page, chart=False)
            return page

        yield signed_in


def said(page, text):
    page.locator(".saved", has_text=text).wait_for()


def test_a_person_is_added_changed_and_removed_with_the_keyboard_alone(visit, site):
    page = visit()
    page.get_by_label("Name, as they sign in").focus()
    page.keyboard.type("Mo")
    page.get_by_label("North", exact=True).press("Space")
    page.get_by_label("Password (12").fill("seven green kettles")
    page.get_by_label("The same password again").fill("seven green kettle")
    page.keyboard.press("Enter")
    page.get_by_text("the two passwords are not the same").wait_for()
    assert page.evaluate("() => document.activeElement.id") == "problems"
    assert page.get_by_label("Name, as they sign in").input_value() == "Mo"
    page.get_by_label("The same password again").fill("seven green kettles")
    page.keyboard.press("Enter")
    said(page, "Mo can sign in from now on.")
    assert page.get_by_label("Password (12").input_value() == ""
    assert site.users.find("Mo") == User("Mo", "contributor", ["north"])

    page.get_by_role("link", name="Change Mo").press("Enter")
    page.get_by_role("heading", name="Change Mo").wait_for()
    assert page.url.endswith("person=Mo")
    assert page.get_by_label("North", exact=True).is_checked()
    page.get_by_label("Role", exact=True).select_option(label="Equity lead")
    page.get_by_label("South", exact=True).press("Space")
    page.get_by_role("button", name="Save role and sites").press("Enter")
    said(page, "Changed, for the pages that Mo has open too.")
    assert site.users.find("Mo") == User("Mo", "equity_lead", ["north", "south"])

    page.get_by_role("button", name="Remove Mo").press("Enter")
    said(page, "Mo can no longer sign in.")
    assert site.users.find("Mo") is None


def test_a_site_consents_and_stops_and_the_reason_stands_beside_it(visit, site):
    page = visit("Ruth")
    assert page.get_by_text("is for an admin of the network").is_visible()
    assert page.locator("tbody th").all_inner_texts() == ["North"]
    for act, reason, state in (
        ("Consent", "the board agreed", "Consents"),
        ("Stop", "asked to wait", "Does not consent"),
    ):
        page.get_by_label("Reason, North").fill(reason)
        page.get_by_role("button", name=f"{act} : North").press("Enter")
        page.get_by_role("cell", name=state, exact=True).wait_for()
        assert page.get_by_role("cell", name=reason).is_visible()


def test_no_accessibility_violation_and_no_sideways_scroll(visit):
    for name, address in (
        ("Asha", ""),
        ("Asha", "page=people&person=Jo"),
        ("Ruth", ""),
        ("Jo", ""),
    ):
        page = visit(name, address, bypass_csp=True)
        assert page.get_by_role("heading", level=1).inner_text().startswith("People")
        fault(page, (name, address))


def test_what_a_release_would_hold_is_looked_at_then_it_goes_out_and_is_withdrawn(visit, site):
    desk = site.network.store.as_user(user(name="Asha"))
    for place in SITES:
        desk.consent(PROJECT, place, True)
    page = visit("Asha", "page=project", bypass_csp=True)
    assert not page.get_by_role("button", name="Let it go out").is_visible()
    page.get_by_role("button", name="See what it would hold").press("Enter")
    page.get_by_text("policy hes").wait_for()
    assert desk.releases(PROJECT) == ()
    fault(page)
    page.get_by_label("Note for the history").fill("looked through with Ruth")
    page.get_by_role("button", name="Let it go out").press("Enter")
    said(page, "Release 1 is out: the network sees it now.")
    (out,) = desk.releases(PROJECT)
    assert (out.who, out.why) == ("Asha", "looked through with Ruth")
    page.get_by_label("Reason to withdraw release 1").fill("a wrong week")
    page.get_by_role("button", name="Withdraw release 1").press("Enter")
    said(page, "Release 1 is no longer shown.")
    assert desk.releases(PROJECT)[0].withdrawn == "a wrong week"
