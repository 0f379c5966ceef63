"""How a server is started: whom it serves, the list of users, and an organisation's OAuth."""

from __future__ import annotations

import asyncio
import json
import stat
from base64 import urlsafe_b64encode
from contextlib import closing, contextmanager
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler
from typer.testing import CliRunner

from app_client import PASSWORD, served
from patience import PATIENCE
from qi_equity.app import entrance, oauth
from qi_equity.cli import app
from qi_equity.errors import UserError
from qi_equity.store import Users
from store_network import made

TITLE = "Fewer severe bleeds"
LONG = "x" * 40


# Starting


def serve(tmp_path, *arguments, **environ):
    settings = {"QI_EQUITY_DATABASE": str(tmp_path / "network.sqlite"), "QI_EQUITY_USERS": ""}
    done = CliRunner().invoke(app, ["serve", *arguments], env=settings | environ)
    assert done.exit_code == 1
    return str(done.exception)


def test_no_server_without_a_list_of_users_and_the_way_out_is_told(tmp_path):
    said = serve(tmp_path)
    assert "nobody sees it without signing in" in said
    assert "qi-equity users add" in said
    assert "qi-equity demo" in said
    assert not (tmp_path / "network.sqlite").exists()


def test_no_server_for_an_empty_list(tmp_path):
    said = serve(tmp_path, "--users", str(tmp_path / "users.json"))
    assert "lists nobody" in said


def test_nothing_in_the_environment_opens_the_websocket_to_others(tmp_path):
    Users(tmp_path / "users.json").save("jo", "admin", [], PASSWORD)
    said = serve(tmp_path, "--users", str(tmp_path / "users.json"), BOKEH_ALLOW_WS_ORIGIN="*")
    assert "would let pages of other addresses connect" in said


def test_oauth_needs_the_list_too(tmp_path):
    told = {"PROVIDER": "azurev2", "KEY": "k", "SECRET": "s", "TENANT": "ours"}
    said = serve(tmp_path, **{oauth.BEFORE + name: value for name, value in told.items()})
    assert "gets their role and sites from it" in said


@pytest.mark.parametrize(
    ("origin", "host", "said"),
    [
        (None, "0.0.0.0", "which address people type"),
        ("*", "0.0.0.0", "give one host"),
        ("*.trust.example", "0.0.0.0", "give one host"),
        ("http://qi.trust.example", "0.0.0.0", "in the clear"),
        ("ftp://qi.trust.example", "0.0.0.0", "give one host"),
        ("https://qi.trust.example/path", "0.0.0.0", "give one host"),
        ("https://a@qi.trust.example", "0.0.0.0", "give one host"),
        ("https://[qi.trust.example", "0.0.0.0", "give one host"),
    ],
)
def test_an_address_that_would_let_others_in_is_refused(origin, host, said):
    with pytest.raises(UserError, match=said):
        entrance.address(origin, host, 5006)


def test_beyond_this_machine_cookies_go_by_https_alone(tmp_path):
    Users(tmp_path / "users.json").save("jo", "admin", [], PASSWORD)
    reached = entrance.address("QI.trust.example", "0.0.0.0", 5006)
    door, options = entrance.door(tmp_path / "users.json", reached, {})
    with closing(door):
        assert (reached.url, door.secure) == ("https://qi.trust.example", True)
        assert door.cookie.startswith("__Host-")
        assert options["websocket_origin"] == ["qi.trust.example"]
        assert door.options()["xsrf_cookie_kwargs"]["secure"]


def test_the_secret_is_made_once_and_nobody_else_may_read_it(tmp_path):
    users = tmp_path / "users.json"
    first = entrance.secret(users, {})
    path = tmp_path / "users.json.secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert entrance.secret(users, {}) == first
    assert entrance.secret(users, {entrance.SECRET: LONG}) == LONG
    with pytest.raises(UserError, match="too short"):
        entrance.secret(users, {entrance.SECRET: "short"})
    path.chmod(0o644)
    with pytest.raises(UserError, match="chmod 600"):
        entrance.secret(users, {})


# The list of users


