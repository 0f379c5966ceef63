"""The tables of findings, each declared once as the type of its rows; nothing is worked out."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from qi_equity.findings.columns import column
from qi_equity.vocabulary import Audience, Scale

EVERYONE, RELEASED, WORD = Audience.EVERYONE, Audience.RELEASED, Audience.WORD
COARSE, TEAM = Audience.COARSE, Audience.TEAM


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One subgroup of one series. A column a rule stands beside these: see RULE_MARKS."""

    measure: str = column("the measure's id", EVERYONE)
    site: str = column("the site's id, or All sites", EVERYONE)
    stratum: str = column("the stratum's name, or Everyone", EVERYONE)
    subgroup: pd.Timestamp = column("the first day of the subgroup", EVERYONE)
    phase: int = column("the phase of the series, from 1", EVERYONE)
    numerator: float = column("events counted", RELEASED)
    denominator: float = column("those they were counted among", RELEASED)
    value: float = column("what is drawn", RELEASED, unit="the measure's")
    centre: float = column("centre line", RELEASED, unit="the measure's")
    lower: float = column("lower control limit", RELEASED, unit="the measure's")
    upper: float = column("upper control limit", RELEASED, unit="the measure's")
    target: float = column("the target", RELEASED, unit="the measure's")
    baseline: bool = column("whether the lines rest on it", RELEASED)
    excluded: bool = column("shown, but left out of lines and tests", RELEASED)
    outcome_unknown: float = column("of those counted among, how many have no outcome recorded")
    unread: float = column("how many more were refused, as they cannot be read")
    readings: float = column("of how many readings a mean is")
    spread: float = column("their standard deviation", unit="the measure's")
    side: int = column("+1 marked high, -1 marked low, 0 not marked", WORD)
    signal: bool = column("whether a rule marks it", WORD)
    meaning: str = column("what the mark means for patients", WORD)
    subgroups: float = column("subgroups added up in the point", RELEASED)
    evidence_up: float = column("evidence so far that the rate has risen, as log odds")
    evidence_down: float = column("evidence so far that it has fallen, as log odds")
    evidence_limit: float = column("what establishes a change")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One phase of one series: its runs, its signals, and how sure of a change we are."""

    measure: str = column("the measure's id", EVERYONE)
    site: str = column("the site's id, or All sites", EVERYONE)
    stratum: str = column("the stratum's name, or Everyone", EVERYONE)
    phase: int = column("the phase of the series, from 1", EVERYONE)
    subgroups: float = column("subgroups logged", EVERYONE)
    missing: float = column("subgroups between the first and the last that were not logged")
    baseline: float = column("subgroups that the lines rest on")
    useful: float = column("points that are not on the centre line", WORD)
    longest_run: float = column("points in the longest run on one side", WORD)
    longest_run_limit: float = column("the longest run that chance explains", WORD)
    crossings: float = column("times the line crosses the centre", WORD)
    crossings_limit: float = column("the fewest crossings that chance explains", WORD)
    runs_signal: bool = column("whether runs or crossings signal", WORD)
    beyond_limits: float = column("points beyond the control limits", WORD)
    p_value: float = column("chance of so much with no change", COARSE, scale=Scale.P_VALUE)
    q_value: float = column("false share if this and all stronger ones are highlighted")
    p_runs: float = column("p-value of the runs alone")
    p_scan: float = column("p-value of the scan for a step")
    p_apart: float = column("p-value of the step held against the rest of the site")
    p_rest: float = column("p-value of the same step in the rest of the site")
    p_own: float = column("p-value of a change that the rest of the site does not share")
    attainable: float = column("the level, at most 0.05, that the test can attain")
    scatter: float = column("times the variance of chance that was allowed for")
    rising: bool = column("whether the step goes up")
    season: str = column("what became of a declared season", WORD)
    shared: str = column("whether the change is its own or that of all its site", WORD)
    highlight: bool = column("whether it stands out among all charts looked at", WORD)
    emerging: bool = column("the same: what this look shows", WORD)
    established: bool = column("whether a change is shown at any number of looks", WORD)
    direction: str = column("which way the established change goes: rising or falling", WORD)
    first_established: pd.Timestamp = column("when it was established")
    change_estimate: pd.Timestamp = column("when the change is thought to have begun")
    evidence: float = column("the strongest evidence so far, as log odds")
    evidence_limit: float = column("what establishes a change")
    # Whether a chart is watched at all hangs on how many events its baseline had.
    false_alarms_a_year: float = column("false alarms to expect in a year, with no change")
    not_watched: str = column("why nothing can be established yet, as a code")
    centre: float = column("centre line", RELEASED, unit="the measure's")
    variation: str = column("what the latest point says", WORD)
    assurance: str = column("whether the target will be met", WORD)
    screened: float = column("moving ranges left out of the limits")
    cautions: tuple[str, ...] = column("codes of what to be careful of", WORD)
    status: str = column("how the series leaves the sites", EVERYONE)
    width: float = column("subgroups in an ordinary point", RELEASED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One stratum at one site held against its reference."""

    measure: str = column("the measure's id", EVERYONE)
    site: str = column("the site's id, or All sites", EVERYONE)
    stratum: str = column("the stratum's name", EVERYONE)
    numerator: float = column("events", RELEASED)
    denominator: float = column("those they were counted among", RELEASED)
    rate: float = column("events as a fraction, or the mean of a measurement", RELEASED)
    rate_lower: float = column("lower end of its 95% interval", RELEASED)
    rate_upper: float = column("upper end of its 95% interval", RELEASED)
    of_means: bool = column("whether it is a gap of means, and not of rates", EVERYONE)
    readings: float = column("of how many readings a mean is")
    reference_readings: float = column("of how many readings the reference's is")
    reference: str = column("whom it is held against", RELEASED)
    difference: float = column("rate less the reference's, as a fraction", RELEASED)
    difference_lower: float = column("lower end of its 95% interval", RELEASED)
    difference_upper: float = column("upper end of its 95% interval", RELEASED)
    ratio: float = column("times the reference's rate", RELEASED)
    ratio_lower: float = column("lower end of its 95% interval", RELEASED)
    ratio_upper: float = column("upper end of its 95% interval", RELEASED)
    excess: float = column("events more than at the reference's rate", RELEASED)
    excess_lower: float = column("lower end of its 95% interval", RELEASED)
    excess_upper: float = column("upper end of its 95% interval", RELEASED)
    p_value: float = column("chance of such a gap where there is none", COARSE, scale=Scale.P_VALUE)
    q_value: float = column("false share if this and all stronger ones are believed")
    events_to_close: float = column("events that would close the gap", RELEASED)
    events_to_close_lower: float = column("lower end of its 95% interval", RELEASED)
    events_to_close_upper: float = column("upper end of its 95% interval", RELEASED)
    numerator_then: float = column("events in the baseline", RELEASED)
    denominator_then: float = column("those they were counted among in the baseline", RELEASED)
    rate_then: float = column("rate in the baseline", RELEASED)
    rate_lower_then: float = column("lower end of its 95% interval", RELEASED)
    rate_upper_then: float = column("upper end of its 95% interval", RELEASED)
    difference_then: float = column("difference in the baseline", RELEASED)
    difference_lower_then: float = column("lower end of its 95% interval", RELEASED)
    difference_upper_then: float = column("upper end of its 95% interval", RELEASED)
    ratio_then: float = column("ratio in the baseline", RELEASED)
    ratio_lower_then: float = column("lower end of its 95% interval", RELEASED)
    ratio_upper_then: float = column("upper end of its 95% interval", RELEASED)
    numerator_now: float = column("events in as many subgroups at the end", RELEASED)
    denominator_now: float = column("those they were counted among at the end", RELEASED)
    rate_now: float = column("rate at the end", RELEASED)
    rate_lower_now: float = column("lower end of its 95% interval", RELEASED)
    rate_upper_now: float = column("upper end of its 95% interval", RELEASED)
    difference_now: float = column("difference at the end", RELEASED)
    difference_lower_now: float = column("lower end of its 95% interval", RELEASED)
    difference_upper_now: float = column("upper end of its 95% interval", RELEASED)
    ratio_now: float = column("ratio at the end", RELEASED)
    ratio_lower_now: float = column("lower end of its 95% interval", RELEASED)
    ratio_upper_now: float = column("upper end of its 95% interval", RELEASED)
    disagree: bool = column("whether ratio and difference went opposite ways", RELEASED)
    verdict: str = column("what can be said of it", WORD)
    early_ratio: float = column("ratio in the first half", RELEASED)
    early_ratio_lower: float = column("lower end of its 95% interval")
    early_ratio_upper: float = column("upper end of its 95% interval")
    late_ratio: float = column("ratio in the second half", RELEASED)
    late_ratio_lower: float = column("lower end of its 95% interval")
    late_ratio_upper: float = column("upper end of its 95% interval")
    p_trend: float = column("chance of such a trend with no change", COARSE, scale=Scale.P_VALUE)
    q_trend: float = column("the same over all gaps in view")
    p_scan: float = column("chance of such a step in the ratio with no change")
    p_difference: float = column("chance of such a trend of the difference with no change")
    smallest_change: float = column(
        "the smallest change that would have been seen", COARSE, scale=Scale.FACTOR, unit="fold"
    )
    weeks_to_go: float = column(
        "weeks until a change by half would be seen", COARSE, scale=Scale.WEEKS
    )
    improving_overall: bool = column("whether both rates together improve", WORD)
    improving_while_widening: bool = column("whether they do while the gap widens", WORD)
    difference_widening_too: bool = column("whether the difference widens as well", WORD)
    higher_moved: int = column("+1 the group with the higher rate rose, -1 it fell", WORD)
    lower_moved: int = column("+1 the group with the lower rate rose, -1 it fell", WORD)
    echo_of: str = column("the stratum whose change the gap shows again", WORD)
    highlight: bool = column("whether its change stands out among all gaps looked at", WORD)
    cautions: tuple[str, ...] = column("codes of what to be careful of", WORD)
    declared: bool = column("whether it was declared before looking", EVERYONE)
    smallest_gap: float = column("the smallest ratio that matters to the project", EVERYONE)
    dispersion: float = column("how much more than chance the subgroups vary")
    subgroups: float = column("subgroups in which both were counted")
    baseline: float = column("of them, how many are the baseline")
    reference_rate: float = column("the reference's rate, as a fraction")
    early_difference: float = column("difference in the first half")
    late_difference: float = column("difference in the second half")
    q_scan: float = column("p_scan over all gaps in view")
    split: pd.Timestamp = column("where the step is, if there is one")
    display: str = column("the chart on which the stratum itself is best read")
    display_subgroups: float = column("subgroups to a point of that chart")
    decided_by: str = column("what decides for a stratum so small")
    seed: float = column("seed of the draws behind the verdict")
    signal: str = column("which way the gap chart has signalled", WORD)
    established: bool = column("whether a change is shown at any number of looks", WORD)
    first_established: pd.Timestamp = column("when it was established")
    stratum_higher: bool = column(
        "whether the stratum had the higher rate where the gap was larger"
    )
    better_off: bool = column("whether the stratum is better off than its reference")
    change_estimate: pd.Timestamp = column("when the change is thought to have begun")
    false_alarms_a_year: float = column("false signals to expect in a year, with no change")
    unknown_births: float = column("those whose group is not known")
    unknown_ratio_lower: float = column("least ratio, were the unknown on one side or shared out")
    unknown_ratio_upper: float = column("greatest ratio, were they on one side or shared out")
    unknown_decides: bool = column("whether the answer hangs on who they are")
    outcome_unknown: float = column("those whose outcome is not recorded")
    outcome_unknown_share: float = column("their share, at most, of a stretch of time")
    reference_outcome_unknown_share: float = column("the same of the reference")
    outcome_ratio_lower: float = column("least ratio, were they as in any plausible way")
    outcome_ratio_upper: float = column("greatest ratio, were they so")
    outcome_ratio_least: float = column("least ratio that is possible at all")
    outcome_ratio_most: float = column("greatest ratio that is possible at all")
    outcome_decides: bool = column("whether the answer hangs on what became of them")


