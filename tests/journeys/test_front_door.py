"""Nobody gets in who should not, through HTTP and the websocket of a server as it is run."""

from __future__ import annotations

import json
import sys
import time
from urllib.parse import urlsplit

import pytest
from bokeh.util.token import generate_jwt_token, get_token_payload
from tornado.httpclient import HTTPClientError
from tornado.web import create_signed_value

from app_client import PASSWORD, SECRET, Page, served, xsrf
from qi_equity.app.rounds import ROUNDS, TEAM, Round, unchanged
from qi_equity.app.signin import HOURS, inside
from qi_equity.store import SignInRefused
from qi_equity.store.users import FAILURES, LOCKED_SECONDS, TRIES
from qi_equity.store.visits import IDLE_SECONDS
from store_network import PROJECT, made, table, user

TITLE = "Fewer severe bleeds"  # of the project: what nobody outside may read


class Clock:
    """Runs only when told to, ahead of the real one."""

    def __init__(self):
        self.ahead = 0.0

    def __call__(self):
        return time.time() + self.ahead


@pytest.fixture(scope="module")
def clock():
    return Clock()


@pytest.fixture(scope="module")
def site(tmp_path_factory, clock):
    """A served network with a contributor and a facilitator."""
    folder = tmp_path_factory.mktemp("door")
    opened = made(folder / "network.sqlite")
    admin = opened.as_user(user())
    admin.import_table(PROJECT, table(), "1" * 64)
    admin.consent(PROJECT, "south", True)
    opened.close()

    def people(users):
        users.save("Jo", "contributor", ["north"], PASSWORD)
        users.save("Fay", "facilitator", [], PASSWORD)

    with served(folder, folder / "network.sqlite", clock, people=people) as running:
        yield running


@pytest.fixture(autouse=True)
def _another_minute(clock):
    clock.ahead += 61  # tries of the test before no longer count


@pytest.fixture
def somebody(site):
    """A user of this test alone."""
    site.users.save("Sam", "contributor", ["north"], PASSWORD)
    yield "Sam"
    if site.users.find("Sam"):
        site.users.remove("Sam")


# Who has not signed in


