"""How far a team has come, in words: what the data would have beside what people say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from qi_equity.network.progress import SCORES, Progress
from qi_equity.project import Project
from qi_equity.store.entries import Assessment
from qi_equity.words import say
from qi_equity.words.grammar import called, first_up
from qi_equity.words.numbers import day, fixed
from qi_equity.words.numbers import share as percent


def progress_lines(project: Project, found: Progress, said: Sequence[Assessment]) -> Iterator[str]:
    """The proposal, why it is no higher, how much of each aim is reached, and what people say."""
    yield say("progress.proposed", score=fixed(found.score, 1))
    if found.missing is None:
        yield say("progress.top")
    else:
        step = say(f"progress.step.{found.missing}")
        yield say("progress.next", score=fixed(SCORES[found.missing], 1), step=step)
    yield say(
        "progress.share", share=_way(found.share), fair=_way(found.fair),
        stratum=called(project.aim.primary.stratum),
    )  # fmt: skip
    if not said:
        yield say("progress.nobody")
    for one in sorted(said, key=lambda one: one.day):
        yield say(
            "progress.own", who=say(f"progress.who.{one.by}"), day=day(one.day),
            score=fixed(one.score, 1), why=first_up(one.why),
        )  # fmt: skip
    if said:
        yield _beside(max(said, key=lambda one: one.day).score - found.score)
    yield say("progress.scale")


def score_line(found: Progress, said: Sequence[Assessment]) -> str:
    """The proposal beside what was said last, and the difference."""
    last = max(said, key=lambda one: one.day)
    return say(
        "progress.line", proposed=say("progress.proposed", score=fixed(found.score, 1)),
        who=say(f"progress.who.{last.by}"), day=day(last.day), score=fixed(last.score, 1),
        difference=_beside(last.score - found.score),
    )  # fmt: skip


def _beside(more: float) -> str:
    if more == 0:
        return say("progress.alike")
    if more > 0:
        return say("progress.apart", more=fixed(more, 1))
    return say("progress.below", less=fixed(-more, 1))


def _way(share: float) -> str:
    if math.isnan(share):
        return say("progress.unknown")
    return say("progress.away") if share < 0 else percent(share)
