"""Each attack that once won, played from outside against a version of the package.

    python benchmarks/attacks.py                       # on this version: none may win
    python benchmarks/attacks.py --source OTHER/src    # on another, such as one of before

Every attack runs in a process of its own with that version's package, by means that both versions
have. It prints 'held', 'won' with what it won, or why it could not be played. The table of
docs/explanation/security.md says what came of both.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

from processor import of_children

ROOT = Path(__file__).parents[1]
LONGEST = 240  # seconds of one attack
HOST, PASSWORD = "qi.trust.example", "four plain words here"
HELD = "held"
ESCAPE = "\x1b]0;owned\x07"


class NotPlayed(Exception):
    """It cannot be played on this version, and why."""


def command(*told: str, **more: object) -> subprocess.CompletedProcess[bytes]:
    """The command line of the version that is attacked."""
    told = [sys.executable, "-m", "qi_equity.cli", *told]
    return subprocess.run(told, capture_output=True, timeout=LONGEST, check=False, **more)


def network(folder: Path, weeks: int = 12) -> Path:
    """A store with a project and counts, closed."""
    import store_network as known

    place = folder / "network.sqlite"
    opened = known.made(place)
    desk = opened.as_user(known.user())
    for week in range(weeks):
        desk.log(known.PROJECT, [known.row(1, 20, week=f"2025-0{1 + week // 4}-{1 + week % 4:02}")])
    opened.close()
    return place


def whole(place: Path) -> bool:
    """Whether the version calls this store whole; one that it refuses to open is not."""
    import store_network as known
    from qi_equity import store
    from qi_equity.errors import UserError

    try:
        opened = store.open(place)
    except UserError:
        return False
    with closing(opened):
        return bool(opened.as_user(known.user()).verify().whole)


# The door


@contextmanager
def served(folder: Path, proxied: bool = True) -> Iterator[str]:
    """A server, as behind a proxy that speaks https or by itself, and one person on its list."""
    import socket

    from qi_equity.store import Users

    place = network(folder)
    Users(folder / "users.json").save("jo", "contributor", ["north"], PASSWORD)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = [sys.executable, "-m", "qi_equity.cli", "serve", "--port", str(port)]
    told += ["--origin", HOST] if proxied else []
    told += ["--database", str(place), "--users", str(folder / "users.json")]
    process = subprocess.Popen(told, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        process.stdout.readline()
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def asked(url: str, form: dict[str, str] | None = None, cookies=None, **headers: str):
    """One request as the proxy hands it on: its status, headers and text."""
    body = urlencode(form).encode() if form is not None else None
    usual = {"Host": HOST, "Origin": f"https://{HOST}", "X-Forwarded-Proto": "https"}
    request = Request(url, body, usual | {"X-Scheme": "https"} | headers)
    opener = build_opener(cookies or HTTPCookieProcessor(), _Stay)
    try:
        with opener.open(request, timeout=60) as given:
            return given.status, given.headers, given.read().decode()
    except HTTPError as given:
        with given:
            return given.code, given.headers, given.read().decode()


def signed_in(url: str, target: str = "/", secret: str = "", cookie: str = "", **headers: str):
    """Fill in the form and send it, with our own secret and cookie where given."""
    _, head, text = asked(url + "sign-in")
    found = re.search(r'name="_xsrf" value="([^"]+)"', text)
    cookies = [one.partition(";")[0] for one in head.get_all("Set-Cookie") or []]
    form = {"name": "jo", "password": PASSWORD, "next": target, "code": "",
            "_xsrf": secret or found.group(1)}  # fmt: skip
    return asked(url + "sign-in", form, Cookie=cookie or "; ".join(cookies), **headers)


def next_elsewhere(folder: Path) -> str:
    with served(folder) as url:
        for target in ("///elsewhere.example", "/%2f/elsewhere.example", "/\t/elsewhere.example"):
            status, headers, _ = signed_in(url, target)
            place = headers.get("Location", "")
            if status in (302, 303) and place.startswith(("//", "/%2f")):
                return f"sent on to {place!r}"
        assert status in (302, 303), f"nobody was signed in: {status}"
    return HELD


def planted_secret(folder: Path) -> str:
    with served(folder) as url:
        planted = "2|aaaaaaaa|" + "bb" * 16 + "|1700000000"
        status, *_ = signed_in(url, secret=planted, cookie=f"_xsrf={planted}")
    return "a form of another page was taken" if status in (302, 303) else HELD


def origin_scheme(folder: Path) -> str:
    with served(folder) as url:
        status, *_ = signed_in(url, Origin=f"http://{HOST}")
    return "a form of a page read on the way was taken" if status in (302, 303) else HELD


def unverified_address(folder: Path) -> str:
    from qi_equity.app import oauth

    parts = [{"alg": "none"}, {"email": "jo@trust.example", "sub": "1"}]
    packed = [base64.urlsafe_b64encode(json.dumps(one).encode()).decode() for one in parts]
    token = ".".join([*packed, "c2ln"])
    from tornado.web import HTTPError

    door = SimpleNamespace(record=lambda *told: None)
    handler = type("Handler", (oauth.ByName,), {"__init__": lambda self: None})()
    handler.application = SimpleNamespace(auth_provider=door)
    handler.request = SimpleNamespace(remote_ip="", headers={})
    oauth.config.oauth_jwt_user = "email"
    try:
        handler._refuse_unverified(token)
    except HTTPError:
        return HELD
    return "an address without 'email_verified' was taken as verified"


def chosen_claim(folder: Path) -> str:
    from qi_equity.app import oauth
    from qi_equity.errors import UserError

    told = {"PROVIDER": "azurev2", "TENANT": "t-1", "KEY": "k", "SECRET": "s", "USER_KEY": "name"}
    try:
        oauth.from_environment({f"QI_EQUITY_OAUTH_{name}": text for name, text in told.items()})
    except UserError:
        return HELD
    return "a name that people choose themselves says who they are"


def password_in_address(folder: Path) -> str:
    address = "postgresql://jo@127.0.0.1:1/network?password=hunter2-in-clear"
    given = command("verify", "--database", address)
    told = given.stdout + given.stderr
    return "the password stands in the message" if b"hunter2" in told else HELD


# Text is data


def file_called_by_a_password(folder: Path) -> str:
    """An address as libpq has it, or with its beginning left out, is no name of a file."""
    from qi_equity import store

    os.chdir(folder)
    won = []
    for place in ("host=127.0.0.1 user=jo password=s3cret", "jo:s3cret@127.0.0.1"):
        try:
            store.open(place).close()
        except store.StoreError as told:
            won += ["the password stands in the message"] if "s3cret" in str(told) else []
    won += ["a file is called by the password"] if list(folder.glob("*s3cret*")) else []
    return "; ".join(won) or HELD


def project_text(title: str) -> str:
    """A project as the version that is attacked reads it."""
    import qi_equity

    ships = Path(qi_equity.__file__).parents[2] / "projects"
    found = next(ships.rglob("pph_reduction.yaml"))
    lines = found.read_text(encoding="utf-8").splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("title:"))
    return "\n".join([*lines[:at], f"title: {json.dumps(title)}", *lines[at + 1 :]])


def escape_in_terminal(folder: Path) -> str:
    place = folder / "project.yaml"
    place.write_text(
        project_text("A title") + f"\n{json.dumps('x' + ESCAPE)}: 1\n", encoding="utf-8"
    )
    given = command("check", str(place))
    reached = b"\x1b" in given.stdout + given.stderr or b"\x07" in given.stdout + given.stderr
    return "an escape sequence reached the terminal" if reached else HELD


def forged_line(folder: Path) -> str:
    """A cell whose line break begins a line of the account of its own table."""
    from qi_equity import project_file

    project, counts = project_file.examples()["pph_reduction"], folder / "counts.csv"
    counts.write_text(
        "measure,site,stratum,subgroup,numerator,denominator\n"
        '"x\n  taken  1,000",a,Black,2025-01-06,1,20\n', encoding="utf-8"
    )  # fmt: skip
    told = command("quality", str(project), "--data", str(counts)).stdout
    return "a cell said in the account what was taken" if b"\n  taken  1,000" in told else HELD


def deceiving_names(folder: Path) -> str:
    taken = []
    for name, text in {"ESC": "A\x1b[31mred", "BEL": "A\x07", "bidi": "A \u202egnihtemos"}.items():
        place = folder / "project.yaml"
        place.write_text(project_text(text), encoding="utf-8")
        if command("check", str(place)).returncode == 0:
            taken.append(name)
    return f"a title with {', '.join(taken)} passes check" if taken else HELD


def formula_after_a_blank(folder: Path) -> str:
    import pandas as pd

    from qi_equity.view import export

    table = pd.DataFrame({"=1+1": [" =1+1", "\n=cmd"]})
    table["kind"] = pd.Categorical(["=2+2", "x"])
    made = export.inert(table)
    cells = [*made.columns, *made.astype(str).to_numpy().ravel()]
    run = [cell for cell in cells if str(cell).lstrip()[:1] in "=+-@" and str(cell).strip()]
    return f"a spreadsheet runs {run[0]!r}" if run else HELD


COLUMNS_OF_ROWS = """
data:
  kind: table
  path: rows.xlsx
  measure: measure
  site: site
  stratum: stratum
  subgroup: subgroup
  numerator: numerator
  denominator: denominator
