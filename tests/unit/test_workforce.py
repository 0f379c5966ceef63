"""The Workforce Race Equality Standard: figures as published, directions, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats.contingency import relative_risk
from typer.testing import CliRunner

from qi_equity.cli import app
from qi_equity.equity.workforce import board_difference, cumulative, relative_likelihood
from qi_equity.errors import DataErrors
from qi_equity.network import workforce as room
from qi_equity.vocabulary import Favours
from qi_equity.words.workforce import wres_lines


def table_of(indicator, white, bme, year="2025", **more):
    rows = [
        {"group": "White", "events": white[0], "out_of": white[1]},
        {"group": "BME", "events": bme[0], "out_of": bme[1]},
    ]
    usual = {"indicator": indicator, "year": year, "part": "all staff", "recruits": "all"} | more
    return pd.DataFrame([usual | row for row in rows]).astype({"events": float, "out_of": float})


# (white, bme, indicator, estimate, lower, upper) as in the reports they stand for
PUBLISHED = [
    (2, (50, 300), (10, 90), 1.50, 0.82, 2.84),
    (2, (160, 1000), (24, 210), 1.40, 0.95, 2.10),
    (3, (20, 6307), (4, 990), 1.27, 0.46, 3.55),
]


@pytest.mark.parametrize(("indicator", "white", "bme", "estimate", "lower", "upper"), PUBLISHED)
def test_likelihoods_to_their_last_digit(indicator, white, bme, estimate, lower, upper):
    row = room.wres(table_of(indicator, white, bme)).iloc[0]
    assert [round(row[name], 2) for name in ("estimate", "lower", "upper")] == [
        estimate, lower, upper,
    ]  # fmt: skip
    assert row["favours"] == Favours.UNCLEAR


def test_a_board_of_twelve_with_one_member_says_little():
    row = room.wres(table_of(9, (11, 750), (1, 250))).iloc[0]
    assert (round(row["estimate"], 1), round(row["lower"] + 25, 1), round(row["upper"] + 25)) == (
        -16.7, 0.2, 38,
    )  # fmt: skip
    assert round(float(board_difference(1, 12, 0.25).p_value), 2) == 0.32


def test_ratios_that_compound_over_steps():
    found = cumulative(1.59, [2, 3, 4, 5, 6, 7]).round(2)
    assert found.tolist() == [2.53, 4.02, 6.39, 10.16, 16.16, 25.69]


@pytest.mark.parametrize(
    ("indicator", "white", "bme", "favours"),
    [
        (2, (500, 1000), (300, 1000), Favours.WHITE),
        (2, (300, 1000), (500, 1000), Favours.BME),
        (3, (20, 2000), (80, 2000), Favours.WHITE),
        (4, (900, 1000), (700, 1000), Favours.WHITE),
        (5, (200, 1000), (300, 1000), Favours.WHITE),
        (6, (300, 1000), (200, 1000), Favours.BME),
        (7, (600, 1000), (450, 1000), Favours.WHITE),
        (7, (450, 1000), (600, 1000), Favours.BME),
        (8, (50, 1000), (150, 1000), Favours.WHITE),
        (9, (40, 5000), (1, 5000), Favours.WHITE),
        (1, (400, 5000), (10, 5000), Favours.NOT_ASKED),
    ],
)
def test_directions_differ_and_each_is_said(indicator, white, bme, favours):
    table = room.wres(table_of(indicator, white, bme))
    assert table.iloc[0]["favours"] == favours
    if indicator != 1:
        said = "\n".join(wres_lines(table))
        assert any(word in said for word in ("above 1", "above 0", "below 0"))


def test_200_random_likelihoods_agree_with_scipy_where_it_answers():
    rng = np.random.default_rng(17)
    for _ in range(200):
        n, m = rng.integers(20, 3000, 2)
        x, y = rng.integers(1, n), rng.integers(1, m)
        theirs = relative_risk(int(x), int(n), int(y), int(m)).relative_risk
        assert float(relative_likelihood(x, n, y, m).estimate) == pytest.approx(theirs, rel=1e-12)


def test_years_are_shown_apart_and_pooled_and_few_is_said():
    table = pd.concat(
        [table_of(3, (20, 6000), (4, 900), year=year) for year in ("2023", "2024", "2025")]
    )
    found = room.wres(table)
    assert found["years"].tolist() == ["2023", "2024", "2025", "2023 to 2025"]
    assert found["few"].tolist() == [True, True, True, False]
    said = "\n".join(wres_lines(found))
    assert "2023 to 2025 together" in said
    assert "Fewer than ten" in said


@pytest.mark.parametrize("number", [1, 5, 6, 7, 8, 9])
def test_years_in_which_the_same_people_stand_are_not_added_up(number):
    table = pd.concat([table_of(number, (11, 990), (2, 410), year=str(2023 + n)) for n in range(3)])
    found = room.wres(table)
    assert found["years"].tolist() == ["2023", "2024", "2025"]
    said = "\n".join(wres_lines(found))
    assert "together" not in said
    assert ("not added up" in said) == (number != 1)


def test_appointment_without_the_split_by_recruits_says_so_and_with_it_shows_both():
    one = table_of(2, (500, 1000), (300, 1000))
    assert "with and without them" in "\n".join(wres_lines(room.wres(one)))
    both = pd.concat([one, table_of(2, (480, 950), (120, 600), recruits=room.RECRUITS[1])])
    said = "\n".join(wres_lines(room.wres(both)))
    assert "with and without them" not in said
    assert "without international recruitment, 2025" in said


def test_who_did_not_declare_is_in_neither_group():
    table = table_of(2, (50, 300), (10, 90))
    more = table.iloc[:1].assign(group="not declared", events=7.0, out_of=40.0)
    row = room.wres(pd.concat([table, more])).iloc[0]
    assert (row["unknown"], round(row["estimate"], 2)) == (7, 1.5)


@pytest.mark.parametrize(
    ("events", "out_of", "said"),
    [
        ("17.16%", "300", "percentage or a likelihood"),
        ("1.25", "300", "percentage or a likelihood"),
        ("60", "50", "more than those they are out of"),
        ("a few", "50", "no number of people"),
        ("", "50", "no number of people"),
    ],
)
def test_a_likelihood_written_as_a_percentage_is_refused_by_its_row(tmp_path, events, out_of, said):
    path = tmp_path / "wres.csv"
    path.write_text(
        f"indicator,year,group,events,out_of\n2,2025,White,{events},{out_of}\n2,2025,BME,10,90\n",
        encoding="utf-8",
    )
    with pytest.raises(DataErrors, match=f"row 2.*{said}"):
        room.read(path)


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    path = tmp_path / "wres.csv"
    path.write_text(
        "indicator,year,group,events,out_of\n11,2025,White,5,50\n2,soon,BME,1,9\n3,2025,Martian,1,9\n"
        "4,2025,BME,1,9\n4,2025,BME,2,9\n",
        encoding="utf-8",
    )
    with pytest.raises(DataErrors) as told:
        room.read(path)
    parts = ("'11' is no indicator", "'soon' is no year", "'Martian'", "stands more than once")
    assert all(part in str(told.value) for part in parts)


def test_the_command_reads_a_table_and_says_each_indicator(tmp_path):
    path = tmp_path / "wres.csv"
    path.write_text(
        "indicator,year,group,events,out_of\n2,2024/25,White,50,300\n2,2024/25,BME,10,90\n",
        encoding="utf-8",
    )
    told = CliRunner().invoke(app, ["workforce", str(path)])
    assert told.exit_code == 0, told.output
    assert "1.50 (0.82 to 2.84). Too few to say whom it favours." in " ".join(told.output.split())
