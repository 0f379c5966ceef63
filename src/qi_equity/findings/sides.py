"""Which way an established change of a gap goes, and how far: read off its row, never tested."""

from __future__ import annotations

import math

from qi_equity.findings.tables import Gap
from qi_equity.vocabulary import Verdict

WAYS = {"rising": 1, "falling": -1}


def went(row: Gap) -> str:
    """Whether what is established of a gap made it wider or narrower; nothing where neither.

    What is established is that the stratum's odds rose or fell against its reference. Where the
    stratum has the lower rate, a rise brings the two together.

    >>> from qi_equity.findings import row
    >>> str(went(row(Gap, established=True, signal="rising", ratio_then=0.5, ratio_now=0.9)))
    'narrowing'
    """
    way = WAYS.get(row.signal, 0)
    if not row.established or not way:
        return ""
    then, now = _log(row.ratio_then), _log(row.ratio_now)
    if (now - then) * way > 0:
        return Verdict.WIDENING if abs(now) > abs(then) else Verdict.NARROWING
    # It has moved back since, or its ends are not known: the side it lies on decides.
    side = _log(row.ratio) if math.isnan(then) else then
    if math.isnan(side):
        return ""
    return Verdict.WIDENING if side * way > 0 else Verdict.NARROWING


def matters(row: Gap) -> bool:
    """Whether a gap and its change since the baseline reach the smallest gap of the project.

    Of something that happens to nearly all the ratio hardly moves: it is enough if they do among
    those whom it passes by. What is not known is no reason to leave a gap out.
    """
    least = math.log(row.smallest_gap) if row.smallest_gap > 1 else 0.0
    views = [_of_those_it_happens_to(row), _of_those_it_passes_by(row)]
    known = [(then, now) for then, now in views if math.isfinite(then) and math.isfinite(now)]
    return not known or any(
        max(abs(then), abs(now)) >= least and abs(now - then) >= least for then, now in known
    )


def size(row: Gap) -> float:
    """By how much the gap has changed since its baseline, on the log scale; 0 if not known."""
    then, now = _of_those_it_happens_to(row)
    return abs(now - then) if math.isfinite(now - then) else 0.0


def _of_those_it_happens_to(row: Gap) -> tuple[float, float]:
    return _log(row.ratio_then), _log(row.ratio_now)


def _of_those_it_passes_by(row: Gap) -> tuple[float, float]:
    ends = (row.rate_then, row.difference_then), (row.rate_now, row.difference_now)
    then, now = (_log(_over(1 - rate, 1 - rate + difference)) for rate, difference in ends)
    return then, now


def _over(one: float, other: float) -> float:
    return one / other if other > 0 else math.nan


def _log(ratio: float) -> float:
    if math.isnan(ratio) or ratio < 0:
        return math.nan
    return math.log(ratio) if ratio > 0 else -math.inf
