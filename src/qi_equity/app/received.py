"""A file that a page sends, as bytes: its size and kind are checked before anything reads it."""

from __future__ import annotations

import binascii
import hashlib
import re
import zipfile
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from qi_equity.errors import UserError
from qi_equity.sources.grid import READERS

UNPACKED = 32 << 20  # bytes of a workbook: 200,000 rows of counts, a minute's work to read
LARGEST = 3_500_000  # bytes: a message of the connection holds five million characters
LONGEST = LARGEST * 4 // 3 + 8  # of the same as base64
TOO_LARGE = (
    f"this file is larger than {LARGEST / 1e6:g} MB, which is too much for a page; bring it in "
    "with: qi-equity import PROJECT FILE"
)


@dataclass(frozen=True, slots=True)
class Received:
    """A file's name and bytes, as somebody chose it."""

    name: str
    content: bytes

    @property
    def digest(self) -> str:
        """The SHA-256 of the bytes, the same as of the file on the command line."""
        return hashlib.sha256(self.content).hexdigest()


def received(fields: Mapping[str, Any]) -> Received:
    """The file among a form's fields, or why it is refused; nothing of it is interpreted."""
    packed, name = str(fields.get("file") or ""), str(fields.get("file_name") or "")
    if not packed:
        raise UserError("choose a file first; an empty one holds nothing to bring in")
    if len(packed) > LONGEST:
        raise UserError(TOO_LARGE)
    suffix = Path(name).suffix.lower()
    if suffix not in READERS:
        raise UserError(f"files are read that end in {', '.join(READERS)}; save this one as such")
    try:
        content = b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raise UserError("this file did not arrive whole; choose it again") from None
    stem = re.sub(r"[^\w.-]", "_", Path(name.replace("\\", "/")).stem)[:80]
    return Received(f"{stem}{suffix}", content)


@contextmanager
def on_disk(file: Received) -> Iterator[Path]:
    """The file in a folder of its own, gone afterwards; a packed one that unpacks hugely is not."""
    with TemporaryDirectory(prefix="qi-equity-") as folder:
        path = Path(folder) / file.name
        path.write_bytes(file.content)
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                unpacked = sum(part.file_size for part in packed.infolist())
            if unpacked > UNPACKED:
                raise UserError(TOO_LARGE)
        yield path
