"""The Workforce Race Equality Standard's nine indicators, as the standard defines each.

Its two groups are its own, "White" and "BME", and stay so for its indicators; who did not declare
is shown and never shared out. Directions differ: each row says which side a number above one is.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.disclosure.policy import policy_of
from qi_equity.equity.intervals import Interval, wilson
from qi_equity.equity.participation import participation
from qi_equity.equity.workforce import board_difference, percentage_points, relative_likelihood
from qi_equity.errors import DataErrors
from qi_equity.network.voices import shown_people as shown
from qi_equity.project import Project
from qi_equity.sources import cells, grid
from qi_equity.sources.labels import plain, text_of
from qi_equity.store.gathered import Makeup, Staff, Staffed
from qi_equity.vocabulary import Favours

WHITE, BME, UNKNOWN = "White", "BME", "not declared"
GROUPS = {
    "white": WHITE, "bme": BME, "black and minority ethnic": BME, "not declared": UNKNOWN,
    "unknown": UNKNOWN, "not stated": UNKNOWN, "null": UNKNOWN,
}  # fmt: skip
LIKELIHOOD, SHARES, BANDS, BOARD = "likelihood", "shares", "bands", "board"
SIZES = ("events", "out_of")
RECRUITS = ("all", "without international recruitment")
# Fewer events than this in a group, and a year alone says nothing: years are pooled, and said.
FEWEST = 10


@dataclass(frozen=True, slots=True)
class Indicator:
    """One of the nine: how its two groups are set against each other."""

    number: int
    form: str
    above: str = WHITE  # whose figure stands on top of a likelihood


# The technical guidance of the standard (NHS England): 2 and 4 set White against BME, 3 sets BME
# against White; 5 to 8 are shares of those who answered the NHS Staff Survey; 9 is the board.
INDICATORS: Mapping[int, Indicator] = {
    1: Indicator(1, BANDS, BME),
    2: Indicator(2, LIKELIHOOD, WHITE),
    3: Indicator(3, LIKELIHOOD, BME),
    4: Indicator(4, LIKELIHOOD, WHITE),
    **{number: Indicator(number, SHARES, BME) for number in (5, 6, 7, 8)},
    9: Indicator(9, BOARD, BME),
}
# Where more of something is good for whoever it happens to.
GOOD = (2, 4, 7, 9)

COLUMNS = [
    "indicator", "years", "part", "recruits", "bme", "bme_of", "white", "white_of", "unknown",
    "bme_share", "white_share", "estimate", "lower", "upper", "form", "favours", "few",
]  # fmt: skip


def read(path: Path) -> pd.DataFrame:
    """Rows of indicator, year, group, events, out_of; part (a band or staff group) and recruits.

    A likelihood is worked out here: a file that gives one, or a percentage in place of people, is
    refused by its row, since 17.16 "%" for a likelihood is a slip that nobody else will catch.
    """
    found = grid.read(
        path, ["indicator", "year", "group", "events", "out_of"], optional=["part", "recruits"]
    )
    table = found.table
    for name, usual in (("part", "all staff"), ("recruits", RECRUITS[0])):
        table[name] = table[name].map(text_of).replace("", usual) if name in table else usual
    problems: list[str] = []
    rows = []
    for row, given in zip(found.row, table.to_dict("records"), strict=True):
        wrong = list(_wrong(given, found.mark))
        problems += [f"row {row}: {one}" for one in wrong]
        if not wrong:
            rows.append(_typed(given, found.mark))
    table = pd.DataFrame(rows)
    if len(table):
        key = ["indicator", "year", "part", "recruits", "group"]
        for one in table[table.duplicated(key)].to_dict("records"):
            problems.append(
                f"indicator {one['indicator']}, {one['year']}, {one['part']}, {one['group']}: "
                "stands more than once; keep one row of it"
            )
    if problems:
        raise DataErrors(problems)
    return table


def _wrong(given: Mapping[Hashable, Any], mark: cells.Mark | None) -> Iterator[str]:
    number = text_of(given["indicator"])
    if number not in {str(one) for one in INDICATORS}:
        yield f"'{number}' is no indicator of the standard; write 1 to 9"
    if not text_of(given["year"])[:4].isdecimal():
        yield f"'{text_of(given['year'])}' is no year; write 2025, or 2024/25"
    if plain(given["group"]) not in GROUPS:
        label = text_of(given["group"])
        yield f"'{label}' is no group of the standard; write White, BME or not declared"
    if given["recruits"] not in RECRUITS:
        yield f"'{given['recruits']}': write {RECRUITS[0]}, or {RECRUITS[1]}"
    sizes = []
    for name in SIZES:
        text, cell = text_of(given[name]), cells.read(given[name], mark=mark)
        if "%" in text or cell.unit == "%" or (cell.state == "number" and cell.number % 1):
            yield (
                f"{name} '{text}' is a percentage or a likelihood, not people: give how many "
                "people, and out of how many; the likelihood is worked out from them"
            )
        elif cell.state != "number" or cell.number < 0:
            yield f"{name} '{text}' is no number of people"
        else:
            sizes.append(cell.number)
    if len(sizes) == 2 and sizes[0] > sizes[1]:
        yield f"events ({sizes[0]:,.0f}) are more than those they are out of ({sizes[1]:,.0f})"


def _typed(given: Mapping[Hashable, Any], mark: cells.Mark | None) -> dict[str, object]:
    return {
        "indicator": int(text_of(given["indicator"])),
        "year": text_of(given["year"]),
        "part": given["part"],
        "recruits": given["recruits"],
        "group": GROUPS[plain(given["group"])],
        **{name: cells.read(given[name], mark=mark).number for name in SIZES},
    }


def wres(table: pd.DataFrame) -> pd.DataFrame:
    """A row an indicator, part, recruits and year, and one for all its years pooled.

    Columns: indicator, years, part, recruits; the people of each group with what they are out of
    (bme, bme_of, white, white_of) and those not declared (unknown); the shares; estimate with its
    95 per cent limits; form ("likelihood": a ratio; "shares", "bands" and "board": percentage
    points); favours, a `Favours`, which is UNCLEAR where the limits hold both; few (whether either
    group has fewer than ten events, so that a year says nothing by itself).

    >>> rows = pd.DataFrame({"indicator": 2, "year": "2025", "part": "all staff", "recruits": "all",
    ...     "group": ["White", "BME"], "events": [50.0, 10.0], "out_of": [300.0, 90.0]})
    >>> found = wres(rows).iloc[0]
    >>> found["estimate"].round(2), found["lower"].round(2), found["upper"].round(2), found["few"]
    (np.float64(1.5), np.float64(0.82), np.float64(2.84), np.False_)
    """
    found = []
    for key, rows in table.groupby(["indicator", "part", "recruits"], sort=False):
        number, part, recruits = int(str(key[0])), key[1], key[2]
        years = [(str(year), one) for year, one in rows.groupby("year", sort=True)]
        if len(years) > 1 and INDICATORS[number].form != BANDS:
            years.append((f"{years[0][0]} to {years[-1][0]}", rows))
        for year, one in years:
            told = _row(INDICATORS[number], one)
            if told is not None:
                found.append(
                    {"indicator": number, "years": year, "part": part, "recruits": recruits} | told
                )
    return pd.DataFrame(found, columns=COLUMNS)


def kept(project: Project, table: pd.DataFrame, title: str, sites: Sequence[str]) -> Staff:
    """The standard's rows as the store keeps them, and as the disclosure policy lets them out."""
    policy = policy_of(project.disclosure)
    rows = [
        Staffed(
            indicator=int(row["indicator"]), year=row["year"], part=row["part"],
            recruits=row["recruits"], group=row["group"], events=int(row["events"]),
            out_of=int(row["out_of"]),
        )
        for row in table.to_dict("records")
    ]  # fmt: skip
    out = [
        one.model_copy(update={name: shown(getattr(one, name), policy) for name in SIZES})
        for one in rows
    ]
    return Staff(title=title, rows=tuple(rows), shown=tuple(out), sites=tuple(sites))


