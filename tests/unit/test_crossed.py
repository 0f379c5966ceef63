"""Two dimensions that are crossed: each alone, both together, and their sums the file's own."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from project_text import told

from qi_equity import analyse, crossed, load_project, sources
from qi_equity.errors import UserError
from qi_equity.project import Project
from qi_equity.project_file import examples

USUAL = {"compare_with": "everyone else", "reason": "no group is the norm"}
STRATA = {
    "code_system": "nhs_16_plus_1",
    "groups": [
        {"name": "Asian", "codes": ["H", "J", "K", "L"]},
        {"name": "Black", "codes": ["M", "N", "P"]},
        {"name": "Not recorded", "codes": ["Z", "99"], "unknown": True, "missing": True},
    ],
    "reference": USUAL,
    "crossed_with": {
        "dimension": "interpreter",
        "code_system": "interpreter",
        "groups": [
            {"name": "Needed", "codes": ["Y"]},
            {"name": "Not needed", "codes": ["N"]},
            {"name": "Need not known", "codes": ["Z", "U"], "unknown": True, "missing": True},
        ],
        "reference": {"compare_with": "Not needed", "reason": "the language of the service"},
        "both": USUAL,
    },
}
EXAMPLE = "booking_by_interpreter_need"


def project(data: dict[str, object], strata: dict[str, object] = STRATA) -> Project:
    aim = {"measure": "m", "from": 0.2, "to": 0.1, "by": "2026-01-01"}
    return Project.model_validate(
        {
            "id": "trial",
            "title": "A trial",
            "clinical_area": "other",
            "network": "N",
            "sites": [{"id": "here", "name": "Here"}],
            "aim": {**aim, "population": "women", "equity": [{**aim, "stratum": "Black"}]},
            "strata": strata,
            "measures": [
                {
                    "id": "m",
                    "name": "M",
                    "role": "outcome",
                    "numerator": "n",
                    "denominator": "d",
                    "direction": "decrease",
                    "records": {"numerator": {"loss": {"at_least": 1000}}},
                }
            ],
            "data": data,
        }
    )


RECORDS = {
    "kind": "records", "path": "births.csv", "date": "date", "stratum": "eth", "crossed_with": "int"
}  # fmt: skip


def births(tmp_path: Path) -> pd.DataFrame:
    """Births of two weeks, with each label of either dimension and none."""
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {
            "date": rng.choice(["2025-01-06", "2025-01-14"], 400),
            "eth": rng.choice(["H", "L", "N", "P", "Z", "99", ""], 400),
            "int": rng.choice(["Y", "yes", "No", "N", "U", ""], 400),
            "loss": rng.choice(["300", "1,200"], 400),
        }
    )
    table.to_csv(tmp_path / "births.csv", index=False, quoting=csv.QUOTE_NONNUMERIC)
    return table


def test_records_are_counted_of_both_dimensions_and_none_is_lost(tmp_path):
    table = births(tmp_path)
    plan = project(RECORDS)
    found = sources.load(plan, base=tmp_path)
    assert (found.read, found.taken, len(found.refused)) == (400, 400, 0)
    assert found.observations["denominator"].sum() == 400
    assert set(found.observations["stratum"]) == {cell.name for cell in plan.strata.cells}
    asian_needed = table["eth"].isin(["H", "L"]) & table["int"].isin(["Y", "yes"])
    own = found.observations[found.observations["stratum"] == "Asian × Needed"]
    assert own["denominator"].sum() == asian_needed.sum()
    assert own["numerator"].sum() == (asian_needed & (table["loss"] == "1,200")).sum()


def test_each_part_adds_up_to_everybody_and_to_the_file_s_own_margins(tmp_path):
    table = births(tmp_path)
    plan = project(RECORDS)
    cells = sources.load(plan, base=tmp_path).observations
    parts = crossed.parts(plan)
    assert [part.id for part in parts] == ["trial.ethnicity", "trial.interpreter", "trial.both"]
    sums = {part.id: crossed.counts(plan, part, cells) for part in parts}
    for found in sums.values():
        assert found["denominator"].sum() == 400
        assert not found.duplicated(["measure", "site", "stratum", "subgroup"]).any()
    ethnicity = sums["trial.ethnicity"].groupby("stratum")["denominator"].sum()
    assert ethnicity["Black"] == table["eth"].isin(["N", "P"]).sum()
    interpreter = sums["trial.interpreter"].groupby("stratum")["denominator"].sum()
    assert interpreter["Not needed"] == table["int"].isin(["N", "No"]).sum()
    both = sums["trial.both"].groupby("stratum")["denominator"].sum()
    assert (
        both["Ethnicity or interpreter not known"]
        == 400 - both.drop("Ethnicity or interpreter not known").sum()
    )
    assert [len(part.strata.known) for part in parts] == [2, 2, 4]


def test_a_project_of_one_dimension_is_its_own_only_part(tmp_path):
    plan = project(RECORDS, {key: STRATA[key] for key in STRATA if key != "crossed_with"})
    assert crossed.parts(plan) == (plan,)


def table_of(tmp_path: Path, rows: list[list[str]]) -> pd.DataFrame:
    head = ["Week", "Eth", "Int", "PPH", "Births"]
    with (tmp_path / "table.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    source = {
        "kind": "table", "path": "table.csv", "subgroup": "Week", "stratum": "Eth",
        "crossed_with": "Int", "numerator": "PPH", "denominator": "Births",
    }  # fmt: skip
    return sources.load(project(source), base=tmp_path)


def test_a_table_names_both_dimensions_and_a_total_of_one_is_no_cell(tmp_path):
    found = table_of(
        tmp_path,
        [
            ["2025-01-06", "Black", "Y", "1", "10"],
            ["2025-01-06", "Black", "", "0", "3"],
            ["2025-01-06", "Black", "All", "1", "13"],
            ["2025-01-06", "Total", "Total", "1", "13"],
            ["2025-01-06", "Purple", "Y", "1", "1"],
        ],
    )
    assert found.read == found.taken + found.refused["rows"].sum() + found.left_out["rows"].sum()
    assert found.observations.set_index("stratum")["denominator"].to_dict() == {
        "Black × Need not known": 3, "Black × Needed": 10,
    }  # fmt: skip
    assert found.totals["denominator"].tolist() == [13]
    reasons = " ".join(found.refused["reason"])
    assert "'Black × All' adds up over one dimension" in reasons
    assert "'Purple'" in reasons


def test_what_the_store_kept_of_the_cells_is_read_back(tmp_path):
    births(tmp_path)
    cells = sources.load(project(RECORDS), base=tmp_path)
    kept = tmp_path / "kept.csv"
    cells.observations.to_csv(kept, index=False)
    again = sources.load(project(RECORDS), kept)
    pd.testing.assert_frame_equal(again.observations, cells.observations)


def test_a_whole_crossed_project_is_analysed_part_by_part_and_never_at_once():
    path = examples()[EXAMPLE]
    plan = load_project(path)
    cells = sources.load(plan, base=path.parent).observations
    with pytest.raises(UserError, match=r"crossed\.parts"):
        analyse(plan, cells)
    verdicts = {}
    for part in crossed.parts(plan):
        found = analyse(part, crossed.counts(plan, part, cells))
        verdicts |= found.gaps.set_index(["site", "stratum"])["established"].to_dict()
        everyone = found.points.query("stratum == 'Everyone' and site == 'All sites'")
        assert everyone["denominator"].sum() == cells["denominator"].sum()
    # What was put in: at Ashdown the gap of women who need an interpreter narrowed.
    assert verdicts["ashdown", "Interpreter needed"]
    assert not verdicts["coldwater", "Interpreter needed"]


def test_a_group_named_with_a_digit_is_a_group_and_no_target_rate():
    usual = {"compare_with": 5, "reason": "the least deprived"}
    groups = [{"name": name} for name in "12345"]
    plan = project(RECORDS, {"dimension": "deprivation", "groups": groups, "reference": usual})
    weeks = pd.date_range("2024-01-01", periods=20, freq="7D")
    rows = [
        {
            "measure": "m", "site": "here", "stratum": name, "subgroup": week,
            "numerator": 6 - int(name), "denominator": 50,
        }
        for name in "12345"
        for week in weeks
    ]  # fmt: skip
    gaps = analyse(plan, pd.DataFrame(rows)).gaps
    held = gaps.set_index("stratum")
    assert held.loc["1", "ratio"] == pytest.approx(5, rel=0.05)
    assert set(held["reference"].dropna()) == {"5"}


SHIPPED = examples()[EXAMPLE].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("  crossed_with: Interpreter needed\n", ""), "'crossed_with' is missing"),
        (("dimension: need for an interpreter", "dimension: ethnicity"), "first dimension already"),
        (("{name: Interpreter needed, codes", "{name: Black, codes"), "give each its own"),
        (("data: proportion", "data: continuous"), "cannot be added up over crossed groups"),
        (("stratum: Asian × Interpreter needed", "stratum: Asian x Needed"), "no group called"),
        (
            ("      compare_with: No interpreter needed", "      compare_with: Need not recorded"),
            "nobody can be compared with it",
        ),
    ],
)
def test_a_crossing_that_cannot_be_is_told_with_its_place(change, said, tmp_path):
    assert change[0] in SHIPPED
    found = told(SHIPPED.replace(*change, 1), tmp_path)
    assert any(said in line for line in found), found
