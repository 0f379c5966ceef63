"""What signals mean once better is known, and whether a target will be met; from marks alone.

Variation is the signal of the latest point, assurance the place of the target against the limits
there (NHS England, Making Data Count).
"""

from __future__ import annotations

import numpy as np

from qi_equity.arrays import BoolArray, FloatArray, IntArray
from qi_equity.vocabulary import Assurance, Meaning

# Which way is better, as a sign; 0 where neither is.
DIRECTIONS: dict[str | None, int] = {"increase": 1, "decrease": -1, None: 0}
_MEANINGS, _ASSURANCES = tuple(Meaning), tuple(Assurance)


def _places(*words: Meaning) -> IntArray:
    return np.array([_MEANINGS.index(word) for word in words], dtype=np.int8)


# What no mark, a high one and a low one mean: looked up by side, where -1 is the last.
_OF_SIDE: dict[int, IntArray] = {
    1: _places(Meaning.NONE, Meaning.IMPROVEMENT, Meaning.CONCERN),
    -1: _places(Meaning.NONE, Meaning.CONCERN, Meaning.IMPROVEMENT),
    0: _places(Meaning.NONE, Meaning.HIGH, Meaning.LOW),
}
# Some patterns have not even a side: alternating points are neither high nor low.
_WITHOUT_SIDE = _places(Meaning.NONE, Meaning.SPECIAL_CAUSE, Meaning.SPECIAL_CAUSE)


def meaning_of(side: IntArray, sided: BoolArray, direction: str | None) -> IntArray:
    """What each mark means, as its place among Meaning.

    >>> marks = meaning_of(np.array([1, -1, 0]), np.array([True, True, True]), "decrease")
    >>> [str(list(Meaning)[place]) for place in marks]
    ['concern', 'improvement', 'none']
    """
    return np.where(sided, _OF_SIDE[DIRECTIONS[direction]][side], _WITHOUT_SIDE[side])


def assured(
    target: FloatArray, lower: FloatArray, upper: FloatArray, direction: str | None
) -> IntArray:
    """What assurance limits give of a target, as its place among Assurance.

    >>> found = assured(np.array([9.0, 5.0, 1.0]), np.array([2.0]), np.array([8.0]), "increase")
    >>> [str(list(Assurance)[place]) for place in found]
    ['consistent fail', 'inconsistent', 'consistent pass']
    """
    better = DIRECTIONS[direction]
    known = np.isfinite(target) & np.isfinite(lower) & np.isfinite(upper) & (better != 0)
    with np.errstate(invalid="ignore"):
        beyond = (target > upper).astype(int) - (target < lower).astype(int)
    # A target beyond the limits on the better side is out of reach, on the other always met.
    said = (
        (~known, Assurance.UNKNOWN),
        (beyond == 0, Assurance.INCONSISTENT),
        (beyond * better > 0, Assurance.CONSISTENT_FAIL),
        (beyond * better < 0, Assurance.CONSISTENT_PASS),
    )
    places = [_ASSURANCES.index(word) for _, word in said]
    return np.select([where for where, _ in said], places).astype(np.int8)