def table_of(kept: Staff) -> pd.DataFrame:
    """The rows of the store as `read` gives them; a number that is hidden is nan."""
    table = pd.DataFrame([one.model_dump() for one in kept.rows])
    return table.astype(dict.fromkeys(SIZES, float))


def represented(team: Makeup, reference: pd.Series) -> pd.DataFrame:
    """Each group's share of the team against its share of a reference, with exact limits.

    reference: people of each group; a group it does not name has no share, and none has where a
    number is hidden. Columns: stratum, team, share, reference_share, ratio, lower, upper, more.
    """
    names = [one.stratum for one in team.groups]
    count = np.array([np.nan if one.people is None else float(one.people) for one in team.groups])
    there = reference.reindex(names).to_numpy(dtype=float)
    share = there / there.sum() if np.isfinite(there).all() and there.sum() else there * np.nan
    found = participation(count, count.sum(), share)
    return pd.DataFrame(
        {
            "stratum": names,
            "team": count,
            "share": count / count.sum() if count.sum() else count * np.nan,
            "reference_share": share,
            "ratio": found.ratio.estimate,
            "lower": found.ratio.lower,
            "upper": found.ratio.upper,
            "more": found.more,
        }
    )


def _summed(column: pd.Series) -> float:
    """The sum, unknown where one of them is."""
    return float(column.sum(skipna=False))


