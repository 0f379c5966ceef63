"""Measures to start from for birth records, by what their columns hold: guesses to check."""

from __future__ import annotations

import re

import pandas as pd

from qi_equity.sources import cells, units
from qi_equity.sources.labels import text_of
from qi_equity.sources.predicates import SAYS_NO, SAYS_YES, is_recorded, plain
from qi_equity.sources.shape import GESTATION, LOSS, Shape

# From here a haemorrhage is one (World Health Organization 2012: 500 ml, severe from 1,000 ml).
SEVERE_LOSS = 1000
TERM = 37  # weeks; before it a birth is preterm (World Health Organization)
MOSTLY = 0.7  # of what a column says that is yes or no, where that is what it asks
WEEKLY = 60  # births a week from which a week is a subgroup with something in it


def parts(found: Shape) -> tuple[list[dict[str, object]], dict[str, object]]:
    """The measures that the columns allow, and the mapping of records."""
    data: dict[str, object] = {"kind": "records", "date": found.found["subgroup"]}
    data |= {part: found.found[part] for part in ("stratum", "site", "key") if part in found.found}
    measures = [
        measure | {"subgroup": _period(found)}
        for column in map(str, found.table.columns)
        for measure in _measure(column, found.table[column])
        if column not in found.found.values()
    ]
    measures.sort(key=lambda measure: str(measure["role"]), reverse=True)
    if not measures:
        measures = [_named("births", "Births", "Write which births count", {}, found)]
    for at, measure in enumerate(measures):
        measure["role"] = "outcome" if at == 0 else "balancing"
    return measures, data


def _named(
    name: str, shown: str, counted: str, rule: dict[str, object], found: Shape
) -> dict[str, object]:
    column = next(c for c in map(str, found.table.columns) if c not in found.found.values())
    rule = rule or {"numerator": {column: {"known": True}}}
    return {
        "id": name, "name": shown, "role": "outcome", "numerator": counted,
        "denominator": "births", "data": "proportion", "direction": "decrease",
        "subgroup": _period(found), "records": rule,
    }  # fmt: skip


def _measure(column: str, given: pd.Series) -> list[dict[str, object]]:
    """What a column of records can be counted by, if anything."""
    base: dict[str, object] = {"role": "outcome", "denominator": "births", "data": "proportion"}
    texts = [text for text in map(text_of, given) if is_recorded(text)]
    if not texts:
        return []
    if LOSS.search(column):
        unit = units.in_name(column)
        in_ml = units.factor(unit, "ml") if unit and units.family(unit) == "ml" else 1.0
        least = int(SEVERE_LOSS / in_ml)
        rule = {"numerator": {column: {"at_least": least}}}
        named = {"id": "blood_loss_1000", "name": "Blood loss of 1,000 ml or more"}
        told = {"numerator": f"births with a blood loss of {SEVERE_LOSS:,} ml or more"}
        return [named | base | told | {"direction": "decrease", "records": rule}]
    if GESTATION.search(column):
        read = cells.column(texts, column, gestation=True)
        days = units.in_name(column) == "days" or _middle(read) > 7 * cells.LONGEST / 2
        rule = {"numerator": {column: {"below": 7 * TERM if days else TERM}}}
        named = {"id": "preterm", "name": "Born before 37 weeks"}
        told = {"numerator": f"births before {TERM} weeks"}
        return [named | base | told | {"direction": "decrease", "records": rule}]
    answers = [text for text in texts if plain(text) in SAYS_YES | SAYS_NO]
    if len(answers) >= MOSTLY * len(texts) and len(set(answers)) > 1:
        named = {"id": _slug(column), "name": column[:120]}
        told = {"numerator": f"births with {column}"[:400]}
        rule = {"numerator": {column: {"is": True}}}
        role = {"role": "balancing", "direction": "increase"}
        return [named | base | told | role | {"records": rule}]
    unit = units.in_name(column)
    read = cells.column(texts, column)
    if unit and units.family(unit) == "min" and any(cell.state == "number" for cell in read.cells):
        named = {"id": _slug(column), "name": column[:120], "numerator": column[:400]}
        rest = {"data": "continuous", "unit": unit, "aim": _middle(read), "role": "outcome"}
        return [named | rest | {"direction": "decrease", "records": {"value": column}}]
    return []


def _middle(read: cells.Column) -> float:
    numbers = [cell.number for cell in read.cells if cell.state == "number"]
    return float(f"{pd.Series(numbers).median():.3g}") if numbers else 0.0


def _period(found: Shape) -> str:
    days = pd.to_datetime(found.dates)
    if len(days) < 2 or days.min() == days.max():
        return "month"
    weeks = (days.max() - days.min()).days / 7
    return "week" if len(found.table) / max(weeks, 1) >= WEEKLY else "month"


def _slug(text: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")
    return (words if words[:1].isalpha() else f"m_{words}")[:64]
