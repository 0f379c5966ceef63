"""Views to HTML and figures, kept for the next who asks; no page and no server here."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from qi_equity.app import explore
from qi_equity.app.account import Account
from qi_equity.app.actions import act
from qi_equity.app.ahead import Ahead, Pause, likely
from qi_equity.app.backend import Backend
from qi_equity.app.clashes import Clashing
from qi_equity.app.looks import look
from qi_equity.app.pages import LASTING, NEEDS, NOT_IN_MENU, PAGES, WITHOUT_COUNTS, Context, Page
from qi_equity.app.pages.account import account_page
from qi_equity.app.pages.begin import begin_page
from qi_equity.app.pages.page import go_on, text_of, told
from qi_equity.app.pages.trail import trail_page
from qi_equity.app.state import Address, Choice, choose, parse
from qi_equity.errors import UserError
from qi_equity.findings import Findings, remembered
from qi_equity.project import ALL_SITES, Project
from qi_equity.store import Forbidden, Users
from qi_equity.store.access import PERMISSIONS, RoleName
from qi_equity.view import icons
from qi_equity.view.theme import DARK, FONT, LIGHT
from qi_equity.vocabulary import Act
from qi_equity.words import say, say_html, words_of
from qi_equity.words.grammar import called, first_up, inside, listed

HERE = Path(__file__).parent
FILES = ("upload", "outline", "voices", "staff", "release")  # questions that take long
KEPT = 600  # answers: every chart of the demo network (10 sites, 4 projects, 3 measures) and more
AHEAD = 120  # answers that nobody has asked for yet, so that they push out none that somebody did

RECENT = 0.25  # seconds

log = logging.getLogger(__name__)

Answer = dict[str, Any]


class Kept:
    """The answers last given, the oldest forgotten first."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._ahead: OrderedDict[Hashable, Answer] = OrderedDict()
        self._recent: dict[Hashable, tuple[float, Any]] = {}
        self.charted: dict[Hashable, list[str]] = {}  # the sites of a measure, when last looked up
        self._lock = Lock()

    def recent(self, key: Hashable, ask: Callable[[], Any]) -> Any:
        """What was asked a moment ago, asked again when it is older.

        Thirty people who change a filter in the same moment ask the store once.
        """
        held = self._recent.get(key)
        if held is None or monotonic() - held[0] > RECENT:
            held = self._recent[key] = monotonic(), ask()
        return held[1]

    def forget(self) -> None:
        """Ask anew from here on: something was written."""
        self._recent.clear()

    def get(self, key: Hashable) -> Answer | None:
        """The answer kept under this key."""
        with self._lock:
            if key in self._ahead:
                _put(self._answers, key, self._ahead.pop(key), KEPT)
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)

    def put(self, key: Hashable, answer: Answer) -> None:
        """Keep an answer."""
        with self._lock:
            _put(self._answers, key, answer, KEPT)

    def put_ahead(self, key: Hashable, answer: Answer) -> None:
        """Keep an answer that nobody has asked for yet."""
        with self._lock:
            if key not in self._answers:
                _put(self._ahead, key, answer, AHEAD)

    def has(self, key: Hashable) -> bool:
        """Whether there is an answer, which is not called upon here."""
        with self._lock:
            return key in self._answers or key in self._ahead


def _put(kept: OrderedDict[Hashable, Answer], key: Hashable, answer: Answer, most: int) -> None:
    kept[key] = answer
    while len(kept) > most:
        kept.popitem(last=False)


