"""What findings bring to a session, ranked, at most five: read off their rows, nothing is tested.

An agenda rests on what is established, at any number of looks, on gaps that changed sides and on
the contrast that was declared before looking. What one look alone shows stays with the team.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote

import pandas as pd

from qi_equity.findings import Chart, Findings, Gap, Point, remembered
from qi_equity.findings.sides import matters, size, went
from qi_equity.frames.evidence import OWN, SHARED
from qi_equity.project import ALL_SITES, EVERYONE, Measure, Project
from qi_equity.sources.calendar import DAYS
from qi_equity.vocabulary import Topic, Verdict

MOST = 5  # an agenda of more than an hour is no agenda
LATE = 2  # subgroups behind before a site is asked how it can be helped
CHANGES = (Verdict.WIDENING, Verdict.REVERSED, Verdict.NARROWING, Verdict.CLOSED)
CELEBRATED = (Topic.IMPROVEMENT, Topic.NARROWING, Topic.CLOSED)
ROLES = ("outcome", "process", "balancing")
# By which way is better, what it is to rise and to fall.
MEANINGS = {
    "increase": {"rising": Topic.IMPROVEMENT, "falling": Topic.CONCERN},
    "decrease": {"rising": Topic.CONCERN, "falling": Topic.IMPROVEMENT},
}

# How long an item may take: what needs asking about the longest. Five of them fit in an hour.
MINUTES = {
    Topic.IMPROVEMENT: 8, Topic.NARROWING: 8, Topic.CLOSED: 8, Topic.CHANGED: 10, Topic.LATE: 5,
}  # fmt: skip
LONGEST = 12  # of any other
OF_GAPS = (Topic.WIDENING, Topic.REVERSED, Topic.NARROWING, Topic.CLOSED)

Place = tuple[str, str, str]  # measure, site and stratum


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to talk about: what it is, where, and the row it is read off.

    beside      rows that show the same change again: echoes of a gap, strata that all moved, the
                stratum's own chart; named with the item, never items of their own
    last        of a site that is late, the subgroup it logged last
    """

    kind: Topic
    measure: str
    site: str
    stratum: str
    row: Gap | Chart | None
    rank: int = 0
    beside: tuple[Gap | Chart, ...] = ()
    last: pd.Timestamp | None = None

    @property
    def id(self) -> str:
        """A name that lasts, wherever the item stands on the agenda.

        >>> Item(Topic.WIDENING, "pph", "All sites", "Black", None).id
        'widening/pph/All%20sites/Black'
        """
        parts = (self.kind, self.measure, self.site, self.stratum)
        return "/".join(quote(part, safe="") for part in parts)

    @property
    def link(self) -> str:
        """The same as short text, for an address: ids are as long as the names in them."""
        return short(self.id)

    @property
    def minutes(self) -> int:
        """How long it may take."""
        return MINUTES.get(self.kind, LONGEST)

    @property
    def rows(self) -> tuple[Gap | Chart, ...]:
        """All rows that show the change."""
        return (*((self.row,) if self.row is not None else ()), *self.beside)

    @property
    def established(self) -> bool:
        """Whether the change is shown at any number of looks."""
        return any(row.established for row in self.rows)

    @property
    def others(self) -> tuple[str, ...]:
        """The other strata that show the same change."""
        names = (row.stratum for row in self.beside if row.stratum != self.stratum)
        return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class Agenda:
    """The items for one session, and what is left for another."""

    items: tuple[Item, ...] = ()
    rest: tuple[Item, ...] = ()


def short(name: str) -> str:
    """A lasting name as short text."""
    return hashlib.blake2b(name.encode(), digest_size=6).hexdigest()


def agenda(findings: Findings, today: pd.Timestamp | None = None) -> Agenda:
    """What the findings say is worth a session's time: at most five items, the rest behind.

    Returns Agenda: ``items`` and ``rest``, each with rank, kind, measure, site, stratum and a
    lasting id; without verdicts it is empty. Raises nothing of its own.

    What is established comes first, then what stands out now; outcomes before processes, declared
    before exploratory, the stronger and larger first. One place is kept for something to
    celebrate and one for a site that needs help to log. A site is late beside the newest of the
    network and, where `today` is given, beside what could have been logged by then.

    >>> from qi_equity import analyse, project_file
    >>> path = project_file.examples()["chds_preterm"]
    >>> counts = pd.read_csv(path.parent / "data/counted/chds_preterm.csv")
    >>> found = agenda(analyse(project_file.load(path), counts))
    >>> [(item.rank, str(item.kind), item.stratum) for item in found.items]
    []
    """
    # Every page asks whether something of it is on the agenda; it is ranked once.
    return remembered(findings, ("agenda", today), lambda: _ranked(findings, today))


