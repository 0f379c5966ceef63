"""Every problem of a project file at once, at its place, in the words of those who write it."""

from __future__ import annotations

import re
from datetime import date

import pytest
from project_text import HERE, SMALLEST, told

from qi_equity.errors import ProjectErrors, UserError
from qi_equity.project_file import (
    check,
    examples,
    left_in,
    load,
    scaffold,
    schema,
    schema_text,
    tree,
)

# What no message may say: the words of the libraries underneath.
JARGON = re.compile(
    r"pydantic|Field required|Input should|Extra inputs|NoneType|None\b|dict\b|tuple\b|"
    r"\bstr\b|\bint\b|\bfloat\b|\bbool\b|Literal|validation|traceback|<unicode",
)


def test_six_mistakes_are_six_lines_in_order():
    problems = check(HERE / "six_mistakes.yaml")
    assert [(p.line, p.column) for p in problems] == [
        (3, 16),
        (10, 12),
        (13, 7),
        (18, 29),
        (20, 29),
        (26, 5),
    ]
    file = str(HERE / "six_mistakes.yaml")
    assert str(problems[1]) == (
        f"{file}:10:12: aim: there is no measure called 'sean'; did you mean 'seen'? "
        "Choose from: seen"
    )


def test_load_raises_what_check_says():
    with pytest.raises(ProjectErrors) as caught:
        load(HERE / "six_mistakes.yaml")
    assert caught.value.problems == check(HERE / "six_mistakes.yaml")


def test_the_smallest_project_is_right():
    assert check(HERE / "smallest.yaml") == ()
    project = load(HERE / "smallest.yaml")
    assert project.measure("seen").kind == "p"
    assert project.strata.known == ("Black", "White")


