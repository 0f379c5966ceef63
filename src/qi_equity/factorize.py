"""Columns of labels as numbers: which of them stands in each row; nothing is counted here."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.arrays import BoolArray, IntArray


def factorize(column: pd.Series, *, sort: bool = True) -> tuple[IntArray, Any]:
    """The place of each row's label among the labels, and these; a missing one is a label too.

    In a table that is in order a label stands in many rows on end: each stretch is looked up once.

    >>> place, labels = factorize(pd.Series(["B", "B", "A"], dtype=object))
    >>> place, labels.tolist()
    (array([1, 1, 0]), ['A', 'B'])
    """
    if column.dtype != object:
        return pd.factorize(column, sort=sort, use_na_sentinel=False)
    values = column.to_numpy()
    begins = stretches(values)
    of_stretch, labels = pd.factorize(values[begins], sort=sort, use_na_sentinel=False)
    return of_stretch[np.cumsum(begins) - 1], labels


def stretches(labels: np.ndarray) -> BoolArray:
    """Where a stretch of rows of one label begins."""
    begins = np.ones(len(labels), bool)
    with suppress(TypeError):  # pd.NA is neither like nor unlike: every row is looked up
        begins[1:] = labels[1:] != labels[:-1]
    return begins
