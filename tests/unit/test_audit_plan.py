"""The plan of an audit and what comes of it: nothing misread, nothing lost, nothing untrue."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cache

import pandas as pd
import pytest
import yaml
from docx import Document
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls
from typer.testing import CliRunner

from qi_equity import audit as room
from qi_equity import project_file
from qi_equity.audit import aims, plan, projects, returned
from qi_equity.audit.progress import progress_sentences
from qi_equity.audit.rows import gaps as rows_of
from qi_equity.audit.written import write
from qi_equity.cli import app
from qi_equity.equity_lint import review
from qi_equity.errors import DataErrors, ProjectErrors, UserError

SPAN = {"from": "2024-04-01", "to": "2025-03-31"}
MIXED = "Mixed: White; or Black"
GROUPS = ("A", MIXED, "White")
# Events and women of each group, by indicator, and what each is.
COUNTS = {
    "bleed": ((60, 500), (70, 700), (40, 1500)),
    "stroke": ((9, 20_000), (9, 90_000), (9, 90_000)),
    "death": ((60, 500), (70, 700), (40, 1500)),
    "early": ((8, 100), (60, 1000), (60, 1000)),
}
INDICATORS = {
    "bleed": {"name": "Blood loss", "library": "pph.pph"},
    "stroke": {"name": "Stroke"},
    "death": {"name": "Deaths", "multiply": 100_000},
    "early": {"name": "Blood loss at night"},
}
ANSWERS = {
    "Owner": "Ann", "Partner in co-production": "Mothers’ circle, paid",
    "What could get worse": "Induction waits", "How results go back": "In May at the hub",
}  # fmt: skip


def table(home, name, groups, counts, dimension="ethnicity"):
    frame = [(g, x, n) for g, (x, n) in zip(groups, counts, strict=True)]
    path = home / f"{name}.csv"
    pd.DataFrame(frame, columns=["group", "x", "n"]).to_csv(path, index=False)
    data = {"kind": "table", "path": path.name, "stratum": "group", "numerator": "x",
            "denominator": "n"}  # fmt: skip
    return {
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest()},
        "reads": [{"dimension": dimension, "data": data}],
    }


def dimension(name, groups, **more):
    reference = {"compare_with": "everyone else", "reason": "No group is the norm."}
    return {"id": name, "dimension": name, "groups": [{"name": g} for g in groups],
            "reference": reference} | more  # fmt: skip


def a_file(home, **more):
    """An audit of one place, in a folder with its tables."""
    sources = [
        {"id": f"s_{one}", "name": f"Source {one}", "kind": "provider extract", "publisher": "Us",
         "period": SPAN, "geography": "Births here", "whose_ethnicity": "mother",
         "rounding": "none", "licence": "Ours", "got": "2025-05-01",
         **table(home, one, GROUPS, counts)}
        for one, counts in COUNTS.items()
    ]  # fmt: skip
    indicators = [
        {"id": one, "chapter": "outcomes", "numerator": "events", "denominator": "women",
         "direction": "decrease", "sources": [f"s_{one}"], **about}
        for one, about in INDICATORS.items()
    ]  # fmt: skip
    held = {
        "id": "made", "title": "Made", "population": "Women", "period": SPAN,
        "area": {"name": "An area", "kind": "trust"}, "places": [{"id": "unit", "name": "Unit"}],
        "dimensions": [dimension("ethnicity", GROUPS), dimension("staff", ("A", "White"))],
        "sources": sources, "indicators": indicators,
    } | more  # fmt: skip
    path = home / "made.yaml"
    path.write_text(json.dumps(held, indent=1), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return a_file(tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="module")
def found(file):
    return room.audited(room.load(file), (file.parent,))


@cache
def drafted(found, gap="bleed:A"):
    lines = plan.drafted(found, plan.chosen(found, [gap]))
    text = plan.as_markdown(found.audit, lines, "made.yaml")
    for key, said in ANSWERS.items():
        text = text.replace(f"- {key}: ?", f"- {key}: {said}")
    return text


def with_key(text, key, said):
    """The text of a plan with other words behind a key."""
    start = f"- {key}:"
    return "\n".join(f"{start} {said}" if one.startswith(start) else one
                     for one in text.split("\n"))  # fmt: skip


def back(tmp_path, text):
    path = tmp_path / "plan.md"
    path.write_text(text, encoding="utf-8")
    return returned.read_back(path)


def run(*words):
    """A command's exit code, and what it said."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, UserError | SystemExit):
        raise done.exception
    told = str(done.exception) if isinstance(done.exception, UserError) else ""
    return (1 if told else done.exit_code), done.output + told


