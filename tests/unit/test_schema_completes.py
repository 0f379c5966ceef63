"""An editor that follows the schema completes every key people write, and says what it is."""

from __future__ import annotations

import jsonschema
import pytest

from qi_equity.audit import described as audits
from qi_equity.project_file import examples, library, schema, tree

SCHEMAS = {"project": schema(), "audit": audits.schema()}
KEYS = [
    (of, name, key)
    for of, schema in SCHEMAS.items()
    for name, part in {"": schema, **schema["$defs"]}.items()
    for key in part.get("properties", ())
]
FILES = [("project", path) for path in (*examples().values(), *library().values())]
FILES += [("audit", path) for path in audits.examples().values()]


def offered(schema, told):
    """The parts an editor offers keys of, at a place with this schema."""
    if "$ref" in told:
        part = schema["$defs"][told["$ref"].rpartition("/")[2]]
        yield from [part] if "properties" in part else offered(schema, part)
    for one in (*told.get("anyOf", ()), *told.get("oneOf", ())):
        yield from offered(schema, one)


def complete(schema, told, written):
    """Every key written at a place, with whether the schema offers it there."""
    if isinstance(written, tuple):
        inside = [told, *told.get("anyOf", ())]
        items = next((one["items"] for one in inside if "items" in one), {})
        for one in written:
            yield from complete(schema, items, one)
    parts = [told] if "properties" in told else list(offered(schema, told))
    if not isinstance(written, dict) or not parts:
        return
    for key, value in written.items():
        found = [part["properties"][key] for part in parts if key in part["properties"]]
        yield key, bool(found)
        for one in found[:1]:
            yield from complete(schema, one, value)


@pytest.mark.parametrize(("of", "path"), FILES, ids=lambda one: getattr(one, "stem", one))
def test_every_key_of_a_shipped_file_is_offered_where_it_stands(of, path):
    written = tree.read(path.read_text(encoding="utf-8")).value
    found = list(complete(SCHEMAS[of], SCHEMAS[of], written))
    assert len(found) > 20
    assert [key for key, there in found if not there] == []


@pytest.mark.parametrize(("of", "part", "key"), KEYS)
def test_every_key_has_a_sentence_and_an_example_that_holds(of, part, key):
    schema = SCHEMAS[of]
    told = (schema["$defs"][part] if part else schema)["properties"][key]
    assert told["description"]
    assert told["examples"]
    holds = {**told, "$defs": schema["$defs"]}
    for example in told["examples"]:
        jsonschema.Draft202012Validator(holds).validate(example)


@pytest.mark.parametrize("of", SCHEMAS)
def test_a_schema_has_a_name_of_its_own(of):
    assert SCHEMAS[of]["$id"] == f"urn:qi-equity:{of}"
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[of])


def test_the_schema_beside_the_audits_is_in_step():
    shipped = next(iter(audits.examples().values())).parent / "audit.schema.json"
    assert shipped.read_text(encoding="utf-8") == audits.schema_text(), (
        "write it again: python -c 'from qi_equity.audit.described import schema_text; "
        'open("audits/audit.schema.json", "w").write(schema_text())\''
    )
