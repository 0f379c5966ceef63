"""Cautions as sentences: a text for each code, with the numbers of the finding in their places."""

from __future__ import annotations

import pandas as pd

from qi_equity.findings import Caution, Number
from qi_equity.words.numbers import day

TEXTS = {
    # of charts
    "not_declared": "is not a measure of this project",
    "no_value": "no subgroup has a value",
    "no_limits_no_event": "no event yet, or nothing but events, so there are no limits to judge by",
    "no_limits_too_alike": "the subgroups do not vary enough, or are too few, to estimate limits",
    "provisional_limits": "limits rest on few subgroups and are provisional",
    "runs_guarded": "too many points on one side or on a bound for a verdict on runs",
    "sigma_from_spread": "most moving ranges are 0: sigma is the standard deviation of the points",
    "missing_subgroups": "subgroups are missing between the first and the last",
    # of gaps
    "proportions_only": "the gap is shown without a verdict: that is worked out for proportions "
    "only",
    "target_reference": "the gap to a target is shown without a verdict: a target has no counts "
    "that vary",
    "reference_not_logged": "nothing was logged for {reference}, so nothing is compared with it",
    "few_events": "there are too few events to say whether there is a gap",
    "few_baseline_events": "too few events in the baseline: no alarm limits are drawn",
    "blocks": "neighbouring subgroups resemble one another; they were shuffled in blocks of four",
    "overdispersed": "subgroups vary by more than chance; let the verdict decide, not the alarm",
    "odds_not_ratio": "the alarm is on odds, which differ from the ratio of rates where these are "
    "high",
    "difference_narrowed_ratio_widened": "the difference narrowed while the ratio widened; give "
    "both",
    "ratio_narrowed_difference_widened": "the ratio narrowed while the difference widened; give "
    "both",
    # of the data
    "unknown": "{dimension} is not known for {share:.1%} ({count:,.0f} of {of:,.0f})",
    "unknown_between_sites": "{dimension} is not known for {share:.1%} ({count:,.0f} of "
    "{of:,.0f}), from {least:.1%} to {most:.1%} between sites",
    "unknown_rose": "{dimension} not known rose from {was:.1%} to {now:.1%} over the last "
    "{last:.0f} points: a stratum may seem to change because its women are no longer coded",
    "codes": "{dimension} {status} in {count:,.0f} of {of:,.0f} {unit} ({listed})",
    "code_without_group": "code '{value}' has no group: {count:,.0f} were refused",
    "excluded_unequally": "{most:.1%} of births are not counted for {stratum}, {least:.1%} for "
    "{other}: a gap among those counted may not be the gap among all",
    "outcome_unknown_unequally": "{most:.1%} of births have no outcome recorded for {stratum}, "
    "{least:.1%} for {other}: a gap among those counted may not be the gap among all",
    "no_event": "no event in {of:,.0f}, where the other sites' rate would give {expected:,.0f}: "
    "recorded as not happening, or not recorded?",
    "nothing_but_events": "every one of {of:,.0f} counts as an event, where the other sites' rate "
    "would give {expected:,.0f}",
    "no_event_running": "no event in {points:.0f} {period}s running, where the site's own rate "
    "would give {expected:,.0f}",
    "more_events_than_births": "{count:,.0f} events in {of:,.0f}",
    "stands_twice": "stands more than once",
    "copied": "all counts of {since} are those of the point before: copied?",
    "not_logged": "{count:,.0f} of {of:,.0f} {period}s were not logged, the first of them that of "
    "{since}",
    "behind": "logged up to {last}, {count:,.0f} {period}s behind the others",
    "unfinished": "the last point has {count:,.0f} births, usually {usual:,.0f}: unfinished?",
    "births_jump": "{count:,.0f} births from {since}, usually {usual:,.0f}",
    "births_moved": "births went from {was:,.0f} to {now:,.0f} a {period} and stayed",
    "filling_up": "the last {weeks:.0f} weeks are still filling up and will change",
    "shares_births": "its points share births with their neighbours: no run rules, no limits on "
    "runs",
    "not_given": "{count:,.0f} of {of:,.0f} counts are withheld or were not given",
    # of what leaves the sites
    "series_small": "a count of 1 to {most:.0f}, so it is not compared",
    "series_withheld": "not shown, since it would give another small number away",
    "series_not_counted": "how many people this is about is not known, so it is not shown",
    "series_widened": "each point adds up {width:.0f} {period}s or a little more: narrower ones "
    "would show small numbers",
    "protected": "small numbers are protected: counts are to the nearest 5 and rates, lines and "
    "intervals are worked out from those; signals and verdicts are the team's own, from true "
    "counts",
    "not_protected": "small numbers are not protected here: {reason}",
}
DATES = ("since", "last")


def caution_text(one: Caution) -> str:
    """A caution in words, without its place.

    >>> caution_text(Caution("filling_up", "pph", numbers=(("weeks", 2.0),)))
    'the last 2 weeks are still filling up and will change'
    """
    numbers = {name: _told(name, value) for name, value in one.numbers}
    return TEXTS[one.code].format(**{"stratum": one.stratum} | numbers)


def code_text(code: str) -> str:
    """A caution that needs no number, in words."""
    return TEXTS[code]


def _told(name: str, value: Number) -> Number:
    return day(pd.Timestamp(value)) if name in DATES and isinstance(value, str) else value
