"""The page on the quality of the data: the answer first, the worst cautions before the rest."""

from __future__ import annotations

import re
from dataclasses import replace

from made_findings import made_findings, made_project

from qi_equity.app.backend import FixedBackend
from qi_equity.app.render import Renderer
from qi_equity.findings import Caution

PROJECT = made_project("pph", sites=2)
MADE = made_findings(PROJECT, weeks=30)
ROSE = (("dimension", "ethnicity"), ("was", 0.05), ("now", 0.34), ("last", 12.0),
        ("since", "2024-04-01"))  # fmt: skip


def page(*cautions):
    findings = replace(MADE, cautions=cautions)
    return Renderer(FixedBackend({"pph": findings})).answer("?page=quality")["html"]


def answer(html):
    return re.search(r'<p class="answer">(.*?)</p>', html, re.DOTALL)[1]


def test_the_site_whose_recording_got_worse_is_the_first_line():
    said = answer(page(Caution("few_events"), Caution("unknown_rose", "pph", "site_a", "", ROSE)))
    assert said == "Site A: ethnicity not known rose: 5% before April 2024, 34% since."


def test_without_a_caution_the_share_itself_is_the_first_line():
    assert re.search(r"is not known for \d", answer(page()))


def test_three_cautions_stand_before_the_rest_and_the_worst_of_them_first():
    many = (
        Caution("few_events"),
        Caution("runs_guarded"),
        Caution("blocks"),
        Caution("step_seen"),
        Caution("unknown_rose", "pph", "site_a", "", ROSE),
    )
    html = page(*many)
    first, more = html.partition("<details")[::2]
    assert first.count("<strong>") - first.count("Synthetic") == 3
    assert "rose from" in first.partition("What to be careful of")[2]
    assert "2 more" in more
