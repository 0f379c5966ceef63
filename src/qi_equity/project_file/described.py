"""What an editor says of each key of a project file: a sentence and an example. Nothing is checked.

Sentences of keys that need explaining stand beside them in the model; the plain ones stand here.
Examples are the first that a shipped project has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]
Seen = dict[tuple[str, str], Any]

LONGEST = 240  # characters of an example: what is longer is told by its parts

SAID: Mapping[str, str] = {
    "Project.id": "a short name for files and commands: small letters, digits and _",
    "Project.title": "what the project is called",
    "Project.clinical_area": "the area of care it is about",
    "Project.network": "the network or system that the sites belong to",
    "Project.sites": "the places that log, in an order that says nothing",
    "Project.aim": "for whom, what, from where to where, by when; with an equity aim beside it",
    "Project.strata": "the groups that are told apart, and whom each is compared with",
    "Project.measures": "what is counted: an outcome, process measures, a balancing measure",
    "Project.drivers": "what moves the aim, with the measures that show it",
    "Project.cycles": "PDSA cycles, as they happen",
    "Project.principles": "the prompts of anti-racism that the team answers in its own words",
    "Project.responses": "how soon a signal is answered, and what is asked of it",
    "Project.disclosure": "how small numbers are protected before anything leaves the team",
    "Project.data": "where the counts or birth records lie, and which column is what",
    "Project.note": "anything a reader should know of the project",
    "Aim.population": "the women or babies that the aim is for",
    "Aim.measure": "the id of the measure that shows it",
    "Aim.from": "where it stands: a rate is a part of one, so 12% is 0.12",
    "Aim.to": "where it should be",
    "Aim.by": "the day by which",
    "EquityAim.measure": "the id of the measure that shows it",
    "EquityAim.to": "where the group, or its gap, should be",
    "EquityAim.by": "the day by which",
    "EquityAim.stratum": "the group that the aim is for, by its name under strata",
    "Baseline.subgroups": "how many of the first subgroups the lines are drawn from",
    "Baseline.until": "the last day of the baseline",
    "ChangeIdea.id": "a short name for the idea",
    "ChangeIdea.name": "the idea in the team's words",
    "Cited.says": "what the source says, in its own words",
    "Columns.numerator": "the column of what was counted",
    "Columns.denominator": "the column of those it was counted out of",
    "Columns.value": "the column of a measurement",
    "Columns.outcome_unknown": "the column of those whose outcome nobody recorded",
    "Columns.unread": "the column of those in rows that were refused",
    "Columns.readings": "the column of how many readings a value is the mean of",
    "Columns.spread": "the column of their standard deviation",
    "Condition.is": "the record has exactly this",
    "Condition.in": "the record has one of these",
    "Condition.not_in": "the record has none of these",
    "Condition.below": "less than this",
    "Condition.at_most": "this or less",
    "Condition.above": "more than this",
    "Condition.at_least": "this or more",
    "Crossing.dimension": "what the second way of telling women apart is called",
    "Crossing.whose": "whether it is the mother's or the baby's",
    "Crossing.groups": "its groups, as the team names them",
    "Crossing.reference": "whom its groups are compared with, and why",
    "Cycle.id": "a short name for the cycle",
    "Cycle.title": "what is tried",
    "Cycle.start": "the first day",
    "Cycle.end": "the last day, once it is over",
    "Cycle.change_idea": "the id of the change idea it tries",
    "Cycle.plan": "what will be done, and what is expected, for whom",
    "Cycle.do": "what happened",
    "Cycle.study": "what the charts said, for each group",
    "Cycle.act": "adopt, adapt or abandon, and what comes next",
    "Disclosure.policy": "the rules by which small numbers are protected",
    "Driver.id": "a short name for the driver",
    "Driver.name": "the driver in the team's words",
    "Driver.measures": "the ids of the measures that show it",
    "Driver.change_ideas": "what the team thinks will move it",
    "Group.name": "the group as the team names it",
    "Group.note": "anything a reader should know of the group",
    "Indicator.measure": "the id of the measure that a value of the indicator column stands for",
    "Level.rate": "the made-up rate of everybody",
    "Measure.id": "a short name for the measure: small letters, digits and _",
    "Measure.name": "what the measure is called on pages",
    "Measure.role": "outcome, process or balancing",
    "Measure.data": "what is counted: a proportion, rate, count, measurement, or time between",
    "Measure.direction": "which way is better",
    "Measure.target": "what the measure should reach: a rate is a part of one",
    "Measure.subgroup": "how long one point of a chart is",
    "Measure.chart": "the kind of chart; without it, it follows from data",
    "Measure.rules": "the rules that mark points",
    "Measure.baseline": "which subgroups the lines are drawn from",
    "Measure.phases": "days from which the lines are drawn anew, after a declared change",
    "Measure.records": "which births count, where data are birth records",
    "Measure.note": "anything a reader should know of the measure",
    "National.value": "the national figure, in the unit of the measure",
    "National.period": "the time it is of",
    "National.source": "who published it, and where",
    "Planted.measure": "the id of the measure in which a made-up change is put",
    "Practice.weeks": "how many weeks are made up for practice",
    "Practice.columns": "what the made-up columns hold",
    "Practice.change": "the change that is put in, to be found again",
    "Principle.prompt": "the question",
    "Principle.answer": "the team's answer, in its own words",
    "RecordsSource.kind": "records: a row a birth",
    "RecordsSource.date": "the column of the day of birth",
    "RecordsSource.stratum": "the column of the ethnic group, by code or label",
    "RecordsSource.site": "the column of the site",
    "Responses.questions": "what is asked of each signal before it is closed",
    "Site.id": "a short name for the site: small letters, digits and _",
    "Site.name": "what the site is called",
    "Strata.dimension": "what tells the groups apart, such as ethnicity",
    "Strata.whose": "whether it is the mother's or the baby's",
    "Strata.groups": "the groups as the team names them, in the order of the alphabet",
    "Strata.reference": "whom each group is compared with, and why",
    "TableSource.kind": "table: a row a count",
    "TableSource.path": "where the file lies, from the folder of this one",
    "TableSource.numerator": "the column of what was counted",
    "TableSource.denominator": "the column of those it was counted out of",
    "TableSource.value": "the column of a measurement",
    "Theme.name": "the theme as families name it",
    "Threshold.is": "how the column is compared with the value",
    "Threshold.value": "the value that makes an event",
    "Threshold.unit": "the unit of the value",
}


def seen_in(part: BaseModel, written: Any, seen: Seen) -> None:
    """Add what a project's file has at each key of each part, where nothing is known yet."""
    if not isinstance(written, Mapping):
        return
    for field, told in type(part).model_fields.items():
        key = told.alias or field
        if key not in written:
            continue
        text = json.dumps(written[key], ensure_ascii=False)
        if len(text) <= LONGEST and written[key] is not None:
            seen.setdefault((type(part).__name__, key), json.loads(text))
        _within(getattr(part, field), written[key], seen)


