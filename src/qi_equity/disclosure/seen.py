"""What the network sees: words and numbers worked out from what a release made public.

No true count is read here, so none can be told. What is let through is declared beside each
column in qi_equity.findings: one that nobody classified stays with the team.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray
from qi_equity.chance import LEVEL
from qi_equity.disclosure import numbers
from qi_equity.disclosure.evidence import Told, evidence
from qi_equity.disclosure.policy import Policy
from qi_equity.disclosure.release import Release
from qi_equity.findings import (
    Caution,
    Chance,
    Chart,
    Curve,
    Findings,
    Gap,
    GapPoint,
    Point,
    SiteRow,
    Within,
    caution,
    columns,
    empty,
    is_shared,
    seen_by,
)
from qi_equity.frames.evidence import among, in_family
from qi_equity.observations import SERIES_KEY
from qi_equity.project import ALL_SITES, EVERYONE, Project
from qi_equity.reading import NOT_COMPARED, Reading
from qi_equity.spc.rules import RULES
from qi_equity.vocabulary import Audience, Meaning, Scale, Status, Verdict

# What a rule marks, a column a rule, and what is marked by any.
MARKS = {*seen_by(Point, Audience.WORD), *RULES}

# p-values are told as the band they are in: p is below the number given, or anything (1).
BANDS = (0.001, 0.01, 0.05, 1.0)
# What depends on how many there were is told as the next of these.
FACTORS = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, np.inf)
WEEKS = (0.0, 4.0, 13.0, 26.0, 52.0, 104.0, 260.0, 520.0, np.inf)
SCALES = {Scale.P_VALUE: BANDS, Scale.FACTOR: FACTORS, Scale.WEEKS: WEEKS}


def coarse(values: Any, steps: Sequence[float]) -> FloatArray:
    """Each number as the next step above it; a p-value on a border counts as the larger.

    >>> coarse([0.0004, 0.01, 0.3], BANDS).tolist(), coarse([1.3, 70], FACTORS).tolist()
    ([0.001, 0.05, 1.0], [1.5, inf])
    """
    found = np.asarray(values, dtype=np.float64)
    above = np.searchsorted(np.array(steps), found, side="right" if steps is BANDS else "left")
    place = np.minimum(above, len(steps) - 1)
    return np.where(np.isnan(found), np.nan, np.asarray(steps)[place])


@dataclass(frozen=True, slots=True)
class Beside:
    """What is public beside the counts: what is not counted, and where too little is recorded.

    `not_counted` are the series of measurements and times, which no policy releases. At the sites
    in `unrecorded` (measure, site) so many outcomes are not recorded that no verdict is given.
    """

    not_counted: tuple[tuple[str, str, str], ...] = ()
    unrecorded: tuple[tuple[str, str], ...] = ()


def seen(
    project: Project,
    releases: Sequence[Release],
    policy: Policy,
    beside: Beside | None = None,
    *,
    judge: bool = True,
) -> Findings:
    """The findings of public releases (see `published`); without `judge`, no verdicts."""
    beside = beside or Beside()
    status = _status(releases, beside)
    points, charts, centres, gaps, words, gap_points = [], [], [], [], [], []
    sites, within, funnels = [], [], []
    for one in releases:
        blocks = numbers.block_table(one)
        points.append(blocks[blocks["small"]].drop(columns="small").assign(phase=1))
        drawn = numbers.drawn(one, blocks)
        references = numbers.references(one, project)
        gaps.append(numbers.gap_table(one, project, references))
        if drawn is None:
            continue
        points.append(drawn.points.merge(blocks[[*SERIES_KEY, "subgroup", "subgroups"]]))
        centres.append(drawn.summary[[*SERIES_KEY, "phase", "centre"]])
        told = evidence(one, project, drawn.summary) if judge else Told(drawn.summary)
        charts.append(told.charts)
        words.append(told.gaps)
        if judge:
            gap_points.append(numbers.gap_series(one, project, references))
        if judge and (found := numbers.across(one, blocks)) is not None:
            sites.append(_shared(found.rows, SiteRow))
            within.append(_shared(found.within, Within))
            funnels.append(found.funnel.curve())
    judged, said = _joined(charts), _joined(words)
    if len(judged):
        totals = judged["stratum"].eq(EVERYONE) | judged["site"].eq(ALL_SITES)
        judged = (
            among(judged, totals=totals.to_numpy(bool)).charts
            if judge
            else judged.assign(highlight=False)
        )
    gap = _joined(gaps)
    if len(gap):
        gap = _with_words(project, gap, said, beside, judge=judge)
    shown_charts = _charts(_every(judged, status), _joined(centres), status)
    return Findings(
        project,
        points=_points(_joined(points, Point)),
        charts=shown_charts if len(shown_charts) else empty(Chart),
        gaps=_gaps(gap) if len(gap) else empty(Gap),
        gap_points=_joined(gap_points, GapPoint),
        sites=_joined(sites, SiteRow),
        within=_joined(within, Within),
        funnels=_joined(funnels, Curve),
        cautions=tuple(_cautions(project, judged, gap, status, policy, judge=judge)),
        judged=judge,
        chance=_chance(shown_charts) if judge else None,
    )


def _with_words(
    project: Project, gap: pd.DataFrame, said: pd.DataFrame, beside: Beside, *, judge: bool
) -> pd.DataFrame:
    """The gaps with their verdicts, which is the family that is judged together."""
    if not judge:
        return gap
    new = [name for name in said if name not in gap] if len(said) else []
    if new:
        gap = gap.merge(said[[*SERIES_KEY, *new]], on=SERIES_KEY, how="left")
    primary = project.aim.primary
    declared = gap["measure"].eq(primary.measure) & gap["stratum"].eq(primary.stratum)
    gap = in_family(gap, totals=gap["site"].eq(ALL_SITES), declared=declared)
    smallest = {one.id: one.smallest_gap for one in project.measures}
    gap = gap.assign(smallest_gap=gap["measure"].map(smallest).astype(float))
    place = pd.MultiIndex.from_frame(gap[["measure", "site"]])
    held = place.isin(list(beside.unrecorded)) & ~gap["verdict"].isin(["", Verdict.TOO_FEW])
    gap["verdict"] = gap["verdict"].mask(held, str(Verdict.HELD_BACK))
    for name in ("highlight", "established", "improving_overall", "improving_while_widening"):
        if name in gap:
            gap[name] = gap[name].eq(True) & ~held
    return gap.assign(signal=gap["signal"].mask(held, "")) if "signal" in gap else gap


def _shared(table: pd.DataFrame, kind: type) -> pd.DataFrame:
    """What is worked out from released counts and declared to be for everyone."""
    names = seen_by(kind, Audience.EVERYONE, Audience.RELEASED)
    return table[[name for name in names if name in table]]


def _joined(parts: list[pd.DataFrame], kind: type | None = None) -> pd.DataFrame:
    """One table of all parts; where none has a row, the empty one of its kind."""
    held = [part for part in parts if len(part)]
    if held:
        return pd.concat(held, ignore_index=True)
    return pd.DataFrame() if kind is None else empty(kind)


def _status(releases: Sequence[Release], beside: Beside) -> pd.DataFrame:
    """How each series is released: shown, small, withheld or not counted."""
    rows = [
        (
            one.grid.measure.id, one.grid.sites[site], one.grid.strata[stratum],
            Status.SMALL if one.small[site, stratum]
            else Status.WITHHELD if one.withheld[site, stratum]
            else Status.SHOWN,
            int(one.widths[site, stratum]),
        )
        for one in releases
        for site, stratum in zip(*np.nonzero(one.grid.there), strict=True)
    ]  # fmt: skip
    rows += [(*series, Status.NOT_COUNTED, 1) for series in beside.not_counted]
    return pd.DataFrame(rows, columns=[*SERIES_KEY, "status", "width"])


def _every(charts: pd.DataFrame, status: pd.DataFrame) -> pd.DataFrame:
    """The charts, with a row for each series of which none is drawn."""
    if charts.empty:
        kept = [name for name in columns(Chart) if name not in ("status", "width", "centre")]
        return status[SERIES_KEY].assign(phase=1).reindex(columns=kept)
    both = charts.merge(status[SERIES_KEY], on=SERIES_KEY, how="outer")
    both["phase"] = both["phase"].fillna(1).astype(int)
    return both.sort_values([*SERIES_KEY, "phase"], ignore_index=True)


def _points(points: pd.DataFrame) -> pd.DataFrame:
    """The points with the columns that are shared: of a small one, its counts as shown."""
    if points.empty:
        return points
    shared = {*seen_by(Point, Audience.EVERYONE, Audience.RELEASED), *MARKS, "subgroups"}
    table = points[[name for name in points if name in shared]]
    table = table.sort_values([*SERIES_KEY, "subgroup"], ignore_index=True)
    plain = empty(Point)
    for name in table:
        if name in ("side", *RULES):
            table[name] = table[name].fillna(0).astype(np.int8)
        elif name in plain and plain[name].dtype == bool:
            table[name] = table[name].eq(True)
    if "meaning" in table:
        meaning = table["meaning"].astype(object)
        table["meaning"] = pd.Categorical(
            meaning.where(meaning.notna(), str(Meaning.NONE)), categories=list(map(str, Meaning))
        )
    return table


def _charts(true: pd.DataFrame, centres: pd.DataFrame, status: pd.DataFrame) -> pd.DataFrame:
    if true.empty:
        return true
    table = true.merge(status, on=SERIES_KEY, how="left")
    always = [name for name in seen_by(Chart, Audience.EVERYONE) if name in table]
    made = table[[*always, "width"]].copy()
    _tell(made, table, Chart, table["status"].eq(Status.SHOWN))
    if centres.empty:
        return made.assign(centre=np.nan)
    return made.merge(centres, on=[*SERIES_KEY, "phase"], how="left")


def _tell(made: pd.DataFrame, true: pd.DataFrame, kind: type, shown: pd.Series) -> None:
    """Add what is declared as a word, and what is coarsened, where the series is shown."""
    for name, each in columns(kind).items():
        if name not in true:
            continue
        if each.audience is Audience.WORD:
            made[name] = _only(true[name], shown, each.kind)
        elif each.audience is Audience.COARSE and each.scale is not None:
            made[name] = np.where(shown, coarse(true[name], SCALES[each.scale]), np.nan)


def _only(column: pd.Series, shown: pd.Series, kind: type) -> pd.Series:
    """The column where it may be shown, and nothing elsewhere; of codes, those that are shared."""
    if kind is tuple:
        told = [
            tuple(code for code in codes if is_shared(code)) if fine else ()
            for codes, fine in zip(_codes(column), shown, strict=True)
        ]
        return pd.Series(told, index=column.index, dtype=object)
    if kind is bool:
        return column.eq(True) & shown
    if kind is str:
        return column.astype(object).where(shown, None)
    return column.astype(float).where(shown)


def _codes(column: pd.Series) -> list[tuple[str, ...]]:
    return [codes if isinstance(codes, tuple) else () for codes in column]


def _gaps(gap: pd.DataFrame) -> pd.DataFrame:
    if gap.empty:
        return gap
    always = ["declared", "smallest_gap"]
    words = seen_by(Gap, Audience.WORD, Audience.COARSE)
    numbers_of = {*seen_by(Gap, Audience.EVERYONE, Audience.RELEASED)}
    table = gap[[name for name in gap if name in numbers_of and name not in words]].copy()
    table = table.assign(**{name: gap[name] for name in always if name in gap})
    # No word on a gap either side of which is small: with the expected count known, a verdict or
    # a band of p can leave one count only.
    _tell(table, gap, Gap, gap["difference"].notna())
    return table


def _cautions(
    project: Project,
    charts: pd.DataFrame,
    gaps: pd.DataFrame,
    status: pd.DataFrame,
    policy: Policy,
    *,
    judge: bool,
) -> Iterator[Caution]:
    full = status.loc[status["status"] == Status.SHOWN, SERIES_KEY]
    shown = set(full.itertuples(index=False, name=None))
    for table in (charts, gaps):
        if "cautions" in table:
            for place, codes in zip(
                table[SERIES_KEY].itertuples(index=False, name=None), _codes(table["cautions"]),
                strict=True,
            ):  # fmt: skip
                yield from (caution(c, place) for c in codes if is_shared(c) and place in shown)
    for measure in sorted(set(status["measure"])):
        why = Reading(project, project.measure(measure)).why_not_judged
        if why and (judge or why in NOT_COMPARED.values()):
            yield caution(why, (measure, "", ""))
    for measure, site, stratum, how, width in status.itertuples(index=False, name=None):
        place = (measure, site, stratum)
        if how == Status.SMALL:
            yield caution("series_small", place, most=float(policy.first - 1))
        elif how in (Status.WITHHELD, Status.NOT_COUNTED):
            yield caution(f"series_{how.replace(' ', '_')}", place)
        elif width > 1:
            period = project.measure(measure).subgroup
            yield caution("series_widened", place, width=float(width), period=period)
    yield caution("protected")


def _chance(charts: pd.DataFrame) -> Chance | None:
    """How many of the charts that are shown would stand out by chance alone."""
    if charts.empty:
        return None
    single = ~(charts["stratum"].eq(EVERYONE) | charts["site"].eq(ALL_SITES))
    own = charts[single & charts["p_value"].notna()]
    seen, highlighted = int((own["p_value"] <= LEVEL).sum()), int(own["highlight"].sum())
    return Chance(len(own), seen, LEVEL * len(own), highlighted, released=True)
