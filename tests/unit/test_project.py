"""The vocabulary refuses what cannot be, whoever makes a project."""

from datetime import date

import pytest
from pydantic import ValidationError

from qi_equity.project import (
    USUAL_CHART,
    Aim,
    Baseline,
    Condition,
    EquityAim,
    Group,
    Measure,
    Project,
    Reference,
    Site,
    Strata,
)

WHY = "No group is the norm here."


def equity_aim(**changes):
    said = {"stratum": "Black", "measure": "m", "from": 0.3, "to": 0.2, "by": "2025-12-31"}
    return EquityAim.model_validate(said | changes)


def aim(*equity):
    return Aim.model_validate(
        {"population": "p", "measure": "m", "from": 1, "to": 2, "by": "2025-12-31"}
        | {"equity": equity}
    )


def measure(**changes):
    said = {"id": "m", "name": "M", "role": "outcome", "numerator": "n", "direction": "none"}
    return Measure.model_validate(said | changes)


def test_a_project_has_an_equity_aim():
    with pytest.raises(ValidationError, match="equity"):
        aim()


def test_a_reference_has_no_default():
    assert Reference.model_fields["compare_with"].is_required()
    with pytest.raises(ValidationError, match="reason"):
        Reference.model_validate({"compare_with": "White"})
    assert Strata.model_fields["reference"].is_required()


@pytest.mark.parametrize(
    ("compare_with", "kept", "target"),
    [
        ("everyone else", "everyone else", None),
        (0.05, "0.05", 0.05),
        ("0.05", "0.05", 0.05),
        (5, "5", None),  # a group is called so
        ("6", "6", None),
    ],
)
def test_a_target_rate_is_a_reference_too(compare_with, kept, target):
    reference = Reference.model_validate({"compare_with": compare_with, "reason": WHY})
    strata = Strata(groups=(Group(name="5"), Group(name="6")), reference=reference)
    assert (reference.compare_with, strata.target) == (kept, target)


def test_the_primary_contrast_is_the_one_declared():
    first, second = equity_aim(), equity_aim(stratum="Asian", primary=True)
    assert aim(first, second).primary == second
    assert aim(first).primary == first


@pytest.mark.parametrize("kind", USUAL_CHART)
def test_the_usual_chart_of_each_kind_of_data(kind):
    assert measure(data=kind).kind == USUAL_CHART[kind]
    assert measure(data=kind, chart="run").kind == "run"


@pytest.mark.parametrize("said", [{}, {"subgroups": 12, "until": date(2025, 1, 1)}])
def test_a_baseline_is_a_number_or_a_date(said):
    with pytest.raises(ValidationError, match="either subgroups"):
        Baseline.model_validate(said)


@pytest.mark.parametrize("day", [2025, 20250131, "2025-1-31", "31.01.2025", "2025-02-30", True])
def test_a_day_is_written_one_way(day):
    with pytest.raises(ValidationError):
        equity_aim(by=day)


def test_a_day_may_be_a_date():
    assert equity_aim(by=date(2025, 12, 31)) == equity_aim()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({}, "say what this column must be"),
        ({"known": False, "is": 3}, "cannot be anything else"),
        ({"at_least": 5, "below": 3}, "nothing is above 5 and below 3"),
    ],
)
def test_a_condition_can_be_met(said, reason):
    with pytest.raises(ValidationError, match=reason):
        Condition.model_validate(said)


@pytest.mark.parametrize(("value", "kind"), [(True, bool), (1, float), (0.5, float), ("1", str)])
def test_a_condition_keeps_the_kind_of_its_value(value, kind):
    assert type(Condition.model_validate({"is": value}).is_) is kind


def test_unknown_groups_are_shown_and_not_compared():
    groups = (Group(name="Black"), Group(name="White"), Group(name="Not known", unknown=True))
    strata = Strata(groups=groups, reference=Reference(compare_with="everyone else", reason=WHY))
    assert strata.known == ("Black", "White")


def test_nothing_changes_once_read():
    site = Site(id="one", name="One")
    with pytest.raises(ValidationError, match="frozen"):
        site.name = "Two"


def test_a_project_can_be_written_out_and_read_again():
    project = Project(
        id="p",
        title="P",
        clinical_area="other",
        network="N",
        sites=(Site(id="one", name="One"),),
        aim=aim(equity_aim()),
        strata=Strata(
            groups=(Group(name="Black"), Group(name="White")),
            reference=Reference(compare_with="everyone else", reason=WHY),
        ),
        measures=(measure(denominator="d"),),
    )
    assert Project.model_validate_json(project.model_dump_json(by_alias=True)) == project
