"""One measure at one site judged: evidence, what is established, verdicts; nothing of other sites.

Judged once: where the same counts were judged before, under the same plan, that is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qi_equity.findings import Judged
from qi_equity.frames.chart import Charts
from qi_equity.frames.evidence import weighed
from qi_equity.frames.watch import watched
from qi_equity.observations import COUNTS, KEY, SERIES_KEY, beside
from qi_equity.project import ALL_SITES, EVERYONE, Project
from qi_equity.reading import Reading

# What is kept of a judgement holds as long as the way of judging is the same.
METHOD = "6"
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
    return _digest(f"{_plan(reading)}:{network}", _hashed(rows))


def contents(reading: Reading, rows: pd.DataFrame) -> Contents:
    """The contents of a measure's rows with their totals, in the order of their keys."""
    held = f"{_plan(reading)}:{reading.last_of_baseline(rows)}:{reading.charted_as_logged(rows)}:"
    each, at, sites = _hashed(rows), places(rows), {}
    known = _held(reading, rows)
    for together in _together(reading, rows, known):
        shared = held + _calendar(_of(rows, together), _of(known, together)).hex()
        sites.update({site: _digest(shared, each[at[site]]) for site in together})
    return Contents(sites, _digest(_plan(reading), _windows(reading, rows)))


def _plan(reading: Reading) -> str:
    project = reading.project
    plan = reading.measure.model_dump_json() + project.strata.model_dump_json()
    return f"{METHOD}:{charts_watched(project)}:{plan}"


def _hashed(rows: pd.DataFrame) -> np.ndarray:
    held_in = [*KEY, *COUNTS, "value", *beside(rows)]
    return np.asarray(pd.util.hash_pandas_object(rows[held_in], index=False))


def told_apart(reading: Reading, some: pd.DataFrame, rows: pd.DataFrame) -> bool:
    """Whether some sites' rows alone are read as they are among all rows of the measure."""
    return np.array_equal(_windows(reading, some), _windows(reading, rows))


def _windows(reading: Reading, rows: pd.DataFrame) -> np.ndarray:
    """The subgroups and strata that are held side by side, and whether their reference is there."""
    known = rows[rows["stratum"].isin(reading.project.strata.known) & rows["numerator"].notna()]
    both = known[known["denominator"].notna()]
    days = [np.unique(part["subgroup"].to_numpy("datetime64[ns]")) for part in (known, both)]
    strata = pd.util.hash_array(np.unique(both["stratum"].to_numpy(str)).astype(object))
    parts = [*(part.astype(np.uint64) for part in days), strata]
    sizes = [*map(len, parts), reading.is_held(known)]
    return np.concatenate([np.array(sizes, dtype=np.uint64), *parts])


def _digest(start: str, rows: np.ndarray) -> str:
    return hashlib.blake2b(start.encode() + rows.tobytes(), digest_size=16).hexdigest()


def places(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Where the rows of each site are, sites in order."""
    if table.empty:
        return {}
    code, sites = pd.factorize(table["site"], sort=True)
    order = np.argsort(code, kind="stable")
    cuts = np.searchsorted(code[order], np.arange(1, len(sites)))
    return dict(zip(map(str, sites), np.split(order, cuts), strict=True))


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
    last, known = reading.last_of_baseline(rows), _held(reading, rows)
    for together in _together(reading, rows, known):
        asked = [site for site in together if site in told]
        if not asked:
            continue
        every, held = _of(rows, together), _of(known, together)
        calendar = _calendar(every, held)
        while asked:
            now, asked = asked[:most], asked[most:] if most else []
            # The total has every subgroup that its sites have, as a rule: the calendar stays.
            some = every
            if len(now) + 1 < len(together):
                fewer = [*now, ALL_SITES]
                some = _of(every, fewer)
                some = some if _calendar(some, _of(held, fewer)) == calendar else every
            sites = list(places(some))
            charts = Charts(_of(drawn.points, sites), _of(drawn.summary, sites), drawn.by)
            yield Work(reading, some, charts, last, {site: told[site] for site in now})


def _of(table: pd.DataFrame, sites: list[str]) -> pd.DataFrame:
    return table[table["site"].isin(sites)].reset_index(drop=True)


def _together(reading: Reading, rows: pd.DataFrame, known: pd.DataFrame) -> list[list[str]]:
    """Sites that end alike, and began within the baseline or else alike."""
    first = known.groupby("site")["subgroup"].min()
    first = first[first > reading.last_of_baseline(rows)]
    found: dict[tuple[object, object], list[str]] = {}
    for site, last in rows.groupby("site")["subgroup"].max().items():
        found.setdefault((last, first.get(site)), []).append(str(site))
    return list(found.values())


def _calendar(rows: pd.DataFrame, known: pd.DataFrame) -> bytes:
    """The subgroups that were logged, that were charted, and that hold strata side by side."""
    parts = (rows, rows[rows["numerator"].notna() & rows["denominator"].notna()], known)
    return b"|".join(np.unique(part["subgroup"].to_numpy()).tobytes() for part in parts)


def _held(reading: Reading, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of strata held side by side, of sites that logged whom they are held against."""
    known = rows[rows["stratum"].isin(reading.project.strata.known) & rows["numerator"].notna()]
    sites = [site for site, at in places(known).items() if reading.is_held(known.iloc[at])]
    return known[known["site"].isin(sites)]


def _gaps(
    reading: Reading, rows: pd.DataFrame, last: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The gaps' verdicts and points; a site that began after the baseline has one of its own."""
    if not reading.is_judged:
        return pd.DataFrame(), pd.DataFrame()
    if reading.valued:
        return _value_gaps(reading, rows, last)
    known = _held(reading, rows)
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
    place = pd.MultiIndex.from_frame(charts[KEYS])
    whole = place.get_indexer(pd.MultiIndex.from_frame(charts[KEYS].assign(stratum=EVERYONE)))
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
    both = found[[*KEYS, *fresh]].merge(watch.charts, on=KEYS, how="left", validate="1:1")
    return both, watch.points.loc[:, [*KEYS, "subgroup", *EVIDENCE]]
