"""Tables of counts to observations, by the project file's mapping: taken, or refused with a row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from qi_equity import ethnicity
from qi_equity.errors import DataErrors, UserError, did_you_mean
from qi_equity.observations import (
    KEY,
    READINGS,
    SPREAD,
    UNKNOWN,
    UNREAD,
    observations,
)
from qi_equity.project import EVERYONE, Columns, Project, TableSource
from qi_equity.sources import calendar, dates, doubt, grid
from qi_equity.sources.account import CODES, Imported, by_reason, counted
from qi_equity.sources.filled import filled_down
from qi_equity.sources.labels import ADDS_UP, BETWEEN, Sites, place, plain, shown, text_of, texts
from qi_equity.sources.row_numbers import cells_of, numbers
from qi_equity.sources.rows import NUMBERS, Rows, once, reconciled
from qi_equity.sources.running import added_up

# Our own tables, as written by the store, the app and the made-up network.
TIDY = TableSource(
    kind="table",
    path="observations.csv",
    subgroup="subgroup",
    stratum="stratum",
    site="site",
    measure="measure",
    numerator="numerator",
    denominator="denominator",
    value="value",
    outcome_unknown=UNKNOWN,
    unread=UNREAD,
    readings=READINGS,
    spread=SPREAD,
    tokens={"": "missing"},  # what is not known is written so, and none as 0
)
# What stands in place of a date in a row that adds others up.
TOTAL_OF_DATES = re.compile(
    r"(?:grand |sub-?|year )?(?:total|average|mean|sum|ytd|overall)s?\b.*|.*\b(?:sub-?)?totals?",
    re.IGNORECASE,
)


def import_table(project: Project, source: TableSource, path: Path) -> Imported:
    """Observations from a table of counts, and the account of every row."""
    _check(project, source)
    found = _grid(source, path)
    long, said = _long(project, source, found)
    rows = Rows(long)
    notes = [*found.notes, *dict.fromkeys(said)]
    rows.beyond(found.left_out, found.refused, [measure.id for measure in project.measures])
    _select(source, rows, found)
    _measures(project, source, rows)
    codes, said = _strata(project, source, rows)
    notes += said
    _sites(project, source, rows)
    notes += _subgroups(project, source, rows, path)
    withheld, blanks = numbers(project, source, rows)
    notes += blanks
    rows.refuse(added_up(rows.table))
    notes += once(rows)
    table = rows.table
    everyone = table["stratum"] == EVERYONE
    columns = [*KEY, *NUMBERS]
    kept = observations(table.loc[~everyone, columns])
    totals = observations(table.loc[everyone, columns])
    lost = doubt.lost(project, rows.lost)
    notes += reconciled(kept, totals)
    return Imported(
        source=str(path),
        unit="cells" if source.columns or source.dates_across else "rows",
        read=rows.read,
        taken=rows.read - counted(rows.refused) - counted(rows.left_out),
        observations=kept,
        totals=totals,
        refused=by_reason(rows.refused),
        left_out=by_reason(rows.left_out),
        suppressed=withheld,
        codes=codes,
        doubt=doubt.placed(lost, kept),
        told=doubt.told(lost, kept),
        notes=tuple(notes),
    )


def _grid(source: TableSource, path: Path) -> grid.Grid:
    if source is TIDY:
        return grid.read(path, KEY, None, NUMBERS)
    if source.dates_across:
        names = [source.stratum, source.crossed_with, source.site, source.measure, *source.where]
        wanted = list(dict.fromkeys(name for name in names if name is not None))
        numbers = [name for name in (getattr(source, each) for each in NUMBERS) if name]
        return grid.read_across(path, wanted, numbers, source.rows_are, source.sheet)
    within = {
        _key(at, name): (getattr(part, name), part.stratum or "")
        for at, part in enumerate(source.columns)
        for name in NUMBERS
        if getattr(part, name) is not None
    }
    return grid.read(path, _wanted(source), source.sheet, within=within)


def _key(at: int, name: str) -> str:
    return f"(columns {at}: {name})"


def is_tidy(path: Path) -> bool:
    """Whether a file is one of our own tables, whatever the project's mapping says."""
    return grid.has_columns(path, KEY)


def _check(project: Project, source: TableSource) -> None:
    """What the mapping itself leaves open, at once."""
    found = []
    if source.site is None and len(project.sites) > 1:
        found.append("data.site: the project has several sites; say which column tells them apart")
    if source.measure is None and not source.columns and len(project.measures) > 1:
        found.append("data.measure: the project has several measures; say which column names them")
    given = [source, *source.columns]
    if not any(getattr(part, name) for part in given for name in NUMBERS):
        found.append("data: say which columns hold the numerator and denominator, or the value")
    ids = [measure.id for measure in project.measures]
    named = [(f"indicators: {label}", each.measure) for label, each in source.indicators.items()]
    named += [(f"columns: {part.stratum}", part.measure) for part in source.columns if part.measure]
    for where, measure in named:
        if measure not in ids:
            found.append(f"data.{where}: no measure called '{measure}'{did_you_mean(measure, ids)}")
    if any(part.measure is None for part in source.columns) and len(ids) > 1:
        found.append("data.columns: the project has several measures; name one for each stratum")
    if found:
        raise DataErrors(found, f"the mapping of {project.id}")


