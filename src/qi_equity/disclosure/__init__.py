"""Small numbers kept from the network: releases, made inside the sites' boundary and frozen.

What the network sees, words and numbers, is worked out from what a release made public, and from
nothing else.
"""

from __future__ import annotations

from dataclasses import replace

from qi_equity.disclosure.policy import POLICIES, Policy, policy_of, threshold
from qi_equity.disclosure.published import published
from qi_equity.disclosure.relations import Relation, declared
from qi_equity.disclosure.release import grids
from qi_equity.disclosure.release import release as on_blocks
from qi_equity.disclosure.released import Released, Releases, Withheld, release
from qi_equity.disclosure.seen import Beside, seen
from qi_equity.disclosure.twins import secured
from qi_equity.findings import Findings, caution
from qi_equity.observations import SERIES_KEY
from qi_equity.project import Disclosure

__all__ = [
    "POLICIES",
    "Policy",
    "Relation",
    "Released",
    "Releases",
    "Withheld",
    "protect",
    "release",
    "threshold",
]


def protect(findings: Findings, policy: Disclosure | str | Policy | None = None) -> Findings:
    """The findings as the network may see them, by the project's policy or another.

    One look at one table, in a notebook; `release` is what a network is shown: it reckons with
    what was seen before, and tells no total of fewer than three sites.

    >>> from qi_equity import project_file
    >>> project = project_file.load(project_file.examples()["pph_reduction"])
    >>> protect(Findings(project), "hes").cautions[0].code
    'protected'
    """
    asked = findings.project.disclosure if policy is None else policy
    chosen = policy_of(asked)
    if chosen is None:
        assert isinstance(asked, Disclosure)  # nothing else asks for no policy
        said = caution("not_protected", reason=asked.reason or "")
        return replace(findings, cautions=(*findings.cautions, said))
    project = findings.project
    made = [on_blocks(grid, chosen) for grid in grids(findings.points, project)]
    safe = secured(made, told=declared(project)).releases
    public = [published(one, chosen) for one in safe]
    counted = {one.grid.measure.id for one in safe}
    charts = findings.charts
    others = charts[~charts["measure"].isin(counted)] if len(charts) else charts
    keys = others[SERIES_KEY].drop_duplicates().itertuples(index=False, name=None)
    return seen(project, public, chosen, Beside(tuple(keys)), judge=findings.judged)
