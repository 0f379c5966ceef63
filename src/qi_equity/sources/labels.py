"""Labels in a source, as the project's own sites and strata: matched or reported, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from qi_equity import ethnicity
from qi_equity.errors import did_you_mean
from qi_equity.project import EVERYONE, Project, Strata

# What public tables call all their sites together.
TOTALS = frozenset({"all", "all sites", "england", "national", "total", "united states"})
KNOWN = 8192  # labels that are remembered: a column has few different ones
FEW = 30  # choices worth listing in a message


def plain(label: object) -> str:
    """A label without case and punctuation, which drift from one release to the next.

    >>> plain("Asian or Asian-British") == plain("ASIAN OR ASIAN BRITISH")
    True
    """
    return _plain(str(label))


@lru_cache(maxsize=KNOWN)
def _plain(label: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", label.casefold()))


def text_of(label: object) -> str:
    """A cell as text; an empty one, or not a number, as nothing."""
    return "" if label is None or label != label else str(label).strip()


@dataclass(frozen=True, slots=True)
class Placed:
    """The group a label belongs to, or none and what to do; EVERYONE is a total."""

    group: str | None
    status: ethnicity.Status
    remedy: str = ""


def place(
    labels: Iterable[object], strata: Strata, totals: Iterable[str] = ()
) -> Mapping[str, Placed]:
    """Where each distinct label or code goes; a group's own name always finds it.

    >>> from qi_equity.project import Group, Reference
    >>> mothers = Strata(code_system="nhs_16_plus_1", groups=(
    ...     Group(name="Black", codes=("M", "N", "P")),
    ...     Group(name="Not recorded", codes=("Z", "99"), unknown=True, missing=True)),
    ...     reference=Reference(compare_with="everyone else", reason="no group is the norm"))
    >>> {label: placed.group for label, placed in place(["n", "", "Total"], mothers).items()}
    {'n': 'Black', '': 'Not recorded', 'Total': 'Everyone'}
    """
    distinct = list(dict.fromkeys(text_of(label) for label in labels))
    codes = {group.name: group.codes for group in strata.groups}
    missing = next((group.name for group in strata.groups if group.missing), None)
    homes = ethnicity.homes(distinct, codes, strata.code_system, strata.roll_up, missing)
    names = {plain(name): name for name in codes}
    own_totals = {plain(label) for label in totals}
    mapped = {plain(label): group for label, group in strata.labels.items()}
    unknown = {group.name for group in strata.groups if group.unknown}
    placed = {}
    for label in distinct:
        group, status = homes[label]
        if label and plain(label) in mapped:
            group = mapped[plain(label)]
            status = "not known" if group in unknown else "stated"
        elif plain(label) in own_totals:
            group, status = EVERYONE, "total"
        elif status != "stated" and plain(label) in names:
            group, status = names[plain(label)], "stated"
        elif status == "total":
            group = EVERYONE
        remedy = "" if group else _remedy(label, strata)
        placed[label] = Placed(group, status, remedy)
    return placed


def _remedy(label: str, strata: Strata) -> str:
    if not label:
        return f"no {strata.dimension} is recorded: mark the group for it with missing: true"
    known = [name for group in strata.groups for name in (group.name, *group.codes)]
    hint = did_you_mean(label, known) if len(known) <= FEW else ""
    return f"no group has the {strata.dimension} '{label}'{hint}"


class Sites:
    """Finds the site a label stands for, by id or name."""

    def __init__(self, project: Project) -> None:
        self.ids = [site.id for site in project.sites]
        self.only = self.ids[0] if len(self.ids) == 1 else None
        self._found = {plain(site.name): site.id for site in project.sites}
        self._found.update({plain(site.id): site.id for site in project.sites})

    def find(self, label: object) -> str | None:
        """The site's id, or None."""
        return self._found.get(plain(text_of(label)))

    def is_total(self, label: object) -> bool:
        """Whether a label means all sites together, where no site is called so."""
        return self.find(label) is None and plain(text_of(label)) in TOTALS

    def remedy(self, label: object) -> str:
        """What to do about a label that is no site's."""
        hint = did_you_mean(text_of(label), self.ids) if len(self.ids) <= FEW else ""
        return f"no site of the project is called '{text_of(label)}'{hint}"
