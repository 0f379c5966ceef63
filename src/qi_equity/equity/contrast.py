"""A stratum beside its reference, period by period, and what a window of periods says of the gap.

Mantel-Haenszel weights make every period its own comparison, so that a drift of both groups, or
of the mix of weeks, is not taken for a gap. No labels, and nothing about change over time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qi_equity.arrays import BoolArray, FloatArray
from qi_equity.equity.intervals import Interval, gart_nam, gart_nam_ratio


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """Counts of a stratum and of its reference; a period that says nothing is all zeros."""

    events: FloatArray
    total: FloatArray
    reference_events: FloatArray
    reference_total: FloatArray

    @property
    def compared(self) -> BoolArray:
        """Periods in which both groups had someone at risk."""
        return self.total > 0

    @property
    def informative(self) -> BoolArray:
        """Periods that can say something about the ratio: both groups at risk, and an event."""
        return self.compared & (self.events + self.reference_events > 0)

    def only(self, periods: BoolArray) -> Contrast:
        """The same contrast with all other periods empty."""
        return Contrast(*(np.where(periods, part, 0.0) for part in self.parts))

    def __getitem__(self, key: int | BoolArray | NDArray[np.intp]) -> Contrast:
        """Some of the series, or some of the periods."""
        return Contrast(*(part[key] for part in self.parts))

    def swapped(self) -> Contrast:
        """The reference seen from the stratum's side."""
        return Contrast(self.reference_events, self.reference_total, self.events, self.total)

    @property
    def parts(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """The four arrays in the order of the fields."""
        return self.events, self.total, self.reference_events, self.reference_total


def first_half(compared: BoolArray) -> BoolArray:
    """The first half of the periods that were compared, the middle one included.

    >>> first_half(np.array([True, False, True, True])).tolist()
    [True, False, True, False]
    """
    order = np.cumsum(compared, axis=-1)
    return np.asarray(compared & (order <= np.ceil(order[..., -1:] / 2)))


def contrast(
    numerator: ArrayLike,
    denominator: ArrayLike,
    reference_numerator: ArrayLike,
    reference_denominator: ArrayLike,
) -> Contrast:
    """Put two groups side by side; where either is missing the period contributes nothing.

    >>> contrast([1, np.nan, 2], [9, 9, 9], [3, 3, 0], [50, 50, 0]).compared.tolist()
    [True, False, False]
    """
    given = (numerator, denominator, reference_numerator, reference_denominator)
    y, n, y0, n0 = np.broadcast_arrays(*(np.asarray(part, dtype=np.float64) for part in given))
    counted = np.isfinite(y) & np.isfinite(n) & np.isfinite(y0) & np.isfinite(n0)
    counted &= (np.nan_to_num(n) > 0) & (np.nan_to_num(n0) > 0)
    if np.any(counted & ((y < 0) | (y0 < 0) | (y > n) | (y0 > n0))):
        raise ValueError("events must lie between 0 and the number at risk, in every period")
    return Contrast(*(np.where(counted, part, 0.0) for part in (y, n, y0, n0)))


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """A window of periods as one comparison: weighted rates, and the sizes they are worth."""

    rate: FloatArray
    size: FloatArray
    reference_rate: FloatArray
    reference_size: FloatArray

    def inflated(self, dispersion: FloatArray) -> Pooled:
        """The same rates on less evidence: periods vary more than chance by this factor."""
        return Pooled(
            self.rate, self.size / dispersion, self.reference_rate, self.reference_size / dispersion
        )

    @classmethod
    def side_by_side(cls, windows: Sequence[Pooled]) -> Pooled:
        """Several windows of the same series, on a first axis."""
        return cls(*(np.stack([getattr(one, f.name) for one in windows]) for f in fields(cls)))

    @property
    def without(self) -> Pooled:
        """The same comparison of those to whom it did not happen."""
        return Pooled(1 - self.rate, self.size, 1 - self.reference_rate, self.reference_size)

    @property
    def ratio(self) -> FloatArray:
        """Mantel-Haenszel ratio of rates; nan for 0 over 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.rate / self.reference_rate)

    @property
    def difference(self) -> FloatArray:
        """Mantel-Haenszel difference of rates."""
        return self.rate - self.reference_rate

    @property
    def log_ratio(self) -> FloatArray:
        """Log ratio with half an event on either side: finite with no events, hardly biased."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(
                np.log(self.rate + 0.5 / self.size)
                - np.log(self.reference_rate + 0.5 / self.reference_size)
            )

    @property
    def information(self) -> FloatArray:
        """About the log ratio; 0 where a group has no events, infinite where it has all."""
        return information(self.rate, self.size, self.reference_rate, self.reference_size)