"""


def million_rows(folder: Path) -> str:
    import resource

    rows = "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>pph</t></is></c></row>'
        for n in range(1, 1_000_001)
    )
    sheet = ('<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/'
             f'spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>')  # fmt: skip
    import openpyxl

    small, place = folder / "small.xlsx", folder / "rows.xlsx"
    openpyxl.Workbook().save(small)
    with zipfile.ZipFile(small) as source, zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as out:
        for name in source.namelist():
            is_sheet = name == "xl/worksheets/sheet1.xml"
            out.writestr(name, sheet if is_sheet else source.read(name))
    text = project_text("A title") + COLUMNS_OF_ROWS
    (folder / "project.yaml").write_text(text, encoding="utf-8")

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (30, 30))

    with of_children() as spent:
        given = command("import", str(folder / "project.yaml"), str(place), "--database",
                        str(folder / "n.sqlite"), preexec_fn=limited)  # fmt: skip
    if given.returncode < 0 or spent.seconds > 25:
        return f"it was still being read after {spent.seconds:.0f} s of processor"
    assert given.returncode, "a million rows were taken"
    why = (given.stdout + given.stderr).decode()
    if "rows" not in why:  # a refusal of something else shows nothing
        raise NotPlayed(why.strip().splitlines()[0])
    return HELD


# Processes


def worker_killed(folder: Path) -> str:
    import store_network as known
    from qi_equity.app.live import opened
    from qi_equity.app.render import Renderer

    made = opened(network(folder))
    try:
        seat = made.seat(known.user())
        seat.findings(known.PROJECT)
        end = time.monotonic() + 60
        while time.monotonic() < end and not getattr(seat.findings(known.PROJECT), "judged", False):
            time.sleep(0.2)
        for child in _children(os.getpid()):
            os.kill(child, signal.SIGKILL)
        time.sleep(0.5)
        row = known.row(3, 20, week="2025-06-02")
        fields = {"site": "north", "rows": [
            {"measure": "pph", "stratum": "Black", "subgroup": row["subgroup"], "numerator": "3",
             "denominator": "20", "revision": 0}]}  # fmt: skip
        renderer = Renderer(seat)
        given = renderer.act("log", fields, f"?page=charts&project={known.PROJECT}&site=north")
        kept = len(seat.store.observations(known.PROJECT)) == 13
        text = json.dumps(given)
        if kept and ("othing was lost or changed" in text or "problems" in given):
            return "the save was kept, and answered with a page that says nothing was"
        later = renderer.answer(f"?page=gap&project={known.PROJECT}")
        if "This is a fault in" in later["html"]:
            return "pages are faults until a restart"
    finally:
        made.close()
    return HELD


def server_killed(folder: Path) -> str:
    """A demo that is killed while its processes work."""
    told = [sys.executable, "-m", "qi_equity.cli", "demo", "--no-browser", "--port", "0"]
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True, "bufsize": 1}
    with subprocess.Popen([*told, "--keep", str(folder / "kept")], **quiet) as server:
        for line in server.stdout:
            if found := re.search(r"http://[^\s?]+", line):
                build_opener().open(found.group() + "?page=charts").read()
                break
        end = time.monotonic() + 60
        while time.monotonic() < end and not (working := _children(server.pid)):
            time.sleep(0.2)
        server.kill()
    if not working:
        raise NotPlayed("no process of its own worked")
    end = time.monotonic() + 15
    while time.monotonic() < end and (left := [one for one in working if _there(one)]):
        time.sleep(0.2)
    for one in left:
        os.kill(one, signal.SIGKILL)
    return f"{len(left)} of {len(working)} stayed" if left else HELD


def upload_to_refuse(folder: Path) -> str:
    """A table of 70,000 rows without a day that there is, while somebody asks for liveness."""
    import store_network as known
    from app_client import Visitor

    rows = "".join(f"pph,north,Black,2025-13-{n % 99:02d},x{n},20\n" for n in range(70_000))
    content = f"measure,site,stratum,subgroup,numerator,denominator\n{rows}".encode()
    fields = {"table": content.decode()}  # as the version before files took it
    waits: list[float] = []
    over = Event()

    def asks(url: str) -> None:
        while not over.is_set():
            begun = time.monotonic()
            build_opener().open(url + "liveness", timeout=LONGEST).read()
            waits.append(time.monotonic() - begun)
            time.sleep(0.05)

    with served(folder, proxied=False) as url:
        visitor = Visitor(url)
        visitor.sign_in("jo", PASSWORD)
        with visitor.open(f"?project={known.PROJECT}&page=log") as page:
            if "data-kinds" in page.html or "files.js" in page.html:
                digest = hashlib.sha256(content).hexdigest()
                packed = base64.b64encode(content).decode()
                fields = {"file": packed, "file_name": "c.csv", "digest": digest}
            asking = Thread(target=asks, args=(url,))
            asking.start()
            begun = time.monotonic()
            address = f"?project={known.PROJECT}&page=log"
            told = page.send(address=address, act="upload", fields=fields)
            took = time.monotonic() - begun
            over.set()
            asking.join()
    if "no such day" not in str(told.get("problems")):  # a refusal of something else shows nothing
        raise NotPlayed(str(told.get("problems"))[:200])
    longest = max(waits)
    return f"/liveness waited {longest:.1f} s of the {took:.1f} s" if longest > took / 2 else HELD


def _there(process: int) -> bool:
    with suppress(OSError):
        return "\tZ" not in Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return False


def _children(parent: int) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):
            text = place.read_text(encoding="utf-8")
            if f"PPid:\t{parent}\n" in text:
                about = (place.parent / "cmdline").read_bytes()
                if b"resource_tracker" not in about:
                    found.append(int(place.parent.name))
    return found


# Tampering and loss


def empty_file(folder: Path) -> str:
    place = network(folder)
    place.write_bytes(b"")
    for log in ("-wal", "-shm"):
        place.with_name(place.name + log).unlink(missing_ok=True)
    return "a store of no bytes is begun anew, and called whole" if whole(place) else HELD


def guards_dropped(folder: Path) -> str:
    place = network(folder)
    with closing(sqlite3.connect(place)) as held:
        for (name,) in held.execute(
            "SELECT name FROM sqlite_master WHERE type='trigger'"
        ).fetchall():
            held.execute(f"DROP TRIGGER {name}")
        held.commit()
    return "the guards are gone, and it is called whole" if whole(place) else HELD


def silent_trigger(folder: Path) -> str:
    """A trigger of another's that drops each count as it is saved."""
    place = network(folder)
    with closing(sqlite3.connect(place, isolation_level=None)) as connection:
        connection.execute(
            "CREATE TRIGGER quiet BEFORE INSERT ON revision BEGIN SELECT RAISE(IGNORE); END"
        )
    return "a trigger that drops what is saved, and called whole" if whole(place) else HELD


