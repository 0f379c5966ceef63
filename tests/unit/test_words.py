"""The catalogue of words: every text is used, every use has its text, and fields match."""

from __future__ import annotations

import ast
import re
import tomllib
from datetime import date
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

import qi_equity
from qi_equity import words
from qi_equity.app.explore import LIMITS, PERIODS, RULES
from qi_equity.app.pages import PAGES
from qi_equity.findings import Gap, row
from qi_equity.findings.cautions import SHARED
from qi_equity.project import Direction, Period, Role
from qi_equity.quality.checks import CHECKS
from qi_equity.spc.rules import RULES as EVERY_RULE
from qi_equity.store.access import RoleName
from qi_equity.vocabulary import Assurance, Meaning, Variation, Verdict
from qi_equity.words import HERE, SETTING, catalogue, say
from qi_equity.words.numbers import amount, day, number
from qi_equity.words.verdicts import verdict_sentences

SOURCE = Path(qi_equity.__file__).parent
ENGLISH = catalogue("en")
SAYING = {"say", "say_html"}
# In a template: say("key", field=...), say("group." ~ name), words_of("group").
USE = re.compile(r"""\bsay\(\s*["']([\w. -]+)["']\s*(~)?((?:[^()]|\([^()]*\))*)\)""")
GROUP = re.compile(r"""\bwords_of\(\s*["']([\w.]+)["']""")
MACRO = re.compile(r"""parts\.choice\("\w+", "([\w.]+)",""")
FIELD = re.compile(r"(?:^|,)\s*(\w+)=")
SCRIPT = re.compile(r"""\bsay\("(\w+)"(?:, \{([^}]*)\})?\)""")


def fields_of(text: object) -> set[str]:
    """The fields of a text, of all its forms together."""
    forms = [text] if isinstance(text, str) else [*text.values(), "{count}"]
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name}


def python_uses():
    """(where, key or start of keys, fields or None) of every call in the source."""
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "from qi_equity.words import" not in text:
            continue  # what is called `say` there is another's
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            where = f"{path.name}:{node.lineno}"
            if name == "words_of":
                yield where, f"{ast.literal_eval(node.args[0])}.", None
            if name not in SAYING:
                continue
            starred = any(word.arg is None for word in node.keywords)
            fields = None if starred else {str(word.arg) for word in node.keywords}
            for key in _keys(node.args[0]):
                yield where, key, fields


