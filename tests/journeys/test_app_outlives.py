"""The app goes on when a part of it dies, and leaves nothing behind when it stops itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, get_ident
from time import monotonic
from urllib.request import urlopen

import pytest

from app_client import PASSWORD, Visitor
from patience import PATIENCE
from postgres_server import free_port
from qi_equity import store
from qi_equity.app import aside, live, server
from qi_equity.app.aside import Failed, Late, Lost, Threads, Worker
from qi_equity.app.live import Analyst, Network
from qi_equity.app.render import Renderer
from qi_equity.store import Users
from store_network import PROJECT, made, row, table, user

# A server that is stopped while it judges, reads a file and brings another one in; it begins to
# once it is told that all who connect are there.
SERVER = """
import sys
from threading import Thread
from qi_equity import store
from qi_equity.app import ending, incoming
from qi_equity.app.live import Analyst, Network
from qi_equity.app.server import serve
from store_network import PROJECT, table

def work(desk, workers):
    sys.stdin.readline()
    for one in workers:
        one.submit(exec, "while True: pass")
    for number in range(10**9):
        desk.import_table(PROJECT, table().assign(denominator=99 + number % 7),
                          f"{number:064d}")
        with open(sys.argv[2], "a") as acknowledged:
            acknowledged.write(f"{number}\\n")

if __name__ == "__main__":
    network = Network(store.open(sys.argv[1]), Analyst())
    seat = network.seat(store.User("jo", "admin"))

    def started(url):
        workers = network.analyst.worker, incoming._reader
        pids = [one.submit(sum, [1]).result() and one.pid for one in workers]
        Thread(target=work, args=[seat.store, workers], daemon=True).start()
        print(url, *pids, flush=True)

    try:
        serve(seat, port=0, started=started)
    finally:
        network.close()
    ending.gone()
"""

# One that is stuck: in its event loop, or when it puts its things away.
STUCK = """
import sys
from threading import Event
from tornado.ioloop import IOLoop
from qi_equity import store
from qi_equity.app.live import Analyst, Network
from qi_equity.app.server import serve

def wait():
    print("stuck", flush=True)
    Event().wait()

if __name__ == "__main__":
    network = Network(store.open(sys.argv[1]), Analyst())
    def started(url):
        pid = network.analyst.worker.submit(sum, [1]).result() and network.analyst.worker.pid
        network.analyst.worker.submit(exec, "while True: pass")
        print(pid, flush=True)
        IOLoop.current().add_callback(wait if sys.argv[2] == "loop" else lambda: print(flush=True))
    serve(network.seat(store.User("jo", "admin")), port=0, started=started)
    wait()
"""

# The command, in a process with a thread that never ends and a folder of this process's own.
COMMAND = """
import os
import sys
from tempfile import TemporaryDirectory
from threading import Event, Thread
from qi_equity.cli import main

if __name__ == "__main__":
    own = TemporaryDirectory(dir=sys.argv.pop(1))
    Thread(target=Event().wait).start()
    try:
        main()
    except SystemExit as refused:
        if refused.code:
            os._exit(refused.code)
        raise
"""


def die() -> None:
    """In the worker: end as if killed."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(path: str) -> str:
    """In the worker: end as if killed, the first time."""
    if not Path(path).exists():
        Path(path).touch()
        die()
    return "done"


class Fatal:
    """What ends the process that is told of it, so many times, before it has understood the job."""

    def __init__(self, folder: Path, times: int) -> None:
        self.folder, self.times = folder, times

    def __reduce__(self):
        return die_first, (str(self.folder), self.times)


def die_first(folder: str, times: int) -> None:
    """In the worker: end as if killed, so many times."""
    died = len(list(Path(folder).glob("died*")))
    if died < times:
        (Path(folder) / f"died{died}").touch()
        die()


def stay() -> None:
    """In the worker: work on and on."""
    while True:
        pass


def fail() -> None:
    """In the worker: a fault."""
    raise ValueError("no such luck")


@pytest.fixture
def worker(monkeypatch):
    # The process starts from our path of modules, and must find the functions above there.
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    worker = Worker()
    yield worker
    worker.close()


@pytest.fixture
def network(tmp_path):
    opened = made(tmp_path / "network.sqlite")
    opened.as_user(user()).import_table(PROJECT, table(), "a" * 64)
    network = Network(opened, Analyst())
    yield network
    network.close()


def awaited(ready):
    """Ask until it is so."""
    end = monotonic() + PATIENCE
    while not ready():
        assert monotonic() < end, "it never was"
        Event().wait(0.02)


# The process that judges


