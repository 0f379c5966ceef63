"""Each pair of calls on docs/how-to/from-r.md says the same: R's figures are those kept here."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from packed import Case
from spc_cases import same, table

import qi_equity
from qi_equity.equity.intervals import byar_or_exact, wilson

PAGE = Path(__file__).parents[2] / "docs/how-to/from-r.md"
BLOCK = re.compile(r"^```python (\w+) (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAIRS = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
LINES = {
    "qicharts2": {"value": "y", "centre": "cl", "lower": "lcl", "upper": "ucl"},
    "nhsrplotthedots": {"value": "y", "centre": "mean_col", "lower": "lpl", "upper": "upl"},
}
IN_ORDER = {"qicharts2": ["x"], "nhsrplotthedots": ["f", "x"]}


def of(tool):
    return [pytest.param(*pair, id=pair[1]) for pair in PAIRS if (pair[0] == "phe") == tool]


@pytest.mark.parametrize(("tool", "case", "block"), of(False))
def test_a_chart_has_the_lines_that_r_drew(tool, case, block):
    names = {"d": table(tool, case, "input"), "qi_equity": qi_equity}
    exec(block, names)
    theirs = table(tool, case, "expected").sort_values(IN_ORDER[tool])
    for mine, column in LINES[tool].items():
        if column in theirs:
            same(names["charts"].points[mine], theirs[column], f"{case}: {mine}")


@pytest.mark.parametrize(("tool", "case", "block"), of(True))
def test_an_indicator_has_the_value_and_limits_that_r_gave(tool, case, block):
    kept = Case(tool, case)
    columns = kept.files["input"]
    d = pd.DataFrame(
        {name: kept.words("input", name) if name == "area" else kept.numbers("input", name)
         for name in columns if name in ("area", "x", "n", "stdpop")}
    )  # fmt: skip
    names = {"d": d, "qi_equity": qi_equity, "wilson": wilson, "byar_or_exact": byar_or_exact}
    exec(block, names)
    found = names["found"]
    if not isinstance(found, pd.DataFrame):
        found = pd.DataFrame({"value": found.estimate, "lower": found.lower, "upper": found.upper})
    for mine, theirs in (("value", "value"), ("lower", "lowercl"), ("upper", "uppercl")):
        expected = kept.numbers("expected", theirs)
        assert np.isfinite(expected).any()
        known = found[mine].notna().to_numpy()
        np.testing.assert_allclose(found[mine][known], expected[known], rtol=1e-9, err_msg=mine)


def test_the_page_has_pairs_of_all_three():
    assert {tool for tool, _, _ in PAIRS} == {"qicharts2", "nhsrplotthedots", "phe"}
