"""The action plan: drafted from the gaps, edited by people in Markdown or Word, and read back.

What a line means is here and in words; who writes a project out of it is `projects`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from qi_equity import project_file
from qi_equity.audit import Audited
from qi_equity.audit.model import Audit, AuditIndicator
from qi_equity.audit.register import ALL_PLACES
from qi_equity.audit.rows import GapRow
from qi_equity.audit.rows import gaps as typed
from qi_equity.audit.said import concern_sentences, gap_sentences, period_of, place_of
from qi_equity.errors import DataErrors, Problem, ProjectErrors, UserError, did_you_mean
from qi_equity.project import Project
from qi_equity.vocabulary import Standing
from qi_equity.words import say, words_of
from qi_equity.words.grammar import called
from qi_equity.words.numbers import fixed, whole

TOP = 3  # gaps of either ranking that are drafted where none are named
YEARS = 2  # from the end of the audit to the day of the aim, until people choose another
EVERYWHERE = "everywhere"  # how all places are written in a plan
OPEN = "?"
# "gap" names the row of the register, so that next year's audit knows what became of it.
GAP = re.compile(r"(?P<indicator>\w+) \| (?P<dimension>\w+) \| (?P<group>.+) \| (?P<place>\w+)")
NUMBER = r"\d+(?:\.\d+)?"
AIM = re.compile(
    rf"from (?P<from_>{NUMBER}) to (?P<to>{NUMBER})(?:%| per \d[\d,]*\d)?"
    rf"(?:, with .+? at (?P<others>{NUMBER}))?.*"
)
HEADING = re.compile(r"^#{1,6} +(?P<text>.+)$")
PAIR = re.compile(r"^[-*] +(?P<key>[^:]{2,40}): *(?P<value>.*)$")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plan: what is promised, by whom, with whom, and how it will be seen."""

    title: str
    gap: str
    why: str
    owner: str
    measure: str
    aim: str
    date: str
    partner: str
    intervention: str
    balance: str
    share_back: str
    resources: str
    line: int = 0  # where it stands in the file

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Indicator, dimension, group and place of the gap."""
        found = GAP.fullmatch(self.gap)
        assert found is not None, "read_back refuses a line without"
        place = found["place"]
        return (
            found["indicator"], found["dimension"], found["group"],
            ALL_PLACES if place == EVERYWHERE else place,
        )  # fmt: skip

    @property
    def ends(self) -> tuple[float, float]:
        """From and to, as they are written: in the unit of the indicator."""
        found = AIM.fullmatch(self.aim)
        assert found is not None, "read_back refuses a line without"
        return float(found["from_"]), float(found["to"])

    @property
    def others(self) -> float | None:
        """Where those stand whom the group is compared with, if the line says it."""
        found = AIM.fullmatch(self.aim)
        return float(found["others"]) if found is not None and found["others"] else None


KEYS = tuple(one.name for one in fields(Line) if one.name not in ("title", "line"))


# ------------------------------------------------------------------ drafting


def chosen(found: Audited, asked: Sequence[str]) -> list[GapRow]:
    """The gaps of a plan: those named as indicator:group or indicator:group:place, or the top.

    Where none are named, the top of both rankings, so that a large group's gap is not left out
    because a small one's is surer.
    """
    if asked:
        return [_named(found, one) for one in asked]
    worse = found.register.by_evidence()
    worse = worse[worse["standing"] == Standing.WORSE].head(TOP)
    many = found.register.by_people().head(TOP)
    both = pd.concat([worse, many]).drop_duplicates(["indicator", "dimension", "group", "place"])
    return list(typed(both))


def _named(found: Audited, asked: str) -> GapRow:
    indicator, _, rest = asked.partition(":")
    group, _, place = rest.partition(":")
    gaps = found.register.gaps
    known = [one.id for one in found.audit.indicators]
    if indicator not in known:
        raise UserError(
            f"--gaps: no indicator is called '{indicator}'{did_you_mean(indicator, known)}"
        )
    mine = gaps[gaps["indicator"] == indicator]
    if group not in set(mine["group"]):
        ways = did_you_mean(group, sorted(set(mine["group"])))
        raise UserError(f"--gaps: '{indicator}' has no group '{group}'{ways}")
    mine = mine[mine["group"] == group]
    places = sorted(set(mine["place"]) - {ALL_PLACES})
    if place and place not in places:
        raise UserError(f"--gaps: '{asked}' has no place '{place}'{did_you_mean(place, places)}")
    wanted = mine[mine["place"] == place]
    wanted = wanted if len(wanted) else mine
    if not (wanted["people"].iloc[0] > 0):
        raise UserError(f"--gaps: '{asked}' is no gap to close: the group is not worse off there")
    return next(typed(wanted))


def drafted(found: Audited, rows: Iterable[GapRow]) -> list[Line]:
    """A line a gap; what only people can know is left open with a question mark."""
    return [_line(found, row) for row in rows]


def _line(found: Audited, row: GapRow) -> Line:
    audit = found.audit
    one = audit.indicator(row.indicator)
    base = library_of(one)
    # Half the gap, and nobody worse off: an aim that people can put higher or lower.
    ends = [
        fixed(rate * one.multiply, 1)
        for rate in (row.rate, row.rate - row.difference / 2, row.reference_rate)
    ]  # fmt: skip
    by = date(audit.period.to.year + YEARS, audit.period.to.month, min(audit.period.to.day, 28))
    place = row.place or EVERYWHERE
    why = " ".join([*gap_sentences(audit, row), *_heard(found, one)])
    return Line(
        title=say("audit.people.ranked", group=called(row.group),
                  place=place_of(audit, row.place), indicator=one.name),
        gap=f"{row.indicator} | {row.dimension} | {row.group} | {place}",
        why=why,
        owner=OPEN,
        measure=one.name,
        aim=say("audit.plan.aim", from_=ends[0], to=ends[1],
                unit=one.unit if one.unit == "%" else f" {one.unit}",
            others=ends[2], reference=called(row.reference)),
        date=by.isoformat(),
        partner=OPEN,
        intervention=_intervention(base),
        balance=_balance(base),
        share_back=OPEN,
        resources=say("audit.plan.resources"),
    )  # fmt: skip


def _heard(found: Audited, one: AuditIndicator) -> Iterator[str]:
    """What was heard that the line answers."""
    for concern in found.audit.concerns:
        if one.id in concern.indicators:
            yield next(concern_sentences(found, concern))


def library_of(one: AuditIndicator) -> Project | None:
    """The library project that an indicator names, if it is there."""
    name = (one.library or "").partition(".")[0]
    shelf = shelves()
    return project_file.load(shelf[name]) if name in shelf else None


def shelves() -> dict[str, Path]:
    """Every project that a line can start from: the library, and the examples."""
    return project_file.examples() | project_file.library()


def _intervention(base: Project | None) -> str:
    """The change ideas of the library's project, with where the project says they are from."""
    ideas = [idea.name for driver in base.drivers for idea in driver.change_ideas] if base else []
    if base is None or not ideas:
        return say("audit.plan.unproven")
    return say("audit.plan.library", says="; ".join(ideas), where=base.title)


