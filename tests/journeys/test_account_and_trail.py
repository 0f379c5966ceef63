"""Sessions, the second factor, limits and the audit trail, through a server as it is run."""

from __future__ import annotations

import json
import logging
import re

import pyotp
import pytest
from test_front_door import Clock, _is_refused

from app_client import PASSWORD, served
from qi_equity.app import limits, logs
from qi_equity.store import factor
from qi_equity.store.visits import IDLE_SECONDS, id_of
from store_network import PROJECT, made, row, table, user


@pytest.fixture(scope="module")
def clock():
    return Clock()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("account")
    opened = made(folder / "network.sqlite")
    admin = opened.as_user(user(name="root"))
    admin.import_table(PROJECT, table(), "1" * 64)
    admin.log(PROJECT, [row(777, 8888, week="2025-02-03")])
    opened.close()
    return folder


def people(users):
    users.save("Jo", "contributor", ["north"], PASSWORD)
    users.save("Amina", "admin", [], PASSWORD)
    users.save("root", "admin")


@pytest.fixture(scope="module")
def site(folder, clock):
    with served(folder, folder / "network.sqlite", clock, people=people) as running:
        yield running


@pytest.fixture(autouse=True)
def _another_minute(clock):
    clock.ahead += 61


def trail(site, **asked):
    admin = site.network.store.as_user(user(name="root"))
    return [(one.who, one.what, one.told) for one in reversed(admin.trail(**asked))]


def acts(site, who):
    return [what for name, what, _ in trail(site) if name == who]


# Sessions


def test_a_person_sees_where_they_are_signed_in_and_ends_it_there_at_once(site):
    here, there = site.signed_in("Jo"), site.signed_in("Jo")
    with here.open() as mine, there.open() as other:
        html = mine.send(address="?page=account")["html"]
        assert html.count("this one") == 1
        assert "127.0.0.1" in html
        keys = [one.id for one in site.door.visits.of("Jo", IDLE_SECONDS)]
        told = mine.send(address="?page=account", act="end_others", fields={})
        assert "ended" in told["done"]
        _is_refused(other, "signed out")
        assert there.ask("").status == 302
        assert "Your account" in mine.send(address="?page=account")["html"]
        assert len(keys) >= 2
    assert ("Jo", "session ended", {"of": "Jo", "sessions": len(keys) - 1}) in trail(site)


def test_nobody_ends_or_sees_another_persons_sessions(site):
    amina = site.signed_in("Amina")
    (one,) = site.door.visits.of("Amina", IDLE_SECONDS)
    with site.signed_in("Jo").open() as page:
        fields = {"session": one.id, "name": "Amina"}
        assert page.send(address="?page=account", act="end_session", fields=fields)["problems"]
        told = page.send(address="?page=people", act="end_sessions", fields=fields)
        assert "does not allow" in told["problems"][0]
        assert one.id not in page.send(address="?page=account")["html"]
    assert amina.ask("").status == 200


def test_an_admin_ends_anybodys_sessions(site):
    jo = site.signed_in("Jo")
    with site.signed_in("Amina").open() as page:
        assert "127.0.0.1" in page.send(address="?page=people&person=Jo")["html"]
        told = page.send(address="?page=people&person=Jo", act="end_sessions",
                         fields={"name": "Jo"})  # fmt: skip
        assert "of Jo ended" in told["done"]
    assert jo.ask("").status == 302


def test_a_sign_in_and_its_idle_time_outlast_the_server(tmp_path, clock, folder):
    place = tmp_path / "network.sqlite"
    made(place).close()
    with served(tmp_path, place, clock, people=people) as first:
        visitor, gone = first.signed_in("Jo"), first.signed_in("Jo")
        cookie, left = visitor.cookie_header(), gone.cookie_header()
        first.door.visits.end("Jo", but=id_of(_key(first, cookie)))
    with served(tmp_path, place, clock) as again:
        assert again.visitor().ask("", Cookie=cookie).status == 200
        assert again.visitor().ask("", Cookie=left).status == 302, "ended before the restart"
        clock.ahead += IDLE_SECONDS + 1
    with served(tmp_path, place, clock) as third:
        assert third.visitor().ask("", Cookie=cookie).status == 302, "idle over the restart"


