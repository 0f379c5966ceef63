"""The Workforce Race Equality Standard's comparisons as arithmetic; no year, trust or band here.

"BME" and "White" are the standard's own two groups; here they are `minority` and `white`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qi_equity.arrays import FloatArray
from qi_equity.equity.intervals import Interval, exact_p, koopman, newcombe
from qi_equity.equity.participation import participation


def relative_likelihood(
    first: ArrayLike, out_of: ArrayLike, second: ArrayLike, out_of_second: ArrayLike
) -> Interval:
    """How many times likelier something is in one group than in the other, with Koopman's limits.

    >>> found = relative_likelihood(50, 300, 10, 90)
    >>> [float(one.round(2)) for one in (found.estimate, found.lower, found.upper)]
    [1.5, 0.82, 2.84]
    """
    return koopman(first, out_of, second, out_of_second)


def percentage_points(
    first: ArrayLike, out_of: ArrayLike, second: ArrayLike, out_of_second: ArrayLike
) -> Interval:
    """How far two shares lie apart, in percentage points, with Newcombe's limits.

    >>> found = percentage_points(30, 100, 200, 1000)
    >>> [float(one.round(1)) for one in (found.estimate, found.lower, found.upper)]
    [10.0, 1.5, 19.9]
    """
    return newcombe(first, out_of, second, out_of_second).times(100)


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """A board's voting members against the workforce they answer for."""

    difference: Interval  # percentage points; the limits are those of the board alone
    p_value: FloatArray


def board_difference(members: ArrayLike, board: ArrayLike, workforce_share: ArrayLike) -> Board:
    """The share of voting members less that of the workforce, which is taken as known.

    >>> found = board_difference(1, 12, 0.25)
    >>> float(found.difference.estimate.round(1)), float(found.p_value.round(2))
    (-16.7, 0.32)
    """
    share = np.asarray(workforce_share, dtype=float)
    apart = exact_p(members, board).times(100).less(share * 100)
    return Board(apart, participation(members, board, share).p_value)


def cumulative(ratio: ArrayLike, steps: ArrayLike) -> FloatArray:
    """What an equal ratio at each of so many steps of a career comes to.

    >>> cumulative(1.59, [2, 7]).round(2)
    array([ 2.53, 25.69])
    """
    return np.asarray(np.asarray(ratio, dtype=float) ** np.asarray(steps, dtype=float))
