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
    known = data.dropna(subset=[numerator, denominator]).assign(all=0)
    sums = known.groupby([*groups, "all", stratum])[[numerator, denominator]].sum()
    x, n = (sums[name].unstack(stratum) for name in (numerator, denominator))
    labels = x.index.to_frame(index=False)[groups]
    chance = by_chance(x.to_numpy(float), n.to_numpy(float), list(MEASURES), adverse=adverse)
    clean = corrected(strata_from_counts(x.to_numpy(float), n.to_numpy(float), adverse=adverse))
    none = np.full(len(labels), np.nan)
    columns = {
        "name": np.repeat(np.array(MEASURES, dtype=object), len(labels)),
        "seen": np.concatenate([chance[name].seen for name in MEASURES]),
        "expected": np.concatenate([chance[name].expected for name in MEASURES]),
        "p_value": np.concatenate([chance[name].p_value for name in MEASURES]),
        "corrected": np.concatenate([clean.get(name, none) for name in MEASURES]),
    }
    repeated = labels.loc[np.tile(np.arange(len(labels)), len(MEASURES))].reset_index(drop=True)
    table = repeated.assign(**columns, lower=np.nan, upper=np.nan)
    ranked = [name for name in order if name in x]
    if len(ranked) > 2:
        counts = (part[ranked].to_numpy(float) for part in (x, n))
        parts = [labels.assign(**row) for row in _in_order(*counts, adverse=adverse)]
        table = pd.concat([table, *parts], ignore_index=True)
    return table.sort_values(groups, kind="stable", ignore_index=True) if groups else table


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
            "corrected": float("nan"),
            "lower": found[name].lower,
            "upper": found[name].upper,
        }
