"""The JSON Schema of an audit file, with what an editor says of each key. Nothing is checked.

Sentences of parts that a project file has too are those of project_file.described.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qi_equity.audit.file import load
from qi_equity.audit.model import Audit
from qi_equity.project_file import PACKAGE, described, tree

SAID: Mapping[str, str] = {
    **described.SAID,
    "Audit.id": "a short name for files and commands: small letters, digits and _",
    "Audit.title": "what the audit is called",
    "Audit.synthetic": "whether any of its figures are made up",
    "Audit.area": "the area that is looked at",
    "Audit.period": "the time that is looked at, from its first day to its last",
    "Audit.population": "the women and babies it is about",
    "Audit.places": "the places of the area, by the id that sources are read by",
    "Audit.dimensions": "the ways in which people are told apart, each with its groups",
    "Audit.sources": "the files and the other evidence, as they were given",
    "Audit.indicators": "what is looked at, and from which source",
    "Audit.concerns": "what was heard, with what there is to hold beside it",
    "Audit.assets": "what communities have that care can build on",
    "Audit.note": "anything a reader should know of the audit",
    "Area.name": "what the area is called",
    "Area.kind": "what sort of area it is, such as a local maternity and neonatal system",
    "Asset.name": "what it is called",
    "Asset.what": "what it does",
    "Asset.place": "the id of the place it is at; none: the whole area",
    "AuditDimension.id": "a short name for the dimension",
    "AuditDimension.dimension": "what tells the groups apart, such as ethnicity",
    "AuditDimension.whose": "whose it is: the mother's, the baby's or of staff",
    "AuditDimension.groups": "the groups, and which of them are of people not known",
    "AuditDimension.reference": "whom each group is compared with, and why",
    "AuditIndicator.id": "a short name for the indicator",
    "AuditIndicator.name": "what the indicator is called",
    "AuditIndicator.chapter": "where it stands in the report",
    "AuditIndicator.numerator": "what is counted",
    "AuditIndicator.data": "whether it is a proportion, a rate or a plain count of people",
    "AuditIndicator.direction": "which way is better; none where it is a choice",
    "AuditIndicator.note": "anything a reader should know of the indicator",
    "AuditSource.id": "a short name for the source",
    "AuditSource.name": "what the source is called",
    "AuditSource.kind": "what sort of source it is",
    "AuditSource.publisher": "who gave or published it",
    "AuditSource.period": "the time it is of, from its first day to its last",
    "AuditSource.whose_ethnicity": "whose ethnicity it records",
    "AuditSource.rounding": "how its publisher rounds counts",
    "AuditSource.licence": "on what terms it may be used",
    "AuditSource.reads": "how its files are read, once for each dimension",
    "AuditSource.mother_and_baby": "the columns of the mother's and the baby's ethnicity",
    "AuditSource.linked": "another source of the same births, and the column that links them",
    "AuditSource.note": "anything a reader should know of the source",
    "BabyColumn.mother": "the column of the mother's ethnicity",
    "BabyColumn.baby": "the column of the baby's ethnicity",
    "Concern.id": "a short name for the concern",
    "Concern.indicators": "the ids of the indicators that speak of it",
    "Outcome.project": "the id of the project",
    "Outcome.indicator": "the id of the indicator it set out to change",
    "Outcome.group": "the group it set out to change it for",
    "Place.id": "a short name for the place, as sources are read by it",
    "Place.name": "what the place is called",
    "Reading.dimension": "the id of the dimension it tells people apart by",
    "Reading.data": "where the file lies, and which column is what",
    "Reading.period": "how long one period of its rows is",
    "Span.from": "the first day",
    "Span.to": "the last day",
}


def examples() -> dict[str, Path]:
    """The audits that ship with the package, by id."""
    homes = (PACKAGE / "audits", PACKAGE.parents[1] / "audits")  # installed, or in the repository
    home = next(one for one in homes if one.is_dir())
    return {path.stem: path for path in sorted(home.glob("*.yaml"))}


def schema() -> dict[str, Any]:
    """The JSON Schema of an audit file, for editors that complete and check as one types."""
    seen: described.Seen = {}
    for path in examples().values():
        described.seen_in(load(path), tree.read(path.read_text(encoding="utf-8")).value, seen)
    made = described.described(Audit.model_json_schema(by_alias=True), seen, "Audit", SAID)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:qi-equity:audit",
        **made,
        "title": "qi_equity audit",
    }


def schema_text() -> str:
    """The same as the text of audit.schema.json, which stands beside audit files."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
