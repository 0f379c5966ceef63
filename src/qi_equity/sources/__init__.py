"""Where observations come from: birth records and tables of counts.

What reads a file is imported when one is read: judging asks this room for a calendar only.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from qi_equity.errors import UserError
from qi_equity.project import Project, RecordsSource, TableSource
from qi_equity.sources.account import Imported

if TYPE_CHECKING:
    from qi_equity.sources.records import Progress

__all__ = ["Imported", "load"]


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
    from qi_equity.sources.grid import refuse_missing
    from qi_equity.sources.sums import added_up
    from qi_equity.sources.tables import TIDY, import_table, is_tidy

    source: TableSource | RecordsSource | None = project.data
    given = str(path) if path is not None else source.path if source is not None else None
    # A command line's paths have lost one of a URL's slashes by the time they come here.
    where = given and re.sub(r"^(postgres[a-z+]*):/(?=[^/])", r"\1://", given)
    if where is None:
        raise UserError(
            f"{project.id}: the project has no data part and no file was named; name a file of "
            "counts with --data FILE (what was logged: that of qi-equity export FOLDER), or add "
            "data: with kind: table or kind: records"
        )
    if path is None and not _is_url(where):
        where = str(Path(base) / where)
    if not _is_url(where) and not isinstance(source, RecordsSource):
        refuse_missing(Path(where))
    if not _is_url(where) and (source is None or path is not None) and is_tidy(Path(where)):
        source = TIDY
    if source is None:
        raise UserError(
            f"{project.id}: the project has no data part, so there is no telling which column of "
            f"{where} is what; add data: with kind: table or kind: records. Such a part for this "
            f"file is written by: qi-equity new NAME --data {where}"
        )
    if isinstance(source, RecordsSource):
        from qi_equity.sources.records import import_records

        return added_up(project, import_records(project, source, where, progress))
    return added_up(project, import_table(project, source, Path(where)))


def _is_url(path: str) -> bool:
    return "://" in path or path.startswith("spark:")
