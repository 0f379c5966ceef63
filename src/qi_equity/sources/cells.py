"""Cells as numbers: read one way, or refused with the reason. Nothing becomes zero but zero."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from numbers import Real
from typing import Literal

from qi_equity.sources import units
from qi_equity.sources.labels import text_of

State = Literal["number", "bound", "fraction", "suppressed", "missing", "wrong"]
Token = State | Literal["zero"]  # what a file's own sign stands for
Mark = Literal[".", ","]

# What public tables write where a count is not shown. GSS symbols: [c] confidential, [x] not
# available, [z] not applicable, [u] unreliable, [low] rounds to zero; DNS: did not submit.
TOKENS: Mapping[str, State] = {
    **dict.fromkeys(
        (
            *("*", "**", "†", "c", "[c]", "s", "suppressed", "supp", "withheld", "redacted"),
            *("low", "[low]", "counts suppressed"),
        ),
        "suppressed",
    ),
    **dict.fromkeys(
        (
            *("", "-", "–", "—", ".", "..", "...", ":", "x", "[x]", "z", "[z]", "u", "[u]"),
            *("na", "n/a", "n.a.", "#n/a", "nan", "null", "none", "nk", "dns", "low dq", "tbc"),
            *("missing", "unreliable", "not available", "not applicable", "not known", "no data"),
            *("unknown", "not recorded", "n/k", "?"),
        ),
        "missing",
    ),
}
# A birth record's own words for a field that nobody filled in. "None" is not among them: it may
# be the answer (no complication, no instrument).
NOT_RECORDED = frozenset(
    {
        *("", "-", "–", "—", ".", "?", "na", "n/a", "n.a.", "#n/a", "null", "nan", "<na>", "nat"),
        *("nk", "n/k", "not known", "unknown", "not recorded", "missing", "no data", "tbc"),
    }
)
DIGITS = r"[+-]?\d(?:[\d.,'’ ]*\d)?|[+-]?[.,]\d+"
EXPONENT = re.compile(r"[+-]?\d+(?:\.\d*)?[eE][+-]?\d{1,3}")
ABOUT = re.compile(
    r"^(?:~|≈|approx(?:imately)?\.?|about|circa|ca?\.|est(?:imated)?\.?)\s*(?=\d)"
    r"|\s*\(?(?:approx|est(?:imated)?)\.?\)?$",
    re.IGNORECASE,
)
UNIT = "|".join(sorted(map(re.escape, units.UNITS), key=len, reverse=True))
NUMBER = re.compile(rf"(?P<number>{DIGITS})\s*(?P<unit>{UNIT})?\.?", re.IGNORECASE)
ABOVE = r">\s*=?|≥|more than|greater than|over|at least|above"
BELOW = r"<\s*=?|≤|less than|fewer than|under|up to|below"
BOUND = re.compile(
    rf"(?P<sign>{ABOVE}|{BELOW})\s*(?P<number>{DIGITS})\s*(?P<unit>{UNIT})?", re.IGNORECASE
)
MORE = re.compile(rf"(?P<number>{DIGITS})\s*(?P<unit>{UNIT})?\s*\+", re.IGNORECASE)
RANGE = re.compile(
    rf"(?P<low>\d[\d.,]*)\s*(?:-|–|to)\s*(?P<high>\d[\d.,]*)\s*(?P<unit>{UNIT})?", re.IGNORECASE
)
FRACTION = re.compile(r"(?P<part>\d+)\s*(?:/|of|out of)\s*(?P<whole>\d+)", re.IGNORECASE)
# 3 (12%), 3/25 (12%), 12% (3/25).
WITH_SHARE = re.compile(
    r"(?P<count>.*\d)\s*\(\s*[\d.,]+\s*%\s*\)"
    r"|[\d.,]+\s*%\s*\(\s*(?P<parts>\d+\s*(?:/|of|out of)\s*\d+)\s*\)",
    re.IGNORECASE,
)
# Weeks and days of gestation: 36+4, 36+4/40, 36w4d, 36 weeks and 4 days.
GESTATION = re.compile(
    r"(?P<weeks>\d{1,2})\s*(?:\+\s*(?P<days>\d)(?:\s*/\s*(?:40|7))?(?:\s*(?:w|wks?|weeks?))?"
    r"|\s(?P<sevenths>\d)\s*/\s*7"
    r"|(?:w|wks?|weeks?)\s*(?:and\b|,|\+)?\s*(?P<more>\d)\s*(?:d|days?))",
    re.IGNORECASE,
)
# Hours and minutes: 1h20, 1 hr 5 min.
DURATION = re.compile(
    r"(?P<hours>\d{1,3})\s*(?:h|hrs?|hours?)\s*(?:and\b|,)?\s*(?P<minutes>[0-5]?\d)"
    r"\s*(?:m|mins?|minutes?)?",
    re.IGNORECASE,
)
LONGEST = 45  # weeks: a pregnancy is over by then, and a bare number above it is not in weeks
DECIMALS = 9  # of a number that was turned from one unit into another
MOST_WORDS = 4  # in a cell that is a number: "less than 500 ml" has three
KNOWN = 8192  # texts whose reading is remembered: a column has few different ones
DUST, MOST_EXACT = 1e-9, 1e6  # of a number that was worked out in binary
THREE = 3  # digits between the marks of thousands
LETTERS = 40  # of a cell in a message


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says: a number, what it lies between, or why there is none.

    low and high are equal for a number; a fraction has the number it is of.
    """

    number: float
    state: State
    said: str = ""
    unit: str | None = None
    low: float = math.nan
    high: float = math.nan
    of: float = math.nan


