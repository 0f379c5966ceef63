"""The World Health Organization's summary measures of inequality, from published formulae.

One number for all strata at once hides who they are, so these stand beside the gap of each
stratum and never in its place. Strata lie on the last axis; all other axes come along. Measures
built on an order (SII, RII, ACI, RCI) are refused where strata have none: ethnicity is not a
ladder. Every measure of spread is pushed up by chance when strata are small; `corrected` takes
the expected noise off, and `by_chance` says how much there would be with no inequality at all.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from qi_equity.arrays import FloatArray
from qi_equity.equity.intervals import Interval
from qi_equity.errors import UserError, did_you_mean

# Theil's index and the mean log deviation take this for a rate of zero (WHO).
ALMOST_NONE = 1e-6
# With a smaller share of the strata known a summary is not given (WHO's health equity toolkit).
LEAST_PRESENT = 0.85
# Newton steps of the logistic line at most, and a step so short that the line has settled.
NEWTON_STEPS, SETTLED = 30, 1e-13


class UnorderedStrata(UserError):
    """A measure that needs an order was asked of strata that have none."""


@dataclass(frozen=True, eq=False)
class Strata:
    """A rate, its standard error and the people it stands for, for each stratum (last axis).

    `ordered` strata go from the least to the most advantaged. `adverse` rates are better low.
    `out_of` is the largest a rate can be (1, or 100 for a percentage); `None` where it has none.
    """

    rate: FloatArray
    population: FloatArray
    standard_error: FloatArray
    ordered: bool = False
    adverse: bool = True
    reference: int | None = None
    out_of: float | None = 1.0

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Strata whose rate is known and that someone belongs to."""
        return np.isfinite(self.rate) & (self.population > 0)

    @cached_property
    def share(self) -> FloatArray:
        """Share of the people in each stratum, of those whose rate is known."""
        people = np.where(self.present, self.population, 0.0)
        return _ratio(people, people.sum(axis=-1, keepdims=True))

    @cached_property
    def mean(self) -> FloatArray:
        """Rate of everyone: the strata's rates, weighted by their people."""
        return _sum(self, self.share * self.rate)[..., None]

    @cached_property
    def rank(self) -> FloatArray:
        """Middle of each stratum's place when everyone stands in line, least advantaged first."""
        return np.asarray(np.cumsum(self.share, axis=-1) - self.share / 2)


def strata(
    rate: ArrayLike,
    population: ArrayLike,
    standard_error: ArrayLike = np.nan,
    *,
    ordered: bool = False,
    adverse: bool = True,
    reference: int | None = None,
    out_of: float | None = 1.0,
) -> Strata:
    """Rates as they were published; a standard error that was not is nan."""
    y, n, error = np.broadcast_arrays(
        *(np.asarray(part, dtype=float) for part in (rate, population, standard_error))
    )
    return Strata(y, n, error, ordered, adverse, reference, out_of)


def strata_from_counts(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    ordered: bool = False,
    adverse: bool = True,
    reference: int | None = None,
) -> Strata:
    """Proportions from counts; the standard error is without bias, so the noise taken off is too.

    >>> people = strata_from_counts([5, 10], [100, 100])
    >>> people.rate, people.standard_error.round(5)
    (array([0.05, 0.1 ]), array([0.0219 , 0.03015]))
    """
    x, n = np.broadcast_arrays(
        np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    )
    y = _ratio(x, n)
    error = np.sqrt(_ratio(y * (1 - y), np.maximum(n - 1, 0)))
    return Strata(y, n, error, ordered, adverse, reference)


# ------------------------------------------------------------------ simple measures


def _ends(s: Strata) -> tuple[FloatArray, FloatArray]:
    """The two strata that the difference and the ratio compare."""
    if s.ordered:
        first, last = s.rate[..., 0], s.rate[..., -1]
        return (first, last) if s.adverse else (last, first)
    if s.reference is None:
        return _highest(s), _lowest(s)
    chosen = s.rate[..., s.reference]
    others = replace(s, rate=np.where(_is(s, s.reference), np.nan, s.rate))
    return (_highest(others), chosen) if s.adverse else (chosen, _lowest(others))


def _difference(s: Strata) -> FloatArray:
    one, two = _ends(s)
    return one - two


