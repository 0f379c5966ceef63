"""Rows of observations made ready to keep, or refused with the reason; nothing is written here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from qi_equity.errors import DataErrors, did_you_mean
from qi_equity.observations import BESIDE, COLUMNS, COUNTS, KEY, UNKNOWN, beside, observations
from qi_equity.project import Project
from qi_equity.store.chain import canonical
from qi_equity.store.text import inert, problem_of_text

# England has about 600,000 births a year; a count above this is a slip of the keyboard.
LARGEST_COUNT = 10_000_000
LARGEST_VALUE = 1e12
YEARS = (1900, 2200)
# Of a body: how many more were refused, and what is left of one that says nothing else.
REFUSED = re.compile(r'"unread":[^,]*,')
BLANK = '{"denominator":null,"numerator":null,"value":null}'

Seen = Mapping[str, int]  # a key -> the revision that the user saw; 0 or absent: nothing there


@dataclass(frozen=True, slots=True)
class Ready:
    """Rows fit to keep, as key -> body (None: the row is blank), and the reasons of the others."""

    bodies: Mapping[str, str | None]
    refused: tuple[str, ...]


def key_of(measure: object, site: object, stratum: object, subgroup: object) -> str:
    """The key under which one observation is kept.

    >>> key_of("pph", "north", "Black", "2025-01-06")
    '["pph","north","Black","2025-01-06"]'
    """
    return canonical([str(measure), str(site), str(stratum), _day(pd.Timestamp(str(subgroup)))])


def ready(project: Project, table: pd.DataFrame, sites: frozenset[str], typed: bool) -> Ready:
    """Sort a checked table (observations.observations) into rows to keep and rows refused.

    sites: where the user may log. typed: entered by hand, so every stratum must be the project's
    own; a file's strata were mapped on the way in, or are rolled up later.
    """
    reasons = pd.Series("", index=table.index, dtype=object)
    for wrong, why in _tests(project, table, sites, typed):
        reasons = reasons.mask(wrong & reasons.eq(""), why)
    bad = table[reasons.ne("")]
    good = table[reasons.eq("")]
    refused = tuple(
        f"{' / '.join(_plain(part) for part in row[:4])}: {why}"
        for row, why in zip(
            bad[KEY].itertuples(index=False, name=None), reasons[bad.index], strict=True
        )
    )
    return Ready(dict(zip(_keys(good), _bodies(good), strict=True)), refused)


def checked(rows: pd.DataFrame | Iterable[dict[str, object]]) -> tuple[pd.DataFrame, Seen]:
    """The rows as observations.observations makes them, and the revisions they were read from.

    Its complaints are made safe to show.
    """
    try:
        given = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
        return observations(given), _seen_in(given)
    except DataErrors as wrong:
        raise DataErrors([inert(text, 600) for text in wrong.problems], wrong.source) from None
    except UnicodeEncodeError:
        raise DataErrors(["a name holds half of a character (a lone surrogate)"]) from None


def tidy(rows: Iterable[tuple[str, str, int]]) -> pd.DataFrame:
    """Kept keys, bodies and revision numbers as the tidy table, with a column 'revision'."""
    kept = list(rows)
    keys = json.loads(f"[{','.join(key for key, _, _ in kept)}]")
    bodies = json.loads(f"[{','.join(body for _, body, _ in kept)}]")
    table = pd.DataFrame(keys, columns=KEY, dtype=object)
    table["subgroup"] = pd.to_datetime(table["subgroup"], format="ISO8601").astype("datetime64[ns]")
    for name in (*COUNTS, "value"):
        table[name] = np.array([body[name] for body in bodies], dtype=float)
    for name in BESIDE:
        table[name] = np.array([body.get(name) for body in bodies], dtype=float)
    table["revision"] = np.array([number for _, _, number in kept], dtype=np.int64)
    return table[[*COLUMNS, *beside(table), "revision"]].sort_values(
        KEY, kind="stable", ignore_index=True
    )


def named(key: str) -> str:
    """A thing's key, as people say it.

    >>> named('["pph","north","Black","2025-01-06"]'), named("cycle_1")
    ('pph / north / Black / 2025-01-06', 'cycle_1')
    """
    return " / ".join(map(_plain, json.loads(key))) if key.startswith("[") else _plain(key)


def count_in(body: str | None) -> str | None:
    """A body without what was refused beside it; None where it says nothing else.

    >>> count_in('{"denominator":9,"numerator":1,"unread":2.5,"value":null}')
    '{"denominator":9,"numerator":1,"value":null}'
    """
    bare = REFUSED.sub("", body or BLANK)
    return None if bare == BLANK else bare


def carried(body: str | None, stood: str | None) -> str | None:
    """A body typed by hand, with how many outcomes are unknown as it stood: nobody types that.

    >>> carried('{"denominator":9,"numerator":2,"value":null}',
    ...     '{"denominator":9,"numerator":1,"outcome_unknown":3.0,"value":null}')
    '{"denominator":9,"numerator":2,"outcome_unknown":3.0,"value":null}'
    """
    told = json.loads(body) if body else {}
    known = json.loads(stood).get(UNKNOWN) if stood else None
    if known is None or told.get("denominator") is None or UNKNOWN in told:
        return body
    return canonical(told | {UNKNOWN: min(known, float(told["denominator"]))})


def shown(body: str | None) -> str:
    """What was kept, in a few words.

    >>> shown('{"denominator":9,"numerator":1,"value":null}'), shown(None)
    ('1 of 9', 'nothing')
    """
    if body is None or REFUSED.sub("", body) == BLANK:
        return "nothing" if body is None else f"{json.loads(body)['unread']:g} refused"
    said = json.loads(body)
    if not {"numerator", "denominator", "value"} <= said.keys():
        return str(said.get("text") or said.get("title") or "another version")
    if said["numerator"] is None:
        return str(said["value"])
    counted = "" if said["denominator"] is None else f" of {said['denominator']}"
    return f"{said['numerator']}{counted}"


def _tests(
    project: Project, table: pd.DataFrame, sites: frozenset[str], typed: bool
) -> Iterable[tuple[pd.Series, str]]:
    """Every test of a row, most telling first: which rows fail it, and why."""
    measures = {measure.id: measure for measure in project.measures}
    known = {site.id for site in project.sites}
    for name in ("measure", "site", "stratum"):
        for text in table[name].unique():
            if problem := _problem_of_name(text):
                yield table[name] == text, f"the name of the {name} {problem}"
    for name in table.loc[~table["measure"].isin(measures), "measure"].unique():
        yield (
            table["measure"] == name,
            f"the project has no such measure{did_you_mean(name, measures)}",
        )
    for name in table.loc[~table["site"].isin(known), "site"].unique():
        yield table["site"] == name, f"the project has no such site{did_you_mean(name, known)}"
    yield ~table["site"].isin(sites), "you may not log for this site"
    if typed:
        groups = [group.name for group in project.strata.cells]
        codes = {code for group in project.strata.cells for code in group.codes}
        for name in table.loc[~table["stratum"].isin({*groups, *codes}), "stratum"].unique():
            yield (
                table["stratum"] == name,
                f"the project has no such stratum{did_you_mean(name, groups)}",
            )
    yield ~table["subgroup"].dt.year.between(*YEARS), "the date is not of this age"
    # A subgroup is dated by its first day: one that begins later than today holds no count yet.
    yield table["subgroup"] > pd.Timestamp.today(), "this date has not come yet: check its year"
    for name in COUNTS:
        yield table[name] > LARGEST_COUNT, f"'{name}' is above {LARGEST_COUNT:,}"
    yield ~(table["value"].abs().fillna(0) <= LARGEST_VALUE), f"'value' is above {LARGEST_VALUE:g}"
    proportions = [m.id for m in project.measures if m.data == "proportion"]
    yield (
        table["measure"].isin(proportions) & (table["numerator"] > table["denominator"]),
        "the numerator is above the denominator",
    )
    yield (
        table["numerator"].notna()
        & table["denominator"].isna()
        & table["measure"].isin(proportions),
        "the denominator is missing",
    )
    yield (
        table["denominator"].notna() & table["numerator"].isna() & table["value"].isna(),
        "the numerator is missing (write 0 where there was none)",
    )


def _problem_of_name(text: str) -> str | None:
    if text != text.strip() or not text:
        return "is empty, or begins or ends with a space"
    return problem_of_text(text)


def _plain(part: object) -> str:
    return inert(_day(part) if isinstance(part, pd.Timestamp) else str(part))


def _day(moment: pd.Timestamp) -> str:
    return moment.isoformat() if moment != moment.normalize() else moment.strftime("%Y-%m-%d")


def _keys(table: pd.DataFrame) -> list[str]:
    """The key of each row, as `key_of` writes it; each name and day is written once for all."""
    days = {moment: canonical(_day(moment)) for moment in table["subgroup"].unique()}
    parts = [table[name].tolist() for name in ("measure", "site", "stratum")]
    told = {name: canonical(name) for part in parts for name in set(part)}
    names = zip(*parts, table["subgroup"], strict=True)
    return [
        f"[{told[measure]},{told[site]},{told[stratum]},{days[day]}]"
        for measure, site, stratum, day in names
    ]


def _bodies(table: pd.DataFrame) -> list[str | None]:
    numbers = zip(*(table[name].tolist() for name in (*COUNTS, "value")), strict=True)
    # What is known beside the counts is kept where it is known, so that other bodies stay as they
    # were; names in order, as everything that is hashed.
    known = [f'"{name}":' for name in sorted(BESIDE) if name in table]
    others = zip(*(table[name].tolist() for name in sorted(BESIDE) if name in table), strict=True)
    told = [
        "".join(
            f"{name}{_number(one)}," for name, one in zip(known, row, strict=True) if one == one
        )
        for row in others
    ] or [""] * len(table)
    return [
        None
        if numerator != numerator
        and denominator != denominator
        and value != value
        and not REFUSED.fullmatch(beside_it)
        else f'{{"denominator":{_count(denominator)},"numerator":{_count(numerator)},'
        f'{beside_it}"value":{_number(value)}}}'
        for (numerator, denominator, value), beside_it in zip(numbers, told, strict=True)
    ]


def _count(number: float) -> str:
    return "null" if number != number else str(int(number))


def _number(number: float) -> str:
    return "null" if number != number else repr(number)


def _seen_in(rows: pd.DataFrame) -> Seen:
    """The revision each row says it was read from, by key; rows that say none are left out."""
    if "revision" not in rows.columns:
        return {}
    told = rows[pd.to_numeric(rows["revision"], errors="coerce").notna()]
    names = told[[*KEY, "revision"]].itertuples(index=False, name=None)
    return {key_of(*row[:4]): int(float(row[4])) for row in names}
