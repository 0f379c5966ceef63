"""The likeliest proportions under a stated difference, beside the same in fractions."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from qi_equity.equity.scores import difference_score


def likeliest_second(a, m, b, n, delta):
    """Where the likelihood is highest, by halving in fractions: no digit is lost."""
    low, high = max(Fraction(0), -delta), min(Fraction(1), 1 - delta)
    for _ in range(120):
        second = (low + high) / 2
        first = second + delta
        slope = (a - m * first) * second * (1 - second) + (b - n * second) * first * (1 - first)
        low, high = (second, high) if slope > 0 else (low, second)
    return low


@pytest.mark.parametrize(
    ("counts", "delta"),
    [
        ((1, 374, 0, 2), 0.002628965968929116),  # both proportions near nought
        ((7, 338, 0, 187), 0.0133277797464067),
        ((0, 6, 3, 356), -0.0082672202992152),
        ((336, 338, 2, 2), -0.0086),  # and near one
        ((56, 70, 48, 80), 0.0),
        ((40, 80, 40, 80), 0.1),
    ],
)
def test_few_events_cost_a_score_none_of_its_digits(counts, delta):
    a, m, b, n = counts
    stated = Fraction(delta)
    second = likeliest_second(a, m, b, n, stated)
    first = second + stated
    variance = first * (1 - first) / m + second * (1 - second) / n
    away = Fraction(a, m) - Fraction(b, n) - stated
    assert difference_score(a, m, b, n, delta) == pytest.approx(
        float(away) / np.sqrt(float(variance)), rel=1e-12
    )


@pytest.mark.parametrize("delta", [0.0, 1e-8, 3e-7, 1e-3])
def test_a_little_skewness_costs_a_score_none_of_its_digits(delta):
    """15 of 20 and 5 of 20: by symmetry a half, and half the difference, to either side."""
    stated = Decimal(delta)
    first = (1 + stated) / 2
    own = first * (1 - first) / 20
    variance = 2 * own * 40 / 39
    score = (Decimal(15 - 5) / 20 - stated) / variance.sqrt()
    sixth = 2 * own * (1 - 2 * first) / 20 / (variance * variance.sqrt()) / 6
    moved = (1 + 4 * sixth * (score + sixth)).sqrt() - 1
    expected = moved / (2 * sixth) if sixth else score
    assert difference_score(15, 20, 5, 20, delta, small=True) == pytest.approx(
        float(expected), rel=1e-13
    )
