"""One reading of a measure: how it is charted, whom it is compared with, and its windows of time.

Everything that draws or compares a measure asks here; looking at it otherwise is a changed copy.
No chart is drawn and no gap is worked out by this module itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from qi_equity import ethnicity
from qi_equity.arrays import BoolArray, FloatArray
from qi_equity.equity.contrast import first_half
from qi_equity.equity.gaps import SIZE_FLOOR
from qi_equity.frames.cells import cells
from qi_equity.frames.chart import Charts, chart
from qi_equity.frames.counts import Counts, counted, reference_of
from qi_equity.frames.cusum_chart import cusum_chart
from qi_equity.frames.gap_chart import Asked, GapCharts, of_table, usual_baseline
from qi_equity.frames.gaps import gaps
from qi_equity.frames.sites import Sites, sites
from qi_equity.frames.value_gaps import value_gaps
from qi_equity.observations import READINGS, SERIES_KEY, SPREAD, beside
from qi_equity.project import (
    ALL_SITES,
    BEST_AT_BASELINE,
    EVERYONE,
    EVERYONE_ELSE,
    DataKind,
    Measure,
    Period,
    Project,
)
from qi_equity.strata import crossed, sides_of

COMPARED: tuple[DataKind, ...] = ("proportion", "rate")  # strata can be held side by side
COUNTED: tuple[DataKind, ...] = (*COMPARED, "count")  # counts, that add up over subgroups
FLOORED = ("week", "month", "quarter")  # dates within one are the same subgroup
OF_READINGS = ("xbar", "s")  # charts of several readings a subgroup
# How often a year is looked at, by what a point stands for.
LOOKS_A_YEAR: dict[Period, int] = {
    "week": 52,
    "fortnight": 26,
    "month": 12,
    "quarter": 4,
    "half-year": 2,
    "financial year": 1,
}
# Why the strata of other data are not held side by side, as a code.
NOT_COMPARED: dict[DataKind, str] = {
    "count": "counts_not_compared",
    "time between": "times_not_compared",
    "cases between": "times_not_compared",
}
# Points that share births follow each other, so only the limits can say anything of one of them.
WITHOUT_RUNS = "beyond_limits"

Better = Literal["increase", "decrease"]
Reference = Callable[[FloatArray], FloatArray]  # of each stratum's counts, those it is held against


@dataclass(frozen=True, slots=True)
class Charted:
    """The arguments of a measure's charts; `replace` one to see the same counts otherwise."""

    kind: str
    counted: bool
    rated: bool
    period: str | None
    rules: str | tuple[str, ...]
    direction: Better | None
    target: float | None
    multiply: float
    freeze: int | pd.Timestamp | None
    phases: tuple[pd.Timestamp, ...]
    limits: str = "exact"

    def draw(self, table: pd.DataFrame, by: Sequence[str] = SERIES_KEY) -> Charts:
        """Charts of every series of a table of observations."""
        # What each mean is of, where the chart asks and anybody knows.
        known = self.of_readings and {READINGS, SPREAD} <= set(beside(table))
        drawn = chart(
            table,
            kind=self.kind,
            subgroup="subgroup",
            numerator="numerator" if self.counted else None,
            denominator="denominator" if self.rated else None,
            value=None if self.counted else "value",
            readings=(READINGS, SPREAD) if known else None,
            by=list(by),
            period=self.period if self.counted else None,
            limits=self.limits,
            rules=self.rules if isinstance(self.rules, str) else list(self.rules),
            direction=self.direction,
            target=None if self.target is None else self.target * self.multiply,
            multiply=self.multiply,
            freeze=self.freeze,
            phases=list(self.phases) or None,
        )
        if self.rules != (WITHOUT_RUNS,):
            return drawn
        silent = {"runs_signal": False, "p_value": np.nan, "q_value": np.nan, "highlight": False}
        return replace(drawn, summary=drawn.summary.assign(**silent))

    @property
    def of_readings(self) -> bool:
        """Whether it draws several readings a subgroup: their means, or how they lie about them."""
        return self.kind in OF_READINGS

    def without_baseline(self) -> Charted:
        """The lines from every point."""
        return replace(self, freeze=None)

    def without_phases(self) -> Charted:
        """One phase from the first to the last."""
        return replace(self, phases=())

    def with_rules(self, rules: str) -> Charted:
        """Another set of rules; none that looks at runs, where points share births."""
        return self if self.rules == (WITHOUT_RUNS,) else replace(self, rules=rules)


