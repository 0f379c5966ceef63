"""One measure at one site judged: evidence, what is established, verdicts; nothing of other sites.

Judged once: where the same counts were judged before, under the same plan, that is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from qi_equity.findings import Judged
from qi_equity.frames.chart import Charts
from qi_equity.frames.evidence import weighed
from qi_equity.frames.watch import watched
from qi_equity.observations import COUNTS, SERIES_KEY
from qi_equity.project import EVERYONE, Project
from qi_equity.reading import Reading

# What is kept of a judgement holds as long as the way of judging is the same.
METHOD = "2"
KEYS = [*SERIES_KEY, "phase"]
# What a point is judged by, beside its marks.
EVIDENCE = ("evidence_up", "evidence_down", "evidence_limit")


def judged(
    reading: Reading,
    rows: pd.DataFrame,
    drawn: Charts,
    before: Mapping[tuple[str, str], Judged],
) -> dict[tuple[str, str], Judged]:
    """Every site of a measure judged; where the counts are those judged before, that is kept.

    The sites whose counts are new are judged in one pass, which says of each what it would alone.
    """
    measure = reading.measure.id
    found: dict[tuple[str, str], Judged] = {}
    fresh: dict[str, str] = {}
    for site, own in rows.groupby("site", sort=True):
        key, counts = (measure, str(site)), counted(reading, own)
        kept = before.get(key)
        if kept is not None and kept.counts == counts:
            found[key] = kept
        else:
            fresh[str(site)] = counts
    if fresh:
        new = rows[rows["site"].isin(list(fresh))]
        of_new = Charts(_only(drawn.points, fresh), _only(drawn.summary, fresh), drawn.by)
        tables = [*_charts(reading, of_new), *_gaps(reading, rows, new)]
        for site, counts in fresh.items():
            found[measure, site] = Judged(counts, *(_only(table, (site,)) for table in tables))
    return dict(sorted(found.items()))


def _only(table: pd.DataFrame, sites: Collection[str]) -> pd.DataFrame:
    return table[table["site"].isin(list(sites))] if len(table) else table


def _gaps(
    reading: Reading, every: pd.DataFrame, rows: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The gaps' verdicts and points; a site that began after the baseline has one of its own."""
    known = rows[rows["stratum"].isin(reading.project.strata.known) & rows["numerator"].notna()]
    known = (
        known[known["site"].map(known.groupby("site").apply(reading.is_held)).astype(bool)]
        if (len(known))
        else known
    )
    if known.empty or not reading.is_judged:
        return pd.DataFrame(), pd.DataFrame()
    last = reading.last_of_baseline(every)
    late = known.groupby("site")["subgroup"].transform("min") > last
    parts = [reading.gap_charts(known[~late], last)] if (~late).any() else []
    parts += [reading.gap_charts(own, None) for _, own in known[late].groupby("site")]
    return (
        pd.concat([part.summary for part in parts], ignore_index=True),
        pd.concat([part.points for part in parts], ignore_index=True),
    )


def counted(reading: Reading, rows: pd.DataFrame) -> str:
    """What a judgement depends on: the counts, and the plan they are judged by."""
    told = hashlib.blake2b(digest_size=16)
    plan = reading.measure.model_dump_json() + reading.project.strata.model_dump_json()
    told.update(f"{METHOD}:{charts_watched(reading.project)}:{plan}".encode())
    table = rows[["stratum", "subgroup", *COUNTS, "value"]].sort_values(["stratum", "subgroup"])
    told.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
    return told.hexdigest()


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
