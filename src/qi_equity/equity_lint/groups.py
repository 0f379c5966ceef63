"""Groups as a reviewer reads them: which dimension is of ethnicity, and what is added together."""

from __future__ import annotations

from qi_equity import ethnicity
from qi_equity.equity_lint import wording
from qi_equity.equity_lint.wording import says
from qi_equity.project import Project
from qi_equity.strata import Dimension, Group, Reference

CODES_OF_2001 = "nhs_16_plus_1"
# Published labels that add up the codes of 2001; one that has none of its own says so by a reason.
ADD_UP_2001 = ("msds_8", "msds_continuity_4")
OF_ETHNICITY = (CODES_OF_2001, *ADD_UP_2001, "ons_2021", "ons_2011", "cdc_nchs")
FEWEST = 2  # groups with such a name: one alone may be a word of something else


def dimensions(project: Project) -> list[Dimension]:
    """The dimensions of a project, the one that is crossed with the first too."""
    first = project.strata
    return [first, *([first.crossed_with] if first.crossed_with else [])]


def sides(project: Project) -> list[Dimension]:
    """The dimensions that are of ethnicity, by whatever name: other ones have no such rules."""
    return [side for side in dimensions(project) if of_ethnicity(side)]


def of_ethnicity(side: Dimension) -> bool:
    """Whether a dimension is of ethnicity: by its name, its codes or its groups."""
    named = says(side.dimension, wording.BY_ORIGIN) or side.code_system in OF_ETHNICITY
    if named or side.code_system != ethnicity.OWN:
        return named
    return sum(bool(wording.ORIGINS.search(name.casefold())) for name in side.known) >= FEWEST


def references(project: Project) -> list[tuple[Dimension, Reference]]:
    """Whom groups of ethnicity are compared with, those of both dimensions together too."""
    found = [(side, side.reference) for side in sides(project)]
    crossing = project.strata.crossed_with
    both = [(side, crossing.both) for side, _ in found] if crossing else []
    return found + both


def is_white(side: Dimension, name: str) -> bool:
    """Whether a group compared with is of White women, by its name or its codes."""
    told = wording.plainly(name.split("×")[0])
    if told.startswith("white"):
        return wording.broad_groups(told) <= {"white"}
    return any(
        {rolled for code in _codes(side, group) for rolled in code.groups.values()} == {"White"}
        for group in side.groups
        if group.name == name
    )


def _codes(side: Dimension, group: Group) -> list[ethnicity.Code]:
    if side.code_system == ethnicity.OWN:
        return []
    scheme = ethnicity.SCHEMES[side.code_system]
    words = group.codes or (group.name,)
    found = [c for word in words for c in ethnicity.members(word, scheme.name, side.roll_up)]
    return [scheme.codes[code] for code in found]


def pooled(side: Dimension, group: Group) -> bool:
    """Whether a group adds together what most lists tell apart, by its name or by its codes."""
    codes = _codes(side, group)
    # Where codes roll up, they tell better than words what is added; a team's own are its words.
    roll_ups = ethnicity.SCHEMES[side.code_system].roll_ups if codes else ()
    homes = [{code.groups.get(to) for code in codes} for to in roll_ups]
    if homes and all(len(found) > 1 for found in homes):
        return True
    own = () if roll_ups else (*group.codes, *(code.label for code in codes))
    words = [wording.plainly(word) for word in (group.name, *own)]
    if any(wording.adds_up(word) for word in words):
        return True
    found = [wording.broad_groups(word) for word in words]
    several = len(set().union(*found) - {"mixed"}) > 1
    return several or _all_but_white(side, group)


def _all_but_white(side: Dimension, group: Group) -> bool:
    """Whether a group is everybody else where White women are the only ones told apart."""
    rest = [name for name in side.known if name != group.name]
    return (
        bool(wording.OTHERS.search(group.name.casefold()))
        and not wording.broad_groups(group.name)
        and bool(rest)
        and all(is_white(side, name) for name in rest)
    )


def census_of_2001(side: Dimension) -> str | None:
    """How the groups are those of the 2001 census: as codes, or added up; None where not."""
    if side.code_system == CODES_OF_2001:
        return "found"
    if side.code_system in ADD_UP_2001:
        return "added_up"
    if side.code_system != ethnicity.OWN:
        return None
    known = [group for group in side.groups if not group.unknown]
    labels = [wording.plainly(word) for group in known for word in (group.name, *group.codes)]
    if any(says(label, wording.LABELS_OF_2001) for label in labels):
        return "added_up"
    lettered = [_letters_of_2001(group) for group in known if group.codes]
    return "found" if len(lettered) >= FEWEST and all(lettered) else None


def _letters_of_2001(group: Group) -> bool:
    """Whether a team's own codes are the letters of 2001: M, N and P under a name with Black."""
    letters = ethnicity.SCHEMES[CODES_OF_2001].codes
    found = [letters.get(code.upper()) for code in group.codes]
    homes = {code.groups.get("nhs_5") if code else None for code in found}
    home = homes.pop() if len(homes) == 1 else None
    return home is not None and says(group.name, [home.casefold()])
