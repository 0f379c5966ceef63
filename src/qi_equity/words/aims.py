"""A project's aims in sentences, and how a gap to be closed is written; nothing is judged here."""

from __future__ import annotations

from qi_equity.project import EquityAim, Project
from qi_equity.words import say
from qi_equity.words.grammar import called, inside
from qi_equity.words.numbers import amount, day, number


def aim_sentence(plan: Project) -> str:
    """For whom, what, from where to where, by when."""
    measure = plan.measure(plan.aim.measure)
    low, high = (
        amount(end * measure.multiply, measure.unit) for end in (plan.aim.from_, plan.aim.to)
    )
    return say(
        "project.aim_is",
        population=inside(plan.aim.population),
        measure=inside(measure.name),
        low=low,
        high=high,
        day=day(plan.aim.by),
    )


def fair_sentence(plan: Project, aim: EquityAim) -> str:
    """What fair would look like, for one stratum or for its gap."""
    measure = plan.measure(aim.measure)
    reference = plan.strata.reference.compare_with

    def said(end: float) -> str:
        if aim.kind == "ratio":
            return say("project.times", number=number(end, 2))
        return amount(end * measure.multiply, measure.unit)

    fields = {
        "stratum": called(aim.stratum),
        "measure": inside(measure.name),
        "low": said(aim.from_),
        "high": said(aim.to),
        "day": day(aim.by),
    }
    if aim.kind == "rate":
        return say("project.fair_rate", **fields)
    return say(f"project.fair_gap.{aim.kind}", reference=called(reference), **fields)
