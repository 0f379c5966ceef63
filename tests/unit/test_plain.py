"""What others wrote reaches a terminal as plain text, and a spreadsheet as words."""

from __future__ import annotations

import io
import sys

import pandas as pd
import pytest
from sqlalchemy import event
from typer.testing import CliRunner

from qi_equity import project_file, store
from qi_equity.cli import app, main
from qi_equity.plain import Plain, masked, visible
from qi_equity.store.database import Database
from qi_equity.view.export import inert

HOSTILE = {
    "title": "\x1b]0;owned\x07",
    "colour": "\x1b[31m",
    "bell": "\x07",
    "carriage return": "\r",
    "backspace": "\x08",
    "C1 control": "\x9b31m",
    "override": "\u202e",
    "isolate": "\u2066",
    "mark": "\u200f",
    "unseen": "\u200b",
    "line separator": "\u2028",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_nothing_moves_colours_rings_or_reorders(case):
    shown = visible(f"before{HOSTILE[case]}after")
    assert shown.isprintable()
    assert "before" in shown
    assert "after" in shown


def test_words_of_every_script_and_lines_stay_as_they_are():
    told = "Gypsy, Roma or Irish Traveller; Björk; 中文; عربى\n\tand a line"
    assert visible(told) == told


@pytest.mark.parametrize("where", ["title", "key", "stratum"])
@pytest.mark.parametrize("case", ["title", "bell", "override", "colour"])
def test_a_project_file_with_hostile_names_is_refused_and_shown_plainly(tmp_path, where, case):
    text = project_file.examples()["pph_reduction"].read_text(encoding="utf-8")
    escaped = "".join(f"\\U{ord(one):08x}" for one in HOSTILE[case])
    text = {
        "title": lambda: text.replace("title:", f'title: "a{escaped}b"\n#', 1),
        "key": lambda: f'"a{escaped}b": 1\n{text}',
        "stratum": lambda: text.replace("- name: Black", f'- name: "Bl{escaped}ck"', 1),
    }[where]()
    assert escaped in text
    path = tmp_path / "project.yaml"
    path.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, ["check", str(path)])
    assert done.exit_code == 1
    assert "take it out" in done.output
    assert done.output.replace("\n", "").isprintable()


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("column", ["stratum", "site", "header"])
def test_the_account_of_a_table_is_shown_plainly(tmp_path, case, column):
    source = project_file.examples()["pph_reduction"]
    project = project_file.load(source)
    measure, site = project.measures[0], project.sites[0]
    cells = {"measure": measure.id, "site": site.id, "stratum": "Black", "subgroup": "2025-01-06"}
    if column in cells:
        cells[column] += HOSTILE[case]
    table = pd.DataFrame([cells | {"numerator": 1, "denominator": 20}])
    if column == "header":
        table[f"more{HOSTILE[case]}"] = 1
    path = tmp_path / "counts.csv"
    table.to_csv(path, index=False)
    done = CliRunner().invoke(app, ["quality", str(source), "--data", str(path)])
    assert done.output.replace("\n", "").replace("\t", "").isprintable()


FORGED = "\n  taken         1,000\n::error::of somebody else"


def test_a_cell_or_a_header_begins_no_line_of_the_account(tmp_path):
    source = project_file.examples()["pph_reduction"]
    path = tmp_path / "counts.csv"
    cells = {"measure": f"pph{FORGED}", "site": "a", "stratum": f"Black{FORGED}"}
    row = cells | {"subgroup": "2025-01-06", "numerator": 1, "denominator": 20, f"x{FORGED}": 1}
    pd.DataFrame([row]).to_csv(path, index=False)
    done = CliRunner().invoke(app, ["quality", str(source), "--data", str(path)])
    assert "pph\\n" in done.output
    assert FORGED not in done.output


@pytest.mark.parametrize("where", ["key", "id", "file"])
def test_a_name_begins_no_line_of_the_problems_of_a_project_file(tmp_path, where):
    text = project_file.examples()["pph_reduction"].read_text(encoding="utf-8")
    told = '"a\\n::error::b"'
    text = {
        "key": f"{told}: 1\n{text}",
        "id": text.replace("id: pph_reduction", f"id: {told}", 1),
        "file": f"nothing: 1\n{text}",
    }[where]
    path = tmp_path / ("a\n::error::b.yaml" if where == "file" else "project.yaml")
    path.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, ["check", str(path)])
    assert done.exit_code == 1
    assert "a\\n::error::b" in done.output
    assert "\n::error" not in done.output


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("before", [[], ["check"], ["check", "--colour"]])
def test_an_argument_that_is_refused_is_shown_plainly(case, before, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["qi-equity", *before, f"--a{HOSTILE[case]}b"])
    with pytest.raises(SystemExit):
        main()
    told = capsys.readouterr().err
    assert "No such option" in told
    assert told.replace("\n", "").isprintable()


