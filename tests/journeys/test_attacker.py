"""Nobody in the network gets at a small count, whatever they look at and however they reckon.

A count of 1 to 7 is safe if at least two values of it agree with everything that was released, by
exact integer programming over all released numbers at once. The same attacks are run on findings
that are protected worse, where they must succeed: an attacker who never wins proves nothing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from attacker import (
    COUNTS,
    STARS_ALONE,
    Attack,
    Rounding,
    learn_points,
    of_interval,
    of_limit,
    of_rate,
    pairs,
)

from qi_equity.analyse import analyse
from qi_equity.app.backend import FixedBackend
from qi_equity.app.render import Renderer
from qi_equity.app.state import Address
from qi_equity.chance import seed_of
from qi_equity.disclosure import POLICIES, policy, protect, threshold
from qi_equity.disclosure.numbers import block_table
from qi_equity.disclosure.release import grids, release
from qi_equity.disclosure.seen import BANDS, FACTORS, WEEKS
from qi_equity.disclosure.twins import secured
from qi_equity.findings import Chart, Findings, Gap, of
from qi_equity.observations import SERIES_KEY, observations, with_totals
from qi_equity.project import ALL_SITES, EVERYONE, Disclosure, Project
from qi_equity.view import export
from qi_equity.view.figure import chart_figure
from qi_equity.view.table import gaps_table, points_table, summary_table
from qi_equity.words import terminal as text
from qi_equity.words.charts import chart_sentences
from qi_equity.words.gaps import gap_sentence
from qi_equity.words.verdicts import verdict_sentences

SMALL = 7
STRATA = ("Asian", "Black", "White")
ROUNDINGS = {
    "hes": (Disclosure(policy="hes"), Rounding()),
    "msds": (Disclosure(policy="msds"), Rounding(small=5)),
    "threshold 5": (Disclosure(policy="threshold", threshold=5), Rounding(first=5)),
    "threshold 10": (Disclosure(policy="threshold", threshold=10), Rounding(first=10)),
}


@dataclass(frozen=True)
class Network:
    """A made-up network: how many sites and weeks, and how many births and events."""

    sites: int
    weeks: int
    births: tuple[float, ...]  # mean of a week, a stratum each
    rates: tuple[float, float]  # of the two measures
    seed: int

    @property
    def names(self) -> list[str]:
        return [f"site_{place}" for place in range(self.sites)]

    @property
    def mondays(self) -> list[pd.Timestamp]:
        return list(pd.date_range("2025-01-06", periods=self.weeks, freq="W-MON"))


NETWORKS = {
    "tiny strata": Network(2, 8, (1.5, 3, 12), (0.1, 0.8), 1),
    "one site": Network(1, 16, (2, 4, 30), (0.08, 0.9), 2),
    "rare events": Network(3, 8, (6, 9, 40), (0.02, 0.3), 3),
    "larger": Network(2, 12, (15, 25, 60), (0.12, 0.6), 4),
}


def project(network: Network, **other: Any) -> Project:
    aim = {"measure": "pph", "from": 0.1, "to": 0.05, "by": "2026-12-31"}
    told = {
        "id": "network",
        "title": "Fewer severe bleeds",
        "clinical_area": "post-partum haemorrhage",
        "network": "The network",
        "sites": [{"id": site, "name": site} for site in network.names],
        "aim": aim | {"population": "every birth", "equity": [aim | {"stratum": "Black"}]},
        "strata": {
            "groups": [{"name": stratum} for stratum in STRATA],
            "reference": {"compare_with": "everyone else", "reason": "no group is the norm here"},
        },
        "measures": [
            {
                "id": name,
                "name": name,
                "role": "outcome",
                "numerator": "events",
                "denominator": "births",
                "direction": "decrease",
                "baseline": {"subgroups": max(2, network.weeks // 2)},
            }
            for name in ("pph", "weighed")
        ],
    }
    return Project.model_validate(told | other)


@cache
def logged(network: Network) -> pd.DataFrame:
    """The true counts: two measures of the same births."""
    random = np.random.default_rng(network.seed)
    rows = []
    for site, (stratum, mean), week in product(
        network.names, zip(STRATA, network.births, strict=True), network.mondays
    ):
        births = random.poisson(mean)
        key = {"site": site, "stratum": stratum, "subgroup": week, "denominator": births}
        for measure, rate in zip(("pph", "weighed"), network.rates, strict=True):
            rows.append(key | {"measure": measure, "numerator": random.binomial(births, rate)})
    return observations(rows)


@cache
def analysed(network: Network) -> Findings:
    return analyse(project(network), logged(network))


@cache
def released(network: Network, name: str) -> Findings:
    return protect(analysed(network), ROUNDINGS[name][0])


def attack_on(network: Network) -> Attack:
    return Attack(network.names, list(STRATA), network.weeks, ["pph", "weighed"])


def small_counts(network: Network, most: int) -> list[tuple[str, str, str, list[int], int]]:
    """True counts of 1 to 7: of a week, of half the time, of all of it, totals among them."""
    table = with_totals(with_totals(logged(network), "stratum", EVERYONE), "site", ALL_SITES)
    weeks, half = range(network.weeks), network.weeks // 2
    stretches = [[week] for week in weeks] + [list(weeks[:half]), list(weeks[half:]), list(weeks)]
    found = []
    for (measure, site, stratum), rows in table.groupby(SERIES_KEY):
        rows = rows.sort_values("subgroup")
        for count, stretch in product(COUNTS, stretches):
            true = int(rows[count].to_numpy()[stretch].sum())
            if 1 <= true <= SMALL and (count == "numerator" or measure == "pph"):
                name = measure if count == "numerator" else "births"
                found.append((name, site, stratum, stretch, true))
    whole = [one for one in found if len(one[3]) > 1]
    weekly = [one for one in found if len(one[3]) == 1]
    chosen = np.random.default_rng(network.seed).permutation(len(weekly))[:most]
    return [*whole, *(weekly[place] for place in chosen)]


# -- subtraction within every total, over sites, strata and time, at once ------------------------


@pytest.mark.parametrize("name", ROUNDINGS)
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_every_small_count_keeps_two_values_or_more(
    network: Network, name: str, tmp_path: Path
) -> None:
    found = released(network, name)
    export.write(found, tmp_path)
    points = pd.read_csv(tmp_path / "points.csv", encoding="utf-8-sig")
    attack = attack_on(network)
    learn_points(attack, points, ROUNDINGS[name][1], network.mondays)
    for count, site, stratum, weeks, true in small_counts(network, 8):
        low, high = attack.values(attack.cells(count, site, stratum, np.array(weeks)))
        assert low <= true <= high
        assert low < high, f"{count} of {stratum} at {site} in weeks {weeks} is {true}"


@pytest.mark.long
@pytest.mark.parametrize("seed", range(60))
def test_no_small_count_of_many_networks_is_left_with_one_value(seed: int) -> None:
    """All small counts of networks of any shape, the tiniest too, under every policy in turn."""
    random = np.random.default_rng(1000 + seed)
    network = Network(
        sites=int(random.integers(1, 4)),
        weeks=int(random.integers(2, 9)),
        births=tuple(random.choice([0.5, 1, 2, 4, 8, 16, 40], 3).tolist()),
        rates=tuple(random.choice([0.02, 0.1, 0.3, 0.9], 2).tolist()),
        seed=seed,
    )
    disclosure, rounding = list(ROUNDINGS.values())[seed % len(ROUNDINGS)]
    true = analyse(project(network), logged(network), judge=False)
    attack = attack_on(network)
    learn_points(attack, protect(true, disclosure).points, rounding, network.mondays)
    for count, site, stratum, weeks, true_count in small_counts(network, 60):
        low, high = attack.values(attack.cells(count, site, stratum, np.array(weeks)))
        assert low <= true_count <= high
        assert low < high, f"{count} of {stratum} at {site} in weeks {weeks} is {true_count}"


def test_the_same_attack_wins_where_small_counts_alone_are_left_out() -> None:
    network = NETWORKS["larger"]
    points = analysed(network).points.assign(value=np.nan)
    for count in COUNTS:
        points[count] = points[count].where(~points[count].between(1, SMALL))
    attack = attack_on(network)
    learn_points(attack, points, STARS_ALONE, network.mondays)
    won = 0
    for count, site, stratum, weeks, _ in small_counts(network, 40):
        low, high = attack.values(attack.cells(count, site, stratum, np.array(weeks)))
        won += low == high
    assert won >= 5


CORNER = [[13, 1, 1, 1, 1]]  # what rounds to 15 is 13 to 17, so four of at least one leave one
EDGES = (0, 1, 1, 1, 1, 7, 8, 12, 13, 13)  # where a count is shown as another number than the next


def lost(events: list[list[int]], twins: bool) -> int:
    """How many small counts of one week are recovered: a row a site, a column a stratum."""
    strata = [f"stratum {place}" for place in range(len(events[0]))]
    network = Network(len(events), 1, (), (0, 0), 0)
    told = {"groups": [{"name": name} for name in strata]}
    told |= {"reference": {"compare_with": "everyone else", "reason": "no group is the norm here"}}
    key = {"measure": "pph", "subgroup": network.mondays[0], "denominator": 100}
    rows = [
        key | {"site": site, "stratum": stratum, "numerator": count}
        for site, counts in zip(network.names, events, strict=True)
        for stratum, count in zip(strata, counts, strict=True)
    ]
    true = analyse(project(network, strata=told), observations(rows), judge=False)
    points = protect(true, "hes").points
    if not twins:
        shown = POLICIES["hes"].shown
        points = true.points.assign(**{count: shown(true.points[count]) for count in COUNTS})
        points["value"] = points["numerator"] / points["denominator"]
    attack = Attack(network.names, strata, 1, ["pph"])
    learn_points(attack, points, Rounding(), network.mondays)
    found = 0
    for row in true.points[true.points["numerator"].between(1, SMALL)].to_dict("records"):
        low, high = attack.values(attack.cells("pph", row["site"], row["stratum"], range(1)))
        assert low <= row["numerator"] <= high
        found += low == high
    return found


def test_rounding_each_number_for_itself_is_not_enough_and_is_seen_to() -> None:
    assert lost(CORNER, twins=False) == 4
    assert lost(CORNER, twins=True) == 0


def test_counts_on_the_edges_of_rounding_are_safe_in_tables_of_any_shape() -> None:
    random = np.random.default_rng(5)
    unsafe = 0
    for _ in range(14):
        shape = int(random.integers(1, 3)), int(random.integers(3, 6))
        events = random.choice(EDGES, shape).tolist()
        assert lost(events, twins=True) == 0, events
        unsafe += lost(events, twins=False)
    assert unsafe >= 3


# -- numbers that say more than their counts -----------------------------------------------------


@pytest.mark.parametrize("network", list(NETWORKS.values())[:2], ids=list(NETWORKS)[:2])
def test_other_true_counts_behind_the_same_release_give_the_same_numbers(network: Network) -> None:
    """Numbers and words, runs, marks, p bands, who moved: all are of the released counts."""
    true, random = logged(network), np.random.default_rng(network.seed)
    wanted, other, changed = _blocks(network, true), true, 0
    for _ in range(40):
        row = int(random.integers(len(true)))
        tried = other.copy()
        tried.loc[row, "numerator"] += random.choice([-1, 1])
        fits = 0 <= tried.loc[row, "numerator"] <= tried.loc[row, "denominator"]
        if fits and _blocks(network, tried).equals(wanted):
            other, changed = tried, changed + 1
    assert changed >= 8
    one = protect(analysed(network), "hes")
    two = protect(analyse(project(network), other), "hes")
    for name in ("points", "charts", "gaps", "gap_points"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
    assert one.cautions == two.cautions
    assert one.charts["useful"].notna().any()


def _blocks(network: Network, table: pd.DataFrame) -> pd.DataFrame:
    # Only the counts are read, so the points need no chart.
    points = with_totals(table, "stratum", EVERYONE)
    if network.sites > 1:
        points = with_totals(points, "site", ALL_SITES)
    made = [release(grid, POLICIES["hes"]) for grid in grids(points, project(network))]
    return pd.concat([block_table(one) for one in secured(made).releases], ignore_index=True)


WORDS = (
    "side", "signal", "meaning", "beyond_limits", "long_run", "runs_signal", "variation",
    "assurance", "highlight", "emerging", "established", "direction", "season", "shared",
    "cautions", "verdict", "higher_moved", "lower_moved", "echo_of",
    "improving_overall", "improving_while_widening", "difference_widening_too",
)  # fmt: skip
# Statistics: in bands, in steps, or of runs of points.
STATISTICS = (
    "p_value", "p_trend", "smallest_change", "weeks_to_go", "subgroups", "useful", "longest_run",
    "longest_run_limit", "crossings", "crossings_limit",
)  # fmt: skip
FROM_COUNTS = {
    "points": {
        "numerator", "denominator", "value", "centre", "lower", "upper", "target", "subgroups",
    },
    "charts": {"centre", "width"},
    "gap_points": {
        "numerator", "denominator", "difference", "difference_lower", "difference_upper", "ratio",
        "ratio_lower", "ratio_upper",
    },
}  # fmt: skip
KEYS = {"measure", "site", "stratum", "subgroup", "phase", "reference", "status", "baseline"}
PLAIN = {"excluded", "declared", "smallest_gap", "disagree"}


@pytest.mark.parametrize("name", ROUNDINGS)
def test_no_column_is_let_through_that_nobody_thought_about(name: str) -> None:
    found = released(NETWORKS["larger"], name)
    rates = re.compile(
        r"(numerator|denominator|(rate|difference|ratio)(_lower|_upper)?)(_then|_now)?"
        r"|(excess|events_to_close)(_lower|_upper)?|(early|late)_ratio"
    )
    for table in ("points", "charts", "gaps", "gap_points"):
        known = KEYS | PLAIN | {*WORDS, *STATISTICS} | FROM_COUNTS.get(table, set())
        strange = set(getattr(found, table)) - known
        assert not {one for one in strange if table != "gaps" or not rates.fullmatch(one)}


@pytest.mark.parametrize("name", ROUNDINGS)
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_rates_are_those_of_the_released_counts(network: Network, name: str) -> None:
    found = released(network, name)
    gaps = found.gaps.dropna(subset="rate")
    np.testing.assert_array_equal(gaps["rate"], gaps["numerator"] / gaps["denominator"])
    points = found.points.dropna(subset="value")
    rates = 100 * points["numerator"] / points["denominator"]
    np.testing.assert_allclose(points["value"], rates, rtol=1e-12)
    for table in (gaps, points):
        assert (table[[*COUNTS]] % 5 == 0).all(axis=None)


def test_exact_rates_beside_rounded_counts_are_undone() -> None:
    """What the policy prevents, on the same network: the rate picks one pair of counts."""
    gaps = analysed(NETWORKS["larger"]).gaps
    rounding, won = Rounding(small=5), 0
    for row in gaps.to_dict("records"):
        shown = [POLICIES["msds"].shown(np.array(row[count])).item() for count in COUNTS]
        left = [rounding.between(one, one == 5) for one in shown]
        found = of_rate(pairs((left[0], left[1])), row["rate"], 1e-6)
        won += len(found) == 1 and tuple(found[0]) == (row["numerator"], row["denominator"])
    assert won > len(gaps) / 2


@pytest.mark.parametrize("name", ROUNDINGS)
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_intervals_lead_back_to_the_released_counts_alone(network: Network, name: str) -> None:
    rows = released(network, name).gaps.dropna(subset="rate_upper")
    for row in rows[rows["denominator"] <= 600].to_dict("records"):
        found = of_interval(row["rate_lower"], row["rate_upper"])
        assert [row["numerator"], row["denominator"]] in found.tolist()
        assert (found % 5 == 0).all()


def test_the_same_search_finds_true_counts_in_unprotected_intervals() -> None:
    gaps = analysed(NETWORKS["tiny strata"]).gaps
    small = gaps[gaps["numerator"].between(1, SMALL) & (gaps["denominator"] <= 600)]
    assert len(small) >= 2
    for row in small.to_dict("records"):
        found = of_interval(row["rate_lower"], row["rate_upper"])
        assert found.tolist() == [[row["numerator"], row["denominator"]]]


def test_limits_lead_back_to_the_released_counts_alone() -> None:
    """The classic way to read births off a p chart, on limits that are a normal curve's."""
    network = NETWORKS["larger"]
    plain = project(network)
    measures = [one.model_copy(update={"rules": "making_data_count"}) for one in plain.measures]
    plain = plain.model_copy(update={"measures": tuple(measures)})
    true = analyse(plain, logged(network), judge=False)
    exact = _births(true.points)
    assert np.median(np.abs(exact / true.points["denominator"] - 1)) < 0.25  # about right
    found = protect(true, "hes").points.dropna(subset="upper")
    assert len(found) > 10
    for _, rows in found.groupby(["measure", "site", "stratum", "denominator", "centre"]):
        # Subgroups of the same released births have the same limits: births are all they hold.
        assert rows["upper"].nunique() == rows["lower"].nunique() == 1


