"""Ethnic groups in the names and cells of a sheet's columns; where they go is not said here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from qi_equity import ethnicity
from qi_equity.sources.labels import adds_up, plain, text_of

LOOKED = 500  # rows looked through to see what a column holds


def share_of_groups(texts: Iterable[object]) -> float:
    """The share of labels that are ethnic groups in any code list."""
    labels = list(dict.fromkeys(filter(None, map(text_of, texts))))
    known = [label for label in labels if is_ethnic(label)]
    return len(known) / len(labels) if labels else 0.0


def is_ethnic(label: str) -> bool:
    """Whether a label is one of an ethnic group, or of having none recorded.

    >>> [is_ethnic(label) for label in ("Black African", "Asian", "Refused", "PPH", "2")]
    [True, True, True, False, False]
    """
    if label.isdigit() and label != "99":
        return False
    return any(
        ethnicity.recognise(label, scheme).status in ("stated", "not stated", "not known", "total")
        for scheme in ("nhs_16_plus_1", "ons_2021", "msds_8", "cdc_nchs")
    )


def is_total(label: str) -> bool:
    """Whether a label is of everyone, whatever they are called.

    >>> is_total("All women"), is_total("Grand total"), is_total("Alloa")
    (True, True, False)
    """
    if adds_up(label):
        return False
    return ethnicity.recognise(label, "msds_8").status == "total" or bool(
        re.fullmatch(r"(?:\w+ )?totals?\b.*|all\b.*|overall\b.*", plain(label))
    )


def names_a_group(name: str, given: pd.Series) -> bool:
    """Whether a column is that of one group: its cells hold dates or blanks, and no labels."""
    words = [text for text in map(text_of, given.head(LOOKED)) if text]
    group = group_in(name)
    return group is not None and len(group) >= len(name) / 2 and not any(map(is_ethnic, words))


def group_in(name: str) -> str | None:
    """The ethnic group in a column's name, the longest there is."""
    words = name.split()
    spans = [
        " ".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
    ]
    found = [span for span in spans if is_ethnic(span) and not is_total(span) and len(span) > 2]
    # Of the same words the span without marks around them: "Indian", and not "Indian %".
    return max(found, key=lambda span: (len(plain(span)), -len(span)), default=None)


def without(name: str, group: str) -> str:
    """What a column's name says beside its group: PPH, of Black African PPH."""
    """What a column's name says beside its group: PPH, of Black African PPH."""
    return " ".join(name.replace(group, " ").split()).strip(" -:_")


def called_alike(groups: Mapping[str, str], others: Sequence[str]) -> dict[str, str]:
    """Columns named as those of the groups are, of one that no code list knows: Nepalese PPH."""
    rests = {rest for name, group in groups.items() if (rest := without(name, group))}
    found = {}
    for name in others:
        for rest in sorted(rests, key=len, reverse=True):
            group = re.sub(rf"(?:^{re.escape(rest)}\b|\b{re.escape(rest)}$)", "", name).strip(
                " -:_"
            )
            if group != name and re.search(r"[^\W\d]", group) and not is_total(group):
                found[name] = group
                break
    return found
