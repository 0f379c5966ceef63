"""One measure at one site judged: evidence, what is established, verdicts; nothing of other sites.

Judged once: where the same counts were judged before, under the same plan, that is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qi_equity.arrays import BoolArray, IntArray
from qi_equity.factorize import factorize
from qi_equity.findings import Judged
from qi_equity.frames.chart import Charts
from qi_equity.frames.evidence import rows_of, weighed
from qi_equity.frames.gap_chart import Asked, in_few_passes
from qi_equity.frames.watch import watched
from qi_equity.observations import COUNTS, KEY, SERIES_KEY, beside, placed
from qi_equity.project import ALL_SITES, EVERYONE, Project
from qi_equity.reading import Reading

# What is kept of a judgement holds as long as the way of judging is the same.
METHOD = "8"
KEYS = [*SERIES_KEY, "phase"]
# What a point is judged by, beside its marks.
EVIDENCE = ("evidence_up", "evidence_down", "evidence_limit")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a judgement depends on, as digests, and the calendar they were taken by.

    A site's holds its rows, the plan they are judged by, and what it takes from the others: where
    the baseline ends, how the measure is charted, and whose calendar it shares. `windows` are
    those of the measure, in which all sites' gaps are worked out.
    """

    sites: Mapping[str, str]
    windows: str
    logged: Logged


def whole(reading: Reading, rows: pd.DataFrame, network: bool) -> str:
    """All that a measure's findings depend on, as one digest: its rows in order, and the plan."""
    held = _columns(rows)
    return _digest(f"{_plan(reading)}:{network}:{[*held]}", held, np.arange(len(rows)))


def contents(reading: Reading, rows: pd.DataFrame) -> Contents:
    """The contents of a measure's rows with their totals, in the order of their keys."""
    held, at, sites = _columns(rows), places(rows), {}
    logged = _logged(reading, rows)
    plan = f"{_plan(reading)}:{logged.last_of_baseline}:{reading.charted_as_logged(rows)}:"
    for together in logged.together():
        shared = f"{plan}{[*held]}:{logged.calendar(together).hex()}"
        sites.update({site: _digest(shared, held, at[site]) for site in together})
    return Contents(sites, _digest_of_windows(reading, rows), logged)


def _plan(reading: Reading) -> str:
    project = reading.project
    plan = reading.measure.model_dump_json() + project.strata.model_dump_json()
    return f"{METHOD}:{charts_watched(project)}:{plan}"


