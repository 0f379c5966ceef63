"""Agreement with PHEindicatormethods, to 1e-9 of every closed-form figure."""

import numpy as np
import pandas as pd
import pytest
from packed import Case, packed

from qi_equity.equity import inequality, standardised
from qi_equity.equity.intervals import byar_or_exact, exact_rate, wilson
from qi_equity.frames.funnel import funnel
from qi_equity.spc.funnel import LEVELS, normal_limits

CASES = sorted(packed("phe"))


def cases(start):
    return pytest.mark.parametrize("case", [Case("phe", c) for c in CASES if c.startswith(start)])


# The tool finds its Poisson funnel curve by halving and stops at about five figures.
HALVED = 1e-4


def agree(found, expected, rtol=1e-9):
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=0)


def columns_of(confidence):
    """The tool's column names when it was asked for two levels at once, then for one."""
    suffix = f"{confidence * 100:.1f}".replace(".", "_") + "cl"
    return [(f"lower{suffix}", f"upper{suffix}"), ("lowercl", "uppercl")]


def check(case, method):
    """`method(confidence)` against the value and the limits of every level the case holds."""
    for level in case.options["confidence"]:
        confidence = level / 100 if level > 1 else level
        found = method(confidence).times(case.options.get("multiplier", 1))
        agree(found.estimate, case.numbers("expected", "value"))
        lower, upper = next(
            pair for pair in columns_of(confidence) if case.has("expected", pair[0])
        )
        agree(found.lower, case.numbers("expected", lower))
        agree(found.upper, case.numbers("expected", upper))


@cases("proportion")
def test_a_proportion_and_its_wilson_interval(case):
    check(case, lambda level: wilson(*(case.numbers("input", c) for c in "xn"), level))


@cases("rate")
def test_a_rate_and_its_byar_interval_exact_below_ten(case):
    check(case, lambda level: byar_or_exact(*(case.numbers("input", c) for c in "xn"), level))


@cases("dsr")
def test_a_directly_standardised_rate(case):
    counts = [case.by_area(column) for column in ("x", "n", "stdpop")]
    check(case, lambda level: standardised.direct(*counts, level))


@cases("isra")
def test_an_indirectly_standardised_ratio_and_rate(case):
    x, n, refx, refn = (case.by_area(column) for column in ("x", "n", "refx", "refn"))
    agree(standardised.expected(n, refx / refn), case.numbers("expected", "expected"))
    rate = 1.0
    if "Rate" in case.options["fun"]:
        # The tool's reference rate is already on the scale of its multiplier.
        multiplier = case.options["multiplier"]
        rate = case.numbers("expected", "ref_rate") / multiplier
        agree(refx[0].sum() / refn[0].sum(), rate)
    check(case, lambda level: standardised.indirect(x, n, refx / refn, level).times(rate))


@cases("mean")
def test_a_mean_and_its_student_interval(case):
    check(case, lambda level: standardised.mean_interval(case.by_area("v"), level))


@cases("quantile")
def test_areas_sorted_into_quantiles(case):
    found = standardised.quantile_groups(
        case.numbers("input", "v"), case.options["nquantiles"], highest_first=case.options["invert"]
    )
    np.testing.assert_array_equal(found, case.numbers("expected", "quantile"))


SCALE = {(1, True): "_log", (2, True): "_logit"}


@cases("sii")
def test_the_slope_and_relative_index(case):
    options = case.options
    people = inequality.strata(
        *(case.numbers("input", column) for column in ("value", "population", "se")),
        ordered=True,
    )
    suffix = SCALE.get((options["value_type"], options["transform"]), "")
    found = inequality.inequality(people, [f"sii{suffix}", f"rii{suffix}"])
    slope = found[f"sii{suffix}"].times(options["multiplier"])
    relative = found[f"rii{suffix}"]
    flipped = options["multiplier"] < 0
    agree(slope.estimate, case.numbers("expected", "sii")[0])
    agree(relative.estimate ** (-1 if flipped else 1), case.numbers("expected", "rii")[0])
    # Theirs is simulated from the same standard errors; ours is the delta method.
    for part in ("lower", "upper"):
        names = [c for c in case.files["expected"] if c.startswith(f"sii_{part}")]
        simulated = case.numbers("expected", names[0])[0]
        width = slope.upper - slope.lower
        assert abs(getattr(slope, part) - simulated) < 0.04 * width


