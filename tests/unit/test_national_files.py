"""The mappings of national files that ship fit the header lines those files have.

The lines stand in tests/cases/national_headers.csv with where each is from.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from qi_equity import project_file, sources
from qi_equity.errors import UserError
from qi_equity.project import TableSource

ROOT = Path(__file__).parents[2]
HOMES = (ROOT / "projects" / "msds", ROOT / "projects" / "national")
MAPPINGS = {path.stem: path for home in HOMES for path in home.glob("*.yaml")}
with (ROOT / "tests/cases/national_headers.csv").open(encoding="utf-8", newline="") as file:
    KNOWN = list(csv.DictReader(file))
each = pytest.mark.parametrize("known", KNOWN, ids=lambda known: known["mapping"])


def columns_of(source: TableSource) -> set[str]:
    """Every column that a mapping names."""
    names = [source.subgroup, source.stratum, source.crossed_with, source.site, source.measure]
    names += [source.numerator, source.denominator, source.value, source.suppressed, *source.where]
    names += [name for part in source.columns for name in (part.numerator, part.denominator)]
    return {name for name in names if name is not None}


def test_every_mapping_that_ships_has_its_header_line():
    assert {known["mapping"] for known in KNOWN} == set(MAPPINGS)
    assert all(known["provenance"] for known in KNOWN)


@each
def test_every_column_a_mapping_names_is_in_the_header_line(known):
    plan = project_file.load(MAPPINGS[known["mapping"]])
    assert columns_of(plan.data) <= set(known["header"].split(","))


@each
def test_a_column_that_moved_to_another_name_is_named(known, tmp_path):
    plan = project_file.load(MAPPINGS[known["mapping"]])
    header = known["header"].split(",")
    for name in columns_of(plan.data):
        moved = [f"Our_{each}" if each == name else each for each in header]
        path = tmp_path / "moved.csv"
        path.write_text(",".join(moved) + "\n" + ",".join("1" for _ in header) + "\n")
        with pytest.raises(UserError, match=f"there is no column called '{name}'; did you mean"):
            sources.load(plan, path)


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
    plan = project_file.load(MAPPINGS["monthly_bookings_by_ethnicity"])
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


def header_of(mapping: str) -> list[str]:
    (known,) = [one for one in KNOWN if one["mapping"] == mapping]
    return known["header"].split(",")


def made_up(path: Path, mapping: str, rows: list[dict[str, str]]) -> Path:
    """A made-up file with a known header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, header_of(mapping), restval="")
        out.writeheader()
        out.writerows(rows)
    return path


def test_a_trust_s_deaths_are_totals_and_minus_one_is_withheld(tmp_path: Path):
    plan = project_file.load(MAPPINGS["mbrrace_perinatal_mortality"])
    names = [site.name for site in plan.sites]
    row = {"ReportYear": "2023", "TotalBirths": "6929", "TotalLiveBirths": "6901"}
    row |= {"StabilisedStillbirthCI": "2.92 to 4.02", "CrudeStillbirthRate": "4.04"}
    rows = [
        row | {"OrganisationName": names[2], "TotalStillbirths": "28", "TotalNeonatalDeaths": "31"},
        row | {"OrganisationName": names[0], "TotalStillbirths": "-1", "TotalNeonatalDeaths": "-1"},
        row | {"OrganisationName": "Airedale NHS Foundation Trust", "TotalStillbirths": "5"},
    ]
    path = made_up(tmp_path / "deaths.csv", "mbrrace_perinatal_mortality", rows)
    found = sources.load(plan, path)
    assert (found.read, found.taken, len(found.refused)) == (6, 4, 0)
    assert found.left_out["rows"].sum() == 2
    assert len(found.suppressed) == 2
    told = found.totals.set_index(["site", "measure"])[["numerator", "denominator"]]
    assert told.loc[("birmingham_womens", "stillbirth")].tolist() == [28, 6929]
    assert told.loc[("birmingham_womens", "neonatal_death")].tolist() == [31, 6901]


def test_the_dashboard_s_symbols_are_zero_not_available_and_withheld(tmp_path: Path):
    """The names of its columns stand in for the file's own, which nobody has given us."""
    plan = project_file.load(MAPPINGS["equalities_dashboard"])
    row = {"Period": "01/12/2025", "Org_Level": "Provider", "Org_Code": "R1H", "Rate": "z"}
    row |= {"Metric": "PPH", "Denominator": "1,240"}
    groups = {"White": "40", "Black or Black British": "5", "Mixed": "-"}
    groups |= {"Asian or Asian British": "*", "Any other ethnic group": ":"}
    rows = [row | {"Ethnicity": group, "Numerator": cell} for group, cell in groups.items()]
    rows.append(rows[0] | {"Org_Level": "National", "Org_Code": "ALL"})
    path = made_up(tmp_path / "equalities.csv", "equalities_dashboard", rows)
    found = sources.load(plan, path)
    assert (found.read, found.taken, len(found.refused)) == (6, 5, 0)
    told = found.observations.set_index("stratum")["numerator"]
    assert told[["White", "Black", "Mixed"]].tolist() == [40, 5, 0]
    assert told[["Asian", "Other"]].isna().all()
    assert found.suppressed["stratum"].tolist() == ["Asian"]
