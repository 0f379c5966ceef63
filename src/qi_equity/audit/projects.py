"""A line of a plan as a QI project: what the audit knows put where a project file has it.

What people wrote in the plan goes over word for word; what nobody has said yet is not made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from qi_equity import project_file
from qi_equity.audit.model import Audit, AuditIndicator, Read, readings
from qi_equity.audit.plan import Line, library_of
from qi_equity.audit.register import ALL_PLACES
from qi_equity.audit.taken import as_project
from qi_equity.equity_lint import review
from qi_equity.project import Project
from qi_equity.vocabulary import EquityRule
from qi_equity.words import say

SCHEMA = "# yaml-language-server: $schema=./project.schema.json\n"
# Keys of a measure that speak of another project's data.
NOT_OURS = frozenset({"records", "baseline", "phases", "target"})
# Months that charts and verdicts rest on: a year, as the equity review asks.
BASELINE = 12
AREAS = {  # words of an indicator's id that say which clinical area it is of
    "pph": "post-partum haemorrhage", "preterm": "preterm birth",
    "mental": "perinatal mental health", "diabetes": "gestational diabetes",
}  # fmt: skip


def project_texts(audit: Audit, lines: Sequence[Line]) -> Iterator[tuple[str, str]]:
    """The name and the text of a project file for each line."""
    taken: set[str] = set()
    for one in lines:
        name = _name(one, taken)
        taken.add(name)
        held = _project(audit, one, name)
        body = yaml.safe_dump(held, sort_keys=False, allow_unicode=True, width=98)
        head = "\n".join(f"# {text}" for text in _head(audit, one))
        yield name, f"{SCHEMA}{head}\n\n{body}"


def _name(one: Line, taken: set[str]) -> str:
    """An id of small letters and digits that no other line has."""
    indicator, _, group, place = one.key
    words = re.findall(r"[a-z0-9]+", " ".join([indicator, group, place]).lower())
    name = "_".join(words)[:56]
    name = name if name[:1].isalpha() else f"plan_{name}"
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def _head(audit: Audit, one: Line) -> Iterator[str]:
    yield say("audit.project.from_plan", title=one.title, area=audit.area.name)
    for key in ("owner", "partner", "resources"):
        yield say(f"audit.project.{key}", said=getattr(one, key))


def _project(audit: Audit, one: Line, name: str) -> dict[str, Any]:
    indicator, dimension, group, place = one.key
    counted = audit.indicator(indicator)
    read = _read(audit, counted, dimension)
    base = library_of(counted)
    was, will = (end / counted.multiply for end in one.ends)
    goal = {"measure": indicator, "from": round(was, 6), "to": round(will, 6), "by": one.date}
    held: dict[str, Any] = {
        "id": name,
        "title": one.title[:120],
        "clinical_area": next((a for w, a in AREAS.items() if w in indicator), "other"),
        "network": audit.area.name,
        "sites": [
            {"id": p.id, "name": p.name} for p in audit.places if place in (ALL_PLACES, p.id)
        ],
        "aim": {
            "population": f"{audit.population} ({group})",
            **goal,
            "equity": [{"stratum": group, **goal, "primary": True}, *_ratio(one, group, goal)],
        },
        "strata": _strata(audit, read, dimension),
        "measures": [_outcome(audit, counted, read, base), *_others(one, base)],
        "drivers": _drivers(one, base),
        "principles": _principles(),
    }
    if audit.synthetic and read.source.synthetic:
        held["synthetic"] = True
    held["note"] = one.why
    held |= _promised(one)
    if base is not None and base.language is not None:
        held["language"] = base.language
    reasons = _reasons(held, base, audit.dimension(dimension).reference.reason)
    return held | ({"equity_reasons": reasons} if reasons else {})


def _ratio(one: Line, group: str, goal: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The gap itself as an aim, where the plan says how the others do: nobody levelled down."""
    if one.others:
        was, will = (end / one.others for end in one.ends)
        ends = {"from": round(was, 3), "to": round(will, 3)}
        yield {"stratum": group, "kind": "ratio", **goal, **ends}


def _read(audit: Audit, counted: AuditIndicator, dimension: str) -> Read:
    """The reading that the gap was found in: of the indicator's first source that has it."""
    every = [one for one in readings(audit) if one.reading.dimension == dimension]
    rank = {name: at for at, name in enumerate(counted.sources)}
    mine = [one for one in every if one.source.id in rank and _reads(one, counted.id)]
    return min(mine, key=lambda one: rank[one.source.id])


