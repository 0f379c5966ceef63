"""Every role, every page and every write, at their own site and others, through a running server.

The same table as at the store's boundary (tests/unit/test_store_roles.py), asked the way a
browser asks: signed in by HTTP, over the websocket.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from typing import Any, get_args

import pandas as pd
import pytest

from app_client import PASSWORD, Page, Served, Visitor, served
from numbers_said import says
from qi_equity import store
from qi_equity.app import limits, render
from qi_equity.app.actions import ACTIONS, OF_FINDINGS, PEOPLE, STARTS, VISITORS
from qi_equity.app.pages import PAGES
from qi_equity.project import Cycle
from qi_equity.store import factor
from qi_equity.store.access import RoleName
from qi_equity.store.entries import Asked, Engagement, Response
from qi_equity.store.gathered import Counted, Heard
from store_network import PROJECT, SITES, YAML, made, project, row, user

# The user belongs to north. North and south let the network see their counts; east does not.
# "shared" are those two, "all" the three, "net" is what belongs to no one site.
TABLE = """
operation            | contributor | clinician | facilitator     | equity_lead | admin
see true counts      | north       | north     |                 | north       | all
see protected counts |             |           | shared          | south       |
log a count          | north       |           |                 | north       | all
upload a file        | north       |           |                 | north       | all
undo a count         | north       |           |                 | north       | all
note                 | north       |           | north south net | north net   | all net
read a note          | north net   | north net | north south net | north net   | all net
action               | north       |           | north south net | north net   | all net
done                 | north       |           | north south net | north net   | all net
undo a note          | north       |           | north south net | north net   | all net
examine a response   | north       |           | north south net | north net   | all net
close a response     | north       |           | north south net | north net   | all net
a meeting            | north       |           | north south net | north net   | all net
what changed since   | north       |           | north south net | north net   | all net
bring in voices      | north       |           | north south net | north net   | all net
bring in staff       | north       |           | north south net | north net   | all net
who makes up a team  | north       |           | north south net | north net   | all net
true voices          | north       | north     |                 | north       | all net
try an idea          | north       |           | north south     | north       | all
a cycle goes on      | north       |           | north south     | north       | all
consent              |             |           |                 | north       | all
approve a release    |             |           |                 | net         | net
withdraw a release   |             |           |                 | net         | net
see people           |             |           |                 |             | all
add a person         |             |           |                 |             | all
change a role        |             |           |                 |             | all
new password         |             |           |                 |             | all
remove a person      |             |           |                 |             | all
end a session        |             |           |                 |             | all
reset a factor       |             |           |                 |             | all
forget an account    |             |           |                 |             | all
read the trail       |             |           |                 |             | all
"""
ROLES = get_args(RoleName)
# Of all sites together: asked once a role, since each release is searched for what it gives away.
OF_NO_SITE = ("approve a release", "withdraw a release")

# Numbers that appear nowhere else, so that a page shows whose counts it was made of. East's are
# like nobody's; the policy rounds the others to a multiple of 5.
BIRTHS = {"north": 20_011, "south": 40_022, "east": 80_033}
WEEKS = [f"{day:%Y-%m-%d}" for day in pd.date_range("2025-01-06", periods=12, freq="W-MON")]


def counts():
    return pd.DataFrame(
        row(2_000 + week, BIRTHS[site], site=site, stratum=stratum, week=day)
        for site in SITES
        for stratum in ("Asian", "Black", "White")
        for week, day in enumerate(WEEKS)
    )


@dataclass
class World:
    """The server, what admins can do at its store, and a page that each role has open."""

    site: Served
    admin: store.Desk
    visitors: dict[str, Visitor] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    # What an admin was shown the next release would hold, by how many went out before.
    looked_at: dict[int, str] = field(default_factory=dict)
    number: int = 0

    def fresh(self) -> int:
        """A number no case had before."""
        self.number += 1
        return self.number


@pytest.fixture(scope="module", autouse=True)
def unhurried():
    """No limit on how much is asked: a refusal for haste would pass for one of rights or words."""
    with pytest.MonkeyPatch.context() as patch:
        for kind in limits.MOST:
            patch.setitem(limits.MOST, kind, (1_000_000, 600.0))
        yield


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("roles")
    opened = made(folder / "network.sqlite")
    admin = opened.as_user(user(name="root"))
    admin.import_table(PROJECT, counts(), "1" * 64)
    admin.save_project(project(("east",), "only_east", title="A plan of the east"), YAML)
    for name in ("north", "south"):
        admin.consent(PROJECT, name, True)
    for place in (*SITES, "net"):
        admin.write(PROJECT, note(place, f"what {place} learnt"))
    opened.close()

    def people(users):
        for role in ROLES:
            users.save(role, role, ["north"], PASSWORD)
        users.save("root", "admin", [], PASSWORD)
        for place in SITES:
            users.save(f"person of {place}", "clinician", [place], PASSWORD)

    with (
        served(folder, folder / "network.sqlite", people=people) as site,
        ExitStack() as stack,
    ):
        world = World(site, site.network.store.as_user(user(name="root")))
        # What was logged since the first of the month goes out by approval.
        assert world.admin.release(PROJECT, "the first") is not None
        for role in ROLES:
            visitor = world.visitors[role] = site.signed_in(role)
            world.pages[role] = stack.enter_context(visitor.open(f"?project={PROJECT}"))
        yield world


def note(place, text="we listened"):
    sites = () if place == "net" else (place,)
    return store.SessionNote(day=date(2025, 1, 6), text=text, sites=sites)


def newest(world, kind):
    return next(one for one in world.admin.history(PROJECT) if one.kind == kind)


def send(world, role, page, **message):
    return world.pages[role].send(address=f"?project={PROJECT}&page={page}", **message)


def done(world, role, act, page="session", /, **fields):
    told = send(world, role, page, act=act, fields=fields)
    if "problems" in told:
        refused = " ".join(told["problems"])
        assert "may not" in refused or "does not allow" in refused or "no longer there" in refused
        return False
    return True


def shown(world, role, page, site, **other):
    """Everything a page sends: what is read, what is drawn."""
    address = f"?page={page}&project={PROJECT}&site={site}&measure=pph&stratum=Black"
    return world.pages[role].send(address=address, **other)


# Each operation, as the app offers it


def see_true_counts(world, role, place):
    return says(BIRTHS[place], shown(world, role, "charts", place))


def see_protected_counts(world, role, place):
    rounded = round(BIRTHS[place] / 5) * 5
    assert rounded != BIRTHS[place]
    return says(rounded, shown(world, role, "charts", place))


def log_a_count(world, role, place):
    day = pd.Timestamp("2025-06-02") + pd.Timedelta(weeks=world.fresh())
    rows = [{"measure": "pph", "stratum": "Black", "subgroup": f"{day:%Y-%m-%d}",
             "numerator": "1", "denominator": "20", "revision": 0}]  # fmt: skip
    return done(world, role, "log", "log", site=place, rows=rows)


def upload_a_file(world, role, place):
    day = pd.Timestamp("2019-06-03") + pd.Timedelta(weeks=world.fresh())
    return done(world, role, "upload", "log", **sent(file_of(place, f"{day:%Y-%m-%d}")))


def sent(table):
    """A file's fields as the page sends them, once it was shown."""
    content = table.encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(content).hexdigest()
    return {"file": b64encode(content).decode(), "file_name": "c.csv", "digest": digest}


