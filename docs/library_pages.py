"""A page for each definition of the library, made from its file, and one of the equity review.

python docs/library_pages.py
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from qi_equity.project import Measure, Project
from qi_equity.project_file import library, load
from qi_equity.vocabulary import EquityRule
from qi_equity.words import words_of

HERE = Path(__file__).parent / "library"
RULES = Path(__file__).parent / "reference" / "equity-review.md"
WIDTH = 100
BETTER = {"increase": "higher", "decrease": "lower", "none": "neither up nor down in itself"}
SAYS = {
    "is_": "is", "in_": "is one of", "not_in": "is none of", "below": "below",
    "at_most": "at most", "above": "above", "at_least": "at least", "known": "recorded",
}  # fmt: skip


def pages() -> dict[Path, str]:
    """Every page and its text: one a definition, and their list."""
    projects = {name: load(path) for name, path in library().items()}
    made = {HERE / f"{name}.md": page(project) for name, project in projects.items()}
    return {HERE / "README.md": contents(projects), RULES: rules(), **made}


def contents(projects: dict[str, Project]) -> str:
    """The list of definitions."""
    lines = [
        "# The library of definitions",
        "",
        *_folded(
            "Made from projects/library by `python docs/library_pages.py`. Each is a project file "
            "without a team: copy one with `qi-equity new our_project --from NAME`, rehearse with "
            "made-up records (`qi-equity practice our_project.yaml --out rehearsal`), and ask what "
            "a reviewer would (`qi-equity check our_project.yaml --equity`)."
        ),
        "",
    ]
    lines += [f"- [{project.title}]({name}.md): `{name}`" for name, project in projects.items()]
    return "\n".join(lines) + "\n"


def rules() -> str:
    """What `check --equity` asks, and the keys of a project file that answer it."""
    lines = [
        "# The equity review",
        "",
        *_folded(
            "`qi-equity check FILE --equity` asks of a project what an anti-racism reviewer would: "
            f"{len(EquityRule)} rules. Made from the rules' own words by "
            "`python docs/library_pages.py`."
        ),
        "",
        *_folded(
            "A rule is answered by changing the file, or by a reason under `equity_reasons` (the "
            "rule, a colon, and why, in at least 20 letters), and by nothing else. A reason for a "
            "rule there is not, an empty one, and one that no rule needs are named. A mark or a "
            "promise (?, tbc, to be agreed, see minutes) is no answer, no note and no reason, and "
            "custom is no reason against the question whether it is custom. Rules that "
            "need counts are judged on the project's own data where the file is there, and told "
            "as not judged where it is not. Exit code 1 where anything is left to answer; what is "
            "not judged changes no exit code."
        ),
        "",
        "## Keys that answer",
        "",
    ]
    for key in ANSWERS:
        lines += _folded(f"`{key}`: {Project.model_fields[key].description}.", "- ")
    for key in OF_MEASURES:
        lines += _folded(f"of a measure, `{key}`: {Measure.model_fields[key].description}.", "- ")
    for rule in EquityRule:
        lines += ["", f"## {rule.value}", ""]
        cases = {k: str(t) for k, t in words_of(f"equity_lint.{rule.value}").items()}
        found = [text for name, text in cases.items() if name not in ("why", "source", "do")]
        lines += _folded(f"Found: {'; or '.join(found)}.".replace("{", "").replace("}", ""), "- ")
        for name in ("why", "source", "do"):
            lines += _folded(f"{name.capitalize()}: {cases[name]}", "- ")
    return "\n".join(lines) + "\n"


ANSWERS = ("co_production", "language", "share_back", "equity_reasons", "traps", "sources")
OF_MEASURES = (
    "threshold", "national", "recording_shown_by", "sum_of", "exclusions", "chart_reason",
)  # fmt: skip


def page(project: Project) -> str:
    """One definition as a page."""
    return "\n".join(_page(project)) + "\n"


def _page(project: Project) -> Iterator[str]:
    aim = project.aim
    yield f"# {project.title}"
    yield ""
    yield from _folded(
        f"Definition `{project.id}`, made from projects/library/{project.id}.yaml. For: "
        f"{aim.population}. Judged by: {project.measure(aim.measure).name}. Compared with: "
        f"{project.strata.reference.compare_with}. {project.strata.reference.reason}"
    )
    for measure in project.measures:
        yield from _measure(project, measure)
    yield from ("", "## Drivers and change ideas", "")
    for driver in project.drivers:
        yield f"- {driver.name}"
        yield from (f"  - {idea.name}" for idea in driver.change_ideas)
    yield from ("", "## How these figures mislead", "")
    for trap in project.traps:
        yield from _folded(trap, "- ")
    yield from ("", "## What check --equity is told", "")
    yield from _folded(f"Language: {project.language}", "- ")
    yield from _folded(f"Results go back: {project.share_back}", "- ")
    for rule, reason in project.equity_reasons.items():
        yield from _folded(f"`{rule}`: {reason}", "- ")
    yield from ("", "## Sources", "")
    for cited in project.sources:
        check = " **To be checked: written from memory.**" if cited.to_be_checked else ""
        yield from _folded(f"{cited.says} {cited.where}, {cited.dated}.{check}", "- ")
    yield from ("", "## Made-up records to rehearse with", "")
    yield from _practice(project)


def _measure(project: Project, measure: Measure) -> Iterator[str]:
    yield from ("", f"## {measure.name}", "")
    about = [f"`{measure.id}`, {measure.role}. Counted: {measure.numerator}."]
    if measure.denominator:
        about.append(f"Out of: {measure.denominator}.")
    about.append(f"Better: {BETTER[measure.direction]}.")
    if measure.threshold:
        about.append(f"Threshold: {measure.threshold}, one line to change.")
    if measure.sum_of:
        about.append(f"The counts of {', '.join(f'`{name}`' for name in measure.sum_of)} added up.")
    yield from (*_folded(" ".join(about)), "")
    rule = measure.records
    if rule:
        eligible = _conditions(rule.eligible) or "every record"
        yield from _folded(f"Eligible: {eligible}.", "- ")
        yield from _folded(f"Counted where: {_conditions(rule.numerator)}.", "- ")
    for text in measure.exclusions:
        yield from _folded(f"Not counted: {text}", "- ")
    if system := measure.signal_system:
        told = f"{system.ratio:g} times the odds of {system.reference:g} ({system.source})"
        yield from _folded(f"Signal chart of the whole unit: looks for {told}.", "- ")
    if measure.recording_shown_by:
        beside = project.measure(measure.recording_shown_by).name
        yield from _folded(f"Read beside it, how well it is recorded: {beside}.", "- ")
    chart = f"Chart: {measure.kind}, by the {measure.subgroup}. {measure.chart_reason}"
    yield from _folded(chart, "- ")
    if measure.note:
        yield from _folded(measure.note, "- ")


def _conditions(predicate: object) -> str:
    assert isinstance(predicate, dict)
    return " and ".join(
        f"`{column}` {_condition(name, value)}"
        for column, condition in predicate.items()
        for name, value in condition.model_dump(exclude_none=True).items()
    )


def _condition(name: str, value: object) -> str:
    if name == "known":
        return "recorded" if value else "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return f"{SAYS[name]} {', '.join(map(str, value))}"
    return f"{SAYS[name]} {value:,g}" if isinstance(value, float) else f"{SAYS[name]} {value}"


def _practice(project: Project) -> Iterator[str]:
    made, aim = project.practice, project.aim.primary
    assert made is not None
    ratio = made.levels[aim.measure].ratios[aim.stratum]
    yield from _folded(
        f"`qi-equity practice` draws about {made.a_week:g} records a week for {made.weeks} weeks. "
        f"Put in, to be found: {aim.stratum} {ratio:g} times the rate of "
        f"'{project.measure(aim.measure).name}'; and from week {made.change.week} on "
        f"'{project.measure(made.change.measure).name}' times {made.change.factor:g}."
    )


def _folded(text: str, mark: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(path)