def _ratio_of_ends(s: Strata) -> FloatArray:
    return _ratio(*_ends(s))


# ------------------------------------------------------------------ spread about the mean


def _between_group_variance(s: Strata) -> FloatArray:
    return _sum(s, s.share * (s.rate - s.mean) ** 2)


def _between_group_sd(s: Strata) -> FloatArray:
    return np.sqrt(_between_group_variance(s))


def _coefficient_of_variation(s: Strata) -> FloatArray:
    return 100 * _between_group_sd(s) / s.mean[..., 0]


def _theil(s: Strata) -> FloatArray:
    relative = _above_none(s)
    return 1000 * _sum(s, s.share * relative * np.log(relative))


def _mean_log_deviation(s: Strata) -> FloatArray:
    return 1000 * _sum(s, -s.share * np.log(_above_none(s)))


def _apart_from(
    point: Callable[[Strata], FloatArray], weighted: bool, relative: bool = False
) -> "Function":
    """Mean distance of the strata from a point, each counting alike or by its people."""

    def measure(s: Strata) -> FloatArray:
        away = np.abs(s.rate - point(s))
        weight = s.share if weighted else _ratio(1.0, s.present.sum(axis=-1, keepdims=True))
        return _sum(s, weight * away) * (100 / s.mean[..., 0] if relative else 1.0)

    return measure


def _mean(s: Strata) -> FloatArray:
    return s.mean


def _best(s: Strata) -> FloatArray:
    return (_lowest(s) if s.adverse else _highest(s))[..., None]


def _named(s: Strata) -> FloatArray:
    if s.reference is None:
        raise UserError("MDR is measured from a reference stratum; say which: reference=")
    return s.rate[..., [s.reference]]


# ------------------------------------------------------------------ what closing it would bring


def _population_attributable_risk(s: Strata) -> FloatArray:
    # Where strata have an order the aim is the most advantaged stratum, even if not the best.
    gain = ((s.rate[..., -1:] if s.ordered else _best(s)) - s.mean)[..., 0]
    return np.minimum(gain, 0.0) if s.adverse else np.maximum(gain, 0.0)


def _population_attributable_fraction(s: Strata) -> FloatArray:
    return 100 * _population_attributable_risk(s) / s.mean[..., 0]


# ------------------------------------------------------------------ ordered strata


