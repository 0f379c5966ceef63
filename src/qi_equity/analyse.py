"""Project and observations to Findings: which function serves which measure; no sums of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from qi_equity.arrays import BoolArray
from qi_equity.chance import q_values
from qi_equity.crossed import of_one_dimension
from qi_equity.engines import LOCAL, workers
from qi_equity.factorize import factorize
from qi_equity.findings import TABLES, Caution, Chance, Findings, Judged, Measured, caution, empty
from qi_equity.frames.chart import Charts
from qi_equity.frames.evidence import among, in_family
from qi_equity.frames.inequality import inequality
from qi_equity.judging import (
    KEYS,
    Ask,
    Contents,
    Workers,
    contents,
    judged,
    told_apart,
    whole,
)
from qi_equity.observations import (
    READINGS,
    SERIES_KEY,
    SPREAD,
    beside,
    placed,
    side_by_side,
    with_totals,
)
from qi_equity.observations import observations as checked
from qi_equity.project import ALL_SITES, BEST_AT_BASELINE, EVERYONE, Project
from qi_equity.quality.checks import in_order, quality
from qi_equity.quality.outcome import beside_points, held_back, signals_held_back
from qi_equity.quality.unknown import unknown_bounds
from qi_equity.reading import Reading

# What no one believes of the unknown, only what cannot be ruled out.
EXTREMES = ("highest possible", "lowest possible")
WINDOW, NEITHER = "window", -1
# Columns of a gap's estimates and their intervals: the verdict's own replace the crude ones.
ESTIMATES = ("difference", "ratio")
THEN, NOW = "then", "now"


def analyse(
    project: Project,
    observations: pd.DataFrame,
    *,
    judge: bool = True,
    previous: Findings | None = None,
    revision: str | None = None,
    engine: str = LOCAL,
) -> Findings:
    """All that a project's observations say.

    `observations` is the tidy table of qi_equity.observations. Every site has its strata and
    Everyone; a network of more than one site has All sites too. `judge=False` leaves out what
    takes longest, the gap charts with their verdicts and the evidence of every chart: lines, marks
    and rates are the same, nothing is highlighted, and gaps are those of the counts added up, not
    yet the ones that verdicts rest on. With the findings that were `previous`, only
    sites and measures whose counts have changed are judged anew: the answer is the same to the
    last digit. `revision` is the store's, of which the findings say that they were judged on it.
    `engine` is where it is judged, "local" or the address of a Spark ("spark://host:7077"), equal
    to the last digit too.

    Returns Findings, whose tables (charts, points, gaps ...) findings.tables describes column by
    column. Raises DataErrors naming what is wrong in the observations.

    >>> from qi_equity import project_file
    >>> path = project_file.examples()["chds_preterm"]
    >>> counts = pd.read_csv(path.parent / "data/counted/chds_preterm.csv")
    >>> found = analyse(project_file.load(path), counts, judge=False)
    >>> found.gaps[["stratum", "numerator", "denominator"]].head(2)
      stratum  numerator  denominator
    0   Asian        5.0         44.0
    1   Black       41.0        241.0
    """
    of_one_dimension(project)
    table = checked(observations)
    logged = _by_measure(table)
    known = [measure.id for measure in project.measures if measure.id in logged]
    strange = [name for name in logged if name not in known]
    cautions = [caution("not_declared", (name, "", "")) for name in strange]
    network = len({site for name in known for site in logged[name]["site"].unique()}) > 1
    before = previous.kept if previous is not None and judge else {}
    judges = workers(engine) if judge else None
    begun = {
        name: _measure(
            Reading(project, project.measure(name)), logged[name], network, judges, before
        )
        for name in known
    }
    measured = _finished(begun, judges)
    parts = list(measured.values())
    cautions += in_order(one for part in parts for one in part.quality)
    found: dict[str, Any] = {name: _joined(parts, name) for name in TABLES}
    chance = None
    if parts and judge:
        weighed = among(found["charts"], totals=_totals(found["charts"]))
        found["charts"] = weighed.charts
        chance = Chance(weighed.judged, weighed.seen, weighed.expected, weighed.highlighted)
        if len(found["gaps"]):
            gaps = found["gaps"]
            totals, declared = gaps["site"].eq(ALL_SITES), _declared(project, gaps)
            found["gaps"] = in_family(gaps, totals=totals, declared=declared)
    elif parts:
        found["charts"] = found["charts"].assign(highlight=False)
    return Findings(
        project,
        **found,
        cautions=(*cautions, *(one for part in parts for one in part.cautions)),
        judged=judge,
        as_of=revision if judge else None,
        chance=chance,
        kept={measure: part for measure, part in measured.items() if judge},
    )


def _by_measure(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of each measure that was logged; those of one stand together."""
    place, names = factorize(table["measure"])
    cuts = np.searchsorted(place, np.arange(len(names) + 1)).tolist()
    return {
        str(name): table.iloc[slice(*cut)] for name, cut in zip(names, pairwise(cuts), strict=True)
    }


