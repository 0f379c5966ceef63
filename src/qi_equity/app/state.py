"""What a page shows, as its address says it: every page has a link, and every link a page."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from qi_equity.project import Measure, Project
from qi_equity.words import say
from qi_equity.words.grammar import called

PAGES = (
    "charts", "compare", "board", "log", "session", "project", "quality", "history", "people",
    "begin", "trail", "account", "responses", "voices", "staff", "spread",
)  # fmt: skip
# Pages that have become part of another: links to them are kept in minutes and mails.
PART_OF = {"gap": "charts"}

LONGEST = 200  # characters of one part of an address


@dataclass(frozen=True, slots=True)
class Address:
    """One page of the app; an empty text is 'not chosen'."""

    page: str = "charts"
    project: str = ""
    measure: str = ""
    site: str = ""
    stratum: str = ""
    period: str = ""
    rules: str = ""
    limits: str = ""
    lines: str = ""
    hide: str = ""
    week: str = ""
    slide: str = ""
    person: str = ""
    idea: str = ""
    who: str = ""
    what: str = ""
    since: str = ""
    until: str = ""
    key: str = ""

    @property
    def place(self) -> str:
        """What the forms of this page write about: what is typed into them stays with it.

        >>> Address("session", "pph", slide="3").place == Address("session", "pph", slide="4").place
        False
        """
        site = self.site if self.page == "charts" else ""  # elsewhere a form names its site itself
        return "|".join(
            (self.page, self.project, site, self.slide, self.person, self.idea, self.key)
        )

    def link(self, **changes: Any) -> str:
        """The link to this page with some of it changed.

        >>> Address(project="pph", site="Site C").link(page="compare")
        '?page=compare&project=pph&site=Site+C'
        """
        other = replace(self, **changes)
        given = {f.name: getattr(other, f.name) for f in fields(other)}
        return "?" + urlencode({name: text for name, text in given.items() if text})


def parse(text: str) -> Address:
    """The page a link asks for; what it does not know it leaves alone.

    >>> parse("?page=gap&site=Site+C&colour=red").link()
    '?page=charts&site=Site+C'
    """
    known = {f.name for f in fields(Address)}
    asked: dict[str, str] = {}
    for name, part in parse_qsl(text.lstrip("?")):
        if name in known:
            part = part[:LONGEST]
            asked[name] = f"{asked[name]},{part}" if name == "hide" and name in asked else part
    page = asked.get("page", "")
    return Address(**asked | ({"page": PART_OF[page]} if page in PART_OF else {}))


@dataclass(frozen=True, slots=True)
class Choice:
    """A page that exists: the project, measure and site it names, and what had to be changed."""

    address: Address
    project: Project
    measure: Measure
    sites: tuple[str, ...]
    notices: tuple[str, ...] = ()

    @property
    def site(self) -> str:
        """The site chosen."""
        return self.address.site

    def site_name(self, site: str) -> str:
        """A site as the team calls it."""
        return next((one.name for one in self.project.sites if one.id == site), called(site))


def choose(address: Address, projects: list[Project], sites: Any) -> Choice:
    """The nearest page that exists; what was asked for and is not there is said.

    `sites` gives the sites with findings of a measure: sites(project_id, measure_id).
    """
    notices: list[str] = []

    def one_of(kind: str, asked: str, known: list[str]) -> str:
        if asked and asked not in known:
            notices.append(say(f"labels.not_there.{kind}", asked=asked))
        return asked if asked in known else known[0]

    page = one_of("page", address.page, list(PAGES))
    by_id = {project.id: project for project in projects}
    project = by_id[one_of("project", address.project, list(by_id))]
    measures = [measure.id for measure in project.measures]
    first = project.aim.measure if project.aim.measure in measures else measures[0]
    asked = address.measure or first
    measure = one_of("measure", asked, measures)
    known = list(sites(project.id, measure)) or [project.sites[0].id]
    site = one_of("site", address.site, known)
    chosen = replace(address, page=page, project=project.id, measure=measure, site=site)
    return Choice(chosen, project, project.measure(measure), tuple(known), tuple(notices))
