"""Where an axis of a native chart ends and where it is labelled; no chart is made here.

Both Office formats ask for it; a browser and paper find their own.
"""

from __future__ import annotations

import pandas as pd

from qi_equity.report.parts import Panel

DAYS_A_MONTH = 30.44
LABELS = 4  # dates along an axis, so that they can be read at a third of their size
SPREAD = 1.25  # of the least and the largest ratio drawn, where they are near to no gap
WHOLE = (1, 2, 3, 6, 12, 24, 60, 120)  # months: quarters, half-years and years read at a glance


def step(height: float) -> float:
    """A round step that gives an axis of this height two or three labels above its foot.

    >>> [step(height) for height in (12.5, 0.9, 100, 37)]
    [4.0, 0.4, 40.0, 10.0]
    """
    size = 10.0 ** len(str(int(height))) / 100 if height >= 1 else _tenth(height)
    for times in (1, 2, 4, 5, 10, 20, 40, 50, 100):
        if height / (size * times) < 4:
            return float(f"{size * times:.6g}")
    return height


def _tenth(height: float) -> float:
    size = 1.0
    while size > height and size > 1e-9:
        size /= 10
    return size / 10


def ratio_ends(panel: Panel) -> tuple[float, float]:
    """The halves and doubles between which the ratios of a panel lie, a few at the most.

    >>> from qi_equity.report.parts import Line
    >>> ratio_ends(Panel("", (), (Line("gap", (0.9, 2.4), "value"),), "", low=0.1, high=10))
    (0.5, 4.0)
    """
    held = [one for line in panel.lines for one in line.values if one is not None and one > 0]
    low, high = min(held, default=1.0), max(held, default=1.0)
    assert panel.low is not None
    assert panel.high is not None
    low = max(panel.low, min(low, 1 / SPREAD))
    high = min(panel.high, max(high, SPREAD))
    halves, doubles = (0.125, 0.25, 0.5), (2.0, 4.0, 8.0, 16.0)
    least = max((half for half in halves if half <= low), default=halves[0])
    return least, min((twice for twice in doubles if twice >= high), default=doubles[-1])


def ends(panel: Panel) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The first and the last day of an axis: those of all panels beside it, where they are told."""
    first = panel.first if panel.first is not None else panel.times[0]
    return first, panel.last if panel.last is not None else panel.times[-1]


def months_apart(panel: Panel, labels: int = LABELS) -> int:
    """How many months lie between two dates of an axis that has room for so many of them.

    >>> days = (pd.Timestamp("2024-11-25"), pd.Timestamp("2026-11-16"))
    >>> months_apart(Panel("", days, (), "")), months_apart(Panel("", days, (), ""), 2)
    (6, 12)
    """
    first, last = ends(panel)
    months = max(1, round(max((last - first).days, 1) / DAYS_A_MONTH / labels))
    return next((whole for whole in WHOLE if whole >= months), months)


def date_format(months: int) -> str:
    """How a date is written: years are enough where labels are years apart."""
    return "yyyy" if months >= 24 else "mmm yy"
