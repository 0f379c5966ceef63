"""Codes of ethnicity, deprivation and language as data: what was recorded, and its groups.

The code in the source, its scheme and version are kept; rolling up happens when data are analysed.
Not stated (asked, and chose not to say), not known (nobody asked) and missing (left empty) are
three different things, and none of them is ever guessed or shared out. The tables themselves are
ethnicity.csv and language.csv beside this file: language is no part of ethnicity, and has its own.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from qi_equity.errors import UserError, did_you_mean

Status = Literal["stated", "not stated", "not known", "missing", "invalid", "outside", "total"]

OWN = "own"  # the code system of a team that brings its own words
# How those without a stated group are called where codes are rolled up.
UNSTATED: Mapping[str, str] = MappingProxyType(
    {
        "not stated": "Not stated",
        "not known": "Not known",
        "missing": "Missing",
        "invalid": "Invalid code",
        "outside": "Cannot be ranked",
        "total": "Total",
    }
)
# Ways an empty field is written out by spreadsheets and data frames.
EMPTY = frozenset({"", "nan", "nat", "<na>", "none", "null", "n/a", "na", "-", "–", "—", ".", "?"})
# A team's own words for those without a stated group.
OWN_UNSTATED: Mapping[str, Status] = MappingProxyType(
    {
        **dict.fromkeys(("not stated", "prefer not to say", "declined", "refused"), "not stated"),
        **dict.fromkeys(("not known", "unknown", "not asked"), "not known"),
        **dict.fromkeys(("missing", "blank"), "missing"),
    }
)
# A trust's own second character: a digit, or a letter after the codes of "any other" that the 2001
# census divides by letters (CP Polish, LE Sri Lankan). NS, NA and DK are words, and no Africans.
LOCAL = re.compile(r"[A-Z][0-9]|[CGLPSZ][A-Z]", re.IGNORECASE)
TOTALS = frozenset(
    {
        *("total", "all", "all groups", "all races ethnicity", "england", "everyone", "overall"),
        *("grand total", "all women", "all births", "all mothers", "all ethnic groups"),
    }
)


@dataclass(frozen=True, slots=True)
class Code:
    """One value of a scheme; rank 1 is the most deprived, in whichever direction it is coded."""

    code: str
    label: str
    status: Status
    rank: int | None
    groups: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Scheme:
    """A code system: its version, its codes, and every way they are written."""

    name: str
    version: str
    codes: Mapping[str, Code]
    spellings: Mapping[str, Code]
    direction: str | None = None

    @property
    def roll_ups(self) -> tuple[str, ...]:
        """The roll-ups that every stated code of this scheme has a group in."""
        stated = [set(code.groups) for code in self.codes.values() if code.status == "stated"]
        return tuple(sorted(set.intersection(*stated)))

    def groups_of(self, roll_up: str | None) -> tuple[str, ...]:
        """The groups of a roll-up, in the order of the table."""
        named = (code.groups.get(roll_up or "") for code in self.codes.values())
        return tuple(dict.fromkeys(name for name in named if name))


@dataclass(frozen=True, slots=True)
class Recorded:
    """A value as the source has it, and what it means in its scheme."""

    source: str
    scheme: str
    version: str
    code: str | None
    label: str
    status: Status


# name: (version, direction of the numbers)
VERSIONS: Mapping[str, tuple[str, str | None]] = MappingProxyType(
    {
        "nhs_16_plus_1": ("NHS Data Dictionary ETHNIC CATEGORY, 2001 census categories", None),
        "ons_2021": ("Office for National Statistics, 2021 census, England and Wales", None),
        "ons_2011": ("Office for National Statistics, 2011 census, England and Wales", None),
        "msds_8": ("Maternity Services Data Set, published labels", None),
        "msds_continuity_4": ("Maternity Services Data Set, continuity of carer, 2025", None),
        "cdc_nchs": ("US National Center for Health Statistics, race and Hispanic origin", None),
        "imd_decile": ("Index of Multiple Deprivation, tenths", "1 is most deprived"),
        "imd_decile_reversed": ("Index of Multiple Deprivation, tenths", "1 is least deprived"),
        # A need for an interpreter is yes or no, as in HL7 FHIR's patient-interpreterRequired and
        # LOINC 54588-9, Interpreter needed.
        "interpreter": ("Need for an interpreter, HL7 FHIR patient-interpreterRequired", None),
        "english_2021": (
            "Office for National Statistics, 2021 census, England and Wales: English spoken",
            None,
        ),
        "language_639_1": ("ISO 639-1 codes of languages, with British Sign Language", None),
        "imd_quintile": ("Index of Multiple Deprivation, fifths", "1 is most deprived"),
        "imd_quintile_reversed": (
            "Index of Multiple Deprivation, fifths, as the National Maternity and Perinatal Audit",
            "1 is least deprived",
        ),
    }
)
# Why a scheme cannot be rolled up in some way that another can.
CANNOT: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("msds_8", "ons_5"): "it counts Chinese under Other and the census counts it under Asian",
        ("msds_8", "nhs_6"): "it does not tell Chinese from any other ethnic group",
        ("msds_continuity_4", "nhs_5"): "it adds Asian, Black and Mixed together",
        ("msds_continuity_4", "ons_5"): "it adds Asian, Black and Mixed together",
    }
)


@cache
def _rows() -> tuple[dict[str, str], ...]:
    here = Path(__file__)
    texts = [here.with_name(name).read_text(encoding="utf-8") for name in TABLES]
    return tuple(row for text in texts for row in csv.DictReader(text.splitlines()))


@cache
def _read(name: str) -> Scheme:
    codes: dict[str, Code] = {}
    spellings: dict[str, Code] = {}
    for row in (row for row in _rows() if row["scheme"] == name):
        roll_ups = {to: row[to] for to in ROLL_UPS if row.get(to)}
        rank = int(row["rank"]) if row["rank"] else None
        status: Status = next(each for each in get_args(Status) if each == row["status"])
        code = Code(row["code"], row["label"], status, rank, MappingProxyType(roll_ups))
        codes[code.code] = code
        for spelling in (code.code, code.label, *filter(None, row["aliases"].split("|"))):
            spellings.setdefault(_words(spelling), code)
    version, direction = VERSIONS[name]
    return Scheme(name, version, codes, spellings, direction)


class Schemes(Mapping[str, Scheme]):
    """Every code system by its name; each is read from its table when it is asked for."""

    def __getitem__(self, name: str) -> Scheme:
        if name not in VERSIONS:
            raise KeyError(name)
        return _read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(VERSIONS)

    def __len__(self) -> int:
        return len(VERSIONS)


def _words(text: str) -> str:
    """A label without case and punctuation, which drift from one release to the next."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold().replace("&", " and ")))


