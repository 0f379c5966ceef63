"""Formulae of docs/methods.md worked out as they are printed, with numpy and scipy alone.

On usual counts and on those that formulae stumble over: no event, nothing but events, one subgroup,
nobody at risk. Charts, sites that lean on each other, and sites that began at different times;
intervals have a file of their own (test_intervals_by_hand.py), as has the CUSUM (test_monitor.py).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from qi_equity import chart
from qi_equity.equity.pooling import pooled_rates
from qi_equity.equity.staggered import carried

COUNTS = {
    "usual": ([4, 6, 3, 9, 5, 2, 7, 4, 5, 6], [30, 41, 28, 55, 33, 19, 40, 31, 36, 42]),
    "few": ([0, 1, 0, 0, 2, 0, 0], [3, 2, 5, 4, 2, 1, 3]),
    "none": ([0] * 6, [10] * 6),
    "all": ([10] * 6, [10] * 6),
    "one subgroup": ([2], [9]),
    "nobody at risk": ([1, 0, 2, 1, 0], [5, 0, 6, 7, 0]),
}  # fmt: skip


def mean_range(values):
    """Mean moving range, those of 3.267 means or more left out once (decisions/moving-ranges)."""
    steps = np.abs(np.diff(values))
    steps = steps[np.isfinite(steps)]
    if not steps.size or steps.mean() == 0:
        return np.nan
    kept = steps[steps < 3.267 * steps.mean()]
    if kept.size < steps.size and 2 * (steps == 0).sum() >= steps.size:
        return 1.128 * np.nanstd(values, ddof=1)
    return kept.mean()


def proportion(x, n):
    p = x.sum() / np.nansum(n)
    return p, np.sqrt(p * (1 - p) / n), 1.0


def rate(x, n):
    u = x.sum() / np.nansum(n)
    return u, np.sqrt(u / n), np.inf


def laney(plain):
    def lines(x, n):
        centre, sigma, top = plain(x, n)
        with np.errstate(all="ignore"):
            return centre, sigma * mean_range((x / n - centre) / sigma) / 1.128, top

    return lines


def count(x, n):
    return x.mean(), np.full(len(x), np.sqrt(x.mean())), np.inf


LINES = {
    "p": proportion, "u": rate, "c": count, "pp": laney(proportion), "up": laney(rate),
}  # fmt: skip


@pytest.mark.parametrize("case", COUNTS)
@pytest.mark.parametrize("kind", LINES)
def test_three_sigma_limits_are_those_of_the_formula(kind, case):
    x, n = (np.array(part, dtype=float) for part in COUNTS[case])
    size = np.where(n > 0, n, np.nan)
    centre, sigma, top = LINES[kind](x, size)
    points = drawn(kind, x, n, limits="normal" if kind in ("p", "u", "c") else None)
    if kind == "c" or np.isfinite(sigma).any():
        same(points["centre"], np.full(len(x), centre))
    same(points["upper"], np.minimum(centre + 3 * sigma, top))
    same(points["lower"], np.maximum(centre - 3 * sigma, 0))


@pytest.mark.parametrize("case", ["usual", "few", "one subgroup", "nobody at risk"])
@pytest.mark.parametrize("kind", ["p", "u"])
def test_exact_limits_hold_the_counts_whose_mid_p_tails_are_those_of_three_sigma(kind, case):
    x, n = (np.array(part, dtype=float) for part in COUNTS[case])
    centre, counts = x.sum() / n.sum(), np.arange(200)
    points = drawn(kind, x, n, limits="exact")
    for size, lower, upper in zip(n, points["lower"], points["upper"], strict=True):
        if size == 0:
            assert np.isnan([lower, upper]).all()
            continue
        law = stats.binom(int(size), centre) if kind == "p" else stats.poisson(size * centre)
        half = law.pmf(counts) / 2
        tails = np.minimum(law.cdf(counts - 1) + half, law.sf(counts) + half)
        inside = counts[tails >= stats.norm.sf(3)]
        same([lower, upper], [inside.min() / size, inside.max() / size])


@pytest.mark.parametrize("case", COUNTS)
def test_charts_of_values_and_of_what_lies_between_are_those_of_the_formula(case):
    x = np.array(COUNTS[case][0], dtype=float)
    sigma, mean = mean_range(x + 0.5) / 1.128, x.mean()
    points = of_values("i", x + 0.5)
    same(points["upper"], np.full(len(x), mean + 0.5 + 3 * sigma))
    ranges = np.abs(np.diff(x)).mean() if len(x) > 1 else np.nan
    same(of_values("mr", x + 0.5)["upper"], np.full(len(x), 3.267 * ranges or np.nan))
    root = (x + 0.5) ** (1 / 3.6)
    spread = 3 * mean_range(root) / 1.128
    points = of_values("t", x + 0.5)
    same(points["centre"], np.full(len(x), root.mean() ** 3.6))
    same(points["upper"], np.full(len(x), (root.mean() + spread) ** 3.6))
    points = drawn("g", x)
    same(points["centre"], np.full(len(x), np.median(x)))
    same(points["upper"], np.full(len(x), mean + 3 * np.sqrt(mean * (mean + 1))))


def drawn(kind, x, n=None, limits=None):
    table = pd.DataFrame({"week": np.arange(len(x)), "events": x})
    asked = {} if limits is None else {"limits": limits}
    if kind not in ("c", "g"):
        table, asked = table.assign(births=n), asked | {"denominator": "births"}
    return chart(table, kind=kind, subgroup="week", numerator="events", **asked).points


def of_values(kind, values):
    table = pd.DataFrame({"week": np.arange(len(values)), "value": values})
    return chart(table, kind=kind, subgroup="week", value="value").points


def same(found, formula):
    np.testing.assert_allclose(np.asarray(found, dtype=float), formula, rtol=0, atol=1e-9)


def test_what_a_site_would_have_counted_is_a_poisson_regression_on_what_had_not_begun():
    """Fitted by Newton's method on site and period, with the variance by the delta method."""
    rng = np.random.default_rng(8)
    began, births = np.array([5, 7, 9, 99, 99]), rng.integers(40, 90, (5, 14)).astype(float)
    events = rng.poisson(births * 0.15).astype(float)
    site, period = (np.ravel(part) for part in np.indices(births.shape))
    design = np.column_stack([np.eye(5)[site], np.eye(14)[period][:, 1:]])
    used = period < began[site]
    x, y, n = design[used], events.ravel()[used], births.ravel()[used]
    level = np.concatenate([np.full(5, np.log(y.sum() / n.sum())), np.zeros(13)])
    for _ in range(20):
        mean = n * np.exp(x @ level)
        level += np.linalg.lstsq(x.T @ (mean[:, None] * x), x.T @ (y - mean), rcond=None)[0]
    found = carried(events, births, began)
    expected = (births.ravel() * np.exp(design @ level)).reshape(births.shape)
    assert np.abs(found.expected / expected - 1)[found.compared].max() < 1e-4
    later = found.compared.ravel()
    told = expected.ravel()[later]
    lean = told @ design[later] / told.sum()
    unsure = lean @ np.linalg.pinv(x.T @ (mean[:, None] * x)) @ lean
    variance = 1 / events.ravel()[later].sum() + unsure
    assert found.variance(found.compared) == pytest.approx(variance, rel=1e-4)


