"""Run and control charts by ethnicity, and the gap between strata, for maternity improvement.

The public names are imported when first used, so that a command that needs none of the
statistics starts at once.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

TYPE_CHECKING = False  # as in typing, which takes ten times as long to load as all of this
if TYPE_CHECKING:
    from typing import Any

    from qi_equity.agenda import agenda
    from qi_equity.analyse import analyse
    from qi_equity.disclosure.released import release
    from qi_equity.frames.chart import chart
    from qi_equity.frames.cusum_chart import cusum_chart
    from qi_equity.frames.funnel import funnel
    from qi_equity.frames.gap_chart import gap_charts
    from qi_equity.frames.gaps import gaps
    from qi_equity.frames.phases import suggest_phases
    from qi_equity.frames.sites import sites, tried
    from qi_equity.frames.standardised import means, quantiles, standardised
    from qi_equity.frames.suppressed import suppressed_gaps
    from qi_equity.project_file import load as load_project

__version__ = "0.1.0"
__all__ = [
    "agenda",
    "analyse",
    "chart",
    "cusum_chart",
    "funnel",
    "gap_charts",
    "gaps",
    "load_project",
    "means",
    "quantiles",
    "release",
    "sites",
    "standardised",
    "suggest_phases",
    "suppressed_gaps",
    "tried",
]

_HOMES = {
    "agenda": ("qi_equity.agenda", "agenda"),
    "analyse": ("qi_equity.analyse", "analyse"),
    "chart": ("qi_equity.frames.chart", "chart"),
    "cusum_chart": ("qi_equity.frames.cusum_chart", "cusum_chart"),
    "funnel": ("qi_equity.frames.funnel", "funnel"),
    "gap_charts": ("qi_equity.frames.gap_chart", "gap_charts"),
    "gaps": ("qi_equity.frames.gaps", "gaps"),
    "load_project": ("qi_equity.project_file", "load"),
    "means": ("qi_equity.frames.standardised", "means"),
    "quantiles": ("qi_equity.frames.standardised", "quantiles"),
    "release": ("qi_equity.disclosure.released", "release"),
    "standardised": ("qi_equity.frames.standardised", "standardised"),
    "suppressed_gaps": ("qi_equity.frames.suppressed", "suppressed_gaps"),
    "sites": ("qi_equity.frames.sites", "sites"),
    "suggest_phases": ("qi_equity.frames.phases", "suggest_phases"),
    "tried": ("qi_equity.frames.sites", "tried"),
}


class _Package(ModuleType):
    def __setattr__(self, name: str, value: object) -> None:
        # Importing a module puts it on its package, and ``analyse`` is a module and a function:
        # the public name is the function, whoever imports what first.
        if name not in _HOMES or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'qi_equity' has no attribute '{name}'")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
