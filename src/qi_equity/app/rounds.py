"""Packs made for sending round, in a process of their own, and fetched by whoever asked for them.

What is in a pack is said in `report`; whom it may tell what, by the store and its releases.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import secrets
import shutil
import zipfile
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from threading import RLock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

import pandas as pd
from tornado.web import RequestHandler

from qi_equity import crossed
from qi_equity.app.aside import Worker
from qi_equity.app.state import Choice
from qi_equity.errors import UserError
from qi_equity.findings import Findings
from qi_equity.store import Act, Desk, Forbidden
from qi_equity.store.rounds import written_down
from qi_equity.words import say

if TYPE_CHECKING:  # who asks at the door is known to what serves these
    from qi_equity.app.signin import Door

Fields = Mapping[str, Any]
# What goes round for a meeting, ticked from the first; the rest is asked for once a year.
MEETING = ("session", "project", "board")
NEEDED = ("pptx", "docx", "xlsxwriter", "matplotlib")  # packages of the extra that makes them
NETWORK, TEAM = "network", "team"
KEPT = 3600.0  # seconds that files are there to be fetched
MOST_WAITING = 6  # rounds of all people together: each takes about a minute
LONGEST = 900.0  # seconds for one
# The day of every entry of an archive: the same files, the same bytes.
FIRST = (1980, 1, 1, 0, 0, 0)

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Round:
    """Packs that somebody asked for: where they are made, how many, and whether they are there."""

    who: str
    project: str
    audience: str
    folder: Path
    total: int
    still: Callable[[], bool]  # whether whoever asked may see now what they might see then
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    began: float = field(default_factory=monotonic)
    future: Future[None] = field(default_factory=Future)

    @property
    def made(self) -> int:
        """How many files are there."""
        return sum(1 for path in self.folder.glob(f"{self.project}-*.*"))

    @property
    def archive(self) -> Path:
        """All files in one."""
        return self.folder / "round.zip"


class Rounds:
    """What is being made, and what can be fetched; one for a server."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._worker: Worker | None = None
        self._rounds: dict[tuple[str, str], Round] = {}

    def begin(self, asked: Round, findings: Future[Findings], options: Mapping[str, Any]) -> None:
        """Have packs made, once the findings they are made of are there."""
        with self._lock:
            self._clear()
            before = self._rounds.get((asked.who, asked.project))
            if before is not None and not before.future.done():
                raise UserError(say("round.being_made"))
            if sum(not one.future.done() for one in self._rounds.values()) >= MOST_WAITING:
                raise UserError(say("round.too_many"))
            if self._worker is None:
                self._worker = Worker(LONGEST)
            worker = self._worker
            self.keep(asked)
        Thread(target=_make, args=(asked, findings, options, worker), daemon=True).start()

    def keep(self, asked: Round) -> None:
        """Packs to be fetched, in place of those that the same person asked for before."""
        with self._lock:
            before = self._rounds.pop((asked.who, asked.project), None)
            self._rounds[asked.who, asked.project] = asked
        if before is not None:
            shutil.rmtree(before.folder, ignore_errors=True)

    def of(self, who: str, project: str) -> Round | None:
        """What somebody asked for last in a project."""
        with self._lock:
            self._clear()
            return self._rounds.get((who, project))

    def file(self, token: str) -> Round | None:
        """The packs that a link leads to, whoever follows it."""
        with self._lock:
            self._clear()
            found = [one for one in self._rounds.values() if one.token == token]
        return found[0] if found and found[0].archive.exists() else None

    def drop(self, gone: Round) -> None:
        """Leave no file of packs that may be fetched no longer."""
        with self._lock:
            if self._rounds.get((gone.who, gone.project)) is gone:
                del self._rounds[gone.who, gone.project]
        shutil.rmtree(gone.folder, ignore_errors=True)

    def close(self) -> None:
        """Stop making, and leave no file."""
        with self._lock:
            if self._worker is not None:
                self._worker.close()
            for one in self._rounds.values():
                shutil.rmtree(one.folder, ignore_errors=True)
            self._rounds.clear()

    def _clear(self) -> None:
        old = [key for key, one in self._rounds.items() if monotonic() - one.began > KEPT]
        for key in old:
            shutil.rmtree(self._rounds.pop(key).folder, ignore_errors=True)