def _totals(charts: pd.DataFrame) -> BoolArray:
    """Charts that add others up."""
    return (charts["stratum"].eq(EVERYONE) | charts["site"].eq(ALL_SITES)).to_numpy(bool)


def _joined(parts: list[Measured], name: str) -> pd.DataFrame:
    """One table of all measures; without rows it has its columns still."""
    tables = [table for part in parts if len(table := getattr(part, name))]
    return pd.concat(tables, ignore_index=True) if tables else empty(TABLES[name])


@dataclass(frozen=True, slots=True, eq=False)
class _Begun:
    """A measure that is drawn and has to be judged, at the sites whose counts are new."""

    ask: Ask
    rows: pd.DataFrame  # with their totals
    previous: Measured | None
    kept: frozenset[str]  # sites whose tables are those of before
    windows: str
    part: Measured  # of the other sites


def _measure(
    reading: Reading,
    rows: pd.DataFrame,
    network: bool,
    judges: Workers | None,
    before: Mapping[str, Measured],
) -> Measured | _Begun:
    """All of one measure, or what has to be judged of it."""
    counts = "" if judges is None else whole(reading, rows, network)
    previous = before.get(reading.measure.id)
    if previous is not None and previous.counts == counts:
        return previous
    found = quality(reading.project, rows).found
    said = tuple((one.check, one.said) for one in found if one.caution)
    rows = with_totals(rows, "stratum", EVERYONE)
    if network:
        rows = with_totals(rows, "site", ALL_SITES)
    if judges is None:
        return replace(_drawn(reading, rows), quality=said)
    begun = _begun(reading, rows, previous)
    return replace(begun, part=replace(begun.part, counts=counts, quality=said))


def _finished(
    begun: Mapping[str, Measured | _Begun], judges: Workers | None
) -> dict[str, Measured]:
    """Every measure judged: all that has to be is asked for at once."""
    asks = {name: one.ask for name, one in begun.items() if isinstance(one, _Begun)}
    held = judged(list(asks.values()), judges) if judges is not None else []
    found = dict(zip(asks, held, strict=True))
    return {
        name: _judged(one, found[name]) if isinstance(one, _Begun) else one
        for name, one in begun.items()
    }


def _drawn(reading: Reading, rows: pd.DataFrame) -> Measured:
    """Lines, marks and gaps of one measure; nothing judged."""
    charted = reading.charted_as_logged(rows)
    drawn = charted.draw(rows)
    cautions, gaps = list(_cautions_of(drawn.summary)), pd.DataFrame()
    if charted.of_readings and not {READINGS, SPREAD} <= set(beside(rows)):
        cautions.append(caution("readings_not_known", (reading.measure.id, "", "")))
    known = _known(reading, rows)
    if reading.compared and not known.empty:
        if reading.is_held(known):
            gaps = _gaps(reading, known)
        else:
            where = (reading.measure.id, "", "")
            told = {"reference": str(reading.reference)}
            cautions.append(caution("reference_not_logged", where, **told))
    cautions += _uncompared(reading)
    gaps = reading.value_gaps(rows, judge=False).summary if reading.valued else gaps
    points = beside_points(drawn.points, rows, reading.measure.subgroup)
    return Measured("", drawn.summary, points, gaps, cautions=tuple(cautions))


def _uncompared(reading: Reading) -> Iterator[Caution]:
    """Why strata are not held side by side, where no gap can be."""
    target = reading.valued and isinstance(reading.reference, float)
    if not (reading.compared or reading.valued) or target:
        code = "target_not_compared" if target else reading.why_not_judged
        yield caution(code, (reading.measure.id, "", ""))


