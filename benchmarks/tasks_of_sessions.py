"""What a consultant, a facilitator and an equity lead come to do: tasks for `tasks.py` to play.

Nothing is counted here: the hand that is given counts what it does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks import Hand

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1366, "height": 768}
PROJECT, SITE = "pph_reduction", "site_a"
STEPS = (
    ("Scales on the night shift", "Asha"),
    ("Ask Ashdown how they did it", "Ruth"),
    ("Tell the parents' panel", "Mo"),
)


def read_the_answer(hand: Hand) -> None:
    """Follow the link in a mail, and find the answer on the first screenful."""
    hand.opens(f"?page=charts&project={PROJECT}&site={SITE}&stratum=Black")
    hand.steps += 1
    answer = hand.page.locator(".answer").first
    answer.wait_for()
    chart = hand.page.locator(".plot[data-drawn]").first
    chart.wait_for()
    # All of the sentence, and enough of the chart to see where its line lies.
    high = hand.page.viewport_size["height"]
    sentence, drawn = answer.bounding_box(), chart.bounding_box()
    if sentence["y"] + sentence["height"] > high or drawn["y"] + drawn["height"] / 2 > high:
        raise AssertionError("the answer is not within the first screenful")


def agenda_to_three_steps(hand: Hand) -> None:
    """From the agenda, held still, to three steps with an owner, each on its slide."""
    hand.opens(f"?page=session&project={PROJECT}")
    page = hand.page
    hold = page.get_by_role("button", name="Hold this agenda still")
    hold.wait_for()
    hand.taps(hold)
    page.locator(".saved").wait_for()
    hand.taps(page.get_by_role("link", name="Present the agenda"))
    for place, (step, owner) in enumerate(STEPS, 1):
        page.locator(".place", has_text=f"{place} of ").wait_for()
        hand.taps(page.locator("#write-step summary"))
        for field, text in (("#action-text", step), ("#action-owner", owner)):
            hand.taps(page.locator(field))
            page.keyboard.type(text)
            hand.keys += len(text)
        hand.presses("Enter")
        page.locator(".saved", has_text=f"{owner} has it").wait_for()
        if place < len(STEPS):
            hand.taps(page.get_by_role("link", name="Next", exact=True))


def worst_gap(hand: Hand) -> None:
    """From the agenda, ranked by what is known, to the first gap that widens, over time."""
    hand.opens(f"?page=session&project={PROJECT}")
    page = hand.page
    first = page.locator(".agenda li", has=page.locator(".sign", has_text="widening")).first
    first.wait_for()
    hand.taps(first.get_by_role("link", name="Open its page"))
    page.wait_for_url("**page=charts**")
    gap = page.locator("[data-figure=answer_gap] .plot[data-drawn]")
    gap.wait_for()
    box = gap.bounding_box()
    if box["y"] + box["height"] > page.viewport_size["height"]:
        raise AssertionError("the gap over time is not within the first screenful")


Task = Callable[["Hand"], None]
# Task, for whom -> the screen and the function.
TASKS: dict[tuple[str, str], tuple[dict[str, int], Task]] = {
    ("Consultant", "a link to the answer read"): (DESKTOP, read_the_answer),
    ("Consultant", "the same link on a phone"): (PHONE, read_the_answer),
    ("Facilitator", "the agenda to three steps captured"): (DESKTOP, agenda_to_three_steps),
    ("Equity lead", "the gap of whom most is established"): (DESKTOP, worst_gap),
}
