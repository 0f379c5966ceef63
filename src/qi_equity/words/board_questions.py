"""The board's thirteen questions in words: each with its source, its figure and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qi_equity.network.board_questions import Answer, Fact
from qi_equity.words import say
from qi_equity.words.grammar import called, first_up, listed
from qi_equity.words.numbers import fixed, share, whole

# Where what answers a question comes from; all others come from the standard's table.
PLACES = {12: "voices", 13: "answered"}


@dataclass(frozen=True, slots=True)
class Row:
    """A question with what there is to say to it; empty where there is nothing."""

    number: int
    question: str
    source: str
    figure: str
    hole: str
    place: str


def question_rows(answers: Iterable[Answer]) -> tuple[Row, ...]:
    """A row a question, in their order.

    >>> from datetime import date
    >>> from qi_equity.network.board_questions import thirteen_questions
    >>> row = question_rows(thirteen_questions(today=date(2026, 1, 5)))[0]
    >>> row.source, row.figure, row.hole
    ('Kline, question 1', '', 'No table of the standard was given')
    """
    return tuple(
        Row(
            one.number,
            say(f"board_questions.question.{one.number}"),
            say(f"board_questions.source.{one.number}"),
            _fact(one.figure, "known"),
            _fact(one.hole, "missing"),
            say(f"board_questions.place.{PLACES.get(one.number, 'standard')}"),
        )
        for one in answers
    )


def question_lines(rows: Iterable[Row]) -> Iterator[str]:
    """All of it for a terminal; what is indented stands under its question."""
    rows = tuple(rows)
    yield lead(rows)
    for row in rows:
        yield ""
        yield say("board_questions.line", number=row.number, question=row.question)
        if row.figure:
            yield "  " + say("board_questions.figure", figure=row.figure)
        if row.hole:
            yield "  " + say("board_questions.hole", hole=row.hole)
        yield "  " + say("board_questions.from", place=row.place, source=row.source)


def lead(rows: Iterable[Row]) -> str:
    """How many have a figure and no hole, and whose the questions are."""
    rows = tuple(rows)
    answered = sum(bool(row.figure and not row.hole) for row in rows)
    return say("board_questions.lead", answered=answered, count=len(rows))


def _fact(fact: Fact | None, group: str) -> str:
    if fact is None:
        return ""
    fields = _FIELDS.get(fact.name, _as_they_are)(fact.numbers)
    if fact.name == "voices" and fact.numbers["hidden"]:
        return first_up(say("board_questions.known.voices_hidden"))
    if group == "known":
        return first_up(say(f"board_questions.known.{fact.name}", **fields))
    return first_up(say(f"board_questions.missing.{fact.name}", **fields))


Numbers = Mapping[str, Any]


def _as_they_are(numbers: Numbers) -> Numbers:
    return numbers


def _estimate(row: Numbers, end: str = "") -> dict[str, str]:
    names = {"estimate": "estimate", "low": "lower", "high": "upper"}
    return {f"{name}{end}": fixed(row[key], 2) for name, key in names.items()}


def _board(numbers: Numbers) -> dict[str, str]:
    row = numbers["row"]
    points = {name: fixed(row[key], 1) for name, key in
              (("estimate", "estimate"), ("low", "lower"), ("high", "upper"))}  # fmt: skip
    people = {"b": whole(row["bme"]), "band": whole(row["bme"] + row["white"])}
    return points | people | {"years": row["years"]}


def _numbers(numbers: Numbers) -> dict[str, str]:
    return {"numbers": listed(str(one) for one in numbers["numbers"])}


def _years(numbers: Numbers) -> dict[str, str]:
    each = numbers["years"].items()
    return {"years": listed(
        say("board_questions.known.years_of", number=number, count=many) for number, many in each
    )}  # fmt: skip


def _voices(numbers: Numbers) -> dict[str, str]:
    return {"names": listed(
        say("board_questions.missing.voices_of", stratum=called(name), count=whole(more))
        for name, more in numbers["names"]
    )}  # fmt: skip


def _shares(numbers: Numbers) -> dict[str, str]:
    row = numbers["row"]
    return {
        "years": row["years"], "bme": share(row["bme_share"]), "white": share(row["white_share"]),
    }  # fmt: skip


def _undeclared(numbers: Numbers) -> dict[str, str]:
    count, out_of = numbers["count"], numbers["out_of"]
    return {"number": whole(count), "out_of": whole(out_of), "share": share(count / out_of)}


# How the numbers of a fact are written; those that are not here are written as they are.
_FIELDS: Mapping[str, Callable[[Numbers], Mapping[str, object]]] = {
    "likelihood": lambda numbers: _estimate(numbers["row"]),
    "recruits": lambda numbers: _estimate(numbers["row"])
    | _estimate(numbers["without"], "_without"),
    "years": _years,
    "few_years": _numbers,
    "too_few": _numbers,
    "grounds": _shares,
    "board": _board,
    "undeclared": _undeclared,
    "unit": lambda numbers: {"parts": listed(numbers["parts"])},
    "lumped": lambda numbers: {"parts": listed(numbers["parts"])},
    "not_split": lambda numbers: {
        "lacks": listed(say(f"board_questions.lacks.{one}") for one in numbers["lacks"])
    },
    "missing_voices": _voices,
}  # fmt: skip
