"""Whatever a file holds, an import ends in an account of every row or a user's error.

HYPOTHESIS_PROFILE=long tries 2,000 files of each kind.
"""

from __future__ import annotations

import csv
import io
import random
import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from qi_equity import sources
from qi_equity.errors import UserError
from qi_equity.observations import observations
from qi_equity.project import Project, RecordsRule, RecordsSource

PROJECT = Project.model_validate(
    {
        "id": "trial",
        "title": "A trial",
        "clinical_area": "other",
        "network": "N",
        "sites": [{"id": "north", "name": "North Unit"}, {"id": "south", "name": "South Unit"}],
        "aim": {
            "population": "women",
            "measure": "pph",
            "from": 0.2,
            "to": 0.1,
            "by": "2026-01-01",
            "equity": [
                {"stratum": "Black", "measure": "pph", "from": 0.2, "to": 0.1, "by": "2026-01-01"}
            ],
        },
        "strata": {
            "code_system": "nhs_16_plus_1",
            "groups": [
                {"name": "Black", "codes": ["M", "N", "P"]},
                {"name": "White", "codes": ["A", "B", "C"]},
            ],
            "reference": {"compare_with": "everyone else", "reason": "no group is the norm"},
        },
        "measures": [
            {
                "id": "pph",
                "name": "PPH",
                "role": "outcome",
                "numerator": "n",
                "direction": "decrease",
            }
        ],
        "data": {
            "kind": "table",
            "path": "counts.csv",
            "subgroup": "week",
            "stratum": "group",
            "site": "unit",
            "numerator": "events",
            "denominator": "births",
        },
    }
)
HEADER = ["week", "unit", "group", "events", "births"]

plausible = st.sampled_from(
    [
        *("2025-01-06", "13/01/2025", "03/02/2025", "06 Jan 2025", "2025-02-30", "45663"),
        *("north", "South Unit", "England", "M", "m1", "White", "Total", "Z", "99"),
        *("0", "3", "20", "1,204", "-1", "2.5", "<5", "*", "DNS", "12%", "1e400"),
        *("", " ", "nan", "=1+1"),
    ]
)
# All but surrogates: to name the codec instead costs ten seconds of working out its letters.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
cells = st.one_of(plausible, plausible, texts)
typed = st.one_of(
    cells.filter(lambda text: text.isprintable()),
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.dates(date(1990, 1, 1), date(2030, 1, 1)),
    st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)),
)


def grids(cell: st.SearchStrategy[Any]) -> st.SearchStrategy[list[list[Any]]]:
    return st.lists(st.lists(cell, min_size=0, max_size=7), max_size=8)


def judge(path: Path) -> None:
    """An account that adds up over valid observations, or a user's error."""
    try:
        imported = sources.load(PROJECT, path)
    except UserError:
        return
    refused, left_out = imported.refused["rows"].sum(), imported.left_out["rows"].sum()
    assert imported.read == imported.taken + refused + left_out
    assert len(imported.observations) + len(imported.totals) <= imported.taken
    assert len(observations(imported.observations)) == len(imported.observations)
    assert str(imported)


@given(rows=grids(cells), header=st.one_of(st.just(HEADER), st.permutations(HEADER)))
def test_any_cells_in_a_csv(rows: list[list[str]], header: list[str]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counts.csv"
        path.write_bytes(text.getvalue().encode("utf-8", errors="replace"))
        judge(path)


@given(content=st.binary(max_size=200), headed=st.booleans())
def test_any_bytes_in_a_csv(content: bytes, headed: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counts.csv"
        path.write_bytes((",".join(HEADER) + "\n").encode() * headed + content)
        judge(path)


@given(rows=grids(typed))
def test_any_cells_in_a_workbook(rows: list[list[Any]]) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in [HEADER, *rows]:
        page.append(row)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counts.xlsx"
        book.save(path)
        judge(path)


@given(seed=st.integers(0, 2**32), hits=st.integers(1, 30), cut=st.booleans())
def test_a_damaged_workbook(seed: int, hits: int, cut: bool) -> None:
    rng = random.Random(seed)
    content = bytearray(whole_workbook())
    for _ in range(hits):
        content[rng.randrange(len(content))] = rng.randrange(256)
    if cut:
        del content[rng.randrange(len(content)) :]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counts.xlsx"
        path.write_bytes(bytes(content))
        judge(path)


def whole_workbook() -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in [HEADER, ["2025-01-06", "north", "M", 1, 20], ["2025-01-13", "north", "A", 2, 60]]:
        page.append(row)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


@given(
    rows=st.lists(st.tuples(*[cells] * 5).map(list), min_size=2, max_size=8, unique_by=str),
    seed=st.randoms(use_true_random=False),
)
def test_the_order_of_rows_changes_nothing(rows: list[list[str]], seed: random.Random) -> None:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counts.csv"
        for _ in range(2):
            text = io.StringIO()
            csv.writer(text).writerows([HEADER, *rows])
            path.write_bytes(text.getvalue().encode("utf-8", errors="replace"))
            found.append(sources.load(PROJECT, path))
            seed.shuffle(rows)
    pd.testing.assert_frame_equal(found[0].observations, found[1].observations)
    pd.testing.assert_frame_equal(found[0].totals, found[1].totals)
    assert found[0].taken == found[1].taken


RECORDS = PROJECT.model_copy(
    update={
        "measures": (
            PROJECT.measures[0].model_copy(
                update={
                    "records": RecordsRule.model_validate(
                        {"numerator": {"events": {"at_least": 2}, "births": {"in": [1, "x"]}}}
                    )
                }
            ),
        ),
        "data": RecordsSource(
            kind="records", path="births.csv", date="week", stratum="group", site="unit"
        ),
    }
)


@given(
    content=st.one_of(
        st.binary(max_size=200),
        grids(cells).map(lambda rows: "\n".join(",".join(row) for row in rows).encode()),
    ),
    headed=st.booleans(),
)
@settings(max_examples=25)  # an engine is started for each
def test_any_bytes_as_birth_records(content: bytes, headed: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "births.csv"
        path.write_bytes((",".join(HEADER) + "\n").encode() * headed + content)
        try:
            imported = sources.load(RECORDS, path)
        except UserError:
            return
        others = imported.refused["rows"].sum() + imported.left_out["rows"].sum()
        assert imported.read == imported.taken + others
        assert len(observations(imported.observations)) == len(imported.observations)
