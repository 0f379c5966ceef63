"""The planner's table: what is met, never seen or cannot be planned is said by a code."""

import numpy as np
import pandas as pd
import pytest

from qi_equity.errors import DataErrors
from qi_equity.frames.plan import plans

WEEKS = pd.date_range("2025-01-06", periods=52, freq="W-MON")
LOG = pd.DataFrame(
    {
        "week": WEEKS.repeat(3), "ethnicity": ["Asian", "Black", "White"] * 52,
        "pph": [0, 2, 5] * 52, "births": [10, 10, 50] * 52, "minutes": np.arange(156) % 7 + 60.0,
    }
)  # fmt: skip
COUNTED = {"numerator": "pph", "denominator": "births"}
KEYS = {"stratum": "ethnicity", "subgroup": "week"}


def asked(question: str, **more: object) -> pd.DataFrame:
    found = plans(LOG, **KEYS, **more)
    return found[found["question"] == question].set_index("ethnicity")


def test_a_target_already_met_is_said_to_be_met_and_has_no_wait():
    for better, answer in (
        ("decrease", ["met", "weeks", "met"]),
        ("increase", ["cannot", "met", "weeks"]),
    ):
        found = asked("target", **COUNTED, target=0.12, direction=better)
        assert found["answer"].tolist() == answer
        assert found.loc[found["answer"] == "met", "weeks"].isna().all()


def test_a_rate_of_nothing_cannot_be_planned_and_says_why():
    found = asked("gap moves by half", **COUNTED)
    assert found.loc["Asian", ["answer", "reason"]].tolist() == ["cannot", "no odds"]
    assert found.loc["Black", "reason"] == ""


def test_the_two_questions_of_an_aim_are_told_apart():
    found = plans(LOG, **KEYS, **COUNTED, to={"Black": 0.1})
    black = found[(found["ethnicity"] == "Black") & (found["rate_after"] == 0.1)]
    assert dict(zip(black["question"], black["asks"], strict=True)) == {
        "gap when the aim is met": "gap",
        "aim": "rate",
    }
    # The reference varies too, so the gap takes longer to see than the rate.
    waits = black.set_index("asks")["weeks"]
    assert waits["rate"] < waits["gap"]


def test_a_gap_moves_for_the_better_on_whichever_side_of_the_reference():
    found = asked("gap moves by half", **COUNTED, reference="White")
    assert found.loc["Black", "rate_after"] < found.loc["Black", "rate"]
    low = LOG.assign(pph=[4, 1, 20] * 52)
    for direction, better in (("decrease", -1), ("increase", 1), (None, 1)):
        # Nothing says which way is better: towards the reference, which has more.
        moved = plans(low, **KEYS, **COUNTED, reference="White", direction=direction)
        assert (np.sign(moved["rate_after"] - moved["rate"]) == better).all()


def test_counts_alone_are_planned_as_poisson_counts():
    found = asked("target", numerator="pph", target=1.0)
    assert found["answer"].tolist() == ["met", "weeks", "weeks"]
    # Two a week to one: half a log of 4, information 1.5 a week, 52 weeks of baseline.
    left = 1.5 * np.log(2) ** 2 / 7.8489 - 1 / 52
    assert found.loc["Black", "weeks"] == np.ceil(1 / left)
    moves = asked("level moves", numerator="pph")
    assert moves.loc["Asian", ["answer", "reason"]].tolist() == ["cannot", "no event"]


def test_a_mean_is_planned_from_how_far_its_neighbours_lie_apart():
    found = asked("target", value="minutes", target=61.0)
    spread = 0.5 * np.mean(np.diff(LOG.loc[LOG["ethnicity"] == "Black", "minutes"]) ** 2)
    far = 61.0 - found.loc["Black", "rate"]
    left = far**2 / spread / 7.8489 - 1 / 52
    assert found.loc["Black", "weeks"] == np.ceil(1 / left)
    still = plans(LOG.assign(minutes=60.0), **KEYS, value="minutes")
    assert set(still["answer"]) == {"cannot"}
    assert set(still["reason"]) == {"no spread"}


def test_a_count_over_an_exposure_moves_on_the_log_scale():
    found = asked("target", **COUNTED, kind="rate", target=0.1)
    assert found.loc["Black", "answer"] == "weeks"
    assert np.isnan(found.loc["Black", "process_weeks"])


def test_something_must_be_named_to_plan_for():
    with pytest.raises(DataErrors, match="name a numerator, or a value"):
        plans(LOG, **KEYS)


def test_the_gap_of_a_measurement_is_planned_for_too():
    months = pd.date_range("2024-01-01", periods=24, freq="MS")
    rng = np.random.default_rng(3)
    log = pd.DataFrame(
        {
            "month": months.repeat(2),
            "ethnicity": ["Black", "White"] * 24,
            "minutes": np.tile([70.0, 50.0], 24) + rng.normal(0, 6, 48),
        }
    )
    found = plans(
        log, value="minutes", stratum="ethnicity", subgroup="month", reference="White",
        to={"Black": 50.0},
    )  # fmt: skip
    gap = found[found["asks"] == "gap"].set_index(["ethnicity", "question"])
    closing = gap.loc[("Black", "gap when the aim is met")]
    half = gap.loc[("Black", "gap moves by half")]
    assert closing["answer"] == half["answer"] == "weeks"
    assert closing["weeks"] < half["weeks"]
    assert half["rate_after"] == pytest.approx(60, abs=2)
    assert ("White", "gap moves by half") not in gap.index


def test_a_stratum_alone_is_planned_for_beside_its_own_past():
    alone = LOG[LOG["ethnicity"] == "Black"]
    found = plans(alone, **COUNTED, **KEYS, to={"Black": 0.02}, target=0.01)
    assert found["question"].tolist() == ["aim", "target"]
    assert found["answer"].eq("weeks").all()
    assert plans(alone, **COUNTED, **KEYS)["question"].tolist() == ["level moves"]
