"""The example audit: what was put into its sources is what its report says."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from qi_equity import audit as room
from qi_equity import project_file
from qi_equity.audit.pages import data_gaps
from qi_equity.audit.plan import Line
from qi_equity.audit.projects import project_texts
from qi_equity.audit.register import ALL_PLACES, register
from qi_equity.audit.said import pair_sentences
from qi_equity.audit.taken import take
from qi_equity.equity_lint import review
from qi_equity.simulation import area
from qi_equity.vocabulary import Standing

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "audits" / "example_lms.yaml"


@pytest.fixture(scope="module")
def found():
    return room.audited(room.load(EXAMPLE), (EXAMPLE.parent,))


def held(path: Path) -> bytes:
    """What a file holds: how small it is packed is a matter of the machine's zlib."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def test_the_made_up_files_are_those_of_their_generator(tmp_path):
    for path in area.write(tmp_path):
        shipped = EXAMPLE.parent / "data" / path.name
        assert held(path) == held(shipped), path.name


def test_the_gaps_that_were_put_in_are_found_and_named_by_place(found):
    gaps = found.register.gaps
    worse = gaps[gaps["standing"] == Standing.WORSE]
    shown = set(zip(worse["indicator"], worse["group"], worse["place"], strict=True))
    assert shown >= {
        ("pph_1000", "Black", ALL_PLACES), ("late_booking", "Asian", "brackenford"),
        ("smoking", "Most deprived fifth", ALL_PLACES), ("listened_to", "Black", ALL_PLACES),
    }  # fmt: skip


def test_decay_conflict_rounding_and_a_concern_without_data_are_each_in_words(found):
    lines = " ".join(data_gaps(found))
    assert "Coldwater (synthetic): recording of ethnicity is getting worse" in lines
    assert "of those under Asian in Maternity system" in lines
    assert "No data for this yet" in lines
    said = {(p.first.id, p.second.id): " ".join(pair_sentences(found, p)) for p in found.pairs}
    assert "agree, as far as rounding lets them" in said["maternity", "published"]
    assert "They put the same women into other groups: Asian" in said["maternity", "neonatal"]
    assert "whom they count (living here" in said["maternity", "council_children"]


def test_a_national_file_that_is_not_here_is_said_to_be_missing(found):
    assert "April 2025: its file msds_apr2025" in " ".join(data_gaps(found))


def test_the_real_national_file_is_read_as_it_was_published(shared_data):
    audit = room.load(EXAMPLE, (shared_data,))
    alone = audit.model_copy(update={"sources": (audit.source("continuity_file"),)})
    gaps = register(alone, take(alone, (shared_data,))).gaps
    here = gaps[gaps["place"] == "rxr"].set_index("group")["denominator"]
    assert here["White mothers"] == 285
    assert here["Asian, Black and Mixed together"] == 185
    assert here["Most deprived fifth"] == 195 + 85


LINES = [
    ("pph_1000", "ethnicity", "Black", "everywhere"),
    ("late_booking", "ethnicity", "Asian", "brackenford"),
    ("smoking", "deprivation", "Most deprived fifth", "everywhere"),
    ("listened_to", "ethnicity", "Black", "everywhere"),
    ("interpreter", "ethnicity", "Asian", "brackenford"),
    ("preterm", "age", "Under 25", "ashdown"),
    ("apgar", "ethnicity", "Asian", "ashdown"),
    ("discrimination", "staff", "BME staff", "everywhere"),
    ("continuity", "published_ethnicity", "White mothers", "everywhere"),
    ("late_booking", "language", "Interpreter needed", "everywhere"),
]


def test_each_line_of_a_plan_becomes_a_project_that_passes_the_equity_review(tmp_path):
    audit = room.load(EXAMPLE)
    falls = {one.id: one.direction == "decrease" for one in audit.indicators}
    lines = [
        Line(
            title="A gap", gap=" | ".join(key), why="It was found.", owner="Head of midwifery",
            measure="The indicator", date="2027-04-28", balance="Women who wait for an induction",
            aim=f"from 50.0 to {40 if falls[key[0]] else 60}.0%, with others at "
            f"{30 if falls[key[0]] else 70}.0 or better",
            partner="The mothers' circle, paid for their time", intervention="What we agreed",
            share_back="Each quarter at the circle", resources="A day a month",
        )
        for key in LINES
    ]  # fmt: skip
    for name, text in project_texts(audit, lines):
        path = tmp_path / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        assert project_file.check(path) == ()
        assert review(project_file.load(path)).open == (), name
