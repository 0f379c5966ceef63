"""A network's store kept up to date as findings, and each user's seat at it."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

import pandas as pd

from qi_equity import crossed, store
from qi_equity.analyse import analyse
from qi_equity.app.aside import Worker
from qi_equity.app.calendar import Calendar, aside
from qi_equity.disclosure.released import opened as released
from qi_equity.findings import Findings, Late, Measured, remembered
from qi_equity.project import ALL_SITES, Project
from qi_equity.store import Desk, Forbidden, Past, User

T = TypeVar("T")
Counts = tuple[Project, pd.DataFrame]
Key = tuple[str, ...]  # whose data: true or released, a project, and the sites that are seen

# Where verdicts could not be come by they are tried again after so long, then after twice as long
# each time, for what fails again and again is to cost little; meanwhile the charts stand without.
AGAIN, LONGEST = 2.0, 60.0  # seconds
# Where all was judged before, a save is judged in less time than its charts are drawn in.
SOON = 1.5  # seconds
MOST_KNOWN = 500  # answers of a store, for as many roles, sites and projects
MOST_KEPT = 40  # judgements that the worker remembers, each of some data

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """How the findings of some data are come by."""

    quick: Callable[[], Findings]  # here and now, without verdicts
    full: Callable[[], Future[Findings]]  # later, with them


@dataclass(slots=True, eq=False)
class _Held:
    """What is known of some data; its lock lets one work it out while others of the same wait."""

    lock: Lock = field(default_factory=Lock)
    quick: tuple[str, Findings] | None = None
    full: tuple[str, Future[Findings]] | None = None
    failed: float | None = None  # when it was seen last that verdicts on this revision never came
    lost: bool = False  # whether it is `full` that never came
    again: float = AGAIN  # seconds after `failed` at which it is tried again
    last: Findings | None = None  # the last with verdicts, of whatever revision
    when: pd.Timestamp | None = None  # they came in
    counts: tuple[str, Counts] | None = None  # read once for charts and verdicts of a revision
    shown: tuple[Hashable, Findings] | None = None  # without verdicts, and why there are none


class Analyst:
    """Findings of the newest data, worked out once a revision and shared by all who may see them.

    Charts and gaps take a fraction of a second and are worked out when first asked for. Gap
    charts and verdicts take longer: another process does them, so that no page waits; until then
    the findings say nothing of verdicts, and `judged` turns true when they are in. Where they
    cannot be come by the charts stay as they are, the findings say so (`late`), and it is tried
    again later. After a save only what is new is judged: that is waited for a moment.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.worker = Worker()
        self.calendar = Calendar(clock)
        self._clock = clock
        self._held: dict[Key, _Held] = {}
        self._known: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()
        self._lock = Lock()

    def state(self, key: Key, revision: str, work: Work) -> str:
        """Whether the verdicts on this revision are in; asking sets the work going."""
        held = self._of(key)
        with held.lock:
            if self._full(held, key, revision, work) is not None:
                return "judged"
            return "charts" if held.failed is None else "failed"

    def findings(self, key: Key, revision: str, work: Work) -> Findings:
        """The fullest findings there are of this revision."""
        held = self._of(key)
        with held.lock:
            full = self._full(held, key, revision, work)
            if full is None and held.last is not None and held.full is not None:
                wait([held.full[1]], SOON)
                full = self._full(held, key, revision, work)
            if full is not None:
                return full
            if held.quick is None or held.quick[0] != revision:
                held.quick = revision, work.quick()
            # The same answer to all who ask, so that what is read off it is read once.
            why = (revision, held.failed is not None, held.when)
            if held.shown is None or held.shown[0] != why:
                late = Late(held.failed is not None, held.last, held.when)
                held.shown = why, replace(held.quick[1], late=late)
            return held.shown[1]

    def known(
        self, key: Hashable, version: int, read: Callable[[], T], holds: Callable[[], bool]
    ) -> T:
        """What was read of a store, read again once anything was written to it.

        key: with whose rights it was read too, for what somebody may see is nobody else's; holds:
        whether they were the same all the while, else it is kept for nobody.
        """
        held = self._known.get(key)
        if held is None or held[0] != version:
            held = version, read()
            if not holds():
                return held[1]
            with self._lock:
                self._known[key] = held
                while len(self._known) > MOST_KNOWN:
                    self._known.popitem(last=False)
        found: T = held[1]
        return found

    def counts(self, key: Key, revision: str, read: Callable[[], Counts]) -> Counts:
        """The counts of a revision, read once: from a store they cost more than to judge a save."""
        held = self._of(key)
        if held.counts is None or held.counts[0] != revision:
            held.counts = revision, read()
        return held.counts[1]

    def true(
        self, key: Key, project: Project, observations: pd.DataFrame, revision: str
    ) -> Future[Findings]:
        """Begin to work out what these counts say, as of a revision of the store."""
        return self.worker.submit(judge_true, key, project, observations, revision)

    def made(
        self, project: Project, observations: pd.DataFrame, earlier: Sequence[Past]
    ) -> Mapping[str, Any]:
        """A release for the log: in a process of its own, so that no page is slower for it."""
        return aside(project, observations, earlier)

    def seen(
        self, project: Project, record: Mapping[str, Any], **options: Any
    ) -> Findings | Future[Findings]:
        """What a release says: here and now without verdicts, or `later` with them."""
        if options.pop("later", False):
            return self.worker.submit(judge_released, project, record, options)
        return released(project, record, judge=False, **options)

    def close(self) -> None:
        """Stop working ahead."""
        self.worker.close()

    def _of(self, key: Key) -> _Held:
        with self._lock:
            return self._held.setdefault(key, _Held())

    def _full(self, held: _Held, key: Key, revision: str, work: Work) -> Findings | None:
        """The findings with verdicts, if they are in; else they are begun."""
        if held.full is None or held.full[0] != revision:
            held.failed, held.again = None, AGAIN
            self._begin(held, revision, work)
        elif held.lost and held.failed is not None and self._clock() - held.failed >= held.again:
            held.again = min(2 * held.again, LONGEST)
            self._begin(held, revision, work)
        assert held.full is not None  # it was begun above
        future = held.full[1]
        if not future.done() or held.lost:
            return None
        fault = future.exception()
        if fault is None:
            if held.last is not future.result():
                held.last, held.when, held.failed = future.result(), pd.Timestamp.now(), None
                held.counts = None
            return held.last
        held.failed, held.lost = self._clock(), True
        log.error("no verdicts on %s, revision %s", key, revision, exc_info=fault)
        return None

    @staticmethod
    def _begin(held: _Held, revision: str, work: Work) -> None:
        if held.full is not None:
            held.full[1].cancel()  # nobody waits for findings of older data
        held.full, held.lost = (revision, work.full()), False


