"""The eighteen rules of check --equity: each finds what it is for, and leaves the rest alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from qi_equity.cli import app
from qi_equity.equity_lint import review
from qi_equity.project import Project
from qi_equity.project_file import check, library, load
from qi_equity.vocabulary import EquityRule
from qi_equity.words.equity_lint import about, report, said

BASE = load(library()["pph"]).model_dump(by_alias=True, exclude_unset=True)
BASE |= {
    "equity_reasons": {},
    "co_production": "Six women decide with us.",
    "principles": [{"prompt": str(n), "answer": "Ours."} for n in range(7)],
}


def changed(**parts) -> Project:
    return Project.model_validate({**BASE, **parts}, by_alias=True, by_name=False)


def strata(**parts) -> dict:
    return {"strata": {**BASE["strata"], **parts}}


def measure(number: int = 0, **parts) -> dict:
    measures = list(BASE["measures"])
    measures[number] = {**measures[number], **parts}
    return {"measures": measures}


def without(part: dict, *keys: str) -> dict:
    return {key: value for key, value in part.items() if key not in keys}


def equity(*aims: dict) -> dict:
    shared = {"from": 0.12, "to": 0.06, "by": date(2027, 12, 31)}
    return {"aim": {**BASE["aim"], "equity": [{**shared, **aim} for aim in aims]}}


POOLED = [
    {"name": "Asian and Black", "codes": ["Asian", "Black"]},
    *[group for group in BASE["strata"]["groups"] if group["name"] not in ("Asian", "Black")],
]
CASES = {
    "equity_aim": equity(
        {"stratum": "Black", "measure": "loss_weighed", "from": 0.5, "to": 0.9, "primary": True},
        {"stratum": "Asian", "measure": "loss_weighed", "from": 0.5, "to": 0.9},
    ),
    "white_reference": strata(
        reference={"compare_with": "White", "reason": "White women are the largest group."}
    ),
    "pooled_groups": strata(groups=POOLED)
    | equity({"stratum": "White", "measure": "pph", "primary": True}),
    "balancing_measure": {"measures": [m for m in BASE["measures"] if m["role"] != "balancing"]},
    "co_production": {"co_production": None},
    "eligibility_by_ethnicity": {"clinical_area": "gestational diabetes"},
    "changes_with_recording": measure(recording_shown_by=None),
    "principles_answered": {"principles": BASE["principles"][:6]},
    "language_recorded": {"language": None},
    "levelling_down": equity(
        {"stratum": "Black", "measure": "pph", "primary": True},
        {"stratum": "Black", "measure": "transfusion", "kind": "ratio", "from": 2, "to": 1.2},
    ),
    "rolling_windows": measure(2, numerator="Women assessed, rolling three months"),
    "short_baseline": measure(baseline={"subgroups": 6}),
    "codes_of_2001": strata(code_system="nhs_16_plus_1", roll_up="nhs_5"),
    "whose_ethnicity": {"strata": without(BASE["strata"], "whose")},
    "other_threshold": measure(
        national={"value": 0.032, "threshold": 1500, "period": "2025", "source": "national"}
    ),
    "share_back": {"share_back": None},
}
OF_COUNTS = ["planner_says_never", "unknown_at_baseline"]


def test_every_rule_has_a_case_here():
    assert {*CASES, *OF_COUNTS} == {rule.value for rule in EquityRule}


def test_a_project_that_has_it_all_passes_and_what_needs_counts_is_held_back():
    found = review(changed())
    assert found.passed
    assert found.silenced == ()
    assert list(found.held_back) == OF_COUNTS


@pytest.mark.parametrize("rule", CASES)
def test_each_rule_finds_its_case_and_no_other_rule_does(rule):
    found = review(changed(**CASES[rule]))
    assert {each.rule.value for each in found.open} == {rule}
    for each in found.open:
        assert "{" not in said(each)
        assert all(about(each.rule).values())
    reason = {rule: "We looked at this together and have a reason for it."}
    silenced = review(changed(**CASES[rule], equity_reasons=reason))
    assert silenced.passed
    assert {each.rule.value for each, _ in silenced.silenced} == {rule}


def test_a_measure_that_is_not_a_word_of_race_is_no_case_of_eligibility():
    # "trace" holds "race".
    assert review(changed(**measure(1, denominator="Women whose baby's trace was kept"))).passed


def test_a_pooled_group_with_a_note_has_its_reason():
    groups = [{**POOLED[0], "note": "Chosen by both communities."}, *POOLED[1:]]
    found = review(changed(**CASES["pooled_groups"] | strata(groups=groups)))
    assert found.passed


def test_a_reason_that_nothing_needs_is_named():
    found = review(changed(equity_reasons={"share_back": "We had none, and now there is one."}))
    assert list(found.idle_reasons) == ["share_back"]
    assert not found.passed
    assert "share_back: there is a reason in the file, and nothing for it" in report(found)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("share_bak: long enough to be a reason", "no rule called 'share_bak'; did you mean"),
        ("share_back: n/a", "say why in words that a reviewer can weigh, not 'n/a'"),
        ("share_back:", "is empty"),
    ],
)
def test_a_reason_for_no_rule_or_no_reason_is_named_by_check(reason, told, tmp_path):
    text = library()["tears"].read_text(encoding="utf-8")
    path = tmp_path / "p.yaml"
    path.write_text(text.replace("  co_production: >-", f"  {reason}\n  co_production: >-", 1))
    assert any(told in problem.message for problem in check(path)), check(path)


def log(black: int, births: int, unknown: int, months: int = 24) -> pd.DataFrame:
    rows = [
        ("pph", "our_unit", group, month, events, number)
        for month in pd.date_range("2024-01-01", periods=months, freq="MS")
        for group, events, number in (
            ("Black", black, births),
            ("White", 10, 200),
            ("Not stated or not known", unknown // 20, unknown),
        )
    ]
    names = ["measure", "site", "stratum", "subgroup", "numerator", "denominator"]
    return pd.DataFrame(rows, columns=names).assign(value=float("nan"))


def test_a_tenth_unknown_at_baseline_is_too_many():
    few, many = (review(changed(), log(12, 100, unknown)) for unknown in (20, 60))
    assert few.passed
    assert few.held_back == ()
    assert [each.rule.value for each in many.open] == ["unknown_at_baseline"]
    assert "at baseline 16.7% have no known group" in report(many)


def test_who_has_no_known_group_is_not_judged_where_nobody_can_tell_how_many_they_are():
    counts = log(12, 100, 60)
    without = counts["stratum"] == "Not stated or not known"
    withheld = counts.assign(
        numerator=counts["numerator"].mask(without), denominator=counts["denominator"].mask(without)
    )
    assert list(review(changed(), withheld).held_back) == ["unknown_at_baseline"]
    known = [group for group in BASE["strata"]["groups"] if not group.get("unknown")]
    none_declared = review(changed(**strata(groups=known)), counts[~without])
    assert list(none_declared.held_back) == ["unknown_at_baseline"]


def test_an_aim_whose_answer_comes_after_its_day_is_told_the_weeks():
    soon = equity({"stratum": "Black", "measure": "pph", "by": date(2025, 6, 30)})
    assert "an answer needs about 74 weeks after a change" in report(
        review(changed(**soon), log(5, 50, 0))
    )


def test_an_aim_that_cannot_be_answered_by_its_day_is_named():
    found = review(changed(), log(1, 8, 0))
    assert [each.rule.value for each in found.open] == ["planner_says_never"]
    over = equity({"stratum": "Black", "measure": "pph", "by": date(2024, 6, 30)})
    assert "is over before its baseline is" in report(review(changed(**over), log(12, 100, 0)))


def test_the_command_says_why_and_what_to_do_and_stops_with_exit_code_1(tmp_path):
    path = tmp_path / "ours.yaml"
    text = library()["tears"].read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    run = CliRunner().invoke
    assert run(app, ["check", str(path), "--equity"]).exit_code == 0
    path.write_text(text.replace("share_back: >-", "note: >-"), encoding="utf-8")
    asked = run(app, ["check", str(path), "--equity"])
    assert asked.exit_code == 1
    for word in ("share_back: nothing says", "why:", "source:", "do:", "Not judged"):
        assert word in asked.output
    assert run(app, ["check", str(path)]).exit_code == 0
    assert Path(path).is_file()
