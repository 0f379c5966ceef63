"""Gaps of an audit as tables of words: a gap is read off its row, nothing is worked out here."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from qi_equity.audit import Audited
from qi_equity.audit.model import AuditIndicator
from qi_equity.audit.register import ALL_PLACES
from qi_equity.audit.rows import GapRow
from qi_equity.audit.rows import gaps as typed
from qi_equity.audit.said import people_of, place_of, rate_of, ratio_of
from qi_equity.project import EVERYONE_ELSE
from qi_equity.report.parts import Listed
from qi_equity.view.table import Table
from qi_equity.vocabulary import Moved, Standing
from qi_equity.words import say
from qi_equity.words.grammar import called, first_up

CHANGED = (Moved.WIDENED, Moved.NARROWED, Moved.TURNED)
LOOKS = {
    Standing.WORSE: "concern", Standing.BETTER: "improvement", Standing.APART: "other",
    Standing.TOO_EARLY: "muted", Standing.ECHO: "muted",
}  # fmt: skip


def of_all_places(gaps: pd.DataFrame) -> pd.DataFrame:
    """The rows of all places together; where there is one place only, that one's.

    Whom the others are held against has a row a place, and none of all together, since each place
    is compared within itself.
    """
    together = gaps[gaps["place"] == ALL_PLACES]
    within = gaps["dimension"].isin(together["dimension"])
    gaps = gaps[~(within & (gaps["standing"] == Standing.REFERENCE))]
    keys = ["dimension", "group"]
    held = pd.MultiIndex.from_frame(together[keys])
    alone = ~pd.MultiIndex.from_frame(gaps[keys]).isin(held)
    return pd.concat([together, gaps[alone]])


def gap_table(found: Audited, rows: Sequence[GapRow], one: AuditIndicator) -> Listed:
    """An indicator's groups, each with its rate, how far apart, whom it concerns, what holds."""
    moved = any(row.moved in CHANGED for row in rows)
    several = any(row.place == ALL_PLACES for row in rows)
    looks, lines = {}, []
    for place, row in enumerate(rows):
        looks[(place, 4)] = LOOKS.get(Standing(row.standing), "ink")
        lines.append(
            (
                _whose(found, row, several),
                rate_of(row, one),
                ratio_of(row),
                people_of(row),
                first_up(say(f"audit.standing.{row.standing}")),
                *([_since(row)] if moved else []),
            )
        )
    names = ("group", "rate", "ratio", "people", "standing", *(["since"] if moved else []))
    heads = tuple(say(f"audit.table.{name}") for name in names)
    shares = (0.24, 0.12, 0.21, 0.14, 0.18, 0.11) if moved else (0.28, 0.15, 0.21, 0.16, 0.2)
    return Listed(Table(one.name, heads, tuple(lines)), looks, shares, one.name)


def _since(row: GapRow) -> str:
    """What a gap did since the period before, where that is shown."""
    if row.moved in CHANGED:
        return say(f"audit.moved.{row.moved}")
    return say("language.nothing")


def _whose(found: Audited, row: GapRow, several: bool) -> str:
    """A group by name, where if not at all places as others here, and whom it is held against."""
    group = called(row.group)
    if several and row.place != ALL_PLACES:
        group = say("audit.table.at", group=group, place=place_of(found.audit, row.place))
    if row.reference == EVERYONE_ELSE or row.standing == Standing.REFERENCE:
        return group
    return say("audit.table.against", group=group, reference=called(row.reference))


def ranking(found: Audited, rows: pd.DataFrame, caption: str) -> Listed:
    """Gaps of any indicator and place, in the order given."""
    lines, looks = [], {}
    for place, row in enumerate(typed(rows)):
        looks[(place, 3)] = LOOKS.get(Standing(row.standing), "ink")
        lines.append(
            (
                named(found, row),
                ratio_of(row),
                people_of(row),
                first_up(say(f"audit.standing.{row.standing}")),
            )
        )
    heads = tuple(say(f"audit.table.{name}") for name in ("gap", "ratio", "people", "standing"))
    shares = (0.46, 0.21, 0.15, 0.18)
    return Listed(Table(caption, heads, tuple(lines)), looks, shares, caption)


def named(found: Audited, row: GapRow) -> str:
    """A gap by its indicator, its group and where."""
    return say("audit.table.named", indicator=found.audit.indicator(row.indicator).name,
               group=called(row.group), place=place_of(found.audit, row.place))  # fmt: skip