def _wanted(source: TableSource) -> list[str]:
    """Every column that the mapping speaks of."""
    names = [source.subgroup, source.stratum, source.site, source.measure, source.suppressed]
    names += [source.crossed_with]
    names += [getattr(source, name) for name in NUMBERS]
    names += [source.year] if isinstance(source.year, str) else []
    names += source.where
    return list(dict.fromkeys(name for name in names if name is not None))


def _long(
    project: Project, source: TableSource, found: grid.Grid
) -> tuple[pd.DataFrame, list[str]]:
    """A row for each measure, site, stratum and subgroup; counts as their cells were read."""
    table = found.table
    only = project.measures[0] if len(project.measures) == 1 else None
    said: list[str] = []

    def column(name: str | None) -> object:
        return table[name] if name is not None and name in table else None

    parts = []
    given: tuple[TableSource | Columns, ...] = source.columns or (source,)
    for at, part in enumerate(given):
        wide = isinstance(part, Columns)
        dated = grid.ACROSS if source.dates_across else source.subgroup
        frame = {
            "row": found.row,
            "measure_cell": part.measure if wide else column(source.measure),
            "site_cell": column(source.site),
            "stratum_cell": (part.stratum or EVERYONE)
            if wide
            else _of_both(column(source.stratum), column(source.crossed_with)),
            "date_cell": _with_years(column(dated), source, table),
            "flag_cell": column(source.suppressed),
        }
        for name in NUMBERS:
            named = getattr(part, name)
            key = _key(at, name) if wide and named is not None else named
            taken, told = cells_of(source, found, name, named, key)
            frame[f"{name}_cell"] = taken
            said += told
        kinds = dict.fromkeys(("measure_cell", "site_cell", "stratum_cell"), object)
        parts.append(pd.DataFrame(frame, index=table.index).astype(kinds))
    long = pd.concat(parts, ignore_index=True)
    if only is not None and "measure_cell" in long and long["measure_cell"].isna().all():
        long["measure_cell"] = None
    return long, said


def _of_both(first: object, second: object) -> object:
    """The labels of both dimensions, where a second is crossed with the first."""
    if not isinstance(first, pd.Series) or not isinstance(second, pd.Series):
        return first
    return texts(first) + BETWEEN + texts(second)


def _with_years(cells_: object, source: TableSource, table: pd.DataFrame) -> object:
    """Dates that say no year, with the year from the column beside them."""
    if not isinstance(source.year, str) or not isinstance(cells_, pd.Series):
        return cells_
    pairs = zip(cells_, table[source.year], strict=True)
    return pd.Series([dates.with_year(*pair) for pair in pairs], index=table.index, dtype=object)


def _select(source: TableSource, rows: Rows, found: grid.Grid) -> None:
    """Leave out what the mapping does not ask for, and lines of text under the table."""
    table = found.table
    filled = [[text_of(cell) != "" for cell in table[name].tolist()] for name in table]
    lonely = np.sum(filled, axis=0) <= min(1, table.shape[1] - 1)
    reasons = pd.Series(None, index=table.index, dtype=object)
    reasons[lonely] = "a line of text and not a row of the table"
    for name, allowed in source.where.items():
        wanted = {plain(value) for value in allowed}
        written = texts(table[name])
        other = ~written.map(plain).isin(wanted) & reasons.isna()
        reasons[other] = f"{name} is '" + written[other] + "'"
    parts = len(rows.table) // max(1, len(reasons))
    rows.leave_out(pd.Series(reasons.tolist() * parts, index=rows.table.index, dtype=object))


def _measures(project: Project, source: TableSource, rows: Rows) -> None:
    """Which measure each row is of; with indicators, often which stratum too."""
    table = rows.table
    known = {plain(name): m.id for m in project.measures for name in (m.name, m.id)}
    indicators = {plain(label): each for label, each in source.indicators.items()}
    if table["measure_cell"].isna().all() and len(project.measures) == 1:
        rows.table = table.assign(measure=project.measures[0].id)
        return
    labels = texts(table["measure_cell"])
    measure: dict[str, str] = {}
    stratum: dict[str, str | None] = {}
    unknown: dict[str, str] = {}
    for label in labels.unique():
        each = indicators.get(plain(label))
        if each is not None:
            measure[label], stratum[label] = each.measure, each.stratum
        elif not indicators and plain(label) in known:
            measure[label] = known[plain(label)]
        else:
            unknown[label] = _no_measure(label, known, indicators)
    if indicators:
        own = labels.map(lambda label: stratum.get(label) or EVERYONE)
        table = table.assign(stratum_cell=own if source.stratum is None else table["stratum_cell"])
    rows.table = table.assign(measure=labels.map(measure))
    reasons = labels.map(unknown)
    (rows.leave_out if indicators else rows.refuse)(reasons)


def _no_measure(label: str, known: Mapping[str, str], indicators: Mapping[str, object]) -> str:
    if indicators:
        return f"indicator '{label}' is not in the mapping"
    return f"no measure is called '{label}'{did_you_mean(label, set(known.values()))}"


