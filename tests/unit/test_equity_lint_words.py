"""Sentences that a rule of check --equity must ask about, and those it must leave alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from qi_equity.answers import is_answer, is_reason
from qi_equity.equity_lint import review
from qi_equity.project import Project
from qi_equity.project_file import library, load
from qi_equity.words.equity_lint import report

BASE = load(library()["pph"]).model_dump(by_alias=True, exclude_unset=True)
BASE |= {
    "equity_reasons": {},
    "co_production": "Six women decide with us.",
    "principles": [{"prompt": str(n), "answer": "Ours."} for n in range(7)],
}
REST = [{"name": "White"}, {"name": "Nobody knows", "codes": ["Z"], "unknown": True}]
OWN = {"code_system": "own", "roll_up": None}


def changed(**parts) -> Project:
    return Project.model_validate({**BASE, **parts}, by_alias=True, by_name=False)


def measure(number: int = 0, **parts) -> Project:
    measures = list(BASE["measures"])
    measures[number] = {**measures[number], **parts}
    return changed(measures=measures)


def strata(**parts) -> Project:
    known = [group["name"] for group in parts.get("groups", BASE["strata"]["groups"])]
    aims = [{**BASE["aim"]["equity"][0], "stratum": known[0]}]
    return changed(strata={**BASE["strata"], **parts}, aim={**BASE["aim"], "equity": aims})


def compared_with_white(reason: str) -> Project:
    return strata(reference={"compare_with": "White", "reason": reason})


def group(name: str) -> Project:
    return strata(**OWN, groups=[{"name": name}, {"name": "Asian"}, *REST])


def coded(codes: str) -> Project:
    return strata(**OWN, groups=[{"name": "A", "codes": codes.split("|")}, *REST])


def note(text: str) -> Project:
    return strata(**OWN, groups=[{"name": "Black and Asian", "note": text}, *REST])


def driver(name: str) -> Project:
    ideas = [{"id": "i", "name": "try"}]
    return changed(drivers=[{"id": "d", "name": name, "change_ideas": ideas}], language=None)


def outcome(name: str) -> Project:
    return measure(name=name, numerator=name, recording_shown_by=None, threshold=None)


def window(text: str) -> Project:
    return measure(2, numerator=text)


def dimension(name: str) -> Project:
    held = {key: value for key, value in BASE["strata"].items() if key != "whose"}
    return changed(strata={**held, **OWN, "dimension": name})


def beside(source: str) -> Project:
    national = {"value": 0.03, "period": "2025", "source": source}
    return measure(threshold=None, name="Loss of 1,000 ml or more", national=national)


def denominator(text: str) -> Project:
    return measure(1, denominator=text)


Case = tuple[Callable[[str], Project], tuple[str, ...], tuple[str, ...]]
NO_ANSWERS = (
    "?", "tbc", "T.B.C.", "n/a", "-", "…", "To be agreed", "to be agreed with the board", "Yes.",
    "TBA next meeting", "see minutes", "not known", "none yet", "xxx", "TBD", "None", "N.A.",
    "Not yet decided.", "To be confirmed at the next board", "...", "nil", "No", "yes",
    "to follow", "We will add this later.", "Under discussion", "In progress", "Awaiting reply",
    "will be done", "Same as last year", "Unknown at present", "xx",
    "to be arranged in the new year", "Please complete", "[insert here]", "…to be written",
)  # fmt: skip
# rule: how a sentence is put into a project, those that fire, those that do not.
TABLE: dict[str, list[Case]] = {
    "white_reference": [
        (
            compared_with_white,
            (
                "White women are the largest group, the usual default.",
                "White women are the reference group in national reports.",
                "Comparator.",
                "Convention of MBRRACE.",
                "It is the norm.",
                "Baseline category.",
                "As everybody does.",
                "tbc",
                "They are the majority here.",
                "Everyone uses them, since their numbers are so many.",
                "For no other reason than custom.",
                "The literature compares with them.",
                "They have always been compared with, and that gives narrow intervals.",
                "This is what our region does.",
                "Because that group has the most births.",
                "The dashboards use them.",
                "White British is the standard.",
                "Simply because there are more White women.",
                "It gives the most stable estimate.",
                "As in the NMPA report.",
                "Our statistician chose it.",
                "Historically so.",
                "N/A",
                "We want comparability with other trusts.",
                "They're the main group.",
            ),
            (
                "Not because they are the largest or the usual: we ask what racism costs, and they"
                " are spared it.",
                "Our service was built around them, and we want to know what that costs others.",
                "They fare best at every site of ours.",
                "Though they are the largest group, that is not why: they are best served here.",
                "We ask how far each group is from those whom the unit serves best.",
                "They are never taken as the norm; their outcomes show what care can be.",
                "We hold care up against those who get the best of it.",
                "Because racism is what we measure, and White women do not meet it.",
                "Women asked us to show the distance to those who wait least.",
                "Black women in our circle chose this: they want to see the gap as they live it.",
            ),
        )
    ],
    "pooled_groups": [
        (
            group,
            (
                "BAME",
                "B.A.M.E.",
                "Black or Asian",
                "Asian, Black and Mixed together",
                "Black, Asian and Mixed",
                "Black/Asian/Mixed",
                "Non-white",
                "Women of colour",
                "People of Color",
                "All other ethnic groups",
                "Everyone not White British",
                "Ethnically diverse",
                "Racialised women",
                "Visible minorities",
                "BIPOC",
                "The rest",
                "South Asian & Caribbean",
                "Black or other",
                "White and Black together",
                "Black & Asian",
                "Black, Asian",
                "Non White",
                "Asian/Black",
                "Ethnic groups other than White",
                "Minority groups",
                "Black and Brown women",
                "Women from the global south",
                "Not White British",
                "Black, Asian, Mixed and Other",
                "Asian + Black",
                "All others",
                "Other than White",
                "Women of Black or Asian heritage",
                "Mixed and other",
                "Black Asian Minority Ethnic",
                "Everyone else",
                "Racially marginalised groups",
                "Ethnic minority",
            ),
            (
                "Black",
                "Black African or Black Caribbean",
                "White and Black Caribbean",
                "Mixed or multiple ethnic groups",
                "Mixed: White and Asian",
                "Any other ethnic group",
                "Black or other Black background",
                "Non-Hispanic Black",
                "White minorities",
                "Asian or Asian British: any other",
                "Indian and Pakistani",
                "White British",
                "White Irish",
                "Gypsy or Irish Traveller",
                "Roma",
                "Black British",
                "British Asian",
                "Asian, Asian British or Asian Welsh",
                "Black, Black British, Black Welsh, Caribbean or African",
                "Mixed White and Black African",
                "White and Asian",
                "Other Mixed",
                "Other White",
                "Chinese",
                "Any other White background",
                "Other ethnic group",
                "Somali",
                "Nigerian and Ghanaian",
                "Polish",
                "Hispanic or Latina",
                "White: English, Welsh, Scottish, Northern Irish or British",
                "Arab",
            ),
        ),
        (coded, ("BME", "Black|Asian", "Indian|African"), ("Black African|Somali", "1|2")),
        (
            note,
            (*NO_ANSWERS, "Small.", "see minutes of March"),
            ("Chosen by both communities.", "Numbers too small to chart by week, agreed in May."),
        ),
    ],
    "changes_with_recording": [
        (
            outcome,
            (
                "PPH of 1,000 ml or more",
                "Major obstetric haemorrhage",
                "Women who bled heavily",
                "Third or fourth degree tears",
                "OASI",
                "Postnatal depression",
                "Neonatal jaundice",
                "Domestic abuse disclosed",
                "Blood loss over 1.5 litres",
                "Severe perineal trauma",
                "Anal sphincter injury",
                "Gestational diabetes found",
                "Anxiety at booking",
                "Hypertension in pregnancy",
                "Women smoking at booking",
                "FGM identified",
                "Bruising found at check",
                "Pain scored above 7",
                "Wound infection",
                "Sepsis",
            ),
            (
                "Stillbirth",
                "Born before 37 weeks",
                "First feed was breast milk",
                "Waited more than a week",
                "Caesarean births",
                "Maternal death",
                "Born by 37 weeks",
                "Breastfeeding at six weeks",
                "Stay longer than 3 days",
                "Induced",
                "Baby admitted to neonatal unit",
                "Booked by ten weeks",
                "Admitted to intensive care",
            ),
        )
    ],
    "language_recorded": [
        (
            driver,
            (
                "Information in plain English",
                "Understanding each other",
                "Debrief after birth",
                "Conversation about pain relief",
                "She is believed",
                "Consent is asked",
                "Women understand the warning signs",
                "A voice in decisions",
                "Parents' questions are answered by the team",
                "Shared decision making",
                "Women can ask questions",
                "Interpretation services",
                "Clear written materials",
                "Speaking up",
                "Antenatal education",
                "Women feel safe to speak",
                "Phone advice line",
                "Bilingual support workers",
                "Birth choices are explained",
                "Listening clinic",
                "Texts and letters that women can read",
                "Her wishes are known",
            ),
            (
                "Scales in every birth room",
                "Debrief of the team after each bleed",
                "Staffing carries the teams",
                "Tranexamic acid at once",
                "Weigh all swabs",
                "Cord clamped at 60 seconds",
                "Trolley with drugs in each room",
                "More midwives at night",
                "Staff discuss cases each week",
                "Skin to skin",
                "Board sees the data",
                "Audit of case notes",
                "Bed capacity",
                "Handover information between systems",
            ),
        ),
        (
            lambda text: driver("She is heard").model_copy(update={"language": text}),
            NO_ANSWERS,
            ("Need for an interpreter is asked at booking.",),
        ),
    ],
    "rolling_windows": [
        (
            window,
            (
                "Women in the year ending each month",
                "Average of the last three months",
                "Twelve-month rolling rate",
                "Three-monthly average",
                "12-month total",
                "Women in the quarter to date",
                "Women assessed in the 12 months to March",
                "Year to 31 March, each month",
                "Running total",
                "Summed over the past year",
                "The last six months taken together",
                "Twelve months ending March",
                "3-month rolling average",
                "Mean of the previous 4 quarters",
                "Women in the last 12 months, updated monthly",
                "Quarterly moving total",
                "Six-monthly total",
                "Year-to-date total",
                "Women over the preceding 12 months",
                "Annual rate, refreshed each month",
                "12 month average",
                "Three months combined",
                "Cumulative count since April",
            ),
            (
                "Women born within 12 months of another",
                "Babies born from 22 weeks to 36 weeks",
                "Women who smoked in the last three months of pregnancy",
                "Average of the month",
                "Women asked from year to year",
                "Women seen at 28 weeks to be told",
                "Women with a birth in the last 12 months",
                "Babies aged 6 weeks to 12 weeks",
                "Women with two visits a month",
                "Follow-up at 12 months",
                "Women within a year of birth",
                "Mean temperature",
                "Women referred in the month",
                "Average wait in days",
                "Women with total loss over 1,000 ml",
                "Women who moved in the past year",
            ),
        ),
        (
            lambda text: measure(2, numerator=text, subgroup="financial year"),
            ("Average of the last three years", "Rolling rate"),
            ("Women in the year ending 31 March", "12-month total"),
        ),
    ],
    "whose_ethnicity": [
        (dimension, ("heritage", "Heritage of the mother", "ancestry", "background"), ())
    ],
    "other_threshold": [
        (
            beside,
            ("MBRRACE, 1,500 ml", "national audit", "From 1.5 litres on"),
            ("national audit, 1,000 ml", "From 1 litre on, 2025"),
        )
    ],
    "eligibility_by_ethnicity": [
        (
            denominator,
            (
                "Women with a BMI above 27.5 if South Asian, 30 otherwise",
                "Black women booked",
                "Women offered a glucose tolerance test",
            ),
            (
                "Women booked",
                "Babies with mixed feeding",
                "Women with a white cell count",
                "Women whose baby's trace was kept",
            ),
        )
    ],
    "co_production": [
        (
            lambda text: changed(co_production=text),
            NO_ANSWERS,
            (
                "The mothers' circle decides.",
                "Six women, paid by the hour, decide with us.",
                "MNVP",
                "Sara and Amina",
                "The voices partnership chairs the project",
                "Yes: the MNVP signs each plan off",
                "Eight mothers, at £15 an hour",
                "Not the trust: the Somali women's group decides",
            ),
        )
    ],
    "share_back": [(lambda text: changed(share_back=text), NO_ANSWERS, ("Weekly at the circle.",))],
    "principles_answered": [
        (
            lambda text: changed(principles=[{"prompt": "p", "answer": text}] * 7),
            NO_ANSWERS,
            ("Ours.", "We ask who is missing."),
        )
    ],
    "balancing_measure": [
        (
            lambda text: changed(
                measures=[
                    {**m, "numerator": text} if m["role"] == "balancing" else m
                    for m in BASE["measures"]
                ]
            ),
            ("?", "tbc"),
            ("Transfusions", "Women awaiting an induction"),
        )
    ],
}


def sentences() -> Iterator[tuple[str, str, Callable[[str], Project], bool]]:
    for rule, cases in TABLE.items():
        for put, fire, leave in cases:
            yield from ((rule, text, put, True) for text in fire)
            yield from ((rule, text, put, False) for text in leave)


@pytest.mark.parametrize("rule", TABLE)
def test_each_rule_asks_about_a_kind_of_sentence_and_leaves_its_neighbours_alone(rule):
    wrong = [
        (text, fires)
        for named, text, put, fires in sentences()
        if named == rule and fires != (rule in [each.rule for each in review(put(text)).open])
    ]
    assert wrong == []


@pytest.mark.parametrize("text", NO_ANSWERS)
def test_no_answer_and_no_reason_is_taken_for_one(text):
    assert not is_answer(text)
    assert not is_reason(text)
    found = review(changed(share_back=None, equity_reasons={"share_back": text}))
    assert [each.rule for each in found.open] == ["share_back"]
    assert list(found.no_reasons) == ["share_back"]
    assert "share_back: what stands under equity_reasons does not say why yet" in report(found)


def test_custom_does_not_answer_for_custom():
    custom = "White women are the largest group, the usual default."
    project = compared_with_white(custom)
    again = review(project.model_copy(update={"equity_reasons": {"white_reference": custom}}))
    assert not again.passed
    assert list(again.no_reasons) == ["white_reference"]
    why = {"white_reference": "We ask what the service costs those whom it was not built around."}
    assert review(project.model_copy(update={"equity_reasons": why})).passed


CODE_SYSTEMS = {
    "nhs_16_plus_1": (["M", "A"], "2001 census"),
    "msds_8": (["Black", "White"], "add up the codes of the 2001 census"),
    "msds_continuity_4": (["Other", "White"], "add up the codes of the 2001 census"),
    "ons_2011": (["Black African", "White Irish"], None),
    "ons_2021": (["Black African", "White Irish"], None),
}


@pytest.mark.parametrize("system", CODE_SYSTEMS)
def test_codes_of_2001_are_asked_about_and_so_are_labels_that_add_them_up(system):
    codes, told = CODE_SYSTEMS[system]
    held = [{"name": name, "codes": [code]} for name, code in zip("pq", codes, strict=True)]
    found = report(review(strata(code_system=system, roll_up=None, groups=held)))
    assert ("codes_of_2001" in found) == (told is not None)
    assert (told or "") in found


@pytest.mark.parametrize(
    ("codes", "asked"),
    [
        ({"Black": ["M", "N"], "White": ["A"]}, True),  # a team's own, and they are the letters
        ({"Black": ["Black or Black British"], "White": ["White"]}, True),
        ({"Black": ["B"], "White": ["A"]}, False),  # letters of another kind: B is Irish
        ({"Black": ["1"], "White": ["2"]}, False),
        ({"Black": ["Black, Black British, Caribbean or African"], "White": ["White"]}, False),
    ],
)
def test_a_teams_own_codes_are_of_2001_where_they_are_its_letters_or_labels(codes, asked):
    held = [{"name": name, "codes": each} for name, each in codes.items()]
    assert ("codes_of_2001" in report(review(strata(**OWN, groups=held)))) == asked


def test_a_code_that_adds_groups_up_is_found_under_another_name():
    held = [{"name": "Together", "codes": ["BAME"]}, {"name": "White", "codes": ["White"]}]
    found = review(strata(code_system="msds_continuity_4", roll_up=None, groups=held))
    assert "pooled_groups" in [each.rule for each in found.open]


def test_other_beside_white_alone_is_everybody_else():
    two = review(strata(**OWN, groups=[{"name": "Other"}, *REST]))
    three = review(strata(**OWN, groups=[{"name": "Other"}, {"name": "Black"}, *REST]))
    assert "pooled_groups" in [each.rule for each in two.open]
    assert "pooled_groups" not in [each.rule for each in three.open]


def test_english_made_easy_is_no_language_provided():
    easy = "Women given a leaflet in plain English"
    measures = [{**BASE["measures"][1], "numerator": easy}, *BASE["measures"]]
    measures[0] = {**measures[0], "id": "leaflet"}
    held = driver("She is heard").model_dump(by_alias=True, exclude_unset=True)
    found = review(Project.model_validate({**held, "measures": measures}, by_alias=True))
    assert "language_recorded" in [each.rule for each in found.open]


def aims(population: str, *equity: dict, measure: str = "pph") -> Project:
    shared = {"stratum": "Black", "measure": measure, "by": BASE["aim"]["by"], "primary": False}
    first = {"from": 0.12, "to": 0.06, "primary": True}
    each = [{**shared, **(first if at == 0 else {}), **aim} for at, aim in enumerate(equity)]
    return changed(aim={**BASE["aim"], "population": population, "equity": each})


RATE, EVERYONE, ONE = {}, "Women giving birth at 24 weeks or later", "Women (Black)"


def gap(start: float, end: float, kind: str = "ratio", **more) -> dict:
    return {"kind": kind, "from": start, "to": end, **more}


OTHER = {"stratum": "Asian", "from": 0.1, "to": 0.06}
RISING = {"measure": "loss_weighed"}
LEVELS = {
    "everyone is to improve": (aims(EVERYONE, RATE), False),
    "all groups are named": (aims("Asian, Black, Mixed, Other and White women", RATE), False),
    "no group: other women": (aims("Women, and other people who give birth", RATE), False),
    "the project's own is for the group": (aims(ONE, RATE), True),
    "and another group is aimed for": (aims(ONE, RATE, OTHER), False),
    "its gap keeps the others": (aims(ONE, RATE, gap(2.0, 1.0)), False),
    "its gap lets the others fall": (aims(ONE, RATE, gap(2.0, 0.6)), True),
    "its difference keeps them": (aims(ONE, RATE, gap(0.06, 0.0, "difference")), False),
    "another measure's gap alone": (aims(EVERYONE, RATE, gap(2, 1, measure="transfusion")), True),
    "what is to rise, and falls": (
        aims(ONE, {"from": 0.5, "to": 0.9}, gap(0.6, 1.2), **RISING),
        True,
    ),
    "what is to rise, and does": (
        aims(ONE, {"from": 0.5, "to": 0.9}, gap(0.6, 1.0), **RISING),
        False,
    ),
}


@pytest.mark.parametrize("case", LEVELS)
def test_an_aim_is_asked_about_where_the_others_could_get_worse(case):
    project, asked = LEVELS[case]
    assert ("levelling_down" in [each.rule for each in review(project).open]) == asked
