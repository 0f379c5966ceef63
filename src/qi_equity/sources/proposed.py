"""The labels of a file with their counts and groups, and a group for those that have none.

A proposal is only ever shown: the project file decides where a label goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from qi_equity import ethnicity
from qi_equity.project import Strata
from qi_equity.sources.account import Imported
from qi_equity.sources.labels import plain, text_of

# The code lists that a label may be of, the newest first.
LISTS = (
    ("ons_2021", "ons_5"),
    ("nhs_16_plus_1", "nhs_5"),
    ("msds_8", "nhs_5"),
)
# How alike a slip and the word meant are: one letter in eight, as "Carribbean" and "Caribbean", or
# two that changed places, as "Afircan".
ALIKE = 0.85
UNSTATED = ("not stated", "not known", "missing")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label of a file: how many rows or births have it, its group, or the one proposed."""

    label: str
    count: int
    status: str
    group: str | None
    proposed: str | None = None


def labelled(strata: Strata, imported: Imported) -> list[Labelled]:
    """Every label of an import, those without a group first and then the most frequent."""
    found = []
    for row in imported.codes.to_dict("records"):
        label = text_of(row["code"])
        group = text_of(row["stratum"]) or None
        proposed = None if group else propose(label, strata)
        found.append(Labelled(label, int(row["count"]), str(row["status"]), group, proposed))
    return sorted(found, key=lambda one: (one.group is not None, -one.count, one.label))


def propose(label: str, strata: Strata) -> str | None:
    """The group of the project that a label most likely means, or None.

    >>> from qi_equity.project import Group, Reference
    >>> mothers = Strata(groups=(Group(name="Black"), Group(name="Not recorded", unknown=True)),
    ...     reference=Reference(compare_with="everyone else", reason="no group is the norm"))
    >>> [propose(label, mothers) for label in ("Afro-Carribean", "Refused", "Martian")]
    ['Black', 'Not recorded', None]
    """
    for scheme, roll_up in LISTS:
        group = _group(meant(label, scheme), roll_up, strata)
        if group is not None:
            return group
    return None


def meant(label: str, scheme: str) -> ethnicity.Recorded:
    """What a label is, or is a slip of, or has the words of in another order.

    >>> meant("Afircan", "ons_2021").code
    'Black, Black British, Black Welsh, Caribbean or African: African'
    >>> meant("Martian", "ons_2021").code is None
    True
    """
    known = ethnicity.recognise(label, scheme)
    if known.status != "invalid":
        return known
    words = sorted(plain(label).split())
    spellings = list(_spellings(scheme))
    turned = [each for each in spellings if sorted(plain(each).split()) == words]
    close = turned or get_close_matches(plain(label), spellings, n=1, cutoff=ALIKE)
    return ethnicity.recognise(close[0], scheme) if close else known


def _spellings(scheme: str) -> Iterable[str]:
    # Codes of a letter or two are alike to anything short.
    return [spelling for spelling in ethnicity.SCHEMES[scheme].spellings if len(spelling) > 3]


def _group(code: ethnicity.Recorded, roll_up: str, strata: Strata) -> str | None:
    if code.status in UNSTATED:
        named = ethnicity.UNSTATED[code.status]
        unknown = [group.name for group in strata.groups if group.unknown]
        own = [name for name in unknown if plain(name) == plain(named)]
        return next(iter([*own, *unknown]), None)
    if code.status != "stated":
        return None
    wanted = {plain(ethnicity.roll_up(code, roll_up)), plain(code.label)}
    return next((group.name for group in strata.groups if plain(group.name) in wanted), None)