def file_of(place, day="2019-01-07", stratum="Black", numerator="1"):
    return (
        "measure,site,stratum,subgroup,numerator,denominator\n"
        f"pph,{place},{stratum},{day},{numerator},20\n"
    )


def undo_a_count(world, role, place):
    day = pd.Timestamp("2022-06-06") + pd.Timedelta(weeks=world.fresh())
    world.admin.log(PROJECT, [row(1, 20, site=place, week=f"{day:%Y-%m-%d}")])
    target = newest(world, "observation").id
    return done(world, role, "undo", "history", revision=target, reason="a slip")


def note_(world, role, place):
    site = "" if place == "net" else place
    text = f"learnt {world.fresh()}"
    return done(world, role, "note", day="2025-01-06", text=text, about="learnt", site=site)


def read_a_note(world, role, place):
    return f"what {place} learnt" in send(world, role, "session")["html"]


def action(world, role, place):
    site = "" if place == "net" else place
    return done(world, role, "action", text=f"do {world.fresh()}", owner="Jo", site=site)


def done_(world, role, place):
    sites = () if place == "net" else (place,)
    step = store.Action(text=f"step {world.fresh()}", owner="Jo", sites=sites)
    key = world.admin.write(PROJECT, step)
    return done(world, role, "done", key=key)


