"""The register of gaps: indicator by group by place, from counts; all sums are those of equity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qi_equity import ethnicity
from qi_equity.arrays import BoolArray, FloatArray
from qi_equity.audit.model import Audit, AuditDimension, AuditIndicator
from qi_equity.audit.taken import Taken
from qi_equity.chance import HIGHLIGHT, q_values
from qi_equity.equity.contrast import difference_interval, ratio_interval
from qi_equity.equity.gaps import Methods, gap
from qi_equity.equity.inequality import inequality, strata_from_counts
from qi_equity.equity.intervals import Interval, wilson
from qi_equity.equity.register import (
    Cells,
    Evidence,
    blunted,
    changed,
    evidence,
    times_as_many,
    widened,
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
        to call and still concern most people. Whether it is more than chance its interval says.
        """
        kept = self.gaps["standing"].isin([Standing.WORSE, Standing.TOO_EARLY, Standing.NO_GAP])
        worse = self.gaps[kept & (self.gaps["people"] > 0)]
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
    parts = [_rows(audit, block, one) for block, one in zip(blocks, found, strict=True)]
    gaps = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["p_value"])
    if parts:
        gaps = _moved(gaps)
    slopes = [row for block in blocks for row in _slopes(block)]
    return Register(gaps, pd.DataFrame(slopes, columns=SLOPES))


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
    return Cells(x, n, _rounded(audit, sources, protected), against, rate), sources


NAMES = ("indicator", "place", "group")


def _rounded(audit: Audit, sources: np.ndarray, protected: bool) -> BoolArray:
    rounded = {one.id for one in audit.sources if protected or one.rounding in ROUNDED}
    return np.asarray(np.isin(sources.astype(str), list(rounded)))


# ------------------------------------------------------------------ a row each


def _rows(audit: Audit, block: _Block, found: Evidence) -> pd.DataFrame:
    """A row an indicator, place (and all together) and group."""
    x, n, y, m = _counts(block.cells)
    rate, apart, times = _intervals(block.cells)
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
            **_three("rate", rate),
            "reference_rate": y / m,
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
        rows |= _needed(audit, (x, n, y, m), smallest, direction, rows["standing"])
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


def _counts(cells: Cells) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Own counts and the reference's, with those of all places together at the end."""
    parts = (cells.numerator, cells.denominator, *cells.reference())
    seen = np.isfinite(cells.numerator) & (np.nan_to_num(parts[3]) > 0)
    sums = [np.sum(np.where(seen, part, 0.0), axis=-2, keepdims=True) for part in parts]
    sums = [np.where(cells.several[..., None, :], part, np.nan) for part in sums]
    x, n, y, m = (
        np.concatenate([part, total], axis=-2) for part, total in zip(parts, sums, strict=True)
    )
    return x, n, y, m


def _intervals(cells: Cells) -> tuple[Interval, Interval, Interval]:
    """Rate, difference and ratio; of all places together those within places, and wider if rounded.

    The rate of all together is the plain one: it is what a reader can work out again.
    """
    x, n, y, m = _counts(cells)
    methods = Methods("rate" if cells.rate else "proportion")
    own_x, own_n, other_x, other_n = (part[..., :-1, :] for part in (x, n, y, m))
    here = gap(own_x, own_n, other_x, other_n, methods=methods)
    within = cells.within()
    with np.errstate(all="ignore"):
        one = methods.one if cells.rate else wilson
        rate = one(x, n, 0.95)
        scale = _scale(cells)
        apart = _joined(here.difference, difference_interval(within).times(scale))
        times = _joined(here.ratio, ratio_interval(within))
        if cells.rounded.any():
            known = np.where(np.isfinite(x), 0.5, np.nan)
            rounded = np.concatenate(
                [cells.rounded, cells.rounded.any(axis=-1, keepdims=True)], axis=-1
            )[..., None]
            many = x.shape[-1] - 1 if cells.against is None else 1
            _, wider = blunted(known, x, n, y, m, rounded, many)
            apart = widened(apart, wider)
            times = _widened_ratio(times, wider)
    alone = ~cells.several
    return rate, _blank(apart, alone), _blank(times, alone)


def _scale(cells: Cells) -> float:
    """Of a rate the exposure was cut fine to be compared: its difference is brought back."""
    if not cells.rate:
        return 1.0
    return cells.fineness


def _joined(places: Interval, together: Interval) -> Interval:
    return Interval(
        *(
            np.concatenate([getattr(places, part), getattr(together, part)[..., None, :]], axis=-2)
            for part in ("estimate", "lower", "upper")
        )
    )


