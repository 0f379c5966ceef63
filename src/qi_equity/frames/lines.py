"""How the lines of a chart are drawn: settings that belong together, named once."""

from __future__ import annotations

from typing import Any, TypedDict, cast

from qi_equity.errors import did_you_mean
from qi_equity.vocabulary import Limits


class Lines(TypedDict, total=False):
    """What the lines of a chart rest on; every key may be left out.

    Kept as a dictionary, they draw one chart like another: `chart(log, ..., **lines)`.
    """

    limits: str  # exact or normal: three sigma
    centre: Any  # a centre line given from outside
    freeze: Any  # how many subgroups are the baseline, or the last of them
    phases: Any  # subgroups at which a new phase begins
    exclude: Any  # subgroups that are shown, but in no line and no test
    bounds: tuple[float | None, float | None]  # what no limit can lie beyond
    screen_moving_ranges: bool  # leave out, once, moving ranges above 3.267 times their mean
    guard_runs: bool  # no runs verdict where the median lies on what most points have


USUAL: Lines = {
    "limits": "exact",
    "centre": None,
    "freeze": None,
    "phases": None,
    "exclude": None,
    "bounds": (None, None),
    "screen_moving_ranges": True,
    "guard_runs": True,
}


def completed(given: Lines, others: list[str]) -> tuple[Lines, list[str]]:
    """Every setting, with the usual one where none was given, and what is wrong with those given.

    `others` are the arguments that are named beside these: a slip may be meant for one of them.
    """
    known = [*USUAL, *others]
    problems = [
        f"no argument called '{name}'{did_you_mean(name, known)}"
        for name in given
        if name not in USUAL
    ]
    every = cast(Lines, {**USUAL, **given})
    if every["limits"] not in tuple(Limits):
        problems.append(f"limits '{every['limits']}': choose exact or normal")
    return every, problems
