"""Writers that run in processes of their own, for the store's journeys."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import resource
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text

from patience import PATIENCE
from qi_equity import store
from qi_equity.project import Project
from qi_equity.store import database as locked
from store_network import PROJECT, row, table, user

WEEK_OF = [f"20{year:02d}-{month:02d}-{day:02d}"
           for year in range(14, 24) for month in range(1, 13) for day in range(1, 29)]  # fmt: skip
FILE_ROWS = 9  # a file of one site: a measure would be 3 strata by 3 weeks

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["qi_equity.store", "alembic.command", "sqlalchemy.dialects.sqlite"]
)


def database(server: str, name: str) -> str:
    """A new, empty PostgreSQL database on this server: its address."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def write_until_killed(place: str, seed: int, acknowledged: str) -> None:
    """Log, import, note and undo without end; a line in the file for each write acknowledged."""
    chance, told = random.Random(seed), 0
    view = store.open(place).as_user(user("admin", name=f"writer {seed}"))
    for number in range(1_000_000):
        act = chance.choice(("log", "import", "note", "undo"))
        if act == "log":
            key = ["pph", "south", "Black", WEEK_OF[(seed * 97 + number) % len(WEEK_OF)]]
            count = chance.randrange(20)
            there = view.history(PROJECT, key)
            seen = there[-1].id if there else 0
            view.log(PROJECT, [row(count, 20, site="south", week=key[3], revision=seen)], "again")
            said: Any = [act, key, count]
        elif act == "import":
            digest = f"{seed:032d}{number:032d}"
            view.import_table(PROJECT, _file(seed, number), digest)
            said = [act, digest]
        elif act == "note":
            entry = store.SessionNote(day="2025-01-06", text=f"{seed} {number}")  # type: ignore[arg-type]
            said = [act, view.write(PROJECT, entry)]
        else:
            mine = [one for one in view.history(PROJECT, most=50) if one.kind == "note"]
            if not mine:
                continue
            view.undo(mine[0].id, "never mind")
            said = [act, mine[0].key, mine[0].version + 1]
        told = told or os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(told, (json.dumps(said) + "\n").encode())


def _file(seed: int, number: int) -> Any:
    """A file whose rows no other has: its numbers are its own, and so are its weeks."""
    start = (seed * 31 + number * 3) % (len(WEEK_OF) - 3)
    rows = table(("north",), tuple(WEEK_OF[start : start + 3]))
    rows["denominator"] = 1000 + seed * 10_000 + number
    return rows


def acknowledged(path: Path) -> Iterator[Any]:
    """What was acknowledged before the kill."""
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def write_beside_others(place: str, writer: int, writes: int) -> Counter[str]:
    """Log counts of one's own, and fight over one that everybody wants; what came of it.

    On a slow machine fifty wait for longer than people would: here only nothing lost is asked.
    """
    locked.BUSY_SECONDS = round(10 * PATIENCE)  # of this process, which ends with the work
    opened = store.open(place)
    try:
        return fight(opened, writer, writes)
    finally:
        opened.close()


def fight(opened: store.Store, writer: int, writes: int) -> Counter[str]:
    """As write_beside_others, in a store that is open."""
    view = opened.as_user(user("contributor", "north", name=f"writer {writer}"))
    came: Counter[str] = Counter()
    for number in range(writes):
        week = WEEK_OF[writer * writes + number]
        view.log(PROJECT, [row(number % 20, 20, week=week)])
        came["own"] += 1
        shared = (*_SHARED[:3], "2012-01-02")
        there = view.history(PROJECT, shared)
        before = there[-1] if there else None
        counted = json.loads(before.body)["numerator"] + 1 if before and before.body else 1
        again = row(
            counted, 100_000, stratum="White", week=shared[3], revision=before.id if before else 0
        )
        try:
            saved = view.log(PROJECT, [again], reason="one more")
            # Somebody else may have saved the very same count: then there is nothing to write.
            came["shared" if saved.written else "agreed"] += 1
        except store.Conflict:
            came["conflict"] += 1
    return came


_SHARED = ("pph", "north", "White")
SHARED_CELL = (*_SHARED, "2012-01-02")


def log_with_so_much_room(place: str, room: int, answer: Any) -> None:
    """Log until the files may grow no more; how many were acknowledged, and what was said."""
    biggest = max(path.stat().st_size for path in Path(place).parent.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (biggest + room, biggest + room))
    view = store.open(place).as_user(user())
    logged = 0
    try:
        for week in WEEK_OF:
            view.log(PROJECT, [row(1, 20, week=week, site="south")])
            logged += 1
    except store.StoreError as fault:
        answer.send((logged, str(fault)))
    else:
        answer.send((logged, "never full"))


def import_with_so_much_room(place: str, room: int, answer: Any) -> None:
    """Import one large file into too small a room."""
    biggest = max(path.stat().st_size for path in Path(place).parent.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (biggest + room, biggest + room))
    view = store.open(place).as_user(user())
    try:
        view.import_table(PROJECT, table(("south",), tuple(WEEK_OF[:500])), "c" * 64)
        answer.send("imported")
    except store.StoreError as fault:
        answer.send(str(fault))


def back_up_with_so_much_room(place: str, room: int, answer: Any) -> None:
    """Back up and export onto a disk that has no room for either."""
    view = store.open(place).as_user(user())
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    said = []
    for act in (view.backup, view.export):
        try:
            act(Path(place).parent / f"away-{act.__name__}")
            said.append("done")
        except store.StoreError as fault:
            said.append(str(fault))
    answer.send(said)


def read_and_write_as_nobody(place: str, _room: int, answer: Any) -> None:
    """Open a store as a user of the machine who owns nothing: what is read, and what is said."""
    Project.model_rebuild()  # what reads a plan is loaded when it is first used: now, not as nobody
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    read = None
    try:
        view = store.open(place).as_user(user())
        read = len(view.observations(PROJECT))
        view.log(PROJECT, [row(1, 20, week="2012-01-02")])
        answer.send((read, "written"))
    except store.StoreError as fault:
        answer.send((read, str(fault)))


def answer_of(act: Any, place: Path, room: int = 0) -> Any:
    """What one of these says, from a process of its own."""
    here, there = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=act, args=(str(place), room, there))
    process.start()
    there.close()
    said = here.recv()
    process.join()
    return said
