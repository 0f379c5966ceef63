"""How much of a summary of inequality is chance, where strata are small.

Every measure of spread is above zero even if all strata are alike, and the more small strata
there are the further above. `corrected` takes the expected noise off; `by_chance` shuffles the
events among the people and says what the measure would be with no inequality at all.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from qi_equity.arrays import FloatArray
from qi_equity.chance import seed_of
from qi_equity.equity.inequality import MEASURES, Function, Strata, fitting, strata_from_counts

# With the data themselves 2,000: a p-value is told in steps of 1 in 2,000.
DRAWS = 1_999
# Series whose draws are held in memory together.
SERIES_AT_ONCE = 16
# As many numbers side by side numpy adds up one after the other; more in pairs.
ONE_BY_ONE = 7
# A step of this share of the mean rate: the curvature is then right to six digits.
STEP = 1e-3


# ------------------------------------------------------------------ taking the noise off


def corrected(s: Strata) -> dict[str, FloatArray]:
    """Measures of spread with the expected noise of the rates taken off, never below zero.

    The variance is without bias but for its floor at zero; the others are much nearer the truth
    than as they stand. Theil's index and the mean log deviation are nan where a stratum has no
    event. Measures from the best stratum are left out: the best is partly the luckiest, which
    only `by_chance` shows.

    >>> alike = strata_from_counts([4, 6, 5], [50, 50, 50])
    >>> {name: float(corrected(alike)[name]) for name in ("bgv", "mdmw")}
    {'bgv': 0.0, 'mdmw': 0.0}
    """
    with np.errstate(all="ignore"):
        variance = np.maximum(_less_curvature(s, MEASURES["bgv"].function), 0)
        mean = s.mean[..., 0]
        around_mean = _distances(s, s.mean, _noise_about_mean(s))
        found = {
            "bgv": variance,
            "bgsd": np.sqrt(variance),
            "cov": 100 * np.sqrt(variance) / mean,
            "mdmu": _average(s, around_mean, weighted=False),
            "mdmw": _average(s, around_mean, weighted=True),
            "idisu": 100 * _average(s, around_mean, weighted=False) / mean,
            "idisw": 100 * _average(s, around_mean, weighted=True) / mean,
            "ti": np.maximum(_less_curvature(s, MEASURES["ti"].function), 0),
            "mld": np.maximum(_less_curvature(s, MEASURES["mld"].function), 0),
        }
        if s.reference is not None:
            point = s.rate[..., [s.reference]]
            away = _distances(s, point, _noise_about_reference(s, s.reference))
            found |= {
                "mdru": _average(s, away, weighted=False),
                "mdrw": _average(s, away, weighted=True),
            }
    return found


def _less_curvature(s: Strata, function: Function) -> FloatArray:
    """A smooth measure less half its curvature times the variance of each rate."""
    middle = function(s)
    noise = np.zeros_like(middle)
    step = np.abs(s.mean) * STEP
    for stratum in range(s.rate.shape[-1]):
        here = np.arange(s.rate.shape[-1]) == stratum
        up, down = (
            function(replace(s, rate=s.rate + np.where(here, way * step, 0.0))) for way in (1, -1)
        )
        bend = (up - 2 * middle + down) / step[..., 0] ** 2
        error = s.standard_error[..., stratum]
        noise = noise + np.where(s.present[..., stratum], bend * error**2 / 2, 0.0)
    return np.asarray(middle - noise)


def _distances(s: Strata, point: FloatArray, noise: FloatArray) -> FloatArray:
    """Distance of each stratum from a point, its square less what chance would add to it."""
    return np.asarray(np.sqrt(np.maximum((s.rate - point) ** 2 - noise, 0)))


def _noise_about_mean(s: Strata) -> FloatArray:
    error = np.where(s.present, s.standard_error, 0.0) ** 2
    of_mean = (s.share**2 * error).sum(axis=-1, keepdims=True)
    return np.asarray(error * (1 - 2 * s.share) + of_mean)


def _noise_about_reference(s: Strata, reference: int) -> FloatArray:
    error = np.asarray(s.standard_error**2)
    itself = np.arange(s.rate.shape[-1]) == reference
    return np.where(itself, 0.0, error + error[..., [reference]])


def _average(s: Strata, away: FloatArray, *, weighted: bool) -> FloatArray:
    weight = s.share if weighted else 1 / s.present.sum(axis=-1, keepdims=True)
    return np.asarray(np.sum(np.where(s.present, weight * away, 0.0), axis=-1))


# ------------------------------------------------------------------ nothing but chance


@dataclass(frozen=True, slots=True, eq=False)
class Chance:
    """A measure as seen, what it is on average with no inequality, and how rare one so large is."""

    seen: FloatArray
    expected: FloatArray
    p_value: FloatArray


def by_chance(
    numerator: ArrayLike,
    denominator: ArrayLike,
    measures: Iterable[str] | None = None,
    *,
    ordered: bool = False,
    adverse: bool = True,
    reference: int | None = None,
    draws: int = DRAWS,
) -> dict[str, Chance]:
    """Shuffle the events among all the people and work the measures out anew.

    Draws depend on the counts alone, so each series has its own, however many are asked for at
    once. For a ratio, and for measures with a sign, large means far from no inequality.

    >>> found = by_chance([3, 6, 5], [50, 50, 50], ["bgv"])["bgv"]
    >>> bool(found.seen < found.expected), bool(found.p_value > 0.5)
    (True, True)
    """
    x, n = np.broadcast_arrays(
        np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    )

    def people(counts: FloatArray, size: FloatArray) -> Strata:
        return strata_from_counts(
            counts, size, ordered=ordered, adverse=adverse, reference=reference
        )

    names = fitting(people(x, n)) if measures is None else list(measures)
    shape = x.shape[:-1]
    x, n = (part.reshape(math.prod(shape), part.shape[-1]) for part in (x, n))
    found = np.full((len(names), 3, len(x)), np.nan)
    # With a stratum unknown nobody can say among whom its events would have been dealt.
    whole = np.flatnonzero((np.isfinite(x) & np.isfinite(n)).all(axis=-1))
    for start in range(0, len(whole), SERIES_AT_ONCE):
        here = whole[start : start + SERIES_AT_ONCE]
        dealt = [_shuffled(*both, draws) for both in zip(x[here], n[here], strict=True)]
        real = people(x[here], n[here])
        both = np.stack(dealt), np.repeat(n[here, np.newaxis], draws, axis=1)
        shuffled = people(*(_by_stratum(part) for part in both))
        for place, name in enumerate(names):
            found[place][:, here] = _against_chance(name, real, shuffled)
    return {
        name: Chance(*(part.reshape(shape) for part in parts))
        for name, parts in zip(names, found, strict=True)
    }


def _against_chance(
    name: str, real: Strata, shuffled: Strata
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A measure as seen, its mean over the shuffles, and how often they are as far from none."""
    with np.errstate(all="ignore"):
        seen, drawn = MEASURES[name].function(real), MEASURES[name].function(shuffled)
        size, sizes = _from_none(name, seen), _from_none(name, drawn)
    # Shuffles that tie with what was seen count, and so do those that are not a number: the
    # p-value errs on the careful side. The slack absorbs the last digits.
    rarer = 1 + np.sum(~(sizes < size[:, np.newaxis] * (1 - 1e-9)), axis=-1)
    return seen, drawn.mean(axis=-1), rarer / (1 + drawn.shape[-1])


def _from_none(name: str, value: FloatArray) -> FloatArray:
    return np.abs(np.log(value) if MEASURES[name].ratio else value)


def _by_stratum(dealt: FloatArray) -> FloatArray:
    """The same, with all draws of a stratum side by side in memory: quicker to add up.

    Where there are more strata than are added up one after the other, their sums would end in
    other digits.
    """
    if dealt.shape[-1] > ONE_BY_ONE:
        return dealt
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(dealt, -1, 0)), 0, -1)


def _shuffled(events: FloatArray, people: FloatArray, draws: int) -> FloatArray:
    """The same events dealt anew among the same people: strata one by one, hypergeometric."""
    rng = np.random.default_rng(seed_of(events, people))
    left = np.full(draws, int(events.sum()))
    others = int(people.sum())
    dealt = np.empty((draws, len(events)))
    for stratum, size in enumerate(people.astype(np.int64)):
        dealt[:, stratum] = rng.hypergeometric(left, others - left, size)
        left = left - dealt[:, stratum].astype(np.int64)
        others -= int(size)
    return dealt
