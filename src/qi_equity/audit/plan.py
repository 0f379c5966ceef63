"""The action plan: drafted from the gaps, edited by people in Markdown or Word, and read back.

What a line means is here and in words; how text lies in a file is `edited`'s to know, and who
writes a project out of a line is `projects`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from qi_equity.answers import NONE_YET, is_answer
from qi_equity.audit import Audited, aims
from qi_equity.audit.edited import Piece, document_maker, pieces
from qi_equity.audit.model import Audit, AuditIndicator, Read, readings
from qi_equity.audit.register import ALL_PLACES
from qi_equity.audit.rows import GapRow
from qi_equity.audit.rows import gaps as typed
from qi_equity.audit.said import concern_sentences, gap_sentences, period_of, place_of
from qi_equity.audit.shelf import OPEN, balance_of, intervention_of, library_of
from qi_equity.errors import DataErrors, Problem, ProjectErrors, UserError, did_you_mean
from qi_equity.vocabulary import Standing
from qi_equity.words import say, words_of
from qi_equity.words.grammar import called
from qi_equity.words.numbers import day, whole

TOP = 3  # gaps of either ranking that are drafted where none are named
YEARS = 2  # from the end of the audit to the day of the aim, until people choose another
EVERYWHERE = "everywhere"  # how all places are written in a plan
MARKS = "*_~`()[]\"'“”‘’ "  # what may stand around a word that is no answer
EMPHASIS = "*`~<> "  # what an editor may put around a day or a name
# "gap" names the row of the register, so that next year's audit knows what became of it.
GAP = re.compile(r"(?P<indicator>\w+) \| (?P<dimension>\w+) \| (?P<group>.+) \| (?P<place>\w+)")
FORMED = ("gap", "aim", "date")  # keys whose values have a form of their own
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
PAIR = re.compile(
    r"(?P<mark>\*\*|__|\*|_|)(?P<key>[^:*]{2,40}?)(?P<inner>(?P=mark))?\s*:"
    r"(?(inner)|(?P=mark))\s*(?P<value>.*)",
    re.DOTALL,
)
NEAR = 0.8  # of two keys that may be meant to be the same; "Ownr" is 0.89 of "Owner"
# Characters that a text of a project may have (parts.Text), less those of the words around it.
LONGEST = 4000 - 200
LINE_LEVEL = 2  # of the heading that begins a line of the plan


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
    notes: str = ""  # what people wrote under the heading and under no key
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
    def read_aim(self) -> aims.Aim:
        """The aim as it was read, in the unit that is written."""
        found = aims.read(self.aim)
        assert found is not None, "read_back refuses a line without"
        return found

    @property
    def ends(self) -> tuple[float, float]:
        """From and to, in the unit of the indicator."""
        return self.read_aim.from_, self.read_aim.to

    @property
    def others(self) -> float | None:
        """Where those stand whom the group is compared with, if the line says it."""
        return self.read_aim.others


KEYS = tuple(one.name for one in fields(Line) if one.name not in ("title", "notes", "line"))


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
    gaps = found.register.gaps
    known = [one.id for one in found.audit.indicators]
    if indicator not in known:
        raise UserError(
            f"--gaps: no indicator is called '{indicator}'{did_you_mean(indicator, known)}"
        )
    mine = gaps[gaps["indicator"] == indicator]
    dimension, _, tail = rest.partition(":")
    if dimension in set(mine["dimension"]) and tail and rest not in set(mine["group"]):
        mine, rest = mine[mine["dimension"] == dimension], tail
    group, place = _group_and_place(rest, list(dict.fromkeys(mine["group"])))
    if group not in set(mine["group"]):
        ways = did_you_mean(group, sorted(set(mine["group"])))
        raise UserError(f"--gaps: '{indicator}' has no group '{group}'{ways}")
    mine = mine[mine["group"] == group]
    several = list(dict.fromkeys(mine["dimension"]))
    if len(several) > 1:
        ways = " or ".join(f"{indicator}:{one}:{rest}" for one in several)
        raise UserError(f"--gaps: '{group}' is a group of several dimensions; write {ways}")
    places = sorted(set(mine["place"]) - {ALL_PLACES})
    if place and place not in places:
        raise UserError(f"--gaps: '{asked}' has no place '{place}'{did_you_mean(place, places)}")
    wanted = mine[mine["place"] == place]
    wanted = wanted if len(wanted) else mine
    if not (wanted["people"].iloc[0] > 0):
        raise UserError(f"--gaps: '{asked}' is no gap to close: the group is not worse off there")
    return next(typed(wanted))


def _group_and_place(rest: str, groups: Sequence[str]) -> tuple[str, str]:
    """A group and a place out of GROUP or GROUP:PLACE; the name of a group may hold a colon."""
    if rest in groups:
        return rest, ALL_PLACES
    group, _, place = rest.rpartition(":")
    return (group, place) if group else (rest, ALL_PLACES)


def drafted(found: Audited, rows: Iterable[GapRow]) -> list[Line]:
    """A line a gap; what only people can know is left open with a question mark."""
    return [_line(found, row) for row in rows]


def _line(found: Audited, row: GapRow) -> Line:
    audit = found.audit
    one = audit.indicator(row.indicator)
    base = library_of(one)
    by = date(audit.period.to.year + YEARS, audit.period.to.month, min(audit.period.to.day, 28))
    place = row.place or EVERYWHERE
    why = " ".join([*_standing(row), *gap_sentences(audit, row), *_heard(found, one)])
    # Half the gap, and nobody worse off: an aim that people can put higher or lower.
    ends = (row.rate, row.rate - row.difference / 2, row.reference_rate)
    return Line(
        title=say("audit.people.ranked", group=called(row.group),
                  place=place_of(audit, row.place), indicator=one.name),
        gap=f"{row.indicator} | {row.dimension} | {row.group} | {place}",
        why=why,
        owner=OPEN,
        measure=one.name,
        aim=aims.drafted(one, ends, called(row.reference)),
        date=by.isoformat(),
        partner=OPEN,
        intervention=intervention_of(base),
        balance=balance_of(base),
        share_back=OPEN,
        resources=say("audit.plan.resources"),
    )  # fmt: skip


# What is said before the figures of a gap that is not shown, so that they are not taken for one.
NOT_SHOWN = (Standing.TOO_EARLY, Standing.NO_GAP, Standing.NOT_COMPARED)


def _standing(row: GapRow) -> Iterator[str]:
    """That a gap is not shown, and why, where it is not."""
    if row.standing in NOT_SHOWN:
        yield say(f"audit.not_shown.{Standing(row.standing)}")


def _heard(found: Audited, one: AuditIndicator) -> Iterator[str]:
    """What was heard that the line answers."""
    for concern in found.audit.concerns:
        if one.id in concern.indicators:
            yield next(concern_sentences(found, concern))


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
        # What was heard may be written over several lines, and a key has one.
        parts += [
            f"- {name}: {' '.join(getattr(one, key).split())}"
            for key, name in words_of("audit.key").items()
        ]
        parts.append("")
    return "\n".join(parts)


def as_word(audit: Audit, lines: Sequence[Line], source: str) -> bytes:
    """The same as a Word document."""
    from qi_equity.report.steady import steady

    document = document_maker()()
    document.core_properties.title = say("audit.plan.title", area=audit.area.name)
    for text in as_markdown(audit, lines, source).splitlines():
        marks, _, told = text.partition(" ")
        if set(marks) == {"#"}:
            document.add_heading(told, len(marks))
        elif marks == "-":
            key, _, value = told.partition(": ")
            paragraph = document.add_paragraph(style="List Bullet")
            paragraph.add_run(f"{key}: ").bold = True
            paragraph.add_run(value)
        elif text:
            document.add_paragraph(text)
    kept = io.BytesIO()
    document.save(kept)
    return steady(kept.getvalue(), pd.Timestamp(audit.period.to))


# ------------------------------------------------------------------ reading back


def read_back(path: Path) -> list[Line]:
    """The lines of an edited plan; raises ProjectErrors naming everything that is still open."""
    problems: list[tuple[int, str]] = []
    lines = [_read(part, problems) for part in _parts(pieces(path), problems)]
    found = [one for one in lines if one is not None]
    if not found and not problems:
        problems.append((1, "there is no line in this plan: each begins with a heading ## 1. ..."))
    if problems:
        raise ProjectErrors(Problem(str(path), number, 1, told) for number, told in problems)
    return found


def source_of(path: Path) -> Path | None:
    """The audit that a plan says it was drafted from."""
    start = say("audit.plan.source", path="").strip(": ").casefold()
    for one in pieces(path):
        key, value = _pair(one.text)
        if key.casefold() == start and value:
            return Path(value.strip(EMPHASIS))
    return None


def audit_of(path: Path, named: Path | None = None) -> Path:
    """The file of the audit that a plan is held against: the one named, or the plan's own.

    It is looked for from here and from where the plan lies.
    """
    source = named or source_of(path)
    if source is None:
        start = say("audit.plan.source", path="FILE")
        raise UserError(f"{path}: does not say which audit it is from; put back: {start}")
    ways = [source] if named else [source, path.parent / source]
    there = next((one for one in ways if one.is_file()), None)
    if there is None:
        raise UserError(
            f"{path}: could not be checked against its audit: there is no {source} here or beside "
            f"the plan; name the audit: qi-equity audit plan AUDIT.yaml --read {path}"
        )
    return there


def _pair(text: str) -> tuple[str, str]:
    """What stands before a colon and after it; nothing before it where there is none."""
    found = PAIR.fullmatch(text)
    return (found["key"].strip(), found["value"].strip()) if found else ("", text)


@dataclass(slots=True)
class _Part:
    """The text under one heading."""

    title: str
    line: int
    values: dict[str, tuple[int, str]]
    notes: list[str]
    last: str | None = None  # the key that text which runs on belongs to

    def add(self, one: Piece, problems: list[tuple[int, str]]) -> None:
        """Put a piece where it belongs: under a key, with the key before, or with the notes."""
        names = {name.casefold(): key for key, name in words_of("audit.key").items()}
        said, value = _pair(one.text)
        key = names.get(said.casefold())
        if key in self.values:
            problems.append((one.at, f"'{said}' stands twice in this line"))
        elif key is not None:
            self.last = key
            self.values[key] = (one.at, value)
        elif one.bullet and get_close_matches(said.casefold(), names, n=1, cutoff=NEAR):
            known = list(words_of("audit.key").values())
            problems.append((one.at, f"a plan has no '{said}'{did_you_mean(said, known)}"))
        elif one.level == 0 and self.last and self._runs_on(one, self.last):
            at, before = self.values[self.last]
            self.values[self.last] = (at, f"{before}{one.joint}{one.text}".strip())
        elif one.level == 0 and not one.apart and self.notes:
            self.notes[-1] += f"{one.joint}{one.text}"
        else:
            self.last = None
            self.notes.append(one.text)

    def _runs_on(self, one: Piece, last: str) -> bool:
        return not one.apart or not self.values[last][1]


def _parts(every: Sequence[Piece], problems: list[tuple[int, str]]) -> Iterator[_Part]:
    """The lines of a plan; what stands before the first is the plan's own."""
    part: _Part | None = None
    lines = 0
    for one in every:
        if one.level == LINE_LEVEL:
            if part is not None:
                yield part
            part = _Part(re.sub(r"^\d+\. *", "", one.text), one.at, {}, [])
            lines += 1
        elif part is not None and one.level != 1:
            part.add(one, problems)
        elif lines:  # under a heading of the whole plan, after its lines
            told = "stands in no line of the plan, and no project would have it; put it before"
            problems.append((one.at, f"'{one.text[:40]}' {told} the first line, or under a key"))
    if part is not None:
        yield part


