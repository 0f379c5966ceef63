"""Columns of labels as numbers: as pandas has them, however the rows lie."""

import numpy as np
import pandas as pd
import pytest

from qi_equity.factorize import factorize


@pytest.mark.parametrize(
    "labels",
    [
        ["B", "B", "A", "A", "B"],
        ["B", None, np.nan, "A"],
        ["B", pd.NA, pd.NA, "B"],
        [2, 2, 1],
        ["B"],
        [],
    ],
    ids=["words", "missing", "pandas' own missing", "numbers", "one", "none"],
)
@pytest.mark.parametrize("sort", [True, False])
def test_a_label_has_the_number_that_pandas_gives_it(labels: list[object], sort: bool) -> None:
    column = pd.Series(labels, dtype=object)
    place, names = factorize(column, sort=sort)
    theirs, known = pd.factorize(column, sort=sort, use_na_sentinel=False)
    assert place.tolist() == theirs.tolist()
    pd.testing.assert_index_equal(pd.Index(names, dtype=object), known)
