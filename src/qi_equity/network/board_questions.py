"""Thirteen questions that a board asks of its data on race equality: each has a figure or a hole.

The first seven are Roger Kline's ("Thirteen questions for Boards to ask about NHS race equality
data", rogerkline.co.uk), in our words; the others are ours, each of the source that words name,
for his last six could not be read. What a question asks is read off the standard's table and off
what was written down; nothing is worked out that `workforce` and `voices` do not work out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import cast

import pandas as pd

from qi_equity.network.responding import stands
from qi_equity.network.workforce import RECRUITS, UNKNOWN, wres
from qi_equity.store.entries import Engagement, Response
from qi_equity.vocabulary import Stands

MANY = 13
# The standard asks for three years of indicators 1 to 4 at least.
YEARS = 3
ALL_STAFF = "all staff"
# What the column `part` of the standard's table says, beside bands and staff groups.
PEERS = "similar trusts"
ON_GROUNDS = "on grounds of ethnic background"
# A part that stands for several bands hides how senior "senior" is.
LUMPED = re.compile(r"senior|above|below|under|over|\+|\bto\b|\d\s*[-–]\s*\d", re.IGNORECASE)
OF_UNIT = re.compile(r"matern|midwi|neonat|obstet", re.IGNORECASE)
BAND = re.compile(r"band|\bvsm\b|^\d", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known, or what is not: a name that words know, and its numbers."""

    name: str
    numbers: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What there is to say to one question; a figure may stand beside what is missing of it."""

    number: int
    figure: Fact | None
    hole: Fact | None


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What the answers are read off."""

    table: pd.DataFrame  # as `workforce.read` gives it
    found: pd.DataFrame  # as `workforce.wres` gives it
    voices: pd.DataFrame | None
    met: Sequence[Engagement]
    responses: Sequence[Response]
    today: date
    shown_few: bool

    def rows(self, *indicators: int) -> pd.DataFrame:
        """The table's rows of these indicators."""
        return self.table[self.table["indicator"].isin(indicators)]

    def years(self, indicator: int) -> int:
        """Of how many years the table tells an indicator, of the organisation itself."""
        own = self.rows(indicator)
        return int(own.loc[own["part"].str.casefold() != PEERS, "year"].nunique())

    def newest(self, indicator: int, recruits: str = RECRUITS[0]) -> dict[str, object] | None:
        """The last year of all staff, unless it may not be shown; None where there is none."""
        own = self.found
        own = own[(own["indicator"] == indicator) & (own["recruits"] == recruits)]
        own = own[(own["part"] == ALL_STAFF) & ~own["years"].str.contains(" to ")]
        if own.empty:
            return None
        return {str(name): told for name, told in own.iloc[-1].items()}


Facts = tuple[Fact | None, Fact | None]
NO_TABLE = (None, Fact("no_table"))


def thirteen_questions(
    table: pd.DataFrame | None = None,
    *,
    voices: pd.DataFrame | None = None,
    met: Iterable[Engagement] = (),
    responses: Iterable[Response] = (),
    today: date,
    shown_few: bool = True,
) -> tuple[Answer, ...]:
    """An answer to each question, from the standard's table, voices, meetings and responses.

    table: as `workforce.read` gives it; voices: as `voices.voices` does. None where there is none,
    which is a hole and is said. shown_few: whether figures of fewer than ten people may be seen.

    >>> found = thirteen_questions(today=date(2026, 1, 5))
    >>> len(found), found[0].hole.name, found[12].hole.name
    (13, 'no_table', 'nobody_met')
    """
    if table is None or table.empty:
        empty = pd.DataFrame(
            columns=["indicator", "year", "part", "recruits", "group", "events", "out_of"]
        )
        table = empty.astype({"part": str, "year": str})
    known = Known(table, wres(table), voices, tuple(met), tuple(responses), today, shown_few)
    return tuple(Answer(number, *ask(known)) for number, ask in enumerate(_QUESTIONS, start=1))


def _bands(known: Known) -> Facts:
    parts = _parts(known.rows(1))
    lumped = [one for one in parts if LUMPED.search(one)]
    apart = [one for one in parts if one not in lumped]
    figure = Fact("bands", {"count": len(apart)}) if apart else None
    if not parts:
        return figure, Fact("no_bands")
    return figure, Fact("lumped", {"parts": lumped}) if lumped else None


def _split(known: Known) -> Facts:
    own = known.rows(2)
    parts = [one.casefold() for one in _parts(own)]
    if own.empty:
        return None, Fact("no_indicator", {"number": 2})
    clinical = any("non" in one and "clinical" in one for one in parts) and any(
        "clinical" in one and "non" not in one for one in parts
    )
    bands = any(BAND.search(one) for one in parts)
    figure = Fact("split", {"count": len(parts)}) if parts else None
    lacks = [name for name, there in (("clinical", clinical), ("band", bands)) if not there]
    return figure, Fact("not_split", {"lacks": lacks}) if lacks else None