def _read(part: _Part, problems: list[tuple[int, str]]) -> Line | None:
    """One line; what is missing, open or cannot be read goes to the problems."""
    before = len(problems)
    problems += _unanswered(part)
    values = {key: value for key, (_, value) in part.values.items()}
    for key in FORMED:
        # Editors of Markdown put a stroke before marks of their own.
        plain = re.sub(r"\\([^a-zA-Z0-9\s])", r"\1", values.get(key, ""))
        values[key] = " ".join(plain.split()).strip(EMPHASIS)
    problems += [
        (part.values[key][0], f"'{words_of('audit.key')[key]}' {told}")
        for key, told in _misread(values)
        if values[key] and not _open(values[key], key)
    ]
    notes = "\n".join(part.notes)
    if len(notes) + len(values.get("why", "")) > LONGEST:
        problems.append((part.line, f"what stands in '{part.title}' is too long for a project"))
    if len(problems) > before:
        return None
    return Line(title=part.title, line=part.line, notes=notes, **values)


def _unanswered(part: _Part) -> Iterator[tuple[int, str]]:
    """What is missing in a line, still open, or longer than a project can hold."""
    names = words_of("audit.key")
    if not part.title.strip(MARKS) or part.title.startswith("~~"):
        yield part.line, "this line has no title, or one that is crossed out: name it, or cut it"
    for key in KEYS:
        number, value = part.values.get(key, (part.line, ""))
        if not value:
            yield number, f"'{names[key]}' is missing in '{part.title}'"
        elif _open(value, key):
            yield number, f"'{names[key]}' is still open in '{part.title}': {value[:40]}"
        elif len(value) > LONGEST:
            yield number, f"'{names[key]}' is longer than {LONGEST:,} characters"