# ------------------------------------------------------------------ for whom


@pytest.mark.parametrize("slip", ["network,", "network,team", "team,network", "", "Team", "tem"])
def test_true_counts_need_one_exact_word(file, tmp_path, slip):
    code, told = run("audit", file, "--for", slip, "--out", tmp_path / "out")
    assert (code, list(tmp_path.iterdir())) == (1, [])
    assert "Choose from: network, team" in told


@pytest.mark.parametrize(
    "words",
    [("plan", "FILE", "--for", "team"), ("plan", "FILE", "--for", "bogus"),
     ("plan", "FILE", "--format", "docx"), ("FILE", "--gaps", "bleed:A"),
     ("plan", "--read", "plan.md", "--for", "team"), ("FILE", "--read", "plan.md")],
)  # fmt: skip
def test_what_is_of_no_use_is_refused_and_not_taken_in_silence(file, words):
    code, told = run("audit", *(file if word == "FILE" else word for word in words))
    assert code == 1
    assert "is of no use to" in told


def test_files_of_true_counts_have_the_team_in_their_name(found, tmp_path):
    for whose in (found, replace(found, taken=replace(found.taken, protected=True))):
        list(write(whose, tmp_path, ["xlsx"], ["board"]))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["made-board-team.xlsx", "made-board.xlsx"]


# ------------------------------------------------------------------ aims and days


@pytest.mark.parametrize(
    "text",
    ["from 12,0 to 6,5%", "from 12.0 to 6,5%", "from 12.0 to 6.5", "from 12.0 to 6.0-7.0%",
     "from 12.0 to 1,000 per 100,000", "from 12.0 to 6.0% by 2026, then 3.0%",
     "from 12.0% to 60.0 per 1,000", "from 12.0 to half of it",
     "from 12.0 to 6.0%, with everyone else at 5,3 or better"],
)  # fmt: skip
def test_an_aim_is_read_in_full_or_refused_with_its_place_and_the_way_out(found, tmp_path, text):
    with pytest.raises(ProjectErrors, match=r"plan\.md:\d+:1: 'Aim' is written like: from 12\.0"):
        back(tmp_path, with_key(drafted(found), "Aim", text))


def test_others_are_read_behind_the_last_number():
    held = aims.read("from 12.0 to 6.0%, with the two units at 3 sites at 5.3 or better")
    assert held == aims.Aim(12.0, 6.0, 100.0, 5.3)


@pytest.mark.parametrize("one", ["bleed", "stroke", "death"])
def test_a_drafted_aim_reads_back_as_it_was_worked_out(found, tmp_path, one):
    row = plan.chosen(found, [f"{one}:A"])[0]
    line = back(tmp_path, drafted(found, f"{one}:A"))[0]
    returned.checked(found.audit, [line])
    times = found.audit.indicator(one).multiply
    wanted = (row.rate * times, (row.rate - row.difference / 2) * times)
    assert line.ends == pytest.approx(wanted, rel=0.05)
    assert line.ends[1] < line.ends[0]
    project = yaml.safe_load(dict(projects.project_texts(found.audit, [line])).popitem()[1])
    assert project["aim"]["to"] == pytest.approx(line.ends[1] / times)


