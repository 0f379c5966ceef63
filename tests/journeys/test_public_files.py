"""Public files import with a mapping, every row accounted for; skipped where they are not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from qi_equity import sources
from qi_equity.project_file import load
from qi_equity.sources import Imported
from qi_equity.sources.outline import outline

ROOT = Path(__file__).parents[2]
MSDS = ROOT / "projects" / "msds"
TRIALS = ROOT / "tests" / "unit" / "projects"

# mapping, file, rows taken, observations, totals
FILES = [
    (MSDS / "quality_improvement_metrics.yaml", "msds_apr2025_cqim_rates.csv", 1429, 0, 1429),
    (
        MSDS / "continuity_of_carer_by_ethnicity.yaml",
        "msds_apr2025_continuity_of_carer_by_ethnicity_imd.csv",
        595,
        476,
        119,
    ),
    (
        MSDS / "continuity_of_carer_by_deprivation.yaml",
        "msds_apr2025_continuity_of_carer_by_ethnicity_imd.csv",
        1428,
        1309,
        119,
    ),
    (
        MSDS / "ethnicity_not_recorded.yaml",
        "msds_annual_ethnicity_unknown_by_trust.csv",
        492,
        0,
        492,
    ),
    (TRIALS / "vaccination.yaml", "vsd_weekly_vaccination.csv", 517, 430, 87),
    (TRIALS / "us_infant_deaths.yaml", "us_states_infant_deaths_halfyear.csv", 10710, 8568, 2142),
]


@pytest.mark.parametrize("mapping", sorted(MSDS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_mapping_loads(mapping: Path) -> None:
    assert load(mapping).data is not None


def imported(mapping: Path, folder: Path, name: str) -> Imported:
    return sources.load(load(mapping), folder / name)


@pytest.mark.parametrize(
    ("mapping", "name", "taken", "rows", "totals"), FILES, ids=lambda x: getattr(x, "stem", None)
)
def test_every_row_is_taken_left_out_or_refused(
    shared_data: Path, mapping: Path, name: str, taken: int, rows: int, totals: int
) -> None:
    found = imported(mapping, shared_data, name)
    raw = pd.read_csv(shared_data / name, dtype=str, encoding="utf-8-sig")
    assert found.read == len(raw)
    assert found.read == found.taken + found.left_out["rows"].sum() + found.refused["rows"].sum()
    assert (found.taken, len(found.observations), len(found.totals)) == (taken, rows, totals)
    assert found.refused.empty
    assert f"{found.read:,} rows read" in str(found)


def test_sums_are_the_files_own(shared_data: Path) -> None:
    name = "us_states_infant_deaths_halfyear.csv"
    found = imported(TRIALS / "us_infant_deaths.yaml", shared_data, name)
    raw = pd.read_csv(shared_data / name)
    apart = raw["stratum"] == "total"
    for table, part in ((found.observations, raw[~apart]), (found.totals, raw[apart])):
        assert table["numerator"].sum() == part["numerator"].sum()
        assert table["denominator"].sum() == part["denominator"].sum()
        assert table["numerator"].isna().sum() == part["numerator"].isna().sum()
    # Deaths of 1 to 9 are withheld; a true zero is not.
    assert len(found.suppressed) == raw["suppressed"].sum() == 3631
    notes = "\n".join(found.notes)
    assert "denominators of the strata add up to the file's total in 2,142 of 2,142" in notes
    assert "in 634 site-periods a single numerator is withheld beside its total" in notes


def test_tokens_of_the_national_file_are_not_zero(shared_data: Path) -> None:
    name = "msds_apr2025_cqim_rates.csv"
    found = imported(MSDS / "quality_improvement_metrics.yaml", shared_data, name)
    raw = pd.read_csv(shared_data / name, dtype=str)
    submitted_nothing = (raw["Numerator"] == "DNS") & (raw["Org_Level"] == "Provider")
    assert found.totals["numerator"].isna().sum() == submitted_nothing.sum() == 65
    assert any("65 of 'numerator' are 'DNS'" in note for note in found.notes)


def test_weeks_ending_on_saturday_become_the_monday_of_their_week(shared_data: Path) -> None:
    found = imported(TRIALS / "vaccination.yaml", shared_data, "vsd_weekly_vaccination.csv")
    assert found.observations["subgroup"].dt.day_name().unique().tolist() == ["Monday"]
    last = found.observations.sort_values("subgroup").groupby("stratum").last()
    rates = (100 * last["numerator"] / last["denominator"]).round(1)
    assert rates[["Asian", "Hispanic", "White", "Black"]].tolist() == [89.5, 70.0, 67.7, 59.1]


@pytest.mark.parametrize(
    ("name", "taken"), sorted({(name, taken) for _, name, taken, *_ in FILES if taken != 1428})
)
def test_a_mapping_drawn_from_the_file_alone_takes_the_same_rows(
    shared_data: Path, tmp_path: Path, name: str, taken: int
) -> None:
    """What `qi-equity new NAME --data FILE` writes is a whole project that imports the file."""
    drawn = tmp_path / "drawn.yaml"
    drawn.write_text(outline(shared_data / name, "drawn", tmp_path), encoding="utf-8")
    found = sources.load(load(drawn), base=tmp_path)
    assert found.taken == taken
    assert found.refused.empty
