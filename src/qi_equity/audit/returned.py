"""A plan as it came back from people: read line by line, and held against its audit.

What is open, cannot be read or is not of its audit is named by its place, and nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from qi_equity.answers import NONE_YET, is_answer
from qi_equity.audit import aims
from qi_equity.audit.edited import Piece, pieces
from qi_equity.audit.model import Audit, AuditIndicator, reads
from qi_equity.audit.plan import EVERYWHERE, GAP, KEYS, Line
from qi_equity.audit.register import ALL_PLACES
from qi_equity.audit.shelf import OPEN
from qi_equity.errors import DataErrors, Problem, ProjectErrors, UserError, did_you_mean
from qi_equity.words import say, words_of
from qi_equity.words.numbers import day

MARKS = "*_~`()[]\"'“”‘’ "  # what may stand around a word that is no answer
EMPHASIS = "*`~<> "  # what an editor may put around a day or a name
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