@pytest.mark.parametrize(("events", "births"), [
    ([1, 9, 60], [10, 150, 900]), ([0, 3], [20, 30]), ([5, 7, 6, 8], [50] * 4),
    ([0, 0, 1, 2], [30, 500, 40, 90]), ([0, 1], [200, 300]), ([20, 29], [20, 30]),
])  # fmt: skip
def test_a_site_beside_others_is_its_likelihood_over_every_spread_and_level(events, births):
    """Summed over a grid far wider and finer: log odds, level and a spread of Rayleigh's curve."""
    x, n = (np.array(part, dtype=float)[:, None] for part in (events, births))
    log_odds, levels = np.linspace(-25, 19, 1101), np.linspace(-18, 18, 361)
    likely = x * special.log_expit(log_odds) + (n - x) * special.log_expit(-log_odds)
    likely = np.exp(likely - likely.max(axis=1, keepdims=True))
    posterior = np.zeros_like(likely)
    for spread in np.linspace(0.04, 1.6, 40):
        curve = stats.norm.pdf(log_odds, levels[:, None], spread)
        each = np.maximum(likely @ curve.T, 1e-60)  # levels of no likelihood at all
        whole = spread * np.exp(-((spread / 0.4) ** 2) / 2) * each.prod(axis=0)
        posterior += (whole / each) @ curve * likely
    posterior /= posterior.sum(axis=1, keepdims=True)
    below = posterior.cumsum(axis=1) - posterior / 2
    found = pooled_rates(events, births).shrunk
    assert found.estimate == pytest.approx(posterior @ special.expit(log_odds), rel=2e-3)
    for end, share in ((found.lower, 0.025), (found.upper, 0.975)):
        at = special.expit([np.interp(share, one, log_odds) for one in below])
        assert end == pytest.approx(at, rel=0.01)