@pytest.mark.parametrize(
    ("key", "said", "told"),
    [("Aim", "from 120 to 60 per 1,000", "in the unit of 'bleed', %"),
     ("Aim", "from 6.0 to 12.0%", "'bleed' is to fall"),
     ("Aim", "from 12.0 to 12.0%", "'bleed' is to fall"),
     ("Aim", "from 120 to 60%", "more than all"),
     ("By", "2017-04-30", "is not after the audit's own end, 31 Mar 2025"),
     ("Gap", "bleed | staff | A | unit", "no source reads 'bleed' by 'staff'"),
     ("Gap", "bleed | ethnicity | Zed | unit", "no group 'Zed'")],
)  # fmt: skip
def test_what_cannot_be_of_this_audit_is_named(found, tmp_path, key, said, told):
    lines = back(tmp_path, with_key(drafted(found), key, said))
    with pytest.raises(DataErrors, match="line 9: ") as raised:
        returned.checked(found.audit, lines)
    assert told in str(raised.value)


@pytest.mark.parametrize("text", ["20270430", "2027-W10-1", "30.4.2027", "2027-02-30"])
def test_a_day_has_one_form(found, tmp_path, text):
    with pytest.raises(ProjectErrors, match="'By' must be a day like 2027-04-30"):
        back(tmp_path, with_key(drafted(found), "By", text))


# ------------------------------------------------------------------ what is open, what is lost


def test_a_name_is_an_answer_and_one_that_is_crossed_out_is_none(found, tmp_path):
    for name in ("Will", "Will So", "Here Now"):
        assert back(tmp_path, with_key(drafted(found), "Owner", name))[0].owner == name
    with pytest.raises(ProjectErrors, match="'Owner' is still open"):
        back(tmp_path, with_key(drafted(found), "Owner", "~~Sister Amina Khan~~"))


def test_a_text_too_long_for_a_project_is_said_and_breaks_nothing(found, tmp_path):
    for key in ("Measure", "Why"):
        with pytest.raises(ProjectErrors, match=r"too long for a project|longer than"):
            back(tmp_path, with_key(drafted(found), key, "long " * 790))


@pytest.mark.parametrize("said", ["?", "**?**", "(?)", "to be agreed?", "TBC", "see minutes", "–"])
def test_what_is_no_answer_is_open(found, tmp_path, said):
    with pytest.raises(ProjectErrors, match="'Owner' is still open"):
        back(tmp_path, with_key(drafted(found), "Owner", said))


EDITS = {
    "under a heading of its own": ("- Owner: Ann", "- Owner: Ann\n\n### From the circle\n\nXX\n"),
    "before the first bullet": ("- Gap:", "XX\n\n- Gap:"),
    "in a table": ("- Owner: Ann", "- Owner: Ann\n\n| Who else | XX |\n|---|---|\n"),
    "in a bullet without a key": ("- What could get", "- XX\n- What could get"),
    "in a bullet with a colon": ("- What could get", "- Night: XX\n- What could get"),
    "in a paragraph with a time": ("- Resources:", "\nWe meet at 9:30, XX.\n\n- Resources:"),
    "behind what cannot be seen": ("- Owner: Ann", "- Owner: Ann\x0b\u200b\u202eXX"),
    "behind a broken line": ("- Owner: Ann", "- Owner: Ann\n  and XX"),
}


@pytest.mark.parametrize("where", EDITS)
def test_what_people_wrote_reaches_the_project_wherever_they_wrote_it(found, tmp_path, where):
    line = back(tmp_path, drafted(found).replace(*EDITS[where]))[0]
    assert line.owner.startswith("Ann")
    text = dict(projects.project_texts(found.audit, [line])).popitem()[1]
    assert text.count("XX") == 1
    (tmp_path / "project.yaml").write_text(text, encoding="utf-8")
    assert project_file.check(tmp_path / "project.yaml") == ()


KEYS = ["- **Owner**:", "+ Owner:", " - Owner:", "– Owner:", "Owner:", "- **Owner:**"]


@pytest.mark.parametrize("mark", KEYS)
def test_a_key_is_known_in_whatever_an_editor_makes_of_it(found, tmp_path, mark):
    assert back(tmp_path, drafted(found).replace("- Owner:", mark))[0].owner == "Ann"


def test_a_key_may_stand_in_a_table(found, tmp_path):
    text = drafted(found).replace("- Owner: Ann", "| Owner | Ann |\n|---|---|")
    assert back(tmp_path, text)[0].owner == "Ann"


