"""What the team set out to do: the aims, the driver diagram, the cycles and the principles."""

from __future__ import annotations

from typing import Any

from qi_equity.app.pages.page import Context, Page
from qi_equity.project import Project
from qi_equity.words import say
from qi_equity.words.aims import aim_sentence, fair_sentence
from qi_equity.words.grammar import called, listed
from qi_equity.words.numbers import day


def project(context: Context) -> Page:
    """The project file, as people read it."""
    plan = context.choice.project
    values: dict[str, Any] = {
        "heading": plan.title,
        "aim": aim_sentence(plan),
        "equity": [
            {"text": fair_sentence(plan, aim), "primary": aim.primary} for aim in plan.aim.equity
        ],
        "tree": _tree(plan, None),
        "cycles": [_cycle(context, cycle) for cycle in sorted(plan.cycles, key=_start)],
        "plan": plan,
        "names": {measure.id: measure.name for measure in plan.measures},
    }
    return Page("project.html", values, title=plan.title)


def _start(cycle: Any) -> Any:
    return cycle.start, cycle.id


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
    steps = {"plan": cycle.plan, "do": cycle.do, "study": cycle.study, "act": cycle.act}
    end = day(cycle.end) if cycle.end else say("project.now")
    sites = listed(context.choice.site_name(site) for site in cycle.sites)
    return {
        "title": cycle.title,
        "when": say("language.interval", low=day(cycle.start), high=end),
        "sites": sites or say("compare.every_site"),
        "strata": listed(map(called, cycle.strata)) or say("project.every_stratum"),
        "idea": ideas.get(cycle.change_idea, ""),
        "steps": [
            (say(f"project.step.{name}"), text or say("project.not_written"))
            for name, text in steps.items()
        ],
    }