@dataclass(frozen=True, slots=True)
class Windows:
    """Stretches of so many subgroups: the baseline (then), as long a one at the end (now), halves.

    >>> windows = Windows(10, 4)
    >>> windows.then, windows.now, windows.early
    (slice(0, 4, None), slice(6, 10, None), slice(0, 5, None))
    """

    subgroups: int
    baseline: int

    @property
    def judged(self) -> bool:
        """Whether there is a baseline, and something after it."""
        return 0 < self.baseline < self.subgroups

    @property
    def then(self) -> slice:
        """The baseline."""
        return slice(0, self.baseline)

    @property
    def now(self) -> slice:
        """As many subgroups as the baseline has, at the end, and none of the baseline's."""
        return slice(max(self.baseline, self.subgroups - self.baseline), self.subgroups)

    @property
    def early(self) -> slice:
        """The first half, the middle one included."""
        return slice(0, int(first_half(np.ones(self.subgroups, dtype=bool)).sum()))

    @property
    def late(self) -> slice:
        """The second half."""
        return slice(self.early.stop, self.subgroups)

    @property
    def cuts(self) -> tuple[int, ...]:
        """Where a window begins or ends."""
        cuts = {0, self.baseline, self.now.start, self.early.stop, self.subgroups}
        return tuple(sorted(cut for cut in cuts if cut <= self.subgroups))

    def within(self, stretch: slice) -> BoolArray:
        """Which subgroups a stretch holds."""
        inside = np.zeros(self.subgroups, bool)
        inside[stretch] = True
        return inside


