"""Birth records to observations: real births, every condition, and what is never dropped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook

from qi_equity import sources
from qi_equity.errors import DataErrors, UserError
from qi_equity.observations import observations
from qi_equity.project import Project, RecordsRule
from qi_equity.project_file import load
from qi_equity.sources.engine import cause

PROJECTS = Path(__file__).parents[2] / "projects"

STRATA = {
    "code_system": "nhs_16_plus_1",
    "groups": [
        {"name": "Asian", "codes": ["H", "J", "K", "L"]},
        {"name": "Black", "codes": ["M", "N", "P"]},
        {"name": "Not recorded", "codes": ["Z", "99"], "unknown": True, "missing": True},
    ],
    "reference": {"compare_with": "everyone else", "reason": "no group is the norm"},
}


def project(rule: dict[str, object], source: dict[str, object], **measure: object) -> Project:
    """A project of one measure and two sites over records."""
    return Project.model_validate(
        {
            "id": "trial",
            "title": "A trial",
            "clinical_area": "other",
            "network": "N",
            "sites": [{"id": "north", "name": "North Unit"}, {"id": "south", "name": "South Unit"}],
            "aim": {
                "population": "women",
                "measure": "m",
                "from": 0.2,
                "to": 0.1,
                "by": "2026-01-01",
                "equity": [
                    {"stratum": "Black", "measure": "m", "from": 0.2, "to": 0.1, "by": "2026-01-01"}
                ],
            },
            "strata": STRATA,
            "measures": [
                {
                    "id": "m",
                    "name": "M",
                    "role": "outcome",
                    "numerator": "n",
                    "direction": "decrease",
                    "records": rule,
                    **measure,
                }
            ],
            "data": {
                "kind": "records",
                "path": "births.csv",
                "date": "born",
                "stratum": "ethnicity",
                "site": "unit",
                **source,
            },
        }
    )


def births(tmp_path: Path, rows: list[dict[str, object]]) -> Path:
    base = {"born": "2025-01-07", "unit": "north", "ethnicity": "M", "loss": "400", "age": "30"}
    pd.DataFrame([base | row for row in rows]).to_csv(tmp_path / "births.csv", index=False)
    return tmp_path


def counted(imported: sources.Imported) -> dict[tuple[str, str], tuple[float, float]]:
    sums = imported.observations.groupby(["site", "stratum"])[["numerator", "denominator"]].sum()
    return {
        key: (row.numerator, row.denominator) for key, row in sums.iterrows() if row.denominator
    }


def test_real_births_by_ethnicity_give_the_published_counts() -> None:
    imported = sources.load(load(PROJECTS / "chds_preterm.yaml"), base=PROJECTS)
    sums = imported.observations.groupby("stratum")[["numerator", "denominator"]].sum()
    assert {name: tuple(row) for name, row in sums.iterrows()} == {
        "Asian": (5, 44),
        "Black": (41, 241),
        "Ethnicity missing": (0, 13),
        "Mexican": (3, 40),
        "Mixed": (1, 25),
        "White": (47, 860),
    }
    assert imported.read == imported.taken == 1236
    excluded = imported.excluded.set_index("stratum")
    assert excluded["excluded"].sum() == excluded["eligibility_not_known"].sum() == 13
    assert excluded.loc["White", "excluded"] == 10
    assert "White: 10 of 870 births, 10 because not recorded" in str(imported)
    # What comes out is already as the vocabulary wants it.
    pd.testing.assert_frame_equal(imported.observations, observations(imported.observations))


def test_births_of_no_site_of_the_project_are_refused_and_said(tmp_path: Path) -> None:
    folder = births(tmp_path, [{"unit": "elsewhere"}] * 3)
    imported = sources.load(project({"numerator": {"loss": {"at_least": 1000}}}, {}), base=folder)
    assert (imported.read, imported.taken, imported.refused["rows"].sum()) == (3, 0, 3)
    assert "elsewhere" in str(imported)


BLACK_NORTH = ("north", "Black")


@pytest.mark.parametrize(
    ("condition", "events"),
    [
        ({"loss": {"at_least": 1000}}, 2),
        ({"loss": {"above": 1000}}, 1),
        ({"loss": {"below": 1000}}, 1),
        ({"loss": {"at_most": 1000}}, 2),
        ({"loss": {"is": 1000}}, 1),
        ({"loss": {"is": "1000"}}, 1),
        ({"loss": {"in": [400, 1000, "oops"]}}, 3),
        ({"loss": {"not_in": [400]}}, 2),
        ({"loss": {"known": True}}, 4),
        ({"loss": {"known": False}}, 1),
        ({"weighed": {"is": True}}, 2),
        ({"weighed": {"is": False}}, 2),
        ({"loss": {"at_least": 400, "below": 1500}, "weighed": {"is": "Y"}}, 1),
    ],
)
def test_every_condition(tmp_path: Path, condition: dict[str, object], events: int) -> None:
    rows: list[dict[str, object]] = [
        {"loss": 400, "weighed": "Y"},
        {"loss": "1000", "weighed": "no"},
        {"loss": 1500.5, "weighed": "true"},
        {"loss": "oops", "weighed": 0},
        {"loss": "", "weighed": ""},
    ]
    plan = project({"numerator": condition}, {})
    imported = sources.load(plan, base=births(tmp_path, rows))
    # 'oops' is recorded and no number: where a number is asked for the birth is refused, by value.
    refused = [("'loss': 'oops' is not a number", 1)] * asks_numbers(condition)
    assert list(imported.refused[["reason", "rows"]].itertuples(index=False, name=None)) == refused
    assert counted(imported)[BLACK_NORTH] == (events, 5 - len(refused))


def asks_numbers(condition: Mapping[str, Mapping[str, object]]) -> bool:
    asked = condition.get("loss", {})
    words = [each for each in asked.get("in", ()) if isinstance(each, str)]  # type: ignore[attr-defined]
    # The birth with 'oops' was not weighed, which rules it out whatever its loss.
    ruled_out = condition.get("weighed", {}).get("is") == "Y"
    return (
        bool(set(asked) - {"known"}) and asked.get("is") != "1000" and not words and not ruled_out
    )


def test_an_outcome_that_was_not_recorded_is_counted_and_said(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"loss": 1500}, {"loss": ""}, {"loss": "", "ethnicity": "H"}]
    plan = project({"numerator": {"loss": {"at_least": 1000}}}, {})
    imported = sources.load(plan, base=births(tmp_path, rows))
    assert imported.excluded.set_index("stratum")["outcome_not_known"].to_dict() == {
        "Asian": 1,
        "Black": 1,
        "Not recorded": 0,
    }
    assert "outcome not recorded for 1 of those counted" in str(imported)


def test_exclusions_say_which_were_not_recorded(tmp_path: Path) -> None:
    rule = {"eligible": {"age": {"at_least": 18}, "loss": {"known": True}}}
    rows: list[dict[str, object]] = [
        {},
        {"age": "17"},  # ruled out
        {"age": ""},  # not recorded
        {"loss": ""},  # not recorded
        {"age": "17", "loss": ""},  # ruled out whatever the loss
    ]
    imported = sources.load(project(rule, {}), base=births(tmp_path, rows))
    row = imported.excluded.set_index("stratum").loc["Black"]
    assert (row.births, row.eligible, row.excluded, row.eligibility_not_known) == (5, 1, 4, 2)


def test_codes_sites_and_dates_that_are_not_known_are_refused_by_name(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {},
        {"unit": "Nroth"},
        {"unit": "Nroth"},
        {"born": "soon"},
        {"born": ""},
        {"ethnicity": "A"},
        {"ethnicity": "m1"},  # a national code and a local second character
        {"ethnicity": ""},
        {"ethnicity": "Q"},  # stated, and no code: never counted with the missing
    ]
    plan = project({}, {})
    imported = sources.load(plan, base=births(tmp_path, rows))
    refused = imported.refused.set_index("reason")["rows"].to_dict()
    assert (imported.read, imported.taken, sum(refused.values())) == (9, 3, 6)
    assert {count for reason, count in refused.items() if "'Nroth'" in reason} == {2}
    assert any("did you mean 'north'" in reason for reason in refused)
    assert any("'soon' is not a date" in reason for reason in refused)
    assert refused["no date"] == 1
    assert any("ethnicity 'A'" in reason for reason in refused)
    assert counted(imported) == {("north", "Black"): (2, 2), ("north", "Not recorded"): (1, 1)}
    assert any("ethnicity 'Q'" in reason for reason in refused)


def test_a_site_week_with_births_has_every_stratum_and_a_site_week_without_has_none(
    tmp_path: Path,
) -> None:
    rows: list[dict[str, object]] = [{}, {"born": "2025-01-20", "unit": "South Unit"}]
    table = sources.load(project({}, {}), base=births(tmp_path, rows)).observations
    assert len(table) == 2 * 3
    assert table.groupby(["site", "subgroup"])["denominator"].sum().to_dict() == {
        ("north", pd.Timestamp(2025, 1, 6)): 1,
        ("south", pd.Timestamp(2025, 1, 20)): 1,
    }


@pytest.mark.parametrize(
    ("period", "first"),
    [
        ("week", "2025-01-06"),
        ("fortnight", "2024-12-30"),
        ("month", "2025-01-01"),
        ("quarter", "2025-01-01"),
        ("half-year", "2025-01-01"),
        ("financial year", "2024-04-01"),
    ],
)
def test_periods(tmp_path: Path, period: str, first: str) -> None:
    plan = project({}, {}, subgroup=period)
    table = sources.load(plan, base=births(tmp_path, [{}, {"born": "2025-01-07 23:59:00"}]))
    assert table.observations["subgroup"].unique() == [pd.Timestamp(first)]
    assert table.taken == 2


def test_a_measurement_is_a_mean_and_a_count_has_no_denominator(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"loss": 400}, {"loss": 700}, {"loss": ""}, {"unit": "south"}]
    folder = births(tmp_path, rows)
    values = sources.load(project({"value": "loss"}, {}, data="continuous"), base=folder)
    black = values.observations.query("stratum == 'Black' and site == 'north'")
    assert black["value"].tolist() == [550]
    assert black["numerator"].isna().all()
    assert values.excluded.set_index("stratum")["outcome_not_known"]["Black"] == 1
    rule = {"numerator": {"loss": {"at_least": 700}}}
    counts = sources.load(project(rule, {}, data="count"), base=folder).observations
    assert counts.query("site == 'north' and stratum == 'Black'")["numerator"].tolist() == [1]
    assert counts.query("site == 'south'")["numerator"].sum() == 0
    assert counts["denominator"].isna().all()


def test_parquet_with_typed_columns_gives_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "born": pd.Timestamp(2025, 1, 1) + pd.to_timedelta(rng.integers(0, 90, 500), unit="D"),
            "unit": rng.choice(["north", "south"], 500),
            "ethnicity": rng.choice(["H", "M", "99", None], 500),
            "loss": np.where(rng.random(500) < 0.1, np.nan, rng.integers(1, 2000, 500)),
        }
    )
    table.to_parquet(tmp_path / "births.parquet")
    table.to_csv(tmp_path / "births.csv", index=False)
    rule = {"eligible": {"loss": {"known": True}}, "numerator": {"loss": {"at_least": 1000}}}
    plan = project(rule, {})
    typed = sources.load(plan, tmp_path / "births.parquet")
    text = sources.load(plan, tmp_path / "births.csv")
    pd.testing.assert_frame_equal(typed.observations, text.observations)
    pd.testing.assert_frame_equal(typed.excluded, text.excluded)
    assert typed.observations["denominator"].sum() == table["loss"].notna().sum()


def test_every_problem_of_a_mapping_at_once(tmp_path: Path) -> None:
    rule = {"eligible": {"gestation": {"below": 259}}, "numerator": {"los": {"at_least": 1000}}}
    plan = project(rule, {"date": "birth_date", "site": None})
    with pytest.raises(DataErrors) as raised:
        sources.load(plan, base=births(tmp_path, [{}]))
    text = str(raised.value)
    assert "4 things to put right" in text
    assert "data.date: no column called 'birth_date'" in text
    assert "did you mean 'loss'" in text
    assert "several sites" in text


def test_records_repeated_by_key_are_said(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"id": 1}, {"id": 1}, {"id": 2}]
    imported = sources.load(project({}, {"key": "id"}), base=births(tmp_path, rows))
    assert any("1 births repeat another's 'id'" in note for note in imported.notes)


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("nowhere.csv", "no such file"),
        ("births.docx", r"\.csv, \.csv\.gz, \.xlsx or \.parquet"),
        ("mysql://host/db", "cannot be read from 'mysql:'"),
        ("postgres://u:secret@127.0.0.1:1/db", r"u:\*\*\*@.*cannot connect"),
    ],
)
def test_a_source_that_cannot_be_reached_says_so_without_a_password(path: str, what: str) -> None:
    with pytest.raises(UserError, match=what) as raised:
        sources.load(project({}, {}), path)
    assert "secret" not in str(raised.value)


JAVA = """An error occurred while calling o58.getResult.
: org.apache.spark.SparkException: Exception thrown in awaitResult:
\tat org.apache.spark.util.ThreadUtils$.awaitResult(ThreadUtils.scala:53)
Caused by: org.apache.spark.SparkException: Job aborted due to stage failure
\tat org.apache.spark.scheduler.DAGScheduler.abort(DAGScheduler.scala:2856)
Caused by: java.lang.OutOfMemoryError: Java heap space
\tat java.base/java.nio.HeapByteBuffer.<init>(HeapByteBuffer.java:64)
\t... 29 more
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            JAVA,
            "org.apache.spark.SparkException: Job aborted due to stage failure; because of "
            "java.lang.OutOfMemoryError: Java heap space; give Spark more",
        ),
        ("\n".join(JAVA.splitlines()[:3]), "org.apache.spark.SparkException: Exception thrown in"),
        ("IO Error: no such disk\nLINE 1: select", "IO Error: no such disk"),
        ("", "ValueError"),
    ],
)
def test_what_an_engine_gave_up_on_is_told_by_its_cause(text: str, said: str) -> None:
    assert cause(ValueError(text)).startswith(said)
    assert "\n" not in cause(ValueError(text))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_files_in_the_encodings_of_spreadsheets_are_read(tmp_path: Path, encoding: str) -> None:
    text = "born,unit,ethnicity,note\n2025-01-07,north,M,café\n"
    (tmp_path / "births.csv").write_bytes(text.encode(encoding))
    assert sources.load(project({}, {}), base=tmp_path).taken == 1


