"""Where a score crosses its limits, of many pairs at once; what a score is, is not known here."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qi_equity.arrays import BoolArray, FloatArray
from qi_equity.roots import quick_root

# Most limits lie between so many times as far out as a normal curve has them.
NEARER, BEYOND = 0.8, 1.3
# As many people as this are few.
HANDFUL = 5.0

Counts = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


def score_limits(
    score: Callable[..., FloatArray],
    counts: Counts,
    start: FloatArray,
    ends: tuple[float, float],
    z: float | FloatArray,
    about: Callable[..., tuple[FloatArray, FloatArray]],
) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Where a score is `z` standard errors from nought on either side, from `start`.

    `about` says where such limits lie as a rule and how far they reach: sought there first. Of
    pairs that say nothing (the first array is false) both limits are nan.
    """
    seen = np.isfinite(counts[1] + counts[3]) & (counts[0] + counts[2] > 0)
    place = np.flatnonzero(seen)
    flat = [part.ravel()[place] for part in counts]
    begin, far = start.ravel()[place], np.broadcast_to(z, seen.shape).ravel()[place]
    middle, reach = about(*flat)
    # Both limits are sought at once: those below first, then those above.
    both = [np.concatenate([part, part]) for part in flat]
    level, outward = np.concatenate([far, -far]), far * reach
    # Of a handful, or where all had the event, a score may cross more than once: no short cut.
    plain = (flat[0] < flat[1]) & (flat[2] < flat[3]) & (np.minimum(flat[1], flat[3]) > HANDFUL)
    out, inner = (
        np.where(plain, [middle - times * outward, middle + times * outward], np.nan)
        for times in (BEYOND, NEARER)
    )
    near = (np.append(out[0], inner[1]), np.append(inner[0], out[1]))

    def above(at: FloatArray, rows: NDArray[np.intp]) -> FloatArray:
        some = both if rows.size == level.size else [part[rows] for part in both]
        away = score(*some, at)
        # At the estimate nothing is left; where all had the event nothing varies either: 0 of 0.
        return np.asarray(np.where(np.isnan(away), 0.0, away) - level[rows])

    low = np.concatenate([np.full_like(begin, ends[0]), begin])
    high = np.concatenate([begin, np.full_like(begin, ends[1])])
    limits = np.full((2, seen.size), np.nan)
    limits[:, place] = quick_root(above, low, high, near).reshape(2, -1)
    lower, upper = limits.reshape(2, *seen.shape)
    return seen, lower, upper


def about_ratio(
    a: FloatArray, m: FloatArray, b: FloatArray, n: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Log ratio and its standard error with half an event more on either side (Walter 1975)."""
    x, y, size, others = a + 0.5, b + 0.5, m + 0.5, n + 0.5
    variance = np.maximum(1 / x - 1 / size + 1 / y - 1 / others, 0.0)
    return np.log(x / size) - np.log(y / others), np.sqrt(variance)


def about_difference(
    a: FloatArray, m: FloatArray, b: FloatArray, n: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Difference of proportions and its standard error, with an event more of each kind."""
    p, q = (a + 1) / (m + 2), (b + 1) / (n + 2)
    return p - q, np.sqrt(p * (1 - p) / (m + 2) + q * (1 - q) / (n + 2))
