"""One measure at one site judged: evidence, what is established, verdicts; nothing of other sites.

Judged once: where the same counts were judged before, under the same plan, that is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qi_equity.findings import Judged
from qi_equity.frames.chart import Charts
from qi_equity.frames.evidence import weighed
from qi_equity.frames.watch import watched
from qi_equity.observations import COUNTS, KEY, SERIES_KEY
from qi_equity.project import EVERYONE, Project
from qi_equity.reading import Reading

# What is kept of a judgement holds as long as the way of judging is the same.
METHOD = "3"
KEYS = [*SERIES_KEY, "phase"]
# What a point is judged by, beside its marks.
EVIDENCE = ("evidence_up", "evidence_down", "evidence_limit")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a judgement depends on, as digests: the rows of a measure, and those of each site.

    Both hold the plan that the rows are judged by, and a site's what it takes from the others:
    where the baseline ends, and how the measure is charted.
    """

    whole: str
    sites: Mapping[str, str]


def contents(reading: Reading, rows: pd.DataFrame) -> Contents:
    """The contents of a measure's rows, which are in the order of their keys."""
    project = reading.project
    plan = reading.measure.model_dump_json() + project.strata.model_dump_json()
    start = f"{METHOD}:{charts_watched(project)}:{plan}"
    held = f"{start}:{reading.last_of_baseline(rows)}:{reading.charted_as_logged(rows)}"
    each = pd.util.hash_pandas_object(rows[[*KEY, *COUNTS, "value"]], index=False).to_numpy()
    return Contents(
        _digest(start, each),
        {site: _digest(held, each[at]) for site, at in places(rows).items()},
    )


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


def judged(
    reading: Reading,
    rows: pd.DataFrame,
    drawn: Charts,
    told: Mapping[str, str],
    before: Mapping[str, Judged],
) -> dict[str, Judged]:
    """Every site of a measure judged; where its contents were judged before, that is kept.

    `told` are the contents of each site. Sites that logged the same subgroups are judged in one
    pass, which says of each what it would alone.
    """
    found = {
        site: before[site] for site in told if site in before and before[site].counts == told[site]
    }
    fresh = [site for site in told if site not in found]
    last = reading.last_of_baseline(rows)
    for sites, own in _alike(rows[rows["site"].isin(fresh)] if found else rows):
        of_these = drawn if len(sites) == len(told) else _of(drawn, sites)
        tables = [*_charts(reading, of_these), *_gaps(reading, own, last)]
        at = [places(table) for table in tables]
        for site in sites:
            held = [
                table.take(place[site]) if site in place else table.iloc[:0]
                for table, place in zip(tables, at, strict=True)
            ]
            found[site] = Judged(told[site], *held)
    return dict(sorted(found.items()))


def _of(drawn: Charts, sites: list[str]) -> Charts:
    points, summary = (
        table[table["site"].isin(sites)].reset_index(drop=True)
        for table in (drawn.points, drawn.summary)
    )
    return Charts(points, summary, drawn.by)


def _alike(rows: pd.DataFrame) -> Iterator[tuple[list[str], pd.DataFrame]]:
    """Sites that logged the same subgroups, with their rows: each as it would be alone."""
    days = rows["subgroup"].to_numpy()
    found: dict[bytes, list[str]] = {}
    for site, at in places(rows).items():
        found.setdefault(np.unique(days[at]).tobytes(), []).append(site)
    for sites in found.values():
        yield sites, rows if len(found) == 1 else rows[rows["site"].isin(sites)]


def _gaps(
    reading: Reading, rows: pd.DataFrame, last: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The gaps' verdicts and points; a site that began after the baseline has one of its own."""
    if not reading.is_judged:
        return pd.DataFrame(), pd.DataFrame()
    known = rows[rows["stratum"].isin(reading.project.strata.known) & rows["numerator"].notna()]
    held = [site for site, at in places(known).items() if reading.is_held(known.iloc[at])]
    known = known[known["site"].isin(held)]
    parts = [
        reading.gap_charts(own, None if own["subgroup"].min() > last else last)
        for _, own in _alike(known)
    ]
    if not parts:
        return pd.DataFrame(), pd.DataFrame()
    return (
        pd.concat([part.summary for part in parts], ignore_index=True),
        pd.concat([part.points for part in parts], ignore_index=True),
    )


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
