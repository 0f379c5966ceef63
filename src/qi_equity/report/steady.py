"""Office files that are the same bytes whenever they are made: fixed times, whatever is inside."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping

import pandas as pd

# The day of every entry: the first that a zip archive can hold.
FIRST = (1980, 1, 1, 0, 0, 0)
MADE = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")


def steady(packed: bytes, day: pd.Timestamp, parts: Mapping[str, str] | None = None) -> bytes:
    """A zip archive with the times of its entries fixed and the file's own day set.

    A workbook inside (the data of a native chart) is treated alike. parts: what takes the place
    of some entries.
    """
    stamp = f"{day:%Y-%m-%dT00:00:00Z}".encode()
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(packed)) as before,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for entry in before.infolist():
            given = parts.get(entry.filename) if parts else None
            held = before.read(entry) if given is None else given.encode()
            if entry.filename.endswith(".xlsx"):
                held = steady(held, day)
            if entry.filename == "docProps/core.xml":
                held = MADE.sub(rb"\g<1>" + stamp + rb"\g<3>", held)
            same = zipfile.ZipInfo(entry.filename, FIRST)
            same.compress_type = zipfile.ZIP_DEFLATED
            after.writestr(same, held)
    return made.getvalue()
