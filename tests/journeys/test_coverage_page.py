"""Every command that docs/reference/coverage.md names for a practice is run, and answers it."""

from __future__ import annotations

import csv
import json
import os
import pydoc
import random
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from qi_equity import project_file, store
from qi_equity.audit.file import digest
from qi_equity.cli import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/coverage.md").read_text(encoding="utf-8")
NAMED = sorted({name for name in re.findall(r"`([^`]+)`", PAGE) if name.startswith("qi-equity ")})

PROJECT = {
    "id": "small", "title": "Small", "clinical_area": "other", "network": "The network",
    "synthetic": True, "sites": [{"id": one, "name": one.title()} for one in ("ash", "brook")],
    "aim": {"population": "women", "measure": "bled", "from": 0.1, "to": 0.05, "by": "2027-12-31",
            "equity": [{"stratum": "Black", "measure": "bled", "kind": "ratio", "from": 2, "to": 1,
                        "by": "2027-12-31", "primary": True}]},
    "strata": {"groups": [{"name": "Black"}, {"name": "White"}],
               "reference": {"compare_with": "everyone else", "reason": "No group is the norm."}},
    "measures": [{"id": "bled", "name": "Severe bleeds", "role": "outcome", "numerator": "bleeds",
                  "denominator": "births", "direction": "decrease", "subgroup": "month"}],
    "drivers": [{"id": "notice", "name": "Loss is noticed", "measures": ["bled"],
                 "change_ideas": [{"id": "weigh", "name": "Weigh every pad"}]}],
    "cycles": [{"id": "first", "title": "Scales", "change_idea": "weigh", "sites": ["ash"],
                "start": "2024-10-01", "plan": "Weigh at one site"}],
}  # fmt: skip
# Birth records of the same question, with the baby's ethnicity beside the mother's.
RECORDS = PROJECT | {
    "id": "records", "sites": PROJECT["sites"][:1], "cycles": [], "drivers": [],
    "strata": PROJECT["strata"] | {"code_system": "own"},
    "measures": [PROJECT["measures"][0] | {"records": {"numerator": {"ebl": {"at_least": 1000}}}}],
    "data": {"kind": "records", "path": "births.csv", "date": "date", "stratum": "mother",
             "key": "birth"},
}  # fmt: skip

YEAR = {"from": "2024-01-01", "to": "2025-06-30"}
AUDIT = {
    "id": "area", "title": "A small area", "population": "Women", "period": YEAR,
    "area": {"name": "An area", "kind": "trust"}, "places": PROJECT["sites"],
    "dimensions": [{"id": "ethnicity"} | PROJECT["strata"]],
    "sources": [{
        "id": "log", "name": "The log", "kind": "provider extract", "publisher": "Us",
        "period": YEAR, "geography": "Births here", "whose_ethnicity": "mother",
        "rounding": "none", "licence": "Ours", "got": "2025-07-01",
        "reads": [{"dimension": "ethnicity", "data": {
            "kind": "table", "path": "counts.csv", "subgroup": "subgroup", "stratum": "stratum",
            "site": "site", "measure": "measure", "numerator": "numerator",
            "denominator": "denominator"}}],
    }],
    "indicators": [{
        "id": "bled", "name": "Severe bleeds", "chapter": "outcomes", "numerator": "bleeds",
        "denominator": "births", "direction": "decrease", "sources": ["log"], "library": "pph"}],
}  # fmt: skip

# What each command of the page is run as, one after the other; files are those of `folder`.
RUNS: dict[str, list[str]] = {
    "analyse": ["analyse small.yaml --data counts.csv"],
    "audit": ["audit area.yaml --for team --out audit --format html"],
    "audit --pack board": ["audit area.yaml --pack board --for team --out board --format html"],
    "audit --for network": ["audit area.yaml --for network --out network --format html"],
    "audit plan": ["audit plan area.yaml --gaps bled:Black --out draft.md"],
    "new --from-audit": [
        "audit plan area.yaml --read plan.md",
        "new --from-audit plan.md --dir lines",
    ],
    "board": ["board small.yaml --workforce wres.csv --people people.csv --data counts.csv"],
    "check": ["check small.yaml"],
    "check --equity": ["new fair --from pph --dir fair", "check --equity fair/fair.yaml"],
    "labels": ["labels records.yaml births.csv"],
    "ledger": ["ledger small.yaml --data counts.csv --pass-on passed.json"],
    "log": ["log small.yaml --site ash --week 2025-07-01 --database store.sqlite"],
    "new NAME --from pph": ["new ours --from pph --dir ours"],
    "plan": ["plan small.yaml --data counts.csv"],
    "principles": ["principles small.yaml --database store.sqlite"],
    "progress": ["progress small.yaml --database store.sqlite"],
    "quality": ["quality records.yaml --data births.csv"],
    "quality --baby": ["quality records.yaml --data births.csv --baby baby"],
    "quality --linked": ["quality records.yaml --linked second.csv --key birth --stratum group"],
    "release": ["release small.yaml --database store.sqlite --check"],
    "report --pack annual": ["report small.yaml --data counts.csv --pack annual --format html"],
    "report --pack board": ["report small.yaml --data counts.csv --pack board --format html"],
    "report --pack session": ["report small.yaml --data counts.csv --pack session --format html"],
    "respond": ["respond small.yaml --database store.sqlite"],
    "voices": ["voices small.yaml --people people.csv --data counts.csv"],
    "workforce": ["workforce wres.csv"],
}