# what stands in the smallest project, what somebody wrote instead, the one line they are told
MISTAKES = {
    "a project without an equity aim": (
        "  equity:\n    - {stratum: Black, measure: seen, from: 0.3, to: 0.6, by: 2025-12-31}\n",
        "",
        "9:3: aim: an equity aim is missing: name at least one stratum, or the gap, .*"
        "An average can improve while the gap stays or widens, so equity must not be missed by def",
    ),
    "an empty list of equity aims": (
        "  equity:\n    - {stratum: Black, measure: seen, from: 0.3, to: 0.6, by: 2025-12-31}\n",
        "  equity: []\n",
        "14:11: aim: an equity aim is missing",
    ),
    "a word mistyped": ("other", "othre", "4:16: 'clinical_area' cannot be 'othre'; did you mean"),
    "a key mistyped": ("role:", "rolle:", "24:5: measures, 'seen': there is no key .*mean 'role'"),
    "a part left out": ("    role: outcome\n", "", "22:5: measures, 'seen': 'role' is missing"),
    "an empty value": ("A network", "", "5:9: 'network' is empty; write something"),
    "a number for a text": (
        "A network",
        "7",
        "5:10: 'network' must be text; put it in quotes: '7'",
    ),
    "a text for a number": (
        "from: 0.4",
        "from: about 0.4",
        "11:9: aim: 'from' must be a number, not 'about 0.4'",
    ),
    "a quoted number": ("from: 0.4", 'from: "0.4"', "11:9: aim: 'from' must be a number"),
    "no end to a number": ("from: 0.4", "from: .inf", "11:9: aim: 'from' must be a number with an"),
    "truth is not a number": (
        "from: 0.4",
        "from: true",
        "11:9: aim: 'from' must be a number, not tr",
    ),
    "a capital in an id": (
        "id: smallest",
        "id: Smallest",
        "2:5: 'id' cannot be 'Smallest'; use sm",
    ),
    "an impossible day": (
        "0.6\n  by: 2025-12-31",
        "0.6\n  by: 2025-02-30",
        "13:7: aim: 'by': there is no such day as 2025-02-30",
    ),
    "an impossible month": (
        "0.6\n  by: 2025-12-31",
        "0.6\n  by: 2025-13-01",
        "13:7: aim: 'by': there is no such day as 2025-13-01",
    ),
    "a day as people write it": (
        "0.6\n  by: 2025-12-31",
        "0.6\n  by: 31/12/2025",
        "13:7: aim: 'by': '31/12/2025' is not a date; write year, month and day like 2024-01-31",
    ),
    "a year alone": ("0.6\n  by: 2025-12-31", "0.6\n  by: 2025", "13:7: aim: 'by': '2025' is not"),
    "per cent for a part of one": (
        "from: 0.4",
        "from: 40",
        "11:9: aim: 'from' must be between 0 and 1, a part of one, not 40; 40% is 0.4",
    ),
    "an aim the wrong way": (
        "direction: increase",
        "direction: decrease",
        "12:7: aim: goes from 0.4 to 0.6, but 'seen' is better when it goes down",
    ),
    "an unknown measure": (
        "  measure: seen\n",
        "  measure: seem\n",
        "10:12: aim: there is no measure",
    ),
    "an unknown group": (
        "stratum: Black",
        "stratum: Blck",
        "15:17: .*no group called 'Blck'.*Black",
    ),
    "an unknown reference": (
        "everyone else,",
        "everybody else,",
        "20:29: .*nobody called 'everybody else' to compare with; did you mean 'everyone else'",
    ),
    "no reason for the reference": (
        ", reason: Nobody is the norm here.",
        "",
        "20:14: strata, reference: 'reason' is missing",
    ),
    "no reference at all": (
        "  reference: {compare_with: everyone else, reason: Nobody is the norm here.}\n",
        "",
        "17:3: strata: 'reference' is missing",
    ),
    "White as if it were usual": (
        "compare_with: everyone else, reason: Nobody is the norm here.",
        "compare_with: White, reason: usual",
        "20:44: .*say in the reason why the team chose this; White is not the usual",
    ),
    "a proportion of nothing": (
        "    denominator: Women giving birth\n",
        "",
        "22:5: measures, 'seen': 'denominator' is missing: proportion data count events out of",
    ),
    "a chart for other data": (
        "direction: increase",
        "direction: increase\n    chart: u",
        "28:12: .*a u chart does not suit proportion data; choose from: auto, run, p",
    ),
    "a target outside": (
        "direction: increase",
        "direction: increase\n    target: 95",
        "28:13: .*'target' must be between 0 and 1, a part of one, not 95; 95% is 0.95",
    ),
    "no outcome": ("role: outcome", "role: process", "22:3: no measure has the role outcome"),
    "baseline twice over": (
        "direction: increase",
        "direction: increase\n    baseline: {subgroups: 9, until: 2025-01-01}",
        "28:15: .*'baseline': give either subgroups",
    ),
    "half a subgroup": (
        "direction: increase",
        "direction: increase\n    baseline: {subgroups: 9.5}",
        "28:27: .*'subgroups' must be a whole number, not 9.5",
    ),
    "a phase in the baseline": (
        "direction: increase",
        "direction: increase\n    baseline: {until: 2025-03-01}\n    phases: [2025-02-01]",
        "29:14: .*a phase that begins on 2025-02-01 is not after the baseline",
    ),
    "phases out of order": (
        "direction: increase",
        "direction: increase\n    phases: [2025-02-01, 2025-01-01]",
        "28:26: .*is not after the phase before it",
    ),
    "two sites of one name": (
        "  - {id: one, name: One}",
        "  - {id: one, name: One}\n  - {id: two, name: one}",
        "8:21: sites, 'two': another site has the name 'one'",
    ),
    "a group called everyone": (
        "- {name: White}",
        "- {name: Everyone}",
        "19:14: .*a meaning of its",
    ),
    "one group alone": ("    - {name: White}\n", "", "18:5: strata: 'groups' needs at least 2"),
    "a code in two groups": (
        "    - {name: Black}\n    - {name: White}",
        "    - {name: Black, codes: [b]}\n    - {name: White, codes: [w, B]}",
        "19:32: .*'B' belongs to 'Black' already",
    ),
    "a code as a number": (
        "- {name: White}",
        "- {name: White, codes: [99]}",
        "19:29: .*item 1 must be text; put it in quotes: '99'",
    ),
    "an unknown code system": (
        "strata:\n",
        "strata:\n  code_system: nhs_16\n",
        "17:16: .*there is no code system called 'nhs_16'; did you mean 'nhs_16_plus_1'",
    ),
    "a list for one thing": ("id: smallest", "id: [smallest]", "2:5: 'id' must be a single text"),
    "one thing for a list": (
        "sites:\n  - {id: one, name: One}",
        "sites: one",
        "6:8: 'sites' must be a list \\(start each item on a line of its own with '- '\\)",
    ),
    "a word for a part": (
        "  reference: {compare_with: everyone else, reason: Nobody is the norm here.}",
        "  reference: White",
        "20:14: strata: 'reference' needs keys of its own under it: compare_with, reason",
    ),
    "NO is not false": (
        "network: A network",
        "network: A network\nsynthetic: NO",
        "6:12: 'synthetic' must be true or false, not 'NO'",
    ),
    "a key at the wrong level": (
        "    role: outcome",
        "    role: outcome\n    synthetic: true",
        "25:5: measures, 'seen': 'synthetic' belongs at the top of the file",
    ),
    "a cycle that ends before it starts": (
        "measures:",
        "cycles:\n- {id: c, title: C, start: 2025-02-01, end: 2025-01-01, plan: P}\nmeasures:",
        "22:45: cycles, 'c': 2025-01-01 is before the cycle's start",
    ),
    "a cycle at an unknown site": (
        "measures:",
        "cycles:\n- {id: c, title: C, start: 2025-02-01, sites: [two], plan: P}\nmeasures:",
        "22:48: cycles, 'c', sites: there is no site called 'two'",
    ),
    "a cycle of an unknown change idea": (
        "measures:",
        "drivers:\n- {id: d, name: D, change_ideas: [{id: tea, name: T}]}\n"
        "cycles:\n- {id: c, title: C, start: 2025-02-01, change_idea: te, plan: P}\nmeasures:",
        "24:53: cycles, 'c': there is no change idea called 'te'; did you mean 'tea'",
    ),
    "a change idea without drivers": (
        "measures:",
        "cycles:\n- {id: c, title: C, start: 2025-02-01, change_idea: tea, plan: P}\nmeasures:",
        "22:53: cycles, 'c': there is no change idea called 'tea'; the project has no change idea",
    ),
    "a driver that moves itself": (
        "measures:",
        "drivers:\n- {id: a, name: A, moves: a}\nmeasures:",
        "22:27: drivers, 'a': 'a' cannot move itself",
    ),
    "a reference that is no rate": (
        "compare_with: everyone else",
        "compare_with: 5",
        "20:29: .*a target rate is between 0 and 1, a part of one, not 5",
    ),
    "an unknown group as reference": (
        "compare_with: everyone else",
        "compare_with: Nobody said",
        "20:29: .*nobody called 'Nobody said' to compare with",
    ),
    "an aim for the unknown": (
        "- {name: Black}",
        "- {name: Black, unknown: true}\n    - {name: Asian}",
        "15:17: .*'Black' is marked unknown: true; aim at a group that is known",
    ),
    "two sites and one column too few": (
        "  - {id: one, name: One}",
        "  - {id: one, name: One}\n  - {id: two, name: Two}\n"
        "data: {kind: table, path: a.csv, numerator: n}",
        "9:7: data: 'site' is missing: the project has 2 sites; name the column of sites",
    ),
    "two measures and one column too few": (
        "    direction: increase",
        "    direction: increase\n  - {id: b, name: B, role: process, numerator: n,"
        "\n     direction: none, denominator: d}\ndata: {kind: table, path: a.csv, numerator: n}",
        "30:7: data: 'measure' is missing: the project has several",
    ),
    "an indicator of no measure": (
        "measures:",
        "data: {kind: table, path: a.csv, indicators: {Seen: {measure: sean}}}\nmeasures:",
        "21:63: data, indicators, Seen: there is no measure called 'sean'; did you mean 'seen'",
    ),
    "records without a rule": (
        "measures:",
        "data: {kind: records, path: a.csv, date: d, stratum: s}\nmeasures:",
        "23:5: measures, 'seen': 'records' is missing: say how this is counted from birth records",
    ),
    "drivers in a ring": (
        "measures:",
        "drivers:\n- {id: a, name: A, moves: b}\n- {id: b, name: B, moves: c}\n"
        "- {id: c, name: C, moves: b}\nmeasures:",
        "23:27: .*following what 'b' moves leads back to itself",
    ),
    "an unread kind of source": (
        "measures:",
        "data: {kind: sheet, path: x.csv}\nmeasures:",
        "21:7: 'data' needs a 'kind': table",
    ),
    "a condition that says nothing": (
        "direction: increase",
        "direction: increase\n    records: {numerator: {seen: {}}}",
        "28:33: .*say what this column must be",
    ),
    "a condition nothing meets": (
        "direction: increase",
        "direction: increase\n    records: {numerator: {days: {above: 9, below: 3}}}",
        "28:33: .*nothing is above 9 and below 3",
    ),
    "an unknown condition": (
        "direction: increase",
        "direction: increase\n    records: {numerator: {days: {belw: 3}}}",
        "28:34: .*there is no key called 'belw' here; did you mean 'below'",
    ),
    "a key twice": (
        "network: A network",
        "network: A network\nnetwork: B network",
        "6:1: 'network' stands twice \\(first on line 5\\)",
    ),
    "a leading zero": (
        "- {name: White}",
        "- {name: White, codes: [012]}",
        "19:29: 012 starts with a zero; put a code in quotes \\('012'\\)",
    ),
    "a tab": ("  measure: seen\n", "\tmeasure: seen\n", "10:1: there is a tab here; indent with"),
    "a quote never closed": (
        "A network",
        "'A network",
        "5:10: a quote or bracket is opened here and never closed",
    ),
    "a colon in a text": (
        "A network",
        "A network: ours",
        "5:19: a ':' where none can be: put a text with ': ' in quotes",
    ),
    "a Python object": (
        "A network",
        "!!python/object/apply:os.system ['true']",
        "5:10: 'network' must be a single text",
    ),
    "a second project": ("id: smallest", "---\nid: a\n---\nid: b", "4:1: a second document starts"),
    "an alias": (
        "network: A network",
        "network: &a A network\nnote: *a",
        "6:7: '\\*a' repeats another part; write that part out in full here",
    ),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_told_at_its_place(what, tmp_path):
    right, wrong, expected = MISTAKES[what]
    assert right in SMALLEST
    lines = told(SMALLEST.replace(right, wrong, 1), tmp_path)
    assert any(re.match(expected, line) for line in lines), "\n".join(lines)
    assert not any(JARGON.search(line) for line in lines), "\n".join(lines)


# mistakes that leave others to say: what cannot be read at all, and what is wrong twice
SEVERAL = {
    "an impossible day": 1,
    "a word mistyped": 1,
    "a key mistyped": 1,
    "a code as a number": 1,
    "a leading zero": 1,
    "NO is not false": 1,
    "a chart for other data": 1,
    "one group alone": 2,  # too few in the list, and nobody to compare with
    "per cent for a part of one": 2,  # the number, and then the way it goes
}


@pytest.mark.parametrize("what", SEVERAL)
def test_one_mistake_is_told_once(what, tmp_path):
    right, wrong, _ = MISTAKES[what]
    lines = told(SMALLEST.replace(right, wrong, 1), tmp_path)
    assert len(lines) == SEVERAL[what], "\n".join(lines)


def test_all_mistakes_are_told_together(tmp_path):
    """One problem of each kind of step: the text, a part, and across parts."""
    text = SMALLEST.replace("other", "othre").replace("stratum: Black", "stratum: Blck")
    text = text.replace("- {name: White}", "- {name: White, codes: [01]}")
    assert [line.split(":")[0] for line in told(text, tmp_path)] == ["4", "15", "19"]


NHS = """  code_system: nhs_16_plus_1
  groups:
    - {name: Black, codes: [M, N, P]}
    - {name: Other, codes: [A, B, C, D, E, F, G, H, J, K, L, R, S]}
    - {name: Unknown, codes: [Z, "99", X], unknown: true, missing: true}
"""


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ("M, N, P]", "M, N]", "would go uncounted; put each into a group: P (Black or Black"),
        (
            "M, N, P]",
            "M, N, P, h]",
            "'H' (Asian or Asian British - Indian) belongs to 'Black' already",
        ),
        ("M, N, P]", "M, N, P, Q]", "there is no code 'Q' in nhs_16_plus_1"),
        ("unknown: true, ", "", "'Z' means not stated: put it into a group with unknown: true"),
        (", missing: true", "", "say which group holds the records left empty (missing: true)"),
    ],
)
def test_every_code_has_one_group(right, wrong, expected, tmp_path):
    text = SMALLEST.replace("  groups:\n    - {name: Black}\n    - {name: White}\n", NHS)
    assert told(text, tmp_path) == []
    lines = told(text.replace(right, wrong, 1), tmp_path)
    assert expected in lines[0]
    assert len(lines) == (3 if "unknown" in right else 1)  # Z, 99 and X


