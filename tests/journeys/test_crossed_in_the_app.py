"""A crossed project in the app: each part has its pages, and the network has two of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from qi_equity import crossed, load_project, sources, store
from qi_equity.app import live
from qi_equity.app.render import Renderer
from qi_equity.project_file import examples
from qi_equity.store import Forbidden

EXAMPLE = "booking_by_interpreter_need"
PARTS = [f"{EXAMPLE}.{part}" for part in ("ethnicity", "need_for_an_interpreter", "both")]
ADMIN, VIEWER = store.User("asha", "admin"), store.User("bo", "facilitator")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Network]:
    path = examples()[EXAMPLE]
    plan = load_project(path)
    opened = live.opened(tmp_path_factory.mktemp("store") / "store.sqlite")
    desk = opened.store.as_user(ADMIN)
    desk.save_project(plan, path.read_text(encoding="utf-8"))
    desk.import_table(plan.id, sources.load(plan, base=path.parent).observations, "0" * 64)
    desk.consent(plan.id, "ashdown", True)
    desk.consent(plan.id, "brackenford", True)
    assert desk.release(plan.id, "the first") is not None
    yield opened
    opened.close()


def page(network: live.Network, user: store.User, address: str) -> str:
    return str(Renderer(network.seat(user)).answer(address)["html"])


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", ["charts", "compare", "project", "quality", "session"])
def test_every_page_of_every_part_is_there(network: live.Network, name: str, part: str) -> None:
    html = page(network, ADMIN, f"?page={name}&project={part}&measure=booked_by_10")
    assert "Booked by ten weeks" in html
    assert "cannot" not in html.partition("</h1>")[0]
    own = {"ethnicity": "Black", "both": "Black × Interpreter needed"}
    if name == "charts":
        assert own.get(part.partition(".")[2], "Interpreter needed") in html


def test_counts_are_logged_of_the_cells_whichever_part_is_open(network: live.Network) -> None:
    html = page(network, ADMIN, f"?page=log&project={PARTS[0]}&site=ashdown")
    assert len(re.findall(r"Black × Interpreter needed", html)) > 0
    desk = network.store.as_user(ADMIN)
    row = {
        "measure": "booked_by_10", "site": "ashdown", "stratum": "Black × Interpreter needed",
        "subgroup": pd.Timestamp("2026-01-01"), "numerator": 3, "denominator": 7,
    }  # fmt: skip
    saved = desk.log(PARTS[0], [row])
    assert saved.written == 1
    findings = network.seat(ADMIN).findings(PARTS[1])
    points = findings.points.query("site == 'ashdown' and stratum == 'Interpreter needed'")
    assert points["denominator"].iloc[-1] == 7
    with pytest.raises(Exception, match="no such stratum"):
        desk.log(PARTS[0], [row | {"stratum": "Black"}])


def test_the_network_sees_each_dimension_and_never_both(network: live.Network) -> None:
    seat = network.seat(VIEWER)
    assert [project.id for project in seat.projects()] == PARTS[:2]
    for part in PARTS[:2]:
        findings = seat.findings(part)
        assert not findings.points.empty
        assert not findings.points["stratum"].str.contains("×").any()
        assert "coldwater" not in set(findings.points["site"])
    with pytest.raises(Forbidden, match="both together stay with teams"):
        seat.findings(PARTS[2])
    with pytest.raises(Forbidden):
        seat.findings(EXAMPLE)
    html = page(network, VIEWER, f"?page=gap&project={PARTS[2]}")
    assert "×" not in html


def test_the_plan_in_the_store_is_one_and_its_text_is_kept(network: live.Network) -> None:
    desk = network.store.as_user(ADMIN)
    assert desk.projects() == (EXAMPLE,)
    assert desk.project(EXAMPLE).strata.crossed_with is not None
    assert desk.project(PARTS[1]).strata.dimension == "need for an interpreter"
    kept = desk.project_file(PARTS[2]).content
    assert Path(examples()[EXAMPLE]).read_text(encoding="utf-8") == kept
    whole = crossed.parts(desk.project(EXAMPLE))
    assert [part.id for part in whole] == PARTS