def written(path: Path, *rows: tuple[object, ...]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def made(command: str, typed: str | None = None) -> str:
    done = CliRunner().invoke(app, command.split(" "), input=typed)
    assert done.exit_code == 0, f"{command}\n{done.output}\n{done.exception!r}"
    return done.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a small project, its counts, its records and its store."""
    here = tmp_path_factory.mktemp("coverage")
    chance = random.Random(5)
    months = [f"{2024 + at // 12}-{1 + at % 12:02}-01" for at in range(18)]
    head = ("measure", "site", "stratum", "subgroup", "numerator", "denominator")
    counts = [
        ("bled", site, group, month, sum(chance.random() < rate for _ in range(90)), 90)
        for site in ("ash", "brook")
        for group, rate in (("Black", 0.14), ("White", 0.07))
        for month in months
    ]
    written(here / "counts.csv", head, *counts)
    log = AUDIT["sources"][0] | {"sha256": {"counts.csv": digest(here / "counts.csv")}}
    for one in (PROJECT, RECORDS, AUDIT | {"sources": [log]}):
        # Through JSON, so that no part stands as a reference to another.
        text = yaml.safe_dump(json.loads(json.dumps(one)), sort_keys=False)
        (here / f"{one['id']}.yaml").write_text(text, encoding="utf-8")
    births = [
        (at, months[at % 18], "Black" if at % 3 else "White", "Black" if at % 4 else "White",
         chance.choice((300, 450, 600, 1200)))
        for at in range(360)
    ]  # fmt: skip
    written(here / "births.csv", ("birth", "date", "mother", "baby", "ebl"), *births)
    written(here / "second.csv", ("birth", "group"), *((row[0], row[3]) for row in births))
    people = [(f"p{at}", "Black" if at % 3 else "White", "not believed") for at in range(12)]
    written(here / "people.csv", ("person", "group", "theme"), *people)
    staff = [(2, "2024/25", "White", 50, 300), (2, "2024/25", "BME", 10, 90)]
    written(here / "wres.csv", ("indicator", "year", "group", "events", "out_of"), *staff)
    before = Path.cwd()
    os.chdir(here)
    made("import small.yaml counts.csv --database store.sqlite --accept-valid")
    opened = store.open(here / "store.sqlite")
    for site in ("ash", "brook"):
        opened.as_user(store.User("Asha", "admin")).consent("small", site, True)
    opened.close()
    made("audit plan area.yaml --gaps bled:Black --out plan.md")
    plan = (here / "plan.md").read_text(encoding="utf-8")
    (here / "plan.md").write_text(plan.replace(": ?\n", ": The maternity voices partnership\n"))
    yield here
    os.chdir(before)


def test_the_page_names_no_command_that_is_not_run_here():
    assert {name.removeprefix("qi-equity ") for name in NAMED} == set(RUNS)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", RUNS)
def test_each_command_of_the_page_runs_and_says_something(name):
    for command in RUNS[name]:
        assert made(command, "1/20\n2/40\n" if name == "log" else None).strip()


def test_whatever_else_the_page_names_is_there():
    for name in re.findall(r"`(qi_equity\.[\w.]+)`", PAGE):
        assert pydoc.locate(name) is not None, name
    for name in re.findall(r"`(projects/\w+)`", PAGE):
        assert (ROOT / name).is_dir(), name
    known = {path.stem for path in ROOT.glob("projects/**/*.yaml")} | set(project_file.examples())
    told = re.findall(r"`([a-z]+(?:_[a-z]+)+)`", PAGE)
    schemas = [ROOT / "projects/project.schema.json", ROOT / "audits/audit.schema.json"]
    keys = "".join(path.read_text(encoding="utf-8") for path in schemas)
    assert {name for name in told if name not in known and f'"{name}"' not in keys} == set()