def _row(indicator: Indicator, rows: pd.DataFrame) -> dict[str, object] | None:
    sums = rows.groupby("group")[["events", "out_of"]].agg(_summed)
    if not {WHITE, BME} <= set(sums.index):
        return None
    if sums.loc[[WHITE, BME]].isna().any(axis=None):
        return {"form": indicator.form, "favours": Favours.UNCLEAR, "few": True, "unknown": 0.0}
    events, out_of = (sums[name].to_dict() for name in SIZES)
    (b, m), (w, n) = ((events[name], out_of[name]) for name in (BME, WHITE))
    unknown = events.get(UNKNOWN, 0.0)
    got = _estimate(indicator, (b, m), (w, n))
    shares = [float(wilson(*one).estimate) for one in ((b, m), (w, n))]
    low, high = float(got.lower), float(got.upper)
    return {
        "bme": b, "bme_of": m, "white": w, "white_of": n, "unknown": unknown,
        "bme_share": shares[0], "white_share": shares[1],
        "estimate": float(got.estimate), "lower": low, "upper": high, "form": indicator.form,
        "favours": _favours(indicator, low, high), "few": min(b, w) < FEWEST,
    }  # fmt: skip


Pair = tuple[float, float]


def _estimate(indicator: Indicator, bme: Pair, white: Pair) -> Interval:
    if indicator.form == LIKELIHOOD:
        first, second = (white, bme) if indicator.above == WHITE else (bme, white)
        return relative_likelihood(*first, *second)
    if indicator.form == SHARES:
        return percentage_points(*bme, *white)
    # events: those of the band, or voting members; out_of: the overall workforce.
    workforce = bme[1] / (bme[1] + white[1])
    return board_difference(bme[0], bme[0] + white[0], workforce).difference


def _favours(indicator: Indicator, low: float, high: float) -> Favours:
    """Whom a figure favours; neither where its limits hold both."""
    if indicator.form == BANDS:
        return Favours.NOT_ASKED
    middle = 1.0 if indicator.form == LIKELIHOOD else 0.0
    if not (np.isfinite(low) and np.isfinite(high)) or low <= middle <= high:
        return Favours.UNCLEAR
    more_bme = (low > middle) == (indicator.above == BME)
    good = indicator.number in GOOD
    return Favours.BME if more_bme == good else Favours.WHITE
