"""Roles to try in the example network, each with a story to follow; nobody signs in here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tornado.web import RequestHandler

from qi_equity.app.example import HOME, STORIES_OF, VISITOR
from qi_equity.app.live import Network, Seat
from qi_equity.app.state import Address
from qi_equity.errors import UserError, did_you_mean
from qi_equity.findings import Findings
from qi_equity.project import Project
from qi_equity.store import Desk, User
from qi_equity.store.access import RoleName
from qi_equity.words import say


@dataclass(frozen=True, slots=True)
class Part:
    """A part to play: what it may see and do, and where each step of its story begins."""

    role: RoleName
    sites: tuple[str, ...]
    steps: tuple[Address, ...]


def _at(page: str, **chosen: str) -> Address:
    return Address(page=page, project=STORIES_OF, **chosen)


# The steps' words are in words/en/stories.toml, in the same order.
PARTS: Mapping[str, Part] = {
    "midwife": Part(
        "contributor",
        (HOME,),
        (
            _at("log", site=HOME),
            _at("log", site=HOME),
            _at("charts", site=HOME, stratum="Black"),
            _at("history", site=HOME),
        ),
    ),
    "facilitator": Part(
        "facilitator",
        (),
        (
            _at("session"),
            _at("session", slide="1"),
            _at("compare"),
            _at("session"),
        ),
    ),
    "consultant": Part(
        "clinician",
        (HOME,),
        (
            _at("charts", site=HOME, stratum="Black"),
            _at("charts", site=HOME, stratum="Asian"),
            _at("charts", site=HOME, measure="loss_weighed"),
            _at("quality", site=HOME),
        ),
    ),
    "lead": Part(
        "equity_lead",
        (HOME,),
        (
            _at("compare"),
            _at("charts", site=HOME, stratum="Black"),
            _at("quality", site=HOME),
            _at("project"),
        ),
    ),
    "board": Part(
        "facilitator",
        (),
        (
            _at("compare"),
            _at("charts"),
            _at("project"),
            _at("quality"),
        ),
    ),
}
# Without a role: one who may do everything, at every site.
EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Guide:
    """What the frame of a page says of the part that is played."""

    part: str
    steps: tuple[tuple[str, str], ...]  # words and link
    others: tuple[tuple[str, str], ...]  # name and link


class Played:
    """The network as one of its parts sees it; which one can be changed at any time.

    There is one visitor, on one machine: whoever changes it does so in every page that is open.

    share: makes what sites let the network see; that takes seconds, so it waits for a part that
    sees it.
    """

    def __init__(
        self,
        network: Network,
        part: str = EVERYTHING,
        share: Callable[[], None] = lambda: None,
    ) -> None:
        self._network, self._share = network, share
        self._seats: dict[str, Seat] = {}
        self.become(part)

    def become(self, part: str) -> None:
        """Play this part from here on.

        >>> from qi_equity.app.guide import part_named
        >>> part_named("midwive")
        Traceback (most recent call last):
        qi_equity.errors.UserError: no role is called 'midwive'; did you mean 'midwife'? \
Choose from: midwife, facilitator, consultant, lead, board, everything
        """
        user = user_of(part_named(part))
        if user.may("see protected") and user.may("see") != "every":
            self._share()
        self._seats.setdefault(part, self._network.seat(user))
        self.part = part

    @property
    def seat(self) -> Seat:
        """The seat of the part that is played."""
        return self._seats[self.part]

    @property
    def guide(self) -> Guide:
        """The story of this part, and the way to the others."""
        others = tuple((_called(one), link(one)) for one in (*PARTS, EVERYTHING))
        return Guide(_called(self.part), tuple(steps_of(self.part)), others)

    # What the app asks of a backend

    @property
    def store(self) -> Desk:
        """The desk of the part that is played."""
        return self.seat.store

    def projects(self) -> list[Project]:
        """The projects that this part sees."""
        return self.seat.projects()

    def findings(self, project_id: str) -> Findings:
        """What this part sees of a project."""
        return self.seat.findings(project_id)

    def revision(self, project_id: str) -> str:
        """Changes with what is seen: another part is another revision."""
        return f"{self.part}:{self.seat.revision(project_id)}"

    def release_under_way(self, project_id: str) -> bool:
        """Whether a release is being made for this part."""
        return self.seat.release_under_way(project_id)


def part_named(name: str) -> str:
    """A part there is, or which there are."""
    known = [*PARTS, EVERYTHING]
    if name not in known:
        raise UserError(f"no role is called '{name}'{did_you_mean(name, known)}")
    return name


def user_of(part: str) -> User:
    """Who plays a part."""
    if part == EVERYTHING:
        return VISITOR
    return User(f"demo {part}", PARTS[part].role, PARTS[part].sites)


def steps_of(part: str) -> list[tuple[str, str]]:
    """The steps of a part's story: words, and the link to where each begins."""
    if part == EVERYTHING:
        return []
    return [
        (say(f"stories.{part}.step_{number}"), address.link())
        for number, address in enumerate(PARTS[part].steps, 1)
    ]


def link(part: str) -> str:
    """The address that changes to a part."""
    return f"as/{part}"


def begins(part: str) -> str:
    """The page a part's story begins on."""
    return PARTS[part].steps[0].link() if part in PARTS else ""


def _called(part: str) -> str:
    return say(f"stories.{part}.called")


class As(RequestHandler):  # type: ignore[misc]  # tornado is not followed
    """Changes the part that is played, and leads to where its story begins."""

    def initialize(self, played: Played) -> None:
        """Whose part it is."""
        self._played = played

    async def get(self, part: str) -> None:
        """Change it, beside the pages that are answered; a part there is not changes nothing."""
        if part in (*PARTS, EVERYTHING):
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, self._played.become, part)
        self.redirect(f"/{begins(self._played.part)}")


def routes(played: Played) -> list[tuple[Any, ...]]:
    """The address of the switch, for the server's extra patterns."""
    return [(r"/as/([a-z]{1,20})", As, {"played": played})]
