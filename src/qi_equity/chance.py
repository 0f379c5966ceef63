"""Chance: seeds from counts alone, p-values by drawing until sure, and many of them at once.

No statistic lives here; spc and equity bring theirs.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from qi_equity.arrays import FloatArray

# A p-value up to this counts as a signal: one in twenty by chance alone (Fisher 1925).
LEVEL = 0.05
# A page highlights q-values up to this: one in ten of what it shows false at most, on average
# (Benjamini & Hochberg 1995).
HIGHLIGHT = 0.10
# Draws stop at the 20th that is as extreme as the data, or after 9 999 (Besag & Clifford 1991):
# a chart with nothing to show costs about a hundred draws, a p-value can still reach 0.0001.
ENOUGH_EXCEEDANCES = 20
MOST_DRAWS = 9_999
FIRST_BATCH = 64
LARGEST_BATCH = 2_048


def density(z: FloatArray) -> FloatArray:
    """The density of a standard normal.

    Written out, as other distributions are in the modules that ask for them: scipy.stats takes
    longer to load than all the rest of scipy that is used here.

    >>> density(np.array([0.0, 1.96])).round(4)
    array([0.3989, 0.0584])
    """
    return np.asarray(np.exp(-(z**2) / 2.0) / math.sqrt(2 * math.pi))


def seed_of(*counts: FloatArray) -> int:
    """A seed from the counts themselves: the same data give the same draws on any machine.

    Fits in 48 bits, so that it survives JSON and a spreadsheet.

    >>> seed_of(np.array([1.0, 2.0])) == seed_of(np.array([1.0, 2.0]))
    True
    """
    digest = hashlib.blake2b(digest_size=6)
    for row in counts:
        whole = np.ascontiguousarray(row, dtype="<f8")
        digest.update(len(whole).to_bytes(8, "little") + whole.tobytes())
    return int.from_bytes(digest.digest(), "little")


def sequential_p(
    observed: FloatArray,
    draw: Callable[[int], FloatArray],
    *,
    enough: int = ENOUGH_EXCEEDANCES,
    most: int = MOST_DRAWS,
) -> FloatArray:
    """Monte Carlo p-values of several statistics from one stream of draws (Besag & Clifford).

    `draw(size)` gives the next draws, one row a draw and one column a statistic; large is
    extreme. The answer does not depend on the batches in which draws are asked for.

    >>> rng = np.random.default_rng(1)
    >>> sequential_p(np.array([0.0, 9.0]), lambda size: rng.normal(size=(size, 2))).tolist()
    [0.6060606060606061, 0.0001]
    """
    # A draw that ties with the data counts as extreme; the slack absorbs the last digits of sums.
    bar = observed - 1e-9 * np.maximum(1.0, np.abs(observed))
    seen = np.zeros(observed.size, dtype=np.int64)
    p_value = np.full(observed.size, np.nan)
    drawn, batch = 0, FIRST_BATCH
    while drawn < most and np.isnan(p_value).any():
        size = min(batch, most - drawn)
        total = seen + np.cumsum(draw(size) >= bar, axis=0)
        for column in np.flatnonzero(np.isnan(p_value) & (total[-1] >= enough)):
            at = int(np.argmax(total[:, column] >= enough)) + 1
            p_value[column] = enough / (drawn + at)
        seen, drawn, batch = total[-1], drawn + size, min(2 * batch, LARGEST_BATCH)
    return np.where(np.isnan(p_value), (seen + 1) / (drawn + 1), p_value)


def q_values(p_values: ArrayLike) -> FloatArray:
    """Benjamini-Hochberg over every p-value given, as one family; nan stays nan and is no member.

    Benjamini & Hochberg 1995, J R Stat Soc B 57:289.

    >>> q_values([0.01, np.nan, 0.04]).round(3)
    array([0.02,  nan, 0.04])
    """
    p = np.asarray(p_values, dtype=float)
    answer = np.full(p.shape, np.nan)
    known = np.isfinite(p)
    if known.any():
        own = p[known]
        order = np.argsort(own)
        # Times the family's size by rank; never more than that of a larger p-value.
        q = own[order] * (own.size / np.arange(1, own.size + 1))
        q = np.minimum.accumulate(q[::-1])[::-1]
        own[order] = np.clip(q, 0, 1)
        answer[known] = own
    return answer
