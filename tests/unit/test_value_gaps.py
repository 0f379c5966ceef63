"""Gaps of measurements: level, change, whose change it is, and what the data do not allow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from qi_equity import analyse, sources
from qi_equity.app.backend import FixedBackend
from qi_equity.app.render import Renderer
from qi_equity.disclosure import protect
from qi_equity.equity.value_verdict import value_verdicts
from qi_equity.equity.values import Means, Values, everyone_else, intervals, level, means, p_values
from qi_equity.findings import Findings, Gap
from qi_equity.findings.columns import rows
from qi_equity.frames.value_gaps import value_gaps
from qi_equity.observations import observations, with_totals
from qi_equity.project_file import load
from qi_equity.words.gaps import gap_sentence
from qi_equity.words.verdicts import verdict_sentences

PROJECTS = Path(__file__).parents[2] / "projects"
MONTHS = pd.date_range("2024-01-01", periods=24, freq="MS")


def log(
    levels: dict[str, np.ndarray | float],
    *,
    readings: int = 8,
    known: bool = True,
    seed: int = 4,
    site: str = "A",
) -> pd.DataFrame:
    """Two years of months; each stratum's readings are skewed, as minutes are."""
    rng = np.random.default_rng(seed)
    table = []
    for stratum, wanted in levels.items():
        for month, mean in zip(MONTHS, np.broadcast_to(wanted, 24), strict=True):
            sample = rng.lognormal(np.log(mean), 0.4, readings)
            table.append(
                {
                    "measure": "minutes",
                    "site": site,
                    "stratum": stratum,
                    "subgroup": month,
                    "value": sample.mean(),
                    "readings": readings if known else np.nan,
                    "spread": sample.std(ddof=1) if known else np.nan,
                }
            )
    return pd.DataFrame(table)


LATE = np.arange(24) >= 12


def found(table: pd.DataFrame, reference: str = "everyone else", **more: object) -> pd.DataFrame:
    return value_gaps(table, reference=reference, **more).summary.set_index("stratum")


# ------------------------------------------------------------------ the arrays


def test_with_one_subgroup_the_interval_is_welchs() -> None:
    rng = np.random.default_rng(2)
    one, two = rng.normal(50, 9, 12), rng.normal(40, 4, 20)
    sides = [
        means(
            np.array([[part.mean()]]),
            np.array([[float(part.size)]]),
            np.array([[part.std(ddof=1)]]),
        )
        for part in (one, two)
    ]
    data = Values(*sides)
    told = level(data, data.compared)
    welch = stats.ttest_ind(one, two, equal_var=False)
    assert told.difference[0] / np.sqrt(told.variance[0]) == pytest.approx(welch.statistic)
    assert told.freedom[0] == pytest.approx(welch.df)


def test_means_alone_are_compared_by_the_means_of_all_subgroups() -> None:
    rng = np.random.default_rng(3)
    own, other = rng.lognormal(4, 0.1, 9), rng.lognormal(3.8, 0.1, 9)
    blank = np.full((1, 9), np.nan)
    data = Values(*(means(part[None], blank, blank) for part in (own, other)))
    told = level(data, data.compared)
    difference, ratio = intervals(data, told, np.ones(1))
    paired = stats.ttest_rel(own, other)
    held = paired.confidence_interval()
    assert p_values(data, told, np.ones(1))[0] == pytest.approx(paired.pvalue)
    assert (difference.lower[0], difference.upper[0]) == pytest.approx((held.low, held.high))
    assert ratio.estimate[0] == pytest.approx(own.mean() / other.mean())
    # Fieller's interval, exact where means are normal, is nearly the same.
    low, high = fieller(own, other)
    assert (ratio.lower[0], ratio.upper[0]) == pytest.approx((low, high), rel=0.01)