def test_a_roll_up_gives_groups_their_codes(tmp_path):
    rolled = """  code_system: nhs_16_plus_1
  roll_up: nhs_5
  groups:
    - {name: Black}
    - {name: White}
    - {name: All others, codes: [Asian, Mixed, Other]}
    - {name: Unknown, codes: [Z, "99", X], unknown: true, missing: true}
"""
    text = SMALLEST.replace("  groups:\n    - {name: Black}\n    - {name: White}\n", rolled)
    assert told(text, tmp_path) == []
    assert "no roll-up called 'nhs_55'" in told(text.replace("nhs_5\n", "nhs_55\n"), tmp_path)[0]


@pytest.mark.parametrize(
    ("kind", "start", "end", "right"),
    [
        ("difference", 0.07, 0.02, True),
        ("difference", -0.07, -0.02, True),
        ("difference", 0.02, 0.07, False),
        ("ratio", 2, 1.1, True),
        ("ratio", 0.5, 0.8, True),
        ("ratio", 0.8, 0.5, False),
        ("ratio", 2, 0.4, False),
        ("ratio", 2, 0, False),
    ],
)
def test_a_gap_is_to_get_smaller(kind, start, end, right, tmp_path):
    text = SMALLEST.replace(
        "measure: seen, from: 0.3, to: 0.6",
        f"measure: seen, kind: {kind}, from: {start}, to: {end}",
    )
    assert (told(text, tmp_path) == []) is right


