"""How far a gap could move if what is not known were known; arrays, no labels.

Nobody's group and nobody's outcome is guessed: the gap is worked out again under each way the
unknown could be, and the reader sees how much hangs on it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qi_equity.arrays import FloatArray
from qi_equity.equity.gaps import PROPORTIONS, Gap, Methods, gap
from qi_equity.equity.intervals import Interval

Pair = tuple[FloatArray, FloatArray]  # events and births


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Events and births of a stratum, of its reference, and of those whose group is unknown.

    share is the part of all known births that is the stratum's, and the reference's.
    """

    own: Pair
    reference: Pair
    unknown: Pair
    share: Pair


Counts = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


def _add(parts: Parts, own: Pair, reference: Pair) -> Counts:
    (x, n), (y, m) = parts.own, parts.reference
    return x + own[0], n + own[1], y + reference[0], m + reference[1]


def _nobody(parts: Parts) -> Pair:
    zero = np.zeros_like(parts.unknown[0])
    return zero, zero


def _proportion(parts: Parts) -> Counts:
    (x, n), (own, reference) = parts.unknown, parts.share
    return _add(parts, (x * own, n * own), (x * reference, n * reference))


def _events_own(parts: Parts) -> Counts:
    x, n = parts.unknown
    return _add(parts, (x, x), (np.zeros_like(x), n - x))


def _events_reference(parts: Parts) -> Counts:
    x, n = parts.unknown
    return _add(parts, (np.zeros_like(x), n - x), (x, x))


# Each way to share the unknown out. The first four are ways the world could be; the last two are
# the furthest that arithmetic allows: all the events on one side, all the others on the other.
ALLOCATIONS: dict[str, Callable[[Parts], Counts]] = {
    "as recorded": lambda parts: _add(parts, _nobody(parts), _nobody(parts)),
    "all in this stratum": lambda parts: _add(parts, parts.unknown, _nobody(parts)),
    "all in the reference": lambda parts: _add(parts, _nobody(parts), parts.unknown),
    "in proportion": _proportion,
    "highest possible": _events_own,
    "lowest possible": _events_reference,
}
PLAUSIBLE = 4  # of them; the extremes come after


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """The gap under every allocation, and whether what one would conclude depends on it."""

    gaps: dict[str, Gap]
    lowest: FloatArray  # of the difference, over the plausible allocations
    highest: FloatArray
    changes: NDArray[np.bool_]


def unknown_bounds(
    own: tuple[ArrayLike, ArrayLike],
    reference: tuple[ArrayLike, ArrayLike],
    unknown: tuple[ArrayLike, ArrayLike],
    known_births: ArrayLike,
    confidence: float = 0.95,
    methods: Methods = PROPORTIONS,
) -> Bounds:
    """The gap of each stratum if the unknown were all its own, all the reference's, or shared out.

    Each pair is events and births; known_births is those of all known strata together. The
    conclusion is that the interval of the difference lies above zero, below it, or on both sides;
    it changes where the plausible allocations do not agree.

    >>> found = unknown_bounds(([30], [200]), ([60], [800]), ([25], [150]), [1000])
    >>> [float(found.gaps[name].difference.estimate[0].round(3)) for name in list(ALLOCATIONS)[:4]]
    [0.075, 0.082, 0.061, 0.065]
    >>> found.changes
    array([False])
    """
    x, n, y, m, xu, nu, known = np.broadcast_arrays(
        *(np.asarray(part, dtype=float) for part in (*own, *reference, *unknown, known_births))
    )
    with np.errstate(all="ignore"):
        parts = Parts((x, n), (y, m), (xu, nu), (n / known, m / known))
    # Events of a rate are no part of their exposure, so they cannot be parted from the others.
    names = list(ALLOCATIONS)[: None if methods.kind == "proportion" else PLAUSIBLE]
    found = _in_one_pass([ALLOCATIONS[name](parts) for name in names], names, confidence, methods)
    return _bounds(found, names[:PLAUSIBLE])


