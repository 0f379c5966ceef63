"""The register of gaps: indicator by group by place, from counts; all sums are those of equity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from qi_equity import ethnicity
from qi_equity.arrays import BoolArray, FloatArray
from qi_equity.audit.model import Audit, AuditDimension, AuditIndicator
from qi_equity.audit.rows import GapRow
from qi_equity.audit.sized import counts, intervals, reference_rate
from qi_equity.audit.taken import Taken
from qi_equity.chance import HIGHLIGHT, q_values
from qi_equity.equity.inequality import inequality, strata_from_counts
from qi_equity.equity.intervals import Interval
from qi_equity.equity.register import (
    Cells,
    Evidence,
    changed,
    evidence,
    times_as_many,
)
from qi_equity.project import EVERYONE_ELSE
from qi_equity.vocabulary import Moved, Standing

ALL_PLACES = ""  # in the column of places: all of them together
AREA_DAYS_A_YEAR = 365.25
ROUNDED = frozenset({"msds", "hes", "nearest 5"})
# What somebody who reads the register is told of: a gap, whichever way.
SHOWN = frozenset({Standing.WORSE, Standing.BETTER, Standing.APART})


@dataclass(frozen=True, slots=True, eq=False)
class Register:
    """The gaps, a row an indicator, group and place, and WHO's measures where groups have an order.

    `gaps` of all places together have an empty place; `slopes` a row a dimension, indicator and
    measure (sii, rii).
    """

    gaps: pd.DataFrame
    slopes: pd.DataFrame

    @property
    def tested(self) -> int:
        """How many gaps were held against chance: the family of the false-discovery rate."""
        return int(self.gaps["p_value"].notna().sum())

    def by_evidence(self) -> pd.DataFrame:
        """The gaps that are shown, the surest first."""
        shown = self.gaps[self.gaps["standing"].isin(SHOWN)]
        return shown.sort_values(["q_value", "p_value", "people"], ascending=[True, True, False])

    def by_people(self) -> pd.DataFrame:
        """Every gap that may cost somebody something, those with most events first.

        What is not shown by evidence is among them: a large group's gap may be small or too early
        to call and still concern most people. Whether it is more than chance its interval says;
        what small numbers that are shown as others may have made up is not among them.
        """
        bounded = (self.gaps["most"] > self.gaps["least"]) & ~(self.gaps["people_lower"] > 0)
        kept = self.gaps["standing"].isin([Standing.WORSE, Standing.TOO_EARLY, Standing.NO_GAP])
        worse = self.gaps[kept & ~bounded & (self.gaps["people"] > 0)]
        return worse.sort_values(["people", "q_value"], ascending=[False, True])


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Indicators of one kind in one dimension as arrays: indicator, place, group."""

    dimension: AuditDimension
    indicators: tuple[AuditIndicator, ...]
    groups: tuple[str, ...]
    cells: Cells
    before: Cells | None
    sources: np.ndarray  # by indicator and place: whose counts these are


def register(audit: Audit, taken: Taken, highlight: float = HIGHLIGHT) -> Register:
    """Every gap of an audit with its evidence; see Register."""
    now, before = taken.within(audit), taken.within(audit, previous=True)
    blocks = list(_blocks(audit, now, before, taken.protected))
    found = evidence([block.cells for block in blocks], highlight)
    bar = _bar(found, highlight)
    parts = [_rows(audit, block, one, bar) for block, one in zip(blocks, found, strict=True)]
    gaps = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=NOTHING)
    if parts:
        gaps = _moved(gaps)
    slopes = [row for block in blocks for row in _slopes(block)]
    return Register(gaps, pd.DataFrame(slopes, columns=SLOPES))


# Columns where no source says anything of the period.
NOTHING = [*(one.name for one in fields(GapRow)), "p_value", "q_value"]


def _bar(found: Sequence[Evidence], highlight: float) -> float:
    """The p-value at which one more gap would be shown among all (Benjamini & Hochberg 1995)."""
    p = np.concatenate([one.p_value.ravel() for one in found]) if found else np.empty(0)
    tested = int(np.isfinite(p).sum())
    shown = sum(int((one.q_value <= highlight).sum()) for one in found)
    return highlight * (shown + 1) / max(1, tested)