def test_the_group_compared_with_has_no_gap_of_its_own(tmp_path):
    text = SMALLEST.replace("everyone else", "Black")
    assert told(text, tmp_path) == []
    text = text.replace("measure: seen, from", "measure: seen, kind: difference, from")
    text = text.replace("from: 0.3, to: 0.6", "from: 0.3, to: 0.1")
    (line,) = told(text, tmp_path)
    assert line.startswith("15:17: ")
    assert "is the group the others are compared with, so it has no gap" in line


def test_nobody_is_compared_with_an_unknown_group(tmp_path):
    text = SMALLEST.replace(
        "- {name: White}", "- {name: White}\n    - {name: Blank, unknown: true}"
    )
    assert told(text, tmp_path) == []
    (line,) = told(text.replace("everyone else", "Blank"), tmp_path)
    assert "'Blank' is marked unknown: true; nobody can be compared with it" in line


def test_one_of_several_equity_aims_is_declared_the_primary_one(tmp_path):
    first = "    - {stratum: Black, measure: seen, from: 0.3, to: 0.6, by: 2025-12-31}\n"
    two = SMALLEST.replace(first, first + first.replace("Black", "White"))
    assert "say which of these is the primary one" in told(two, tmp_path)[0]
    one = two.replace("2025-12-31}", "2025-12-31, primary: true}", 1)
    assert told(one, tmp_path) == []
    both = two.replace("2025-12-31}", "2025-12-31, primary: true}")
    assert "only one equity aim can be the primary one" in told(both, tmp_path)[0]


