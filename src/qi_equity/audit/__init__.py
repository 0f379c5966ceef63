"""The equity audit of an area: many sources, one register of gaps, a report, a plan.

Sums are those of `equity`, sentences those of `words`; what is put together here is whose figures
are beside whose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from qi_equity.audit.beside import Pair, pairs
from qi_equity.audit.coding import Coding, coding
from qi_equity.audit.file import check, load, schema_text
from qi_equity.audit.model import Audit
from qi_equity.audit.register import Register, register
from qi_equity.audit.taken import Taken, take, to_five
from qi_equity.words.numbers import whole

__all__ = ["Audit", "Audited", "audited", "check", "load", "register", "schema_text"]


@dataclass(frozen=True, slots=True, eq=False)
class Audited:
    """All that an audit found."""

    audit: Audit
    taken: Taken
    register: Register
    coding: Coding
    pairs: tuple[Pair, ...]
    counts: pd.DataFrame  # of the period, by source, dimension, indicator, place and group
    folders: tuple[Path, ...]

    def count(self, number: float) -> str:
        """A number of people as the audience may have it."""
        shown = to_five(pd.Series([float(number)])).iloc[0] if self.taken.protected else number
        return whole(shown)


def audited(audit: Audit, folders: Sequence[Path], *, protected: bool = False) -> Audited:
    """Read every source, and look at everything; files are looked for in the folders.

    `protected` counts are rounded before anything is worked out of them.
    """
    taken = replace(take(audit, folders), protected=protected)
    return Audited(
        audit,
        taken,
        register(audit, taken),
        coding(audit, taken, folders),
        pairs(audit, taken),
        taken.within(audit),
        tuple(folders),
    )
