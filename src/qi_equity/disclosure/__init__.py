"""Small numbers kept from the network: one pass over findings, before anything leaves the site.

Words are those of the true counts; every number is worked out from counts that were released.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from qi_equity.analyse import analyse
from qi_equity.disclosure.policy import POLICIES, Policy, policy_of, threshold
from qi_equity.disclosure.release import grids, release
from qi_equity.disclosure.rewrite import rewritten
from qi_equity.disclosure.twins import secured
from qi_equity.findings import Findings, caution
from qi_equity.project import Disclosure, Project

__all__ = ["POLICIES", "Policy", "network_findings", "protect", "threshold"]


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
    **options: Any,
) -> Findings:
    """What may leave the site: analysed on true counts, then protected; for store.open()."""
    return protect(analyse(project, observations, **options), policy)


def _unprotected(findings: Findings, asked: Disclosure) -> Findings:
    said = caution("not_protected", reason=asked.reason or "")
    return replace(findings, cautions=(*findings.cautions, said))
