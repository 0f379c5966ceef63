"""What can go wrong under a store keeps what was acknowledged, and is told in words."""

from __future__ import annotations

import pytest
from fault_plays import FAULTS, Fault, Ground

# Those that no other test plays; the table of docs/explanation/faults.md names the test of each.
HERE = [one for one in FAULTS if one.test.startswith("tests/journeys/test_faults.py")]


def played(fault: Fault, ground: Ground) -> None:
    found = fault.play(ground)
    assert found.acknowledged
    assert found.kept == found.acknowledged
    assert fault.said in found.said


@pytest.mark.parametrize(
    "fault", [one for one in HERE if not one.server], ids=lambda fault: fault.name
)
def test_a_fault_keeps_what_was_acknowledged(fault, tmp_path):
    played(fault, Ground(tmp_path, None, fault.small))


@pytest.mark.postgres
@pytest.mark.parametrize("fault", [one for one in HERE if one.server], ids=lambda fault: fault.name)
def test_a_fault_of_a_server_keeps_what_was_acknowledged(fault, tmp_path, postgres):
    played(fault, Ground(tmp_path, postgres, fault.small))