def test_text_after_the_lines_is_not_dropped_in_silence(found, tmp_path):
    with pytest.raises(ProjectErrors, match="stands in no line of the plan"):
        back(tmp_path, drafted(found) + "\n# Notes\n\nThe hub pays for the room.\n")


def test_edited_words_become_ideas_a_balancing_measure_and_a_note(found, tmp_path):
    text = drafted(found)
    text = with_key(text, "Measure", "Loss of 1,500 ml or more")
    text = with_key(text, "What could get worse", "Fewer births at home")
    text = with_key(
        text, "What we will try",
        "Scales and a running total on the board in every birth room; a second midwife at night; "
        "as the circle asked",
    )  # fmt: skip
    held = yaml.safe_load(dict(projects.project_texts(found.audit, back(tmp_path, text)))
                          .popitem()[1])  # fmt: skip
    ideas = [idea["name"] for one in held["drivers"] for idea in one.get("change_ideas", ())]
    assert ideas == [
        "Scales and a running total on the board in every birth room",
        "a second midwife at night; as the circle asked",
    ]
    named = {one["name"]: one["role"] for one in held["measures"]}
    assert named["Fewer births at home"] == "balancing"
    assert named["Blood transfusion after birth"] == "balancing"
    assert "Loss of 1,500 ml or more" in held["measures"][0]["note"]


# ------------------------------------------------------------------ Word


def _paragraph(document, start):
    return next(one for one in document.paragraphs if one.text.startswith(start))


def _tracked(paragraph):
    """Words put in and taken out with the changes tracked."""
    ns = nsdecls("w")
    run_ = paragraph.runs[-1]._r
    run_.addnext(parse_xml(f'<w:ins {ns} w:id="1" w:author="Jo"><w:r><w:t> and Jo</w:t></w:r>'
                           "</w:ins>"))  # fmt: skip
    run_.addnext(parse_xml(f'<w:del {ns} w:id="2" w:author="Jo"><w:r><w:delText> Old</w:delText>'
                           "</w:r></w:del>"))  # fmt: skip


def _in_a_control(document, text):
    control, content = OxmlElement("w:sdt"), OxmlElement("w:sdtContent")
    inside = document.add_paragraph(text)._p
    inside.addnext(control)
    control.append(content)
    content.append(inside)


@pytest.fixture
def edited(found, tmp_path):
    """A plan in Word, edited in every way that people edit."""
    lines = plan.drafted(found, plan.chosen(found, ["bleed:A"]))
    path = tmp_path / "plan.docx"
    path.write_bytes(plan.as_word(found.audit, lines, "made.yaml"))
    document = Document(str(path))
    for one in document.paragraphs:
        for key, said in ANSWERS.items():
            if one.text == f"{key}: ?":
                one.runs[-1].text = said
    _tracked(_paragraph(document, "Owner"))
    _paragraph(document, "Partner").add_run("\nand the voices partnership")
    _paragraph(document, "Resources").insert_paragraph_before("We meet at 9:30 in the hub.")
    document.add_table(1, 2).rows[0].cells[0].text = "Community partner"
    document.tables[0].rows[0].cells[1].text = "The Bengali circle leads"
    _in_a_control(document, "Agreed on 4 May")
    document.save(str(path))
    return path


def test_a_plan_in_word_reads_back_with_all_that_people_wrote(edited):
    line = returned.read_back(edited)[0]
    assert line.owner == "Ann and Jo"
    assert line.partner == "Mothers’ circle, paid\nand the voices partnership"
    for told in ("We meet at 9:30 in the hub.", "Bengali circle leads", "Agreed on 4 May"):
        assert told in line.notes


def test_a_plan_in_word_is_held_against_its_audit_and_becomes_projects(
    edited, file, tmp_path, monkeypatch
):
    monkeypatch.chdir(file.parent)
    code, told = run("audit", "plan", "--read", edited)
    assert (code, "held against made.yaml" in told) == (0, True)
    code, told = run("new", "--from-audit", edited, "--dir", tmp_path / "made")
    assert code == 0, told
    written = next((tmp_path / "made").glob("bleed*.yaml"))
    assert project_file.check(written) == ()
    assert "Bengali circle leads" in written.read_text(encoding="utf-8")


