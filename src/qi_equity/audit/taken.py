"""Every source of an audit as counts of one shape; each is read as a project's data are.

Nothing is compared here, and what a source refused is kept with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from qi_equity import sources
from qi_equity.audit.file import found
from qi_equity.audit.model import Audit, AuditDimension, Read, Reading, Span, readings
from qi_equity.audit.withheld import Nest, nests, told
from qi_equity.errors import DataErrors, UserError
from qi_equity.mapping import RecordsSource, TableSource
from qi_equity.observations import SUMMED
from qi_equity.project import Aim, EquityAim, Measure, Project, Site
from qi_equity.sources import Imported
from qi_equity.strata import Group, Strata

KEY = ["source", "dimension", "indicator", "place", "group", "subgroup"]
COLUMNS = [*KEY, "numerator", "denominator"]


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """The counts of all sources (a row a source, dimension, indicator, place, group, subgroup).

    `accounts` are what each reading took and refused, by source and dimension.
    """

    counts: pd.DataFrame
    accounts: Mapping[tuple[str, str], Imported]
    absent: tuple[tuple[str, str], ...] = ()  # optional sources, and their files that are not here
    protected: bool = False  # by the policy of disclosure, before anything is worked out
    nested: tuple[Nest, ...] = ()  # groups of one dimension that are those of another added up
    # Sums that were asked for once: the register, the coding and the pairs ask for the same.
    known: dict[Span, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    def within(self, audit: Audit, previous: bool = False) -> pd.DataFrame:
        """The counts of the audit's period added up over time, or of the one before."""
        span = audit.previous if previous else audit.period
        if span is None:
            return self.counts.iloc[:0].drop(columns="subgroup")
        if span not in self.known:
            self.known[span] = self._added_up(span)
        return self.known[span]

    def _added_up(self, span: Span) -> pd.DataFrame:
        day = self.counts["subgroup"]
        held = self.counts[(day >= pd.Timestamp(span.from_)) & (day <= pd.Timestamp(span.to))]
        keys = [name for name in KEY if name != "subgroup"]
        # A count that is withheld makes the sum unknown, and not smaller.
        sums = held.groupby(keys, sort=False)[["numerator", "denominator"]]
        return self.shown(sums.sum(skipna=False).reset_index())

    def shown(self, sums: pd.DataFrame) -> pd.DataFrame:
        """Sums as the audience may have them: all that follows is worked out from these.

        Rates and intervals of true counts would give the counts away; those of rounded ones, with
        what stands beside a small one withheld, do not.
        """
        return told(sums, self.nested).counts if self.protected else sums


def take(audit: Audit, folders: Sequence[Path]) -> Taken:
    """Read every source of an audit; files are looked for in the folders, the first first."""
    parts, accounts, problems, absent = [], {}, [], []
    for read in readings(audit):
        project = as_project(audit, read)
        path = found(read.reading.data.path, folders)
        if path is None:
            absent.append((read.source.id, read.reading.data.path))
            continue
        try:
            imported = sources.load(project, path)
        except DataErrors as wrong:
            problems += [f"{read.source.id}: {one}" for one in wrong.problems]
            continue
        except UserError as wrong:
            problems.append(f"{read.source.id}: {wrong}")
            continue
        accounts[(read.source.id, read.reading.dimension)] = imported
        parts.append(_counts(read, imported))
    if problems:
        raise DataErrors(problems, audit.title)
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
    return Taken(table, accounts, tuple(dict.fromkeys(absent)), nested=nests(audit))


def as_project(audit: Audit, read: Read) -> Project:
    """One reading as the project that `sources` reads data for; it is never analysed."""
    reading = read.reading
    dimension = audit.dimension(reading.dimension)
    measures = tuple(_measures(audit, read))
    strata = _strata(dimension, reading)
    goal: dict[str, Any] = {"measure": measures[0].id, "from": 0.0, "to": 0.0}
    goal["by"] = audit.period.to
    return Project(
        id=read.source.id,
        title=read.source.name,
        clinical_area="other",
        network=audit.area.name,
        sites=tuple(Site(id=one.id, name=one.name) for one in audit.places),
        aim=Aim(
            population=audit.population,
            equity=(EquityAim(stratum=strata.groups[0].name, **goal),),
            **goal,
        ),
        strata=strata,
        measures=measures,
        data=_dated(audit, read),
    )


def _dated(audit: Audit, read: Read) -> TableSource | RecordsSource:
    """The mapping; a table of one date is about the whole of its source's period.

    It counts for the audit's period, or the one before, where two in three of its days lie there;
    else for neither, whichever its first day falls in.
    """
    data = read.reading.data
    if isinstance(data, RecordsSource) or data.subgroup is not None or data.dates_across:
        return data
    period = read.source.period
    span = span_of(audit, period)
    day = max(period.from_, span.from_) if span else _outside(audit, period)
    return data.model_copy(update={"subgroup_is": day})


def span_of(audit: Audit, period: Span) -> Span | None:
    """The audit's period, or the one before, if two in three days of a source's lie in it."""
    spans = (audit.period, audit.previous)
    days = (period.to - period.from_).days + 1
    for span in spans:
        if span is not None:
            inside = (min(period.to, span.to) - max(period.from_, span.from_)).days + 1
            if 3 * inside >= 2 * days:
                return span
    return None


def _outside(audit: Audit, period: Span) -> date:
    """A day of the source that lies in neither span of the audit."""
    spans = [one for one in (audit.period, audit.previous) if one is not None]
    days = (period.from_, period.to, *(one.from_ - timedelta(days=1) for one in spans))
    return next(day for day in days if not any(one.from_ <= day <= one.to for one in spans))


def _strata(dimension: AuditDimension, reading: Reading) -> Strata:
    """The dimension's groups with the codes that this source writes."""
    groups = tuple(
        Group(
            name=one.name,
            codes=reading.codes.get(one.name, one.codes),
            unknown=one.unknown,
            missing=one.missing,
            note=one.note,
        )
        for one in dimension.groups
    )
    return Strata(
        dimension=dimension.dimension,
        code_system=reading.code_set,
        roll_up=reading.roll_up,
        groups=groups,
        labels=dimension.labels | reading.labels,
        reference=dimension.reference,
    )


def _measures(audit: Audit, read: Read) -> list[Measure]:
    """The indicators that this reading is asked for, as measures of a project."""
    reading = read.reading
    wanted = (
        reading.indicators
        or read.source.records
        or [one.id for one in audit.indicators if read.source.id in one.sources]
    )
    if not wanted:
        raise UserError(f"{read.source.id}: no indicator names this source")
    found = []
    for name in wanted:
        one = audit.indicator(name)
        found.append(
            Measure(
                id=one.id,
                name=one.name,
                role="outcome",
                numerator=one.numerator,
                denominator=one.denominator or one.numerator,
                data="proportion" if one.data == "count" else one.data,
                direction=one.direction,
                subgroup=reading.period,
                records=read.source.records.get(name),
            )
        )
    return found


def _counts(read: Read, imported: Imported) -> pd.DataFrame:
    """The observations of one reading in the audit's columns."""
    table = imported.observations
    renamed = table.rename(columns={"measure": "indicator", "site": "place", "stratum": "group"})
    table = renamed.drop(columns=[one for one in ("value", *SUMMED) if one in renamed])
    named = table.assign(source=read.source.id, dimension=read.reading.dimension)
    return named[COLUMNS]
