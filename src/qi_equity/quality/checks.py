"""How far the data can be trusted: ethnicity coding first. It measures and says; it mends nothing.

Every check is a row of CHECKS: a function from the observations to what it found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from qi_equity.arrays import FloatArray
from qi_equity.findings import Caution, Number, caution
from qi_equity.observations import COUNTS, KEY, UNKNOWN, beside, placed
from qi_equity.project import ALL_SITES, EVERYONE, Measure, Period, Project
from qi_equity.quality import outcome
from qi_equity.quality.coding import of_whom
from qi_equity.quality.signal_reference import contradicted
from qi_equity.quality.unrelated import unrelated
from qi_equity.quality.weeks import Weeks, any_stratum, weeks
from qi_equity.reading import Reading
from qi_equity.sources import calendar
from qi_equity.sources.account import Imported

COMPLETENESS = ["measure", "site", "subgroup", "numerator", "denominator"]

# The Maternity Incentive Scheme asks for a valid ethnic category in 90% of bookings (domain notes,
# section 1).
MOST_UNKNOWN = 0.10
# How many of the last points are held against those before them.
RECENT: dict[Period, int] = {
    "week": 13,
    "fortnight": 7,
    "month": 6,
    "quarter": 4,
    "half-year": 4,
    "financial year": 2,
}
# Fewer than one in twenty lost to follow-up bends a finding little (Sackett and others, 2000).
MOST_OUTCOME_UNSAID = 0.05
RARE = 0.001  # chance below which zeros, jumps and differences are not put down to chance
WORTH_SAYING = 0.05  # a difference of shares that matters, once it is no chance
JUMP = 2.0  # times the usual number of births
SIGNAL_SYSTEM = "signal system"  # the check of its reference, by name
FEW = 30  # births in a site's subgroup below which two alike are no wonder


@dataclass(frozen=True, slots=True)
class Found:
    """One thing a check found, with the numbers it rests on."""

    said: Caution
    check: str = ""
    caution: bool = True  # whether findings should carry it


def _found(
    code: str,
    measure: str = "",
    site: str = "",
    stratum: str = "",
    *,
    worth_a_caution: bool = True,
    **numbers: Number,
) -> Found:
    return Found(caution(code, (measure, site, stratum), **numbers), caution=worth_a_caution)


@dataclass(frozen=True, slots=True, eq=False)
class Quality:
    """What was found, and the share without a known ethnicity as a measure to chart.

    found         everything, in the order of CHECKS
    completeness  measure, site, subgroup; numerator births without a known stratum, denominator
                  births: a p chart's counts
    """

    found: tuple[Found, ...]
    completeness: pd.DataFrame

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What findings should carry."""
        return tuple(one.said for one in self.found if one.caution)


@dataclass(frozen=True, eq=False)
class _Data:
    project: Project
    table: pd.DataFrame
    imported: Imported | None

    def measures(self) -> Iterator[tuple[Measure, pd.DataFrame]]:
        """Each measure that was logged, with its rows."""
        for measure in self.project.measures:
            if measure.id in self.rows:
                yield measure, self.rows[measure.id]

    @cached_property
    def rows(self) -> dict[str, pd.DataFrame]:
        return {str(name): rows for name, rows in self.table.groupby("measure")}

    @cached_property
    def weeks(self) -> dict[str, Weeks]:
        return {name: weeks(rows) for name, rows in self.rows.items()}

    @cached_property
    def shares(self) -> pd.DataFrame:
        return completeness(self.project, self.table)


def quality(
    project: Project, observations: pd.DataFrame, imported: Imported | None = None
) -> Quality:
    """All checks over a project's observations; with the account of an import, its checks too."""
    table = observations[observations["stratum"] != EVERYONE]
    data = _Data(project, table[table["site"] != ALL_SITES], imported)
    found = tuple(replace(one, check=name) for name, check in CHECKS.items() for one in check(data))
    return Quality(found, data.shares)


def in_order(said: Iterable[tuple[str, Caution]]) -> list[Caution]:
    """What each check cautions of, measure by measure, in the order of the checks."""
    order = {name: place for place, name in enumerate(CHECKS)}
    return [one for _, one in sorted(said, key=lambda both: order[both[0]])]