@pytest.mark.parametrize("compare_with", ["0.05", "best at baseline", "White"])
def test_a_reference_may_be_a_rate_a_rule_or_a_group(compare_with, tmp_path):
    text = SMALLEST.replace("compare_with: everyone else", f"compare_with: {compare_with}")
    assert told(text, tmp_path) == []


# --- Scaffolds and schema ---------------------------------------------------------------------


@pytest.mark.parametrize("base", examples())
def test_a_scaffold_is_right_as_it_stands_and_is_the_teams_own(base, tmp_path):
    text = scaffold("our_project", base)
    assert told(text, tmp_path) == []
    assert text.startswith("# yaml-language-server: $schema=./project.schema.json\n")
    project = load(tmp_path / "project.yaml")
    assert (project.id, project.title) == ("our_project", "Our project")
    assert [site.id for site in project.sites] == ["our_unit"]
    assert project.cycles == ()
    assert not project.synthetic
    assert "synthetic" not in text
    assert all(principle.answer is None for principle in project.principles)
    assert len(project.measures) == len(load(examples()[base]).measures)


def test_the_cycle_in_a_scaffold_is_right_without_its_marks(tmp_path):
    text = scaffold("our_project")
    begin = text.index("# cycles:")
    end = text.index("\n\n", begin)
    cycles = re.sub(r"^# ", "", text[begin:end], flags=re.MULTILINE)
    assert told(text[:begin] + cycles + text[end:], tmp_path) == []


