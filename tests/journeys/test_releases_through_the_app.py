"""Releases as people make, see and withdraw them: in the app, on the command line, on record."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from patience import PATIENCE
from qi_equity import cli
from qi_equity.app.backend import FixedBackend
from qi_equity.app.live import Network, opened
from qi_equity.app.render import Renderer
from qi_equity.disclosure import Releases
from qi_equity.store import releases
from qi_equity.vocabulary import Act
from store_network import PROJECT, SITES, made, project, row, table, user

PAGE = f"?page=charts&project={PROJECT}"


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """Three sites that consent, with counts."""
    began = made(tmp_path / "network.sqlite")
    admin = began.as_user(user())
    admin.import_table(PROJECT, table(), "1" * 64)
    for site in SITES:
        admin.consent(PROJECT, site, True)
    began.close()
    running = opened(tmp_path / "network.sqlite")
    # Here and now: what a process of its own does is shown by the worker's tests.
    running.analyst.made = Releases().made  # type: ignore[method-assign]
    yield running
    running.close()


def page_of(network: Network, role: str, *sites: str) -> Renderer:
    return Renderer(network.seat(user(role, *sites)))


def lines_of(network: Network, what: Act) -> list[tuple[str, Any]]:
    found = network.store.as_user(user()).trail(what=what.value)
    return [(one.who, one.told["number"]) for one in reversed(found)]


def test_a_lead_approves_a_release_others_see_its_number_and_a_withdrawal_takes_it_back(
    network: Network,
) -> None:
    lead, guide = page_of(network, "equity_lead", "north"), page_of(network, "facilitator")
    assert "No release yet" in guide.answer(PAGE)["html"]

    refused = guide.act("release", {"reason": "ours"}, PAGE)
    assert "does not allow: release" in refused["problems"][0]
    page = f"?page=project&project={PROJECT}"
    reason = {"reason": "checked by hand"}
    assert "look at what the release would hold" in lead.act("release", reason, page)["problems"][0]
    looked = lead.look("release", {}, page)["found"]
    assert looked["account"][0].startswith("Release 1 of ")
    assert any("small counts" in line for line in looked["account"])
    assert "does not allow: release" in guide.look("release", {}, page)["problems"][0]
    network.store.as_user(user()).log(PROJECT, [row(3, 21, week="2025-01-27")])
    stale = lead.act("release", reason | {"seen": looked["seen"]}, page)
    assert "not what you looked at" in stale["problems"][0]
    assert not network.store.as_user(user()).releases(PROJECT)
    looked = lead.look("release", {}, page)["found"]
    approved = lead.act("release", reason | {"seen": looked["seen"]}, page)
    assert approved["done"] == "Release 1 is out: the network sees it now."
    # The same again, of the same counts, is a release that nobody looked at.
    for _ in range(2):
        again = lead.act("release", reason | {"seen": looked["seen"]}, page)
        assert "not what you looked at" in again["problems"][0]
        looked = lead.look("release", {}, page)["found"]
        desk = network.store.as_user(user())
        assert [one.number for one in desk.releases(PROJECT)] == [1]
        looked["seen"] = "1-" + looked["seen"].partition("-")[2]
    assert "checked by hand" not in guide.answer(PAGE)["html"]
    seen = page_of(network, "facilitator").answer(PAGE)["html"]
    assert "Release 1" in seen

    fields = {"number": "1", "reason": "a wrong quarter"}
    gone = lead.act("withdraw", fields, f"?page=project&project={PROJECT}")
    assert gone["done"].startswith("Release 1 is no longer shown")
    assert "a wrong quarter" in gone["html"]
    assert "No release yet" in page_of(network, "facilitator").answer(PAGE)["html"]
    assert lines_of(network, Act.RELEASED) == [("equity_lead", 1)]
    assert lines_of(network, Act.WITHDRAWN) == [("equity_lead", 1)]
    assert network.store.as_user(user()).verify().whole


def test_the_release_of_a_month_is_made_beside_and_the_last_is_shown_meanwhile(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    network.store.as_user(user()).release(PROJECT)
    later = datetime.now(UTC) + timedelta(days=40)
    monkeypatch.setattr(releases, "current_moment", lambda: later)
    gate, make = threading.Event(), network.analyst.made

    def waits(*told: Any) -> Any:
        assert gate.wait(PATIENCE)
        return make(*told)

    network.analyst.made = waits  # type: ignore[method-assign]
    first = page_of(network, "facilitator").answer(PAGE)
    assert "Release 1" in first["html"]
    assert "is being made; it takes its place here by itself" in first["html"]
    assert first["waiting"]

    (making,) = [one for one in threading.enumerate() if one.name == "calendar"]
    gate.set()
    making.join(PATIENCE)
    then = page_of(network, "facilitator").answer(PAGE)["html"]
    assert "Release 2" in then
    assert "is being made" not in then
    assert lines_of(network, Act.RELEASED) == [("admin", 1), ("schedule", 2)]


def test_ones_own_account_is_there_before_a_first_project() -> None:
    users = SimpleNamespace(has_factor=lambda name: False, codes_left=lambda name: 0)
    mine: Any = SimpleNamespace(
        name="jo", here="", door=SimpleNamespace(users=users), has_password=True, fresh_codes=(),
        offer="ABCDEFGH" * 4, stays=lambda: (), record=lambda *told: None,
    )  # fmt: skip
    found = Renderer(FixedBackend(), account=mine).answer("?page=account")
    assert 'data-act="set_up_factor"' in found["html"]
    assert "ABCD EFGH" in found["html"]


def test_on_the_command_line_a_release_is_checked_approved_listed_and_withdrawn(
    network: Network, tmp_path: Path
) -> None:
    plan, place = tmp_path / "plan.yaml", str(tmp_path / "network.sqlite")
    told = project().model_dump(mode="json", by_alias=True, exclude_defaults=True)
    plan.write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")

    def run(*asked: str) -> str:
        done = CliRunner().invoke(cli.app, ["release", *asked, "--database", place])
        return done.output if done.exit_code == 0 else str(done.exception)

    assert "No release yet." in run(str(plan))
    checked = run(str(plan), "--check")
    assert "would hold:" in checked
    assert "Nothing went out" in checked
    assert "went out and holds:" in run(str(plan), "--approve", "--reason", "looked through")
    assert run(str(plan)).startswith("1: ")
    assert "say which" in run("withdraw")
    assert "say why" in run("withdraw", "1")
    assert "Release 1 is no longer shown" in run("withdraw", "1", "--reason", "a wrong quarter")
    assert "a wrong quarter" in run(str(plan))
    assert "withdrawn already" in run("withdraw", "1", "--reason", "again")
    assert [number for _, number in lines_of(network, Act.WITHDRAWN)] == [1]