ROUNDS = Rounds()
atexit.register(ROUNDS.close)


def send_round(desk: Desk, choice: Choice, findings: Findings, fields: Fields) -> str:
    """Have packs made; what for the network goes is of the last release, and says which."""
    from qi_equity.report import FORMATS, PACKS  # loaded where somebody sends packs round

    if any(find_spec(name) is None for name in NEEDED):
        raise UserError(say("round.not_installed"))
    packs = _ticked(fields, "pack", PACKS)
    formats = _ticked(fields, "format", FORMATS)
    audience = TEAM if fields.get("audience") == TEAM else NETWORK
    still = unchanged(desk, choice.project.id, audience)  # before anything is read
    if audience == TEAM:
        found, options = _for_team(desk, choice, findings)
    else:
        found, options = _for_network(desk, choice)
    today = None if choice.project.synthetic else pd.Timestamp.now().normalize()
    written = written_down(desk, choice.project.id, network=audience != TEAM)
    options |= written | {"packs": packs, "formats": formats, "today": today}
    folder = Path(mkdtemp(prefix="qi-equity-round-"))
    many = len(packs) * len(formats)
    asked = Round(desk.user.name, choice.project.id, audience, folder, many, still)
    about = {"what": "packs", "packs": packs, "formats": formats, "for": audience}
    provenance = options["provenance"]
    desk.record(Act.EXPORTED, about | {"release": provenance["number"]}, choice.project.id)
    ROUNDS.begin(asked, found, options)
    return say("round.begun", count=asked.total)


def unchanged(desk: Desk, project: str, audience: str) -> Callable[[], bool]:
    """Whether somebody has the rights that they have now, asked of the store each time."""
    then = _rights(desk, project, audience)

    def still() -> bool:
        try:
            return _rights(desk, project, audience) == then
        except Forbidden:  # their account, or the project, is theirs no longer
            return False

    return still


def _rights(desk: Desk, project: str, audience: str) -> Hashable:
    """What decides what packs may tell: a role, its sites, and what all sites share now."""
    user = desk.user
    if audience == TEAM:
        return user.role, user.sites, desk.sites(project)
    log = desk.releases(crossed.base(project))
    withdrawn = tuple(one.number for one in log if one.withdrawn)
    return user.role, user.sites, desk.consented(project), withdrawn


def audiences(desk: Desk, choice: Choice) -> list[str]:
    """Whom this user may make packs for: the network where there is a release, and their team."""
    user = desk.user
    network = bool(user.may("see protected")) and _last(desk, choice) is not None
    return [NETWORK] * network + [TEAM] * bool(user.may("see"))


def _last(desk: Desk, choice: Choice) -> Any:
    if choice.project.id.endswith(".both"):
        return None  # of two crossed dimensions both together stay with the teams
    log = desk.releases(crossed.base(choice.project.id))
    return next((one for one in reversed(log) if not one.withdrawn), None)


def _for_team(
    desk: Desk, choice: Choice, findings: Findings
) -> tuple[Future[Findings], dict[str, Any]]:
    if not desk.user.may("see"):
        raise Forbidden(say("round.not_of_the_team"))
    if not findings.judged:
        raise UserError(say("round.too_soon"))
    there: Future[Findings] = Future()
    there.set_result(findings)
    return there, {"provenance": {"number": None, "team": True}}