def test_progress_is_told_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    folder = births(tmp_path, [{}])
    sources.load(
        project({}, {}), base=folder, progress=lambda what, part: told.append((what, part))
    )
    assert told[-1] == ("counting births by week", 1.0)


def test_what_is_recorded_and_cannot_be_read_is_refused_by_value_and_count(tmp_path: Path) -> None:
    losses = [
        "1,200",
        "1 100 ml",
        ">1000",
        "<500",
        "1.2 l",
        "see notes",
        "see notes",
        "900-1100",
        "",
    ]
    rows: list[dict[str, object]] = [{"loss": loss} for loss in losses]
    plan = project({"numerator": {"loss": {"at_least": 1000}}}, {"units": {"loss": "ml"}})
    imported = sources.load(plan, base=births(tmp_path, rows))
    refused = imported.refused.set_index("reason")["rows"].to_dict()
    assert refused == {
        "'loss': 'see notes' is not a number": 2,
        "'loss': '900-1100' leaves open on which side of the rule it is": 1,
    }
    assert (imported.read, imported.taken) == (9, 6)
    assert counted(imported)[BLACK_NORTH] == (4, 6)
    row = imported.excluded.set_index("stratum").loc["Black"]
    assert (row["unread"], row["outcome_not_known"]) == (3, 1)