def read(cell: object, tokens: Mapping[str, Token] | None = None, mark: Mark | None = ".") -> Cell:
    """One cell; tokens are the file's own, before the usual ones; mark is its decimal mark.

    >>> read("1,204").number, read("1 204 ml").unit, read("<5").state, read("DNS").state
    (1204.0, 'ml', 'bound', 'missing')
    >>> read("36+4").number.__round__(3), read("3/25").of, read("1h20").number
    (36.571, 25.0, 80.0)
    >>> read("0,450", mark=None).number, read("1,200", mark=None).said
    (0.45, "'1,200' could be 1200 or 1.2: say which with decimal: point, or comma")
    """
    text = text_of(cell)
    # A spreadsheet's own number may be a sign too: -1 for a count that is withheld.
    own = (tokens or {}).get(_sign(cell, text))
    if own is not None:
        return _exact(0.0) if own == "zero" else Cell(math.nan, own, text)
    if not text:
        return Cell(math.nan, "missing")
    if isinstance(cell, bool | datetime.time | datetime.timedelta) or hasattr(cell, "isoformat"):
        return _wrong(text, _no_number(cell))
    if isinstance(cell, Real):
        number = _clean(float(cell))
        return _exact(number) if math.isfinite(number) else _wrong(text, "is no number")
    word = " ".join(text.casefold().split())
    if word in TOKENS:
        return Cell(math.nan, TOKENS[word], text)
    found = _written(text, mark)
    return found if found.state == "wrong" else replace(found, said=text)


def _clean(number: float) -> float:
    """A spreadsheet's number without the dust of working it out: 2.9999999999999996 is three."""
    if not math.isfinite(number) or abs(number) > MOST_EXACT:
        return number
    return float(round(number)) if abs(number - round(number)) < DUST else number


def _sign(cell: object, text: str) -> str:
    return f"{cell:g}" if isinstance(cell, float) and cell.is_integer() else text.casefold()


def _no_number(cell: object) -> str:
    if isinstance(cell, bool):
        return "is not a number"
    if isinstance(cell, datetime.time | datetime.timedelta):
        return "is a time of day; write minutes as a number"
    return "is a date and not a number (a spreadsheet makes one out of 3/25: format it as text)"


def _exact(number: float, unit: str | None = None) -> Cell:
    return Cell(number, "number", "", unit, number, number)


def _wrong(text: str, why: str) -> Cell:
    return Cell(math.nan, "wrong", f"'{text[:LETTERS]}' {why}")


