"""The names that scripts rely on are there, and stay what they are whatever is imported."""

import subprocess
import sys

import pandas as pd
import pytest

import qi_equity
from qi_equity.errors import DataErrors

FIRST = [
    "",
    "import qi_equity.analyse, qi_equity.project_file, qi_equity.frames.gaps",
    "from qi_equity.plan import plan",
    "import qi_equity.cli, qi_equity.words.terminal",
]
TWICE = """
import qi_equity
from qi_equity.errors import DataErrors
for name in [*qi_equity.__all__, *qi_equity.__all__]:
    assert type(getattr(qi_equity, name)).__name__ == "function", name
"""


@pytest.mark.parametrize("first", FIRST)
def test_public_names_are_functions_whatever_was_imported_first(first: str) -> None:
    subprocess.run([sys.executable, "-c", f"{first}\n{TWICE}"], check=True)


def test_a_module_can_be_imported_by_its_name_all_the_same() -> None:
    from qi_equity.analyse import analyse

    assert analyse is qi_equity.analyse


def test_the_package_lists_its_public_names() -> None:
    assert set(qi_equity.__all__) <= set(dir(qi_equity))
    with pytest.raises(AttributeError, match="no attribute 'analyze'"):
        _ = qi_equity.analyze


@pytest.mark.parametrize("name", qi_equity.__all__)
def test_every_public_function_says_what_comes_back_what_is_refused_and_shows_it(name: str) -> None:
    told = getattr(qi_equity, name).__doc__
    assert "raises" in told.lower()
    assert ">>> " in told
    assert "Returns " in told or name == "load_project"  # "The project in a file"


WEEKS = pd.DataFrame({"week": [1, 2], "pph": [1, 2], "births": [9, 9], "site": ["A", "A"]})
COUNTS = {"numerator": "pph", "denominator": "births"}


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("chart", {**COUNTS, "kind": "p", "subgroup": "wek"}),
        ("cusum_chart", {**COUNTS, "subgroup": "wek", "reference": 0.1}),
        ("funnel", {**COUNTS, "site": "wek"}),
        ("gaps", {**COUNTS, "stratum": "wek", "reference": "A"}),
        ("gap_charts", {**COUNTS, "stratum": "wek", "subgroup": "week", "reference": "A"}),
        ("means", {"value": "pph", "by": "wek"}),
        ("quantiles", {"value": "wek"}),
        ("sites", {**COUNTS, "stratum": "wek", "reference": "A"}),
    ],
)
def test_a_column_that_is_not_there_is_named_with_the_nearest(name: str, asked: dict) -> None:
    with pytest.raises(DataErrors, match="'wek'; did you mean 'week'"):
        getattr(qi_equity, name)(WEEKS, **asked)


def test_a_cusum_asks_for_a_rate_that_can_be_and_phases_for_a_chart() -> None:
    with pytest.raises(DataErrors, match="reference 10: give a rate above 0 and below 1"):
        qi_equity.cusum_chart(WEEKS, **COUNTS, subgroup="week", reference=10)
    with pytest.raises(DataErrors, match="what chart\\(\\) returned"):
        qi_equity.suggest_phases(WEEKS)
