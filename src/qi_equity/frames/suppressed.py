"""Counts that a publisher hid or rounded in, gaps out that hold whatever the counts truly were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray
from qi_equity.equity.contrast import contrast
from qi_equity.equity.gaps import SIZE_FLOOR
from qi_equity.equity.suppressed import PROTECTIONS, Range, agreed, extremes, protected
from qi_equity.equity.verdict import PRACTICAL_RATIO, verdicts
from qi_equity.errors import DataErrors, did_you_mean
from qi_equity.frames.counts import Counts, check_columns, counted, reference_of
from qi_equity.frames.given import any_table
from qi_equity.vocabulary import Verdict


@any_table
def suppressed_gaps(
    data: pd.DataFrame,
    *,
    numerator: str,
    denominator: str,
    stratum: str,
    reference: str,
    subgroup: str,
    protection: str = "msds",
    by: str | Sequence[str] | None = None,
    practical_ratio: float = PRACTICAL_RATIO,
) -> pd.DataFrame:
    """The gap to a named stratum from protected counts: its least and greatest ratio, one verdict.

    `protection` says what the publisher did: msds (1 to 7 shown as 5, others to the nearest 5),
    hes (1 to 7 blank, others to the nearest 5) or cdc (1 to 9 blank). A verdict is given only
    where every extreme of what the counts can have been gives the same; elsewhere "too few".
    Returns a row a series and stratum: by..., stratum, reference, ratio_least, ratio_greatest,
    verdict.

    Raises DataErrors where the protection or the reference is not known.

    >>> months = pd.date_range("2024-01-01", periods=24, freq="MS")
    >>> shown = pd.DataFrame({"month": months.repeat(2), "ethnicity": ["Black", "White"] * 24,
    ...                       "pph": [30, 50, 50, 50] * 12, "births": [200, 500] * 24})
    >>> suppressed_gaps(shown, numerator="pph", denominator="births", stratum="ethnicity",
    ...                 reference="White", subgroup="month").round(2)
      ethnicity reference  ratio_least  ratio_greatest verdict
    0     Black     White          1.8            2.22  steady
    """
    if protection not in PROTECTIONS:
        ways = did_you_mean(protection, PROTECTIONS)
        raise DataErrors([f"protection: no '{protection}'{ways}"], "the call of suppressed_gaps()")
    groups = [by] if isinstance(by, str) else list(by or [])
    check_columns(data, numerator, denominator, [*groups, subgroup, stratum])
    counts = counted(data, numerator, denominator, stratum, groups, subgroup, "rate")
    known = counts.baseline_length(None, subgroup)
    _, against = reference_of(
        reference, counts, known, "decrease", SIZE_FLOOR, 1, "proportion", stratum
    )
    assert callable(against)  # a name, and not a rate
    own = [_ranged(part, counts, protection) for part in (counts.numerator, counts.denominator)]
    others = [Range(against(one.low), against(one.high)) for one in own]
    found = [
        verdicts(contrast(*table), practical_ratio=practical_ratio)
        for table in extremes(*own, *others)
    ]
    ratios = np.stack([one.ratio.estimate for one in found])
    words = agreed([one.verdict for one in found], str(Verdict.TOO_FEW))
    rows: list[list[Any]] = [
        [*key, name, reference, *_ends(ratios[:, at, place]), str(words[at, place])]
        for at, key in enumerate(counts.series)
        for place, name in enumerate(counts.strata)
        if name != reference
    ]
    names = [*groups, stratum, "reference", "ratio_least", "ratio_greatest", "verdict"]
    return pd.DataFrame(rows, columns=names)


def _ends(values: FloatArray) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _ranged(shown: Any, counts: Counts, protection: str) -> Range:
    """What each count can have been; a blank that stands in the data was hidden."""
    hidden = counts.present & np.isnan(shown)
    return protected(shown, PROTECTIONS[protection], hidden)