def _within(value: Any, written: Any, seen: Seen) -> None:
    if isinstance(value, BaseModel):
        seen_in(value, written, seen)
    elif isinstance(value, tuple | list) and isinstance(written, tuple | list):
        for one, other in zip(value, written, strict=False):
            _within(one, other, seen)
    elif isinstance(value, Mapping) and isinstance(written, Mapping):
        for key in (one for one in value if one in written):  # in the order of the file
            _within(value[key], written[key], seen)


def described(
    schema: Schema, seen: Seen, whole: str = "Project", said: Mapping[str, str] = SAID
) -> Schema:
    """The schema of a `whole` with a sentence and an example at every key."""
    parts = schema["$defs"]
    for name, part in ((whole, schema), *parts.items()):
        for key, told in part.get("properties", {}).items():
            told.setdefault("description", said.get(f"{name}.{key}", ""))
            example = seen[name, key] if (name, key) in seen else _made(told, parts)
            told["examples"] = [example]
    return schema


PLAIN: Mapping[str, Any] = {
    "boolean": True,
    "integer": 12,
    "number": 0.5,
    "string": "In the words of the team",
    "null": None,
}


def _made(told: Schema, parts: Mapping[str, Schema]) -> Any:
    """An example of what the schema takes, where no shipped file has one."""
    if "$ref" in told:
        return _made(parts[told["$ref"].rpartition("/")[2]], parts)
    for key in ("const", "enum"):
        if key in told:
            return told[key] if key == "const" else told[key][0]
    choices = told.get("anyOf") or told.get("oneOf")
    if choices:
        return _made(next(one for one in choices if one.get("type") != "null"), parts)
    kind = told.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array":
        items: Schema = told.get("items") or next(iter(told.get("prefixItems", ())), {})
        return [_made(items, parts)] * max(1, told.get("minItems", 1))
    if kind == "object":
        needed: Iterable[str] = told.get("required", ())
        if needed or "properties" in told:
            return {key: _made(told["properties"][key], parts) for key in needed}
        return {"Black": _made(told.get("additionalProperties") or {}, parts)}
    return _of_text(told) if kind == "string" else _bounded(PLAIN[kind], told)


def _of_text(told: Schema) -> str:
    if told.get("format") == "date":
        return "2027-03-31"
    return "our_unit" if "pattern" in told else str(PLAIN["string"])


def _bounded(number: Any, told: Schema) -> Any:
    least, most = told.get("minimum"), told.get("maximum")
    if least is not None and number < least:
        return least
    return most if most is not None and number > most else number
