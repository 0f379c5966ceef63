"""Birth records to observations, through Ibis: only sums leave the engine, never a record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import reduce
from operator import add, and_
from typing import Any

import pandas as pd

from qi_equity.errors import DataErrors, UserError, did_you_mean
from qi_equity.project import Measure, Period, Project, RecordsSource
from qi_equity.sources import calendar, dates, doubt, predicates, readings, sequences
from qi_equity.sources.account import CODES, Imported
from qi_equity.sources.birth_sums import (
    BIRTHS,
    BLANK,
    ELIGIBLE,
    EVENTS,
    SQUARES,
    SUM,
    UNREAD,
    UNSURE,
    UNUSED,
    Refusals,
    codes_of,
    exclusions_of,
    observations_of,
    placed,
)
from qi_equity.sources.engine import Table, fetched, records, shown, usual_mark
from qi_equity.sources.labels import BETWEEN

Progress = Callable[[str, float], None]  # what is being done, and how far from 0 to 1

TIME_OF_DAY = r"[T ]+[0-9]{1,2}:[0-9]{2}.*$"
FEWEST_COLUMNS = 3  # of records in which a row of one cell is a line of text


def import_records(
    project: Project, source: RecordsSource, path: str, progress: Progress | None = None
) -> Imported:
    """Observations of every measure that has a records rule, and the account of all births."""
    with records(source, path) as table:
        return _import(project, source, path, table, progress)


def _import(
    project: Project, source: RecordsSource, path: str, table: Table, progress: Progress | None
) -> Imported:
    measures = [measure for measure in project.measures if measure.records is not None]
    _check(project, source, table, measures, path)
    read = readings.read(_keyed(table, source), source, measures, usual_mark(path))
    refused = Refusals()
    left_out = Refusals()
    days = _days(read.table, source, table.columns, refused, left_out)
    births = int(days.pop("births").sum())
    notes = [*read.notes, *_repeated(table, source)]
    parts: dict[str, pd.DataFrame] = {}
    exclusions: list[pd.DataFrame] = []
    counted, unusable, codes = 0, 0, pd.DataFrame(columns=CODES)
    for period in dict.fromkeys(_period(measure) for measure in measures):
        same = [measure for measure in measures if _period(measure) == period]
        dated = _dated(read, days, period)
        sums = _sums(dated, period, same, measures, progress)
        codes = codes_of(project, sums)
        # Births are refused once, whatever number of periods they are looked at in.
        first = not parts
        sums = placed(project, source, sums, refused if first else Refusals())
        if first:
            unusable = int(sums[UNUSED].sum())
            _unusable(dated, sums, measures, refused)
        counted = int(sums[BIRTHS].sum() - sums[UNUSED].sum())
        counts = observations_of(project, sums, same)
        if period is None:
            counts = {name: sequences.between(table) for name, table in counts.items()}
        parts |= counts
        exclusions.append(exclusions_of(project, sums, same))
    # In order of measure, and each in order already: sorting millions of rows takes longest.
    table = pd.concat([parts[name] for name in sorted(parts)], ignore_index=True)
    nowhere = refused.births - unusable
    return Imported(
        source=shown(path),
        unit="births",
        read=births,
        taken=counted,
        observations=table,
        refused=refused.table(),
        left_out=left_out.table(),
        excluded=pd.concat(exclusions, ignore_index=True),
        codes=codes,
        unread=read.unread,
        doubt=doubt.shared_out(nowhere, table),
        notes=tuple(notes),
    )


def _period(measure: Measure) -> Period | None:
    """The subgroup births are counted by; None for each day, as the sequence of cases needs."""
    return None if measure.data == sequences.SEQUENCE else measure.subgroup


@dataclass(frozen=True, slots=True, eq=False)
class _Rule:
    """A measure's rule on the records: births eligible, and what is said of their outcome."""

    eligible: readings.Asked | None
    outcome: readings.Asked | None

    @property
    def unread(self) -> Any:
        """Births that the measure cannot use, since what was recorded cannot be read."""
        import ibis

        if self.outcome is None:
            return ibis.literal(False) if self.eligible is None else self.eligible.unread
        if self.eligible is None:
            return self.outcome.unread
        return self.eligible.unread | (self.eligible.passes.fill_null(False) & self.outcome.unread)


