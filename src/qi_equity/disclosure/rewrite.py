"""The words of true findings beside the numbers of released counts.

What is let through is declared beside each column in qi_equity.findings: one that nobody
classified stays with the team.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray
from qi_equity.chance import LEVEL
from qi_equity.disclosure import numbers
from qi_equity.disclosure.policy import Policy
from qi_equity.disclosure.release import Release
from qi_equity.findings import (
    Caution,
    Chance,
    Chart,
    Findings,
    Gap,
    Point,
    SiteRow,
    Within,
    caution,
    columns,
    is_shared,
    seen_by,
)
from qi_equity.observations import SERIES_KEY
from qi_equity.project import ALL_SITES, EVERYONE
from qi_equity.spc.rules import RULES
from qi_equity.vocabulary import Audience, Scale, Status

# What a rule marks, a column a rule, and what is marked by any.
MARKS = {*seen_by(Point, Audience.WORD), *RULES}

# p-values are told as the band they are in: p is below the number given, or anything (1).
BANDS = (0.001, 0.01, 0.05, 1.0)
# What depends on how many there were is told as the next of these.
FACTORS = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, np.inf)
WEEKS = (0.0, 4.0, 13.0, 26.0, 52.0, 104.0, 260.0, 520.0, np.inf)
SCALES = {Scale.P_VALUE: BANDS, Scale.FACTOR: FACTORS, Scale.WEEKS: WEEKS}


def coarse(values: Any, steps: Sequence[float]) -> FloatArray:
    """Each number as the next step above it; a p-value on a border counts as the larger.

    >>> coarse([0.0004, 0.01, 0.3], BANDS).tolist(), coarse([1.3, 70], FACTORS).tolist()
    ([0.001, 0.05, 1.0], [1.5, inf])
    """
    found = np.asarray(values, dtype=np.float64)
    above = np.searchsorted(np.array(steps), found, side="right" if steps is BANDS else "left")
    place = np.minimum(above, len(steps) - 1)
    return np.where(np.isnan(found), np.nan, np.asarray(steps)[place])


def rewritten(findings: Findings, releases: Sequence[Release], policy: Policy) -> Findings:
    """The findings as the network sees them."""
    status = _status(findings, releases)
    points, charts, gap, gap_points = [], [], [], []
    sites, within, funnels = [], [], []
    for one in releases:
        blocks = numbers.block_table(one)
        drawn = numbers.drawn(one, blocks)
        if drawn is not None:
            marked = _marked(drawn.points, findings.points, one)
            points.append(marked.merge(blocks[[*SERIES_KEY, "subgroup", "subgroups"]]))
            charts.append(drawn.summary[[*SERIES_KEY, "phase", "centre"]])
        points.append(blocks[blocks["small"]].drop(columns="small").assign(phase=1))
        references = _references(findings, one)
        gap.append(numbers.gap_table(one, findings.project, references))
        if len(findings.sites) and (found := numbers.across(one, blocks)) is not None:
            sites.append(_shared(found.rows, SiteRow))
            within.append(_shared(found.within, Within))
            funnels.append(found.funnel.curve())
        if len(findings.gap_points):
            gap_points.append(numbers.gap_series(one, findings.project, references))
    shown_charts = _charts(findings.charts, _joined(charts), status)
    return Findings(
        findings.project,
        points=_points(_joined(points), findings.points),
        charts=shown_charts,
        gaps=_gaps(findings.gaps, _joined(gap)),
        gap_points=_joined(gap_points),
        sites=_joined(sites),
        within=_joined(within),
        funnels=_joined(funnels),
        cautions=tuple(_cautions(findings, status, policy)),
        judged=findings.judged,
        as_of=findings.as_of,
        chance=_chance(shown_charts) if findings.judged else None,
    )


def _shared(table: pd.DataFrame, kind: type) -> pd.DataFrame:
    """What is worked out from released counts and declared to be for everyone."""
    names = seen_by(kind, Audience.EVERYONE, Audience.RELEASED)
    return table[[name for name in names if name in table]]


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    held = [part for part in parts if len(part)]
    return pd.concat(held, ignore_index=True) if held else pd.DataFrame()


def _status(findings: Findings, releases: Sequence[Release]) -> pd.DataFrame:
    """How each series of the true findings is released: shown, small, withheld or not counted."""
    rows = [
        (
            one.grid.measure.id, one.grid.sites[site], one.grid.strata[stratum],
            Status.SMALL if one.small[site, stratum]
            else Status.WITHHELD if one.withheld[site, stratum]
            else Status.SHOWN,
            int(one.widths[site, stratum]),
        )
        for one in releases
        for site, stratum in zip(*np.nonzero(one.grid.there), strict=True)
    ]  # fmt: skip
    known = pd.DataFrame(rows, columns=[*SERIES_KEY, "status", "width"])
    keys = findings.charts[SERIES_KEY] if len(findings.charts) else pd.DataFrame(columns=SERIES_KEY)
    told = keys.drop_duplicates().merge(known, on=SERIES_KEY, how="left")
    return told.fillna({"status": Status.NOT_COUNTED, "width": 1})


def _references(findings: Findings, one: Release) -> dict[str, Any]:
    gaps = findings.gaps
    if gaps.empty:
        return {}
    here = gaps[(gaps["measure"] == one.grid.measure.id) & gaps["reference"].notna()]
    return dict(zip(here["site"], here["reference"], strict=True))


def _marked(points: pd.DataFrame, true: pd.DataFrame, one: Release) -> pd.DataFrame:
    """The points with the marks of the true chart: those of the last signal in each block."""
    marks = [name for name in points.columns if name in true and name in MARKS]
    grid = one.grid
    signals = true[(true["measure"] == grid.measure.id) & true["signal"]]
    site, stratum = (
        pd.Index(labels).get_indexer(pd.Index(signals[name]))
        for name, labels in (("site", grid.sites), ("stratum", grid.strata))
    )
    times = grid.subgroups.get_indexer(pd.DatetimeIndex(signals["subgroup"]))
    ids = one.ids[site, stratum]
    starts = (ids == ids[np.arange(len(ids)), times][:, np.newaxis]).argmax(axis=1)
    signals = signals.assign(subgroup=grid.subgroups[starts])
    last = signals.drop_duplicates([*SERIES_KEY, "subgroup"], keep="last")[
        [*SERIES_KEY, "subgroup", *marks]
    ]
    plain = points.drop(columns=marks)
    both = plain.merge(last, on=[*SERIES_KEY, "subgroup"], how="left")
    for name in marks:
        unmarked = "none" if name == "meaning" else False if name == "signal" else 0
        both[name] = both[name].astype(object).where(both[name].notna(), unmarked)
        both[name] = both[name].astype(points[name].dtype)
    return both


def _points(points: pd.DataFrame, true: pd.DataFrame) -> pd.DataFrame:
    if points.empty:
        return points
    shared = {*seen_by(Point, Audience.EVERYONE, Audience.RELEASED), *MARKS}
    known = [name for name in true if name in shared]
    table = points.reindex(columns=[*known, "subgroups"])
    table = table.sort_values([*SERIES_KEY, "subgroup"], ignore_index=True)
    for name in known:
        if true[name].dtype == bool:
            table[name] = table[name].eq(True)
        elif true[name].dtype == np.int8:
            table[name] = table[name].fillna(0).astype(np.int8)
    meaning = table["meaning"].astype(object)
    names = true["meaning"].cat.categories
    table["meaning"] = pd.Categorical(meaning.where(meaning.notna(), "none"), categories=names)
    return table


def _charts(true: pd.DataFrame, centres: pd.DataFrame, status: pd.DataFrame) -> pd.DataFrame:
    if true.empty:
        return true
    table = true.merge(status, on=SERIES_KEY, how="left")
    always = [name for name in seen_by(Chart, Audience.EVERYONE) if name in table]
    made = table[[*always, "width"]].copy()
    _tell(made, table, Chart, table["status"].eq(Status.SHOWN))
    if centres.empty:
        return made.assign(centre=np.nan)
    return made.merge(centres, on=[*SERIES_KEY, "phase"], how="left")


def _tell(made: pd.DataFrame, true: pd.DataFrame, kind: type, shown: pd.Series) -> None:
    """Add what is declared as a word, and what is coarsened, where the series is shown."""
    for name, each in columns(kind).items():
        if name not in true:
            continue
        if each.audience is Audience.WORD:
            made[name] = _only(true[name], shown, each.kind)
        elif each.audience is Audience.COARSE and each.scale is not None:
            made[name] = np.where(shown, coarse(true[name], SCALES[each.scale]), np.nan)


def _only(column: pd.Series, shown: pd.Series, kind: type) -> pd.Series:
    """The column where it may be shown, and nothing elsewhere; of codes, those that are shared."""
    if kind is tuple:
        told = [
            tuple(code for code in codes if is_shared(code)) if fine else ()
            for codes, fine in zip(_codes(column), shown, strict=True)
        ]
        return pd.Series(told, index=column.index, dtype=object)
    if kind is bool:
        return column.eq(True) & shown
    if kind is str:
        return column.astype(object).where(shown, None)
    return column.astype(float).where(shown)


def _codes(column: pd.Series) -> list[tuple[str, ...]]:
    return [codes if isinstance(codes, tuple) else () for codes in column]


def _gaps(true: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    if true.empty or made.empty:
        return true.iloc[:0][SERIES_KEY] if len(true) else true
    always = [name for name in ("declared", "smallest_gap") if name in true]
    words = [
        name
        for name in seen_by(Gap, Audience.WORD, Audience.COARSE)
        if name in true and name not in made
    ]
    both = made.drop(columns="small").merge(
        true[[*SERIES_KEY, *always, *words]], on=SERIES_KEY, how="inner"
    )
    # No word on a gap either side of which is small: with the expected count known, a verdict or
    # a band of p can leave one count only.
    table = both.drop(columns=words)
    _tell(table, both, Gap, both["difference"].notna())
    return table


def _cautions(findings: Findings, status: pd.DataFrame, policy: Policy) -> Iterator[Caution]:
    full = status.loc[status["status"] == Status.SHOWN, SERIES_KEY]
    shown = set(full.itertuples(index=False, name=None))
    for one in findings.cautions:
        if one.shared and (one.series in shown or not one.stratum):
            yield one
    for measure, site, stratum, how, width in status.itertuples(index=False, name=None):
        place = (measure, site, stratum)
        if how == Status.SMALL:
            yield caution("series_small", place, most=float(policy.first - 1))
        elif how in (Status.WITHHELD, Status.NOT_COUNTED):
            yield caution(f"series_{how.replace(' ', '_')}", place)
        elif width > 1:
            period = findings.project.measure(measure).subgroup
            yield caution("series_widened", place, width=float(width), period=period)
    yield caution("protected")


def _chance(charts: pd.DataFrame) -> Chance | None:
    """How many of the charts that are shown would stand out by chance alone."""
    if charts.empty:
        return None
    single = ~(charts["stratum"].eq(EVERYONE) | charts["site"].eq(ALL_SITES))
    own = charts[single & charts["p_value"].notna()]
    seen, highlighted = int((own["p_value"] <= LEVEL).sum()), int(own["highlight"].sum())
    return Chance(len(own), seen, LEVEL * len(own), highlighted, released=True)