SLOPES = ["dimension", "indicator", "measure", "estimate", "lower", "upper"]


# ------------------------------------------------------------------ counts as arrays


def _blocks(
    audit: Audit, now: pd.DataFrame, before: pd.DataFrame, protected: bool
) -> Iterator[_Block]:
    for dimension in audit.dimensions:
        here = now[now["dimension"] == dimension.id]
        then = before[before["dimension"] == dimension.id]
        for rate in (False, True):
            kind = "rate" if rate else "proportion"
            named = set(here["indicator"])
            some = tuple(i for i in audit.indicators if i.data == kind and i.id in named)
            if not some:
                continue
            against = _against(dimension)
            cells, sources = _cells(audit, dimension, some, here, against, rate, protected)
            earlier = None
            if len(then):
                earlier, _ = _cells(audit, dimension, some, then, against, rate, protected, sources)
            yield _Block(dimension, some, dimension.known, cells, earlier, sources)


def _against(dimension: AuditDimension) -> int | None:
    name = dimension.reference.compare_with
    return None if name == EVERYONE_ELSE else dimension.known.index(name)


def _cells(
    audit: Audit,
    dimension: AuditDimension,
    indicators: tuple[AuditIndicator, ...],
    table: pd.DataFrame,
    against: int | None,
    rate: bool,
    protected: bool,
    chosen: np.ndarray | None = None,
) -> tuple[Cells, np.ndarray]:
    """The counts of the first source that has each place; which one that is."""
    rank = {
        (one.id, source): place for one in indicators for place, source in enumerate(one.sources)
    }
    wanted = table[table["group"].isin(dimension.known)]
    order = [rank.get(pair, -1) for pair in zip(wanted["indicator"], wanted["source"], strict=True)]
    wanted = wanted.assign(rank=order)
    wanted = wanted[wanted["rank"] >= 0]
    axes = ([one.id for one in indicators], [one.id for one in audit.places], list(dimension.known))
    at = [
        pd.Index(names).get_indexer(pd.Index(wanted[key]))
        for names, key in zip(axes, NAMES, strict=True)
    ]
    first = np.full((len(axes[0]), len(axes[1])), np.iinfo(np.int64).max)
    ranks = wanted["rank"].to_numpy()
    np.minimum.at(first, (at[0], at[1]), ranks)
    used = ranks == first[at[0], at[1]]
    shape = tuple(map(len, axes))
    x, n = np.full(shape, np.nan), np.full(shape, np.nan)
    place = tuple(part[used] for part in at)
    x[place] = wanted["numerator"].to_numpy(float)[used]
    n[place] = wanted["denominator"].to_numpy(float)[used]
    # One without the other is no rate.
    both = np.isfinite(x) & np.isfinite(n)
    x, n = np.where(both, x, np.nan), np.where(both, n, np.nan)
    sources = np.full(first.shape, "", dtype=object)
    sources[at[0], at[1]] = [""] * len(wanted)
    sources[at[0][used], at[1][used]] = wanted["source"].to_numpy()[used]
    if chosen is not None:  # another source than now would be no change of a gap
        x[sources != chosen] = np.nan
        n[sources != chosen] = np.nan
    rounded = _rounded(audit, sources, protected)
    least, most = _bounds(audit, sources, protected, x, n) if rounded.any() else (None, None)
    return Cells(x, n, rounded, against, rate, least, most), sources


NAMES = ("indicator", "place", "group")


def _rounded(audit: Audit, sources: np.ndarray, protected: bool) -> BoolArray:
    rounded = {one.id for one in audit.sources if protected or one.rounding in ROUNDED}
    return np.asarray(np.isin(sources.astype(str), list(rounded)))


# What a small number may have been before it was rounded: by the rule, from what is shown.
SMALL = {
    "msds": {5.0: (1.0, 7.0)},
    "nearest 5": {0.0: (0.0, 2.0), 5.0: (3.0, 7.0)},
}