def test_users_are_added_listed_and_removed_and_the_password_is_asked_for(tmp_path):
    path = str(tmp_path / "users.json")
    run = CliRunner().invoke
    one = ["users", "add", "Jo", "--users", path, "--role", "contributor", "--site", "north"]
    added = run(app, one, input=f"{PASSWORD}\n{PASSWORD}\n")
    assert added.exit_code == 0, added.output
    assert PASSWORD not in added.output
    assert "Jo is contributor (north)." in added.output
    assert Users(path).sign_in("jo", PASSWORD).sites == {"north"}
    lead = ["users", "add", "al@trust.example", "--users", path, "--role", "equity_lead"]
    assert run(app, [*lead, "--no-password"]).exit_code == 0
    listed = run(app, ["users", "list", "--users", path]).output
    assert listed.splitlines() == [
        "al@trust.example: equity lead (no site of their own)",
        "Jo: contributor (north)",
    ]
    assert run(app, ["users", "remove", "Jo", "--users", path]).exit_code == 0
    assert Users(path).find("jo") is None
    assert len(Users(path).changes()) == 3


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (["add", "Jo", "--role", "root"], PASSWORD, "'root' is not a role"),
        (["add", "Jo", "--role", "admin"], "short", "too short"),
        (["remove", "Jo"], "", "there is no user 'Jo'"),
        (["remove", "Jo", "--users", "nowhere.json"], "", "there is no list of users at nowhere"),
    ],
)
def test_what_is_wrong_with_a_user_is_told(tmp_path, arguments, typed, said):
    Users(tmp_path / "users.json").save("Al", "admin", [], PASSWORD)
    where = [] if "--users" in arguments else ["--users", str(tmp_path / "users.json")]
    arguments = ["users", *arguments, *where]
    done = CliRunner().invoke(app, arguments, input=f"{typed}\n{typed}\n")
    assert done.exit_code == 1
    assert said in str(done.exception)


def test_no_command_takes_a_password_as_an_argument():
    arguments = ["users", "add", "Jo", "--role", "admin", "--users", "x", "--password", "secret"]
    assert CliRunner().invoke(app, arguments).exit_code == 2


# OAuth


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"PROVIDER": "azure2"}, "'azure2' is not known here; did you mean 'azurev2'"),
        ({"PROVIDER": "generic"}, "KEY, QI_EQUITY_OAUTH_SECRET, QI_EQUITY_OAUTH_AUTHORIZE_URL"),
        ({"PROVIDER": "azurev2", "KEY": "k", "SECRET": "s", "TENANT": "common"}, "anybody could"),
        (
            {"PROVIDER": "generic", "KEY": "k", "SECRET": "s", "USER_URL": "https://x",
             "TOKEN_URL": "http://elsewhere.example", "AUTHORIZE_URL": "https://x"},
            "must begin with https",
        ),
    ],
)  # fmt: skip
def test_what_is_missing_or_unsafe_in_the_settings_is_told(told, said):
    with pytest.raises(UserError, match=said):
        oauth.from_environment({oauth.BEFORE + name: value for name, value in told.items()})


@contextmanager
def organisation(claims):
    """A sign-in server that says of everybody what `claims` says."""
    asked = []

    class Token(RequestHandler):
        def post(self):
            asked.append(dict(self.request.arguments))
            parts = [{"alg": "none"}, dict(claims)]
            encoded = [urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=")
                       for one in parts]  # fmt: skip
            token = ".".join([*encoded, "signature"])
            self.finish({"access_token": "at", "id_token": token, "expires_in": 3600})

    (listening,) = bind_sockets(0, "127.0.0.1")
    port = listening.getsockname()[1]
    ready, held = Event(), {}

    def run():
        async def main():
            server = HTTPServer(Application([("/token", Token)]))
            server.add_sockets([listening])
            held["loop"], held["over"] = asyncio.get_running_loop(), asyncio.Event()
            ready.set()
            await held["over"].wait()
            server.stop()
            await server.close_all_connections()

        asyncio.run(main())

    thread = Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(PATIENCE)
    yield f"http://127.0.0.1:{port}", asked
    held["loop"].call_soon_threadsafe(held["over"].set)
    thread.join(PATIENCE)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A network whose people sign in through their organisation, and what it says of them."""
    claims = {}
    folder = tmp_path_factory.mktemp("oauth")
    made(folder / "network.sqlite").close()
    with organisation(claims) as (url, asked):
        told = {
            "PROVIDER": "generic", "KEY": "client", "SECRET": "client-secret",
            "AUTHORIZE_URL": f"{url}/authorize", "TOKEN_URL": f"{url}/token",
            "USER_URL": f"{url}/user",
        }  # fmt: skip
        with served(
            folder,
            folder / "network.sqlite",
            environ={oauth.BEFORE + name: value for name, value in told.items()},
            people=lambda users: users.save("jo@trust.example", "contributor", ["north"]),
        ) as site:
            yield site, claims, asked


def come_back(visitor, target="/", **changes):
    """Go to the organisation and come back with the code it gave."""
    sent = visitor.ask(f"sign-in?next={target}")
    there = {
        name: values[0]
        for name, values in parse_qs(urlsplit(sent.headers["Location"]).query).items()
    }
    assert sent.status == 302
    assert "client-secret" not in sent.headers["Location"] or there.get("client_secret") is None
    state = changes.get("state", there["state"])
    return there, visitor.ask(f"sign-in?code=c0de&state={state}")


def test_who_is_listed_gets_in_with_the_role_of_the_list(elsewhere):
    site, claims, asked = elsewhere
    claims.clear()
    claims.update(sub="jo 1", email="Jo@trust.example", email_verified=True)
    visitor = site.visitor()
    there, given = come_back(visitor, "/%3Fpage=gap")
    assert there["redirect_uri"] == f"{site.url}sign-in"
    assert (given.status, given.headers["Location"]) == (302, "/?page=gap")
    assert asked[-1]["code"] == [b"c0de"]
    page = visitor.ask("")
    assert TITLE in page.text
    assert "jo@trust.example" in page.text
    kept = {one.name for one in visitor.cookies.cookiejar}
    assert kept <= {"qi-equity", "_xsrf", "panel-oauth-state", "panel-oauth-code"}, "no token"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            {"email": "sam@elsewhere.example", "email_verified": True},
            "not in this server’s list of users",
        ),
        ({"email": "jo@trust.example", "email_verified": False}, "not verified your email"),
        ({"email": "jo@trust.example", "email_verified": "no"}, "not verified your email"),
        ({"email": "jo@trust.example", "email_verified": 1}, "not verified your email"),
        ({"email": "jo@trust.example"}, "not verified your email"),
        ({"name": "Jo"}, "did not let you through"),
        ({"email": "jo@trust.example", "email_verified": True, "sub": ""}, "which account this is"),
    ],
)
def test_who_is_not_listed_or_not_verified_stays_out(elsewhere, told, said):
    site, claims, _ = elsewhere
    claims.clear()
    claims.update({"sub": "jo 1"} | told)
    visitor = site.visitor()
    _, given = come_back(visitor)
    assert given.status in (401, 403)
    assert said in given.text
    assert "http" not in given.text.replace("http://www.w3.org/2000/svg", "")
    assert visitor.cookie() is None
    assert visitor.ask("").status == 302


def test_a_name_that_was_given_to_another_account_lets_nobody_in_until_an_admin_says_so(elsewhere):
    """An address is given to the next person of that name; 'sub' is one account's for ever."""
    site, claims, _ = elsewhere
    claims.clear()
    claims.update(sub="jo 1", email="jo@trust.example", email_verified=True)
    assert come_back(site.visitor())[1].status == 302
    claims["sub"] = "somebody else"
    visitor = site.visitor()
    _, given = come_back(visitor)
    assert given.status == 403
    assert "belongs to another account" in given.text
    assert visitor.cookie() is None
    site.users.unbind("jo@trust.example", by="amina")
    assert come_back(site.visitor())[1].status == 302
    site.users.unbind("jo@trust.example", by="amina")