def _ranked(findings: Findings, today: pd.Timestamp | None) -> Agenda:
    found = _changes(findings) if findings.judged else []
    found.sort(key=_order(findings.project))
    ranked = [
        replace(item, rank=place)
        for place, item in enumerate(_kept_first([*found, *_late(findings, today)]), 1)
    ]
    return Agenda(tuple(ranked[:MOST]), tuple(ranked[MOST:]))


def recalled(kind: Topic, place: Place, findings: Findings) -> Item:
    """An item of an earlier agenda with the row that it is read off today, if there is one."""
    measure, site, stratum = place
    item = Item(kind, measure, site, stratum, None)
    if kind == Topic.LATE:
        return item
    named = next((one for one in findings.project.measures if one.id == measure), None)
    if named is None:
        return item
    table: Iterator[Gap | Chart] = (
        findings.rows(Gap, named, site) if kind in OF_GAPS else findings.rows(Chart, named, site)
    )
    found = [row for row in table if row.stratum == stratum]
    return replace(item, row=found[-1]) if found else item


def levels(item: Item, findings: Findings) -> tuple[float, float]:
    """The rate in the baseline and the rate now, in the unit of the measure; nan if not known."""
    measure = findings.project.measure(item.measure)
    gaps = [item.row] if isinstance(item.row, Gap) else findings.rows(Gap, measure, item.site)
    for gap in gaps:
        if gap.stratum == item.stratum and math.isfinite(gap.rate_then + gap.rate_now):
            return gap.rate_then * measure.multiply, gap.rate_now * measure.multiply
    points = findings.of(Point, measure, item.site)
    if points.empty or "baseline" not in points:
        return math.nan, math.nan
    points = points[points["stratum"] == item.stratum].sort_values("subgroup")
    then = points[points["baseline"].fillna(False).astype(bool)]
    return _level(then, measure), _level(points.tail(len(then)), measure)


def _level(points: pd.DataFrame, measure: Measure) -> float:
    """Events among those counted, all together; of what has no denominator, the mean."""
    if "denominator" in points and points["denominator"].notna().any():
        counted = points[points["denominator"].notna() & points["numerator"].notna()]
        among = float(counted["denominator"].sum())
        return float(counted["numerator"].sum()) / among * measure.multiply if among else math.nan
    return float(points["value"].mean()) if len(points) else math.nan


def _kept_first(ranked: list[Item]) -> list[Item]:
    """The five that are kept, then all others, each in the order given."""
    wanted: tuple[Callable[[Item], bool], ...] = (
        lambda item: item.kind in CELEBRATED,
        lambda item: item.kind == Topic.LATE,
    )
    promised = [next((item for item in ranked if is_one(item)), None) for is_one in wanted]
    kept: list[Item] = []
    for item in ranked:
        waiting = sum(one is not None and one is not item and one not in kept for one in promised)
        if item in promised or len(kept) + waiting < MOST:
            kept.append(item)
    return [*kept, *(item for item in ranked if item not in kept)]


def _order(project: Project) -> Callable[[Item], tuple[object, ...]]:
    roles = {measure.id: ROLES.index(measure.role) for measure in project.measures}

    def key(item: Item) -> tuple[object, ...]:
        gap = item.row if isinstance(item.row, Gap) else None
        emerging = any(_emerging(row) for row in item.rows)
        q = min((_q(row) for row in item.rows), default=math.inf)
        return (
            not item.established,
            not emerging,
            roles[item.measure],
            not (gap is not None and gap.declared),
            q,
            -(size(gap) if gap is not None else 0.0),
            item.id,
        )

    return key


def _emerging(row: Gap | Chart) -> bool:
    return row.highlight if isinstance(row, Gap) else row.emerging


def _q(row: Gap | Chart) -> float:
    q = row.q_trend if isinstance(row, Gap) else row.q_value
    return math.inf if math.isnan(q) else q