def _key(site, cookie):
    class Asked:
        def get_signed_cookie(self, name, **_):
            from tornado.web import decode_signed_value

            value = dict(part.split("=", 1) for part in cookie.split("; "))[name].strip('"')
            return decode_signed_value(site.door._secret, name, value)

    return site.door.visit(Asked()).key


# The second factor


def test_a_second_factor_is_set_up_asked_for_and_reset(site, clock):
    site.users.save("Sam", "contributor", ["north"], PASSWORD)
    with site.signed_in("Sam").open() as page:
        html = page.send(address="?page=account")["html"]
        assert 'src="data:image/svg+xml' in html
        (secret, *_) = [one for _, one in site.door.offers.values()]
        assert " ".join(secret[at : at + 4] for at in range(0, 32, 4)) in html
        codes_now = lambda: pyotp.TOTP(secret).at(int(clock()))  # noqa: E731
        fields = {"code": codes_now(), "password": "wrong horse staple"}
        told = page.send(address="?page=account", act="set_up_factor", fields=fields)
        assert "not your password" in told["problems"][0]
        fields["password"] = PASSWORD
        told = page.send(address="?page=account", act="set_up_factor", fields=fields)
        assert told["done"]
        codes = [word.strip("</code>") for word in told["html"].split("<code>")[1:]]
        codes = [one.split("<")[0] for one in codes]
        assert len(codes) == factor.CODES
        page.send(address="?page=account", act="codes_noted", fields={})
        assert codes[0] not in page.send(address="?page=account")["html"]
    clock.ahead += 61
    now = codes_now()
    assert site.visitor().sign_in("Sam").status == 403
    assert site.visitor().sign_in("Sam", code="000000").status == 403
    assert site.visitor().sign_in("Sam", code=now).status == 303
    assert site.visitor().sign_in("Sam", code=now).status == 403, "played again"
    assert site.visitor().sign_in("Sam", code=codes[0]).status == 303
    with site.signed_in("Amina").open() as page:
        told = page.send(address="?page=people&person=Sam", act="reset_factor",
                         fields={"name": "Sam"})  # fmt: skip
        assert told["done"]
    assert site.visitor().sign_in("Sam").status == 303
    assert {"second factor set up", "sign-in refused", "recovery code used"} <= set(
        acts(site, "Sam")
    )
    assert "second factor reset" in acts(site, "Amina")
    told = json.dumps(trail(site))
    for text in (secret, *codes, PASSWORD):
        assert text not in told


# Who did and who looked


def test_each_person_who_is_shown_true_counts_is_on_record_though_the_page_was_kept(site):
    site.users.save("Kim", "contributor", ["north"], PASSWORD)
    site.users.save("Lee", "contributor", ["north"], PASSWORD)
    for name in ("Kim", "Lee"):
        for _ in range(2):
            site.signed_in(name).ask("?page=charts")
        looks = [told for who, what, told in trail(site) if (who, what) ==
                 (name, "read true counts")]  # fmt: skip
        assert looks == [{"sites": ["north"]}]


def test_sign_ins_refusals_and_changes_of_people_are_on_record_and_hold_no_count(site):
    site.visitor().sign_in("Jo", "wrong horse staple")
    site.visitor().sign_in("a password typed as a name", "wrong horse staple")
    with site.signed_in("Jo").open() as page:
        page.send(address="?page=log")
        page.send(address="?page=people", act="remove", fields={"name": "Amina"})
    with site.signed_in("Amina").open() as page:
        page.send(address="?page=people", act="change",
                  fields={"name": "Jo", "role": "contributor", "site.north": "on"})  # fmt: skip
    told = trail(site)
    assert ("Jo", "sign-in refused", {"address": "127.0.0.1"}) in told
    assert ("Jo", "signed in", {"address": "127.0.0.1"}) in told
    assert ("Amina", "people changed", {"what": "Jo: contributor at north"}) in told
    (why,) = {about["why"] for who, what, about in told if (who, what) == ("Jo", "refused")
              and about["asked"] == "remove"}  # fmt: skip
    assert "does not allow: people" in why
    everything = json.dumps(told)
    for text in ("777", "8888", "typed as a name", PASSWORD, "horse"):
        assert not re.search(rf"\b{text}\b", everything)  # digits of a hash are no count
    assert site.network.store.as_user(user(name="root")).verify(users=site.users).whole


