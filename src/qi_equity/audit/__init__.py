"""The equity audit of an area: many sources, one register of gaps, a report, a plan.

Sums are those of `equity`, sentences those of `words`; what is put together here is whose figures
are beside whose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from qi_equity.audit.beside import Pair, pairs
from qi_equity.audit.coding import Coding, coding
from qi_equity.audit.file import check, load
from qi_equity.audit.model import Audit
from qi_equity.audit.register import Register, register
from qi_equity.audit.taken import Taken, take
from qi_equity.audit.withheld import POLICY, name_of
from qi_equity.words.numbers import share, whole

__all__ = ["Audit", "Audited", "audited", "check", "load", "register"]


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
    release: str = ""  # of what is told outside the team: the name of exactly these counts
    withheld: int = 0  # counts that stand beside small ones, and are not told

    def count(self, number: float) -> str:
        """A number of people as the audience may have it."""
        return whole(float(POLICY.shown(np.array(float(number)))) if self.protected else number)

    @property
    def protected(self) -> bool:
        """Whether it is for those outside the team."""
        return self.taken.protected

    def part(self, some: float, of: float) -> str:
        """A share of people as the audience may have it."""
        if not self.protected:
            return share(some / of)
        some, of = POLICY.shown(np.array([float(some), float(of)]))
        return share(some / of)


def audited(audit: Audit, folders: Sequence[Path], *, protected: bool = False) -> Audited:
    """Read every source, and look at everything; files are looked for in the folders.

    `protected` counts are those of a release, before anything is worked out of them.
    """
    true = take(audit, folders)
    taken = replace(true, protected=protected)
    release, withheld = "", 0
    if protected:
        both = [taken.within(audit, previous) for previous in (False, True)]
        gone = [true.within(audit, previous) for previous in (False, True)]
        withheld = sum(
            int((one["numerator"].isna() & own["numerator"].notna()).sum())
            for one, own in zip(both, gone, strict=True)
        )
        release = name_of(both)
    return Audited(
        audit,
        taken,
        register(audit, taken),
        coding(audit, taken, folders),
        pairs(audit, taken),
        taken.within(audit),
        tuple(folders),
        release,
        withheld,
    )
