"""A new project file out of an example's text, comments and all; nothing is written here."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from datetime import date, timedelta

from qi_equity.errors import UserError, did_you_mean

HEADER = """\
# {title}: a project file made from the example {base}.
#
# Change it line by line; `qi-equity check` says what is still wrong, with line and column.
#   1. aim: for whom, from where to where, by when. An equity aim is not optional.
#   2. sites: the units that log.
#   3. strata: your own groups, and whom you compare with. There is no usual reference; say why.
#   4. measures: one outcome, one or two process measures, one balancing measure.
# Dates are written 2025-01-31. Codes that look like numbers stand in quotes: "99".

"""

SITES = """\
network: Our network
sites:
  - {id: our_unit, name: Our unit}
"""

STRATA = """\
  code_system: ons_2021 # the groups of the 2021 census, where Chinese is in Asian
  roll_up: ons_5 # Are your codes the letters A to Z of 2001? Say nhs_16_plus_1, and nhs_5 here:
  # Chinese is then in Other. `qi-equity labels` shows every label of a file and its group.
  groups: # in the order of the alphabet: an order by rate would be a league table
    - {name: Asian}
    - {name: Black}
    - {name: Mixed}
    - {name: Other}
    - {name: White}
    - name: Not stated or not known
      codes: [Not stated, Not known] # asked and not stated; nobody asked
      missing: true # records left empty
      unknown: true # always shown, never compared, never shared out among the other groups
"""

CYCLES = """\
# PDSA cycles, as they happen. Take the # away from the lines of your first one.
# cycles:
#   - id: first_test
#     title: What we try first
#     start: 2025-01-06
#     end: 2025-02-16
#     sites: [our_unit]
#     plan: What we will do, and what we expect to see, for whom.
#     do: What happened.
#     study: What the charts said, for each group.
#     act: Adopt, adapt or abandon, and what comes next.
"""


EQUITY = """\
# What `qi-equity check --equity` asks. Take the # away and answer in your own words.
# co_production: who of the communities decides with us, on what, and how they are paid
# language: how language and the need for an interpreter are recorded
# share_back: to whom results go back, how, when and in which languages
"""


def scaffold_from(
    example: str, name: str, base: str, today: date, *, definition: bool, said: Mapping[str, str]
) -> str:
    """The example under a new name, without its made-up sites, cycles and answers.

    A definition of the library has no team: what it says of equity holds until `said` takes the
    place of it, a text for each of its keys. What its aims are to be reached by lies ahead.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name):
        raise UserError(
            f"'{name}' cannot be a project's name; use small letters, digits and _, "
            "starting with a letter, such as our_project"
        )
    title = name.replace("_", " ").capitalize()
    schema_line, _, rest = example.partition("\n")
    schema_line = schema_line.replace("=../", "=./")  # the library lies a folder deeper
    rest = rest[re.search(r"^\w", rest, re.MULTILINE).start() :]  # type: ignore[union-attr]
    for key, new in (
        ("id", f"id: {name}\n"),
        ("title", f"title: {title}\n"),
        ("synthetic", ""),
        ("network", ""),
        ("sites", SITES),
        ("cycles", CYCLES),
        ("note", ""),
        *(() if definition else EXAMPLES_OWN),
    ):
        rest = _replaced(rest, key, new)
    for key, text in said.items():
        if key not in TO_SAY:
            raise UserError(f"nothing called '{key}' can be said here{did_you_mean(key, TO_SAY)}")
        rest = _said(rest, key, text)
    # The codes of 2001 are the examples'; a new project begins with those of the newest census.
    if re.search(r"^  code_system: nhs_16_plus_1", rest, flags=re.MULTILINE):
        part = r"^  code_system:.*\n(?:.*\n)*?(?=^  reference:)"
        rest = re.sub(part, lambda found: STRATA, rest, count=1, flags=re.MULTILINE)
    rest = re.sub(r"^    answer:.*\n(?: {6}.*\n)*", "", rest, flags=re.MULTILINE)
    asked = "" if definition or said else f"\n{EQUITY}"
    rest = _ahead(rest, today)
    return f"{schema_line}\n{HEADER.format(title=title, base=base)}{rest}{asked}"