def _widened_ratio(times: Interval, wider: FloatArray) -> Interval:
    parts = (times.estimate, times.lower, times.upper)
    on_log = widened(Interval(*(np.log(part) for part in parts)), wider)
    return Interval(times.estimate, np.exp(on_log.lower), np.exp(on_log.upper))


def _blank(interval: Interval, alone: BoolArray) -> Interval:
    """Nothing of all together where there is one place only: that place says it."""
    parts = []
    for part in (interval.estimate, interval.lower, interval.upper):
        part = part.copy()
        part[..., -1, :] = np.where(alone, np.nan, part[..., -1, :])
        parts.append(part)
    return Interval(*parts)


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
    small = (times.upper < smallest) & (times.lower > 1 / smallest)
    said = np.select(
        [
            ~np.isfinite(found.p_value),
            found.found,
            found.echo_of >= 0,
            small,
        ],
        [Standing.NOT_COMPARED, shown, Standing.ECHO, Standing.NO_GAP],
        Standing.TOO_EARLY,
    ).astype(object)
    if block.cells.against is not None:
        said[..., block.cells.against] = Standing.REFERENCE
    return said


def _needed(
    audit: Audit,
    counts: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    smallest: FloatArray,
    direction: np.ndarray,
    standing: np.ndarray,
) -> dict[str, np.ndarray]:
    """Where it is too early: how many more births, and from which day, at today's numbers."""
    _, n, y, m = counts
    # The group's own events say nothing of how many are needed to see a gap of a stated size.
    ratio = np.where(direction == "increase", 1 / smallest, smallest)
    times = times_as_many(n, y, m, ratio)
    early = np.isin(standing.astype(str), [Standing.TOO_EARLY, Standing.NOT_COMPARED])
    more = np.where(early & np.isfinite(times), np.maximum(times - 1, 0) * n, np.nan)
    days = (audit.period.to - audit.period.from_).days + 1
    with np.errstate(all="ignore"):
        years = np.maximum(times - 1, 0) * days / AREA_DAYS_A_YEAR
    return {
        "more": more,
        "more_events": more * np.where(m > 0, y / m, np.nan) * ratio,
        "years": np.where(early, years, np.nan),
    }


def _change(block: _Block, now: Interval) -> dict[str, np.ndarray]:
    """How far the difference moved since the period before."""
    if block.before is None:
        nothing = np.full(now.estimate.shape, np.nan)
        names = ("before", "change", "change_lower", "change_upper", "change_p")
        return dict.fromkeys(names, nothing)
    _, before, _ = _intervals(block.before)
    moved, p_value = changed(now, before)
    return {"before": before.estimate, **_three("change", moved), "change_p": p_value}


def _moved(gaps: pd.DataFrame) -> pd.DataFrame:
    """Which gaps have moved, as a family of their own."""
    known = gaps["change_p"].notna()
    q_value = q_values(gaps["change_p"])
    now, before = gaps["difference"], gaps["before"]
    turned = (now * before < 0) & (gaps["standing"].isin(SHOWN))
    word = np.where(turned, Moved.TURNED, np.where(
        now.abs() > before.abs(), Moved.WIDENED, Moved.NARROWED
    ))  # fmt: skip
    said = np.where(~known, Moved.NOT_KNOWN, np.where(q_value <= HIGHLIGHT, word, Moved.NOT_SHOWN))
    return gaps.assign(change_q=q_value, moved=said)


def _slopes(block: _Block) -> Iterator[tuple[object, ...]]:
    """WHO's measures for groups in an order: the slope and the relative index, of all places."""
    ranked = order(block.dimension)
    if len(ranked) < 3 or block.cells.rate:
        return
    at = [block.groups.index(name) for name in ranked]
    x, n = (np.nansum(part, axis=-2)[..., at] for part in (
        block.cells.numerator, block.cells.denominator,
    ))  # fmt: skip
    for place, one in enumerate(block.indicators):
        adverse = one.direction != "increase"
        people = strata_from_counts(x[place], n[place], ordered=True, adverse=adverse)
        with np.errstate(all="ignore"):
            measured = inequality(people, ("sii", "rii"))
        for name, seen in measured.items():
            ends = (float(part) for part in (seen.estimate, seen.lower, seen.upper))
            yield (block.dimension.id, one.id, name, *ends)


def order(dimension: AuditDimension) -> tuple[str, ...]:
    """The groups from the worst off to the best, where they have an order; ethnicity has none."""
    if dimension.ordered:
        return dimension.known
    codes = {group.name: group.codes for group in dimension.groups if not group.unknown}
    return ethnicity.in_order(codes, dimension.code_system, dimension.roll_up)
