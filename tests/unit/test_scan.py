"""The scan of counts against full enumeration, and on data that can answer nothing."""

from itertools import product

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq
from scipy.special import expit

from qi_equity.chance import sequential_p
from qi_equity.spc.scan import scan, series_of


def bent(share):
    return np.sqrt(1 - 4 / 15 * np.log(4 * share * (1 - share)))


def enumerated(y, n):
    """The exact p-value: every way the events can fall, weighted by how likely it is."""
    y, n = np.array(y), np.array(n)
    total, people = y.sum(), n.sum()
    share = np.cumsum(n)[:-1] / people
    scale = np.sqrt(share * (1 - share)) * bent(share)

    def largest(counts):
        return np.max(np.abs(np.cumsum(counts)[:-1] - total * share) / scale)

    ways = [way for way in product(*(range(k + 1) for k in n)) if sum(way) == total]
    likely = [stats.multivariate_hypergeom.pmf(way, n, total) for way in ways]
    extreme = [largest(way) >= largest(y) - 1e-9 for way in ways]
    return float(np.dot(likely, extreme))


@pytest.mark.parametrize(
    ("y", "n"), [([0, 0, 3], [4, 4, 4]), ([0, 1, 3, 3], [5, 4, 4, 3]), ([1, 1, 2], [6, 5, 6])]
)
def test_p_values_are_those_of_full_enumeration(y, n):
    found = float(scan(np.array(y), np.array(n), scattered=False).p_value)
    assert found == pytest.approx(enumerated(y, n), rel=1e-10)


def slowly(y, n, season, at_most_one):
    """The exact p-value by a dictionary of paths in logarithms: another coding of the same sum."""
    rate = season_rates(y, n, season) if at_most_one else n * np.exp(season)
    mean = n * rate if at_most_one else rate * y.sum() / rate.sum()
    variance = mean * (1 - rate) if at_most_one else mean
    whole, held, share = variance.sum(), np.cumsum(variance), np.cumsum(n) / n.sum()
    left = np.maximum(whole - held, 0.0)
    sd = np.sqrt(held * left / whole * (n.sum() / (n.sum() - 1) if at_most_one else 1))
    looked = (share >= 0.1) & (share <= 0.9)
    sd[looked] *= bent(share[looked])
    height = np.max(np.abs(np.cumsum(y - mean))[looked] / sd[looked])
    kept, free = {0: 0.0}, {0: 0.0}
    for week in range(len(y)):
        most = int(n[week]) if at_most_one else int(y.sum())
        k = np.arange(most + 1)
        law = stats.binom(most, rate[week]) if at_most_one else stats.poisson(mean[week])
        log = law.logpmf(k)
        kept, free = stepped(kept, log), stepped(free, log)
        if looked[week]:
            bar = height * sd[week] * (1 - 1e-9)
            centre = mean[: week + 1].sum()
            kept = {k: v for k, v in kept.items() if abs(k - centre) < bar}
    return 1 - np.exp(kept[int(y.sum())] - free[int(y.sum())])


def stepped(paths, log):
    ways = {}
    for here, weight in paths.items():
        for k, chance in enumerate(log):
            ways.setdefault(here + k, []).append(weight + chance)
    return {k: np.logaddexp.reduce(v) for k, v in ways.items()}


def season_rates(y, n, season):
    level = brentq(lambda a: (n * expit(a + season)).sum() - y.sum(), -30, 30, xtol=1e-14)
    return expit(level + season)


@pytest.mark.parametrize("at_most_one", [True, False])
@pytest.mark.parametrize("swing", [0.0, 0.4])
@pytest.mark.parametrize(("size", "rate"), [(3, 0.1), (8, 0.4)])
def test_p_values_are_those_of_an_independent_slow_sum(at_most_one, swing, size, rate):
    rng = np.random.default_rng([7, size])
    n = rng.poisson(size, 14) + 1.0
    season = swing * np.cos(np.arange(14))
    y = rng.binomial(n.astype(int), rate).astype(float)
    found = scan(y, n, at_most_one=at_most_one, season=season, scattered=False)
    assert found.p_value == pytest.approx(slowly(y, n, season, at_most_one), rel=1e-8)


@pytest.mark.parametrize("at_most_one", [True, False])
def test_p_values_are_those_of_drawing(at_most_one):
    rng = np.random.default_rng(8)
    n = rng.poisson(15, 40)
    y = rng.binomial(n, np.where(np.arange(40) < 20, 0.1, 0.16))
    if at_most_one:
        drawn = rng.multivariate_hypergeometric(n, y.sum(), size=20_000, method="marginals")
    else:
        drawn = rng.multinomial(y.sum(), n / n.sum(), size=20_000)
    chance = series_of(drawn * 1.0, np.broadcast_to(n * 1.0, drawn.shape), 0.0 * drawn, at_most_one)
    heights = np.abs(chance.step).max(axis=-1)
    found = scan(y, n, at_most_one=at_most_one, scattered=False)
    share = (heights >= found.statistic * (1 - 1e-9)).mean()
    assert abs(share - found.p_value) < 4 * np.sqrt(share * (1 - share) / 20_000)


@pytest.mark.parametrize("size", [600, 900])
def test_a_coarse_lattice_gives_nearly_the_same_p_values(size, monkeypatch):
    rng = np.random.default_rng([9, size])
    n = rng.poisson(size, (6, 24))
    late = np.arange(24) >= 14
    y = rng.binomial(n, np.where(late, np.linspace(0.3, 0.33, 6)[:, None], 0.3))
    coarse = scan(y, n, scattered=False).p_value
    monkeypatch.setattr("qi_equity.spc.paths.COARSE", 1e9)
    fine = scan(y, n, scattered=False).p_value
    told = fine > 1e-9
    assert told.sum() >= 4
    assert np.log(coarse[told]) == pytest.approx(np.log(fine[told]), abs=0.03)