def newest_rows_deleted(folder: Path) -> str:
    import store_network as known
    from qi_equity import store

    place = network(folder, weeks=6)
    with closing(sqlite3.connect(place)) as held:
        before = held.execute("SELECT revisions, changes, hash FROM chain ORDER BY id").fetchone()
    with closing(store.open(place)) as opened:
        desk = opened.as_user(known.user())
        for day in range(1, 6):
            desk.log(known.PROJECT, [known.row(1, 20, week=f"2025-07-{day:02}")])
    with closing(sqlite3.connect(place)) as held:
        guards = held.execute("SELECT name, sql FROM sqlite_master WHERE type='trigger'").fetchall()
        for name, _ in guards:
            held.execute(f"DROP TRIGGER {name}")
        held.execute("DELETE FROM revision WHERE id > ?", before[:1])
        held.execute("DELETE FROM change WHERE id > ?", before[1:2])
        held.execute("UPDATE chain SET revisions=?, changes=?, hash=? WHERE id=1", before)
        for _, text in guards:
            held.execute(text)
        held.commit()
    return "five counts are gone, and it is called whole" if whole(place) else HELD


def log_lost(folder: Path) -> str:
    import store_network as known
    from qi_equity import store

    place, left = network(folder), folder / "left"
    left.mkdir()
    with closing(store.open(place)) as opened:
        desk = opened.as_user(known.user())
        for day in range(1, 21):
            desk.log(known.PROJECT, [known.row(1, 20, week=f"2025-07-{day:02}")])
        for one in folder.glob("network.sqlite*"):
            if one.name[-4:] not in ("-wal", "-shm"):
                shutil.copy(one, left)
    return "20 counts are gone, and it is called whole" if whole(left / place.name) else HELD