def _balance(base: Project | None) -> str:
    """What may get worse elsewhere, as the library's project counts it."""
    held = [one.name for one in base.measures if one.role == "balancing"] if base else []
    return held[0] if held else OPEN


# ------------------------------------------------------------------ writing


def as_markdown(audit: Audit, lines: Sequence[Line], source: str) -> str:
    """The plan as text that anybody can edit; `source` is the audit's file.

    Only what stands before a colon has to stay as it is.
    """
    parts = [f"# {say('audit.plan.title', area=audit.area.name)}", ""]
    parts += [say("audit.plan.source", path=source), ""]
    parts += [say("audit.plan.about", period=period_of(audit)), "", say("audit.plan.keys"), ""]
    for number, one in enumerate(lines, 1):
        parts += [f"## {say('audit.plan.line', number=whole(number), what=one.title)}", ""]
        parts += [f"- {name}: {getattr(one, key)}" for key, name in words_of("audit.key").items()]
        parts.append("")
    return "\n".join(parts)


def as_word(audit: Audit, lines: Sequence[Line], source: str) -> bytes:
    """The same as a Word document."""
    from qi_equity.report.steady import steady

    document = _docx()()
    document.core_properties.title = say("audit.plan.title", area=audit.area.name)
    for text in as_markdown(audit, lines, source).splitlines():
        heading, pair = HEADING.match(text), PAIR.match(text)
        if heading:
            document.add_heading(heading["text"], 2 if text.startswith("##") else 1)
        elif pair:
            paragraph = document.add_paragraph(style="List Bullet")
            paragraph.add_run(f"{pair['key']}: ").bold = True
            paragraph.add_run(pair["value"])
        elif text:
            document.add_paragraph(text)
    kept = io.BytesIO()
    document.save(kept)
    return steady(kept.getvalue(), pd.Timestamp(audit.period.to))


def _docx() -> Any:
    try:
        from docx import Document
    except ModuleNotFoundError as missing:
        raise UserError("a plan in Word needs: pip install 'qi-equity[report]'") from missing
    return Document


# ------------------------------------------------------------------ reading back


