"""What the team set out to do: the aims, the driver diagram, the cycles and the principles."""

from __future__ import annotations

from typing import Any

from qi_equity.app.pages.page import Context, Page
from qi_equity.project import EquityAim, Project
from qi_equity.words.grammar import inside
from qi_equity.words.numbers import amount, day, number


def project(context: Context) -> Page:
    """The project file, as people read it."""
    plan = context.choice.project
    measure = plan.measure(plan.aim.measure)
    low, high = (
        amount(end * measure.multiply, measure.unit) for end in (plan.aim.from_, plan.aim.to)
    )
    values: dict[str, Any] = {
        "heading": plan.title,
        "aim": f"For {inside(plan.aim.population)}: {inside(measure.name)}, from {low} to {high} "
        f"by {day(plan.aim.by)}.",
        "equity": [_equity(plan, aim) for aim in plan.aim.equity],
        "tree": _tree(plan, None),
        "cycles": [_cycle(context, cycle) for cycle in sorted(plan.cycles, key=_start)],
        "plan": plan,
        "names": {measure.id: measure.name for measure in plan.measures},
    }
    return Page("project.html", values, title=plan.title)


def _start(cycle: Any) -> Any:
    return cycle.start, cycle.id


def _equity(plan: Project, aim: EquityAim) -> dict[str, Any]:
    measure = plan.measure(aim.measure)
    reference = plan.strata.reference.compare_with

    def said(end: float) -> str:
        if aim.kind == "ratio":
            return f"{number(end, 2)} times"
        return amount(end * measure.multiply, measure.unit)

    what = {
        "rate": f"{aim.stratum}: {inside(measure.name)}",
        "difference": f"{aim.stratum}: difference to {reference} in {inside(measure.name)}",
        "ratio": f"{aim.stratum}: ratio to {reference} in {inside(measure.name)}",
    }[aim.kind]
    text = f"{what}, from {said(aim.from_)} to {said(aim.to)} by {day(aim.by)}."
    return {"text": text, "primary": aim.primary}


def _tree(plan: Project, above: str | None) -> list[dict[str, Any]]:
    """Drivers under what they move, change ideas under their driver."""
    return [
        {
            "name": driver.name,
            "measures": [plan.measure(one).name for one in driver.measures],
            "ideas": [idea.name for idea in driver.change_ideas],
            "below": _tree(plan, driver.id),
        }
        for driver in plan.drivers
        if driver.moves == above
    ]


def _cycle(context: Context, cycle: Any) -> dict[str, Any]:
    ideas = {
        idea.id: idea.name
        for driver in context.choice.project.drivers
        for idea in driver.change_ideas
    }
    steps = [("Plan", cycle.plan), ("Do", cycle.do), ("Study", cycle.study), ("Act", cycle.act)]
    return {
        "title": cycle.title,
        "when": f"{day(cycle.start)} to {day(cycle.end) if cycle.end else 'now'}",
        "sites": ", ".join(context.choice.site_name(site) for site in cycle.sites) or "every site",
        "strata": ", ".join(cycle.strata) or "every stratum",
        "idea": ideas.get(cycle.change_idea, ""),
        "steps": [(name, text or "not written yet") for name, text in steps],
    }