def _births(points: pd.DataFrame) -> pd.Series:
    return of_limit(points["centre"] / 100, points["upper"] / 100)


def test_a_seed_is_not_let_through_and_would_be_guessed() -> None:
    """Seeds are made of the counts, so that a few weeks of small counts can be tried out."""
    weeks = 3
    births = np.full(weeks, 9.0)
    secret = np.array([2.0, 0.0, 3.0])
    seed = seed_of(secret, births)
    guessed = [
        guess
        for guess in product(range(8), repeat=weeks)
        if seed == seed_of(np.array(guess, float), births)
    ]
    assert guessed == [tuple(secret)]
    assert "seed" in analysed(NETWORKS["larger"]).gaps
    for name in ROUNDINGS:
        found = released(NETWORKS["larger"], name)
        for table in (found.points, found.charts, found.gaps, found.gap_points):
            numbers = table.select_dtypes("number").to_numpy(float)
            assert not (np.isfinite(numbers) & (np.abs(numbers) > 1e6)).any()


@pytest.mark.parametrize("name", ROUNDINGS)
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_statistics_of_true_counts_are_told_coarsely_and_never_of_small_ones(
    network: Network, name: str
) -> None:
    found = released(network, name)
    steps = {"p_value": BANDS, "p_trend": BANDS, "smallest_change": FACTORS, "weeks_to_go": WEEKS}
    for table in (found.gaps, found.charts):
        for column, allowed in steps.items():
            assert set(table.get(column, pd.Series()).dropna()) <= set(allowed)
    silent = found.charts[found.charts["status"] != "shown"]
    assert silent[["variation", "p_value", "useful", "crossings", "centre"]].isna().all(axis=None)
    quiet = silent.merge(found.gaps, on=SERIES_KEY)
    assert (
        quiet[["rate", "difference", "ratio", "excess", "verdict", "weeks_to_go"]]
        .isna()
        .all(axis=None)
    )


