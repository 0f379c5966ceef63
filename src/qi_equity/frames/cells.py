"""A table of crossed groups in, each one's rate beside what the others say of it out; no sums here.

A group of two dimensions is often of few. Its own rate stands first, and is never replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray
from qi_equity.equity.gaps import Methods
from qi_equity.equity.pooling import pooled_rates, week_dispersion
from qi_equity.frames.counts import check_columns, counted

# With fewer events than this, or fewer without one, a rate is of few: the Office for National
# Statistics marks rates of fewer than 20 events as unreliable.
FEW = 20


def cells(
    data: pd.DataFrame,
    *,
    numerator: str,
    denominator: str,
    first: str,
    second: str,
    by: str | Sequence[str] | None = None,
    subgroup: str | None = None,
    kind: Literal["proportion", "rate"] = "proportion",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Every crossed group's rate beside what it is when it borrows from those of the same `second`.

    Groups of the same `second` differ on the log odds as a normal curve (see `sites`, whose model
    this is): where they truly differ little is borrowed, where they are alike much, and a group of
    few borrows most. ``few`` marks a rate of fewer than 20 events, or of all but so many.

    >>> women = pd.DataFrame({
    ...     "ethnicity": ["Asian", "Black", "Mixed"] * 2, "interpreter": ["yes"] * 3 + ["no"] * 3,
    ...     "seen": [340, 136, 9, 1430, 970, 530], "women": [710, 340, 14, 2160, 1540, 790],
    ... })
    >>> found = cells(women, numerator="seen", denominator="women", first="ethnicity",
    ...               second="interpreter")
    >>> mixed = found[found["ethnicity"] == "Mixed"]
    >>> mixed[["interpreter", "rate", "few", "rate_shrunk", "rate_borrowed"]].round(2)
      interpreter  rate    few  rate_shrunk  rate_borrowed
    4          no  0.67  False         0.67           0.17
    5         yes  0.64   True         0.53           0.64
    """
    groups = [by] if isinstance(by, str) else list(by or [])
    timed = [subgroup] if subgroup else []
    check_columns(data, numerator, denominator, [*groups, second, *timed, first])
    found = counted(data, numerator, denominator, first, [*groups, second], subgroup, kind)
    x, n = (part[..., 0] for part in found.over(slice(None)))
    phi = week_dispersion(found.numerator, found.denominator, kind=kind)
    pooled = pooled_rates(x, n, kind=kind, dispersion=phi, confidence=confidence)
    own = Methods(kind).one(x / phi, n / phi, confidence)
    columns: dict[str, FloatArray] = {"numerator": x, "denominator": n}
    for name, one in (("rate", own), ("rate_shrunk", pooled.shrunk)):
        columns |= {name: one.estimate, f"{name}_lower": one.lower, f"{name}_upper": one.upper}
    columns["rate_borrowed"] = pooled.borrowed
    keys = [(*key, one) for key in found.series for one in found.strata]
    table = pd.DataFrame(keys, columns=[*groups, second, first])
    table = table.assign(**{name: part.ravel() for name, part in columns.items()})
    table["few"] = _few(x, n, kind).ravel()
    there = found.present.any(axis=-1).ravel()
    return table[there].sort_values([*groups, first, second], ignore_index=True)


def _few(x: FloatArray, n: FloatArray, kind: str) -> np.ndarray:
    """Where there are fewer events, or of a proportion fewer without one, than can bear a rate."""
    few = x < FEW
    return few | (n - x < FEW) if kind == "proportion" else few
