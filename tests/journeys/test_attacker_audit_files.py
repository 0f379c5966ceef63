"""Whoever holds an audit's files for the network reads every format, and finds no true count.

The counts are primes that stand for nothing else in a report; the same reading of the team's files
must find them.
"""

from __future__ import annotations

import re

import pandas as pd
import pytest
from test_attacker_reports import parts

from qi_equity import audit as room
from qi_equity.audit.file import digest
from qi_equity.audit.model import Audit
from qi_equity.audit.written import made

READ = ("html", "docx", "xlsx", "pptx", "pdf")
SPAN = {"from": "2024-04-01", "to": "2025-03-31"}
# Events and births by group; none is told by rounding, and no year, size or colour is like them.
COUNTS = {"Black": (1433, 8737), "Asian": (1187, 9413), "White": (1871, 28687), "Mixed": (3, 8219)}
PRIMES = {str(number) for pair in COUNTS.values() for number in pair if number > 999}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("audit")
    rows = [
        {"month": "2024-06", "group": name, "events": x, "births": n}
        for name, (x, n) in COUNTS.items()
    ]
    pd.DataFrame(rows).to_csv(home / "counts.csv", index=False)
    return home


def an_audit(home) -> Audit:
    data = {"kind": "table", "path": "counts.csv", "subgroup": "month", "stratum": "group",
            "numerator": "events", "denominator": "births"}  # fmt: skip
    source = {
        "id": "log", "name": "The log", "kind": "provider extract", "publisher": "Us",
        "period": SPAN, "geography": "Births here", "whose_ethnicity": "mother",
        "rounding": "none", "licence": "Ours", "got": "2025-05-01",
        "sha256": {"counts.csv": digest(home / "counts.csv")},
        "reads": [{"dimension": "ethnicity", "data": data}],
    }  # fmt: skip
    return Audit.model_validate({
        "id": "made", "title": "Made", "population": "Women", "period": SPAN,
        "area": {"name": "An area", "kind": "trust"}, "places": [{"id": "unit", "name": "Unit"}],
        "dimensions": [{
            "id": "ethnicity", "groups": [{"name": one} for one in COUNTS],
            "reference": {"compare_with": "everyone else", "reason": "No group is the norm."}}],
        "sources": [source],
        "indicators": [{
            "id": "bled", "name": "Bled", "chapter": "outcomes", "numerator": "bled",
            "denominator": "births", "direction": "decrease", "sources": ["log"]}],
    })  # fmt: skip


@pytest.fixture(scope="module")
def found(folder):
    held = an_audit(folder)
    return {told: room.audited(held, (folder,), protected=told) for told in (True, False)}


def numbers(found, kind: str) -> set[str]:
    """Every whole number of thousands that can be read in both packs of one format."""
    every = "\n".join(
        text for name in ("audit", "board") for text in parts(made(found, name, kind))
    )
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", every)
    return set(re.findall(r"(?<![\d.])(\d{4,5})(?:\.0)?(?![\d.]|\w)", plain))


@pytest.mark.parametrize("kind", READ)
def test_no_file_of_an_audit_for_the_network_holds_a_true_count(found, kind):
    assert not numbers(found[True], kind) & PRIMES


def test_the_same_reading_of_the_teams_workbook_finds_them_all(found):
    assert numbers(found[False], "xlsx") >= PRIMES
