"""A table of counts in, one look across sites out; the sums are done in equity and spc, not here.

For learning, not a league: sites keep the order of their labels and are never ranked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.equity.across_sites import across_sites
from qi_equity.equity.gaps import SIZE_FLOOR, Methods, gap, gap_from_target
from qi_equity.equity.intervals import Interval
from qi_equity.equity.pooling import Pooled, pooled_rates, pooled_ratios, week_dispersion
from qi_equity.errors import DataErrors, did_you_mean
from qi_equity.frames.counts import (
    EVERYONE_ELSE,
    Counts,
    cells,
    check_columns,
    counted,
    reference_of,
)
from qi_equity.frames.funnel import Funnels, of_counts
from qi_equity.frames.gaps import gaps
from qi_equity.frames.given import any_table

DISAGREE = 0.05  # p-value below which the sites' gaps differ by more than chance
BEFORE, AFTER = "before", "after"
FUNNEL = ("beyond_95", "beyond_998")


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """One look across sites.

    ``rows``: a row a site and stratum: by..., stratum, site, numerator, denominator, dispersion
    (how many times more than chance its weeks vary), its own rate and ratio with intervals, what
    these are when it borrows from the other sites (rate_shrunk, ratio_shrunk), how much is
    borrowed (rate_borrowed, ratio_borrowed, 0 to 1), and its place in the funnel (beyond_95,
    beyond_998).

    ``within``: a row a stratum: the gap within sites (ratio, difference, p_value), sites that
    tell, p_sites_differ and agree, the middle site's ratio (level) and how sites lie about it
    (spread, on the log scale).

    ``funnel``: a funnel for each stratum.
    """

    rows: pd.DataFrame
    within: pd.DataFrame
    funnel: Funnels


@any_table
def sites(
    data: pd.DataFrame,
    *,
    numerator: str,
    denominator: str,
    site: str = "site",
    stratum: str = "ethnicity",
    reference: object = EVERYONE_ELSE,
    by: str | Sequence[str] | None = None,
    subgroup: str | None = None,
    baseline: object = None,
    direction: Literal["increase", "decrease"] = "decrease",
    kind: Literal["proportion", "rate"] = "proportion",
    total: str | None = None,
    confidence: float = 0.95,
) -> Sites:
    """Every site's rate and gap beside what the other sites say of it; gaps within sites; funnels.

    Each stratum is compared within its own site, with the reference as `gaps` has it ("best at
    baseline" is chosen once, on all sites). With ``subgroup`` the scatter of each site's weeks
    beyond chance widens its intervals. ``total`` is the label under which all strata together
    have rows of their own.

    Returns Sites. ``rows``, a row a series, stratum and site: rate and ratio, each own, _shrunk and
    with limits, how much is borrowed, beyond_95, beyond_998. ``within``, a row a stratum: the gap
    within sites, p_value, p_sites_differ, agree, level, spread.

    Raises DataErrors naming columns, counts or arguments that are not right.

    >>> births = pd.DataFrame({
    ...     "site": ["A", "A", "B", "B", "C", "C"], "ethnicity": ["Black", "White"] * 3,
    ...     "pph": [3, 9, 12, 20, 9, 16], "births": [20, 200, 90, 250, 40, 150],
    ... })
    >>> found = sites(births, numerator="pph", denominator="births", reference="White")
    >>> found.rows.loc[:2, ["site", "ratio", "ratio_shrunk", "ratio_borrowed"]].round(2)
      site  ratio  ratio_shrunk  ratio_borrowed
    0    A   3.33          2.27            0.69
    1    B   1.67          1.82            0.48
    2    C   2.11          2.04            0.51
    >>> found.within[["ethnicity", "ratio", "sites", "agree"]].round(2)
      ethnicity  ratio  sites  agree
    0     Black   1.97    3.0   True
    """
    groups = [by] if isinstance(by, str) else list(by or [])
    timed = [subgroup] if subgroup else []
    check_columns(data, numerator, denominator, [*groups, site, *timed, stratum])
    seen = _seen(data, numerator, denominator, stratum, site, groups, subgroup, kind)
    known = seen.network.baseline_length(baseline, subgroup)
    label, against = reference_of(
        reference, seen.network, known, direction, SIZE_FLOOR, 1.0, kind, stratum
    )
    own, ratios, apart = _compared(seen, against, kind, confidence)
    names = [*groups, stratum, site]
    looked = _looked(seen, own, ratios, label, kind, total, confidence)
    drawn, at = _funnels(seen, looked, names, kind)
    here = np.flatnonzero(looked.present)
    labels = cells(names, seen.network.series, looked.strata, seen.sites)
    rows = pd.DataFrame(
        {name: column.take(here) for name, column in labels.items()}
        | {name: part.ravel()[here] for name, part in looked.columns.items()}
        | {name: drawn.sites[name].to_numpy()[at] for name in FUNNEL}
    )
    return Sites(rows, _within(seen, apart, label, ratios, [*groups, stratum]), drawn)


@any_table
def tried(
    data: pd.DataFrame,
    *,
    sites: Collection[Hashable],
    since: object,
    numerator: str,
    denominator: str,
    subgroup: str,
    site: str = "site",
    stratum: str = "ethnicity",
    reference: object = EVERYONE_ELSE,
    by: str | Sequence[str] | None = None,
    direction: Literal["increase", "decrease"] = "decrease",
    kind: Literal["proportion", "rate"] = "proportion",
) -> pd.DataFrame:
    """Rates and gaps before and after, in ``sites`` that tried a change and in those that did not.

    ``since`` is the first subgroup after the change began. Counts are added up over the sites of
    each kind. Sites that tried it differ in more than the change: this is an association.

    Returns the rows of `gaps`, with the columns tried, window ("before", "after") and sites.

    Raises DataErrors naming columns, counts, sites or arguments that are not right.

    >>> births = pd.DataFrame({
    ...     "site": ["A", "A", "B", "B"] * 2, "ethnicity": ["Black", "White"] * 4,
    ...     "month": [1] * 4 + [2] * 4, "pph": [8, 9, 9, 9, 4, 9, 9, 10], "births": [99] * 8,
    ... })
    >>> found = tried(births, sites=["A"], since=2, numerator="pph", denominator="births",
    ...               subgroup="month", reference="White")
    >>> black = found[found["ethnicity"] == "Black"]
    >>> black[["tried", "window", "sites", "rate", "ratio"]].round(2)
       tried  window  sites  rate  ratio
    0  False  before      1  0.09   1.00
    2  False   after      1  0.09   0.90
    4   True  before      1  0.08   0.89
    6   True   after      1  0.04   0.44
    """
    groups = [by] if isinstance(by, str) else list(by or [])
    check_columns(data, numerator, denominator, [*groups, site, subgroup, stratum])
    there = data[site].dropna().unique().tolist()
    strange = [name for name in sites if name not in there]
    if strange:
        raise DataErrors(
            [
                f"sites: no site called '{one}'{did_you_mean(one, map(str, there))}"
                for one in strange
            ]
        )
    later = data[subgroup] >= _moment(since, data[subgroup])
    split = data.assign(tried=data[site].isin(list(sites)), window=np.where(later, AFTER, BEFORE))
    table = gaps(
        split,
        numerator=numerator,
        denominator=denominator,
        stratum=stratum,
        reference=reference,
        by=[*groups, "tried", "window"],
        direction=direction,
        kind=kind,
    ).drop(columns=["disagree", "sentence", "q_value"])
    keys = [*groups, "tried", "window"]
    number = split.groupby(keys)[site].nunique().rename("sites").reset_index()
    table = table.merge(number, on=keys, how="left")
    order = table["window"].eq(AFTER).rename("_late")
    table = pd.concat([table, order], axis=1)
    table = table.sort_values([*groups, "tried", "_late"], kind="stable", ignore_index=True)
    return table.drop(columns="_late")


def _moment(since: object, subgroups: pd.Series) -> Any:
    return pd.Timestamp(since) if pd.api.types.is_datetime64_any_dtype(subgroups) else since  # type: ignore[arg-type]


# ------------------------------------------------------------------ counts by stratum and site


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """Counts by series, stratum, site and subgroup; nan where nothing was logged."""

    numerator: FloatArray
    denominator: FloatArray
    present: BoolArray  # cells of series, stratum and site with a row in the data
    network: Counts  # all sites together
    sites: list[Any]


def _seen(
    data: pd.DataFrame,
    numerator: str,
    denominator: str,
    stratum: str,
    site: str,
    groups: list[str],
    subgroup: str | None,
    kind: str,
) -> _Seen:
    network = counted(data, numerator, denominator, stratum, groups, subgroup, kind)
    each = counted(data, numerator, denominator, stratum, [*groups, site], subgroup, kind)
    names = list(dict.fromkeys(key[-1] for key in sorted(each.series, key=lambda key: key[-1])))
    place = [(network.series.index(key[:-1]), names.index(key[-1])) for key in each.series]
    at = tuple(np.array(place).T)

    def spread_out(cells: np.ndarray, blank: object) -> np.ndarray:
        whole = np.full((len(network.series), len(names), *cells.shape[1:]), blank)
        whole[at] = cells
        return whole.swapaxes(1, 2)

    return _Seen(
        spread_out(each.numerator, np.nan),
        spread_out(each.denominator, np.nan),
        np.asarray(spread_out(each.present, False).any(axis=-1)),
        network,
        names,
    )


def _summed(weeks: FloatArray) -> FloatArray:
    """Totals over the subgroups; nan where none was logged."""
    return np.where(np.isnan(weeks).all(axis=-1), np.nan, np.nansum(weeks, axis=-1))


Rated = tuple[FloatArray, FloatArray, FloatArray]  # numerator, denominator, dispersion
Ratios = tuple[Interval, Pooled]
Against = float | Callable[[FloatArray], FloatArray]


def _rated(x: FloatArray, n: FloatArray, kind: str) -> Rated:
    return _summed(x), _summed(n), week_dispersion(x, n, kind=kind)


def _compared(
    seen: _Seen, against: Against, kind: str, confidence: float
) -> tuple[Rated, Ratios, Any]:
    """Each stratum's counts, its ratio to the reference at its own site, and the gap within."""
    x, n, phi = own = _rated(seen.numerator, seen.denominator, kind)
    methods = Methods(kind)
    if isinstance(against, float):
        ratio = gap_from_target(x / phi, n / phi, against, confidence, methods).ratio
        pooled = pooled_rates(x, n, kind=kind, dispersion=phi, confidence=confidence)
        level = pooled.level / against
        shrunk = pooled.shrunk.times(1 / against)
        return own, (ratio, Pooled(shrunk, pooled.borrowed, level, pooled.spread)), None
    shape = seen.numerator.shape
    x0, n0 = (
        against(part.reshape(*shape[:2], -1)).reshape(shape)
        for part in (seen.numerator, seen.denominator)
    )
    x0, n0, phi0 = _rated(x0, n0, kind)
    ratio = gap(x / phi, n / phi, x0 / phi0, n0 / phi0, confidence, methods).ratio
    pooled = pooled_ratios(
        x, n, x0, n0, kind=kind, dispersion=phi, reference_dispersion=phi0, confidence=confidence
    )
    apart = across_sites(x, n, x0, n0, confidence=confidence) if kind == "proportion" else None
    return own, (ratio, pooled), apart


# ------------------------------------------------------------------ writing the tables


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """What is said of every cell, by series, stratum and site: all strata together come last."""

    strata: list[Any]
    present: BoolArray
    columns: dict[str, np.ndarray]


def _looked(
    seen: _Seen,
    own: Rated,
    ratios: Ratios,
    label: Any,
    kind: str,
    total: str | None,
    confidence: float,
) -> _Looked:
    x, n, phi = own
    strata, present = list(seen.network.strata), seen.present
    ratio, pooled = ratios
    columns = {
        "reference": np.asarray(label, dtype=object),
        **_three("ratio", ratio),
        **_three("ratio_shrunk", pooled.shrunk),
        "ratio_borrowed": pooled.borrowed,
    }
    columns = {name: np.broadcast_to(part, x.shape) for name, part in columns.items()}
    if total is not None:
        strata, present = (
            [*strata, total],
            _beside(present, np.asarray(present.any(axis=1, keepdims=True))),
        )
        everyone = _rated(_all(seen.numerator), _all(seen.denominator), kind)
        x, n, phi = (_beside(*both) for both in zip((x, n, phi), everyone, strict=True))
        blank = np.full((len(x), 1, x.shape[2]), np.nan)
        columns = {name: _beside(part, blank) for name, part in columns.items()}
    shrunk = pooled_rates(x, n, kind=kind, dispersion=phi, confidence=confidence)
    rate = Methods(kind).one(x / phi, n / phi, confidence)
    columns = {
        "numerator": x,
        "denominator": n,
        "dispersion": phi,
        **_three("rate", rate),
        **_three("rate_shrunk", shrunk.shrunk),
        "rate_borrowed": shrunk.borrowed,
        **columns,
    }
    return _Looked(strata, present, columns)


def _funnels(seen: _Seen, looked: _Looked, names: list[str], kind: str) -> tuple[Funnels, IntArray]:
    """A funnel a series and stratum, these sorted, and the place in it of each cell with a row."""
    rank, _ = pd.factorize(np.array(looked.strata, dtype=object), sort=True)
    order = np.argsort(rank)
    present = looked.present[:, order]
    told = np.asarray(present.any(axis=-1))
    number = (np.cumsum(present) - 1).reshape(present.shape)
    series = [
        (*key, looked.strata[at])
        for key, some in zip(seen.network.series, told, strict=True)
        for at in order[some]
    ]
    x, n = (
        looked.columns[name][:, order][told][..., np.newaxis]
        for name in ("numerator", "denominator")
    )
    counts = Counts(x, n, present[told][..., np.newaxis], series, seen.sites, [None])
    return of_counts(counts, names, kind=kind), number[:, rank][looked.present]


def _within(seen: _Seen, apart: Any, label: Any, ratios: Ratios, names: list[str]) -> pd.DataFrame:
    """A row a stratum that two sites can tell of; none for rates over an exposure or a target."""
    labels = cells(names, seen.network.series, seen.network.strata)
    if apart is None:
        return pd.DataFrame(labels).iloc[:0]
    shape = apart.sites.shape
    columns = {
        "reference": np.broadcast_to(np.asarray(label, dtype=object), (*shape, 1))[..., 0],
        **_three("ratio", apart.ratio),
        **_three("difference", apart.difference),
        "p_value": apart.p_value,
        "sites": apart.sites,
        "p_sites_differ": apart.ratios_differ,
        "agree": ~(apart.ratios_differ < DISAGREE),
        "level": ratios[1].level,
        "spread": ratios[1].spread,
    }
    table = pd.DataFrame(labels | {name: part.ravel() for name, part in columns.items()})
    return table[table["sites"] >= 2].reset_index(drop=True)


def _three(name: str, interval: Interval) -> dict[str, FloatArray]:
    return {
        name: interval.estimate,
        f"{name}_lower": interval.lower,
        f"{name}_upper": interval.upper,
    }


def _all(weeks: FloatArray) -> FloatArray:
    """All strata together; nan where none was logged."""
    held = np.isfinite(weeks).any(axis=1, keepdims=True)
    return np.where(held, np.nansum(weeks, axis=1, keepdims=True), np.nan)


def _beside(strata: np.ndarray, everyone: np.ndarray) -> np.ndarray:
    return np.concatenate([strata, everyone], axis=1)
