"""A folder that is watched: each extract is taken whole and once, or set aside with the reason."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from numbers_said import says
from outside import Hook, Mail, serving
from qi_equity import project_file, store
from qi_equity.cli import app, arrivals
from qi_equity.cli.arrivals import Arrivals, Outcome, take
from qi_equity.cli.telling import tell
from qi_equity.errors import UserError
from qi_equity.mail import settings
from qi_equity.sources.outline import outline

CASES = Path(__file__).parents[1] / "cases"
GOOD = CASES / "04_dates_iso.csv"
ADMIN = store.User("Asha", "admin")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    target = tmp_path / "ours.yaml"
    target.write_text(outline(GOOD, "ours"), encoding="utf-8")
    return target


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    return made


def watched(folder: Path, project: Path, *more: str) -> Any:
    place = str(folder.with_name("network.sqlite"))
    asked = ["watch", str(folder), "--project", str(project), "--database", place, "--once"]
    return CliRunner().invoke(app, [*asked, "--settle", "0", *more])


def kept(folder: Path) -> Any:
    with closing(store.open(folder.with_name("network.sqlite"))) as opened:
        desk = opened.as_user(ADMIN)
        return len(desk.observations("ours")) if "ours" in desk.projects() else 0


def names(folder: Path) -> set[str]:
    files = (one for one in folder.rglob("*") if one.is_file() and one.name != arrivals.LOCK)
    return {str(one.relative_to(folder)) for one in files}


def test_an_extract_is_taken_once_and_the_same_bytes_again_change_nothing(folder, project):
    (folder / "june.csv").write_bytes(GOOD.read_bytes())
    ran = watched(folder, project)
    assert ran.exit_code == 0, ran.output
    assert kept(folder) == 120
    assert names(folder) == {"taken/june.csv", "watch.log"}
    (folder / "june.csv").write_bytes(GOOD.read_bytes())
    assert watched(folder, project).exit_code == 0
    assert kept(folder) == 120
    first, second = (folder / "watch.log").read_text(encoding="utf-8").splitlines()
    assert "taken   june.csv" in first
    assert "already june.csv" in second
    assert watched(folder, project).output == ""


def test_a_folder_is_one_watchers_at_a_time_and_a_lock_is_never_stale(folder, project):
    (folder / "june.csv").write_bytes(GOOD.read_bytes())
    with arrivals.alone(folder) as mine:
        assert mine
        ran = watched(folder, project)
    assert (ran.exit_code, kept(folder), names(folder)) == (1, 0, {"june.csv"})
    assert "Another watcher is at this folder" in ran.output
    # The lock's file is still there, and nobody holds it.
    assert (folder / arrivals.LOCK).exists()
    assert watched(folder, project).exit_code == 0
    assert kept(folder) == 120


def test_a_bad_extract_is_set_aside_with_the_reason_and_none_of_it_is_kept(folder, project):
    text = GOOD.read_text(encoding="utf-8")
    (folder / "a.csv").write_text(
        f"{text}{text.splitlines()[1].replace('2024', '2062')}\n", "utf-8"
    )
    (folder / "b.pdf").write_bytes(b"%PDF")
    (folder / "c.csv").write_bytes(GOOD.read_bytes())
    ran = watched(folder, project)
    assert ran.exit_code == 1
    assert names(folder) == {
        "refused/a.csv", "refused/a.csv.reason.txt", "refused/b.pdf",
        "refused/b.pdf.reason.txt", "taken/c.csv", "watch.log",
    }  # fmt: skip
    reason = (folder / "refused/a.csv.reason.txt").read_text(encoding="utf-8")
    assert "nothing of it was kept" in reason
    assert "has not come yet" in reason
    assert kept(folder) == 120


def test_a_file_that_still_grows_or_is_named_as_unfinished_waits(folder):
    looks = Arrivals(folder, "network.sqlite")
    (folder / "a.csv").write_text("Week", "utf-8")
    (folder / "b.csv.part").write_text("Week", "utf-8")
    (folder / "~$c.xlsx").write_text("x", "utf-8")
    assert looks.complete() == []
    (folder / "a.csv").write_text("Week,Births", "utf-8")
    assert looks.complete() == [], "it grew since the last look"
    assert [path.name for path in looks.complete()] == ["a.csv"]
    (folder / "b.csv.part").rename(folder / "b.csv")
    looks.complete()
    assert {path.name for path in looks.complete()} == {"a.csv", "b.csv"}


def test_what_a_store_keeps_beside_itself_is_never_moved(folder, project):
    (folder / "a.csv").write_bytes(GOOD.read_bytes())
    place = str(folder / "network.db")
    asked = ["watch", str(folder), "--project", str(project), "--database", place, "--once"]
    with closing(store.open(place)), closing(store.open(folder / "other.sqlite")):
        before = names(folder)
        CliRunner().invoke(app, [*asked, "--settle", "0"])
        ran = CliRunner().invoke(app, [*asked, "--settle", "0"])
        after = names(folder)
    assert ran.exit_code == 0, ran.output
    assert {"network.db-wal", "other.sqlite-wal"} <= before
    assert after - before == {"taken/a.csv", "watch.log", "network.db.head"}
    assert before - after == {"a.csv"}


@contextmanager
def desk_of(folder: Path, project: Path) -> Iterator[store.Desk]:
    with closing(store.open(folder.with_name("network.sqlite"))) as opened:
        desk = opened.as_user(ADMIN)
        if "ours" not in desk.projects():
            desk.save_project(project_file.load(project), project.read_text(encoding="utf-8"))
        yield desk


def test_what_ends_between_keeping_and_moving_is_done_again_without_harm(
    folder, project, monkeypatch
):
    path = folder / "june.csv"
    path.write_bytes(GOOD.read_bytes())

    def ends(*_: object) -> None:
        raise KeyboardInterrupt

    with desk_of(folder, project) as desk:
        aims = project_file.load(project)
        with monkeypatch.context() as patched:
            patched.setattr(arrivals, "_set_aside", ends)
            with pytest.raises(KeyboardInterrupt):
                take(desk, aims, path)
        assert path.exists()
        assert take(desk, aims, path).state == "already"
    assert (kept(folder), names(folder)) == (120, {"taken/june.csv"})


def test_a_store_that_is_busy_is_no_fault_of_the_file(folder, project, monkeypatch):
    path = folder / "june.csv"
    path.write_bytes(GOOD.read_bytes())

    def busy(*_: object, **__: object) -> None:
        raise store.StoreError("the store is busy")

    with desk_of(folder, project) as desk, monkeypatch.context() as patched:
        patched.setattr(store.Desk, "import_table", busy)
        assert take(desk, project_file.load(project), path).state == "later"
    assert names(folder) == {"june.csv"}


# Telling


def test_a_refused_file_is_told_by_mail_and_webhook_without_a_cell_of_it(
    folder, project, monkeypatch
):
    (folder / "bad.csv").write_text("Week,Secret\n2024-W01,451\n", "utf-8")
    mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
    hook = HTTPServer(("127.0.0.1", 0), Hook)
    with serving(mail), serving(hook):
        for name, text in {
            "MAIL_TO": "asha@trust.example, jo@trust.example",
            "MAIL_FROM": "qi@trust.example",
            "SMTP": f"127.0.0.1:{mail.server_address[1]}",
            "WEBHOOK": f"http://127.0.0.1:{hook.server_address[1]}/hook?key=1",
        }.items():
            monkeypatch.setenv(f"QI_EQUITY_{name}", text)
        assert watched(folder, project).exit_code == 1
        (message,), (posted,) = mail.got, hook.got
    assert "Subject: qi-equity: bad.csv refused" in message
    assert (posted["file"], posted["state"]) == ("bad.csv", "refused")
    assert not says(451, [message, posted])


def test_nobody_is_told_of_a_taken_file_unless_asked_and_a_silent_server_undoes_nothing():
    found = Outcome("june.csv", "taken", "0" * 64, ("120 rows taken",), 120)
    hook = HTTPServer(("127.0.0.1", 0), Hook)
    with serving(hook):
        where = {"QI_EQUITY_WEBHOOK": f"http://127.0.0.1:{hook.server_address[1]}"}
        assert tell(settings(where), "ours", found) == []
        assert hook.got == []
        asked = settings(where | {"QI_EQUITY_TELL": "all"})
        assert tell(asked, "ours", found) == []
        assert hook.got[0]["rows"] == 120
        hook.status = 500
        (line,) = tell(asked, "ours", found)
        assert "it answered 500" in line
    (line,) = tell(asked, "ours", found)
    assert "not told to webhook" in line


@pytest.mark.parametrize(
    "given",
    [
        {"QI_EQUITY_MAIL_TO": "a@b.example"},
        {"QI_EQUITY_WEBHOOK": "http://elsewhere.example/hook"},
        {"QI_EQUITY_WEBHOOK": "file:///etc/passwd"},
        {"QI_EQUITY_TELL": "some"},
    ],
)
def test_half_a_setting_is_refused(given):
    with pytest.raises(UserError, match="QI_EQUITY_"):
        settings(given)
