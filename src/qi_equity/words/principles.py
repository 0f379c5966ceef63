"""The principles in words: what waits for an answer, and what was said last."""

from __future__ import annotations

from collections.abc import Sequence

from qi_equity.network.principles import Again
from qi_equity.words import say
from qi_equity.words.numbers import day


def principles_title(found: Sequence[Again]) -> str:
    """How many wait for an answer."""
    waiting = sum(one.waiting for one in found)
    return say("principles.title", count=waiting) if waiting else say("principles.all")


def principles_lines(found: Sequence[Again]) -> list[str]:
    """A line each, in the order of the project."""
    if not found:
        return [say("principles.none")]
    return [
        say(
            "principles.waiting" if one.waiting else "principles.done",
            number=number, prompt=one.prompt, last=_last(one),
        )
        for number, one in enumerate(found, start=1)
    ]  # fmt: skip


def _last(one: Again) -> str:
    if one.answer is None:
        return say("principles.never")
    if one.day is None:
        return say("principles.file", answer=one.answer)
    return say("principles.said", day=day(one.day), answer=one.answer)