def _place(row: Gap | Chart) -> Place:
    return row.measure, row.site, row.stratum


def _changes(findings: Findings) -> list[Item]:
    """Every change once: the gap before the chart of the same stratum, each with its echoes."""
    gaps = list(findings.rows(Gap))
    echoes = [row for row in gaps if row.verdict == Verdict.ECHO]
    # An echo that is established stands for the change that it is an echo of.
    shown = {(row.measure, row.site, row.echo_of) for row in echoes if row.established}
    found: dict[Place, Item] = {}
    for row in gaps:
        kind = _kind_of_gap(row, _place(row) in shown)
        if kind is not None:
            found[_place(row)] = Item(kind, *_place(row), row)
    _with_charts(found, findings)
    for echo in echoes:
        mover = _mover(found, echo)
        if mover is not None:
            found[mover] = replace(found[mover], beside=(*found[mover].beside, echo))
    return list(found.values())


def _kind_of_gap(row: Gap, shown_by_echo: bool) -> Topic | None:
    if row.verdict in (Verdict.ECHO, Verdict.NO_GAP) and not row.declared:
        return None
    told = row.verdict in CHANGES
    reversed_ = row.verdict == Verdict.REVERSED and row.highlight
    if told and (row.declared or shown_by_echo or reversed_):
        return Topic(row.verdict)
    if row.established and matters(row):
        way = row.verdict if told else went(row)
        return Topic(way) if way else None
    return None


def _with_charts(found: dict[Place, Item], findings: Findings) -> None:
    """Put in the established charts: beside their own gap, or beside everyone's, or by themselves.

    Of the phases of a chart the last is meant: a team that began another has seen the change.
    """
    project = findings.project
    last: dict[Place, Chart] = {}
    for row in findings.rows(Chart):
        last.pop(_place(row), None)
        last[_place(row)] = row
    charts = [row for row in last.values() if row.established]
    heads: dict[tuple[str, str, str], Place] = {}
    # Everyone's chart first, then those that share a change, so that others can stand beside.
    charts.sort(key=lambda row: (row.stratum != EVERYONE, row.shared != SHARED))
    for row in charts:
        place, change = _place(row), (row.measure, row.site, row.direction)
        head = place if place in found else heads.get(change) if row.shared != OWN else None
        if head is not None:
            found[head] = replace(found[head], beside=(*found[head].beside, row))
            continue
        meanings = MEANINGS.get(project.measure(row.measure).direction, {})
        kind = meanings.get(row.direction, Topic.CHANGED)
        found[place] = Item(kind, *place, row)
        if row.stratum == EVERYONE or row.shared == SHARED:
            heads.setdefault(change, place)


def _mover(found: dict[Place, Item], echo: Gap) -> Place | None:
    """The item of the group whose rate moved; for a reference, that of its clearest gap."""
    place = (echo.measure, echo.site, echo.echo_of)
    if place in found:
        return place
    return next(
        (
            other
            for other, item in found.items()
            if other[:2] == place[:2]
            and isinstance(item.row, Gap)
            and item.row.reference == echo.echo_of
        ),
        None,
    )


def _late(findings: Findings, today: pd.Timestamp | None) -> Iterator[Item]:
    """Sites whose last count of the aim's measure is well behind what could have been logged."""
    points, aim = findings.points, findings.project.aim.measure
    if points.empty:
        return
    own = points[
        (points["measure"] == aim)
        & (points["stratum"] == EVERYONE)
        & (points["site"] != ALL_SITES)
        & points["value"].notna()
    ]
    if own.empty:
        return
    period = pd.Timedelta(days=DAYS[findings.project.measure(aim).subgroup])
    # A point of what the network sees may add up several subgroups: the last of them counts.
    many = own["subgroups"].fillna(1) if "subgroups" in own else pd.Series(1.0, own.index)
    last = (own["subgroup"] + (many - 1) * period).groupby(own["site"], sort=False).max()
    # By today the subgroup that began two periods ago is over, whoever has logged it.
    newest = last.max() if today is None else max(last.max(), today - 2 * period)
    for site, when in last.items():
        if when < newest - LATE * period:
            yield Item(Topic.LATE, aim, str(site), EVERYONE, None, last=when)