def loose_umask(folder: Path) -> str:
    import store_network as known

    os.umask(0)
    place = folder / "network.sqlite"
    with closing(known.made(place)):
        modes = {
            one.name: stat.S_IMODE(one.stat().st_mode) for one in folder.glob("network.sqlite*")
        }
    open_ = [name for name, mode in modes.items() if mode & 0o077]
    return f"others may read {', '.join(sorted(open_))}" if open_ else HELD


def nonsense_undone(folder: Path) -> str:
    import store_network as known
    from qi_equity import store
    from qi_equity.errors import UserError

    with closing(store.open(network(folder))) as opened:
        for number in (0, -1, 2**63, "x"):
            try:
                opened.as_user(known.user()).undo(number, "why")
            except UserError:
                continue
            except Exception as fault:
                return f"a fault of ours: {type(fault).__name__}"
    return HELD


# Small numbers


def _let_out(project, table, judge: bool = False):
    """All counts that the network sees of a table, and the findings they stand in."""
    import qi_equity
    from qi_equity.analyse import analyse

    if hasattr(qi_equity, "release"):
        found = qi_equity.release(project, table, judge=judge)
    else:
        from qi_equity.disclosure import protect

        found = protect(analyse(project, table, judge=judge))
    return found.points, found


def _network_of(sites: int, weeks: int, names: str = "xy"):
    import numpy as np
    import pandas as pd

    import store_network as known

    base = known.project(tuple(f"site_{n}" for n in range(sites)))
    first = base.measures[0]
    measures = tuple(first.model_copy(update={"id": name, "name": name}) for name in names)
    fair = tuple(one.model_copy(update={"measure": "x"}) for one in base.aim.equity)
    aim = base.aim.model_copy(update={"measure": "x", "equity": fair})
    project = base.model_copy(update={"measures": measures, "aim": aim})
    mondays = list(pd.date_range("2025-01-06", periods=weeks, freq="W-MON"))

    def table(counts):
        from qi_equity.observations import observations

        return observations(
            {"measure": name, "site": f"site_{s}", "stratum": known.STRATA[k],
             "subgroup": mondays[w], "numerator": int(counts[name][s, k, w]),
             "denominator": int(counts["births"][s, k, w])}
            for name in names
            for s, k, w in np.ndindex(*counts["births"].shape)
        )  # fmt: skip

    return project, table, mondays


