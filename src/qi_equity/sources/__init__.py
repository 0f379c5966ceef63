"""Where observations come from: birth records, tables of counts, and a made-up network."""

from __future__ import annotations

from pathlib import Path

from qi_equity.errors import UserError
from qi_equity.project import Project, RecordsSource
from qi_equity.sources.account import Imported
from qi_equity.sources.records import Progress, import_records

__all__ = ["Imported", "Progress", "load"]


def load(
    project: Project,
    path: str | Path | None = None,
    *,
    base: str | Path = ".",
    progress: Progress | None = None,
) -> Imported:
    """The project's observations from the source its `data` part maps, with the account.

    A path given here takes the place of the one in the project file, which is looked for from
    base, the folder of that file.
    """
    source = project.data
    if source is None:
        raise UserError(
            f"{project.id}: the project has no data part, so there is no telling which column is "
            "what; add data: with kind: table or kind: records"
        )
    where = str(path) if path is not None else source.path
    if path is None and not _is_url(where):
        where = str(Path(base) / where)
    if isinstance(source, RecordsSource):
        return import_records(project, source, where, progress)
    from qi_equity.sources.tables import import_table

    return import_table(project, source, Path(where))


def _is_url(path: str) -> bool:
    return "://" in path or path.startswith("spark:")
