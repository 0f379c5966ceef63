"""A report for the network is of the store's last release, as the project then was, and says so."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from qi_equity import cli, store
from qi_equity.disclosure import Releases
from store_network import PROJECT, made, project, table, user


@pytest.fixture
def asked(tmp_path: Path) -> list[str]:
    """The command on a project and its counts beside a store of the same."""
    opened = made(tmp_path / "network.sqlite", protect=Releases())
    desk = opened.as_user(user())
    desk.import_table(PROJECT, table(), "1" * 64)
    for name in ("north", "south"):
        desk.consent(PROJECT, name, True)
    opened.close()
    plan = project().model_dump(mode="json", by_alias=True, exclude_defaults=True)
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
    table().drop(columns="revision", errors="ignore").to_csv(tmp_path / "counts.csv", index=False)
    return [
        "report", str(tmp_path / "plan.yaml"), "--data", str(tmp_path / "counts.csv"),
        "--pack", "board", "--format", "html", "--out", str(tmp_path / "out"),
    ]  # fmt: skip


def test_without_a_release_there_is_nothing_for_the_network_and_the_way_out_is_told(
    asked: list[str], tmp_path: Path
) -> None:
    done = CliRunner().invoke(cli.app, [*asked, "--database", str(tmp_path / "network.sqlite")])
    assert "holds no release" in str(done.exception)
    assert "--approve" in str(done.exception)


def test_the_pages_name_the_release_they_are_made_from(asked: list[str], tmp_path: Path) -> None:
    place = tmp_path / "network.sqlite"
    opened = store.open(place, protect=Releases())
    assert opened.as_user(user()).release(PROJECT, "the first") is not None
    opened.close()
    done = CliRunner().invoke(cli.app, [*asked, "--database", str(place)])
    assert done.exit_code == 0, (done.output, done.exception)
    (page,) = (tmp_path / "out").rglob("*.html")
    assert "elease 1" in page.read_text(encoding="utf-8")


def test_the_first_pack_of_a_folder_warns_of_nothing_and_so_does_the_same_again(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        done = CliRunner().invoke(cli.app, asked)
        assert done.exit_code == 0, (done.output, done.exception)
        assert "Careful" not in done.stderr


def test_a_pack_of_other_counts_in_its_place_warns_that_both_can_be_compared(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(cli.app, asked)
    counts = pd.read_csv("counts.csv")
    counts.iloc[: len(counts) // 2].to_csv("counts.csv", index=False)
    done = CliRunner().invoke(cli.app, asked)
    assert done.exit_code == 0, (done.output, done.exception)
    assert "held an earlier pack that was not the same" in " ".join(done.stderr.split())


def test_a_pack_beside_a_store_with_releases_warns_and_names_the_store(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "network.sqlite").rename("qi_equity.sqlite")
    assert "Careful" not in CliRunner().invoke(cli.app, asked).stderr
    opened = store.open(tmp_path / "qi_equity.sqlite", protect=Releases())
    opened.as_user(user()).release(PROJECT, "the first")
    opened.close()
    told = " ".join(CliRunner().invoke(cli.app, asked).stderr.split())
    assert "qi_equity.sqlite holds 1 release of this project" in told
    assert "--database qi_equity.sqlite" in told
    assert "Careful" not in CliRunner().invoke(cli.app, [*asked, "--for", "team"]).stderr


def without_file(asked: list[str]) -> list[str]:
    at = asked.index("--data")
    return [*asked[:at], *asked[at + 2 :]]


def test_what_was_logged_needs_no_file_where_its_store_is_named(
    asked: list[str], tmp_path: Path
) -> None:
    place = tmp_path / "network.sqlite"
    named = [*without_file(asked), "--database", str(place)]
    done = CliRunner().invoke(cli.app, [*named, "--for", "team"])
    assert done.exit_code == 0, (done.output, done.exception)
    assert "holds no release" in str(CliRunner().invoke(cli.app, named).exception)
    opened = store.open(place, protect=Releases())
    opened.as_user(user()).release(PROJECT, "the first")
    opened.close()
    assert CliRunner().invoke(cli.app, named).exit_code == 0
    assert len(list((tmp_path / "out").rglob("*.html"))) == 2


def test_without_file_and_store_it_is_said_where_logged_counts_are(asked: list[str]) -> None:
    assert "qi-equity export FOLDER" in str(
        CliRunner().invoke(cli.app, without_file(asked)).exception
    )
