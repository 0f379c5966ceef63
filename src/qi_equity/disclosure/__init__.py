"""Small numbers kept from the network: one pass over findings, before anything leaves the site.

Words are those of the true counts; every number is worked out from counts that were released.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from qi_equity.analyse import analyse
from qi_equity.crossed import counts, margins
from qi_equity.disclosure.policy import POLICIES, Policy, policy_of, threshold
from qi_equity.disclosure.release import grids, release
from qi_equity.disclosure.rewrite import rewritten
from qi_equity.disclosure.side_by_side import secured_margins
from qi_equity.disclosure.twins import secured
from qi_equity.findings import Findings, caution
from qi_equity.project import Disclosure, Project

__all__ = ["POLICIES", "Policy", "network_findings", "network_margin", "protect", "threshold"]


def protect(findings: Findings, policy: Disclosure | str | Policy | None = None) -> Findings:
    """The findings as the network may see them, by the project's policy or another.

    >>> from qi_equity import project_file
    >>> project = project_file.load(project_file.examples()["pph_reduction"])
    >>> protect(Findings(project), "hes").cautions[0].code
    'protected'
    """
    asked = findings.project.disclosure if policy is None else policy
    chosen = policy_of(asked)
    if chosen is None:
        assert isinstance(asked, Disclosure)  # nothing else asks for no policy
        return _unprotected(findings, asked)
    releases = secured([release(grid, chosen) for grid in grids(findings.points, findings.project)])
    return rewritten(findings, releases, chosen)


def network_findings(
    project: Project,
    observations: pd.DataFrame,
    policy: Disclosure | str | Policy | None = None,
    part: str = "",
    **options: Any,
) -> Findings:
    """What may leave the site: analysed on true counts, then protected; for store.open().

    `part` is the dimension asked for of a project that crosses two.
    """
    if part:
        return network_margin(project, observations, part, policy, **options)
    return protect(analyse(project, observations, **options), policy)


def network_margin(
    project: Project,
    observations: pd.DataFrame,
    asked: str,
    policy: Disclosure | str | Policy | None = None,
    **options: Any,
) -> Findings:
    """What may leave the site of one dimension of a crossed project, the other released beside it.

    `observations` are of the cells. Both dimensions are secured together, whichever is asked for,
    so that nothing can be got at by holding one against the other; the cells stay with the team.
    """
    parts = margins(project)
    known = [cell.name for cell in project.strata.cells]
    observations = observations[observations["stratum"].isin(known)]
    found = [
        analyse(
            part, counts(project, part, observations), **(options if part.id == asked else QUICK)
        )
        for part in parts
    ]
    place = [part.id for part in parts].index(asked)
    told = project.disclosure if policy is None else policy
    chosen = policy_of(told)
    if chosen is None:
        assert isinstance(told, Disclosure)  # nothing else asks for no policy
        return _unprotected(found[place], told)
    first, second = (
        [release(grid, chosen) for grid in grids(one.points, one.project)] for one in found
    )
    both = secured_margins(observations, first, second)
    seen = rewritten(found[place], both[place], chosen)
    return replace(seen, cautions=(*seen.cautions, caution("cells_kept")))


# How the dimension that is not asked for is analysed: its counts are all that is needed.
QUICK: dict[str, Any] = {"judge": False}


def _unprotected(findings: Findings, asked: Disclosure) -> Findings:
    said = caution("not_protected", reason=asked.reason or "")
    return replace(findings, cautions=(*findings.cautions, said))