def _recovered(attack, counts, sites: range) -> tuple[int, int]:
    """How many small counts of these sites are known exactly, of how many."""
    import numpy as np

    won = tried = 0
    for name in counts:
        for s, k, w in np.ndindex(*counts[name].shape):
            if s in sites and 1 <= counts[name][s, k, w] <= 7 and tried < 12:
                place = attack.cells(name, f"site_{s}", attack.strata[k], np.array([w]))
                low, high = attack.values(place)
                won, tried = won + (low == high), tried + 1
    return won, tried


def _learn(attack, points, mondays, own=None):
    import numpy as np
    from attacker import COUNTS, Rounding

    from qi_equity.project import ALL_SITES, EVERYONE

    for row in points.to_dict("records"):
        if own is not None and row["site"] == "site_0":
            continue
        first = mondays.index(row["subgroup"])
        weeks = range(first, first + int(row.get("subgroups", 1)))
        strata = range(3) if row["stratum"] == EVERYONE else [attack.strata.index(row["stratum"])]
        small = bool(np.isnan(row["value"]))
        for count in COUNTS:
            name = row["measure"] if count == "numerator" else "births"
            low, high = Rounding().between(row[count], small)
            mine = 0
            if own is not None and row["site"] == ALL_SITES:
                mine = own[name][0][np.ix_(strata, weeks)].sum()
            cells = attack.cells(name, row["site"], row["stratum"], weeks)
            attack.learn(cells, low - mine, high - mine)


