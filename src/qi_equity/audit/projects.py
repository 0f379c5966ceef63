"""A line of a plan as a QI project: what the audit knows put where a project file has it.

What people wrote in the plan goes over word for word; what nobody has said yet is not made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from qi_equity import project_file
from qi_equity.audit.model import Audit, AuditIndicator, Read, reads
from qi_equity.audit.plan import Line
from qi_equity.audit.register import ALL_PLACES
from qi_equity.audit.shelf import balance_of, intervention_of, library_of
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
        yield say(f"audit.project.{key}", said=_in_one(getattr(one, key)))


def _in_one(text: str) -> str:
    """A text on one line, as a comment or a name has it."""
    return " ".join(text.split())


def _project(audit: Audit, one: Line, name: str) -> dict[str, Any]:
    indicator, dimension, group, place = one.key
    counted = audit.indicator(indicator)
    read = reads(audit, counted, dimension)[0]
    base = library_of(counted)
    was, will = (_exact(end / counted.multiply) for end in one.ends)
    goal = {"measure": indicator, "from": was, "to": will, "by": one.date}
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
        "measures": [_outcome(audit, counted, read, base, one), *_others(one, base)],
        "drivers": _drivers(one, base),
        "principles": _principles(),
    }
    if audit.synthetic and read.source.synthetic:
        held["synthetic"] = True
    held["note"] = "\n".join(filter(None, (one.why, one.notes)))
    held |= _promised(one)
    reasons = _reasons(held, base, audit)
    return held | ({"equity_reasons": reasons} if reasons else {})


def _exact(value: float) -> float:
    """A part of one as a person would have typed it: 0.0000874, and not 0.00008740000000000001."""
    return float(f"{value:.12g}")


def _ratio(one: Line, group: str, goal: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The gap itself as an aim, where the plan says how the others do: nobody levelled down."""
    if one.others:
        was, will = (end / one.others for end in one.ends)
        ends = {"from": round(was, 3), "to": round(will, 3)}
        # Of an aim that moves less than that, the rate alone can be aimed at.
        if ends["from"] != ends["to"]:
            yield {"stratum": group, "kind": "ratio", **goal, **ends}


def _strata(audit: Audit, read: Read, dimension: str) -> dict[str, Any]:
    strata = as_project(audit, read).strata
    held = _plain(strata)
    held["whose"] = audit.dimension(dimension).whose
    return held


def _outcome(
    audit: Audit, counted: AuditIndicator, read: Read, base: Project | None, one: Line
) -> dict[str, Any]:
    """The indicator as the project's outcome, counted as the audit counts it."""
    found = next(each for each in as_project(audit, read).measures if each.id == counted.id)
    held = {key: value for key, value in _plain(found).items() if key not in NOT_OURS}
    held |= {"role": "outcome", "subgroup": "month", "baseline": {"subgroups": BASELINE}}
    if counted.multiply != 100:
        held |= {"unit": counted.unit, "multiply": counted.multiply}
    # By what its recording is seen, the library knows and the audit does not.
    own = next((m for m in base.measures if m.role == "outcome"), None) if base else None
    if own is not None and own.recording_shown_by is not None:
        held["recording_shown_by"] = own.recording_shown_by
    if one.measure != counted.name:
        held["note"] = say("audit.project.measure", said=one.measure)
    return held


def _others(one: Line, base: Project | None) -> Iterator[dict[str, Any]]:
    """The library's process and balancing measures, and what people wrote beside them."""
    measures = [m for m in base.measures if m.role != "outcome"] if base else []
    for measure in measures:
        held = {key: value for key, value in _plain(measure).items() if key not in NOT_OURS}
        yield _renamed(held, base, one.key[0])
    if _in_one(one.balance) != balance_of(base):
        taken = {one.key[0], *(measure.id for measure in measures)}
        yield {
            "id": next(name for name in ("balance", "balance_of_plan") if name not in taken),
            "name": _in_one(one.balance)[:120], "role": "balancing",
            "numerator": one.balance, "denominator": "Women and babies of the same period",
            "data": "proportion", "direction": "decrease", "subgroup": "month",
        }  # fmt: skip


