"""A project file to start from, drawn from a team's file: every guess is there to be edited."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from qi_equity import ethnicity
from qi_equity.errors import UserError
from qi_equity.project import Period
from qi_equity.sources import cells, records_outline, shape, units
from qi_equity.sources.group_names import is_total
from qi_equity.sources.labels import TOTALS, adds_up, plain, text_of
from qi_equity.sources.proposed import meant
from qi_equity.sources.shape import LEVEL, RATE, Shape

Ask = Callable[[str, str], str]  # which key of the mapping is asked for, and the question

UNKNOWN = re.compile(
    r"not (?:stated|known|recorded|given|asked)|unknown|missing|outside reporting|refused|declined"
    r"|prefer not",
    re.I,
)
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
MOST_GROUPS = 8  # stated labels that are each a group of their own; more are rolled up
FEWEST_PARTS = 4  # labels beside "BME" from which on they are its parts: two, White and unknown
NO_STRATA = ("Asian", "Black", "Mixed", "Other", "White")
REST = "Any other group"
# The newest census first: new projects are in its codes where the labels are.
SCHEMES = (("ons_2021", "ons_5"), ("nhs_16_plus_1", "nhs_5"))
# How an answer must be written, so that a slip is asked again and not kept.
ANSWERED = {
    "year": re.compile(r"(?:19|20)\d{2}"),
    "week_1": re.compile(r"20\d{2}-[01]\d-[0-3]\d"),
    "dates": re.compile(r"day first|month first|year first"),
    "decimal": re.compile(r"point|comma"),
}
# What is written without anything in the file to go by.
GUESSED = {
    "stratum": "for whom is this aim?",
    "from": "where is it now, and what do you aim at?",
    "direction": "which way is better?",
}
NOT_READ = "# Columns that are not read"
SHOWN = 4  # columns of a message
OPEN = "?"  # what a question that nobody answered leaves in the file, for check to name


class _Plain(yaml.SafeDumper):
    """Writes every part out in full, as project files want it."""

    def ignore_aliases(self, data: object) -> bool:
        """Never a reference to another part."""
        return True


def outline(
    path: Path,
    name: str,
    folder: Path | None = None,
    ask: Ask | None = None,
    *,
    site: str | None = None,
) -> str:
    """The text of a project file whose mapping reads this file; its aims are for you to write.

    folder is where the project file will be, so that it finds the file from there. What only a
    person knows is asked; where nobody can be, a line is marked with a question mark. site is the
    id of the one site of a file that names none.
    """
    if slug(name) != name:
        raise UserError(
            f"'{name}' cannot be a project's name; use small letters, digits and _, "
            f"starting with a letter, such as {slug(name) or 'our_project'}"
        )
    found = shape.of(path)
    if found.kind == "records":
        measures, data = records_outline.parts(found)
    else:
        measures, data = _table_parts(found, path)
    answers = {key: ask(key, question) if ask else OPEN for key, question in found.asks.items()}
    data = {
        "kind": data.pop("kind"),
        "path": os.path.relpath(path, folder or path.parent),
        **data,
        **{key: _answer(answer) for key, answer in answers.items()},
    }
    strata, said = _strata(_labels(found, data))
    groups = [group for group in strata["groups"] if "unknown" not in group]
    content = {
        "id": name,
        "title": name.replace("_", " ").capitalize(),
        "clinical_area": "other",
        "network": "Write the network's name",
        "sites": _sites(found, data, site),
        "aim": _aim(measures[0], groups[0]["name"]),
        "strata": strata,
        "measures": [{key: m[key] for key in m if key != "aim"} for m in measures],
        "data": data,
    }
    text = yaml.dump(content, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=98)
    text = _guesses(_marked(text, found.asks, answers))
    kinds = [f"#   {column}: {', '.join(each)}" for column, each in _kinds(found).items()]
    kinds = ["# Kinds of row in the file, to choose from with data.where:", *kinds] if kinds else []
    ruled = str([measure.get("records") for measure in measures])
    spare = [name for name in found.unused if f"'{name}'" not in ruled]
    unused = [f"{NOT_READ}: {', '.join(spare)}"] if spare else []
    head = "# yaml-language-server: $schema=./project.schema.json\n"
    head += (
        f"# Drawn from {path.name}. Every line is a guess to check; the aims are yours to write."
    )
    return "\n".join([head, text.rstrip(), *said, *kinds, *unused, ""])


def _nothing_counted(found: Shape) -> str:
    """Why a table has nothing to chart, with the columns that were looked at."""
    below = found.found.get("denominator")
    if below is None:
        told = "no column looks like a numerator or denominator; name them so, as Events and Births"
    else:
        told = f"no column of numbers says what was counted out of '{below}'; call one Events"
    shown = [
        f"'{name}' holds '{text}'"
        for name in found.unused[:SHOWN]
        if (text := next(filter(None, map(text_of, found.table[name])), ""))
    ]
    return f"{told} ({', '.join(shown)})" if shown else told


def not_read(text: str) -> list[str]:
    """What a drawn project file says of the columns that it does not read."""
    return [line.removeprefix("# ") for line in text.splitlines() if line.startswith(NOT_READ)]


def _answer(text: str) -> object:
    """An answer as YAML keeps it: a year is a number, and a date a date."""
    if re.fullmatch(r"\d{4}", text):
        return int(text)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return pd.Timestamp(text).date()
    return text


def _marked(text: str, asks: Mapping[str, str], answers: Mapping[str, str]) -> str:
    """The text with its question above each line that is still open."""
    for key, question in asks.items():
        if answers[key] == OPEN:
            text = re.sub(rf"^(  {key}:.*)$", rf"  # TO ANSWER: {question}\n\1", text, flags=re.M)
    return text


def _guesses(text: str) -> str:
    """The text with a remark at each guess that no file can bear out, for check to name."""
    own, mapping = text.split("\ndata:", 1)
    for key, question in GUESSED.items():
        own = re.sub(rf"^([ -]*{key}: .*)$", rf"\1 # a guess: {question}", own, flags=re.M)
    return f"{own}\ndata:{mapping}"


def _table_parts(found: Shape, path: Path) -> tuple[list[dict[str, object]], dict[str, object]]:
    """The measures and the mapping of a table of counts."""
    numbers = {"numerator", "denominator", "value"}
    given = numbers & {*found.found, *(key for part in found.columns for key in part)}
    timed = next((name for name in found.unused if _are_times(found.table, name)), None)
    if not given and timed is not None:
        raise UserError(
            f"{path}: '{timed}' holds times such as 01:20, which could be of the day or how long "
            "something took: write minutes as numbers, or 1h20"
        )
    if given <= {"denominator"}:
        raise UserError(f"{path}: {_nothing_counted(found)}")
    if found.beside and (found.share or RATE.search(found.measure)):
        raise UserError(
            f"{path}: '{found.measure}' holds shares and not counts, so that nothing could be "
            f"weighed or compared: put a column of how many beside '{found.beside}', or both in a "
            "cell, as 3/25"
        )
    indicators = _indicators(found.table, found.found)
    data: dict[str, object] = {"kind": "table"}
    if found.kind == "across":
        data |= {"dates_across": True} | ({"rows_are": found.rows_are} if found.rows_are else {})
    kept = {key: value for key, value in found.found.items() if key != "measure" or indicators}
    data |= kept
    totals = [
        label
        for label in _labels(found, {})
        if is_total(label) and ethnicity.recognise(label, "msds_8").status != "total"
    ]
    data |= {"totals": totals} if totals else {}
    if found.columns:
        data["columns"] = [dict(part) for part in found.columns]
    if indicators:
        data["indicators"] = {
            label: {"measure": measure} | ({"stratum": stratum} if stratum else {})
            for label, (measure, stratum) in indicators.items()
        }
    where = _where(found.table, found)
    data |= {"where": where} if where else {}
    named = dict.fromkeys(measure for measure, _ in indicators.values())
    names = {measure: measure.replace("_", " ") for measure in named}
    names = names or {slug(found.measure) or "measure_1": found.measure}
    return [_measure(each, shown, found, given) for each, shown in names.items()], data


def _are_times(table: pd.DataFrame, name: str) -> bool:
    """Whether a column holds times, as 01:20 or as a spreadsheet keeps them."""
    texts = [text for text in map(text_of, table.get(name, ())) if text]
    return bool(texts) and all(re.fullmatch(r"\d{1,2}:\d{2}(?::\d{2})?", text) for text in texts)


def _measure(name: str, shown: str, found: Shape, given: set[str]) -> dict[str, object]:
    base: dict[str, object] = {"id": name, "name": shown[:120], "role": "outcome"}
    base["numerator"] = "Write what is counted"
    if "value" in given:
        unit = "%" if found.share else units.in_name(shown) or ""
        base |= {"numerator": "Write what is measured", "data": "continuous", "unit": unit}
        base["aim"] = _middle(found)
    elif found.rated:
        base |= {"denominator": "Write out of whom", "data": "proportion"}
    else:
        base |= {"data": "count", "aim": 2.0}
    return base | {"direction": "decrease", "subgroup": _period(found.dates)}


def _middle(found: Shape) -> float:
    """A measurement's middle value, to begin an aim from."""
    columns = [found.found.get("value"), *(part.get("value") for part in found.columns)]
    texts = [cell for name in columns if name for cell in found.table[name]]
    read = [cell for cell in map(cells.read, texts) if cell.state == "number"]
    numbers = [cell.number / 100 if cell.unit == "%" else cell.number for cell in read]
    return float(f"{np.median(numbers):.3g}") if numbers else 1.0


