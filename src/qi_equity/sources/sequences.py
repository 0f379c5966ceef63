"""Cases between events, from each day's counts: the sequence of babies, where months have too few.

No record leaves the engine: of cases on one day the order is not known, and those with the event
are taken as the last.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from qi_equity.observations import KEY

SEQUENCE = "cases between"
ONE = ["measure", "site", "stratum"]


def between(daily: pd.DataFrame) -> pd.DataFrame:
    """How many cases without the event lie between an event and the one before it.

    One row a day with an event, after the first: of several on one day, their mean in whole cases,
    as the chart counts. What came before the first event is left out, since nobody knows when the
    one before it was.

    >>> days = pd.date_range("2025-01-06", periods=4)
    >>> log = pd.DataFrame({"measure": "early", "site": "a", "stratum": "Black", "subgroup": days,
    ...                     "numerator": [1, 0, 1, 2], "denominator": [3, 2, 2, 4.0]})
    >>> between(log)[["subgroup", "value"]].to_numpy().tolist()
    [[Timestamp('2025-01-08 00:00:00'), 3.0], [Timestamp('2025-01-09 00:00:00'), 1.0]]
    """
    table = daily.sort_values(KEY)
    events, cases = table["numerator"].to_numpy(float), table["denominator"].to_numpy(float)
    groups = [table[name] for name in ONE]
    waited = pd.Series(cases - events, table.index).groupby(groups).cumsum()
    happened = table[events > 0].assign(waited=waited[events > 0])
    since = happened.groupby(ONE)["waited"].diff()
    found = happened.assign(
        value=np.rint((since / happened["numerator"]).to_numpy(float)),
        numerator=np.nan,
        denominator=np.nan,
    )
    columns = [*KEY, "numerator", "denominator", "value"]
    return found.loc[since.notna(), columns].reset_index(drop=True)