def _reads(one: Read, indicator: str) -> bool:
    return indicator in (one.reading.indicators or one.source.records or (indicator,))


def _strata(audit: Audit, read: Read, dimension: str) -> dict[str, Any]:
    strata = as_project(audit, read).strata
    held = _plain(strata)
    held["whose"] = audit.dimension(dimension).whose
    return held


def _outcome(
    audit: Audit, counted: AuditIndicator, read: Read, base: Project | None
) -> dict[str, Any]:
    """The indicator as the project's outcome, counted as the audit counts it."""
    found = next(one for one in as_project(audit, read).measures if one.id == counted.id)
    held = {key: value for key, value in _plain(found).items() if key not in NOT_OURS}
    held |= {"role": "outcome", "subgroup": "month", "baseline": {"subgroups": BASELINE}}
    if counted.multiply != 100:
        held |= {"unit": counted.unit, "multiply": counted.multiply}
    # By what its recording is seen, the library knows and the audit does not.
    own = next((m for m in base.measures if m.role == "outcome"), None) if base else None
    if own is not None and own.recording_shown_by is not None:
        held["recording_shown_by"] = own.recording_shown_by
    return held


def _others(one: Line, base: Project | None) -> Iterator[dict[str, Any]]:
    """The library's process and balancing measures; what people wrote where it has none."""
    measures = [m for m in base.measures if m.role != "outcome"] if base else []
    for measure in measures:
        held = {key: value for key, value in _plain(measure).items() if key not in NOT_OURS}
        yield _renamed(held, base, one.key[0])
    if not any(measure.role == "balancing" for measure in measures):
        yield {
            "id": "balance", "name": one.balance[:120], "role": "balancing",
            "numerator": one.balance, "denominator": "Women and babies of the same period",
            "data": "proportion", "direction": "decrease", "subgroup": "month",
        }  # fmt: skip


def _drivers(one: Line, base: Project | None) -> list[dict[str, Any]]:
    if base is not None and base.drivers:
        return [_renamed(_plain(driver), base, one.key[0]) for driver in base.drivers]
    idea = {"id": "first_idea", "name": one.intervention}
    return [{"id": "first_driver", "name": one.title, "change_ideas": [idea]}]


def _renamed(held: dict[str, Any], base: Project | None, indicator: str) -> dict[str, Any]:
    """What the library says of its own outcomes, said of the indicator instead."""
    own = {m.id for m in base.measures if m.role == "outcome"} if base else set()

    def name(value: Any) -> Any:
        return indicator if isinstance(value, str) and value in own else value

    return {
        key: list(dict.fromkeys(map(name, value))) if key in ("measures", "sum_of") else name(value)
        for key, value in held.items()
    }


def _principles() -> list[dict[str, Any]]:
    """The seven prompts, unanswered: an empty answer is an honest one."""
    example = project_file.load(project_file.examples()["pph_reduction"])
    return [{"prompt": one.prompt} for one in example.principles]


def _reasons(held: dict[str, Any], base: Project | None, compared: str) -> dict[str, str]:
    """Why a rule of the equity review does not stop this project: what the files say already.

    The library's own reasons, and the audit's for its groups; a rule that does not fire has none.
    """
    known = {str(rule): text for rule, text in base.equity_reasons.items()} if base else {}
    known |= {
        str(EquityRule.WHITE_REFERENCE): compared,
        str(EquityRule.CODES_OF_2001): say("audit.project.codes_of_2001"),
        str(EquityRule.PRINCIPLES_ANSWERED): say("audit.project.principles_answered"),
        str(EquityRule.LANGUAGE_RECORDED): say("audit.project.language_recorded"),
    }
    fired = [str(found.rule) for found in review(Project.model_validate(held, by_alias=True)).open]
    return {rule: known[rule] for rule in dict.fromkeys(fired) if rule in known}


def _promised(one: Line) -> dict[str, Any]:
    """Who decides with the team, and how results go back."""
    said = {"co_production": one.partner, "share_back": one.share_back}
    return said


def _plain(part: Any) -> dict[str, Any]:
    """A part as its file would have it: what is written, and nothing that is usual."""
    held: dict[str, Any] = part.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return held
