"""The gap of each stratum against a declared reference, on arrays; no labels, no prose.

The stratum axis is named by the caller and every other axis (sites, subgroups) comes along.
A reference is turned into counts of its own first: `named`, `everyone_else` or the index that
`best_at_baseline` froze; a target is a number. Then `gap` or `gap_from_target` does the sums.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qi_equity.arrays import FloatArray
from qi_equity.equity.intervals import (
    DIFFERENCE,
    ONE,
    RATIO,
    Interval,
    OneSample,
    TwoSample,
    ratio_alone,
)
from qi_equity.equity.scores import difference_score, rate_score, two_sided

# A stratum can be the best of the baseline only where the rate of all would give it this many
# events, and as many without one: below that the best is whoever was lucky (domain notes, 5b).
SIZE_FLOOR = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Methods:
    """The kind of denominator and the interval for each estimate; `None` takes the default."""

    kind: str = "proportion"
    rate: str | None = None
    difference: str | None = None
    ratio: str | None = None
    ratio_alone: bool = False  # no interval of the ratio, where none will be read

    def __post_init__(self) -> None:
        for table, name in (
            (ONE, self.rate),
            (DIFFERENCE, self.difference),
            (RATIO, self.ratio),
        ):
            if self.kind not in table:
                raise ValueError(f"no kind {self.kind!r}; choose from: {', '.join(table)}")
            if name is not None and name not in table[self.kind]:
                choices = ", ".join(table[self.kind])
                raise ValueError(f"no interval {name!r} for a {self.kind}; choose from: {choices}")

    @property
    def one(self) -> OneSample:
        """How the interval of a rate is worked out."""
        table = ONE[self.kind]
        return table[self.rate or next(iter(table))]

    @property
    def apart(self) -> TwoSample:
        """How the interval of a difference is worked out."""
        table = DIFFERENCE[self.kind]
        return table[self.difference or next(iter(table))]

    @property
    def times(self) -> TwoSample:
        """How the interval of a ratio is worked out."""
        if self.ratio_alone:
            return ratio_alone
        table = RATIO[self.kind]
        return table[self.ratio or next(iter(table))]


PROPORTIONS = Methods()


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """Rates beside their reference, how far apart they are, and what closing the gap takes."""

    rate: Interval
    reference_rate: FloatArray
    difference: Interval
    ratio: Interval
    excess: Interval
    p_value: FloatArray

    def __getitem__(self, place: int) -> "Gap":
        """One of several on the first axis."""
        return Gap(*(getattr(self, part.name)[place] for part in fields(self)))

    def to_close(self, *, worse_is_high: bool) -> Interval:
        """Events fewer (or more, where low is worse) that would close the gap; never negative."""
        missing = self.excess if worse_is_high else self.excess.times(-1)
        return Interval(
            *(np.maximum(part, 0) for part in (missing.estimate, missing.lower, missing.upper))
        )


def gap(
    numerator: ArrayLike,
    denominator: ArrayLike,
    reference_numerator: ArrayLike,
    reference_denominator: ArrayLike,
    confidence: float = 0.95,
    methods: Methods = PROPORTIONS,
) -> Gap:
    """Each stratum less, and over, a reference that was counted too.

    >>> found = gap([56], [70], [48], [80])
    >>> found.difference.lower.round(4), found.ratio.estimate.round(4), found.excess.estimate
    (array([0.0524]), array([1.3333]), array([14.]))
    """
    counts = (numerator, denominator, reference_numerator, reference_denominator)
    apart = methods.apart(*counts, confidence)
    with np.errstate(all="ignore"):
        score = difference_score if methods.kind == "proportion" else rate_score
        return Gap(
            rate=methods.one(numerator, denominator, confidence),
            reference_rate=methods.one(
                reference_numerator, reference_denominator, confidence
            ).estimate,
            difference=apart,
            ratio=methods.times(*counts, confidence),
            excess=apart.times(denominator),
            p_value=_where_seen(apart, two_sided(score(*counts))),
        )


def gap_from_target(
    numerator: ArrayLike,
    denominator: ArrayLike,
    target: ArrayLike,
    confidence: float = 0.95,
    methods: Methods = PROPORTIONS,
) -> Gap:
    """Each stratum less, and over, a rate that is known: a standard or an aim.

    >>> gap_from_target([12], [100], 0.06).ratio.estimate
    array([2.])
    """
    target = np.asarray(target, dtype=float)
    rate = methods.one(numerator, denominator, confidence)
    away = rate.less(target)
    exposure = np.asarray(denominator, dtype=float)
    with np.errstate(all="ignore"):
        spread = target * (1 - target) if methods.kind == "proportion" else target
        return Gap(
            rate=rate,
            reference_rate=np.broadcast_to(target, np.shape(rate.estimate)).copy(),
            difference=away,
            ratio=rate.times(1 / target),
            excess=away.times(denominator),
            p_value=_where_seen(away, two_sided(away.estimate / np.sqrt(spread / exposure))),
        )


def everyone_else(counts: ArrayLike, axis: int) -> FloatArray:
    """The total of all strata but one's own; a stratum in its own reference hides its gap.

    >>> everyone_else([1, 2, 3], axis=0)
    array([5., 4., 3.])
    """
    counts = np.asarray(counts, dtype=float)
    total = np.nansum(counts, axis=axis, keepdims=True)
    return np.asarray(np.where(np.isfinite(counts), total - counts, np.nan))


def named(counts: ArrayLike, index: ArrayLike, axis: int) -> FloatArray:
    """The counts of one stratum for all to be held against, nan against itself.

    `index` is a number, or an array with one stratum for each series (other axes in order).

    >>> named([[1, 2], [3, 4]], index=[0, 1], axis=-1)
    array([[nan,  1.],
           [ 4., nan]])
    """
    counts = np.asarray(counts, dtype=float)
    axis = axis % counts.ndim
    shape = counts.shape[:axis] + counts.shape[axis + 1 :]
    chosen = np.expand_dims(np.broadcast_to(np.asarray(index), shape), axis)
    reference = np.take_along_axis(counts, np.maximum(chosen, 0), axis)
    places = np.arange(counts.shape[axis]).reshape(
        [-1 if i == axis else 1 for i in range(counts.ndim)]
    )
    return np.asarray(np.where((places != chosen) & (chosen >= 0), reference, np.nan))


def best_at_baseline(
    numerator: ArrayLike,
    denominator: ArrayLike,
    axis: int,
    *,
    best_is_low: bool = True,
    floor: float = SIZE_FLOOR,
) -> NDArray[np.intp]:
    """Which stratum did best over the baseline, among those large enough; -1 where none is.

    Give it the baseline's totals, and keep the answer: a reference chosen anew each time hops
    from one lucky stratum to the next.

    >>> int(best_at_baseline([0, 30, 20], [4, 300, 400], axis=0))
    2
    """
    x, n = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    with np.errstate(all="ignore"):
        recorded = np.isfinite(x) & np.isfinite(n)
        share = np.sum(x, axis=axis, keepdims=True, where=recorded) / np.sum(
            n, axis=axis, keepdims=True, where=recorded
        )
        expected = n * np.minimum(share, np.abs(1 - share))
        rate = x / n if best_is_low else -x / n
        rate = np.where(recorded & (n > 0) & (expected >= floor), rate, np.inf)
    found = np.isfinite(np.min(rate, axis=axis))
    return np.asarray(np.where(found, np.argmin(rate, axis=axis), -1))


def disagree(
    difference: ArrayLike, ratio: ArrayLike, difference_then: ArrayLike, ratio_then: ArrayLike
) -> NDArray[np.bool_]:
    """Whether the gap widened on one scale and narrowed on the other.

    When every rate falls in proportion the ratio stands still and the difference shrinks, so
    neither may be headlined alone. A gap is measured by its distance from none: 0, or 1.

    >>> disagree(6.99, 2.62, 8.42, 2.46)
    np.True_
    """
    with np.errstate(all="ignore"):
        absolute = np.abs(difference) - np.abs(difference_then)
        relative = np.abs(np.log(ratio)) - np.abs(np.log(ratio_then))
        turned = np.multiply(difference, difference_then) < 0  # the other group is now worse off
        return np.asarray((absolute * relative < 0) & ~turned)[()]


def _where_seen(estimate: Interval, p_value: FloatArray) -> FloatArray:
    """A p-value only beside an estimate; 1 where two sides are alike to the last event."""
    seen = np.isfinite(estimate.estimate)
    alike = seen & (estimate.estimate == 0)
    return np.asarray(np.where(alike, 1.0, np.where(seen, p_value, np.nan)))
