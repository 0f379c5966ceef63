"""A week's counts typed at a terminal: one slip costs one line, and nothing typed is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from qi_equity import store
from qi_equity.project_file import examples, scaffold

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="a terminal is made as POSIX has them"
)

LOG = [sys.executable, "-m", "qi_equity.cli", "log", "ours.yaml"]
WEEK = ["--week", "2025-06-02"]
ASIAN = ("pph_1000", "Asian")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ours.yaml").write_text(scaffold("ours", "pph_reduction"), encoding="utf-8")
    return tmp_path


def typed(folder: Path, *lines: str, arguments: list[str] | None = None) -> tuple[int, str]:
    """The command at a terminal on which these lines are typed, then Enter until it ends."""
    import pty

    ours, theirs = pty.openpty()
    os.write(ours, "".join(f"{line}\n" for line in (*lines, *[""] * 80, "\x04")).encode())
    asked = WEEK if arguments is None else arguments
    done = subprocess.run([*LOG, *asked], stdin=theirs, capture_output=True, text=True, cwd=folder)
    os.close(ours)
    os.close(theirs)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def kept(folder: Path) -> dict[tuple[str, str], tuple[float, float]]:
    with closing(store.open(folder / "qi_equity.sqlite")) as opened:
        table = opened.as_user(store.User("Asha", "admin")).observations("ours")
    return {
        (row.measure, row.stratum): (row.numerator, row.denominator) for row in table.itertuples()
    }


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        ("2", "'2' is not numerator/denominator, such as 2/17. Once more:"),
        ("1/12,5", "'12,5' is 12.5, and a count is a whole number. Once more:"),
        ("one/17", "'one' is not a number"),
        ("18/17", "'18/17': the numerator is above the denominator. Once more:"),
        ("2/", "'2/': the denominator is missing. Once more:"),
        ("/17", "'/17': the numerator is missing (write 0 where there was none). Once more:"),
        ("-1/17", "is below zero. Once more:"),
        ("1/99999999999", "is above 10,000,000. Once more:"),
    ],
)
def test_a_count_that_cannot_be_kept_is_asked_again_and_the_others_are_kept(folder, slip, said):
    code, shown = typed(folder, "1/20", slip, slip, "2/17", "3/18")
    assert code == 0, shown
    assert shown.count(said) == 2, shown
    assert "Saved 3 counts" in shown
    assert kept(folder) == {
        ASIAN: (1, 20), ("pph_1000", "Black"): (2, 17), ("pph_1000", "Mixed"): (3, 18),
    }  # fmt: skip


def test_a_day_is_asked_until_a_week_begins_on_it_and_a_site_until_it_is_there(folder):
    code, shown = typed(folder, "2025-06-03", "monday", "2025-06-02", "1/20", arguments=[])
    assert code == 0, shown
    assert "2025-06-03 is a Tuesday: the week it is in begins on 2025-06-02. Once more:" in shown
    assert "'monday' is not a day; write it as 2026-01-05. Once more:" in shown
    assert kept(folder) == {ASIAN: (1, 20)}
    (folder / "ours.yaml").write_text(examples()["pph_reduction"].read_text("utf-8"), "utf-8")
    code, shown = typed(folder, "site-a", "site_a", "1/20")
    assert code == 0, shown
    assert "did you mean 'site_a'?" in shown


def test_a_correction_shows_what_stands_and_asks_why(folder):
    typed(folder, "1/20")
    code, shown = typed(folder, "2/20", *[""] * 23, "", "the notes were read again")
    assert code == 0, shown
    assert "Asian (now: 1/20)" in shown
    assert "This corrects what was logged before. Why" in shown
    assert "Saved 1 count, 1 of them corrections" in shown
    assert kept(folder) == {ASIAN: (2, 20)}


@pytest.mark.parametrize(("answer", "stands"), [("y", (2, 20)), ("n", (7, 20))])
def test_what_a_colleague_saved_meanwhile_is_shown_and_neither_is_lost_unseen(
    folder, answer, stands
):
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*LOG, *WEEK], stdin=theirs, stdout=subprocess.PIPE, text=True, cwd=folder
    ) as process:
        os.close(theirs)
        assert process.stdout is not None
        shown = ""
        while "Asian" not in shown:  # the first question: what stands in the store is read by now
            shown += process.stdout.read(1)
        with closing(store.open(folder / "qi_equity.sqlite")) as opened:
            row = {"measure": ASIAN[0], "site": "our_unit", "stratum": ASIAN[1],
                   "subgroup": "2025-06-02", "numerator": 7, "denominator": 20}  # fmt: skip
            opened.as_user(store.User("Ben", "admin")).log("ours", [row])
        os.write(ours, ("2/20\n" + "\n" * 23 + f"{answer}\nmine was read twice\n\x04\n").encode())
        shown += process.stdout.read()
        assert process.wait() == (0 if answer == "y" else 1), shown
    os.close(ours)
    assert "you have 2 of 20; Ben saved 7 of 20" in shown
    assert kept(folder) == {ASIAN: stands}


def test_of_a_file_of_answers_a_slip_refuses_all_since_the_next_line_is_of_another_group(folder):
    done = subprocess.run(
        [*LOG, *WEEK], input="1/20\n18/17\n3/18\n" + "\n" * 40, capture_output=True, text=True,
        cwd=folder,
    )  # fmt: skip
    assert done.returncode == 1
    assert "'18/17': the numerator is above the denominator; nothing was saved" in done.stderr
    assert kept(folder) == {}


def test_who_stops_half_way_is_told_that_nothing_was_saved(folder):
    done = subprocess.run([*LOG, *WEEK], input="1/20\n", capture_output=True, text=True, cwd=folder)
    assert done.returncode == 1
    assert "Nothing was saved." in done.stderr
    assert kept(folder) == {}