def _bounds(
    audit: Audit, sources: np.ndarray, protected: bool, x: FloatArray, n: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The least and the most that each numerator can be; a large one is what it is shown as."""
    least, most = x.copy(), x.copy()
    for source in audit.sources:
        here = (sources.astype(str) == source.id)[..., np.newaxis]
        for rule in {source.rounding, "msds" if protected else "none"}:
            for shown, (low, high) in SMALL.get(rule, {}).items():
                small = here & (x == shown)
                least = np.where(small, np.minimum(least, low), least)
                most = np.where(small, np.maximum(most, high), most)
    return least, np.fmin(most, np.fmax(n, x))


# ------------------------------------------------------------------ a row each


def _rows(audit: Audit, block: _Block, found: Evidence, bar: float) -> pd.DataFrame:
    """A row an indicator, place (and all together) and group."""
    cells = block.cells
    x, n, y, m = counts(cells, (cells.numerator, cells.numerator))
    ends = [counts(cells, corner)[0] for corner in cells.corners]
    rate, apart, times = intervals(cells)
    shape = found.p_value.shape
    rows: dict[str, Any]
    indicators, places, groups = np.meshgrid(
        [one.id for one in block.indicators],
        [*(one.id for one in audit.places), ALL_PLACES],
        block.groups,
        indexing="ij",
    )
    own = {one.id: one for one in block.indicators}
    direction = np.array([own[one].direction for one in own])[:, None, None]
    excess = apart.times(n)
    with np.errstate(all="ignore"):
        rows = {
            "dimension": block.dimension.id,
            "indicator": indicators,
            "group": groups,
            "place": places,
            "source": np.broadcast_to(_source_of(block)[..., None], shape),
            "reference": block.dimension.reference.compare_with,
            "numerator": x,
            "denominator": n,
            "least": np.minimum(ends[0], ends[-1]),
            "most": np.maximum(ends[0], ends[-1]),
            **_three("rate", rate),
            "reference_rate": reference_rate(cells, y / m),
            "reference_size": m,
            **_three("difference", apart),
            **_three("ratio", times),
            **_three("excess", excess),
            **_three("people", _people(excess, direction)),
            "p_value": found.p_value,
            "q_value": found.q_value,
            "echo_of": np.where(
                found.echo_of >= 0, np.array(block.groups)[np.maximum(found.echo_of, 0)], ""
            ),
            **_change(block, apart),
        }
        smallest = np.array([own[one].smallest_gap for one in own])[:, None, None]
        rows["standing"] = _standing(block, found, apart, times, direction, smallest)
        days = _days(audit, block)
        rows |= _needed((x, n, y, m), smallest, direction, rows["standing"], days, bar)
    table = pd.DataFrame({name: _flat(value, shape) for name, value in rows.items()})
    # What no row of any source is about has no row here either.
    return table[table["denominator"].notna() & (table["denominator"] > 0)].reset_index(drop=True)


def _flat(value: Any, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(value, shape).ravel() if isinstance(value, np.ndarray) else value


def _three(name: str, interval: Interval) -> dict[str, FloatArray]:
    return {
        name: interval.estimate,
        f"{name}_lower": interval.lower,
        f"{name}_upper": interval.upper,
    }


def _source_of(block: _Block) -> np.ndarray:
    """The source of each place; of all together, every source that they are from."""
    every = [[", ".join(sorted(set(row) - {""}))] for row in block.sources]
    return np.concatenate([block.sources, np.array(every, dtype=object)], axis=1)


def _people(excess: Interval, direction: np.ndarray) -> Interval:
    """Events that would not have happened (or would have) without the gap; nan of no direction."""
    turned = excess.times(-1)
    low, high = direction == "decrease", direction == "increase"
    parts = [
        np.where(low, getattr(excess, part), np.where(high, getattr(turned, part), np.nan))
        for part in ("estimate", "lower", "upper")
    ]
    return Interval(*(np.maximum(part, 0.0) for part in parts))


def _standing(
    block: _Block,
    found: Evidence,
    apart: Interval,
    times: Interval,
    direction: np.ndarray,
    smallest: FloatArray,
) -> np.ndarray:
    """What can be said of each gap; see Standing."""
    worse = np.where(direction == "decrease", apart.estimate > 0, apart.estimate < 0)
    shown = np.where(
        direction == "none", Standing.APART, np.where(worse, Standing.WORSE, Standing.BETTER)
    )
    # A gap is told of only where its own interval agrees: of many that are shown the bar is low.
    within = (apart.lower <= 0) & (apart.upper >= 0)
    # Of all places together evidence weighs them otherwise than the size does: where the two lie
    # on different sides, neither is told.
    apart_from_it = (block.cells.high() != (apart.estimate > 0)) & (apart.estimate != 0)
    # A gap that matters is ruled out by the ratio of what goes wrong, whichever of the two is
    # counted; and never where the interval says that there is one.
    wrong = _of_failures(block.cells, times, direction)
    small = (wrong.upper < smallest) & (wrong.lower > 1 / smallest) & within
    small &= ~(apart_from_it & (found.q_value <= HIGHLIGHT))
    said = np.select(
        [
            ~np.isfinite(found.p_value),
            found.found & ~within & ~apart_from_it,
            found.echo_of >= 0,
            small,
        ],
        [Standing.NOT_COMPARED, shown, Standing.ECHO, Standing.NO_GAP],
        Standing.TOO_EARLY,
    ).astype(object)
    # Where it is the surest group that is better off, the others are worse off than it: their gap
    # is no mere echo, and must not go missing from what an area sets out to close.
    beside = np.take_along_axis(said, np.maximum(found.echo_of, 0), axis=-1)
    said[(said == Standing.ECHO) & (beside == Standing.BETTER) & worse & ~within] = Standing.WORSE
    if block.cells.against is not None:
        said[..., block.cells.against] = Standing.REFERENCE
    return said


def _of_failures(cells: Cells, times: Interval, direction: np.ndarray) -> Interval:
    """The ratio of those who do without, where more is better; else that of what is counted."""
    if cells.rate or not (direction == "increase").any():
        return times
    x, n, least, most = cells.numerator, cells.denominator, cells.least, cells.most
    without = replace(
        cells,
        numerator=n - x,
        least=None if most is None else n - most,
        most=None if least is None else n - least,
    )
    _, _, failures = intervals(without)
    good = direction == "increase"
    return Interval(
        *(np.where(good, getattr(failures, part), getattr(times, part))
          for part in ("estimate", "lower", "upper"))
    )  # fmt: skip


def _days(audit: Audit, block: _Block) -> FloatArray:
    """How many days of each place's source lie in the audit's period; the most of all together."""
    first, last = audit.period.from_, audit.period.to
    of_source = {
        one.id: (min(last, one.period.to) - max(first, one.period.from_)).days + 1
        for one in audit.sources
    }
    whole = (last - first).days + 1
    days = np.vectorize(lambda name: float(of_source.get(name, whole)), otypes=[float])
    held = np.maximum(days(block.sources), 1.0)
    return np.concatenate([held, held.max(axis=-1, keepdims=True)], axis=-1)[..., None]


def _needed(
    counts: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    smallest: FloatArray,
    direction: np.ndarray,
    standing: np.ndarray,
    days: FloatArray,
    bar: float,
) -> dict[str, np.ndarray]:
    """Where it is too early: how many more births, and from which day, at today's numbers.

    Until it would be shown among all that the audit looks at, which is more than by itself.
    """
    _, n, y, m = counts
    # The group's own events say nothing of how many are needed to see a gap of a stated size.
    ratio = np.where(direction == "increase", 1 / smallest, smallest)
    times = times_as_many(n, y, m, ratio, level=bar)
    early = np.isin(standing.astype(str), [Standing.TOO_EARLY, Standing.NOT_COMPARED])
    more = np.where(early & np.isfinite(times), np.maximum(times - 1, 0) * n, np.nan)
    with np.errstate(all="ignore"):
        years = np.maximum(times - 1, 0) * days / AREA_DAYS_A_YEAR
    return {
        "more": more,
        "more_events": more * np.where(m > 0, y / m, np.nan) * ratio,
        "years": np.where(early, years, np.nan),
    }


def _change(block: _Block, now: Interval) -> dict[str, np.ndarray]:
    """How far the difference moved since the period before, over the places that have both."""
    if block.before is None:
        nothing = np.full(now.estimate.shape, np.nan)
        names = ("before", "change", "change_lower", "change_upper", "change_p", "was")
        return dict.fromkeys(names, nothing)
    known = np.isfinite(block.cells.numerator) & np.isfinite(block.before.numerator)
    same, then = (_only(cells, known) for cells in (block.cells, block.before))
    (_, now, _), (_, before, _) = intervals(same), intervals(then)
    moved, p_value = changed(now, before)
    side = np.where(before.lower > 0, 1.0, np.where(before.upper < 0, -1.0, 0.0))
    return {"before": before.estimate, **_three("change", moved), "change_p": p_value, "was": side}


def _only(cells: Cells, known: BoolArray) -> Cells:
    """The counts of some places and groups alone."""

    def kept(part: FloatArray) -> FloatArray:
        return np.where(known, part, np.nan)

    least, most = (None if part is None else kept(part) for part in (cells.least, cells.most))
    x, n = kept(cells.numerator), kept(cells.denominator)
    return replace(cells, numerator=x, denominator=n, least=least, most=most)


def _moved(gaps: pd.DataFrame) -> pd.DataFrame:
    """Which gaps have moved, as a family of their own.

    Sides have changed where the gap is shown, and the one before was clear of nought.
    """
    known = gaps["change_p"].notna()
    q_value = q_values(gaps["change_p"])
    before, now = gaps["before"], gaps["before"] + gaps["change"]
    turned = (now * gaps["was"] < 0) & gaps["standing"].isin(SHOWN)
    word = np.where(turned, Moved.TURNED, np.where(
        now.abs() > before.abs(), Moved.WIDENED, Moved.NARROWED
    ))  # fmt: skip
    said = np.where(~known, Moved.NOT_KNOWN, np.where(q_value <= HIGHLIGHT, word, Moved.NOT_SHOWN))
    return gaps.drop(columns="was").assign(change_q=q_value, moved=said)


def _slopes(block: _Block) -> Iterator[tuple[object, ...]]:
    """WHO's measures for groups in an order: the slope and the relative index, of all places.

    Each group's rate is that which it would have if it gave birth where everybody does: its events
    over those expected at its own places (indirect standardisation), so that a place where all
    fare worse makes no slope. A place where a group's count is withheld is left out.
    """
    ranked = order(block.dimension)
    if len(ranked) < 3 or block.cells.rate:
        return
    at = [block.groups.index(name) for name in ranked]
    x, n = (part[..., at] for part in (block.cells.numerator, block.cells.denominator))
    x, n = _within_places(x, n)
    for place, one in enumerate(block.indicators):
        adverse = one.direction != "increase"
        people = strata_from_counts(x[place], n[place], ordered=True, adverse=adverse)
        with np.errstate(all="ignore"):
            measured = inequality(people, ("sii", "rii"))
        for name, seen in measured.items():
            ends = (float(part) for part in (seen.estimate, seen.lower, seen.upper))
            yield (block.dimension.id, one.id, name, *ends)


def _within_places(x: FloatArray, n: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Events and people by group (last axis), freed of which places the groups give birth at."""
    whole = (np.isfinite(x) & np.isfinite(n)).all(axis=-1, keepdims=True)
    x, n = np.where(whole, x, 0.0), np.where(whole, n, 0.0)
    with np.errstate(all="ignore"):
        usual = x.sum(axis=-1, keepdims=True) / n.sum(axis=-1, keepdims=True)
        expected = np.nansum(usual * n, axis=-2)
        people = n.sum(axis=-2)
        everybody = x.sum(axis=(-2, -1)) / people.sum(axis=-1)
        standard = everybody[..., np.newaxis] * x.sum(axis=-2) / expected
    return np.minimum(standard, 1.0) * people, people


def order(dimension: AuditDimension) -> tuple[str, ...]:
    """The groups from the worst off to the best, where they have an order; ethnicity has none."""
    if dimension.ordered:
        return dimension.known
    codes = {group.name: group.codes for group in dimension.groups if not group.unknown}
    return ethnicity.in_order(codes, dimension.code_system, dimension.roll_up)