def _recruits(known: Known) -> Facts:
    both = known.newest(2)
    if both is None:
        return None, Fact("no_indicator", {"number": 2})
    without = known.newest(2, RECRUITS[1])
    told = [one for one in (both, without) if one is not None]
    if not known.shown_few and any(one["few"] for one in told):
        return None, Fact("few_kept")
    if without is None:
        return Fact("likelihood", {"row": both}), Fact("no_recruits")
    return Fact("recruits", {"row": both, "without": without}), None


def _trend(known: Known) -> Facts:
    years = {number: known.years(number) for number in (1, 2, 3, 4)}
    return _over_years(years)


def _peers(known: Known) -> Facts:
    own = known.rows(5, 6, 7, 8)
    if own.empty:
        return None, Fact("no_survey")
    figure, hole = _over_years({number: known.years(number) for number in (5, 6, 7, 8)})
    peers = own["part"].str.casefold() == PEERS
    return figure, hole if peers.any() else Fact("no_peers", {"part": PEERS})


def _over_years(years: Mapping[int, int]) -> Facts:
    there = {number: many for number, many in years.items() if many}
    figure = Fact("years", {"years": there}) if there else None
    short = [number for number, many in years.items() if many < YEARS]
    return figure, Fact("few_years", {"numbers": short, "asked": YEARS}) if short else None


def _together(known: Known) -> Facts:
    there = sorted(known.table["indicator"].unique())
    return Fact("together", {"count": len(there)}), Fact("no_disability")


def _grounds(known: Known) -> Facts:
    own = known.found[known.found["part"].str.casefold() == ON_GROUNDS]
    if own.empty:
        return None, Fact("no_grounds", {"part": ON_GROUNDS})
    row = own.iloc[-1]
    if row["few"] and not known.shown_few:
        return None, Fact("few_kept")
    return Fact("grounds", {"row": dict(row)}), None


def _board(known: Known) -> Facts:
    # Who sits on a board is public, so few of them are no secret.
    row = known.newest(9)
    if row is None:
        return None, Fact("no_indicator", {"number": 9})
    if pd.isna(cast("float", row["estimate"])):  # what others are told of the table leaves it out
        return None, Fact("few_kept")
    return Fact("board", {"row": row}), None


def _undeclared(known: Known) -> Facts:
    own = known.rows(1)
    if own.empty or not (own["group"] == UNKNOWN).any():
        return None, Fact("no_undeclared")
    # Each band is out of all staff of its group, so a group's own number is the largest there is.
    out_of = own[own["year"] == own["year"].max()].groupby("group")["out_of"].max()
    unknown, everyone = float(out_of.get(UNKNOWN, 0.0)), float(out_of.sum())
    return Fact("undeclared", {"count": unknown, "out_of": everyone}), None


def _enough(known: Known) -> Facts:
    alone = known.found[~known.found["years"].str.contains(" to ")]
    alone = alone[alone["indicator"] != 9]  # a board is as large as it is
    if alone.empty:
        return None, Fact("no_indicator", {"number": 2})
    few = sorted(alone.loc[alone["few"], "indicator"].unique())
    figure = Fact("intervals", {"count": len(alone)})
    return figure, Fact("too_few", {"numbers": few}) if few else None


def _of_the_unit(known: Known) -> Facts:
    parts = [one for one in _parts(known.table) if OF_UNIT.search(one)]
    if not parts:
        return None, Fact("no_unit")
    return Fact("unit", {"parts": parts}), None


def _heard(known: Known) -> Facts:
    if known.voices is None:
        return None, Fact("no_voices")
    rows = known.voices
    short = rows[rows["more"] > 0]
    people = rows["voices"].sum()
    names = [(row["stratum"], row["more"]) for row in short.to_dict("records")]
    figure = Fact("voices", {"count": people, "hidden": bool(rows["voices"].isna().any())})
    return figure, Fact("missing_voices", {"names": names}) if names else None


def _acted(known: Known) -> Facts:
    if not known.met and not known.responses:
        return None, Fact("nobody_met")
    changed = sum(one.did is not None for one in known.met)
    how = [stands(one, known.today) for one in known.responses]
    numbers = {
        "met": len(known.met), "changed": changed,
        **{str(one): how.count(one) for one in Stands},
    }  # fmt: skip
    waiting = len(known.met) - changed
    late = how.count(Stands.OVERDUE)
    hole = Fact("unanswered", {"waiting": waiting, "late": late}) if waiting or late else None
    return Fact("acted", numbers), hole


def _needs_table(ask: Callable[[Known], Facts]) -> Callable[[Known], Facts]:
    def asked(known: Known) -> Facts:
        return NO_TABLE if known.table.empty else ask(known)

    return asked


_QUESTIONS: tuple[Callable[[Known], Facts], ...] = (
    *map(_needs_table, (_bands, _split, _recruits, _trend, _peers, _together, _grounds)),
    *map(_needs_table, (_board, _undeclared, _enough, _of_the_unit)),
    _heard,
    _acted,
)


def _parts(rows: pd.DataFrame) -> list[str]:
    """Bands and staff groups that rows tell apart."""
    aside = (ALL_STAFF, PEERS, ON_GROUNDS)
    return [str(one) for one in rows["part"].unique() if str(one).casefold() not in aside]
