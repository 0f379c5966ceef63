"""One link of the chain: over everything a revision says, in a form that cannot be bent."""

from __future__ import annotations

import hashlib
import json
from dataclasses import FrozenInstanceError, replace

import pytest

from qi_equity.store.chain import GENESIS, Change, Draft, Verified, canonical, link

CHANGE = Change(3, "jo", "2026-01-05T09:00:00Z", "app", "f" * 64, "a typing slip")
DRAFT = Draft("pph", "observation", "k", 2, "north", '{"numerator":4}')


def test_the_first_link_follows_sixty_four_zeros():
    assert GENESIS == "0000000000000000000000000000000000000000000000000000000000000000"


def test_a_link_is_the_sha_256_of_one_line_of_json():
    told = [
        GENESIS,
        7,
        [3, "jo", "2026-01-05T09:00:00Z", "app", "f" * 64, "a typing slip"],
        ["pph", "observation", "k", 2, "north", '{"numerator":4}'],
    ]
    line = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
    assert link(GENESIS, 7, CHANGE, DRAFT) == hashlib.sha256(line.encode()).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        ("1" * 64, 7, CHANGE, DRAFT),
        (GENESIS, 8, CHANGE, DRAFT),
        *(
            (GENESIS, 7, replace(CHANGE, **{name: 9}), DRAFT)
            for name in ("id", "who", "at", "origin", "file_hash", "why")
        ),
        *(
            (GENESIS, 7, CHANGE, replace(DRAFT, **{name: 9}))
            for name in ("project", "kind", "key", "version", "site", "body")
        ),
    ],
)
def test_whatever_differs_gives_another_link(other):
    assert link(*other) != link(GENESIS, 7, CHANGE, DRAFT)


def test_content_is_the_same_text_wherever_it_is_written():
    assert canonical({"é": 1, "a": [None, True, 0.5]}) == '{"a":[null,true,0.5],"é":1}'


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_json_has_no_word_for_is_never_written_down(number):
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"numerator": number})


def test_neither_file_nor_reason_need_be_given():
    told = Change(1, "jo", "2026", "app")
    assert (told.file_hash, told.why) == (None, None)


@pytest.mark.parametrize("kept", [CHANGE, DRAFT, Verified(2, "a")])
def test_what_was_written_down_cannot_be_altered_or_added_to(kept):
    name = next(iter(getattr(kept, "__dataclass_fields__", ("project",))))
    with pytest.raises((FrozenInstanceError, AttributeError)):
        setattr(kept, name, "another")
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
        kept.something_else = 1
    assert not hasattr(kept, "__dict__")


def test_a_walk_says_whether_every_link_holds():
    whole, broken = Verified(58, "ab"), Verified(6, "ab", "revision 7 is missing")
    assert whole.whole is True
    assert broken.whole is False
    assert str(whole) == "58 revisions, every link holds; the newest is ab"
    assert str(broken) == "the history is not whole: revision 7 is missing"
