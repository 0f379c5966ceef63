"""What signals mean once better is known, and whether a target will be met; from marks alone.

Variation is the signal of the latest point, assurance the place of the target against the limits
there (NHS England, Making Data Count).
"""

from __future__ import annotations

import numpy as np

from qi_equity.arrays import BoolArray, FloatArray, IntArray

DIRECTIONS: dict[str | None, int] = {"increase": 1, "decrease": -1, None: 0}
# Without a better direction a signal is high or low; some patterns have not even a side.
MEANINGS = ("none", "improvement", "concern", "high", "low", "special cause")
VARIATION = ("common cause", *MEANINGS[1:])
ASSURANCE = ("", "consistent pass", "consistent fail", "inconsistent")


def meaning_of(side: IntArray, sided: BoolArray, direction: str | None) -> IntArray:
    """Which of MEANINGS each mark has, as its position in that list.

    >>> meaning_of(np.array([1, -1, 0]), np.array([True, True, True]), "decrease")
    array([2, 1, 0], dtype=int8)
    """
    better = DIRECTIONS[direction]
    # Looked up by side: index 0 is no mark, 1 high, -1 low.
    of_side = np.array([0, 1, 2] if better > 0 else [0, 2, 1] if better else [0, 3, 4], np.int8)
    plain = np.array([0, 5, 5], np.int8)
    return np.where(sided, of_side[side], plain[side])


def assured(
    target: FloatArray, lower: FloatArray, upper: FloatArray, direction: str | None
) -> IntArray:
    """Which of ASSURANCE a target has against limits, as its position in that list.

    >>> assured(np.array([9.0, 5.0, 1.0]), np.array([2.0]), np.array([8.0]), "increase")
    array([2, 3, 1], dtype=int8)
    """
    better = DIRECTIONS[direction]
    known = np.isfinite(target) & np.isfinite(lower) & np.isfinite(upper) & (better != 0)
    with np.errstate(invalid="ignore"):
        beyond = (target > upper).astype(int) - (target < lower).astype(int)
    verdict = np.where(beyond == 0, 3, np.where(beyond * better > 0, 2, 1))
    return np.where(known, verdict, 0).astype(np.int8)