def test_an_admin_reads_the_trail_in_the_app_and_filters_it_and_nobody_else_does(site):
    with site.signed_in("Amina").open() as page:
        html = page.send(address="?page=trail")["html"]
        assert "Server started" in html
        html = page.send(address="?page=trail&what=signed in&who=amin")["html"]
        assert "Server started" not in html.split("<tbody>")[1]
        assert "Amina" in html.split("<tbody>")[1]
        html = page.send(address="?page=trail&who=<b>&since=nonsense&what=%00")["html"]
        assert "<b>" not in html
    with site.signed_in("Jo").open() as page:
        html = page.send(address="?page=trail")["html"]
        assert "for an admin" in html
        assert "Server started" not in html


# Limits


def test_who_asks_for_too_much_is_refused_and_nobody_else_is(site, monkeypatch):
    monkeypatch.setitem(limits.MOST, "write", (3, 600.0))
    for name in ("Bo", "Al"):
        site.users.save(name, "contributor", ["north"], PASSWORD)
    note = {"day": "2025-01-06", "text": "we listened", "about": "learnt", "site": "north"}
    with site.signed_in("Bo").open() as page, site.signed_in("Al").open() as other:
        for number in range(4):
            told = page.send(address="?page=session", act="note", fields=note)
            assert ("problems" in told) == (number == 3)
        assert "too much in a short time" in told["problems"][0]
        assert "done" in other.send(address="?page=session", act="note", fields=note)


def test_reading_files_has_a_limit_of_its_own(site, monkeypatch):
    monkeypatch.setitem(limits.MOST, "file", (1, 600.0))
    site.users.save("Di", "contributor", ["north"], PASSWORD)
    with site.signed_in("Di").open() as page:
        told = [page.send(address="?page=log", look="upload", fields={}) for _ in range(2)]
        assert "too much" not in told[0]["problems"][0]
        assert "too much" in told[1]["problems"][0]


def test_so_many_sign_ins_wait_for_their_turn_and_no_more(site, monkeypatch):
    monkeypatch.setattr("qi_equity.app.signin.MOST_WAITING", 0)
    given = site.visitor().sign_in("Jo")
    assert given.status == 403
    assert "wait a little" in given.text


# The log


def test_the_log_is_lines_of_json_without_what_somebody_typed(site, capsys):
    root = logging.getLogger()
    before, level = root.handlers, root.level
    try:
        logs.begin({"QI_EQUITY_LOG_LEVEL": "info"})
        site.visitor().sign_in("my secret password", "wrong horse staple")
        try:
            float("777 of 8888")
        except ValueError:
            logging.getLogger("qi_equity.app").exception("no page for %r", "?page=x\x1b[31m")
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    finally:
        root.handlers = before
        root.setLevel(level)
    refused, fault = (next(one for one in lines if one["said"].startswith(said))
                      for said in ("sign-in refused", "no page"))  # fmt: skip
    assert (refused["level"], refused["who"]) == ("info", "")
    assert json.loads(refused["about"]) == {"address": "127.0.0.1"}
    assert fault["fault"] == "ValueError"
    assert fault["where"][-1].startswith(__file__)
    text = json.dumps(lines)
    for typed in ("777", "8888", "secret password", "horse", "\x1b"):
        assert typed not in text


def test_a_level_that_is_none_is_refused_in_words():
    with pytest.raises(logs.UserError, match="did you mean 'warning'"):
        logs.begin({"QI_EQUITY_LOG_LEVEL": "warnin"})
