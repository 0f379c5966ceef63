"""One measure at one site judged: evidence, what is established, verdicts; nothing of other sites.

Judged once: where the same counts were judged before, under the same plan, that is kept.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from qi_equity.findings import Judged
from qi_equity.frames.chart import Charts
from qi_equity.frames.evidence import weighed
from qi_equity.frames.gap_chart import GapCharts
from qi_equity.frames.watch import watched
from qi_equity.observations import COUNTS, SERIES_KEY
from qi_equity.project import EVERYONE, Project
from qi_equity.reading import Reading

# What is kept of a judgement holds as long as the way of judging is the same.
METHOD = "2"
KEYS = [*SERIES_KEY, "phase"]
# What a point is judged by, beside its marks.
EVIDENCE = ("evidence_up", "evidence_down", "evidence_limit")


def judged(reading: Reading, rows: pd.DataFrame, drawn: Charts, before: Judged | None) -> Judged:
    """A site's charts and gaps judged, or what was judged of the same counts before."""
    counts = counted(reading, rows)
    if before is not None and before.counts == counts:
        return before
    charts, points = _charts(reading, drawn)
    known = rows[rows["stratum"].isin(reading.project.strata.known) & rows["numerator"].notna()]
    if known.empty or not reading.is_judged or not reading.is_held(known):
        return Judged(counts, charts, points)
    gaps: GapCharts = reading.gap_charts(known)
    return Judged(counts, charts, points, gaps.summary, gaps.points)


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
        return charts[KEYS].assign(**blank, p_rest=np.nan, attainable=0.0), points.iloc[:0]
    everyone = np.flatnonzero(charts["stratum"] == EVERYONE)
    phase = charts.loc[everyone].set_index("phase").assign(place=everyone)["place"]
    whole = charts["phase"].map(phase).fillna(-1).to_numpy(int)
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