def test_a_worker_killed_between_jobs_is_replaced(worker):
    first = worker.submit(os.getpid).result(PATIENCE)
    os.kill(first, signal.SIGKILL)
    assert worker.submit(os.getpid).result(PATIENCE) != first


def test_a_job_in_whose_midst_the_worker_was_killed_is_done_again(worker, tmp_path):
    assert worker.submit(die_once, str(tmp_path / "died")).result(PATIENCE) == "done"


def test_a_worker_that_dies_before_it_has_the_job_says_nothing_of_the_job(worker, tmp_path):
    assert worker.submit(repr, Fatal(tmp_path, 3)).result(PATIENCE) == "None"
    assert len(list(tmp_path.glob("died*"))) == 3


def test_workers_that_never_come_to_the_job_are_given_up(worker, tmp_path):
    with pytest.raises(Lost):
        worker.submit(repr, Fatal(tmp_path, 10**6)).result(PATIENCE)
    assert worker.submit(sum, [1, 2]).result(PATIENCE) == 3


def test_a_job_that_kills_every_worker_is_given_up_and_the_next_one_is_done(worker):
    with pytest.raises(Lost):
        worker.submit(die).result(PATIENCE)
    assert worker.submit(sum, [1, 2]).result(PATIENCE) == 3


def test_a_fault_of_a_job_is_told_with_its_traceback_and_costs_no_worker(worker):
    first = worker.submit(os.getpid).result(PATIENCE)
    with pytest.raises(Failed, match="no such luck"):
        worker.submit(fail).result(PATIENCE)
    assert worker.submit(os.getpid).result(PATIENCE) == first


def test_a_job_that_cannot_be_understood_is_told_and_costs_no_worker(worker, monkeypatch):
    first = worker.submit(os.getpid).result(PATIENCE)
    monkeypatch.setattr(fail, "__module__", "of_ours_alone")
    monkeypatch.setitem(sys.modules, "of_ours_alone", sys.modules[__name__])
    with pytest.raises(Failed, match="of_ours_alone"):
        worker.submit(fail).result(PATIENCE)
    assert worker.submit(os.getpid).result(PATIENCE) == first


def test_a_job_that_takes_too_long_is_ended_and_the_next_one_is_done(worker):
    worker._limit = 0.1
    with pytest.raises(Late, match="stay took longer than"):
        worker.submit(stay).result(PATIENCE)
    worker._limit = None
    assert worker.submit(sum, [1, 2]).result(PATIENCE) == 3


def test_a_process_that_could_not_be_started_is_asked_for_again(worker, monkeypatch):
    def full(process):
        raise OSError("no room for another process")

    with monkeypatch.context() as broken:
        broken.setattr(aside.SPAWN.Process, "start", full)
        with pytest.raises((Lost, OSError)):
            worker.submit(os.getpid).result(PATIENCE)
    assert worker.submit(sum, [1, 2]).result(PATIENCE) == 3


def test_a_closed_worker_is_gone_in_the_midst_of_its_work(worker):
    pid = worker.submit(os.getpid).result(PATIENCE)
    busy, waiting = worker.submit(stay), worker.submit(sum, [1])
    awaited(busy.running)
    worker.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(Lost):
        busy.result(PATIENCE)
    assert waiting.cancelled()


# The pages


def test_pages_live_on_when_the_worker_is_killed(network):
    renderer = Renderer(network.seat(user()))
    renderer.answer("?page=charts")
    awaited(lambda: network.analyst.worker.pid is not None)
    os.kill(network.analyst.worker.pid, signal.SIGKILL)
    for page in ("charts", "compare", "session", "log"):
        assert "Something went wrong" not in renderer.answer(f"?page={page}")["html"]
    seat = network.seat(user())
    awaited(lambda: seat.findings(PROJECT).judged)


def test_without_verdicts_there_are_charts_and_it_is_tried_again_later(network, monkeypatch):
    moment = [0.0]
    analyst = Analyst(clock=lambda: moment[0])
    seat = network.seat(user())
    seat = live.Seat(seat.store, analyst)
    asked = []

    def lost(*arguments):
        asked.append(arguments)
        future = Future()
        future.set_exception(Lost("two processes died"))
        return future

    monkeypatch.setattr(analyst.worker, "submit", lost)
    findings = seat.findings(PROJECT)
    assert len(findings.charts)
    assert not findings.judged
    assert seat.revision(PROJECT).endswith(":failed")
    assert len(asked) == 1
    page = Renderer(seat).answer(f"?page=gap&project={PROJECT}")
    assert "could not be worked out" in page["html"]
    assert page["waiting"], "the page asks again by itself"
    for times, moment[0] in enumerate((live.AGAIN, 3 * live.AGAIN, 7 * live.AGAIN), 2):
        seat.findings(PROJECT)  # begins it again, after twice as long each time
        seat.findings(PROJECT)  # sees that it is lost
        assert len(asked) == times
    moment[0] += 10**9
    for _ in range(10):
        seat.findings(PROJECT)
        seat.findings(PROJECT)
        moment[0] += live.LONGEST
    assert len(asked) == 14, "never later than after the longest time"
    analyst.close()


