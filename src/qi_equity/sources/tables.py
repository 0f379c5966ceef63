"""Tables of counts to observations, by the project file's mapping: taken, or refused with a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import pandas as pd

from qi_equity import ethnicity
from qi_equity.errors import DataErrors, UserError, did_you_mean
from qi_equity.observations import COLUMNS, COUNTS, KEY, observations
from qi_equity.project import EVERYONE, Columns, Project, TableSource
from qi_equity.sources import calendar, cells, dates, grid
from qi_equity.sources.account import CODES, REFUSED, SUPPRESSED, Imported
from qi_equity.sources.labels import Sites, place, plain, text_of

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
)
NUMBERS = (*COUNTS, "value")
SHOWN = 5  # row numbers in a message before the rest are counted
YES = frozenset({"true", "1", "yes", "y", "x"})


class _Rows:
    """The rows still in use, and the ones refused or left out, with the reason."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table
        self.read = len(table)
        self.refused: dict[str, list[int]] = {}
        self.left_out: dict[str, list[int]] = {}

    def drop(self, reasons: pd.Series, into: dict[str, list[int]]) -> None:
        """Take out the rows that have a reason."""
        bad = reasons.notna()
        for reason, row in zip(reasons[bad], self.table.loc[bad, "row"], strict=True):
            into.setdefault(str(reason), []).append(int(row))
        self.table = self.table.loc[~bad]

    def refuse(self, reasons: pd.Series) -> None:
        self.drop(reasons, self.refused)

    def leave_out(self, reasons: pd.Series) -> None:
        self.drop(reasons, self.left_out)


def import_table(project: Project, source: TableSource, path: Path) -> Imported:
    """Observations from a table of counts, and the account of every row."""
    _check(project, source)
    tidy = source is TIDY
    wanted = KEY if tidy else _wanted(source)
    cells = grid.read(path, wanted, source.sheet, NUMBERS if tidy else ())
    rows = _Rows(_long(source, cells))
    notes: list[str] = []
    _select(source, rows, cells)
    _measures(project, source, rows)
    codes, said = _strata(project, source, rows)
    notes += said
    _sites(project, source, rows)
    _subgroups(project, source, rows, path)
    withheld, blanks = _numbers(project, source, rows)
    notes += blanks
    notes += _once(rows)
    table = rows.table
    everyone = table["stratum"] == EVERYONE
    kept = observations(table.loc[~everyone, COLUMNS])
    totals = observations(table.loc[everyone, COLUMNS])
    notes += _reconciled(project, kept, totals)
    return Imported(
        source=str(path),
        unit="cells" if source.columns else "rows",
        read=rows.read,
        taken=rows.read - _count(rows.refused) - _count(rows.left_out),
        observations=kept,
        totals=totals,
        refused=_reasons(rows.refused),
        left_out=_reasons(rows.left_out),
        suppressed=withheld,
        codes=codes,
        notes=tuple(notes),
    )


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
    names += [getattr(part, name) for part in (source, *source.columns) for name in NUMBERS]
    names += source.where
    return list(dict.fromkeys(name for name in names if name is not None))


def _long(source: TableSource, cells: grid.Grid) -> pd.DataFrame:
    """A row for each measure, site, stratum and subgroup, still as they stand in the file."""
    table = cells.table

    def column(name: str | None) -> object:
        return table[name] if name is not None and name in table else None

    parts = []
    for part in source.columns or (source,):
        wide = isinstance(part, Columns)
        parts.append(
            pd.DataFrame(
                {
                    "row": cells.row,
                    "measure_cell": part.measure if wide else column(source.measure),
                    "site_cell": column(source.site),
                    "stratum_cell": part.stratum if wide else column(source.stratum),
                    "date_cell": column(source.subgroup),
                    "flag_cell": column(source.suppressed),
                    **{f"{name}_cell": column(getattr(part, name)) for name in NUMBERS},
                },
                index=table.index,
            ).astype(dict.fromkeys(("measure_cell", "site_cell", "stratum_cell"), object))
        )
    return pd.concat(parts, ignore_index=True)