def line(value: FloatArray, rank: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weighted least squares: the height of the line at rank 0, and its rise to rank 1."""
    total = weight.sum(axis=-1, keepdims=True)
    centre = (weight * rank).sum(axis=-1, keepdims=True) / total
    height = (weight * value).sum(axis=-1, keepdims=True) / total
    spread = (weight * (rank - centre) ** 2).sum(axis=-1, keepdims=True)
    rise = (weight * (rank - centre) * (value - height)).sum(axis=-1, keepdims=True) / spread
    return (height - rise * centre)[..., 0], rise[..., 0]


def logistic_line(
    value: FloatArray, rank: FloatArray, weight: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The likeliest logistic line through proportions: its logit at rank 0, and its rise."""
    mean = (weight * value).sum(axis=-1) / weight.sum(axis=-1)
    start, rise = special.logit(mean), np.zeros_like(mean)
    for _ in range(NEWTON_STEPS):
        fitted = special.expit(start[..., None] + rise[..., None] * rank)
        information = weight * fitted * (1 - fitted)
        # One Newton step is a weighted line through what is left over.
        step = line((value - fitted) / (fitted * (1 - fitted)), rank, information)
        start, rise = start + step[0], rise + step[1]
        if not np.any(np.abs(step) > SETTLED):
            break
    return start, rise


Ends = Callable[["Strata"], tuple[FloatArray, FloatArray]]


def _ends_of_line(scale: str) -> Ends:
    """Rates at the two ends of the line of people, from a line straight on a scale."""
    forward, back = SCALES[scale]

    def ends(s: Strata) -> tuple[FloatArray, FloatArray]:
        largest = _largest(s)
        value = np.where(s.present, forward(s.rate / largest), 0.0)
        start, rise = line(value, s.rank, s.share)
        return largest * back(start), largest * back(start + rise)

    return ends


def _logistic_ends(s: Strata) -> tuple[FloatArray, FloatArray]:
    largest = _largest(s)
    start, rise = logistic_line(np.where(s.present, s.rate, 0.0) / largest, s.rank, s.share)
    return largest * special.expit(start), largest * special.expit(start + rise)


def _slope_index(ends: Ends) -> "Function":
    def measure(s: Strata) -> FloatArray:
        start, end = ends(s)
        return end - start

    return measure


def _relative_index(ends: Ends) -> "Function":
    def measure(s: Strata) -> FloatArray:
        start, end = ends(s)
        return _ratio(end, start)

    return measure


def _itself(value: FloatArray) -> FloatArray:
    return value


# How a rate is straightened before the line, and turned back after it.
SCALES: dict[str, tuple[Callable[..., FloatArray], Callable[..., FloatArray]]] = {
    "plain": (_itself, _itself),
    "log": (np.log, np.exp),
    "logit": (special.logit, special.expit),
}


def _absolute_concentration(s: Strata) -> FloatArray:
    value = np.where(s.present, s.rate, 0.0)
    middle = _sum(s, s.share * s.rank)[..., None]
    return 2 * _sum(s, s.share * (s.rank - middle) * value)


def _relative_concentration(s: Strata) -> FloatArray:
    return _ratio(_absolute_concentration(s), s.mean[..., 0])


def _wagstaff(s: Strata) -> FloatArray:
    return _relative_concentration(s) / (1 - s.mean[..., 0] / _largest(s))


def _erreygers(s: Strata) -> FloatArray:
    return 4 * _absolute_concentration(s) / _largest(s)


# ------------------------------------------------------------------ the table of them

Function = Callable[[Strata], FloatArray]


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure: its function, what it needs, and the scale its interval is worked out on."""

    name: str
    words: str
    function: Function
    ordered: bool = False
    ratio: bool = False
    reference: bool = False
    bounded: bool = False


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("d", "difference", _difference),
        Measure("r", "ratio", _ratio_of_ends, ratio=True),
        Measure("bgv", "between-group variance", _between_group_variance),
        Measure("bgsd", "between-group standard deviation", _between_group_sd),
        Measure("cov", "coefficient of variation, %", _coefficient_of_variation),
        Measure("mdmu", "mean difference from the mean", _apart_from(_mean, False)),
        Measure("mdmw", "the same, weighted", _apart_from(_mean, True)),
        Measure("mdbu", "mean difference from the best", _apart_from(_best, False)),
        Measure("mdbw", "the same, weighted", _apart_from(_best, True)),
        Measure(
            "mdru", "mean difference from the reference", _apart_from(_named, False), reference=True
        ),
        Measure("mdrw", "the same, weighted", _apart_from(_named, True), reference=True),
        Measure("idisu", "index of disparity, %", _apart_from(_mean, False, relative=True)),
        Measure("idisw", "the same, weighted", _apart_from(_mean, True, relative=True)),
        Measure("ti", "Theil index", _theil),
        Measure("mld", "mean log deviation", _mean_log_deviation),
        Measure("par", "population attributable risk", _population_attributable_risk),
        Measure("paf", "population attributable fraction, %", _population_attributable_fraction),
        *(
            Measure(name, words, function(ends), ordered=True, ratio=ratio, bounded=bounded)
            for suffix, how, ends, bounded in (
                ("", "", _ends_of_line("plain"), False),
                ("_log", ", straight on the log scale", _ends_of_line("log"), False),
                ("_logit", ", straight on the logit scale", _ends_of_line("logit"), True),
                ("_logistic", ", likeliest logistic line", _logistic_ends, True),
            )
            for name, words, function, ratio in (
                (f"sii{suffix}", f"slope index of inequality{how}", _slope_index, False),
                (f"rii{suffix}", f"relative index of inequality{how}", _relative_index, True),
            )
        ),
        Measure("aci", "absolute concentration index", _absolute_concentration, ordered=True),
        Measure("rci", "relative concentration index", _relative_concentration, ordered=True),
        Measure("rci_wagstaff", "concentration, Wagstaff", _wagstaff, ordered=True, bounded=True),
        Measure(
            "rci_erreygers", "concentration, Erreygers", _erreygers, ordered=True, bounded=True
        ),
    )
}


def fitting(s: Strata) -> list[str]:
    """The measures that these strata can have."""
    return [
        name
        for name, measure in MEASURES.items()
        if (s.ordered or not measure.ordered)
        and (s.reference is not None or not measure.reference)
        and (s.out_of is not None or not measure.bounded)
    ]


def inequality(
    s: Strata,
    measures: Iterable[str] | None = None,
    confidence: float = 0.95,
    least_present: float = LEAST_PRESENT,
) -> dict[str, Interval]:
    """Each measure with its interval; nan where too few of the strata are known.

    >>> people = strata_from_counts([5, 30, 12], [100, 200, 150])
    >>> inequality(people, ["d"])["d"].estimate.round(3)
    np.float64(0.1)
    """
    names = fitting(s) if measures is None else list(measures)
    _check(s, names)
    enough = s.present.mean(axis=-1) >= least_present
    z = float(special.ndtri((1 + confidence) / 2))
    return {name: _with_interval(s, MEASURES[name], z, enough) for name in names}


def standard_error(s: Strata, function: Function) -> FloatArray:
    """Standard error of a measure from those of the rates: how far it moves when each moves."""
    if np.isnan(s.standard_error).all():
        return np.full(s.rate.shape[:-1], np.nan)
    total = np.zeros(s.rate.shape[:-1])
    for stratum in range(s.rate.shape[-1]):
        here = _is(s, stratum)
        step = np.abs(s.mean) * 1e-4

        def at(steps: float, here: NDArray[np.bool_] = here, step: FloatArray = step) -> FloatArray:
            return function(replace(s, rate=s.rate + np.where(here, steps * step, 0.0)))

        # Five-point rule: right to twelve digits where a measure is smooth, as all are but at ties.
        slope = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step[..., 0])
        error = s.standard_error[..., stratum]
        total = total + np.where(slope == 0, 0.0, slope * error) ** 2
    return np.asarray(np.sqrt(total))


def _with_interval(s: Strata, measure: Measure, z: float, enough: NDArray[np.bool_]) -> Interval:
    with np.errstate(all="ignore"):
        estimate = measure.function(s)
        if measure.ratio:
            error = standard_error(s, lambda other: np.log(measure.function(other)))
            lower, upper = estimate * np.exp(-z * error), estimate * np.exp(z * error)
        else:
            error = standard_error(s, measure.function)
            lower, upper = estimate - z * error, estimate + z * error
    return Interval(*(np.where(enough, part, np.nan)[()] for part in (estimate, lower, upper)))


def _check(s: Strata, names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in MEASURES]
    if unknown:
        raise UserError(
            "\n".join(f"no measure called '{n}'{did_you_mean(n, MEASURES)}" for n in unknown)
        )
    asked = [name for name in names if MEASURES[name].ordered and not s.ordered]
    if asked:
        raise UnorderedStrata(
            f"{', '.join(asked)}: these need strata with an order, such as deprivation; these "
            "strata have none. Use bgv, mdbw, idisw or ti, or pass ordered=True where strata go "
            "from the least to the most advantaged."
        )


# ------------------------------------------------------------------ what they share


def _largest(s: Strata) -> float:
    return 1.0 if s.out_of is None else s.out_of


def _is(s: Strata, stratum: int) -> NDArray[np.bool_]:
    return np.asarray(np.arange(s.rate.shape[-1]) == stratum)


def _sum(s: Strata, values: FloatArray) -> FloatArray:
    """Sum over the strata that are known."""
    return np.asarray(np.sum(np.where(s.present, values, 0.0), axis=-1))


def _highest(s: Strata) -> FloatArray:
    return np.asarray(np.max(np.where(s.present, s.rate, -np.inf), axis=-1))


def _lowest(s: Strata) -> FloatArray:
    return np.asarray(np.min(np.where(s.present, s.rate, np.inf), axis=-1))


def _above_none(s: Strata) -> FloatArray:
    """Rates as shares of the mean, with next to nothing in place of nothing."""
    some = replace(s, rate=np.where(s.rate == 0, ALMOST_NONE, s.rate))
    return some.rate / some.mean


def _ratio(one: ArrayLike, two: ArrayLike) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.divide(one, two, dtype=float))