# Chinese is Other in nhs_5 (and the Maternity Services Data Set), Asian in ons_5 (the census since
# 2011), and a group of its own in nhs_6. nmpa_4 is how the National Maternity and Perinatal Audit
# reports; its Other holds Mixed. nchs_4 is how US infant deaths are usually published.
# language_2 and english_2 are ours: whether English is the language, or is spoken well.
ROLL_UPS = ("nhs_5", "nhs_6", "ons_5", "nmpa_4", "nchs_4", "imd_5", "language_2", "english_2")
TABLES = ("ethnicity.csv", "language.csv")
SCHEMES = Schemes()


def recognise(value: object, scheme: str) -> Recorded:
    """What a recorded value means; in the NHS set the first of two characters is the national one.

    >>> [recognise(value, "nhs_16_plus_1").status for value in ("m", "N7", "Z", "99", None, "Q")]
    ['stated', 'stated', 'not stated', 'not known', 'missing', 'invalid']
    >>> [recognise(value, "nhs_16_plus_1").status for value in ("LE", "NS", "DK", "BA")]
    ['stated', 'invalid', 'invalid', 'invalid']
    """
    known = _scheme(scheme)
    text = "" if value is None else str(value).strip()
    whole = re.sub(r"\.0$", "", text)  # a spreadsheet's number: 99.0
    found = known.spellings.get(_words(whole))
    if found is None and scheme == "nhs_16_plus_1" and LOCAL.fullmatch(whole):
        found = known.codes.get(whole[0].upper())
    if found is not None:
        return Recorded(text, scheme, known.version, found.code, found.label, found.status)
    return Recorded(text, scheme, known.version, None, *_without_code(whole))


def _without_code(text: str) -> tuple[str, Status]:
    if text.casefold() in EMPTY:
        return UNSTATED["missing"], "missing"
    if _words(text) in TOTALS:
        return UNSTATED["total"], "total"
    return UNSTATED["invalid"], "invalid"


def roll_up(recorded: Recorded, to: str) -> str:
    """The group of a recorded value; without a stated one, which kind of unknown it is.

    >>> chinese = recognise("R", "nhs_16_plus_1")
    >>> roll_up(chinese, "nhs_5"), roll_up(chinese, "ons_5")
    ('Other', 'Asian')
    """
    known = _scheme(recorded.scheme)
    check_roll_up(known, to)
    if recorded.status != "stated" or recorded.code is None:
        return UNSTATED[recorded.status]
    return known.codes[recorded.code].groups[to]