@pytest.mark.parametrize(
    "address",
    [
        "", "?page=log", "?page=charts&project=pph_network&site=north", "metadata", "ws",
        "autoload.js?bokeh-autoload-element=1", "?bokeh-session-id=abc", "index.html",
        "admin", "rest/session_info", "//", "login", "logout", "docs", ".env", "network.sqlite",
        "users.json",
        "users.json.secret", "components/qi_equity.app.live/Seat/__css__/x",
        "static/..%2f..%2f..%2fserver.py", "static/extensions/qi_equity/../server.py",
        "static/extensions/qi_equity/..%2fserver.py",
        "static/extensions/qi_equity/%2e%2e/server.py",
        "static/extensions/plotly_js//etc/passwd", "static/extensions/panel/..%5c..%5cauth.py",
        "..%2f..%2fetc%2fpasswd", "%00", "?page=%00", "?site=%ff%fe",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
def test_nothing_but_the_sign_in_page_is_there_for_nobody(site, address, method):
    given = site.visitor().ask(address, method=method)
    assert given.status in (302, 400, 403, 404, 405)
    if given.status == 302:
        assert "sign-in" in given.headers["Location"]
    for secret in (TITLE, "north", "Users(", "root:x", "import ", SECRET, "Traceback"):
        assert secret not in given.text


def test_the_websocket_is_closed_to_nobody(site):
    page = _page_of(site, "Jo")
    with pytest.raises(HTTPClientError, match="403"):
        page.connect(visitor=site.visitor())
    page.close()


def test_the_sign_in_page_asks_for_nothing_from_elsewhere(site):
    text = site.visitor().ask("sign-in").text
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text
    assert "<script" not in text


def test_an_address_imports_no_module(site):
    assert site.visitor().ask("components/antigravity/fly/__css__/x").status == 404
    assert "antigravity" not in sys.modules  # it would open a browser


# Passwords


def test_the_right_password_leads_to_the_page_that_was_asked_for(site):
    visitor = site.visitor()
    asked = visitor.ask("?page=gap&site=north")
    form = visitor.ask(asked.headers["Location"].removeprefix("./"))
    assert 'value="/?page=gap&amp;site=north"' in form.text
    given = visitor.sign_in("Jo", target="/?page=gap&site=north")
    assert (given.status, given.headers["Location"]) == (303, "/?page=gap&site=north")
    assert TITLE in visitor.ask(given.headers["Location"]).text


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("Jo", "wrong horse staple"), ("nobody", PASSWORD), ("", ""), ("Jo", ""),
        ("Jo' OR 1=1 --", PASSWORD), ("Jo", "x" * 50_000),
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_the_same_words_and_leaves_no_cookie(site, name, password):
    visitor = site.visitor()
    given = visitor.sign_in(name, password)
    assert given.status == 403
    assert "The name and the password do not belong together, the code is missing" in given.text
    assert visitor.cookie() is None
    site.users.save("Jo", "contributor", ["north"], PASSWORD)  # opens the lock again


def test_a_name_that_is_markup_comes_back_as_text(site):
    given = site.visitor().sign_in('"><script>alert(1)</script>')
    assert "<script" not in given.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in given.text


def test_after_wrong_passwords_the_right_one_waits(site, clock, somebody):
    for _ in range(FAILURES):
        assert site.visitor().sign_in(somebody, "wrong horse staple").status == 403
    assert site.visitor().sign_in(somebody).status == 403
    clock.ahead += LOCKED_SECONDS + 1
    assert site.visitor().sign_in(somebody).status == 303


def test_one_address_has_so_many_tries_a_minute(site):
    for number in range(TRIES):
        site.visitor().sign_in(f"name {number}", "wrong horse staple")
    given = site.visitor().sign_in("Jo")
    assert given.status == 403
    assert "Too many tries from this address; wait a minute." in given.text


def test_a_form_without_its_own_secret_is_not_taken(site):
    visitor = site.visitor()
    form = {"name": "Jo", "password": PASSWORD}
    assert visitor.ask("sign-in", form).status == 403
    others = xsrf(site.visitor().ask("sign-in").text)
    assert visitor.ask("sign-in", form | {"_xsrf": others}).status == 403
    assert visitor.cookie() is None
    jo = site.signed_in("Jo")
    assert jo.ask("sign-out", {}).status == 403
    assert jo.ask("").status == 200


@pytest.mark.parametrize(
    "target",
    [
        "https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "elsewhere",
        "javascript:alert(1)", "/\nLocation: x", "\\\\elsewhere", "/\t/elsewhere.example",
        "///elsewhere.example", "/%2f/elsewhere.example", "/%5celsewhere.example", "/ /x",
        "/\x00/elsewhere.example", "/\u2028/x", "/\u00a0/x", "?page=gap", "/other?page=gap",
        "/%2felsewhere.example?page=gap", "/;@elsewhere.example", "/./elsewhere.example",
        "/@elsewhere.example", "/\u202e/x", "",
    ],
)  # fmt: skip
def test_signing_in_leads_nowhere_else(site, target):
    assert inside(target) == "/"
    given = site.visitor().sign_in("Jo", target=target)
    assert given.headers["Location"] == "/"


def test_signing_in_leads_to_the_page_that_was_asked_for_and_what_it_carries_stays_words(site):
    assert inside("/?page=gap&site=Site+C") == "/?page=gap&site=Site+C"
    assert inside("/?next=//elsewhere.example#there") == "/?next=%2F%2Felsewhere.example"
    given = site.visitor().sign_in("Jo", target="/?page=gap&site=north")
    assert given.headers["Location"] == "/?page=gap&site=north"


@pytest.mark.parametrize("planted", ["a" * 32, "2|00000000|00000000000000000000000000000000|1", ""])
def test_a_planted_pair_of_form_secret_and_cookie_is_not_taken(site, planted):
    form = {"name": "Jo", "password": PASSWORD, "next": "/", "_xsrf": planted}
    given = site.visitor().ask("sign-in", form, Cookie=f"_xsrf={planted}")
    assert given.status == 403
    assert "qi-equity=" not in str(given.headers)


@pytest.mark.parametrize("origin", ["https://{host}", "http://elsewhere.example", "null"])
def test_a_form_or_a_connection_of_another_origin_is_refused_the_scheme_counts(site, origin):
    host = urlsplit(site.url).netloc
    visitor = site.visitor()
    form = {"name": "Jo", "password": PASSWORD, "_xsrf": xsrf(visitor.ask("sign-in").text)}
    given = visitor.ask("sign-in", form, Origin=origin.format(host=host))
    assert given.status == 403
    visitor = site.signed_in("Jo")
    page = Page(visitor, visitor.ask("").text)
    with pytest.raises(HTTPClientError, match="403"):
        page.connect(origin=origin.format(host=host))
    page.close()


def test_a_sign_in_that_nobody_uses_ends(site, clock, somebody):
    visitor = site.signed_in(somebody)
    with visitor.open() as page:
        clock.ahead += IDLE_SECONDS - 60
        page.send(address="?page=charts")
        clock.ahead += IDLE_SECONDS - 60
        assert TITLE in str(page.send(address="?page=project", quiet=True)), "in use until now"
        clock.ahead += 120
        _is_refused(page, "signed out")
    assert visitor.ask("").status == 302


# Cookies


def test_the_cookie_is_for_the_server_alone(site):
    visitor = site.visitor()
    (set_cookie,) = visitor.sign_in("Jo").headers.get_all("Set-Cookie")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(set_cookie.split("; "))
    assert "expires" not in set_cookie.lower(), "closing the browser forgets it"
    assert PASSWORD not in set_cookie


def test_the_page_does_not_hold_the_cookie(site):
    visitor = site.signed_in("Jo")
    page = Page(visitor, visitor.ask("").text)
    assert visitor.cookie().value.strip('"') not in page.html
    payload = get_token_payload(page.token)
    assert (payload["cookies"], payload["headers"]) == ({}, {"Cookie": ""}) or not (
        payload["cookies"] or payload["headers"]
    )
    page.close()


def _cookie(site, name, secret=SECRET, clock=time.time, **changes):
    if not site.door.visits.lasts("k", IDLE_SECONDS):
        now = site.door.now()
        site.door.visits.end("Jo")
        site.door.visits.begin("k", "Jo", now + 9e6, "127.0.0.1", "")
    visit = {"name": name, "key": "k", "until": time.time() + 9e6, "stamp": site.users.stamp(name)}
    value = json.dumps(visit | changes)
    return create_signed_value(secret, "qi-equity", value, clock=clock).decode()


def test_a_cookie_is_only_what_the_server_signed(site):
    good = _cookie(site, "Jo")
    assert site.visitor().ask("", Cookie=f"qi-equity={good}").status == 200, "as it would be"
    middle = len(good) // 2
    for bad in (
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        good[:middle] + ("A" if good[middle] != "A" else "B") + good[middle + 1 :],
        _cookie(site, "Jo", secret="another secret, as long as the first one is"),
        _cookie(site, "Jo", clock=lambda: time.time() - (HOURS + 1) * 3600),
        _cookie(site, "Jo", until=time.time() - 1),
        _cookie(site, "Jo", stamp="of an old password"),
        _cookie(site, "Jo", key="a visit that never began"),
        create_signed_value(SECRET, "user", "Jo").decode(),
        "Jo", "", "2|1:0|10:1|9:qi-equity|4:eyJ9|x",
    ):  # fmt: skip
        given = site.visitor().ask("", Cookie=f"qi-equity={bad}; user=Jo; is_guest=1")
        assert given.status == 302


def test_after_a_day_one_signs_in_again(site, clock, somebody):
    visitor = site.signed_in(somebody)
    with visitor.open() as page:
        clock.ahead += HOURS * 3600 + 1
        assert visitor.ask("").status == 302
        _is_refused(page, "signed out")


def test_signing_out_ends_it_everywhere(site):
    visitor = site.signed_in("Jo")
    stolen = visitor.cookie_header()
    with visitor.open() as page:
        form = visitor.ask("sign-out").text
        given = visitor.ask("sign-out", {"_xsrf": xsrf(form)})
        assert given.status == 200
        assert given.headers["Clear-Site-Data"] == '"storage"'
        assert visitor.cookie() is None
        _is_refused(page, "signed out")
    assert site.visitor().ask("", Cookie=stolen).status == 302


def test_a_new_password_ends_what_the_old_one_opened(site, somebody):
    visitor = site.signed_in(somebody)
    with visitor.open() as page:
        site.users.save(somebody, "contributor", ["north"], "another horse staple")
        assert visitor.ask("").status == 302
        _is_refused(page, "signed out")


def test_who_is_taken_off_the_list_is_told_so_and_sees_nothing(site, somebody):
    visitor = site.signed_in(somebody)
    with visitor.open() as page:
        cookie = visitor.cookie_header()
        site.users.remove(somebody)
        _is_refused(page, "signed out")
    assert site.visitor().ask("", Cookie=cookie).status == 302


def test_a_role_that_changes_counts_at_once(site, somebody):
    fields = {"rows": [{"measure": "pph", "stratum": "Black", "subgroup": "2025-05-05",
                        "numerator": "1", "denominator": "20", "revision": 0}]}  # fmt: skip
    with site.signed_in(somebody).open() as page:
        site.users.save(somebody, "clinician", ["north"])
        told = page.send(address="?page=log", act="log", fields=fields | {"site": "north"})
        assert "role (clinician) does not allow" in told["problems"][0]


# One visitor and another


@pytest.fixture
def packs(site, somebody, tmp_path):
    """Packs that somebody asked for: the address of their link."""
    desk = site.network.seat(site.users.find(somebody)).store
    still = unchanged(desk, PROJECT, TEAM)
    asked = Round(somebody, PROJECT, TEAM, tmp_path, 1, still)
    asked.archive.write_bytes(b"true counts")
    asked.future.set_result(None)
    ROUNDS.keep(asked)
    yield f"round/{asked.token}"
    ROUNDS.drop(asked)


def test_a_link_to_packs_is_for_whoever_asked_alone(site, somebody, packs):
    assert site.visitor().ask(packs).status == 403
    assert site.signed_in("Jo").ask(packs).status == 404
    given = site.signed_in(somebody).ask(packs)
    assert (given.status, given.text) == (200, "true counts")


@pytest.mark.parametrize(("role", "sites"), [("facilitator", []), ("contributor", ["south"])])
def test_a_link_to_packs_ends_with_the_role_or_site_it_was_asked_for_with(
    site, somebody, packs, role, sites
):
    visitor = site.signed_in(somebody)
    assert visitor.ask(packs).status == 200
    site.users.save(somebody, role, sites)
    given = visitor.ask(packs)
    assert given.status == 403
    assert "true counts" not in given.text
    site.users.save(somebody, "contributor", ["north"])
    assert visitor.ask(packs).status == 404, "they are gone, not hidden"


def test_nobody_joins_anothers_session(site):
    page, fay = _page_of(site, "Jo"), site.signed_in("Fay")
    with pytest.raises(HTTPClientError, match="403"):
        page.connect(visitor=fay)
    page.connect()
    page.close()


def test_a_session_is_not_named_in_an_address(site):
    page, fay = _page_of(site, "Jo"), site.signed_in("Fay")
    page.connect()
    for address in (f"?bokeh-token={page.token}", "?bokeh-session-id=x"):
        assert fay.ask(address).status == 400
    assert fay.ask("", **{"Bokeh-Session-Id": "x"}).status == 400
    page.close()


def test_a_token_is_only_what_the_server_signed(site):
    page = _page_of(site, "Jo")
    page.token = generate_jwt_token("made up", signed=False)
    with pytest.raises(AssertionError, match="acknowledges"):
        page.connect()
    page.close()
    page = _page_of(site, "Jo")
    for nonsense in ("nonsense", "e30.e30", "bnVsbA", "."):
        page.token = nonsense
        with pytest.raises(HTTPClientError, match="403"):
            page.connect()
    page.close()


@pytest.mark.parametrize(
    "origin",
    [
        "https://elsewhere.example", "null", "http://127.0.0.1", "http://127.0.0.1:1",
        "http://127.0.0.1.elsewhere.example",
    ],
)  # fmt: skip
def test_a_page_of_another_site_cannot_connect(site, origin):
    page = _page_of(site, "Jo")
    with pytest.raises(HTTPClientError, match="403"):
        page.connect(origin=origin)
    page.close()


# What goes out, and what is let in


@pytest.mark.parametrize(
    "address", ["", "sign-in", "sign-out", "nowhere", "liveness", "static/js/bokeh.min.js", "ws"]
)
def test_every_answer_carries_the_headers(site, address):
    given = site.signed_in("Jo").ask(address)
    policy = given.headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in rules["script-src"]
    assert given.headers["X-Content-Type-Options"] == "nosniff"
    assert given.headers["X-Frame-Options"] == "DENY"
    assert given.headers["Referrer-Policy"] == "same-origin"
    assert given.headers["Server"] is None


def test_each_page_has_a_nonce_of_its_own(site):
    jo = site.signed_in("Jo")
    seen = set()
    for _ in range(3):
        given = jo.ask("")
        nonce = given.headers["Content-Security-Policy"].split("'nonce-")[1].split("'")[0]
        assert f'nonce="{nonce}"' in given.text
        seen.add(nonce)
    assert len(seen) == 3
    assert given.headers["Cache-Control"] == "no-store"


def test_what_is_not_there_is_a_page_of_ours(site):
    given = site.visitor().ask("nowhere")
    assert given.status == 404
    assert "There is no such page" in given.text
    assert 'lang="en-GB"' in given.text


def test_a_message_too_large_closes_the_connection_and_nothing_else(site):
    with site.signed_in("Jo").open() as page:
        page.push(json.dumps({"events": [], "x": "x" * 10_000_000}))
        assert page.closed() in (1009, None), "too large, or cut off in the midst of it"
    with site.signed_in("Jo").open() as page:
        assert TITLE in page.send(address="?page=charts")["html"]


def test_a_form_too_large_is_not_read(site):
    visitor = site.visitor()
    try:
        given = visitor.ask("sign-in", {"name": "x" * 10_000_000})
    except OSError:
        return  # the server hung up while we were still sending
    assert given.status in (400, 413)


@pytest.mark.parametrize(
    "content",
    ["", "nothing", "[]", "null", '{"events": 1}', '{"events": [{"kind": "MessageSent"}]}',
     '{"events": [{"kind": "RootRemoved", "model": {"id": "p1"}}]}',
     '{"events": [{"kind": "ModelChanged", "model": {"id": "x"}, "attr": "y", "new": 1}]}'],
)  # fmt: skip
def test_messages_that_make_no_sense_harm_nobody_else(site, content):
    with site.signed_in("Fay").open() as other:
        with site.signed_in("Jo").open() as page:
            page.push(content)
        assert TITLE in other.send(address="?page=charts")["html"]


def test_a_refused_sign_in_says_so_to_whoever_reads_the_log(site, caplog):
    caplog.set_level("INFO", logger="qi_equity.store.trail")
    site.visitor().sign_in("Jo\nsigned in: 'root'", "wrong horse staple")
    told = [record for record in caplog.records if "refused" in record.getMessage()]
    assert told[0].trail["who"] == "", "it may have been a password, so it is not repeated"
    assert "root" not in caplog.text
    assert PASSWORD not in caplog.text
    with pytest.raises(SignInRefused):
        site.users.sign_in("Jo\nsigned in: 'root'", PASSWORD)


def _page_of(site, name):
    visitor = site.signed_in(name)
    return Page(visitor, visitor.ask("").text)


def _is_refused(page, words):
    told = page.send(address="?page=charts")
    assert TITLE not in told["html"]
    assert words in told["html"]
    done = page.send(address="?page=log", act="undo", fields={"revision": 1, "reason": "x"})
    assert words in done["problems"][0]