def test_an_answer_that_was_not_asked_for_is_refused(elsewhere):
    site, claims, asked = elsewhere
    claims.clear()
    claims.update(email="jo@trust.example")
    before = len(asked)
    visitor = site.visitor()
    _, given = come_back(visitor, state="bm9uc2Vuc2U=")
    assert given.status == 401
    assert site.visitor().ask("sign-in?code=c0de&state=x").status == 401
    assert visitor.cookie() is None
    assert len(asked) == before


def test_there_is_no_password_to_guess_where_people_sign_in_elsewhere(elsewhere):
    site, _, _ = elsewhere
    given = site.visitor().ask("sign-in", {"name": "jo@trust.example", "password": PASSWORD})
    assert given.status in (403, 405)


def test_the_way_back_leads_nowhere_else(elsewhere):
    site, _, _ = elsewhere
    assert site.visitor().ask("sign-in?next=https://elsewhere.example/").status == 400


@pytest.mark.parametrize("claim", ["name", "nickname", "preferred_username"])
def test_a_claim_that_people_choose_themselves_names_nobody(claim):
    told = {"PROVIDER": "okta", "KEY": "k", "SECRET": "s", "URL": "u", "USER_KEY": claim}
    with pytest.raises(UserError, match="people choose"):
        oauth.from_environment({oauth.BEFORE + name: value for name, value in told.items()})


def test_in_entra_the_sign_in_name_counts_and_not_the_email_of_a_profile():
    told = {"PROVIDER": "azurev2", "KEY": "k", "SECRET": "s", "TENANT": "ours"}
    found = oauth.from_environment({oauth.BEFORE + name: value for name, value in told.items()})
    assert found.name_key == "preferred_username"


@pytest.mark.parametrize("target", ["///elsewhere.example", "/%2f/elsewhere.example"])
def test_the_way_back_is_a_path_of_ours_or_the_start(elsewhere, target):
    site, claims, _ = elsewhere
    claims.clear()
    claims.update(sub="jo 1", email="jo@trust.example", email_verified=True)
    _, given = come_back(site.visitor(), target)
    assert (given.status, given.headers["Location"]) == (302, "/")


def test_the_usual_port_goes_without_saying():
    assert entrance.address("https://qi.trust.example:443", "0.0.0.0", 5006).url == (
        "https://qi.trust.example"
    )