# Passwords


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://jo:s3cret@host/net",
        "postgresql+psycopg://jo:a/s3cret:@x@host:5432/net",
        "postgresql://:s3cret@host/net",
        "postgresql://host/net?user=jo&password=s3cret",
        "postgres:/jo:s3cret@host/net",
        "postgresql:jo:s3cret@host/net",
        "jo:s3cret@host:5432/net",
        "host=db user=jo password=s3cret",
        "password = 'a s3cret' host=db",
    ],
)
def test_an_address_is_told_without_its_password(address):
    assert "s3cret" not in masked(f"cannot reach {address}: refused")
    assert "host" in masked(address)


@pytest.mark.parametrize("address", ["network.sqlite", "postgresql://jo@host/net", "at 12:30 a@b"])
def test_what_has_no_password_stays(address):
    assert masked(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://jo:s3cret@127.0.0.1:1/net",
        "postgresql://jo@127.0.0.1:1/net?password=s3cret",
        "postgresql://jo:s3cret@127.0.0.1:none/net",
        "mysql://jo:s3cret@127.0.0.1/net",
        "postgresql://jo:s3cret@nowhere.invalid/net",
        "postgresql:///net?host=/nowhere&password=s3cret",
        "postgresql:jo:s3cret@host",
        "postgresql//jo:s3cret@host",
        "jo:s3cret@host/net",
        "host=127.0.0.1 user=jo password=s3cret",
    ],
)
def test_no_message_and_no_file_about_a_database_holds_its_password(tmp_path, monkeypatch, address):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(store.StoreError) as told:
        store.open(address)
    assert "s3cret" not in str(told.value)
    assert "address" in str(told.value)
    assert not list(tmp_path.iterdir())


def test_a_password_in_an_argument_is_refused_and_the_way_out_told(monkeypatch):
    address = "postgresql://jo:s3cret@127.0.0.1:1/net"
    done = CliRunner().invoke(app, ["verify", "--database", address])
    assert "QI_EQUITY_DATABASE" in str(done.exception)
    assert "s3cret" not in str(done.exception)
    done = CliRunner().invoke(app, ["verify"], env={"QI_EQUITY_DATABASE": address})
    assert "did not answer" in str(done.exception)
    assert "s3cret" not in str(done.exception)


def test_a_database_password_is_taken_from_a_file_that_is_its_owners_alone(tmp_path, monkeypatch):
    kept = tmp_path / "password"
    kept.write_text("s3cret\n", encoding="utf-8")
    kept.chmod(0o600)
    monkeypatch.setenv("QI_EQUITY_DATABASE_PASSWORD_FILE", str(kept))
    database = Database("postgresql://jo@127.0.0.1:1/net")
    seen = []

    @event.listens_for(database.engine, "do_connect")
    def _seen(dialect, record, arguments, named):
        seen.append(named["password"])

    with pytest.raises(store.StoreError, match="did not answer") as told, database.reading():
        pass
    database.close()
    assert seen[0] == "s3cret"
    assert "s3cret" not in f"{told.value} {database.name}"
    kept.chmod(0o644)
    with pytest.raises(store.StoreError, match="chmod 600"):
        Database("postgresql://jo@127.0.0.1:1/net")


# Spreadsheets


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1", " =1+1", "\n=1+1", "\r\n=1", "\t=1", "\u00a0=1", "\x00=1", "\uff1d1", "\n", "@x",
        "\u3000=1", "\u2003@x", "\u200b=1", "\u202e=1",
    ],
)  # fmt: skip
def test_a_cell_a_category_and_a_header_that_a_spreadsheet_would_run_are_made_inert(cell):
    table = pd.DataFrame({"plain": [cell], "kind": pd.Categorical([cell]), cell: [1]})
    safe = inert(table)
    assert safe["plain"].tolist() == [f"'{cell}"]
    assert safe["kind"].tolist() == [f"'{cell}"]
    assert list(safe.columns) == ["plain", "kind", f"'{cell}"]


def test_numbers_dates_and_words_stay(tmp_path):
    table = pd.DataFrame(
        {
            "number": [-1.5],
            "day": pd.to_datetime(["2025-01-06"]),
            "word": [" Black"],
            "none": [None],
        }
    )
    pd.testing.assert_frame_equal(inert(table), table)


def test_a_stream_thrown_away_after_what_it_writes_to_was_closed_says_nothing():
    under = io.StringIO()
    stream = Plain(under)
    under.close()
    stream.close()
