"""Further files of odd kinds, each held to the rule: read right, or refused with the way out.

A case is a file, what is right of it (the sums by group, or nothing), and a piece of what is said.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook
from test_odd_files import ANSWERS, COUNTS, GROUPS, HEAD, WEEKS, long, of, read, sums
from typer.testing import CliRunner

from qi_equity import project_file, sources
from qi_equity.cli import app
from qi_equity.errors import UserError
from qi_equity.sources import Imported
from qi_equity.sources.outline import outline

NOTHING: dict[str, tuple[int, int]] = {}
ALL = of(*GROUPS)
ROWS = [(week, group, *COUNTS[week, group]) for week in WEEKS for group in GROUPS]


def lines(*more: str, head: str = HEAD) -> str:
    return "\n".join([head, *(",".join(map(str, row)) for row in ROWS), *more])


def beside(names: str, cells: str) -> str:
    """Further columns beside the table."""
    rows = [f"{w},{g},{n},{d},{cells}" for w, g, n, d in ROWS]
    return "\n".join([f"{HEAD},{names}", *rows])


def single(show: Callable[[int, int], str]) -> str:
    """One column that says both counts."""
    return "\n".join(["Week,Ethnicity,PPH", *(f"{w},{g},{show(n, d)}" for w, g, n, d in ROWS)])


def wide(*names: str, show: Callable[[int, int], Sequence[object]] = lambda n, d: (n, d)) -> str:
    """A column or more for each group, named with {} for the group."""
    head = ["Week", *(name.format(group) for group in GROUPS for name in names)]
    body = [[w, *(x for g in GROUPS for x in show(*COUNTS[w, g]))] for w in WEEKS]
    return "\n".join(",".join(map(str, row)) for row in [head, *body])


def across(*more: str, header: str = "", each: str = "") -> str:
    """Weeks across; header and each are a further column."""
    rows = [f"Ethnicity,Count,{','.join(map(str, WEEKS))}{header}"]
    for group in GROUPS:
        for at, name in enumerate(("PPH", "Births")):
            cells = ",".join(str(COUNTS[week, group][at]) for week in WEEKS)
            rows.append(f"{group if at == 0 else ''},{name},{cells}{each}")
    return "\n".join([*rows, *more])


def labelled(**births: int) -> str:
    """Groups by label with their births; one event each."""
    rows = [f"{w},{g.replace('_', ' ')},1,{n}" for w in WEEKS for g, n in births.items()]
    return "\n".join([HEAD, *rows])


def by_label(**births: int) -> dict[str, tuple[int, int]]:
    return {group.replace("_", " "): (6, 6 * n) for group, n in births.items()}


def monthly(when: Sequence[str], name: str = "Month") -> str:
    rows = [f"{text},{group},1,20" for text in when for group in GROUPS]
    return "\n".join([f"{name},Ethnicity,PPH,Births", *rows])


def dated(months: int) -> dict[str, tuple[int, int]]:
    return dict.fromkeys(GROUPS, (months, 20 * months))


def subtotals() -> str:
    rows = []
    for week in WEEKS:
        rows += [f"{week},{group},{n},{d}" for w, group, n, d in ROWS if w == week]
        rows.append(f"{week} total,,9,60")
    return "\n".join([HEAD, *rows])


def blocks(name: str = "") -> str:
    """A group for each block, named once, as merged cells leave it."""
    rows = [
        f"{group if week == WEEKS[0] else name},{week},{','.join(map(str, COUNTS[week, group]))}"
        for group in GROUPS
        for week in WEEKS
    ]
    return "\n".join(["Ethnicity,Week,PPH,Births", *rows])


def counts_above(second: str = "") -> str:
    """PPH above the groups, and Births above them again; second names a further column of dates."""
    blanks = "," * len(GROUPS)
    rows = [f",PPH{blanks}{',' if second else ''}Births{blanks}"[:-1]]
    rows += [",".join(["Week", *GROUPS, *([second] if second else []), *GROUPS])]
    for week in WEEKS:
        parts, wholes = zip(*(COUNTS[week, group] for group in GROUPS), strict=True)
        again = [week + timedelta(7 * (second == "Week of births"))] if second else []
        rows.append(",".join(map(str, [week, *parts, *again, *wholes])))
    return "\n".join(rows)


def three_headers() -> str:
    """Groups above PPH and Births above n and N."""
    heads = [
        ",".join(["", *(f"{group}," for group in GROUPS)]),
        ",PPH,Births" * 3,
        "Week" + ",n,N" * 3,
    ]
    cells = [",".join(map(str, sum((COUNTS[week, g] for g in GROUPS), ()))) for week in WEEKS]
    return "\n".join([*heads, *(f"{week},{row}" for week, row in zip(WEEKS, cells, strict=True))])


def years_above() -> str:
    """Months across without their year, which stands above the first of them."""
    months = [*range(7, 13), *range(1, 7)]
    rows = [
        ",,2023,,,,,,2024,,,,,",
        f"Ethnicity,,{','.join(f'{date(2024, m, 1):%b}' for m in months)}",
    ]
    for group in GROUPS:
        rows += [f"{group},PPH{',1' * 12}", f",Births{',20' * 12}"]
    return "\n".join(rows)


def hidden_first() -> bytes:
    """A workbook whose first sheet is hidden and holds older rows."""
    book = Workbook()
    book.active.append(["Week", "Ethnicity", "PPH", "Births"])
    book.active.append([WEEKS[0], "Indian", 9, 9])
    book.active.sheet_state = "hidden"
    newer = book.create_sheet("Now")
    newer.append(["Week", "Ethnicity", "PPH", "Births"])
    for row in ROWS:
        newer.append(row)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def as_date(text: str) -> Callable[[date], str]:
    return lambda day: day.strftime(text)


ASIAN_AND_SUM = {"Indian": 10, "Pakistani": 10, "Asian_total": 20, "White": 30, "Black": 9}

# name -> the file, the sums by group that are right, what is said (or asked, with a ?)
TABLES: dict[str, tuple[str | bytes, dict[str, tuple[int, int]], str]] = {
    "a week twice, its label in small letters": (
        lines("2024-04-01,white british,0,20"), ALL, "a copy of an earlier row"),
    "a week twice, with other counts": (
        lines("2024-04-01,white british,5,20"), {}, "counts differ"),
    "a year of 2062": (lines("2062-04-01,Indian,3,20"), ALL, "has not come yet"),
    "the year first, of two digits": (long(when=as_date("%y/%m/%d")), ALL, "dates=year first?"),
    "two digits of a year, the day first": (long(when=as_date("%d/%m/%y")), ALL, ""),
    "the month first, and proven": (long(when=as_date("%m/%d/%Y")), ALL, ""),
    "points between the parts of a date": (long(when=as_date("%d.%m.%y")), ALL, ""),
    "blanks of a web page in a date": (long(when=as_date("%d\u00a0%B\u00a0%Y")), ALL, ""),
    "a day that never was": (
        long(when=as_date("%d/%m/%Y"), more="31/02/2024,Indian,1,20"), ALL, "31/02/2024"),
    "a week that its year has not": (lines("Wk 53 2021,Indian,1,20"), ALL, "no week 53 in 2021"),
    "year and month in six digits": (monthly([f"2024{m:02}" for m in range(1, 7)]), dated(6), ""),
    "months without a year": (monthly(["Apr", "May", "Dec", "Jan", "Mar"]), dated(5), "year?"),
    "quarters of a financial year": (
        monthly([f"Q{q} 24/25" for q in (1, 2, 3, 4)], "Quarter"), dated(4), ""),
    "years alone": (
        monthly([str(year) for year in range(2019, 2024)], "Year"), NOTHING, "a year alone"),
    "digits of another script": (
        long(whole=lambda n: str(n).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))), ALL, ""),
    "a raised mark of a footnote": (long(whole=lambda n: f"{n}¹"), NOTHING, "'20¹' is not a"),
    "a footnote in brackets": (long(whole=lambda n: f"{n} (a)"), NOTHING, "'20 (a)' is not a"),
    "births in thousands": (long(whole=lambda n: f"{n / 1000}k"), NOTHING, "is not a number"),
    "a letter O for nought": (
        long(part=lambda n: "O" if n == 0 else str(n)), {}, "'O' is not a number"),
    "ticks": (long(part=lambda n: "✓" * n or "0"), {}, "'✓' is not a number"),
    "a minus of print": (long(part=lambda n: f"−{n}" if n else "0"), {}, "'−1' is not a number"),
    "3 of 25 (12%)": (single(lambda n, d: f"{n} of {d} ({100 * n / d:.0f}%)"), ALL, ""),
    "12% (3/25)": (single(lambda n, d: f"{100 * n / d:.0f}% ({n}/{d})"), ALL, ""),
    "3 / 25": (single(lambda n, d: f"{n} / {d}"), ALL, ""),
    "a second table right below, other header": (
        lines("Month,Group,Induction,Women", "2024-04,Indian,3,20"), ALL, "another table, from"),
    "the same header on every page": (
        "\n".join(f"{HEAD}\n{w},{g},{n},{d}" for w, g, n, d in ROWS), ALL, "printed again"),
    "an average below": (lines("Average,,1.2,22.5"), ALL, "'Average' is a total over dates"),
    "a total below each week": (subtotals(), ALL, "is a total over dates"),
    "a total without a date": (lines(",Total,21,405"), ALL, "no date"),
    "a source below, with commas": (lines("", "Source: Badger, of 12/06/2024"), ALL, "Source"),
    "notes beside, with numbers": (
        beside("Notes", "short 3 of 5"), ALL, ""),
    "a remark beyond the header": (
        lines().replace("Indian,0,20", "Indian,0,20,staff short"), ALL, ""),
    "a comma of a thousand without quotes": (
        lines("2024-05-13,Indian,3,1,200"), ALL, "1: more cells than the header has"),
    "targets and last year's counts beside": (
        beside("Target,2023 PPH", "5,2"), ALL, ""),
    "signs in place of a group": (
        "\n".join([labelled(Nepalese=9, Roma=8),
                   *(f"{w},{s},1,5" for w, s in zip(WEEKS, "?-–—.?", strict=True))]),
        by_label(Nepalese=9, Roma=8) | {"Not recorded": (6, 30)}, ""),
    "groups named once a block": (blocks(), ALL, "are of the group above them"),
    "a group left blank each week": (
        lines().replace(",Indian,", ",,"), of(*GROUPS[:2]) | {"Not recorded": ALL["Indian"]}, ""),
    "a subtotal of one group's parts": (
        labelled(**ASIAN_AND_SUM), by_label(Indian=10, Pakistani=10, White=30, Black=9),
        "'Asian total' adds up other groups"),
    "all groups are sums": (
        labelled(All_Asian=9, All_Black=8), by_label(All_Asian=9, All_Black=8), ""),
    "a column's group that no list knows": (
        wide("{} PPH", "{} births").replace("Indian", "Nepalese"),
        of(*GROUPS[:2]) | {"Nepalese": ALL["Indian"]}, ""),
    "rates beside the counts of each group": (
        wide("{} PPH", "{} births", "{} rate", show=lambda n, d: (n, d, f"{100 * n / d:.1f}%")),
        ALL, ""),
    "one week of a group cannot be read": (
        wide("{} PPH", "{} births", show=lambda n, d: (n, f"{d}?" if d == 22 else d)), {},
        "'22?' is not a number"),
    "weeks across and their total": (across(header=",Total", each=",99"), ALL, "Total"),
    "a rate below the counts, weeks across": (
        across("Indian,Rate,0.1,0.1,0.1,0.1,0.1,0.1"), ALL, "Count is 'Rate'"),
    "thousands across, between semicolons": (
        across().replace(",", ";").replace(";20;", ";1,200;"),
        {group: (part, whole + 1180) for group, (part, whole) in ALL.items()}, "decimal=point?"),
    "a week twice, across": (across(header=",2024-04-01", each=",9"), {}, "counts differ"),
    "what cannot be seen around names and labels": (
        lines().replace("Ethnicity", "Ethnicity\u200b").replace("Indian", "\u200eIndian\ufeff"),
        ALL, ""),
    "each count above the groups": (counts_above(), ALL, ""),
    "each count above the groups, its dates again": (counts_above("Week"), ALL, ""),
    "each count before the group": (wide("PPH {}", "Births {}"), ALL, ""),
    "years above the months": (years_above(), dated(12), ""),
    "a half among the births": (
        long(whole=lambda n: f"{n}.5" if n == 22 else str(n)), {},
        "'denominator' is 22.5, not a whole number"),
    "a half among the events": (
        lines("2024-05-20,Indian,1.5,20"), ALL, "'numerator' is 1.5, not a whole number"),
    "a week to come, across": (across(header=",2062-01-01", each=",9"), ALL, "has not come yet"),
}  # fmt: skip


def held(tmp_path: Path, content: str | bytes, said: str, monkeypatch) -> Imported:
    """What is taken of a file that says, or asks with a ?, what it should."""
    key, _, answer = said.rstrip("?").partition("=")
    monkeypatch.setitem(ANSWERS, key, answer or ANSWERS.get(key, ""))
    imported, asked = read(tmp_path, content)
    assert asked == ([key] if said.endswith("?") else [])
    assert said.endswith("?") or said in str(imported)
    return imported


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_right_or_refused_with_its_place_and_value(tmp_path, name, monkeypatch):
    content, right, said = TABLES[name]
    imported = held(tmp_path, content, said, monkeypatch)
    if right or right is NOTHING:
        assert sums(imported) == right
    if not right and right is not NOTHING:
        # Whatever is taken was in the file: no row is of another week, group or number.
        table = imported.observations
        for week, group, part, whole in zip(
            *(table[name] for name in ("subgroup", "stratum", "numerator", "denominator")),
            strict=True,
        ):
            assert COUNTS[week.date(), group] == (part, whole)


def test_the_older_rows_of_a_hidden_first_sheet_are_not_read(tmp_path):
    imported, _ = read(tmp_path, hidden_first(), "ours.xlsx")
    assert sums(imported) == ALL
    assert "there is also Sheet" in str(imported)


def test_the_dust_of_a_spreadsheets_sums_makes_no_count_a_measurement(tmp_path):
    book = Workbook()
    book.active.append(HEAD.split(","))
    for week, group, part, whole in ROWS:
        book.active.append([week, group, part + 4e-16 * part, whole - 1e-14])
    saved = io.BytesIO()
    book.save(saved)
    imported, _ = read(tmp_path, saved.getvalue(), "ours.xlsx")
    assert sums(imported) == ALL


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (hidden_first(), "is a workbook and no text: call it .xlsx"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 600, "save it as .xlsx"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "is a web page and no table"),
        (long(part=lambda n: ["nil", "one", "two", "three"][n]), "'PPH' holds 'nil'"),
        (long(whole=lambda n: f"1,{n:03}"), "more cells than the header has"),
        (single(lambda n, d: f"{n}:{d}"), "holds times such as 01:20"),
        (single(lambda n, d: f"1 in {d}"), "'PPH' holds '1 in 20'"),
        (three_headers(), "'PPH n' stands 3 times; name each differently"),
        (counts_above("Week of births"), "hold other dates in the same row, as '2024-04-01'"),
        (lines(head="Week,Ethnicity,PPH per 1000,Births").replace(",3,", ",3.5,"), "holds shares"),
        (lines(head="Week,Ethnicity,PPH per 1000,Births"), "holds shares"),
    ],
)
def test_what_is_no_table_of_counts_says_why_and_how_to_go_on(tmp_path, content, why):
    with pytest.raises(UserError, match=why):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        (
            "~$ours.xlsx",
            b"\x03Jo\0\0",
            "what Excel keeps beside an open workbook: name 'ours.xlsx'",
        ),
        ("ours.xlsx", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "has a password, or is of an old kind"),
        ("ours.xlsx", lines().encode(), "is text and no workbook: call it .csv"),
        ("ours.xlsx", b"PK\x03\x04" + b"\0" * 600, "open it and save it again as .xlsx"),
        ("ours.xls", b"\xd0\xcf\x11\xe0", "files; save it as one"),
    ],
)
def test_what_cannot_be_opened_is_told_from_what_it_is_called(tmp_path, name, content, why):
    with pytest.raises(UserError, match=why):
        read(tmp_path, content, name)


def test_counts_without_births_are_no_proportion(tmp_path: Path):
    imported, _ = read(tmp_path, wide("{}", show=lambda n, d: (n,)))
    assert imported.observations["denominator"].isna().all()
    assert "data: count" in (tmp_path / "drawn.yaml").read_text(encoding="utf-8")


def test_events_beside_those_without_are_counts_and_no_measurement(tmp_path: Path):
    rows = [f"{week},{group},{n},{d - n}" for week, group, n, d in ROWS]
    head = "Week,Ethnicity,PPH yes,PPH no"
    imported, _ = read(tmp_path, "\n".join([head, *rows]))
    assert imported.observations["numerator"].sum() == sum(n for n, _ in ALL.values())
    text = (tmp_path / "drawn.yaml").read_text(encoding="utf-8")
    assert "data: count" in text
    assert "# Columns that are not read: PPH no" in text


@pytest.mark.parametrize("value", [-4.5, 0, 0.5])
def test_the_aim_of_a_drawn_measurement_is_one_that_check_takes(tmp_path: Path, value: float):
    rows = [f"{week},{group},{value}" for week, group, *_ in ROWS]
    (tmp_path / "ours.csv").write_text("\n".join(["Week,Ethnicity,Excess", *rows]), "utf-8")
    text = outline(tmp_path / "ours.csv", "drawn", tmp_path)
    (tmp_path / "drawn.yaml").write_text(text, encoding="utf-8")
    assert project_file.check(tmp_path / "drawn.yaml") == ()


@pytest.mark.parametrize(("sign", "shown"), [("", "blank"), ("–", "'–'")])
def test_a_blank_in_a_column_without_a_nought_is_asked_about(tmp_path: Path, sign: str, shown: str):
    imported, _ = read(tmp_path, long(part=lambda n: "1" if n % 2 else sign, whole=lambda _: "6"))
    ((reason, rows),) = imported.refused[["reason", "rows"]].to_numpy().tolist()
    assert f"is {shown}, and no 0 stands in its column where about 6 are likely" in reason
    assert f"tokens: {{'{sign}': zero}}" in reason
    assert (rows, imported.doubt["unread"].sum()) == (9, 9 * 6)
    drawn = tmp_path / "drawn.yaml"
    text = drawn.read_text(encoding="utf-8")
    for meaning, events in (("zero", 18), ("missing", 9)):
        drawn.write_text(f"{text}  tokens: {{'{sign}': {meaning}}}\n", encoding="utf-8")
        again = sources.load(project_file.load(drawn), base=tmp_path).observations
        assert (len(again), again["numerator"].notna().sum()) == (18, events)


@pytest.mark.parametrize(
    "content",
    [
        long(part=lambda n: "" if n == 1 else str(n)),  # a nought stands elsewhere
        long(part=lambda n: str(15 + n) if n else ""),  # of so many none is not to be expected
        long(part=lambda n: "1" if n else "", whole=lambda n: str(n) if n % 4 == 0 else ""),
    ],
)
def test_a_blank_is_not_known_where_noughts_are_written_or_not_expected(tmp_path: Path, content):
    imported, _ = read(tmp_path, content)
    assert not len(imported.refused)
    assert imported.observations["numerator"].isna().any()


def test_a_table_of_one_group_is_charted_and_not_said_to_be_equal(tmp_path: Path):
    rows = [row for row in long().splitlines() if "Indian" in row or row == HEAD]
    read(tmp_path, "\n".join(rows))
    ran = CliRunner().invoke(app, ["analyse", str(tmp_path / "drawn.yaml")])
    assert ran.exit_code == 0, ran.output
    assert "1 chart of a single stratum" in ran.output
    assert "All strata together" not in ran.output


def running(starts_anew: int) -> str:
    """A year of months and groups, each count with all before it since a month."""
    sums = dict.fromkeys(GROUPS, (0, 0))
    rows = []
    for month in range(1, 13):
        for at, group in enumerate(GROUPS):
            part, whole = (0, 0) if month == starts_anew else sums[group]
            sums[group] = part + (month + at) % 3, whole + 20 + month % 5
            rows.append(f"2024-{month:02}-01,{group},{sums[group][0]},{sums[group][1]}")
    return "\n".join([HEAD.replace("Week", "Month"), *rows])


@pytest.mark.parametrize("starts_anew", [0, 4])
def test_running_totals_are_refused(tmp_path: Path, starts_anew: int):
    imported, _ = read(tmp_path, running(starts_anew))
    ((reason, rows),) = imported.refused[["reason", "rows"]].to_numpy().tolist()
    assert "give the count of each date by itself" in reason
    assert rows == 36
    (tmp_path / "drawn.yaml").unlink()
    again, _ = read(tmp_path, monthly([f"2024-{m:02}-01" for m in range(1, 13)]))
    assert sums(again) == dated(12)


def test_a_site_written_in_two_ways_is_one_and_two_that_look_alike_are_two(tmp_path: Path):
    sites = ["Royal", "Royal", "ROYAL ", "Été", "Eté"]
    rows = [
        f"{site},{week},{group},{n},{d}"
        for at, (week, group, n, d) in enumerate(ROWS)
        for site in (sites[at % 3], *sites[3:])
    ]
    imported, _ = read(tmp_path, "\n".join([f"Unit,{HEAD}", *rows]))
    assert imported.observations["site"].value_counts().tolist() == [18, 18, 18]
    drawn = project_file.load(tmp_path / "drawn.yaml")
    assert [site.name for site in drawn.sites] == ["Eté", "Royal", "Été"]


LOSSES = (300, 450, 600, 700, 1200, 2100)
STAYS = (245, 255, 262, 270, 280)


def births(
    loss: Callable[[int], str] = str,
    gestation: Callable[[int], str] = lambda days: f"{days // 7}+{days % 7}",
    *,
    name: str = "EBL (ml)",
    separator: str = ",",
) -> str:
    rows = [
        [
            (date(2024, 1, 1) + timedelta(3 * at)).isoformat(), GROUPS[at % 3],
            loss(LOSSES[at % 6]), gestation(STAYS[at % 5]),
        ]
        for at in range(60)
    ]  # fmt: skip
    head = ["Date of birth", "Ethnicity", name, "Gestation"]
    return "\n".join(separator.join(row) for row in [head, *rows])


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("2024-05-01,Indian,1,200,38+2", "line 62 has 5 cells where the header has 4: a comma"),
        ("2024-05-01,Indian,1200", "line 62 has 3 cells where the header has 4"),
    ],
)
def test_a_birth_whose_cells_are_torn_apart_is_refused_by_its_line(tmp_path, more, why):
    with pytest.raises(UserError, match=why):
        read(tmp_path, f"{births()}\n{more}\n")


def test_a_line_of_text_below_births_is_none_of_them(tmp_path):
    imported, _ = read(tmp_path, f"{births()}\n\nSource: the ward\n")
    assert (imported.read, imported.taken) == (61, 60)
    assert imported.left_out["reason"].tolist() == ["a line of text and not a birth"]


# name -> the file, how many of 60 births are counted of each measure, and a piece of what is said
RECORDS: dict[str, tuple[str, dict[str, tuple[int, int]], str]] = {
    "9999 for a loss that nobody knows": (
        births(lambda n: "9999" if n == 300 else str(n)), {"blood_loss_1000": (20, 50)},
        "'9999' stands far above the others"),
    "-1 for a loss that nobody knows": (
        births(lambda n: "-1" if n == 300 else str(n)), {"blood_loss_1000": (20, 50)},
        "'-1' is the only number below zero"),
    "0 for a gestation that nobody knows": (
        births(gestation=lambda d: "0" if d == 245 else str(d // 7)), {"preterm": (12, 48)},
        "is no gestation in weeks"),
    "99 for a gestation that nobody knows": (
        births(gestation=lambda d: "99" if d == 245 else str(d // 7)), {"preterm": (12, 48)},
        "is no gestation in weeks"),
    "36 3/7": (births(gestation=lambda d: f"{d // 7} {d % 7}/7"), {"preterm": (24, 60)}, ""),
    "36+3/7": (births(gestation=lambda d: f"{d // 7}+{d % 7}/7"), {"preterm": (24, 60)}, ""),
    "Term": (
        births(gestation=lambda d: "Term" if d > 258 else f"{d // 7}+{d % 7}"),
        {"preterm": (24, 24)}, "'Term' is not a number"),
    "litres where millilitres are asked": (
        births(lambda n: f"{n / 1000} l", name="EBL"), {"blood_loss_1000": (20, 60)},
        "'EBL' is read in ml, as its conditions are"),
    "litres, and nobody says so": (
        births(lambda n: str(n / 1000), name="EBL"), {"blood_loss_1000": (0, 0)},
        "is far from 1000, which it is held against"),
    "litres in a column of millilitres": (
        births(lambda n: str(n / 1000)), {"blood_loss_1000": (0, 0)}, "is far from 1000"),
    "a point for thousands between semicolons": (
        births(lambda n: f"{n:,}".replace(",", "."), separator=";"), {"blood_loss_1000": (20, 60)},
        "decimal?"),
    "a comma for thousands between semicolons": (
        births(lambda n: f"{n:,}", separator=";"), {"blood_loss_1000": (20, 60)},
        "decimal=point?"),
    "a range on both sides of the rule": (
        births(lambda n: "800-1200" if n == 450 else str(n)), {"blood_loss_1000": (20, 50)},
        "leaves open on which side"),
    "a sum that nobody added up": (
        births(lambda n: "200+250" if n == 450 else str(n)), {"blood_loss_1000": (20, 50)},
        "'200+250' is not a number"),
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDS)
def test_a_birth_is_counted_right_or_refused_by_value_and_count(tmp_path, name, monkeypatch):
    content, right, said = RECORDS[name]
    imported = held(tmp_path, content, said, monkeypatch)
    table = imported.observations.groupby("measure")[["numerator", "denominator"]].sum()
    assert {name: tuple(table.loc[name]) for name in right} == right