def test_while_verdicts_cannot_be_come_by_the_last_are_shown_with_their_day(network, monkeypatch):
    seat = network.seat(user())
    renderer = Renderer(seat)
    address = f"?page=gap&project={PROJECT}&measure=pph&site=north"
    awaited(lambda: seat.findings(PROJECT).judged)
    verdicts = seat.findings(PROJECT)
    waiting = Future()
    monkeypatch.setattr(network.analyst.worker, "submit", lambda *arguments: waiting)
    monkeypatch.setattr(live, "SOON", 0.0)
    rows = [row(1, 20, week="2025-02-03", site="north")]
    answer = renderer.act("log", {"rows": rows, "site": "north"}, address)
    assert "being worked out" in answer["html"]
    assert "last verdicts are as of" in answer["html"]
    assert seat.findings(PROJECT).late.last is verdicts
    waiting.set_exception(Lost("two processes died"))
    seat.findings(PROJECT)
    renderer = Renderer(seat)
    for page in ("gap", "charts", "session"):
        html = renderer.answer(address.replace("page=gap", f"page={page}"))["html"]
        assert "could not be worked out" in html, page
        assert "last verdicts are as of" in html, page


def test_what_was_kept_is_answered_as_kept_though_no_page_can_be_drawn(network, monkeypatch):
    seat = network.seat(user())
    renderer = Renderer(seat)
    rows = [row(1, 20, week="2025-02-03", site="north")]

    def broken(self, project_id):
        raise RuntimeError("no findings today")

    address = f"?page=charts&project={PROJECT}&measure=pph&site=north"
    renderer.answer(address)
    save = live.Seat.store.__get__(seat).log

    def log(*arguments, **options):
        done = save(*arguments, **options)
        monkeypatch.setattr(live.Seat, "findings", broken)
        return done

    monkeypatch.setattr(store.Desk, "log", lambda self, *a, **o: log(*a, **o))
    answer = renderer.act("log", {"rows": rows, "site": "north"}, address)
    assert "problems" not in answer
    assert answer["done"]
    assert "This is kept" in answer["html"]
    assert "Nothing was lost or changed" not in answer["html"]
    kept = seat.store.observations(PROJECT)
    assert (kept["subgroup"] == "2025-02-03").sum() == 1


def test_after_a_save_only_what_is_new_is_judged(network, monkeypatch):
    """In this process, so that it can be looked at."""
    passed = []
    real = live.analyse

    def analyse(*arguments, previous, **options):
        passed.append(dict(previous.kept))
        return real(*arguments, previous=previous, **options)

    monkeypatch.setattr(live, "analyse", analyse)
    monkeypatch.setattr(live, "_last", type(live._last)())
    desk = network.store.as_user(user())
    counts = desk.observations(PROJECT).drop(columns="revision")
    plan = desk.project(PROJECT)
    first = live.judge_true(("true", "all"), plan, counts, "1")
    live.judge_true(("true", "all"), plan, counts, "2")
    live.judge_true(("true", "others"), plan, counts, "2")
    assert passed[0] == {}
    assert set(passed[1]) >= {"pph", "cord"}
    assert passed[2] == {}, "what was judged for one is not used for another"
    assert first.judged
    assert first.as_of == "1"
    assert not first.kept, "what was judged stays in the worker"


# Threads


def test_a_line_is_done_in_order_and_a_long_task_keeps_no_other_line_waiting():
    threads, told, free, over = Threads(2), [], Event(), Event()
    slow, other = threads.line(), threads.line()
    slow.put(lambda: (free.wait(PATIENCE), told.append("slow")))
    slow.put(lambda: (told.append("after"), over.set()))
    done = Event()
    other.put(lambda: (told.append("other"), done.set()))
    assert done.wait(PATIENCE)
    free.set()
    assert over.wait(PATIENCE)
    assert told == ["other", "slow", "after"]


