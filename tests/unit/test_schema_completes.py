"""An editor that follows the schema completes every key people write, and says what it is."""

from __future__ import annotations

import jsonschema
import pytest

from qi_equity.project_file import examples, library, schema, tree

SCHEMA = schema()
PARTS = {"Project": SCHEMA, **SCHEMA["$defs"]}
KEYS = [(name, key) for name, part in PARTS.items() for key in part.get("properties", ())]


def offered(told):
    """The parts an editor offers keys of, at a place with this schema."""
    if "$ref" in told:
        part = SCHEMA["$defs"][told["$ref"].rpartition("/")[2]]
        yield from [part] if "properties" in part else offered(part)
    for one in (*told.get("anyOf", ()), *told.get("oneOf", ())):
        yield from offered(one)


def complete(told, written):
    """Every key written at a place, with whether the schema offers it there."""
    if isinstance(written, tuple):
        inside = [told, *told.get("anyOf", ())]
        items = next((one["items"] for one in inside if "items" in one), {})
        for one in written:
            yield from complete(items, one)
    parts = [told] if "properties" in told else list(offered(told))
    if not isinstance(written, dict) or not parts:
        return
    for key, value in written.items():
        found = [part["properties"][key] for part in parts if key in part["properties"]]
        yield key, bool(found)
        for one in found[:1]:
            yield from complete(one, value)


@pytest.mark.parametrize("path", [*examples().values(), *library().values()], ids=lambda p: p.stem)
def test_every_key_of_a_shipped_project_is_offered_where_it_stands(path):
    written = tree.read(path.read_text(encoding="utf-8")).value
    found = list(complete(SCHEMA, written))
    assert len(found) > 20
    assert [key for key, there in found if not there] == []


@pytest.mark.parametrize(("part", "key"), KEYS)
def test_every_key_has_a_sentence_and_an_example_that_holds(part, key):
    told = PARTS[part]["properties"][key]
    assert told["description"]
    holds = {**told, "$defs": SCHEMA["$defs"]}
    for example in told["examples"]:
        jsonschema.Draft202012Validator(holds).validate(example)


def test_the_schema_has_a_name_of_its_own():
    assert SCHEMA["$id"] == "urn:qi-equity:project"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
