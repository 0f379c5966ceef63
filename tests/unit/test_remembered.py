"""What is read off findings once: the same for whoever holds them, and gone with them."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import pandas as pd
from made_findings import made_findings, made_project

from qi_equity.app.live import Analyst, joined
from qi_equity.findings import Chart, Findings, Within, remembered, rows


def test_rows_of_a_site_are_those_of_the_table_and_made_once():
    found = made_findings(made_project(), weeks=30)
    measure, site = found.project.measures[0], found.project.sites[0].id
    here = found.charts[(found.charts["measure"] == measure.id) & (found.charts["site"] == site)]
    first = list(found.rows(Chart, measure, site))
    assert repr(first) == repr(list(rows(here, Chart)))
    again = list(found.rows(Chart, measure, site))
    assert list(map(id, again)) == list(map(id, first))


def test_what_is_remembered_goes_with_the_findings():
    found = made_findings(made_project(), weeks=30)
    gone = weakref.ref(remembered(found, "kept", lambda: frozenset({"a"})))
    del found
    gc.collect()
    assert gone() is None


def test_what_a_store_says_is_kept_by_role_and_sites_and_until_a_write():
    analyst = Analyst()
    asked = iter(range(9))
    answers = [
        analyst.known(("sites", "pph", role), version, lambda: next(asked), lambda: True)
        for role, version in (("admin", 1), ("board", 1), ("admin", 1), ("admin", 2))
    ]
    assert answers == [0, 1, 0, 2]


def test_what_was_read_while_a_role_changed_is_kept_for_nobody():
    analyst, asked = Analyst(), iter(range(9))
    answers = [
        analyst.known("of a contributor", 1, lambda: next(asked), lambda same=same: same)
        for same in (False, True, True)
    ]
    assert answers == [0, 1, 1]


def test_own_counts_and_a_release_are_joined_anew_as_soon_as_either_is():
    own, network, newer = (made_findings(made_project(), weeks=30, seed=seed) for seed in (1, 2, 3))
    first = joined(own, network)
    assert joined(own, network) is first
    assert joined(own, newer) is not first


def test_findings_joined_with_no_release_go_when_nobody_holds_them():
    own, network = made_findings(made_project(), weeks=30), Findings(made_project())
    gone = weakref.ref(own)
    assert joined(own, network) is own
    del own
    gc.collect()
    assert gone() is None


def test_a_table_without_sites_is_asked_for_a_measure():
    first, second = made_project().measures[:2]
    within = pd.DataFrame({"measure": [first.id, second.id], "stratum": "Black"})
    found = replace(made_findings(made_project(), weeks=30), within=within)
    assert list(found.of(Within, second)["measure"]) == [second.id]
