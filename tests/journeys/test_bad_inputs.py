"""What a busy person gets wrong at each command: one sentence with the way out, and exit code 1."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qi_equity import cli
from qi_equity.errors import UserError
from qi_equity.project_file import examples

ROOT = Path(__file__).parents[2]
AUDIT = ROOT / "audits/example_lms.yaml"
COUNTS = ROOT / "projects/data/example_counts.csv"

# What is asked, and what is said of it.
SLIPS = [
    ("check workbook.xlsx", "this is a workbook or another Office document"),
    ("audit workbook.xlsx", "this is a workbook or another Office document"),
    ("audit plan --read workbook.xlsx", "this is a workbook or another Office document"),
    (f"analyse {AUDIT}", f"this is an audit and not a project; run: qi-equity audit {AUDIT}"),
    ("audit ours.yaml", "this is a project and not an audit; run: qi-equity analyse ours.yaml"),
    (f"audit {AUDIT} --files nowhere", "--files nowhere: there is no such folder"),
    (f"audit plan {AUDIT} --out plan.pdf", "a plan is written as .md or .docx"),
    (f"audit paln {AUDIT}", "paln: neither an audit file nor the word plan"),
    ("analyse ours.yaml", "name a file of counts with --data FILE"),
    ("import ours.yaml other.csv", "qi-equity new NAME --data other.csv"),
    ("new x --from pph --data other.csv", "give one of them"),
    ("new x --from-audit plan.md", "the lines of the plan name the projects"),
    ("ledger ours.yaml --with ours.yaml", "is no ledger to take in. Such a file is made with"),
    (
        "voices ours.yaml --people other.csv --since 2026-02-01 --until 2026-01-01",
        "--since 2026-02-01 comes after --until 2026-01-01",
    ),
    ("voices ours.yaml --people other.csv --since tomorrow", "'tomorrow' is not a day; write it"),
    ("engaged ours.yaml --said x --day 1.2.2026", "'1.2.2026' is not a day; write it"),
    ("principles ours.yaml --since soon", "'soon' is not a day; write it"),
    ("trail --since yesterday", "'yesterday' is not a day; write it"),
    ("trail --since 2026-02-01 --until 2026-01-01", "comes after --until 2026-01-01"),
    ("verify --users users.json", "there is no list of users at users.json"),
    ("users list --users users.json", "there is no list of users at users.json"),
    ("users list --users ours.yaml", "is no list of users; name the file that"),
    ("users remove jo --users users.json", "there is no list of users at users.json"),
    ("users reset jo --factor --users users.json", "there is no list of users at users.json"),
    ("users sessions jo --users users.json", "there is no list of users at users.json"),
    ("release ours.yaml --approve", "there is no store at qi_equity.sqlite"),
    ("respond ours.yaml", "there is no store at qi_equity.sqlite"),
    ("watch folder --project nowhere.yaml --once", "nowhere.yaml: the file cannot be read"),
    ("labels chds.yaml births.csv --set Purple", "write LABEL=GROUP; groups: Asian, Black"),
    ("labels chds.yaml births.csv --set x=Purple", "no group is called 'Purple'"),
    (f"quality ours.yaml --data {COUNTS} --baby x", "--baby compares birth records"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of files as somebody may have them; nothing else may be in it afterwards."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "workbook.xlsx").write_bytes(b"PK\x03\x04\x14\x00\xff\xfe")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    text = examples()["chds_preterm"].read_text(encoding="utf-8")
    (tmp_path / "chds.yaml").write_text(text, encoding="utf-8")
    births = examples()["chds_preterm"].parent / "data/chds_births.csv"
    (tmp_path / "births.csv").write_bytes(births.read_bytes())
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(cli.app, ["new", "ours"])
    return tmp_path


@pytest.mark.parametrize(("asked", "said"), SLIPS, ids=[asked for asked, _ in SLIPS])
def test_a_slip_is_one_sentence_with_the_way_out_and_leaves_nothing_behind(folder, asked, said):
    before = {path.name for path in folder.iterdir()}
    done = CliRunner().invoke(cli.app, asked.split(" "))
    assert done.exit_code == 1, done.output
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        assert isinstance(done.exception, UserError), repr(done.exception)
    assert said in " ".join(f"{done.output} {done.exception}".split())
    assert {path.name for path in folder.iterdir()} == before


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("new x --dir ours.yaml", "ours.yaml: is there already, and is no folder"),
        (f"ledger ours.yaml --data {COUNTS} --pass-on folder", "folder: is a folder; name a file"),
        (f"ledger ours.yaml --data {COUNTS} --pass-on no/x", "no/x: there is no such file or"),
    ],
)
def test_what_the_system_refuses_is_said_in_words(asked, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["qi-equity", *asked.split(" ")])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("demo --port x", "'--port': write a whole number"),
        ("demo --port 70000", "'--port': write 65535 or less"),
        ("trail --most 0", "'--most': write 1 or more"),
        ("progress ours.yaml --score good", "'--score': write a number"),
    ],
)
def test_what_is_wrong_with_a_number_is_said_in_words(asked, said):
    done = CliRunner().invoke(cli.app, asked.split(" "))
    assert done.exit_code == 2
    assert said in done.output


def test_a_store_that_a_slip_made_is_named(folder):
    asked = ["import", "ours.yaml", str(COUNTS), "--database", "typo.sqlite"]
    first, second = (CliRunner().invoke(cli.app, asked).output for _ in range(2))
    assert "typo.sqlite is a new store." in first
    assert "new store" not in second
    told = CliRunner().invoke(cli.app, ["trail", "--who", "nobody", "--database", "typo.sqlite"])
    assert "Nothing that was asked for is on record." in told.output
