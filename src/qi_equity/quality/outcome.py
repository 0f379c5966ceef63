"""How much of the outcome is not recorded, and what it could change; nobody's is guessed.

Births without a recorded outcome stay among those counted, as if nothing had happened to them, and
how many they are travels with the counts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray
from qi_equity.equity import bounds
from qi_equity.equity.gaps import Methods
from qi_equity.frames.chart import Charts
from qi_equity.frames.counts import counted
from qi_equity.observations import COUNTS, READINGS, SERIES_KEY, UNKNOWN, UNREAD, beside
from qi_equity.project import EVERYONE_ELSE, Measure, Period
from qi_equity.quality.coding import unknown_charts
from qi_equity.reading import FLOORED, Reading
from qi_equity.sources import calendar
from qi_equity.vocabulary import Verdict

# Births in half of the time below which a share of them is too rough to hold a verdict back by.
FEW = 30
# Words that claim nothing yet, so that there is nothing to hold back.
SAY_NOTHING = ("", str(Verdict.TOO_FEW))
# What a verdict rests on, blank where it is held back, and so not counted among those judged.
RESTED_ON = ("p_trend", "p_scan", "p_difference", "q_trend", "q_scan")


def shares(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """By any columns: how many were counted (of), and of how many the outcome is not recorded.

    >>> shares(pd.DataFrame({"stratum": ["Black"], "denominator": [10.0], "value": [np.nan],
    ...                      "outcome_unknown": [4.0]}), ["stratum"])
      stratum  unknown    of  share
    0   Black      4.0  10.0    0.4
    """
    if UNKNOWN not in beside(rows):
        return pd.DataFrame(columns=[*by, "unknown", "of", "share"])
    told = rows[rows[UNKNOWN].notna()]
    # Of a measurement, those counted are the readings and those who have none.
    readings = told[READINGS] if READINGS in told else pd.Series(0.0, told.index)
    of = told["denominator"].where(told["denominator"].notna(), readings + told[UNKNOWN])
    sums = told[by].assign(unknown=told[UNKNOWN], of=of).groupby(by)[["unknown", "of"]].sum()
    sums = sums[sums["of"] > 0]
    return sums.assign(share=sums["unknown"] / sums["of"]).reset_index()


def outcome_charts(points: pd.DataFrame, measure: Measure) -> Charts | None:
    """The share without a recorded outcome, a p chart a stratum; None where all are recorded.

    By the month where counts are logged by the week.
    """
    found = shares(points, ["stratum", "subgroup"])
    if not found["unknown"].any():
        return None
    return unknown_charts(found.rename(columns={"of": "all"}), measure, "stratum")


def beside_points(points: pd.DataFrame, rows: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The points of charts with, beside each, what is known of its counts or readings."""
    known = beside(rows)
    if not known:
        return points
    floored = period in FLOORED and rows["numerator"].notna().any()
    days = calendar.floor(rows["subgroup"], period) if floored else rows["subgroup"]
    key = [*SERIES_KEY, "subgroup"]
    told = rows.assign(subgroup=days).groupby(key)[known].sum(min_count=1).reset_index()
    return points.merge(told, on=key, how="left")


def held_back(gaps: pd.DataFrame, reading: Reading, rows: pd.DataFrame) -> pd.DataFrame:
    """The gaps with what outcomes not recorded could change; no verdict where they are too many.

    `rows` are the measure's, with totals, as the gaps were worked out from.
    """
    rows = with_unread(rows, valued=reading.valued)
    if gaps.empty or UNKNOWN not in beside(rows):
        return gaps
    told = _of_values(reading, rows, gaps) if reading.valued else _told(reading, rows)
    if told.empty:
        return gaps
    gaps = gaps.merge(told, on=SERIES_KEY, how="left")
    gaps = gaps.assign(outcome_decides=gaps["outcome_decides"].eq(True))
    if "verdict" not in gaps:
        return gaps
    most = gaps[["outcome_unknown_share", "reference_outcome_unknown_share"]].max(axis=1)
    held = most.gt(reading.measure.most_outcome_unknown)
    held &= ~gaps["verdict"].fillna("").isin(SAY_NOTHING)
    gaps["verdict"] = gaps["verdict"].mask(held, str(Verdict.HELD_BACK))
    for name in RESTED_ON:
        gaps[name] = gaps[name].mask(held)
    # A stratum that was never held beside its reference has no flag, and gets none here.
    for name in ("established", "improving_while_widening", "improving_overall"):
        gaps[name] = gaps[name].mask(held, False)
    gaps["signal"] = gaps["signal"].mask(held, "")
    return gaps.assign(first_established=gaps["first_established"].mask(held))