def undo_a_note(world, role, place):
    key = world.admin.write(PROJECT, note(place, f"note {world.fresh()}"))
    target = world.admin.history(PROJECT, key)[-1].id
    return done(world, role, "undo", "history", revision=target, reason="a slip")


def at(place):
    return () if place == "net" else (place,)


def a_response(world, place):
    one = Response(
        about=f"concern/pph/{place}/Black", opened=date(2025, 1, 6), due=date(2025, 1, 16),
        owner="Jo", asked=(Asked(question="Was the care the same?"),), sites=at(place),
    )  # fmt: skip
    key = world.admin.write(PROJECT, one)
    return {"key": key, "seen": str(world.admin.entries(PROJECT, Response)[key].revision)}


def examine_a_response(world, role, place):
    fields = a_response(world, place) | {"answer.0": "No", "owner": "Jo"}
    return done(world, role, "examine_response", "responses", **fields)


def close_a_response(world, role, place):
    fields = a_response(world, place) | {"outcome": "examined", "found": "Nothing"}
    return done(world, role, "close_response", "responses", **fields)


def a_meeting(world, role, place):
    fields = {"day": "2025-01-06", "met": "Six mothers", "where": "Here", "said": "A card"}
    return done(world, role, "engage", "voices", **fields, site="".join(at(place)))


def what_changed_since(world, role, place):
    met = Engagement(day=date(2025, 1, 6), met="Six", where="Here", said="x", sites=at(place))
    key = world.admin.write(PROJECT, met)
    return done(world, role, "did", "voices", key=key, did="A card by each bed")


VOICES = "person,group,theme\np1,Black,a\np2,White,b\n"
ROUND = {"title": "A survey", "since": "2025-01-06", "until": "2025-03-31"}


def bring_in_voices(world, role, place):
    return done(world, role, "keep_voices", "voices", **sent(VOICES), **ROUND,
                site="".join(at(place)))  # fmt: skip


def bring_in_staff(world, role, place):
    table = "indicator,year,group,events,out_of\n2,2025,White,5,30\n2,2025,BME,1,9\n"
    return done(world, role, "keep_staff", "staff", **sent(table), site="".join(at(place)))


def who_makes_up_a_team(world, role, place):
    fields = {"of": "team", "name": "Midwives", "people.0": "3", "site": "".join(at(place))}
    return done(world, role, "makeup", "staff", **fields)


def true_voices(world, role, place):
    """A round of voices whose number is like no other, read as this role is told it."""
    many = 10_001 + 10 * world.fresh()
    groups = (Counted(stratum="Black", people=many),)
    protected = (Counted(stratum="Black", people=round(many / 5) * 5),)
    one = Heard(title="A survey", since=date(2098, 1, 1), until=date(2098 + world.fresh(), 1, 1),
                groups=groups, shown_groups=protected, sites=at(place))  # fmt: skip
    world.admin.write(PROJECT, one)
    return says(many, send(world, role, "voices")["html"])


def try_an_idea(world, role, place):
    fields = {"title": f"Cycle {world.fresh()}", "start": "2025-01-06", "plan": "Weigh"}
    return done(world, role, "cycle", "spread", **fields, **{f"at.{place}": "on"})


