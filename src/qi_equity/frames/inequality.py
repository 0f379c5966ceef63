"""A table of counts in, WHO's summary measures of inequality out; nothing is worked out here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

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


def inequality(
    data: pd.DataFrame,
    *,
    numerator: str,
    denominator: str,
    stratum: str = "ethnicity",
    by: str | Sequence[str] | None = None,
    adverse: bool = True,
) -> pd.DataFrame:
    """One row a series and measure: as seen, by chance alone, and with the noise taken off.

    Every measure of spread is pushed up by chance where strata are small, so `expected` says what
    it would be on average with no inequality at all, `p_value` how rarely chance alone goes as
    far, and `corrected` is the measure less its noise (nan where no correction is known).

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
    chance = by_chance(x.to_numpy(float), n.to_numpy(float), list(MEASURES), adverse=adverse)
    clean = corrected(strata_from_counts(x.to_numpy(float), n.to_numpy(float), adverse=adverse))
    labels = x.index.to_frame(index=False)[groups]
    none = np.full(len(labels), np.nan)
    columns = {
        name: np.concatenate([of(measure) for measure in MEASURES])
        for name, of in {
            "name": lambda measure: np.full(len(labels), measure, dtype=object),
            "seen": lambda measure: chance[measure].seen,
            "expected": lambda measure: chance[measure].expected,
            "p_value": lambda measure: chance[measure].p_value,
            "corrected": lambda measure: clean.get(measure, none),
        }.items()
    }
    repeated = labels.loc[np.tile(np.arange(len(labels)), len(MEASURES))].reset_index(drop=True)
    table = repeated.assign(**columns)
    return table.sort_values(groups, kind="stable", ignore_index=True) if groups else table
