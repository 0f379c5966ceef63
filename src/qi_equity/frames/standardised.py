"""Tables of counts in, rates made comparable out; the sums are done in qi_equity.equity, not here.

Crude rates come first: what is adjusted for may be part of the cause.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from qi_equity.equity.intervals import Interval
from qi_equity.equity.standardised import direct, indirect, mean_interval, quantile_groups
from qi_equity.frames.counts import check_columns, counted
from qi_equity.frames.given import any_table


@any_table
def standardised(
    data: pd.DataFrame,
    *,
    count: str,
    population: str,
    band: str,
    by: str | Sequence[str],
    standard: pd.Series | None = None,
    reference_rate: pd.Series | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Rates of places as they would be with the same people, or events beside those expected.

    `band` tells people apart (ages, parities, gestations). Give `standard`, people in each band of
    a standard population, for directly standardised rates (Dobson et al. 1991), or
    `reference_rate`, a rate for each band, for the ratio of events to those expected (Byar). Both
    are series by band. Returns a row a place: by..., events, value, lower, upper; a direct rate of
    fewer than ten events is nan, since it rests on one or two bands of people (OHID).

    Raises DataErrors naming columns that are missing or hold no counts.

    >>> births = pd.DataFrame({"site": ["A", "A", "B", "B"], "age": ["<35", "35+"] * 2,
    ...                        "pph": [30, 20, 20, 40], "births": [1000, 500, 500, 1000]})
    >>> same = pd.Series({"<35": 1000.0, "35+": 500.0})
    >>> standardised(births, count="pph", population="births", band="age", by="site",
    ...              standard=same)[["site", "value"]].round(4)
      site   value
    0    A  0.0333
    1    B  0.0400
    """
    groups = [by] if isinstance(by, str) else list(by)
    check_columns(data, count, population, [*groups, band])
    counts = counted(data, count, population, band, groups, None, "rate")
    events, people = (part[..., 0] for part in counts.over(slice(None)))
    events, people = np.nan_to_num(events), np.nan_to_num(people)
    if standard is not None:
        weights = standard.reindex(counts.strata).to_numpy(float)
        found = direct(events, people, weights, confidence)
    else:
        rates = pd.Series(reference_rate, dtype=float).reindex(counts.strata).to_numpy(float)
        found = indirect(events, people, rates, confidence)
    table = pd.DataFrame(counts.series, columns=groups)
    return table.assign(events=events.sum(axis=-1), **_three(found))


@any_table
def means(
    data: pd.DataFrame, *, value: str, by: str | Sequence[str], confidence: float = 0.95
) -> pd.DataFrame:
    """The mean reading of every series with Student's interval.

    Returns a row a series: by..., readings, value, lower, upper. Raises DataErrors where a column
    is missing or holds no numbers.

    >>> minutes = pd.DataFrame({"site": ["A"] * 3, "minutes": [30.0, 40.0, 50.0]})
    >>> means(minutes, value="minutes", by="site").round(1)
      site  readings  value  lower  upper
    0    A         3   40.0   15.2   64.8
    """
    groups = [by] if isinstance(by, str) else list(by)
    check_columns(data, value, value, groups)
    rows = []
    for key, own in data.groupby(groups, sort=True):
        readings = own[value].dropna().to_numpy(float)
        found = mean_interval(readings, confidence)
        rows.append([*key, len(readings), *(float(part) for part in _three(found).values())])
    return pd.DataFrame(rows, columns=[*groups, "readings", "value", "lower", "upper"])


@any_table
def quantiles(
    places: pd.DataFrame, *, value: str, groups: int = 5, highest_first: bool = False
) -> pd.Series:
    """Places sorted into groups of equal size by a value, as deprivation fifths are; ties together.

    Returns the group of each row, 1 the lowest (or the highest, with ``highest_first``). Raises
    DataErrors where the column is missing or holds no numbers.

    >>> areas = pd.DataFrame({"area": list("abcd"), "imd": [3, 1, 2, 4]})
    >>> quantiles(areas, value="imd", groups=2).tolist()
    [2.0, 1.0, 1.0, 2.0]
    """
    check_columns(places, value, value, [])
    found = quantile_groups(places[value].to_numpy(float), groups, highest_first=highest_first)
    return pd.Series(found, index=places.index, name="group")


def _three(found: Interval) -> dict[str, np.ndarray]:
    parts = (found.estimate, found.lower, found.upper)
    return dict(zip(("value", "lower", "upper"), map(np.asarray, parts), strict=True))
