"""Pearson's test of a table of counts is scipy's, which takes a second to load."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from qi_equity.quality.unrelated import unrelated


@pytest.mark.parametrize("shape", [(2, 2), (3, 2), (2, 5)])
def test_the_p_value_is_that_of_scipy(shape):
    counts = np.random.default_rng(2).integers(1, 60, (40, *shape))
    for one in counts:
        assert unrelated(one) == pytest.approx(chi2_contingency(one).pvalue, rel=1e-10)