# ------------------------------------------------------------------ held against the audit


def test_a_plan_that_cannot_be_held_against_its_audit_is_no_plan_without_faults(
    found, file, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    back(tmp_path, drafted(found).replace("| A |", "| Zed |"))
    code, told = run("audit", "plan", "--read", "plan.md")
    assert (code, "could not be checked against its audit" in told) == (1, True)
    code, told = run("audit", "plan", file, "--read", "plan.md")
    assert (code, "no group 'Zed'" in told) == (1, True)


def test_an_audit_is_found_beside_the_plan_and_its_files_where_they_are_said_to_lie(
    found, file, tmp_path, monkeypatch
):
    (tmp_path / "made.yaml").write_bytes(file.read_bytes())
    back(tmp_path, drafted(found))
    monkeypatch.chdir(tmp_path.parent)
    assert "there is no file" in run("audit", "plan", "--read", tmp_path / "plan.md")[1]
    code, told = run("audit", "plan", "--read", tmp_path / "plan.md", "--files", file.parent)
    assert (code, "nothing is open" in told) == (0, True)


def test_a_group_with_any_mark_can_be_named_and_one_of_two_dimensions_must_be(tmp_path):
    held = json.loads(a_file(tmp_path).read_text())
    held |= {"indicators": held["indicators"][:1], "sources": held["sources"][:1]}
    twice = table(tmp_path, "again", ("A", "White"), ((50, 500), (40, 1500)), "staff")
    held["sources"][0]["reads"] += twice["reads"]
    held["sources"][0]["sha256"] |= twice["sha256"]
    (tmp_path / "made.yaml").write_text(json.dumps(held))
    found = room.audited(room.load(tmp_path / "made.yaml"), (tmp_path,))

    def keys(asked):
        return [(one.dimension, one.group, one.place) for one in plan.chosen(found, [asked])]

    for asked in (f"bleed:{MIXED}", f"bleed:{MIXED}:unit", f"bleed:ethnicity:{MIXED}:unit"):
        assert keys(asked) == [("ethnicity", MIXED, "unit")]
    with pytest.raises(UserError, match="write bleed:ethnicity:A or bleed:staff:A"):
        keys("bleed:A")
    assert keys("bleed:staff:A:unit") == [("staff", "A", "unit")]
    asked = ("--gaps", f"bleed:{MIXED}; bleed:staff:A", "--out", tmp_path / "two.md")
    assert run("audit", "plan", tmp_path / "made.yaml", *asked)[0] == 0
    gaps = [one for one in (tmp_path / "two.md").read_text().split("\n") if "- Gap" in one]
    assert gaps == [f"- Gap: bleed | ethnicity | {MIXED} | unit", "- Gap: bleed | staff | A | unit"]


def test_the_reason_of_a_line_says_what_is_not_shown(found):
    rows = [row for row in rows_of(found.register.gaps) if row.indicator == "early"]
    early = next(row for row in rows if row.standing == "too early" and row.people > 0)
    assert plan.drafted(found, [early])[0].why.startswith("Too early to say: this gap is not shown")
    shown = plan.drafted(found, plan.chosen(found, ["bleed:A"]))[0].why
    assert "not shown" not in shown


# ------------------------------------------------------------------ the audit's own file


def test_only_a_group_that_is_known_can_be_compared_with(tmp_path):
    groups = [{"name": "A"}, {"name": "Not known", "unknown": True}]
    against = {"compare_with": "Not known", "reason": "We ask."}
    path = a_file(tmp_path, dimensions=[
        dimension("ethnicity", GROUPS),
        dimension("staff", ()) | {"groups": groups, "reference": against},
    ])  # fmt: skip
    told = " ".join(one.message for one in room.check(path))
    assert "'Not known' is the group of those whose group is not known" in told


def test_the_equity_review_of_an_audit_says_what_an_audit_is_checked_by(file):
    code, told = run("check", "--equity", file)
    assert code == 0
    assert "an audit is checked as a file" in told
    assert "missing" not in told


# ------------------------------------------------------------------ reasons


def _reviewed(audit, tmp_path, text):
    file = tmp_path / "project.yaml"
    file.write_text(dict(projects.project_texts(audit, back(tmp_path, text))).popitem()[1])
    assert project_file.check(file) == ()
    held = review(project_file.load(file))
    return held, {str(one.rule): reason for one, reason in held.silenced}


@pytest.mark.parametrize("by", ["staff", "language"])
@pytest.mark.parametrize("gap", ["early:A", "bleed:A"])  # without a library project, and with one
def test_each_line_passes_the_review_with_reasons_that_are_true_of_its_audit(
    found, tmp_path, by, gap
):
    audit = found.audit
    if by != "staff":
        last = audit.dimensions[1].model_copy(update={"dimension": "need for an interpreter"})
        audit = audit.model_copy(update={"dimensions": (audit.dimensions[0], last)})
    text = with_key(drafted(found, gap), "What we will try", "Listen, with an interpreter")
    held, reasons = _reviewed(audit, tmp_path, text)
    assert held.passed
    assert ("changes_with_recording" in reasons) == (gap == "early:A")
    looked = "as a dimension of its own" in reasons["language_recorded"]
    assert looked == (by == "language")


def test_a_white_reference_out_of_custom_is_not_silenced_by_the_reason_that_is_asked_about(
    found, tmp_path
):
    reason = "White women are the largest group, the usual default."
    first = found.audit.dimensions[0]
    against = first.reference.model_copy(update={"compare_with": "White", "reason": reason})
    first = first.model_copy(update={"reference": against})
    audit = found.audit.model_copy(update={"dimensions": (first, found.audit.dimensions[1])})
    held, reasons = _reviewed(audit, tmp_path, drafted(found))
    assert [str(one.rule) for one in held.open] == ["white_reference"]
    assert reason not in reasons.values()


# ------------------------------------------------------------------ progress


def _progress(found, tmp_path, findings):
    raw = findings if isinstance(findings, bytes) else json.dumps(findings).encode()
    (tmp_path / "findings.json").write_bytes(raw)
    one = {"project": "bleed_a", "indicator": "bleed", "group": "A", "findings": "findings.json"}
    told = type(found.audit).model_validate(found.audit.model_dump() | {"progress": [one]})
    return " ".join(progress_sentences(replace(found, audit=told, folders=(tmp_path,))))


def _gap(**more):
    return {"measure": "bleed", "stratum": "A", "site": "unit", "verdict": "narrowing"} | more


ALL = {"site": "All sites", "verdict": "widening"}


OTHERS = _gap(measure="smoking", declared=True)
HERE, THERE = _gap(declared=True), _gap(declared=True, site="other", verdict="widening")


@pytest.mark.parametrize(
    ("gaps", "told", "never"),
    [
        ([OTHERS], "say nothing of this group and indicator", "arrow"),
        ([OTHERS, _gap(verdict="widening")], "Widening", "arrow"),
        ([HERE, _gap(**ALL)], "Widening", "arrow"),
        ([HERE, THERE], "arrowing at Unit; widening at other", "All sites"),
        ([_gap(verdict=[])], "say nothing", "arrow"),
    ],
)
def test_progress_is_the_verdict_of_this_project_on_this_gap(found, tmp_path, gaps, told, never):
    said = _progress(found, tmp_path, {"project": "bleed_a", "gaps": gaps})
    assert told in said
    assert never not in said


@pytest.mark.parametrize(
    "findings",
    [[], {"project": "bleed_a", "gaps": None}, {"project": "bleed_a", "gaps": {"a": 1}},
     {"gaps": [_gap()]}, {"project": "smoking_b", "gaps": [_gap()]}, b'{"gaps":"\xe9"}', b""],
)  # fmt: skip
def test_findings_of_another_project_or_of_none_are_named_with_their_file(
    found, tmp_path, findings
):
    with pytest.raises(UserError, match=r"findings\.json: (is no|holds the findings of)"):
        _progress(found, tmp_path, findings)
