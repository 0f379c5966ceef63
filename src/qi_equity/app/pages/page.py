"""What every page is given and what it gives back; no page lives here."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import pandas as pd

from qi_equity.app.account import Account
from qi_equity.app.state import Choice
from qi_equity.findings import Findings, remembered
from qi_equity.project import EVERYONE, Cycle, Measure
from qi_equity.store import Desk, Users
from qi_equity.view.panels import Figure, Marker
from qi_equity.words import say
from qi_equity.words.cautions import caution_text
from qi_equity.words.grammar import called, listed
from qi_equity.words.numbers import day, missing

R = TypeVar("R")

# Pages that show what other sites share, and those of them that show one site at a time.
OF_RELEASES = ("charts", "gap", "compare", "board", "session", "quality")
OF_ONE_SITE = ("charts", "gap", "quality")


TITLE = 30  # letters of a panel's title: two beside each other do not meet, nor the edge of a phone


def go_on() -> None:
    """Pause for nobody: a page that somebody waits for is made without a break."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is looked at, and what was found there.

    find: what gives the findings, which may have to be waited for; what needs none of them is made
    before. pause: called in between, so that a page that nobody waits for gives way to others.
    """

    choice: Choice
    find: Callable[[], Findings]
    desk: Desk | None = None
    users: Users | None = None
    account: Account | None = None
    pause: Callable[[], None] = go_on

    @property
    def findings(self) -> Findings:
        """What was found, the same each time for one page."""
        return self.find()

    @property
    def today(self) -> pd.Timestamp:
        """The day it is, on the server."""
        return pd.Timestamp.now().normalize()

    @property
    def measure(self) -> Measure:
        """The measure chosen."""
        return self.choice.measure

    @property
    def where(self) -> str:
        """The measure and the site, for titles."""
        return f"{self.measure.name} · {self.choice.site_name(self.choice.site)}"

    def strata(self) -> list[str]:
        """Everyone first, then the strata as the team wrote them: never sorted by rate."""
        return [EVERYONE, *(group.name for group in self.choice.project.strata.groups)]

    @property
    def waiting(self) -> bool:
        """Whether there is something to judge and it is still being judged."""
        return len(self.findings.charts) > 0 and not self.findings.judged

    @property
    def failed(self) -> bool:
        """Whether the verdicts could not be worked out."""
        return self.findings.late is not None and self.findings.late.failed

    @property
    def late_words(self) -> str:
        """Why there are no verdicts yet, and as of when the last are; nothing where they are in."""
        if not self.waiting:
            return ""
        late = self.findings.late
        words = say("labels.late.failed" if self.failed else "labels.late.waiting")
        if late is None or late.when is None:
            return words
        last = say("labels.late.last", day=day(late.when), time=f"{late.when:%H:%M}")
        return f"{words} {last}"

    def before(self) -> Context | None:
        """The same page with the last verdicts there were, while the newest are still to come."""
        late = self.findings.late
        if late is None or late.last is None:
            return None
        last = late.last
        return replace(self, find=lambda: last)

    def rows(self, kind: type, *, site: str | None = None) -> pd.DataFrame:
        """The rows of one table for the measure and site chosen, strata in the team's order."""
        self.pause()
        site = self.choice.site if site is None else site
        key = ("in order", kind, self.measure.id, site, *self.strata())
        here = partial(self.findings.of, kind, self.measure, site)
        return remembered(self.findings, key, lambda: self.in_order(here()))

    def typed(self, kind: type[R], *, site: str | None = None) -> list[R]:
        """The rows of one table of findings as typed ones, of the measure and site chosen."""
        self.pause()
        site = self.choice.site if site is None else site
        rank = {name: place for place, name in enumerate(self.strata())}

        def place(row: Any) -> tuple[int, int]:
            return rank.get(row.stratum, len(rank)), getattr(row, "phase", 0)

        return sorted(self.findings.rows(kind, self.measure, site), key=place)

    def in_order(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows with their strata in the order of `strata`."""
        if rows.empty or "stratum" not in rows:
            return rows
        rank = {name: place for place, name in enumerate(self.strata())}
        place = rows["stratum"].map(lambda name: rank.get(name, len(rank)))
        sort = ["_place", *[name for name in ("phase", "subgroup") if name in rows]]
        return rows.assign(_place=place).sort_values(sort, kind="stable").drop(columns="_place")

    def markers(self) -> list[Marker]:
        """The PDSA cycles of this site, numbered by when they began."""
        site = self.choice.site
        here = [
            cycle
            for cycle in self.choice.project.cycles
            if not cycle.sites or site in cycle.sites or site not in self._site_ids()
        ]
        here.sort(key=lambda cycle: (cycle.start, cycle.id))
        return [
            Marker(pd.Timestamp(cycle.start), str(index), cycle_words(cycle), cycle.strata)
            for index, cycle in enumerate(here, 1)
        ]

    def cautions(self, stratum: str) -> list[str]:
        """What to be careful of in one chart."""
        self.pause()
        here = (self.measure.id, self.choice.site, stratum)
        return [caution_text(one) for one in self.findings.cautions if one.series == here]

    @property
    def release_line(self) -> str:
        """Which release is shown of others' counts, or that there is none; nothing of one's own."""
        desk, address = self.desk, self.choice.address
        if desk is None or address.page not in OF_RELEASES:
            return ""
        user = desk.user
        if user.may("see protected") is None or user.may("see") == "every":
            return ""
        if user.may("see") and self.choice.site in user.sites and address.page in OF_ONE_SITE:
            return ""
        last = next(
            (one for one in desk.releases(self.choice.project.id)[::-1] if not one.withdrawn), None
        )
        if last is None:
            how = say(f"release.how.{self.choice.project.disclosure.release}")
            return say("release.none_yet", how=how)
        to = day(pd.Timestamp(last.counts_to)) if last.counts_to else say("language.nothing")
        return say("release.is", number=last.number, day=day(pd.Timestamp(last.day)), to=to)

    def _site_ids(self) -> set[str]:
        return {site.id for site in self.choice.project.sites}


@dataclass(frozen=True, slots=True)
class Page:
    """A page ready to be filled in: a template, its values and its figures by name."""

    template: str
    values: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    title: str = ""
    status: str = ""
    waiting: bool = False  # more is being worked out: ask again soon


def nothing_logged(context: Context) -> Page:
    """The page of a measure that has no findings at a site: why, and who can change it and how."""
    lines = nothing_words(context)
    values = {"heading": context.where, "lines": lines}
    return Page("empty.html", values, title=context.where, status=lines[0])


def nothing_words(context: Context) -> list[str]:
    """Why there is nothing to see, for whoever asks, and the way out."""
    user = context.desk.user if context.desk is not None else None
    if user is not None and not user.may("see"):
        return [say("labels.nothing.shared"), say("labels.nothing.who_shares")]
    if user is not None and user.may("log"):
        return [say("labels.nothing.logged"), say("labels.nothing.log_it")]
    return [say("labels.nothing.logged"), say("labels.nothing.who_logs")]


def told(heading: str, lines: list[str]) -> Page:
    """A page of nothing but words."""
    return Page("empty.html", {"heading": heading, "lines": lines}, title=heading)


def cycle_words(cycle: Cycle) -> str:
    """A cycle in the list below a chart: its title, when and for whom."""
    start = day(cycle.start)
    words = say("charts.page.cycle", title=cycle.title, start=start)
    if cycle.end:
        words = say("charts.page.cycle_ended", title=cycle.title, start=start, end=day(cycle.end))
    if not cycle.strata:
        return words
    return say("charts.page.cycle_strata", cycle=words, strata=listed(map(called, cycle.strata)))


def text_of(figure: Figure) -> str:
    """A figure as the text that is kept and sent; nan would be no JSON, so it is refused."""
    return json.dumps(figure, allow_nan=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if missing(value):
        return None
    return value.item() if hasattr(value, "item") else str(value)