def _select(source: TableSource, rows: _Rows, cells: grid.Grid) -> None:
    """Leave out what the mapping does not ask for, and lines of text under the table."""
    texts = cells.table.map(text_of)
    lonely = (texts != "").sum(axis=1) <= min(1, texts.shape[1] - 1)
    note = pd.Series("a line of text and not a row of the table", index=texts.index)
    reasons = note.where(lonely, None).astype(object)
    for name, allowed in source.where.items():
        wanted = {plain(value) for value in allowed}
        other = ~texts[name].map(plain).isin(wanted) & reasons.isna()
        reasons[other] = f"{name} is '" + texts.loc[other, name] + "'"
    by_row = dict(zip(cells.row, reasons, strict=True))
    rows.leave_out(rows.table["row"].map(by_row))


def _measures(project: Project, source: TableSource, rows: _Rows) -> None:
    """Which measure each row is of; with indicators, often which stratum too."""
    table = rows.table
    known = {plain(name): m.id for m in project.measures for name in (m.name, m.id)}
    indicators = {plain(label): each for label, each in source.indicators.items()}
    if table["measure_cell"].isna().all() and len(project.measures) == 1:
        rows.table = table.assign(measure=project.measures[0].id)
        return
    labels = table["measure_cell"].map(text_of)
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


def _strata(project: Project, source: TableSource, rows: _Rows) -> tuple[pd.DataFrame, list[str]]:
    """Which group each row is of, or everyone; labels that have drifted are said."""
    table = rows.table
    if table["stratum_cell"].isna().all() and source.stratum is None:
        rows.table = table.assign(stratum=EVERYONE)
        said = "the mapping names no strata: these are counts of everyone, kept as totals"
        return pd.DataFrame(columns=CODES), [said]
    labels = table["stratum_cell"].map(text_of)
    placed = place(labels.unique(), project.strata, source.totals)
    rows.table = table.assign(stratum=labels.map({name: p.group for name, p in placed.items()}))
    rows.refuse(labels.map({name: p.remedy or None for name, p in placed.items()}))
    notes = [
        f"{' and '.join(map(repr, alike))} look like one group written in several ways"
        for alike in ethnicity.alike(label for label in placed if label)
    ]
    notes += [
        f"'{name}' is no code of {project.strata.code_system}; counted under '{p.group}'"
        for name, p in placed.items()
        if p.status == "invalid" and p.group is not None
    ]
    count = labels.value_counts()
    codes = [(name, p.group, p.status, int(count[name])) for name, p in placed.items()]
    return pd.DataFrame(codes, columns=CODES), notes


def _sites(project: Project, source: TableSource, rows: _Rows) -> None:
    sites = Sites(project)
    if source.site is None:
        rows.table = rows.table.assign(site=sites.only)
        return
    labels = rows.table["site_cell"].map(text_of)
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


def _subgroups(project: Project, source: TableSource, rows: _Rows, path: Path) -> None:
    """The first day of each row's subgroup; a date that can be read two ways is refused."""
    table = rows.table
    if source.subgroup is None:
        day = pd.Timestamp(source.subgroup_is) if source.subgroup_is else dates.month_in(path.name)
        if day is None:
            raise UserError(
                f"{path}: neither a column nor the file's name says when these counts are from; "
                "say it with data.subgroup_is"
            )
        read = pd.Series(day, index=table.index)
    else:
        result = dates.read(table["date_cell"], source.dates)
        rows.refuse(result.refused)
        read = result.dates.loc[rows.table.index]
    subgroup = read.astype("datetime64[ns]").copy()
    for measure in project.measures:
        mine = rows.table["measure"] == measure.id
        if mine.any():
            subgroup[mine] = calendar.floor(read[mine], measure.subgroup)
    rows.table = rows.table.assign(day=read, subgroup=subgroup)