def completeness(project: Project, observations: pd.DataFrame) -> pd.DataFrame:
    """Births without a known stratum, out of all births, per measure, site and subgroup."""
    table = observations[observations["stratum"] != EVERYONE]
    # Of a measurement, its readings are what there is to be coded.
    size = of_whom(table).to_numpy(float)
    unknown = np.isin(table["stratum"].to_numpy(), _unknown_strata(project))
    place, first = placed(table, COMPLETENESS[:3])
    births, without = (
        np.bincount(place, np.where(some, np.nan_to_num(size), 0.0), len(first))
        for some in (True, unknown)
    )
    kept = births > 0
    shares = table[COMPLETENESS[:3]].take(first[kept]).reset_index(drop=True)
    return shares.assign(numerator=without[kept], denominator=births[kept])


def _unknown_strata(project: Project) -> list[str]:
    return [group.name for group in project.strata.cells if group.unknown]


def _unknown(data: _Data) -> Iterator[Found]:
    """How much of the ethnicity is not known at each site, and whether that is growing."""
    shares, what = data.shares, data.project.strata.dimension
    _, first = placed(shares, ["measure", "site"])
    counts = shares[["numerator", "denominator"]].to_numpy(float)
    # Sorted by measure, site and subgroup, so that a site's are together and in order of time.
    sites = np.split(counts, first[1:]) if len(first) else []
    keys = [*shares[["measure", "site"]].take(first).itertuples(index=False, name=None)]
    sums = np.array([one.sum(axis=0) for one in sites]).reshape(-1, 2)
    for measure in dict.fromkeys(name for name, _ in keys):
        own = sums[[name == measure for name, _ in keys]]
        (count, of), share = own.sum(axis=0), own[:, 0] / own[:, 1]
        numbers: dict[str, Number] = {"count": float(count), "of": float(of)}
        numbers |= {"dimension": what, "share": float(count / of)}
        if len(own) > 1:
            numbers |= {"least": float(share.min()), "most": float(share.max())}
        said = caution(
            "unknown_between_sites" if len(own) > 1 else "unknown",
            (str(measure), "", ""),
            **numbers,
        )
        yield Found(said, caution=bool(count > MOST_UNKNOWN * of))
    for (name, site), rows, start in zip(keys, sites, first, strict=True):
        count, of = rows.sum(axis=0)
        if count > MOST_UNKNOWN * of:
            yield _found(
                "unknown", str(name), str(site), dimension=what, count=float(count),
                of=float(of), share=float(count / of),
            )  # fmt: skip
        last = RECENT[data.project.measure(str(name)).subgroup]
        before, recent = rows[:-last].sum(axis=0), rows[-last:].sum(axis=0)
        if len(rows) < 2 * last:
            continue
        was, now = before[0] / before[1], recent[0] / recent[1]
        if now - was > WORTH_SAYING and _chance(recent, before) < RARE:
            since = shares["subgroup"].iloc[int(start) + len(rows) - last]
            yield _found(
                "unknown_rose", str(name), str(site), dimension=what, was=float(was),
                now=float(now), last=float(last), since=since.isoformat(),
            )  # fmt: skip


def _chance(some: FloatArray, others: FloatArray) -> float:
    """How often two shares, each so many out of so many, would differ so much by chance alone."""
    counts = [[count, of - count] for count, of in (some, others)]
    if min(np.sum(counts, axis=0)) == 0:
        return 1.0
    return unrelated(counts)


def _codes(data: _Data) -> Iterator[Found]:
    """Not stated, not known, missing and invalid are four things, each with its own count."""
    if data.imported is None or data.imported.codes.empty:
        return
    codes = data.imported.codes
    total = codes["count"].sum()
    for status, rows in codes[codes["status"] != "stated"].groupby("status"):
        count = rows["count"].sum()
        listed = ", ".join(f"'{code}'" for code in rows["code"].head(8))
        yield _found(
            "codes", worth_a_caution=status == "invalid", dimension=data.project.strata.dimension,
            status=str(status), count=float(count), of=float(total), unit=data.imported.unit,
            listed=listed,
        )  # fmt: skip
    for code, refused in codes.loc[codes["stratum"].isna(), ["code", "count"]].to_numpy().tolist():
        yield _found("code_without_group", value=str(code), count=float(refused), of=float(total))