@dataclass(frozen=True, slots=True, kw_only=True)
class GapPoint:
    """One subgroup of the gap as a charted series."""

    measure: str = column("the measure's id", EVERYONE)
    site: str = column("the site's id, or All sites", EVERYONE)
    stratum: str = column("the stratum's name", EVERYONE)
    subgroup: pd.Timestamp = column("the first day of the subgroup", EVERYONE)
    numerator: float = column("events", RELEASED)
    denominator: float = column("those they were counted among", RELEASED)
    reference_numerator: float = column("events of the reference")
    reference_denominator: float = column("those of the reference they were counted among")
    ratio: float = column("ratio over the last subgroups", RELEASED)
    ratio_lower: float = column("lower end of its 95% interval", RELEASED)
    ratio_upper: float = column("upper end of its 95% interval", RELEASED)
    difference: float = column("difference over the last subgroups", RELEASED)
    difference_lower: float = column("lower end of its 95% interval", RELEASED)
    difference_upper: float = column("upper end of its 95% interval", RELEASED)
    evidence_up: float = column("evidence that the odds have risen, as log odds")
    evidence_down: float = column("evidence that they have fallen, as log odds")
    evidence_limit: float = column("what establishes either")
    signal: int = column("1 where a rise is established, -1 a fall")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One summary measure over all strata of a site at once."""

    measure: str = column("the measure's id")
    site: str = column("the site's id, or All sites")
    name: str = column("the summary measure")
    seen: float = column("its value")
    expected: float = column("what chance alone would make of it")
    corrected: float = column("what is left once chance is taken off")
    p_value: float = column("chance of so much with no inequality")
    lower: float = column("lower end of the 95% interval of an index over ordered strata")
    upper: float = column("upper end of the 95% interval of an index over ordered strata")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossedRow:
    """One group of two crossed dimensions: its own rate, and what it borrows from the others."""

    measure: str = column("the measure's id")
    site: str = column("the site's id, or All sites")
    stratum: str = column("the group of both dimensions")
    numerator: float = column("events over the whole time")
    denominator: float = column("those they were counted among")
    rate: float = column("events as a fraction")
    rate_lower: float = column("lower end of its 95% interval")
    rate_upper: float = column("upper end of its 95% interval")
    few: bool = column("fewer events, or fewer without one, than a rate can be relied on")
    rate_shrunk: float = column("the same, with what the other groups of its second dimension say")
    rate_shrunk_lower: float = column("lower end of its 95% interval")
    rate_shrunk_upper: float = column("upper end of its 95% interval")
    rate_borrowed: float = column("how much of it is borrowed, from 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """One stratum's gap compared within sites only, over all of them."""

    measure: str = column("the measure's id", EVERYONE)
    stratum: str = column("the stratum's name", EVERYONE)
    reference: str = column("whom it is held against", RELEASED)
    ratio: float = column("times the reference's rate, within sites", RELEASED)
    ratio_lower: float = column("lower end of its 95% interval", RELEASED)
    ratio_upper: float = column("upper end of its 95% interval", RELEASED)
    difference: float = column("difference within sites, as a fraction", RELEASED)
    difference_lower: float = column("lower end of its 95% interval", RELEASED)
    difference_upper: float = column("upper end of its 95% interval", RELEASED)
    p_value: float = column("chance of such a gap within sites where there is none")
    sites: float = column("sites that say something", RELEASED)
    p_sites_differ: float = column("chance of sites so different where all agree")
    agree: bool = column("whether the sites agree as far as can be seen", RELEASED)
    level: float = column("the ratio of the site in the middle")
    spread: float = column("how sites lie about it, on the log scale")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRow:
    """One stratum at one site beside all sites: its own figures, and what it borrows from them."""

    measure: str = column("the measure's id", EVERYONE)
    stratum: str = column("the stratum's name, or Everyone", EVERYONE)
    site: str = column("the site's id", EVERYONE)
    numerator: float = column("events over the whole time", RELEASED)
    denominator: float = column("those they were counted among", RELEASED)
    dispersion: float = column("how many times more than chance its weeks vary")
    rate: float = column("events as a fraction", RELEASED)
    rate_lower: float = column("lower end of its 95% interval", RELEASED)
    rate_upper: float = column("upper end of its 95% interval", RELEASED)
    rate_shrunk: float = column("the same, with what the other sites say of it", RELEASED)
    rate_shrunk_lower: float = column("lower end of its 95% interval", RELEASED)
    rate_shrunk_upper: float = column("upper end of its 95% interval", RELEASED)
    rate_borrowed: float = column("how much of it is borrowed, from 0 to 1", RELEASED)
    reference: str = column("whom it is held against", RELEASED)
    ratio: float = column("times the reference's rate at the same site", RELEASED)
    ratio_lower: float = column("lower end of its 95% interval", RELEASED)
    ratio_upper: float = column("upper end of its 95% interval", RELEASED)
    ratio_shrunk: float = column("the same, with what the other sites say of it", RELEASED)
    ratio_shrunk_lower: float = column("lower end of its 95% interval", RELEASED)
    ratio_shrunk_upper: float = column("upper end of its 95% interval", RELEASED)
    ratio_borrowed: float = column("how much of it is borrowed, from 0 to 1", RELEASED)
    beyond_95: float = column("+1 above the 95% limits of chance, -1 below, 0 within", RELEASED)
    beyond_998: float = column("+1 above the 99.8% limits of chance, -1 below", RELEASED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Where chance alone would leave a site of a size: a point of a funnel's curves."""

    measure: str = column("the measure's id", EVERYONE)
    stratum: str = column("the stratum's name, or Everyone", EVERYONE)
    size: float = column("births or others at risk", RELEASED)
    target: float = column("the rate of all sites", RELEASED)
    lower_95: float = column("lower 95% limit", RELEASED)
    upper_95: float = column("upper 95% limit", RELEASED)
    lower_998: float = column("lower 99.8% limit", RELEASED)
    upper_998: float = column("upper 99.8% limit", RELEASED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cusum:
    """The CUSUM of a signal system: one unit, or one of its strata, against a rate from outside."""

    measure: str = column("the measure's id")
    site: str = column("the site's id")
    stratum: str = column("the stratum's name, or Everyone")
    reference: float = column("the rate it is held against, as a fraction")
    ratio: float = column("the change it looks for, in times the reference's odds, or rate")
    limit: float = column("the sum that is a signal")
    latest: float = column("the sum at the last subgroup")
    signals: int = column("how often it has signalled; after each the sum starts again")
    first_signal: pd.Timestamp = column("the first subgroup that signals")
    last_signal: pd.Timestamp = column("the last subgroup that signals")
    change_estimate: pd.Timestamp = column("since when the sum climbed to its first signal")
    false_alarms_a_year: float = column("chance of a signal in a year at the reference rate")
    years_between_false_alarms: float = column("years to one year with such a signal")
    provisional: bool = column("whether the limit may move until the baseline is over")


@dataclass(frozen=True, slots=True, kw_only=True)
class CusumPoint:
    """One subgroup of the CUSUM of a signal system."""

    measure: str = column("the measure's id")
    site: str = column("the site's id")
    stratum: str = column("the stratum's name, or Everyone")
    subgroup: pd.Timestamp = column("the first day of the subgroup")
    cusum: float = column("evidence so far for the change, as log likelihood; never below 0")
    limit: float = column("the sum that is a signal")
    signal: bool = column("whether it signals here")
