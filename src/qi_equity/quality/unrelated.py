"""Whether rows and columns of a table of counts have to do with each other; no labels here."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc


def unrelated(counts: ArrayLike) -> float:
    """The p-value that they have nothing to do with each other (Pearson 1900).

    Two by two with the correction of Yates (1934). scipy.stats has the same, and takes a second to
    load. No row or column may be all nought.

    >>> round(unrelated([[12, 88], [30, 70]]), 6)
    0.003165
    """
    seen = np.asarray(counts, dtype=float)
    expected = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / seen.sum()
    apart = np.abs(seen - expected)
    freedom = (seen.shape[0] - 1) * (seen.shape[1] - 1)
    if freedom == 1:
        apart = apart - np.minimum(0.5, apart)
    return float(chdtrc(freedom, (apart**2 / expected).sum()))
