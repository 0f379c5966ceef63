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
from qi_equity.observations import COUNTS, KEY, SERIES_KEY
from qi_equity.project import ALL_SITES, EVERYONE, Project
from qi_equity.reading import Reading

# What is kept of a judgement holds as long as the way of judging is the same.
METHOD = "5"
KEYS = [*SERIES_KEY, "phase"]
# What a point is judged by, beside its marks.
EVIDENCE = ("evidence_up", "evidence_down", "evidence_limit")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a judgement depends on, as digests: the rows of a measure, and those of each site.

    Both hold the plan that the rows are judged by, and a site's what it takes from the others:
    where the baseline ends, how the measure is charted, and whose calendar it shares.
    """

    whole: str
    sites: Mapping[str, str]


def contents(reading: Reading, rows: pd.DataFrame) -> Contents:
    """The contents of a measure's rows, which are in the order of their keys."""
    project = reading.project
    plan = reading.measure.model_dump_json() + project.strata.model_dump_json()
    start = f"{METHOD}:{charts_watched(project)}:{plan}"
    held = f"{start}:{reading.last_of_baseline(rows)}:{reading.charted_as_logged(rows)}:"
    each = pd.util.hash_pandas_object(rows[[*KEY, *COUNTS, "value"]], index=False).to_numpy()
    at, sites = places(rows), {}
    for together in _together(reading, rows):
        shared = held + _calendar(reading, _of(rows, together)).hex()
        sites.update({site: _digest(shared, each[at[site]]) for site in together})
    return Contents(_digest(start, each), sites)


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
    last = reading.last_of_baseline(rows)
    for together in _together(reading, rows):
        asked = [site for site in together if site in told]
        every = _of(rows, together) if asked else rows
        while asked:
            now, asked = asked[:most], asked[most:] if most else []
            # The total has every subgroup that its sites have, as a rule: the calendar stays.
            some = _of(every, [*now, ALL_SITES])
            if _calendar(reading, some) != _calendar(reading, every):
                some = every
            sites = list(places(some))
            charts = Charts(_of(drawn.points, sites), _of(drawn.summary, sites), drawn.by)
            yield Work(reading, some, charts, last, {site: told[site] for site in now})


def _of(table: pd.DataFrame, sites: list[str]) -> pd.DataFrame:
    return table[table["site"].isin(sites)].reset_index(drop=True)


def _together(reading: Reading, rows: pd.DataFrame) -> list[list[str]]:
    """Sites that end alike, and began within the baseline or else alike."""
    known = _held(reading, rows)
    first = known.groupby("site")["subgroup"].min()
    first = first[first > reading.last_of_baseline(rows)]
    found: dict[tuple[object, object], list[str]] = {}
    for site, last in rows.groupby("site")["subgroup"].max().items():
        found.setdefault((last, first.get(site)), []).append(str(site))
    return list(found.values())


def _calendar(reading: Reading, rows: pd.DataFrame) -> bytes:
    """The subgroups that were logged, that were charted, and that hold strata side by side."""
    parts = (rows, rows.dropna(subset=COUNTS), _held(reading, rows))
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
    known = _held(reading, rows)
    if known.empty:
        return pd.DataFrame(), pd.DataFrame()
    late = known["subgroup"].min() > last
    found = reading.gap_charts(known, None if late else last)
    # Q-values are of the family in view, which is not known to one site.
    return found.summary.assign(q_trend=np.nan, q_scan=np.nan), found.points


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
