"""Whose voices are heard: a group's share of those who spoke against its share of those served."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qi_equity.arrays import FloatArray
from qi_equity.equity.intervals import Interval, exact_p


@dataclass(frozen=True, slots=True, eq=False)
class Participation:
    """Each group's share among voices over its share among those served."""

    expected: FloatArray  # voices, had they been heard in proportion
    ratio: Interval
    p_value: FloatArray  # exact binomial, two-sided
    more: FloatArray  # further voices that would bring parity, if only this group is added


def participation(
    voices: ArrayLike, asked: ArrayLike, share: ArrayLike, confidence: float = 0.95
) -> Participation:
    """How many of a group spoke beside how many would have, had voices been as those served.

    voices: of each group. asked: all who spoke and whose group is known. share: the group's part
    of those served, 0 to 1, taken as known; the interval is that of the voices alone, exact
    (Clopper & Pearson 1934). Missing counts, nobody asked and a share of 0 or 1 are nan.

    >>> found = participation(3, 120, 0.08)
    >>> float(found.expected), float(found.ratio.estimate.round(2)), float(found.more)
    (9.6, 0.31, 8.0)
    """
    x, n, p = np.broadcast_arrays(*(np.asarray(one, dtype=float) for one in (voices, asked, share)))
    told = np.isfinite(x) & (n > 0) & (x <= n) & (p > 0) & (p < 1)
    x, n, p = (np.where(told, part, np.nan) for part in (x, n, p))
    # x + k of n + k are the share p where k = (p n - x) / (1 - p); the slack absorbs last digits.
    with np.errstate(invalid="ignore"):
        more = np.maximum(np.ceil((p * n - x) / (1 - p) - 1e-9), 0.0)
    return Participation(p * n, exact_p(x, n, confidence).times(1 / p), _exact(x, n, p), more)


@np.vectorize
def _exact(x: float, n: float, p: float) -> float:
    """The chance of a number no more likely than this one (Sterne's two sides)."""
    from scipy.stats import binomtest  # slow to load, and asked for by the voices page alone

    return float(binomtest(int(x), int(n), p).pvalue) if np.isfinite(x) else np.nan