def _rule(read: readings.Readings, measure: Measure) -> _Rule:
    assert measure.records is not None
    rule = measure.records
    outcome = read.asked(rule.numerator) if rule.value is None else read.value(rule.value)
    return _Rule(read.asked(rule.eligible), outcome)


def expressions(read: readings.Readings, measure: Measure, number: int = 0) -> dict[str, Any]:
    """What is counted for one measure: each a sum over births, compiled from its rule.

    Eligible and event are true, false or not recorded. Births whose eligibility is not recorded
    are left out and counted; so are those whose eligibility or outcome stands there and cannot be
    read. Eligible births whose outcome is not recorded are counted, and stay in the denominator.
    """
    assert measure.records is not None
    table, rule = read.table, _rule(read, measure)
    unread = rule.unread
    within = ~unread if rule.eligible is None else rule.eligible.passes & ~unread
    sums: dict[str, Any] = {UNREAD: table.count(where=unread)}
    sums[ELIGIBLE] = table.count(where=within)
    if rule.eligible is not None:
        unsure = ~rule.eligible.passes.fill_null(False) & rule.eligible.open & ~unread
        sums[UNSURE] = table.count(where=unsure)
    if rule.outcome is not None:
        found = rule.outcome.passes
        sums[BLANK] = table.count(where=within & found.isnull())
        if measure.records.value is None:
            sums[EVENTS] = table.count(where=within & found)
        else:
            sums[EVENTS] = table.count(where=within & found.notnull())
            sums[SUM] = found.sum(where=within & found.notnull())
            sums[SQUARES] = (found * found).sum(where=within & found.notnull())
    return {name.format(number): expression for name, expression in sums.items()}


def _check(
    project: Project,
    source: RecordsSource,
    table: Table,
    measures: Sequence[Measure],
    path: str,
) -> None:
    """Everything that keeps these records from being counted, at once."""
    found = []
    for part in ("date", "stratum", "crossed_with", "site", "key"):
        column = getattr(source, part)
        if column is not None and column not in table.columns:
            hint = did_you_mean(column, table.columns)
            found.append(f"data.{part}: no column called '{column}'{hint}")
    if source.site is None and len(project.sites) > 1:
        found.append("data.site: the project has several sites; say which column tells them apart")
    if not measures:
        found.append("no measure has a records rule: say who is eligible and who is counted")
    for measure in measures:
        found += predicates.problems(table, measure)
    if found:
        raise DataErrors(found, shown(path))


def _keyed(table: Table, source: RecordsSource) -> Table:
    """The records with day_, site_ and code_ beside their own columns."""
    import ibis

    day = table[source.date]
    if day.type().is_string():
        # Times of day are cut off; what is left is read as a date once for each distinct text.
        day = day.strip().re_replace(TIME_OF_DAY, "")
    elif day.type().is_timestamp():
        day = day.cast("date")
    elif not day.type().is_date():
        raise UserError(f"data.date: '{source.date}' holds {day.type()}, which is not a date")
    site = ibis.literal("") if source.site is None else _text(table[source.site])
    code = _text(table[source.stratum])
    if source.crossed_with is not None:
        second = _text(table[source.crossed_with])
        code = code.fill_null("") + BETWEEN + second.fill_null("")
    return table.mutate(day_=day, site_=site, code_=code)


def _text(column: Any) -> Any:
    return predicates.recorded(column).cast("string")


def _days(
    keyed: Table,
    source: RecordsSource,
    columns: Sequence[str],
    refused: Refusals,
    left_out: Refusals,
) -> pd.DataFrame:
    """Every distinct day in the records, how many births it has, and the date it is."""
    days = fetched(keyed.group_by("day_").aggregate(births=keyed.count()))
    today = pd.Timestamp.today().normalize()  # nobody's birth is ahead, as a week's end may be
    result = dates.read(days["day_"].astype(object), source.dates, latest=today)
    bad = result.refused.notna()
    days = days.assign(date=result.dates)
    lines = _lines(keyed, days, columns)
    if lines.any():
        left_out.add("a line of text and not a birth", int(lines.sum()))
    for reason, births in zip(result.refused[bad], (days["births"] - lines)[bad], strict=True):
        if births:
            refused.add(reason, births)
    return days


