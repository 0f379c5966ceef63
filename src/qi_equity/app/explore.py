"""The same counts charted otherwise: other rules, limits or period than the project declared."""

from __future__ import annotations

from typing import Any

import pandas as pd

from qi_equity.app.state import Address
from qi_equity.frames.chart import chart
from qi_equity.observations import COLUMNS, SERIES_KEY
from qi_equity.project import Measure

RULES = {
    "anhoej": "Anhøj: runs of the line",
    "ihi": "IHI",
    "making_data_count": "Making Data Count",
    "western_electric": "Western Electric",
    "nelson": "Nelson",
}
PERIODS = {"month": "By month", "quarter": "By quarter"}
LIMITS = {"exact": "Exact limits", "normal": "Textbook limits (3 sigma)"}
LINES = {
    "unfrozen": "From every point, no baseline",
    "unphased": "Without phases",
    "whole": "Neither baseline nor phases",
}
SHOWN = {
    "limits": "control limits",
    "target": "target",
    "baseline": "baseline",
    "cycles": "PDSA cycles",
}
COUNTED = ("proportion", "rate", "count")


def asked(address: Address) -> bool:
    """Whether the view asks for anything but the project's own charts."""
    return bool(address.rules or address.period or address.limits or address.lines)


def as_asked(measure: Measure, address: Address) -> Measure:
    """The measure with the period of the points shown, for the words about them."""
    period = address.period if measure.data in COUNTED and address.period in PERIODS else None
    return measure.model_copy(update={"subgroup": period or measure.subgroup})


def explored(
    points: pd.DataFrame, measure: Measure, address: Address
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Points and summary of one measure at one site, charted as the view asks."""
    counted = measure.data in COUNTED
    rated = counted and bool(points["denominator"].notna().any())
    frozen = measure.baseline is not None and address.lines not in ("unfrozen", "whole")
    first = points[points["baseline"].astype(bool)] if frozen else points.iloc[:0]
    phased = address.lines not in ("unphased", "whole")
    options: dict[str, Any] = {
        "kind": measure.kind,
        "subgroup": "subgroup",
        "numerator": "numerator" if counted else None,
        "denominator": "denominator" if rated else None,
        "value": None if counted else "value",
        "by": SERIES_KEY,
        "period": address.period if counted and address.period in PERIODS else None,
        "rules": address.rules if address.rules in RULES else measure.rules,
        "direction": None if measure.direction == "none" else measure.direction,
        "target": measure.target,
        "multiply": measure.multiply if counted else 1,
        "freeze": first["subgroup"].max() if len(first) else None,
        "phases": [pd.Timestamp(day) for day in measure.phases if phased] or None,
    }
    if address.limits in LIMITS and measure.kind in ("p", "u", "c"):
        options["limits"] = address.limits
    columns = COLUMNS
    table = points[[name for name in columns if name in points]]
    made = chart(table, **options)
    return made.points, made.summary


def caution(measure: Measure, address: Address) -> str:
    """What to remember while looking at charts that the project did not declare."""
    said = [RULES[measure.rules], f"by {measure.subgroup}"]
    return (
        f"These charts are drawn otherwise than the project declared ({', '.join(said)}). "
        "Trying rules until one signals makes false signals; decide on the declared charts."
        if asked(address)
        else ""
    )