def read_back(path: Path) -> list[Line]:
    """The lines of an edited plan; raises ProjectErrors naming everything that is still open."""
    texts = _word_texts(path) if path.suffix.lower() == ".docx" else _texts(path)
    problems: list[tuple[int, str]] = []
    lines = [_read(part, problems) for part in _parts(texts, problems)]
    found = [one for one in lines if one is not None]
    if not found and not problems:
        problems.append((1, "there is no line in this plan: each begins with a heading ## 1. ..."))
    if problems:
        raise ProjectErrors(Problem(str(path), number, 1, told) for number, told in problems)
    return found


def source_of(path: Path) -> Path | None:
    """The audit that a plan says it was drafted from."""
    texts = _word_texts(path) if path.suffix.lower() == ".docx" else _texts(path)
    start = say("audit.plan.source", path="")
    named = (text.removeprefix(start).strip() for text in texts if text.startswith(start))
    return next((Path(name) for name in named if name), None)


def _texts(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as wrong:
        raise UserError(f"{path}: this is not text in UTF-8; save it again as UTF-8") from wrong


def _word_texts(path: Path) -> list[str]:
    """A Word document as the lines of the Markdown it was made from."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    texts = []
    for paragraph in _docx()(str(path)).paragraphs:
        level = re.fullmatch(r"Heading (\d)", paragraph.style.name)
        mark = (
            "#" * int(level[1]) + " "
            if level
            else "- "
            if PAIR.match(f"- {paragraph.text}")
            else ""
        )
        texts.append(f"{mark}{paragraph.text.strip()}")
    return texts


@dataclass(frozen=True, slots=True)
class _Part:
    """The text under one heading."""

    title: str
    line: int
    values: dict[str, tuple[int, str]]


def _parts(texts: Sequence[str], problems: list[tuple[int, str]]) -> list[_Part]:
    names = {name.casefold(): key for key, name in words_of("audit.key").items()}
    parts: list[_Part] = []
    last: str | None = None
    for number, text in enumerate(texts, 1):
        heading, pair = HEADING.match(text), PAIR.match(text)
        if heading:
            last = None
            if text.startswith("## "):
                parts.append(_Part(re.sub(r"^\d+\. *", "", heading["text"]), number, {}))
        elif pair and parts:
            last = names.get(pair["key"].strip().casefold())
            if last is None:
                known = list(words_of("audit.key").values())
                ways = did_you_mean(pair["key"].strip(), known)
                problems.append((number, f"a plan has no '{pair['key'].strip()}'{ways}"))
            elif last in parts[-1].values:
                problems.append((number, f"'{pair['key'].strip()}' stands twice in this line"))
            else:
                parts[-1].values[last] = (number, pair["value"].strip())
        elif text.strip() and last and parts:  # a value that runs on over lines
            held = parts[-1].values[last]
            parts[-1].values[last] = (held[0], f"{held[1]} {text.strip()}".strip())
    return parts


def _read(part: _Part, problems: list[tuple[int, str]]) -> Line | None:
    """One line; what is missing, open or cannot be read goes to the problems."""
    names, before = words_of("audit.key"), len(problems)
    for key in KEYS:
        number, value = part.values.get(key, (part.line, ""))
        if not value:
            problems.append((number, f"'{names[key]}' is missing in '{part.title}'"))
        elif value.startswith(OPEN):
            problems.append((number, f"'{names[key]}' is still open in '{part.title}'"))
    values = {key: value for key, (_, value) in part.values.items()}
    checks = (
        ("gap", GAP, "names the gap as it was drafted: indicator | dimension | group | place"),
        ("aim", AIM, "begins like: from 12.0 to 6.0"),
    )
    for key, form, told in checks:
        if values.get(key) and not form.fullmatch(values[key]):
            problems.append((part.values[key][0], f"'{names[key]}' {told}"))
    try:
        date.fromisoformat(values.get("date", "2000-01-01"))
    except ValueError:
        told = f"'{names['date']}' must be a day like 2027-04-30, not '{values['date']}'"
        problems.append((part.values["date"][0], told))
    if len(problems) > before:
        return None
    return Line(title=part.title, line=part.line, **values)


def checked(audit: Audit, lines: Sequence[Line]) -> None:
    """That the gaps of a plan are those of an audit."""
    problems = []
    for one in lines:
        indicator, dimension, group, place = one.key
        known = {"indicator": [i.id for i in audit.indicators],
                 "dimension": [d.id for d in audit.dimensions],
                 "place": [ALL_PLACES, *(p.id for p in audit.places)]}  # fmt: skip
        for kind, word in (("indicator", indicator), ("dimension", dimension), ("place", place)):
            if word not in known[kind]:
                problems.append(
                    f"line {one.line}: no {kind} '{word}'{did_you_mean(word, known[kind])}"
                )
        if dimension in known["dimension"]:
            groups = list(audit.dimension(dimension).known)
            if group not in groups:
                problems.append(f"line {one.line}: no group '{group}'{did_you_mean(group, groups)}")
    if problems:
        raise DataErrors(problems, "the plan")
