"""How large each gap is: counts by place and group in, intervals out; all sums are of equity."""

from __future__ import annotations

import numpy as np

from qi_equity.arrays import BoolArray, FloatArray
from qi_equity.equity.contrast import difference_interval, ratio_interval
from qi_equity.equity.gaps import Methods, gap
from qi_equity.equity.intervals import Interval, wilson
from qi_equity.equity.register import Cells, blunted, widened


def counts(
    cells: Cells, corner: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Own counts and the reference's, with those of all places together at the end."""
    parts = (corner[0], cells.denominator, *cells.reference(None, corner[1]))
    seen = np.isfinite(cells.numerator) & (np.nan_to_num(parts[3]) > 0)
    sums = [np.sum(np.where(seen, part, 0.0), axis=-2, keepdims=True) for part in parts]
    sums = [np.where(cells.several[..., None, :], part, np.nan) for part in sums]
    x, n, y, m = (
        np.concatenate([part, total], axis=-2) for part, total in zip(parts, sums, strict=True)
    )
    return x, n, y, m


def intervals(cells: Cells) -> tuple[Interval, Interval, Interval]:
    """Rate, difference and ratio; each as wide as small numbers that are shown as others make it.

    The rate of all together is the plain one: it is what a reader can work out again. What it is
    held against is the others' at the same places, so that all three say the same.
    """
    shown = _read_as(cells, (cells.numerator, cells.numerator))
    if cells.least is None:
        return shown
    near, far = (_read_as(cells, corner) for corner in cells.corners)
    rate, apart, times = (
        Interval(one.estimate, np.fmin(low.lower, one.lower), np.fmax(high.upper, one.upper))
        for one, low, high in zip(shown, near, far, strict=True)
    )
    return rate, apart, times


def _read_as(
    cells: Cells, corner: tuple[FloatArray, FloatArray]
) -> tuple[Interval, Interval, Interval]:
    """Rate, difference and ratio of one reading of the counts."""
    x, n, y, m = counts(cells, corner)
    methods = Methods("rate" if cells.rate else "proportion")
    own_x, own_n, other_x, other_n = (part[..., :-1, :] for part in (x, n, y, m))
    here = gap(own_x, own_n, other_x, other_n, methods=methods)
    within = cells.standardised(corner)
    with np.errstate(all="ignore"):
        one = methods.one if cells.rate else wilson
        rate = one(x, n, 0.95)
        scale = cells.fineness[..., 0]
        apart = _joined(here.difference, difference_interval(within).times(scale))
        times = _joined(here.ratio, ratio_interval(within))
        if cells.rounded.any():
            known = np.where(np.isfinite(x), 0.5, np.nan)
            places = cells.rounded.sum(axis=-1, keepdims=True)
            rounded = np.concatenate([cells.rounded, places > 0], axis=-1)[..., None]
            own = np.concatenate([np.ones_like(cells.rounded, dtype=float), places], axis=-1)
            own = own[..., None]
            many = own * (x.shape[-1] - 1 if cells.against is None else 1)
            _, wider = blunted(known, x, n, y, m, rounded, many, own, rate=cells.rate)
            apart = widened(apart, wider)
            times = _widened_ratio(times, wider)
    alone = ~cells.several
    return rate, _blank(apart, alone), _blank(times, alone)


def _joined(places: Interval, together: Interval) -> Interval:
    return Interval(
        *(
            np.concatenate([getattr(places, part), getattr(together, part)[..., None, :]], axis=-2)
            for part in ("estimate", "lower", "upper")
        )
    )


def _widened_ratio(times: Interval, wider: FloatArray) -> Interval:
    parts = (times.estimate, times.lower, times.upper)
    on_log = widened(Interval(*(np.log(part) for part in parts)), wider)
    return Interval(times.estimate, np.exp(on_log.lower), np.exp(on_log.upper))


def _blank(interval: Interval, alone: BoolArray) -> Interval:
    """Nothing of all together where there is one place only: that place says it."""
    parts = []
    for part in (interval.estimate, interval.lower, interval.upper):
        part = part.copy()
        part[..., -1, :] = np.where(alone, np.nan, part[..., -1, :])
        parts.append(part)
    return Interval(*parts)


def reference_rate(cells: Cells, rates: FloatArray) -> FloatArray:
    """The others' rate at each place; of all together that at the places of the group."""
    of_all = cells.standardised((cells.numerator, cells.numerator)).reference_rate
    of_all = of_all * cells.fineness[..., 0]
    held = np.where(np.isfinite(rates[..., -1, :]), of_all, np.nan)
    return np.concatenate([rates[..., :-1, :], held[..., None, :]], axis=-2)
