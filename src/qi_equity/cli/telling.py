"""Who is told of an extract, by e-mail or to a webhook, in few words.

Names of files and numbers of rows leave this machine; no count and no cell of a file does.
"""

from __future__ import annotations

from qi_equity.cli.arrivals import REFUSED, Outcome
from qi_equity.mail import Settings, send


def tell(asked: Settings, project: str, found: Outcome) -> list[str]:
    """Tell of a file where the settings ask for it; what did not work, in words."""
    if found.state in ("already", "later") or (found.state == "taken" and not asked.every):
        return []
    # The file is where it belongs already: that nobody was told is a line in the log.
    told = {"project": project, "file": found.name, "state": found.state, "rows": found.rows}
    return send(asked, f"qi-equity: {found.name} {found.state}", _words(project, found), told)


def _words(project: str, found: Outcome) -> str:
    if found.state == "taken":
        return f"{found.name} was taken into {project}: {found.rows:,} rows."
    return (
        f"{found.name} was refused for {project}; nothing of it was kept. The file and the "
        f"reason are in the folder '{REFUSED}'."
    )