def _excluded(data: _Data) -> Iterator[Found]:
    """Exclusion that falls on some strata more than others can hide inequity."""
    if data.imported is None:
        return
    for part, code, base in (
        ("excluded", "excluded_unequally", "births"),
        ("outcome_not_known", "outcome_unknown_unequally", "eligible"),
    ):
        for measure, every in data.imported.excluded.groupby("measure"):
            rows = every[every[base] > 0]
            counts = rows[[part]].assign(kept=rows[base] - rows[part]).to_numpy(float)
            if len(rows) < 2 or min(counts.sum(axis=0)) == 0:
                continue
            share = counts[:, 0] / counts.sum(axis=1)
            enough = counts.sum(axis=1) >= FEW
            if unrelated(counts) >= RARE or enough.sum() < 2:
                continue
            names, share = rows["stratum"].to_numpy()[enough], share[enough]
            if np.ptp(share) <= WORTH_SAYING:
                continue
            most, least = int(share.argmax()), int(share.argmin())
            yield _found(
                code, str(measure), "", str(names[most]), most=float(share[most]),
                least=float(share[least]), other=str(names[least]),
            )  # fmt: skip


def _outcome(data: _Data) -> Iterator[Found]:
    """How many were counted whose outcome is not recorded: as if nothing had happened to them."""
    for measure, rows in data.measures():
        if UNKNOWN not in beside(rows):
            continue
        ways = [[], ["stratum"], *([["site"]] if rows["site"].nunique() > 1 else [])]
        for by in ways:
            found = outcome.shares(rows, ["measure", *by])
            for row in found.to_dict("records"):
                much = row["share"] > MOST_OUTCOME_UNSAID
                if by and not much:
                    continue
                code = "value_unknown" if measure.data == "continuous" else "outcome_unknown"
                yield _found(
                    code, measure.id, str(row.get("site", "")),
                    str(row.get("stratum", "")), worth_a_caution=bool(much),
                    count=float(row["unknown"]), of=float(row["of"]), share=float(row["share"]),
                )  # fmt: skip


def _zeros(data: _Data) -> Iterator[Found]:
    """A site with no event at all, or nothing but events, where the others make that unlikely."""
    for measure, _ in data.measures():
        weeks = data.weeks[measure.id]
        events, births = (np.nansum(part, axis=(1, 2)) for part in (weeks.events, weeks.births))
        for place, site in weeks.of_sites():
            own, of = float(events[place]), float(births[place])
            others = births.sum() - of
            if of == 0 or others == 0:
                continue
            expected = float((events.sum() - own) / others * of)
            if own == 0 and np.exp(-expected) < RARE:
                yield _found("no_event", measure.id, site, of=of, expected=expected)
            every = measure.data == "proportion" and own == of
            if every and np.exp(expected - of) < RARE:
                yield _found("nothing_but_events", measure.id, site, of=of, expected=expected)
        yield from _runs_of_zeros(measure, weeks)


def _runs_of_zeros(measure: Measure, weeks: Weeks) -> Iterator[Found]:
    """Weeks on end without an event at a site whose own rate makes that unlikely."""
    counted = any_stratum(np.isfinite(weeks.events))
    for place, site in weeks.of_sites():
        at = np.flatnonzero(counted[place])
        events, size = (np.nansum(part[place], axis=0)[at] for part in (weeks.events, weeks.births))
        if events.sum() == 0:
            continue  # said already
        quiet = np.flatnonzero(events == 0)
        # A run is named by how many subgroups with events came before it.
        _, first, long = np.unique(
            np.cumsum(events > 0)[quiet], return_index=True, return_counts=True
        )
        rate = events.sum() / size.sum()
        for start, points in zip(first, long, strict=True):
            expected = rate * size[quiet[start : start + points]].sum()
            if np.exp(-expected) < RARE / len(at):
                since = weeks.days[at[quiet[start]]]
                yield _found(
                    "no_event_running", measure.id, site, points=float(points),
                    period=measure.subgroup, expected=float(expected), since=since.isoformat(),
                )  # fmt: skip


