"""Notes on points, and targets and centres in the unit that a chart shows."""

from __future__ import annotations

import pandas as pd
import pytest

import qi_equity
from qi_equity.errors import DataErrors

MONTHS = pd.date_range("2025-01-01", periods=14, freq="MS")
LOG = pd.DataFrame({
    "month": [*MONTHS, *MONTHS], "site": ["A"] * 14 + ["B"] * 14, "births": 40,
    "pph": [4, 3, 5, 4, 2, 4, 6, 3, 4, 5, 4, 3, 4, 4] * 2,
})  # fmt: skip


def drawn(**named):
    asked = {"kind": "p", "subgroup": "month", "numerator": "pph", "denominator": "births"}
    return qi_equity.chart(LOG, **asked | {"by": "site"} | named)


def test_a_note_of_a_day_stands_in_its_month_on_the_figure_in_the_tooltip_and_in_the_words():
    found = drawn(notes={"2025-03-14": "Huddles <every> morning before the ward round"})
    noted = found.points[found.points["note"] != ""]
    assert noted["subgroup"].tolist() == [MONTHS[2]] * 2
    figure = found.figure()
    texts = [note.text for note in figure.layout.annotations]
    assert texts.count("Huddles &lt;every&gt; morning…") == 2
    (touched, _) = [trace for trace in figure.data if trace.legendgroup == "note"]
    assert touched.customdata[0].startswith("Huddles &lt;every&gt; morning before the ward")
    alt = figure.layout.meta["alt"]
    assert alt.count("Note at 1 Mar 2025: Huddles <every> morning before the ward round.") == 2


def test_notes_of_one_series_leave_the_others_alone_and_two_on_one_point_are_both_told():
    found = drawn(notes={"B": {"2025-02-01": "One", "2025-02-20": "Two"}})
    noted = found.points[found.points["note"] != ""]
    assert noted[["site", "note"]].to_numpy().tolist() == [["B", "One; Two"]]
    assert "note" not in drawn().points


@pytest.mark.parametrize(
    ("notes", "told"),
    [
        ({"2024-01-01": "before"}, "notes: no subgroup 2024-01-01 in the data"),
        ({"2026-03-01": "after"}, "notes: no subgroup 2026-03-01 in the data"),
        ({"C": {"2025-01-01": "whose"}}, "no series called 'C'"),
        ("huddles", "give a dictionary"),
        ({"soon": "when"}, "give dates"),
    ],
)
def test_notes_that_stand_nowhere_are_refused(notes, told):
    with pytest.raises(DataErrors, match=told):
        drawn(notes=notes)


def test_target_and_centre_are_given_and_told_in_the_unit_shown():
    per_cent = drawn(multiply=100, target=20, centre=10, direction="decrease")
    part = drawn(target=0.2, centre=0.1, direction="decrease")
    assert per_cent.points["target"].eq(20).all()
    assert per_cent.summary["centre"].round(9).eq(10).all()
    pd.testing.assert_series_equal(per_cent.points["upper"], part.points["upper"] * 100)
    assert per_cent.summary["assurance"].tolist() == part.summary["assurance"].tolist()


@pytest.mark.parametrize("name", ["target", "centre"])
def test_per_cents_on_a_chart_of_parts_of_one_are_refused_with_the_way_out(name):
    with pytest.raises(DataErrors, match=f"{name} 10: .* from 0 to 1.*multiply=100"):
        drawn(**{name: 10})
    with pytest.raises(DataErrors, match=f"{name} 110: .* from 0 to 100"):
        drawn(**{name: 110}, multiply=100)
    with pytest.raises(DataErrors, match=f"{name} -1: .* of 0 or more"):
        drawn(**{name: -1}, kind="u")
