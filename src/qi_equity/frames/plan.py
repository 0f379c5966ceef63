"""A table of counts in, how long until an answer out; the sums are done in qi_equity.equity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from qi_equity.equity.planning import gap_shift, plan, stratum_shift, subgroup_weeks
from qi_equity.frames.counts import EVERYONE_ELSE
from qi_equity.frames.gaps import gaps

DAYS_A_WEEK = 7.0
# A change of the odds by half: the design change of the gap chart.
FACTOR = 1.5
HORIZON = 52


def plans(
    data: pd.DataFrame,
    *,
    numerator: str,
    denominator: str,
    stratum: str,
    subgroup: str,
    reference: object = EVERYONE_ELSE,
    by: str | Sequence[str] | None = None,
    direction: Literal["increase", "decrease"] = "decrease",
    target: float | None = None,
    to: dict[str, float] | None = None,
    horizon: int = HORIZON,
) -> pd.DataFrame:
    """How many weeks after a change until each stratum's gap, and each target, can be judged.

    The counts given are the baseline. The questions: the odds of a stratum move by half against
    its reference (`gap moves by half`); the stratum reaches the rate in `to`, its aim (`aim`); it
    reaches `target` (`target`). `weeks` is for one look with 80 % power at 5 %, and inf where no
    number of weeks would do with this baseline; `chart_weeks_from` and `chart_weeks_to` are for
    the gap chart, which looks every week. Rates are fractions.

    >>> weeks = pd.date_range("2025-01-06", periods=52, freq="W-MON")
    >>> log = pd.DataFrame({
    ...     "week": weeks.repeat(2), "ethnicity": ["Black", "White"] * 52,
    ...     "pph": [1, 5] * 52, "births": [10, 50] * 52,
    ... })
    >>> plans(log, numerator="pph", denominator="births", stratum="ethnicity", subgroup="week",
    ...       reference="White", to={"Black": 0.05})[["ethnicity", "question", "weeks"]]
      ethnicity           question  weeks
    0     Black  gap moves by half    inf
    1     Black                aim   45.0
    """
    groups = [by] if isinstance(by, str) else list(by or [])
    found = gaps(
        data,
        numerator=numerator,
        denominator=denominator,
        stratum=stratum,
        reference=reference,
        by=groups,
        direction=direction,
    )
    found = found[found["difference"].notna() & found["rate"].notna()].reset_index(drop=True)
    weeks = _weeks(data[subgroup])
    size = found["denominator"].to_numpy() / weeks
    rate = found["rate"].to_numpy()
    reference_rate = rate - found["difference"].to_numpy()
    reference_size = _reference_size(found, data, groups, stratum, denominator) / weeks
    step = -np.log(FACTOR) if direction == "decrease" else np.log(FACTOR)
    with np.errstate(all="ignore"):
        moved = expit(logit(rate) + step)
    questions = {
        "gap moves by half": (rate, moved),
        "aim": (rate, found[stratum].map(to or {}).to_numpy(float)),
        "target": (rate, np.full(len(found), np.nan if target is None else target)),
    }
    tables = []
    for question, (before, after) in questions.items():
        asked = np.isfinite(after)
        if not asked.any():
            continue
        chosen = found.loc[asked, [*groups, stratum]]
        if question == "target":
            shift = stratum_shift(size[asked], before[asked], after[asked])
        else:
            shift = gap_shift(
                size[asked],
                before[asked],
                reference_size[asked],
                reference_rate[asked],
                rate_after=after[asked],
            )
        answer = plan(shift, weeks, horizon)
        tables.append(
            chosen.assign(
                question=question,
                births_a_week=size[asked],
                rate=before[asked],
                rate_after=after[asked],
                weeks=answer.weeks,
                chart_weeks_from=answer.chart_weeks[0],
                chart_weeks_to=answer.chart_weeks[1],
                baseline_weeks=weeks,
                baseline_needed=answer.baseline_needed,
                sites_needed=answer.sites_needed,
                process_weeks=answer.process_weeks,
                smallest_factor=answer.smallest_factor,
                weeks_a_point=subgroup_weeks(size[asked] * before[asked]),
            )
        )
    columns = [*groups, stratum, "question", "weeks"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def _reference_size(
    found: pd.DataFrame, data: pd.DataFrame, groups: list[str], stratum: str, denominator: str
) -> np.ndarray:
    """The denominator of each row's reference: a stratum's own where named, else the others'."""
    own = data.groupby([*groups, stratum])[[denominator]].sum().reset_index()
    named = found[[*groups, "reference"]].merge(
        own.rename(columns={stratum: "reference", denominator: "named"}),
        on=[*groups, "reference"],
        how="left",
    )["named"]
    if groups:
        totals = own.groupby(groups)[[denominator]].sum().reset_index()
        total = found[groups].merge(totals, on=groups, how="left")[denominator]
    else:
        total = pd.Series(own[denominator].sum(), index=found.index)
    return named.fillna(total - found["denominator"]).to_numpy(float)


def _weeks(subgroups: pd.Series) -> float:
    """Weeks that the subgroups span; numbered subgroups count as weeks."""
    distinct = np.unique(subgroups.dropna())
    if len(distinct) < 2 or not pd.api.types.is_datetime64_any_dtype(subgroups):
        return float(len(distinct))
    days = np.diff(distinct).astype("timedelta64[D]").astype(float)
    return float(np.round(len(distinct) * np.median(days) / DAYS_A_WEEK))
