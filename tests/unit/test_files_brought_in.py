"""Files brought in through a page: the command line's account, shown before it is kept."""

from __future__ import annotations

import io
import zipfile
from base64 import b64encode
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from made_findings import made_project

from qi_equity import sources, store
from qi_equity.app import incoming
from qi_equity.app.actions import act
from qi_equity.app.aside import Late, Lost
from qi_equity.app.looks import look
from qi_equity.app.received import LARGEST, received
from qi_equity.app.render import Renderer
from qi_equity.app.state import choose, parse
from qi_equity.errors import UserError

CASES = Path(__file__).parents[1] / "cases"
PROJECT = made_project(sites=2)
SITE, OTHER = (site.id for site in PROJECT.sites)
HEAD = "measure,site,stratum,subgroup,numerator,denominator\n"
GOOD = f"pph,{SITE},Black,2025-06-02,1,9\npph,{SITE},White,2025-06-02,2,30\n"


@pytest.fixture
def network(tmp_path):
    with closing(store.open(tmp_path / "network.sqlite")) as opened:
        opened.as_user(store.User("Asha", "admin")).save_project(PROJECT, "id: pph\n")
        yield opened


@pytest.fixture
def desk(network):
    return network.as_user(store.User("Asha", "admin"))


CHOICE = choose(parse("?page=log"), [PROJECT], lambda *_: [SITE])


def sent(content: bytes | str, file_name: str = "counts.csv", **other: str) -> dict[str, str]:
    content = content.encode() if isinstance(content, str) else content
    return {"file": b64encode(content).decode(), "file_name": file_name, **other}


def shown(desk, *file, **other):
    return look("upload", desk, CHOICE, sent(*file, **other))


def kept(desk, *file, **other):
    digest = shown(desk, *file, **other)["digest"]
    return act("upload", desk, CHOICE, sent(*file, digest=digest, **other))


def as_workbook(text: str) -> bytes:
    out = io.BytesIO()
    pd.read_csv(io.StringIO(text)).to_excel(out, index=False)
    return out.getvalue()


SAVED_AS = {
    "utf-8": (lambda text: text.encode(), "c.csv"),
    "utf-16": (lambda text: text.encode("utf-16"), "c.csv"),
    "utf-16 without its mark": (lambda text: text.encode("utf-16-le"), "c.txt"),
    "Windows letters": (lambda text: text.encode("cp1252"), "c.csv"),
    "a workbook": (as_workbook, "c.xlsx"),
}


@pytest.mark.parametrize("how", SAVED_AS)
def test_the_account_is_the_command_lines_and_nothing_is_kept_before_it_was_shown(
    desk, how, tmp_path
):
    encode, name = SAVED_AS[how]
    text = HEAD + GOOD + f"pph,{SITE},Café,2025-06-02,1,9\n"
    content = encode(text)
    (tmp_path / name).write_bytes(content)
    found = shown(desk, content, name)
    imported = sources.load(PROJECT, tmp_path / name)
    ours = str(imported).replace(str(tmp_path / name), name).splitlines()
    assert found["account"][: len(ours)] == ours
    assert len(found["examples"]) == 2
    assert "Keep 2 rows and leave out what was refused (1)" in found["keep"]
    assert desk.observations("pph").empty
    with pytest.raises(UserError, match="look at what is in the file first"):
        act("upload", desk, CHOICE, sent(content, name))
    assert "2 rows taken" in kept(desk, content, name)
    assert len(desk.observations("pph")) == 2
    assert shown(desk, content, name)["keep"] == ""


def test_what_the_store_would_refuse_is_shown_with_the_rest(network):
    jo = network.as_user(store.User("Jo", "contributor", [SITE]))
    text = HEAD + GOOD + f"pph,{OTHER},Black,2025-06-02,1,9\n"
    found = shown(jo, text)
    assert any("you may not log for this site" in line for line in found["account"])
    assert "leave out what was refused (1)" in found["keep"]
    assert "2 rows taken" in kept(jo, text)


def test_notes_are_part_of_what_is_shown(desk):
    text = HEAD + GOOD + "\nEntered by Jo\n"
    account = "\n".join(shown(desk, text)["account"])
    assert "a line of text and not a row of the table" in account


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "choose a file first"),
        ({"file": "!!!", "file_name": "a.csv"}, "did not arrive whole"),
        (sent("x", "a.exe"), "files are read that end in"),
        ({"file": "A" * (LARGEST * 4 // 3 + 9), "file_name": "a.csv"}, "larger than 3.5 MB"),
        (sent("", "a.csv"), "choose a file first"),
        (sent(b"\0\1\2", "a.xlsx"), "no telling which column"),
        (sent("measure,site\n", "../../a.csv"), "no telling which column"),
    ],
)
def test_what_is_no_table_is_refused_with_the_way_out(desk, fields, why):
    with pytest.raises(UserError, match=why):
        look("upload", desk, CHOICE, fields)


def test_a_small_file_that_unpacks_hugely_is_refused_before_it_is_opened(desk):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * (65 << 20))
    with pytest.raises(UserError, match=r"larger than 3\.5 MB"):
        look("upload", desk, CHOICE, sent(out.getvalue(), "bomb.xlsx"))


