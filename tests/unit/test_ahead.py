"""Pages drawn before anybody asks for them: which, when, and for whom they are kept."""

from __future__ import annotations

from collections import deque
from threading import Event

import pytest
from made_findings import made_findings, made_project

from patience import PATIENCE
from qi_equity.app import render
from qi_equity.app.ahead import MOST, WAITING, Ahead, likely
from qi_equity.app.aside import Threads
from qi_equity.app.backend import FixedBackend
from qi_equity.app.pages.page import go_on
from qi_equity.app.render import Renderer
from qi_equity.app.state import Address, choose, parse
from qi_equity.store import User

PROJECT = made_project(sites=3)
FINDINGS = made_findings(PROJECT, weeks=30)
SITES = [site.id for site in PROJECT.sites]
HERE = "?page=charts&project=pph&site="


def chosen(address: str):
    return choose(parse(address), [PROJECT], lambda *_: SITES)


class Desk:
    """As much of a desk as a page of charts asks for, and what was put on record at it."""

    def __init__(self, user: User) -> None:
        self.user, self.looks = user, []

    def looked(self, project: str) -> None:
        self.looks.append(project)

    def entries(self, *_):
        return {}

    def consented(self, *_):
        return ()

    def releases(self, *_):
        return ()


@pytest.fixture
def made(monkeypatch):
    """The sites whose charts were made into a page, in their order."""
    made, charts = [], render.PAGES["charts"]

    def counted(context):
        made.append(context.choice.site)
        return charts(context)

    monkeypatch.setitem(render.PAGES, "charts", counted)
    return made


class Store(FixedBackend):
    """Findings with a revision of their own."""

    def __init__(self, desk: Desk | None = None) -> None:
        super().__init__({"pph": FINDINGS}, desk)

    def revision(self, project_id: str) -> str:
        return str(getattr(self, "_revision", "1"))

    def save(self, *_) -> None:
        object.__setattr__(self, "_revision", "2")


class Spender:
    """An account that is told of every page that was spent."""

    def __init__(self) -> None:
        self.spent = []

    def spend(self, kind: str) -> None:
        self.spent.append(kind)


# Which


def test_the_other_sites_come_first_in_the_order_of_the_list_then_measures_and_groups():
    groups = [group.name for group in PROJECT.strata.groups]
    found = likely(chosen(f"{HERE}{SITES[1]}&stratum={groups[0]}"))
    assert [one.site for one in found[:2]] == [SITES[2], SITES[0]]
    here = parse(HERE + SITES[1])
    assert all(one.site == here.site for one in found[2:])
    measures = [one.measure for one in found if one.measure != found[0].measure]
    assert measures == [one.id for one in PROJECT.measures][1:]
    same = [one.stratum for one in found if (one.site, one.measure) == (SITES[1], found[0].measure)]
    assert same == groups[1:]


def test_groups_are_left_where_nobody_goes_through_them():
    assert {one.stratum for one in likely(chosen(HERE + SITES[1]))} == {""}


@pytest.mark.parametrize("more", ["&period=quarter", "&hide=limits", "&rules=ihi"])
def test_nothing_is_drawn_ahead_of_charts_that_are_drawn_otherwise(more):
    assert likely(chosen(HERE + SITES[0] + more)) == []


@pytest.mark.parametrize("page", ["log", "compare", "people", "session"])
def test_nothing_is_drawn_ahead_of_other_pages(page):
    assert likely(chosen(f"?page={page}&project=pph")) == []


# For whom


def test_a_page_drawn_ahead_is_the_one_that_is_asked_for_and_is_made_once(made):
    whole = Renderer(Store()).answer(HERE + SITES[1])
    made.clear()
    renderer = Renderer(Store())
    renderer.draw_ahead(chosen(HERE + SITES[1]).address, go_on)
    assert renderer.answer(HERE + SITES[1]) == whole
    renderer.draw_ahead(chosen(HERE + SITES[1]).address, go_on)
    assert made == [SITES[1]]


def test_no_look_is_on_record_and_nothing_spent_until_somebody_asks(made):
    desk, spender = Desk(User("Jo", "facilitator")), Spender()
    rights = desk.user.role, desk.user.sites
    renderer = Renderer(Store(desk), rights=rights, account=spender)
    renderer.draw_ahead(chosen(HERE + SITES[1]).address, go_on)
    assert (desk.looks, spender.spent) == ([], [])
    assert "went wrong" not in renderer.answer(HERE + SITES[1])["html"]
    assert (desk.looks, spender.spent) == (["pph"], []), "shown now, and made already"
    assert made == [SITES[1]]


