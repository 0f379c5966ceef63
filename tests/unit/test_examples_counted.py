"""The counts that ship beside an example are its births added up, and nothing else."""

from __future__ import annotations

import os

import pandas as pd
import pytest

from qi_equity import project_file, sources
from qi_equity.app.example import COUNTED, example_network

OF_BIRTHS = sorted(
    name
    for name, path in project_file.examples().items()
    if (found := project_file.load(path).data) is not None and found.kind == "records"
)


@pytest.fixture(scope="module")
def tables():
    return example_network()[1]


@pytest.mark.parametrize("name", OF_BIRTHS)
def test_what_is_counted_beforehand_is_what_the_births_come_to(name, tables):
    # Written anew by QI_EQUITY_WRITE_DOCS=1 pytest tests/unit/test_examples_counted.py
    path = project_file.examples()[name]
    births = sources.load(project_file.load(path), base=path.parent).observations
    ready = path.parent / COUNTED / f"{name}.csv"
    if os.environ.get("QI_EQUITY_WRITE_DOCS"):
        ready.parent.mkdir(exist_ok=True)
        births.to_csv(ready, index=False, date_format="%Y-%m-%d", lineterminator="\n")
    assert ready.is_file()
    pd.testing.assert_frame_equal(tables[name], births, check_exact=True)