def _period(days: pd.Series) -> Period:
    """The period between one date and the next."""
    distinct = np.sort(pd.to_datetime(days).dropna().unique())
    if len(distinct) < 2:
        return "month"
    step = float(np.median(np.diff(distinct) / np.timedelta64(1, "D")))
    return next(each for longest, each in PERIODS if step <= longest)


def _labels(found: Shape, data: Mapping[str, object]) -> Counter[str]:
    """The labels of groups, and how many rows have each."""
    labels: Counter[str] = Counter()
    if "stratum" in found.found:
        labels.update(found.table[found.found["stratum"]].map(text_of))
    labels.update(part["stratum"] for part in found.columns if "stratum" in part)
    indicators = data.get("indicators")
    if isinstance(indicators, dict):
        labels.update(each["stratum"] for each in indicators.values() if "stratum" in each)
    del labels[""]
    return labels


def _strata(labels: Counter[str]) -> tuple[dict[str, Any], list[str]]:
    """Groups for the labels: a code list where it has them all, else the labels as they stand."""
    reference = {
        "compare_with": "everyone else",
        "reason": "Write why this comparison, in your words",
    }
    kept = [label for label in labels if not is_total(label)]
    parts = [label for label in kept if not adds_up(label)]
    # Several groups together are left out where they stand one by one beside it.
    kept = parts if len(parts) >= FEWEST_PARTS else kept
    for scheme, roll_up in SCHEMES:
        codes = {label: meant(label, scheme) for label in kept}
        stated = [each for each in codes.values() if each.status == "stated"]
        # A letter is no name for a group: labels that are codes are rolled up, however few.
        coded = any(len(label) <= 2 for label, each in codes.items() if each.status == "stated")
        few = len(stated) <= MOST_GROUPS and not coded
        if few or any(each.status == "invalid" for each in codes.values()):
            continue
        named: list[dict[str, object]] = [
            {"name": each} for each in ethnicity.SCHEMES[scheme].groups_of(roll_up)
        ]
        without = [c.code for c in ethnicity.SCHEMES[scheme].codes.values() if c.status != "stated"]
        unknown = {"name": "Not stated", "codes": without, "unknown": True, "missing": True}
        rolled: dict[str, Any] = {
            "code_system": scheme,
            "roll_up": roll_up,
            "groups": [*named, unknown],
        }
        slips = {
            label: ethnicity.roll_up(code, roll_up) if code.status == "stated" else "Not stated"
            for label, code in codes.items()
            if ethnicity.recognise(label, scheme).status == "invalid"
        }
        rolled |= {"labels": slips} if slips else {}
        return {**rolled, "reference": reference}, _said(labels, scheme, roll_up)
    return {"code_system": "own", "groups": _groups(kept), "reference": reference}, []


