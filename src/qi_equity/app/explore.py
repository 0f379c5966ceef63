"""The same counts charted otherwise: other rules, limits or period than the project declared."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from qi_equity.app.state import Address, Choice
from qi_equity.frames.chart import Charts
from qi_equity.observations import BESIDE, COLUMNS
from qi_equity.project import EVERYONE, Measure
from qi_equity.reading import COUNTED, Reading
from qi_equity.words import say

RULES = ("anhoej", "ihi", "making_data_count", "western_electric", "nelson")
PERIODS = ("month", "quarter")
LOGGED = "logged"  # as a period: a small stratum drawn as it was logged after all
EXACT = ("p", "u", "c")  # the kinds that have exact limits and textbook ones
LIMITS = ("exact", "normal")
LINES = ("unfrozen", "unphased", "whole")
PARTS = ("limits", "centre", "target", "baseline", "cycles")  # of a chart, that can be hidden


def with_effect(choice: Choice) -> Choice:
    """The choice without what changes no page of findings, so that no answer is made twice.

    What remains has few values: no made-up address fills the memory, or is worked out anew.
    """
    project, given = choice.project, choice.address
    strata = (EVERYONE, *(group.name for group in project.strata.groups))
    ideas = [idea.id for driver in project.drivers for idea in driver.change_ideas]
    hidden = given.hide.split(",")
    known = {
        "stratum": strata, "period": (*PERIODS, LOGGED), "rules": RULES, "limits": LIMITS,
        "lines": LINES, "idea": ideas, "what": ("moved",) if given.page == "board" else (),
    }  # fmt: skip
    kept = {
        name: value if (value := getattr(given, name)) in values else ""
        for name, values in known.items()
    }
    hide = ",".join(part for part in PARTS if part in hidden)
    without = dict.fromkeys(("week", "slide", "person", "who", "since", "until"), "")
    return replace(choice, address=replace(given, **kept, **without, hide=hide))


def asked(address: Address) -> bool:
    """Whether the view asks for anything but the project's own charts."""
    period = address.period in PERIODS
    return bool(address.rules or period or address.limits or address.lines)


def as_asked(measure: Measure, address: Address) -> Measure:
    """The measure with the period of the points shown, for the words about them."""
    period = address.period if measure.data in COUNTED and address.period in PERIODS else None
    return measure.model_copy(update={"subgroup": period or measure.subgroup})


def explored(points: pd.DataFrame, reading: Reading, address: Address) -> Charts:
    """One measure at one site, charted as the address asks: a changed copy of its own reading."""
    columns = [name for name in (*COLUMNS, *BESIDE) if name in points]
    table = points[columns]
    charted = reading.charted_as_logged(table)
    # The baseline that was drawn, whatever the period of the points is now.
    first = points.loc[points["baseline"].astype(bool), "subgroup"]
    charted = replace(
        charted,
        period=address.period if address.period in PERIODS else None,
        freeze=first.max() if reading.freeze is not None and len(first) else None,
        # Readings stand in the points as they are drawn; counts are multiplied anew.
        multiply=charted.multiply if charted.counted else 1,
    )
    if address.lines in ("unfrozen", "whole"):
        charted = charted.without_baseline()
    if address.lines in ("unphased", "whole"):
        charted = charted.without_phases()
    if address.rules in RULES:
        charted = charted.with_rules(address.rules)
    if address.limits in LIMITS and charted.kind in EXACT:
        charted = replace(charted, limits=address.limits)
    return charted.draw(table)


def caution(measure: Measure, address: Address) -> str:
    """What to remember while looking at charts that the project did not declare."""
    if not asked(address):
        return ""
    return say(
        "charts.explore.caution",
        rules=say(f"charts.explore.rules.{measure.rules}"),
        period=say(f"charts.one.{measure.subgroup}"),
    )