def a_cycle_goes_on(world, role, place):
    one = Cycle(
        id=f"c{world.fresh()}", title="x", start=date(2025, 1, 6), plan="y", sites=at(place)
    )
    world.admin.write(PROJECT, one)
    fields = {"cycle": one.id, "stands": "still_done", "day": "2025-02-03"}
    return done(world, role, "cycle_stands", "spread", **fields)


def consent(world, role, place):
    stands = place in world.admin.consented(PROJECT)
    given = "no" if stands else "yes"
    did = done(world, role, "consent", "people", site=place, given=given, reason="they met")
    assert (place in world.admin.consented(PROJECT)) == (stands != did)
    if did:
        world.admin.consent(PROJECT, place, stands, "as before")
    return did


def see_people(world, role, place):
    return f"person of {place}" in send(world, role, "people")["html"]


def guest(world, place):
    return world.site.users.save(f"guest {world.fresh()}", "clinician", [place], PASSWORD).name


def add_a_person(world, role, place):
    name = f"new {world.fresh()}"
    fields = {"name": name, "role": "contributor", f"site.{place}": "on"} | typed(OTHER)
    did = done(world, role, "person", "people", **fields)
    found = world.site.users.find(name)
    assert found == (store.User(name, "contributor", [place]) if did else None)
    return did


def change_a_role(world, role, place):
    name = guest(world, place)
    fields = {"name": name, "role": "contributor", "site.east": "on"}
    did = done(world, role, "change", "people", **fields)
    after = ("contributor", ["east"]) if did else ("clinician", [place])
    assert world.site.users.find(name) == store.User(name, *after)
    return did


def new_password(world, role, place):
    name = guest(world, place)
    did = done(world, role, "password", "people", name=name, **typed(OTHER))
    assert world.site.users.sign_in(name, OTHER if did else PASSWORD, address=name)
    return did


def remove_a_person(world, role, place):
    name = guest(world, place)
    did = done(world, role, "remove", "people", name=name)
    assert (world.site.users.find(name) is None) == did
    return did


def end_a_session(world, role, place):
    name = guest(world, place)
    visits = world.site.door.visits
    visits.begin(name, name, world.site.door.now() + 100, "10.0.0.1", "")
    did = done(world, role, "end_sessions", "people", name=name)
    assert visits.lasts(name, 100) != did
    return did


def reset_a_factor(world, role, place):
    name, secret = guest(world, place), factor.new_secret()
    now = world.site.door.now()
    users = world.site.users
    users.set_factor(name, secret, factor.pyotp.TOTP(secret).at(int(now)))
    did = done(world, role, "reset_factor", "people", name=name)
    assert users.has_factor(name) != did
    return did


def forget_an_account(world, role, place):
    name = guest(world, place)
    world.site.users.bind(name, "iss sub")
    did = done(world, role, "forget_account", "people", name=name)
    assert world.site.users.is_bound(name) != did
    return did


def approve_a_release(world, role, place):
    out = len(world.admin.releases(PROJECT))
    if out not in world.looked_at:  # until one goes out, the next would hold the same
        world.looked_at[out] = world.admin.release(PROJECT, keep=False).mark
    seen = world.looked_at[out]
    return done(world, role, "release", "project", reason=f"for {place}", seen=seen)


def withdraw_a_release(world, role, place):
    standing = [one.number for one in world.admin.releases(PROJECT) if not one.withdrawn]
    if len(standing) == 1 and role in ("equity_lead", "admin"):  # one stays, for the other tests
        standing.append(world.admin.release(PROJECT, "to be withdrawn").number)
    number = str(max(standing))
    did = done(world, role, "withdraw", "project", number=number, reason="a slip")
    left = [one.number for one in world.admin.releases(PROJECT) if not one.withdrawn]
    assert (int(number) not in left) == did
    return did


def read_the_trail(world, role, place):
    html = send(world, role, "trail")["html"]
    return "Server started" in html and "Looked at true counts" in html


OTHER = "seven green kettles"


def typed(password, again=None):
    return {"password": password, "again": password if again is None else again}


