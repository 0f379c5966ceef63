"""Packs sent round from the app: made aside, told of as they come, and fetched by who asked."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from docx import Document
from made_findings import made_findings, made_project

from patience import PATIENCE
from qi_equity import store
from qi_equity.app.backend import FixedBackend
from qi_equity.app.render import Renderer
from qi_equity.app.rounds import NETWORK, ROUNDS, TEAM, Round, Rounds, unchanged
from qi_equity.disclosure import Releases
from qi_equity.findings import Findings
from qi_equity.observations import COLUMNS
from qi_equity.project import EVERYONE
from qi_equity.report import FORMATS, PACKS
from qi_equity.store import Act, Action, Desk, SessionNote

PROJECT = made_project(sites=2)
TOLD = made_findings(PROJECT, weeks=12)
ONE = {"pack.session": "yes", "format.html": "yes"}
# Who is on the list, as it is now; a test changes it and puts it back.
PEOPLE = {
    one.name: one
    for one in (
        *(store.User(name, "admin") for name in ("Asha", "Ben")),
        *(store.User(name, "facilitator") for name in ("Fay", "Fay2", "Ada")),
        store.User("Lea", "equity_lead", ["site_a"]),
    )
}


class Later(Releases):
    """Releases whose verdicts are promised, as an app's worker does, and there at once."""

    def seen(self, project, record, **options):
        later = options.pop("later", False)
        found = super().seen(project, record, **options)
        if not later:
            return found
        there: Future[Findings] = Future()
        there.set_result(found)
        return there


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[store.Store]:
    """A store with counts, a step at each of two sites of which one shares, and a release."""
    place = tmp_path_factory.mktemp("store") / "network.sqlite"
    made = store.open(place, protect=Later(), find=lambda name: PEOPLE.get(name))
    desk = made.as_user(PEOPLE["Asha"])
    desk.save_project(PROJECT, "id: pph\n")
    rows = TOLD.points[(TOLD.points["stratum"] != EVERYONE) & TOLD.points["denominator"].notna()]
    desk.import_table("pph", rows.assign(value=float("nan"))[COLUMNS], "0" * 64)
    for site in ("site_a", "site_b"):
        desk.consent("pph", site, True)
    assert desk.release("pph", "for the meeting") is not None
    desk.consent("pph", "site_b", False)
    for site in ("site_a", "site_b"):
        desk.write("pph", Action(text=f"Scales at {site}", owner="Jo", sites=(site,)))
    desk.write("pph", SessionNote(day="2026-01-05", text="Ask the night shift"))
    yield made
    made.close()
    ROUNDS.close()


def sent(desk: Desk, findings: Findings, **fields: str) -> tuple[Renderer, dict[str, str]]:
    page = Renderer(FixedBackend({"pph": findings}, desk))
    return page, page.act("send_round", ONE | fields, "?page=session")


def files(who: str) -> dict[str, bytes]:
    found = ROUNDS.of(who, "pph")
    found.future.result(PATIENCE)
    with zipfile.ZipFile(io.BytesIO(found.archive.read_bytes())) as held:
        return {name: held.read(name) for name in held.namelist()}


def fetched(who: str) -> dict[str, str]:
    return {name: held.decode() for name, held in files(who).items()}


def test_a_facilitator_sends_round_the_last_release_alone_and_it_is_on_record(opened):
    desk = opened.as_user(PEOPLE["Fay"])
    page, answer = sent(desk, TOLD, audience="network")
    assert "1 file is being made" in answer["done"]
    assert answer["waiting"]
    assert (
        "being made for you already" in page.act("send_round", ONE, "?page=session")["problems"][0]
        or ROUNDS.of("Fay", "pph").future.done()
    )
    (text,) = fetched("Fay").values()
    assert "elease 1" in text
    assert "Scales at site_a" in text
    assert "Scales at site_b" not in text  # its site does not share
    assert "Ask the night shift" in text
    link = re.search(r'href="(round/[\w-]{32})" download', page.answer("?page=session")["html"])
    assert ROUNDS.file(link[1].removeprefix("round/")).who == "Fay"
    lines = opened.as_user(PEOPLE["Asha"]).trail(who="Fay", what=Act.EXPORTED)
    assert lines[0].told["release"] == 1


