"""What can go wrong under a store, played: what was kept, how long until it works, what is said.

tests/journeys/test_faults.py plays the small sizes, benchmarks/faults.py the full ones and writes
the table of docs/explanation/faults.md.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from unittest import mock

from test_app_outlives import alive, awaited, imports_kept, working
from test_store_killed import inspect

from patience import PATIENCE
from postgres_server import Server
from qi_equity import store
from qi_equity.app.live import Analyst, Network
from qi_equity.errors import UserError
from qi_equity.store import database as databases
from qi_equity.store import upkeep
from qi_equity.store.database import Database
from qi_equity.store.schema import KNOWN, migrate_to
from qi_equity.words import say
from store_network import PROJECT, made, row, table, user
from store_writers import (
    PROCESSES,
    WEEK_OF,
    acknowledged,
    answer_of,
    database,
    log_with_so_much_room,
    read_and_write_as_nobody,
    write_beside_others,
    write_until_killed,
)

CONNECTIONS = 200  # to a server that is stopped


@dataclass(frozen=True)
class Played:
    """What came of a fault: writes acknowledged and kept, seconds until it worked, what is said."""

    acknowledged: int
    kept: int
    seconds: float | None
    said: str

    @property
    def share(self) -> str:
        """Kept of acknowledged."""
        return f"{self.kept:,} of {self.acknowledged:,}"


@dataclass(frozen=True)
class Ground:
    """Where a fault is played: a folder of its own, a server if there is one, and how often."""

    folder: Path
    server: Server | None
    times: int

    def network(self, name: str = "network") -> str:
        """A new place for a store: a file."""
        return str(self.folder / f"{name}.sqlite")


def filled(place: str | Path, weeks: int = 12) -> tuple[str, int]:
    """A store with counts logged one by one: its newest link, and how many were acknowledged."""
    opened = made(place)
    desk = opened.as_user(user())
    for week in WEEK_OF[:weeks]:
        desk.log(PROJECT, [row(1, 20, week=week)])
    head = desk.verify().head
    opened.close()
    return head, weeks


def works(place: str | Path) -> tuple[int, float]:
    """Open a store, check it and write to it: the counts it holds, and the seconds until then."""
    began = time.perf_counter()
    opened = store.open(place)
    desk = opened.as_user(user())
    found, shown = desk.verify(), len(desk.observations(PROJECT))
    desk.log(PROJECT, [row(2, 30, week="2012-01-02", site="east")])
    seconds = time.perf_counter() - began
    opened.close()
    assert found.whole, found
    return shown, seconds


def refusal(act: Callable[[], object]) -> str:
    """What a user is told; a fault without words of ours is no refusal."""
    try:
        act()
    except UserError as told:
        return str(told)
    return ""


# A process or a server dies


def killed(place: str, ground: Ground) -> Played:
    """Writers that log, import, note and undo, each killed at a random moment."""
    made(place).close()
    chance, total, slowest = random.Random(20260105), Counter[str](), 0.0
    for number in range(ground.times):
        said = ground.folder / f"acknowledged{number}"
        writer = PROCESSES.Process(target=write_until_killed, args=(place, number, str(said)))
        writer.start()
        while not said.exists() and number % 2:  # every other one is let write something first
            writer.join(0.005)
            assert writer.exitcode is None, "it ended before it was killed"
        writer.join(chance.uniform(0, 0.3))
        writer.kill()
        writer.join()
        began = time.perf_counter()
        with closing(store.open(place)) as opened:
            opened.as_user(user()).observations(PROJECT)
        slowest = max(slowest, time.perf_counter() - began)
        # The whole history is walked now and then; each kill's own rows are looked for at the end.
        if number % 50 == 49 or number == ground.times - 1:
            parts = [one for n in range(number + 1)
                     for one in acknowledged(ground.folder / f"acknowledged{n}")]  # fmt: skip
            total = inspect(place, parts)
    return Played(total.total(), total.total(), slowest, say("labels.offline"))


def server_stopped(ground: Ground) -> Played:
    """A server amid judging, reading and importing, many connected, gets each signal in turn."""
    asked = kept = 0
    slowest = 0.0
    for number in range(ground.times):
        folder = ground.folder / f"server{number}"
        folder.mkdir()
        with working(folder, CONNECTIONS) as (process, pids):
            began = time.perf_counter()
            process.send_signal((signal.SIGINT, signal.SIGTERM, signal.SIGKILL)[number % 3])
            process.wait(PATIENCE)
            awaited(lambda pids=pids: not any(alive(pid) for pid in pids))
            slowest = max(slowest, time.perf_counter() - began)
        told, found = imports_kept(folder)
        asked, kept = asked + told, kept + found
    return Played(asked, kept, slowest, say("labels.offline"))


def killed_on_sqlite(ground: Ground) -> Played:
    return killed(ground.network("killed"), ground)


def killed_on_postgresql(ground: Ground) -> Played:
    return killed(database(ground.server.url, f"killed_{os.getpid()}"), ground)


def restarted_in_mid_session(ground: Ground) -> Played:
    """The database server stops while people log, and starts again."""
    place = database(ground.server.url, f"restarted_{os.getpid()}")
    opened = made(place)
    desk = opened.as_user(user())
    said, kept, waits = set[str](), 0, []
    for number in range(ground.times):
        stopping = Thread(target=ground.server.restart, args=[("fast", "immediate")[number % 2]])
        began = None
        for week in WEEK_OF:
            if week == WEEK_OF[5]:
                stopping.start()
            told = refusal(lambda week=week, n=number: log_over(desk, week, n))
            kept += not told
            if told:
                said.add(told.partition(": ")[2])
                began = began or time.perf_counter()
            elif began:
                waits.append(time.perf_counter() - began)
                break
            elif week > WEEK_OF[5] and not stopping.is_alive():
                break
        stopping.join()
    revisions = [one for one in desk.history(PROJECT, most=10**6) if one.kind == "observation"]
    assert desk.verify().whole
    opened.close()
    return Played(kept, min(kept, len(revisions)), max(waits, default=0.0), "; ".join(sorted(said)))


def log_over(desk: store.Desk, week: str, count: int) -> None:
    """Log a count over whatever was there."""
    found = desk.history(PROJECT, ("pph", "north", "Black", week))
    revision = found[-1].id if found else 0
    desk.log(PROJECT, [row(count, 20, week=week, revision=revision)], "again")


def two_servers(ground: Ground) -> Played:
    """Two processes that serve one file, and write to it at the same time."""
    place, writes = ground.network("two"), max(10, ground.times)
    made(place).close()
    with PROCESSES.Pool(2) as pool:
        came = pool.starmap(write_beside_others, [(place, 0, writes), (place, 1, writes)])
    told = sum(came, Counter())
    opened = store.open(place)
    desk = opened.as_user(user())
    kept = sum(one.kind == "observation" for one in desk.history(PROJECT, most=10**6))
    said = refusal(lambda: desk.log(PROJECT, [row(7, 20, week=WEEK_OF[0])], "again"))
    opened.close()
    _, seconds = works(place)
    return Played(told["own"] + told["shared"], kept, seconds, said.partition(":")[0])


# The disk


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of a few megabytes, where this machine lets us have one."""
    place = folder / "disk"
    place.mkdir()
    told = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(told, capture_output=True, check=False).returncode:
        raise PermissionError("no disk can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def disk_full(ground: Ground) -> Played:
    """Counts are logged until the disk holds no more; then there is room again."""
    try:
        with small_disk(ground.folder, "600k") as disk:
            place = str(disk / "network.sqlite")
            opened = made(place)
            desk, kept, said = opened.as_user(user()), -1, ""
            while not said:  # the one that is refused is not counted
                kept += 1
                rows = [row(1, 20, week=WEEK_OF[kept])]
                said = refusal(lambda rows=rows: desk.log(PROJECT, rows))
            opened.close()
            subprocess.run(["mount", "-o", "remount,size=60m", str(disk)], check=True)
            shown, seconds = works(place)
    except PermissionError:  # a limit on the size of files stands in for the disk
        place = ground.network("full")
        made(place).close()
        kept, said = answer_of(log_with_so_much_room, Path(place), 30_000)
        shown, seconds = works(place)
    return Played(kept, shown, seconds, said.partition(": ")[2])


def read_only(ground: Ground) -> Played:
    """The file and its folder may not be written to; then they may."""
    folder = Path("/tmp") / f"qi-equity-read-only-{os.getpid()}"  # nosec: reached by everybody
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    try:
        place = folder / "network.sqlite"
        _, kept = filled(place)
        place.chmod(0o444)
        _, said = answer_of(read_and_write_as_nobody, place)
        place.chmod(0o600)
        shown, seconds = works(place)
    finally:
        shutil.rmtree(folder)
    return Played(kept, shown, seconds, said.partition(": ")[2])


def page_corrupted(ground: Ground) -> Played:
    """Bytes in the middle of the file are overwritten; the last backup is restored."""
    place, away = Path(ground.network("corrupted")), ground.folder / "corrupted.backup"
    head, kept = filled(place)
    with closing(store.open(place)) as opened:
        opened.as_user(user()).backup(away)
    content = bytearray(place.read_bytes())
    for start in range(4096, len(content), 4096):
        content[start : start + 64] = b"\xff" * 64
    place.write_bytes(content)
    said = refusal(lambda: works(place))
    began = time.perf_counter()
    assert store.restore(away, place, replace=True).head == head
    shown, _ = works(place)
    return Played(kept, shown, time.perf_counter() - began, said.partition(": ")[2])


def log_missing(ground: Ground) -> Played:
    """The write-ahead log is gone with what was in it alone: a noted head tells."""
    place, left = ground.network("missing"), ground.folder / "left"
    left.mkdir()
    opened = made(place)
    desk = opened.as_user(user())
    for week in WEEK_OF[:20]:
        desk.log(PROJECT, [row(1, 20, week=week)])
    head = desk.verify().head
    shutil.copy(place, left / "network.sqlite")  # and not network.sqlite-wal
    shutil.copy(f"{place}.head", left / "network.sqlite.head")
    opened.close()
    again = store.open(left / "network.sqlite")
    found = again.as_user(user()).verify(head)
    again.close()
    assert not found.whole
    shown, seconds = works(place)  # the log beside its file again
    return Played(20, shown, seconds, str(found))


def older_backup(ground: Ground) -> Played:
    """A backup of before the last counts is restored: a noted head tells."""
    place, away = ground.network("older"), ground.folder / "older.backup"
    _, kept = filled(place)
    with closing(store.open(place)) as opened:
        desk = opened.as_user(user())
        desk.backup(away)
        for week in WEEK_OF[kept : kept + 5]:
            desk.log(PROJECT, [row(1, 20, week=week)])
        head = desk.verify().head
    began = time.perf_counter()
    store.restore(away, place, replace=True)
    seconds = time.perf_counter() - began
    with closing(store.open(place)) as opened:
        found = opened.as_user(user()).verify(head)
    assert not found.whole
    (aside,) = Path(place).parent.glob("older.sqlite.before-restore-*[0-9]")
    shown, _ = works(aside)  # what was there before stands beside it
    return Played(kept + 5, shown, seconds, str(found))


def wrong_backup(ground: Ground) -> Played:
    """What is no backup, and one that was altered, are refused, and the store stays."""
    place, wrong = ground.network("wrong"), ground.folder / "wrong.backup"
    _, kept = filled(place)
    wrong.write_text("not a store", encoding="utf-8")
    said = refusal(lambda: store.restore(wrong, place, replace=True))
    with closing(sqlite3.connect(ground.folder / "books.sqlite")) as other:
        other.execute("CREATE TABLE books (title TEXT)")
    assert refusal(lambda: store.restore(ground.folder / "books.sqlite", place, replace=True))
    shown, seconds = works(place)
    return Played(kept, shown, seconds, said.partition(": ")[2])


# Time


def clock_back(ground: Ground) -> Played:
    """The machine's clock goes back a day between two saves, and a sign-in is checked then."""
    place = ground.network("clock")
    opened = made(place)
    desk, real, day = opened.as_user(user()), time.time_ns, 86_400 * 10**9
    desk.log(PROJECT, [row(1, 20, week=WEEK_OF[0])])
    with mock.patch.object(databases.time, "time_ns", side_effect=lambda: real() - day):
        desk.log(PROJECT, [row(1, 20, week=WEEK_OF[1])])
        (first,) = desk.history(PROJECT, ("pph", "north", "Black", WEEK_OF[0]))
        said = refusal(lambda: desk.log(PROJECT, [row(2, 20, week=WEEK_OF[0])], "recount"))
        desk.log(PROJECT, [row(2, 20, week=WEEK_OF[0], revision=first.id)], "recount")
    both = desk.history(PROJECT, ("pph", "north", "Black", WEEK_OF[0]))
    assert [one.version for one in both] == [1, 2]
    assert both[1].at < both[0].at, "each says when by its own clock; the order is the chain's"
    opened.close()
    shown, seconds = works(place)
    assert shown == 2
    return Played(3, shown + 1, seconds, said.partition(":")[0])


def every_earlier_schema(ground: Ground) -> Played:
    """A store of each earlier schema is opened: backed up, then brought up to date."""
    source = Database(ground.network("source"))
    _, kept = filled(ground.network("source"))
    asked = shown = 0
    slowest = 0.0
    for version in KNOWN[:-1]:
        place = Path(ground.network(f"schema_{version}"))
        with closing(Database(place)) as old, old.writing() as connection:
            migrate_to(connection, version)
            with source.reading() as there:
                upkeep._pour(there, connection)
            # The trail's own link is of the newest schema.
            connection.exec_driver_sql("DELETE FROM chain WHERE id = 2")
        found, seconds = works(place)
        assert list(place.parent.glob(f"{place.name}.schema-{version}.*.backup"))
        asked, shown, slowest = asked + kept, shown + found, max(slowest, seconds)
    source.close()
    return Played(asked, shown, slowest, "")


# The process that judges


def worker_killed(ground: Ground) -> Played:
    """The worker is killed at every stage: at its start, as it is told, amid work, at its end."""
    opened = made(ground.network("worker"))
    opened.as_user(user()).import_table(PROJECT, table(), "a" * 64)
    network = Network(opened, Analyst())
    seat, chance, slowest, logged = network.seat(user()), random.Random(1), 0.0, 0
    for number in range(ground.times):
        seat.store.log(PROJECT, [row(1, 20, week=WEEK_OF[number])])
        logged += 1
        began = time.perf_counter()
        findings = seat.findings(PROJECT)  # this sets the judging of the new count going
        # Not a wait for anything: the process is to die at any stage of its work.
        time.sleep(chance.uniform(0, 0.5) if number else 0)
        if network.analyst.worker.pid:
            os.kill(network.analyst.worker.pid, signal.SIGKILL)
        while not seat.findings(PROJECT).judged:
            assert time.perf_counter() - began < PATIENCE, "no verdicts came"
            time.sleep(0.01)
        slowest = max(slowest, time.perf_counter() - began)
        assert len(findings.charts), "charts were there all along"
    kept = len(seat.store.observations(PROJECT)) - len(table())
    network.close()
    return Played(logged, kept, slowest, say("labels.late.waiting"))


# The table


@dataclass(frozen=True)
class Fault:
    """A row: its name, its play, words that must be said, and the test that plays it small."""

    name: str
    play: Callable[[Ground], Played]
    said: str
    times: int = 1  # at full size
    small: int = 1
    server: bool = False
    test: str = "tests/journeys/test_faults.py::test_a_fault_keeps_what_was_acknowledged"


KILLED = "tests/journeys/test_store_killed.py::"
FULL = "tests/journeys/test_store_faults.py::"
FAULTS = (
    Fault("killed while logging and importing, SQLite", killed_on_sqlite, "", 300,
          test=f"{KILLED}test_a_writer_killed_at_any_moment_loses_nothing_that_was_acknowledged"),
    Fault("killed while logging and importing, PostgreSQL", killed_on_postgresql, "", 300,
          server=True, test=f"{KILLED}test_a_writer_on_postgresql_killed_at_any_moment"),
    Fault(f"server with {CONNECTIONS} connections stopped amid its work by SIGINT, SIGTERM, "
          "SIGKILL in turn: until all is gone", server_stopped, "", 12, 3,
          test="tests/journeys/test_app_outlives.py::"
               "test_a_server_stopped_amid_its_work_leaves_no_worker_and_is_gone"),
    Fault("two servers on one file", two_servers, "changed since you opened it", 100,
          test="tests/journeys/test_store_writers.py::test_fifty_writers_on_sqlite"),
    Fault("disk full", disk_full, "the disk is full",
          test=f"{FULL}test_a_disk_that_fills_up_is_said_to_be_full_and_keeps_what_was_acknowledged"),
    Fault("read-only", read_only, "the database is read-only",
          test=f"{FULL}test_a_store_that_may_not_be_written_says_so_and_is_read_where_it_can_be"),
    Fault("clock going back a day", clock_back, "changed since you opened it"),
    Fault("pages of the file overwritten", page_corrupted, "the file is damaged"),
    Fault("write-ahead log missing", log_missing, "revisions are missing: network.sqlite.head"),
    Fault("older backup restored", older_backup, "the newest revisions are missing"),
    Fault("wrong backup", wrong_backup, "not a qi_equity store"),
    Fault("opened from every earlier schema", every_earlier_schema, ""),
    Fault("database restarted in mid-session, PostgreSQL", restarted_in_mid_session,
          "the database server", 10, 2, server=True),
    Fault("judging process killed at every stage", worker_killed, "being worked out", 30, 2,
          test="tests/journeys/test_app_outlives.py::test_pages_live_on_when_the_worker_is_killed"),
)  # fmt: skip