# -- what is read, hovered over and downloaded ---------------------------------------------------


def everything(found: Findings, folder: Path) -> str:
    """All that a network viewer can read: page, tables, sentences, hover text and downloads."""
    said = [text.report(found)]
    for path in export.write(found, folder):
        said.append(path.read_text(encoding="utf-8-sig"))
    for measure in found.project.measures:
        for site in found.points["site"].unique():
            points = of(found.points, measure, site)
            charts = list(found.rows(Chart, measure, site))
            gaps = list(found.rows(Gap, measure, site))
            figure = chart_figure(points, ["stratum"], unit=measure.unit)
            said.append(json.dumps(figure, default=str))
            tables = [points_table(points, measure, ""), summary_table(charts, points, measure, "")]
            tables.append(gaps_table(gaps, measure, "", judged=True))
            said += [" | ".join(row) for table in tables for row in table.rows]
            said += [f"{row[1]} of {row[2]}" for row in tables[0].rows]
            for chart in charts:
                own = points[points["stratum"] == chart.stratum]
                said += chart_sentences(chart, own, measure)
            for gap in gaps:
                said += [gap_sentence(gap, measure), *verdict_sentences(gap, measure.multiply)]
    return "\n".join(said)


def counts_in(said: str) -> set[int]:
    """Numbers of people in what is read: '3 of 40', and the pairs behind a point of a figure."""
    words = re.findall(r"(\d[\d,]*) of (\d[\d,]*)", re.sub(r"<[^>]*>", " ", said))
    found = {int(one.replace(",", "")) for pair in words for one in pair}
    for held in re.findall(r'"customdata": (\[\[.*?\]\])', said):
        found |= {int(one) for pair in json.loads(held) for one in pair if one is not None}
    return found


