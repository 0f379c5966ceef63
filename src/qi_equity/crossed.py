"""A project of two crossed dimensions as projects of one: nothing is analysed here, cells add up.

Counts are kept of the cells, the groups of both dimensions together. Each dimension alone, and
both together, is a project like any other over the same counts, so that whatever charts, compares
or judges strata knows one dimension only.
"""

from __future__ import annotations

import re

import pandas as pd

from qi_equity.errors import UserError
from qi_equity.observations import COLUMNS, KEY, SUMMED, beside, with_totals
from qi_equity.project import EVERYONE, Group, Project
from qi_equity.strata import Dimension, Strata, crossed

BOTH = "both"
MARK = "."  # between a project's id and what of it is read; no id of a project holds one


def parts(project: Project) -> tuple[Project, ...]:
    """Each dimension alone, then both together; a project of one dimension is itself.

    >>> from qi_equity import project_file
    >>> [part.id for part in parts(project_file.load(project_file.examples()["pph_reduction"]))]
    ['pph_reduction']
    """
    second = project.strata.crossed_with
    if second is None:
        return (project,)
    first = project.strata
    return (
        _part(project, _slug(first.dimension), _alone(first)),
        _part(project, _slug(second.dimension), _alone(second)),
        _part(project, BOTH, _both(first)),
    )


def part(project: Project, name: str) -> Project:
    """The part of a project that a name such as 'our_project.both' asks for; else the first."""
    return next((one for one in parts(project) if one.id == name), parts(project)[0])


def margins(project: Project) -> tuple[Project, ...]:
    """The parts of one dimension each."""
    return tuple(one for one in parts(project) if not is_both(one.id))


def base(name: str) -> str:
    """The id of the project that a part belongs to.

    >>> base("our_project.both"), base("our_project")
    ('our_project', 'our_project')
    """
    return name.partition(MARK)[0]


def is_both(name: str) -> bool:
    """Whether a name asks for both dimensions together."""
    return name.endswith(MARK + BOTH)


def counts(project: Project, one: Project, observations: pd.DataFrame) -> pd.DataFrame:
    """The observations of the cells as those of a part's groups: sums of whole cells.

    A stratum that is no cell of the project keeps its name and its counts.
    """
    if project.strata.crossed_with is None:
        return observations
    home = _homes(project, one)
    # What outcomes not known or refused could change holds of a part's groups too.
    table = observations[[*COLUMNS, *(name for name in beside(observations) if name in SUMMED)]]
    group = table["stratum"].map(home)
    found = [table[group.isna()]]
    for name in dict.fromkeys(home.values()):
        cells = table[group == name]
        if cells["stratum"].nunique() > 1:
            both = with_totals(cells, "stratum", EVERYONE)
            cells = both[both["stratum"] == EVERYONE]
        found.append(cells.assign(stratum=name))
    return pd.concat(found, ignore_index=True).sort_values(KEY, kind="stable", ignore_index=True)


def unknown(strata: Strata) -> str:
    """The one group, where both dimensions stand together, of those not known in either.

    Cells of it would be many and empty; each dimension alone shows its own unknown.
    """
    second = strata.crossed_with
    assert second is not None
    return f"{strata.dimension} or {second.dimension} not known".capitalize()


def _homes(project: Project, one: Project) -> dict[str, str]:
    """The group of a part that each cell belongs to."""
    first, second = project.strata, project.strata.crossed_with
    assert second is not None
    pairs = [(a, b) for a in first.groups for b in second.groups]
    place = [part.id for part in parts(project)].index(one.id)
    if place == 2:
        hidden = unknown(first)
        return {
            (name := crossed(a.name, b.name)): hidden if a.unknown or b.unknown else name
            for a, b in pairs
        }
    return {crossed(a.name, b.name): (a, b)[place].name for a, b in pairs}


def _part(project: Project, slug: str, strata: Strata) -> Project:
    title = f"{project.title}: {strata.dimension}"
    changed = {"id": f"{project.id}{MARK}{slug}", "title": title, "strata": strata}
    return project.model_copy(update=changed)


def _slug(dimension: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", dimension.casefold())) or "dimension"


def _alone(side: Dimension) -> Strata:
    return Strata(**{name: getattr(side, name) for name in Dimension.model_fields})


def _both(first: Strata) -> Strata:
    second = first.crossed_with
    assert second is not None
    known = tuple(cell for cell in first.cells if not cell.unknown)
    hidden = (Group(name=unknown(first), unknown=True),) if len(known) < len(first.cells) else ()
    return Strata(
        dimension=crossed(first.dimension, second.dimension),
        whose=first.whose,
        groups=(*known, *hidden),
        reference=second.both,
    )


def of_one_dimension(project: Project) -> None:
    """Refuse a project whose strata are crossed: its parts are analysed, each by itself."""
    if project.strata.crossed_with is not None:
        raise UserError(
            f"{project.id} crosses two dimensions: analyse each of qi_equity.crossed.parts(project)"
            ", on qi_equity.crossed.counts(project, part, observations)"
        )