def _keys(node: ast.expr) -> list[str]:
    """What a key can be: itself, one of two, or all that begin with the text before a field."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.IfExp):
        return _keys(node.body) + _keys(node.orelse)
    assert isinstance(node, ast.JoinedStr), f"line {node.lineno}: a key must be written out"
    first = node.values[0]
    assert isinstance(first, ast.Constant), f"line {node.lineno}: a key begins with its subject"
    return [str(first.value)]


def templates():
    folders = ("app/templates", "report/templates")
    return sorted(path for folder in folders for path in (SOURCE / folder).glob("*.html"))


def template_uses():
    for path in templates():
        text = path.read_text(encoding="utf-8")
        for key, joined, rest in USE.findall(text):
            yield path.name, key, None if joined else set(FIELD.findall(rest))
        for group in GROUP.findall(text):
            yield path.name, f"{group}.", None
        for key in MACRO.findall(text):
            yield path.name, key, set()
    for path in sorted((SOURCE / "app/static").glob("*.js")):
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"\bwords\.(\w+)", text):
            yield path.name, f"language.{name}", None
        for name, fields in SCRIPT.findall(text):
            given = {part.split(":")[0].strip() for part in fields.split(",") if part.strip()}
            yield path.name, f"script.{name}", given


USES = [*python_uses(), *template_uses()]


def used(key: str) -> list[str]:
    return [key] if key in ENGLISH else [one for one in ENGLISH if one.startswith(key)]


@pytest.mark.parametrize("where", sorted({where.split(":")[0] for where, _, _ in USES}))
def test_every_key_exists_and_is_given_the_fields_of_its_text(where):
    for place, key, fields in USES:
        if place.split(":")[0] != where:
            continue
        if not key.endswith("."):
            assert used(key), f"{place}: no text {key}"
        if key in ENGLISH and fields is not None:
            assert fields == fields_of(ENGLISH[key]), f"{place}: {key}"


def test_no_text_is_left_that_nothing_says():
    said = {one for _, key, _ in USES if key not in ("script.", "language.") for one in used(key)}
    assert set(ENGLISH) - said == set()


CLOSED = {
    "verdicts.word": list(Verdict),
    "charts.variation": list(Variation),
    "charts.word": list(Variation),
    "charts.assurance": [one for one in Assurance if one],
    "charts.meaning": [one for one in Meaning if one is not Meaning.NONE],
    "charts.period": get_args(Period),
    "charts.periods": get_args(Period),
    "charts.one": get_args(Period),
    "charts.many": get_args(Period),
    "charts.count_of": get_args(Period),
    "quality.logged": get_args(Period),
    "charts.direction": get_args(Direction),
    "project.direction": get_args(Direction),
    "project.role_of": get_args(Role),
    "people.roles": get_args(RoleName),
    "labels.page": PAGES,
    "charts.explore.rules": RULES,
    "charts.explore.periods": PERIODS,
    "charts.explore.limits": LIMITS,
    "terminal.check": CHECKS,
    # Points beyond the limits and long runs are told with their numbers.
    "charts.rule": [name for name in EVERY_RULE if name not in ("beyond_limits", "long_run")],
    "cautions": SHARED,
}


@pytest.mark.parametrize("group", CLOSED)
def test_every_closed_word_has_its_text(group):
    assert {str(word) for word in CLOSED[group]} <= set(words.words_of(group))


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("direction", get_args(Direction))
def test_every_verdict_has_sentences_that_end(verdict, direction):
    found = row(
        Gap, verdict=str(verdict), stratum="Black", reference="White", ratio=2.0, ratio_lower=1.5,
        ratio_upper=2.6, smallest_gap=1.25, smallest_change=1.8, early_ratio=1.5, late_ratio=2.4,
        higher_moved=1, lower_moved=-1, echo_of="Asian", numerator=9.0, denominator=90.0,
    )  # fmt: skip
    said = verdict_sentences(found, 100, direction)
    assert said
    assert all(one.endswith(".") for one in said)


def other_languages() -> list[str]:
    return [path.name for path in HERE.iterdir() if path.is_dir() and any(path.glob("*.toml"))]


@pytest.mark.parametrize("name", other_languages())
def test_a_language_says_every_text_with_the_fields_of_the_english_one(name):
    own = {
        key
        for path in (HERE / name).glob("*.toml")
        for key in words._flat(tomllib.loads(path.read_text(encoding="utf-8")), path.stem)
    }
    assert own == set(ENGLISH)
    for key, text in catalogue(name).items():
        assert fields_of(text) == fields_of(ENGLISH[key]), key


def test_a_text_without_one_of_its_fields_is_a_fault():
    with pytest.raises(KeyError, match="page"):
        say("labels.title")
    with pytest.raises(KeyError):
        say("labels.no_such_text")


def test_a_second_folder_is_a_second_language_and_english_stands_in_for_what_it_lacks(
    tmp_path, monkeypatch
):
    (tmp_path / "language.toml").write_text(
        'decimal = ","\nthousands = "."\nday = "{day}. {month} {year}"\n'
        'months = "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez"\npercent = "{number} %"\n',
        encoding="utf-8",
    )
    (tmp_path / "labels.toml").write_text('save = "Speichern"\n', encoding="utf-8")
    monkeypatch.setenv(SETTING, str(tmp_path))
    assert say("labels.save") == "Speichern"
    assert say("labels.show") == "Show"
    assert (number(1234.56), amount(-0.254)) == ("1.234,6", "−0,25 %")
    assert day(date(2025, 3, 3)) == "3. Mär 2025"
    assert say("log.saved", count=2000) == "Saved: 2.000 rows."


def test_no_template_holds_words_of_its_own():
    """Text between tags, and attributes that are read aloud, come from the catalogue."""
    for path in templates():
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"<(style|script)\b.*?</\1>", "", text, flags=re.S)
        text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.S)
        read = re.findall(r'(?:aria-label|placeholder|title|alt)="([^"]*)"', text)
        between = re.sub(r"<[^>]*>", "\n", text)
        assert re.findall(r"[^\W\d_]+", between + " ".join(read)) == [], path.name


def test_every_line_of_a_template_can_be_read():
    for path in templates():
        for place, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert len(line) <= 120, f"{path.name}:{place}"