def test_the_step_is_found_where_it_is_and_tells_its_side_apart_from_chance():
    found = scan(np.repeat([1, 5], 26), np.full(52, 20))
    assert int(found.split) == 26
    assert bool(found.rising)
    assert found.p_value < 1e-6


DEGENERATE = {
    "no events": (np.zeros(20), np.full(20, 9)),
    "nothing but events": (np.full(20, 9), np.full(20, 9)),
    "one subgroup": (np.ones(1), np.full(1, 9)),
    "no subgroups": (np.ones(0), np.ones(0)),
    "no denominators": (np.zeros(20), np.zeros(20)),
    "identical values": (np.full(20, 3), np.full(20, 9)),
    "nothing logged": (np.full(20, np.nan), np.full(20, 9)),
}


@pytest.mark.parametrize("case", DEGENERATE)
@pytest.mark.parametrize("at_most_one", [True, False])
def test_degenerate_counts_never_raise_and_never_signal(case, at_most_one):
    found = scan(*DEGENERATE[case], at_most_one=at_most_one)
    assert np.isnan(found.p_value) or found.p_value == 1 or case == "nothing but events"
    assert np.isnan(found.p_value) or found.p_value > 0.5


def test_weeks_without_a_denominator_and_weeks_not_logged_change_nothing():
    rng = np.random.default_rng(1)
    n = rng.poisson(12, 52) + 1.0
    y = rng.binomial(n.astype(int), 0.2).astype(float)
    plain = scan(y, n)
    padded = scan(np.insert(y, [9, 30], [0, np.nan]), np.insert(n, [9, 30], [0, 11]))
    assert padded.p_value == plain.p_value
    assert padded.scatter == plain.scatter


def test_series_one_at_a_time_equal_all_at_once():
    rng = np.random.default_rng(2)
    n = rng.poisson(12, (2, 3, 40)) + 1
    y = rng.binomial(n, 0.2)
    together = scan(y, n)
    for series in product(range(2), range(3)):
        assert together.p_value[series] == scan(y[series], n[series]).p_value


def test_a_series_has_the_same_digits_beside_rarer_and_commoner_ones():
    """Added up at once is as much for a series whose steps are few as for its neighbours."""
    rng = np.random.default_rng(5)
    n = rng.poisson(40, (24, 60)) + 1
    y = rng.binomial(n, np.geomspace(0.002, 0.9, 24)[:, np.newaxis])
    together = scan(y, n, scattered=False).p_value
    alone = [scan(y[row], n[row], scattered=False).p_value for row in range(len(y))]
    assert together.tolist() == np.array(alone).tolist()


def test_a_rarer_week_is_as_exact_as_a_usual_one():
    """One week in which hardly anything is expected, among weeks in which much is."""
    n = np.full(12, 30.0)
    n[5] = 1.0
    y = np.array([9.0, 11, 10, 8, 12, 1, 14, 15, 13, 16, 15, 14])
    found = scan(y, n, scattered=False)
    assert found.p_value == pytest.approx(slowly(y, n, np.zeros(12), True), rel=1e-10)


def test_the_other_way_round_says_the_same():
    """Events and non-events are the same evidence: the statistic is equal to the last digits."""
    rng = np.random.default_rng(3)
    n = rng.poisson(12, 52) + 1
    y = rng.binomial(n, 0.2)
    assert scan(y, n).statistic == pytest.approx(scan(n - y, n).statistic, rel=1e-12)


def test_counts_over_exposure_may_be_above_it():
    found = scan(np.repeat([3, 9], 26), np.full(52, 2.5), at_most_one=False)
    assert found.p_value < 1e-6


@pytest.mark.parametrize("batch", [1, 7, 500])
def test_a_sequential_p_value_does_not_depend_on_its_batches(batch, monkeypatch):
    def p_value():
        rng = np.random.default_rng(4)
        bar = np.array([1.2, 2.5])
        return sequential_p(bar, lambda size: rng.normal(size=(size, 2)), most=3_000)

    plain = p_value()
    monkeypatch.setattr("qi_equity.chance.FIRST_BATCH", batch)
    monkeypatch.setattr("qi_equity.chance.LARGEST_BATCH", batch)
    assert p_value().tolist() == plain.tolist()
    assert plain == pytest.approx(stats.norm.sf([1.2, 2.5]), rel=0.6)


def test_any_number_of_births_has_a_p_value():
    births = np.full(24, 1e8)
    assert scan(births / 10, births).p_value == 1.0
    more = births / 10 + np.where(np.arange(24) < 12, 0, 2e4)
    assert 0 < scan(more, births, scattered=False).p_value < 0.01


def test_events_that_scatter_from_week_to_week_are_not_taken_for_a_step():
    rng = np.random.default_rng(10)
    rate = rng.beta(0.86 * 49, 0.14 * 49, (100, 78))  # correlation .02
    n = rng.poisson(100, (100, 78))
    y = rng.binomial(n, rate)
    trusting = (scan(y, n, scattered=False).p_value <= 0.05).mean()
    assert trusting > 0.4
    assert (scan(y, n).p_value <= 0.05).mean() < 0.1


def test_a_season_that_is_known_is_no_step():
    rng = np.random.default_rng(11)
    season = 0.5 * np.cos(2 * np.pi * np.arange(78) / 52)
    n = rng.poisson(60, (100, 78))
    y = rng.binomial(n, expit(season - 2))
    unknown = (scan(y, n, scattered=False).p_value <= 0.05).mean()
    assert unknown > 0.4
    assert (scan(y, n, season=season).p_value <= 0.05).mean() < 0.09
