"""How names and phrases are written within a sentence; no sentence of its own."""

from __future__ import annotations

from collections.abc import Iterable

from qi_equity.project import ALL_SITES, BEST_AT_BASELINE, EVERYONE, EVERYONE_ELSE
from qi_equity.words import say

# Names that are ours and not a team's, with the name of the text they are shown as.
OURS = {
    EVERYONE: "everyone",
    ALL_SITES: "all_sites",
    EVERYONE_ELSE: "everyone_else",
    BEST_AT_BASELINE: "best_at_baseline",
}


def called(name: str) -> str:
    """A stratum, a site or a reference as it is shown; what a team named keeps its name.

    >>> called("Everyone"), called("Black")
    ('Everyone', 'Black')
    """
    return say(f"labels.ours.{OURS[name]}") if name in OURS else name


def sentence(text: str, stop: str = ".") -> str:
    """Words as a sentence: a capital first, a stop last.

    >>> sentence("too few events"), sentence("Done.")
    ('Too few events.', 'Done.')
    """
    text = text[:1].upper() + text[1:]
    return text if not text or text.endswith((".", "!", "?")) else text + stop


def first_up(text: str) -> str:
    """Words with a capital first, as they stand alone in a cell or a heading.

    >>> first_up("too few events")
    'Too few events'
    """
    return sentence(text, stop="")


def inside(text: str) -> str:
    """A name as it stands within a sentence; abbreviations keep their capitals.

    >>> inside("Labour induced"), inside("HbA1c known"), inside("PPH")
    ('labour induced', 'HbA1c known', 'PPH')
    """
    first, _, _ = text.partition(" ")
    return text if first[1:] != first[1:].lower() else text[:1].lower() + text[1:]


def listed(names: Iterable[str]) -> str:
    """Names one after another.

    >>> listed(["Black", "Asian"])
    'Black, Asian'
    """
    return say("language.comma").join(names)