@pytest.mark.parametrize(
    ("fault", "why"), [(Late("3 minutes"), "which is too long for a page"), (Lost(), "more than")]
)
def test_a_file_that_cannot_be_read_in_time_is_refused_with_the_way_out(
    desk, monkeypatch, fault, why
):
    folders = []

    class Reader:
        def submit(self, function, folder, *job):
            assert Path(folder).is_dir()
            folders.append(Path(folder))
            future = Future()
            future.set_exception(fault)
            return future

    monkeypatch.setattr(incoming, "_reader", Reader())
    with pytest.raises(UserError, match=f"{why}.*qi-equity import PROJECT FILE"):
        look("upload", desk, CHOICE, sent("x" * (incoming.SMALL + 1), "a.csv"))
    assert not folders[0].exists(), "nothing of the file is left"


def test_a_files_name_cannot_leave_its_folder():
    assert received(sent("x", "..\\..\\etc/pass wd.csv")).name == "pass_wd.csv"


# A project from a file


def outlined(desk, file, **fields):
    return look("outline", desk, None, sent((CASES / file).read_bytes(), file, **fields))


def test_a_question_is_asked_until_it_is_answered_and_then_the_project_is_made(tmp_path):
    with closing(store.open(tmp_path / "empty.sqlite")) as opened:
        desk = opened.as_user(store.User("Asha", "admin"))
        file = "04_dates_wk.csv"
        (question,) = outlined(desk, file, name="ours")["questions"]
        assert question["key"] == "year"
        assert outlined(desk, file, name="ours", **{"answer.year": "soon"})["questions"]
        found = outlined(desk, file, name="ours", **{"answer.year": "2024"})
        assert (found["questions"], found["project"], len(found["examples"])) == ([], "ours", 3)
        assert "Make the project with 120 rows" in found["keep"]
        fields = sent((CASES / file).read_bytes(), file, name="ours", digest=found["digest"])
        with pytest.raises(UserError, match="not ready yet"):
            act("begin", desk, None, fields)
        assert desk.projects() == ()
        said = act("begin", desk, None, fields | {"answer.year": "2024"})
        assert "with 120 counts" in said
        assert len(desk.observations("ours")) == 120
        with pytest.raises(UserError, match="choose another name"):
            act("begin", desk, None, fields | {"answer.year": "2024"})


@pytest.mark.parametrize("role", ["contributor", "clinician", "facilitator"])
def test_who_may_not_save_a_project_begins_none_and_is_told_who_may(network, role):
    desk = network.as_user(store.User("Jo", role, [SITE]))
    with pytest.raises(UserError, match="you may not begin a project"):
        outlined(desk, "04_dates_iso.csv")
    with pytest.raises(UserError, match="you may not begin a project"):
        act("begin", desk, None, sent((CASES / "04_dates_iso.csv").read_bytes()))


def test_an_equity_leads_project_is_of_their_own_site(network):
    desk = network.as_user(store.User("Ruth", "equity_lead", ["north"]))
    found = outlined(desk, "04_dates_iso.csv", name="ours")
    fields = sent((CASES / "04_dates_iso.csv").read_bytes(), "04_dates_iso.csv", name="ours")
    act("begin", desk, None, fields | {"digest": found["digest"]})
    assert [site.id for site in desk.project("ours").sites] == ["north"]


@pytest.mark.parametrize("file", ["15_records_ebl_comma.csv", "09_birth_records.xlsx"])
def test_birth_records_are_counted_as_on_the_command_line_and_only_counts_are_kept(tmp_path, file):
    from qi_equity import project_file
    from qi_equity.sources.outline import outline

    path = tmp_path / file
    path.write_bytes((CASES / file).read_bytes())
    (tmp_path / "ours.yaml").write_text(outline(path, "ours", tmp_path, site="north"))
    terminal = sources.load(project_file.load(tmp_path / "ours.yaml"), base=tmp_path)
    with closing(store.open(tmp_path / "empty.sqlite")) as opened:
        desk = opened.as_user(store.User("Ruth", "equity_lead", ["north"]))
        found = outlined(desk, file, name="ours")
        ours = str(terminal).replace(f"{tmp_path}/", "").splitlines()
        assert [line for line in found["account"] if "not read: " not in line] == ours
        fields = sent(path.read_bytes(), file, name="ours", digest=found["digest"])
        act("begin", desk, None, fields)
        kept = desk.observations("ours").drop(columns="revision")
        assert kept.to_csv() == terminal.observations[kept.columns].to_csv()
        # The same extract a month later comes in through the log page.
        choice = choose(parse("?page=log"), [desk.project("ours")], lambda *_: ["north"])
        again = look("upload", desk, choice, sent(path.read_bytes(), file))
        assert again["keep"] == ""


def test_a_project_is_never_begun_without_its_file(network, monkeypatch):
    from qi_equity.store import bringing

    def fails(*_, **__):
        raise OSError("the disk is full")

    desk = network.as_user(store.User("Asha", "admin"))
    file = "04_dates_iso.csv"
    digest = outlined(desk, file, name="ours")["digest"]
    before = desk.verify()
    monkeypatch.setattr(bringing, "ready", fails)
    with pytest.raises(OSError, match="disk is full"):
        act(
            "begin", desk, None, sent((CASES / file).read_bytes(), file, name="ours", digest=digest)
        )
    assert "ours" not in desk.projects()
    assert desk.verify() == before


def test_a_store_without_a_project_begins_with_a_file(tmp_path):
    from qi_equity.app.live import Analyst, Network

    network = Network(store.open(tmp_path / "empty.sqlite"), Analyst())
    try:
        answer = Renderer(network.seat(store.User("Asha", "admin"))).answer("")
        assert 'data-file="outline"' in answer["html"]
    finally:
        network.close()