def with_unread(rows: pd.DataFrame, *, valued: bool) -> pd.DataFrame:
    """The rows as if those that were refused were counted among, and their outcome not known.

    Only to see what they could change: no rate is ever worked out from them.

    >>> rows = pd.DataFrame({"numerator": [1.0], "denominator": [9.0], "value": [np.nan],
    ...                      "unread": [3.0]})
    >>> with_unread(rows, valued=False)[["denominator", "outcome_unknown"]].iloc[0].tolist()
    [12.0, 3.0]
    """
    if UNREAD not in beside(rows):
        return rows
    unread = rows[UNREAD].fillna(0.0)
    some = unread > 0
    unknown = rows[UNKNOWN] if UNKNOWN in rows else pd.Series(np.nan, rows.index)
    rows = rows.assign(**{UNKNOWN: (unknown.fillna(0.0) + unread).where(some, unknown)})
    if valued:
        readings = rows[READINGS] if READINGS in rows else pd.Series(np.nan, rows.index)
        none = some & rows["value"].isna()
        return rows.assign(**{READINGS: readings.mask(none, 0.0)})
    more = {
        "numerator": rows["numerator"].fillna(0.0).where(some, rows["numerator"]),
        "denominator": (rows["denominator"].fillna(0.0) + unread).where(some, rows["denominator"]),
    }
    return rows.assign(**more)


def too_little(reading: Reading, rows: pd.DataFrame) -> list[str]:
    """The sites at which so little is recorded of some stratum, or of all, that none is judged.

    As `held_back` has it, for those who see no stratum's true counts. `rows` are the measure's.
    """
    rows = with_unread(rows, valued=reading.valued)
    most = reading.measure.most_outcome_unknown
    whole = shares(rows, ["site"])
    held = set(whole.loc[whole["share"].gt(most), "site"]) if len(whole) else set()
    told = pd.DataFrame() if reading.valued or not len(whole) else _told(reading, rows)
    if len(told):
        of_strata = told[["outcome_unknown_share", "reference_outcome_unknown_share"]].max(axis=1)
        held |= set(told.loc[of_strata.gt(most), "site"])
    return sorted(held)


def signals_held_back(points: pd.DataFrame, gaps: pd.DataFrame) -> pd.DataFrame:
    """The points of gap charts, without the evidence and signals of gaps that are held back."""
    if points.empty or "verdict" not in gaps:
        return points
    held = gaps.loc[gaps["verdict"] == Verdict.HELD_BACK, SERIES_KEY]
    if held.empty:
        return points
    place = pd.MultiIndex.from_frame(points[SERIES_KEY])
    quiet = place.isin(pd.MultiIndex.from_frame(held))
    names = [name for name in ("evidence_up", "evidence_down", "evidence_limit") if name in points]
    blank = {name: points[name].mask(quiet) for name in names}
    return points.assign(signal=points["signal"].mask(quiet, 0), **blank)


