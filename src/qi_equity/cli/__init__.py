"""The command line: parse arguments, call one function, print, set the exit code."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from typing import NoReturn

import typer

from qi_equity.cli.commands import app
from qi_equity.errors import UserError
from qi_equity.plain import masked, streams, visible

__all__ = ["app", "main"]

# What the system says of a file that it refuses, in words that name the way out.
REFUSED = {
    errno.ENOENT: "there is no such file or folder",
    errno.EEXIST: "is there already, and is no folder; give another name",
    errno.ENOTDIR: "a part of this is a file and no folder; give another name",
    errno.EISDIR: "is a folder; name a file",
    errno.EACCES: "may not be read or written by you; choose another place, or ask whose it is",
    errno.EPERM: "may not be changed by you; choose another place, or ask whose it is",
    errno.EROFS: "lies on a disk that is read-only; choose another place",
    errno.ENOSPC: "the disk is full; free some space, then do it again",
}


def main() -> None:
    """Run the command line: exit 0 done, 1 the input has a problem, 2 wrong usage, 3 our fault."""
    # Sums here are many and small: threads for each cost a quarter of all processor time, and save
    # none. Before numpy is loaded; processes begun by this one take it over.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # A command needs no plugin of pydantic's, and looking for one reads every package installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        # Before a command begins, what is refused are arguments, such as names of files.
        with streams():
            app()
    except UserError as error:
        _stop(str(error), 1)
    except OSError as error:
        if error.filename is None:
            _fault()
        told = REFUSED.get(error.errno or 0) or (error.strerror or "cannot be used").lower()
        _stop(f"{error.filename}: {told}", 1)
    except Exception:
        _fault()


def _stop(message: str, code: int) -> NoReturn:
    typer.echo(masked(visible(message)), err=True)
    sys.exit(code)


def _fault() -> NoReturn:
    typer.echo(masked(visible(traceback.format_exc())), err=True)
    _stop(
        "This is a fault in qi-equity, not in what you gave it. Please report the lines above.", 3
    )
