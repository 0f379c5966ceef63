"""One signal from the chart to its answer: opened, reminded of, closed, all in the history."""

from __future__ import annotations

import socketserver
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from icalendar import Calendar
from typer.testing import CliRunner

from outside import Mail, serving
from qi_equity import project_file, store
from qi_equity.cli import app
from qi_equity.mail import settings
from qi_equity.reminders import remind
from qi_equity.store.entries import Engagement, Response

SMALLEST = Path(__file__).parents[1] / "unit" / "projects" / "smallest.yaml"


def asked(tmp_path: Path, *more: str) -> Any:
    place = str(tmp_path / "network.sqlite")
    return CliRunner().invoke(app, [*more, "--database", place])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A store in which one group's share falls from .6 to .2 halfway through a year."""
    folder = tmp_path_factory.mktemp("signal")
    project = folder / "smallest.yaml"
    project.write_text(SMALLEST.read_text(encoding="utf-8"), encoding="utf-8")
    rng = np.random.default_rng(12)
    rows = [
        {"measure": "seen", "site": "one", "stratum": name, "subgroup": day,
         "numerator": rng.binomial(size, 0.2 if name == "Black" and week >= 30 else 0.6),
         "denominator": size}
        for week, day in enumerate(pd.date_range("2025-01-06", periods=60, freq="W-MON"))
        for name, size in (("Black", 15), ("White", 40))
    ]  # fmt: skip
    counts = folder / "counts.csv"
    pd.DataFrame(rows).to_csv(counts, index=False)
    told = asked(folder, "import", str(project), str(counts))
    assert told.exit_code == 0, told.output
    return folder, project


def kept(folder: Path, kind: Any) -> dict[str, Any]:
    with closing(store.open(folder / "network.sqlite")) as opened:
        return opened.as_user(store.User("Asha", "admin")).entries("smallest", kind)


def test_a_signal_is_opened_reminded_of_and_closed_with_words(made, monkeypatch):
    folder, project = made
    told = asked(folder, "respond", str(project))
    assert told.exit_code == 0, told.output
    assert "nobody has opened a response" in told.output
    assert "Black" in told.output

    bare = asked(folder, "respond", str(project), "--open")
    assert "--owner" in str(bare.exception)

    ics = folder / "due.ics"
    told = asked(
        folder, "respond", str(project), "--open", "--owner", "Mo Ali", "--calendar", str(ics)
    )
    assert told.exit_code == 0, told.output
    responses = kept(folder, Response)
    assert responses
    assert all(one.content.owner == "Mo Ali" for one in responses.values())
    events = Calendar.from_ical(ics.read_bytes()).walk("VEVENT")
    assert {str(one["UID"]).split("@")[0] for one in events} == set(responses)
    assert "nobody has opened" not in asked(folder, "respond", str(project)).output

    key, one = next(iter(responses.items()))
    monkeypatch.setattr("qi_equity.cli.answering.date", Later)
    assert "Overdue:" in asked(folder, "respond", str(project)).output
    mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
    with serving(mail):
        for name, text in {
            "MAIL_TO": "mo@trust.example",
            "MAIL_FROM": "qi@trust.example",
            "SMTP": f"127.0.0.1:{mail.server_address[1]}",
        }.items():
            monkeypatch.setenv(f"QI_EQUITY_{name}", text)
        told = asked(folder, "respond", str(project), "--remind")
        assert told.exit_code == 0, told.output
        (message,) = mail.got
    assert "Overdue since" in message
    assert "Mo Ali" in message

    wordless = asked(folder, "respond", str(project), "--close", key, "--outcome", "examined")
    assert "without words" in str(wordless.exception)
    told = asked(
        folder, "respond", str(project), "--close", key, "--outcome", "recording",
        "--found", "A new form counted fewer", "--reason", "seen in the session",
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    closed = kept(folder, Response)[key].content
    assert (closed.outcome, closed.found, closed.opened) == (
        "recording", "A new form counted fewer", one.content.opened,
    )  # fmt: skip
    again = asked(
        folder, "respond", str(project), "--close", key, "--outcome", "examined", "--found", "x"
    )
    assert "answered already" in str(again.exception)


def test_nobody_can_have_strangers_written_to():
    project, day = project_file.load(SMALLEST), date(2026, 1, 5)
    theirs = {"mo": "mo@trust.example", "jo": "jo@mail.example", "eve": "eve@elsewhere.example"}
    due = {
        name: Response(about="widening/seen/one/Black", opened=day, due=day, owner=name, email=to)
        for name, to in theirs.items()
    }
    mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
    with serving(mail):
        said = settings(
            {
                "QI_EQUITY_MAIL_FROM": "QI <qi@trust.example>",
                "QI_EQUITY_MAIL_DOMAINS": "mail.example, other.example",
                "QI_EQUITY_SMTP": f"127.0.0.1:{mail.server_address[1]}",
            }
        )
        failed = remind(said, project, due, day)
        got = "\n".join(mail.got)
    assert "To: mo@trust.example" in got
    assert "To: jo@mail.example" in got
    assert "elsewhere" not in got
    (one,) = failed
    assert "eve@elsewhere.example is of no domain of ours" in one
    assert "QI_EQUITY_MAIL_DOMAINS" in one


class Later(date):
    """A day on which every answer is overdue."""

    @classmethod
    def today(cls) -> date:
        return date(date.today().year + 1, 6, 1)


def test_a_meeting_is_written_down_and_read_back(made):
    folder, project = made
    asked_of = ["engaged", str(project)]
    half = asked(folder, *asked_of, "--said", "A card by the bed")
    assert "--day, --met and --where" in str(half.exception)
    unknown = asked(folder, *asked_of, "--measure", "sean")
    assert "did you mean 'seen'" in str(unknown.exception)
    told = asked(
        folder, *asked_of, "--day", "2026-01-05", "--met", "Six mothers", "--where", "The library",
        "--said", "A card by the bed", "--measure", "seen", "--site", "one",
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    (one,) = kept(folder, Engagement).values()
    assert (one.content.said, one.content.sites) == ("A card by the bed", ("one",))
    assert "Six mothers" in told.output


def test_nobody_is_told_where_nobody_is_set(made, monkeypatch):
    folder, project = made
    for name in ("MAIL_TO", "WEBHOOK"):
        monkeypatch.delenv(f"QI_EQUITY_{name}", raising=False)
    told = asked(folder, "respond", str(project), "--remind")
    assert "QI_EQUITY_MAIL_TO" in str(told.exception)
