"""A midwife's path: a spreadsheet dropped on the app, at most a question, the right chart."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from seeing import drawn, ready, violations
from typer.testing import CliRunner

from qi_equity import store
from qi_equity.app.live import Analyst, Network
from qi_equity.app.server import start
from qi_equity.cli import app

CASES = Path(__file__).parents[1] / "cases"
ADMIN = store.User("Asha", "admin")


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    opened = Network(store.open(tmp_path / "app.sqlite"), Analyst())
    yield opened
    opened.close()


@pytest.fixture
def url(network: Network) -> Iterator[str]:
    """The app over a store without any project."""
    running = start(network.seat(ADMIN))
    yield running.url
    running.stop()


def drop(page: Any, path: Path) -> None:
    """Drop a file on the page, as a hand would."""
    page.evaluate(
        """([name, packed]) => {
            const bytes = Uint8Array.from(atob(packed), (one) => one.charCodeAt(0))
            const data = new DataTransfer()
            data.items.add(new File([bytes], name))
            document.body.dispatchEvent(
                new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }))
        }""",
        [path.name, base64.b64encode(path.read_bytes()).decode()],
    )


def from_the_terminal(path: Path, name: str, folder: Path, answer: str) -> bytes:
    """The observations that `new` and `import` make of the same file."""
    run = CliRunner()
    where = ["--dir", str(folder)]
    drafted = run.invoke(app, ["new", name, "--data", str(path), *where])
    assert drafted.exit_code == bool(answer), "what is still to be answered is no success"
    project = folder / f"{name}.yaml"
    if answer:
        text = project.read_text(encoding="utf-8").replace("year: '?'", f"year: {answer}")
        project.write_text(text, encoding="utf-8")
    place = folder / "terminal.sqlite"
    # As in the app, where what was refused is shown and left out.
    asked = ["import", str(project), str(path), "--database", str(place), "--accept-valid"]
    ran = run.invoke(app, asked)
    assert ran.exit_code == 0, ran.output
    opened = store.open(place)
    try:
        return kept(opened.as_user(ADMIN), name)
    finally:
        opened.close()


def kept(desk: store.Desk, name: str) -> bytes:
    return desk.observations(name).drop(columns="revision").to_csv(index=False).encode()


REFUSED = "readme_with_slips.csv"  # made of 13_readme_table.csv, some cells of it unreadable


def with_slips(folder: Path) -> Path:
    """The table as the README has it, with rows that cannot be read: a count, a date, a group."""
    lines = (CASES / "13_readme_table.csv").read_text(encoding="utf-8").splitlines()
    for row, (at, slip) in {3: (2, "see notes"), 8: (3, "1.2k"), 12: (0, "soon")}.items():
        cells = lines[row].split(",")
        lines[row] = ",".join([*cells[:at], slip, *cells[at + 1 :]])
    path = folder / REFUSED
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("file", "answer"),
    [
        ("01_weeks_across_merged.xlsx", ""),
        ("04_dates_wk.csv", "2024"),
        ("15_records_ebl_comma.csv", ""),
        (REFUSED, ""),
    ],
)
def test_a_spreadsheet_dropped_on_the_app_is_the_right_chart(
    visit, network, file, answer, tmp_path
):
    path = with_slips(tmp_path) if file == REFUSED else CASES / file
    page = visit()
    ready(page, chart=False)
    assert page.get_by_text("Drop a table of counts or birth records here").is_visible()
    assert violations(page) == []
    page.get_by_label("A short name").fill("ours")
    drop(page, path)
    if answer:
        question = page.get_by_label("In which year is the first date")
        question.fill(answer)
        question.press("Enter")
    page.locator(".shown .examples li").first.wait_for()
    assert page.locator(".shown .examples li").count() == 3
    assert "taken" in page.locator(".shown .account").inner_text()
    assert network.store.as_user(ADMIN).projects() == (), "nothing is kept before it was shown"
    assert violations(page) == []
    page.get_by_role("button", name="Make the project with").click()
    page.locator(".saved", has_text="The project is made").wait_for()
    ready(page)
    values = [heights for name, heights in drawn(page) if name == "Value"]
    desk = network.store.as_user(ADMIN)
    table = desk.observations("ours")
    aim = table["measure"] == desk.project("ours").aim.measure
    one = table[aim & (table["stratum"] == table["stratum"].iloc[0])]
    sums = one.groupby("subgroup")[["numerator", "denominator"]].sum()
    rates = (100 * sums["numerator"] / sums["denominator"]).dropna().round(3).tolist()
    assert any([round(v, 3) for v in drawn_ if v is not None] == rates for drawn_ in values)
    assert kept(desk, "ours") == from_the_terminal(path, "ours", tmp_path, answer)
    unread = table.get("unread", table["denominator"] * 0)
    assert bool(unread.sum() > 0) == (file == REFUSED), "what was refused holds back"
