"""The public table of gaps: one row a stratum, every argument, every refusal, real data."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import qi_equity
from qi_equity.errors import DataErrors
from qi_equity.frames.counts import NOT_RECORDED
from qi_equity.frames.gaps import NO_BEST

ROOT = Path(__file__).parents[2]
COLUMNS = [
    *["numerator", "denominator", "rate", "rate_lower", "rate_upper", "reference"],
    *["difference", "difference_lower", "difference_upper"],
    *["ratio", "ratio_lower", "ratio_upper", "excess", "p_value", "q_value"],
]
COUNTS = {"numerator": "pph", "denominator": "births", "stratum": "ethnicity"}


def log(**columns):
    return pd.DataFrame(columns)


@pytest.fixture
def weeks():
    """Two sites, three strata, eight weeks."""
    rng = np.random.default_rng(2)
    rows = [
        (site, stratum, pd.Timestamp("2024-01-01") + pd.Timedelta(weeks=week), births)
        for site in ("North", "South")
        for stratum, births in (("Asian", 40), ("Black", 30), ("White", 90))
        for week in range(8)
    ]
    table = pd.DataFrame(rows, columns=["site", "ethnicity", "week", "births"])
    return table.assign(pph=rng.binomial(table["births"], 0.1))


def test_a_row_a_stratum_with_the_columns_promised(weeks):
    found = qi_equity.gaps(weeks, **COUNTS, reference="everyone else")
    assert list(found.columns[: 1 + len(COLUMNS)]) == ["ethnicity", *COLUMNS]
    assert found["ethnicity"].tolist() == ["Asian", "Black", "White"]
    assert found["numerator"].sum() == weeks["pph"].sum()
    asian = found.iloc[0]
    others = weeks[weeks["ethnicity"] != "Asian"]
    expected = asian["rate"] - others["pph"].sum() / others["births"].sum()
    assert asian["difference"] == pytest.approx(expected)
    assert (found["reference"] == "everyone else").all()


def test_golden_difference_and_ratio():
    table = log(ethnicity=["A", "B"], pph=[56, 48], births=[70, 80])
    found = qi_equity.gaps(table, **COUNTS, reference="B").iloc[0]
    assert [round(found[f"difference{end}"], 4) for end in ("", "_lower", "_upper")] == [
        *(0.2, 0.0524, 0.3339)
    ]
    table = log(ethnicity=["A", "B"], pph=[36, 16], births=[40, 80])
    found = qi_equity.gaps(table, **COUNTS, reference="B").iloc[0]
    assert [round(found[f"ratio{end}"], 3) for end in ("", "_lower", "_upper")] == [
        *(4.5, 2.940, 7.152)
    ]
    other = qi_equity.gaps(
        log(ethnicity=["A", "B"], pph=[56, 48], births=[70, 80]),
        **COUNTS,
        reference="B",
        intervals={
            "difference": "miettinen-nurminen",
            "ratio": "miettinen-nurminen",
            "rate": "exact",
        },
    ).iloc[0]
    assert round(other["difference_upper"], 4) == 0.3382


def test_sites_are_apart_and_sums_do_not_mind_the_order_of_rows(weeks):
    found = qi_equity.gaps(weeks, **COUNTS, by="site")
    assert found[["site", "ethnicity"]].drop_duplicates().shape == (6, 2)
    shuffled = qi_equity.gaps(weeks.sample(frac=1, random_state=1), **COUNTS, by=["site"])
    pd.testing.assert_frame_equal(found, shuffled)
    north = qi_equity.gaps(weeks[weeks["site"] == "North"], **COUNTS)
    alone = found[found["site"] == "North"].drop(columns=["site", "q_value"])
    pd.testing.assert_frame_equal(alone, north.drop(columns="q_value"))


def test_the_family_is_every_gap_in_the_table(weeks):
    found = qi_equity.gaps(weeks, **COUNTS, by="site", reference="White")
    assert found.attrs["family"] == "4 gaps in this table"
    known = found["p_value"].dropna()
    smallest = known.min()
    assert found.loc[known.idxmin(), "q_value"] <= smallest * 4
    assert (found["q_value"].dropna() >= known).all()
    own = found[found["ethnicity"] == "White"]
    assert own[["difference", "ratio", "p_value", "events_to_close"]].isna().all(axis=None)
    assert own["rate"].notna().all()


def test_a_target_is_on_the_scale_shown(weeks):
    found = qi_equity.gaps(weeks, **COUNTS, reference=6, multiply=100)
    assert found["difference"].to_numpy() == pytest.approx(found["rate"].to_numpy() - 6)
    assert (found["reference"] == 6).all()


def test_the_best_is_chosen_on_the_baseline_and_kept():
    # Asian women do best in the baseline; afterwards White women would.
    rows = [
        (week, stratum, 200, {"Asian": 8, "Black": 30, "White": 20}[stratum] if week < 4 else late)
        for week in range(8)
        for stratum, late in (("Asian", 40), ("Black", 30), ("White", 6))
    ]
    table = pd.DataFrame(rows, columns=["week", "ethnicity", "births", "pph"])
    found = qi_equity.gaps(
        table, **COUNTS, reference="best at baseline", subgroup="week", baseline=4
    )
    assert set(found["reference"]) == {"Asian"}
    assert found["ethnicity"].tolist() == ["Asian", "Black", "White"]
    whole = qi_equity.gaps(table, **COUNTS, reference="best at baseline")
    assert set(whole["reference"]) == {"White"}
    default = qi_equity.gaps(table, **COUNTS, reference="best at baseline", subgroup="week")
    assert set(default["reference"]) == {"Asian"}
    same = qi_equity.gaps(
        table, **COUNTS, reference="best at baseline", subgroup="week", baseline=3
    )
    assert set(same["reference"]) == {"Asian"}
    high = qi_equity.gaps(
        table, **COUNTS, reference="best at baseline", subgroup="week", direction="increase"
    )
    assert set(high["reference"]) == {"Black"}


def test_where_all_are_small_none_is_the_best():
    table = log(ethnicity=["A", "B"], pph=[0, 1], births=[9, 8])
    found = qi_equity.gaps(table, **COUNTS, reference="best at baseline")
    assert found["difference"].isna().all()
    assert (found["sentence"] == NO_BEST).all()


def test_a_missing_stratum_is_a_stratum_and_a_missing_count_is_not_nought():
    table = log(ethnicity=["A", "A", None, "B"], pph=[3, np.nan, 2, 4], births=[20, 30, 10, np.nan])
    found = qi_equity.gaps(table, **COUNTS).set_index("ethnicity")
    assert NOT_RECORDED in found.index
    assert found.loc["A", ["numerator", "denominator"]].tolist() == [3, 20]
    assert np.isnan(found.loc["B", "numerator"])


def test_what_the_data_never_mention_has_no_row():
    table = log(site=["N", "N", "S"], ethnicity=["A", "B", "A"], pph=[3, 2, 4], births=[20, 30, 20])
    assert len(qi_equity.gaps(table, **COUNTS, by="site")) == 3


def test_every_order_of_strata_but_a_stated_one_is_alphabetical():
    table = log(ethnicity=["Zulu", "Asian"], pph=[3, 2], births=[20, 30])
    assert qi_equity.gaps(table, **COUNTS)["ethnicity"].tolist() == ["Asian", "Zulu"]
    order = pd.CategoricalDtype(["Zulu", "Asian"])
    stated = qi_equity.gaps(table.astype({"ethnicity": order}), **COUNTS)
    assert stated["ethnicity"].tolist() == ["Zulu", "Asian"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"numerator": "pphs"}, "no column called 'pphs'; did you mean 'pph'"),
        ({"reference": "Wite"}, "no ethnicity called 'Wite'; did you mean 'White'"),
        ({"reference": 3}, "a target rate is above 0 and at most 1"),
        ({"reference": True}, "no ethnicity called True"),
        ({"stratum": "site", "by": "site"}, "'site' is named more than once"),
        ({"denominator": "ethnicity"}, "'ethnicity' holds words or dates"),
        ({"subgroup": "week", "baseline": 9}, "baseline=9: there are 8 subgroups"),
        ({"subgroup": "week", "baseline": "2023-01-01"}, "before the first subgroup"),
        ({"intervals": {"difference": "wald"}}, "no interval 'wald'"),
        ({"intervals": {"ratios": "koopman"}}, "no 'ratios'; did you mean 'ratio'"),
        ({"kind": "count"}, "no kind 'count'"),
        ({"direction": "up"}, "direction: no 'up'"),
        ({"confidence": 95}, "a share between 0 and 1"),
    ],
)
def test_what_cannot_be_done_is_said_with_the_way_out(weeks, change, message):
    with pytest.raises(DataErrors, match=message.replace("(", r"\(")):
        qi_equity.gaps(weeks, **{**COUNTS, **change})


def test_every_wrong_count_is_named_at_once():
    table = log(ethnicity=["A", "B", "C"], pph=[-1, 9, 2], births=[20, 8, -3])
    with pytest.raises(DataErrors) as found:
        qi_equity.gaps(table, **COUNTS)
    assert len(found.value.problems) == 4
    assert "row 1: 'pph' is above 'births'" in str(found.value)
    with pytest.raises(DataErrors, match="no rows"):
        qi_equity.gaps(table.head(0), **COUNTS)
    with pytest.raises(DataErrors, match="'rate' would be overwritten"):
        qi_equity.gaps(table.assign(rate=1), **COUNTS, by="rate")


def test_a_count_over_an_exposure():
    table = log(ethnicity=["A", "B"], pph=[30, 60], births=[10, 30])
    found = qi_equity.gaps(table, **COUNTS, kind="rate", reference="B").iloc[0]
    assert found["ratio"] == pytest.approx(1.5)
    assert round(found["ratio_lower"], 3) == 0.971


def test_black_infants_in_thirty_states_the_difference_narrowed_and_the_ratio_widened(shared_data):
    table = pd.read_csv(shared_data / "us_states_infant_deaths_halfyear.csv")
    table = table[table["stratum"].isin(["nhblack", "nhwhite"])]
    whole = ~table.groupby("site")["suppressed"].transform("any")
    table = table[whole].assign(year=lambda rows: rows["period_start"].str[:4].astype(int))
    assert table["site"].nunique() == 30
    found = qi_equity.gaps(
        table,
        numerator="numerator",
        denominator="denominator",
        stratum="stratum",
        reference="nhwhite",
        subgroup="year",
        baseline=1,
        each_subgroup=True,
        multiply=1000,
    )
    black = found[found["stratum"] == "nhblack"].set_index("year")
    assert black.loc[[2003, 2023], "difference"].round(2).tolist() == [8.42, 6.99]
    assert black.loc[[2003, 2023], "ratio"].round(2).tolist() == [2.46, 2.62]
    assert black.loc[2023, "disagree"]
    assert "difference narrowed (8.42 to 6.99)" in black.loc[2023, "sentence"]
    assert "ratio widened (2.46 to 2.62)" in black.loc[2023, "sentence"]
    # Without a row for each year the last is held against the first all the same.
    whole = qi_equity.gaps(
        table,
        numerator="numerator",
        denominator="denominator",
        stratum="stratum",
        reference="nhwhite",
        subgroup="period_start",
        baseline=2,
        multiply=1000,
    ).set_index("stratum")
    assert len(whole) == 2
    assert whole.loc["nhblack", "sentence"] == black.loc[2023, "sentence"]
    assert whole.loc["nhblack", "numerator"] == black["numerator"].sum()
    assert not whole.loc["nhwhite", "disagree"]


def test_where_the_baseline_is_all_there_is_nothing_is_said_of_change(weeks):
    found = qi_equity.gaps(weeks, **COUNTS, subgroup="week", baseline=8)
    assert not found["disagree"].any()
    assert (found["sentence"] == "").all()


def test_a_row_for_each_subgroup_adds_up_to_the_row_of_the_stratum(weeks):
    each = qi_equity.gaps(weeks, **COUNTS, by="site", subgroup="week", each_subgroup=True)
    assert len(each) == 2 * 8 * 3
    whole = qi_equity.gaps(weeks, **COUNTS, by="site", subgroup="week")
    assert len(whole) == 6
    for name in ("numerator", "denominator"):
        added = each.groupby(["site", "ethnicity"])[name].sum().to_numpy()
        np.testing.assert_array_equal(whole[name], added)


def test_preterm_births_of_the_child_health_and_development_studies():
    births = pd.read_csv(ROOT / "projects" / "data" / "chds_births.csv")
    known = births[births["gestation_days"].notna()]
    table = known.assign(preterm=(known["gestation_days"] < 259).astype(int), births=1)
    found = qi_equity.gaps(
        table,
        numerator="preterm",
        denominator="births",
        stratum="ethnicity",
        reference="white",
        multiply=100,
    ).set_index("ethnicity")
    assert found.loc["black", ["numerator", "denominator"]].tolist() == [41, 241]
    assert found.loc["white", ["numerator", "denominator"]].tolist() == [47, 860]
    black = found.loc["black"]
    assert round(black["difference"], 1) == 11.5
    assert 6 < black["difference_lower"] < black["difference_upper"] < 18
    assert 2 < black["ratio_lower"] < 3.1 < black["ratio_upper"] < 5
    mixed = found.loc["mixed"]
    assert mixed["difference_lower"] < 0 < mixed["difference_upper"]


def test_the_stratum_is_ethnicity_unless_another_is_named(weeks):
    counts = {"numerator": "pph", "denominator": "births"}
    pd.testing.assert_frame_equal(qi_equity.gaps(weeks, **counts), qi_equity.gaps(weeks, **COUNTS))


def test_counts_in_a_column_of_objects_are_counts(weeks):
    held = weeks.astype({"pph": object, "births": object})
    pd.testing.assert_frame_equal(qi_equity.gaps(held, **COUNTS), qi_equity.gaps(weeks, **COUNTS))


def test_everyone_can_be_the_target(weeks):
    found = qi_equity.gaps(weeks, **COUNTS, reference=100, multiply=100)
    np.testing.assert_allclose(found["difference"], found["rate"] - 100)
    assert (found["p_value"] == 0).all()


def test_an_infinite_count_is_refused_and_not_left_out(weeks):
    endless = weeks.astype({"births": float})
    endless.loc[2, "births"] = np.inf
    with pytest.raises(DataErrors, match="row 2: 'births' is infinite"):
        qi_equity.gaps(endless, **COUNTS)


def test_many_bad_rows_are_counted_and_the_first_named(weeks):
    with pytest.raises(DataErrors) as raised:
        qi_equity.gaps(weeks.assign(pph=-1), **COUNTS)
    assert len(raised.value.problems) == 6
    assert raised.value.problems[-1] == "and 43 more rows where 'pph' is below 0"