def writer_at_one_of_two_sites(folder: Path) -> str:
    import numpy as np
    from attacker import Attack

    import store_network as known

    project, table, mondays = _network_of(2, 3, "x")
    random = np.random.default_rng(7)
    shape = (2, 3, 3)
    births = random.poisson(8, shape)
    counts = {"x": random.binomial(births, 0.3), "births": births}
    attack = Attack(["site_1"], list(known.STRATA), 3, ["x"])
    for _ in range(8):
        counts = {name: held.copy() for name, held in counts.items()}
        counts["x"][0] = random.integers(0, 30, shape[1:])
        counts["births"][0] = counts["x"][0] + random.integers(0, 10, shape[1:])
        _learn(attack, _let_out(project, table(counts))[0], mondays, counts)
    won, tried = _recovered(attack, counts, range(1, 2))
    return f"{won} of {tried} small counts of the other site" if won else HELD


def complementary_measures(folder: Path) -> str:
    import numpy as np
    from attacker import Attack

    import store_network as known

    won = tried = 0
    for seed in range(3):
        project, table, mondays = _network_of(2, 1)
        random = np.random.default_rng(seed)
        x, y = random.choice([1, 6, 7, 12], (2, 3, 1)), random.choice([1, 7, 8, 12], (2, 3, 1))
        counts = {"x": x, "y": y, "births": x + y}
        attack = Attack(["site_0", "site_1"], list(known.STRATA), 1, ["x", "y"])
        births, first, second = (attack.start[name] for name in ("births", "x", "y"))
        attack.lines = [
            *attack.lines,
            *(([first + at, second + at, births + at], [1, 1, -1], 0, 0)
              for at in range(attack.size)),
        ]  # fmt: skip
        _learn(attack, _let_out(project, table(counts))[0], mondays)
        found = _recovered(attack, counts, range(2))
        won, tried = won + found[0], tried + found[1]
    return f"{won} of {tried} small counts" if won else HELD