def _said(labels: Counter[str], scheme: str, roll_up: str) -> list[str]:
    """Every label with its count and the group it is in, as comments to check."""
    lines = [f"# Labels in the file, how often, and their group ({scheme}, {roll_up}):"]
    for label, times in labels.most_common():
        group = ethnicity.roll_up(meant(label, scheme), roll_up)
        slip = ethnicity.recognise(label, scheme).status == "invalid"
        asked = " (a spelling that no list has: is this what was meant?)" if slip else ""
        lines.append(f"#   {label}: {times:,}, {group}{asked}")
    if scheme == "ons_2021":
        lines.append(
            "# These are the groups of the 2021 census, Chinese in Asian. The NHS codes A to Z are "
            "of 2001:"
        )
        lines.append("# for those say code_system: nhs_16_plus_1 and roll_up: nhs_5.")
    return lines


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
            result[label] = (slug(label), None)
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
    """A group for each label, with others that mean the same; unknown ones told apart."""
    kept = list(dict.fromkeys(labels))
    alike = {label: same for same in ethnicity.alike(kept) for label in same}
    groups: dict[str, dict[str, object]] = {}
    first_of: dict[str, str] = {}
    for label in kept:
        code = meant(label, "nhs_16_plus_1").code
        if not plain(label):  # a sign in place of a group: it goes where blanks go
            continue
        first = alike.get(label, (label,))[0]
        first = first_of.setdefault(code, first) if code else first
        name = PLAIN_NAMES.get(first, first.replace("_", " "))
        group = groups.setdefault(first, {"name": name, "codes": []})
        codes = group["codes"]
        assert isinstance(codes, list)
        codes.append(label)
        status = meant(label, "nhs_16_plus_1").status
        if UNKNOWN.search(label.replace("_", " ")) or status in ("not stated", "not known"):
            group["unknown"] = True
    known = [group for group in groups.values() if "unknown" not in group]
    if not known:
        return [{"name": name, "codes": [name]} for name in NO_STRATA]
    if len(known) == 1:  # a project tells two apart at the least
        known.append({"name": REST, "codes": [REST]})
    without = [group for group in groups.values() if "unknown" in group]
    without = without or [{"name": "Not recorded", "unknown": True}]
    without[0]["missing"] = True
    return [*known, *without]