def _drivers(one: Line, base: Project | None) -> list[dict[str, Any]]:
    """What moves the aim as the library has it, with those of its ideas that the plan kept.

    What people wrote is an idea of its own, in their words.
    """
    held = [_renamed(_plain(driver), base, one.key[0]) for driver in base.drivers] if base else []
    kept, own = _ideas(one, base)
    for driver in held:
        ideas = [idea for idea in driver.pop("change_ideas", []) if idea["name"] in kept]
        driver |= {"change_ideas": ideas} if ideas else {}
    if own:
        ideas = [{"id": f"plan_idea_{at}", "name": text} for at, text in enumerate(own, 1)]
        name = say("audit.project.agreed") if held else one.title[:120]
        held.append({"id": "agreed_in_plan", "name": name, "change_ideas": ideas})
    return held


def _ideas(one: Line, base: Project | None) -> tuple[set[str], list[str]]:
    """The library's ideas that a plan kept, and what people wrote beside them, an idea a line.

    Their sentences are not cut: a semicolon parts the library's ideas, and nothing of theirs.
    """
    every = {i.name for driver in base.drivers for i in driver.change_ideas} if base else set()
    if base is None or _in_one(one.intervention) == _in_one(intervention_of(base)):
        return every, [] if every else one.intervention.split("\n")
    where = say("audit.plan.library", says="", where=base.title).strip()
    kept: set[str] = set()
    own: list[str] = []
    for line in one.intervention.replace(where, "\n").split("\n"):
        own.append("")
        for piece in line.split("; "):
            name = _in_one(piece).strip(";.")
            if name in every:
                kept.add(name)
                own.append("")
            else:
                own[-1] += f"; {piece}" if own[-1] else piece
    return kept, [text.strip(" ;") for text in own if text.strip(" ;.")]


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


# What the library says of its own groups, codes and records is no reason for the audit's.
OWN_OF_LIBRARY = frozenset({
    EquityRule.WHITE_REFERENCE, EquityRule.POOLED_GROUPS, EquityRule.CODES_OF_2001,
    EquityRule.WHOSE_ETHNICITY, EquityRule.LANGUAGE_RECORDED,
})  # fmt: skip
# What holds of every project out of a plan, where a rule asks. That White is compared with is not
# among them: the audit's own reason is what the rule asks about, and only people can answer it.
OF_EVERY_PLAN = {
    EquityRule.CODES_OF_2001: "codes_of_2001",
    EquityRule.PRINCIPLES_ANSWERED: "principles_answered",
    EquityRule.CHANGES_WITH_RECORDING: "changes_with_recording",
    EquityRule.ELIGIBILITY_BY_ETHNICITY: "eligibility_by_ethnicity",
    EquityRule.POOLED_GROUPS: "pooled_groups",
    EquityRule.ROLLING_WINDOWS: "rolling_windows",
}
BY_LANGUAGE = ("language", "interpreter", "english")  # words of a dimension that tells it apart


def _reasons(held: dict[str, Any], base: Project | None, audit: Audit) -> dict[str, str]:
    """Why a rule of the equity review does not stop this project: what is true of it already.

    The library's own reasons come first; a rule that does not fire has none.
    """
    known = {str(rule): say(f"audit.reasons.{key}") for rule, key in OF_EVERY_PLAN.items()}
    told = "audited" if _by_language(audit) else "not_audited"
    known[str(EquityRule.LANGUAGE_RECORDED)] = say(f"audit.reasons.language_{told}")
    if base is not None:
        kept = {r: text for r, text in base.equity_reasons.items() if r not in OWN_OF_LIBRARY}
        known |= {str(rule): text for rule, text in kept.items()}
    fired = [str(found.rule) for found in review(Project.model_validate(held, by_alias=True)).open]
    return {rule: known[rule] for rule in dict.fromkeys(fired) if rule in known}


def _by_language(audit: Audit) -> bool:
    """Whether the audit looks at need for an interpreter as a dimension of its own."""
    told = " ".join(f"{one.id} {one.dimension} {one.code_system}" for one in audit.dimensions)
    return any(word in told.casefold() for word in BY_LANGUAGE)


def _promised(one: Line) -> dict[str, Any]:
    """Who decides with the team, and how results go back."""
    return {"co_production": one.partner, "share_back": one.share_back}


def _plain(part: Any) -> dict[str, Any]:
    """A part as its file would have it: what is written, and nothing that is usual."""
    held: dict[str, Any] = part.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return held