def test_a_yes_or_no_that_is_neither_is_refused_and_not_left_empty(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"loss": answer} for answer in ("Yes", "no", "N - declined", "")
    ]
    imported = sources.load(
        project({"numerator": {"loss": {"is": True}}}, {}), base=births(tmp_path, rows)
    )
    assert imported.refused["reason"].tolist() == ["'loss': 'N - declined' is neither yes nor no"]
    assert counted(imported)[BLACK_NORTH] == (1, 3)


def test_words_are_compared_whatever_their_case(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"loss": word} for word in ("Forceps", "FORCEPS ", "Ventouse")]
    imported = sources.load(
        project({"numerator": {"loss": {"in": ["forceps"]}}}, {}), base=births(tmp_path, rows)
    )
    assert counted(imported)[BLACK_NORTH] == (2, 3)


def test_one_birth_is_refused_for_one_measure_and_counted_in_another(tmp_path: Path) -> None:
    plan = project({"numerator": {"loss": {"at_least": 1000}}}, {})
    other = plan.measures[0].model_copy(
        update={
            "id": "young",
            "records": RecordsRule.model_validate({"numerator": {"age": {"below": 20}}}),
        }
    )
    plan = plan.model_copy(update={"measures": (*plan.measures, other)})
    rows: list[dict[str, object]] = [{"loss": "oops", "age": 19}, {"loss": 1500}]
    imported = sources.load(plan, base=births(tmp_path, rows))
    assert (imported.read, imported.taken) == (2, 2)
    sums = imported.observations.groupby("measure")[["numerator", "denominator"]].sum()
    assert sums.loc["m"].tolist() == [1, 1]
    assert sums.loc["young"].tolist() == [1, 2]
    assert imported.unread[["measure", "value", "births"]].values.tolist() == [["m", "oops", 1]]
    assert "1: 'oops' is not a number" in str(imported)