def _told(reading: Reading, rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each site and stratum: how many, what share at most, and the bounds."""
    known = rows[rows["stratum"].isin(reading.project.strata.known)].dropna(subset=list(COUNTS))
    if known.empty or isinstance(reading.reference, float) or not reading.is_held(known):
        return pd.DataFrame()
    counts, against = reading.held_against(known)
    kind = "rate" if reading.measure.data == "rate" else "proportion"
    told = known.assign(**{UNKNOWN: known[UNKNOWN].fillna(0.0)})
    # The same cells in the same order, with those of no known outcome in place of events.
    parts = counted(told, UNKNOWN, "denominator", "stratum", ["site"], "subgroup", kind)
    windows = reading.windows(counts.subgroups)
    stretches = (slice(None), windows.early, windows.late)
    u, n = parts.numerator, parts.denominator
    own = _most(u, n, stretches)
    reference = _most(against(u), against(n), stretches)
    (x, n), (u, _) = (_summed(each.over(slice(None))) for each in (counts, parts))
    x0, n0, u0 = (against(part[..., None])[..., 0] for part in (x, n, u))
    methods = Methods(kind=reading.measure.data, ratio_alone=True)
    found = bounds.outcome_bounds((x, n), (x0, n0), (u, u0), methods=methods)
    ratios = [gap.ratio.estimate for gap in found.gaps.values()]
    plausible = np.stack(ratios[: bounds.PLAUSIBLE_OUTCOMES])
    columns: dict[str, FloatArray] = {
        UNKNOWN: u,
        "outcome_unknown_share": own,
        "reference_outcome_unknown_share": reference,
        "outcome_ratio_lower": _least(plausible),
        "outcome_ratio_upper": -_least(-plausible),
        "outcome_ratio_least": _least(np.stack(ratios)),
        "outcome_ratio_most": -_least(-np.stack(ratios)),
    }
    sites = [site for (site,) in counts.series]
    keys = pd.MultiIndex.from_product([sites, counts.strata], names=["site", "stratum"])
    table = pd.DataFrame({name: np.ravel(array) for name, array in columns.items()})
    table = pd.concat([keys.to_frame().reset_index(drop=True), table], axis=1)
    return table.assign(measure=reading.measure.id, outcome_decides=np.ravel(found.changes))


def _of_values(reading: Reading, rows: pd.DataFrame, gaps: pd.DataFrame) -> pd.DataFrame:
    """The same of measurements, whose means have no bounds: how many are missing, and what share.

    Those who have none are left out of the mean, so that any value of theirs is possible.
    """
    found = []
    for (measure, site, stratum, reference), _ in gaps.groupby([*SERIES_KEY, "reference"]):
        here = rows[(rows["site"] == site) & rows["stratum"].isin(reading.project.strata.known)]
        own = here["stratum"] == stratum
        others = ~own if reference == EVERYONE_ELSE else here["stratum"] == reference
        days = sorted(here["subgroup"].unique())
        shares_ = [_most_of(part, days, reading) for part in (here[own], here[others])]
        unknown = float(here.loc[own, UNKNOWN].sum())
        found.append((measure, site, stratum, unknown, *shares_, False))
    names = [*SERIES_KEY, UNKNOWN, "outcome_unknown_share", "reference_outcome_unknown_share"]
    return pd.DataFrame(found, columns=[*names, "outcome_decides"])


def _most_of(rows: pd.DataFrame, days: list[pd.Timestamp], reading: Reading) -> float:
    told = shares(rows, ["subgroup"]).set_index("subgroup").reindex(days)
    u, n = (told[name].fillna(0.0).to_numpy(float)[None] for name in ("unknown", "of"))
    windows = reading.windows(days)
    return float(_most(u, n, (slice(None), windows.early, windows.late))[0])


def _summed(pair: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    return pair[0][..., 0], pair[1][..., 0]


def _most(u: FloatArray, n: FloatArray, stretches: tuple[slice, ...]) -> FloatArray:
    """The largest share of any stretch: what is recorded better later on is no change."""
    found = []
    for place, stretch in enumerate(stretches):
        some, of = (np.nansum(part[..., stretch], axis=-1) for part in (u, n))
        enough = of >= (1 if place == 0 else FEW)
        found.append(np.divide(some, of, out=np.full_like(of, np.nan), where=enough & (of > 0)))
    return np.asarray(np.fmax.reduce(found))


def _least(ratios: FloatArray) -> FloatArray:
    """The least of those that are known; nan where none is."""
    return np.asarray(np.fmin.reduce(ratios))