def test_the_annual_part_is_made_in_word_of_the_last_release_and_says_which(opened):
    page = Renderer(FixedBackend({"pph": TOLD}, opened.as_user(PEOPLE["Ada"])))
    form = page.answer("?page=session")["html"]
    for kind, known in (("pack", PACKS), ("format", FORMATS)):  # all that the command line offers
        boxes = dict(re.findall(rf'name="{kind}\.(\w+)" value="yes"( checked)?', form))
        assert list(boxes) == list(known)
        assert [name for name, ticked in boxes.items() if not ticked] == ["annual"] * (
            kind == "pack"
        )
    asked = {"pack.annual": "yes", "format.docx": "yes", "audience": "network"}
    assert "1 file" in page.act("send_round", asked, "?page=session")["done"]
    ((name, held),) = files("Ada").items()
    assert name == "pph-annual.docx"
    told = Document(io.BytesIO(held)).paragraphs
    assert any("section 13SA" in one.text for one in told)
    pages = sum(one.style.name == "Heading 1" for one in told)
    named = sum("(HES). Release 1, " in one.text for one in told)
    assert named == pages + 2 > 5, "the first page and each under a heading; the prose too"


def test_true_counts_go_to_the_team_alone_and_say_so(opened):
    outside = opened.as_user(PEOPLE["Fay2"])
    assert "true counts" in sent(outside, TOLD, audience="team")[1]["problems"][0]
    inside = opened.as_user(PEOPLE["Asha"])
    assert "done" in sent(inside, TOLD, audience="team")[1]
    (text,) = fetched("Asha").values()
    assert "True counts, for the team" in text
    assert "Scales at site_b" in text


def test_nothing_goes_round_before_verdicts_or_without_a_pack(opened):
    desk = opened.as_user(PEOPLE["Ben"])
    early = sent(desk, replace(TOLD, judged=False), audience="team")[1]
    assert "worked out" in early["problems"][0]
    page = Renderer(FixedBackend({"pph": TOLD}, desk))
    assert "choose a pack" in page.act("send_round", {"format.html": "yes"}, "")["problems"][0]


def test_a_watcher_writes_the_packs_of_each_release_once(opened, tmp_path: Path, monkeypatch):
    from qi_equity.cli import report as command
    from qi_equity.cli.scheduled import schedule, write_due

    @contextmanager
    def seated(place, protect=None):
        yield opened.as_user(PEOPLE["Asha"])

    monkeypatch.setattr("qi_equity.cli.safekeeping.admin", seated)
    asked = schedule(
        {"QI_EQUITY_REPORT": str(tmp_path / "packs"), "QI_EQUITY_REPORT_PACKS": "board",
         "QI_EQUITY_REPORT_FORMATS": "html"}
    )  # fmt: skip
    said: list[str] = []
    for _ in range(2):
        write_due(asked, "network.sqlite", PROJECT, said.append)
    (page,) = (tmp_path / "packs").rglob("*.*ml")
    assert page.parent.name == "pph-release-1"
    assert len(said) == 1
    assert command.last_release("network.sqlite", PROJECT, "")[1].number == 1
    assert schedule({}) is None


@pytest.mark.parametrize(
    ("audience", "act"),
    [
        (TEAM, "another role"), (TEAM, "another site"), (TEAM, "no account"),
        (NETWORK, "another role"), (NETWORK, "no account"), (NETWORK, "consent taken back"),
        (NETWORK, "release withdrawn"),
    ],
)  # fmt: skip
def test_packs_are_there_for_the_rights_they_were_made_with(opened, audience, act, monkeypatch):
    admin, lea = (opened.as_user(PEOPLE[name]) for name in ("Asha", "Lea"))
    number = admin.release("pph", "once more").number
    still = unchanged(lea, "pph", audience)
    assert still()
    match act:
        case "another role":
            monkeypatch.setitem(PEOPLE, "Lea", store.User("Lea", "clinician", ["site_a"]))
        case "another site":
            monkeypatch.setitem(PEOPLE, "Lea", store.User("Lea", "equity_lead", ["site_b"]))
        case "no account":
            monkeypatch.delitem(PEOPLE, "Lea")
        case "consent taken back":
            admin.consent("pph", "site_a", False)
        case "release withdrawn":
            admin.withdraw("pph", number, "the wrong quarter")
    assert not still()
    admin.consent("pph", "site_a", True)


def test_why_packs_were_not_made_is_in_the_log_and_no_fault_is_lost(tmp_path, caplog):
    findings: Future[Findings] = Future()
    findings.set_exception(RuntimeError("no verdicts came"))
    asked = Round("Jo", "pph", "team", tmp_path, 1, lambda: True)
    Rounds().begin(asked, findings, {})
    with pytest.raises(RuntimeError, match="no verdicts"):
        asked.future.result(PATIENCE)
    assert "no packs of pph for team" in caplog.text
    assert "no verdicts came" in caplog.text