def _sites(found: Shape, data: Mapping[str, Any], only: str | None) -> list[dict[str, str]]:
    if "site" not in found.found and only is not None:
        return [{"id": only, "name": only.replace("_", " ").capitalize()}]
    if "site" not in found.found:
        return [{"id": "our_site", "name": "Write the site's name"}]
    table = _chosen(found.table, data.get("where", {}))
    written = Counter(filter(None, table[found.found["site"]].map(text_of)))
    names: dict[str, str] = {}
    for label, _ in written.most_common():  # of several spellings the usual one
        names.setdefault(plain(label), label)
    kept = sorted(label for key, label in names.items() if key not in TOTALS)
    ids = [slug(label, "site") for label in kept]
    alike = {each for each, times in Counter(ids).items() if times > 1}
    ids = [f"{each[:60]}_{at}" if each in alike else each for at, each in enumerate(ids, 1)]
    return [{"id": each, "name": label} for each, label in zip(ids, kept, strict=True)]


def _aim(measure: Mapping[str, object], stratum: object) -> dict[str, object]:
    start = measure.get("aim", 0.2)
    assert isinstance(start, float)
    start = start or 1.0  # nothing can fall from none
    better = 0.2 if measure["direction"] == "increase" else -0.5
    end = float(f"{start + better * abs(start):.3g}")
    aim: dict[str, object] = {"measure": measure["id"], "from": start, "to": end}
    day = pd.Timestamp(f"{pd.Timestamp.today().year + 1}-12-31").date()
    return {
        "population": "Write who this is about",
        **aim,
        "by": day,
        "equity": [{"stratum": stratum, **aim, "by": day, "primary": True}],
    }


def _kinds(found: Shape) -> dict[str, list[str]]:
    """Columns of a few words that tell kinds of row apart, such as a level of organisation."""
    kinds: dict[str, list[str]] = {}
    table = found.table if found.kind == "long" else found.table.iloc[:, :0]
    for column in table.columns:
        values = [value for value in table[column].map(text_of).unique() if value]
        words = all(cells.read(value).state == "wrong" for value in values)
        if column in found.unused and 1 < len(values) <= MOST_KINDS and words:
            kinds[column] = values
    return kinds


def _where(table: pd.DataFrame, shaped: Shape) -> dict[str, list[str]]:
    """The most frequent kind of each, until no row stands for the same thing as another."""
    found = shaped.found
    key = [found[part] for part in ("measure", "stratum", "site", "subgroup") if part in found]
    where: dict[str, list[str]] = {}
    kinds = _kinds(shaped)
    for column in sorted(kinds, key=lambda name: not LEVEL.search(name)):
        left = _chosen(table, where)
        if LEVEL.search(column) or left.duplicated(key).any():
            where[column] = [str(left[column].map(text_of).value_counts().index[0])]
    return where


def _chosen(table: pd.DataFrame, where: Mapping[str, list[str]]) -> pd.DataFrame:
    for column, values in where.items():
        table = table[table[column].map(text_of).isin(values)]
    return table


def slug(text: str, before: str = "m") -> str:
    """Words as an id of the project file.

    >>> slug("CQIM PPH"), slug("7A4", "site")
    ('cqim_pph', 'site_7a4')
    """
    words = re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")
    return (words if words[:1].isalpha() else f"{before}_{words}")[:64]
