"""The words of true findings beside the numbers of released counts.

Columns are let through by name: one that is not named here stays with the team.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray
from qi_equity.disclosure import numbers
from qi_equity.disclosure.policy import Policy
from qi_equity.disclosure.release import Release
from qi_equity.findings import Caution, Findings
from qi_equity.frames.evidence import LEVEL
from qi_equity.observations import SERIES_KEY
from qi_equity.project import ALL_SITES, EVERYONE

# Statistics of true counts that are words, or as coarse: what is said where nothing may be.
CHART_WORDS: dict[str, Any] = {
    "useful": np.nan, "longest_run": np.nan, "longest_run_limit": np.nan,
    "crossings": np.nan, "crossings_limit": np.nan, "runs_signal": False, "beyond_limits": np.nan,
    "variation": None, "assurance": None, "highlight": False, "caution": "",
}  # fmt: skip
GAP_WORDS: dict[str, Any] = {
    "verdict": None, "who_moved": "", "improving_overall": False,
    "improving_while_widening": False, "difference_widening_too": False, "highlight": False,
}  # fmt: skip
# What says nothing of counts, and is told in any case.
GAP_ALWAYS = ("declared", "smallest_gap")
DRAWN = ("value", "centre", "lower", "upper", "baseline", "excluded")  # of every point
MARKS = ("side", "signal", "meaning")  # of a point, beside a column a rule

# p-values are told as the band they are in: p is below the number given, or anything (1).
BANDS = (0.001, 0.01, 0.05, 1.0)
# What depends on how many there were is told as the next of these.
FACTORS = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, np.inf)
WEEKS = (0.0, 4.0, 13.0, 26.0, 52.0, 104.0, 260.0, 520.0, np.inf)
COARSE = {"p_value": BANDS, "p_trend": BANDS, "smallest_change": FACTORS, "weeks_to_go": WEEKS}


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
        if len(findings.gap_points):
            gap_points.append(numbers.gap_series(one, findings.project, references))
    shown_charts = _charts(findings.charts, _joined(charts), status)
    return Findings(
        findings.project,
        _points(_joined(points), findings),
        shown_charts,
        _gaps(findings.gaps, _joined(gap)),
        _joined(gap_points),
        tuple(_cautions(findings, status, policy)),
        findings.family,
        tuple(_chance(shown_charts)),
    )


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    held = [part for part in parts if len(part)]
    return pd.concat(held, ignore_index=True) if held else pd.DataFrame()


def _status(findings: Findings, releases: Sequence[Release]) -> pd.DataFrame:
    """How each series of the true findings is released: shown, small, withheld or not counted."""
    rows = [
        (
            one.grid.measure.id, one.grid.sites[site], one.grid.strata[stratum],
            "small" if one.small[site, stratum]
            else "withheld" if one.withheld[site, stratum]
            else "shown",
            int(one.widths[site, stratum]),
        )
        for one in releases
        for site, stratum in zip(*np.nonzero(one.grid.there), strict=True)
    ]  # fmt: skip
    known = pd.DataFrame(rows, columns=[*SERIES_KEY, "status", "width"])
    keys = findings.charts[SERIES_KEY] if len(findings.charts) else pd.DataFrame(columns=SERIES_KEY)
    told = keys.drop_duplicates().merge(known, on=SERIES_KEY, how="left")
    return told.fillna({"status": "not counted", "width": 1})


def _references(findings: Findings, one: Release) -> dict[str, Any]:
    gaps = findings.gaps
    if gaps.empty:
        return {}
    here = gaps[(gaps["measure"] == one.grid.measure.id) & gaps["reference"].notna()]
    return dict(zip(here["site"], here["reference"], strict=True))


def _marked(points: pd.DataFrame, true: pd.DataFrame, one: Release) -> pd.DataFrame:
    """The points with the marks of the true chart: those of the last signal in each block."""
    marks = [name for name in points.columns if name in true and _is_mark(true[name], name)]
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


def _is_mark(column: pd.Series, name: str) -> bool:
    return name in MARKS or column.dtype == np.int8


def _points(points: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    if points.empty:
        return points
    true = findings.points
    known = [
        name for name in true if name in points or name in DRAWN or _is_mark(true[name], str(name))
    ]
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
    shown = table["status"].eq("shown")
    made = table[[*SERIES_KEY, "phase", "subgroups", "status", "width"]].copy()
    for name, nothing in CHART_WORDS.items():
        if name in table:
            made[name] = _only(table[name], shown, nothing)
    made["p_value"] = np.where(shown, coarse(table["p_value"], BANDS), np.nan)
    if centres.empty:
        return made.assign(centre=np.nan)
    return made.merge(centres, on=[*SERIES_KEY, "phase"], how="left")


def _only(column: pd.Series, shown: pd.Series, nothing: Any) -> pd.Series:
    """The column where it may be shown, and nothing elsewhere."""
    if nothing is None or isinstance(nothing, str):
        return column.astype(object).where(shown, nothing)
    if isinstance(nothing, bool):
        return column.eq(True) & shown
    return column.astype(float).where(shown)


def _gaps(true: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    if true.empty or made.empty:
        return true.iloc[:0][SERIES_KEY] if len(true) else true
    told = [name for name in (*GAP_WORDS, *GAP_ALWAYS, *COARSE, "cautions") if name in true]
    table = made.drop(columns="small").merge(true[[*SERIES_KEY, *told]], on=SERIES_KEY, how="inner")
    # No word on a gap either side of which is small: with the expected count known, a verdict or
    # a band of p can leave one count only.
    shown = table["difference"].notna()
    for name, nothing in GAP_WORDS.items():
        if name in table:
            table[name] = _only(table[name], shown, nothing)
    for name, steps in COARSE.items():
        if name in table:
            table[name] = np.where(shown, coarse(table[name], steps), np.nan)
    if "cautions" in table:
        table["cautions"] = [
            tuple(filter(_without_figures, texts)) if isinstance(texts, tuple) and fine else ()
            for texts, fine in zip(table["cautions"], shown, strict=True)
        ]
    return table


def _without_figures(text: str) -> bool:
    """A caution that quotes a figure stays with the team: the figure may be a small count."""
    return not any(letter.isdigit() for letter in text)


def _cautions(findings: Findings, status: pd.DataFrame, policy: Policy) -> Iterator[Caution]:
    shown = set(
        status.loc[status["status"] == "shown", SERIES_KEY].itertuples(index=False, name=None)
    )
    for one in findings.cautions:
        place = (one.measure, one.site, one.stratum)
        if _without_figures(one.text) and (place in shown or not one.stratum):
            yield one
    told = {
        "small": f"a count of 1 to {policy.first - 1}, so it is not compared",
        "withheld": "not shown, since it would give another small number away",
        "not counted": "how many people this is about is not known, so it is not shown",
    }
    periods = {measure.id: measure.subgroup for measure in findings.project.measures}
    for row in status.to_dict("records"):
        text = told.get(row["status"], "")
        if row["status"] == "shown" and row["width"] > 1:
            period = periods[row["measure"]]
            text = (
                f"each point adds up {row['width']} {period}s or a little more: "
                "narrower ones would show small numbers"
            )
        if text:
            yield Caution(row["measure"], row["site"], row["stratum"], text)
    yield Caution(
        "", "", "",
        "small numbers are protected: counts are to the nearest 5 and rates, lines and intervals "
        "are worked out from those; signals and verdicts are the team's own, from true counts",
    )  # fmt: skip


def _chance(charts: pd.DataFrame) -> Iterator[str]:
    """How many of the charts that are shown would stand out by chance alone."""
    if charts.empty:
        return
    single = ~(charts["stratum"].eq(EVERYONE) | charts["site"].eq(ALL_SITES))
    own = charts[single & charts["p_value"].notna()]
    seen = int((own["p_value"] <= LEVEL).sum())
    yield (
        f"{len(own)} charts of single strata are shown: {seen} with p below 0.05, where chance "
        f"alone would bring about {LEVEL * len(own):.1f}; {int(own['highlight'].sum())} stand out "
        "once all are looked at together (at most one in ten of those by chance)."
    )
