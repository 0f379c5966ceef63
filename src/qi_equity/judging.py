"""One measure at one site judged: evidence, what is established, verdicts; nothing of other sites.

Judged once: where the same counts were judged before, under the same plan, that is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qi_equity.arrays import BoolArray
from qi_equity.findings import Judged
from qi_equity.frames.chart import Charts
from qi_equity.frames.evidence import weighed
from qi_equity.frames.watch import watched
from qi_equity.observations import COUNTS, KEY, SERIES_KEY, beside, side_by_side
from qi_equity.project import ALL_SITES, EVERYONE, Project
from qi_equity.reading import Reading

# What is kept of a judgement holds as long as the way of judging is the same.
METHOD = "5"
KEYS = [*SERIES_KEY, "phase"]
# What a point is judged by, beside its marks.
EVIDENCE = ("evidence_up", "evidence_down", "evidence_limit")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a judgement depends on, as digests.

    A site's holds its rows, the plan they are judged by, and what it takes from the others: where
    the baseline ends, how the measure is charted, and whose calendar it shares. `windows` are
    those of the measure, in which all sites' gaps are worked out.
    """

    sites: Mapping[str, str]
    windows: str


def whole(reading: Reading, rows: pd.DataFrame, network: bool) -> str:
    """All that a measure's findings depend on, as one digest: its rows in order, and the plan."""
    held = _columns(rows)
    return _digest(f"{_plan(reading)}:{network}:{[*held]}", held, np.arange(len(rows)))


def contents(reading: Reading, rows: pd.DataFrame) -> Contents:
    """The contents of a measure's rows with their totals, in the order of their keys."""
    held, at, sites = _columns(rows), places(rows), {}
    plan = f"{_plan(reading)}:{reading.last_of_baseline(rows)}:{reading.charted_as_logged(rows)}:"
    logged = _logged(reading, rows)
    for together in logged.together():
        shared = f"{plan}{[*held]}:{logged.calendar(together).hex()}"
        sites.update({site: _digest(shared, held, at[site]) for site in together})
    return Contents(sites, f"{_plan(reading)}:{_windows(reading, rows)}")


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


def told_apart(reading: Reading, some: pd.DataFrame, rows: pd.DataFrame) -> bool:
    """Whether some sites' rows alone are read as they are among all rows of the measure."""
    return _windows(reading, some) == _windows(reading, rows)


def _windows(reading: Reading, rows: pd.DataFrame) -> str:
    """The subgroups and strata that are held side by side, and whether their reference is there."""
    known = _known(reading, rows)
    both = known & rows["denominator"].notna().to_numpy()
    days = rows["subgroup"].to_numpy("datetime64[ns]")
    spans = [np.unique(days[some]).tobytes().hex() for some in (known, both)]
    return repr((spans, sorted(rows.loc[both, "stratum"].unique()), reading.is_held(rows[known])))


def _known(reading: Reading, rows: pd.DataFrame) -> BoolArray:
    """Rows of strata that can be held side by side."""
    known = rows["stratum"].isin(reading.project.strata.known) & rows["numerator"].notna()
    return known.to_numpy(bool)