class Renderer:
    """Answers to addresses. The same address and revision gives the same answer, made once.

    rights: what the backend's user may see, if answers are kept with those for others.
    users: the list of those who may sign in, if there is one. account: whose page it is, who is
    told what was refused and asked before expensive work; None where nobody signs in. ahead: draws
    the pages that are likely next, if anything does.
    """

    def __init__(
        self,
        backend: Backend,
        kept: Kept | None = None,
        rights: Hashable = None,
        users: Users | None = None,
        account: Account | None = None,
        ahead: Ahead | None = None,
    ) -> None:
        self.backend = backend
        self._ahead = ahead
        self._account = account
        self._users = users
        self._kept = kept or Kept()
        self._rights = rights

    def answer(self, address: str, done: str = "") -> Answer:
        """The page at an address: its HTML, its figures as JSON texts, its title and its link.

        What a user can put right is told in words; a fault of ours is logged, and said to be ours.
        done: what was kept just now, which it stays whatever happens to the page.
        """
        try:
            return self._found(address)
        except UserError as error:
            self._refused(error, "page")
            return self._answer(told(say("labels.empty.cannot"), str(error).splitlines()))
        except Exception:
            log.exception("no page for %r", address)
            if done:
                return self._answer(told(done, [say("labels.fault.kept")]))
            return self._answer(told(say("labels.fault.heading"), our_fault()))

    def _found(self, address: str) -> Answer:
        projects = self._projects()
        if not projects:
            return self._answer(self._before_a_project(parse(address)))
        choice = self._chosen(parse(address), projects)
        self._looks(choice)
        if choice.notices or choice.address.page not in LASTING:
            return self._made(choice)
        choice = explore.with_effect(choice)
        key = self._key(choice, projects)
        answer = self._kept.get(key)
        if answer is None:
            self._spend("page")
            answer = self._made(choice)
            self._kept.put(key, answer)
        if self._ahead is not None and not answer["waiting"]:
            self._ahead.wish(self.draw_ahead, likely(choice))
        return answer

    def _chosen(self, asked: Address, projects: list[Project]) -> Choice:
        """The page asked for. The log waits for no findings to know its sites: those that were
        charted last do, unless the one asked for is not among them."""
        if asked.page == "log":
            choice = choose(asked, projects, self._sites_last)
            if not choice.notices:
                return choice
        return choose(asked, projects, self._sites)

    def draw_ahead(self, address: Address, pause: Pause) -> None:
        """Keep the page at an address as if it had been asked for, which nobody has: no look at
        counts goes on record before they are shown, and nothing is spent.

        It is kept for whoever has the same rights alone, and only if nothing changed meanwhile:
        neither counts, nor what the one who asked for the page before it may see.
        """
        projects = self._projects()
        choice = explore.with_effect(choose(address, projects, self._sites))
        key = self._key(choice, projects)
        if choice.notices or self._kept.has(key):
            return
        answer = self._made(choice, pause)
        if self._as_before() and key == self._key(choice, self.backend.projects(), fresh=True):
            self._kept.put_ahead(key, answer)

    def _as_before(self) -> bool:
        """Whether whoever asks still has the rights that their pages are kept under."""
        if self._rights is None or self.backend.store is None:
            return True  # nobody signs in
        user = self.backend.store.user
        return (user.role, user.sites) == self._rights

    def _key(self, choice: Choice, projects: list[Project], *, fresh: bool = False) -> Hashable:
        """All that a page of findings depends on; fresh: as it is now, not as of a moment ago."""
        name = choice.project.id
        offered = tuple((project.id, project.title) for project in projects)
        revision = str(self.backend.revision(name)) if fresh else self._revision(name)
        under_way = self.backend.release_under_way(name)
        return self._rights, choice.address, revision, under_way, offered

    def _before_a_project(self, asked: Address) -> Page:
        """A page that needs no project, else the one on which the first is begun."""
        if asked.page == "account":
            return account_page(self._account)
        if asked.page == "trail":
            return trail_page(self.backend.store, asked)
        return begin_page(self.backend.store, say("labels.empty.no_project"))

    def _made(self, choice: Choice, pause: Pause = go_on) -> Answer:
        name = choice.project.id
        self.backend.revision(name)  # judging begins, while the page makes what needs no findings
        find = cache(partial(self.backend.findings, name))
        context = Context(choice, find, self.backend.store, self._users, self._account, pause)
        page = PAGES[choice.address.page](context)
        line = context.release_line
        if line and self.backend.release_under_way(choice.project.id):
            line, page = f"{line} {say('release.under_way')}", replace(page, waiting=True)
        pause()
        return self._answer(page, choice, line, pause)

    def act(self, name: str, fields: dict[str, Any], address: str) -> Answer:
        """Do what a form asks, and answer with the page as it then is, or with what is wrong."""
        try:
            projects = self.backend.projects()
            begins = name == "begin" or not projects
            choice = None if begins else choose(parse(address), projects, self._sites)
            done = act(
                name, self.backend.store, choice, fields, self._users, self._account,
                partial(self.backend.findings, choice.project.id) if choice else None,
            )  # fmt: skip
        except Clashing as clash:
            return {"problems": str(clash).splitlines(), "clashes": clash.both}
        except UserError as error:
            self._refused(error, name)
            return {"problems": str(error).splitlines()}
        except Exception:
            log.exception("could not do %r at %r", name, address)
            return {"problems": our_fault()}
        self._kept.forget()
        return self.answer(address, done) | {"status": done, "done": done}

    def look(self, name: str, fields: dict[str, Any], address: str) -> Answer:
        """Answer a question of a page, before anything is saved."""
        try:
            projects = self.backend.projects()
            choice = choose(parse(address), projects, self._sites) if projects else None
            if name in FILES:
                self._spend("file")
            return {"found": look(name, self.backend.store, choice, fields)}
        except UserError as error:
            self._refused(error, name)
            return {"problems": str(error).splitlines()}
        except Exception:
            log.exception("could not answer %r at %r", name, address)
            return {"problems": our_fault()}

    def _looks(self, choice: Choice) -> None:
        """Put on record that true counts are shown, also where the page was made for another."""
        if self.backend.store is not None and choice.address.page not in WITHOUT_COUNTS:
            self.backend.store.looked(choice.project.id)

    def _refused(self, error: UserError, asked: str) -> None:
        if self._account is not None and isinstance(error, Forbidden):
            self._account.record(Act.REFUSED, {"asked": asked, "why": str(error)})

    def _spend(self, kind: str) -> None:
        if self._account is not None:
            self._account.spend(kind)

    def _answer(
        self,
        page: Page,
        choice: Choice | None = None,
        release: str = "",
        pause: Pause = go_on,
    ) -> Answer:
        values = {**page.values, "choice": choice, "release": release}
        if choice:
            values |= self._filters(choice)
        shown = choice.address if choice else Address()
        html = environment().get_template(page.template).render(values)
        figures = {}
        for name, figure in page.figures.items():
            pause()
            figures[name] = text_of(figure)
        return {
            "html": html,
            "nav": environment().get_template("nav.html").render(address=shown, pages=self._menu()),
            "figures": figures,
            "mark": _mark(html, *figures.values()),
            "title": say("labels.title", page=page.title) if page.title else say("labels.product"),
            "status": page.status,
            "waiting": page.waiting,
            "place": shown.place,
            "address": shown.link() if choice else "",
        }

    def _menu(self) -> dict[str, str]:
        """The pages in the menu of whoever asks: what their role sees nothing on is left out."""
        desk = self.backend.store
        role = self._rights[0] if isinstance(self._rights, tuple) else None
        if role is None and desk is not None:
            role = desk.user.role
        return pages(role)

    def _filters(self, choice: Choice) -> dict[str, Any]:
        measures = [(measure.id, measure.name) for measure in choice.project.measures]
        return {
            "address": choice.address,
            "measure": choice.measure,
            "site_name": choice.site_name(choice.site),
            "projects": [(project.id, project.title) for project in self._projects()],
            "measures": measures,
            "sites": [(site, choice.site_name(site)) for site in choice.sites],
        }

    def _projects(self) -> list[Project]:
        found: list[Project] = self._kept.recent((self._rights, "projects"), self.backend.projects)
        return found

    def _revision(self, project: str) -> str:
        key = (self._rights, "revision", project)
        return str(self._kept.recent(key, lambda: self.backend.revision(project)))

    def _sites(self, project: str, measure: str) -> list[str]:
        key = (self._rights, "sites", project, measure)
        sites: list[str] = self._kept.recent(key, lambda: self._sites_of(project, measure))
        return sites

    def _sites_last(self, project: str, measure: str) -> list[str]:
        return self._kept.charted.get((self._rights, project, measure)) or self._sites(
            project, measure
        )

    def _sites_of(self, project: str, measure: str) -> list[str]:
        findings = self.backend.findings(project)
        sites = remembered(findings, ("sites", measure), lambda: _charted(findings, measure))
        self._kept.charted[self._rights, project, measure] = sites
        return sites


