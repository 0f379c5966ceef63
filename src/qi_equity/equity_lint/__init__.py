"""What an anti-racism reviewer asks of a project: every rule judged; nothing is put into words.

A rule is silenced by a written reason in the file (`equity_reasons`) and by nothing else: one that
says nothing yet, or what the rule asks about, is none. A rule that cannot be judged for want of
data is held back, and named as such.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from qi_equity.answers import is_reason
from qi_equity.equity_lint.of_data import WITH_DATA
from qi_equity.equity_lint.of_file import OF_FILE, Found
from qi_equity.equity_lint.wording import of_custom
from qi_equity.project import Project
from qi_equity.vocabulary import EquityRule

__all__ = ["Found", "Review", "review"]


@dataclass(frozen=True, slots=True)
class Review:
    """What was found of a project, in the order of the rules."""

    project: str
    open: tuple[Found, ...]
    silenced: tuple[tuple[Found, str], ...]  # with the reason the file gives
    held_back: tuple[EquityRule, ...]  # cannot be judged without data
    idle_reasons: tuple[EquityRule, ...]  # a reason in the file for a rule that finds nothing
    no_reasons: tuple[
        EquityRule, ...
    ] = ()  # what stands there for a rule that is open is no reason

    @property
    def passed(self) -> bool:
        """Whether nothing is open, and every reason is needed."""
        return not self.open and not self.idle_reasons


# What a rule asks about is no reason to leave it so: custom is not answered by custom.
ASKED_ABOUT: Mapping[str, Callable[[str], bool]] = {EquityRule.WHITE_REFERENCE: of_custom}


def review(project: Project, observations: pd.DataFrame | None = None) -> Review:
    """Every rule on a project, and on its observations where they are given.

    >>> from qi_equity import project_file
    >>> found = review(project_file.load(project_file.library()["pph"]))
    >>> found.passed, [rule.value for rule in found.held_back]
    (True, ['planner_says_never', 'unknown_at_baseline'])
    """
    found: list[Found] = []
    held_back: list[EquityRule] = []
    for rule in EquityRule:
        here = OF_FILE[rule](project) if rule in OF_FILE else WITH_DATA[rule](project, observations)
        if here is None:
            held_back.append(rule)
        else:
            found += here
    written = project.equity_reasons
    reasons = {rule: text for rule, text in written.items() if _silences(rule, text)}
    fired = {each.rule for each in found}
    return Review(
        project.id,
        tuple(each for each in found if each.rule not in reasons),
        tuple((each, reasons[each.rule]) for each in found if each.rule in reasons),
        tuple(held_back),
        tuple(r for r in EquityRule if r in written and r not in fired and r not in held_back),
        tuple(r for r in EquityRule if r in written and r not in reasons and r in fired),
    )


def _silences(rule: str, text: str) -> bool:
    """Whether what stands under a rule is a reason, and not the very thing the rule asks about."""
    return is_reason(text) and not (rule in ASKED_ABOUT and ASKED_ABOUT[rule](text))
