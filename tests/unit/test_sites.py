"""One look across sites as tables: own and borrowed figures, gaps within sites, who tried what."""

import numpy as np
import pandas as pd
import pytest

import qi_equity
from qi_equity.errors import DataErrors

STRATA = ("Asian", "Black", "White")
COLUMNS = {"numerator": "pph", "denominator": "births"}


def network(sites: int = 4, weeks: int = 20, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [
        (week, f"site {at}", stratum, rng.binomial(births, rate), births)
        for at in range(sites)
        for stratum, rate, births in zip(STRATA, (0.08, 0.12, 0.06), (8, 6 + at, 40), strict=True)
        for week in pd.date_range("2025-01-06", periods=weeks, freq="W-MON")
    ]
    return pd.DataFrame(rows, columns=["week", "site", "ethnicity", "pph", "births"])


LOG = network()


def test_a_row_a_site_and_stratum_with_own_and_borrowed_figures():
    found = qi_equity.sites(LOG, **COLUMNS, subgroup="week", total="Everyone")
    rows = found.rows
    assert rows[["ethnicity", "site"]].drop_duplicates().shape[0] == len(rows) == 4 * 4
    summed = LOG.groupby(["ethnicity", "site"])["pph"].sum()
    own = rows.set_index(["ethnicity", "site"]).sort_index()
    assert own["numerator"].drop("Everyone").to_dict() == summed.to_dict()
    counted = own["numerator"] / own["denominator"]
    assert own["rate"].tolist() == pytest.approx(counted.tolist())
    assert (own["rate_shrunk_lower"] < own["rate_shrunk"]).all()
    assert own["rate_borrowed"].between(0, 1).all()
    assert own["ratio_shrunk"].drop("Everyone").notna().all()
    assert own.loc["Everyone", "ratio"].isna().all()
    assert (own["dispersion"] >= 1).all()
    assert set(own["beyond_998"]) <= {-1, 0, 1}


def test_the_order_of_the_rows_changes_nothing():
    one = qi_equity.sites(LOG, **COLUMNS, subgroup="week", reference="White")
    two = qi_equity.sites(
        LOG.sample(frac=1, random_state=2), **COLUMNS, subgroup="week", reference="White"
    )
    pd.testing.assert_frame_equal(one.rows, two.rows)
    pd.testing.assert_frame_equal(one.within, two.within)


def test_a_measure_among_others_is_the_same_as_alone():
    both = pd.concat([LOG.assign(measure="a"), network(3, seed=5).assign(measure="b")])
    together = qi_equity.sites(both, **COLUMNS, by="measure", subgroup="week")
    alone = qi_equity.sites(LOG, **COLUMNS, subgroup="week")
    mine = together.rows[together.rows["measure"] == "a"].drop(columns="measure")
    pd.testing.assert_frame_equal(mine.reset_index(drop=True), alone.rows)
    assert set(together.rows.loc[together.rows["measure"] == "b", "site"]) == {
        "site 0", "site 1", "site 2",
    }  # fmt: skip


def test_a_gap_between_sites_is_not_a_gap_within_them():
    data = pd.DataFrame(
        {
            "site": ["A", "A", "B", "B"], "ethnicity": ["Black", "White"] * 2,
            "pph": [80, 20, 10, 40], "births": [800, 200, 200, 800],
        }
    )  # fmt: skip
    found = qi_equity.sites(data, **COLUMNS, reference="White").within
    assert found["ethnicity"].tolist() == ["Black"]
    assert found["ratio"].item() == pytest.approx(1)
    assert found["agree"].item()
    assert found["sites"].item() == 2


@pytest.mark.parametrize("reference", ["White", "everyone else", "best at baseline", 0.05])
@pytest.mark.parametrize("kind", ["proportion", "rate"])
def test_every_kind_of_reference_has_an_answer(reference, kind):
    found = qi_equity.sites(LOG, **COLUMNS, subgroup="week", reference=reference, kind=kind)
    black = found.rows[found.rows["ethnicity"] == "Black"]
    assert black["ratio_shrunk"].notna().all()
    assert (black["ratio_shrunk_lower"] < black["ratio_shrunk_upper"]).all()
    if reference == 0.05:
        assert black["ratio"].tolist() == pytest.approx((black["rate"] / 0.05).tolist())
    assert found.within.empty == (kind == "rate" or reference == 0.05)


def test_one_site_has_nobody_to_borrow_from():
    found = qi_equity.sites(LOG[LOG["site"] == "site 0"], **COLUMNS)
    assert found.rows["rate"].notna().all()
    assert found.rows[["rate_shrunk", "ratio_shrunk", "rate_borrowed"]].isna().all(axis=None)
    assert found.within.empty


def test_what_nobody_logged_stays_missing():
    blank = LOG.assign(pph=LOG["pph"].where(LOG["site"] != "site 1"))
    rows = qi_equity.sites(blank, **COLUMNS).rows
    assert rows.loc[rows["site"] == "site 1", ["rate", "rate_shrunk"]].isna().all(axis=None)
    assert rows.loc[rows["site"] != "site 1", "rate_shrunk"].notna().all()


def test_sites_that_tried_an_idea_stand_beside_those_that_did_not():
    found = qi_equity.tried(
        LOG, sites=["site 0", "site 2"], since="2025-03-17", subgroup="week", **COLUMNS
    )
    assert len(found) == 2 * 2 * 3
    assert found["sites"].unique().tolist() == [2]
    late, at = LOG["week"] >= "2025-03-17", LOG["site"].isin(["site 0", "site 2"])
    cell = found.query("tried and window == 'after' and ethnicity == 'Black'")
    expected = LOG.loc[late & at & (LOG["ethnicity"] == "Black"), "pph"].sum()
    assert cell["numerator"].item() == expected
    with pytest.raises(DataErrors, match="did you mean 'site 1'"):
        qi_equity.tried(LOG, sites=["site1"], since="2025-03-17", subgroup="week", **COLUMNS)
