"""The action plan: drafted from the gaps, and written as Markdown or Word for people to edit.

What a line means is here and in words. How text lies in a file is `edited`'s to know, what came
back is read by `returned`, and who writes a project out of a line is `projects`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date

import pandas as pd

from qi_equity.audit import Audited, aims
from qi_equity.audit.edited import document_maker
from qi_equity.audit.model import Audit, AuditIndicator
from qi_equity.audit.register import ALL_PLACES
from qi_equity.audit.rows import GapRow
from qi_equity.audit.rows import gaps as typed
from qi_equity.audit.said import concern_sentences, gap_sentences, period_of, place_of
from qi_equity.audit.shelf import OPEN, balance_of, intervention_of, library_of
from qi_equity.errors import UserError, did_you_mean
from qi_equity.vocabulary import Standing
from qi_equity.words import say, words_of
from qi_equity.words.grammar import called
from qi_equity.words.numbers import whole

TOP = 3  # gaps of either ranking that are drafted where none are named
YEARS = 2  # from the end of the audit to the day of the aim, until people choose another
EVERYWHERE = "everywhere"  # how all places are written in a plan
# "gap" names the row of the register, so that next year's audit knows what became of it.
GAP = re.compile(r"(?P<indicator>\w+) \| (?P<dimension>\w+) \| (?P<group>.+) \| (?P<place>\w+)")


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