@pytest.mark.parametrize("name", ROUNDINGS)
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_no_view_names_a_count_that_was_not_released(
    network: Network, name: str, tmp_path: Path
) -> None:
    said = everything(released(network, name), tmp_path)
    assert counts_in(said)
    assert all(count % 5 == 0 for count in counts_in(said))


@pytest.mark.parametrize("name", ROUNDINGS)
def test_no_page_of_the_app_names_a_count_that_was_not_released(name: str) -> None:
    network = NETWORKS["larger"]
    renderer = Renderer(FixedBackend({"network": released(network, name)}))
    said = ""
    # One site: what the others' pages are made of is the same tables, held number by number above.
    for measure, site in product(("pph", "weighed"), (ALL_SITES, network.names[0])):
        start = Address(project="network", measure=measure, site=site)
        ways = [
            start,
            replace(start, page="compare"),
            *(replace(start, stratum=stratum) for stratum in STRATA),
            *(replace(start, period=period) for period in ("month", "quarter")),
            replace(start, limits="normal"),
        ]
        for view in ways:
            answer = renderer.answer(view.link())
            said += "\n".join([answer["html"], *answer["figures"].values()])
    assert len(counts_in(said)) > 10
    assert all(count % 5 == 0 for count in counts_in(said))


def test_views_of_unprotected_findings_name_small_counts(tmp_path: Path) -> None:
    said = everything(analysed(NETWORKS["larger"]), tmp_path)
    assert counts_in(said) & set(range(1, SMALL + 1))


