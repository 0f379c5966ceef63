"""xbar and s charts straight from data files: records, tables of readings, tables of means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qi_equity import analyse, chart, sources
from qi_equity.errors import DataErrors
from qi_equity.observations import observations, with_totals
from qi_equity.project import Project

STRATA = ("Asian", "Black", "White")


def project(kind: str, data: dict[str, object], **measure: object) -> Project:
    aim = {"stratum": "Black", "measure": "minutes", "from": 70, "to": 50, "by": "2027-01-01"}
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
                    "id": "minutes",
                    "name": "Minutes",
                    "role": "outcome",
                    "numerator": "minutes",
                    "data": "continuous",
                    "unit": "minutes",
                    "direction": "decrease",
                    "subgroup": "month",
                    "chart": kind,
                    "records": {"value": "minutes"},
                    **measure,
                }
            ],
            "data": {"path": "readings.csv", **data},
        }
    )


RECORDS = {"kind": "records", "date": "day", "stratum": "group"}
TABLE = {"kind": "table", "subgroup": "day", "stratum": "group", "value": "minutes"}


@pytest.fixture(scope="module")
def readings() -> pd.DataFrame:
    """Two years of readings, some months with one or none."""
    rng = np.random.default_rng(3)
    days = pd.date_range("2024-01-01", periods=730, freq="D")
    day = rng.choice(days, 700)
    group = rng.choice(np.array(STRATA, object), 700, p=[0.2, 0.3, 0.5])
    minutes = rng.lognormal(4, 0.5, 700).round()
    return pd.DataFrame({"day": day, "group": group, "minutes": minutes})


@pytest.fixture(scope="module")
def folder(readings: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("readings")
    readings.to_csv(base / "readings.csv", index=False)
    return base


@pytest.mark.parametrize("kind", ["xbar", "s"])
@pytest.mark.parametrize("source", [RECORDS, TABLE], ids=["records", "table"])
def test_files_of_readings_are_drawn_as_the_readings_themselves(
    kind: str, source: dict[str, object], readings: pd.DataFrame, folder: Path
) -> None:
    asked = project(kind, source)
    found = analyse(asked, sources.load(asked, base=folder).observations, judge=False)
    drawn = chart(
        readings.rename(columns={"group": "stratum"}),
        kind=kind, subgroup="day", value="minutes", by="stratum", period="month",
        direction="decrease",
    ).points  # fmt: skip
    key = ["stratum", "subgroup"]
    both = drawn.merge(found.points, on=key, suffixes=("", "_found"))
    assert len(both) == len(drawn)
    for name in ("value", "centre", "lower", "upper"):
        np.testing.assert_allclose(both[f"{name}_found"], both[name], rtol=1e-5, atol=1e-5)


def test_everyone_is_all_their_readings_together(readings: pd.DataFrame, folder: Path) -> None:
    asked = project("xbar", RECORDS)
    table = sources.load(asked, base=folder).observations
    whole = with_totals(table, "stratum", "Everyone")
    month = readings["day"].dt.to_period("M").dt.to_timestamp()
    told = readings.groupby(month)["minutes"].agg(["mean", "count", "std"])
    everyone = whole[whole["stratum"] == "Everyone"].set_index("subgroup")
    np.testing.assert_allclose(everyone["value"], told["mean"], rtol=1e-6)
    np.testing.assert_allclose(everyone["readings"], told["count"])
    np.testing.assert_allclose(everyone["spread"], told["std"], rtol=1e-5)


def test_a_table_of_means_may_say_of_how_many_readings_each_is(tmp_path: Path) -> None:
    (tmp_path / "readings.csv").write_text(
        "month,group,mean,n,sd\n"
        + "".join(
            f"2024-{month:02},{group},{50 + month},{4 + month % 3},{8 + month}\n"
            for month in range(1, 13)
            for group in STRATA
        )
    )
    columns = {"kind": "table", "subgroup": "month", "stratum": "group", "value": "mean"}
    asked = project("xbar", columns | {"readings": "n", "spread": "sd"})
    found = analyse(asked, sources.load(asked, base=tmp_path).observations, judge=False)
    assert found.points["upper"].notna().all()
    assert "readings_not_known" not in {one.code for one in found.cautions}
    bare = project("xbar", columns)
    found = analyse(bare, sources.load(bare, base=tmp_path).observations, judge=False)
    assert found.points["upper"].isna().all()
    assert "readings_not_known" in {one.code for one in found.cautions}


def test_means_with_their_spread_draw_what_the_readings_draw() -> None:
    readings = pd.DataFrame({"week": [1, 1, 2, 2, 2, 3, 3], "t": [5.0, 7, 6, 9, 8, 4, 6]})
    means = readings.groupby("week")["t"].agg(mean="mean", n="count", sd="std").reset_index()
    for kind in ("xbar", "s"):
        one = chart(readings, kind=kind, subgroup="week", value="t").points
        other = chart(means, kind=kind, subgroup="week", value="mean", readings=("n", "sd")).points
        pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"readings": "n"}, "give the names of two columns"),
        ({"readings": ("n", "n"), "kind": "i"}, "takes no readings="),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(more: dict[str, str], said: str) -> None:
    table = pd.DataFrame({"week": [1, 2], "mean": [5.0, 6], "n": [2, 3]})
    with pytest.raises(DataErrors, match=said):
        chart(table, **{"kind": "xbar", "subgroup": "week", "value": "mean"} | more)


def test_a_mean_of_no_reading_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readings.csv").write_text("month,group,mean,n\n2024-01,Black,50,0\n")
    columns = {"kind": "table", "subgroup": "month", "stratum": "group", "value": "mean"}
    asked = project("xbar", columns | {"readings": "n"})
    imported = sources.load(asked, base=tmp_path)
    assert imported.taken == 0
    assert "a mean of no reading" in imported.refused["reason"].iloc[0]


def test_readings_must_be_whole_and_a_spread_not_below_zero() -> None:
    key = {"measure": "m", "site": "s", "stratum": "Black", "subgroup": "2025-01-01", "value": 5.0}
    with pytest.raises(DataErrors, match="'readings' is not a whole number"):
        observations([key | {"readings": 2.5}])
    with pytest.raises(DataErrors, match="'spread' is below zero"):
        observations([key | {"readings": 2, "spread": -1.0}])
