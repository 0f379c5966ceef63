"""The CUSUM chart of a signal system, as tables: each series against one fixed reference rate.

The sums are done in qi_equity.spc.monitor. Nothing here learns a level or allows for scatter
beyond chance; frames.watch does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from qi_equity.errors import DataErrors
from qi_equity.frames.counts import check_columns, counted
from qi_equity.frames.given import any_table
from qi_equity.spc.monitor import DOUBLING, WEIGHTS, cusum, cusum_limit

WEEKS_A_YEAR = 52
# Chance that a series at its reference rate signals in a year.
ALARMS_A_YEAR = 0.05


@any_table
def cusum_chart(
    data: pd.DataFrame,
    *,
    numerator: str,
    denominator: str,
    subgroup: str,
    reference: float,
    by: str | Sequence[str] | None = None,
    kind: str = "proportion",
    ratio: float = DOUBLING,
    alarms: float = ALARMS_A_YEAR,
    periods_a_year: int = WEEKS_A_YEAR,
    sized_by: int = 26,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Points and summary of CUSUMs that look for `ratio` times the odds of `reference`.

    `kind` is proportion or rate. The limit is crossed with chance `alarms` in a year of subgroups
    as large as the first `sized_by` were on average, and stays where it is; after a signal the
    sum starts again. The horizon stands in the summary.

    Returns points (by..., subgroup, cusum, limit, signal) and a summary, a row a series: by...,
    reference, ratio, limit, signals, first_signal, change_estimate (since when the sum climbs),
    false_alarms_a_year, years_between_false_alarms.

    Raises DataErrors naming columns, counts or arguments that are not right.

    >>> weeks = pd.DataFrame({"week": range(60), "births": 40, "pph": [2] * 40 + [6] * 20})
    >>> points, summary = cusum_chart(weeks, numerator="pph", denominator="births",
    ...                               subgroup="week", reference=0.05)
    >>> summary[["first_signal", "signals", "years_between_false_alarms"]]
       first_signal  signals  years_between_false_alarms
    0            42        6                        20.0
    """
    if kind not in WEIGHTS:
        raise DataErrors(
            [f"kind '{kind}': choose {' or '.join(WEIGHTS)}"], "the call of cusum_chart"
        )
    keys = [by] if isinstance(by, str) else list(by or [])
    check_columns(data, numerator, denominator, [*keys, subgroup])
    highest = 1 if kind == "proportion" else np.inf
    if not 0 < reference < highest:
        problem = f"reference {reference:g}: give a rate above 0 and below {highest:g}"
        raise DataErrors([problem], "the call of cusum_chart")
    counted(data, numerator, denominator, subgroup, keys, None, kind)  # refuses what is no count
    table = data.sort_values([*keys, subgroup], kind="stable")
    parts, rows = [], []
    grouped = table.groupby(keys, sort=False) if keys else [((), table)]
    for name, rows_of in grouped:
        events, size = (rows_of[column].to_numpy(float) for column in (numerator, denominator))
        known = np.isfinite(events) & (size > 0)
        usual = float(size[known][:sized_by].mean()) if known.any() else 0.0
        limit = cusum_limit(usual, reference, periods_a_year, alarms, kind, ratio)
        found = cusum(
            np.where(known, events, np.nan)[None], size[None], np.array([reference]),
            np.array([limit]), kind, ratio,
        )  # fmt: skip
        signal = np.flatnonzero(found.signal[0])
        labels = rows_of[subgroup].to_numpy()
        first = int(signal[0]) if signal.size else -1
        parts.append(
            rows_of[[*keys, subgroup]].assign(
                cusum=found.value[0], limit=limit, signal=found.signal[0]
            )
        )
        rows.append({
            **dict(zip(keys, name if isinstance(name, tuple) else (name,), strict=True)),
            "reference": reference,
            "ratio": ratio,
            "limit": limit,
            "signals": signal.size,
            "first_signal": labels[first] if first >= 0 else None,
            "change_estimate": labels[found.since[0, first]] if first >= 0 else None,
            "false_alarms_a_year": alarms,
            "years_between_false_alarms": 1 / alarms,
        })  # fmt: skip
    return pd.concat(parts, ignore_index=True), pd.DataFrame(rows)
