"""Text from people is data: kept as it is where it is harmless, refused where it deceives."""

from __future__ import annotations

import csv
import json
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qi_equity import store
from qi_equity.errors import UserError
from qi_equity.store.text import problem_of_text
from store_network import PROJECT, YAML, kept, made, project, row, table, user

# Words that are dangerous elsewhere and only words here: they come back letter for letter.
HARMLESS = (
    "<script>alert(1)</script>",
    "<b>x</b><br><a href='javascript:alert(1)'>",
    "=HYPERLINK(\"http://x.example\",\"y\")",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "+1-1",
    "'; DROP TABLE revision; --",
    "\" OR \"\"=\"",
    "../../etc/passwd",
    "..\\..\\windows\\system32",
    "%s%n{0}{{7*7}}${7*7}",
    "!!python/object/apply:os.system ['true']",
    "&a [*a, *a]",
    "O'Brien & Nwosu-Adébáyọ̀ — café",
    "مريم",
    "שרה",
    "👩🏾‍🍼 mother and baby",
    "null",
    "NaN",
    "True",
    "[\"pph\",\"north\"]",
)  # fmt: skip

# Characters that make text read as what it is not, or that nothing should hold.
DECEIVING = (
    "Black\u202ekcalB",
    "Black\u2066\u2069",
    "Black\x00",
    "Black\x1b[31m",
    "Bla\u200bck",
    "Black\ufeff",
    "Bl\u00adack",
    "Black\x7f",
    "Black\u2028",
    "Black\ud800",
    "x" * 10_000_000,
)


@pytest.fixture
def opened(tmp_path):
    opened = made(tmp_path / "network.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def admin(opened):
    return opened.as_user(user())


def head(admin):
    return admin.verify().revisions


@pytest.mark.parametrize("text", HARMLESS)
def test_words_come_back_letter_for_letter_wherever_they_were_written(admin, tmp_path, text):
    held = admin.project_file(PROJECT)
    named = project(
        strata=dict(project().model_dump()["strata"], groups=[{"name": text}, {"name": "b"}])
    )
    admin.save_project(named, text, text, seen=held.revision)
    assert admin.project_file(PROJECT).content == text
    admin.log(PROJECT, [row(1, 20, stratum=text)], reason=text)
    assert [key[2] for key in kept(admin)] == [text]
    (first,) = admin.history(PROJECT, ("pph", "north", text, "2025-01-06"))
    assert first.why == text
    key = admin.write(PROJECT, store.Action(text=text, owner=text))
    assert admin.entries(PROJECT, store.Action)[key].content.text == text
    assert admin.verify().whole
    admin.export(tmp_path / "out")
    lines = (tmp_path / "out" / "revisions.jsonl").read_text(encoding="utf-8").splitlines()
    assert all(json.loads(line) for line in lines)
    with (tmp_path / "out" / f"{PROJECT}.csv").open(encoding="utf-8", newline="") as sheet:
        (_, cells) = csv.reader(sheet)
    assert not cells[2].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cells[2].removeprefix("'") == text.removeprefix("'")


@pytest.mark.parametrize("text", DECEIVING, ids=lambda text: ascii(text)[:20])
def test_deceiving_text_is_refused_at_every_entry_and_nothing_is_kept(admin, opened, text):
    before = head(admin)
    held = admin.project_file(PROJECT).revision
    file = table().astype({"stratum": object})
    file.loc[0, "stratum"] = text
    entries = (
        lambda: admin.log(PROJECT, [row(1, 20, stratum=text)]),
        lambda: admin.log(PROJECT, [row(1, 20, measure=text)]),
        lambda: admin.log(PROJECT, [row(1, 20, site=text)]),
        lambda: admin.log(PROJECT, [row(1, 20)], reason=text),
        lambda: admin.import_table(PROJECT, file, "a" * 64),
        lambda: admin.import_table(PROJECT, table(), text),
        lambda: admin.import_table(PROJECT, table(), "a" * 64, reason=text),
        lambda: admin.save_project(project(), YAML + text, seen=held),
        lambda: admin.save_project(project(), YAML + "#", reason=text, seen=held),
        lambda: admin.consent(PROJECT, "north", True, reason=text),
        lambda: admin.write(PROJECT, store.Action.model_construct(
            text=text, owner="jo", due=None, done=False, cycle=None, sites=())),
        lambda: admin.write(PROJECT, store.Action(text="x", owner="jo"), key=text),
        lambda: admin.undo(held, reason=text),
        lambda: opened.as_user(store.User(text, "admin")),
    )  # fmt: skip
    for number, enter in enumerate(entries):
        with pytest.raises(UserError) as refused:
            enter()
        assert len(str(refused.value)) < 1000, f"entry {number} repeats the whole text"
        assert problem_of_text(str(refused.value), 1000, lines=True) is None, "shown inert"
    assert head(admin) == before


@pytest.mark.parametrize(
    "bad",
    [
        {"numerator": 1e300, "denominator": 1e300},
        {"numerator": 10_000_001, "denominator": 10_000_002},
        {"numerator": np.inf},
        {"numerator": -1},
        {"numerator": 0.5},
        {"numerator": "1; DROP TABLE"},
        {"numerator": "=1+1"},
        {"numerator": "9" * 400},
        {"value": np.inf},
        {"value": -np.inf},
        {"value": 1e13},
        {"subgroup": "0001-01-01"},
        {"subgroup": "9999-12-31"},
        {"subgroup": "1700-01-01"},
        {"subgroup": "2025-13-01"},
        {"subgroup": "=NOW()"},
        {"subgroup": None},
        {"measure": None},
        {"site": ""},
        {"stratum": " "},
    ],
    ids=str,
)
def test_a_number_or_date_that_cannot_be_is_refused(admin, bad):
    before = head(admin)
    with pytest.raises(UserError):
        admin.log(PROJECT, [row(1, 20) | bad])
    with pytest.raises(UserError):
        admin.import_table(PROJECT, [row(1, 20) | bad], "a" * 64)
    assert head(admin) == before


def test_an_entry_with_a_book_in_it_is_refused(admin):
    long = {"text": "x" * 4001, "owner": "jo"}
    with pytest.raises(UserError, match="4001 characters"):
        admin.write(PROJECT, store.Action.model_construct(
            **long, due=None, done=False, cycle=None, sites=()))  # fmt: skip


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "a" * 500, "x\x00y", "", "%2e%2e"])
def test_a_project_name_that_is_a_path_finds_nothing(admin, name):
    with pytest.raises(store.Forbidden, match="no project"):
        admin.project(name)
    with pytest.raises(store.Forbidden):
        admin.history(name)


@given(st.text(max_size=150))
def test_text_is_either_refused_with_the_place_or_safe_to_show(text):
    problem = problem_of_text(text)
    deceiving = any(ord(character) < 32 or character in "\u202e\u200b" for character in text)
    assert (problem is not None) or not deceiving
    if len(text) <= 120 and text.isprintable():
        unseen = [c for c in text if c in "\u00ad\u200b\u2060\ufeff"]
        assert (problem is None) == (not unseen)


def test_the_date_of_an_entry_is_a_date():
    with pytest.raises(ValueError, match="day"):
        store.Annotation(day="yesterday", text="x")
    assert store.Annotation(day=date(2025, 1, 6), text="x").sites == ()