def test_records_from_a_workbook_and_below_a_title(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    page.append(["Births of March"])
    page.append([])
    page.append(["born", "unit", "ethnicity", "loss"])
    page.append([datetime(2025, 1, 7, 8, 30), "north", "M", "1,200"])
    page.append([datetime(2025, 1, 8), "north", "N", 400])
    book.save(tmp_path / "births.xlsx")
    plan = project({"numerator": {"loss": {"at_least": 1000}}}, {})
    assert counted(sources.load(plan, tmp_path / "births.xlsx"))[BLACK_NORTH] == (1, 2)
    text = 'Births of March,,,\n\nborn,unit,ethnicity,loss\n2025-01-07,north,M,"1,200"\n'
    for encoding in ("utf-8", "cp1252", "utf-16-le"):
        (tmp_path / "births.csv").write_bytes(text.encode(encoding))
        assert counted(sources.load(plan, base=tmp_path))[BLACK_NORTH] == (1, 1)


def test_a_birth_that_is_still_to_come_is_refused_by_its_date(tmp_path: Path) -> None:
    ahead = pd.Timestamp.today().normalize() + pd.Timedelta(days=2)
    folder = births(tmp_path, [{}, {"born": f"{ahead:%Y-%m-%d}"}])
    rule: dict[str, object] = {"numerator": {"loss": {"at_least": 1000}}}
    imported = sources.load(project(rule, {}, data="proportion", denominator="d"), base=folder)
    assert imported.taken == 1
    assert "has not come yet" in imported.refused["reason"][0]
