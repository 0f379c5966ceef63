"""The text of a project file: as YAML 1.2 has it, within limits, and answered whatever it is."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from project_text import SMALLEST, problems_of

from qi_equity.project_file import check, examples, tree


@pytest.mark.parametrize(
    ("text", "value", "why"),
    [
        ("NO", "NO", "Norway is not false"),
        ("yes", "yes", "nor is yes true"),
        ("1:30", "1:30", "no base sixty"),
        ("1e3", 1000.0, "a number, also without a point"),
        ("2024-01-31", "2024-01-31", "dates are read by whoever needs one"),
        ("0.5", 0.5, ""),
        ("0", 0, "a lone zero is a number"),
        ("1_000", "1_000", "no separators"),
        ("0x10", "0x10", "no base sixteen"),
        ("~", None, ""),
        ("", None, ""),
        ("True", True, ""),
    ],
)
def test_scalars_are_read_as_yaml_1_2_has_them(text, value, why):
    assert tree.read(f"x: {text}").value == {"x": value}, why


def test_a_bomb_of_aliases_is_refused_before_it_is_built():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    read = tree.read("\n".join(lines))
    assert read.value is None
    assert "repeats another part" in read.problems[0][1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("x: " + "[" * 5000, "inside one another", id="deep"),
        pytest.param(
            "x: [" + "a," * tree.MOST_PARTS + "a]", "parts", id="many", marks=pytest.mark.long
        ),
        pytest.param("x: '" + "a" * tree.MOST_CHARACTERS + "'", "longer than", id="long"),
        pytest.param("x: \x00", "character here that a text file cannot hold", id="control"),
        pytest.param("[a: b]: c", "single word", id="key"),
    ],
)
def test_what_is_too_much_is_refused(text, expected):
    assert expected in tree.read(text).problems[0][1]


def test_more_parts_than_a_project_has_are_refused(monkeypatch):
    monkeypatch.setattr(tree, "MOST_PARTS", 100)
    assert tree.read("x: [" + "a," * 90 + "a]").problems == []
    assert "more than 100 parts" in tree.read("x: [" + "a," * 100 + "a]").problems[0][1]


@pytest.mark.parametrize("text", ["", "# only a remark\n", "- a list\n", "a word\n"])
def test_a_file_without_keys_says_what_a_project_has(text, tmp_path):
    (problem,) = problems_of(text, tmp_path)
    assert "keys such as id, title and aim" in problem.message


def test_files_that_cannot_be_read_say_why(tmp_path):
    (absent,) = check(tmp_path / "nowhere.yaml")
    assert "cannot be read: no such file" in str(absent)
    (folder,) = check(tmp_path)
    assert "cannot be read" in str(folder)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("id: a\ntitle: caf\xe9".encode("latin-1"))
    (problem,) = check(latin)
    assert (problem.line, problem.column) == (2, 11)
    assert "UTF-8" in problem.message


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    file = tmp_path / "windows.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALLEST.replace("\n", "\r\n").encode())
    assert check(file) == ()


# --- Any text at all --------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "kind", "from", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
EXAMPLE = yaml.load(examples()["pph_reduction"].read_text(encoding="utf-8"), tree.CoreLoader)


def places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(each, (*path, key))


def replaced(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


PLACES = [path for path in places({"project": EXAMPLE}) if len(path) > 1]


@given(path=st.sampled_from(PLACES), new=VALUES)
def test_whatever_stands_anywhere_is_answered_in_plain_words(path, new, tmp_path_factory):
    wrong = replaced(EXAMPLE, path[1:], new)
    text = yaml.dump(wrong, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
    file = tmp_path_factory.mktemp("fuzz") / "project.yaml"
    file.write_text(text, encoding="utf-8")
    lines = text.splitlines()
    for problem in check(file):
        assert 1 <= problem.line <= len(lines) + 1
        assert problem.column >= 1
        shown = problem.message.replace(str(new), "")
        assert not re.search(r"pydantic|Input should|NoneType|cannot be read:", shown), problem


@given(st.text(max_size=200))
def test_any_text_is_answered(text):
    read = tree.read(text)
    assert read.problems or read.value is None or read.values