def _open(value: str, key: str) -> bool:
    """Whether a value is no answer: a question, or what stands for none yet."""
    plain = value.strip(MARKS)
    if value.strip().startswith("~~") and value.strip().endswith("~~"):  # crossed out
        return True
    if key == "owner":  # a name may well be a word that says nothing elsewhere: Will
        said = NONE_YET.sub("", plain.casefold())
        return plain.endswith(OPEN) or not any(letter.isalpha() for letter in said)
    if key in FORMED or plain.startswith(OPEN):  # a form is read, and is no matter of words
        return plain.startswith(OPEN)
    # A woman's own question may well be the reason for a line.
    return not is_answer(plain) or (key != "why" and plain.endswith(OPEN))


def _misread(values: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What of a line has a form of its own and does not keep it."""
    if not GAP.fullmatch(values["gap"]):
        yield "gap", "names the gap as it was drafted: indicator | dimension | group | place"
    if aims.read(values["aim"]) is None:
        yield "aim", f"{aims.HOW}; not '{values['aim'][:60]}'"
    try:
        real = bool(DAY.fullmatch(values["date"])) and date.fromisoformat(values["date"])
    except ValueError:
        real = False
    if not real:
        yield "date", f"must be a day like 2027-04-30, not '{values['date']}'"


# ------------------------------------------------------------------ held against the audit


def checked(audit: Audit, lines: Sequence[Line]) -> None:
    """That the gaps of a plan are those of an audit, and its aims and days can be theirs."""
    problems = [f"line {one.line}: {told}" for one in lines for told in _not_of(audit, one)]
    if problems:
        raise DataErrors(problems, "the plan")


def _not_of(audit: Audit, one: Line) -> Iterator[str]:
    indicator, dimension, group, place = one.key
    known = {"indicator": [i.id for i in audit.indicators],
             "dimension": [d.id for d in audit.dimensions],
             "place": [ALL_PLACES, *(p.id for p in audit.places)]}  # fmt: skip
    for kind, word in (("indicator", indicator), ("dimension", dimension), ("place", place)):
        if word not in known[kind]:
            choices = [choice or EVERYWHERE for choice in known[kind]]
            yield f"no {kind} '{word}'{did_you_mean(word, choices)}"
    if dimension in known["dimension"]:
        groups = list(audit.dimension(dimension).known)
        if group not in groups:
            yield f"no group '{group}'{did_you_mean(group, groups)}"
    if indicator in known["indicator"]:
        counted = audit.indicator(indicator)
        if not reads(audit, counted, dimension):
            yield f"no source reads '{indicator}' by '{dimension}'"
        yield from _aim_not_of(counted, one)
    if date.fromisoformat(one.date) <= audit.period.to:
        ended = day(pd.Timestamp(audit.period.to))
        yield f"the day of the aim, {one.date}, is not after the audit's own end, {ended}"


def reads(audit: Audit, counted: AuditIndicator, dimension: str) -> list[Read]:
    """The readings of an indicator's sources by a dimension, its first source first."""
    rank = {name: at for at, name in enumerate(counted.sources)}
    every = [
        one
        for one in readings(audit)
        if one.reading.dimension == dimension
        and one.source.id in rank
        and counted.id in (one.reading.indicators or one.source.records or (counted.id,))
    ]
    return sorted(every, key=lambda one: rank[one.source.id])


def _aim_not_of(counted: AuditIndicator, one: Line) -> Iterator[str]:
    """An aim in another unit than its indicator's, the wrong way, or of more than everybody."""
    told = one.read_aim
    if told.unit != counted.multiply:
        yield f"the aim must be written in the unit of '{counted.id}', {counted.unit}: '{one.aim}'"
        return
    up = told.to - told.from_
    if (counted.direction == "decrease" and up >= 0) or (
        counted.direction == "increase" and up <= 0
    ):
        way = {"decrease": "fall", "increase": "rise"}[counted.direction]
        yield f"the aim goes from {told.from_:g} to {told.to:g}, but '{counted.id}' is to {way}"
    most = max(told.from_, told.to, told.others or 0)
    if counted.data == "proportion" and most > counted.multiply:
        yield f"the aim has {most:g}, and more than all ({counted.multiply:g}) there cannot be"
