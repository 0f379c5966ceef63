"""Outcome unknown: how many travels with the counts, is said and drawn, and holds verdicts back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qi_equity import analyse, sources
from qi_equity.app.backend import FixedBackend
from qi_equity.app.render import Renderer
from qi_equity.errors import DataErrors
from qi_equity.findings import Gap
from qi_equity.findings.columns import rows
from qi_equity.observations import observations, with_totals
from qi_equity.project import Project, TableSource
from qi_equity.quality.checks import quality
from qi_equity.quality.outcome import shares
from qi_equity.store.intake import ready
from qi_equity.words.cautions import caution_text
from qi_equity.words.verdicts import verdict_sentences
from store_network import PROJECT, WEEKS, made, row, user

STRATA = ("Asian", "Black", "White")


def project(**measure: object) -> Project:
    aim = {"stratum": "Black", "measure": "pph", "from": 0.2, "to": 0.1, "by": "2027-01-01"}
    return Project.model_validate(
        {
            "id": "trial",
            "title": "A trial",
            "clinical_area": "other",
            "network": "N",
            "sites": [{"id": "north", "name": "North"}],
            "aim": {
                "population": "women",
                **{key: aim[key] for key in ("measure", "from", "to", "by")},
                "equity": [aim],
            },
            "strata": {
                "groups": [
                    *({"name": name, "codes": [name]} for name in STRATA),
                    {"name": "Not recorded", "unknown": True, "missing": True},
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
                    "records": {"numerator": {"loss": {"at_least": 1000}}},
                    **measure,
                }
            ],
            "data": {
                "kind": "records",
                "path": "births.csv",
                "date": "born",
                "stratum": "ethnicity",
            },
        }
    )


def births(
    tmp_path: Path, unknown: float, *, weeks: int = 60, seed: int = 7, instead: str = ""
) -> Path:
    """A file of births in which Black women bleed twice as often, some with no loss recorded."""
    rng = np.random.default_rng(seed)
    count = weeks * 60
    ethnicity = rng.choice(np.array(STRATA, object), count, p=[0.3, 0.3, 0.4])
    rate = np.where(ethnicity == "Black", 0.3, 0.15)
    loss = pd.Series(np.where(rng.random(count) < rate, 1500, 300)).astype(object)
    table = pd.DataFrame(
        {
            "born": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(np.arange(count) * 7 // 60, unit="D"),
            "ethnicity": ethnicity,
            "loss": loss.mask(rng.random(count) < unknown, instead),
        }
    )
    table.to_csv(tmp_path / "births.csv", index=False)
    return tmp_path


def gap_of(found: pd.DataFrame, stratum: str = "Black") -> Gap:
    return next(one for one in rows(found, Gap) if one.stratum == stratum)


def test_a_gap_with_three_quarters_of_its_outcomes_unknown_has_no_verdict(tmp_path: Path) -> None:
    imported = sources.load(project(), base=births(tmp_path, 0.76))
    found = analyse(project(), imported.observations)
    one = gap_of(found.gaps)
    assert one.verdict == "held back"
    assert not one.established
    assert not one.highlight
    assert 0.7 < one.outcome_unknown_share < 0.85
    assert one.outcome_ratio_least < one.outcome_ratio_lower <= one.ratio
    assert one.outcome_ratio_upper < one.outcome_ratio_most
    said = verdict_sentences(one)
    assert said[0].startswith(
        "No verdict: the outcome is not known (not recorded, or refused as it"
    )
    assert not (found.gap_points["signal"] != 0).any()


def test_losses_that_cannot_be_read_hold_a_verdict_back_and_stay_out_of_the_rate(
    tmp_path: Path,
) -> None:
    imported = sources.load(project(), base=births(tmp_path, 0.35, instead="see notes"))
    table = imported.observations
    assert table["denominator"].sum() + table["unread"].sum() == 3600
    one = gap_of(analyse(project(), table).gaps)
    assert one.verdict == "held back"
    assert 0.3 < one.outcome_unknown_share < 0.5
    kept = ready(project(), table, frozenset({"north"}), typed=False)
    assert any('"unread":' in (body or "") for body in kept.bodies.values())
    assert "unread" in with_totals(table, "stratum", "Everyone")


def counts(tmp_path: Path, wrong: float, column: str, *, stratum: str = "Black") -> Path:
    """The same births as a table of counts, some rows of one group with a slip in one column."""
    table = pd.read_csv(births(tmp_path, 0.0) / "births.csv")
    table["week"] = pd.to_datetime(table["born"]).dt.to_period("W").dt.start_time.astype(str)
    grouped = table.assign(pph=table["loss"] >= 1000, births=1).groupby(["week", "ethnicity"])
    sums = grouped[["pph", "births"]].sum().reset_index().astype(object)
    mine = sums.index[sums["ethnicity"] == stratum] if stratum else sums.index
    chosen = np.random.default_rng(3).choice(mine, round(wrong * len(mine)), replace=False)
    sums.loc[chosen, column] = "see notes"
    sums.to_csv(tmp_path / "counts.csv", index=False)
    return tmp_path


COUNTS = project().model_copy(
    update={
        "data": TableSource(
            kind="table", path="counts.csv", subgroup="week", stratum="ethnicity",
            numerator="pph", denominator="births",
        )
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "column", "stratum", "held"),
    [
        (0.02, "pph", "Black", False),
        (0.4, "pph", "Black", True),
        (0.4, "births", "Black", True),
        (0.4, "week", "Black", True),
        (0.4, "ethnicity", "", True),
    ],
)
def test_refused_rows_of_a_table_hold_a_verdict_back_where_they_could_change_it(
    tmp_path: Path, wrong: float, column: str, stratum: str, held: bool
) -> None:
    imported = sources.load(COUNTS, base=counts(tmp_path, wrong, column, stratum=stratum))
    assert imported.read == imported.taken + imported.refused["rows"].sum() == 180
    assert imported.observations["denominator"].notna().all()
    missing = 3600 - imported.observations["denominator"].sum()
    assert imported.doubt["unread"].sum() == pytest.approx(missing, rel=0.1)
    one = gap_of(analyse(COUNTS, imported.with_doubt).gaps)
    assert (one.verdict == "held back") is held


def test_a_measure_with_few_numbers_is_said_before_its_findings(tmp_path: Path) -> None:
    imported = sources.load(COUNTS, base=counts(tmp_path, 0.6, "pph", stratum=""))
    assert "WARNING: pph has a number in 72 of 180 rows only" in str(imported)


def test_the_same_file_with_its_outcomes_recorded_has_a_verdict(tmp_path: Path) -> None:
    imported = sources.load(project(), base=births(tmp_path, 0.02))
    one = gap_of(analyse(project(), imported.observations).gaps)
    assert one.verdict in ("steady", "gap")
    assert one.outcome_unknown > 0
    assert not one.outcome_decides


def test_a_stratum_without_births_is_given_no_flag() -> None:
    weeks = pd.date_range("2024-01-01", periods=30, freq="7D")
    table = pd.DataFrame(
        [
            {
                "measure": "pph",
                "site": "north",
                "stratum": stratum,
                "subgroup": week,
                "numerator": 0 if stratum == "Asian" else 4,
                "denominator": 0 if stratum == "Asian" else 40,
                "outcome_unknown": 0 if stratum == "Asian" else 20,
            }
            for week in weeks
            for stratum in STRATA
        ]
    )
    found = analyse(project(), observations(table)).gaps
    assert not any(one.established for one in rows(found, Gap))


def test_a_project_may_say_how_many_are_too_many(tmp_path: Path) -> None:
    base = births(tmp_path, 0.12)
    strict = project(most_outcome_unknown=0.05)
    table = sources.load(strict, base=base).observations
    assert gap_of(analyse(strict, table).gaps).verdict == "held back"
    assert gap_of(analyse(project(), table).gaps).verdict != "held back"


def test_outcomes_recorded_better_later_on_are_no_narrowing() -> None:
    weeks = pd.date_range("2024-01-01", periods=104, freq="7D")
    table = pd.DataFrame(
        [
            {
                "measure": "pph",
                "site": "north",
                "stratum": stratum,
                "subgroup": week,
                "numerator": 6 if stratum == "White" or late else 2,
                "denominator": 40,
                "outcome_unknown": 1 if stratum == "White" or late else 14,
            }
            for late, some in ((False, weeks[:52]), (True, weeks[52:]))
            for week in some
            for stratum in STRATA
        ]
    )
    one = gap_of(analyse(project(), observations(table)).gaps)
    assert one.verdict == "held back"
    assert one.outcome_unknown_share == pytest.approx(14 / 40)


def test_the_number_unknown_goes_through_the_store_and_back(tmp_path: Path) -> None:
    opened = made(tmp_path / "network.sqlite")
    jo = opened.as_user(user("contributor", "north", name="jo"))
    jo.log(PROJECT, [row(1, 20) | {"outcome_unknown": 3.0}, row(2, 20, week=WEEKS[1])])
    again = jo.observations(PROJECT)
    opened.close()
    assert again["outcome_unknown"].tolist()[0] == 3
    assert np.isnan(again["outcome_unknown"].tolist()[1])


def test_counts_without_it_are_kept_as_they_were(tmp_path: Path) -> None:
    key = {"measure": "pph", "site": "north", "stratum": "Black", "subgroup": "2025-01-06"}
    table = observations([key | {"numerator": 1, "denominator": 9}])
    assert "outcome_unknown" not in table
    ready_ = ready(project(), table, frozenset({"north"}), typed=True)
    assert list(ready_.bodies.values()) == ['{"denominator":9,"numerator":1,"value":null}']
    told = observations([key | {"numerator": 1, "denominator": 9, "outcome_unknown": 2}])
    ready_ = ready(project(), told, frozenset({"north"}), typed=True)
    body = next(iter(ready_.bodies.values()))
    assert body is not None
    assert json.loads(body)["outcome_unknown"] == 2
    assert body == json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"))


def test_it_cannot_be_more_than_were_counted() -> None:
    key = {"measure": "pph", "site": "north", "stratum": "Black", "subgroup": "2025-01-06"}
    with pytest.raises(DataErrors, match="outcome_unknown"):
        observations([key | {"numerator": 1, "denominator": 9, "outcome_unknown": 10}])


def test_totals_add_it_up() -> None:
    key = {"measure": "pph", "site": "north", "subgroup": "2025-01-06", "numerator": 1}
    table = observations(
        [
            key | {"stratum": "Black", "denominator": 9, "outcome_unknown": 2},
            key | {"stratum": "White", "denominator": 8, "outcome_unknown": 3},
        ]
    )
    both = with_totals(table, "stratum", "Everyone")
    assert both.set_index("stratum")["outcome_unknown"].to_dict() == {
        "Black": 2,
        "White": 3,
        "Everyone": 5,
    }


def test_a_table_may_have_a_column_for_it(tmp_path: Path) -> None:
    (tmp_path / "counts.csv").write_text(
        "Week,Group,PPH,Births,No loss recorded\n"
        "2025-01-06,Black,2,10,4\n2025-01-06,White,1,20,\n2025-01-13,Black,2,10,11\n"
    )
    told = project().model_dump(by_alias=True, exclude_unset=True)
    told["data"] = {
        "kind": "table",
        "path": "counts.csv",
        "subgroup": "Week",
        "stratum": "Group",
        "numerator": "PPH",
        "denominator": "Births",
        "outcome_unknown": "No loss recorded",
    }
    imported = sources.load(Project.model_validate(told), base=tmp_path)
    kept = imported.observations.set_index("stratum")["outcome_unknown"]
    assert kept["Black"] == 4
    assert np.isnan(kept["White"])
    assert "'outcome_unknown' is above the denominator" in imported.refused["reason"].iloc[0]


def test_quality_says_it_by_stratum_with_numbers(tmp_path: Path) -> None:
    table = sources.load(project(), base=births(tmp_path, 0.3, weeks=20)).observations
    said = [one for one in quality(project(), table).cautions if one.code == "outcome_unknown"]
    assert {one.stratum for one in said} == {"", *STRATA}
    black = next(one for one in said if one.stratum == "Black")
    share = shares(table, ["stratum"]).set_index("stratum").loc["Black"]
    assert dict(black.numbers)["count"] == share["unknown"]
    assert caution_text(black).startswith("the outcome is not recorded for ")
    assert not black.shared


def test_findings_of_before_are_not_taken_for_those_with_other_unknowns(tmp_path: Path) -> None:
    table = sources.load(project(), base=births(tmp_path, 0.02, weeks=30)).observations
    before = analyse(project(), table)
    more = table.assign(outcome_unknown=(table["denominator"] * 0.5).round())
    found = analyse(project(), more, previous=before)
    assert gap_of(found.gaps).verdict == "held back"


def test_the_quality_page_draws_it_by_stratum(tmp_path: Path) -> None:
    table = sources.load(project(), base=births(tmp_path, 0.3, weeks=20)).observations
    found = analyse(project(), table, judge=False)
    page = Renderer(FixedBackend({"trial": found})).answer("?page=quality&project=trial")
    assert "Outcome not recorded, by stratum" in page["html"]
    assert "outcome" in json.dumps(page["figures"])
