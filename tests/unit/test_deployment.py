"""What a trust deploys: containers that can do little, and dependencies by version and hash."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SECRET = re.compile(r"(?i)(password|secret|token|key)\w*\s*[:=]\s*\S")
DIGEST = re.compile(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}")


# The container file


def instructions() -> list[tuple[str, str]]:
    """The container file's instructions, lines that go on put together."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    plain = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in plain.splitlines() if line.strip()]


def told(kind: str) -> list[str]:
    return [rest for name, rest in instructions() if name == kind]


def test_the_image_is_built_on_what_is_named_by_digest():
    (base,) = told("ARG")
    assert DIGEST.fullmatch(base.removeprefix("BASE="))
    assert all(one.startswith("${BASE}") for one in told("FROM"))


def test_the_image_runs_as_nobody_in_particular_and_says_whether_it_lives():
    assert told("USER") == ["10001:10001"]
    last = [name for name, _ in instructions()]
    assert last.index("USER") < last.index("ENTRYPOINT")
    assert "USER" not in last[: len(last) - 1 - last[::-1].index("FROM")]
    assert "/liveness" in told("HEALTHCHECK")[0]
    assert not told("ADD"), "nothing comes from an address"


def test_the_image_holds_no_secret_and_installs_by_hash():
    assert not [one for kind in ("ENV", "ARG") for one in told(kind) if SECRET.search(one)]
    installs = [one for one in told("RUN") if "pip install" in one]
    assert installs
    assert all("--require-hashes" in one or "--no-deps" in one for one in installs)


def test_the_image_has_all_that_the_wheel_is_built_from_and_runs_the_wheel_alone():
    built = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    forced = built["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    needed = {"pyproject.toml", "README.md", "LICENSE", "src", *forced}
    copied = {one for line in told("COPY") if "--from" not in line for one in line.split()[:-1]}
    assert needed <= copied
    seen = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {f"!{one}" for one in copied} <= set(seen)
    (wheel,) = [one for one in told("RUN") if "pip wheel" in one]
    assert "/wheel/*.whl" in wheel.split("&&")[1]


# The network of containers

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_little_and_is_named_by_digest(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].partition(":")[0]) > 0
    assert "build" in service or DIGEST.fullmatch(service["image"])
    assert "build" in service or service["healthcheck"]["test"]
    for name, value in service["environment"].items():
        assert not re.search("(?i)password|secret", name) or name.endswith("_FILE"), value
        assert not re.search(r"://[^/]*:[^/]*@", str(value)), "a password in an address"


def test_what_is_written_is_in_volumes_and_nothing_of_the_machine_is():
    named = set(COMPOSE["volumes"])
    for service in SERVICES.values():
        for one in service["volumes"]:
            place = one.partition(":")[0]
            assert place in named or (one.endswith(":ro") and (ROOT / place).is_file()), one


def test_the_proxy_alone_is_reached_and_the_database_by_the_app_alone():
    assert [name for name, one in SERVICES.items() if "ports" in one] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    reach = {name for name, one in SERVICES.items() if "inside" in one["networks"]}
    assert reach == {"app", "database"}


def test_the_proxy_says_who_asks_and_believes_nobody_else():
    text = (ROOT / "deploy/Caddyfile").read_text(encoding="utf-8")
    for name in ("X-Real-Ip {remote_host}", "X-Forwarded-For {remote_host}", "X-Forwarded-Proto"):
        assert f"header_up {name}" in text
    assert "reverse_proxy app:5006" in text


# Dependencies


def pins(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)==([\w.!+]+)", text, flags=re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", each.lower()): version for each, version in found}


def test_what_is_pinned_by_hash_is_the_version_that_was_tested():
    tested, hashed = pins("constraints.txt"), pins("requirements.hashes.txt")
    assert len(hashed) > 30
    assert {name: tested.get(name, version) for name, version in hashed.items()} == hashed


def test_every_pin_has_a_hash_and_none_an_address():
    text = (ROOT / "requirements.hashes.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\w)", text)[1:]
    assert all(re.search("--hash=sha256:[0-9a-f]{64}", one) for one in entries)
    assert "://" not in text
    assert "://" not in (ROOT / "constraints.txt").read_text(encoding="utf-8")


def test_nothing_the_app_needs_is_without_a_hash(tmp_path):
    # The bill walks through everything the package needs and stops where a hash is missing.
    told = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "sbom"), str(tmp_path / "bill.json")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