OPERATIONS: dict[str, Any] = {
    "see true counts": see_true_counts,
    "see protected counts": see_protected_counts,
    "log a count": log_a_count,
    "upload a file": upload_a_file,
    "undo a count": undo_a_count,
    "note": note_,
    "read a note": read_a_note,
    "action": action,
    "done": done_,
    "undo a note": undo_a_note,
    "examine a response": examine_a_response,
    "close a response": close_a_response,
    "a meeting": a_meeting,
    "what changed since": what_changed_since,
    "bring in voices": bring_in_voices,
    "bring in staff": bring_in_staff,
    "who makes up a team": who_makes_up_a_team,
    "true voices": true_voices,
    "try an idea": try_an_idea,
    "a cycle goes on": a_cycle_goes_on,
    "consent": consent,
    "approve a release": approve_a_release,
    "withdraw a release": withdraw_a_release,
    "see people": see_people,
    "add a person": add_a_person,
    "change a role": change_a_role,
    "new password": new_password,
    "remove a person": remove_a_person,
    "end a session": end_a_session,
    "reset a factor": reset_a_factor,
    "forget an account": forget_an_account,
    "read the trail": read_the_trail,
}


PREPARED = (
    "undo a count", "undo a note", "done", "examine a response", "close a response",
    "what changed since", "true voices", "a cycle goes on",
)  # fmt: skip


def cases():
    head, *lines = [line.split("|") for line in TABLE.strip().splitlines()]
    roles = [cell.strip() for cell in head[1:]]
    assert tuple(roles) == ROLES
    for operation, *cells in lines:
        for role, cell in zip(roles, cells, strict=True):
            held = cell.replace("all", "north south east").replace("shared", "north south").split()
            of_sites = () if operation.strip() in OF_NO_SITE else SITES
            places = (*of_sites, *(("net",) if "net" in " ".join(cells) else ()))
            for place in places:
                yield operation.strip(), role, place, place in held


@pytest.mark.parametrize(("operation", "role", "place", "allowed"), list(cases()))
def test_a_role_may_do_through_the_app_what_the_table_says(world, operation, role, place, allowed):
    act = OPERATIONS[operation]
    before = world.admin.verify()
    # By an admin, for the case.
    prepared = operation in PREPARED
    assert act(world, role, place) == allowed
    after = world.admin.verify()
    assert after.whole
    if not allowed:
        assert after.revisions == before.revisions + prepared, "nothing else was written"


def test_every_write_the_app_offers_is_in_the_table():
    asked = {"log", "upload", "undo", "note", "action", "done", "consent", "release", "withdraw",
             "examine_response", "close_response", "engage", "did", "keep_voices", "keep_staff",
             "makeup", "cycle", "cycle_stands"}  # fmt: skip
    # Who may send a reminder, or open a response: tests/unit/test_learning_pages.py; who may write
    # down what happened: tests/unit/test_happenings.py.
    assert set(ACTIONS) == asked | {"remind", "annotate"}
    # Who may: tests/unit/test_holding.py, tests/unit/test_rounds.py.
    assert set(OF_FINDINGS) == {"hold", "let_go", "send_round", "open_response"}
    assert set(STARTS) == {"begin"}  # who may: tests/unit/test_files_brought_in.py
    assert set(PEOPLE) == {"person", "change", "password", "remove"}
    assert set(VISITORS) == {"end_sessions", "reset_factor", "forget_account"}


# What an admin may not do to the list


def refused(world, act, says, **fields):
    before = world.site.users.path.read_bytes()
    told = send(world, "admin", "people", act=act, fields=fields)
    assert says in " ".join(told["problems"])
    assert world.site.users.path.read_bytes() == before
    return told


def test_the_list_is_not_changed_by_what_makes_no_sense(world):
    new = {"name": "Ann", "role": "contributor", "site.north": "on"}
    refused(world, "person", "is in the list already", **new | {"name": "ROOT"} | typed(OTHER))
    refused(world, "person", "choose a role", **new | {"role": "owner"})
    refused(world, "person", "no longer there", **new | {"site.nowhere": "on"})
    refused(world, "person", "is empty", **new | {"name": " "})
    refused(world, "password", "is missing", name="root", **typed(""))
    for act in ("change", "password", "remove"):
        refused(world, act, "nobody called 'Ann'", **new | typed(OTHER))