# In the worker's process alone: what was judged last of some data, so that after a save only
# what is new is judged; it stays there, since it is larger than what is asked for.
_last: OrderedDict[Key, Mapping[str, Measured]] = OrderedDict()


def judge_true(key: Key, project: Project, observations: pd.DataFrame, revision: str) -> Findings:
    """In the worker: all that counts say, with verdicts."""
    return replace(_judged(key, project, observations, revision), kept={})


def judge_released(
    project: Project, record: Mapping[str, Any], options: Mapping[str, Any]
) -> Findings:
    """In the worker: what a release says, with verdicts."""
    return released(project, record, **options)


def _judged(
    key: Key, project: Project, observations: pd.DataFrame, revision: str | None
) -> Findings:
    previous = Findings(project, kept=_last.get(key, {}))
    found = analyse(project, observations, previous=previous, revision=revision)
    _last[key] = found.kept
    _last.move_to_end(key)
    while len(_last) > MOST_KEPT:
        _last.popitem(last=False)
    return found


@dataclass(frozen=True, slots=True)
class Seat:
    """One user's seat: what they may see, kept up to date; what they may write is `store`."""

    store: Desk
    analyst: Analyst

    @property
    def user(self) -> User:
        """Who sits here."""
        return self.store.user

    def projects(self) -> list[Project]:
        """Every project this user may see, made-up ones first, since a session is shown those."""
        return list(self._known("projects", "", self._projects))

    def _projects(self) -> list[Project]:
        # Of two crossed dimensions both together are for those who see true counts.
        parts = crossed.parts if self.user.may("see") else crossed.margins
        found = [one for name in self.store.projects() for one in parts(self.store.project(name))]
        return sorted(found, key=lambda project: not project.synthetic)

    def _known(self, what: str, project_id: str, read: Callable[[], T]) -> T:
        """What the store says to somebody of this user's role and sites, as it stands now."""
        user = self.user
        key = (what, project_id, user.role, user.sites)
        # What was read once the role had changed is nobody else's of the former one.
        return self.analyst.known(key, self.store.version(), read, lambda: self.user == user)

    def release_under_way(self, project_id: str) -> bool:
        """Whether the release of this month is being made; the last one is shown meanwhile."""
        return self.analyst.calendar.under_way(crossed.base(project_id))

    def revision(self, project_id: str) -> str:
        """Changes with the data, and once more when the verdicts are in, or cannot be come by."""
        views = self._views(project_id)
        # Each is asked, so that all are begun.
        states = [self.analyst.state(*view) for view in views]
        return f"{'+'.join(revision for _, revision, _ in views)}:{'+'.join(states)}"

    def findings(self, project_id: str) -> Findings:
        """The fullest findings there are of what this user may see.

        That is the true counts of their sites. Of others it is the last release: what the sites
        that consent let the network see, with small numbers protected. No save changes it.
        """
        found = [self.analyst.findings(*view) for view in self._views(project_id)]
        if not self.user.may("see"):
            return found[0]
        return found[0] if len(found) == 1 else joined(found[0], found[1])

    def _views(self, project_id: str) -> list[tuple[Key, str, Work]]:
        """What is looked at: true counts, the last release, or one beside the other."""
        views: list[tuple[Key, str, Work]] = []
        if self.user.may("see"):
            sites, revision = self._known("true", project_id, lambda: self._seen_of(project_id))
            key: Key = ("true", project_id, *sites)
            views.append((key, revision, self._true(key, project_id, revision)))
        # Of two crossed dimensions both together stay with the teams.
        shared = crossed.base(project_id) == project_id or not project_id.endswith(".both")
        if self.user.may("see protected") and self.user.may("see") != "every" and shared:
            self.analyst.calendar.look(crossed.base(project_id), self.store)
            sites, release = self._known("release", project_id, lambda: self._shared(project_id))
            views.append((("released", project_id, *sites), release, self._released(project_id)))
        if not views and not shared:
            raise Forbidden("each dimension is shown by itself; both together stay with teams")
        if not views:
            raise Forbidden(f"your role ({self.user.role}) sees no counts")
        return views

    def _seen_of(self, project_id: str) -> tuple[tuple[str, ...], str]:
        return self.store.sites(project_id), self.store.revision(project_id)

    def _shared(self, project_id: str) -> tuple[tuple[str, ...], str]:
        return self.store.consented(project_id), self.store.released(project_id)

    def _true(self, key: Key, project_id: str, revision: str) -> Work:
        def counts() -> Counts:
            return self.analyst.counts(key, revision, lambda: self._counts(project_id))

        return Work(
            lambda: analyse(*counts(), judge=False),
            lambda: self.analyst.true(key, *counts(), revision),
        )

    def _released(self, project_id: str) -> Work:
        def quick() -> Findings:
            found: Findings | None = self.store.protected(project_id, due=False)
            return Findings(self.store.project(project_id)) if found is None else found

        def full() -> Future[Findings]:
            found: Future[Findings] | None = self.store.protected(project_id, due=False, later=True)
            if found is None:  # there is no release, and nothing to judge
                found = Future()
                found.set_result(replace(quick(), judged=True))
            return found

        return Work(quick, full)

    def _counts(self, project_id: str) -> Counts:
        table = self.store.observations(project_id).drop(columns="revision")
        part = next(one for one in self.projects() if one.id == project_id)
        base = crossed.base(project_id)
        whole = part if base == project_id else self.store.project(base)
        return part, crossed.counts(whole, part, table)