@dataclass(frozen=True)
class Reading:
    """How one measure of a project is charted, compared and windowed."""

    project: Project
    measure: Measure

    @property
    def direction(self) -> Better | None:
        """Which way is better; None where neither is."""
        return None if self.measure.direction == "none" else self.measure.direction

    @property
    def better(self) -> Better:
        """Which way is taken to be better where one has to be: down, unless up was declared."""
        return "increase" if self.measure.direction == "increase" else "decrease"

    @cached_property
    def reference(self) -> str | float:
        """Whom strata are held against: a name, everyone else, best at baseline, or a rate."""
        declared = self.project.strata
        return declared.reference.compare_with if declared.target is None else declared.target

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The strata from the worst off to the best off; none where they have no order."""
        strata = self.project.strata
        if strata.ordered:
            return strata.known
        codes = {group.name: group.codes for group in strata.groups if not group.unknown}
        return ethnicity.in_order(codes, strata.code_system, strata.roll_up)

    @property
    def compared(self) -> bool:
        """Whether its strata are held side by side."""
        return self.measure.data in COMPARED

    @property
    def valued(self) -> bool:
        """Whether its strata are held side by side by the means of what was measured."""
        return self.measure.data == "continuous"

    @property
    def counted(self) -> bool:
        """Whether it is a count, that adds up over subgroups and strata."""
        return self.measure.data in COUNTED

    @cached_property
    def freeze(self) -> int | pd.Timestamp | None:
        """The baseline as it was declared: so many subgroups, or up to a date."""
        baseline = self.measure.baseline
        if baseline is None:
            return None
        return baseline.subgroups if baseline.until is None else pd.Timestamp(baseline.until)

    def windows(self, subgroups: Sequence[pd.Timestamp] | pd.DatetimeIndex) -> Windows:
        """The windows of sorted subgroups."""
        freeze, length = self.freeze, len(subgroups)
        if isinstance(freeze, pd.Timestamp):
            known = sum(bool(day <= freeze) for day in subgroups)
            return Windows(length, known)
        return Windows(length, 0 if freeze is None else freeze)

    def baseline_of(self, rows: pd.DataFrame) -> list[pd.Timestamp]:
        """The baseline's subgroups; all of them where none is declared."""
        subgroups = sorted(rows["subgroup"].unique())
        return subgroups if self.freeze is None else subgroups[self.windows(subgroups).then]

    def charted_as_logged(self, rows: pd.DataFrame) -> Charted:
        """How these observations of the measure are charted, by which columns were filled in."""
        # Counts that were never filled in are missing counts, of a measure that is counted still.
        unfilled = self.compared and not rows["value"].notna().any()
        counted = unfilled or bool(rows["numerator"].notna().any())
        rated = unfilled or (counted and bool(rows["denominator"].notna().any()))
        return self.charted(counted=counted, rated=rated)

    def charted(self, *, counted: bool, rated: bool) -> Charted:
        """How the measure is charted, from counts or readings, with a denominator or without."""
        measure = self.measure
        return Charted(
            kind=measure.kind,
            counted=counted,
            rated=rated,
            period=measure.subgroup if counted and measure.subgroup in FLOORED else None,
            rules=(WITHOUT_RUNS,) if measure.overlapping_windows else measure.rules,
            direction=self.direction,
            target=measure.target,
            multiply=measure.multiply,
            freeze=self.freeze,
            phases=tuple(pd.Timestamp(day) for day in measure.phases),
        )

    def gaps(
        self,
        rows: pd.DataFrame,
        *,
        counts: tuple[str, str] = ("numerator", "denominator"),
        by: Sequence[str] = ("measure", "site"),
        reference: object = None,
        subgroup: str | None = None,
        baseline: int | None = None,
        each_subgroup: bool = False,
    ) -> pd.DataFrame:
        """Each stratum held against its reference, as the project declares it."""
        return gaps(
            rows,
            numerator=counts[0],
            denominator=counts[1],
            stratum="stratum",
            reference=self.reference if reference is None else reference,
            by=list(by),
            subgroup=subgroup,
            baseline=baseline,
            each_subgroup=each_subgroup,
            direction=self.better,
            kind="rate" if self.measure.data == "rate" else "proportion",
        )

    @property
    def is_judged(self) -> bool:
        """Whether its gaps have charts and verdicts of their own."""
        return not self.why_not_judged

    @property
    def why_not_judged(self) -> str:
        """Why its gaps have none, as a code; nothing where they have."""
        if not (self.compared or self.valued):
            return NOT_COMPARED[self.measure.data]
        if isinstance(self.reference, float):
            return "target_reference"
        return "windows_overlap" if self.measure.overlapping_windows else ""

    @property
    def watched_as(self) -> str:
        """What its charts hold, for evidence that adds up week by week."""
        if self.measure.data == "proportion":
            return "proportion"
        return "rate" if self.measure.data in ("rate", "count") else "value"

    def held_against(self, rows: pd.DataFrame) -> tuple[Counts, Reference]:
        """Counts by site, stratum and subgroup, and how to find those each is held against.

        For a reference that is a stratum, everyone else or the best at baseline, not for a rate.
        """
        kind = "rate" if self.measure.data == "rate" else "proportion"
        counts = counted(rows, "numerator", "denominator", "stratum", ["site"], "subgroup", kind)
        # A baseline that is not over yet is all there is so far.
        known = min(self.windows(counts.subgroups).baseline, len(counts.subgroups)) or None
        length = counts.baseline_length(known, "subgroup")
        _, against = reference_of(
            self.reference, counts, length, self.better, SIZE_FLOOR, 1, kind, "stratum"
        )
        assert callable(against)  # a rate has no counts to be held against
        return counts, against

    def sites(self, rows: pd.DataFrame, *, subgroup: str | None = "subgroup") -> Sites | None:
        """Every site beside the others, its strata as declared; None where there is one site.

        With subgroups, what each site's weeks vary more than chance widens its intervals.
        """
        own = rows[(rows["site"] != ALL_SITES) & rows["stratum"].isin(self.project.strata.known)]
        own = own.dropna(subset=["numerator", "denominator"])
        if not self.compared or own["site"].nunique() < 2 or not self.is_held(own):
            return None
        return sites(
            own,
            numerator="numerator",
            denominator="denominator",
            stratum="stratum",
            reference=self.reference,
            by=["measure"],
            subgroup=subgroup,
            direction=self.better,
            kind="rate" if self.measure.data == "rate" else "proportion",
            total=EVERYONE,
        )

    def crossed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Each group of two crossed dimensions, and what it borrows from those of its second."""
        if not self.compared or not any(map(sides_of, self.project.strata.known)):
            return pd.DataFrame()
        own = rows[rows["stratum"].isin(self.project.strata.known)]
        own = own.dropna(subset=["numerator", "denominator"])
        sides = own["stratum"].map(sides_of)
        if own.empty or sides.isna().any():
            return pd.DataFrame()
        own = own.assign(first=sides.str[0], second=sides.str[1])
        found = cells(
            own,
            numerator="numerator",
            denominator="denominator",
            first="first",
            second="second",
            by=["measure", "site"],
            subgroup="subgroup",
            kind="rate" if self.measure.data == "rate" else "proportion",
        )
        names = [crossed(*pair) for pair in zip(found["first"], found["second"], strict=True)]
        return found.assign(stratum=names).drop(columns=["first", "second"])

    def cusums(self, points: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Points and summary of each unit's CUSUM against the rate that is declared for it.

        `points` are those of its charts. None is drawn of all sites together: the limit is that of
        one unit. A baseline, declared or usual, says how large a subgroup is.
        """
        system = self.measure.signal_system
        if system is None:
            return pd.DataFrame(), pd.DataFrame()
        units = points["stratum"].isin([EVERYONE, *system.strata]) & (points["site"] != ALL_SITES)
        own = points[units & (points["denominator"] > 0)]
        if own.empty:
            return pd.DataFrame(), pd.DataFrame()
        subgroups = sorted(own["subgroup"].unique())
        found, summary = cusum_chart(
            own[[*SERIES_KEY, "subgroup", "numerator", "denominator"]],
            numerator="numerator",
            denominator="denominator",
            subgroup="subgroup",
            reference=system.reference,
            by=SERIES_KEY,
            kind=self.measure.data,
            ratio=system.ratio,
            alarms=system.alarms_a_year,
            periods_a_year=LOOKS_A_YEAR[self.measure.subgroup],
            sized_by=self.windows(subgroups).baseline or usual_baseline(subgroups),
        )
        days = ("first_signal", "last_signal", "change_estimate")
        return found, summary.astype(dict.fromkeys(days, "datetime64[ns]"))

    def is_held(self, rows: pd.DataFrame) -> bool:
        """Whether whoever the strata are held against was logged."""
        reference = self.reference
        if isinstance(reference, float) or reference in (EVERYONE_ELSE, BEST_AT_BASELINE):
            return True
        return bool((rows["stratum"] == reference).any())

    def last_of_baseline(self, rows: pd.DataFrame) -> pd.Timestamp:
        """The last subgroup of the baseline; without a declared one, as usual for such subgroups.

        A baseline that is not over yet is all there is so far.
        """
        subgroups = sorted(rows["subgroup"].unique())
        length = self.windows(subgroups).baseline or usual_baseline(subgroups)
        return pd.Timestamp(subgroups[min(length, len(subgroups)) - 1])

    def value_gaps(
        self, rows: pd.DataFrame, baseline: pd.Timestamp | None = None, *, judge: bool = True
    ) -> GapCharts:
        """The gap of every stratum's mean, with its verdict; none is held against a target rate.

        `baseline` is its last subgroup; None for the first so many of these rows.
        """
        known = rows[rows["stratum"].isin(self.project.strata.known) & rows["value"].notna()]
        if not self.valued or known.empty or isinstance(self.reference, float):
            return GapCharts(pd.DataFrame(), pd.DataFrame())
        return value_gaps(
            known,
            reference=self.reference,
            baseline=(len(self.baseline_of(known)) or None) if baseline is None else baseline,
            declared=self.freeze is not None,
            direction=self.direction,
            practical_ratio=self.measure.smallest_gap,
            judge=judge,
        )

    def gaps_asked(self, rows: pd.DataFrame, baseline: pd.Timestamp | None) -> Asked:
        """The gap of every stratum as a charted series with its verdict, to be asked for.

        `baseline` is its last subgroup; None for the first so many of these rows.
        """
        return of_table(
            rows,
            numerator="numerator",
            denominator="denominator",
            stratum="stratum",
            reference=self.reference,
            by=["measure", "site"],
            subgroup="subgroup",
            baseline=(len(self.baseline_of(rows)) or None) if baseline is None else baseline,
            direction=self.direction,
            practical_ratio=self.measure.smallest_gap,
            kind="rate" if self.measure.data == "rate" else "proportion",
        )