def _in_one_pass(
    counts: list[Counts], names: list[str], confidence: float, methods: Methods
) -> dict[str, Gap]:
    """The gap under every way, worked out together on a first axis."""
    x, n, y, m = (np.stack(part) for part in zip(*counts, strict=True))
    every = gap(x, n, y, m, confidence, methods)
    return {name: every[place] for place, name in enumerate(names)}


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Events and births of a stratum and of its reference, and births without a known outcome.

    Those without are among the births, as if nothing had happened to them.
    """

    own: Pair
    reference: Pair
    unknown: Pair  # of the stratum's births, and of the reference's


def _recorded(parts: Outcomes) -> Counts:
    (x, n), (y, m), (u, v) = parts.own, parts.reference, parts.unknown
    return x, n - u, y, m - v


def _alike(parts: Outcomes) -> Counts:
    (x, n), (y, m), (u, v) = parts.own, parts.reference, parts.unknown
    with np.errstate(all="ignore"):
        rate = (x + y) / (n - u + m - v)
    return x + u * rate, n, y + v * rate, m


# Each way the outcomes could be. The first three are ways the world could be; the last two are
# the furthest that arithmetic allows (Manski 1990, the bounds without assumptions).
OUTCOMES: dict[str, Callable[[Outcomes], Counts]] = {
    "as counted": lambda parts: (*parts.own, *parts.reference),  # it happened to none of them
    "as those recorded": _recorded,  # as often as in the rest of each group
    "as everyone recorded": _alike,  # as often in either group as in both together
    "highest possible": lambda parts: (
        parts.own[0] + parts.unknown[0], parts.own[1], *parts.reference,
    ),
    "lowest possible": lambda parts: (
        *parts.own, parts.reference[0] + parts.unknown[1], parts.reference[1],
    ),
}  # fmt: skip
PLAUSIBLE_OUTCOMES = 3  # of them


def outcome_bounds(
    own: tuple[ArrayLike, ArrayLike],
    reference: tuple[ArrayLike, ArrayLike],
    unknown: tuple[ArrayLike, ArrayLike],
    confidence: float = 0.95,
    methods: Methods = PROPORTIONS,
) -> Bounds:
    """The gap of each stratum under each way the outcomes that are not recorded could be.

    Each pair but the last is events and births; unknown is how many of the births of the stratum,
    and of its reference, have no outcome recorded.

    >>> found = outcome_bounds(([30], [200]), ([60], [800]), ([100], [80]))
    >>> [float(found.gaps[name].ratio.estimate[0].round(2)) for name in OUTCOMES]
    [2.0, 3.6, 2.38, 8.67, 0.86]
    """
    x, n, y, m, u, v = np.broadcast_arrays(
        *(np.asarray(part, dtype=float) for part in (*own, *reference, *unknown))
    )
    parts = Outcomes((x, n), (y, m), (u, v))
    # Events of a rate are no part of their exposure: any number of them is possible.
    names = list(OUTCOMES)[: None if methods.kind == "proportion" else PLAUSIBLE_OUTCOMES]
    found = _in_one_pass([OUTCOMES[name](parts) for name in names], names, confidence, methods)
    return _bounds(found, names[:PLAUSIBLE_OUTCOMES])


def _bounds(found: dict[str, Gap], plausible: list[str]) -> Bounds:
    differences = [found[name].difference for name in plausible]
    estimates = np.stack([each.estimate for each in differences])
    return Bounds(
        gaps=found,
        lowest=estimates.min(axis=0),
        highest=estimates.max(axis=0),
        changes=_disagree(differences),
    )


def _disagree(intervals: list[Interval]) -> NDArray[np.bool_]:
    """Whether some intervals lie on another side of zero than others; not where one is unknown."""
    side = np.stack([np.sign(each.lower) + np.sign(each.upper) for each in intervals])
    judged = np.isfinite(side).all(axis=0)
    with np.errstate(invalid="ignore"):
        # 2 above zero, -2 below; anything nearer holds zero, or ends at it, and is on no side.
        side = np.sign(side * (np.abs(side) == 2))
    return np.asarray(judged & (side != side[0]).any(axis=0))
