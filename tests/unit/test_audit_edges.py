"""An audit says no more than its sources show: small numbers, places, periods, what is withheld."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from qi_equity import audit as room
from qi_equity.audit.model import Audit
from qi_equity.audit.pages import data_gaps, headline, report_pages
from qi_equity.audit.register import ALL_PLACES, register
from qi_equity.audit.said import slope_sentences
from qi_equity.audit.sized import intervals
from qi_equity.audit.taken import KEY, Taken
from qi_equity.audit.withheld import BLOCK, COUNTS, POLICY, nests, told
from qi_equity.equity.register import Cells
from qi_equity.errors import ProjectErrors
from qi_equity.report.parts import Listed, Said
from qi_equity.vocabulary import Moved, Standing

YEAR = {"from": "2024-04-01", "to": "2025-03-31"}
BEFORE = {"from": "2023-04-01", "to": "2024-03-31"}
ELSE = {"compare_with": "everyone else", "reason": "No group is the norm."}
SHOWN = [Standing.WORSE, Standing.BETTER, Standing.APART]


def dimension(groups, name="ethnicity", **more):
    held = [one if isinstance(one, dict) else {"name": one} for one in groups]
    return {"id": name, "dimension": name, "groups": held, "reference": ELSE} | more


def indicator(name, *sources, **more):
    return {
        "id": name, "name": f"Indicator {name}", "chapter": "outcomes", "numerator": "events",
        "denominator": "women", "direction": "decrease", "sources": list(sources or ["system"]),
    } | more  # fmt: skip


def source(name="system", **more):
    return {
        "id": name, "name": f"Source {name}", "kind": "provider extract", "publisher": "Us",
        "period": YEAR, "geography": "Births here", "whose_ethnicity": "mother",
        "rounding": "none", "licence": "Ours", "got": "2025-05-01",
    } | more  # fmt: skip


def model(places=1, **more):
    return {
        "id": "made", "title": "Made", "population": "Women", "period": YEAR,
        "area": {"name": "An area", "kind": "trust"},
        "places": [{"id": f"p{nth}", "name": f"Place {nth}"} for nth in range(places)],
        "dimensions": [dimension("AB")], "sources": [source()], "indicators": [indicator("i")],
    } | more  # fmt: skip


def counts(rows, when="2024-06-01"):
    """Rows of (place, group, events, women), and the indicator where it is another."""
    held = []
    for place, group, events, women, *more in rows:
        (name,) = more or ["i"]
        day = pd.Timestamp(when)
        held.append(("system", "ethnicity", name, place, group, day, float(events), float(women)))
    return pd.DataFrame(held, columns=[*KEY, *COUNTS])


def two(place, own, others):
    """A row each of groups A and B at a place: events and women."""
    return [(place, "A", *own), (place, "B", *others)]


def gaps_of(rows, protected=False, **more):
    held = Audit.model_validate(model(**more))
    taken = Taken(counts(rows), {}, protected=protected, nested=nests(held))
    return register(held, taken)


def one(gaps, place, group, name="i"):
    rows = gaps[(gaps["place"] == place) & (gaps["group"] == group) & (gaps["indicator"] == name)]
    return rows.iloc[0]


# ------------------------------------------------------------------ small numbers shown as others


@pytest.mark.parametrize(
    ("protected", "rounding"), [(True, "none"), (False, "msds"), (False, "nearest 5")]
)
def test_no_gap_is_made_up_by_how_small_numbers_are_shown(protected, rounding):
    """Of 30 areas without any gap, as true counts show one in few, so do rounded ones."""
    rng = np.random.default_rng(3)
    sizes = {"Arab": 60, "Mixed": 90, "Asian": 800, "White": 2500}
    indicators = [indicator(f"i{nth}") for nth in range(4)]
    area = model(6, dimensions=[dimension(sizes)], sources=[source(rounding=rounding)],
                 indicators=indicators)  # fmt: skip
    held = Audit.model_validate(area)
    false = 0
    for _ in range(30):
        table = counts([
            (f"p{place}", group, rng.binomial(many, 0.02), many, f"i{nth}")
            for nth in range(4) for place in range(6) for group, many in sizes.items()
        ])  # fmt: skip
        if rounding == "msds":
            table[list(COUNTS)] = POLICY.shown(table[list(COUNTS)].to_numpy())
        elif rounding == "nearest 5":
            table[list(COUNTS)] = 5 * np.round(table[list(COUNTS)] / 5)
        found = register(held, Taken(table, {}, protected=protected))
        false += bool(found.gaps["standing"].isin(SHOWN).any())
    assert false <= 6  # one in ten of 30 is 3; more than 6 is .033


def test_a_gap_that_holds_whatever_the_small_numbers_are_is_shown_in_a_release():
    rows = [(f"p{nth}", group, x, n) for nth in range(4)
            for group, x, n in (("A", 30, 200), ("B", 40, 2000))]  # fmt: skip
    found = gaps_of(rows, protected=True, places=4)
    assert one(found.gaps, ALL_PLACES, "A")["standing"] == Standing.WORSE


def test_intervals_of_rounded_small_numbers_hold_the_true_ones():
    rows = [("p0", "A", 1, 47), ("p0", "B", 40, 5000)]
    true, seen = (one(gaps_of(rows, protected=way).gaps, "p0", "A") for way in (False, True))
    for name in ("rate", "ratio", "difference"):
        assert seen[f"{name}_lower"] <= true[name] <= seen[f"{name}_upper"]
    assert (seen["least"], seen["most"]) == (1.0, 7.0)


def report_of(tmp_path, rows, protected=False, **more):
    """The whole report of counts in a file, as words."""
    path = tmp_path / "counts.csv"
    pd.DataFrame(rows, columns=["place", "group", "x", "n"]).to_csv(path, index=False)
    held = model(**more)
    for given in held["sources"]:
        if "reads" not in given and given.get("kind") != "free evidence":
            given["sha256"] = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()}
            data = {"kind": "table", "path": path.name, "stratum": "group", "site": "place",
                    "numerator": "x", "denominator": "n"}  # fmt: skip
            given["reads"] = [{"dimension": "ethnicity", "data": data}]
    file = tmp_path / "made.yaml"
    file.write_text(json.dumps(held))
    return room.audited(room.load(file), (tmp_path,), protected=protected)


def words_of(found):
    lines = []
    for page in report_pages(found):
        lines += [page.title, *page.notes]
        for block in page.blocks:
            if isinstance(block, Said):
                lines += block.lines
            elif isinstance(block, Listed):
                lines += [" | ".join(row) for row in block.table.rows]
    return "\n".join(lines)


@pytest.mark.parametrize("protected", [True, False])
def test_one_of_47_is_no_rate(tmp_path, protected):
    rows = [("p0", "A", 1, 47), ("p0", "B", 30, 4000)]
    found = report_of(tmp_path, rows, protected, indicators=[indicator("i", multiply=1000)])
    said = words_of(found)
    assert "111" not in said
    assert "21.3" not in said
    assert ("A | 1 to 7 of about 45 |" if protected else "A | 1 of 47 |") in said


# ------------------------------------------------------------------ all places together


def test_rates_ratio_and_people_of_all_places_say_the_same_and_add_up():
    rows = two("p0", (40, 800), (10, 400)) + two("p1", (60, 200), (400, 2000))
    gaps = gaps_of(rows, places=2).gaps
    whole, places = one(gaps, ALL_PLACES, "A"), [one(gaps, f"p{nth}", "A") for nth in (0, 1)]
    assert whole["rate"] / whole["reference_rate"] == pytest.approx(whole["ratio"])
    assert whole["excess"] == pytest.approx(sum(place["excess"] for place in places))
    assert whole["people"] == pytest.approx(sum(place["people"] for place in places))
    assert whole["ratio_lower"] < whole["ratio"] < whole["ratio_upper"]


def test_intervals_of_all_places_hold_the_truth_as_often_as_they_say():
    """Observed over expected in 400 areas of 8 places, small groups: at least 93 in 100."""
    rng = np.random.default_rng(11)
    sizes, usual, times = rng.integers(20, 120, 8), rng.uniform(0.03, 0.2, 8), 1.6
    held, hits, n = Audit.model_validate(model(8)), 0, 120
    for _ in range(n):
        rows = [row for nth in range(8) for row in (
            (f"p{nth}", "A", rng.binomial(sizes[nth], times * usual[nth]), sizes[nth]),
            (f"p{nth}", "B", rng.binomial(400, usual[nth]), 400))]  # fmt: skip
        seen = one(register(held, Taken(counts(rows), {})).gaps, ALL_PLACES, "A")
        hits += seen["ratio_lower"] <= times <= seen["ratio_upper"]
    assert hits / n >= 0.90  # .95 with three standard errors of 120


@pytest.mark.parametrize(
    ("own", "others", "usual"),
    [
        ((200, 800), (10, 5000), (0.5, 0.01)),
        ((300, 700), (50, 5000), (0.1, 0.01)),
        ((500, 200, 200), (20, 500, 500), (0.1, 0.03, 0.03)),
        ((50, 50, 50), (400, 400, 400), (0.1, 0.1, 0.1)),  # the plain case
    ],
)
@pytest.mark.parametrize("times", [1.0, 1.5])
def test_what_is_expected_from_few_others_is_uncertain_too(own, others, usual, times):
    """A group that gives birth where few others do, and where more goes wrong: 93 in 100 hold."""
    rng = np.random.default_rng(12)
    size, shape = np.stack([own, others], axis=-1), (3000, len(own))
    rates = np.stack([np.array(usual) * times, usual], axis=-1)
    x = rng.binomial(size, rates, (*shape, 2)).astype(float)
    cells = Cells(x, np.broadcast_to(size, x.shape).astype(float), np.zeros(shape, bool), against=1)
    _, apart, ratio = (one[:, -1, 0] for one in intervals(cells))  # of all places together
    gap = np.average((times - 1) * np.array(usual), weights=own)
    for seen, truth in ((ratio, times), (apart, gap)):
        assert np.mean((seen.lower <= truth) & (truth <= seen.upper)) >= 0.93


def test_a_slope_is_not_made_by_where_people_give_birth():
    ranked = dimension(["Q1", "Q2", "Q3", "Q4", "Q5"], ordered=True)
    rows = [(place, f"Q{q}", rate * many, many)
            for place, rate, sizes in (("p0", 0.2, (900, 700, 500, 300, 100)),
                                       ("p1", 0.05, (100, 300, 500, 700, 900)))
            for q, many in enumerate(sizes, 1)]  # fmt: skip
    found = gaps_of(rows, places=2, dimensions=[ranked])
    sii = found.slopes.set_index("measure").loc["sii"]
    assert abs(sii["estimate"]) < 1e-6
    assert found.slopes.set_index("measure").loc["rii", "estimate"] == pytest.approx(1.0)


def test_a_slope_names_its_own_ends(tmp_path):
    ages = dimension(["Under 25", "25 to 34", "35 and over"], ordered=True)
    events = {"Under 25": 60, "25 to 34": 50, "35 and over": 40}
    rows = [("p0", group, many, 500) for group, many in events.items()]
    (said,) = slope_sentences(report_of(tmp_path, rows, dimensions=[ages]))
    assert "from Under 25 to 35 and over" in said
    assert "deprived" not in said


def test_places_are_named_by_which_way_the_gap_goes(tmp_path):
    rows = two("p0", (300, 1000), (300, 3000)) + two("p1", (2, 300), (300, 3000))
    said = words_of(report_of(tmp_path, rows, places=2))
    assert "A: worse off at Place 0." in said
    assert "A: better off at Place 1." in said


def test_a_row_of_one_place_says_so_beside_rows_of_all(tmp_path):
    rows = [("p0", "A", 30, 400), ("p0", "B", 30, 400), ("p1", "B", 30, 400), ("p1", "C", 30, 400)]
    said = words_of(report_of(tmp_path, rows, places=2, dimensions=[dimension("ABC")]))
    assert "\nA, Place 0 |" in said
    assert "\nC, Place 1 |" in said
    assert "\nB |" in said


# ------------------------------------------------------------------ what is ruled out, what moved


@pytest.mark.parametrize(
    ("rows", "direction"),
    [([("p0", "A", 0, 300), ("p0", "B", 0, 900)], "decrease"),
     ([("p0", "A", 30, 300)], "decrease"),
     ([("p0", "A", 300, 300), ("p0", "B", 900, 900)], "decrease"),
     ([("p0", "A", 20, 1000), ("p0", "B", 300, 3000)], "decrease"),
     ([("p0", "A", 400, 1000), ("p0", "B", 300, 3000)], "none")],
    ids=["no events", "nobody else", "everybody", "better off", "apart"],
)  # fmt: skip
def test_nothing_is_ruled_out_where_it_was_not(tmp_path, rows, direction):
    concern = {"id": "c", "heard": "They do not listen.", "from": "A day", "indicators": ["i"],
               "group": "A"}  # fmt: skip
    found = report_of(tmp_path, rows, concerns=[concern],
                      indicators=[indicator("i", direction=direction)])  # fmt: skip
    assert "ruled out for A" not in words_of(found)


def test_where_more_is_better_it_is_those_without_who_are_compared():
    """An interpreter for 88 % against 95: without one 12 against 5, which is more than twice."""
    rows = [("p0", "A", 88, 100), ("p0", "B", 1900, 2000)]
    many = [(place, group, x, n, f"k{nth}") for nth in range(30)
            for place, group, x, n in (("p0", "A", 90, 100), ("p0", "B", 1800, 2000))]  # fmt: skip
    names = [indicator("i", direction="increase"),
             *(indicator(f"k{nth}", direction="increase") for nth in range(30))]  # fmt: skip
    seen = one(gaps_of([*rows, *many], indicators=names).gaps, "p0", "A")
    assert seen["standing"] not in (Standing.NO_GAP, Standing.BETTER)


def test_a_gap_is_shown_only_if_its_own_interval_leaves_out_none():
    rows = [(place, group, x, n, name) for name in ("i", *(f"k{nth}" for nth in range(5)))
            for place, group, x, n in (
                ("p0", "A", 66 if name == "i" else 200, 500), ("p0", "B", 50, 500))]  # fmt: skip
    names = [indicator(name) for name in ("i", *(f"k{nth}" for nth in range(5)))]
    gaps = gaps_of(rows, indicators=names).gaps
    shown = gaps[gaps["standing"].isin(SHOWN)]
    assert len(shown)
    assert ((shown["difference_lower"] > 0) | (shown["difference_upper"] < 0)).all()


def test_sides_change_only_from_a_side_that_was_shown_and_places_are_the_same():
    now = two("p0", (150, 2000), (50, 2000)) + two("p1", (300, 1000), (50, 1000))
    then = two("p0", (100, 2000), (101, 2000))
    held = Audit.model_validate(model(2, previous=BEFORE))
    table = pd.concat([counts(now), counts(then, "2023-06-01")])
    gaps = register(held, Taken(table, {})).gaps
    here, whole = one(gaps, "p0", "A"), one(gaps, ALL_PLACES, "A")
    assert here["moved"] == Moved.WIDENED
    assert np.isnan(whole["change"])  # the other place has no past, and one is not all


# ------------------------------------------------------------------ what of a source is not used


PERIODS = {
    "most days in the audit's": ({"from": "2024-01-01", "to": "2024-12-31"}, True,
                                 "its counts are those of all its own days"),
    "two years pooled": ({"from": "2023-04-01", "to": "2025-03-31"}, False,
                         "nothing of it is in the register of gaps"),
    "begins in it, ends a year after": ({"from": "2025-03-01", "to": "2026-02-28"}, False,
                                        "nothing of it is in the register of gaps"),
    "its own": (YEAR, True, ""),
}  # fmt: skip


@pytest.mark.parametrize("what", PERIODS)
def test_a_source_of_other_days_is_used_for_what_it_is_and_said(tmp_path, what):
    period, used, said = PERIODS[what]
    rows = [("p0", "A", 50, 500), ("p0", "B", 90, 1500)]
    found = report_of(tmp_path, rows, sources=[source(period=period)], previous=BEFORE)
    assert bool(len(found.register.gaps)) is used
    assert said in " ".join(data_gaps(found))
    assert bool(said) is bool(data_gaps(found))
    if not used:
        assert headline(found).startswith("Nothing could be compared")
        assert words_of(found)


def test_a_period_that_begins_within_a_month_is_refused_with_the_way_out(tmp_path):
    rows = [("p0", "A", 50, 500), ("p0", "B", 90, 1500)]
    with pytest.raises(ProjectErrors, match=r"begin on 2024-03-01 or a month later"):
        report_of(tmp_path, rows, period={"from": "2024-03-15", "to": "2025-03-31"})


def test_a_count_that_the_publisher_withholds_is_said(tmp_path):
    rows = [("p0", "A", "*", 300), ("p0", "B", 60, 1000), ("p0", "C", 60, 1000)]
    found = report_of(tmp_path, rows, dimensions=[dimension("ABC")],
                      sources=[source(rounding="hes")])  # fmt: skip
    assert "counts of A are withheld by whoever published it" in " ".join(data_gaps(found))


def test_from_when_it_could_be_said_counts_the_days_of_the_source():
    rows = [("p0", "A", 12, 60), ("p0", "B", 90, 600)]
    whole = one(gaps_of(rows).gaps, "p0", "A")
    month = source(period={"from": "2024-06-01", "to": "2024-06-30"})
    short = one(gaps_of(rows, sources=[month]).gaps, "p0", "A")
    assert short["more"] == whole["more"] > 0
    assert short["years"] == pytest.approx(whole["years"] * 30 / 365)


def test_births_in_two_sources_are_counted_once_and_who_lives_here_is_not_guessed(tmp_path):
    rows = [("p0", "A", 400, 400), ("p0", "B", 600, 600)]
    births = indicator("births", "system", "other", chapter="population", data="count")
    del births["denominator"]
    found = report_of(tmp_path, rows, indicators=[births],
                      sources=[source(), source("other")])  # fmt: skip
    assert "A | 400 (40.0%)" in words_of(found)


# ------------------------------------------------------------------ groups within groups


PARTS = ("African", "Caribbean", "Other", "Mixed")
FINE = dimension([{"name": name, "codes": [name]} for name in PARTS], "fine")
BROAD = dimension([{"name": "Black", "codes": list(PARTS)}, {"name": "White"}], "broad")


def test_no_small_count_is_told_by_the_broad_group_that_it_is_part_of():
    nested = nests(Audit.model_validate(model(dimensions=[FINE, BROAD])))
    assert nested == ((("broad", "Black"), tuple(("fine", name) for name in PARTS)),)
    sizes = {"African": (9, 300), "Caribbean": (1, 60), "Other": (1, 40), "Mixed": (1, 50)}
    rows = [("s", "broad", "i", "p", "Black", 12, 450)]
    rows += [("s", "fine", "i", "p", name, *held) for name, held in sizes.items()]
    rows.append(("s", "broad", "i", "p", "White", 100, 4000))  # so that the totals are not equal
    table = pd.DataFrame(rows, columns=[*BLOCK, "group", *COUNTS])
    assert possible(told(table)) == 2  # the fault: each of three women is one of one or two
    assert possible(told(table, nested)) >= 3


def test_codes_of_the_census_nest_by_themselves():
    fine = dimension(["African", "Caribbean", "Any other Black background", "White British"],
                     "fine", code_system="nhs_16_plus_1")  # fmt: skip
    broad = dimension(["Black", "White"], "broad", code_system="nhs_16_plus_1", roll_up="nhs_5")
    ((whole, parts),) = nests(Audit.model_validate(model(dimensions=[fine, broad])))
    assert whole == ("broad", "Black")
    assert len(parts) == 3


def possible(seen):
    """How many values of the second count fit all that is shown, by trying every one."""
    small, unknown = range(1, 8), range(31)
    black, *parts = (
        unknown if np.isnan(n) else small if n == 5 else range(int(n) - 2, int(n) + 3)
        for n in seen.counts["numerator"].iloc[:5]
    )
    return len({held[1] for held in product(*parts) if sum(held) in black})


def test_counts_of_one_period_are_not_changed_by_asking_for_a_release():
    held = Audit.model_validate(model())
    taken = Taken(counts([("p0", "A", 3, 40), ("p0", "B", 30, 400)]), {})
    before = taken.within(held).copy()
    replace(taken, protected=True).within(held)
    pd.testing.assert_frame_equal(taken.within(held), before)


def test_what_is_withheld_does_not_follow_from_several_relations_together():
    """Whoever knows every relation, and solves them all at once, keeps three values of each."""
    rng = np.random.default_rng(20)
    audit = Audit.model_validate(model(dimensions=[
        dimension([{"name": name, "codes": [name]} for name in (*PARTS, "Asian", "White")], "fine"),
        dimension([{"name": "Black", "codes": list(PARTS)}, {"name": "Asian"}, {"name": "White"}],
                  "broad"),
        dimension(["young", "old"], "age"),
    ]))  # fmt: skip
    nested, withheld = nests(audit), 0
    for _ in range(12):
        few = rng.integers(1, 3, 3)
        fine = dict(zip((*PARTS, "Asian", "White"), (9, *few, 14, 40), strict=True))
        whole = int(sum(fine.values()))
        black = int(sum(fine[name] for name in PARTS))
        of = {"fine": fine, "broad": {"Black": black, "Asian": 14, "White": 40},
              "age": {"young": 7, "old": whole - 7}}  # fmt: skip
        rows = [("s", name, "i", "p", group, x, 40 * x) for name, groups in of.items()
                for group, x in groups.items()]  # fmt: skip
        table = pd.DataFrame(rows, columns=[*BLOCK, "group", *COUNTS])
        seen = told(table, nested)
        withheld += seen.withheld
        assert least_values(table, seen.counts, of) >= 3
    assert withheld


def least_values(table, shown, of):
    """The fewest values that a small numerator which is shown can have, by integer programming."""
    true = table["numerator"].to_numpy(float)
    low, high = POLICY.between(true)
    gone = shown["numerator"].isna().to_numpy()
    low, high = np.where(gone, 0, low), np.where(gone, 10_000, high)
    at = {(row.dimension, row.group): nth for nth, row in enumerate(table.itertuples())}
    lines = [[(at["broad", "Black"], 1), *((at["fine", name], -1) for name in PARTS)]]
    lines += [[(at["broad", name], 1), (at["fine", name], -1)] for name in ("Asian", "White")]
    for one, other in combinations(of, 2):
        line = [(at[one, group], 1) for group in of[one]]
        lines.append([*line, *((at[other, group], -1) for group in of[other])])
    system = np.zeros((len(lines), len(true)))
    for nth, line in enumerate(lines):
        for place, sign in line:
            system[nth, place] = sign
    fewest = np.inf
    for place in np.flatnonzero((true < 8) & ~gone):
        aim = np.eye(len(true))[place]
        ends = [milp(sign * aim, integrality=np.ones(len(true)), bounds=Bounds(low, high),
                     constraints=LinearConstraint(system, 0, 0)).fun * sign
                for sign in (1, -1)]  # fmt: skip
        fewest = min(fewest, round(ends[1]) - round(ends[0]) + 1)
    return fewest


def test_each_source_of_nested_groups_is_looked_at_by_itself():
    nested = nests(Audit.model_validate(model(dimensions=[FINE, BROAD])))
    sizes = {"African": 7, "Caribbean": 7, "Other": 1, "Mixed": 1}
    rows = [(name, "broad", "i", "p", "Black", 16 * times, 900 * times)
            for name, times in (("a", 30), ("b", 1))]  # fmt: skip
    rows += [(name, "fine", "i", "p", group, many * times, 200 * times)
             for name, times in (("a", 30), ("b", 1)) for group, many in sizes.items()]  # fmt: skip
    both = pd.DataFrame(rows, columns=[*BLOCK, "group", *COUNTS])
    alone = both[both["source"] == "b"]
    gone = told(both, nested).counts
    assert gone.loc[gone["source"] == "b", "numerator"].isna().sum() >= told(alone, nested).withheld


# ------------------------------------------------------------------ sides, rates, words


def test_no_side_is_told_where_evidence_and_size_lie_on_different_ones():
    rows = two("p0", (900, 9000), (150, 1000)) + two("p1", (300, 1000), (900, 9000))
    for direction in ("increase", "decrease"):
        gaps = gaps_of(rows, places=2, indicators=[indicator("i", direction=direction)]).gaps
        assert one(gaps, ALL_PLACES, "A")["standing"] == Standing.TOO_EARLY


def test_groups_that_are_worse_off_than_one_that_is_better_off_stand_in_the_lists(tmp_path):
    """Where one large group alone is spared, the others' gap is no echo that nobody is told of."""
    rows = [("p0", "White", 280, 4000), *(("p0", name, 70, 500) for name in ("Asian", "Black"))]
    groups = dimension(["Asian", "Black", "White"])
    found = report_of(tmp_path, rows, dimensions=[groups])
    assert one(found.register.gaps, "p0", "White")["standing"] == Standing.BETTER
    for lists in (found.register.by_people(), found.register.by_evidence()):
        assert {"Asian", "Black"} <= set(lists["group"])
    said = words_of(found)
    assert "2 gaps are shown" in said
    assert "It is White that fares better" in said