@lru_cache(maxsize=KNOWN)
def _written(text: str, mark: Mark | None) -> Cell:
    """A number in words and signs, by the first way of writing that fits the whole of it."""
    text = re.sub(r"[\s\u00a0\u2009\u202f]+", " ", text).strip()
    text = ABOUT.sub("", text)
    share = WITH_SHARE.fullmatch(text)
    text = (share["count"] or share["parts"]).strip() if share else text
    for pattern, reader in WAYS:
        match = pattern.fullmatch(text)
        if match:
            return reader(match, text, mark)
    if text[:1] == "=":
        return _wrong(text, "is a formula that was never worked out: open the file and save it")
    return _wrong(text, "is not a number")


def _plain(match: re.Match[str], text: str, mark: Mark | None) -> Cell:
    number = _value(match["number"], mark)
    if isinstance(number, str):
        return _wrong(text, number)
    return _exact(number, match["unit"] and match["unit"].casefold())


def _bound(match: re.Match[str], text: str, mark: Mark | None) -> Cell:
    number = _value(match["number"], mark)
    if isinstance(number, str):
        return _wrong(text, number)
    sign = match.groupdict().get("sign") or "at least"
    upper = re.fullmatch(BELOW, sign, re.IGNORECASE) is not None
    strict = sign.casefold() in ("<", ">", "more than", "over", "above", "below", "under") or (
        "than" in sign.casefold()
    )
    # A number that is left out of what it bounds is stepped over by the least there is.
    ends = (-math.inf, math.nextafter(number, -math.inf) if strict else number)
    if not upper:
        ends = (math.nextafter(number, math.inf) if strict else number, math.inf)
    return Cell(math.nan, "bound", text, match["unit"] and match["unit"].casefold(), *ends)


def _range(match: re.Match[str], text: str, mark: Mark | None) -> Cell:
    low, high = _value(match["low"], mark), _value(match["high"], mark)
    if isinstance(low, str) or isinstance(high, str):
        return _wrong(text, low if isinstance(low, str) else str(high))
    if low > high:
        return _wrong(text, "is not a number")
    return Cell(math.nan, "bound", text, match["unit"] and match["unit"].casefold(), low, high)


def _fraction(match: re.Match[str], text: str, mark: Mark | None) -> Cell:
    part, whole = float(match["part"]), float(match["whole"])
    return Cell(part, "fraction", text, None, part, part, whole)


def _weeks(match: re.Match[str], text: str, mark: Mark | None) -> Cell:
    days = int(match["days"] or match["more"] or match["sevenths"])
    if days > 6:
        return _wrong(text, "has more than six days beside its weeks")
    return _exact((7 * int(match["weeks"]) + days) / 7, "weeks")


def _minutes(match: re.Match[str], text: str, mark: Mark | None) -> Cell:
    return _exact(60.0 * int(match["hours"]) + int(match["minutes"]), "min")


def _exponent(match: re.Match[str], text: str, mark: Mark | None) -> Cell:
    number = float(text)
    return _exact(number) if math.isfinite(number) else _wrong(text, "is not a number")


WAYS = (
    (EXPONENT, _exponent),
    (GESTATION, _weeks),
    (DURATION, _minutes),
    (NUMBER, _plain),
    (FRACTION, _fraction),
    (BOUND, _bound),
    (MORE, _bound),
    (RANGE, _range),
)


def _value(text: str, mark: Mark | None) -> float | str:
    """The number that digits with marks in them stand for, or why they stand for none."""
    sign = -1.0 if text.startswith("-") else 1.0
    digits = text.lstrip("+-")
    if re.fullmatch(r"\d{1,3}(?:[ '’]\d{3})+(?:[.,]\d+)?", digits):
        return sign * float(re.sub(r"[ '’]", "", digits).replace(",", "."))
    if re.search(r"[ '’]", digits):
        return "is not a number"
    comma, point = digits.count(","), digits.count(".")
    if comma and point:
        last: Mark = "," if digits.rindex(",") > digits.rindex(".") else "."
        other = "." if last == "," else ","
        whole, _, part = digits.rpartition(last)
        if not re.fullmatch(rf"\d{{1,3}}(?:{re.escape(other)}\d{{3}})+", whole):
            return "is not a number"
        return sign * float(f"{whole.replace(other, '')}.{part}")
    if not comma and not point:
        return sign * float(digits)
    return _one_mark(digits, "," if comma else ".", mark, sign)


