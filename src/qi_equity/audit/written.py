"""An audit's report as files, in the formats of every report; no page is made here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from qi_equity.audit import Audited
from qi_equity.audit.pages import pack_of
from qi_equity.report import writer
from qi_equity.words import words_of

PACKS = ("audit", "board")
# What a spreadsheet holds of the register; whoever works on needs no more.
CODEBOOK = ("table", "column", "unit", "meaning")


def write(
    found: Audited,
    folder: Path,
    formats: Sequence[str],
    packs: Sequence[str] = PACKS,
    template: Path | None = None,
) -> Iterator[Path]:
    """Write each pack in each format to a folder; the same sources give the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    # True counts never stand under the name of what goes out.
    whose = "" if found.protected else "-team"
    for name in packs:
        for kind in formats:
            path = folder / f"{found.audit.id}-{name}{whose}.{kind}"
            path.write_bytes(made(found, name, kind, template))
            yield path


def made(found: Audited, name: str, kind: str, template: Path | None = None) -> bytes:
    """One pack in one format."""
    pack, module = pack_of(found, name), writer(kind)
    written: bytes
    if kind == "xlsx":
        written = module.of_tables(pack, tables(found), codebook(found), found)
    else:
        written = module.written(pack, None, template)
    return written


def tables(found: Audited) -> dict[str, pd.DataFrame]:
    """The register and what stands beside it, whole."""
    pairs = [
        one.table.assign(indicator=one.indicator.id, first=one.first.id, second=one.second.id)
        for one in found.pairs
    ]
    held = {
        "register": found.register.gaps,
        "slopes": found.register.slopes,
        "coding": found.coding.completeness,
        "beside": pd.concat(pairs, ignore_index=True) if pairs else pd.DataFrame(),
    }
    return {name: table for name, table in held.items() if len(table)}


def codebook(found: Audited) -> pd.DataFrame:
    """What each column of the register means."""
    meanings = words_of("audit.column")
    lines = [
        ("register", name, "", meanings.get(name, ""))
        for name in found.register.gaps.columns
        if name in meanings
    ]
    return pd.DataFrame(lines, columns=list(CODEBOOK))