@pytest.mark.parametrize("base", ["pph_reduction", "booking_by_interpreter_need"])
def test_the_aims_of_a_scaffold_lie_ahead_on_the_weekdays_they_had(base, tmp_path):
    today = date(2031, 3, 4)
    text = scaffold("our_project", base, today=today)
    assert told(text, tmp_path) == []
    moved, shipped = load(tmp_path / "project.yaml"), load(examples()[base])
    assert all(aim.by > today for aim in (moved.aim, *moved.aim.equity))
    if base == "pph_reduction":
        assert moved.start.weekday() == shipped.start.weekday()
    else:
        assert moved.start.day == shipped.start.day


def test_what_still_stands_as_a_new_file_had_it_is_named(tmp_path):
    path = tmp_path / "our_project.yaml"
    path.write_text(scaffold("our_project"), encoding="utf-8")
    assert check(path) == ()
    asked = " ".join(map(str, left_in(path)))
    for words in ("name your network", "name your unit", "say who your population is"):
        assert words in asked


def test_a_scaffold_needs_a_name_and_an_example():
    with pytest.raises(UserError, match="'Our project' cannot be a project's name"):
        scaffold("Our project")
    with pytest.raises(UserError, match="no example called 'haemorrhage'"):
        scaffold("ours", "haemorrhage")


def test_the_schema_beside_the_examples_is_in_step():
    shipped = examples()["pph_reduction"].parent / "project.schema.json"
    assert shipped.read_text(encoding="utf-8") == schema_text(), (
        "write it again: python -c 'from qi_equity.project_file import schema_text; "
        'open("projects/project.schema.json", "w").write(schema_text())\''
    )


def test_the_schema_says_what_the_reader_says():
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(schema())
    for path in [*examples().values(), HERE / "smallest.yaml"]:
        assert list(validator.iter_errors(plain(tree.read(path.read_text("utf-8")).value))) == []
    wrong = plain(tree.read((HERE / "six_mistakes.yaml").read_text("utf-8")).value)
    assert list(validator.iter_errors(wrong))


def plain(value):
    """Lists for tuples, as JSON has them."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, tuple) else value
