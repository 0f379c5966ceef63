"""Where a falling function crosses zero, for every element of an array; no statistic lives here."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qi_equity.arrays import FloatArray

# Halvings of a bracket until it is as narrow as a double can say.
HALVINGS = 70
# A bracket as narrow as this is no longer narrowed by the quick way.
NARROW = 1e-13


def falling_root(
    function: Callable[[FloatArray], FloatArray], low: FloatArray, high: FloatArray
) -> FloatArray:
    """Where a falling function crosses zero, for every element at once, by halving."""
    low, high = np.broadcast_arrays(low, high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        above = function(middle) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray((low + high) / 2)


def quick_root(
    function: Callable[[FloatArray, NDArray[np.intp]], FloatArray],
    low: FloatArray,
    high: FloatArray,
    guess: FloatArray | None = None,
) -> FloatArray:
    """The same in a tenth of the work: Chandrupatla 1997, halving where a curve will not fit.

    `function(at, rows)` is asked only about the rows that are not narrow enough yet. A `guess`
    between the ends is where each row is asked about first.

    >>> quick_root(lambda at, rows: np.array([2.0, 9.0])[rows] - at**2, np.zeros(2), np.ones(2) * 9)
    array([1.41421356, 3.        ])
    """
    found = np.full(low.shape, np.nan)
    rows = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
    a, b = (np.asarray(part[rows]) for part in (low, high))
    fa, fb = function(a, rows), function(b, rows)
    # A function that does not cross between the ends has its root at the nearer end, or beyond.
    found[rows] = np.where(fa <= 0, a, b)
    crosses = ~((fa <= 0) | (fb > 0))
    rows = rows[crosses]
    a, b, fa, fb = (part[crosses] for part in (a, b, fa, fb))
    share = np.full(rows.size, 0.5)
    if guess is not None:
        near = (guess[rows] - a) / (b - a)
        share = np.where((near > 0) & (near < 1), near, 0.5)
    for step in range(3 * HALVINGS):
        if not rows.size:
            break
        at = a + share * (b - a)
        f = function(at, rows)
        same = (f > 0) == (fa > 0)
        c, fc = np.where(same, a, b), np.where(same, fa, fb)
        b, fb, a, fa = np.where(same, b, a), np.where(same, fb, fa), at, f
        going = np.abs(b - a) > 2 * NARROW
        if not going.all():
            done = ~going
            found[rows[done]] = (a[done] + b[done]) / 2
            rows = rows[going]
            a, b, c, fa, fb, fc = (part[going] for part in (a, b, c, fa, fb, fc))
        width, drop = c - b, fb - fc
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            x, y = (a - b) / width, (fb - fa) / drop
            curve = fa / (fb - fa) * fc / drop + (c - a) / (b - a) * fa / (fc - fa) * fb / -drop
        # Every third step halves, so that no kink can hold the end up.
        fits = (step % 3 < 2) & (y**2 < x) & ((1 - y) ** 2 < 1 - x) & np.isfinite(curve)
        edge = np.minimum(NARROW / np.abs(b - a), 0.5)
        share = np.clip(np.where(fits, curve, 0.5), edge, 1 - edge)
    found[rows] = (a + b) / 2
    return found
