"""What Windows lacks is guarded, and stands in docs/explanation/where-it-runs.md."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

from qi_equity.cli import arrivals
from qi_equity.store import database, upkeep

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "qi_equity"
PAGE = (ROOT / "docs" / "explanation" / "where-it-runs.md").read_text(encoding="utf-8")
# What other systems lack, or do otherwise without saying so.
ONLY_SOME = re.compile(
    r"\b(fcntl|msvcrt|pwd|grp|termios|resource)\b(?=\.|$)|import (fcntl|pwd|grp|termios|resource)\b"
    r"|\bos\.(nice|fork|kill|killpg|getuid|geteuid|umask|chmod|chown|setsid|mkfifo|sep|linesep"
    r"|O_RDONLY|O_DIRECTORY|O_NOFOLLOW)\b|\.chmod\(|\bSIG(TERM|KILL|HUP|USR1|CHLD)\b"
    r"|st_mode & |0o600|\.symlink_to\(|\"/tmp|'/tmp|/dev/null"
)


def test_all_that_only_some_systems_have_stands_in_the_table():
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if ONLY_SOME.search(path.read_text(encoding="utf-8"))
    }
    told = {name for name in re.findall(r"`([\w/]+\.py)`", PAGE) if (SOURCE / name).exists()}
    assert found == told


def test_on_windows_a_folder_is_locked_by_what_windows_has(monkeypatch, tmp_path):
    asked = []

    def locking(handle, mode, length):
        asked.append((mode, length))
        if len(asked) > 1:
            raise OSError("another process has it")

    monkeypatch.setattr(arrivals.sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2))
    with (tmp_path / "lock").open("a+b") as held:
        assert [arrivals._locked(held), arrivals._locked(held)] == [True, False]
    assert asked == [(2, 1), (2, 1)]


def test_on_windows_a_backup_is_flushed_by_a_writer_and_its_folder_is_left(monkeypatch, tmp_path):
    opened = []

    def open_(path, flags):
        opened.append((Path(path).name, flags))
        return os.open(path, flags)

    windows = SimpleNamespace(
        name="nt", open=open_, fsync=os.fsync, close=os.close, O_RDWR=os.O_RDWR
    )
    monkeypatch.setattr(upkeep, "os", windows)
    file = tmp_path / "backup"
    file.write_bytes(b"counts")
    upkeep._flush(file)
    upkeep._flush(tmp_path)
    assert opened == [("backup", os.O_RDWR)]


def test_on_windows_no_mode_of_a_password_file_is_asked_for(monkeypatch, tmp_path):
    file = tmp_path / "password"
    file.write_text("made up\n", encoding="utf-8")
    file.chmod(0o644)
    monkeypatch.setattr(database, "os", SimpleNamespace(name="nt"))
    assert database._password(file) == "made up"
