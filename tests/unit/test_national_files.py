"""The mappings of national files that ship fit the header lines those files have.

The lines stand in tests/cases/national_headers.csv with where each is from.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from qi_equity import project_file, sources
from qi_equity.project import TableSource

ROOT = Path(__file__).parents[2]
MAPPINGS = ROOT / "projects" / "msds"
with (ROOT / "tests/cases/national_headers.csv").open(encoding="utf-8", newline="") as file:
    KNOWN = list(csv.DictReader(file))
each = pytest.mark.parametrize("known", KNOWN, ids=lambda known: known["mapping"])


def columns_of(source: TableSource) -> set[str]:
    """Every column that a mapping names."""
    names = [source.subgroup, source.stratum, source.crossed_with, source.site, source.measure]
    names += [source.numerator, source.denominator, source.value, source.suppressed, *source.where]
    return {name for name in names if name is not None}


def test_every_mapping_that_ships_has_its_header_line():
    assert {known["mapping"] for known in KNOWN} == {path.stem for path in MAPPINGS.glob("*.yaml")}
    assert all(known["provenance"] for known in KNOWN)


@each
def test_every_column_a_mapping_names_is_in_the_header_line(known):
    plan = project_file.load(MAPPINGS / f"{known['mapping']}.yaml")
    assert columns_of(plan.data) <= set(known["header"].split(","))


@pytest.mark.parametrize(
    "known", [k for k in KNOWN if k["file"]], ids=lambda known: known["mapping"]
)
def test_the_header_line_is_still_the_file_s_own(known):
    path = ROOT.parent / "shared" / "data" / known["file"]
    if not path.is_file():
        pytest.skip(f"{known['file']} is not beside the repository")
    first = path.read_text(encoding="utf-8-sig").splitlines()[0]
    assert first.split(",") == known["header"].split(",")


def test_the_monthly_file_is_read_by_group_and_month(tmp_path: Path):
    """A made-up file with the header and the labels of the monthly publication."""
    (known,) = [one for one in KNOWN if one["mapping"] == "monthly_bookings_by_ethnicity"]
    plan = project_file.load(MAPPINGS / "monthly_bookings_by_ethnicity.yaml")
    labels = [code for group in plan.strata.groups for code in group.codes]
    rows = [
        [start, end, "EthnicCategoryMotherGroup", level, code, "A trust", label, "Women", "45"]
        for start, end in (("01/04/2025", "30/04/2025"), ("2025-05-01", "2025-05-31"))
        for level, code in (("Provider", "R0A"), ("Provider", "R1H"), ("National", "ALL"))
        for label in labels
    ]
    rows.append([*rows[0][:2], "TotalBookings", "Provider", "R0A", "A trust", "", "Women", "360"])
    path = tmp_path / "msds-apr2025-exp-data.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([known["header"].split(","), *rows])
    found = sources.load(plan, path)
    assert (found.read, found.taken, len(found.refused)) == (49, 32, 0)
    assert found.read == found.taken + found.left_out["rows"].sum()
    table = found.observations
    assert sorted(table["subgroup"].dt.strftime("%Y-%m").unique()) == ["2025-04", "2025-05"]
    assert set(table["site"]) == {"r0a", "r1h"}
    assert set(table["stratum"]) == {group.name for group in plan.strata.groups}
