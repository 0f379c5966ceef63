"""Labels in a source, as the project's own sites and strata: matched or reported, never guessed."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from qi_equity import ethnicity
from qi_equity.errors import did_you_mean
from qi_equity.plain import REORDERING, UNSEEN
from qi_equity.project import EVERYONE, Dimension, Project, Strata
from qi_equity.strata import crossed

# What public tables call all their sites together.
TOTALS = frozenset({"all", "all sites", "england", "national", "total", "united states"})
KNOWN = 8192  # labels that are remembered: a column has few different ones
MANY = 200  # labels without a group, past which none is a slip of a group's name
FEW = 30  # choices worth listing in a message
# Between the labels of two crossed dimensions: no file holds it in a cell, and it is no space.
BETWEEN = "\u2063"


# What a copy from a web page or a document leaves around a word.
AROUND = string.whitespace + "\u00a0" + "".join(UNSEEN | REORDERING)


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
    """A cell as text, without what cannot be seen around it; nothing where it is empty.

    >>> text_of(" Black\\u200b ")
    'Black'
    """
    text = "" if label is None or label != label else str(label).strip()
    return text if text.isascii() else text.strip(AROUND)


def texts(cells: pd.Series) -> pd.Series:
    """A column of cells as text, each as `text_of` has it.

    >>> texts(pd.Series([" Black", None, 3])).tolist()
    ['Black', '', '3']
    """
    return pd.Series(list(map(text_of, cells.tolist())), index=cells.index, dtype=object)


# A label that adds up the groups of several others, wherever those stand beside it.
TOGETHER = re.compile(
    r"\b(?:bme|bame|(?:ethnic|racial) minorit(?:y|ies)|minority ethnic|global majority|non white)\b"
)
# What makes a group's name that of all its parts: Asian total, All Black.
PART_OF_TOTAL = re.compile(r"^all\b|\b(?:sub ?)?totals?\b")
CENSUSES = ("ons_2021", "nhs_16_plus_1", "msds_8")
ADDS_UP = "adds up other groups: those are counted, and not their sum"


def adds_up(label: str) -> bool:
    """Whether a label means several ethnic groups together, and not everyone.

    >>> adds_up("All BME"), adds_up("Ethnic minorities (total)"), adds_up("All women")
    (True, True, False)
    >>> adds_up("Asian total"), adds_up("All Black"), adds_up("All other ethnic groups")
    (True, True, False)
    """
    words = plain(label)
    rest = PART_OF_TOTAL.sub("", words).strip()
    subtotal = rest and rest != words and "other" not in rest and _is_stated(rest)
    return bool(subtotal) or TOGETHER.search(words) is not None


def _is_stated(words: str) -> bool:
    return any(ethnicity.recognise(words, scheme).status == "stated" for scheme in CENSUSES)


@dataclass(frozen=True, slots=True)
class Placed:
    """The group a label belongs to, or none and what to do; EVERYONE is a total."""

    group: str | None
    status: ethnicity.Status
    remedy: str = ""


def shown(label: str) -> str:
    """A label as a person reads it, of two dimensions where they are crossed."""
    return crossed(*label.split(BETWEEN)) if BETWEEN in label else label


def place(
    labels: Iterable[object], strata: Dimension, totals: Iterable[str] = ()
) -> Mapping[str, Placed]:
    """Where each distinct label or code goes; a group's own name always finds it.

    Where two dimensions are crossed a label is that of both, with BETWEEN between them, or the
    name of a cell.

    >>> from qi_equity.project import Group, Reference
    >>> mothers = Strata(code_system="nhs_16_plus_1", groups=(
    ...     Group(name="Black", codes=("M", "N", "P")),
    ...     Group(name="Not recorded", codes=("Z", "99"), unknown=True, missing=True)),
    ...     reference=Reference(compare_with="everyone else", reason="no group is the norm"))
    >>> {label: placed.group for label, placed in place(["n", "", "Total"], mothers).items()}
    {'n': 'Black', '': 'Not recorded', 'Total': 'Everyone'}
    """
    distinct = list(dict.fromkeys(text_of(label) for label in labels))
    if isinstance(strata, Strata) and strata.crossed_with is not None:
        return _in_both(distinct, strata, totals)
    codes = {group.name: group.codes for group in strata.groups}
    missing = next((group.name for group in strata.groups if group.missing), None)
    homes = ethnicity.homes(distinct, codes, strata.code_system, strata.roll_up, missing)
    names = {plain(name): name for name in codes}
    own_totals = {plain(label) for label in totals}
    mapped = {plain(label): group for label, group in strata.labels.items()}
    unknown = {group.name for group in strata.groups if group.unknown}
    placed = {}
    # Where hundreds have no group it is the column that is wrong, and no spelling.
    many = sum(group is None for group, _ in homes.values()) > MANY
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
        remedy = "" if group else _remedy(label, strata, hint=not many)
        if not group and adds_up(label):
            status, remedy = "total", f"'{label}' {ADDS_UP}"
        placed[label] = Placed(group, status, remedy)
    return placed


def _in_both(labels: list[str], strata: Strata, totals: Iterable[str]) -> dict[str, Placed]:
    """Where labels of two crossed dimensions go: to a cell; to everyone where both are totals."""
    second = strata.crossed_with
    assert second is not None
    pairs = {label: label.split(BETWEEN) for label in labels if BETWEEN in label}
    alone = Dimension(**{name: getattr(strata, name) for name in Dimension.model_fields})
    sides = [
        place([pair[at] for pair in pairs.values()], side, totals)
        for at, side in enumerate((alone, second))
    ]
    cells = {plain(cell.name): cell for cell in strata.cells}
    own_totals = {plain(label) for label in totals}
    placed = {}
    for label in labels:
        if label in pairs:
            one, two = (side[part] for side, part in zip(sides, pairs[label], strict=True))
            placed[label] = _crossed(label, one, two)
        elif plain(label) in cells:
            cell = cells[plain(label)]
            placed[label] = Placed(cell.name, "not known" if cell.unknown else "stated")
        elif plain(label) in own_totals or ethnicity.is_total(label):
            placed[label] = Placed(EVERYONE, "total")
        else:
            names = [cell.name for cell in strata.cells]
            hint = did_you_mean(label, names) if len(names) <= FEW else ""
            placed[label] = Placed(None, "invalid", f"no crossed group is called '{label}'{hint}")
    return placed


def _crossed(label: str, one: Placed, two: Placed) -> Placed:
    if one.group is None or two.group is None:
        return Placed(None, "invalid", one.remedy or two.remedy)
    over = [side.status == "total" for side in (one, two)]
    if all(over):
        return Placed(EVERYONE, "total")
    if any(over):
        told = f"'{shown(label)}' adds up over one dimension: its cells are counted, not their sum"
        return Placed(None, "total", told)
    status = next((side.status for side in (one, two) if side.status != "stated"), one.status)
    return Placed(crossed(one.group, two.group), status)


def _remedy(label: str, strata: Dimension, *, hint: bool) -> str:
    if not label:
        return f"no {strata.dimension} is recorded: mark the group for it with missing: true"
    known = [name for group in strata.groups for name in (group.name, *group.codes)]
    meant = did_you_mean(label, known) if hint and len(known) <= FEW else ""
    return f"no group has the {strata.dimension} '{label}'{meant}"


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