def homes(
    values: Iterable[object],
    codes: Mapping[str, Iterable[str]],
    scheme: str = OWN,
    roll_up_to: str | None = None,
    missing: str | None = None,
) -> dict[object, tuple[str | None, Status]]:
    """The team's group of each value, and how it was recorded; None where it has no group.

    codes are each group's own, or groups of the roll-up; a group without codes is the roll-up's
    group of that name. Empty fields go to the group called missing. A label that stands there and
    is no code of the scheme has no group: somebody stated it, so it is never "not stated".

    >>> homes(["h", "Z", ""], {"Asian": ["H", "J"], "Unknown": ["Z"]}, "nhs_16_plus_1",
    ...       missing="Unknown")
    {'h': ('Asian', 'stated'), 'Z': ('Unknown', 'not stated'), '': ('Unknown', 'missing')}
    """
    home = {
        code: name
        for name, listed in codes.items()
        for each in listed or (name,)
        for code in members(each, scheme, roll_up_to)
    }
    found: dict[object, tuple[str | None, Status]] = {}
    for value in values:
        code, status = _code(value, scheme, home)
        fallback = missing if status == "missing" else None
        found[value] = (home.get(code or "", fallback), status)
    return found


def members(word: str, scheme: str = OWN, roll_up_to: str | None = None) -> tuple[str, ...]:
    """The codes a word in a project file stands for: itself, or a group of the roll-up.

    >>> members("Black", "nhs_16_plus_1", "nhs_5")
    ('M', 'N', 'P')
    """
    if scheme == OWN:
        return (_own(word),)
    known = _scheme(scheme)
    if roll_up_to is not None:
        check_roll_up(known, roll_up_to)
        rolled = [c.code for c in known.codes.values() if c.groups.get(roll_up_to) == word]
        if rolled:
            return tuple(rolled)
    code = recognise(word, scheme).code
    return () if code is None else (code,)


def check_roll_up(scheme: Scheme, to: str | None) -> None:
    """Raise UserError with the reason where a scheme cannot be rolled up so; None is no roll-up."""
    if to is None or to in scheme.roll_ups:
        return
    because = CANNOT.get((scheme.name, to))
    if because:
        raise UserError(f"'{scheme.name}' cannot be rolled up to '{to}': {because}")
    choices = did_you_mean(to, scheme.roll_ups) if scheme.roll_ups else "; it has none"
    raise UserError(f"'{scheme.name}' has no roll-up called '{to}'{choices}")


def quintile(recorded: Recorded) -> int | None:
    """The fifth of deprivation, 1 the most deprived, whichever way the source counts.

    >>> quintile(recognise(10, "imd_decile")), quintile(recognise(1, "imd_quintile_reversed"))
    (5, 5)
    """
    known = _scheme(recorded.scheme)
    rank = known.codes[recorded.code].rank if recorded.code else None
    if rank is None:
        return None
    return (rank + 1) // 2 if "decile" in recorded.scheme else rank


def in_order(
    codes: Mapping[str, Iterable[str]], scheme: str = OWN, roll_up_to: str | None = None
) -> tuple[str, ...]:
    """The groups of codes that have a rank, the most deprived first; none where codes have none.

    >>> in_order({"Better off": ["4", "5"], "Worse off": ["1", "2", "3"]}, "imd_quintile")
    ('Worse off', 'Better off')
    """
    ranks: dict[str, float] = {}
    for name, listed in codes.items():
        found = [code for each in listed or (name,) for code in members(each, scheme, roll_up_to)]
        own = [SCHEMES[scheme].codes[code].rank for code in found] if scheme != OWN else []
        known = [rank for rank in own if rank is not None]
        if known:
            ranks[name] = sum(known) / len(known)
    return tuple(sorted(ranks, key=lambda name: ranks[name]))


def alike(labels: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Labels that differ in spelling and look like one group: drift between releases.

    >>> alike(["Black NH", "Black Non-Hispanic", "White NH", "Not known", "Not Known"])
    (('Black NH', 'Black Non-Hispanic'), ('Not known', 'Not Known'))
    """
    together: dict[object, list[str]] = {}
    for label in dict.fromkeys(labels):
        words = _words(label)
        found = SCHEMES["cdc_nchs"].spellings.get(words)
        same = words if found is None or found.status != "stated" else found.code
        together.setdefault(same, []).append(label)
    return tuple(tuple(group) for group in together.values() if len(group) > 1)


def is_total(label: str) -> bool:
    """Whether a label means everybody.

    >>> is_total("All women"), is_total("Black women")
    (True, False)
    """
    return _words(label) in TOTALS


def _own(text: str) -> str:
    return " ".join(text.casefold().split())


def _code(value: object, scheme: str, home: Mapping[str, str]) -> tuple[str | None, Status]:
    if scheme != OWN:
        recorded = recognise(value, scheme)
        return recorded.code, recorded.status
    text = "" if value is None else _own(str(value))
    if text in home:  # a team's own word wins: "-" or "all" may be one of its codes
        return text, OWN_UNSTATED.get(_words(text), "stated")
    return None, _without_code(text)[1]


def _scheme(name: str) -> Scheme:
    if name not in VERSIONS:
        hint = did_you_mean(name, [OWN, *VERSIONS])
        raise UserError(f"there is no code system called '{name}'{hint}")
    return _read(name)
