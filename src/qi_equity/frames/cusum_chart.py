"""The CUSUM chart of a signal system, as tables: each series against one fixed reference rate.

The sums are done in qi_equity.spc.monitor. Nothing here learns a level or allows for scatter
beyond chance; frames.watch does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray
from qi_equity.errors import DataErrors
from qi_equity.frames.counts import Counts, check_columns, counted
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

    `kind` is proportion or rate. Rows of one series and subgroup are added up to one look. The
    limit is crossed with chance `alarms` in a year of subgroups as large as the first `sized_by`
    were on average, and stays where it is; after a signal the sum starts again. The horizon stands
    in the summary.

    Returns points (by..., subgroup, cusum, limit, signal) and a summary, a row a series: by...,
    reference, ratio, limit, latest (the sum now), signals, first_signal, last_signal,
    change_estimate (since when the sum climbed to the first), false_alarms_a_year,
    years_between_false_alarms, provisional (fewer than `sized_by` subgroups are there yet, so that
    the limit may still move).

    Raises DataErrors naming columns, counts or arguments that are not right.

    >>> weeks = pd.DataFrame({"week": range(60), "births": 40, "pph": [2] * 40 + [6] * 20})
    >>> points, summary = cusum_chart(weeks, numerator="pph", denominator="births",
    ...                               subgroup="week", reference=0.05)
    >>> summary[["first_signal", "signals", "years_between_false_alarms"]]
       first_signal  signals  years_between_false_alarms
    0            42        6                        20.0
    """
    keys = [by] if isinstance(by, str) else list(by or [])
    counts = _counts(data, (numerator, denominator), keys, subgroup, reference, kind)
    asked = _Asked(reference, kind, ratio, alarms, periods_a_year, sized_by)
    parts, rows = [], []
    for place, name in enumerate(counts.series):
        there = np.flatnonzero(counts.present[place, :, 0])
        events, size = (part[place, there, 0] for part in (counts.numerator, counts.denominator))
        labels = pd.Series([counts.strata[at] for at in there])
        columns, summary = asked.of_series(events, size, labels.array)
        named = dict(zip(keys, name, strict=True))
        parts.append(pd.DataFrame(named | {subgroup: labels} | columns))
        rows.append(named | summary)
    return pd.concat(parts, ignore_index=True), pd.DataFrame(rows)


def _counts(
    data: pd.DataFrame,
    counts: tuple[str, str],
    keys: list[str],
    subgroup: str,
    reference: float,
    kind: str,
) -> Counts:
    """The counts of each series and subgroup, added up; what is not right is refused."""
    if kind not in WEIGHTS:
        raise DataErrors(
            [f"kind '{kind}': choose {' or '.join(WEIGHTS)}"], "the call of cusum_chart"
        )
    check_columns(data, *counts, [*keys, subgroup])
    highest = 1 if kind == "proportion" else np.inf
    if not 0 < reference < highest:
        problem = f"reference {reference:g}: give a rate above 0 and below {highest:g}"
        raise DataErrors([problem], "the call of cusum_chart")
    return counted(data, *counts, subgroup, keys, None, kind)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is looked for, and how often chance may be taken for it."""

    reference: float
    kind: str
    ratio: float
    alarms: float
    periods_a_year: int
    sized_by: int

    def of_series(
        self, events: FloatArray, size: FloatArray, labels: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Columns of one series' points, and its summary."""
        known = np.isfinite(events) & (size > 0)
        usual = float(size[known][: self.sized_by].mean()) if known.any() else 0.0
        limit = cusum_limit(
            usual, self.reference, self.periods_a_year, self.alarms, self.kind, self.ratio
        )
        found = cusum(
            np.where(known, events, np.nan)[None], size[None], np.array([self.reference]),
            np.array([limit]), self.kind, self.ratio,
        )  # fmt: skip
        value, signal, since = found.value[0], found.signal[0], found.since[0]
        at = np.flatnonzero(signal)
        points = {"cusum": value, "limit": limit, "signal": signal}
        return points, {
            "reference": self.reference,
            "ratio": self.ratio,
            "limit": limit,
            "latest": float(value[-1]),
            "signals": at.size,
            "first_signal": labels[at[0]] if at.size else None,
            "last_signal": labels[at[-1]] if at.size else None,
            "change_estimate": labels[since[at[0]]] if at.size else None,
            "false_alarms_a_year": self.alarms,
            "years_between_false_alarms": 1 / self.alarms,
            "provisional": bool(known.sum() < self.sized_by),
        }