def _one_mark(digits: str, met: Mark, mark: Mark | None, sign: float) -> float | str:
    """A number with marks of one kind: decimals, thousands, or either and therefore refused."""
    if digits.count(met) > 1:
        grouped = re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(met)}\d{{3}})+", digits)
        return sign * float(digits.replace(met, "")) if grouped else "is not a number"
    decimal = float(digits.replace(",", ".")) * sign
    if not _thousands(digits, met):
        return decimal if mark in (None, met) else f"has a '{met}' where others have a '{mark}'"
    thousands = float(digits.replace(met, "")) * sign
    if mark is None:
        return f"could be {thousands:g} or {decimal:g}: say which with decimal: point, or comma"
    return decimal if mark == met else thousands


def _thousands(digits: str, met: Mark) -> bool:
    """Whether a mark may stand for thousands: 1,200 may, and 0,450 and 12,5 never."""
    return re.fullmatch(rf"[1-9]\d{{0,2}}{re.escape(met)}\d{{3}}", digits) is not None


def mark_of(texts: Iterable[str], usual: Mark | None) -> Mark | None:
    """The decimal mark that a column of cells proves, the usual one, or None where none is sure.

    >>> mark_of(["0,450", "1,200"], "."), mark_of(["1,200", "450"], "."), mark_of(["1,200"], None)
    (',', '.', None)
    >>> mark_of(["12,5", "1,200"], ".") is None  # one decimal, then three: thousands, or a slip
    True
    """
    proofs: dict[Mark, set[int]] = {",": set(), ".": set()}
    either, grouped, whole = False, False, False
    for text in texts:
        for digits in _digits(text):
            comma, point = digits.count(","), digits.count(".")
            met: Mark = "," if comma else "."
            if comma and point:
                last: Mark = "," if digits.rindex(",") > digits.rindex(".") else "."
                proofs[last].add(len(digits) - digits.rindex(last) - 1)
            elif comma + point > 1:
                if re.fullmatch(rf"[1-9]\d{{0,2}}(?:{re.escape(met)}\d{{3}})+", digits):
                    proofs["." if comma else ","].add(0)
            elif comma + point == 1 and not _thousands(digits, met):
                proofs[met].add(len(digits) - digits.index(met) - 1)
            elif comma:
                either = True
            elif point:
                grouped = True
            whole |= not comma and not point and len(digits) >= THREE
    if proofs[","] and proofs["."]:
        return None
    if proofs[","]:
        # As many decimals everywhere as in the cells that prove them; else it may be thousands.
        return None if either and proofs[","] != {3} else ","
    # 1.200 among whole numbers of three digits and more: a thousand, where points part thousands.
    return "." if proofs["."] else None if grouped and whole else usual


def _digits(text: str) -> list[str]:
    """What of a cell may prove a mark: the numbers of a cell that is one, and nothing of prose."""
    words = re.findall(r"[^\W\d_]+", text)
    return re.findall(r"\d[\d.,]*\d|[.,]\d+", text) if len(words) < MOST_WORDS else []


@dataclass(frozen=True, slots=True)
class Column:
    """A column's cells, in one unit; said is how its unit and marks were taken, for the account."""

    cells: tuple[Cell, ...]
    unit: str | None
    said: str = ""


def column(
    values: Sequence[object],
    name: str = "",
    *,
    tokens: Mapping[str, Token] | None = None,
    mark: Mark | None = ".",
    declared: Mark | None = None,
    unit: str | None = None,
    births: Sequence[int] | None = None,
    gestation: bool = False,
) -> Column:
    """A whole column: its decimal mark and its unit are judged from all of it, and then kept to.

    births says how often each value stands, where values are distinct ones; gestation lets 36/40
    be 36 weeks, which in a table of counts it never is.

    >>> column(["450", "440 ml", "1.2 l"]).cells[2].number
    1200.0
    >>> column(["450", "460", "1.2 l"]).cells[2].said
    "'1.2 l' is in l where others have no unit: say units: {the column: ml}, or such"
    """
    settled = declared or mark_of(dict.fromkeys(map(text_of, values)), mark)
    cells = _each_once(values, tokens, settled)
    weights = list(births) if births is not None else [1] * len(cells)
    cells = _of_forty(cells) if gestation else cells
    named = unit or units.in_name(name)
    met = _met(cells, weights)
    if not met:
        return Column(tuple(cells), named)
    target, problem = _target(cells, weights, met, named)
    cells = [problem(cell) or into(cell, cell.unit, target) for cell in cells]
    return Column(tuple(cells), target, "" if target == "%" else f"in {target}")