# -- one release after another -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hes", "msds"])
def test_the_release_of_a_week_later_gives_no_small_count_away(name: str) -> None:
    network = NETWORKS["larger"]
    attack = attack_on(network)
    for weeks in (network.weeks - 1, network.weeks):
        known = logged(network)
        known = known[known["subgroup"] < network.mondays[weeks - 1] + pd.Timedelta(days=1)]
        true = analyse(project(network), known, judge=False)
        found = protect(true, ROUNDINGS[name][0])
        learn_points(attack, found.points, ROUNDINGS[name][1], network.mondays)
    last = [network.weeks - 1]
    targets = [one for one in small_counts(network, 400) if one[3] == last]
    assert len(targets) >= 4
    for count, site, stratum, _, true in targets:
        low, high = attack.values(attack.cells(count, site, stratum, np.array(last)))
        assert low <= true <= high
        assert low < high


def test_a_policy_is_what_the_attacker_takes_it_for() -> None:
    """The attacker's reading of every count is the policy's own, so that no attack is blunted."""
    for asked, rounding in ROUNDINGS.values():
        chosen = policy.policy_of(asked)
        assert chosen is not None
        counts = np.arange(60.0)
        least, most = chosen.between(counts)
        for count, shown in zip(counts, chosen.shown(counts), strict=True):
            small = bool(chosen.is_small(np.array(count)))
            assert rounding.between(shown, small) == (least[int(count)], most[int(count)])
    assert threshold(12).first == 13