def _strata(project: Project, source: TableSource, rows: Rows) -> tuple[pd.DataFrame, list[str]]:
    """Which group each row is of, or everyone; labels that have drifted are said."""
    table = rows.table
    if table["stratum_cell"].isna().all() and source.stratum is None:
        rows.table = table.assign(stratum=EVERYONE)
        said = "the mapping names no strata: these are counts of everyone, kept as totals"
        return pd.DataFrame(columns=CODES), [said]
    apart = ("measure", "site_cell", "date_cell")
    filled = filled_down(rows, "stratum_cell", apart, "group")
    table = rows.table
    labels = texts(table["stratum_cell"])
    placed = place(labels.unique(), project.strata, source.totals)
    rows.table = table.assign(stratum=labels.map({name: p.group for name, p in placed.items()}))
    sums = {name: p.remedy for name, p in placed.items() if p.remedy.endswith(ADDS_UP)}
    rows.leave_out(labels.map(sums))
    over = {name: p.remedy for name, p in placed.items() if p.remedy and p.status == "total"}
    rows.refuse(labels.loc[rows.table.index].map(over), lost=False)
    wrong = {name: p.remedy or None for name, p in placed.items()}
    rows.refuse(labels.loc[rows.table.index].map(wrong))
    notes = [
        f"{' and '.join(map(repr, alike))} look like one group written in several ways"
        for alike in ethnicity.alike(shown(label) for label in placed if label)
    ]
    count = labels.value_counts()
    codes = [(shown(name), p.group, p.status, int(count[name])) for name, p in placed.items()]
    return pd.DataFrame(codes, columns=CODES), [*filled, *notes]


def _sites(project: Project, source: TableSource, rows: Rows) -> None:
    sites = Sites(project)
    if source.site is None:
        rows.table = rows.table.assign(site=sites.only)
        return
    labels = texts(rows.table["site_cell"])
    found = {label: sites.find(label) for label in labels.unique()}
    rows.table = rows.table.assign(site=labels.map(found))
    over = {label: f"'{label}' is a total over sites" for label in found if sites.is_total(label)}
    wrong = {
        label: sites.remedy(label)
        for label, site in found.items()
        if site is None and label not in over
    }
    rows.leave_out(labels.map(over))
    rows.refuse(labels.loc[rows.table.index].map(wrong))


def _subgroups(project: Project, source: TableSource, rows: Rows, path: Path) -> list[str]:
    """The first day of each row's subgroup; a date that can be read two ways is refused."""
    table = rows.table
    if source.subgroup is None and not source.dates_across:
        read, notes = pd.Series(_one_day(project, source, path), index=table.index), []
    else:
        apart = ("measure", "site", "stratum_cell")
        notes = filled_down(rows, "date_cell", apart, "date")
        table = rows.table
        written = texts(table["date_cell"])
        totals = {
            text: f"'{text}' is a total over dates"
            for text in written.unique()
            if TOTAL_OF_DATES.fullmatch(text)
        }
        rows.leave_out(written.map(totals))
        given = rows.table["date_cell"]
        result = _dates(source, given)
        rows.lost = doubt.dated(
            project, rows.lost, lambda own: _dates(source, pd.concat([given, own])).dates[own.index]
        )
        rows.refuse(result.refused)
        read = result.dates.loc[rows.table.index]
        notes += result.notes
    subgroup = read.astype("datetime64[ns]").copy()
    periods = rows.table["measure"].map({one.id: one.subgroup for one in project.measures})
    for period in periods.unique():
        mine = periods == period
        subgroup[mine] = calendar.floor(read[mine], period)
    rows.table = rows.table.assign(day=read, subgroup=subgroup)
    rows.refuse(_not_yet(rows.table))
    return notes


def _dates(source: TableSource, given: pd.Series) -> dates.Dates:
    year = source.year if isinstance(source.year, int) else None
    return dates.read(given, source.dates, year=year, week_1=source.week_1, latest=dates.latest())


def _not_yet(table: pd.DataFrame) -> pd.Series:
    """Why a subgroup is refused that begins later than today: the year may be a slip."""
    reasons = pd.Series(None, index=table.index, dtype=object)
    late = table.loc[table["subgroup"] > pd.Timestamp.today(), "subgroup"]
    told = [
        f"the period from {begins:%-d %B %Y} has not come yet: check the year" for begins in late
    ]
    reasons[late.index] = told
    return reasons


def _one_day(project: Project, source: TableSource, path: Path) -> pd.Timestamp:
    """The date of a whole file: the one said, or the month in its name; never a week's."""
    if source.subgroup_is:
        return pd.Timestamp(source.subgroup_is)
    day = dates.month_in(path.name)
    weekly = [m.subgroup for m in project.measures if m.subgroup in ("week", "fortnight")]
    if day is None or weekly:
        why = f"a {weekly[0]} is not in the file's name" if weekly else "nor does the file's name"
        raise UserError(
            f"{path}: no column says when these counts are from, and {why}; name the column with "
            "data.subgroup, or say the date with data.subgroup_is"
        )
    return day