DATED = re.compile(r"\b(start|end|by): (\d{4}-\d{2}-\d{2})\b")
# A year that leaves every day of the week where it was, and is never longer than one.
YEAR_OF_WEEKS = timedelta(weeks=52)


def _ahead(text: str, today: date) -> str:
    """The text with its dates moved by whole years until every aim has half a year left."""
    until = [date.fromisoformat(day) for what, day in DATED.findall(text) if what == "by"]
    years = 0
    while until and _later(text, min(until), years) < today + YEAR_OF_WEEKS / 2:
        years += 1
    return DATED.sub(
        lambda found: f"{found[1]}: {_later(text, date.fromisoformat(found[2]), years)}", text
    )


def _later(text: str, day: date, years: int) -> date:
    """So many years later: on the same day of the week; of the month where months are counted."""
    if "subgroup: month" in text:
        return day.replace(year=day.year + years, day=min(day.day, 28) if years else day.day)
    return day + years * YEAR_OF_WEEKS


# What a new file says until its team says it, with the words that `check` asks for it in.
TO_REPLACE = (
    ("Our network", "name your network, or take the line away"),
    ("Our unit", "name your unit"),
    ("Write the network's name", "name your network, or take the line away"),
    ("Write the site's name", "name your unit"),
    ("Write who this is about", "say who your population is"),
    ("Write why this comparison, in your words", "give your reason for it"),
    ("Write what is counted", "say what counts as an event"),
    ("Write what is measured", "say what is measured, and from when to when"),
    ("Write out of whom", "say among whom it is counted"),
    ("Write which births count", "say what counts as an event"),
    ("# a guess: for whom is this aim?", "name the group, and take this remark away"),
    ("# a guess: where is it now, and what do you aim at?", "say both, and take this remark away"),
    ("# a guess: which way is better?", "say increase or decrease, and take this remark away"),
    ("in the ten units of the network", "say who your population is"),
)


def left_in(text: str) -> list[tuple[int, int, str]]:
    """Line, column and what to do, of each part that still stands as a new file had it.

    >>> left_in("network: Our network # and no more")
    [(1, 10, "'Our network' is still as it came: name your network, or take the line away")]
    """
    lines = text.splitlines()
    return [
        (number, line.index(words) + 1, f"'{words}' is still as it came: {ask}")
        for number, line in enumerate(lines, 1)
        for words, ask in TO_REPLACE
        if words in (line if words.startswith("#") else line.partition(" #")[0])
    ]


TO_SAY = ("co_production", "language", "share_back", "note")
# What the made-up team of an example did and reasons for: no other team did it.
EXAMPLES_OWN = tuple(
    (key, "") for key in ("co_production", "language", "share_back", "equity_reasons")
)


def _said(text: str, key: str, said: str) -> str:
    """The text with a key of its own said anew, and without the reason why it was not."""
    without = re.sub(rf"^  {key}:.*\n(?: {{4}}.*\n)*", "", _part(text, REASONS), flags=re.MULTILINE)
    kept = without if re.search(r"^ ", without, flags=re.MULTILINE) else ""
    lines = textwrap.wrap(" ".join(said.split()), 96, break_long_words=False)
    written = f"{key}: >-\n" + "".join(f"  {line}\n" for line in lines)
    text = _replaced(_replaced(text, REASONS, kept), key, "")
    return f"{text.rstrip()}\n\n{written}"


REASONS = "equity_reasons"


def _part(text: str, key: str) -> str:
    """One top-level part as it is written; nothing where there is none."""
    found = re.search(PART.format(key), text, flags=re.MULTILINE)
    return found[0] if found else ""


PART = r"^{}:.*\n(?:[ ].*\n|\n(?=[ ]))*"


def _replaced(text: str, key: str, new: str) -> str:
    """The text with one top-level part replaced; its empty lines after it stay."""
    return re.sub(PART.format(key), lambda found: new, text, count=1, flags=re.MULTILINE)