def test_funnel_limits_of_a_proportion():
    case = Case("phe", "funnel_proportion")
    x, n = (case.numbers("input", column) for column in "xn")
    baseline = x.sum() / n.sum()
    sizes = case.numbers("expected_summary", "Population")
    for name, level in SIGMAS.items():
        low, high = normal_limits(sizes, np.array([baseline]), "proportion", (1 - level) / 2)
        agree(low * 100, case.numbers("expected_summary", f"lower_{name}_limit"))
        agree(high * 100, case.numbers("expected_summary", f"upper_{name}_limit"))
    areas = pd.DataFrame({"area": np.arange(len(x)), "x": x, "n": n})
    found = funnel(areas, numerator="x", denominator="n", site="area", limits="normal").sites
    agree(found["target"], baseline)
    assert words(found["beyond_95"], found["beyond_998"]) == case.words("expected", "significance")


@cases("funnel_ratio")
def test_funnel_limits_of_a_ratio(case):
    events = case.numbers("expected_summary", "Observed_events")
    for name, level in SIGMAS.items():
        # Expectations at which seeing so many events would just lie on a limit.
        found = exact_rate(events, np.ones_like(events), level)
        agree(found.upper, case.numbers("expected_summary", f"lower_{name}_exp_events"), HALVED)
        agree(found.lower, case.numbers("expected_summary", f"upper_{name}_exp_events"), HALVED)
    x, e = (case.numbers("input", column) for column in "xe")
    assert by_byar(x, e) == case.words("expected", "significance")


@cases("funnel_rate")
def test_funnel_limits_of_a_rate(case):
    events = case.numbers("expected_summary", "Events")
    years, multiplier = case.options["years_of_data"], case.options["multiplier"]
    x, n, rate = (case.numbers("input", column) for column in ("x", "n", "rate"))
    people = np.where(rate > 0, x / np.where(rate > 0, rate, 1) * multiplier, n)
    baseline = x.sum() / people.sum()
    # Only the first row prints the tool's baseline.
    agree(baseline * multiplier, case.numbers("expected_summary", "baseline")[0])
    for name, level in SIGMAS.items():
        found = exact_rate(events, np.ones_like(events), level)
        for side, expectation in (("lower", found.upper), ("upper", found.lower)):
            agree(
                expectation / baseline / years,
                case.numbers("expected_summary", f"{side}_{name}_population_1_year"),
                HALVED,
            )
            agree(
                events / expectation * baseline * multiplier,
                case.numbers("expected_summary", f"{side}_{name}_limit"),
                HALVED,
            )
    assert by_byar(x, people * baseline) == case.words("expected", "significance")


SIGMAS = dict(zip(("2s", "3s"), LEVELS, strict=True))


def by_byar(count, expected):
    """The tool asks of rates and ratios whether Byar's interval holds what is expected."""
    sides = []
    for level in LEVELS:
        seen = byar_or_exact(count, np.ones_like(count), level)
        sides.append((seen.lower > expected).astype(int) - (seen.upper < expected))
    return words(*sides)


def words(beyond_inner, beyond_outer):
    """The tool's words for a site beyond neither, one or both pairs of limits."""
    sides = {1: "High", -1: "Low"}
    return [
        f"{sides[int(far)]} (0.001)"
        if far
        else f"{sides[int(near)]} (0.025)"
        if near
        else "Not significant"
        for near, far in zip(beyond_inner, beyond_outer, strict=True)
    ]