def test_an_admin_cannot_lock_everybody_out_by_removing_themselves(world):
    refused(world, "remove", "another admin", name="Admin")
    refused(world, "change", "another admin", name="ADMIN", role="clinician")


@pytest.mark.parametrize(
    ("password", "again"),
    [("kettles-1", None), (OTHER, "seven green kettle"), ("aaaaaaaaaaaaaaa", None),
     ("tea\u202e for two and two", None), ("kettle " * 60, None), (OTHER, None)],
    ids=ascii,
)  # fmt: skip
def test_a_password_is_in_no_answer_no_page_no_file_and_no_log(world, caplog, password, again):
    caplog.set_level("DEBUG")
    name = guest(world, "north")
    address = f"&person={name}"
    told = send(world, "admin", f"people{address}", act="password",
                fields={"name": name, **typed(password, again)})  # fmt: skip
    assert ("done" in told) == (password == OTHER and again is None)
    everywhere = [
        json.dumps(told, ensure_ascii=False),
        send(world, "admin", f"people{address}")["html"],
        send(world, "admin", "history")["html"],
        world.site.users.path.read_text(encoding="utf-8"),
        caplog.text,
        *(str(one) for one in world.admin.history(PROJECT, most=2000)),
    ]
    for text in everywhere:
        assert password not in text
        assert (again or password) not in text


def test_the_page_says_who_changed_whom_and_where_consent_stands_and_why(world):
    name = guest(world, "south")
    fields = {"name": name, "role": "equity_lead", "site.south": "on"}
    html = send(world, "admin", "people", act="change", fields=fields)["html"]
    (row_,) = [row for row in html.split("<tr>") if f'<th scope="row">{name}' in row]
    assert "Equity lead" in row_
    assert "South" in row_
    assert ", admin</td>" in row_
    world.admin.consent(PROJECT, "south", False, "the board <has> not met")
    try:
        html = send(world, "admin", "people")["html"]
    finally:
        world.admin.consent(PROJECT, "south", True)
    (row_,) = [row for row in html.split("<tr>") if '<th scope="row">South' in row]
    assert "Does not consent" in row_
    assert "the board &lt;has&gt; not met" in row_
    assert ", root</td>" in row_


@pytest.mark.parametrize("role", ["contributor", "clinician", "facilitator"])
def test_the_page_of_people_says_to_others_that_it_is_for_an_admin(world, role):
    html = send(world, role, "people&person=root")["html"]
    assert "is for an admin" in html
    assert "data-act" not in html
    assert "root" not in html


# What each page holds


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("page", PAGES)
def test_no_page_holds_counts_of_a_site_that_its_reader_may_not_see(world, role, page):
    hidden = {"admin": (), "facilitator": ("north", "south", "east")}.get(role, ("south", "east"))
    for asked in SITES:
        for extra in ("", "&period=month&rules=nelson") if page == "charts" else ("",):
            said = shown(world, role, page + extra, asked)
            for place in hidden:
                assert not says(BIRTHS[place], said)


@pytest.mark.parametrize("role", ["contributor", "clinician"])
@pytest.mark.parametrize("page", PAGES)
def test_a_project_of_other_sites_is_not_even_named(world, role, page):
    told = world.pages[role].send(address=f"?page={page}&project=only_east")
    assert "A plan of the east" not in json.dumps(told)
    given = world.visitors[role].ask(f"?page={page}&project=only_east")
    assert "A plan of the east" not in given.text


def test_an_answer_kept_for_one_is_not_given_to_another(world):
    """The same address, asked by those who may see more first, and again after."""
    for role in ("admin", "contributor", "facilitator", "admin", "clinician"):
        said = shown(world, role, "charts", "east")
        assert says(BIRTHS["east"], said) == (role == "admin")


