"""A project file to start from, drawn from a table of counts: every guess is there to be edited."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from qi_equity import ethnicity
from qi_equity.errors import UserError
from qi_equity.project import Period
from qi_equity.sources import cells, dates, grid
from qi_equity.sources.labels import TOTALS, plain, text_of

# What the columns of tables of counts are usually called, the likeliest word first.
USUAL: Mapping[str, tuple[str, ...]] = {
    "suppressed": ("suppress|withheld|masked",),
    "numerator": ("numerator", "events|cases|deaths"),
    "denominator": ("denominator", "births|deliveries|population|women"),
    "subgroup": ("date|week|month|quarter|period|year",),
    "stratum": ("ethnic|race", "stratum|strata|imd|depriv|group"),
    "measure": ("indicator|measure|metric|count_of",),
    "site": ("org.?code|site.?code", "site|trust|provider|hospital|unit|state", "org.?name"),
}
# Columns whose kinds of row add each other up, so that one kind must be chosen.
LEVEL = re.compile(r"level", re.IGNORECASE)
UNKNOWN = re.compile(r"not (?:stated|known|recorded|given)|unknown|missing|outside reporting", re.I)
PERIODS: tuple[tuple[float, Period], ...] = (
    (10, "week"),
    (20, "fortnight"),
    (45, "month"),
    (130, "quarter"),
    (260, "half-year"),
    (np.inf, "financial year"),
)
# A code of a publisher that is no name for people.
PLAIN_NAMES = {"BAME": ethnicity.SCHEMES["msds_continuity_4"].codes["BAME"].label}
MOST_KINDS = 12  # of values in a column that tells kinds of row apart
NO_STRATA = ("Asian", "Black", "Mixed", "Other", "White")


class _Plain(yaml.SafeDumper):
    """Writes every part out in full, as project files want it."""

    def ignore_aliases(self, data: object) -> bool:
        """Never a reference to another part."""
        return True


def outline(path: Path, name: str, folder: Path | None = None) -> str:
    """The text of a project file whose mapping reads this table; its aims are for you to write.

    folder is where the project file will be, so that it finds the table from there.
    """
    if _slug(name) != name:
        raise UserError(
            f"'{name}' cannot be a project's name; use small letters, digits and _, "
            f"starting with a letter, such as {_slug(name) or 'our_project'}"
        )
    table = _table(path)
    found = _columns(table)
    if "numerator" not in found and "denominator" not in found:
        raise UserError(f"{path}: no column looks like a numerator or denominator; name them so")
    indicators = _indicators(table, found)
    labels = list(table[found["stratum"]].map(text_of).unique()) if "stratum" in found else []
    labels += [stratum for _, stratum in indicators.values() if stratum]
    groups = _groups(labels)
    measures = dict.fromkeys(measure for measure, _ in indicators.values()) or {"measure_1": None}
    data: dict[str, object] = {
        "kind": "table",
        "path": os.path.relpath(path, folder or path.parent),
    }
    data |= {key: found[key] for key in found if key != "measure" or indicators}
    if indicators:
        data["indicators"] = {
            label: {"measure": measure} | ({"stratum": stratum} if stratum else {})
            for label, (measure, stratum) in indicators.items()
        }
    where = _where(table, found)
    data |= {"where": where} if where else {}
    content = {
        "id": name,
        "title": name.replace("_", " ").capitalize(),
        "clinical_area": "other",
        "network": "Write the network's name",
        "sites": _sites(_chosen(table, where), found),
        "aim": _aim(next(iter(measures)), groups[0]["name"]),
        "strata": {
            "code_system": "own",
            "groups": groups,
            "reference": {
                "compare_with": "everyone else",
                "reason": "Write why this comparison, in your words",
            },
        },
        "measures": [_measure(measure, table, found) for measure in measures],
        "data": data,
    }
    text = yaml.dump(content, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=98)
    kinds = [f"#   {column}: {', '.join(said)}" for column, said in _kinds(table, found).items()]
    kinds = ["# Kinds of row in the file, to choose from with data.where:", *kinds] if kinds else []
    head = "# yaml-language-server: $schema=./project.schema.json\n"
    head += (
        f"# Drawn from {path.name}. Every line is a guess to check; the aims are yours to write."
    )
    return "\n".join([head, text.rstrip(), *kinds, ""])


def _table(path: Path) -> pd.DataFrame:
    """The whole table below the first row that has as many cells as any."""
    names = grid.names(path)
    return grid.read(path, names).table


def _columns(table: pd.DataFrame) -> dict[str, str]:
    """Which column is what, by its name, and for dates and counts by what is in it too."""
    found: dict[str, str] = {}
    columns = [str(column) for column in table.columns]
    for part, usual in USUAL.items():
        likely = [c for word in usual for c in columns if re.search(word, c, re.IGNORECASE)]
        free = [column for column in likely if column not in found.values()]
        fits = [column for column in free if _fits(part, column, table[column])]
        found |= {part: fits[0]} if fits else {}
    return found


def _fits(part: str, column: str, cells: pd.Series) -> bool:
    """Whether a column holds what its name promises."""
    if part in ("numerator", "denominator"):
        return _are_counts(cells)
    if part == "subgroup":
        return bool(dates.read(cells.head(200)).refused.isna().all())
    return not LEVEL.search(column)


def _are_counts(column: pd.Series) -> bool:
    states = column.head(500).map(lambda cell: cells.read(cell, {}).state)
    return bool((states != "wrong").all() and (states == "number").any())


def _indicators(table: pd.DataFrame, found: Mapping[str, str]) -> dict[str, tuple[str, str | None]]:
    """What each label of the measure column is; without a column of strata, the stratum in it.

    A label that another continues is everyone: COC, and COC_Ethnicity_White.
    """
    if "measure" not in found:
        return {}
    labels = sorted(table[found["measure"]].map(text_of).unique(), key=len)
    result: dict[str, tuple[str, str | None]] = {}
    for label in filter(None, labels):
        base = next((each for each in result if label.startswith(f"{each}_")), None)
        if base is None or "stratum" in found:
            result[label] = (_slug(label), None)
        else:
            result[label] = (result[base][0], label[len(base) + 1 :].strip("_ "))
    return _one_dimension(result)


def _one_dimension(
    indicators: dict[str, tuple[str, str | None]],
) -> dict[str, tuple[str, str | None]]:
    """Ethnicity_White and IMD_01 are two ways to tell women apart: a project takes one."""
    first = [stratum.split("_")[0] for _, stratum in indicators.values() if stratum]
    shared = [word for word in dict.fromkeys(first) if first.count(word) > 1]
    if not shared:
        return indicators
    chosen = next((word for word in shared if re.search("ethnic|race", word, re.I)), shared[0])
    return {
        label: (measure, stratum and stratum.removeprefix(f"{chosen}_"))
        for label, (measure, stratum) in indicators.items()
        if stratum is None or stratum.startswith(f"{chosen}_")
    }


def _groups(labels: Iterable[str]) -> list[dict[str, object]]:
    """A group for each label, with others that look like it; unknown and total told apart."""
    kept = [
        label
        for label in dict.fromkeys(labels)
        if label and ethnicity.recognise(label, "msds_8").status != "total"
    ]
    alike = {label: same for same in ethnicity.alike(kept) for label in same}
    groups: dict[str, dict[str, object]] = {}
    for label in kept:
        first = alike.get(label, (label,))[0]
        name = PLAIN_NAMES.get(first, first.replace("_", " "))
        group = groups.setdefault(first, {"name": name, "codes": []})
        codes = group["codes"]
        assert isinstance(codes, list)
        codes.append(label)
        if UNKNOWN.search(label.replace("_", " ")):
            group["unknown"] = True
    known = [group for group in groups.values() if "unknown" not in group]
    if len(known) < 2:
        return [{"name": name, "codes": [name]} for name in NO_STRATA]
    return [*known, *(group for group in groups.values() if "unknown" in group)]


def _sites(table: pd.DataFrame, found: Mapping[str, str]) -> list[dict[str, str]]:
    if "site" not in found:
        return [{"id": "our_site", "name": "Write the site's name"}]
    labels = [each for each in table[found["site"]].map(text_of).unique() if each]
    labels = [each for each in labels if plain(each) not in TOTALS]
    return [{"id": _slug(label, "site"), "name": label} for label in sorted(labels)]


def _aim(measure: str, stratum: object) -> dict[str, object]:
    by = f"{pd.Timestamp.today().year + 1}-12-31"
    aim: dict[str, object] = {"measure": measure, "from": 0.2, "to": 0.1}
    day = pd.Timestamp(by).date()
    return {
        "population": "Write who this is about",
        **aim,
        "by": day,
        "equity": [{"stratum": stratum, **aim, "by": day, "primary": True}],
    }


def _measure(name: str, table: pd.DataFrame, found: Mapping[str, str]) -> dict[str, object]:
    period: Period = "month"
    if "subgroup" in found:
        days = np.sort(dates.read(table[found["subgroup"]]).dates.dropna().unique())
        if len(days) > 1:
            step = float(np.median(np.diff(days) / np.timedelta64(1, "D")))
            period = next(each for longest, each in PERIODS if step <= longest)
    return {
        "id": name,
        "name": name.replace("_", " "),
        "role": "outcome",
        "numerator": "Write what is counted",
        "denominator": "Write out of whom",
        "direction": "decrease",
        "subgroup": period,
    }


def _kinds(table: pd.DataFrame, found: Mapping[str, str]) -> dict[str, list[str]]:
    """Columns of a few words that tell kinds of row apart, such as a level of organisation."""
    kinds = {}
    for column in table.columns:
        values = [value for value in table[column].map(text_of).unique() if value]
        words = all(cells.read(value, {}).state == "wrong" for value in values)
        if column not in found.values() and 1 < len(values) <= MOST_KINDS and words:
            kinds[column] = values
    return kinds


def _where(table: pd.DataFrame, found: Mapping[str, str]) -> dict[str, list[str]]:
    """The most frequent kind of each, until no row stands for the same thing as another."""
    key = [found[part] for part in ("measure", "stratum", "site", "subgroup") if part in found]
    where: dict[str, list[str]] = {}
    kinds = _kinds(table, found)
    for column in sorted(kinds, key=lambda name: not LEVEL.search(name)):
        left = _chosen(table, where)
        if LEVEL.search(column) or left.duplicated(key).any():
            where[column] = [str(left[column].map(text_of).value_counts().index[0])]
    return where


def _chosen(table: pd.DataFrame, where: Mapping[str, list[str]]) -> pd.DataFrame:
    for column, values in where.items():
        table = table[table[column].map(text_of).isin(values)]
    return table


def _slug(text: str, before: str = "m") -> str:
    """Words as an id of the project file.

    >>> _slug("CQIM PPH"), _slug("7A4", "site")
    ('cqim_pph', 'site_7a4')
    """
    slug = re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")
    return (slug if slug[:1].isalpha() else f"{before}_{slug}")[:64]
