"""What the team set out to do: the aims, the driver diagram, the cycles and the principles."""

from __future__ import annotations

from typing import Any

import pandas as pd

from qi_equity.app.pages.captured import captured
from qi_equity.app.pages.page import Context, Page
from qi_equity.project import Project
from qi_equity.store import Logged
from qi_equity.store.releases import SCHEDULE
from qi_equity.words import say
from qi_equity.words.aims import aim_sentence, fair_sentence
from qi_equity.words.grammar import called, listed
from qi_equity.words.numbers import day


def project(context: Context) -> Page:
    """The project file, as people read it."""
    plan = context.choice.project
    values: dict[str, Any] = captured(context) | {
        "heading": plan.title,
        "aim": aim_sentence(plan),
        "equity": [
            {"text": fair_sentence(plan, aim), "primary": aim.primary} for aim in plan.aim.equity
        ],
        "tree": _tree(plan, None),
        "plan": plan,
        "names": {measure.id: measure.name for measure in plan.measures},
        "releases": _releases(context),
        "cycles": [_cycle(context, cycle) for cycle in sorted(plan.cycles, key=_start)],
    }
    return Page("project.html", values, title=plan.title)


def _releases(context: Context) -> dict[str, Any]:
    """The log of releases, newest first, and who may approve one; empty where nothing is kept."""
    desk, plan = context.desk, context.choice.project
    if desk is None:
        return {}
    log = desk.releases(plan.id)[::-1]
    shown = next((one.number for one in log if not one.withdrawn), 0)
    names = {site.id: site.name for site in plan.sites}
    consented = listed(names[site] for site in desk.consented(plan.id) if site in names)
    user = desk.user
    return {
        "may": bool(user.where("release", frozenset(names), frozenset())),
        "how": say(f"release.how.{plan.disclosure.release}"),
        "consented": consented or say("release.nobody"),
        "log": [
            {
                "number": one.number,
                "made": day(pd.Timestamp(one.day)),
                "by": say("release.by_month") if one.who == SCHEDULE else one.who,
                "to": day(pd.Timestamp(one.counts_to)) if one.counts_to else "",
                "sites": listed(names.get(site, site) for site in one.record["sites"]),
                "withheld": len(one.record["withheld"]),
                "state": _state(one, shown),
                "withdrawn": bool(one.withdrawn),
            }
            for one in log
        ],
    }


def _state(one: Logged, shown: int) -> str:
    if one.withdrawn:
        return say("release.withdrawn", who=one.withdrawn_by, why=one.withdrawn)
    return say("release.shown") if one.number == shown else say("release.earlier")


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