def joined(own: Findings, network: Findings) -> Findings:
    """The two beside each other, put together once for as long as both are the newest."""
    if network.charts.empty:
        return own  # which is not to be kept beside itself: it would never go
    held: list[tuple[Findings, Findings]] = remembered(own, "beside", list)
    for of, found in held:
        if of is network:
            return found
    held[:] = [(network, beside(own, network))]
    return held[0][1]


def beside(own: Findings, network: Findings) -> Findings:
    """True counts of one's own sites beside what the others release; all sites are the network's.

    >>> from qi_equity import project_file
    >>> project = project_file.load(project_file.examples()["pph_reduction"])
    >>> beside(Findings(project), Findings(project, judged=True)).judged
    False
    """
    if network.charts.empty:
        return own
    mine = set(own.charts["site"]) - {ALL_SITES}

    def both(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
        parts = [
            ours[ours["site"].isin(mine)] if len(ours) else ours,
            theirs[~theirs["site"].isin(mine)] if len(theirs) else theirs,
        ]
        held = [part for part in parts if len(part)]
        return pd.concat(held, ignore_index=True) if held else ours

    return replace(
        own,
        points=both(own.points, network.points),
        charts=both(own.charts, network.charts),
        gaps=both(own.gaps, network.gaps),
        gap_points=both(own.gap_points, network.gap_points),
        sites=network.sites if len(network.sites) else own.sites,
        within=network.within if len(network.within) else own.within,
        funnels=network.funnels if len(network.funnels) else own.funnels,
        cautions=(*own.cautions, *(one for one in network.cautions if one.site not in mine)),
        judged=own.judged and network.judged,
    )


@dataclass(frozen=True, slots=True)
class Network:
    """A store and its analyst, for a server to take seats from."""

    store: store.Store
    analyst: Analyst

    def seat(self, user: User | None) -> Seat:
        """A seat for a user who has signed in; nobody is refused."""
        return Seat(self.store.as_user(user), self.analyst)

    def close(self) -> None:
        """Stop working ahead, and let go of the store."""
        self.analyst.close()
        self.store.close()


def opened(place: str | Path, find: store.Find | None = None) -> Network:
    """The network in a store, with the disclosure policy between its sites and the others.

    find: asked for each user's role and sites as they are now, at every act.
    """
    analyst = Analyst()
    try:
        return Network(store.open(place, protect=analyst, find=find), analyst)
    except BaseException:
        analyst.close()
        raise