def test_a_page_is_for_the_rights_of_who_asked_for_the_one_before(made):
    kept = render.Kept()
    for user in (User("Jo", "facilitator"), User("Bo", "clinician", frozenset(SITES[:1]))):
        renderer = Renderer(Store(Desk(user)), kept, (user.role, user.sites))
        renderer.answer(HERE + SITES[1])
        renderer.draw_ahead(chosen(HERE + SITES[2]).address, go_on)
    assert made == [SITES[1], SITES[2]] * 2, "what one role was shown is no page of another"


def test_nothing_is_kept_where_a_role_was_changed_meanwhile():
    kept, desk = render.Kept(), Desk(User("Jo", "facilitator"))
    renderer = Renderer(Store(desk), kept, (desk.user.role, desk.user.sites))

    def changed() -> None:
        desk.user = User("Jo", "clinician", frozenset(SITES[:1]))

    renderer.draw_ahead(chosen(HERE + SITES[1]).address, changed)
    assert not kept._ahead


def test_nothing_is_kept_where_counts_were_saved_meanwhile():
    kept, backend = render.Kept(), Store()
    Renderer(backend, kept).draw_ahead(chosen(HERE + SITES[1]).address, backend.save)
    assert not kept._ahead


def test_what_nobody_asked_for_pushes_out_nothing_that_somebody_did():
    kept = render.Kept()
    kept.put("asked", {})
    for number in range(render.AHEAD + render.KEPT):
        kept.put_ahead(number, {})
    assert kept.has("asked")
    assert len(kept._ahead) == render.AHEAD
    assert kept.get(render.AHEAD + render.KEPT - 1) == {}
    assert len(kept._answers) == 2


# When


def test_what_is_drawn_ahead_stands_still_while_somebody_waits():
    threads = Threads(1)
    ahead, begun, free = Ahead(threads), Event(), Event()
    told, over = [], Event()

    def draw(address: Address, pause) -> None:
        begun.set()
        assert free.wait(PATIENCE)
        pause()
        told.append(address.site)
        over.set()

    ahead.wish(draw, [Address(site="next")])
    assert begun.wait(PATIENCE)
    with threads.busy():
        free.set()
        threads.submit(lambda: told.append("click")).result(PATIENCE)
        assert told == ["click"]
    assert over.wait(PATIENCE)
    assert told == ["click", "next"]
    ahead.end()


def test_nothing_is_begun_while_somebody_waits_and_the_newest_wish_comes_first():
    threads, told, over = Threads(1), [], Event()
    ahead = Ahead(threads)

    def draw(address: Address, pause) -> None:
        told.append(address.site)
        if len(told) == 3:
            over.set()

    with threads.busy():
        ahead.wish(draw, [Address(site="old")])
        ahead.wish(draw, [Address(site="new"), Address(site="newer")])
        assert told == []
    assert over.wait(PATIENCE)
    assert told == ["new", "newer", "old"]
    ahead.end()


def test_so_many_wishes_wait_and_no_more():
    threads = Threads(1)
    ahead = Ahead(threads)
    with threads.busy():
        for _ in range(WAITING):
            ahead.wish(lambda *_: None, [Address()] * MOST)
        assert len(ahead._wished) <= WAITING
        ahead.end()
    assert ahead._wished == deque()


def test_a_page_that_fails_is_logged_and_the_next_is_drawn(caplog):
    ahead, over = Ahead(Threads(1)), Event()

    def draw(address: Address, pause) -> None:
        if address.site == "bad":
            raise ValueError("a fault")
        over.set()

    ahead.wish(draw, [Address(site="bad"), Address(site="good")])
    assert over.wait(PATIENCE)
    assert "could be drawn ahead" in caplog.text
    ahead.end()


def test_the_end_leaves_what_stands_still_where_it_is():
    threads = Threads(1)
    ahead, begun, free = Ahead(threads), Event(), Event()
    finished = []

    def draw(address: Address, pause) -> None:
        begun.set()
        assert free.wait(PATIENCE)
        pause()
        finished.append(address)

    ahead.wish(draw, [Address()])
    assert begun.wait(PATIENCE)
    with threads.busy():
        free.set()
        ahead.end(PATIENCE)
    assert not ahead._thread.is_alive()
    assert finished == []
