"""A note of a day is a letter on the charts it is about, is kept with its writer, and can go."""

from __future__ import annotations

import json
import re

import pytest
from made_findings import made_findings, made_project

from qi_equity import store
from qi_equity.app.backend import FixedBackend
from qi_equity.app.render import Renderer

PROJECT = made_project("pph", sites=2)
FOUND = made_findings(PROJECT, weeks=30)
HERE = "?page=charts&site=site_a&stratum=Black"
NOTE = {"day": "2024-03-04", "text": "Midwives <on> strike", "site": "site_a", "about": "pph"}


@pytest.fixture
def opened(tmp_path):
    network = store.open(tmp_path / "network.sqlite")
    network.as_user(store.User("Asha", "admin")).save_project(PROJECT, "id: pph\n")
    yield network
    network.close()


def seen_by(opened, role, *sites):
    desk = opened.as_user(store.User("Ben", role, sites))
    return Renderer(FixedBackend({"pph": FOUND}, desk))


def letters(answer):
    """What is written at the marks of the large chart, and of the small ones."""
    both = [
        json.loads(answer["figures"][name])["layout"]["annotations"]
        for name in ("answer", "charts")
    ]
    return [
        [one["text"] for one in some if re.fullmatch("<b>[a-z]</b>", one["text"])] for some in both
    ]


def test_a_note_is_a_letter_on_every_chart_it_is_about_and_is_taken_back_on_the_history(opened):
    team = seen_by(opened, "contributor", "site_a")
    assert team.act("annotate", NOTE, HERE)["done"] == "On the chart, at 4 Mar 2024."
    team = seen_by(opened, "contributor", "site_a")  # pages of fixed findings are kept for good
    black = NOTE | {"day": "2024-02-05", "text": "Leaflets in Twi", "of": "Black"}
    shown = team.act("annotate", black, HERE)
    assert letters(shown)[0] == ["<b>a</b>", "<b>b</b>"]
    assert letters(shown)[1].count("<b>a</b>") == 1  # one group's, on one chart
    assert letters(shown)[1].count("<b>b</b>") == 7
    assert "Leaflets in Twi, 5 Feb 2024 (Black)" in shown["html"]
    assert "Midwives &lt;on&gt; strike, 4 Mar 2024" in shown["html"]
    history = team.answer("?page=history")["html"]
    number = re.search(r'name="revision" value="(\d+)"', history).group(1)
    assert "Leaflets in Twi" in history
    team.act("undo", {"revision": number, "reason": "the wrong week"}, "?page=history")
    assert "Leaflets in Twi" not in team.answer(HERE + "&period=logged")["html"]


def test_a_note_stays_with_its_site_and_measure_and_cycles_left_out_leave_it_out(opened):
    team = seen_by(opened, "contributor", "site_a")
    team.act("annotate", NOTE, HERE)
    strike = "Midwives &lt;on&gt;"
    assert strike in seen_by(opened, "contributor", "site_a").answer(HERE)["html"]
    assert strike not in team.answer(HERE.replace("site_a", "site_b"))["html"]
    assert strike not in team.answer(HERE + "&hide=cycles")["html"]
    other = next(one.id for one in PROJECT.measures if one.id != "pph")
    assert strike not in team.answer(f"{HERE}&measure={other}")["html"]


def test_who_may_not_write_is_offered_no_form_and_refused(opened):
    looks = seen_by(opened, "clinician", "site_a")
    assert "annotate" not in looks.answer(HERE)["html"]
    assert "does not allow" in looks.act("annotate", NOTE, HERE)["problems"][0]
    team = seen_by(opened, "contributor", "site_a")
    assert "annotate" in team.answer(HERE)["html"]
    assert "may not do this" in team.act("annotate", NOTE | {"site": "site_b"}, HERE)["problems"][0]
    assert team.act("annotate", NOTE | {"day": ""}, HERE)["problems"] == ["the day: is missing"]
    assert "no longer there" in team.act("annotate", NOTE | {"of": "x"}, HERE)["problems"][0]