def _above(data: _Data) -> Iterator[Found]:
    """More events than births."""
    for measure, rows in data.measures():
        if measure.data != "proportion":
            continue
        more = rows["numerator"].to_numpy() > rows["denominator"].to_numpy()
        if not more.any():
            continue
        above = rows[[*KEY, *COUNTS]].take(np.flatnonzero(more))
        for _, site, stratum, day, count, of in above.itertuples(index=False, name=None):
            yield _found(
                "more_events_than_births", measure.id, site, stratum, count=count, of=of,
                since=day.isoformat(),
            )  # fmt: skip


def _repeated(data: _Data) -> Iterator[Found]:
    """Keys that stand twice, and weeks that are a copy of the week before."""
    _, first = placed(data.table, KEY)
    again = np.delete(np.arange(len(data.table)), first)
    twice = data.table[KEY].take(again).itertuples(index=False, name=None) if again.size else ()
    for measure_id, site, stratum, day in twice:
        yield _found("stands_twice", measure_id, site, stratum, since=day.isoformat())
    for measure, _ in data.measures():
        weeks = data.weeks[measure.id]
        for place, site in weeks.of_sites():
            at = np.flatnonzero(weeks.logged[place])
            births = weeks.size[place][:, at]
            table = np.concatenate([weeks.known[place][:, at], births])
            now, before = table[:, 1:], table[:, :-1]
            alike = (now == before) | (np.isnan(now) & np.isnan(before))
            enough = (np.nansum(births, axis=0) >= FEW) & ((births > 0).sum(axis=0) >= 3)
            for copied in at[1:][alike.all(axis=0) & enough[1:]]:
                since = weeks.days[copied].isoformat()
                yield _found("copied", measure.id, site, since=since)


def _calendar(data: _Data) -> Iterator[Found]:
    """Subgroups that were not logged, and sites whose last ones are late."""
    for measure, _ in data.measures():
        weeks = data.weeks[measure.id]
        starts = calendar.starts(weeks.days[0], weeks.days[-1], measure.subgroup)
        floored = calendar.floor(pd.Series(weeks.days), measure.subgroup)
        every_start, begun, days = (
            one.to_numpy("datetime64[ns]") for one in (starts, floored, weeks.days)
        )
        for place, site in weeks.of_sites():
            at = np.flatnonzero(weeks.logged[place])
            every = every_start[(every_start >= begun[at[0]]) & (every_start <= begun[at[-1]])]
            missing = every[~np.isin(every, days[at])]
            if len(missing):
                since = pd.Timestamp(missing[0]).isoformat()
                yield _found(
                    "not_logged", measure.id, site,
                    worth_a_caution=len(missing) > 0.1 * len(every), count=float(len(missing)),
                    of=float(len(every)), period=measure.subgroup, since=since,
                )  # fmt: skip
            behind = int((every_start > begun[at[-1]]).sum())
            if behind > 0:
                yield _found(
                    "behind", measure.id, site, count=float(behind), period=measure.subgroup,
                    last=weeks.days[at[-1]].isoformat(),
                )  # fmt: skip