def test_consent_taken_back_closes_the_page_that_is_open(world, monkeypatch):
    # What is written past the app is seen when it asks the store anew: here every time.
    monkeypatch.setattr(render, "RECENT", -1)
    world.admin.consent(PROJECT, "south", False, "the board has not met")
    try:
        assert not see_protected_counts(world, "facilitator", "south")
        assert not read_a_note(world, "facilitator", "south")
    finally:
        world.admin.consent(PROJECT, "south", True)
    assert see_protected_counts(world, "facilitator", "south")


def test_a_clinician_cannot_ask_for_what_no_form_offers(world):
    before = world.admin.verify()
    for act in ("consent", "save_project", "backup", "verify", "people", "__class__", ""):
        told = send(world, "clinician", "log", act=act, fields={"site": "north", "given": True})
        assert "problems" in told or "html" in told
    assert world.admin.verify() == before


# Hostile words and numbers, by every form

# Several in one text, each whole within the shortest field, and first what is read at a beginning.
WORDS = (
    "../../etc/passwd <script>window.hit=1</script> {{7*7}}${7*7}",
    "'; DROP TABLE revision; -- <img src=x onerror=window.hit=1>",
    '=HYPERLINK("http://x.example") </script><b>bold</b>',
    "!!python/object:os.system <a href='javascript:window.hit=1'>x</a>",
)
DECEIVING = ("x\u202ey", "x\u2066y", "x\x00y", "x\u200by", "x\x1b[31m", "x" * 1_000_000)


def test_words_are_shown_as_words_in_every_page(world):
    for text in WORDS:
        for act, fields in (
            ("note", {"day": "2025-01-06", "text": text, "about": "learnt", "site": "north"}),
            ("action", {"text": text, "owner": text[:80], "site": "north"}),
        ):
            assert "done" in send(world, "admin", "session", act=act, fields=fields)
        fields = {"day": "2025-01-06", "met": text, "where": "x", "said": text, "did": text}
        assert "done" in send(world, "admin", "voices", act="engage", fields=fields)
        fields = {"title": text[:100], "start": "2025-01-06", "plan": text, "at.north": "on"}
        assert "done" in send(world, "admin", "spread", act="cycle", fields=fields)
        fields = {"name": text, "role": "clinician"}
        assert "done" in send(world, "admin", "people", act="person", fields=fields)
        fields = {"site": "north", "given": "no", "reason": text}
        assert "done" in send(world, "admin", "people", act="consent", fields=fields)
        world.admin.consent(PROJECT, "north", True)
    for page in PAGES:
        read = send(world, "admin", page)["html"]
        whole = world.visitors["admin"].ask(f"?project={PROJECT}&page={page}").text
        for markup in ("<script>window", "<img src=x", "<b>bold", "href='javas", 'href="javas'):
            assert markup not in read
            assert markup not in whole
    assert "&lt;img src=x" in send(world, "admin", "session")["html"]