def places(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Where the rows of each site are, sites in order."""
    if table.empty:
        return {}
    code, sites = pd.factorize(table["site"], sort=True)
    order = np.argsort(code, kind="stable")
    cuts = np.searchsorted(code[order], np.arange(1, len(sites)))
    return dict(zip(map(str, sites), np.split(order, cuts), strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Logged:
    """Which subgroups each site logged, charted, and holds strata side by side in."""

    sites: list[str]
    days: np.ndarray
    seen: BoolArray  # (what, site, subgroup): logged, charted, held side by side
    late: BoolArray  # by subgroup: after the baseline

    def together(self) -> list[list[str]]:
        """Sites that end alike, and began within the baseline or else alike."""
        found: dict[tuple[int, int], list[str]] = {}
        for site, logged, held in zip(self.sites, self.seen[0], self.seen[2], strict=True):
            first = int(held.argmax()) if held.any() else -1
            begun = first if first >= 0 and self.late[first] else -1
            found.setdefault((int(np.flatnonzero(logged)[-1]), begun), []).append(site)
        return list(found.values())

    def calendar(self, some: Collection[str]) -> bytes:
        """The subgroups that were logged, that were charted, and that hold strata side by side."""
        chosen = [site in some for site in self.sites]
        return b"|".join(self.days[one[chosen].any(axis=0)].tobytes() for one in self.seen)

    def alike(self, some: Collection[str], others: Collection[str]) -> bool:
        """Whether some sites share the calendar of others."""
        return self.calendar(some) == self.calendar(others)


def _logged(reading: Reading, rows: pd.DataFrame) -> _Logged:
    (site, sites), (day, days) = (
        pd.factorize(rows[name], sort=True) for name in ("site", "subgroup")
    )
    charted = rows["numerator"].notna() & rows["denominator"].notna()
    seen = np.zeros((3, len(sites), len(days)), bool)
    every, held = np.ones(len(rows), bool), _held(reading, rows)
    parts: tuple[BoolArray, ...] = (every, charted.to_numpy(bool), held)
    for place, some in enumerate(parts):
        seen[place, site[some], day[some]] = True
    moments = np.asarray(days, dtype="datetime64[ns]")
    late = moments > reading.last_of_baseline(rows).to_datetime64()
    return _Logged([str(one) for one in sites], moments, seen, late)


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
        tables = [
            *_charts(self.reading, self.drawn),
            *_gaps(self.reading, self.rows, self.last_of_baseline),
        ]
        at = [places(table) for table in tables]

        def of(site: str) -> list[pd.DataFrame]:
            return [
                table.take(place[site]) if site in place else table.iloc[:0]
                for table, place in zip(tables, at, strict=True)
            ]

        return {site: Judged(counts, *of(site)) for site, counts in self.told.items()}


def here(works: Sequence[Work]) -> list[dict[str, Judged]]:
    """One piece of work after the other, in this process."""
    return [work.done() for work in works]


@dataclass(frozen=True, slots=True)
class Workers:
    """Who does the work, and how many sites a piece of it has; None for as many as there are."""

    do: Callable[[Sequence[Work]], Iterable[dict[str, Judged]]] = here
    sites: int | None = None


def judged(
    reading: Reading,
    rows: pd.DataFrame,
    drawn: Charts,
    told: Mapping[str, str],
    before: Mapping[str, Judged],
    workers: Workers,
) -> dict[str, Judged]:
    """Every site of a measure judged; where its contents were judged before, that is kept.

    `told` are the contents of each site. Sites of one calendar are judged in one pass, which says
    of each what it would alone.
    """
    found = {
        site: before[site] for site in told if site in before and before[site].counts == told[site]
    }
    fresh = {site: counts for site, counts in told.items() if site not in found}
    for done in workers.do(list(_works(reading, rows, drawn, fresh, workers.sites))):
        found.update(done)
    return dict(sorted(found.items()))


def _works(
    reading: Reading, rows: pd.DataFrame, drawn: Charts, told: Mapping[str, str], most: int | None
) -> Iterator[Work]:
    """The sites asked about, by calendar and so many at a time."""
    last, logged = reading.last_of_baseline(rows), _logged(reading, rows)
    for together in logged.together():
        asked = [site for site in together if site in told]
        while asked:
            now, asked = asked[:most], asked[most:] if most else []
            # The total has every subgroup that its sites have, as a rule: the calendar stays.
            fewer = [site for site in together if site in now or site == ALL_SITES]
            some = _of(rows, fewer if logged.alike(fewer, together) else together)
            sites = list(places(some))
            charts = Charts(_of(drawn.points, sites), _of(drawn.summary, sites), drawn.by)
            yield Work(reading, some, charts, last, {site: told[site] for site in now})


def _of(table: pd.DataFrame, sites: list[str]) -> pd.DataFrame:
    return table[table["site"].isin(sites)].reset_index(drop=True)


def _held(reading: Reading, rows: pd.DataFrame) -> BoolArray:
    """Rows of strata held side by side, of sites that logged whom they are held against."""
    known, held = _known(reading, rows), np.zeros(len(rows), bool)
    strata = rows[["stratum"]]
    for at in places(rows).values():
        own = at[known[at]]
        if own.size and reading.is_held(strata.take(own)):
            held[own] = True
    return held


def _gaps(
    reading: Reading, rows: pd.DataFrame, last: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The gaps' verdicts and points; a site that began after the baseline has one of its own."""
    if not reading.is_judged:
        return pd.DataFrame(), pd.DataFrame()
    if reading.valued:
        return _value_gaps(reading, rows, last)
    known = rows[_held(reading, rows)]
    if known.empty:
        return pd.DataFrame(), pd.DataFrame()
    late = known["subgroup"].min() > last
    found = reading.gap_charts(known, None if late else last)
    # Q-values are of the family in view, which is not known to one site.
    return found.summary.assign(q_trend=np.nan, q_scan=np.nan), found.points


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


def _charts(reading: Reading, drawn: Charts) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each chart's evidence of this look, and of every look so far."""
    charts, points = drawn.summary.reset_index(drop=True), drawn.points
    many = len(charts)
    if reading.measure.overlapping_windows:
        # Points share births: neither a step nor a sum of evidence means anything.
        blank = {"p_runs": np.nan, "p_value": np.nan, "p_own": np.nan, "p_apart": np.nan}
        return charts[KEYS].assign(**blank, p_rest=np.nan, attainable=0.0), points.loc[
            :, [*KEYS, "subgroup"]
        ].iloc[:0]
    place = {key: row for row, key in enumerate(zip(*(charts[name] for name in KEYS), strict=True))}
    whole = np.array([place.get((*key[:2], EVERYONE, key[3]), -1) for key in place], dtype=np.int64)
    found = weighed(
        charts,
        points,
        SERIES_KEY,
        events_per_birth=np.full(many, reading.measure.data == "proportion"),
        whole=np.where(charts["stratum"] == EVERYONE, -1, whole),
        season=np.full(many, reading.measure.season is not None),
    )
    watch = watched(
        charts,
        points,
        SERIES_KEY,
        data=reading.watched_as,
        baseline="baseline" if reading.freeze is not None else 0,
        charts_watched=charts_watched(reading.project),
    )
    fresh = [name for name in found if name not in charts or name in ("p_value", "p_runs")]
    fresh.remove("split")  # a place in a table that ends here
    both = side_by_side(found[[*KEYS, *fresh]], watch.charts, KEYS)
    return both, watch.points.loc[:, [*KEYS, "subgroup", *EVIDENCE]]
