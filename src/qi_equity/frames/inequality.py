"""A table of counts in, WHO's summary measures of inequality out; nothing is worked out here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray
from qi_equity.equity.inequality import inequality as with_intervals
from qi_equity.equity.inequality import strata_from_counts
from qi_equity.equity.inequality_noise import by_chance, corrected
from qi_equity.frames.counts import cells, counted

# WHO's measures for strata without an order.
MEASURES = (
    "d",  # highest rate less the lowest
    "r",  # highest rate over the lowest
    "bgsd",  # between-group standard deviation
    "cov",  # coefficient of variation (%)
    "mdmw",  # mean distance from the mean, by people
    "mdbw",  # mean distance from the best stratum, by people
    "idisw",  # index of disparity, by people (%)
    "ti",  # Theil index (x 1,000)
    "mld",  # mean log deviation (x 1,000)
    "paf",  # population attributable fraction (%)
)
NUMBERS = ("seen", "expected", "p_value", "corrected", "lower", "upper")
# For strata in an order, beside those: a line through all of them, by their place in line
# (Mackenbach and Kunst 1997, Soc Sci Med 44:757).
IN_ORDER = (
    "sii",  # slope index: the rate at the best-off end of the line less that at the worst-off end
    "rii",  # relative index: the one over the other
)


def inequality(
    data: pd.DataFrame,
    *,
    numerator: str,
    denominator: str,
    stratum: str = "ethnicity",
    by: str | Sequence[str] | None = None,
    adverse: bool = True,
    order: Sequence[str] = (),
) -> pd.DataFrame:
    """One row a series and measure: as seen, by chance alone, and with the noise taken off.

    Every measure of spread is pushed up by chance where strata are small, so `expected` says what
    it would be on average with no inequality at all, `p_value` how rarely chance alone goes as
    far, and `corrected` is the measure less its noise (nan where no correction is known).

    `order` names the strata from the worst off to the best off where they have an order, as
    deprivation has and ethnicity has not: then the slope and relative index stand beside the
    others, with intervals (`lower`, `upper`).

    >>> births = pd.DataFrame({"ethnicity": ["Asian", "Black", "White"], "pph": [8, 30, 20],
    ...                        "births": [200, 200, 400]})
    >>> found = inequality(births, numerator="pph", denominator="births").set_index("name")
    >>> found.loc["r", ["seen", "expected"]].round(2).tolist()
    [3.75, 1.53]
    """
    groups = [by] if isinstance(by, str) else list(by or [])
    told = data[numerator].notna() & data[denominator].notna()
    known = data if told.all() else data[told]
    counts = counted(known, numerator, denominator, stratum, groups, None, "rate")
    x, n = counts.numerator[..., 0], counts.denominator[..., 0]
    rows = [*_unordered(x, n, adverse=adverse)]
    ranked = [counts.strata.index(name) for name in order if name in counts.strata]
    if len(ranked) > 2:
        rows += _in_order(x[:, ranked], n[:, ranked], adverse=adverse)
    labels = cells([*groups, "name"], counts.series, [row["name"] for row in rows])
    numbers = {
        name: np.stack([np.broadcast_to(row[name], len(x)) for row in rows], axis=-1).ravel()
        for name in NUMBERS
    }
    return pd.DataFrame(labels | numbers)


def _unordered(x: FloatArray, n: FloatArray, *, adverse: bool) -> Iterator[dict[str, Any]]:
    """WHO's measures, with what chance alone would make of them."""
    chance = by_chance(x, n, list(MEASURES), adverse=adverse)
    clean = corrected(strata_from_counts(x, n, adverse=adverse))
    several = (n > 0).sum(axis=1) > 1  # one alone is not unequal, nor equal
    for name in MEASURES:
        found = chance[name]
        numbers = (found.seen, found.expected, found.p_value, clean.get(name, np.nan))
        known = [np.where(several, number, np.nan) for number in numbers]
        yield {
            "name": name,
            **dict(zip(("seen", "expected", "p_value", "corrected"), known, strict=True)),
            "lower": np.nan,
            "upper": np.nan,
        }


def _in_order(x: FloatArray, n: FloatArray, *, adverse: bool) -> Iterator[dict[str, Any]]:
    """The slope and the relative index, with intervals and what chance alone would make of them."""
    chance = by_chance(x, n, IN_ORDER, ordered=True, adverse=adverse)
    found = with_intervals(strata_from_counts(x, n, ordered=True, adverse=adverse), IN_ORDER)
    for name in IN_ORDER:
        yield {
            "name": name,
            "seen": chance[name].seen,
            "expected": chance[name].expected,
            "p_value": chance[name].p_value,
            "corrected": np.nan,
            "lower": found[name].lower,
            "upper": found[name].upper,
        }
