"""Every picture of a rule holds, and the page of the rules shows just these pictures."""

import pytest
from rule_pictures import CHAPTERS, PAGE, Picture, found, page

from qi_equity.spc.rules import RULES, rules_of

PICTURES = [picture for pictures in CHAPTERS.values() for picture in pictures]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda p: f"{p.rule.name}: {p.why}")
def test_the_picture_holds(picture: Picture) -> None:
    assert found(picture.rule, picture.points) == picture.marks, picture.why


@pytest.mark.parametrize("picture", PICTURES, ids=lambda p: f"{p.rule.name}: {p.why}")
def test_its_mirror_image_holds(picture: Picture) -> None:
    heights = str.maketrans("+-MmNnLl123456789^v", "-+mMnNlL987654321v^")
    mirrored = found(picture.rule, picture.points.translate(heights))
    assert mirrored == picture.marks.translate(heights)


def test_every_rule_has_pictures_with_and_without_marks() -> None:
    for name in RULES:
        drawn = [picture.marks for picture in PICTURES if picture.rule.name == name]
        assert any(set(marks) != {"."} for marks in drawn), name
        assert any(set(marks) == {"."} for marks in drawn), name


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python tests/spec/rule_pictures.py"


def test_a_length_can_be_given() -> None:
    assert found(rules_of({"shift": 4})[0], "++++-") == "^^^^."
    assert found(rules_of({"trend": 4})[0], "34562") == "^^^^."
