"""A review of equity in words: what is open, why, and what to do; nothing is judged here."""

from __future__ import annotations

from collections.abc import Iterator

from qi_equity.equity_lint import Found, Review
from qi_equity.vocabulary import EquityRule
from qi_equity.words import say
from qi_equity.words.numbers import share


def report(found: Review) -> str:
    """The review as lines of plain text."""
    return "\n".join(_lines(found))


def said(found: Found) -> str:
    """What one rule found.

    >>> said(Found(EquityRule.POOLED_GROUPS, facts={"name": "Black and Asian"}))
    '‘Black and Asian’ adds together groups that can go apart, and its note gives no reason yet'
    """
    facts = {name: _shown(name, value) for name, value in found.facts.items()}
    return say(f"equity_lint.{found.rule.value}.{found.case}", **facts)


def about(rule: EquityRule) -> dict[str, str]:
    """Why a rule asks, where that is from, and what to do."""
    return {part: say(f"equity_lint.{rule.value}.{part}") for part in ("why", "source", "do")}


def _shown(name: str, value: object) -> object:
    if name == "share":
        return share(float(str(value)))
    if name in ("own", "national"):
        return say("equity_lint.none.own") if value is None else f"{float(str(value)):,g}"
    return value


def _lines(found: Review) -> Iterator[str]:
    rules = len(EquityRule)
    if found.open:
        yield say("equity_lint.open", project=found.project, count=len(found.open), rules=rules)
    elif found.passed:
        yield say("equity_lint.passed", project=found.project, rules=rules)
    for each in found.open:
        yield say("equity_lint.line", rule=each.rule.value, found=said(each))
        texts = about(each.rule)
        yield say("equity_lint.why", text=texts["why"])
        yield say("equity_lint.source", text=texts["source"])
        yield say("equity_lint.do", text=texts["do"])
    for rule in found.no_reasons:
        yield say("equity_lint.no_reason", rule=rule.value)
    for rule in found.idle_reasons:
        yield say("equity_lint.idle", rule=rule.value)
    if found.silenced:
        yield say("equity_lint.silenced")
    reasons = {each.rule.value: reason for each, reason in found.silenced}
    for name, reason in reasons.items():
        yield say("equity_lint.reason", rule=name, reason=reason)
    if found.held_back:
        names = ", ".join(rule.value for rule in found.held_back)
        yield say("equity_lint.held_back", rules=names)
    if found.open:
        yield say("equity_lint.how")
