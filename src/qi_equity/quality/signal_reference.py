"""Whether a signal system's reference is anywhere near what the unit's own baseline had."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import bdtr, bdtrc, pdtr, pdtrc

from qi_equity.reading import Reading

# Chance below which a baseline so far from the reference is not put down to chance.
RARE = 0.001


@dataclass(frozen=True, slots=True)
class Contradicted:
    """What a site's baseline had, and what the reference expects of so many."""

    count: float
    of: float
    expected: float
    higher: bool


def contradicted(reading: Reading, rows: pd.DataFrame) -> Contradicted | None:
    """What a site's baseline had, and what the reference expects, where they are far apart.

    Far is farther than the change the chart looks for: so high that the chart signals with nothing
    changed, or so low that all of that change would leave the rate below the reference still.
    """
    system, known = reading.measure.signal_system, rows.dropna(subset=["numerator", "denominator"])
    first = known[known["subgroup"] <= reading.last_of_baseline(rows)]
    events, size = (float(first[name].sum()) for name in ("numerator", "denominator"))
    if system is None or size <= 0:
        return None
    away = max(system.ratio, 1 / system.ratio)
    kind, rate = reading.measure.data, system.reference
    above = _at_least(events, size, _times(rate, away, kind), kind) < RARE
    below = _at_most(events, size, _times(rate, 1 / away, kind), kind) < RARE
    if not (above or below):
        return None
    return Contradicted(events, size, rate * size, above)


def _times(rate: float, ratio: float, kind: str) -> float:
    """A rate so many times as high; of a proportion, with odds so many times as high."""
    return rate * ratio / (1 - rate + rate * ratio) if kind == "proportion" else rate * ratio


def _at_least(events: float, size: float, rate: float, kind: str) -> float:
    if events <= 0:
        return 1.0
    if kind == "proportion":
        return float(bdtrc(np.floor(events) - 1, int(size), rate))
    return float(pdtrc(events - 1, size * rate))


def _at_most(events: float, size: float, rate: float, kind: str) -> float:
    if kind == "proportion":
        return float(bdtr(np.floor(events), int(size), rate))
    return float(pdtr(events, size * rate))