def _charted(findings: Findings, measure: str) -> list[str]:
    """The sites that a measure is charted at, all together first."""
    charts = findings.charts
    if charts.empty:
        return []
    sites = list(charts.loc[charts["measure"] == measure, "site"].unique())
    return sorted(sites, key=lambda site: site != ALL_SITES)


def _mark(*texts: str) -> str:
    """Tells one answer from another, so that what a page shows already is not sent again."""
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=8).hexdigest()


def pages(role: RoleName | None = None) -> dict[str, str]:
    """The pages that are of use to a role, as they are called in the menu; without one, all.

    >>> "log" in pages("contributor"), "log" in pages("facilitator")
    (True, False)
    """
    allowed = PERMISSIONS[role] if role is not None else None
    return {
        name: say(f"labels.page.{name}")
        for name in PAGES
        if name not in NOT_IN_MENU
        and (allowed is None or name not in NEEDS or NEEDS[name] in allowed)
    }


def guide(backend: Backend) -> str:
    """The part that is played and its story, where parts are played."""
    told = getattr(backend, "guide", None)
    return environment().get_template("guide.html").render(guide=told) if told else ""


def our_fault() -> list[str]:
    """What is said when the fault is ours."""
    return [say("labels.fault.ours"), say("labels.fault.again")]


@cache
def environment() -> Environment:
    """The templates; whatever a team writes is text, never markup."""
    loader = FileSystemLoader(HERE / "templates")
    # A line of a template that holds nothing but a tag leaves no line in the page.
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"icons": icons, "say": say_html, "words_of": words_of}
    made.filters |= {"first_up": first_up, "inside": inside, "listed": listed, "called": called}
    return made


@cache
def css() -> str:
    """The style sheet with the colours of the theme in their places."""
    darker = (
        "--soft: #18262e; --strong: #0d3945; --focus: #ffc83d; --focus-ink: #16262f; "
        "--warn: #3a2f12; --warn-edge: #e2b23c; color-scheme: dark;"
    )
    text = (HERE / "static" / "app.css").read_text(encoding="utf-8")
    named = {"LIGHT;": _properties(LIGHT), "DARK;": _properties(DARK), "DARKER": darker}
    for name, value in named.items():
        text = text.replace(name, value)
    return text.replace("FONT", FONT)


def _properties(colours: dict[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


def colours() -> str:
    """Each light colour of a figure: its name, and the dark one that takes its place."""
    return json.dumps({LIGHT[name]: {"name": name, "dark": DARK[name]} for name in LIGHT})


def script_text(value: Any) -> str:
    """JSON that can stand inside a script element.

    >>> script_text({"a": "</script>"})
    '{"a": "<\\\\/script>"}'
    """
    return json.dumps(value).replace("</", "<\\/").replace("<!--", "<\\!--")
