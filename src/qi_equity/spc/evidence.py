"""Many p-values at once: how sure to be of each when a page holds many charts."""

from __future__ import annotations

import numpy as np

from qi_equity.spc.chart import FloatArray


def q_values(p: FloatArray) -> FloatArray:
    """Smallest share of false ones among the charts highlighted with this one (nan left out).

    Benjamini & Hochberg 1995, J R Stat Soc B 57:289.

    >>> q_values(np.array([0.01, 0.04, 0.03, np.nan, 0.5]))
    array([0.04      , 0.05333333, 0.05333333,        nan, 0.5       ])
    """
    q = np.full(p.shape, np.nan)
    held = np.flatnonzero(np.isfinite(p))
    order = held[np.argsort(p[held], kind="stable")[::-1]]
    rank = np.arange(len(order), 0, -1)
    q[order] = np.minimum.accumulate(np.minimum(p[order] * len(order) / rank, 1.0))
    return q