def _numbers(project: Project, source: TableSource, rows: _Rows) -> tuple[pd.DataFrame, list[str]]:
    """Counts, with what was withheld or not given as nan; says what was withheld or not given."""
    tokens = {name.casefold(): cast(cells.State, state) for name, state in source.tokens.items()}
    withheld, blanks = [], []
    problems: pd.Series = pd.Series(None, index=rows.table.index, dtype=object)
    read: dict[str, pd.Series] = {}
    for name in NUMBERS:
        given = rows.table[f"{name}_cell"].map(lambda cell: cells.read(cell, tokens))
        number = given.map(lambda cell: cell.number).astype(float)
        state = given.map(lambda cell: cell.state)
        said = given.map(lambda cell: cell.said)
        if name == "numerator" and source.suppressed is not None:
            flagged = rows.table["flag_cell"].map(lambda cell: text_of(cell).casefold() in YES)
            state, number = state.mask(flagged, "suppressed"), number.mask(flagged)
        hidden = rows.table.loc[state == "suppressed", KEY]
        withheld.append(hidden.assign(column=name, token=said[hidden.index]))
        for token, number_of in said[(state == "missing") & (said != "")].value_counts().items():
            blanks.append(f"{number_of:,} of '{name}' are '{token}': not given, never zero")
        wrong = problems.isna() & (state == "wrong")
        problems[wrong] = f"'{name}': " + said[wrong]
        if name in COUNTS:
            reason = number.map(lambda n, name=name: cells.problem(n, name)).astype(object)
            problems = problems.where(problems.notna(), reason)
        read[name] = number
    parts = [m.id for m in project.measures if m.data == "proportion"]
    over = rows.table["measure"].isin(parts) & (read["numerator"] > read["denominator"])
    problems[over & problems.isna()] = "more events than births: numerator above denominator"
    rows.table = rows.table.assign(**read)
    rows.refuse(problems)
    table = pd.concat(withheld)
    kept = table.index.isin(rows.table.index)
    return table.loc[kept, SUPPRESSED].reset_index(drop=True), blanks


def _once(rows: _Rows) -> Iterable[str]:
    """One row for each key: copies and contradictions are refused, parts of it are added up.

    Parts are days of one week, and codes that roll up to one group: 'H' and 'J' are both Asian.
    """
    table = rows.table
    rows.table = table = table.assign(label=table["stratum_cell"].map(text_of))
    key = [*KEY, "day", "label"]
    copies = table.duplicated([*key, *NUMBERS])
    reasons = pd.Series(None, index=table.index, dtype=object)
    reasons[copies] = "a copy of an earlier row"
    reasons[table.duplicated(key, keep=False) & ~copies] = (
        "counts differ between rows for the same measure, site, stratum and date"
    )
    # A row whose only double is its own copy is not contradicted.
    alone = ~table[~copies].duplicated(key, keep=False)
    reasons[alone.index[alone]] = None
    rows.refuse(reasons)
    table = rows.table
    if not table.duplicated(KEY).any():
        return
    several = table.groupby(KEY)["day"].transform("size") > 1
    measured = several & table["value"].notna()
    why = "several measurements in one subgroup: give one, or a numerator and denominator"
    rows.refuse(pd.Series(why, index=table.index).where(measured, None).astype(object))
    table = rows.table
    # skipna is off: a week with a day withheld is not known, and must not look small.
    sums = table.groupby(KEY, as_index=False).agg(
        **{name: (name, lambda part: part.sum(skipna=False)) for name in NUMBERS}
    )
    yield (
        f"{len(table):,} rows were added up to {len(sums):,}: several dates in one subgroup, or "
        "several codes in one group"
    )
    rows.table = sums


def _reconciled(project: Project, kept: pd.DataFrame, totals: pd.DataFrame) -> Iterable[str]:
    """Whether the strata add up to the totals the file itself gives."""
    where = ["measure", "site", "subgroup"]
    for name in COUNTS:
        parts = kept.groupby(where)[name].agg(
            total=lambda part: part.sum(), withheld=lambda part: part.isna().sum()
        )
        both = parts.join(totals.set_index(where)[name].rename("given"), how="inner").dropna()
        if both.empty:
            continue
        whole = both[both["withheld"] == 0]
        same = int((whole["total"] == whole["given"]).sum())
        said = f"{name}s of the strata add up to the file's total in {same:,} of {len(whole):,}"
        yield f"{said} site-periods where none is withheld"
        one = int((both["withheld"] == 1).sum())
        if one:
            yield (
                f"in {one:,} site-periods a single {name} is withheld beside its total: "
                "subtraction would show it"
            )


def _count(reasons: Mapping[str, list[int]]) -> int:
    return sum(len(rows) for rows in reasons.values())


def _reasons(reasons: Mapping[str, list[int]]) -> pd.DataFrame:
    found = sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0]))
    return pd.DataFrame(
        [(reason, len(rows), _where(rows)) for reason, rows in found], columns=REFUSED
    )


def _where(rows: list[int]) -> str:
    shown = ", ".join(str(row) for row in rows[:SHOWN])
    more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
    return f"row{'s' if len(rows) > 1 else ''} {shown}{more}"
