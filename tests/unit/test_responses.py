"""From a signal to an answer: what opens one, its clock, and nothing closed without words."""

from datetime import date

import pytest
from pydantic import ValidationError

from qi_equity import project_file
from qi_equity.agenda import Item
from qi_equity.findings import Findings
from qi_equity.network.responding import (
    Signal,
    due_on,
    opened,
    place_of,
    signals,
    stands,
    unanswered,
)
from qi_equity.project import Responses
from qi_equity.store.entries import Engagement, Response
from qi_equity.vocabulary import Stands, Topic
from qi_equity.words.responses import met_lines, reminder, responses_lines, where_words

SIGNAL = Signal("widening/pph_1000/site_a/Black", "widening", "pph_1000", "site_a", "Black")


@pytest.fixture(scope="module")
def project():
    return project_file.load(project_file.examples()["pph_reduction"])


@pytest.mark.parametrize(
    ("day", "due"),
    [
        ("2026-11-23", "2026-12-03"),  # Monday: Thursday of the week after
        ("2026-11-27", "2026-12-09"),  # Friday
        ("2026-11-28", "2026-12-09"),  # Saturday: the clock begins on Monday, as from Friday
    ],
)
def test_eight_working_days_leave_weekends_out(day, due):
    assert due_on(date.fromisoformat(day), Responses()) == date.fromisoformat(due)


def test_holidays_and_the_projects_own_number_of_days_count():
    asked = Responses(working_days=2, holidays=("2026-12-25", "2026-12-28"))
    assert due_on(date(2026, 12, 24), asked) == date(2026, 12, 30)


def test_a_response_asks_the_projects_questions_of_the_signals_site(project):
    one = opened(project, SIGNAL, "Mo", date(2026, 11, 23))
    assert [asked.question for asked in one.asked] == list(project.responses.questions)
    assert (one.sites, one.closed) == (("site_a",), None)
    network = Signal("widening/pph_1000/All%20sites/Black", "widening", "", "All sites", "Black")
    assert opened(project, network, "Mo", date(2026, 11, 23)).sites == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"closed": "2026-12-01"},
        {"closed": "2026-12-01", "outcome": "examined"},
        {"closed": "2026-12-01", "found": "It was recording"},
        {"closed": "2026-11-01", "outcome": "examined", "found": "It was recording"},
        {"due": "2026-11-01"},
    ],
)
def test_nothing_is_closed_without_words_nor_before_it_was_opened(wrong):
    whole = {"about": "x/y/z/w", "opened": "2026-11-23", "due": "2026-12-03", "owner": "Mo"}
    with pytest.raises(ValidationError):
        Response.model_validate(whole | wrong)


def test_what_was_opened_is_not_asked_again(project):
    one = opened(project, SIGNAL, "Mo", date(2026, 11, 23))
    other = Signal("concern/pph_1000/site_b/Asian", "concern", "pph_1000", "site_b", "Asian")
    assert unanswered([SIGNAL, other], [one]) == (other,)


def test_nothing_is_asked_before_it_is_judged(project):
    assert signals(Findings(project), date(2026, 11, 27)) == ()


def test_an_id_of_the_agenda_says_where_it_is():
    item = Item(Topic.WIDENING, "pph", "All sites", "Black / African", None)
    assert place_of(item.id) == ("widening", "pph", "All sites", "Black / African")


def test_each_stands_in_its_list_and_an_answer_keeps_its_words(project):
    late, new = (opened(project, SIGNAL, "Mo", date(2026, 11, day)) for day in (2, 20))
    told = {"closed": date(2026, 11, 24), "outcome": "recording", "found": "Scales were new"}
    done = Response.model_validate(new.model_dump() | told)
    today = date(2026, 11, 25)
    assert [stands(one, today) for one in (late, new, done)] == [
        Stands.OVERDUE, Stands.OPEN, Stands.ANSWERED,
    ]  # fmt: skip
    said = "\n".join(responses_lines(project, [SIGNAL], {"a": late, "b": new, "c": done}, today))
    order = [said.index(word) for word in ("nobody has opened", "Overdue:", "Open:", "Answered:")]
    assert order == sorted(order)
    assert "Recording was mended, on 24 Nov 2026: Scales were new" in said
    assert "Overdue since" in reminder(late, project, today)
    assert where_words(SIGNAL.id, project) in reminder(new, project, today)


def test_you_said_we_did_stands_with_its_measure_or_that_nothing_changed(project):
    met = {"day": "2026-11-02", "met": "Six mothers", "where": "The library", "said": "A card"}
    told = Engagement.model_validate(met | {"did": "A card by each bed", "measure": "pph_1000"})
    bare = Engagement.model_validate(met | {"day": "2026-11-09", "said": "Interpreters"})
    said = list(met_lines(project, [told, bare]))
    assert said[0].startswith("9 Nov 2026")
    assert "not written down" in said[1]
    assert "We did: A card by each bed" in said[3]
    assert "Blood loss" in said[4]
