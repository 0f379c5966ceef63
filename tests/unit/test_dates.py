"""Dates as people write them: each read one way, or refused with the reason."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import date, datetime

import pandas as pd
import pytest

from qi_equity.sources import dates


def day_of(text: object) -> str:
    """A single cell as a date, or why not."""
    read = dates.read(pd.Series([text], dtype=object))
    return read.refused[0] or f"{read.dates[0]:%Y-%m-%d}"


def reasons(cells: list[object], order: dates.Order | None = None) -> list[str | None]:
    return dates.read(pd.Series(cells, dtype=object), order).refused.tolist()


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["2025-01-06", "20250107", "2025-01-08 00:00:00"], ["06 Jan", "07 Jan", "08 Jan"]),
        (["31/01/2025", "07/02/2025"], ["31 Jan", "07 Feb"]),
        (["01/31/2025", "02/07/2025"], ["31 Jan", "07 Feb"]),
        (["6 January 2025", "7-Jan-25", "Jan 8, 2025"], ["06 Jan", "07 Jan", "08 Jan"]),
        (["w/c 13/01/2025", "week ending 19 Jan 2025"], ["13 Jan", "19 Jan"]),
        (["Jan-25", "March 2025", "2025-02"], ["01 Jan", "01 Mar", "01 Feb"]),
        (["2020-21", "2021/22"], ["01 Apr", "01 Apr"]),
        (["2025-W05", "2025W06"], ["27 Jan", "03 Feb"]),
        (["2025 Q2", "2025H2"], ["01 Apr", "01 Jul"]),
        (["05/05/2025"], ["05 May"]),
    ],
)
def test_dates_in_the_formats_met_in_practice(cells: list[str], days: list[str]) -> None:
    read = dates.read(pd.Series(cells, dtype=object))
    assert read.dates.dt.strftime("%d %b").tolist() == days
    assert read.refused.isna().all()


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["03/04/2025"], "could be 3 April or 4 March"),
        (["13/01/2025", "01/14/2025", "02/03/2025"], "mixes dates like"),
        (["31/02/2025"], "is not a date"),
        (["2025-02-30"], "no such day"),
        (["2010-11"], "month or a financial year"),
        (["soon"], "is not a date"),
        ([pd.Timestamp(2025, 4, 3), "30/04/2025"], "may have swapped"),
    ],
)
def test_dates_that_could_be_two_things_are_refused(cells: list[object], reason: str) -> None:
    read = dates.read(pd.Series(cells, dtype=object))
    assert any(reason in str(text) for text in read.refused)


def test_a_declared_order_settles_it() -> None:
    cells = pd.Series(["03/04/2025"])
    assert dates.read(cells, "day first").dates[0] == pd.Timestamp(2025, 4, 3)
    assert dates.read(cells, "month first").dates[0] == pd.Timestamp(2025, 3, 4)


def test_one_swapped_date_among_mondays_is_refused() -> None:
    mondays = [f"{day:%Y-%m-%d}" for day in pd.date_range("2025-01-06", periods=20, freq="7D")]
    swapped = mondays.index("2025-04-07")
    cells = pd.Series([*mondays[:swapped], "2025-07-04", *mondays[swapped + 1 :]])
    read = dates.read(cells)
    assert read.refused.notna().tolist() == [place == swapped for place in range(20)]
    assert "day and month look swapped (would be 7 April)" in read.refused[swapped]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("6 Jan 69", "1969-01-06"),  # two digits: 1969 to 2068
        ("6 Jan 68", "2068-01-06"),
        ("6 Jan 99", "1999-01-06"),
        ("6 Jan 00", "2000-01-06"),
        ("31/01/69", "1969-01-31"),
        ("1st March 2025", "2025-03-01"),
        ("22nd Sept. 2025", "2025-09-22"),
        ("Dec 31st, 2024", "2024-12-31"),
        ("2024/12/31", "2024-12-31"),
        ("2024.1.9", "2024-01-09"),
        ("20241231", "2024-12-31"),
        (20241231, "2024-12-31"),
        (20241231.0, "2024-12-31"),
        ("Oct'24", "2024-10-01"),
        ("2024 Oct", "2024-10-01"),
        ("2024-12", "2024-12-01"),
        ("2024-01", "2024-01-01"),
        ("2024-10", "2024-10-01"),
        ("2024/25", "2024-04-01"),
        ("2024-2025", "2024-04-01"),
        ("1999/00", "1999-04-01"),
        ("2024 Q1", "2024-01-01"),
        ("2024q4", "2024-10-01"),
        ("2024-Q3", "2024-07-01"),
        ("2024 H1", "2024-01-01"),
        ("2024h2", "2024-07-01"),
        ("2020-W01", "2019-12-30"),
        ("2020W53", "2020-12-28"),
        ("2025-w5", "2025-01-27"),
        ("  13   January 2025 ", "2025-01-13"),
        ("Mon 13 Jan 2025", "2025-01-13"),
        ("week commencing: Monday, 13 Jan 2025", "2025-01-13"),
        ("w/e 19 Jan 2025", "2025-01-19"),
        ("2025-01-13T09:30:00Z", "2025-01-13"),
        ("13 Jan 2025 9:30", "2025-01-13"),
        (pd.Timestamp(2025, 4, 3, 12), "2025-04-03"),
        (date(2025, 4, 3), "2025-04-03"),
        (datetime(2025, 4, 3, 12), "2025-04-03"),
        ("29 Feb 2024", "2024-02-29"),
    ],
)
def test_a_date_that_can_be_read_one_way_only(text: object, day: str) -> None:
    assert day_of(text) == day


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("29 Feb 2025", "there is no such day as '29 Feb 2025'"),
        ("2025-13-01", "there is no such day as '2025-13-01'"),
        ("2024/26", "there is no such day as '2024/26'"),  # a financial year is two in a row
        ("6 Decision 2025", "'6 Decision 2025' is not a date (write 2025-01-31)"),
        ("6 Smarch 2025", "'6 Smarch 2025' is not a date (write 2025-01-31)"),
        ("2025-13", "there is no such day as '2025-13'"),
        ("2024 Q5", "'2024 Q5' is not a date (write 2025-01-31)"),
        ("2024 H3", "'2024 H3' is not a date (write 2025-01-31)"),
        ("4566", "'4566' is not a date (write 2025-01-31)"),
        ("2001-02", "2001-02 could be a month or a financial year: write it in full"),
        ("12/13/14", "2014-12-13"),
        ("2025-W54", "there is no week 54 in 2025"),
        ("", "no date"),
        ("   ", "no date"),
        (None, "no date"),
        (float("nan"), "no date"),
    ],
)
def test_what_is_no_date_is_refused_with_the_reason(text: object, reason: str) -> None:
    assert day_of(text) == reason


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["2010-11", "2012-13"], "2010-04-01"),
        (["2010-11", "2014-15"], "2010-04-01"),
        (["2010-11", "2013-14"], "2010-04-01"),
        (["2010-11", "2012-10"], "2010-11-01"),
        (["2010-11", "2013-14", "2013-11"], "2010-11-01"),
    ],
)
def test_the_others_of_a_column_tell_a_month_from_a_financial_year(
    cells: list[object], first: str
) -> None:
    read = dates.read(pd.Series(cells, dtype=object))
    assert f"{read.dates[0]:%Y-%m-%d}" == first


def test_every_year_whose_next_two_digits_could_be_a_month_is_told() -> None:
    told = [day_of(f"20{year:02}-{year + 1:02}") for year in range(13)]
    assert all("could be a month" in text for text in told[:12])
    assert told[12] == "2012-04-01"


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["13/01/2025", "02/03/2025"], ["2025-01-13", "2025-03-02"]),
        (["01/13/2025", "02/03/2025"], ["2025-01-13", "2025-02-03"]),
        (["13/01/2025", "12/12/2025"], ["2025-01-13", "2025-12-12"]),
        (["13-01-25", "02.03.25"], ["2025-01-13", "2025-03-02"]),
        (["13/12/2025", "12/11/2025"], ["2025-12-13", "2025-11-12"]),
        (["12/13/2025", "12/11/2025"], ["2025-12-13", "2025-12-11"]),
        (["01/01/2025", "12/12/2025"], ["2025-01-01", "2025-12-12"]),
    ],
)
def test_one_day_after_the_twelfth_settles_the_order(cells: list[object], days: list[str]) -> None:
    read = dates.read(pd.Series(cells, dtype=object))
    assert read.dates.dt.strftime("%Y-%m-%d").tolist() == days


def test_a_day_that_its_order_has_not_is_refused_and_no_other() -> None:
    assert reasons(["13/01/2025", "31/02/2025"], "day first") == [
        None, "31/02/2025 is not a date when read day first"
    ]  # fmt: skip
    assert reasons(["13/01/2025"], "month first") == [
        "13/01/2025 is not a date when read month first"
    ]
    assert reasons(["0/5/2025"]) == ["0/5/2025 is not a date when read either way"]
    assert reasons(["5.0.25"]) == ["5.0.25 is not a date when read either way"]
    assert reasons(["13/13/2025"]) == ["13/13/2025 is not a date when read either way"]
    assert reasons(["0/1/2025"]) == ["0/1/2025 is not a date when read either way"]


@pytest.mark.parametrize("slip", ["13/00/2025", "45/03/2025", "00/13/2025", "03/45/2025"])
def test_what_is_no_date_proves_no_order(slip: str) -> None:
    told = reasons([slip, "04/03/2025"])
    assert told[0] == f"{slip} is not a date when read either way"
    assert "04/03/2025 could be 4 March or 3 April" in str(told[1])


def test_a_column_that_mixes_both_orders_shows_one_of_each() -> None:
    first, second, third, fourth = reasons(["13/01/2025", "01/14/2025", "02/03/2025", "5/5/2025"])
    assert (first, second, fourth) == (None, None, None)
    assert third == (
        "the column mixes dates like 13/01/2025 and 01/14/2025, so 02/03/2025 could be either: "
        "say which with dates: day first, or month first"
    )


def test_a_day_that_could_be_two_is_told_with_both() -> None:
    assert reasons(["03/04/2025"]) == [
        "03/04/2025 could be 3 April or 4 March: say which with dates: day first, or month first"
    ]


def test_real_dates_beside_text_are_doubted_where_they_could_be_swapped() -> None:
    beside = "30/04/2025"
    assert reasons([pd.Timestamp(2025, 12, 3), beside])[0] == (
        "3 December 2025 is a real date in a column with text such as 30/04/2025: the spreadsheet "
        "may have swapped day and month; check it, then say dates: day first, or month first"
    )
    assert reasons([pd.Timestamp(2025, 4, 12), beside])[0] is not None
    assert reasons([pd.Timestamp(2025, 4, 13), beside])[0] is None
    assert reasons([pd.Timestamp(2025, 4, 4), beside])[0] is None
    assert reasons([pd.Timestamp(2025, 4, 3), beside], "day first")[0] is None
    assert reasons([pd.Timestamp(2025, 4, 3), "30 April 2025"])[0] is None
    assert reasons(["3 April 2025", beside])[0] is None


def mondays(count: int) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in pd.date_range("2025-01-06", periods=count, freq="7D")]


@pytest.mark.parametrize(
    ("others", "odd", "refused"),
    [
        (mondays(7), "2025-07-04", True),  # eight are enough to tell the usual day of the week
        (mondays(6), "2025-07-04", False),
        (mondays(7), "2025-07-05", False),  # swapped, still no Monday
        (mondays(7), "2025-09-12", False),  # a Friday, and the 9th of December a Tuesday
        (mondays(7), "2025-08-12", True),  # and the 8th of December a Monday
        (mondays(7), "2025-01-13", False),
        ([*mondays(7), "2025-01-01", "2025-01-02", "2025-01-03"], "2025-07-04", False),
        ([*mondays(7), "2025-01-01", "2025-01-02"], "2025-07-04", True),  # seven of ten Mondays
        ([*mondays(7), "2025-07-08"], "2025-07-14", False),
    ],
)
def test_a_date_off_the_usual_day_of_the_week_that_swapping_puts_right(
    others: list[object], odd: str, refused: bool
) -> None:
    assert (reasons([*others, odd])[-1] is not None) is refused


def test_what_looks_swapped_is_told_with_the_date_it_would_be() -> None:
    assert reasons([*mondays(7), "2025-07-04"])[-1] == (
        "4 July 2025 is a Friday while the others are Mondays: day and month look swapped "
        "(would be 7 April)"
    )


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("msds_apr2025_cqim_rates.csv", "2025-04"),
        ("September 24.xlsx", "2024-09"),
        ("counts-dec-1999.csv", "1999-12"),
        ("2025-06 counts.csv", "2025-06"),
        ("202512.csv", "2025-12"),
        ("pph_2025_01.csv", "2025-01"),
        ("2025-13.csv", None),
        ("120250.csv", None),
        ("apr20255.csv", None),
        ("1925-06.csv", None),
        ("counts.csv", None),
        ("summary 2025.csv", None),
        ("decision 2025.csv", None),
        ("ward 12, sept 2025.csv", "2025-09"),
    ],
)
def test_the_month_that_a_name_speaks_of(name: str, month: str | None) -> None:
    found = dates.month_in(name)
    assert (found and f"{found:%Y-%m-%d}") == (month and f"{month}-01")


def test_cells_keep_their_place_and_blank_ones_have_no_date() -> None:
    cells = pd.Series(["2025-01-06", None, "soon", " "], index=[7, 3, 5, 9], dtype=object)
    read = dates.read(cells)
    assert read.dates.index.tolist() == read.refused.index.tolist() == [7, 3, 5, 9]
    assert read.dates.dtype == "datetime64[ns]"
    assert read.dates.isna().tolist() == [False, True, True, True]
    told = [None, "no date", "'soon' is not a date (write 2025-01-31)", "no date"]
    assert read.refused.tolist() == told


def test_what_was_read_cannot_be_altered() -> None:
    read = dates.read(pd.Series(["2025-01-06"]))
    with pytest.raises(FrozenInstanceError):
        read.dates = read.refused  # type: ignore[misc]
    assert not hasattr(read, "__dict__")
    assert read != dates.Dates(read.dates, read.refused)