def _each_once(
    values: Sequence[object], tokens: Mapping[str, Token] | None, mark: Mark | None
) -> list[Cell]:
    """Every cell read; a text that stands in many of them is read once."""
    known: dict[str, Cell] = {}
    found = []
    for value in values:
        cell = known.get(value) if isinstance(value, str) else None
        if cell is None:
            cell = read(value, tokens, mark)
            if isinstance(value, str):
                known[value] = cell
        found.append(cell)
    return found


def _of_forty(cells: list[Cell]) -> list[Cell]:
    """36/40 is a gestation of 36 weeks, where every fraction of the column is of forty."""
    parts = [cell for cell in cells if cell.state == "fraction"]
    if not parts or any(cell.of != 40 or cell.number > LONGEST for cell in parts):
        return cells
    if all(cell.state in ("fraction", "missing", "suppressed") for cell in cells) and (
        min(cell.number for cell in parts) < 20
    ):
        return cells  # nothing but parts of forty, and some too small: they are fractions
    return [_exact(cell.number, "weeks") if cell.state == "fraction" else cell for cell in cells]


def _met(cells: Iterable[Cell], weights: Iterable[int]) -> dict[str, int]:
    """How often each unit stands in the cells, the most frequent first."""
    met: dict[str, int] = {}
    for cell, weight in zip(cells, weights, strict=True):
        if cell.unit is not None:
            met[cell.unit] = met.get(cell.unit, 0) + weight
    return dict(sorted(met.items(), key=lambda item: -item[1]))


class _Problem:
    """Why a cell's unit, or the want of one, cannot be brought into the column's."""

    def __init__(self, family: str, bare: str = "", own: str = "") -> None:
        self.family, self.bare, self.own = family, bare, own

    def __call__(self, cell: Cell) -> Cell | None:
        if cell.state not in ("number", "bound"):
            return None
        shown = cell.said or f"{cell.number:g}"
        if cell.unit is None:
            return _wrong(shown, self.bare) if self.bare else None
        if units.family(cell.unit) != self.family:
            return _wrong(shown, f"is in {cell.unit} where others are in {self.family}")
        return _wrong(shown, f"is in {cell.unit} {self.own}") if self.own else None


def _target(
    cells: Sequence[Cell], weights: Sequence[int], met: Mapping[str, int], into: str | None
) -> tuple[str, _Problem]:
    """The unit a column is brought into, and what cannot be."""
    if into is not None:
        return into, _Problem(units.family(into))
    first = next(iter(met))
    base = units.family(first)
    bare = [
        (cell.number, weight)
        for cell, weight in zip(cells, weights, strict=True)
        if cell.state == "number" and cell.unit is None
    ]
    if not bare:
        return (first if len(met) == 1 else base), _Problem(base)
    sure = any(units.UNITS[unit][1] == 1 for unit in met)
    long = base == "weeks" and any(number > LONGEST for number, _ in bare)
    if sure and not long:
        return base, _Problem(base)  # a number without a unit is in the usual one, met beside it
    told = f"say units: {{the column: {base}}}, or such"
    if sum(weight for _, weight in bare) >= sum(met.values()):
        return base, _Problem(base, own=f"where others have no unit: {told}")
    return first, _Problem(base, bare=f"has no unit where others have {first}: {told}")


def into(cell: Cell, unit: str | None, target: str) -> Cell:
    """A cell in one unit brought into another of its family."""
    if unit is None or unit == target or cell.state not in ("number", "bound"):
        return cell
    times = units.factor(unit, target)
    ends = {
        name: round(getattr(cell, name) * times, DECIMALS) for name in ("number", "low", "high")
    }
    return replace(cell, **ends, unit=target)


def problem(number: float, name: str) -> str | None:
    """Why a number cannot be a count, or None."""
    if math.isnan(number):
        return None
    if number < 0:
        return f"'{name}' is below zero"
    if number != math.floor(number):
        return f"'{name}' is {number:g}, not a whole number"
    return None