def rates(times, rounding, *others):
    """All places together and one, of 250 against 150 events; beside others, if any."""
    rows = []
    for name, x, n in (("i", 250, 1000 * times), *others):
        for place in ("p0", "p1"):
            rows += [(place, "A", x, n, name), (place, "B", 150, 1000 * times, name)]
    names = [indicator(name, data="rate") for name in ("i", *(name for name, *_ in others))]
    gaps = gaps_of(rows, places=2, indicators=names, sources=[source(rounding=rounding)]).gaps
    return one(gaps, ALL_PLACES, "A"), one(gaps, "p0", "A")


def test_a_rate_says_the_same_in_any_unit_and_beside_any_other():
    usual = rates(1, "none")
    for seen in (rates(0.4, "none"), rates(0.01, "none"), rates(1, "none", ("j", 90_000, 1000))):
        for held, other in zip(usual, seen, strict=True):
            assert other["p_value"] == pytest.approx(held["p_value"], rel=0.02)
            assert other["ratio_lower"] == pytest.approx(held["ratio_lower"], rel=0.01)


def test_rounding_takes_little_from_a_rate_of_one_a_unit():
    """One event a unit is no share that everybody has: its chance is not nought."""
    for seen in rates(0.2, "msds"):
        assert seen["p_value"] < 1e-3
        assert np.isfinite(seen["ratio_upper"])


def test_a_rare_outcome_that_is_all_withheld_has_its_whole(tmp_path):
    rows = [("p0", "A", "*", 300), ("p0", "B", "*", 1000)]
    said = " ".join(data_gaps(report_of(tmp_path, rows, sources=[source(rounding="hes")])))
    assert "out of how many" not in said
    assert "counts of A, B are withheld" in said