def _columns(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """The columns that a judgement depends on, by name."""
    return {name: rows[name].to_numpy() for name in (*KEY, *COUNTS, "value", *beside(rows))}


def _digest(start: str, columns: Mapping[str, np.ndarray], at: np.ndarray) -> str:
    """Some rows of the columns as one digest: labels as how often each stands in a row."""
    digest = hashlib.blake2b(start.encode(), digest_size=16)
    for column in columns.values():
        some = column[at]
        if some.dtype == object:
            begins = np.flatnonzero(np.append(True, some[1:] != some[:-1]))
            digest.update(repr([*zip(begins.tolist(), some[begins], strict=True)]).encode())
        else:
            digest.update(some.tobytes())
    return digest.hexdigest()


def told_apart(reading: Reading, some: pd.DataFrame, told: Contents) -> bool:
    """Whether some sites' rows alone are read as they are among all rows of the measure."""
    return _digest_of_windows(reading, some) == told.windows


def _digest_of_windows(reading: Reading, rows: pd.DataFrame) -> str:
    """The subgroups and strata that are held side by side, and whether their reference is there."""
    known = _known(reading, rows)
    both = known & rows["denominator"].notna().to_numpy()
    (day, days), (stratum, strata) = (factorize(rows[name]) for name in ("subgroup", "stratum"))
    moments = np.asarray(days, dtype="datetime64[ns]")
    spans = [moments[_among(day, some, len(days))].tobytes().hex() for some in (known, both)]
    there = [str(one) for one in strata[_among(stratum, both, len(strata))]]
    held = (
        reading.is_held(rows.iloc[:0])
        or reading.reference in strata[_among(stratum, known, len(strata))]
    )
    return f"{_plan(reading)}:{(spans, there, bool(held))}"


def _among(code: IntArray, some: BoolArray, many: int) -> BoolArray:
    """Which of so many codes some rows have."""
    return np.bincount(code[some], minlength=many) > 0


def _known(reading: Reading, rows: pd.DataFrame) -> BoolArray:
    """Rows of strata that can be held side by side."""
    known = rows["stratum"].isin(reading.project.strata.known) & rows["numerator"].notna()
    return known.to_numpy(bool)


def places(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Where the rows of each site are, sites in order."""
    if table.empty:
        return {}
    code, sites = factorize(table["site"])
    order = np.argsort(code, kind="stable")
    cuts = np.searchsorted(code[order], np.arange(1, len(sites)))
    return dict(zip(map(str, sites), np.split(order, cuts), strict=True))


def _stretches(table: pd.DataFrame) -> dict[str, slice | np.ndarray]:
    """The same, as slices where the rows of a site stand together."""
    return {
        site: slice(int(at[0]), int(at[-1]) + 1) if at[-1] - at[0] == len(at) - 1 else at
        for site, at in places(table).items()
    }


@dataclass(frozen=True, slots=True, eq=False)
class Logged:
    """Which subgroups each site logged, charted, and holds strata side by side in."""

    sites: list[str]
    days: np.ndarray
    seen: BoolArray  # (what, site, subgroup): logged, charted, held side by side
    last_of_baseline: pd.Timestamp

    @property
    def late(self) -> BoolArray:
        """Of each subgroup, whether it is after the baseline."""
        return np.asarray(self.days > self.last_of_baseline.to_datetime64())

    def together(self) -> list[list[str]]:
        """Sites that end alike, and began within the baseline or else alike."""
        found: dict[tuple[int, int], list[str]] = {}
        late = self.late
        for site, logged, held in zip(self.sites, self.seen[0], self.seen[2], strict=True):
            first = int(held.argmax()) if held.any() else -1
            begun = first if first >= 0 and late[first] else -1
            found.setdefault((int(np.flatnonzero(logged)[-1]), begun), []).append(site)
        return list(found.values())

    def calendar(self, some: Collection[str]) -> bytes:
        """The subgroups that were logged, that were charted, and that hold strata side by side."""
        chosen = [site in some for site in self.sites]
        return b"|".join(self.days[one[chosen].any(axis=0)].tobytes() for one in self.seen)

    def alike(self, some: Collection[str], others: Collection[str]) -> bool:
        """Whether some sites share the calendar of others."""
        return self.calendar(some) == self.calendar(others)


def _logged(reading: Reading, rows: pd.DataFrame) -> Logged:
    (site, sites), (day, days) = (factorize(rows[name]) for name in ("site", "subgroup"))
    charted = (rows["numerator"].notna() & rows["denominator"].notna()).to_numpy(bool)
    seen = np.zeros((3, len(sites), len(days)), bool)
    every: BoolArray = np.ones(len(rows), bool)
    for place, some in enumerate((every, charted, _held(reading, rows))):
        seen[place, site[some], day[some]] = True
    moments = np.asarray(days, dtype="datetime64[ns]")
    return Logged([str(one) for one in sites], moments, seen, reading.last_of_baseline(rows))


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Sites that can be judged in one pass, apart from all others: on any machine, the same."""

    reading: Reading
    rows: pd.DataFrame
    drawn: Charts
    last_of_baseline: pd.Timestamp
    told: Mapping[str, str]  # contents of each site that is asked about

    def done(self) -> dict[str, Judged]:
        """Each site's judgement."""
        [found] = here([self])
        return found

    def by_site(self, tables: Sequence[pd.DataFrame]) -> dict[str, Judged]:
        """The tables of charts, points, gaps and their points, cut into those of each site."""
        at = [_stretches(table) for table in tables]

        def of(site: str) -> list[pd.DataFrame]:
            return [
                table.iloc[place.get(site, slice(0))]
                for table, place in zip(tables, at, strict=True)
            ]

        return {site: Judged(counts, *of(site)) for site, counts in self.told.items()}


def here(works: Sequence[Work]) -> list[dict[str, Judged]]:
    """Pieces of work in this process; those of one calendar in one pass, whatever their measures.

    A pass says of each piece what it would alone.
    """
    charts, gaps = _charts(works), _gaps(works)
    return [work.by_site([*charts[at], *gaps[at]]) for at, work in enumerate(works)]


@dataclass(frozen=True, slots=True)
class Workers:
    """Who does the work, and how many sites a piece of it has; None for as many as there are."""

    do: Callable[[Sequence[Work]], Iterable[dict[str, Judged]]] = here
    sites: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """A measure to be judged: its rows, its charts as drawn, and what was judged before."""

    reading: Reading
    rows: pd.DataFrame
    drawn: Charts
    told: Contents
    before: Mapping[str, Judged]

    def kept(self) -> dict[str, Judged]:
        """Sites whose contents were judged before."""
        then = self.before
        return {
            site: then[site]
            for site, counts in self.told.sites.items()
            if site in then and then[site].counts == counts
        }


def judged(asks: Sequence[Ask], workers: Workers) -> list[dict[str, Judged]]:
    """Every site of each measure judged; where its contents were judged before, that is kept.

    Sites of one calendar are judged in one pass, which says of each what it would alone.
    """
    found = [ask.kept() for ask in asks]
    works: list[Work] = []
    whose: dict[tuple[str, str], int] = {}  # contents tell one measure from another
    for place, ask in enumerate(asks):
        told = {site: counts for site, counts in ask.told.sites.items() if site not in found[place]}
        whose.update(dict.fromkeys(told.items(), place))
        works += _works(ask, told, workers.sites)
    for done in workers.do(works):
        for site, one in done.items():
            found[whose[site, one.counts]][site] = one
    return [dict(sorted(each.items())) for each in found]


def _works(ask: Ask, told: Mapping[str, str], most: int | None) -> Iterator[Work]:
    """The sites asked about, by calendar and so many at a time."""
    reading, rows, drawn, logged = ask.reading, ask.rows, ask.drawn, ask.told.logged
    needed = [name for name in (*KEYS, "subgroup", *WEIGHED) if name in drawn.points]
    points = drawn.points[needed]
    for together in logged.together():
        asked = [site for site in together if site in told]
        while asked:
            now, asked = asked[:most], asked[most:] if most else []
            # The total has every subgroup that its sites have, as a rule: the calendar stays.
            fewer = [site for site in together if site in now or site == ALL_SITES]
            some = _of(rows, fewer if logged.alike(fewer, together) else together)
            sites = list(places(some))
            charts = Charts(_of(points, sites), _of(drawn.summary, sites), drawn.by)
            of_each = {site: told[site] for site in now}
            yield Work(reading, some, charts, logged.last_of_baseline, of_each)


def _of(table: pd.DataFrame, sites: list[str]) -> pd.DataFrame:
    theirs = table["site"].isin(sites).to_numpy(bool)
    if theirs.all():
        return table
    at = np.flatnonzero(theirs)
    together = at.size > 0 and at[-1] - at[0] == at.size - 1
    # Rows that stand together are not copied one by one.
    some = table.iloc[at[0] : at[-1] + 1] if together else table.iloc[at]
    return some.reset_index(drop=True)


def _held(reading: Reading, rows: pd.DataFrame) -> BoolArray:
    """Rows of strata held side by side, of sites that logged whom they are held against."""
    known = _known(reading, rows)
    if reading.is_held(rows.iloc[:0]):  # whoever it is, there is somebody
        return known
    site, sites = factorize(rows["site"])
    theirs = known & rows["stratum"].eq(reading.reference).to_numpy(bool)
    logged = np.bincount(site[theirs], minlength=len(sites)) > 0
    return np.asarray(known & logged[site])


Tables = tuple[pd.DataFrame, pd.DataFrame]  # a row a chart or gap, and a row a point


def _gaps(works: Sequence[Work]) -> dict[int, Tables]:
    """The gaps' verdicts and points; a site that began after the baseline has one of its own."""
    found: dict[int, Tables] = {}
    asked: dict[int, Asked] = {}
    for place, work in enumerate(works):
        reading, last = work.reading, work.last_of_baseline
        found[place] = pd.DataFrame(), pd.DataFrame()
        if reading.is_judged and reading.valued:
            found[place] = _value_gaps(reading, work.rows, last)
        elif reading.is_judged and len(known := work.rows[_held(reading, work.rows)]):
            late = known["subgroup"].min() > last
            asked[place] = reading.gaps_asked(known, None if late else last)
    for place, one in zip(asked, in_few_passes(list(asked.values())), strict=True):
        # Q-values are of the family in view, which is not known to one site.
        found[place] = one.summary.assign(q_trend=np.nan, q_scan=np.nan), one.points
    return found


def _value_gaps(
    reading: Reading, rows: pd.DataFrame, last: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same of measurements: every site by itself, whatever calendar the others have."""
    found = []
    for at in places(rows).values():
        own = rows.iloc[at]
        late = own["subgroup"].min() > last
        found.append(reading.value_gaps(own, None if late else last))
    summary = pd.concat([one.summary for one in found], ignore_index=True)
    points = pd.concat([one.points for one in found], ignore_index=True)
    return summary.assign(q_trend=np.nan, q_scan=np.nan) if len(summary) else summary, points


def charts_watched(project: Project) -> int:
    """How many charts share the false alarms of a network: as many as it declared."""
    sites = len(project.sites) + (len(project.sites) > 1)
    return sites * (len(project.strata.groups) + 1) * len(project.measures)


def _charts(works: Sequence[Work]) -> dict[int, Tables]:
    """Each chart's evidence of this look, and of every look so far."""
    found: dict[int, Tables] = {}
    passes: dict[tuple[object, ...], list[int]] = {}
    rows: dict[int, IntArray] = {}
    for place, work in enumerate(works):
        charts, points = work.drawn.summary, work.drawn.points
        if work.reading.measure.overlapping_windows:
            # Points share births: neither a step nor a sum of evidence means anything.
            blank = {"p_runs": np.nan, "p_value": np.nan, "p_own": np.nan, "p_apart": np.nan}
            found[place] = (
                charts[KEYS].assign(**blank, p_rest=np.nan, attainable=0.0),
                points.loc[:, [*KEYS, "subgroup"]].iloc[:0],
            )
            continue
        rows[place] = rows_of(charts, points, KEYS)
        passes.setdefault(_alike(work, rows[place]), []).append(place)
    for places_ in passes.values():
        here_ = [works[place] for place in places_]
        found.update(zip(places_, _one_pass(here_, [rows[at] for at in places_]), strict=True))
    return found


# Columns of points that evidence is made of, where they are there.
WEIGHED = ("numerator", "denominator", "value", "baseline", "excluded")


def _alike(work: Work, row: IntArray) -> tuple[object, ...]:
    """What charts have in common that are weighed in one pass: the columns of their arrays."""
    points = work.drawn.points
    day = points["subgroup"].to_numpy()
    counted = (points["numerator"].notna() & points["denominator"].notna()).to_numpy(bool)
    if "excluded" in points:
        counted = counted & ~points["excluded"].to_numpy(bool)
    longest = int(np.bincount(row[row >= 0]).max(initial=0))
    days = (day.dtype, np.unique(day).tobytes(), np.unique(day[counted]).tobytes())
    columns = tuple(name for name in WEIGHED if name in points)
    reading = work.reading
    family = charts_watched(reading.project)
    return (*days, longest, columns, reading.freeze is None, family)


def _whole(charts: pd.DataFrame) -> IntArray:
    """The place of the chart that adds up each one and the rest of its site; -1 of that itself."""
    place, first = placed(charts, ["measure", "site", "phase"])
    is_whole = charts["stratum"].eq(EVERYONE).to_numpy(bool)
    of = np.full(len(first), -1)
    of[place[is_whole]] = np.flatnonzero(is_whole)
    return np.where(is_whole, -1, of[place])


def _one_pass(works: Sequence[Work], rows: Sequence[IntArray]) -> list[Tables]:
    summaries = [work.drawn.summary for work in works]
    many = [len(summary) for summary in summaries]
    ends = np.cumsum([0, *many])
    # What points are called is put on again at the end: joining texts costs more than the sums.
    columns = ["subgroup", *(name for name in WEIGHED if name in works[0].drawn.points)]
    charts = pd.concat([one[[*KEYS, "p_value", "useful"]] for one in summaries], ignore_index=True)
    points = pd.concat([work.drawn.points[columns] for work in works], ignore_index=True)
    row = np.concatenate(
        [np.where(one < 0, -1, one + start) for one, start in zip(rows, ends, strict=False)]
    )
    measures = [work.reading.measure for work in works]
    found = weighed(
        charts,
        points,
        SERIES_KEY,
        row=row,
        events_per_birth=np.repeat([one.data == "proportion" for one in measures], many),
        whole=_whole(charts),
        season=np.repeat([one.season is not None for one in measures], many),
    )
    watch = watched(
        charts,
        points,
        SERIES_KEY,
        row=row,
        data=np.repeat(np.array([work.reading.watched_as for work in works], dtype=object), many),
        baseline="baseline" if works[0].reading.freeze is not None else 0,
        charts_watched=charts_watched(works[0].reading.project),
    )
    # Each table is made once, of columns as arrays: to put on one after another costs more.
    both = {
        str(name): table[name].array
        for table, left_out in ((found, ()), (watch.charts, KEYS))
        for name in table
        if name not in left_out
    }
    told = {name: watch.points[name].to_numpy() for name in EVIDENCE}
    lengths = np.cumsum([0, *(len(work.drawn.points) for work in works)])
    cut: list[Tables] = []
    for at, (work, summary) in enumerate(zip(works, summaries, strict=True)):
        of_charts, of_points = slice(*ends[at : at + 2]), slice(*lengths[at : at + 2])
        fresh = [n for n in both if n not in summary or n in (*KEYS, "p_value", "p_runs")]
        fresh.remove("split")  # a place in a table that ends here
        labels = {name: work.drawn.points[name].array for name in (*KEYS, "subgroup")}
        cut.append(
            (
                pd.DataFrame({name: both[name][of_charts] for name in fresh}),
                pd.DataFrame(labels | {name: told[name][of_points] for name in EVIDENCE}),
            )
        )
    return cut