def _jumps(data: _Data) -> Iterator[Found]:
    """Births that suddenly double or halve, once or for good; a last subgroup unfinished."""
    for measure, _ in data.measures():
        weeks = data.weeks[measure.id]
        known, births = any_stratum(np.isfinite(weeks.size)), np.nansum(weeks.size, axis=1)
        for place, site in weeks.of_sites():
            at = np.flatnonzero(known[place])
            n = births[place, at]
            if len(n) < 8 or np.median(n) < FEW:
                continue
            usual = np.median(n)
            # Twice the difference of square roots is a z score of Poisson counts.
            away = 2 * (np.sqrt(n) - np.sqrt(usual))
            odd = (np.abs(away) > 5) & ((n > JUMP * usual) | (n < usual / JUMP))
            if odd[-1] and n[-1] < usual:
                yield _found("unfinished", measure.id, site, count=float(n[-1]), usual=float(usual))
                odd[-1] = False
            for place in np.flatnonzero(odd)[:3]:
                yield _found(
                    "births_jump", measure.id, site, count=float(n[place]),
                    usual=float(usual), since=weeks.days[at[place]].isoformat(),
                )  # fmt: skip
            step = _step(n)
            if step is not None:
                was, now = np.median(n[:step]), np.median(n[step:])
                yield _found(
                    "births_moved", measure.id, site, was=float(was), now=float(now),
                    period=measure.subgroup, since=weeks.days[at[step]].isoformat(),
                )  # fmt: skip


def _step(n: np.ndarray) -> int | None:
    """Where births moved to half as many again (or as few), with eight subgroups a side."""
    usual, onwards = _medians(n), _medians(n[::-1])[::-1]
    k = np.arange(8, len(n) - 7)
    was, now = usual[k - 1], onwards[k]
    z = np.abs(np.sqrt(now) - np.sqrt(was)) * 2 * np.sqrt(k * (len(n) - k) / len(n))
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = (np.minimum(was, now) > 0) & (np.maximum(was / now, now / was) > 1.5) & (z > 5)
    return int(k[np.where(moved, z, 0.0).argmax()]) if moved.any() else None


def _medians(n: FloatArray) -> FloatArray:
    """The median of the first number, of the first two, and so on."""
    many = np.arange(1, len(n) + 1)
    until = np.where(np.arange(len(n)) < many[:, np.newaxis], n, np.inf)
    until.sort(axis=-1)
    low, high = (until[many - 1, place] for place in ((many - 1) // 2, many // 2))
    return (low + high) / 2


def _censored(data: _Data) -> Iterator[Found]:
    """The last weeks of a measure that is still filling up."""
    for measure, _ in data.measures():
        if not measure.incomplete_weeks:
            continue
        yield _found("filling_up", measure.id, weeks=float(measure.incomplete_weeks))


def _overlapping(data: _Data) -> Iterator[Found]:
    """Points that share births follow each other, so runs mean nothing."""
    for measure, _ in data.measures():
        if measure.overlapping_windows:
            yield _found("shares_births", measure.id)


def _withheld(data: _Data) -> Iterator[Found]:
    """Counts that are not known though their births are."""
    for measure, rows in data.measures():
        hidden = rows[rows["numerator"].isna() & rows["denominator"].notna()]
        for stratum, own in hidden.groupby("stratum"):
            of = int((rows["stratum"] == stratum).sum())
            yield _found(
                "not_given", measure.id, "", str(stratum), worth_a_caution=len(own) > 0.1 * of,
                count=float(len(own)), of=float(of),
            )  # fmt: skip


def _reference(data: _Data) -> Iterator[Found]:
    """Sites whose baseline is far from the reference of the signal system they are held against."""
    for measure, rows in data.measures():
        if measure.signal_system is None:
            continue
        upward = measure.signal_system.ratio > 1
        for site, own in rows.groupby("site"):
            numbers = contradicted(Reading(data.project, measure), own)
            if numbers is not None:
                at_once = numbers.higher == upward
                code = "signals_without_change" if at_once else "signals_late"
                yield _found(
                    code, measure.id, str(site), count=numbers.count, of=numbers.of,
                    expected=numbers.expected,
                )  # fmt: skip


CHECKS: dict[str, Callable[[_Data], Iterator[Found]]] = {
    "ethnicity not known": _unknown,
    "codes": _codes,
    "differential exclusion": _excluded,
    "outcome not recorded": _outcome,
    "implausible zeros": _zeros,
    "more events than births": _above,
    "repeated": _repeated,
    "calendar": _calendar,
    "births that jump": _jumps,
    "still filling up": _censored,
    "overlapping windows": _overlapping,
    "withheld": _withheld,
    SIGNAL_SYSTEM: _reference,
}