def _known(reading: Reading, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of strata that can be held side by side."""
    return rows[rows["stratum"].isin(reading.project.strata.known) & rows["numerator"].notna()]


def _begun(reading: Reading, rows: pd.DataFrame, previous: Measured | None) -> _Begun:
    """One measure drawn, anew at each site whose counts are new."""
    told = contents(reading, rows)
    kept = _kept(reading, rows, told, previous)
    fresh = rows[~rows["site"].isin(kept)] if kept else rows
    part = _drawn(reading, fresh)
    charts = Charts(part.points, part.charts, tuple(SERIES_KEY))
    before = previous.judged if previous is not None else {}
    ask = Ask(reading, rows, charts, told, before)
    return _Begun(ask, rows, previous, kept, told.windows, part)


def _judged(begun: _Begun, held: dict[str, Judged]) -> Measured:
    """One measure with all that it is judged by."""
    reading, rows, previous, kept = begun.ask.reading, begun.rows, begun.previous, begun.kept
    fresh = rows[~rows["site"].isin(kept)] if kept else rows
    now = {site: held[site] for site in held if site not in kept}
    part = _with_evidence(begun.part, reading, now)
    if len(part.gaps):
        gaps = _with_unknown(part.gaps, unknown_bounds(reading, fresh))
        gaps = held_back(gaps, reading, fresh)
        points = signals_held_back(part.gap_points, gaps)
        part = replace(part, gaps=gaps, gap_points=points)
        if reading.is_judged and reading.measure.data == "proportion":
            part = replace(part, inequality=_inequality(reading, fresh))
    if previous is not None and kept:
        part = _beside(part, previous, kept)
    drawn, cusums = reading.cusums(part.points)
    part = replace(part, crossed=reading.crossed(rows), cusums=cusums, cusum_points=drawn)
    of_charts = list(_cautions_of(part.charts))
    said = set(of_charts)
    cautions = [*of_charts, *(one for one in part.cautions if one not in said)]
    if len(part.gaps):
        if reading.is_judged:
            cautions += _cautions_of(part.gaps)
        else:
            cautions.append(caution(reading.why_not_judged, (reading.measure.id, "", "")))
    if (across := reading.sites(rows)) is not None:
        curve = across.funnel.curve()
        part = replace(part, sites=across.rows, within=across.within, funnels=curve)
    return replace(part, judged=held, windows=begun.windows, cautions=tuple(cautions))


def _kept(
    reading: Reading, rows: pd.DataFrame, told: Contents, previous: Measured | None
) -> frozenset[str]:
    """Sites whose rows of every table are those that were found before."""
    if previous is None or previous.windows != told.windows or reading.valued:
        return frozenset()
    then = previous.judged
    same = {site for site in told.sites if site in then and then[site].counts == told.sites[site]}
    others = rows[~rows["site"].isin(same)]
    apart = len(others) and told_apart(reading, others, told)
    return frozenset(same) if apart else frozenset()


def _beside(part: Measured, previous: Measured, kept: frozenset[str]) -> Measured:
    """The sites judged now, and those kept, in the order of the sites."""

    def together(name: str) -> pd.DataFrame:
        return _spliced(getattr(previous, name), getattr(part, name), kept)

    gaps = together("gaps")
    if len(gaps):
        gaps["q_value"] = q_values(gaps["p_value"].to_numpy(float))
    return replace(
        part,
        charts=together("charts"),
        points=together("points"),
        gaps=gaps,
        gap_points=together("gap_points"),
        inequality=together("inequality"),
    )


def _spliced(then: pd.DataFrame, now: pd.DataFrame, kept: Collection[str]) -> pd.DataFrame:
    """The rows of some sites from one table, those of the others from another: sites in order."""
    blocks = {site: (then, at) for site, at in _blocks(then).items() if site in kept}
    blocks |= {site: (now, at) for site, at in _blocks(now).items()}
    if not blocks:
        return now
    stretches: list[tuple[pd.DataFrame, slice]] = []
    for site in sorted(blocks):
        table, at = blocks[site]
        if stretches and stretches[-1][0] is table and stretches[-1][1].stop == at.start:
            at = slice(stretches.pop()[1].start, at.stop)
        stretches.append((table, at))
    return pd.concat([table.iloc[at] for table, at in stretches], ignore_index=True)


def _blocks(table: pd.DataFrame) -> dict[str, slice]:
    """Where each site's rows stand, in a table that has them together."""
    if table.empty:
        return {}
    sites = table["site"].array
    cuts = [0, *(np.flatnonzero(sites[1:] != sites[:-1]) + 1), len(sites)]
    found = {str(sites[a]): slice(int(a), int(b)) for a, b in pairwise(cuts)}
    assert len(found) == len(cuts) - 1  # every table of a measure is in the order of its sites
    return found


def _inequality(reading: Reading, rows: pd.DataFrame) -> pd.DataFrame:
    return inequality(
        _known(reading, rows),
        numerator="numerator",
        denominator="denominator",
        stratum="stratum",
        by=["measure", "site"],
        adverse=reading.better == "decrease",
        order=reading.order,
    )


def _with_evidence(part: Measured, reading: Reading, held: Mapping[str, Judged]) -> Measured:
    """Put on what each site's charts and gaps are judged by."""

    def together(name: str) -> pd.DataFrame:
        tables: list[pd.DataFrame] = [getattr(one, name) for one in held.values()]
        return pd.concat(tables, ignore_index=True)

    evidence = together("charts")
    stale = [name for name in evidence if name in part.charts and name not in KEYS]
    part = replace(
        part,
        charts=side_by_side(part.charts.drop(columns=stale), evidence, on=KEYS),
        points=side_by_side(part.points, together("points"), on=[*KEYS, "subgroup"]),
    )
    if not len(part.gaps) or not reading.is_judged:
        return part
    gaps = _one_estimate(part.gaps, together("gaps"))
    return replace(
        part,
        gaps=gaps.assign(smallest_gap=reading.measure.smallest_gap),
        gap_points=together("gap_points"),
    )


def _one_estimate(crude: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """The gaps with their verdicts, and the estimate and interval that each verdict rests on."""
    if judged.empty:
        return crude
    theirs = [name for name in map(str, judged) if name.startswith(ESTIMATES) or name not in crude]
    stale = {*theirs} - {*SERIES_KEY}
    kept = crude[[name for name in crude if name not in stale]]
    table = side_by_side(kept, judged[[*SERIES_KEY, *theirs]], on=SERIES_KEY)
    excess = {
        f"excess{end}": table[f"difference{end}"] * table["denominator"]
        for end in ("", "_lower", "_upper")
    }
    return table.assign(**excess)


def _cautions_of(table: pd.DataFrame) -> Iterator[Caution]:
    """The codes in a table's column of cautions, each where it applies."""
    if "cautions" not in table:  # nothing could be judged
        return
    columns = (table[name].tolist() for name in (*SERIES_KEY, "cautions"))
    for *place, said in zip(*columns, strict=True):
        # A stratum that was never logged beside its reference has no gap chart, and no cautions.
        for code in said if isinstance(said, tuple) else ():
            yield caution(code, (place[0], place[1], place[2]))


def _gaps(reading: Reading, known: pd.DataFrame) -> pd.DataFrame:
    """The gap over the whole time; beside it then (the baseline) and now (as long, at the end)."""
    day, days = factorize(known["subgroup"])
    windows = reading.windows(days)
    # The baseline settles who was best in it; the two windows below say what has changed since.
    best = reading.reference == BEST_AT_BASELINE
    baseline = windows.baseline if windows.judged and best else None
    table = reading.gaps(known, subgroup="subgroup" if best else None, baseline=baseline)
    table = table.drop(columns=["disagree", "sentence"])
    if not windows.judged:
        return table
    window = np.full(len(days), NEITHER)
    window[windows.then], window[windows.now] = 0, 1
    place = window[day]
    stretches = known[place != NEITHER].assign(**{WINDOW: place[place != NEITHER]})
    both = reading.gaps(stretches, subgroup=WINDOW, baseline=1, each_subgroup=True)
    of_window = both.pop(WINDOW).to_numpy()
    columns = [
        name
        for name in table.columns
        if name.startswith(("numerator", "denominator", "rate", "difference", "ratio"))
    ]
    kept = both[[*SERIES_KEY, *columns]]
    then, now = (
        kept[of_window == at].set_axis(
            [*SERIES_KEY, *(f"{name}_{suffix}" for name in columns)], axis="columns"
        )
        for at, suffix in ((0, THEN), (1, NOW))
    )
    now["disagree"] = both["disagree"]
    table = side_by_side(table, then, now, on=SERIES_KEY)
    return table.assign(disagree=table["disagree"].eq(True))


def _declared(project: Project, gap: pd.DataFrame) -> pd.Series:
    """The contrast declared before looking: judged by itself, not as one of many."""
    primary = project.aim.primary
    return gap["measure"].eq(primary.measure) & gap["stratum"].eq(primary.stratum)


def _with_unknown(gap: pd.DataFrame, bounds: pd.DataFrame) -> pd.DataFrame:
    """The gaps with how far they would move, were the unknown on one side or shared out."""
    plausible = bounds[~bounds["allocation"].isin(EXTREMES)]
    place, first = placed(plausible, SERIES_KEY)
    ratio = plausible["ratio"].to_numpy(float)
    lower, upper = np.full((2, len(first)), np.nan)
    np.fmin.at(lower, place, ratio)
    np.fmax.at(upper, place, ratio)
    changes = plausible["changes"].eq(True).to_numpy(bool)
    found = pd.DataFrame(
        {name: plausible[name].array.take(first) for name in (*SERIES_KEY, "unknown_births")}
        | {"unknown_ratio_lower": lower, "unknown_ratio_upper": upper}
        | {"unknown_decides": np.bincount(place[changes], minlength=len(first)) > 0}
    )
    merged = side_by_side(gap, found, on=SERIES_KEY)
    return merged.assign(unknown_decides=merged["unknown_decides"].eq(True))