def test_what_takes_long_is_done_by_others_and_still_in_its_order():
    quick, slow, told = Threads(1), Threads(1), []
    free, done, over = Event(), Event(), Event()
    large, other = quick.line(slow), quick.line(slow)
    large.put(lambda: (free.wait(PATIENCE), told.append("file")), slow=True)
    large.put(lambda: (told.append("after"), over.set()))
    other.put(lambda: (told.append("other"), done.set()))
    assert done.wait(PATIENCE)
    free.set()
    assert over.wait(PATIENCE)
    assert told == ["other", "file", "after"]


def test_a_page_that_takes_long_to_draw_keeps_nobody_else_waiting(network):
    begun, free = Event(), Event()

    class Slow(live.Seat):
        def findings(self, project_id):
            begun.set()
            assert free.wait(PATIENCE)
            return super().findings(project_id)

    seat = network.seat(user())
    running = server.start(Slow(seat.store, seat.analyst), warm=False)
    slow = Threads(1).submit(lambda: urlopen(running.url, timeout=PATIENCE).read().decode())
    assert begun.wait(PATIENCE)
    with urlopen(f"{running.url}liveness", timeout=PATIENCE) as given:
        assert given.status == 200
    assert not slow.done()
    free.set()
    assert "<main" in slow.result(PATIENCE)
    running.stop()


def test_a_line_takes_so_many_tasks_and_no_more():
    threads, free = Threads(1), Event()
    line = threads.line()
    taken = [line.put(lambda: free.wait(PATIENCE)) for _ in range(aside.MOST_WAITING + 1)]
    assert taken == [True] * aside.MOST_WAITING + [False]
    free.set()


def test_a_task_that_fails_does_not_stop_its_line(caplog):
    line, over, ran = Threads(1).line(), Event(), []
    line.put(fail)
    line.put(lambda: (ran.append(get_ident()), over.set()))
    assert over.wait(PATIENCE)
    assert "ended in a fault" in caplog.text


# Stopping


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


@contextmanager
def begun(folder: Path, script: str, *arguments: str):
    """A process of a script's own, which is killed in the end whatever comes."""
    file = folder / "server.py"
    file.write_text(script, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(file), *arguments], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def working(folder: Path, connections: int = 1):
    """A server that judges, reads and imports: its process, and those that it began."""
    made(folder / "network.sqlite").close()
    places = str(folder / "network.sqlite"), str(folder / "acknowledged")
    with begun(folder, SERVER, *places) as process, ExitStack() as open_:
        url, *pids = process.stdout.readline().split()
        for _ in range(connections):
            open_.enter_context(Visitor(url).open())
        process.stdin.write("all are here\n")
        process.stdin.flush()
        awaited((folder / "acknowledged").exists)
        yield process, [int(pid) for pid in pids]


def imports_kept(folder: Path) -> tuple[int, int]:
    """The imports that a stopped server acknowledged, and those that its store holds."""
    said = (folder / "acknowledged").read_text(encoding="utf-8").split()
    left = store.open(folder / "network.sqlite")
    desk = left.as_user(user())
    assert desk.verify().whole
    kept = {int(one.key) for one in desk.history(PROJECT, most=10**6) if one.kind == "import"}
    left.close()
    return len(said), sum(int(number) in kept for number in said)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at processes as Linux does")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_server_stopped_amid_its_work_leaves_no_worker_and_is_gone(tmp_path, how):
    with working(tmp_path) as (process, pids):
        assert all(alive(pid) for pid in pids)
        process.send_signal(how)
        process.wait(PATIENCE)
        awaited(lambda: not any(alive(pid) for pid in pids))
    said, kept = imports_kept(tmp_path)
    assert said == kept > 0


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at processes as Linux does")
@pytest.mark.parametrize("where", ["loop", "end"])
def test_a_server_that_is_stuck_when_it_is_stopped_is_gone_all_the_same(tmp_path, where):
    made(tmp_path / "network.sqlite").close()
    with begun(tmp_path, STUCK, str(tmp_path / "network.sqlite"), where) as process:
        worker = int(process.stdout.readline())
        process.stdout.readline()  # the event loop is there, or stuck already
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 1
        awaited(lambda: not alive(worker))


def test_the_command_waits_for_no_thread_and_leaves_no_file_of_its_own(tmp_path):
    users, own = Users(tmp_path / "users.json"), tmp_path / "own"
    users.save("jo", "admin", by="the terminal", password=PASSWORD)
    own.mkdir()
    told = (
        "--port",
        str(free_port()),
        "--database",
        str(tmp_path / "network.sqlite"),
        "--users",
        str(users.path),
    )
    with begun(tmp_path, COMMAND, str(own), "serve", *told) as process:
        assert "Serving" in process.stdout.readline()
        assert list(own.iterdir())
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert not list(own.iterdir())