def _lines(keyed: Table, days: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Of each day that is none, how many rows say one thing only: lines of text, and no births."""
    import ibis

    if len(columns) < FEWEST_COLUMNS or days["date"].notna().all():
        return pd.Series(0, index=days.index)
    texts = [keyed[name].cast("string").strip().fill_null("") for name in columns]
    filled = reduce(add, [ibis.ifelse(text == "", 0, 1) for text in texts])
    lonely = keyed.filter(filled <= 1)
    found = fetched(lonely.group_by("day_").aggregate(lines=lonely.count()))
    lines = days[["day_"]].merge(found, on="day_", how="left")["lines"].set_axis(days.index)
    return lines.where(days["date"].isna()).fillna(0).astype(int)


def _repeated(table: Table, source: RecordsSource) -> Iterator[str]:
    if source.key is None:
        return
    key = predicates.recorded(table[source.key])
    counts = fetched(table.aggregate(filled=key.count(), distinct=key.nunique())).iloc[0]
    again = int(counts["filled"] - counts["distinct"])
    if again:
        yield (
            f"{again:,} births repeat another's '{source.key}' and are counted again: "
            "take out the copies, or choose a key that tells births apart"
        )


def _dated(read: readings.Readings, days: pd.DataFrame, period: Period | None) -> readings.Readings:
    """The records that have a date, with the first day of their subgroup beside them."""
    import ibis

    known = days[days["date"].notna()]
    # The first day of each date's subgroup goes to the engine as a small table of its own, so that
    # every engine and every way of writing a date gives the same subgroup.
    first = known["date"] if period is None else calendar.floor(known["date"], period)
    steps = pd.DataFrame(
        {
            "day_": known["day_"],
            "subgroup": first.dt.strftime("%Y%m%d").astype(int),
        }
    )
    if steps.empty:
        raise UserError("no birth has a date that can be read")
    schema = {"day_": read.table["day_"].type(), "subgroup": "int64"}
    return replace(read, table=read.table.join(ibis.memtable(steps, schema=schema), "day_"))


def _unused(read: readings.Readings, measures: Sequence[Measure]) -> Any:
    """Births that no measure can use, for what was recorded of them cannot be read."""
    return reduce(and_, [_rule(read, measure).unread for measure in measures])


def _sums(
    read: readings.Readings,
    period: Period | None,
    measures: Sequence[Measure],
    every: Sequence[Measure],
    progress: Progress | None,
) -> pd.DataFrame:
    """The engine's sums for each subgroup, site label and code."""
    table = read.table
    sums = {BIRTHS: table.count(), UNUSED: table.count(where=_unused(read, every))}
    for number, measure in enumerate(measures):
        sums |= expressions(read, measure, number)
    expression = table.group_by(["subgroup", "site_", "code_"]).aggregate(**sums)
    result = _execute(expression, f"counting births by {period or 'day'}", progress)
    subgroup = pd.to_datetime(result["subgroup"].astype(str), format="%Y%m%d")
    labels = {name: result[name].astype(object).fillna("") for name in ("site_", "code_")}
    return result.assign(subgroup=subgroup.astype("datetime64[ns]"), **labels)


def _unusable(
    read: readings.Readings, sums: pd.DataFrame, measures: Sequence[Measure], refused: Refusals
) -> None:
    """Refuse the births that no measure can use, each by the first value that cannot be read."""
    if not sums[UNUSED].sum():
        return
    left = read.table.filter(_unused(read, measures))
    texts = list(read.texts.values())
    found = fetched(left.group_by(["site_", "code_", *texts]).aggregate(births=left.count()))
    found = found.assign(**{name: found[name].fillna("") for name in ("site_", "code_")})
    # Births that have no site or no group were refused for that already.
    kept = sums[["site_", "code_"]].drop_duplicates()
    why = {
        (column, value): f"'{column}': {reason}"
        for column, value, reason in read.unread[["column", "value", "reason"]].itertuples(
            index=False
        )
    }
    for row in found.merge(kept, on=["site_", "code_"]).to_dict("records"):
        given = ((column, row[name]) for column, name in read.texts.items())
        refused.add(next(why[each] for each in given if each in why), row["births"])


def _execute(expression: Any, what: str, progress: Progress | None) -> pd.DataFrame:
    """Run in the engine, telling how far it is where the engine knows."""
    if progress is None:
        return fetched(expression)
    engine = getattr(expression.get_backend(), "con", None)
    asked = getattr(engine, "query_progress", None)
    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(fetched, expression)
        while not wait([running], timeout=0.25).done:
            done = asked() if asked else -1.0
            progress(what, max(0.0, min(done / 100, 1.0)))
        progress(what, 1.0)
        return running.result()
