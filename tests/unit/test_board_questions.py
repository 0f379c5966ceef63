"""A board's thirteen questions: each has its figure, or says what is missing."""

from datetime import date

import pandas as pd
import pytest
from typer.testing import CliRunner

from qi_equity import project_file
from qi_equity.cli import app
from qi_equity.network import workforce as standard
from qi_equity.network.board_questions import MANY, thirteen_questions
from qi_equity.store.entries import Engagement, Response
from qi_equity.words.board_questions import question_rows

DAY = date(2026, 1, 5)
EXAMPLE = project_file.examples()["pph_reduction"]


def table_of(*rows):
    """Rows of (indicator, year, part, recruits, (white), (bme)), as the standard has them."""
    lines = [
        (indicator, year, part, recruits, group, *pair)
        for indicator, year, part, recruits, white, bme in rows
        for group, pair in (("White", white), ("BME", bme))
    ]
    columns = ["indicator", "year", "part", "recruits", "group", "events", "out_of"]
    return pd.DataFrame(lines, columns=columns).astype({"events": float, "out_of": float})


def asked(*rows, **more):
    told = question_rows(thirteen_questions(table_of(*rows), today=DAY, **more))
    return {row.number: row for row in told}


def of_all(indicator, white, bme, year="2025", part="all staff", recruits="all"):
    return (indicator, year, part, recruits, white, bme)


def test_with_nothing_given_every_question_has_its_source_and_says_what_is_missing():
    rows = question_rows(thirteen_questions(today=DAY))
    assert [row.number for row in rows] == list(range(1, MANY + 1))
    assert all(row.question and row.source and row.hole and not row.figure for row in rows)


def test_a_senior_heap_is_named_and_bands_by_themselves_are_counted():
    row = asked(
        of_all(1, (200, 1000), (120, 400), part="Band 5"),
        of_all(1, (60, 1000), (6, 400), part="Band 8a and above"),
    )[1]
    assert row.figure == "One band by itself"
    assert "Band 8a and above" in row.hole
    assert "Band 5" not in row.hole


def test_appointment_needs_both_splits_and_both_ways_of_counting_recruits():
    own = of_all(2, (160, 1000), (24, 210))
    alone = asked(own)
    assert "clinical and non-clinical" in alone[2].hole
    assert (alone[3].figure, bool(alone[3].hole)) == ("1.40 (0.95 to 2.10)", True)
    whole = asked(
        own,
        of_all(2, (158, 990), (14, 160), recruits=standard.RECRUITS[1]),
        of_all(2, (100, 600), (14, 110), part="Clinical"),
        of_all(2, (60, 400), (10, 100), part="Non-clinical"),
        of_all(2, (60, 400), (10, 100), part="Band 6"),
    )
    assert whole[2].hole == whole[3].hole == ""
    assert "without international recruitment 1.82" in whole[3].figure


def test_three_years_of_each_indicator_are_asked_for_and_peers_are_no_year_of_ours():
    years = [of_all(3, (20, 6307), (4, 990), year=year) for year in ("2023", "2024", "2025")]
    peers = of_all(5, (200, 900), (90, 300), year="2022", part="similar trusts")
    rows = asked(*years, of_all(5, (20, 90), (9, 30)), peers)
    assert "Indicator 3: 3 years" in rows[4].figure
    assert rows[4].hole == "Three years of indicator 1, 2, 4"
    assert "Indicator 5: one year" in rows[5].figure


def test_the_board_is_public_and_few_people_otherwise_stay_with_the_team():
    rows = [of_all(9, (11, 750), (1, 250)), of_all(2, (20, 100), (4, 30))]
    team, others = asked(*rows), asked(*rows, shown_few=False)
    assert team[8].figure == others[8].figure
    assert "−16.7 points (−24.8 to 13.5); 1 of 12 members" in team[8].figure
    assert team[3].figure
    assert (others[3].figure, others[3].hole) == (
        "",
        "Fewer than ten people: it stays with the team",
    )


def test_who_did_not_declare_is_shown_out_of_all_staff():
    table = table_of(
        of_all(1, (200, 1000), (120, 400), part="Band 5"),
        of_all(1, (60, 1000), (6, 400), part="Band 8a"),
    )
    more = table.iloc[[0]].assign(group="not declared", events=3.0, out_of=100.0)
    rows = question_rows(thirteen_questions(pd.concat([table, more]), today=DAY))
    assert rows[8].figure == "100 of 1,500 staff (6.7%)"


def test_meetings_without_a_change_and_answers_past_their_day_are_holes():
    met = [
        Engagement(day=DAY, met="six mothers", where="library", said="a card", did="cards"),
        Engagement(day=DAY, met="four mothers", where="library", said="interpreters"),
    ]
    late = Response(about="a/b/c/d", opened=date(2025, 12, 1), due=date(2025, 12, 11), owner="Mo")
    row = asked(met=met, responses=[late])[13]
    assert row.figure.startswith("Meetings: 2, 1 with what changed since; responses: 0 answered")
    assert row.hole == "1 without what changed since, 1 overdue"


@pytest.mark.parametrize(
    ("more", "hole"), [(8.0, "Further voices that would bring parity: Black 8"), (0.0, "")]
)
def test_voices_that_are_missing_are_named_by_group(more, hole):
    voices = pd.DataFrame({"stratum": ["Black"], "voices": [3.0], "more": [more]})
    row = asked(voices=voices)[12]
    assert (row.figure, row.hole) == ("3 voices beside those served", hole)


def test_the_command_answers_from_the_files_of_a_trust(tmp_path):
    path = tmp_path / "wres.csv"
    table_of(of_all(2, (160, 1000), (24, 210))).to_csv(path, index=False)
    told = CliRunner().invoke(app, ["board", str(EXAMPLE), "--workforce", str(path)])
    assert told.exit_code == 0, told.output
    assert "Figure: 1.40 (0.95 to 2.10)" in told.output
    assert "13. What was heard and what was found" in told.output


PEOPLE = "person,group,theme\n" + "".join(
    f"p{place},{group},\n" for place, group in enumerate(["Black"] * 3 + ["White"] * 117)
)


def test_what_is_kept_of_voices_and_staff_answers_the_board_without_the_files(tmp_path):
    def run(*words):
        told = CliRunner().invoke(app, [*words, "--database", str(tmp_path / "network.sqlite")])
        assert told.exit_code == 0, told.output
        return told.output

    wres, people, counts = (tmp_path / f"{name}.csv" for name in ("wres", "people", "counts"))
    table_of(of_all(2, (160, 1000), (24, 210))).to_csv(wres, index=False)
    people.write_text(PEOPLE, encoding="utf-8")
    rows = "".join(f"pph_1000,site_a,{name},2025-01-06,0,{n}\n" for name, n in
                   (("Black", 80), ("White", 920)))  # fmt: skip
    head = "measure,site,stratum,subgroup,numerator,denominator\n"
    counts.write_text(head + rows, encoding="utf-8")
    run("workforce", str(wres), "--keep", str(EXAMPLE))
    days = ("--since", "2025-01-01", "--until", "2025-02-01", "--data", str(counts))
    run("voices", str(EXAMPLE), "--people", str(people), "--keep", "Survey", *days)
    team = run("board", str(EXAMPLE), "--data", str(counts))
    assert "Figure: 1.40 (0.95 to 2.10)" in team
    assert "parity: Black 8" in team
    others = run("board", str(EXAMPLE), "--data", str(counts), "--for", "network")
    assert "Black 8" not in others
