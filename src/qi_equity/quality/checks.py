"""How far the data can be trusted: ethnicity coding first. It measures and says; it mends nothing.

Every check is a row of CHECKS: a function from the observations to what it found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import pandas as pd
from scipy import stats

from qi_equity.findings import Caution
from qi_equity.observations import KEY
from qi_equity.project import ALL_SITES, EVERYONE, Measure, Period, Project
from qi_equity.sources import calendar
from qi_equity.sources.account import Imported

COLUMNS = ["check", "measure", "site", "stratum", "subgroup", "count", "of", "text", "caution"]
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
RARE = 0.001  # chance below which zeros, jumps and differences are not put down to chance
WORTH_SAYING = 0.05  # a difference of shares that matters, once it is no chance
JUMP = 2.0  # times the usual number of births
FEW = 30  # births in a site's subgroup below which two alike are no wonder


@dataclass(frozen=True, slots=True)
class Found:
    """One thing a check found, with the numbers it rests on."""

    measure: str
    site: str
    stratum: str
    text: str
    count: float = float("nan")
    of: float = float("nan")
    subgroup: pd.Timestamp | None = None
    caution: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Quality:
    """What was found, and the share without a known ethnicity as a measure to chart.

    table         one row a finding: check, measure, site, stratum, subgroup, count, of, text,
                  and whether findings should carry it as a caution
    completeness  measure, site, subgroup; numerator births without a known stratum, denominator
                  births: a p chart's counts
    cautions      the same findings as cautions
    """

    table: pd.DataFrame
    completeness: pd.DataFrame
    cautions: tuple[Caution, ...] = field(default=())

    def __str__(self) -> str:
        """The report in plain sentences, by check."""
        if self.table.empty:
            return "no problem found in what was checked: " + ", ".join(CHECKS)
        lines = []
        every = self.table["measure"].nunique()
        for check, rows in self.table.groupby("check", sort=False):
            lines.append(f"{check}:")
            # What is true of several measures alike is said once.
            alike = rows.groupby(["site", "stratum", "text"], sort=False)["measure"].unique()
            for key, names in alike.items():
                site, stratum, text = cast("tuple[str, str, str]", key)
                measures = "every measure" if len(names) == every > 1 else ", ".join(names)
                place = ", ".join(part for part in (site, stratum, measures) if part)
                lines.append(f"  {place}: {text}" if place else f"  {text}")
        clean = [name for name in CHECKS if name not in set(self.table["check"])]
        return "\n".join([*lines, f"nothing found: {', '.join(clean)}" if clean else ""]).rstrip()


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    project: Project
    table: pd.DataFrame
    imported: Imported | None

    def measures(self) -> Iterator[tuple[Measure, pd.DataFrame]]:
        for measure in self.project.measures:
            rows = self.table[self.table["measure"] == measure.id]
            if len(rows):
                yield measure, rows

    @property
    def unknown(self) -> list[str]:
        return [group.name for group in self.project.strata.groups if group.unknown]


def quality(
    project: Project, observations: pd.DataFrame, imported: Imported | None = None
) -> Quality:
    """All checks over a project's observations; with the account of an import, its checks too."""
    table = observations[observations["stratum"] != EVERYONE]
    data = _Data(project, table[table["site"] != ALL_SITES], imported)
    rows = [
        {"check": name, **{key: getattr(found, key) for key in COLUMNS[1:]}}
        for name, check in CHECKS.items()
        for found in check(data)
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    cautions = tuple(
        Caution(row["measure"], row["site"], row["stratum"], row["text"])
        for row in rows
        if row["caution"]
    )
    return Quality(frame, completeness(project, data.table), cautions)


def completeness(project: Project, observations: pd.DataFrame) -> pd.DataFrame:
    """Births without a known stratum, out of all births, per measure, site and subgroup."""
    keys = ["measure", "site", "subgroup"]
    table = observations[observations["stratum"] != EVERYONE]
    counted = table[table["denominator"].notna()]
    unknown = counted["stratum"].isin([g.name for g in project.strata.groups if g.unknown])
    births = counted.groupby(keys)["denominator"].sum()
    without = counted[unknown].groupby(keys)["denominator"].sum()
    both = pd.DataFrame({"numerator": without, "denominator": births})
    both = both[both["denominator"] > 0].fillna({"numerator": 0.0})
    return both.reset_index()[COMPLETENESS]


def _unknown(data: _Data) -> Iterator[Found]:
    """How much of the ethnicity is not known at each site, and whether that is growing."""
    shares = completeness(data.project, data.table)
    what = data.project.strata.dimension
    for measure, every in shares.groupby("measure"):
        count, of = every["numerator"].sum(), every["denominator"].sum()
        sums = every.groupby("site")[["numerator", "denominator"]].sum()
        share = sums["numerator"] / sums["denominator"]
        text = f"{what} is not known for {count / of:.1%} ({count:,.0f} of {of:,.0f})"
        if len(sums) > 1:
            text += f", from {share.min():.1%} to {share.max():.1%} between sites"
        yield Found(str(measure), "", "", text, count, of, caution=count > MOST_UNKNOWN * of)
    for (name, site), own in shares.groupby(["measure", "site"]):
        rows = own.sort_values("subgroup")
        count, of = rows["numerator"].sum(), rows["denominator"].sum()
        if count > MOST_UNKNOWN * of:
            text = f"{what} is not known for {count / of:.1%} ({count:,.0f} of {of:,.0f})"
            yield Found(str(name), str(site), "", text, count, of)
        last = RECENT[data.project.measure(str(name)).subgroup]
        before, recent = rows.iloc[:-last], rows.iloc[-last:]
        if len(before) < last:
            continue
        was, now = (p["numerator"].sum() / p["denominator"].sum() for p in (before, recent))
        if now - was > WORTH_SAYING and _chance(recent, before) < RARE:
            yield Found(
                str(name),
                str(site),
                "",
                f"{what} not known rose from {was:.1%} to {now:.1%} over the last {last} points: "
                "a stratum may seem to change because its women are no longer coded",
                recent["numerator"].sum(),
                recent["denominator"].sum(),
                recent["subgroup"].iloc[0],
            )


def _chance(some: pd.DataFrame, others: pd.DataFrame) -> float:
    """How often two shares would differ so much by chance alone."""
    counts = [
        [part["numerator"].sum(), part["denominator"].sum() - part["numerator"].sum()]
        for part in (some, others)
    ]
    if min(np.sum(counts, axis=0)) == 0:
        return 1.0
    return float(stats.chi2_contingency(counts).pvalue)


def _codes(data: _Data) -> Iterator[Found]:
    """Not stated, not known, missing and invalid are four things, each with its own count."""
    if data.imported is None or data.imported.codes.empty:
        return
    codes = data.imported.codes
    total = codes["count"].sum()
    for status, rows in codes[codes["status"] != "stated"].groupby("status"):
        count = rows["count"].sum()
        listed = ", ".join(f"'{code}'" for code in rows["code"].head(8))
        yield Found(
            "",
            "",
            "",
            f"{data.project.strata.dimension} {status} in {count:,} of {total:,} "
            f"{data.imported.unit} ({listed})",
            count,
            total,
            caution=status == "invalid",
        )
    for row in codes[codes["stratum"].isna()].to_dict("records"):
        yield Found(
            "",
            "",
            "",
            f"code '{row['code']}' has no group: {row['count']:,} were refused",
            row["count"],
            total,
        )


def _excluded(data: _Data) -> Iterator[Found]:
    """Exclusion that falls on some strata more than others can hide inequity."""
    if data.imported is None:
        return
    for part, words, base in (
        ("excluded", "are not counted", "births"),
        ("outcome_not_known", "have no outcome recorded", "eligible"),
    ):
        for measure, every in data.imported.excluded.groupby("measure"):
            rows = every[every[base] > 0]
            counts = rows[[part]].assign(kept=rows[base] - rows[part]).to_numpy(float)
            if len(rows) < 2 or min(counts.sum(axis=0)) == 0:
                continue
            share = counts[:, 0] / counts.sum(axis=1)
            enough = counts.sum(axis=1) >= FEW
            if stats.chi2_contingency(counts).pvalue >= RARE or enough.sum() < 2:
                continue
            names, share = rows["stratum"].to_numpy()[enough], share[enough]
            if np.ptp(share) <= WORTH_SAYING:
                continue
            most, least = int(share.argmax()), int(share.argmin())
            yield Found(
                str(measure),
                "",
                str(names[most]),
                f"{share[most]:.1%} of births {words} for {names[most]}, {share[least]:.1%} for "
                f"{names[least]}: a gap among those counted may not be the gap among all",
            )


def _zeros(data: _Data) -> Iterator[Found]:
    """A site with no event at all, or nothing but events, where the others make that unlikely."""
    for measure, rows in data.measures():
        counted = rows.dropna(subset=["numerator", "denominator"])
        sites = counted.groupby("site")[["numerator", "denominator"]].sum()
        for site, own in sites.iterrows():
            others = sites.drop(index=site).sum()
            if own["denominator"] == 0 or others["denominator"] == 0:
                continue
            rate = others["numerator"] / others["denominator"]
            expected = rate * own["denominator"]
            if own["numerator"] == 0 and np.exp(-expected) < RARE:
                yield Found(
                    measure.id,
                    str(site),
                    "",
                    f"no event in {own['denominator']:,.0f}, where the other sites' rate would "
                    f"give {expected:,.0f}: recorded as not happening, or not recorded?",
                    0,
                    own["denominator"],
                )
            every = measure.data == "proportion" and own["numerator"] == own["denominator"]
            if every and np.exp(expected - own["denominator"]) < RARE:
                yield Found(
                    measure.id,
                    str(site),
                    "",
                    f"every one of {own['denominator']:,.0f} counts as an event, where the other "
                    f"sites' rate would give {expected:,.0f}",
                    own["numerator"],
                    own["denominator"],
                )
        yield from _runs_of_zeros(measure, counted)


def _runs_of_zeros(measure: Measure, counted: pd.DataFrame) -> Iterator[Found]:
    """Weeks on end without an event at a site whose own rate makes that unlikely."""
    sums = counted.groupby(["site", "subgroup"])[["numerator", "denominator"]].sum()
    for site, rows in sums.groupby(level="site"):
        events = rows["numerator"].to_numpy()
        if events.sum() == 0:
            continue  # said already
        run = np.cumsum(events > 0)[events == 0]
        quiet = rows[events == 0].assign(run=run).reset_index()
        rate = events.sum() / rows["denominator"].sum()
        for _, part in quiet.groupby("run"):
            expected = rate * part["denominator"].sum()
            if np.exp(-expected) < RARE / len(rows):
                yield Found(
                    measure.id,
                    str(site),
                    "",
                    f"no event in {len(part)} {measure.subgroup}s running, where the site's own "
                    f"rate would give {expected:,.0f}",
                    0,
                    part["denominator"].sum(),
                    part["subgroup"].iloc[0],
                )


def _above(data: _Data) -> Iterator[Found]:
    """More events than births."""
    for measure, rows in data.measures():
        if measure.data != "proportion":
            continue
        for row in rows[rows["numerator"] > rows["denominator"]].to_dict("records"):
            yield Found(
                measure.id,
                row["site"],
                row["stratum"],
                f"{row['numerator']:,.0f} events in {row['denominator']:,.0f}",
                row["numerator"],
                row["denominator"],
                row["subgroup"],
            )


def _repeated(data: _Data) -> Iterator[Found]:
    """Keys that stand twice, and weeks that are a copy of the week before."""
    for row in data.table[data.table.duplicated(KEY)].to_dict("records"):
        text = "stands more than once"
        yield Found(row["measure"], row["site"], row["stratum"], text, subgroup=row["subgroup"])
    for measure, rows in data.measures():
        counts = ["numerator", "denominator"]
        if not rows["denominator"].notna().any():
            continue
        wide = rows.pivot_table(index=["site", "subgroup"], columns="stratum", values=counts)
        for site, weeks in wide.groupby(level="site"):
            table = weeks.to_numpy(float)
            births = weeks["denominator"].to_numpy(float)
            alike = (table[1:] == table[:-1]) | (np.isnan(table[1:]) & np.isnan(table[:-1]))
            enough = (np.nansum(births, axis=1) >= FEW) & ((births > 0).sum(axis=1) >= 3)
            days = weeks.index.get_level_values("subgroup")
            for day in days[1:][alike.all(axis=1) & enough[1:]]:
                yield Found(
                    measure.id,
                    str(site),
                    "",
                    f"all counts of {day:%-d %B %Y} are those of the point before: copied?",
                    subgroup=day,
                )


def _calendar(data: _Data) -> Iterator[Found]:
    """Subgroups that were not logged, and sites whose last ones are late."""
    for measure, rows in data.measures():
        last = rows["subgroup"].max()
        for site, own in rows.groupby("site"):
            logged = pd.DatetimeIndex(own["subgroup"].unique())
            every = calendar.starts(logged.min(), logged.max(), measure.subgroup)
            missing = every.difference(logged)
            if len(missing):
                yield Found(
                    measure.id,
                    str(site),
                    "",
                    f"{len(missing)} of {len(every)} {measure.subgroup}s were not logged, the "
                    f"first of them that of {missing[0]:%-d %B %Y}",
                    len(missing),
                    len(every),
                    missing[0],
                    caution=len(missing) > 0.1 * len(every),
                )
            behind = len(calendar.starts(logged.max(), last, measure.subgroup)) - 1
            if behind > 0:
                yield Found(
                    measure.id,
                    str(site),
                    "",
                    f"logged up to {logged.max():%-d %B %Y}, {behind} {measure.subgroup}"
                    f"{'s' if behind > 1 else ''} behind the others",
                    behind,
                    subgroup=logged.max(),
                )


def _jumps(data: _Data) -> Iterator[Found]:
    """Births that suddenly double or halve, once or for good; a last subgroup unfinished."""
    for measure, rows in data.measures():
        births = rows.groupby(["site", "subgroup"])["denominator"].sum(min_count=1).dropna()
        for site, own in births.groupby(level="site"):
            n = own.to_numpy()
            if len(n) < 8 or np.median(n) < FEW:
                continue
            usual = np.median(n)
            # Twice the difference of square roots is a z score of Poisson counts.
            away = 2 * (np.sqrt(n) - np.sqrt(usual))
            odd = (np.abs(away) > 5) & ((n > JUMP * usual) | (n < usual / JUMP))
            days = own.index.get_level_values("subgroup")
            if odd[-1] and n[-1] < usual:
                text = f"the last point has {n[-1]:,.0f} births, usually {usual:,.0f}: unfinished?"
                yield Found(measure.id, str(site), "", text, n[-1], usual, days[-1])
                odd[-1] = False
            for place in np.flatnonzero(odd)[:3]:
                text = f"{n[place]:,.0f} births from {days[place]:%-d %B %Y}, usually {usual:,.0f}"
                yield Found(measure.id, str(site), "", text, n[place], usual, days[place])
            step = _step(n)
            if step is not None:
                was, now = np.median(n[:step]), np.median(n[step:])
                text = f"births went from {was:,.0f} to {now:,.0f} a {measure.subgroup} and stayed"
                yield Found(measure.id, str(site), "", text, now, was, days[step])


def _step(n: np.ndarray) -> int | None:
    """Where births moved to half as many again (or as few), with eight subgroups a side."""
    best, place = 0.0, None
    for k in range(8, len(n) - 7):
        was, now = np.median(n[:k]), np.median(n[k:])
        z = abs(np.sqrt(now) - np.sqrt(was)) * 2 * np.sqrt(k * (len(n) - k) / len(n))
        if min(was, now) > 0 and max(was / now, now / was) > 1.5 and z > max(best, 5):
            best, place = float(z), k
    return place


def _censored(data: _Data) -> Iterator[Found]:
    """The last weeks of a measure that is still filling up."""
    for measure, rows in data.measures():
        if not measure.incomplete_weeks:
            continue
        first = rows["subgroup"].max() - pd.Timedelta(weeks=measure.incomplete_weeks - 1)
        yield Found(
            measure.id,
            "",
            "",
            f"the last {measure.incomplete_weeks} weeks are still filling up and will change",
            measure.incomplete_weeks,
            subgroup=first,
        )


def _overlapping(data: _Data) -> Iterator[Found]:
    """Points that share births follow each other, so runs mean nothing."""
    for measure, _rows in data.measures():
        if measure.overlapping_windows:
            text = "its points share births with their neighbours: no run rules, no limits on runs"
            yield Found(measure.id, "", "", text)


def _withheld(data: _Data) -> Iterator[Found]:
    """Counts that are not known though their births are."""
    for measure, rows in data.measures():
        hidden = rows[rows["numerator"].isna() & rows["denominator"].notna()]
        for stratum, own in hidden.groupby("stratum"):
            of = int((rows["stratum"] == stratum).sum())
            text = f"{len(own):,} of {of:,} counts are withheld or were not given"
            yield Found(
                measure.id, "", str(stratum), text, len(own), of, caution=len(own) > 0.1 * of
            )


CHECKS: dict[str, Callable[[_Data], Iterator[Found]]] = {
    "ethnicity not known": _unknown,
    "codes": _codes,
    "differential exclusion": _excluded,
    "implausible zeros": _zeros,
    "more events than births": _above,
    "repeated": _repeated,
    "calendar": _calendar,
    "births that jump": _jumps,
    "still filling up": _censored,
    "overlapping windows": _overlapping,
    "withheld": _withheld,
}