def fieller(own: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """The ratios whose paired differences cannot be told from nought."""

    def t2(ratio: float) -> float:
        return float(stats.ttest_1samp(own - ratio * other, 0).statistic ** 2)

    middle, line = own.mean() / other.mean(), stats.t.ppf(0.975, len(own) - 1) ** 2
    return tuple(
        optimize.brentq(lambda ratio: t2(ratio) - line, *sorted((middle, end)))
        for end in (middle / 4, middle * 4)
    )


def test_everyone_else_is_the_readings_of_all_others_together() -> None:
    rng = np.random.default_rng(8)
    groups = [rng.normal(50 + 9 * place, 6, size) for place, size in enumerate((5, 1, 9, 4))]
    told = means(
        *(
            np.array([[f(group)] for group in groups])
            for f in (
                np.mean,
                lambda group: float(group.size),
                lambda group: group.std(ddof=1) if group.size > 1 else np.nan,
            )
        )
    )
    others = everyone_else(told)
    for place in range(4):
        rest = np.concatenate([group for at, group in enumerate(groups) if at != place])
        assert others.mean[place, 0] == pytest.approx(rest.mean())
        assert others.size[place, 0] == rest.size
        assert others.within[place, 0] == pytest.approx(((rest - rest.mean()) ** 2).sum())


def test_naming_the_groups_the_other_way_round_turns_the_gap_over() -> None:
    table = log({"Black": np.where(LATE, 50.0, 80.0), "White": 50.0})
    one = found(table, "White").loc["Black"]
    other = found(table, "Black").loc["White"]
    assert one["ratio"] == pytest.approx(1 / other["ratio"])
    assert one["difference"] == pytest.approx(-other["difference"])
    assert one["p_trend"] == pytest.approx(other["p_trend"])
    assert (one["verdict"], other["verdict"]) in {("narrowing", "narrowing"), ("closed", "closed")}


@pytest.mark.parametrize("values", ["alike", "one", "none", "negative", "single readings"])
def test_degenerate_measurements_neither_raise_nor_signal(values: str) -> None:
    own = np.full((1, 12), 40.0)
    readings, spread = np.full((1, 12), 5.0), np.full((1, 12), 0.0)
    if values == "one":
        own[:, 1:] = np.nan
    elif values == "none":
        own[:] = np.nan
    elif values == "negative":
        own = -own
    elif values == "single readings":
        readings, spread = np.ones((1, 12)), np.full((1, 12), np.nan)
    data = Values(means(own, readings, spread), means(np.full((1, 12), 50.0), readings, spread))
    assert str(value_verdicts(data).verdict[0]) in ("too few", "one look")


# ------------------------------------------------------------------ the words


@pytest.mark.parametrize("known", [True, False], ids=["readings", "means alone"])
@pytest.mark.parametrize(
    ("black", "words"),
    [
        (np.full(24, 80.0), {"steady"}),
        (np.full(24, 50.0), {"no gap"}),
        (np.where(LATE, 80.0, 50.0), {"widening"}),
        (np.where(LATE, 60.0, 90.0), {"closed", "narrowing"}),
        (np.where(LATE, 50.0, 90.0), {"closed", "narrowing"}),
        (np.where(LATE, 35.0, 75.0), {"reversed"}),
    ],
)
def test_each_verdict_is_given_where_it_is_due(
    black: np.ndarray, words: set[str], known: bool
) -> None:
    table = log({"Black": black, "White": 50.0}, readings=25, known=known)
    assert found(table, "White").loc["Black", "verdict"] in words


def test_one_month_is_one_look() -> None:
    table = log({"Black": 80.0, "White": 40.0}, readings=40)
    first = table[table["subgroup"] == MONTHS[0]]
    row = found(first, "White").loc["Black"]
    assert row["verdict"] == "one look"
    assert row["ratio_lower"] > 1


def test_a_change_is_called_an_echo_where_another_group_moved() -> None:
    told = found(
        log({"Asian": 50.0, "Black": np.where(LATE, 45.0, 110.0), "White": 50.0}, readings=25)
    )
    assert told.loc["Black", "verdict"] in ("narrowing", "closed", "reversed")
    assert set(told.loc[["Asian", "White"], "echo_of"]) <= {"Black", ""}
    assert not told.loc[["Asian", "White"], "verdict"].isin(["widening", "reversed"]).any()


def test_a_group_that_did_not_move_is_nobodys_mover() -> None:
    fell = np.where(LATE, 50.0, 75.0)
    told = found(log({"Asian": fell, "Black": fell, "White": 50.0}, readings=25))
    assert "White" not in set(told["echo_of"])


def test_a_change_that_lasts_is_established_and_never_taken_back() -> None:
    table = log({"Black": np.where(np.arange(24) >= 13, 45.0, 90.0), "White": 50.0}, readings=25)
    whole = found(table, "White", baseline=12).loc["Black"]
    assert whole["established"]
    assert whole["signal"] == "falling"
    when = whole["first_established"]
    until = found(table[table["subgroup"] <= when], "White", baseline=12).loc["Black"]
    assert until["first_established"] == when


def test_each_site_says_what_it_says_alone() -> None:
    north = log({"Black": 70.0, "White": 50.0}, site="north")
    south = log({"Black": 50.0, "White": 50.0}, site="south", seed=9).iloc[3:]
    both = value_gaps(pd.concat([north, south]), reference="White")
    for site, own in (("north", north), ("south", south)):
        alone = value_gaps(own, reference="White")
        for name in ("summary", "points"):
            here = getattr(both, name)
            here = here[here["site"] == site].reset_index(drop=True)
            theirs = getattr(alone, name).reset_index(drop=True)
            drop = ["q_value"] if name == "summary" else []
            pd.testing.assert_frame_equal(here.drop(columns=drop), theirs.drop(columns=drop))


def test_the_order_of_rows_does_not_matter() -> None:
    table = log({"Black": 70.0, "White": 50.0})
    one, other = found(table), found(table.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(one, other)


def test_the_best_at_baseline_is_chosen_among_those_with_readings_enough() -> None:
    table = log({"Asian": 40.0, "Black": 70.0, "White": 50.0}, readings=9)
    tiny = table[(table["stratum"] == "Asian") & (table["subgroup"] == MONTHS[0])]
    told = found(
        pd.concat([table[table["stratum"] != "Asian"], tiny]),
        "best at baseline",
        direction="decrease",
    )
    assert set(told["reference"]) == {"White"}


def test_totals_of_sites_are_compared_by_all_their_readings() -> None:
    north = log({"Black": 70.0, "White": 50.0}, site="north")
    south = log({"Black": 70.0, "White": 50.0}, site="south", seed=9)
    table = with_totals(observations(pd.concat([north, south])), "site", "All sites")
    told = value_gaps(table, reference="White").summary.set_index(["site", "stratum"])
    assert told.loc[("All sites", "Black"), "readings"] == 2 * 24 * 8
    assert told["ratio_lower"].groupby("site").max()["All sites"] > 1


def test_means_is_a_table_of_arrays_of_one_shape() -> None:
    told = means(np.full((2, 3), 5.0), np.full((2, 3), 2.0), np.full((2, 3), 1.0))
    assert isinstance(told, Means)
    assert told[[0]].mean.shape == (1, 3)


# ------------------------------------------------------------------ from a project to a verdict


@pytest.fixture(scope="module")
def antibiotics() -> Findings:
    project = load(PROJECTS / "time_to_antibiotics.yaml")
    return analyse(project, sources.load(project, base=PROJECTS).observations)


def test_the_shipped_project_goes_from_yaml_to_a_verdict(antibiotics: Findings) -> None:
    row = next(row for row in rows(antibiotics.gaps, Gap) if row.stratum == "Black")
    assert row.verdict == "narrowing"
    assert row.declared
    assert row.highlight
    assert (row.early_ratio, row.late_ratio) == pytest.approx((1.30, 1.08), abs=0.01)
    measure = antibiotics.project.measures[0]
    assert gap_sentence(row, measure) == (
        "Black: 64.4 minutes on average (134 readings). That is 10.0 minutes more than everyone "
        "else (95% interval +5.1 to +14.9), or 1.18 times as much (1.10 to 1.28)."
    )
    said = verdict_sentences(row, measure.multiply, measure.direction)
    assert said[0].startswith("The gap is narrowing: the mean for Black is 1.18 times that of")
    assert not any("–" in text for text in said)


def test_minutes_are_shown_as_minutes(antibiotics: Findings) -> None:
    measure = antibiotics.project.measures[0]
    assert measure.multiply == 1
    everyone = antibiotics.points[antibiotics.points["stratum"] == "Everyone"]
    assert everyone["value"].between(40, 80).all()


def test_judged_or_not_the_estimates_are_the_same(antibiotics: Findings) -> None:
    project = antibiotics.project
    table = sources.load(project, base=PROJECTS).observations
    quick = analyse(project, table, judge=False).gaps
    for name in ("rate", "difference", "ratio", "ratio_lower", "ratio_upper", "readings"):
        np.testing.assert_array_equal(quick[name], antibiotics.gaps[name])


@pytest.mark.parametrize("page", ["gap", "charts", "quality", "compare", "session", "project"])
def test_every_page_shows_a_measurement_without_counts_it_does_not_have(
    page: str, antibiotics: Findings
) -> None:
    renderer = Renderer(FixedBackend({"time_to_antibiotics": antibiotics}))
    html = renderer.answer(f"?page={page}&project=time_to_antibiotics")["html"]
    assert "– of –" not in html
    assert "nan" not in html
    assert "3,1" not in html
    if page == "gap":
        assert "narrowing" in html.lower()
        assert ">134<" in html


def test_a_saved_change_is_judged_anew(antibiotics: Findings) -> None:
    table = sources.load(antibiotics.project, base=PROJECTS).observations
    changed = table.assign(spread=table["spread"] * 3)
    found = analyse(antibiotics.project, changed, previous=antibiotics)
    fresh = analyse(antibiotics.project, changed)
    pd.testing.assert_frame_equal(found.gaps, fresh.gaps)
    assert found.gaps["ratio_lower"].iloc[0] < antibiotics.gaps["ratio_lower"].iloc[0]


def test_measurements_that_are_missing_hold_the_verdict_back(antibiotics: Findings) -> None:
    table = sources.load(antibiotics.project, base=PROJECTS).observations
    black = table["stratum"] == "Black"
    missing = table.assign(outcome_unknown=table["outcome_unknown"].mask(black, table["readings"]))
    row = next(
        row
        for row in rows(analyse(antibiotics.project, missing).gaps, Gap)
        if row.stratum == "Black"
    )
    assert row.verdict == "held back"
    assert row.outcome_unknown_share == pytest.approx(0.5, abs=0.1)
    assert len(verdict_sentences(row)) == 1


def test_the_network_is_told_no_reading(antibiotics: Findings) -> None:
    table = sources.load(antibiotics.project, base=PROJECTS).observations
    released = protect(analyse(antibiotics.project, table, judge=False))
    for part in (released.points, released.gaps):
        assert not {"readings", "spread", "outcome_unknown", "reference_readings"} & {
            name for name in part if part[name].notna().any()
        }