def _for_network(desk: Desk, choice: Choice) -> tuple[Future[Findings], dict[str, Any]]:
    last = _last(desk, choice)
    found = desk.protected(choice.project.id, later=True) if last is not None else None
    if last is None or found is None:
        raise UserError(say("round.no_release"))
    policy = str(last.record["policy"]["name"])
    told = {"number": last.number, "date": pd.Timestamp(last.day), "policy": policy}
    return found, {"provenance": told}


def _ticked(fields: Fields, name: str, known: Iterable[str]) -> list[str]:
    chosen = [one for one in known if fields.get(f"{name}.{one}")]
    if not chosen:
        raise UserError(say(f"round.no_{name}"))
    return chosen


def _make(
    asked: Round, findings: Future[Findings], options: Mapping[str, Any], worker: Worker
) -> None:
    """In a thread: wait for the findings, then for the process that makes the files."""
    try:
        found = findings.result(LONGEST)
        worker.submit(write_round, found, str(asked.folder), dict(options)).result()
    except Exception as fault:  # of whatever kind, the page says that it failed; why is in the log
        log.exception("no packs of %s for %s", asked.project, asked.audience)
        asked.future.set_exception(fault)
    else:
        asked.future.set_result(None)


def write_round(findings: Findings, place: str, options: dict[str, Any]) -> None:
    """In the worker: every pack in every format, then all of them in one archive."""
    from qi_equity.report import Provenance, write

    folder, packs = Path(place), options.pop("packs")
    provenance = Provenance(**options.pop("provenance"))
    for name in packs:
        write(findings, folder, pack=name, provenance=provenance, **options)
    part = folder / "round.part"
    with zipfile.ZipFile(part, "w") as archive:
        for path in sorted(folder.glob(f"{findings.project.id}-*.*")):
            # Office files are archives already; a page of HTML is worth packing.
            packed = zipfile.ZIP_DEFLATED if path.suffix == ".html" else zipfile.ZIP_STORED
            entry = zipfile.ZipInfo(path.name, FIRST)
            entry.compress_type = packed
            archive.writestr(entry, path.read_bytes())
    part.rename(folder / "round.zip")


class RoundFile(RequestHandler):  # type: ignore[misc]  # tornado is not followed
    """Gives packs to whoever asked for them, while they may see what is in them."""

    def initialize(self, door: Door | None) -> None:
        """The door that people come in by, if there is one."""
        self.door = door

    async def get(self, token: str) -> None:
        """The archive of a link, while it is there; store and disk are asked in a thread."""
        try:
            name = None if self.door is None else self.door.user(self.door.visit(self)).name
        except Forbidden:
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        loop = asyncio.get_running_loop()
        status, found, content = await loop.run_in_executor(None, fetched, token, name)
        if self.door is not None and status is HTTPStatus.FORBIDDEN:
            self.door.record(str(name), Act.REFUSED, {"why": "packs of rights that are gone"})
        if found is None:
            self.send_error(status)
            return
        self.set_header("Content-Type", "application/zip")
        self.set_header("Content-Disposition", f'attachment; filename="{found}"')
        self.set_header("Cache-Control", "no-store")
        self.finish(content)


def fetched(token: str, name: str | None) -> tuple[HTTPStatus, str | None, bytes]:
    """What a link gives somebody, None where nobody signs in: an answer, a file's name, the file.

    Another's link looks like one that is not there; what one may see no longer is deleted.
    """
    found = ROUNDS.file(token)
    if found is None or (name is not None and name.casefold() != found.who.casefold()):
        return HTTPStatus.NOT_FOUND, None, b""
    if not found.still():
        ROUNDS.drop(found)
        return HTTPStatus.FORBIDDEN, None, b""
    file = f"{found.project}-{found.audience}.zip"
    return HTTPStatus.OK, file, found.archive.read_bytes()


def routes(door: Door | None) -> list[tuple[Any, ...]]:
    """Where packs are fetched, for the server's extra patterns."""
    return [(r"/round/([A-Za-z0-9_-]{32})", RoundFile, {"door": door})]