def words_of_true_counts(folder: Path) -> str:
    """One count one more, told as the same numbers: nothing else that is told may differ."""
    import numpy as np

    project, table, _ = _network_of(3, 24, "x")
    random = np.random.default_rng(3)
    births = np.full((3, 3, 24), 20) + random.integers(0, 3, (3, 3, 24))
    counts = {"x": random.binomial(births, 0.3), "births": births}
    points, found = _let_out(project, table(counts))
    numbers = [name for name in ("measure", "site", "stratum", "subgroup", "subgroups", "numerator",
                                 "denominator") if name in points]  # fmt: skip
    tried = 0
    for _ in range(20):
        other = counts["x"].copy()
        at = tuple(int(random.integers(size)) for size in other.shape)
        other[at] = min(other[at] + 1, births[at])
        seen, beside = _let_out(project, table({"x": other, "births": births}))
        if len(seen) == len(points) and seen[numbers].equals(points[numbers]):
            tried += 1
            if not beside.charts.equals(found.charts) or not beside.gaps.equals(found.gaps):
                return "words and run statistics tell counts apart that are shown as the same"
    if not tried:
        raise NotPlayed("no other counts were shown as the same numbers")
    return HELD


ATTACKS: dict[str, Callable[[Path], str]] = {
    "invented counts at one of two sites, and a look after each save": writer_at_one_of_two_sites,
    "two measures that add up to the births, side by side": complementary_measures,
    "words and run statistics of true counts": words_of_true_counts,
    "next=///elsewhere, /%2f/elsewhere": next_elsewhere,
    "a planted pair of form secret and cookie": planted_secret,
    "an origin of our host with the wrong scheme": origin_scheme,
    "an address without email_verified": unverified_address,
    "a claim that people choose": chosen_claim,
    "a database password as ?password=": password_in_address,
    "a database password told as libpq has it": file_called_by_a_password,
    "escape sequences in a YAML key, on the terminal": escape_in_terminal,
    "a line break in a cell, in the account of its table": forged_line,
    "names with ESC, BEL or an override": deceiving_names,
    "a cell, header or category with a blank before =": formula_after_a_blank,
    "a workbook of a million rows": million_rows,
    "kill -9 of the judging process, then a save": worker_killed,
    "kill -9 of the server": server_killed,
    "an upload of rows to refuse": upload_to_refuse,
    "a store of no bytes": empty_file,
    "guards dropped": guards_dropped,
    "a trigger that drops what is saved": silent_trigger,
    "newest rows deleted, the chain mended": newest_rows_deleted,
    "a log that was lost": log_lost,
    "a loose umask": loose_umask,
    "undo of nonsense": nonsense_undone,
}


def played(name: str) -> None:
    """One attack, in this process; its answer is the last line."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            print(ATTACKS[name](Path(folder)))
        except NotPlayed as why:
            print(f"not played: {why}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=ROOT / "src", help="the version attacked")
    parser.add_argument("--only", default="", help="those with this in their name")
    parser.add_argument("--play", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.play:
        played(chosen.play)
        return
    paths = [chosen.source.resolve(), ROOT / "tests", ROOT / "tests" / "journeys"]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    won = 0
    for name in (one for one in ATTACKS if chosen.only in one):
        told = [sys.executable, __file__, "--play", name]
        try:
            given = subprocess.run(told, env=environ, capture_output=True, text=True,
                                   timeout=LONGEST, check=False)  # fmt: skip
            lines = (given.stdout.strip() or given.stderr.strip() or "nothing").splitlines()
            answer = lines[-1] if not given.returncode else f"not played: {lines[-1]}"
        except subprocess.TimeoutExpired:
            answer = f"not played: no answer in {LONGEST} s"
        won += answer != HELD and not answer.startswith("not played")
        print(f"| {name} | {answer} |", flush=True)
    if won and chosen.source == ROOT / "src":
        sys.exit(f"{won} won")


if __name__ == "__main__":
    main()