@pytest.mark.parametrize("text", DECEIVING, ids=lambda text: ascii(text)[:12])
def test_deceiving_words_are_refused_by_every_form_and_nothing_is_kept(world, text):
    before, listed = world.admin.verify(), world.site.users.all()
    rows = [{"measure": "pph", "stratum": text, "subgroup": "2025-02-03", "numerator": "1",
             "denominator": "20", "revision": 0}]  # fmt: skip
    good = [rows[0] | {"stratum": "Black"}]
    for act, fields in (
        ("note", {"day": "2025-01-06", "text": text, "about": "learnt", "site": "north"}),
        ("note", {"day": text, "text": "x", "about": "learnt", "site": "north"}),
        ("note", {"day": "2025-01-06", "text": "x", "about": "learnt", "site": text}),
        ("action", {"text": text, "owner": "Jo", "site": "north"}),
        ("action", {"text": "x", "owner": text, "site": "north"}),
        ("done", {"key": text}),
        ("undo", {"revision": 1, "reason": text}),
        ("undo", {"revision": text, "reason": "x"}),
        ("upload", sent(file_of("north", stratum=text))),
        ("upload", sent(file_of(text))),
        ("upload", sent(file_of("north", day=text))),
        ("upload", sent(file_of("north", numerator=text))),
        ("upload", sent(file_of("north")) | {"reason": text}),
        ("upload", sent(text)),
        ("consent", {"site": "north", "given": "no", "reason": text}),
        ("consent", {"site": text, "given": "no"}),
        ("consent", {"site": "north", "given": text}),
        ("person", {"name": text, "role": "clinician"}),
        ("person", {"name": "Eve", "role": text}),
        ("person", {"name": "Eve", "role": "clinician", f"site.{text}": "on"}),
        ("person", {"name": "Eve", "role": "clinician"} | typed(text)),
        ("change", {"name": text, "role": "clinician"}),
        ("change", {"name": "root", "role": text}),
        ("password", {"name": "root"} | typed(text)),
        ("remove", {"name": text}),
        ("log", {"site": "north", "rows": rows}),
        ("engage", {"day": "2025-01-06", "met": text, "where": "x", "said": "x"}),
        ("makeup", {"of": "team", "name": text, "people.0": "3"}),
        ("makeup", {"of": "team", "name": "x", "people.0": text}),
        ("cycle", {"title": text, "start": "2025-01-06", "plan": "x", "at.north": "on"}),
        ("cycle", {"title": "x", "start": text, "plan": "x", "at.north": "on"}),
        ("cycle", {"title": "x", "start": "2025-01-06", "plan": "x", f"at.{text}": "on"}),
        ("keep_voices", sent(VOICES) | ROUND | {"title": text}),
        ("keep_voices", sent(VOICES) | ROUND | {"since": text}),
        ("log", {"site": text, "rows": good}),
        ("log", {"site": "north", "rows": good, "reason": text}),
        ("log", {"site": "north", "rows": [good[0] | {"measure": text}]}),
        ("log", {"site": "north", "rows": [good[0] | {"subgroup": text}]}),
        ("log", {"site": "north", "rows": [good[0] | {"numerator": text}]}),
        ("log", {"site": "north", "rows": [good[0] | {"revision": text}]}),
    ):  # fmt: skip
        told = send(world, "admin", "log", act=act, fields=fields)
        assert told.get("problems"), (act, sorted(fields))
        assert len(json.dumps(told)) < 20_000, "not repeated at length"
    assert world.admin.verify() == before
    assert world.site.users.all() == listed


@pytest.mark.parametrize(
    "number", ["1e400", "-1", "nan", "inf", "0x10", "1_000_000_000_000_000_000", "½", "=1+1", "२"]
)
def test_numbers_that_cannot_be_are_refused(world, number):
    before = world.admin.verify()
    rows = [{"measure": "pph", "stratum": "Black", "subgroup": "2025-02-03", "numerator": number,
             "denominator": "20", "revision": 0}]  # fmt: skip
    told = send(world, "admin", "log", act="log", fields={"site": "north", "rows": rows})
    assert told.get("problems")
    assert world.admin.verify() == before


@pytest.mark.parametrize(
    "message",
    [
        {"act": "log", "fields": None}, {"act": "log", "fields": {"rows": "x"}},
        {"act": "log", "fields": {"rows": [1, 2]}}, {"act": "log", "fields": {"rows": [{}] * 5000}},
        {"act": ["log"], "fields": {}}, {"act": {"a": 1}}, {"act": 1}, {"address": None},
        {"address": {"a": 1}}, {"address": "?" + "a=1&" * 10_000}, {"address": "?page=%00"},
        {"address": "?project=../../etc/passwd&site=<script>"},
        {"address": "?week=\u202e&period=;&rules=__class__&limits=..&hide=x&slide=-1"},
    ],
    ids=lambda message: ascii(message)[:40],
)  # fmt: skip
def test_messages_that_no_page_sends_write_nothing_and_get_an_answer(world, message):
    before = world.admin.verify()
    told = world.pages["admin"].send(**message)
    assert told.get("problems") or told.get("html")
    assert "<script>" not in told.get("html", "")
    assert "This is a fault" not in json.dumps(told)
    assert world.admin.verify() == before