def information(p: FloatArray, n: FloatArray, p0: FloatArray, n0: FloatArray) -> FloatArray:
    """Information about the log ratio of two rates: one over the variance of its estimate."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(1 / ((1 - p) / (n * p) + (1 - p0) / (n0 * p0)), nan=0.0, posinf=np.inf)


def summed(values: FloatArray) -> FloatArray:
    """The sum over time, one after the other: empty periods do not change its last digit."""
    return np.cumsum(values, axis=-1)[..., -1] if values.shape[-1] else values.sum(axis=-1)


def weights(data: Contrast) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mantel-Haenszel: what an event of the stratum, of the reference, and a period weigh."""
    _, n, _, n0 = data.parts
    both = np.where(data.compared, n + n0, 1.0)
    return n0 / both, n / both, n * n0 / both


def pooled(data: Contrast) -> Pooled:
    """The whole window as one comparison; the ratio and the difference are Mantel-Haenszel's.

    >>> week = contrast([2, 1], [10, 10], [5, 5], [50, 50])
    >>> float(pooled(week).ratio.round(6))
    1.5
    """
    sums = [summed(part) for part in _terms(data)]
    return _from_sums(*sums)


def rolling(data: Contrast, length: int) -> Pooled:
    """The comparison over the last `length` periods, at every period; nan before there are so many.

    >>> rolling(contrast([2, 1, 0], 10, [5, 5, 5], 50), 2).ratio.round(6).tolist()
    [nan, 1.5, 0.5]
    """
    sums = []
    for part in _terms(data):
        # Differences of running sums leave rounding dust where a window holds nothing.
        windows = np.lib.stride_tricks.sliding_window_view(part, length, axis=-1).sum(axis=-1)
        early = np.full((*part.shape[:-1], length - 1), np.nan)
        sums.append(np.concatenate([early, windows], axis=-1))
    return _from_sums(*sums)


def _terms(data: Contrast) -> tuple[FloatArray, ...]:
    y, n, y0, n0 = data.parts
    a, b, w = weights(data)
    return y * a, y0 * b, w, n * a**2, n0 * b**2


def _from_sums(
    events: FloatArray, reference: FloatArray, w: FloatArray, own: FloatArray, other: FloatArray
) -> Pooled:
    # With these weights the variance of a rate is p q / size, as if one sample of that size.
    with np.errstate(divide="ignore", invalid="ignore"):
        return Pooled(
            np.minimum(events / w, 1.0),
            np.where(own > 0, w**2 / own, 0.0),
            np.minimum(reference / w, 1.0),
            np.where(other > 0, w**2 / other, 0.0),
        )


def ratio_interval(table: Pooled, confidence: float = 0.95) -> Interval:
    """Score interval of the Mantel-Haenszel ratio; keeps its sense with no events on one side."""
    return gart_nam_ratio(*_as_counts(table), confidence)


def difference_interval(table: Pooled, confidence: float = 0.95) -> Interval:
    """Score interval of the Mantel-Haenszel difference; holds 0 where the ratio's holds 1."""
    return gart_nam(*_as_counts(table), confidence)


def _as_counts(table: Pooled) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    n, n0 = table.size, table.reference_size
    return table.rate * n, n, table.reference_rate * n0, n0
